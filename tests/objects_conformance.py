"""What every store of objects has to do: functions that take an empty one, and fail if it does not."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from autotrain_dsl.store.base import ConflictError, Objects, StoreError

Check = Callable[[Objects], None]


def an_empty_store_has_nothing(objects: Objects) -> None:
    assert objects.get("a") is None
    assert objects.get("folder/a") is None
    assert objects.keys() == []
    assert objects.keys("folder/") == []
    assert not objects.uri.endswith("/")


def what_was_created_can_be_read(objects: Objects) -> None:
    version = objects.put("folder/a", b"one", None)
    blob = objects.get("folder/a")
    assert blob is not None
    assert (blob.content, blob.version) == (b"one", version)
    assert objects.get("folder/a") == blob
    assert objects.get("a") is None


def what_is_there_cannot_be_created(objects: Objects) -> None:
    version = objects.put("a", b"one", None)
    with pytest.raises(ConflictError):
        objects.put("a", b"two", None)
    _holds(objects, "a", b"one", version)


def replacing_makes_a_new_version(objects: Objects) -> None:
    first = objects.put("a", b"one", None)
    second = objects.put("a", b"two", first)
    assert first != second
    _holds(objects, "a", b"two", second)
    third = objects.put("a", b"three", second)
    _holds(objects, "a", b"three", third)


def what_has_changed_cannot_be_replaced(objects: Objects) -> None:
    first = objects.put("a", b"one", None)
    second = objects.put("a", b"two", first)
    with pytest.raises(ConflictError):
        objects.put("a", b"three", first)
    _holds(objects, "a", b"two", second)


def what_is_not_there_cannot_be_replaced(objects: Objects) -> None:
    version = objects.put("a", b"one", None)
    objects.delete("a")
    for key in ("a", "b"):
        with pytest.raises(ConflictError):
            objects.put(key, b"two", version)
        assert objects.get(key) is None


def what_was_deleted_can_be_created_again(objects: Objects) -> None:
    objects.put("a", b"one", None)
    objects.put("b", b"other", None)
    objects.delete("a")
    assert objects.get("a") is None
    assert objects.keys() == ["b"]
    _holds(objects, "a", b"two", objects.put("a", b"two", None))


def deleting_nothing_is_fine(objects: Objects) -> None:
    objects.delete("a")
    objects.delete("folder/a")
    objects.put("folder/a", b"one", None)
    objects.delete("folder/a")
    objects.delete("folder/a")
    assert objects.keys() == []


def keys_are_sorted_and_below_their_prefix(objects: Objects) -> None:
    made = ["b", "gen/10", "gen/9", "gen/1/x", "general", "a", "Z", "gen.txt", "ä", "gen/2"]
    for key in made:
        objects.put(key, key.encode(), None)
    assert objects.keys() == sorted(made)
    assert objects.keys("gen/") == ["gen/1/x", "gen/10", "gen/2", "gen/9"]
    assert objects.keys("gen/1") == ["gen/1/x", "gen/10"]
    assert objects.keys("gen") == ["gen.txt", "gen/1/x", "gen/10", "gen/2", "gen/9", "general"]
    assert objects.keys("nothing") == []


def names_may_be_in_any_script(objects: Objects) -> None:
    names = [
        *("mäuse 1/df behavior.csv", "日本/表.csv", "a+b%20c&d=e#f?g.csv", "it's (1)!*~;,@$.csv", "🐭", "%2e%2e"),
        *("a..b", "e\u0301", "\u00e9"),
    ]
    for name in names:
        objects.put(name, name.encode(), None)
    assert objects.keys() == sorted(names)
    for name in names:
        blob = objects.get(name)
        assert blob is not None
        assert blob.content == name.encode()
        _holds(objects, name, b"new", objects.put(name, b"new", blob.version))
    for name in names:
        objects.delete(name)
    assert objects.keys() == []


def any_bytes_come_back_as_they_were(objects: Objects) -> None:
    contents = [b"", bytes(range(256)), b"\r\n\n\x00", bytes(range(251)) * 20_900, b"x" * 65_536]
    for number, content in enumerate(contents):
        _holds(objects, f"{number}", content, objects.put(f"{number}", content, None))
    _holds(objects, "0", contents[3], objects.put("0", contents[3], _version(objects, "0")))
    _holds(objects, "3", b"", objects.put("3", b"", _version(objects, "3")))


def impossible_keys_are_refused(objects: Objects) -> None:
    for key in (
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/..",
        "a/../b",
        "./a",
        "a\nb",
        "a\x00",
        "\x7f",
        "\ud800",
    ):
        for call in (objects.get, objects.delete, lambda key: objects.put(key, b"x", None)):
            with pytest.raises(StoreError) as caught:
                call(key)
            assert caught.value.wrong_use, key
    assert objects.keys() == []


def a_probe_leaves_nothing_behind(objects: Objects) -> None:
    objects.probe()
    assert objects.keys() == []
    version = objects.put("a", b"one", None)
    objects.probe()
    assert objects.keys() == ["a"]
    assert objects.keys(".probe/") == []
    _holds(objects, "a", b"one", version)


def a_write_that_is_repeated_has_arrived(objects: Objects) -> None:
    """For stores behind a network only, where a reply can be lost: what is there already is ours."""
    first = objects.put("a", b"one", None)
    assert objects.put("a", b"one", None) == first
    second = objects.put("a", b"two", first)
    assert objects.put("a", b"two", first) == second
    _holds(objects, "a", b"two", second)


def increment(objects: Objects, key: str, times: int) -> None:
    """Add one to a number, over and over, by comparing and swapping; for several processes at once."""
    for turn in range(times):
        for _ in range(10_000):
            blob = objects.get(key)
            count = 0 if blob is None else int(blob.content.split()[0])
            mark = f"{count + 1} {os.getpid()} {turn}"  # no two writes are equal, as with a publish id
            try:
                objects.put(key, mark.encode(), None if blob is None else blob.version)
            except ConflictError:
                continue
            break
        else:
            raise AssertionError("no turn in 10,000")


CONFORMANCE: list[Check] = [
    an_empty_store_has_nothing,
    what_was_created_can_be_read,
    what_is_there_cannot_be_created,
    replacing_makes_a_new_version,
    what_has_changed_cannot_be_replaced,
    what_is_not_there_cannot_be_replaced,
    what_was_deleted_can_be_created_again,
    deleting_nothing_is_fine,
    keys_are_sorted_and_below_their_prefix,
    names_may_be_in_any_script,
    any_bytes_come_back_as_they_were,
    impossible_keys_are_refused,
    a_probe_leaves_nothing_behind,
]
REMOTE: list[Check] = [a_write_that_is_repeated_has_arrived]


def _holds(objects: Objects, key: str, content: bytes, version: str) -> None:
    blob = objects.get(key)
    assert blob is not None
    assert (blob.content, blob.version) == (content, version)


def _version(objects: Objects, key: str) -> str:
    blob = objects.get(key)
    assert blob is not None
    return blob.version

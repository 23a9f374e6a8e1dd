"""Publishing into folders: what is published stays as it is, and whatever is in the way is told and left alone."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import shelves
from shelves import KEYS, Faulty, bundle, contents, files, folder

from autotrain_dsl import artefacts, publishing
from autotrain_dsl.publishing import Bundle, Outcome, Plan, Standing
from autotrain_dsl.store.base import Objects, StoreError, UnreadableError

LOOK = "look at it, and remove it if it does not belong there"


class KilledError(BaseException):
    """The process ends here."""


def publish(bundles: Bundle | list[Bundle], main: Objects, *mirrors: Objects) -> Outcome:
    """Publish what nothing is against."""
    planned = plan(bundles, main, *mirrors)
    assert planned.refusals == ()
    return publishing.carry_out(planned)


def plan(bundles: Bundle | list[Bundle], main: Objects, *mirrors: Objects) -> Plan:
    return publishing.plan(bundles if isinstance(bundles, list) else [bundles], main, mirrors)


def refusal(bundles: Bundle | list[Bundle], main: Path) -> tuple[str, str, list[str]]:
    """Why a curriculum is refused; nothing is touched meanwhile."""
    before = files(main)
    planned = plan(bundles, folder(main))
    [refused] = planned.refusals
    assert planned.steps == ()
    assert files(main) == before
    return refused.message, refused.hint, [str(each) for each in refused.differences]


def test_a_curriculum_is_published_with_its_four_files(tmp_path: Path) -> None:
    outcome = publish(bundle(tag="a"), folder(tmp_path / "lab"))
    assert [(step.bundle.title, step.standing) for step in outcome.done] == [("Lever Pressing 1.0", Standing.NEW)]
    assert contents(tmp_path / "lab") == {
        "Lever Pressing@1.0.json": shelves.native(shelves.content()),
        "Lever Pressing_curriculum_v1.0_schema_v1.0.json": b"MaxTime 90",
        "Lever Pressing_curriculum_v1.0_schema_v1.0_rules.svg": b"<svg>90 a</svg>",
        "Lever Pressing_curriculum_v1.0_schema_v1.0_paras.svg": b"<svg>90 a</svg>",
    }


def test_publishing_the_same_again_changes_no_byte_and_no_time(tmp_path: Path) -> None:
    main, mirror = folder(tmp_path / "lab"), folder(tmp_path / "mirror")
    publish(bundle(tag="a"), main, mirror)
    before = files(main.root), files(mirror.root)
    outcome = publish(bundle(tag="another Graphviz"), main, mirror)
    assert [step.standing for step in outcome.done] == [Standing.COMPLETE]
    assert outcome.copied == {mirror.uri: 0}
    assert (files(main.root), files(mirror.root)) == before


def test_what_is_there_already_is_not_even_made(tmp_path: Path) -> None:
    publish(bundle(), folder(tmp_path))

    def fail() -> bytes:
        raise AssertionError("drawn for nothing")

    made = bundle()
    drawn = {key: fail if key.endswith(".svg") else make for key, make in made.makers.items()}
    outcome = publish(Bundle(made.content, made.content_hash, drawn, made.read_older), folder(tmp_path))
    assert [step.standing for step in outcome.done] == [Standing.COMPLETE]


def test_other_content_under_a_published_version_is_refused_with_the_differences(tmp_path: Path) -> None:
    publish(bundle(), folder(tmp_path))
    message, hint, told = refusal(bundle(max_time=75), tmp_path)
    assert message == f"`{tmp_path}/Lever Pressing@1.0.json` holds something else under this name and version"
    assert hint == "give it a new version: what is published never changes"
    assert told == ["stages.A.parameters.MaxTime: 90 -> 75"]


def test_one_refusal_keeps_all_from_being_written_and_every_one_is_told(tmp_path: Path) -> None:
    publish([bundle(), bundle(version="2.0")], folder(tmp_path))
    before = files(tmp_path)
    mine = [bundle(version="0.1"), bundle(max_time=75), bundle(version="2.0", max_time=80), bundle(version="3.0")]
    planned = plan(mine, folder(tmp_path))
    assert [each.title for each in planned.refusals] == ["Lever Pressing 1.0", "Lever Pressing 2.0"]
    assert planned.steps == ()
    assert files(tmp_path) == before


def test_a_plan_writes_nothing(tmp_path: Path) -> None:
    planned = plan(bundle(), folder(tmp_path / "lab"), folder(tmp_path / "mirror"))
    assert [list(step.missing) for step in planned.steps] == [list(KEYS)]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", [KEYS[1:], KEYS[1:2], KEYS[2:], KEYS[3:]])
def test_what_an_interrupted_run_has_left_out_is_completed(tmp_path: Path, missing: tuple[str, ...]) -> None:
    publish(bundle(tag="first"), folder(tmp_path))
    for key in missing:
        (tmp_path / key).unlink()
    before = files(tmp_path)
    outcome = publish(bundle(tag="second"), folder(tmp_path))
    assert [(step.standing, tuple(step.missing)) for step in outcome.done] == [(Standing.INCOMPLETE, missing)]
    after = files(tmp_path)
    assert {key: after[key] for key in before} == before
    assert set(after) == set(KEYS)
    assert all(b"second" in after[key][0] for key in missing if key.endswith(".svg"))


def test_files_that_are_not_wanted_are_not_missing(tmp_path: Path) -> None:
    alone = shelves.without(bundle(), *KEYS[1:])
    main, mirror = folder(tmp_path / "lab"), folder(tmp_path / "mirror")
    publish(alone, main, mirror)
    assert list(contents(main.root)) == list(contents(mirror.root)) == [KEYS.native]
    assert publish(alone, main).done[0].standing is Standing.COMPLETE
    assert publish(bundle(), main).done[0].standing is Standing.INCOMPLETE
    assert publish(alone, main, mirror).copied == {mirror.uri: 3}
    assert contents(mirror.root) == contents(main.root)


# The older system's own files


def test_a_file_of_the_older_system_that_says_the_same_stays(tmp_path: Path) -> None:
    theirs = {KEYS.legacy: b"MaxTime 90.0 and another layout", KEYS.rules: b"their picture"}
    for key, held in theirs.items():
        (tmp_path / key).write_bytes(held)
    outcome = publish(bundle(tag="ours"), folder(tmp_path))
    assert [step.standing for step in outcome.done] == [Standing.ADOPTED]
    after = contents(tmp_path)
    assert {key: after[key] for key in theirs} == theirs
    assert after[KEYS.parameters] == b"<svg>90 ours</svg>"
    assert set(after) == set(KEYS)
    assert publish(bundle(tag="again"), folder(tmp_path)).done[0].standing is Standing.COMPLETE


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("without", [False, True])
def test_a_file_of_the_older_system_that_says_something_else_is_refused(
    tmp_path: Path, published: bool, without: bool
) -> None:
    if published:  # and somebody has changed the older system's file since
        publish(bundle(), folder(tmp_path))
    (tmp_path / KEYS.legacy).write_bytes(b"MaxTime 75")
    made = shelves.without(bundle(), KEYS.legacy) if without else bundle()
    message, _, told = refusal(made, tmp_path)
    assert message == f"`{tmp_path}/{KEYS.legacy}` holds something else under this name and version"
    assert told == ["stages.A.parameters.MaxTime: 75 -> 90"]


def test_a_file_of_the_older_system_under_another_schema_is_compared_too_and_stays(tmp_path: Path) -> None:
    sibling = tmp_path / "Lever Pressing_curriculum_v1.0_schema_v0.3.json"
    sibling.write_bytes(b"MaxTime 12")
    (tmp_path / "Lever Pressing_curriculum_v1.0_schema_v0.3.json.bak").write_bytes(b"no file of anybody")
    message, _, told = refusal(bundle(), tmp_path)
    assert message == f"`{sibling}` holds something else under this name and version"
    assert told == ["stages.A.parameters.MaxTime: 12 -> 90"]
    sibling.write_bytes(b"MaxTime 90 as ever")
    assert publish(bundle(), folder(tmp_path)).done[0].standing is Standing.NEW
    assert sibling.read_bytes() == b"MaxTime 90 as ever"
    sibling.write_bytes(b"MaxTime 12")
    assert refusal(bundle(), tmp_path)[0] == message


# What else may be in the way


def test_names_that_differ_only_in_capital_letters_are_refused(tmp_path: Path) -> None:
    publish(bundle(), folder(tmp_path))
    message, _, _ = refusal(bundle(name="Lever pressing"), tmp_path)
    assert message == (
        f"`{tmp_path}/Lever Pressing@1.0.json` and `Lever pressing@1.0.json` differ only in capital letters, "
        "and are one file on many disks"
    )
    planned = plan([bundle(version="2.0rc"), bundle(version="2.0RC")], folder(tmp_path))
    assert [each.title for each in planned.refusals] == ["Lever Pressing 2.0RC"]


def _link(path: Path, target: Path) -> None:
    target.write_bytes(shelves.native(shelves.content()))
    path.symlink_to(target)


PLACED: Mapping[str, tuple[Callable[[Path, Path], Any], str]] = {
    "a link": (_link, "is a link, in the place of a file"),
    "a link to nothing": (lambda path, _: path.symlink_to("nowhere"), "is a link, in the place of a file"),
    "a link to itself": (lambda path, _: path.symlink_to(path), "is a link, in the place of a file"),
    "a folder": (lambda path, _: path.mkdir(), "is no ordinary file, in the place of a file"),
    "a pipe": (lambda path, _: os.mkfifo(path), "is no ordinary file, in the place of a file"),
    "a giant": (lambda path, _: _giant(path), "is larger than 1,048,576 bytes, in the place of a file"),
}


def _giant(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)  # takes no room on the disk


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("kind", PLACED)
def test_what_is_no_file_is_neither_read_nor_written_through(tmp_path: Path, key: str, kind: str) -> None:
    (tmp_path / "lab").mkdir()
    outside = tmp_path / "outside"
    PLACED[kind][0](tmp_path / "lab" / key, outside)
    before = outside.read_bytes() if outside.exists() else None
    [refused] = plan(bundle(), folder(tmp_path / "lab")).refusals
    assert (refused.message, refused.hint) == (f"`{tmp_path}/lab/{key}` {PLACED[kind][1]}", LOOK)
    assert (outside.read_bytes() if outside.exists() else None) == before
    assert [each.name for each in (tmp_path / "lab").iterdir()] == [key]


WRAPPED: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is not JSON (Expecting value)"),
    "a page": (lambda: b"<html>", "is not JSON (Expecting value)"),
    "compressed": (lambda: b"\x1f\x8b\x08\x00\xff", "is not JSON ('utf-8' codec can't decode byte 0x8b"),
    "cut": (lambda: shelves.native(shelves.content())[:-20], "is not JSON ("),
    "a list": (lambda: b"[]", "is no curriculum that autotrain-dsl has published"),
    "another's": (lambda: b'{"curriculum_name": "Lever Pressing"}', "is no curriculum that autotrain-dsl has"),
    "later": (lambda: b'{"format": "autotrain-dsl curriculum 2"}', "its format is `autotrain-dsl curriculum 2`, and"),
    "odd format": (lambda: b'{"format": {"a": [1]}}', "its format is `{'a': [1]}`, and this program reads"),
    "a key less": (lambda: _wrapped(curriculum=None, drop="curriculum"), "does not have just the keys format,"),
    "a key more": (lambda: _wrapped(more=1), "does not have just the keys format,"),
    "twice": (lambda: b'{"format": 1, "format": 1}', "is not JSON (a key stands twice in one object)"),
    "not a number": (lambda: b'{"format": NaN}', "is not JSON (NaN is not a number that can be kept)"),
    "endless": (lambda: b'{"format": 1e999}', "is not JSON (1e999 is not a number that can be kept)"),
    "digits": (lambda: b'{"format": ' + b"9" * 100_000 + b"}", "is not JSON (Exceeds the limit"),
    "deep": (lambda: b"[" * 500_000, "is nested too deeply"),
    "large": (lambda: b" " * (artefacts.MAX_BYTES + 1), "is larger than 8 MiB"),
    "changed": (lambda: shelves.native(shelves.content()).replace(b":90", b":91"), "does not have the hash that"),
    "no hash": (lambda: _wrapped(content_hash=None), "does not have the hash that"),
    "of another": (lambda: shelves.native(shelves.content(version="9")), "holds the curriculum `Lever Pressing` `9`"),
    "no stages": (lambda: _holding(lambda c: c.pop("stages")), "a curriculum in it has no `stages` of the right kind"),
    "odd name": (lambda: _holding(lambda c: c.update(name=["x"])), "a curriculum in it has no `name` of the right"),
    "a number": (lambda: _holding(lambda c: c.update(stages=[7])), "a stage in it is not an object"),
    "odd rule": (lambda: _holding(lambda c: c["stages"][0].update(transitions=[{}])), "a rule in it has no `decision`"),
    "odd condition": (
        lambda: _holding(lambda c: c["stages"][0]["transitions"][0].update(when=[1])), "a condition that is no text",
    ),
    "same stages": (lambda: _holding(lambda c: c["stages"].append(c["stages"][0])), "a stage stands twice in it"),
    "many stages": (lambda: _holding(lambda c: c.update(stages=c["stages"] * 51)), "more stages than a curriculum can"),
    "many rules": (
        lambda: _holding(lambda c: c["stages"][0].update(transitions=c["stages"][0]["transitions"] * 51)),
        "more transitions than a curriculum can have (50)",
    ),
}  # fmt: skip


def _wrapped(drop: str = "", **changes: Any) -> bytes:
    says = shelves.content()
    whole = {"format": artefacts.FORMAT, "content_hash": shelves.digest(says), "curriculum": says, **changes}
    whole.pop(drop, None)
    return json.dumps(whole).encode()


def _holding(change: Callable[[dict[str, Any]], Any]) -> bytes:
    """A file of odd content whose hash is right all the same."""
    return shelves.native(shelves.changed(shelves.content(), change))


@pytest.mark.parametrize("kind", WRAPPED)
def test_a_damaged_or_foreign_file_of_ours_is_told_and_left_alone(tmp_path: Path, kind: str) -> None:
    make, reason = WRAPPED[kind]
    with pytest.raises(UnreadableError) as caught:
        artefacts.read(make(), KEYS.native)
    assert reason in str(caught.value)
    (tmp_path / KEYS.native).write_bytes(make()[: shelves.LIMIT])
    if kind != "large":
        message, hint, _ = refusal(bundle(), tmp_path)
        assert message == f"`{tmp_path}/{KEYS.native}` cannot be compared: {caught.value}"
        assert hint == LOOK


def test_every_flipped_bit_of_our_own_file_is_noticed() -> None:
    whole = shelves.native(shelves.content())
    for at in range(len(whole) - 1):
        damaged = whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]
        with pytest.raises(UnreadableError):
            artefacts.read(damaged, KEYS.native)


def test_our_own_file_may_be_laid_out_otherwise() -> None:
    spread = json.dumps(json.loads(shelves.native(shelves.content())), indent=4).encode()
    assert artefacts.read(spread, KEYS.native) == artefacts.read(shelves.native(shelves.content()), KEYS.native)


# Cut off, held up, one among many


def kills(bundles: list[Bundle], path: Path, at: int) -> bool:
    """Whether a run was killed at this point, before or after a call of a store; False where it was through by then."""
    passed = iter(range(10_000))

    def fault(call: str, key: str, when: str) -> None:
        if next(passed) == at:
            raise KilledError

    main, mirror = (Faulty(folder(path / name), fault) for name in ("lab", "mirror"))
    try:
        outcome = publishing.carry_out(publishing.plan(bundles, main, [mirror]))
    except KilledError:
        return True
    assert len(outcome.done) == len(bundles)
    return False


def test_a_run_killed_anywhere_is_completed_by_the_next_one(tmp_path: Path) -> None:
    bundles = [bundle(), bundle(version="2.0"), bundle(name="Other")]
    assert not kills(bundles, _made(tmp_path / "undisturbed"), at=-1)
    expected = [contents(tmp_path / "undisturbed" / name) for name in ("lab", "mirror")]
    points = 0
    while kills(bundles, _made(tmp_path / str(points)), points):
        path = tmp_path / str(points)
        for name, whole in zip(("lab", "mirror"), expected, strict=True):
            held = contents(path / name)
            assert held.items() <= whole.items()
            for made in bundles:  # the claim comes first: never a file whose curriculum is not there
                assert made.keys.native in held or not set(made.keys) & set(held)
        assert not kills(bundles, path, at=-1)
        assert [contents(path / name) for name in ("lab", "mirror")] == expected
        points += 1
    assert points > 60


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def test_whoever_comes_second_between_plan_and_claim_is_told(tmp_path: Path) -> None:
    other = plan(bundle(max_time=75, tag="other"), folder(tmp_path))
    publish(bundle(tag="first"), folder(tmp_path))
    before = files(tmp_path)
    outcome = publishing.carry_out(other)
    assert outcome.done == []
    [refused] = outcome.refusals
    assert [str(each) for each in refused.differences] == ["stages.A.parameters.MaxTime: 90 -> 75"]
    assert files(tmp_path) == before


def test_whoever_publishes_the_same_in_between_is_no_conflict(tmp_path: Path) -> None:
    late = plan(bundle(tag="late"), folder(tmp_path))
    publish(bundle(tag="first"), folder(tmp_path))
    before = files(tmp_path)
    assert publishing.carry_out(late).refusals == []
    assert files(tmp_path) == before


@pytest.mark.parametrize("key", KEYS)
def test_a_file_of_the_older_system_that_appears_while_publishing_is_compared(tmp_path: Path, key: str) -> None:
    def fault(call: str, written: str, when: str) -> None:
        if (call, written, when) == ("put", key, "before"):
            (tmp_path / KEYS.legacy).write_bytes(b"MaxTime 75")

    outcome = publish(bundle(), Faulty(folder(tmp_path), fault))
    assert (tmp_path / KEYS.legacy).read_bytes() == b"MaxTime 75"
    if key in KEYS[:2]:
        assert [each.title for each in outcome.refusals] == ["Lever Pressing 1.0"]
    assert [each.title for each in plan(bundle(), folder(tmp_path)).refusals] == ["Lever Pressing 1.0"]


ROUNDS, RIVALS = 20, 6


def _publisher(path: Path, number: int, gate: Any, told: Any) -> None:
    """Publish something else than all others, round after round."""
    for each in range(ROUNDS):
        gate.wait(60)
        planned = publishing.plan([bundle(max_time=number, tag=str(number))], folder(path / str(each)))
        refused = planned.refusals or publishing.carry_out(planned).refusals
        told.put((each, number, bool(refused)))


def test_of_many_publishers_at_once_one_wins_and_nothing_is_mixed(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("spawn")
    gate, told = processes.Barrier(RIVALS), processes.Queue()
    workers = [processes.Process(target=_publisher, args=(tmp_path, each, gate, told)) for each in range(RIVALS)]
    for worker in workers:
        worker.start()
    outcomes = [told.get(timeout=60) for _ in range(ROUNDS * RIVALS)]
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    for each in range(ROUNDS):
        [winner] = [number for round_, number, refused in outcomes if round_ == each and not refused]
        whole = {key: make() for key, make in bundle(max_time=winner, tag=str(winner)).makers.items()}
        assert contents(tmp_path / str(each)) == whole


# Mirrors


def test_mirrors_get_the_bytes_of_the_main_place(tmp_path: Path) -> None:
    main, mirrors = folder(tmp_path / "lab"), [folder(tmp_path / "one"), folder(tmp_path / "two")]
    publish(bundle(tag="first"), main)
    outcome = publish(bundle(tag="second"), main, *mirrors)
    assert outcome.copied == {mirror.uri: 4 for mirror in mirrors}
    assert contents(tmp_path / "one") == contents(tmp_path / "two") == contents(tmp_path / "lab")
    assert b"first" in contents(tmp_path / "one")[KEYS.rules]


def test_a_mirror_that_holds_something_else_keeps_all_from_being_written(tmp_path: Path) -> None:
    publish(bundle(max_time=75), folder(tmp_path / "mirror"))
    before = files(tmp_path / "mirror")
    planned = plan(bundle(), folder(tmp_path / "lab"), folder(tmp_path / "mirror"))
    [refused] = planned.refusals
    assert str(tmp_path / "mirror") in refused.message
    assert files(tmp_path / "mirror") == before
    assert not (tmp_path / "lab").exists()


def test_files_of_a_mirror_that_are_not_those_of_the_main_place_are_told_and_stay(tmp_path: Path) -> None:
    main, mirror = folder(tmp_path / "lab"), folder(tmp_path / "mirror")
    publish(bundle(tag="first"), main, mirror)
    assert plan(bundle(tag="second"), main, mirror).unlike == ()
    (tmp_path / "mirror" / KEYS.rules).write_bytes(b"of somebody else")
    (tmp_path / "mirror" / KEYS.legacy).write_bytes(b"MaxTime 90 in other words")
    other = tuple(f"{mirror.uri}/{key}" for key in (KEYS.legacy, KEYS.rules))
    before = files(mirror.root)
    planned = plan([bundle(tag="second"), bundle(version="2.0")], main, mirror)
    assert planned.unlike == other
    publishing.carry_out(planned)
    assert before.items() <= files(mirror.root).items()
    (tmp_path / "lab" / KEYS.rules).unlink()  # what is still to be written counts as well
    assert plan(bundle(tag="second"), main, mirror).unlike == other


@pytest.mark.parametrize("call", ["keys", "get", "ensure", "put"])
def test_a_mirror_that_fails_keeps_no_other_from_its_files(tmp_path: Path, call: str) -> None:
    def fault(what: str, key: str, when: str) -> None:
        if what == call:
            raise StoreError("the mirror is down")

    main, good = folder(tmp_path / "lab"), folder(tmp_path / "good")
    bad = Faulty(folder(tmp_path / "bad"), fault)
    outcome = publish(bundle(), main, bad, good)
    assert [str(error) for error in outcome.failures] == ["the mirror is down"]
    assert outcome.copied == {good.uri: 4}  # of the other one it is not said that it is unchanged
    assert contents(tmp_path / "good") == contents(tmp_path / "lab")
    assert set(contents(tmp_path / "lab")) == set(KEYS)
    again = publish(bundle(), main, folder(tmp_path / "bad"), good)
    assert again.failures == []
    assert contents(tmp_path / "bad") == contents(tmp_path / "lab")


@pytest.mark.parametrize("call", ["keys", "get", "ensure", "put"])
def test_where_the_main_place_fails_no_mirror_is_ahead_of_it(tmp_path: Path, call: str) -> None:
    def fault(what: str, key: str, when: str) -> None:
        if what == call:
            raise StoreError("the disk is gone")

    main, mirror = Faulty(folder(tmp_path / "lab"), fault), folder(tmp_path / "mirror")
    if call in ("keys", "get"):
        with pytest.raises(StoreError, match="the disk is gone"):
            plan(bundle(), main, mirror)
    else:
        outcome = publish(bundle(), main, mirror)
        assert [str(error) for error in outcome.failures] == ["the disk is gone"]
        assert outcome.done == []
    assert list(tmp_path.rglob("*.json")) == []

"""The S3 store: conformance, every fault at every call, messages, and many writers at once."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from objects_conformance import CONFORMANCE, REMOTE, Check, increment
from s3_servers import BOUND, FAULTS, PAGE, FaultyProxy, Server, account, environment, moto

from autotrain_dsl.store import s3
from autotrain_dsl.store.base import ConflictError, StoreError
from autotrain_dsl.store.s3 import S3Objects, Settings, parse

SHORT = 0.8  # the time-out where a test waits for one
OLD, NEW = b"old " * 50, b"new " * 60
CALLS = ("get", "keys", "delete", "create", "replace")
METHOD = {"get": "GET", "keys": "GET", "delete": "DELETE", "create": "PUT", "replace": "PUT"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto() as started:
        yield started


@pytest.fixture(scope="module")
def running(server: Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.endpoint) as proxy:
        yield proxy


@pytest.fixture
def proxy(running: FaultyProxy) -> Iterator[FaultyProxy]:
    yield running
    running.reset()


@pytest.fixture
def objects(server: Server) -> S3Objects:
    return S3Objects(server.bucket(), "some/prefix", server.settings())


Through = Callable[..., S3Objects]


@pytest.fixture
def through(objects: S3Objects, proxy: FaultyProxy) -> Through:
    """The same objects, reached through the proxy, by a client that has learnt nothing of the store yet.

    ``patience`` is the time-out of connecting, by which clients differ: one that has failed 35 times tries only once.
    """

    def reached(attempts: int = 1, read_timeout: float = BOUND, patience: int = BOUND) -> S3Objects:
        settings = replace(Server(proxy.endpoint).settings(attempts, read_timeout), connect_timeout=patience)
        link = s3._connect(settings, os.getpid())
        link.quoted = True
        link.probed.clear()
        return S3Objects(objects.bucket, objects.prefix, settings, lambda: "id")

    return reached


@pytest.mark.parametrize("check", CONFORMANCE + REMOTE, ids=lambda check: check.__name__)
def test_the_store_does_what_stores_do(check: Check, objects: S3Objects) -> None:
    check(objects)


@pytest.mark.parametrize("check", CONFORMANCE, ids=lambda check: check.__name__)
def test_a_whole_bucket_does_as_well_as_a_prefix(check: Check, server: Server) -> None:
    check(S3Objects(server.bucket(), "", server.settings()))


def test_prefixes_keep_out_of_each_others_way(objects: S3Objects) -> None:
    other = S3Objects(objects.bucket, "some/prefix2", objects.settings)
    whole = S3Objects(objects.bucket, "/", objects.settings)
    objects.put("a", b"one", None)
    other.put("a", b"two", None)
    objects._link().client.put_object(Bucket=objects.bucket, Key="some/prefix/")  # as consoles do for a folder
    assert objects.keys() == other.keys() == ["a"]
    assert whole.keys() == ["some/prefix/a", "some/prefix2/a"]
    assert (objects.uri, whole.uri) == (f"s3://{objects.bucket}/some/prefix", f"s3://{objects.bucket}")


def test_lists_come_in_pages(through: Through, proxy: FaultyProxy) -> None:
    objects = through()
    names = [f"{number:03}" for number in range(2 * PAGE + 1)]
    for name in names:
        objects.put(name, b"", None)
    proxy.log.clear()
    assert objects.keys() == names
    assert len(proxy.log) == 3


def outcome(objects: S3Objects, call: str, version: str) -> object:
    try:
        match call:
            case "get":
                blob = objects.get("old")
                return None if blob is None else blob.content
            case "keys":
                return objects.keys()
            case "delete":
                objects.delete("old")
                return None
            case "create":
                objects.put("new", NEW, None)
            case "replace":
                objects.put("old", NEW, version)
    except ConflictError as error:
        _plain(error)
        return "conflict"
    except StoreError as error:
        _plain(error)
        return "error"
    return "written"


def _plain(error: StoreError) -> None:
    text = f"{error}; {error.changed}"
    assert len(text) < 400
    assert not error.wrong_use
    for foreign in ("Error(", "Exception", "botocore", "urllib3", "Traceback", "object at 0x", "{", "test-secret"):
        assert foreign not in text


RIGHT = {"get": OLD, "keys": ["old"], "delete": None, "create": "written", "replace": "written"}
REPEATED = ("refuse", "cut_request", "cut_response", "lose_reply", "500", "503", "delay", "forwarded_500")
ARRIVED = ("cut_response", "lose_reply", "delay", "forwarded_500")


def expected(fault: str, call: str, attempts: int, always: bool) -> object:
    """What a call has to say of a fault, worked out from what the fault does."""
    writes = call in ("create", "replace")
    if fault == "404" and call in ("get", "delete"):
        return None
    if (fault == "404" and call == "replace") or (fault == "409" and writes) or (fault == "412" and call == "create"):
        return "conflict"
    if fault == "412" and call == "replace":  # once: taken for a store that wants no quotes, and asked again
        return "error" if always else "written"
    if (writes and fault in ARRIVED) or (call == "delete" and fault == "cut_response"):  # it says 204 at once
        return RIGHT[call]
    if attempts > 1 and not always and (fault in REPEATED or fault == "late"):
        return RIGHT[call]
    return "error"


MODES = {"once": (1, False), "retried": (2, False), "always": (2, True)}  # attempts, and whether it never ends
SLOW = ("delay", "late")
MATRIX = [
    pytest.param(fault, call, *MODES[mode], id=f"{fault}-{call}-{mode}")
    for fault, call, mode in itertools.product(FAULTS, CALLS, MODES)
    if fault not in SLOW or mode != "always"
    if fault != "late" or METHOD[call] != "GET"  # for a reader it is "delay"
]


@pytest.mark.parametrize(("fault", "call", "attempts", "always"), MATRIX)
def test_every_fault_at_every_call_is_told_as_it_is(
    fault: str, call: str, attempts: int, always: bool, objects: S3Objects, through: Through, proxy: FaultyProxy
) -> None:
    version = objects.put("old", OLD, None)
    reached = through(attempts, SHORT if fault in SLOW else BOUND, BOUND + FAULTS.index(fault))
    proxy.arm(fault, METHOD[call], times=None if always else 1)

    said = outcome(reached, call, version)

    assert said == expected(fault, call, attempts, always)
    assert [method for method, _ in proxy.log].count(METHOD[call]) <= 2 * attempts + 1
    key = "old" if call != "create" else "new"
    before = None if call == "create" else OLD
    at_once = _content(objects, key)
    proxy.release()
    assert _content(objects, key) in ({before, None if call == "delete" else NEW} if fault == "late" else {at_once})
    if said == "written":
        assert at_once == NEW
    elif call == "delete":
        assert at_once in ({OLD, None} if said == "error" or fault == "404" else {None})
    else:
        assert at_once == before
    assert objects.keys() == (
        ["new", "old"] if _content(objects, "new") else ["old"] if _content(objects, "old") else []
    )


def _content(objects: S3Objects, key: str) -> bytes | None:
    blob = objects.get(key)
    return None if blob is None else blob.content


@pytest.mark.parametrize("fault", ["refuse", "cut_request", "lose_reply", "500", "forwarded_500"])
@pytest.mark.parametrize("call", ["create", "replace"])
def test_where_reading_back_fails_too_it_is_not_known_what_was_written(
    fault: str, call: str, objects: S3Objects, through: Through, proxy: FaultyProxy
) -> None:
    version = objects.put("old", OLD, None)
    reached = through()
    proxy.arm(fault)
    with pytest.raises(StoreError) as caught:
        reached.put("old" if call == "replace" else "new", NEW, version if call == "replace" else None)
    assert not isinstance(caught.value, ConflictError)
    assert (
        caught.value.changed
        == f"it is not known whether `{objects.uri}/{'old' if call == 'replace' else 'new'}` was written"
    )


def test_a_refusal_is_known_to_have_changed_nothing(through: Through, proxy: FaultyProxy) -> None:
    proxy.arm("403")
    with pytest.raises(StoreError) as caught:
        through().put("a", NEW, None)
    assert caught.value.changed == "nothing was changed"


def test_a_write_that_is_under_way_is_not_said_to_have_failed_for_good(
    objects: S3Objects, through: Through, proxy: FaultyProxy
) -> None:
    reached = through(1, SHORT)
    proxy.arm("late", "PUT", times=1)
    with pytest.raises(StoreError, match=r"no answer within 0\.8 s") as caught:
        reached.put("a", NEW, None)
    assert caught.value.changed == "nothing was changed, unless the write still arrives"
    assert objects.get("a") is None
    proxy.release()
    assert _content(objects, "a") == NEW


def test_a_write_that_arrives_late_does_not_overwrite(objects: S3Objects, through: Through, proxy: FaultyProxy) -> None:
    version = objects.put("a", OLD, None)
    reached = through(1, SHORT)
    proxy.arm("late", "PUT", times=1)
    with pytest.raises(StoreError):
        reached.put("a", NEW, version)
    objects.put("a", b"another run's", version)
    proxy.release()
    assert _content(objects, "a") == b"another run's"


def test_a_conflict_is_no_success_where_another_run_has_won(objects: S3Objects, through: Through) -> None:
    version = objects.put("a", OLD, None)
    objects.put("a", b"another run's", version)
    for replaces in (None, version):
        with pytest.raises(ConflictError, match=f"`{objects.uri}/a` was changed by another run"):
            through().put("a", NEW, replaces)
    assert _content(objects, "a") == b"another run's"


def test_a_store_that_wants_versions_without_quotes_is_asked_so_from_then_on(
    objects: S3Objects, through: Through, proxy: FaultyProxy
) -> None:
    reached = through()
    first = objects.put("a", OLD, None)
    proxy.arm("412", "PUT", times=1)
    second = reached.put("a", NEW, first)
    assert [method for method, _ in proxy.log] == ["PUT", "GET", "PUT"]
    assert not reached._link().quoted
    proxy.log.clear()
    reached.put("a", OLD, second)
    assert [method for method, _ in proxy.log] == ["PUT"]
    with pytest.raises(ConflictError):
        reached.put("a", b"other", second)


def test_every_byte_of_a_large_object_is_asked_for_until_it_is_there(through: Through, proxy: FaultyProxy) -> None:
    large = bytes(range(256)) * 20_000
    through().put("a", large, None)
    proxy.arm("cut_response", "GET", times=2)
    proxy.log.clear()
    assert _content(through(3), "a") == large
    assert len(proxy.log) == 3
    proxy.arm("cut_response", "GET", times=3)
    with pytest.raises(StoreError, match="was cut off while it was read, each time"):
        through(3).get("a")


def test_damage_on_the_way_and_replies_without_a_length_are_never_content(
    objects: S3Objects, through: Through, proxy: FaultyProxy
) -> None:
    objects.put("checked", OLD, None)
    objects._link().client.put_object(Bucket=objects.bucket, Key="some/prefix/unchecked", Body=OLD)
    for key, fault, message in (
        ("checked", "flip", "its checksum differs"),
        ("unchecked", "no_length", "does not speak S3"),
        ("unchecked", "cut_response", "was cut off while it was read"),
    ):
        proxy.arm(fault, "GET", times=1)
        assert _content(through(2), key) == OLD
        proxy.arm(fault, "GET")
        with pytest.raises(StoreError, match=message):
            through(2).get(key)


ANSWERS = {
    "status NoSuchBucket": "there is no bucket `{bucket}` at {place}: create it, or mend the address",
    "403": "access to `{uri}` is denied ({action}): have this account allowed to do it",
    "status AuthorizationHeaderMalformed": "the bucket `{bucket}` is not in the region that was asked",
    "status ExpiredToken": "the credentials for {place} have expired or were withdrawn (ExpiredToken): sign in again",
    "status InvalidAccessKeyId": "the store at {place} does not accept the credentials (InvalidAccessKeyId): check",
    "status SignatureDoesNotMatch": "the store at {place} does not accept the credentials (SignatureDoesNotMatch)",
    "status RequestTimeTooSkewed": "the clock of this computer is not that of the store at {place}: set it right",
    "status NotImplemented": "the store at {place} does not know {action} as it is needed here (As asked): use one",
    "500": "the store at {place} is out of order ({action}: 500 InternalError): try again later",
    "503": "the store at {place} is out of order ({action}: 503 ServiceUnavailable): try again later",
    "refuse": "cannot reach the store at {place}: the connection was cut; try again later",
}
ACTIONS: dict[str, Callable[[S3Objects], object]] = {
    "GetObject": lambda objects: objects.get("a"),
    "ListObjectsV2": lambda objects: objects.keys("a"),
    "DeleteObject": lambda objects: objects.delete("a"),
    "PutObject": lambda objects: objects.put("a", b"x", None),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", ANSWERS)
def test_what_the_store_answers_is_said_plainly(fault: str, action: str, through: Through, proxy: FaultyProxy) -> None:
    objects = through()
    proxy.arm(fault)
    with pytest.raises(StoreError) as caught:
        ACTIONS[action](objects)
    start = ANSWERS[fault].format(bucket=objects.bucket, place=proxy.endpoint, uri=f"{objects.uri}/a", action=action)
    assert str(caught.value).startswith(start)
    _plain(caught.value)


def test_only_no_such_key_means_that_there_is_none(through: Through, proxy: FaultyProxy) -> None:
    objects = through()
    for fault, message in (
        ("status ", "is it the right endpoint"),
        ("html", "does not speak S3"),
        ("403", "ListBucket"),
    ):
        proxy.arm(fault)
        with pytest.raises(StoreError, match=message):
            objects.get("a")
    proxy.arm("404")
    assert objects.get("a") is None


def test_a_page_in_place_of_a_list_is_no_empty_list(through: Through, proxy: FaultyProxy) -> None:
    proxy.arm("html")
    with pytest.raises(StoreError, match="does not speak S3"):
        through().keys()


def test_a_bucket_that_is_not_there_is_named_by_every_call(server: Server) -> None:
    objects = S3Objects("no-such-bucket", "prefix", server.settings())
    for call in [*ACTIONS.values(), S3Objects.probe, S3Objects.versioning]:
        with pytest.raises(StoreError, match="there is no bucket `no-such-bucket` at") as caught:
            call(objects)
        assert caught.value.changed == "nothing was changed" or call is ACTIONS["DeleteObject"]


def test_where_nothing_listens_the_endpoint_is_named() -> None:
    with socket.socket() as taken, account(Server("")):
        taken.bind(("127.0.0.1", 0))  # bound but not listening: a connection is refused
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        objects = S3Objects("bucket", "prefix", Server(endpoint).settings())
        for call in [*ACTIONS.values(), S3Objects.probe, S3Objects.versioning]:
            with pytest.raises(StoreError, match=f"cannot reach the store at {endpoint}: nothing answers there; check"):
                call(objects)


def test_without_credentials_it_is_said_how_to_give_some(server: Server) -> None:
    for half in ({}, {"AWS_ACCESS_KEY_ID": "half"}):
        with environment(**half):
            s3._connect.cache_clear()
            for call in ACTIONS.values():
                with pytest.raises(StoreError, match=r"no credentials for .*: set AWS_ACCESS_KEY_ID") as caught:
                    call(S3Objects("bucket", "prefix", server.settings()))
                assert "half" not in str(caught.value)
    s3._connect.cache_clear()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(profile="lab"), "there is no profile `lab`: `aws configure list-profiles` names those there are"),
        (Settings(endpoint="minio:9000"), "`minio:9000` is no endpoint: write it as https://host:port"),
        (Settings(endpoint="user:hunter2@minio"), "`minio` is no endpoint"),
        (Settings(addressing="both"), "the store at Amazon S3 cannot be used (the settings are wrong): "),
        (Settings(region="not a region"), "the store at Amazon S3 cannot be used (the settings are wrong): "),
        (Settings(attempts=0), "the store at Amazon S3 cannot be used (the settings are wrong): "),
    ],
)
def test_settings_that_cannot_be_are_the_users_mistake(settings: Settings, message: str) -> None:
    with environment():
        for call in (ACTIONS["GetObject"], S3Objects.probe):
            with pytest.raises(StoreError) as caught:
                call(S3Objects("bucket", "prefix", settings))
            assert caught.value.wrong_use
            assert str(caught.value).startswith(message)
            assert "hunter2" not in str(caught.value)


def test_a_password_in_an_endpoint_is_not_shown(server: Server) -> None:
    endpoint = server.endpoint.replace("http://", "http://user:hunter2@")
    with account(server), pytest.raises(StoreError) as caught:
        S3Objects("no-such-bucket", "", Server(endpoint).settings()).get("a")
    assert server.endpoint.removeprefix("http://") in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("s3://bucket/df_manager.parquet", ("bucket", "df_manager.parquet")),
        ("s3://my.bucket-1/a b/ä+%20?#.csv", ("my.bucket-1", "a b/ä+%20?#.csv")),
        ("s3://bucket/folder/", ("bucket", "folder")),
        ("s3://bucket", ("bucket", "")),
        ("s3://bucket/", ("bucket", "")),
        ("s3://bucket/a@b:c", ("bucket", "a@b:c")),
    ],
)
def test_an_address_has_a_bucket_and_a_key(uri: str, parts: tuple[str, str]) -> None:
    assert parse(uri) == parts


@pytest.mark.parametrize(
    "uri",
    [
        *("", "s3:", "s3://", "s3:///key", "bucket/key", "S3://bucket/key", "http://bucket/key", "s3://bu cket/key"),
        *("s3://bucket//key", "s3://bucket/a//b", "s3://bucket/../b", "s3://bucket/a\nb", "s3://bucket?x=1/key"),
        *("s3://AK:hunter2@bucket/key", "s3://AK:hunt/er2@bucket/key"),
    ],
)
def test_what_is_no_address_is_refused(uri: str) -> None:
    with pytest.raises(StoreError) as caught:
        parse(uri)
    assert caught.value.wrong_use
    assert "hunt" not in str(caught.value)


def test_a_bucket_or_prefix_that_cannot_be_is_refused() -> None:
    for bucket, prefix in (("", ""), ("a/b", "c"), ("a b", "c"), ("a", "b/../c"), ("a", "b//c"), ("a", "b\n")):
        with pytest.raises(StoreError) as caught:
            S3Objects(bucket, prefix)
        assert caught.value.wrong_use


def test_a_store_that_ignores_conditions_is_refused(objects: S3Objects, through: Through, proxy: FaultyProxy) -> None:
    proxy.ignores_conditions = True
    reached = through()
    for _ in range(2):  # and again: a failure is not remembered
        with pytest.raises(StoreError, match=r"does not honour conditional writes .* use a store that does") as caught:
            reached.probe()
        _plain(caught.value)
    assert objects.keys() == []
    proxy.ignores_conditions = False
    reached.probe()


def test_a_store_that_ignores_only_if_match_is_refused(
    objects: S3Objects, through: Through, proxy: FaultyProxy
) -> None:
    reached = through()
    proxy.arm("ignore", "PUT", skip=3)
    with pytest.raises(StoreError, match="it replaces an object that has changed since it was read"):
        reached.probe()
    assert objects.keys() == []


def test_a_probe_makes_few_requests_once_and_none_after(through: Through, proxy: FaultyProxy) -> None:
    objects = through()
    objects.probe()
    assert {path.rpartition("/")[2].partition("?")[0] for _, path in proxy.log} == {"id"}
    assert proxy.log[-1][0] == "DELETE"
    assert len(proxy.log) <= 8
    before = len(proxy.log)
    objects.probe()
    S3Objects(objects.bucket, objects.prefix, objects.settings).probe()
    assert len(proxy.log) == before


@pytest.mark.parametrize("fault", ["403", "500", "refuse", "status NotImplemented"])
def test_a_probe_fails_where_nothing_can_be_written(
    fault: str, objects: S3Objects, through: Through, proxy: FaultyProxy
) -> None:
    proxy.arm(fault, "PUT")
    with pytest.raises(StoreError) as caught:
        through().probe()
    _plain(caught.value)
    assert objects.keys() == []


def test_a_probe_whose_object_cannot_be_deleted_is_good_all_the_same(through: Through, proxy: FaultyProxy) -> None:
    proxy.arm("403", "DELETE")
    through().probe()


def test_versioning_is_told(objects: S3Objects, through: Through, proxy: FaultyProxy) -> None:
    assert objects.versioning() == ""
    client = objects._link().client
    for status in ("Enabled", "Suspended"):
        client.put_bucket_versioning(Bucket=objects.bucket, VersioningConfiguration={"Status": status})
        assert objects.versioning() == status
    for fault in ("403", "status NotImplemented"):
        proxy.arm(fault)
        assert through().versioning() == "unknown"


def test_objects_with_the_same_settings_share_one_client(server: Server) -> None:
    one, two = (S3Objects(bucket, "", server.settings()) for bucket in ("one", "two"))
    assert one._link() is two._link()
    assert one._link() is not S3Objects("one", "", server.settings(attempts=7))._link()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_does_not_use_the_connections_of_its_parent(objects: S3Objects) -> None:
    objects.put("a", OLD, None)
    script = f"""
        import os
        from autotrain_dsl.store.s3 import S3Objects, Settings
        objects = S3Objects({objects.bucket!r}, {objects.prefix!r}, {objects.settings!r})
        parents = objects._link()
        assert len(objects.get("a").content) == {len(OLD)}
        child = os.fork()
        if child == 0:
            good = objects._link() is not parents and len(objects.get("a").content) == {len(OLD)}
            os._exit(0 if good else 7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert objects._link() is parents
        assert len(objects.get("a").content) == {len(OLD)}
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], check=False, capture_output=True, timeout=BOUND
    )
    assert done.returncode == 0, done.stderr.decode()


def test_many_processes_that_count_lose_nothing(objects: S3Objects) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=increment, args=(objects, "count", 25)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(2 * BOUND)
    assert [process.exitcode for process in processes] == [0] * 4
    blob = objects.get("count")
    assert blob is not None
    assert blob.content.split()[0] == b"100"


def test_counting_over_a_bad_line_loses_nothing(objects: S3Objects, through: Through, proxy: FaultyProxy) -> None:
    turns = itertools.cycle(range(7))
    proxy.arm("lose_reply", lambda *_: next(turns) in (2, 5))
    increment(through(4), "count", 25)
    blob = objects.get("count")
    assert blob is not None
    assert blob.content.split()[0] == b"25"

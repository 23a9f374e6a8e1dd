"""Publishing into buckets: every fault at every request, many publishers at once, and mirrors of another kind."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import shelves
from s3_servers import BOUND, FaultyProxy, Server, moto
from shelves import KEYS, bundle, folder

from autotrain_dsl import artefacts, inventory, publishing
from autotrain_dsl.inventory import State
from autotrain_dsl.publishing import Outcome, Standing
from autotrain_dsl.store import s3
from autotrain_dsl.store.base import StoreError
from autotrain_dsl.store.s3 import S3Objects

FAULTS = ("refuse", "cut_request", "cut_response", "lose_reply", "403", "409", "412", "500", "503", "forwarded_500")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto() as started:
        yield started


@pytest.fixture(scope="module")
def proxy(server: Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.endpoint) as proxy:
        yield proxy


@pytest.fixture
def bucket(server: Server) -> S3Objects:
    return S3Objects(server.bucket(), "lab/curriculums", server.settings(), largest=artefacts.LARGEST)


def through(bucket: S3Objects, proxy: FaultyProxy, attempts: int = 2) -> S3Objects:
    """The same place, reached through the proxy, by a client that has learnt nothing of the store yet."""
    settings = Server(proxy.endpoint).settings(attempts)
    link = s3._connect(settings, os.getpid())
    link.probed.clear()
    return replace(bucket, settings=settings)


def publish(place: Any, *mirrors: Any, max_time: int = 90, tag: str = "") -> Outcome:
    planned = publishing.plan([bundle(max_time=max_time, tag=tag), bundle("Other", max_time=max_time)], place, mirrors)
    assert planned.refusals == ()
    return publishing.carry_out(planned)


def held(place: S3Objects) -> dict[str, bytes]:
    found = {key: place.get(key) for key in place.keys("") if not key.startswith(".probe/")}
    return {key: blob.content for key, blob in found.items() if blob is not None}


def whole(max_time: int = 90, tag: str = "") -> dict[str, bytes]:
    """What is there once both curriculums are published."""
    both = (bundle(max_time=max_time, tag=tag), bundle("Other", max_time=max_time))
    return {key: make() for made in both for key, make in made.makers.items()}


def put(place: S3Objects, key: str, content: bytes) -> None:
    """Write an object under any key, as another program can."""
    client: Any = boto3.client("s3", endpoint_url=place.settings.endpoint, region_name="us-east-1")
    client.put_object(Bucket=place.bucket, Key=f"{place.prefix}/{key}", Body=content)


def test_a_bucket_gets_the_files_and_a_folder_mirrors_them(bucket: S3Objects, tmp_path: Path) -> None:
    outcome = publish(bucket, folder(tmp_path / "mirror"), tag="a")
    assert [step.standing for step in outcome.done] == [Standing.NEW, Standing.NEW]
    assert held(bucket) == whole(tag="a") == shelves.contents(tmp_path / "mirror")
    assert publish(bucket, folder(tmp_path / "mirror"), tag="b").copied == {str(tmp_path / "mirror"): 0}
    assert held(bucket) == whole(tag="a")
    planned = publishing.plan([bundle(max_time=75)], bucket)
    assert [str(each) for each in planned.refusals[0].differences] == ["stages.A.parameters.MaxTime: 90 -> 75"]


def test_nothing_is_sent_where_nothing_is_missing_or_only_planned(bucket: S3Objects, proxy: FaultyProxy) -> None:
    reached = through(bucket, proxy)
    publishing.plan([bundle()], reached)
    assert {method for method, _ in proxy.log} == {"GET"}
    publish(reached)
    proxy.reset()
    publish(through(bucket, proxy))
    assert {method for method, _ in proxy.log} == {"GET"}
    proxy.reset()


@pytest.mark.parametrize("fault", FAULTS)
def test_after_any_fault_at_any_write_the_next_run_completes(
    fault: str, server: Server, bucket: S3Objects, proxy: FaultyProxy
) -> None:
    for number in (0, 1, 3, 4):  # both claims, and files after them
        place = replace(bucket, prefix=f"place-{number}")
        key = list(whole())[number]
        proxy.arm(fault, _writing(key), times=2)
        outcome = publish(through(place, proxy, attempts=1), tag="first")
        proxy.reset()
        between = held(place)
        assert between.items() <= whole(tag="first").items()
        assert set(between) >= {made.bundle.keys.native for made in outcome.done}
        assert bool(outcome.failures) == (set(between) != set(whole()) or len(outcome.done) < 2)
        assert publish(place, tag="second").failures == []
        after = held(place)
        assert {name: after[name] for name in between} == between
        assert set(after) == set(whole())
        assert after[KEYS.native] == whole()[KEYS.native]


def _writing(key: str) -> Callable[[str, str], bool]:
    return lambda method, path: method == "PUT" and path.endswith(key.replace(" ", "%20").replace("@", "%40"))


def test_a_lost_reply_is_no_reason_to_refuse_ones_own_curriculum(bucket: S3Objects, proxy: FaultyProxy) -> None:
    proxy.arm("lose_reply", "PUT", times=4)
    outcome = publish(through(bucket, proxy, attempts=3))
    proxy.reset()
    assert (outcome.refusals, outcome.failures) == ([], [])
    assert held(bucket) == whole()


def test_a_lost_reply_to_a_rivals_claim_is_told_as_what_it_is(bucket: S3Objects, proxy: FaultyProxy) -> None:
    late = publishing.plan([bundle(max_time=75)], through(bucket, proxy, attempts=3))
    publish(bucket)
    proxy.arm("lose_reply", "PUT", skip=4, times=1)  # after the probe
    [refused] = publishing.carry_out(late).refusals
    proxy.reset()
    assert [str(each) for each in refused.differences] == ["stages.A.parameters.MaxTime: 90 -> 75"]
    assert held(bucket) == whole()


def test_a_store_that_disregards_conditions_is_not_published_to(bucket: S3Objects, proxy: FaultyProxy) -> None:
    proxy.ignores_conditions = True
    outcome = publish(through(bucket, proxy))
    proxy.reset()
    assert ["does not honour conditional writes" in str(error) for error in outcome.failures] == [True]
    assert held(bucket) == {}


def test_a_mirror_in_a_bucket_that_is_down_is_named_and_completed_later(
    bucket: S3Objects, proxy: FaultyProxy, tmp_path: Path
) -> None:
    main, other = folder(tmp_path / "lab"), folder(tmp_path / "other")
    for skip in (0, 3, 9, 20, 24):
        place = replace(bucket, prefix=f"mirror-{skip}")
        proxy.arm("503", lambda *_: True, skip=skip)
        outcome = publish(main, through(place, proxy, attempts=1), other)
        proxy.reset()
        assert [place.uri in str(error) or proxy.endpoint in str(error) for error in outcome.failures] == [True]
        assert shelves.contents(other.root) == shelves.contents(main.root) == whole()
        assert publish(main, place, other).failures == []
        assert held(place) == whole()


ROUNDS, RIVALS = 4, 4


def _publisher(bucket: S3Objects, number: int, gate: Any, told: Any) -> None:
    for each in range(ROUNDS):
        place = replace(bucket, prefix=f"round-{each}")
        gate.wait(BOUND)
        planned = publishing.plan([bundle(max_time=number, tag=str(number))], place)
        refused = planned.refusals or publishing.carry_out(planned).refusals
        told.put((each, number, bool(refused)))


def test_of_many_publishers_in_a_bucket_one_wins_and_nothing_is_mixed(bucket: S3Objects) -> None:
    processes = multiprocessing.get_context("spawn")
    gate, told = processes.Barrier(RIVALS), processes.Queue()
    workers = [processes.Process(target=_publisher, args=(bucket, each, gate, told)) for each in range(RIVALS)]
    for worker in workers:
        worker.start()
    outcomes = [told.get(timeout=2 * BOUND) for _ in range(ROUNDS * RIVALS)]
    for worker in workers:
        worker.join(BOUND)
        assert worker.exitcode == 0
    for each in range(ROUNDS):
        [winner] = [number for round_, number, refused in outcomes if round_ == each and not refused]
        files = {key: make() for key, make in bundle(max_time=winner, tag=str(winner)).makers.items()}
        assert held(replace(bucket, prefix=f"round-{each}")) == files


HOSTILE: list[tuple[str, bytes]] = [
    ("..@1.0.json", b"{}"),
    ("sub/Lever Pressing@1.0.json", b"{}"),
    ("a\x1b[31mred@1.0.json", b"{}"),
    ("\u202eright to left@1.0.json", b"{}"),
    ("@1.0.json", b"{}"),
    ("name@.json", b"{}"),
]


def test_hostile_keys_in_a_bucket_neither_stop_a_list_nor_are_they_followed(bucket: S3Objects) -> None:
    publish(bucket)
    for key, content in HOSTILE:
        put(bucket, key, content)
    put(bucket, "Evil@1.0.json", b'{"format": ' + b"[" * 100_000)
    put(bucket, "Twin@1.0.json", shelves.native(shelves.content("Lever Pressing")))
    put(bucket, "Old_curriculum_v0.1_schema_v0.3.json", b"not even JSON")
    found = inventory.of(bucket)
    assert [(each.name, each.version, each.state) for each in found] == [
        ("Evil", "1.0", State.DAMAGED),
        ("Lever Pressing", "1.0", State.PUBLISHED),
        ("Old", "0.1", State.OLDER),
        ("Other", "1.0", State.PUBLISHED),
        ("Twin", "1.0", State.DAMAGED),
    ]
    assert publish(bucket).failures == []


def test_an_object_that_is_too_large_is_not_read(bucket: S3Objects, proxy: FaultyProxy) -> None:
    put(bucket, KEYS.native, b" " * 300_000)
    small = replace(bucket, largest=1000)
    [entry] = inventory.of(small)
    assert (entry.state, entry.fault) == (State.DAMAGED, f"`{bucket.uri}/{KEYS.native}` is larger than 1,000 bytes")
    [refused] = publishing.plan([bundle()], small).refusals
    assert refused.message == f"{entry.fault}, in the place of a file"


@pytest.mark.parametrize("call", [inventory.of, lambda place: publishing.plan([bundle()], place)])
def test_a_bucket_that_is_not_there_is_not_an_empty_one(server: Server, call: Callable[[S3Objects], object]) -> None:
    with pytest.raises(StoreError, match="there is no bucket `no-such-bucket-here`"):
        call(S3Objects("no-such-bucket-here", "", server.settings()))

"""The nightly run survives: killed at every call of a store, many at once, on failing stores, over damaged objects.

What is sampled here is run in full by ``make durability``; docs/reliability.md has the figures.
"""

from __future__ import annotations

import gzip
import itertools
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import durability
import pandas as pd
import pytest
from colony import LATER, NOW, RECORD, ROOT, Colony, command, mouse, session
from durability import (
    CHANGED,
    INT,
    KILL,
    ONE,
    RUN,
    S3,
    SCENARIOS,
    TERM,
    TWO,
    UNDISTURBED,
    Meddling,
    Site,
    Store,
    Warm,
    published,
)  # fmt: skip
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from s3_servers import FAULTS
from sql_servers import NoServerError

from autotrain_dsl.store import Access, formats, open_state
from autotrain_dsl.store.base import StoreError, UnreadableError
from autotrain_dsl.store.local import LocalObjects

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")

STORES = ("local", "s3", "sqlite", "postgresql")
Get = Callable[[str], Store]


@pytest.fixture(scope="module")
def stores() -> Iterator[Get]:
    """The store of a name, whose server is started when it is first asked for."""
    found: dict[str, Store] = {}
    with ExitStack() as stack:

        def get(name: str) -> Store:
            if name not in found:
                try:
                    found[name] = stack.enter_context(durability.opened(name))
                except NoServerError as error:
                    pytest.skip(str(error))
            return found[name]

        yield get


@pytest.fixture(scope="module")
def warm(stores: Get) -> Iterator[Callable[[Store], Warm]]:
    """A warm process in the environment that a store needs."""
    with ExitStack() as stack:
        found: dict[str, Warm] = {}

        def get(store: Store) -> Warm:
            if store.name not in found:
                found[store.name] = stack.enter_context(Warm())
            return found[store.name]

        yield get


Warmed = Callable[[Store], Warm]


# Killed


@pytest.mark.parametrize("title", SCENARIOS)
@pytest.mark.parametrize("name", STORES)
def test_a_run_that_is_killed_at_any_call_is_made_up_for_by_the_next(
    tmp_path: Path, stores: Get, warm: Warmed, name: str, title: str
) -> None:
    store, scenario = stores(name), SCENARIOS[title]
    if scenario.files_only and isinstance(store, durability.Sqlite):
        return  # a database has no exported table that somebody could edit
    every = {"local": 37, "s3": 61}.get(name, 17)
    assert durability.crash(store, scenario, warm(store), tmp_path / "crash", every) >= 2


@pytest.mark.parametrize("title", ["another program's table", "edited by hand"])
def test_a_takeover_that_ends_before_the_table_is_written_leaves_nothing_to_decide(
    tmp_path: Path, stores: Get, warm: Warmed, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    store, scenario = stores("local"), SCENARIOS[title]
    site = durability.prepared(store, scenario, warm(store), tmp_path / "eve")
    undisturbed = store.copy(site, tmp_path / "undisturbed")
    assert command(*undisturbed.arguments(*scenario.options)).code == 0
    put = LocalObjects.put

    def without_table(objects: LocalObjects, key: str, content: bytes, replaces: str | None) -> str:
        if key == "df_manager.csv":
            raise StoreError(f"cannot write `{key}`")
        return put(objects, key, content, replaces)

    with monkeypatch.context() as patch:
        patch.setattr(LocalObjects, "put", without_table)
        assert command(*site.arguments(*scenario.options)).code == 3
    ran = command(*site.arguments())  # as every night, without --adopt
    assert (ran.code, site.contents()) == (0, undisturbed.contents()), ran.err


@pytest.mark.parametrize(
    ("name", "signal", "code", "word"),
    [
        ("local", TERM, 143, "terminated"),
        ("local", INT, 130, "interrupted"),
        ("s3", TERM, 143, "terminated"),
        ("sqlite", INT, 130, "interrupted"),
        ("postgresql", TERM, 143, "terminated"),
    ],
)
def test_a_run_that_is_asked_to_end_says_so_and_leaves_nothing_half_written(
    tmp_path: Path, stores: Get, warm: Warmed, name: str, signal: str, code: int, word: str
) -> None:
    store = stores(name)
    runs = warm(store)
    eve = durability.prepared(store, SCENARIOS["correction"], runs, tmp_path / "eve")
    undisturbed = store.copy(eve, tmp_path / "undisturbed")
    points = runs.run(*undisturbed.arguments("--correct")).points
    before, after = (published(each.contents()) for each in (eve, undisturbed))
    for point in range(3 if signal == TERM else 7, points, 31):
        site = store.copy(eve, tmp_path / str(point))
        ran = runs.run(*site.arguments("--correct"), meddling=Meddling(signal, point))
        assert (ran.code, "Traceback" in ran.err) == (code, False), (point, ran)
        assert word in ran.err
        between = published(site.contents())
        assert all(value in (before.get(key), after.get(key)) for key, value in between.items()), point
        assert not list(site.tables.rglob(".*.new")), point
        assert runs.run(*site.arguments("--correct")).code == 0
        assert site.contents() == undisturbed.contents(), point
        store.discard(site)


@pytest.mark.parametrize("name", ["local", "sqlite"])
def test_a_full_disk_changes_nothing_or_is_made_up_for(tmp_path: Path, stores: Get, warm: Warmed, name: str) -> None:
    store = stores(name)
    runs = warm(store)
    eve = durability.prepared(store, SCENARIOS["new sessions"], runs, tmp_path / "eve")
    undisturbed = store.copy(eve, tmp_path / "undisturbed")
    runs.run(*undisturbed.arguments())
    before, after = (published(each.contents()) for each in (eve, undisturbed))
    codes = []
    for room in (600, 1200, 2400, 4800, 9600, 19_200, 38_400):
        site = store.copy(eve, tmp_path / str(room))
        ran = runs.run(*site.arguments(), meddling=Meddling(at=-1, room=room))
        assert ran.code in (0, 3), (room, ran)
        assert "Traceback" not in ran.err
        assert ran.code == 0 or "error: cannot " in ran.err, ran.err
        codes.append(ran.code)
        between = published(site.contents())
        assert all(value in (before.get(key), after.get(key)) for key, value in between.items()), room
        assert runs.run(*site.arguments()).code == 0
        assert site.contents() == undisturbed.contents(), room
    assert 3 in codes


# At once


@pytest.mark.parametrize("processes", [2, 8])
@pytest.mark.parametrize("name", STORES)
def test_runs_at_once_of_which_some_are_killed_lose_and_double_nothing(
    tmp_path: Path, stores: Get, warm: Warmed, name: str, processes: int
) -> None:
    store = stores(name)
    number = 1 if processes == 8 else 2
    rounds = [durability.meet(store, warm(store), tmp_path / str(seed), processes, seed) for seed in range(number)]
    assert sum(runs for runs, _ in rounds) == number * processes


@pytest.mark.parametrize("name", STORES)
def test_a_run_that_is_held_up_never_leaves_an_older_generation_in_a_table(
    tmp_path: Path, stores: Get, warm: Warmed, name: str
) -> None:
    store = stores(name)
    every = {"local": 17, "s3": 61}.get(name, 13)
    assert durability.interleave(store, warm(store), tmp_path / "held", every) >= 2


# Stores that fail


@pytest.mark.parametrize("kind", FAULTS)
def test_a_store_that_fails_at_any_request_is_made_up_for(tmp_path: Path, stores: Get, warm: Warmed, kind: str) -> None:
    store = stores("s3")
    assert isinstance(store, S3)
    codes = durability.fail(store, warm(store), tmp_path / "fail", [kind], every=61, start=FAULTS.index(kind))
    assert sum(codes.values()) >= 1


# Damaged


def _damages(content: bytes, flips: int, chance: random.Random, step: int = 64) -> Iterator[tuple[str, bytes]]:
    """Ways in which an object can be damaged."""
    yield "empty", b""
    yield "html", b"<html><body>Service unavailable</body></html>"
    yield "gzip", gzip.compress(content, mtime=0)
    yield "another table", formats.encode(pd.DataFrame({"subject_id": ["a"], "session": [1]}), ".parquet")
    for length in range(step, len(content), step):
        yield f"cut at {length}", content[:length]
    for place in chance.choices(range(len(content)), k=flips):
        yield f"bit of byte {place}", _flipped(content, place, chance.randrange(8))


def _flipped(content: bytes, place: int, bit: int) -> bytes:
    return content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]


def _two_nights(store: Store, warm: Warm, folder: Path) -> tuple[Site, list[str]]:
    """A state of two generations, and the names of its head and of its newest table."""
    site = durability.prepared(store, SCENARIOS["new sessions"], warm, folder)
    assert warm.run(*site.arguments()).code == 0
    names = [name for name in store.files(site) if ".state/" in name]
    newest = max(name for name in names if "/gen/" in name)
    assert "/gen/000002-" in newest
    return site, [next(name for name in names if name.endswith("HEAD.json")), newest]


@pytest.mark.parametrize(("name", "flips", "step"), [("local", 480, 64), ("s3", 20, 1024)])
def test_a_damaged_head_or_generation_is_never_read(
    tmp_path: Path, stores: Get, warm: Warmed, name: str, flips: int, step: int
) -> None:
    store = stores(name)
    site, names = _two_nights(store, warm(store), tmp_path / "site")
    state, chance = open_state(site.manager, site.access()), random.Random(1)
    for which in names:
        whole = store.files(site)[which]
        for what, damaged in _damages(whole, flips, chance, step):
            store.write(site, which, damaged)
            assert "damaged" in _refusal(state.read), (which, what)
        store.write(site, which, whole)
        assert state.read() is not None


def _refusal(read: Callable[[], object]) -> str:
    try:
        read()
    except UnreadableError as error:
        return str(error)
    return "it was read"


@pytest.mark.parametrize("name", ["local", "s3"])
def test_every_command_says_what_is_damaged_and_changes_nothing(
    tmp_path: Path, stores: Get, warm: Warmed, name: str
) -> None:
    store = stores(name)
    site, names = _two_nights(store, warm(store), tmp_path / "site")
    config = ["--config", str(site.folder / "autotrain.yaml")]
    site.behave([*TWO, *mouse("d", [250])])
    for which in names:
        whole = store.files(site)[which]
        chosen = [each for each in _damages(whole, 1, random.Random(2)) if not each[0].startswith("cut")]
        for what, damaged in [*chosen, ("cut", whole[:-1])][:: 1 if name == "local" else 3]:
            store.write(site, which, damaged)
            before = store.files(site)
            for line in (site.arguments(), ["verify-state", *config], ["doctor", *config]):
                ran = command(*line)
                assert ran.code == 1, (what, ran)
                assert "damaged" in ran.out + ran.err, (what, ran)
                assert line[0] != "evaluate" or "ATD501" in ran.out, (what, ran)
                assert store.files(site) == before, (what, line)
        store.write(site, which, whole)
    assert command(*site.arguments()).code == 0


@pytest.mark.parametrize("name", ["local", "s3"])
def test_a_head_or_generation_that_is_gone_is_refused(tmp_path: Path, stores: Get, warm: Warmed, name: str) -> None:
    store = stores(name)
    site, names = _two_nights(store, warm(store), tmp_path / "site")
    config = ["--config", str(site.folder / "autotrain.yaml")]
    for which in names:
        whole = store.files(site)[which]
        _remove(site, which)
        before = store.files(site)
        for line in (site.arguments(), ["verify-state", *config], ["doctor", *config]):
            ran = command(*line)
            assert ran.code == 1, ran
            assert "is gone" in ran.out + ran.err
            assert store.files(site) == before
        store.write(site, which, whole)


def _remove(site: Site, name: str) -> None:
    if isinstance(site.store, S3):
        site.store.client.delete_object(Bucket=site.store.bucket, Key=f"{site.base.rpartition('/')[2]}/{name}")
    else:
        (site.tables / name).unlink()


@pytest.mark.parametrize(("suffix", "flips", "step"), [(".csv", 12, 256), (".parquet", 15, 2048)])
def test_a_damaged_table_is_written_again_or_refused_but_never_followed(
    tmp_path: Path, suffix: str, flips: int, step: int
) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    colony.judge(TWO)
    whole, chance, refused = colony.manager_path.read_bytes(), random.Random(3), 0
    for what, damaged in _damages(whole, flips, chance, step):
        colony.manager_path.write_bytes(damaged)
        ran = colony.run()
        if ran.code == 0:
            assert colony.manager_path.read_bytes() == whole, what
        else:
            assert (ran.code, "ATD515" in ran.out) == (1, True), (what, ran)
            assert colony.manager_path.read_bytes() == damaged, what
            assert colony.run("--restore").code == 0
            refused += 1
        assert colony.manager_path.read_bytes() == whole, what
        state = open_state(str(colony.manager_path), Access()).read()
        assert state is not None
        assert (state.generation, formats.encode(state.frame, suffix)) == (1, whole), what
    assert refused > 0


@pytest.mark.parametrize("table", ["stats", "superseded"])
def test_a_damaged_table_beside_df_manager_is_written_again(tmp_path: Path, table: str) -> None:
    colony = Colony.at(tmp_path / "colony")
    colony.judge(TWO)
    colony.judge(CHANGED, "--correct", "--now", LATER)
    path = {"stats": colony.stats_path, "superseded": colony.superseded_path}[table]
    whole = path.read_bytes()
    for what, damaged in list(_damages(whole, 5, random.Random(4)))[::3]:
        path.write_bytes(damaged)
        assert colony.run().code == 0, what
        assert path.read_bytes() == whole, what


# Any order of events


class Nights(RuleBasedStateMachine):
    """A colony on which everything happens that can happen, in any order."""

    warm: Warm
    folder: Path

    @initialize()
    def found(self) -> None:
        self.store = Store()
        self.site = self.store.site(self.folder / "site")
        self.rows = [dict(row) for row in ONE]
        self.known: set[tuple[object, ...]] = set()
        self.undisturbed = False
        self.clock = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder / "site", ignore_errors=True)

    def _run(self, *options: str, meddling: Meddling = UNDISTURBED) -> int:
        self.clock += 1
        self.site.behave(self.rows)
        now = f"2026-03-01T00:00:{self.clock % 60:02d}+00:00"
        ran = self.warm.run(*self.site.arguments(*options, now=now), meddling=meddling)
        assert ran.code in (0, 1, -9), ran
        assert "ATD501" not in ran.out + ran.err
        self.undisturbed = ran.code != -9 and "ATD515" not in ran.out
        return ran.code

    @rule(subject=st.sampled_from(["a", "b", "c"]), trials=st.sampled_from([90, 250, 350]))
    def a_session_comes(self, subject: str, trials: int) -> None:
        number = 1 + max((int(str(r["session"])) for r in self.rows if r["subject_id"] == subject), default=0)
        self.rows.append(session(number, trials, subject_id=subject))

    @rule(data=st.data(), what=st.sampled_from(["late", "doubled", "renumbered", "changed"]))
    def a_session_is_odd(self, data: st.DataObject, what: str) -> None:
        place = data.draw(st.integers(0, len(self.rows) - 1))
        row = dict(self.rows[place])
        if what == "doubled":
            self.rows.append({**row, "finished_trials": data.draw(st.sampled_from([row["finished_trials"], 7]))})
        elif what == "late":
            self.rows[place] = {**row, "session": int(str(row["session"])) + 1}
        elif what == "renumbered":
            self.rows[place] = {**row, "session": data.draw(st.integers(1, 9))}
        else:
            self.rows[place] = {**row, "finished_trials": data.draw(st.sampled_from([20, 150, 400]))}

    @rule(
        options=st.sampled_from([(), ("--subject", "a"), ("--correct",), ("--rerun",), ("--subject", "b", "--correct")])
    )
    def a_night(self, options: tuple[str, ...]) -> None:
        self._run(*options)

    @rule(at=st.integers(0, 60), options=st.sampled_from([(), ("--correct",), ("--subject", "c")]))
    def a_killed_night(self, at: int, options: tuple[str, ...]) -> None:
        self._run(*options, meddling=Meddling(KILL, at))

    @rule(at=st.integers(0, 20), options=st.sampled_from([("--subject", "a"), ()]))
    def two_nights_at_once(self, at: int, options: tuple[str, ...]) -> None:
        self.site.behave(self.rows)
        other = tuple(self.site.arguments(*options))
        self._run("--correct", meddling=Meddling(RUN, at, calls_only=True, arguments=other, codes=(0, 1)))

    @rule(how=st.sampled_from(["--adopt", "--restore"]))
    def somebody_edits_the_table(self, how: str) -> None:
        if self.undisturbed and (self.site.tables / "df_manager.csv").exists():
            durability.edit(self.site)
            self._run(how)

    @rule(which=st.sampled_from(["df_manager.csv", "df_manager_stats.csv", "df_manager_superseded.csv"]))
    def a_table_is_deleted(self, which: str) -> None:
        (self.site.tables / which).unlink(missing_ok=True)
        self.undisturbed = False

    @invariant()
    def what_was_published_is_in_force_or_on_record(self) -> None:
        state = open_state(self.site.manager, Access())
        snapshot, old = state.read(), state.superseded()
        if snapshot is None:
            return
        assert not snapshot.frame.duplicated(["subject_id", "session"]).any()
        frames = [snapshot.frame, *([] if old is None else [old])]
        now = {row for frame in frames for row in _identities(frame)}
        assert self.known <= now
        self.known = now
        assert old is None or old["superseded_in"].between(1, snapshot.generation).all()

    @invariant()
    def tables_say_what_the_state_says(self) -> None:
        # A night that was killed early leaves a head without a generation, which is right until there is one.
        if self.undisturbed and open_state(self.site.manager, Access()).generation():
            durability.lagging(self.site)


def _identities(frame: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    columns = [
        "subject_id",
        "session",
        "current_stage_actual",
        "decision",
        "next_stage_suggested",
        "metrics",
        "judged_at",
    ]
    yield from frame[columns].astype(str).itertuples(index=False, name=None)


def test_whatever_happens_in_whatever_order_no_row_is_lost_or_doubled(
    tmp_path: Path, stores: Get, warm: Warmed
) -> None:
    Nights.warm, Nights.folder = warm(stores("local")), tmp_path
    run_state_machine_as_test(
        Nights,
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


# The record


@pytest.mark.skipif(not RECORD.is_dir(), reason="the recorded data is not there")
def test_judging_the_whole_record_again_gives_what_its_nights_gave(tmp_path: Path) -> None:
    record = pd.read_csv(RECORD / "df_behavior_open_loop.csv", dtype=str)
    numbers = record["session"].astype(int)
    ends = sorted({*numbers.quantile([n / 12 for n in range(1, 13)], interpolation="lower"), numbers.max()})
    behavior, manager = tmp_path / "df_behavior.csv", tmp_path / "df_manager.parquet"
    tables = ["--behavior", str(behavior), "--manager", str(manager), "--default-curriculum", "Coupled Baiting@2.3"]
    line = ["evaluate", "--curriculums", str(ROOT / "curriculums" / "coupled_baiting"), *tables, "--format", "json"]
    for end in ends:
        record[numbers <= end].to_csv(behavior, index=False)
        assert command(*line, "--now", NOW).code == 0
    by_night = pd.read_parquet(manager)
    assert len(by_night) == len(record)
    again = command(*line, "--rerun", "--now", LATER)
    assert again.code == 0, again
    rerun = pd.read_parquet(manager)
    assert set(rerun["judged_at"]) == {LATER}
    own = ["judged_at", "program_version"]
    pd.testing.assert_frame_equal(by_night.drop(columns=own), rerun.drop(columns=own))


# Surroundings

ZONES = ("UTC", "America/Los_Angeles", "Asia/Kolkata")
LOCALES = ("C", "C.UTF-8", "POSIX", "de_DE.UTF-8")
SEEDS = ("0", "1", "4242")


def test_the_same_bytes_whatever_time_zone_locale_and_hash_seed(tmp_path: Path) -> None:
    store, made = Store(), []
    site, eve = store.site(tmp_path / "site"), tmp_path / "eve"
    first, second = ([{**row, "subject_id": f"{row['subject_id']} ü"} for row in rows] for rows in (ONE, CHANGED))
    site.behave(first)
    assert command(*site.arguments(now=NOW)).code == 0
    site.behave(second)
    shutil.copytree(site.tables, eve)
    for language, seed in zip(LOCALES, itertools.cycle(SEEDS), strict=False):
        with Warm(LC_ALL=language, PYTHONHASHSEED=seed) as process:
            for zone in ZONES:
                shutil.rmtree(site.tables)
                shutil.copytree(eve, site.tables)
                made.append(_surrounded(site, process, zone))
    assert len(made) == 12
    assert all(each == made[0] for each in made)
    assert "df_manager_superseded.csv" in made[0][0]


def _surrounded(site: Site, process: Warm, zone: str) -> tuple[dict[str, bytes], str]:
    """All tables and the report of a night in a time zone."""
    line = site.arguments("--correct", now="2026-02-01T06:00:00")
    ran = process.run(*line, meddling=Meddling(variables={"TZ": zone}))
    assert ran.code == 0, ran
    files = {name: text for name, text in site.store.files(site).items() if not name.endswith("HEAD.json")}
    assert "df_manager_report.json" in files
    return files, ran.out

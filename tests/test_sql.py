"""Databases as tables and as the state of df_manager, on real SQLite files and a real PostgreSQL server."""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest
import sql_servers
import sqlalchemy as sa
from sql_servers import INTEGERS, METRICS, PASSWORD, Proxy, Server, change, finished, in_child, row, started

from autotrain_dsl.store.base import ConflictError, State, StoreError, UnreadableError
from autotrain_dsl.store.sql import locate, read_table
from autotrain_dsl.store.sql_state import EXPORTS_KNOWN, REPORTS_KEPT, SqlState
from autotrain_dsl.tables.manager import Row, from_frame, to_frame

KINDS = ("sqlite", "postgres")
_schemas = count()


@dataclass(frozen=True, slots=True)
class Database:
    """A database of one test, without any table."""

    url: str
    path: Path | None
    server: Server | None
    schema: str

    def uri(self, table: str = "df_manager") -> str:
        return f"{self.url}#{table}"

    def execute(self, *statements: str, **parameters: object) -> list[Any]:
        """Run statements as somebody else does; the rows of the last one."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                found = connection.execute(sa.text(statement), parameters)
            return [tuple(row) for row in found] if found.returns_rows else []

    def tables(self) -> list[str]:
        return sorted(sa.inspect(sa.create_engine(self.url, poolclass=sa.NullPool)).get_table_names())


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(sql_servers.postgres())
        except sql_servers.NoServerError as reason:
            pytest.skip(str(reason))
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Database:
    path = tmp_path / "colony.db"
    return Database(f"sqlite:///{path}", path, None, "main")


@pytest.fixture
def lab(server: Server) -> Database:
    schema = f"test{next(_schemas)}"
    server.execute(f"CREATE SCHEMA {schema} AUTHORIZATION lab")
    return Database(server.url(schema=schema), None, server, schema)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Database:
    found = request.getfixturevalue("file" if request.param == "sqlite" else "lab")
    assert isinstance(found, Database)
    return found


def rows_of(state: State) -> list[Row]:
    snapshot = state.read()
    assert snapshot is not None
    return from_frame(snapshot.frame, METRICS)


def stats_of(database: Database) -> list[tuple[Any, ...]]:
    columns = '"subject_id", "current_stage_actual", "session_spent", "last_leave", "n_STAY", "n_PROGRESS"'
    return sorted(database.execute(f'SELECT {columns} FROM "df_manager_stats"'))


def failure(work: Callable[[], object], kind: type[Exception] = StoreError) -> StoreError:
    """The error that something raises; the password is nowhere in it, nor in what a traceback would show."""
    with pytest.raises(kind) as raised:
        work()
    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    for secret in (PASSWORD, quote(PASSWORD, safe=""), PASSWORD.split("@")[0], PASSWORD.split("@")[1]):
        assert secret not in shown
    assert isinstance(raised.value, StoreError)
    return raised.value


COLONY = [row("0012", 1), row("0012", 2, decision="PROGRESS", next_stage_suggested="STAGE_2"), row("0013", 1)]


# What is published is what is read.


def test_what_was_published_is_read_back(database: Database) -> None:
    state = SqlState(database.uri())
    assert state.read() is None
    assert state.generation() == 0
    assert state.superseded() is None
    published = state.publish(change([], COLONY), None)
    found = state.read()
    assert found is not None
    assert (published.generation, found.generation, state.generation()) == (1, 1, 1)
    assert rows_of(state) == COLONY
    pd.testing.assert_frame_equal(found.frame, published.frame)
    assert state.superseded() is None
    assert stats_of(database) == [("0012", "STAGE_1", 2, 2, 1, 1), ("0013", "STAGE_1", 1, 1, 1, 0)]


def test_unusual_values_come_back_as_they_were(database: Database) -> None:
    numbers = [5e-324, 1.7976931348623157e308, 1 / 3, 1e22, 123456789.123456789, -1e-9, 2.0**53 - 1]
    strange = [
        row(
            "naïve 🐭 Ω",
            n,
            values={"finished_trials": None if n % 2 else 2.0**52, "foraging_efficiency": number},
            session_at_current_stage=None,
            if_closed_loop=None,
            if_overriden_by_trainer=bool(n % 2),
            reason="x" * 100_000 + "é\n\t'\"\\%s %(a)s :b ?",
            metrics='{"foraging_efficiency": [null, 0.30000000000000004]}',
        )
        for n, number in enumerate(numbers, 1)
    ]
    missing = row("NA", 1, values={"finished_trials": None, "foraging_efficiency": None}, if_closed_loop=False)
    state = SqlState(database.uri())
    state.publish(change([], [*strange, missing]), None)
    assert rows_of(state) == sorted([*strange, missing], key=lambda r: r.key)
    pd.testing.assert_frame_equal(state.read().frame, to_frame([*strange, missing], INTEGERS))  # type: ignore[union-attr]
    bits = [struct.pack("d", r.values["foraging_efficiency"]) for r in rows_of(state)[1:]]
    assert bits == [struct.pack("d", number) for number in numbers]


def test_rows_are_sorted_by_code_point_whatever_the_database_thinks(database: Database) -> None:
    names = ["a", "B", "b", "A", "é", "z", "10", "9", "_"]
    state = SqlState(database.uri())
    state.publish(change([], [row(name, session) for name in names for session in (10, 9)]), None)
    assert [r.key for r in rows_of(state)] == [(name, session) for name in sorted(names) for session in (9, 10)]


def test_text_that_no_database_takes_is_marked(database: Database) -> None:
    state = SqlState(database.uri())
    state.publish(change([], [row("1", 1, reason="a\x00b\ud800c")]), None)
    assert rows_of(state)[0].reason == "a\ufffdb\ufffdc"


def test_rows_are_appended_and_replaced_and_the_old_ones_stay_on_record(database: Database) -> None:
    state = SqlState(database.uri())
    first = state.publish(change([], COLONY), None)
    corrected, new = replace(COLONY[0], decision="ROLLBACK", values={**COLONY[0].values}), row("0014", 1)
    second = state.publish(change(COLONY, [new], [corrected], "second"), first)
    again = replace(corrected, reason="once more")
    now = [corrected, *COLONY[1:], new]
    state.publish(change(now, [], [again], "third"), second)
    assert rows_of(state) == [again, *COLONY[1:], new]
    old = state.superseded()
    assert old is not None
    assert old.columns[-1] == "superseded_in"
    assert old["superseded_in"].tolist() == [2, 3]
    expected = to_frame([COLONY[0]], INTEGERS).assign(superseded_in=2)
    pd.testing.assert_frame_equal(old.iloc[:1], expected)
    assert from_frame(old.drop(columns="superseded_in"), METRICS, revisions=True) == [COLONY[0], corrected]
    kept = database.execute('SELECT generation, publish_id, "rows", added, replaced FROM df_manager_generations')
    assert sorted(kept) == [(1, "first", 3, 3, 0), (2, "second", 4, 1, 1), (3, "third", 4, 0, 1)]


def test_statistics_of_other_subjects_are_left_alone(database: Database) -> None:
    state = SqlState(database.uri())
    first = state.publish(change([], COLONY), None)
    database.execute("UPDATE df_manager_stats SET session_spent = 77")
    state.publish(change(COLONY, [row("0013", 2, current_stage_actual="STAGE_2")], publish_id="b"), first)
    assert [found[:3] for found in stats_of(database)] == [
        ("0012", "STAGE_1", 77), ("0013", "STAGE_1", 1), ("0013", "STAGE_2", 1)
    ]  # fmt: skip


def test_rows_that_do_not_change_are_not_written_again(lab: Database) -> None:
    state = SqlState(lab.uri())
    first = state.publish(change([], COLONY), None)
    written = "SELECT subject_id, session, xmin::text FROM df_manager"
    before = set(lab.execute(written))
    state.publish(change(COLONY, [row("0012", 3)], [replace(COLONY[2], reason="new")], "b"), first)
    assert {found[:2] for found in set(lab.execute(written)) - before} == {("0012", 3), ("0013", 1)}


def test_a_colony_without_sessions_gets_its_tables_and_the_next_run_fills_them(database: Database) -> None:
    state = SqlState(database.uri())
    empty = state.publish(change([]), None)
    assert rows_of(state) == []
    state.publish(change([], COLONY, publish_id="b"), empty)
    assert rows_of(state) == COLONY


def test_a_new_metric_becomes_a_new_column(database: Database) -> None:
    state = SqlState(database.uri())
    first = state.publish(change([], COLONY), None)
    new = row("0012", 3, values={**COLONY[0].values, "bias": -0.25})
    corrected = replace(COLONY[0], reason="corrected")
    state.publish(change(COLONY, [new], [corrected], "b"), first)
    found = {r.key: r for r in from_frame(state.read().frame, METRICS | {"bias"})}  # type: ignore[union-attr]
    assert found["0012", 3].values["bias"] == -0.25
    assert found["0013", 1].values["bias"] is None
    old = state.superseded()
    assert old is not None
    assert old["bias"].isna().tolist() == [True]


def test_columns_that_people_add_stay_and_are_read(database: Database) -> None:
    state = SqlState(database.uri())
    state.publish(change([], COLONY), None)
    database.execute(
        'ALTER TABLE df_manager ADD COLUMN "seen by" TEXT', "ALTER TABLE df_manager ADD COLUMN healthy BOOLEAN",
        "UPDATE df_manager SET \"seen by\" = 'Ann', healthy = true WHERE subject_id = '0012' AND session = 1",
    )  # fmt: skip
    before = state.read()
    assert before is not None
    known = from_frame(before.frame, METRICS)
    assert dict(known[0].extra) == {"seen by": "Ann", "healthy": True}
    state.publish(change(known, [row("0012", 3)], [replace(known[0], reason="new")], "b"), before)
    assert dict(rows_of(state)[0].extra) == {"seen by": "Ann", "healthy": True}
    assert dict(rows_of(state)[2].extra) == {"seen by": None, "healthy": None}
    assert state.superseded()["seen by"].tolist() == ["Ann"]  # type: ignore[index]


def test_reports_are_kept_up_to_a_hundred(database: Database) -> None:
    state = SqlState(database.uri())
    assert state.report("run 0") is True
    database.execute(
        "INSERT INTO df_manager_reports (number, at, report) SELECT number + 1, at, 'run 1' FROM df_manager_reports"
    )
    for doubling in range(6):
        database.execute(
            "INSERT INTO df_manager_reports (number, at, report) "
            f"SELECT number + {2 ** (doubling + 1)}, at, 'run' FROM df_manager_reports"
        )
    state.report('{"text": "\U0001f42d\x00"}')
    kept = database.execute("SELECT number, at, report FROM df_manager_reports ORDER BY number")
    assert [number for number, _, _ in kept] == list(range(130 - REPORTS_KEPT, 130))
    assert kept[-1][2] == '{"text": "\U0001f42d\ufffd"}'
    assert kept[-1][1].endswith("+00:00")
    assert state.read() is None


def test_what_was_exported_is_known_newest_first(database: Database) -> None:
    state = SqlState(database.uri())
    assert state.exported() == []
    exported = {"manager.csv": b"1", "stats.csv": b"x"}
    state.publish(replace(change([], COLONY), exported=exported), None)
    for number in range(2, EXPORTS_KNOWN + 3):
        database.execute(
            "INSERT INTO df_manager_generations (generation, publish_id, exported) VALUES (:number, :id, :exported)",
            number=number,
            id=str(number),
            exported=f'{{"manager.csv": "{number}"}}',
        )
    state.prune()
    kept = state.exported()
    assert [entry["manager.csv"] for entry in kept] == [str(number) for number in range(EXPORTS_KNOWN + 2, 2, -1)]
    database.execute("DELETE FROM df_manager_generations WHERE generation > 1")
    assert state.exported() == [{name: sha256(content).hexdigest() for name, content in exported.items()}]
    assert rows_of(state) == COLONY


def test_rows_that_somebody_has_added_or_removed_are_found(database: Database) -> None:
    state = SqlState(database.uri())
    assert state.verify() == []
    first = state.publish(change([], COLONY), None)
    state.publish(change(COLONY, [], [replace(COLONY[0], reason="x")], "b"), first)
    assert state.verify() == []
    database.execute("DELETE FROM df_manager WHERE subject_id = '0013'", "DELETE FROM df_manager_superseded")
    assert [fault.partition(": ")[2] for fault in state.verify()] == [
        "`df_manager` has 2 rows, but 3 were published",
        "`df_manager_superseded` has 0 rows, but 1 were published",
    ]
    database.execute("DELETE FROM df_manager_generations WHERE generation = 1")
    assert "generations are missing from its record" in state.verify()[0]


# One run after the other.


def test_of_two_publishes_from_one_snapshot_exactly_one_wins(database: Database) -> None:
    state = SqlState(database.uri())
    first = state.publish(change([], COLONY), None)
    state.publish(change(COLONY, [row("0014", 1)], publish_id="b"), first)
    before = rows_of(state)
    with pytest.raises(ConflictError):
        state.publish(change(COLONY, [row("0015", 1)], publish_id="c"), first)
    assert rows_of(state) == before
    assert state.generation() == 2


def test_what_was_read_is_of_one_moment(lab: Database) -> None:
    state = SqlState(lab.uri())
    first = state.publish(change([], COLONY), None)
    left = [change(COLONY, [row("0014", 1)], publish_id="b")]

    def meanwhile(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "max(" in statement and left:
            SqlState(lab.uri()).publish(left.pop(), first)

    sa.event.listen(sa.Engine, "after_cursor_execute", meanwhile)
    try:
        found = state.read()
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", meanwhile)
    assert not left
    assert found is not None
    assert (found.generation, len(found.frame)) == (1, 3)
    assert (state.generation(), len(rows_of(state))) == (2, 4)


def test_a_record_that_has_gone_backwards_is_a_conflict(database: Database) -> None:
    state = SqlState(database.uri())
    first = state.publish(change([], COLONY), None)
    database.execute("DELETE FROM df_manager_generations")
    with pytest.raises(ConflictError):
        state.publish(change(COLONY, [row("0014", 1)], publish_id="b"), first)


def test_a_publish_that_is_there_already_is_a_success_and_is_not_made_again(database: Database) -> None:
    state = SqlState(database.uri())
    first = state.publish(change([], COLONY), None)
    state.publish(change(COLONY, [row("0014", 1)], publish_id="b"), first)
    repeated = state.publish(change(COLONY, [row("0014", 1)], publish_id="b"), first)
    assert repeated.generation == 2
    assert len(rows_of(state)) == 4


def test_a_row_that_came_in_behind_the_run_is_a_conflict(database: Database) -> None:
    state = SqlState(database.uri())
    first = state.publish(change([], COLONY), None)
    database.execute("INSERT INTO df_manager (subject_id, session) VALUES ('0014', 1)")
    with pytest.raises(ConflictError):
        state.publish(change(COLONY, [row("0014", 1), row("0015", 1)], publish_id="b"), first)
    assert state.generation() == 1
    assert database.execute("SELECT count(*) FROM df_manager") == [(4,)]


def test_a_row_that_was_removed_behind_the_run_is_a_conflict(database: Database) -> None:
    state = SqlState(database.uri())
    first = state.publish(change([], COLONY), None)
    database.execute("DELETE FROM df_manager WHERE subject_id = '0013'")
    corrected = [replace(COLONY[0], reason="x"), replace(COLONY[2], reason="x")]
    with pytest.raises(ConflictError):
        state.publish(change(COLONY, [], corrected, "b"), first)
    assert rows_of(state) == COLONY[:2]
    assert state.superseded() is None


def test_the_database_itself_refuses_a_second_row_for_a_session(database: Database) -> None:
    SqlState(database.uri()).publish(change([], COLONY), None)
    with pytest.raises(sa.exc.IntegrityError):
        database.execute("INSERT INTO df_manager (subject_id, session) VALUES ('0012', 1)")


def test_a_table_that_is_gone_is_not_taken_for_a_new_one(database: Database) -> None:
    state = SqlState(database.uri())
    state.publish(change([], COLONY), None)
    database.execute("DROP TABLE df_manager")
    with pytest.raises(UnreadableError, match="restore it from a backup"):
        state.read()
    with pytest.raises(ConflictError):
        state.publish(change([], COLONY, publish_id="b"), None)


def test_of_several_first_publishes_exactly_one_wins(database: Database) -> None:
    running = [
        started(sql_servers.publish, database.uri(), change([], [row(f"{n}", 1)], publish_id=f"{n}"), None)
        for n in range(4)
    ]
    won = []
    for n, child in enumerate(running):
        with contextlib.suppress(ConflictError):
            assert finished(*child) == 1
            won.append(n)
    assert len(won) == 1
    assert rows_of(SqlState(database.uri())) == [row(f"{won[0]}", 1)]


@pytest.mark.parametrize("runs", [2, 4, 8])
def test_runs_at_once_of_which_a_third_is_killed_lose_and_double_nothing(database: Database, runs: int) -> None:
    doomed = {n: 5 + 3 * n for n in range(max(1, runs // 3))}
    children = [started(sql_servers.publish_one_more, database.uri(), f"mouse {n}", doomed.get(n)) for n in range(runs)]
    done = [n for n, child in enumerate(children) if finished(*child) is not None]
    assert set(range(runs)) - set(doomed) <= set(done)
    state = SqlState(database.uri())
    found = [r.subject_id for r in rows_of(state)]
    assert len(found) == len(set(found))
    assert {f"mouse {n}" for n in done} <= set(found) <= {f"mouse {n}" for n in range(runs)}
    generations = sorted(database.execute('SELECT generation, "rows" FROM df_manager_generations'))
    assert generations == [(n, n) for n in range(1, len(found) + 1)]
    assert [subject for subject, *_ in stats_of(database)] == sorted(found)


# Killed, or cut off.


@pytest.mark.parametrize("first", [True, False], ids=["first publish", "next publish"])
def test_a_run_killed_anywhere_leaves_the_old_or_the_new_generation(database: Database, first: bool) -> None:
    state = SqlState(database.uri())
    old = [] if first else COLONY
    before = None if first else state.publish(change([], COLONY), None)
    corrected = [] if first else [replace(COLONY[0], reason="corrected")]
    added = [row("0015", n) for n in (1, 2)]
    expected = sorted([*corrected, *old[1:], *added], key=lambda r: r.key)
    remains = in_child(
        sql_servers.publish_killed_everywhere, database.uri(), change(old, added, corrected, "next"), before
    )
    unchanged, new = (0, 1) if first else (1, 2)
    generations = [0 if found is None else found.generation for _, found, _ in remains]
    assert generations == sorted(generations)
    assert set(generations) == {unchanged, new}
    assert generations.count(unchanged) >= 12  # killed before it was permanent
    assert [killed for killed, _, _ in remains] == [True] * (len(remains) - 1) + [False]
    assert generations.count(new) >= 2  # killed after that, and not killed
    for generation, (_, found, superseded) in zip(generations, remains, strict=True):
        assert (from_frame(found.frame, METRICS) if found else []) == (old if generation == unchanged else expected)
        assert (0 if superseded is None else len(superseded)) == (0 if generation == unchanged else len(corrected))
    assert [found[0] for found in stats_of(database)] == sorted({r.subject_id for r in expected})


@contextlib.contextmanager
def at_commit(happens: Callable[[], object]) -> Iterator[None]:
    """Something happens once, right before a commit."""
    left = [happens]

    def once(_: object) -> None:
        if left:
            left.pop()()

    sa.event.listen(sa.Engine, "commit", once)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "commit", once)
    assert not left


def test_a_server_that_ends_the_connection_before_the_commit_has_changed_nothing(lab: Database) -> None:
    state = SqlState(lab.uri())
    first = state.publish(change([], COLONY), None)
    assert lab.server is not None
    end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'lab'"
    following = change(COLONY, [row("0014", 1)], publish_id="b")
    with at_commit(lambda: lab.server.execute(end)):  # type: ignore[union-attr]
        error = failure(lambda: state.publish(following, first))
    assert error.changed == "nothing was changed"
    assert rows_of(state) == COLONY
    assert state.publish(following, first).generation == 2


@pytest.mark.parametrize(
    ("lose", "refuse", "known", "generation"),
    [
        ("reply", False, "success", 2),
        ("request", False, "nothing was changed", 1),
        ("reply", True, "not known", 2),
        ("request", True, "not known", 1),
        ("client", False, "not known", 1),
    ],
)
def test_a_connection_lost_during_the_commit(
    lab: Database, lose: str, refuse: bool, known: str, generation: int
) -> None:
    state = SqlState(lab.uri())
    first = state.publish(change([], COLONY), None)
    following = change(COLONY, [row("0014", 1)], publish_id="b")
    assert lab.server is not None
    proxy = Proxy(lab.server.port)

    def cut() -> None:
        proxy.refuse, proxy.lose = refuse, lose

    through = SqlState(lab.server.url(port=proxy.port, schema=lab.schema) + "#df_manager", patience=0.3)
    try:
        with at_commit(cut):
            if known == "success":
                assert through.publish(following, first).generation == 2
            else:
                assert known in failure(lambda: through.publish(following, first)).changed
    finally:
        proxy.close()
    assert proxy.lost == 1
    assert state.generation() == generation
    assert state.publish(following, first).generation == 2
    assert len(rows_of(state)) == 4
    assert len(lab.execute("SELECT 1 FROM df_manager_generations")) == 2


# Older tables.


def older(database: Database, *, key: str = "") -> None:
    database.execute(
        "CREATE TABLE df_manager (idx BIGINT, subject_id TEXT, session DOUBLE PRECISION, session_date DATE, "
        "foraging_efficiency NUMERIC, current_stage_actual VARCHAR(30), decision TEXT, "
        f"next_stage_suggested TEXT{key})",
        "INSERT INTO df_manager VALUES (0, '0012', 1.0, '2026-01-30', 0.5, 'STAGE_1', 'STAY', 'STAGE_1'), "
        "(1, '0011', 1.0, NULL, NULL, 'STAGE_1', 'PROGRESS', 'STAGE_2')",
    )


@pytest.mark.parametrize("key", ["", ", PRIMARY KEY (session, subject_id)"])
def test_a_table_of_another_program_is_taken_over_as_it_is(database: Database, key: str) -> None:
    older(database, key=key)
    state = SqlState(database.uri())
    before = state.read()
    assert before is not None
    assert before.generation == 0
    known = from_frame(before.frame, METRICS)
    assert [(r.subject_id, r.session, r.session_date, r.values) for r in known] == [
        ("0011", 1, "", {"foraging_efficiency": None}), ("0012", 1, "2026-01-30", {"foraging_efficiency": 0.5})
    ]  # fmt: skip
    new = row("0012", 2, session_date="2026-01-31", extra={"idx": None})
    published = state.publish(change(known, [new]), before)
    assert published.generation == 1
    found = rows_of(state)
    assert [r.extra["idx"] for r in found] == [1, 0, None]
    assert found[2] == new
    assert [found[0], found[1]] == [replace(r, values={**r.values, "finished_trials": None}) for r in known]
    assert [subject for subject, *_ in stats_of(database)] == ["0011", "0012"]
    with pytest.raises(sa.exc.IntegrityError):
        database.execute("INSERT INTO df_manager (subject_id, session) VALUES ('0012', 2)")
    corrected = replace(known[1], reason="now")
    state.publish(change(known, [], [corrected], "b"), replace(published, frame=state.read().frame))  # type: ignore[union-attr]
    old = state.superseded()
    assert old is not None
    assert str(old["session_date"][0]) == "2026-01-30"
    assert from_frame(old, METRICS)[0].values["foraging_efficiency"] == 0.5


def test_an_older_table_with_doubled_rows_is_left_alone_and_they_are_named(database: Database) -> None:
    older(database)
    database.execute("INSERT INTO df_manager SELECT * FROM df_manager WHERE subject_id = '0012'")
    state = SqlState(database.uri())
    error = failure(lambda: state.publish(change([], [row("0014", 1)]), state.read()))
    assert "several rows for the same session: 0012 session 1" in str(error)
    assert "subject_id = 0012" not in str(error)
    assert database.tables() == ["df_manager"]
    assert "several rows" in str(failure(state.probe))


@pytest.mark.parametrize("behind", ["UPDATE df_manager SET decision = 'STAY'", "DROP TABLE df_manager"])
def test_an_older_table_that_changes_under_the_run_is_a_conflict(database: Database, behind: str) -> None:
    older(database)
    state = SqlState(database.uri())
    before = state.read()
    database.execute(behind)
    with pytest.raises(ConflictError):
        state.publish(change([], [row("0014", 1)]), before)
    assert "df_manager_generations" not in database.tables()


def test_a_table_that_another_program_makes_under_the_run_is_a_conflict(database: Database) -> None:
    state = SqlState(database.uri())
    assert state.read() is None
    older(database)
    with pytest.raises(ConflictError):
        state.publish(change([], [row("0012", 1)]), None)
    assert database.tables() == ["df_manager"]


@pytest.mark.parametrize(
    ("kind", "subject", "efficiency", "column"),
    [
        ("BIGINT", "0012", 0.5, "subject_id"),
        ("INTEGER", "1e3", 0.5, "subject_id"),
        ("DOUBLE PRECISION", "0012", 0.5, "subject_id"),
    ],
)
def test_a_column_that_would_change_a_value_is_an_error(
    database: Database, kind: str, subject: str, efficiency: float, column: str
) -> None:
    database.execute(f"CREATE TABLE df_manager (subject_id {kind}, session BIGINT)")
    state = SqlState(database.uri())
    error = failure(lambda: state.publish(change([], [row(subject, 1)]), state.read()))
    assert f"column `{column}` holds" in str(error)
    assert f"`{subject}`" in str(error)
    assert state.read().generation == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(("kind", "value"), [("BIGINT", 0.5), ("REAL", 0.1), ("NUMERIC(5,2)", 0.125)])
def test_a_number_that_the_server_would_round_is_an_error(lab: Database, kind: str, value: float) -> None:
    lab.execute(f"CREATE TABLE df_manager (subject_id TEXT, session BIGINT, foraging_efficiency {kind})")
    state = SqlState(lab.uri())
    bad = row("1", 1, values={"foraging_efficiency": value})
    assert f"`{value}`" in str(failure(lambda: state.publish(change([], [bad]), state.read())))
    good = row("1", 1, values={"foraging_efficiency": 2.0})
    state.publish(change([], [good]), state.read())
    assert rows_of(state) == [good]


# Names and values that mean harm.


HOSTILE = ('a"b', "x'; DROP TABLE victim; --", 'y"; DROP TABLE victim; --', "Mäuse 1", "select", "per%cent", ":bind",
           "%(x)s", "a)b(c", "[x]", "`x`", "?")  # fmt: skip


def test_hostile_names_and_values_stay_text(database: Database) -> None:
    database.execute("CREATE TABLE victim (id BIGINT)")
    for name in HOSTILE:
        state = SqlState(database.uri(name))
        evil = row(name, 1, reason=name, task=f"'); DROP TABLE victim; -- {name}")
        state.publish(change([], [evil], publish_id=name), None)
        assert rows_of(state) == [evil]
        stats = read_table(database.uri(f"{name}_stats"))
        assert stats is not None
        assert stats["subject_id"].tolist() == [name]
    made = {f"{name}{beside}" for name in HOSTILE for beside in ("", "_superseded", "_stats", "_generations")}
    assert set(database.tables()) == {"victim", *made}


def test_hostile_names_of_columns_stay_text(database: Database) -> None:
    database.execute("CREATE TABLE victim (id BIGINT)")
    state = SqlState(database.uri())
    first = state.publish(change([], COLONY), None)
    evil = row("x", 1, extra={name: name for name in HOSTILE})
    second = state.publish(change(COLONY, [evil], publish_id="b"), first)
    corrected = replace(evil, extra={name: f"{name}!" for name in HOSTILE})
    state.publish(change([*COLONY, evil], [], [corrected], "c"), second)
    assert rows_of(state)[-1] == corrected
    old = state.superseded()
    assert old is not None
    assert [old[name][0] for name in HOSTILE] == list(HOSTILE)
    assert "victim" in database.tables()


# Any table.


def test_a_table_is_read_as_the_driver_gives_it(lab: Database) -> None:
    lab.execute(
        "CREATE TABLE df_behavior (subject_id TEXT, session INT, day DATE, exact NUMERIC, share FLOAT, ok BOOLEAN)",
        "INSERT INTO df_behavior VALUES ('007', 1, '2026-01-30', 0.10, 0.1, true), "
        "(NULL, NULL, NULL, NULL, NULL, NULL)",
        "CREATE VIEW recent AS SELECT subject_id, session FROM df_behavior WHERE session > 0",
    )
    frame = read_table(lab.uri("df_behavior"))
    assert frame is not None
    assert all(kind == object for kind in frame.dtypes)  # noqa: E721
    assert frame.iloc[0].tolist() == ["007", 1, date(2026, 1, 30), Decimal("0.10"), 0.1, True]
    assert frame.iloc[1].tolist() == [None] * 6
    assert type(frame["session"][0]) is int
    recent = read_table(lab.uri(f"{lab.schema}.recent"))
    assert recent is not None
    assert recent.to_numpy().tolist() == [["007", 1]]


def test_a_file_is_read_as_the_driver_gives_it(file: Database) -> None:
    file.execute(
        "CREATE TABLE df_behavior (subject_id TEXT, session INT, day DATE, share FLOAT, ok BOOLEAN, any_thing)",
        "INSERT INTO df_behavior VALUES ('007', 1, 'yesterday', 0.1, 1, 5), (NULL, NULL, NULL, NULL, NULL, 'x')",
    )
    frame = read_table(file.uri("df_behavior"))
    assert frame is not None
    assert all(kind == object for kind in frame.dtypes)  # noqa: E721
    assert frame.iloc[0].tolist() == ["007", 1, "yesterday", 0.1, True, 5]
    assert frame["ok"][0] is True
    assert frame.iloc[1].tolist() == [None] * 5 + ["x"]


def test_only_a_table_that_is_not_there_is_none(database: Database) -> None:
    database.execute("CREATE TABLE other (id BIGINT)")
    assert read_table(database.uri("df_behavior")) is None
    empty = read_table(database.uri("other"))
    assert empty is not None
    assert empty.empty


# What goes wrong outside.


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("sqlite:///colony.db", "ends in `#TABLE`"),
        ("sqlite:///colony.db#", "ends in `#TABLE`"),
        ("sqlite:////a#1/colony.db", "ends in `#TABLE`"),
        ("colony.db#df", "no address of a database"),
        ("sqlite://colony.db#df", "three slashes"),
        ("sqlite://#df", "the path of a file"),
        ("sqlite:///:memory:#df", "the path of a file"),
        ("sqlite:///a.db#main.df", "no dot"),
        ("sqlite:///a.db?mode=memory#df", "`?mode=ro`"),
        ("sqlite:///a.db#d\x00f", "ends in `#TABLE`"),
        ("mysql://u:{password}@h/lab#df", "`mysql` is no database"),
        ("postgresql+psycopg2://u:{password}@h/lab#df", "`postgresql+psycopg2` is no database"),
        ("postgresql://u:{password}@h:port/lab#df", "malformed"),
        ("postgresql://u:s3kret@p@ss@h/lab#df", "an @ is written %40"),
        ("postgresql://u:s3kret#p@h/lab", "a # is written %23"),
        ("postgresql://u:{password}@h/lab#a.b.c", "one dot at most"),
        ("postgresql://u:{password}@h/lab#.df", "no name of a table"),
        ("postgresql://u:{password}@h/lab#a.", "no name of a table"),
        ("postgresql://u:{password}@h/lab#" + "é" * 26, "51 bytes at most"),
    ],
)
def test_an_address_that_names_no_table_is_wrong_use(uri: str, said: str) -> None:
    uri = uri.format(password=quote(PASSWORD, safe=""))
    for error in (failure(lambda: SqlState(uri)), failure(lambda: read_table(uri))):
        assert error.wrong_use
        assert said in str(error)
        assert "s3kret" not in str(error)
        assert "#TABLE" in str(error)


def test_the_address_that_a_person_sees_has_no_password_and_no_options(server: Server) -> None:
    state = SqlState(server.url() + "#public.df_manager")
    assert state.uri == f"postgresql+psycopg://lab:***@127.0.0.1:{server.port}/lab#public.df_manager"
    assert PASSWORD not in repr(locate(server.url() + "#df"))
    assert SqlState("postgres://u@h/lab#df").uri == "postgresql+psycopg://u@h/lab#df"


def test_a_password_in_a_message_of_the_driver_is_struck_out() -> None:
    place = locate(f"postgresql://u:{quote(PASSWORD, safe='')}@h/lab?sslpassword=other%20one#df")
    said = place.scrubbed(f"a {PASSWORD}\n b {quote(PASSWORD, safe='')} c other one d")
    assert said == "a *** b *** c *** d"


def everything(uri: str, patience: float = 0.2) -> list[Callable[[], object]]:
    state = SqlState(uri, patience)
    return [lambda: read_table(uri, patience), state.read, state.generation, state.superseded, state.probe,
            state.exported, state.verify,
            lambda: state.report("x"), lambda: state.publish(change([], COLONY), None)]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"password": "wrong"}, "check the user and the password"),
        ({"user": "nobody", "password": PASSWORD}, "check the user and the password"),
        ({"password": ""}, "write USER:PASSWORD@HOST"),
        ({"port": -1}, "whether the server runs"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
    ],
)
def test_a_server_that_cannot_be_reached_is_an_error_and_never_no_table(
    server: Server, options: dict[str, Any], said: str
) -> None:
    if "port" in options:
        options = {"port": sql_servers.free_port()}
    for work in everything(server.url(**options) + "#df_manager"):
        error = failure(work)
        assert said in str(error)
        assert error.changed == "nothing was changed"
        assert "127.0.0.1" in str(error)


def test_a_schema_that_is_not_there_or_not_allowed_is_an_error_and_never_no_table(lab: Database) -> None:
    assert lab.server is not None
    for work in everything(lab.uri("nowhere.df_manager")):
        assert "no schema `nowhere`" in str(failure(work))
    for work in everything(lab.server.url(user="guest", schema=lab.schema) + "#df_manager"):
        assert "GRANT" in str(failure(work))


def test_what_a_user_may_not_do_is_said(lab: Database) -> None:
    state = SqlState(lab.uri())
    first = state.publish(change([], COLONY), None)
    state.report("x")
    assert lab.server is not None
    lab.execute(f"GRANT USAGE ON SCHEMA {lab.schema} TO guest")
    uri = lab.server.url(user="guest", schema=lab.schema) + "#df_manager"
    for work in everything(uri):
        assert "permission denied" in str(failure(work))
    lab.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {lab.schema} TO guest")
    guest = SqlState(uri)
    assert rows_of(guest) == COLONY
    following = change(COLONY, [row("0014", 1)], publish_id="b")
    for forbidden in (guest.probe, lambda: guest.publish(following, first), lambda: guest.report("y")):
        error = failure(forbidden)
        assert "ask whoever runs the server to GRANT" in str(error) or "must be owner" in str(error)
    assert state.generation() == 1


def test_a_table_that_another_program_locks_is_an_error_after_a_while(lab: Database) -> None:
    state = SqlState(lab.uri(), patience=0.2)
    first = state.publish(change([], COLONY), None)
    with sa.create_engine(lab.url, poolclass=sa.NullPool).connect() as other:
        other.execute(sa.text("LOCK TABLE df_manager IN ACCESS EXCLUSIVE MODE"))
        error = failure(lambda: state.publish(change(COLONY, [row("0014", 1)], publish_id="b"), first))
    assert "another program holds the table" in str(error)
    with sa.create_engine(lab.url, poolclass=sa.NullPool).connect() as other:
        other.execute(sa.text("SELECT pg_advisory_xact_lock(classid::bigint << 32 | objid::bigint) FROM pg_locks"))
        state.publish(change(COLONY, [row("0014", 1)], publish_id="b"), first)
    assert state.generation() == 2


def test_a_server_that_only_reads_is_an_error(lab: Database) -> None:
    SqlState(lab.uri()).publish(change([], COLONY), None)
    standby = SqlState(lab.url + "%20-cdefault_transaction_read_only%3Don#df_manager")
    assert rows_of(standby) == COLONY
    for work in (standby.probe, lambda: standby.report("x")):
        assert "use the address of the primary one" in str(failure(work))


def test_a_missing_driver_names_what_to_install(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    for work in everything(server.url() + "#df_manager"):
        assert "install autotrain-dsl[sql]" in str(failure(work))


def test_a_file_that_is_not_there_is_not_made_by_reading(file: Database, tmp_path: Path) -> None:
    state = SqlState(file.uri())
    assert "there is no file" in str(failure(lambda: read_table(file.uri())))
    assert (state.read(), state.generation(), state.superseded()) == (None, 0, None)
    state.probe()
    assert list(tmp_path.iterdir()) == []


def test_a_probe_tells_that_no_file_can_be_made(file: Database) -> None:
    assert "`mode=ro` makes none" in str(failure(SqlState(f"{file.url}?mode=ro#df_manager").probe))
    assert "no file can be made there" in str(failure(SqlState("sqlite:////proc/colony.db#df_manager").probe))


def test_a_folder_that_is_not_there_is_an_error_and_never_no_table(tmp_path: Path) -> None:
    for work in everything(f"sqlite:///{tmp_path}/lab/colony.db#df_manager"):
        assert f"there is no folder `{tmp_path}/lab`" in str(failure(work))
    (tmp_path / "link.db").symlink_to(tmp_path / "unmounted" / "colony.db")
    for work in everything(f"sqlite:///{tmp_path}/link.db#df_manager"):
        assert f"there is no folder `{tmp_path}/unmounted`" in str(failure(work))
    for work in everything(f"sqlite:///{tmp_path}#df_manager"):
        assert "it is a folder" in str(failure(work))


@pytest.mark.parametrize("content", [b"subject_id,session\n" * 100, b"PK\x03\x04" * 300])
def test_a_file_that_is_no_database_is_an_error_and_stays_as_it_is(file: Database, content: bytes) -> None:
    assert file.path is not None
    file.path.write_bytes(content)
    for work in everything(file.uri()):
        assert "this is another kind of file" in str(failure(work))
    assert file.path.read_bytes() == content


def test_a_damaged_file_is_an_error_and_never_no_table(file: Database) -> None:
    state = SqlState(file.uri())
    state.publish(change([], [row("1", n, reason="x" * 3000) for n in range(1, 30)]), None)
    assert file.path is not None
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in str(failure(state.read))
    assert "damaged" in str(failure(lambda: read_table(file.uri())))


def test_a_damaged_page_is_found(file: Database) -> None:
    state = SqlState(file.uri())
    state.publish(change([], [row("1", n) for n in range(1, 300)]), None)
    assert file.path is not None
    content = bytearray(file.path.read_bytes())
    page = content.index(b"current_stage_actual") // 4096 + 4  # behind the schema, among the rows
    content[page * 4096 : page * 4096 + 512] = b"\xff" * 512
    file.path.write_bytes(bytes(content))
    try:
        found = "; ".join(state.verify())
    except StoreError as error:
        found = str(error)
    assert "damaged" in found


def test_a_file_that_may_only_be_read_is_read_and_not_written(file: Database) -> None:
    state = SqlState(file.uri())
    first = state.publish(change([], COLONY), None)
    assert file.path is not None
    content = file.path.read_bytes()
    reader = SqlState(f"{file.url}?mode=ro#df_manager")
    assert rows_of(reader) == COLONY
    following = change(COLONY, [row("0014", 1)], publish_id="b")
    for work in (reader.probe, lambda: reader.publish(following, first), lambda: reader.report("x")):
        assert "the file may be read only" in str(failure(work))
    assert file.path.read_bytes() == content


def test_a_file_that_another_program_locks_is_an_error_after_a_while(file: Database) -> None:
    SqlState(file.uri()).publish(change([], COLONY), None)
    with contextlib.closing(sqlite3.connect(file.path or "", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for work in everything(file.uri()):
            assert "another program holds the file" in str(failure(work))
    assert SqlState(file.uri()).generation() == 1


def test_a_reader_that_keeps_the_commit_waiting_is_an_error_and_nothing_changes(file: Database) -> None:
    state = SqlState(file.uri(), patience=0.2)
    first = state.publish(change([], COLONY), None)
    following = change(COLONY, [row("0014", 1)], publish_id="b")
    with contextlib.closing(sqlite3.connect(file.path or "", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM df_manager").fetchone()
        error = failure(lambda: state.publish(following, first))
    assert "another program holds the file" in str(error)
    assert error.changed == "nothing was changed"
    assert rows_of(state) == COLONY
    assert state.publish(following, first).generation == 2


@pytest.mark.parametrize("room", [0, 8_192, 65_536, 1_000_000])
def test_a_full_disk_is_an_error_and_nothing_changes(file: Database, room: int) -> None:
    state = SqlState(file.uri())
    first = state.publish(change([], COLONY), None)
    many = [row("0015", n, reason="x" * 5000) for n in range(1, 400)]
    following = change(COLONY, many, publish_id="b")
    error = failure(lambda: in_child(sql_servers.publish_with_little_room, file.uri(), following, first, room))
    assert "no room" in str(error)
    assert error.changed == "nothing was changed"
    assert rows_of(state) == COLONY
    assert state.publish(following, first).generation == 2


def test_a_probe_changes_nothing(database: Database) -> None:
    database.execute("CREATE TABLE other (id BIGINT)")
    state = SqlState(database.uri())
    state.probe()
    assert database.tables() == ["other"]
    state.publish(change([], COLONY), None)
    before = [state.read().frame.to_dict(), database.tables(), stats_of(database)]  # type: ignore[union-attr]
    state.probe()
    assert [state.read().frame.to_dict(), database.tables(), stats_of(database)] == before  # type: ignore[union-attr]
    assert state.generation() == 1


def test_a_number_too_large_for_a_column_is_an_error(database: Database) -> None:
    state = SqlState(database.uri())
    first = state.publish(change([], [row("1", 1, extra={"serial": 5})]), None)
    large = [row("1", 1, extra={"serial": 5}), row("1", 2, extra={"serial": 2**63})]
    failure(lambda: state.publish(change(large[:1], large[1:], publish_id="b"), first))
    assert state.generation() == 1
    new = SqlState(database.uri("new"))
    new.publish(change([], large), None)
    assert [r.extra["serial"] for r in rows_of(new)] == ["5", str(2**63)]


def test_a_column_name_that_the_server_would_cut_is_an_error(lab: Database) -> None:
    state = SqlState(lab.uri())
    name = "é" * 32
    error = failure(lambda: state.publish(change([], [row("1", 1, extra={name: 1})]), None))
    assert f"`{name}` is too long" in str(error)
    assert lab.tables() == []

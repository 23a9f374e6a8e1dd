"""One run on tables in stores: read, judge, and replace what changed, without losing what another run has written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from autotrain_dsl import evaluation
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.evaluation import Options, Outcome
from autotrain_dsl.store import beside, open_table
from autotrain_dsl.store.base import ConflictError, Snapshot, StoreError, Table, UnreadableError
from autotrain_dsl.tables import behavior as behavior_table
from autotrain_dsl.tables import manager as manager_table
from autotrain_dsl.tables.behavior import Behavior
from autotrain_dsl.tables.issues import Issue, TableError
from autotrain_dsl.tables.manager import Row
from autotrain_dsl.tables.stats import to_stats

TRIES = 5


@dataclass(frozen=True, slots=True)
class Job:
    """What to read, how to judge, and where to write; ``dry_run`` writes nothing."""

    catalog: Catalog
    behavior_uri: str
    manager_uri: str
    options: Options
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found and which tables it replaced; ``rows`` is the size of df_manager after it."""

    behavior: Behavior
    outcome: Outcome
    rows: int
    written: tuple[str, ...]


def run(job: Job, progress: Callable[[int], Callable[[str], None]]) -> Result:
    """Judge the sessions in df_behavior and update df_manager and the tables beside it.

    ``progress`` is told the number of mice and returns what is called after each. Raises TableError where a table
    cannot be understood and StoreError where a store fails; nothing is changed then.
    """
    manager = open_table(job.manager_uri)
    behavior = read_behavior(open_table(job.behavior_uri), job.catalog)
    for _ in range(TRIES):
        before = _snapshot(manager)
        rows = manager_table.from_frame(before.frame, job.manager_uri) if before is not None else []
        outcome = evaluation.evaluate(job.catalog, behavior, rows, job.options, progress(len(behavior.subjects)))
        after = outcome.applied(rows)
        try:
            written = () if job.dry_run else _publish(job.catalog, manager, before, after, outcome)
        except ConflictError:
            continue  # another run was faster: judge again what it has left
        return Result(behavior, outcome, len(after), written)
    raise StoreError(f"gave up after {TRIES} tries: `{job.manager_uri}` is changed by other runs all the time")


def read_behavior(table: Table, catalog: Catalog) -> Behavior:
    """The sessions in a table. Raises TableError, or StoreError where there is no such table."""
    snapshot = _snapshot(table)
    if snapshot is None:
        raise StoreError(f"there is no df_behavior at `{table.uri}`")
    return behavior_table.read(snapshot.frame, evaluation.metric_columns(catalog), table.uri)


def _snapshot(table: Table) -> Snapshot | None:
    try:
        return table.read()
    except UnreadableError as error:
        raise TableError([Issue(codes.UNREADABLE, f"`{table.uri}` is damaged or no such table: {error}")]) from error


def _publish(
    catalog: Catalog, manager: Table, before: Snapshot | None, after: list[Row], outcome: Outcome
) -> tuple[str, ...]:
    """Replaced rows are put on record first, then the table changes, then what is derived from it."""
    integers = evaluation.integer_metrics(catalog)
    written = []
    if outcome.replaced:
        record = open_table(beside(manager.uri, "superseded"))
        _append(record, [old for old, _ in outcome.replaced], integers)
        written.append(record.uri)
    frame = manager_table.to_frame(after, integers)
    if before is None and not outcome.judged:
        return ()  # a table of nothing would say nothing
    if outcome.judged:
        manager.write(frame, before.version if before is not None else None)
        written.append(manager.uri)
    stats = open_table(beside(manager.uri, "stats"))
    written.extend(_follow(stats, to_stats(frame)))
    return tuple(written)


def _append(record: Table, rows: list[Row], integers: frozenset[str]) -> None:
    """Add replaced rows to the record of all revisions; a row that is there already is not added again."""
    for _ in range(TRIES):
        present = _snapshot(record)
        known = [] if present is None else _revisions(present.frame)
        recorded = {(row.key, row.judged_at) for row in known}
        new = [row for row in rows if (row.key, row.judged_at) not in recorded]
        frame = manager_table.to_frame([*known, *new], integers)
        try:
            record.write(frame, None if present is None else present.version)
        except ConflictError:
            continue
        return
    raise StoreError(f"gave up after {TRIES} tries: `{record.uri}` is changed by other runs all the time")


def _revisions(frame: pd.DataFrame) -> list[Row]:
    """Rows of a table in which a session may occur again and again."""
    return [row for _, part in frame.groupby("judged_at", sort=True) for row in manager_table.from_frame(part)]


def _follow(stats: Table, frame: pd.DataFrame) -> list[str]:
    """Replace a derived table where it is not what it should be, whoever has written it."""
    for _ in range(TRIES):
        try:
            present = stats.read()
        except UnreadableError:
            present = None
        if present is not None and _same(present.frame, frame):
            return []
        try:
            stats.write(frame, None if present is None else present.version)
        except ConflictError:
            continue
        return [stats.uri]
    raise StoreError(f"gave up after {TRIES} tries: `{stats.uri}` is changed by other runs all the time")


def _same(present: pd.DataFrame, wanted: pd.DataFrame) -> bool:
    flat = behavior_table.flat(present), behavior_table.flat(wanted)
    texts = [frame.astype(str).to_dict("split", index=False) for frame in flat]
    return bool(texts[0] == texts[1])

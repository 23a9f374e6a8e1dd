"""One run on tables in stores: read, judge, and replace what changed, without losing what another run has written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from autotrain_dsl import evaluation
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.judging import Options, Outcome
from autotrain_dsl.store import beside, open_table
from autotrain_dsl.store.base import ConflictError, Snapshot, StoreError, Table, UnreadableError
from autotrain_dsl.tables import behavior as behavior_table
from autotrain_dsl.tables import manager as manager_table
from autotrain_dsl.tables.behavior import Behavior
from autotrain_dsl.tables.issues import Issue, TableError
from autotrain_dsl.tables.manager import Row
from autotrain_dsl.tables.stats import to_stats

TRIES = 20


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
    metrics = evaluation.metric_names(job.catalog)
    for _ in range(TRIES):
        before = _snapshot(manager)
        rows = manager_table.from_frame(before.frame, metrics, job.manager_uri) if before is not None else []
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
        _append(record, [old for old, _ in outcome.replaced], catalog)
        written.append(record.uri)
    frame = manager_table.to_frame(after, integers)
    if before is None and not outcome.judged:
        return ()  # a table of nothing would say nothing
    if outcome.judged:
        manager.write(frame, before.version if before is not None else None)
        written.append(manager.uri)
    stats = open_table(beside(manager.uri, "stats"))
    try:
        written.extend(_follow(stats, manager))
    except (StoreError, TableError) as error:
        changed = f"written: {', '.join(written)}" if written else "nothing was changed"
        raise StoreError(str(error), changed=changed) from error
    return tuple(written)


def _append(record: Table, rows: list[Row], catalog: Catalog) -> None:
    """Add replaced rows to the record of all revisions; a row that is there already is not added again."""
    metrics, integers = evaluation.metric_names(catalog), evaluation.integer_metrics(catalog)
    for _ in range(TRIES):
        present = _snapshot(record)
        known = [] if present is None else manager_table.from_frame(present.frame, metrics, record.uri, revisions=True)
        recorded = {_content(row) for row in known}
        new = [row for row in rows if _content(row) not in recorded]
        frame = manager_table.to_frame([*known, *new], integers)
        try:
            record.write(frame, None if present is None else present.version)
        except ConflictError:
            continue
        return
    raise StoreError(f"gave up after {TRIES} tries: `{record.uri}` is changed by other runs all the time")


def _content(row: Row) -> str:
    """A row without the columns that only other rows of its table have, comparable and hashable."""
    values = {name: value for name, value in sorted(row.values.items()) if value is not None}
    extra = {name: cell for name, cell in sorted(row.extra.items()) if cell is not None}
    return repr(replace(row, values=values, extra=extra))


def _follow(stats: Table, manager: Table) -> list[str]:
    """Make a derived table what df_manager is now, whoever has written either."""
    written: list[str] = []
    for _ in range(TRIES):
        basis = _snapshot(manager)
        if basis is None:
            return written
        frame = to_stats(manager_table.to_frame(manager_table.from_frame(basis.frame, frozenset(), manager.uri)))
        version: str | None = None
        try:
            present = stats.read()
            version = present.version if present is not None else None
        except UnreadableError as error:
            present, version = None, error.version
        if present is None or not _same(present.frame, frame):
            try:
                stats.write(frame, version)
            except ConflictError:
                continue
            written = [stats.uri]
        now = _snapshot(manager)
        if now is not None and now.version == basis.version:
            return written
    raise StoreError(f"gave up after {TRIES} tries: `{stats.uri}` is changed by other runs all the time")


def _same(present: pd.DataFrame, wanted: pd.DataFrame) -> bool:
    flat = behavior_table.flat(present), behavior_table.flat(wanted)
    texts = [frame.astype(str).to_dict("split", index=False) for frame in flat]
    return bool(texts[0] == texts[1])

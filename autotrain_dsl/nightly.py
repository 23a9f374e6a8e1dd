"""One run for one df_manager: read, judge, publish what changed without losing what another run has published."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import pandas as pd

from autotrain_dsl import colony, evaluation
from autotrain_dsl.adoption import Edited, by_hand, compare
from autotrain_dsl.audit import audit
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.judging import Options, Outcome
from autotrain_dsl.spelling import suggest
from autotrain_dsl.store import Access, beside, export, is_database, is_in_parts, open_state, read_parts, read_table
from autotrain_dsl.store.base import Change, ConflictError, Snapshot, State, StoreError, UnreadableError
from autotrain_dsl.store.exports import MANAGER, STATS, SUPERSEDED, Export, Rendering, follow
from autotrain_dsl.tables import behavior as behavior_table
from autotrain_dsl.tables import cells
from autotrain_dsl.tables import manager as manager_table
from autotrain_dsl.tables.behavior import Behavior, Layout
from autotrain_dsl.tables.issues import Issue, TableError
from autotrain_dsl.tables.manager import Row
from autotrain_dsl.tables.stats import to_stats
from autotrain_dsl.tally import Tally

TRIES = 20
LONGEST_WAIT = 2.0  # s, between two tries
KEEP, ADOPT, RESTORE = "keep", "adopt", "restore"


@dataclass(frozen=True, slots=True)
class Job:
    """What to read, how to judge, and where to write.

    ``exports`` are further tables for readers, each with what it holds. ``edits`` says what becomes of changes that
    another program has made to the exported table: KEEP refuses to run, ADOPT takes them over, RESTORE undoes them.
    ``new_id`` gives texts that never repeat, ``wait`` waits for some seconds; ``dry_run`` writes nothing.
    """

    catalog: Catalog
    behavior_uri: str
    manager_uri: str
    options: Options
    new_id: Callable[[], str]
    wait: Callable[[float], None]
    access: Access = field(default_factory=Access)
    layout: Layout = field(default_factory=Layout)
    stats_uri: str | None = None
    exports: tuple[tuple[str, str], ...] = ()
    tries: int = TRIES
    edits: str = KEEP
    dry_run: bool = False
    tell: Callable[[str, dict[str, object]], None] = field(default=lambda _event, _facts: None)


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found and which tables it replaced; ``rows`` is the size of df_manager after it.

    ``generation`` is the newest one (0: none was published), ``behavior_version`` the SHA-256 of the table that was
    read, ``adopted`` what was taken over from another program, ``failed`` what could not be written although the
    decisions were published.
    """

    behavior: Behavior
    outcome: Outcome
    tally: Tally
    rows: int
    written: tuple[str, ...]
    generation: int
    behavior_version: str
    adopted: str = ""
    failed: tuple[StoreError, ...] = ()


def run(job: Job, progress: Callable[[int], Callable[[str], None]]) -> Result:
    """Judge the sessions in df_behavior, publish the decisions, and bring the tables for readers up to date.

    ``progress`` is told the number of mice and returns what is called after each. Raises TableError where a table
    cannot be understood and StoreError where a store fails; nothing is changed then.
    """
    return _Run(job, progress).result()


def wait_for_others(job: Job, attempt: int) -> None:
    """Wait a while after a conflict, longer after every one."""
    spread = random.Random(job.new_id()).uniform(0.5, 1.0)  # noqa: S311 - so that two runs do not keep step
    job.wait(min(0.05 * 2 ** min(attempt, 10), LONGEST_WAIT) * spread)


def main_exports(manager_uri: str, stats_uri: str | None, access: Access) -> list[Export]:
    """The exported tables of a df_manager that is a file or object; a database needs none."""
    if is_database(manager_uri) or is_in_parts(manager_uri):
        return []
    uris = (
        (manager_uri, MANAGER),
        (stats_uri or beside(manager_uri, "stats"), STATS),
        (beside(manager_uri, "superseded"), SUPERSEDED),
    )
    return [replace(export(uri, what, access), watched=what == MANAGER) for uri, what in uris]


def read_state(state: State) -> Snapshot | None:
    """The newest generation. Raises TableError where it is damaged."""
    try:
        return state.read()
    except UnreadableError as error:
        message = str(error) if str(error).startswith("`") else f"`{state.uri}` cannot be read as a table: {error}"
        raise TableError([Issue(codes.UNREADABLE, message)]) from error


def read_behavior(uri: str, access: Access) -> tuple[pd.DataFrame, str]:
    """df_behavior and its version. Raises TableError, or StoreError where there is no such table."""
    try:
        loaded = read_parts(uri, access) if is_in_parts(uri) else read_table(uri, access)
    except UnreadableError as error:
        raise TableError([Issue(codes.UNREADABLE, f"`{uri}` cannot be read as a table: {error}")]) from error
    if loaded is None:
        raise StoreError(f"there is no df_behavior at `{uri}`")
    return loaded.frame, loaded.version


@dataclass(frozen=True, slots=True)
class _Delta:
    """Rows that are new, that replace others, and those others; ``taken`` as in ``Change``."""

    added: pd.DataFrame
    replacing: pd.DataFrame
    superseded: pd.DataFrame
    taken: str = ""


@dataclass
class _Run:
    job: Job
    progress: Callable[[int], Callable[[str], None]]

    def __post_init__(self) -> None:
        job = self.job
        self.state = open_state(job.manager_uri, job.access)
        self.main = main_exports(job.manager_uri, job.stats_uri, job.access)
        self.others = [export(uri, what, job.access) for uri, what in job.exports]
        self.metrics = job.catalog.metric_names
        self.integers = job.catalog.integer_metrics
        self.written: list[str] = []
        self.adopted = ""
        self.damaged: list[Issue] = []
        self.looked_at: set[str] = set()

    def result(self) -> Result:
        job = self.job
        frame, version = read_behavior(job.behavior_uri, job.access)
        frame = job.layout.renamed(frame, job.behavior_uri)
        behavior_table.read(frame.head(0), frozenset(), job.behavior_uri)  # its columns, before anything is published
        job.tell("read", {"table": job.behavior_uri, "rows": len(frame), "sha256": version})
        for attempt in range(job.tries):
            try:
                return self._attempt(frame, version)
            except UnreadableError as error:
                raise TableError([Issue(codes.UNREADABLE, str(error))]) from error
            except ConflictError:  # another run was faster: judge again what it has left
                job.tell("conflict", {"attempt": attempt + 1})
                wait_for_others(job, attempt)
        raise StoreError(f"gave up after {job.tries} tries: `{job.manager_uri}` is changed by other runs all the time")

    def _attempt(self, frame: pd.DataFrame, version: str) -> Result:
        before = self._settled()
        table, behavior, outcome = self._judge(frame, before)
        if self.job.dry_run:
            rows = (0 if before is None else len(before.frame)) + outcome.count - len(outcome.replaced)
            generation = 0 if before is None else before.generation
            return Result(behavior, outcome, Tally.of(outcome), rows, (), generation, version, self.adopted)
        snapshot = self._publish(before, table, outcome)
        failed = tuple(self._follow(snapshot))
        rows, generation = (0, 0) if snapshot is None else (len(snapshot.frame), snapshot.generation)
        return Result(
            behavior, outcome, Tally.of(outcome), rows, tuple(self.written), generation, version, self.adopted, failed
        )

    def _settled(self) -> Snapshot | None:
        """The newest generation, once what another program has done to the exported table is dealt with."""
        snapshot = read_state(self.state)
        if snapshot is not None and snapshot.edited:
            return self._edited_rows(snapshot)
        if snapshot is None or not snapshot.generation or not self.main:
            return snapshot
        found = compare(self.state, snapshot, self.main[0], self.metrics)
        if found.damaged and not self.damaged:
            message = f"`{self.main[0].uri}` is damaged and is written again: {found.damaged}"
            self.damaged.append(Issue(codes.DAMAGED_EXPORT, message))
        if found.doubtful and (self.job.edits == KEEP or (self.job.edits == ADOPT and found.foreign)):
            raise TableError([Issue(codes.EDITED_TABLE, found.message(self.main[0].uri))])
        self.looked_at.add(found.sha256)
        if self.job.dry_run:
            self.adopted = found.summary() if found.notes or (self.job.edits == ADOPT and found.doubtful) else ""
            return snapshot
        if found.notes or (found.doubtful and self.job.edits == ADOPT):
            return self._adopt(snapshot, found)
        if found.lags:
            self._follow(snapshot)  # what a run that was cut off has left to do
        return snapshot

    def _edited_rows(self, snapshot: Snapshot) -> Snapshot:
        """Rows that were changed in the database itself, where nothing tells what they were."""
        if self.job.edits != ADOPT:
            message = (
                f"`{self.state.uri}` was changed by another program: {snapshot.edited}. `verify-state` names rows that "
                "do not follow from their rules; undo the changes in the database, if need be from a backup of it, or "
                "take them over with `evaluate --adopt`"
            )
            raise TableError([Issue(codes.EDITED_TABLE, message)])
        self._refuse_foreign_stages(manager_table.from_frame(snapshot.frame, self.metrics, self.state.uri))
        self.adopted = "the rows of the database as they are"
        if self.job.dry_run:
            return snapshot
        return self._commit(snapshot, snapshot.frame, _Delta(self._frame([]), self._frame([]), self._frame([])))

    def _adopt(self, snapshot: Snapshot, found: Edited) -> Snapshot:
        if not found.notes:
            self._refuse_foreign_stages([*found.added, *(after for _, after in found.changed)])
        self.adopted = found.summary()
        replacing = [after for _, after in found.changed]
        gone = [*(before for before, _ in found.changed), *found.removed]
        made_up = {(issue.subject, issue.session) for issue in audit(self.job.catalog, found.added).differing}
        added = [by_hand(row) if row.key in made_up else row for row in found.added]
        after = {row.key: row for row in found.after} | {row.key: row for row in added}
        superseded = self._frame([] if found.notes else gone)
        delta = _Delta(self._frame(added), self._frame(replacing), superseded, found.sha256)
        return self._commit(snapshot, self._frame(after.values()), delta)

    def _refuse_foreign_stages(self, rows: Iterable[Row]) -> None:
        """A mistyped stage is found out now and not by a rig."""
        issues = []
        for row in rows:
            graph = self.job.catalog.find(row.curriculum_name, row.curriculum_version)
            for stage in (row.current_stage_actual, row.next_stage_suggested) if graph is not None else ():
                if graph is not None and not graph.has_stage(stage):
                    near = suggest(stage, [each.name for each in graph.stages], "stage")
                    message = f"`{stage}` is no stage of {row.curriculum_name}@{row.curriculum_version}; {near}"
                    issues.append(Issue(codes.BAD_MANAGER_ROW, message, *row.key))
        if issues:
            raise TableError(issues)

    def _judge(self, frame: pd.DataFrame, before: Snapshot | None) -> tuple[pd.DataFrame | None, Behavior, Outcome]:
        """The table before the run in this program's columns, and what the run finds."""
        job = self.job
        table = None if before is None else self._canonical(before)
        names = job.behavior_uri, job.manager_uri
        work = colony.Work(job.catalog, job.options, job.layout, names, self.progress)
        behavior, outcome = colony.judge(work, frame, table)
        warnings = [*self.damaged, *evaluation.changed_curriculums(job.catalog, used_curriculums(table))]
        known = set() if table is None else set(map(str, table["subject_id"].unique()))
        there = cells.subjects(frame["subject_id"]) if "subject_id" in frame else set()
        warnings += absent(known, there, job.behavior_uri)
        job.tell("judged", {"sessions": outcome.count, "not_judged": len(outcome.unjudged)})
        return table, behavior, outcome.warned(warnings)

    def _canonical(self, snapshot: Snapshot) -> pd.DataFrame:
        if snapshot.generation and manager_table.is_canonical(snapshot.frame):
            return snapshot.frame
        return self._frame(manager_table.from_frame(snapshot.frame, self.metrics, self.job.manager_uri))

    def _frame(self, rows: Iterable[Row]) -> pd.DataFrame:
        return manager_table.to_frame(rows, self.integers)

    def _publish(self, before: Snapshot | None, table: pd.DataFrame | None, outcome: Outcome) -> Snapshot | None:
        """The newest generation after the run; a table of nothing is not made, since it would say nothing."""
        if not outcome.count:
            return before
        replacing = self._frame(after for _, after in outcome.replaced)
        superseded = self._frame(row for row, _ in outcome.replaced)
        if before is not None and not before.generation:
            self.adopted = f"{len(before.frame):,} rows of another program"
        after = self._after(table, colony.judged(outcome, self.integers))
        return self._commit(before, after, _Delta(colony.added(outcome, self.integers), replacing, superseded))

    def _after(self, table: pd.DataFrame | None, judged: pd.DataFrame) -> pd.DataFrame:
        if table is None:
            return judged
        if manager_table.is_canonical(table):
            return manager_table.merged(table, judged)
        several = [manager_table.from_frame(each, self.metrics, self.job.manager_uri) for each in (table, judged)]
        return self._frame({row.key: row for rows in several for row in rows}.values())

    def _commit(self, before: Snapshot | None, after: pd.DataFrame, delta: _Delta) -> Snapshot:
        options = self.job.options
        snapshot = Snapshot(0, after)
        rendering = Rendering(self.state, snapshot, to_stats)
        for each in (*self.main, *self.others):
            if each.what != SUPERSEDED:
                rendering.of(each)
        change = Change(
            after=after,
            added=delta.added,
            replacing=delta.replacing,
            superseded=delta.superseded,
            stats=to_stats(after),
            publish_id=self.job.new_id(),
            at=options.now,
            program=options.program,
            exported=rendering.made,
            taken=delta.taken,
        )
        published = self.state.publish(change, before)
        self.rendered = Rendering(self.state, published, to_stats, dict(rendering.made), self.looked_at)
        self.written += [] if self.main else [self.job.manager_uri]
        self.job.tell("published", {"generation": published.generation, "rows": len(after)})
        return published

    def _follow(self, snapshot: Snapshot | None) -> list[StoreError]:
        """Bring the tables for readers to the newest generation; without one only what is derived is mended."""
        if snapshot is None:
            return []
        exports = [*self.main, *self.others] if snapshot.generation else self.main[1:2]
        rendering = getattr(self, "rendered", None)
        if rendering is None or rendering.snapshot is not snapshot:
            rendering = Rendering(self.state, snapshot, self._stats, looked_at=self.looked_at)
        written, failed = follow(rendering, exports, self.job.tries)
        self.written += [uri for uri in written if uri not in self.written]
        for uri in written:
            self.job.tell("exported", {"table": uri, "generation": rendering.snapshot.generation})
        if snapshot.generation:
            try:
                self.state.prune()
            except StoreError as error:
                self.job.tell("not pruned", {"why": str(error)})
        return failed

    def _stats(self, frame: pd.DataFrame) -> pd.DataFrame:
        if manager_table.is_canonical(frame):
            return to_stats(frame)
        return to_stats(self._frame(manager_table.from_frame(frame, frozenset(), self.job.manager_uri)))


def absent(judged: set[str], there: set[str], uri: str) -> list[Issue]:
    """That most mice of df_manager are not in df_behavior: it is another colony's, or what writes it has failed."""
    gone = len(judged - there)
    if 2 * gone <= len(judged):
        return []
    message = f"{gone:,} of the {len(judged):,} mice in df_manager are not in `{uri}`: is it the table of these mice?"
    return [Issue(codes.ABSENT_MICE, message)]


def used_curriculums(table: pd.DataFrame | None) -> dict[tuple[str, str, str], int]:
    """How many rows were judged by which curriculum: name, version and content hash."""
    if table is None or table.empty:
        return {}
    sizes = table.groupby(["curriculum_name", "curriculum_version", "curriculum_hash"], sort=True).size()
    keys: list[tuple[str, str, str]] = sizes.index.to_list()
    return dict(zip(keys, sizes.tolist(), strict=True))

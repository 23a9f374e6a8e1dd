"""A colony that is too large for one table: df_behavior in parts of whole mice, judged part by part, published at once.

A part is judged by ``judge_part`` wherever there is a processor: it reads its sessions and its rows, and keeps its new
rows where nothing reads them yet. Once all parts are done one head puts them in force (``store.partitions``). So a
part may be judged twice, by a worker that dies and by the one that takes over, and nothing is written twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import pandas as pd

from autotrain_dsl import __version__, colony, evaluation
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.judging import Options, Outcome
from autotrain_dsl.nightly import Job, Result, used_curriculums, wait_for_others
from autotrain_dsl.store import Access, folder, partitions
from autotrain_dsl.store.base import ConflictError, Objects, StoreError, UnreadableError
from autotrain_dsl.store.formats import decode
from autotrain_dsl.store.generations import stacked
from autotrain_dsl.store.partitions import Head, Part, Partitions
from autotrain_dsl.tables import cells
from autotrain_dsl.tables import manager as manager_table
from autotrain_dsl.tables.behavior import Behavior, Layout
from autotrain_dsl.tables.issues import Issue, TableError
from autotrain_dsl.tables.stats import to_stats
from autotrain_dsl.tally import Tally

_SUFFIX = ".parquet"


@dataclass(frozen=True, slots=True)
class Task:
    """One part to be judged: where its sessions are (None: nowhere any more) and its rows (None: there are none yet).

    ``generation`` is the one that the rows will belong to. With ``dry_run`` nothing is kept.
    """

    name: str
    sessions: str | None
    rows: Part | None
    generation: int
    behavior_uri: str
    manager_uri: str
    options: Options
    layout: Layout
    access: Access
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a part: where its rows are now, and what there is to tell; ``changed`` if there are new ones.

    ``outcome`` is without the new rows. ``read`` counts rows of df_behavior, as ``Behavior`` does, ``subjects`` are the
    mice of the part in either table, ``used`` how many rows rest on which curriculum, ``version`` the SHA-256 of its
    sessions.
    """

    name: str
    part: Part | None
    changed: bool
    read: Behavior
    outcome: Outcome
    tally: Tally
    subjects: tuple[str, ...] = ()
    used: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    version: str = ""


class Engine(Protocol):
    """What judges parts, in this process or in others."""

    def judged(self, catalog: Catalog, tasks: list[Task]) -> Iterator[Done]:
        """Every task done once, in any order. Raises StoreError where a store, or the engine, fails."""


class Here:
    """Parts judged in this process, one after another."""

    def judged(self, catalog: Catalog, tasks: list[Task]) -> Iterator[Done]:
        """See ``Engine``."""
        return (judge_part(task, catalog) for task in tasks)


def run(job: Job, engine: Engine, progress: Callable[[int], Callable[[str], None]]) -> Result:
    """Judge the parts in ``job.behavior_uri``, a folder, and publish them in ``job.manager_uri``, another one.

    ``progress`` is told the number of parts and returns what is called after each. Raises TableError where tables
    contradict each other and StoreError where a store fails; nothing is changed then. A part that cannot be read is
    told as an issue, and the others are judged.
    """
    for attempt in range(job.tries):
        try:
            return _Run(job, engine).result(progress)
        except UnreadableError as error:
            raise TableError([Issue(codes.UNREADABLE, str(error))]) from error
        except ConflictError:  # another run was faster: judge again what it has left
            job.tell("conflict", {"attempt": attempt + 1})
            wait_for_others(job, attempt)
    raise StoreError(f"gave up after {job.tries} tries: `{job.manager_uri}` is changed by other runs all the time")


def judge_part(task: Task, catalog: Catalog, program: str = __version__) -> Done:
    """Judge one part and keep its rows; the same result, and the same bytes, however often it is done.

    ``program`` is the version that asks. Raises StoreError where a store fails, or where this is another version.
    """
    if program != __version__:
        message = f"this worker has autotrain-dsl {__version__}, and the run {program}: install the same on both"
        raise StoreError(message, wrong_use=True)
    kept = partitions(task.manager_uri, task.access)
    try:
        table = None if task.rows is None else kept.table(task.rows.manager)
        if task.sessions is None or (table is not None and not manager_table.is_canonical(table)):
            return _left(task, table, _gone(task))
        frame, version = _sessions(task)
        work = colony.Work(catalog, _own(task.options, frame, table), task.layout, (task.behavior_uri, kept.uri))
        read, outcome = colony.judge(work, task.layout.renamed(frame, task.sessions), table)
    except (UnreadableError, TableError) as error:
        issues = error.issues if isinstance(error, TableError) else [Issue(codes.UNREADABLE, str(error))]
        return _left(task, None, [replace(issue, message=f"part `{task.name}`: {issue.message}") for issue in issues])
    part, after = task.rows, table
    if outcome.count:
        judged = colony.judged(outcome, catalog.integer_metrics)
        after = judged if table is None else manager_table.merged(table, judged)
        part = None if task.dry_run else _kept(task, kept, after, outcome)
    return Done(
        name=task.name,
        part=part,
        changed=outcome.count > 0,
        read=replace(read, subjects={}, conflicts={}),
        outcome=replace(outcome, added=(), bulk=None, latest=()),
        tally=Tally.of(outcome),
        subjects=_subjects(frame, after),
        used=used_curriculums(table),
        version=version,
    )


def _sessions(task: Task) -> tuple[pd.DataFrame, str]:
    blob = folder(task.behavior_uri, task.access).get(task.sessions or "")
    if blob is None:
        raise UnreadableError(f"`{task.behavior_uri}{task.sessions}` is gone")
    return decode(blob.content, _SUFFIX), hashlib.sha256(blob.content).hexdigest()


def _own(options: Options, frame: pd.DataFrame, table: pd.DataFrame | None) -> Options:
    """The options as far as they are about mice of the part."""
    mine = set(_subjects(frame, table))
    chosen = None if options.subjects is None else options.subjects & mine
    return replace(options, subjects=chosen, placed={name: at for name, at in options.placed.items() if name in mine})


def _subjects(frame: pd.DataFrame, table: pd.DataFrame | None) -> tuple[str, ...]:
    named = [] if "subject_id" not in frame else [cells.subject(each) for each in frame["subject_id"].unique()]
    known = [] if table is None else table["subject_id"].unique().tolist()
    return tuple(sorted({*named, *known} - {""}))


def _kept(task: Task, kept: Partitions, after: pd.DataFrame, outcome: Outcome) -> Part:
    """Where the rows of a part are once they are written."""
    superseded = None if task.rows is None else task.rows.superseded
    if outcome.replaced:
        new = manager_table.to_frame(row for row, _ in outcome.replaced).assign(superseded_in=task.generation)
        whole = new if superseded is None else stacked(kept.table(superseded), new)
        superseded = kept.keep(task.generation, f"{task.name}-superseded", whole)
    stats = kept.keep(task.generation, f"{task.name}-stats", to_stats(after))
    return Part(kept.keep(task.generation, task.name, after), stats, superseded, len(after))


def _gone(task: Task) -> list[Issue]:
    what = f"`{task.behavior_uri}{task.name}{_SUFFIX}` is gone" if task.sessions is None else "its rows are of no use"
    return [Issue(codes.UNREADABLE, f"part `{task.name}`: {what}; its rows stay as they are")]


def _left(task: Task, table: pd.DataFrame | None, issues: list[Issue]) -> Done:
    """A part that stays as it is."""
    subjects = _subjects(pd.DataFrame(), table)
    return Done(task.name, task.rows, False, _NOTHING, Outcome(unjudged=tuple(issues)), Tally(), subjects)  # noqa: FBT003


_NOTHING = Behavior({}, {}, (), frozenset())


class _Run:
    def __init__(self, job: Job, engine: Engine) -> None:
        self.job, self.engine = job, engine
        self.behavior: Objects = folder(job.behavior_uri, job.access)
        self.manager = partitions(job.manager_uri, job.access)

    def result(self, progress: Callable[[int], Callable[[str], None]]) -> Result:
        job, head = self.job, self.manager.head()
        tasks = self._tasks(head)
        report, done = progress(len(tasks)), list[Done]()
        for each in self.engine.judged(job.catalog, tasks):
            job.tell("judged", {"part": each.name, "sessions": each.tally.judged})
            report(each.name)
            done.append(each)
        done.sort(key=lambda each: each.name)
        _refuse_doubles(done)
        changed = any(each.changed for each in done)
        written: tuple[str, ...] = ()
        if changed and not job.dry_run:
            parts = {**head.parts, **{each.name: each.part for each in done if each.part is not None}}
            head = self.manager.commit(head, parts, job.new_id(), job.options.now, job.options.program)
            written = (job.manager_uri,)
            job.tell("published", {"generation": head.generation, "rows": _rows(head)})
            self._prune()
        outcome = self._outcome(done)
        read = _added(each.read for each in done)
        version = hashlib.sha256("".join(each.version for each in done).encode()).hexdigest()
        tally = sum((each.tally for each in done), Tally())
        rows = _rows(head) + (tally.judged - len(outcome.replaced) if job.dry_run else 0)
        return Result(read, outcome, tally, rows, written, head.generation, version)

    def _tasks(self, head: Head) -> list[Task]:
        job = self.job
        keys = [key for key in self.behavior.keys("") if key.endswith(_SUFFIX)]
        if not keys:
            raise StoreError(f"there is no {_SUFFIX} file in `{job.behavior_uri}`")
        found = {key.removesuffix(_SUFFIX): key for key in keys}
        return [
            Task(
                name, found.get(name), head.parts.get(name), head.generation + 1, job.behavior_uri, job.manager_uri,
                job.options, job.layout, job.access, job.dry_run,
            )
            for name in sorted({*found, *head.parts})
        ]  # fmt: skip

    def _outcome(self, done: list[Done]) -> Outcome:
        """Everything that the parts have to tell, and what only shows in all of them together."""
        options, there = self.job.options, {subject for each in done for subject in each.subjects}
        used: Counter[tuple[str, str, str]] = Counter()
        for each in done:
            used.update(each.used)
        outcomes = [
            *(each.outcome for each in done),
            evaluation.unknown_subjects((options.subjects or frozenset()) - there),
            evaluation.placed_in_vain(set(options.placed) - there),
            Outcome(warnings=tuple(evaluation.changed_curriculums(self.job.catalog, used))),
        ]
        return replace(evaluation.together(outcomes), subjects=sum(each.outcome.subjects for each in done))

    def _prune(self) -> None:
        try:
            self.manager.prune()
        except StoreError as error:
            self.job.tell("not pruned", {"why": str(error)})


def _rows(head: Head) -> int:
    return sum(part.rows for part in head.parts.values())


def _refuse_doubles(done: list[Done]) -> None:
    """One mouse in two parts would be judged twice, each time without the sessions of the other part."""
    seen: dict[str, str] = {}
    issues = []
    for each in done:
        for subject in each.subjects:
            first = seen.setdefault(subject, each.name)
            if first != each.name:
                message = f"it is in the parts `{first}` and `{each.name}`: all rows of a mouse belong in one part"
                issues.append(Issue(codes.CONFLICTING_ROWS, message, subject))
    if issues:
        raise TableError(issues)


def _added(several: Iterable[Behavior]) -> Behavior:
    """The counts of all parts."""
    total = _NOTHING
    for each in several:
        total = replace(
            total,
            rows=total.rows + each.rows,
            dropped=total.dropped + each.dropped,
            repeated=total.repeated + each.repeated,
            off_curriculum=total.off_curriculum + each.off_curriculum,
        )
    return total

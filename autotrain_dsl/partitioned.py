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
from pathlib import Path
from typing import Protocol

import pandas as pd

from autotrain_dsl import __version__, colony, evaluation
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.judging import Options, Outcome
from autotrain_dsl.nightly import Job, Result, absent, used_curriculums, wait_for_others
from autotrain_dsl.store import Access, folder, in_parts
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
_SHOWN = 20  # mice that are in two parts
_LONGEST = 150  # bytes of a part's name, so that its files can be named after it


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

    ``outcome`` is without the new rows. ``read`` counts rows of df_behavior, as ``Behavior`` does. ``known`` are the
    mice that have rows, ``there`` those that have sessions; ``lost`` says that the rows of the part cannot be read.
    ``used`` says how many rows rest on which curriculum, ``version`` is the SHA-256 of its sessions.
    """

    name: str
    part: Part | None
    changed: bool
    read: Behavior
    outcome: Outcome
    tally: Tally
    known: tuple[str, ...] = ()
    there: tuple[str, ...] = ()
    lost: bool = False
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
    kept = in_parts(task.manager_uri, task.access)
    table, frame = None, pd.DataFrame()
    try:
        table = None if task.rows is None else kept.table(task.rows.manager)
    except UnreadableError as error:
        return replace(_left(task, table, frame, [Issue(codes.UNREADABLE, str(error))]), lost=True)
    try:
        frame, version = _sessions(task)
        frame = task.layout.renamed(frame, f"{task.name}{_SUFFIX}")
        work = colony.Work(catalog, _own(task.options, frame, table), task.layout, (task.behavior_uri, kept.uri))
        read, outcome = colony.judge(work, frame, table)
    except (UnreadableError, TableError) as error:
        issues = error.issues if isinstance(error, TableError) else [Issue(codes.UNREADABLE, str(error))]
        return _left(task, table, frame, issues)
    part, known = task.rows, _mice(table)
    if outcome.count:
        judged = colony.judged(outcome, catalog.integer_metrics)
        after = judged if table is None else manager_table.merged(table, judged)
        part, known = None if task.dry_run else _kept(task, kept, after, outcome), _mice(after)
    return Done(
        name=task.name,
        part=part,
        changed=outcome.count > 0,
        read=replace(read, subjects={}, conflicts={}),
        outcome=replace(outcome, added=(), bulk=None, latest=()),
        tally=Tally.of(outcome),
        known=known,
        there=_mice(frame),
        used=used_curriculums(table),
        version=version,
    )


def _sessions(task: Task) -> tuple[pd.DataFrame, str]:
    blob = None if task.sessions is None else folder(task.behavior_uri, task.access).get(task.sessions)
    if blob is None:
        raise UnreadableError(f"`{task.behavior_uri}{task.name}{_SUFFIX}` is gone; its rows stay as they are")
    try:
        return decode(blob.content, _SUFFIX), hashlib.sha256(blob.content).hexdigest()
    except UnreadableError as error:
        message = f"`{task.behavior_uri}{task.sessions}` is damaged, or no parquet file: write it again"
        raise UnreadableError(f"{message}; its mice stay as they are ({error})") from error


def _own(options: Options, frame: pd.DataFrame, table: pd.DataFrame | None) -> Options:
    """The options as far as they are about mice of the part."""
    mine = {*_mice(frame), *_mice(table)}
    chosen = None if options.subjects is None else options.subjects & mine
    return replace(options, subjects=chosen, placed={name: at for name, at in options.placed.items() if name in mine})


def _mice(table: pd.DataFrame | None) -> tuple[str, ...]:
    if table is None or "subject_id" not in table:
        return ()
    return tuple(sorted(cells.subjects(table["subject_id"]) - {""}))


def _kept(task: Task, kept: Partitions, after: pd.DataFrame, outcome: Outcome) -> Part:
    """Where the rows of a part are once they are written."""
    superseded = None if task.rows is None else task.rows.superseded
    if outcome.replaced:
        new = manager_table.to_frame(row for row, _ in outcome.replaced).assign(superseded_in=task.generation)
        whole = new if superseded is None else stacked(kept.table(superseded), new)
        superseded = kept.keep(task.generation, f"{task.name}-superseded", whole)
    stats = kept.keep(task.generation, f"{task.name}-stats", to_stats(after))
    return Part(kept.keep(task.generation, task.name, after), stats, superseded, len(after))


def _left(task: Task, table: pd.DataFrame | None, frame: pd.DataFrame, issues: list[Issue]) -> Done:
    """A part that stays as it is."""
    told = tuple(replace(issue, message=f"part `{task.name}`: {issue.message}") for issue in issues)
    return Done(
        name=task.name, part=task.rows, changed=False, read=_NOTHING, outcome=Outcome(unjudged=told), tally=Tally(),
        known=_mice(table), there=_mice(frame),
    )  # fmt: skip


_NOTHING = Behavior({}, {}, (), frozenset())


class _Run:
    def __init__(self, job: Job, engine: Engine) -> None:
        self.job, self.engine = job, engine
        # Workers have another working directory, and not the variables of this process.
        self.behavior_uri, self.manager_uri = (_whole(uri, job.access) for uri in (job.behavior_uri, job.manager_uri))
        self.access = replace(job.access, expand=str)
        self.behavior: Objects = folder(self.behavior_uri, self.access)
        self.manager = in_parts(self.manager_uri, self.access)
        self.odd: list[Issue] = []

    def result(self, progress: Callable[[int], Callable[[str], None]]) -> Result:
        job, keys = self.job, self._keys()
        head = self.manager.head() if job.dry_run else self.manager.begun()
        tasks = self._tasks(head, keys)
        done: list[Done] = []
        tally = Tally.together(self._judged(tasks, done, progress(len(tasks))))
        done.sort(key=lambda each: each.name)
        _refuse_lost(done)
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
        rows = _rows(head) + (tally.judged - len(outcome.replaced) if job.dry_run else 0)
        return Result(read, outcome, tally, rows, written, head.generation, version)

    def _judged(self, tasks: list[Task], done: list[Done], report: Callable[[str], None]) -> Iterator[Tally]:
        """What there is to tell of every part as it is done; ``done`` gets the rest, so that a thousand parts fit."""
        for each in self.engine.judged(self.job.catalog, tasks):
            told = {"sessions": each.tally.judged, "not_judged": len(each.outcome.unjudged)}
            self.job.tell("judged", {"part": each.name, **told})
            report(each.name)
            done.append(replace(each, tally=Tally()))
            yield each.tally

    def _keys(self) -> dict[str, str]:
        """The name of every part of df_behavior, and its key; names that no part can have are told."""
        found: dict[str, str] = {}
        self.odd.clear()
        for key in self.behavior.keys(""):
            if not key.lower().endswith(_SUFFIX) or any(part.startswith(".") for part in key.split("/")):
                continue
            name = key[: -len(_SUFFIX)]
            long = len(name.encode("utf-8", "surrogateescape")) > _LONGEST
            if long or not name.isprintable() or {"", ".", ".."} & set(name.split("/")):
                message = f"`{name[:80]!r}` cannot be the name of a part: rename the file"
                self.odd.append(Issue(codes.UNREADABLE, message))
            elif name in found:
                self.odd.append(Issue(codes.UNREADABLE, f"there are two files for the part `{name}`: rename one"))
            else:
                found[name] = key
        if not found and not self.odd:
            raise StoreError(f"there is no {_SUFFIX} file in `{self.job.behavior_uri}`")
        return found

    def _tasks(self, head: Head, found: Mapping[str, str]) -> list[Task]:
        job = self.job
        return [
            Task(
                name, found.get(name), head.parts.get(name), head.generation + 1, self.behavior_uri, self.manager_uri,
                job.options, job.layout, self.access, job.dry_run,
            )
            for name in sorted({*found, *head.parts})
        ]  # fmt: skip

    def _outcome(self, done: list[Done]) -> Outcome:
        """Everything that the parts have to tell, and what only shows in all of them together."""
        options, there = self.job.options, {subject for each in done for subject in (*each.known, *each.there)}
        used: Counter[tuple[str, str, str]] = Counter()
        for each in done:
            used.update(each.used)
        outcomes = [
            *(each.outcome for each in done),
            evaluation.unknown_subjects((options.subjects or frozenset()) - there),
            evaluation.placed_in_vain(set(options.placed) - there),
            Outcome(warnings=tuple(evaluation.changed_curriculums(self.job.catalog, used))),
            Outcome(unjudged=tuple(self.odd)),
            self._absent(done),
        ]
        return replace(evaluation.together(outcomes), subjects=sum(each.outcome.subjects for each in done))

    def _absent(self, done: list[Done]) -> Outcome:
        there = {subject for each in done for subject in each.there}
        return Outcome(warnings=tuple(absent({s for each in done for s in each.known}, there, self.job.behavior_uri)))

    def _prune(self) -> None:
        try:
            self.manager.prune()
        except (StoreError, UnreadableError) as error:
            self.job.tell("not pruned", {"why": str(error)})


def _whole(uri: str, access: Access) -> str:
    """A folder as every process understands it."""
    uri = access.expand(uri)
    return uri if "://" in uri else f"{Path(uri).absolute()}/"


def _rows(head: Head) -> int:
    return sum(part.rows for part in head.parts.values())


def _refuse_lost(done: list[Done]) -> None:
    """Without the rows of a part nobody knows which mice are in it, and they might be judged once more elsewhere."""
    issues = [issue for each in done if each.lost for issue in each.outcome.unjudged]
    if issues:
        raise TableError(issues)


def _refuse_doubles(done: list[Done]) -> None:
    """One mouse in two parts would be judged twice, each time without the sessions of the other part."""
    seen: dict[str, Done] = {}
    issues = []
    for each in done:
        for subject in sorted({*each.known, *each.there}):
            first = seen.setdefault(subject, each)
            if first is not each:
                issues.append(Issue(codes.CONFLICTING_ROWS, _doubled(subject, first, each), subject))
    if issues:
        more = len(issues) - _SHOWN
        last = [Issue(codes.CONFLICTING_ROWS, f"and {more:,} more mice like these")] if more > 0 else []
        raise TableError([*issues[:_SHOWN], *last])


def _doubled(subject: str, first: Done, second: Done) -> str:
    if subject in first.there and subject in second.there:
        return f"it is in the parts `{first.name}` and `{second.name}`: all rows of a mouse belong in one part"
    new, old = (first, second) if subject in first.there else (second, first)
    return (
        f"its sessions are in the part `{new.name}` now, but it was judged in `{old.name}`: put them back there "
        "(was the number of parts changed, or a file renamed?)"
    )


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

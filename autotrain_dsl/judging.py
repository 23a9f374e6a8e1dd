"""The sessions of one mouse, judged in the order of their numbers; and which of its decisions are stale.

Pure: rows of tables come in, rows come out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf

import pandas as pd

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.diagnostics import Code
from autotrain_dsl.expressions.functions import plain
from autotrain_dsl.expressions.reads import reads_of
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import Decision, History, Situation, step
from autotrain_dsl.model import Metric
from autotrain_dsl.spelling import suggest
from autotrain_dsl.tables import basis, manager
from autotrain_dsl.tables.behavior import Behavior, Session
from autotrain_dsl.tables.issues import Issue
from autotrain_dsl.tables.manager import Row

NEW, CORRECT, RERUN = "new", "correct", "rerun"


@dataclass(frozen=True, slots=True)
class Options:
    """What to judge, and what is recorded with every decision.

    ``mode`` NEW judges sessions without a row, CORRECT also those from the first stale one of a mouse on, RERUN all.
    ``default`` is the curriculum of sessions that name no version. ``subjects`` limits the run
    (None: all). ``now`` is ISO text, ``program`` a version. ``placed`` names the stage for a subject whose suggested
    stage is none of its curriculum, since it has changed curriculum.
    """

    now: str
    program: str
    mode: str = NEW
    default: tuple[str, str] | None = None
    subjects: frozenset[str] | None = None
    placed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found: rows that are new, rows that replace others, and what needs attention.

    ``latest`` are those of the rows it has made that are the newest of their mouse. ``bulk`` are more new rows, of mice
    that have no others, in the columns of ``manager.to_frame``.
    """

    added: tuple[Row, ...] = ()
    replaced: tuple[tuple[Row, Row], ...] = ()
    unjudged: tuple[Issue, ...] = ()
    stale: tuple[Issue, ...] = ()
    warnings: tuple[Issue, ...] = ()
    subjects: int = 0
    latest: tuple[Row, ...] = ()
    bulk: pd.DataFrame | None = None

    @property
    def count(self) -> int:
        """Number of rows that this run has made."""
        return len(self.judged) + (0 if self.bulk is None else len(self.bulk))

    @property
    def judged(self) -> tuple[Row, ...]:
        """Every row that this run has made, without those in ``bulk``."""
        return (*self.added, *(after for _, after in self.replaced))

    @property
    def needs_attention(self) -> bool:
        """Whether a person has to look at something."""
        return bool(self.unjudged or self.stale)

    def warned(self, issues: Iterable[Issue]) -> Outcome:
        """The same with more warnings."""
        return replace(self, warnings=tuple(sorted([*issues, *self.warnings], key=lambda issue: issue.key)))


class CannotJudgeError(Exception):
    """A session stays without a decision, for this reason."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Mouse:
    """One mouse of a colony while its sessions are judged, in the order of their numbers.

    Sessions up to ``settled`` are known to be judged and unchanged; of their rows only the newest need be given.
    """

    catalog: Catalog
    behavior: Behavior
    subject: str
    rows: dict[int, Row]  # judged so far: those of the table, overlaid with what this run decides
    options: Options
    settled: int = 0
    placed: bool = False  # whether somebody had to say where it goes on, and has
    added: list[Row] = field(default_factory=list)
    replaced: list[tuple[Row, Row]] = field(default_factory=list)
    unjudged: list[Issue] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)
    _values: dict[Metric, list[float | None]] = field(default_factory=dict)
    _chains: dict[tuple[Metric, ...], list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = dict(self.rows)
        self.judged = sorted(self.rows)
        self.sessions = self.behavior.subjects[self.subject]
        self.numbers = [session.number for session in self.sessions]

    def judge(self) -> Outcome:
        """Judge what the options ask for, session by session in the order of their numbers."""
        again = self._first_to_judge_again()
        conflicts = self.behavior.conflicts.get(self.subject, ())
        for place, session in enumerate(self.sessions):
            if not session.curriculum or session.number <= self.settled:
                continue  # off curriculum: a part of the history only
            if session.number in conflicts or (session.number in self.rows and session.number < again):
                continue  # differing rows are reported with the table
            try:
                self._take(self._row(session, place))
            except CannotJudgeError as reason:
                kept = "; the existing row stays" if session.number in self.rows else ""
                self.unjudged.append(Issue(reason.code, reason.message + kept, self.subject, session.number))
        made = [*self.added, *(after for _, after in self.replaced)]
        return Outcome(
            added=tuple(self.added),
            replaced=tuple(self.replaced),
            unjudged=tuple(self.unjudged),
            stale=tuple(self._stale()),
            warnings=tuple(self.warnings),
            latest=tuple(row for row in made if row.session == self.judged[-1]),
        )

    def _first_to_judge_again(self) -> float:
        if self.options.mode == RERUN:
            return 0
        if self.options.mode == NEW:
            return inf
        open_ = [session.number for session in self.sessions if session.curriculum and session.number > self.settled]
        late = [n for n in open_ if n not in self.rows and self.judged and n < self.judged[-1]]
        return min([*(issue.session for issue in self._stale() if issue.session is not None), *late], default=inf)

    def _take(self, row: Row) -> None:
        before = self.rows.get(row.session)
        if before is None:
            self.added.append(row)
            self.judged.insert(bisect_left(self.judged, row.session), row.session)
        else:
            row = replace(row, extra=before.extra)
            if self.options.mode == CORRECT and _verdict(row) == _verdict(before):
                return  # it comes out the same: nothing to put on record
            self.replaced.append((before, row))
        self.rows[row.session] = row

    def _row(self, session: Session, place: int) -> Row:
        doubtful = self.behavior.conflicts.get(self.subject, ())
        if doubtful and session.number > doubtful[0]:
            raise CannotJudgeError(codes.CONFLICTING_ROWS, f"held, since session {doubtful[0]} has differing rows")
        graph = graph_of(self.catalog, self.options, self.behavior.columns, session.curriculum, session.version)
        suggested = self._suggested(session, graph)
        actual, closed = self._actual(session, graph, suggested)
        values = self._own_values(session, graph)
        history = self._history(graph, place)
        count, stay = self._stay(session, place, actual)
        decision = step(graph, Situation(actual, session.number, count, stay), history)
        return Row(
            subject_id=self.subject,
            session=session.number,
            session_date=session.date,
            task=session.task,
            session_at_current_stage=count,
            curriculum_name=graph.curriculum.name,
            task_schema_version=graph.task.version,
            curriculum_version=graph.curriculum.version,
            curriculum_json_name=manager.json_name(graph.curriculum.name, graph.curriculum.version),
            values=values,
            metrics=_readable(graph, Situation(actual, session.number, count, stay), history),
            basis=self._basis(graph, place),
            current_stage_suggested=suggested,
            current_stage_actual=actual,
            if_closed_loop=closed,
            if_overriden_by_trainer=closed and actual != suggested,
            decision=decision.decision,
            next_stage_suggested=decision.next_stage,
            rule=f"{actual}:{decision.fired}" if decision.fired is not None else "",
            reason=decision.reason,
            missing=_missing(decision),
            curriculum_hash=graph.content_hash,
            program_version=self.options.program,
            judged_at=self.options.now,
        )

    def _previous(self, session: Session) -> Row | None:
        place = bisect_left(self.judged, session.number)
        return self.rows[self.judged[place - 1]] if place else None

    def _suggested(self, session: Session, graph: StateGraph) -> str:
        previous = self._previous(session)
        if previous is None:
            starts = session.number == 1 or not session.actual or not graph.has_stage(session.actual)
            return graph.initial if starts else str(session.actual)
        if graph.has_stage(previous.next_stage_suggested):
            return previous.next_stage_suggested
        placed = "" if self.placed else self.options.placed.get(self.subject, "")  # for one change of curriculum
        self.placed = self.placed or bool(placed)
        if graph.has_stage(placed):
            return placed
        which = f"{graph.curriculum.name}@{graph.curriculum.version}"
        if placed:
            stages = suggest(placed, [stage.name for stage in graph.stages], "stage")
            raise CannotJudgeError(codes.FOREIGN_STAGE, f"`{placed}` is no stage of {which}; {stages}")
        message = (
            f"session {previous.session} suggested {previous.next_stage_suggested}, which {which} does not have: "
            f"a person must choose a stage (--place {self.subject}=STAGE)"
        )
        raise CannotJudgeError(codes.FOREIGN_STAGE, message)

    def _actual(self, session: Session, graph: StateGraph, suggested: str) -> tuple[str, bool]:
        """The stage that was run, and whether that is known (closed loop)."""
        if session.actual is None:
            return suggested, False
        if graph.has_stage(session.actual):
            return session.actual, True
        what = f"`{session.actual}` is no stage of the curriculum" if session.actual else "the actual stage is empty"
        message = f"{what}; judged as if {suggested} had been run"
        self.warnings.append(Issue(codes.OPEN_LOOP, message, self.subject, session.number))
        return suggested, False

    def _own_values(self, session: Session, graph: StateGraph) -> dict[str, float | None]:
        """The session's metrics; a value that cannot be right keeps it from being judged."""
        values: dict[str, float | None] = {}
        faults = []
        for metric in graph.task.metrics.values():
            if not set(metric.columns) & self.behavior.columns:
                looked = ", ".join(metric.columns)
                message = f"df_behavior has no column for the metric {metric.name} (looked for {looked})"
                raise CannotJudgeError(codes.NO_METRIC_COLUMN, message)
            try:
                values[metric.name] = session.metric(metric)
            except ValueError as fault:
                faults.append(str(fault))
        if faults:
            raise CannotJudgeError(codes.BAD_METRIC, "; ".join(faults))
        return values

    def _history(self, graph: StateGraph, place: int) -> History:
        metrics = {metric.name: tuple(self._column(metric)[: place + 1]) for metric in graph.task.metrics.values()}
        return History(tuple(self.numbers[: place + 1]), metrics)

    def _column(self, metric: Metric) -> list[float | None]:
        """A metric over all sessions of the mouse; what cannot be right counts as missing."""
        if metric not in self._values:
            self._values[metric] = [_value_or_missing(session, metric) for session in self.sessions]
        return self._values[metric]

    def _stay(self, session: Session, place: int, actual: str) -> tuple[int, int]:
        """Judged sessions of the unbroken stay, this one included, and entries of the history that belong to it."""
        count, first = 1, session.number
        for number in reversed(self.judged[: bisect_left(self.judged, session.number)]):
            if self.rows[number].current_stage_actual != actual:
                break
            count, first = count + 1, number
        return count, place + 1 - bisect_left(self.numbers, first)

    def _stale(self) -> list[Issue]:
        """Rows that rest on data or on decisions that have changed since."""
        places = {session.number: place for place, session in enumerate(self.sessions)}
        found = []
        for number in sorted(self.rows):
            row = self.rows[number]
            why = [*self._changes(row, places[number])] if number in places else []
            why += self._overtaken(row)
            if why:
                found.append(Issue(codes.STALE, "; ".join(why), self.subject, number))
        return found

    def _changes(self, row: Row, place: int) -> Iterator[str]:
        """What df_behavior says today, where it differs from what a row was judged with."""
        session, graph = self.sessions[place], self.catalog.find(row.curriculum_name, row.curriculum_version)
        own = list(_own_changes(row, session, graph, self.behavior.columns))
        yield from own
        if graph is not None and not own and row.basis and row.basis != self._basis(graph, place):
            yield "a session before it was added, removed or changed after it was judged"

    def _overtaken(self, row: Row) -> Iterator[str]:
        """What the rows before a row say today, where it was judged with something else."""
        place = bisect_left(self.judged, row.session)
        if place and row.current_stage_suggested:
            before = self.rows[self.judged[place - 1]]
            graph = self.catalog.find(row.curriculum_name, row.curriculum_version)
            placed = graph is None or not graph.has_stage(before.next_stage_suggested)  # a person has chosen
            if before.next_stage_suggested != row.current_stage_suggested and not placed:
                was, now = row.current_stage_suggested, before.next_stage_suggested
                yield f"session {before.session} suggests {now} now, not {was}"

    def _basis(self, graph: StateGraph, place: int) -> str:
        """A hash of everything in df_behavior that a decision rests on."""
        metrics = tuple(graph.task.metrics.values())
        if metrics not in self._chains:
            values = [self._column(metric) for metric in metrics]
            links = (
                basis.link(session.number, session.actual or None, (column[number] for column in values))
                for number, session in enumerate(self.sessions)
            )
            self._chains[metrics] = basis.chain(links)
        return self._chains[metrics][place]


def graph_of(catalog: Catalog, options: Options, columns: frozenset[str], name: str, version: str) -> StateGraph:
    """The curriculum of a session by what its row says; ``columns`` are those of df_behavior.

    Raises CannotJudgeError where there is none.
    """
    if not version:
        if options.default is None:
            message = f"no version of `{name}` is given, and no default curriculum is configured"
            raise CannotJudgeError(codes.NO_VERSION, message)
        used, (name, version) = name, options.default
        if "curriculum_name" in columns and used != name:
            message = f"no version of `{used}` is given, and the default is {name}@{version}"
            raise CannotJudgeError(codes.NO_VERSION, message)
    graph = catalog.find(name, version)
    if graph is None:
        raise CannotJudgeError(codes.UNKNOWN_CURRICULUM, catalog.why_not(name, version))
    return graph


def _own_changes(row: Row, session: Session, graph: StateGraph | None, columns: frozenset[str]) -> Iterator[str]:
    """What df_behavior says of a judged session itself, where it differs from what was judged."""
    for metric in graph.task.metrics.values() if graph is not None else ():
        if metric.name in row.values and set(metric.columns) & columns:
            try:
                now = _shown(session.metric(metric))
            except ValueError as fault:
                now = str(fault)
            known = row.basis or row.values[metric.name] is not None  # the older system may not have kept them
            if known and now != _shown(row.values[metric.name]):
                yield f"{metric.name} was {_shown(row.values[metric.name])}, now {now}"
    if row.if_closed_loop and session.actual is not None and session.actual != row.current_stage_actual:
        yield f"current_stage_actual was {row.current_stage_actual}, now {session.actual or 'empty'}"
    now_used, was_used = (session.curriculum, session.version), (row.curriculum_name, row.curriculum_version)
    if session.version and row.curriculum_version and now_used != was_used:
        was = f"{row.curriculum_name}@{row.curriculum_version}"
        yield f"the curriculum was {was}, now {session.curriculum}@{session.version}"


def _verdict(row: Row) -> Row:
    """A row without what only tells who wrote it when, and without the metrics of other tasks."""
    values = {name: value for name, value in row.values.items() if value is not None}
    return replace(row, values=values, judged_at="", program_version="")


def _value_or_missing(session: Session, metric: Metric) -> float | None:
    try:
        return session.metric(metric)
    except ValueError:
        return None


def _shown(value: float | None) -> str:
    return "missing" if value is None else repr(plain(value))


def _readable(graph: StateGraph, situation: Situation, history: History) -> str:
    """What the rules of a stage could read: of every metric the longest window that one of them takes."""
    longest: dict[str, int] = {}
    for rule in graph.rules(situation.stage):
        for read in reads_of(rule.program.node) if rule.program is not None else ():
            seen = (situation.stay or 0) if read.at_stage else len(history.sessions)
            longest[read.metric] = max(longest.get(read.metric, 0), int(min(read.reach, seen)))
    readable: dict[str, object] = {
        "session_total": situation.session_total,
        "session_at_current_stage": situation.session_at_current_stage,
    }
    if situation.stay != situation.session_at_current_stage:
        readable["sessions_of_stay"] = situation.stay  # one in between could not be judged
    for metric in sorted(longest):
        values = history.metrics[metric]
        readable[metric] = [plain(value) for value in values[len(values) - longest[metric] :]]
    return manager.metrics_text(readable)


def _missing(decision: Decision) -> str:
    return "; ".join(str(missing) for missing in decision.missing)

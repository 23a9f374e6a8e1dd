"""df_behavior: one row per session, read without judging anything."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from autotrain_dsl.codes import tables as codes
from autotrain_dsl.columns import MANAGER
from autotrain_dsl.model import Metric
from autotrain_dsl.spelling import nearest
from autotrain_dsl.tables import cells
from autotrain_dsl.tables.cells import Cell
from autotrain_dsl.tables.issues import Issue, TableError

_LARGEST = 2.0**53  # up to here doubles hold every whole number
_OWN = ("session_date", "task", "curriculum_name", "curriculum_version", "current_stage_actual")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a lab's table differs from what the program expects.

    ``columns`` are the program's names of columns and what the table calls them, ``task_names`` what the table calls a
    task and the name of its curriculum. With ``whole_history`` sessions off curriculum are a part of the history, too.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    task_names: Mapping[str, str] = field(default_factory=dict)
    whole_history: bool = False

    def renamed(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        """A table under the program's names of columns. Raises TableError where a configured column is not there."""
        frame = flat(frame)
        present = {str(column) for column in frame.columns}
        missing = [theirs for theirs in self.columns.values() if theirs not in present]
        if missing:
            raise TableError([Issue(codes.MISSING_COLUMN, without_columns(name, missing, present))])
        return frame.rename(columns={theirs: ours for ours, theirs in self.columns.items()})


@dataclass(frozen=True, slots=True)
class Session:
    """One session of one subject; ``cells`` are the columns that may hold metrics, as they came.

    ``curriculum`` is empty for a session off curriculum. ``actual`` is None where the table does not tell which stage
    the rig ran (an open-loop simulation).
    """

    subject: str
    number: int
    date: str
    task: str
    curriculum: str
    version: str
    actual: str | None
    cells: Mapping[str, Cell]

    def metric(self, metric: Metric) -> float | None:
        """The value of a metric, None where it is missing. Raises ValueError with what is wrong with it."""
        column = next((column for column in metric.columns if column in self.cells), None)
        return value_of(self.cells.get(column) if column is not None else None, metric)


@dataclass(frozen=True, slots=True)
class Behavior:
    """The sessions of every subject by ascending number, and what is wrong with rows.

    ``conflicts`` holds, for every subject that has them, the sessions with differing rows. ``rows`` counts what was
    read, ``dropped`` what has no session number, ``repeated`` identical rows, ``off_curriculum`` rows without name.
    ``unchanged`` counts subjects that need no look, since nothing about them is new; ``settled`` is, of others, the
    session up to which nothing is.
    """

    subjects: Mapping[str, tuple[Session, ...]]
    conflicts: Mapping[str, tuple[int, ...]]
    issues: tuple[Issue, ...]
    columns: frozenset[str]
    rows: int = 0
    dropped: int = 0
    repeated: int = 0
    off_curriculum: int = 0
    unchanged: int = 0
    settled: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_open_loop(self) -> bool:
        """Whether nothing tells which stage was really run."""
        return "current_stage_actual" not in self.columns


def read(
    frame: pd.DataFrame, metric_columns: frozenset[str], name: str = "df_behavior", layout: Layout | None = None
) -> Behavior:
    """The sessions of a table. Raises TableError where a column that tells rows apart is missing."""
    layout = layout or Layout()
    frame = layout.renamed(frame, name)
    columns = frozenset(str(column) for column in frame.columns)
    doubled = sorted({str(column) for column in frame.columns[frame.columns.duplicated()]})
    if doubled:
        raise TableError([Issue(codes.MISSING_COLUMN, f"{name} has more than one column {', '.join(doubled)}")])
    _require(columns, name)
    work = _Reading(columns, sorted(columns & metric_columns), layout)
    for row in _rows(frame, [c for c in ("subject_id", "session", *_OWN, *work.metrics) if c in columns]):
        work.take(row)
    work.settle()
    subjects = {
        subject: tuple(sessions[number] for number in sorted(sessions))
        for subject, sessions in sorted(work.sessions.items())
    }
    conflicts = {subject: tuple(sorted(numbers)) for subject, numbers in work.conflicts.items()}
    issues = tuple(sorted(set(work.issues), key=lambda issue: issue.key))
    return Behavior(subjects, conflicts, issues, columns, len(frame), work.dropped, work.repeated, work.off_curriculum)


def value_of(cell: Cell, metric: Metric) -> float | None:
    """The value of a metric in a cell, None where it is empty. Raises ValueError with what is wrong with it."""
    if cells.is_missing(cell):
        return None
    value = cells.real_number(cell)
    if value is not None and metric.minimum <= value <= metric.maximum and abs(value) <= _LARGEST:
        if value.is_integer() or not metric.integer:
            return value + 0.0  # so that -0.0 is 0.0
        raise ValueError(f"{metric.name} is {cells.text(cell)[:40]}, but only whole numbers occur")
    shown = cells.text(cell)[:40]
    if value is None:
        raise ValueError(f"{metric.name} is `{shown}`, which is no number")
    if abs(value) > _LARGEST and metric.minimum <= value <= metric.maximum:
        raise ValueError(f"{metric.name} is {shown}, which is more than can be counted")
    low = "" if math.isinf(metric.minimum) else f" from {metric.minimum:g}"
    high = "" if math.isinf(metric.maximum) else f" to {metric.maximum:g}"
    raise ValueError(f"{metric.name} is {shown}, but its range goes{low}{high or ' upwards'}")


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with one level of columns and no index of its own, as older tables do not come."""
    if frame.columns.nlevels > 1:
        frame = frame.set_axis(frame.columns.get_level_values(-1), axis=1)
    named = [level for level in frame.index.names if level is not None and level not in frame.columns]
    return frame.reset_index(level=named) if named else frame


def _require(columns: frozenset[str], name: str) -> None:
    missing = [column for column in ("subject_id", "session") if column not in columns]
    if not {"curriculum_name", "task"} & columns:
        missing.append("curriculum_name (or task)")
    if missing:
        raise TableError([Issue(codes.MISSING_COLUMN, without_columns(name, missing, columns))])


def without_columns(name: str, missing: list[str], columns: Iterable[str]) -> str:
    """That a table lacks columns, and which of its columns they are most likely called."""
    message = f"{name} has no column {', '.join(missing)}"
    free = [column for column in columns if column not in MANAGER]  # the others have a meaning of their own
    near = {column: found for column in missing if (found := nearest(column.split()[0], free))}
    if near:
        return f"{message}; {', '.join(f'is `{found}` meant to be `{column}`' for column, found in near.items())}?"
    return f"{message}; its columns are {', '.join(f'`{column}`' for column in sorted(columns)[:12])}"


def _rows(frame: pd.DataFrame, columns: list[str]) -> list[dict[str, Cell]]:
    # Object columns keep every value as it came: no column of whole numbers turns to float for one empty cell.
    lists = [frame[column].astype(object).tolist() for column in columns]
    return [dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)]


@dataclass
class _Reading:
    columns: frozenset[str]
    metrics: list[str]
    layout: Layout

    def __post_init__(self) -> None:
        self.sessions: dict[str, dict[int, Session]] = {}
        self.again: dict[tuple[str, int], list[Session]] = {}
        self.conflicts: dict[str, set[int]] = {}
        self.issues: list[Issue] = []
        self.dropped = self.repeated = self.off_curriculum = 0

    def take(self, row: dict[str, Cell]) -> None:
        """One row of the table, in whatever order rows come."""
        subject = cells.subject(row["subject_id"])
        if cells.is_missing(row["session"]) or not subject:
            self.dropped += 1
            return
        number = cells.whole_number(row["session"])
        if number is None or number < 1:
            message = f"`{cells.text(row['session'])[:40]}` is no session number (whole, from 1)"
            self.issues.append(Issue(codes.BAD_SESSION_NUMBER, message, subject))
            return
        session = self._session(subject, number, row)
        if not session.curriculum:
            self.off_curriculum += 1
            if not self.layout.whole_history:
                return
        known = self.sessions.setdefault(subject, {}).setdefault(number, session)
        if known is not session:
            self.again.setdefault((subject, number), [known]).append(session)

    def settle(self) -> None:
        """Compare rows of one session, in an order that is not that of the table."""
        for (subject, number), rows in sorted(self.again.items()):
            first, *others = sorted(rows, key=_order)
            self.sessions[subject][number] = first
            for other in others:
                differing = _differences(first, other)
                if not differing:
                    self.repeated += 1
                    continue
                self.conflicts.setdefault(subject, set()).add(number)
                message = f"two rows differ: {'; '.join(differing)}"
                self.issues.append(Issue(codes.CONFLICTING_ROWS, message, subject, number))

    def _session(self, subject: str, number: int, row: dict[str, Cell]) -> Session:
        named = "curriculum_name" if "curriculum_name" in self.columns else "task"
        actual = cells.text(row["current_stage_actual"]) if "current_stage_actual" in self.columns else None
        return Session(
            subject=subject,
            number=number,
            date=cells.date(row.get("session_date")),
            task=self._task(row.get("task")),
            curriculum=self._task(row[named]),
            version=cells.text(row.get("curriculum_version")),
            actual=actual,
            cells={column: row[column] for column in self.metrics},
        )

    def _task(self, cell: Cell) -> str:
        name = cells.text(cell)
        return self.layout.task_names.get(name, name)


def _differences(first: Session, second: Session) -> list[str]:
    pairs: list[tuple[str, Cell, Cell]] = [
        ("session_date", first.date, second.date),
        ("task", first.task, second.task),
        ("curriculum", f"{first.curriculum} {first.version}", f"{second.curriculum} {second.version}"),
        ("current_stage_actual", first.actual, second.actual),
        *((column, first.cells[column], second.cells[column]) for column in first.cells),
    ]
    found = []
    for what, one, other in pairs:
        a, b = _comparable(one), _comparable(other)
        if a != b:
            low, high = sorted((cells.text(one) or "empty", cells.text(other) or "empty"))
            found.append(f"{what} is {low} in one and {high} in the other")
    return found


def _order(session: Session) -> list[str]:
    texts = (session.date, session.task, session.curriculum, session.version, session.actual or "")
    return [*texts, *(repr(_comparable(cell)) for cell in session.cells.values())]


def _comparable(cell: Cell) -> object:
    if cells.is_missing(cell):
        return None
    number = cells.real_number(cell)
    return cells.text(cell) if number is None else number

"""df_behavior: one row per session, read without judging anything."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from autotrain_dsl.codes import tables as codes
from autotrain_dsl.model import Metric
from autotrain_dsl.spelling import nearest
from autotrain_dsl.tables import cells
from autotrain_dsl.tables.cells import Cell
from autotrain_dsl.tables.issues import Issue, TableError

_LARGEST = 2.0**53  # up to here doubles hold every whole number
_OWN = ("session_date", "task", "curriculum_name", "curriculum_version", "current_stage_actual")


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
        cell = self.cells.get(column) if column is not None else None
        if cells.is_missing(cell):
            return None
        value = cells.real_number(cell)
        shown = cells.text(cell)[:40]
        if value is None:
            raise ValueError(f"{metric.name} is `{shown}`, which is no number")
        if metric.integer and not value.is_integer():
            raise ValueError(f"{metric.name} is {shown}, but only whole numbers occur")
        if not metric.minimum <= value <= metric.maximum:
            low = "" if math.isinf(metric.minimum) else f" from {metric.minimum:g}"
            high = "" if math.isinf(metric.maximum) else f" to {metric.maximum:g}"
            raise ValueError(f"{metric.name} is {shown}, but its range goes{low}{high or ' upwards'}")
        if abs(value) > _LARGEST:
            raise ValueError(f"{metric.name} is {shown}, which is more than can be counted")
        return value


@dataclass(frozen=True, slots=True)
class Behavior:
    """The sessions of every subject by ascending number, and what is wrong with rows.

    ``conflicts`` holds, for every subject that has them, the sessions with differing rows. ``rows`` counts what was
    read, ``dropped`` what has no session number, ``repeated`` identical rows, ``off_curriculum`` rows without name.
    """

    subjects: Mapping[str, tuple[Session, ...]]
    conflicts: Mapping[str, tuple[int, ...]]
    issues: tuple[Issue, ...]
    columns: frozenset[str]
    rows: int = 0
    dropped: int = 0
    repeated: int = 0
    off_curriculum: int = 0

    @property
    def is_open_loop(self) -> bool:
        """Whether nothing tells which stage was really run."""
        return "current_stage_actual" not in self.columns


def read(frame: pd.DataFrame, metric_columns: frozenset[str], name: str = "df_behavior") -> Behavior:
    """The sessions of a table. Raises TableError where a column that tells rows apart is missing."""
    frame = flat(frame)
    columns = frozenset(str(column) for column in frame.columns)
    doubled = sorted({str(column) for column in frame.columns[frame.columns.duplicated()]})
    if doubled:
        raise TableError([Issue(codes.MISSING_COLUMN, f"{name} has more than one column {', '.join(doubled)}")])
    _require(columns, name)
    work = _Reading(columns, sorted(columns & metric_columns))
    for row in _rows(frame, [c for c in ("subject_id", "session", *_OWN, *work.metrics) if c in columns]):
        work.take(row)
    subjects = {
        subject: tuple(sessions[number] for number in sorted(sessions))
        for subject, sessions in sorted(work.sessions.items())
    }
    conflicts = {subject: tuple(sorted(numbers)) for subject, numbers in work.conflicts.items()}
    issues = tuple(sorted(set(work.issues), key=lambda issue: issue.key))
    return Behavior(subjects, conflicts, issues, columns, len(frame), work.dropped, work.repeated, work.off_curriculum)


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
    near = {column: found for column in missing if (found := nearest(column.split()[0], columns))}
    if near:
        return f"{message}; {', '.join(f'is `{found}` meant to be `{column}`' for column, found in near.items())}?"
    return f"{message}; its columns are {', '.join(f'`{column}`' for column in sorted(columns)[:12])}"


def _rows(frame: pd.DataFrame, columns: list[str]) -> list[dict[str, Cell]]:
    # Object columns keep every value as it came: no column of whole numbers turns to float for one empty cell.
    lists = [frame[column].astype(object).tolist() for column in columns]
    # In one order, so that what is said of repeated rows does not depend on theirs.
    ordered = sorted(zip(*lists, strict=True), key=lambda values: [repr(_comparable(value)) for value in values])
    return [dict(zip(columns, values, strict=True)) for values in ordered]


@dataclass
class _Reading:
    columns: frozenset[str]
    metrics: list[str]

    def __post_init__(self) -> None:
        self.sessions: dict[str, dict[int, Session]] = {}
        self.conflicts: dict[str, set[int]] = {}
        self.issues: list[Issue] = []
        self.dropped = self.repeated = self.off_curriculum = 0

    def take(self, row: dict[str, Cell]) -> None:
        """One row of the table, in whatever order rows come."""
        subject = cells.name(row["subject_id"])
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
            return
        known = self.sessions.setdefault(subject, {}).setdefault(number, session)
        if known is session:
            return
        differing = _differences(known, session)
        if not differing:
            self.repeated += 1
        else:
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
            task=cells.text(row.get("task")),
            curriculum=cells.text(row[named]),
            version=cells.text(row.get("curriculum_version")),
            actual=actual,
            cells={column: row[column] for column in self.metrics},
        )


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


def _comparable(cell: Cell) -> object:
    if cells.is_missing(cell):
        return None
    number = cells.real_number(cell)
    return cells.text(cell) if number is None else number

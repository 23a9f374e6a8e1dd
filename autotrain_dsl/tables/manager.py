"""df_manager: one row per judged session, the contract with the rigs and the web page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from autotrain_dsl import columns
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.tables import cells
from autotrain_dsl.tables.behavior import flat, without_columns
from autotrain_dsl.tables.cells import Cell
from autotrain_dsl.tables.issues import Issue, TableError

CURRICULUM_SCHEMA_VERSION = "1.0"
DECISIONS = ("STAY", "PROGRESS", "ROLLBACK")
_DTYPES: Mapping[str, Any] = {
    "session": "int64",
    "session_at_current_stage": "Int64",
    "if_closed_loop": "boolean",
    "if_overriden_by_trainer": "boolean",
}
_NEEDED = ("subject_id", "session", "current_stage_actual", "decision", "next_stage_suggested")


@dataclass(frozen=True, slots=True)
class Row:
    """One judged session; ``values`` are its metrics, ``metrics`` what the rules of its stage could read (JSON)."""

    subject_id: str
    session: int
    current_stage_actual: str
    decision: str
    next_stage_suggested: str
    session_date: str = ""
    task: str = ""
    session_at_current_stage: int | None = None
    curriculum_name: str = ""
    task_schema_version: str = ""
    curriculum_version: str = ""
    curriculum_schema_version: str = CURRICULUM_SCHEMA_VERSION
    curriculum_json_name: str = ""
    values: Mapping[str, float | None] = field(default_factory=dict)
    metrics: str = ""
    current_stage_suggested: str = ""
    if_closed_loop: bool | None = None
    if_overriden_by_trainer: bool | None = None
    rule: str = ""
    reason: str = ""
    missing: str = ""
    basis: str = ""  # of the data that the decision rests on: it differs when that data has changed
    curriculum_hash: str = ""
    program_version: str = ""
    judged_at: str = ""
    extra: Mapping[str, Cell] = field(default_factory=dict)  # columns that somebody else has added, as they came

    @property
    def key(self) -> tuple[str, int]:
        """What is unique in the table."""
        return self.subject_id, self.session


def json_name(curriculum: str, version: str) -> str:
    """Name of the curriculum's file in the legacy format."""
    return f"{curriculum}_curriculum_v{version}_schema_v{CURRICULUM_SCHEMA_VERSION}.json"


def metrics_text(metrics: Mapping[str, Any]) -> str:
    """What the rules could read, as JSON."""
    return json.dumps(metrics, separators=(", ", ": "))


def to_frame(rows: Iterable[Row], integers: frozenset[str] = frozenset()) -> pd.DataFrame:
    """The table of the rows, sorted by subject and session; ``integers`` are metrics that are whole numbers."""
    ordered = sorted(rows, key=lambda row: row.key)
    names = sorted({name for row in ordered for name in row.values})
    data: dict[str, Any] = {column: _column(column, ordered) for column in columns.BEFORE_METRICS}
    for name in names:
        values = np.array([row.values.get(name) for row in ordered], np.float64)
        data[name] = metric_column(values, whole=name in integers)
    data.update({column: _column(column, ordered) for column in (*columns.AFTER_METRICS, *columns.OWN)})
    for name in sorted({name for row in ordered for name in row.extra}):
        data[name] = _foreign([row.extra.get(name) for row in ordered])
    return pd.DataFrame(data)


def of_columns(data: Mapping[str, Any]) -> pd.DataFrame:
    """The table of ``to_frame`` from whole columns, sorted, in their order; texts as ``kept_text`` gives them."""
    return pd.DataFrame({name: pd.Series(values, dtype=_dtype(name, values)) for name, values in data.items()})


def _dtype(name: str, values: Any) -> Any:
    if name in columns.MANAGER:
        return _DTYPES.get(name, "object")
    return values.dtype


def metric_column(values: npt.NDArray[np.float64], *, whole: bool) -> Any:
    """The column of a metric, NaN where a value is missing; ``whole`` says that it is one of whole numbers."""
    present = values[~np.isnan(values)]
    if whole and bool(((np.floor(present) == present) & (np.abs(present) < 2**53)).all()):
        return pd.Series(values).astype("Int64")
    return pd.Series(values)


def merged(frame: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """A table that ``to_frame`` has made, with rows added, or put in place of those of the same subject and session.

    The same as making it from all rows at once, without turning every row of a large table to Python.
    """
    replaced = _among(frame, new)
    kept = frame[~replaced] if replaced.any() else frame
    foreign = extra_columns(frame)
    names = {*_metrics_of(frame), *_metrics_of(new)}
    ordered = [*columns.BEFORE_METRICS, *sorted(names), *columns.AFTER_METRICS, *columns.OWN, *foreign]
    data = {name: _joined(kept, new, name) for name in ordered}
    joined = pd.DataFrame(data)
    subjects, _ = pd.factorize(joined["subject_id"], sort=True)
    order = np.lexsort((joined["session"].to_numpy(), subjects))
    return joined.take(order).reset_index(drop=True)


def is_canonical(frame: pd.DataFrame) -> bool:
    """Whether a table has exactly the columns that ``to_frame`` gives, with numbers for sessions, and no others."""
    names = list(frame.columns)
    before, after = list(columns.BEFORE_METRICS), [*columns.AFTER_METRICS, *columns.OWN]
    ours = names[: len(before)] == before and names[-len(after) :] == after and not extra_columns(frame)
    return ours and frame["session"].dtype == "int64"


def extra_columns(frame: pd.DataFrame) -> list[str]:
    """The columns of a table of ``to_frame`` that somebody else has added."""
    names = [str(name) for name in frame.columns]
    return names[names.index(columns.OWN[-1]) + 1 :] if columns.OWN[-1] in names else names


def _metrics_of(frame: pd.DataFrame) -> list[str]:
    names = [str(name) for name in frame.columns]
    return names[names.index(columns.BEFORE_METRICS[-1]) + 1 : names.index(columns.AFTER_METRICS[0])]


def _among(frame: pd.DataFrame, new: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which rows have the subject and session of one in ``new``."""
    found = frame["subject_id"].isin(new["subject_id"]).to_numpy(bool, copy=True)
    keys = set(zip(new["subject_id"], new["session"], strict=True))
    theirs = frame[found]
    found[found] = [key in keys for key in zip(theirs["subject_id"], theirs["session"], strict=True)]
    return found


def _joined(kept: pd.DataFrame, new: pd.DataFrame, name: str) -> Any:
    """One column of two tables one after the other; where one does not have it, nothing stands there."""
    if name not in new or name not in kept:
        present = kept[name] if name in kept else new[name]
        empty = pd.Series([None] * (len(new) if name in kept else len(kept)), dtype=present.dtype)
        parts = [present, empty] if name in kept else [empty, present]
    else:
        parts = [kept[name], new[name].astype(kept[name].dtype) if kept[name].dtype != "Int64" else new[name]]
    joined = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return joined.astype("float64") if joined.dtype == "Float64" else joined


def _foreign(values: list[Cell]) -> Any:
    """Somebody else's column; as text where revisions are of different kinds, which no file could hold."""
    values = [re.sub("\r\n?", "\n", value) if isinstance(value, str) else value for value in values]
    present = [value for value in values if value is not None]
    if present and all(type(value) is int for value in present):
        highest = max(value for value in present if isinstance(value, int))
        return pd.Series(values, dtype="Int64" if highest < 2**63 else "UInt64")
    kinds = {"number" if isinstance(v, int | float) and not isinstance(v, bool) else type(v).__name__ for v in present}
    if len(kinds) > 1:
        values = [None if value is None else str(value) for value in values]
    return pd.Series(values, dtype="object").infer_objects()


def _column(column: str, rows: list[Row]) -> Any:
    values = [getattr(row, column) for row in rows]
    values = [kept_text(value) if isinstance(value, str) else value for value in values]
    return pd.Series(values, dtype=_DTYPES.get(column, "object"))


def kept_text(text: str) -> str:
    """A text as it stands in the table."""
    # A lone carriage return is written without quotes and ends a line when it is read.
    return re.sub("\r\n?", "\n", text).strip()


def from_frame(
    frame: pd.DataFrame, metrics: frozenset[str], name: str = "df_manager", *, revisions: bool = False
) -> list[Row]:
    """The rows of a table, also of one that only the older system has written.

    ``metrics`` are the columns that hold metrics; what else stands in the table is kept as it is. Raises TableError,
    with everything that is wrong, where a column is missing, a row cannot be understood or (unless the table holds
    ``revisions``) a session occurs twice.
    """
    frame = flat(frame)
    missing = [column for column in _NEEDED if column not in frame.columns]
    if missing:
        columns_message = without_columns(name, missing, [str(column) for column in frame.columns])
        raise TableError([Issue(codes.MISSING_COLUMN, columns_message)])
    headers = [str(column) for column in frame.columns]
    doubled = sorted({header for header in headers if headers.count(header) > 1})
    if doubled:
        message = f"{name} has more than one column {', '.join(f'`{header}`' for header in doubled)}"
        raise TableError([Issue(codes.MISSING_COLUMN, message)])
    lists = [frame[column].astype(object).tolist() for column in headers]
    issues: list[Issue] = []
    rows: list[Row] = []
    seen: set[tuple[str, int]] = set()
    measured = [header for header in headers if header in metrics]
    for values in zip(*lists, strict=True):
        row = _row(dict(zip(headers, values, strict=True)), measured, issues)
        if row is None:
            continue
        if row.key in seen and not revisions:
            issues.append(Issue(codes.BAD_MANAGER_ROW, f"{name} has two rows for this session", *row.key))
        seen.add(row.key)
        rows.append(row)
    if issues:
        raise TableError(sorted(issues, key=lambda issue: issue.key))
    return rows


def _row(record: dict[str, Cell], metrics: list[str], issues: list[Issue]) -> Row | None:
    subject, number = cells.subject(record["subject_id"]), cells.whole_number(record["session"])
    decision, following = cells.text(record["decision"]), cells.name(record["next_stage_suggested"])
    actual = cells.name(record["current_stage_actual"])
    faults = []
    if not subject or number is None or number < 1:
        faults.append(f"`{cells.text(record['session'])[:40]}` is no session number")
    if decision not in DECISIONS:
        faults.append(f"`{decision[:40]}` is no decision; expected one of {', '.join(DECISIONS)}")
    if not following or not actual:
        faults.append("current_stage_actual or next_stage_suggested is empty")
    faults += _unreadable(record, metrics)
    issues.extend(Issue(codes.BAD_MANAGER_ROW, fault, subject, number) for fault in faults)
    if faults or number is None:
        return None
    texts = {
        column: cells.name(record.get(column)) if column in _NAMES else cells.text(record.get(column))
        for column in columns.MANAGER - _TYPED
    }
    return Row(
        **texts,
        subject_id=subject,
        session=number,
        session_date=cells.date(record.get("session_date")),
        session_at_current_stage=cells.whole_number(record.get("session_at_current_stage")),
        values={column: cells.real_number(record[column]) for column in metrics},
        extra={column: _kept(cell) for column, cell in record.items() if column not in {*columns.MANAGER, *metrics}},
        if_closed_loop=cells.truth(record.get("if_closed_loop")),
        if_overriden_by_trainer=cells.truth(record.get("if_overriden_by_trainer")),
    )


def _kept(cell: Cell) -> Cell:
    """A cell of somebody else's column as it is; only what is no value at all becomes None."""
    return None if cells.is_missing(cell) and not isinstance(cell, str) else cell


def _unreadable(record: dict[str, Cell], metrics: list[str]) -> list[str]:
    """Cells that hold something, but not what their column holds: to write them back would lose it."""
    readers: dict[str, Callable[[Cell], object]] = {
        "session_at_current_stage": cells.whole_number,
        "if_closed_loop": cells.truth,
        "if_overriden_by_trainer": cells.truth,
        **dict.fromkeys(metrics, cells.real_number),
    }
    return [
        f"{column} is `{cells.text(record[column])[:40]}`"
        for column, read in readers.items()
        if not cells.is_missing(record.get(column)) and read(record[column]) is None
    ]


_NAMES = frozenset({"current_stage_actual", "current_stage_suggested", "next_stage_suggested", "curriculum_name"})
_TYPED = frozenset(
    {"subject_id", "session", "session_date", "session_at_current_stage", "if_closed_loop", "if_overriden_by_trainer"}
)

"""df_behavior in columns: what can be told of all its rows at once, without turning any of them to Python.

Every different cell is read once, by the readers of ``cells``; the rows then only say which of them they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from autotrain_dsl.model import Metric
from autotrain_dsl.tables import basis, cells
from autotrain_dsl.tables.behavior import Layout, value_of

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]

FEWEST = 1000  # new sessions for which it is worth while to judge in columns
MOST = 2**40  # more than any session number that is worth a thought
_LARGEST = 2.0**53
_ALIKE = {int, type(None)}  # cells that are equal only if they say the same


@dataclass(frozen=True)
class Words:
    """A column of texts: for every row the place of its text in ``texts``."""

    codes: Numbers
    texts: tuple[str, ...]

    @classmethod
    def of(cls, column: pd.Series[Any] | None, read: Callable[[Any], str], rows: int) -> Words:
        """A column as ``read`` gives every cell of it; without a column and where nothing stands, the empty text."""
        if column is None:
            return cls(np.zeros(rows, np.int64), ("",))
        codes, uniques = _factorized(column)
        places = {"": 0}
        of_unique = [places.setdefault(read(each), len(places)) for each in uniques]
        return cls(np.array([*of_unique, 0], np.int64)[codes], tuple(places))

    def where(self, text: str) -> Flags:
        """The rows that hold a text."""
        found: Flags = self.codes == (self.texts.index(text) if text in self.texts else -1)
        return found


@dataclass(frozen=True)
class Sessions:
    """For every row the place of its subject in ``names`` (-1: none), its number (0: none) and its curriculum."""

    frame: pd.DataFrame
    names: Mapping[str, int]
    subject: Numbers
    number: Numbers
    curriculum: Words
    version: Words
    _measured: dict[Metric, tuple[Floats, Flags]] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pd.DataFrame, layout: Layout) -> Sessions | None:
        """A table under the program's names of columns; None where it has to be read row by row."""
        columns = [str(column) for column in frame.columns]
        named = "curriculum_name" if "curriculum_name" in columns else "task"
        if not {"subject_id", "session", named} <= set(columns) or len(set(columns)) < len(columns):
            return None
        try:
            codes, uniques = _factorized(frame["subject_id"])
            names: dict[str, int] = {}
            written = [cells.subject(each) for each in uniques]
            places = [names.setdefault(name, len(names)) if name else -1 for name in written]
            subject = np.array([*places, -1], np.int64)[codes]
            number = _read(frame["session"], lambda cell: cells.whole_number(cell) or 0, 0).astype(np.int64)
            number[(number < 1) | (number >= MOST)] = 0
            curriculum = Words.of(frame[named], _task_reader(layout), len(frame))
            version = Words.of(frame.get("curriculum_version"), cells.text, len(frame))
        except TypeError:  # cells that are lists or dicts
            return None
        return cls(frame, names, subject, number, curriculum, version)

    def ordered(self, rows: Numbers) -> Numbers:
        """Rows that have a subject, by its name and then by session number."""
        ranks = np.empty(len(self.names), np.int64)
        ranks[np.array([place for _, place in sorted(self.names.items())], np.int64)] = np.arange(len(self.names))
        found: Numbers = rows[np.lexsort((self.number[rows], ranks[self.subject[rows]]))]
        return found

    def text(self, column: str, read: Callable[[Any], str]) -> Words:
        """Any other column of texts."""
        return Words.of(self.frame.get(column), read, len(self.frame))

    def task(self, layout: Layout) -> Words:
        """The task of every row."""
        return self.text("task", _task_reader(layout))

    def measured(self, metric: Metric) -> tuple[Floats, Flags]:
        """A metric of every row, NaN where it is missing or cannot be right, and where it cannot."""
        if metric not in self._measured:
            self._measured[metric] = _values(self.frame, metric)
        return self._measured[metric]

    def bases(self, metrics: tuple[Metric, ...], rows: Numbers) -> npt.NDArray[np.uint64]:
        """The basis of every one of ``rows``, which are sorted by subject and number."""
        actual = np.full(len(rows), basis.text_word(None), np.uint64)
        if "current_stage_actual" in self.frame:
            words = self.text("current_stage_actual", cells.text)
            actual = np.array([basis.text_word(text or None) for text in words.texts], np.uint64)[words.codes[rows]]
        values = [self.measured(metric)[0][rows] for metric in metrics]
        total = np.cumsum(basis.links(self.number[rows].astype(np.uint64), actual, values), dtype=np.uint64)
        starts = np.flatnonzero(np.r_[True, np.diff(self.subject[rows]) != 0]) if len(rows) else np.zeros(0, np.int64)
        before = np.r_[np.zeros(1, np.uint64), total[:-1]][starts]
        found: npt.NDArray[np.uint64] = total - np.repeat(before, np.diff(np.r_[starts, len(rows)]))
        return found


@dataclass(frozen=True, slots=True)
class Known:
    """Mice that have rows in df_manager, or that need no look, by their places in ``Sessions.names``.

    Of ``settled`` ones nothing has changed but that there are new sessions, after those that are judged. For each of
    them: the stage that its last row suggests and the one that it ran, the session number of that row, the number of
    rows of the last unbroken stay, and the session number of the first of those.
    """

    subjects: Flags
    settled: Numbers
    following: Texts
    actual: Texts
    last: Numbers
    count: Numbers
    first: Numbers


def _task_reader(layout: Layout) -> Callable[[Any], str]:
    return lambda cell: layout.task_names.get(cells.text(cell), cells.text(cell))


def _values(frame: pd.DataFrame, metric: Metric) -> tuple[Floats, Flags]:
    column = next((column for column in metric.columns if column in frame), None)
    if column is None:
        return np.full(len(frame), np.nan), np.zeros(len(frame), bool)
    if frame[column].dtype.kind not in "iuf":
        pairs = _read(frame[column], lambda cell: _value(cell, metric), (np.nan, False))
        values, faults = np.array(list(pairs) or np.zeros((0, 2)), np.float64).T
        return values, faults.astype(bool)
    values = frame[column].to_numpy(np.float64, na_value=np.nan)
    right = (values >= metric.minimum) & (values <= metric.maximum) & (np.abs(values) <= _LARGEST)
    if metric.integer:
        right &= np.floor(values) == values
    return np.where(right, values + 0.0, np.nan), ~right & ~np.isnan(values)


def _value(cell: object, metric: Metric) -> tuple[float, bool]:
    try:
        value = value_of(cell, metric)
    except ValueError:
        return np.nan, True
    return np.nan if value is None else value, False


def _read(column: pd.Series[Any], read: Callable[[Any], Any], missing: object) -> npt.NDArray[Any]:
    """Every cell as ``read`` gives it, called once for every different cell."""
    codes, uniques = _factorized(column)
    found = np.empty(len(uniques) + 1, object)
    for place, each in enumerate(uniques):
        found[place] = read(each)
    found[-1] = missing
    return found[codes]


def _factorized(column: pd.Series[Any]) -> tuple[Numbers, Any]:
    """For every row the place of its cell among all different ones (-1: nothing stands there).

    Raises TypeError where cells cannot be compared, as lists cannot.
    """
    if column.dtype == np.dtype(object):
        kinds = {type(cell) for cell in column}
        if not kinds <= _ALIKE and not kinds <= {str, type(None)}:
            return _by_type(column)
    try:
        codes, uniques = pd.factorize(column)
    except NotImplementedError as error:  # lists and structs of Arrow
        raise TypeError(str(error)) from error
    return codes.astype(np.int64), uniques


def _by_type(column: pd.Series[Any]) -> tuple[Numbers, Any]:
    """The same where equal cells may say different things: true and 1, 0.0 and -0.0, one moment in two time zones."""
    places: dict[Any, int] = {}
    codes = [places.setdefault((type(cell), cell, str(cell)), len(places)) for cell in column]
    return np.array(codes, np.int64), [cell for _, cell, _ in places]

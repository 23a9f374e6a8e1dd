"""Which rows need no look: sessions that are judged, and rest on what they rested on when they were.

A table of a million sessions grows by a thousand a night. What this finds is told from whole columns, so that only the
rest is turned to Python. Of a mouse about which nothing is new no row is needed; of one that only has sessions after
those that are judged, the rows of its stay in the last stage; where it is in doubt, all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.judging import RERUN, Options
from autotrain_dsl.model import Metric
from autotrain_dsl.tables import basis, cells
from autotrain_dsl.tables.behavior import Behavior, Layout, value_of

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

_LARGEST = 2.0**53
_SHIFT = 2**40  # more than any session number that is worth a thought


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Rows of df_behavior and of df_manager that need no look, and how many mice have no other.

    ``settled`` is, for a mouse of which only the newest rows are needed, the number of its last judged session.
    """

    behavior: Flags | None = None
    manager: Flags | None = None
    subjects: int = 0
    off_curriculum: int = 0
    settled: Mapping[str, int] = field(default_factory=dict)

    def remaining(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of df_behavior that have to be looked at."""
        return frame if self.behavior is None else frame[~self.behavior]

    def remaining_rows(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of df_manager that belong to them."""
        return table if self.manager is None else table[~self.manager]

    def counted(self, behavior: Behavior, rows: int) -> Behavior:
        """The remaining sessions, with the counts of the whole table."""
        off = behavior.off_curriculum + self.off_curriculum
        return replace(behavior, rows=rows, off_curriculum=off, unchanged=self.subjects, settled=self.settled)


def find(
    frame: pd.DataFrame, table: pd.DataFrame | None, catalog: Catalog, options: Options, layout: Layout
) -> Unchanged:
    """The mice of df_behavior (under the program's names of columns) about which nothing is new."""
    columns = [str(column) for column in frame.columns]
    named = "curriculum_name" if "curriculum_name" in columns else "task"
    if table is None or table.empty or options.mode == RERUN or options.subjects is not None:
        return Unchanged()
    if not {"subject_id", "session", named} <= set(columns) or len(set(columns)) < len(columns):
        return Unchanged()
    if table["session"].dtype != "int64":
        return Unchanged()
    try:
        sessions = _Sessions.of(frame, named, layout)
        if sessions is None:
            return Unchanged()
        return _compared(sessions, _Judged.of(table, sessions.names), table, catalog, layout)
    except TypeError:  # cells that are lists or dicts, which are looked at one by one
        return Unchanged()


@dataclass(frozen=True)
class _Sessions:
    """df_behavior in columns: for every row the code of its subject (-1: none), its number (0: none) and curriculum."""

    frame: pd.DataFrame
    names: dict[str, int]
    subject: Numbers
    number: Numbers
    curriculum: npt.NDArray[np.object_]
    version: npt.NDArray[np.object_]
    _measured: dict[Metric, tuple[npt.NDArray[np.float64], Flags]] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pd.DataFrame, named: str, layout: Layout) -> _Sessions | None:
        codes, uniques = pd.factorize(frame["subject_id"])
        names = [cells.subject(each) for each in uniques]
        if len(set(names)) < len(names):
            return None  # one mouse is written in two ways
        subject = np.where(np.isin(codes, [i for i, name in enumerate(names) if not name]), -1, codes)
        number = _texts(frame["session"], lambda cell: cells.whole_number(cell) or 0, 0).astype(np.int64)
        number[(number < 1) | (number >= _SHIFT)] = 0
        curriculum = _texts(frame[named], lambda cell: layout.task_names.get(cells.text(cell), cells.text(cell)), "")
        versions = frame.get("curriculum_version")
        version = np.full(len(frame), "", object) if versions is None else _texts(versions, cells.text, "")
        return cls(frame, {name: i for i, name in enumerate(names)}, subject, number, curriculum, version)

    def measured(self, metric: Metric) -> tuple[npt.NDArray[np.float64], Flags]:
        """A metric of every row, NaN where it is missing or cannot be right, and where it cannot."""
        if metric not in self._measured:
            self._measured[metric] = _values(self.frame, metric)
        return self._measured[metric]

    def bases(self, metrics: tuple[Metric, ...], rows: Numbers) -> npt.NDArray[np.uint64]:
        """The basis of every one of ``rows``, which are sorted by subject and number."""
        actual = np.full(len(rows), basis.text_word(None), np.uint64)
        if "current_stage_actual" in self.frame:
            unknown = basis.text_word(None)
            words = _texts(
                self.frame["current_stage_actual"], lambda cell: basis.text_word(cells.text(cell) or None), unknown
            )
            actual = np.array(words[rows].tolist(), np.uint64)
        values = [self.measured(metric)[0][rows] for metric in metrics]
        total = np.cumsum(basis.links(self.number[rows].astype(np.uint64), actual, values), dtype=np.uint64)
        starts = np.flatnonzero(np.r_[True, np.diff(self.subject[rows]) != 0]) if len(rows) else np.zeros(0, np.int64)
        before = np.r_[np.zeros(1, np.uint64), total[:-1]][starts]
        found: npt.NDArray[np.uint64] = total - np.repeat(before, np.diff(np.r_[starts, len(rows)]))
        return found


@dataclass(frozen=True, slots=True)
class _Judged:
    """df_manager in columns: for every row the code of its subject in df_behavior (-1: not there), and its key."""

    subject: Numbers
    key: Numbers
    order: Numbers

    @classmethod
    def of(cls, table: pd.DataFrame, names: dict[str, int]) -> _Judged:
        codes, uniques = pd.factorize(table["subject_id"])
        known = np.array([names.get(str(each), -1) for each in uniques] or [-1], np.int64)
        subject = np.where(codes < 0, -1, known[codes])
        key = subject * _SHIFT + table["session"].to_numpy(np.int64)
        return cls(subject, key, np.argsort(key, kind="stable"))

    def last(self, count: int) -> Numbers:
        """The number of the last judged session of every subject."""
        found = np.zeros(count + 1, np.int64)
        np.maximum.at(found, self.subject, self.key % _SHIFT)
        return found


def _compared(sessions: _Sessions, judged: _Judged, table: pd.DataFrame, catalog: Catalog, layout: Layout) -> Unchanged:
    count = len(sessions.names)
    look, grown = np.zeros(count + 1, bool), np.zeros(count + 1, bool)  # the last place: rows without a subject
    look[sessions.subject[sessions.number == 0]] = True
    on = (sessions.curriculum != "") & (sessions.number > 0) & (sessions.subject >= 0)
    counting = (sessions.number > 0) & (sessions.subject >= 0) if layout.whole_history else on
    rows = np.flatnonzero(counting)
    rows = rows[np.lexsort((sessions.number[rows], sessions.subject[rows]))]
    keys = sessions.subject[rows] * _SHIFT + sessions.number[rows]
    twice = np.flatnonzero(np.diff(keys) == 0)
    look[sessions.subject[rows[twice]]] = True
    place, found = _places(keys, judged)
    fresh, last = rows[on[rows] & ~found], judged.last(count)
    grown[sessions.subject[fresh]] = True
    look[sessions.subject[fresh[sessions.number[fresh] < last[sessions.subject[fresh]]]]] = True  # it came late
    seen = np.zeros(len(table), bool)
    seen[place[found]] = True
    look[judged.subject[~seen]] = True  # judged, and gone since
    for metric in {metric for metrics in _metrics(catalog) for metric in metrics}:
        look[sessions.subject[sessions.measured(metric)[1]]] = True  # a value cannot be right
    same = _same(sessions, rows, place, table, catalog)
    look[sessions.subject[rows[found & ~same]]] = True
    look[judged.subject[_overtaken(table, judged)]] = True
    look[-1] = True
    quiet = ~(look | grown)
    settled = ~look[judged.subject] & ~(grown[judged.subject] & _last_stay(table, judged))
    off = int(np.count_nonzero(quiet[sessions.subject] & (sessions.curriculum == "") & (sessions.number > 0)))
    until = {name: int(last[code]) for name, code in sessions.names.items() if grown[code] and not look[code]}
    return Unchanged(quiet[sessions.subject], settled, int(np.count_nonzero(quiet)), off, until)


def _places(keys: Numbers, judged: _Judged) -> tuple[Numbers, Flags]:
    """For every key the row of df_manager that has it, and whether there is one."""
    ordered = judged.key[judged.order]
    at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return judged.order[at], ordered[at] == keys


def _same(sessions: _Sessions, rows: Numbers, place: Numbers, table: pd.DataFrame, catalog: Catalog) -> Flags:
    """Whether a judged session rests on what it rested on, and was judged by the curriculum that it names."""
    recorded, readable = _recorded(table["basis"])
    (name_codes, names), (version_codes, versions) = (
        _coded(table[c]) for c in ("curriculum_name", "curriculum_version")
    )
    pairs = (name_codes * len(versions) + version_codes)[place]
    own = sessions.version[rows]
    same = np.zeros(len(rows), bool)
    made: dict[tuple[Metric, ...], npt.NDArray[np.uint64]] = {}
    for pair in np.unique(pairs):
        name, version = names[pair // len(versions)], versions[pair % len(versions)]
        graph = catalog.find(name, version)
        if graph is None:
            continue
        metrics = tuple(graph.task.metrics.values())
        if metrics not in made:
            made[metrics] = sessions.bases(metrics, rows)
        named = (own == "") | ((own == version) & (sessions.curriculum[rows] == name))
        same |= (pairs == pair) & named & readable[place] & (made[metrics] == recorded[place])
    return same


def _coded(column: pd.Series[Any]) -> tuple[Numbers, list[str]]:
    """A column of texts as places in a list of them; nothing is the empty text."""
    codes, uniques = pd.factorize(column)
    return codes.astype(np.int64) + 1, ["", *map(str, uniques)]


def _recorded(column: pd.Series[Any]) -> tuple[npt.NDArray[np.uint64], Flags]:
    """The bases that df_manager holds as numbers, and which of them are any."""
    readable = (column.str.len() == 16).fillna(value=False).to_numpy(bool)
    joined = "".join(column.where(readable, "0" * 16).to_list())
    try:
        return np.frombuffer(bytes.fromhex(joined), ">u8").astype(np.uint64), readable
    except ValueError:
        return np.zeros(len(column), np.uint64), np.zeros(len(column), bool)


def _overtaken(table: pd.DataFrame, judged: _Judged) -> Flags:
    """Rows whose suggested stage is not the one that the row before them suggests."""
    order = judged.order
    both = pd.concat([table["next_stage_suggested"], table["current_stage_suggested"]], ignore_index=True)
    codes, _ = pd.factorize(both)
    following, suggested = codes[: len(table)][order], codes[len(table) :][order]
    subject = judged.subject[order]
    found = np.zeros(len(order), bool)
    found[order[1:]] = (subject[1:] == subject[:-1]) & (suggested[1:] != following[:-1])
    return found


def _last_stay(table: pd.DataFrame, judged: _Judged) -> Flags:
    """Rows of the unbroken stay in the stage that a mouse was in last."""
    order = judged.order[::-1]  # from the last row of every mouse on
    stage, _ = pd.factorize(table["current_stage_actual"])
    stage, subject = stage[order], judged.subject[order]
    begins = np.r_[True, subject[1:] != subject[:-1]]
    changes = np.cumsum(np.r_[True, stage[1:] != stage[:-1]] | begins)
    first = np.maximum.accumulate(np.where(begins, changes, 0))
    found = np.zeros(len(order), bool)
    found[order] = changes == first
    return found


def _metrics(catalog: Catalog) -> list[tuple[Metric, ...]]:
    graphs = [compilation.graph for compilation in catalog.compilations if compilation.graph is not None]
    return list(dict.fromkeys(tuple(graph.task.metrics.values()) for graph in graphs))


def _values(frame: pd.DataFrame, metric: Metric) -> tuple[npt.NDArray[np.float64], Flags]:
    column = next((column for column in metric.columns if column in frame), None)
    if column is None:
        return np.full(len(frame), np.nan), np.zeros(len(frame), bool)
    if not pd.api.types.is_numeric_dtype(frame[column].dtype) or pd.api.types.is_bool_dtype(frame[column].dtype):
        pairs = _texts(frame[column], lambda cell: _value(cell, metric), (np.nan, False))
        values, faults = np.array(list(pairs) or np.zeros((0, 2)), np.float64).T
        return values, faults.astype(bool)
    values = frame[column].to_numpy(np.float64, na_value=np.nan)
    right = (values >= metric.minimum) & (values <= metric.maximum) & (np.abs(values) <= _LARGEST)
    if metric.integer:
        right &= np.floor(values) == values
    return np.where(right, values, np.nan), ~right & ~np.isnan(values)


def _value(cell: object, metric: Metric) -> tuple[float, bool]:
    try:
        value = value_of(cell, metric)
    except ValueError:
        return np.nan, True
    return np.nan if value is None else value, False


def _texts(column: pd.Series[Any], read: Any, missing: object) -> npt.NDArray[Any]:
    """Every cell as ``read`` gives it, called once for every different cell."""
    codes, uniques = pd.factorize(column)
    found = np.empty(len(uniques) + 1, object)
    for place, each in enumerate(uniques):
        found[place] = read(each)
    found[-1] = missing
    return found[codes]

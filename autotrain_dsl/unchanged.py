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
from autotrain_dsl.tables.behavior import Behavior, Layout
from autotrain_dsl.tables.sessions import MOST, Flags, Known, Numbers, Sessions


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Rows of df_behavior and of df_manager that need no look, and how many mice have no other.

    ``settled`` is, for a mouse of which only the newest rows are needed, the number of its last judged session;
    ``known`` says where these mice stand (None: not looked at).
    """

    behavior: Flags | None = None
    manager: Flags | None = None
    subjects: int = 0
    off_curriculum: int = 0
    settled: Mapping[str, int] = field(default_factory=dict)
    known: Known | None = None

    def remaining(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of df_behavior that have to be looked at."""
        return frame if self.behavior is None else frame[~self.behavior]

    def flags(self, rows: int) -> Flags:
        """Which of all the rows of df_behavior need no look."""
        return np.zeros(rows, bool) if self.behavior is None else self.behavior

    def remaining_rows(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of df_manager that belong to them."""
        return table if self.manager is None else table[~self.manager]

    def counted(self, behavior: Behavior, rows: int) -> Behavior:
        """The remaining sessions, with the counts of the whole table."""
        off = behavior.off_curriculum + self.off_curriculum
        return replace(behavior, rows=rows, off_curriculum=off, unchanged=self.subjects, settled=self.settled)


def find(
    sessions: Sessions | None, table: pd.DataFrame | None, catalog: Catalog, options: Options, layout: Layout
) -> Unchanged:
    """The mice of df_behavior about which nothing is new; ``table`` is df_manager."""
    if table is None or table.empty or options.mode == RERUN or options.subjects is not None:
        return Unchanged()
    if sessions is None or table["session"].dtype != "int64":
        return Unchanged()
    try:
        return _compared(sessions, _Judged.of(table, sessions.names), table, catalog, layout)
    except TypeError:  # metrics that are lists or dicts, which are looked at one by one
        return Unchanged()


@dataclass(frozen=True, slots=True)
class _Judged:
    """df_manager in columns: for every row the code of its subject in df_behavior (-1: not there), and its key."""

    subject: Numbers
    key: Numbers
    order: Numbers

    @classmethod
    def of(cls, table: pd.DataFrame, names: Mapping[str, int]) -> _Judged:
        codes, uniques = pd.factorize(table["subject_id"])
        known = np.array([names.get(str(each), -1) for each in uniques] or [-1], np.int64)
        subject = np.where(codes < 0, -1, known[codes])
        key = subject * MOST + table["session"].to_numpy(np.int64)
        return cls(subject, key, np.argsort(key, kind="stable"))

    def last(self, count: int) -> Numbers:
        """The number of the last judged session of every subject."""
        found = np.zeros(count + 1, np.int64)
        np.maximum.at(found, self.subject, self.key % MOST)
        return found


def known_subjects(sessions: Sessions, table: pd.DataFrame | None) -> Known:
    """Which mice have rows, where nothing else is asked about them."""
    some = np.zeros(len(sessions.names) + 1, bool)
    for subject in () if table is None else table["subject_id"].unique():
        some[sessions.names.get(str(subject), -1)] = True
    nobody, nothing = np.zeros(0, np.int64), np.zeros(0, object)
    return Known(some, nobody, nothing, nothing, nobody, nobody, nobody)


def _compared(sessions: Sessions, judged: _Judged, table: pd.DataFrame, catalog: Catalog, layout: Layout) -> Unchanged:
    count = len(sessions.names)
    look, grown = np.zeros(count + 1, bool), np.zeros(count + 1, bool)  # the last place: rows without a subject
    look[sessions.subject[sessions.number == 0]] = True
    on = ~sessions.curriculum.where("") & (sessions.number > 0) & (sessions.subject >= 0)
    counting = (sessions.number > 0) & (sessions.subject >= 0) if layout.whole_history else on
    rows = np.flatnonzero(counting)
    rows = rows[np.lexsort((sessions.number[rows], sessions.subject[rows]))]
    keys = sessions.subject[rows] * MOST + sessions.number[rows]
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
    off = int(np.count_nonzero(quiet[sessions.subject] & sessions.curriculum.where("") & (sessions.number > 0)))
    until = {name: int(last[code]) for name, code in sessions.names.items() if grown[code] and not look[code]}
    known = _known(table, judged, ~settled & grown[judged.subject] & ~look[judged.subject], quiet)
    return Unchanged(quiet[sessions.subject], settled, int(np.count_nonzero(quiet)), off, until, known)


def _known(table: pd.DataFrame, judged: _Judged, stays: Flags, quiet: Flags) -> Known:
    """Where mice stand, by the rows of the last stay of each; of the quiet ones nothing is new."""
    rows = judged.order[stays[judged.order]]
    subject, number = judged.subject[rows], judged.key[rows] % MOST
    begins = np.flatnonzero(np.r_[True, np.diff(subject) != 0]) if len(rows) else np.zeros(0, np.int64)
    ends = np.r_[begins[1:], len(rows)] - 1 if len(rows) else begins
    some = quiet.copy()
    some[judged.subject] = True
    following, actual = (
        table[c].to_numpy(object)[rows[ends]] for c in ("next_stage_suggested", "current_stage_actual")
    )
    return Known(some, subject[begins], following, actual, number[ends], ends - begins + 1, number[begins])


def _places(keys: Numbers, judged: _Judged) -> tuple[Numbers, Flags]:
    """For every key the row of df_manager that has it, and whether there is one."""
    ordered = judged.key[judged.order]
    at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return judged.order[at], ordered[at] == keys


def _same(sessions: Sessions, rows: Numbers, place: Numbers, table: pd.DataFrame, catalog: Catalog) -> Flags:
    """Whether a judged session rests on what it rested on, and was judged by the curriculum that it names."""
    recorded, readable = _recorded(table["basis"])
    (name_codes, names), (version_codes, versions) = (
        _coded(table[c]) for c in ("curriculum_name", "curriculum_version")
    )
    pairs = (name_codes * len(versions) + version_codes)[place]
    unnamed = sessions.version.where("")[rows]
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
        named = unnamed | (sessions.version.where(version) & sessions.curriculum.where(name))[rows]
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

"""df_manager in columns, as far as it says how mice fare: their stays at stages, the days of their sessions.

A *stay* is an unbroken run of judged sessions of a mouse at one actual stage of the curriculums of one name. It is
finished when the mouse was judged at another stage of that curriculum after it, or when its last session suggests
another stage. A stay that only ended because the mouse changed curriculum was cut off, and is no measure for others.

What a curriculum says is looked up in the catalog; a version that is not there is taken for the newest one of its name.
Where there is none of that name, no stage is final and no metric is known.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.tables import cells
from autotrain_dsl.tables.sessions import Flags, Floats, Numbers, Words
from autotrain_dsl.versions import order


@dataclass(frozen=True)
class Stays:
    """The first and the last row of each stay, and whether it is finished."""

    first: Numbers
    last: Numbers
    finished: Flags

    @property
    def lengths(self) -> Numbers:
        """Sessions of each."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Mice:
    """df_manager sorted by mouse and session, in columns.

    ``names`` are the mice in the order of their codes in ``subject``, ``last`` is the last row of each. ``ages`` are
    days before today, NaN where no date can be read. ``stage`` and ``following`` (what a session suggests) share their
    texts; ``at_end`` says where the one is final, ``graduated`` where the other is.
    """

    catalog: Catalog
    table: pd.DataFrame
    names: list[str]
    subject: Numbers
    last: Numbers
    session: Numbers
    stage: Words
    following: Words
    decision: Words
    curriculum: Words
    version: Words
    ages: Floats

    @classmethod
    def of(cls, table: pd.DataFrame, today: dt.date, catalog: Catalog) -> Mice:
        """A table in the columns of ``tables.manager.to_frame`` with at least one row."""
        subject, names = pd.factorize(table["subject_id"], sort=True)
        rows = np.lexsort((table["session"].to_numpy(np.int64), subject))
        table, subject, number = table.take(rows), subject[rows].astype(np.int64), len(table)
        both = pd.concat([table["current_stage_actual"], table["next_stage_suggested"]])
        stages = Words.of(both, cells.name, 2 * number)
        return cls(
            catalog=catalog,
            table=table,
            names=[str(name) for name in names],
            subject=subject,
            last=np.flatnonzero(np.r_[subject[1:] != subject[:-1], True]),
            session=table["session"].to_numpy(np.int64),
            stage=Words(stages.codes[:number], stages.texts),
            following=Words(stages.codes[number:], stages.texts),
            decision=Words.of(table["decision"], cells.text, number),
            curriculum=Words.of(table["curriculum_name"], cells.name, number),
            version=Words.of(table["curriculum_version"], cells.text, number),
            ages=_ages(table["session_date"], today),
        )

    @cached_property
    def stays(self) -> Stays:
        """The stays of all mice, one mouse after the other."""
        return self._stays(self.subject, self.curriculum.codes)

    @cached_property
    def same_version(self) -> Stays:
        """The same, cut where another version of the curriculum begins."""
        return self._stays(self.subject, self.curriculum.codes, self.version.codes)

    @cached_property
    def at_end(self) -> Flags:
        """The rows of sessions at a final stage."""
        return self._final(self.stage.codes)

    @cached_property
    def graduated(self) -> Flags:
        """The rows that suggest a final stage."""
        return self._final(self.following.codes)

    def graph(self, row: int) -> StateGraph | None:
        """The curriculum of a session."""
        return self._graphs[self._pairs[row]]

    def measured(self, metric: str) -> Floats:
        """A metric of every row, NaN where it is missing."""
        return pd.to_numeric(self.table[metric], errors="coerce").to_numpy(np.float64, na_value=np.nan)

    def _stays(self, *columns: Numbers) -> Stays:
        begins, elsewhere = _changes(*columns, self.stage.codes), _changes(*columns)
        first = np.flatnonzero(begins)
        last = np.r_[first[1:], len(begins)] - 1
        finished = self.stage.codes[last] != self.following.codes[last]
        finished[:-1] |= ~elsewhere[first[1:]]
        return Stays(first, last, finished)

    @cached_property
    def _pairs(self) -> Numbers:
        return self.curriculum.codes * len(self.version.texts) + self.version.codes

    @cached_property
    def _graphs(self) -> dict[int, StateGraph | None]:
        """The curriculum of every pair of a name and a version."""
        graphs = [each.graph for each in self.catalog.compilations if each.graph is not None]
        graphs.sort(key=lambda graph: order(graph.curriculum.version))
        newest = {graph.curriculum.name: graph for graph in graphs}
        found: dict[int, StateGraph | None] = {}
        for pair in np.unique(self._pairs).tolist():
            name_place, version_place = divmod(pair, len(self.version.texts))
            name, version = self.curriculum.texts[name_place], self.version.texts[version_place]
            found[pair] = self.catalog.find(name, version) or newest.get(name)
        return found

    def _final(self, codes: Numbers) -> Flags:
        found = np.zeros(len(codes), bool)
        for pair, graph in self._graphs.items():
            if graph is not None:
                final = [graph.has_stage(word) and graph.stage(word).final for word in self.stage.texts]
                found |= (self._pairs == pair) & np.array(final)[codes]
        return found


def _changes(*columns: Numbers) -> Flags:
    """Where a row differs from the one before in any of the columns; the first one does."""
    found = np.zeros(len(columns[0]), bool)
    found[0] = True
    for column in columns:
        found[1:] |= column[1:] != column[:-1]
    return found


def _ages(column: pd.Series[Any], today: dt.date) -> Floats:
    """Days before today; NaN where no date can be read, or where it lies in the future."""
    codes, uniques = pd.factorize(column)
    days = [_day(cells.date(each)) for each in uniques]
    ages = np.array([np.nan if day is None else (today - day).days for day in days] + [np.nan], np.float64)
    ages[ages < -1] = np.nan  # a day is allowed, since clocks of rigs may be in another time zone
    found: Floats = ages[codes]
    return found


def _day(text: str) -> dt.date | None:
    """The day of an ISO date, with or without a time."""
    try:
        return dt.datetime.fromisoformat(text).date()
    except ValueError:
        return None

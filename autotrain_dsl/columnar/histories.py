"""The sessions of many subjects as arrays, one subject after another, the oldest session of each first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from autotrain_dsl.columnar.values import Floats, Numbers, Series, Whole

Small = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Histories:
    """Sessions in the order of subject and number.

    ``starts`` are the first rows of the subjects and, at the end, the number of rows; ``numbers`` the sessions' own
    numbers. ``metrics`` are values of every session, NaN where one is missing.
    """

    starts: Whole
    numbers: Whole
    metrics: Sequence[Floats]

    def __len__(self) -> int:
        return int(self.starts[-1])

    @cached_property
    def lengths(self) -> Whole:
        """How many sessions every subject has."""
        return np.diff(self.starts)

    @cached_property
    def longest(self) -> int:
        """The most sessions that a subject has."""
        return int(self.lengths.max()) if len(self.lengths) else 0

    @cached_property
    def places(self) -> Small:
        """The place of every session in the history of its subject, from 0."""
        places = np.arange(len(self), dtype=np.int32)
        places -= np.repeat(self.starts[:-1].astype(np.int32), self.lengths)
        return places

    def part(self, first: int, last: int) -> Histories:
        """Only the subjects from ``first`` up to ``last``, that one left out; the arrays are views of these."""
        rows = slice(int(self.starts[first]), int(self.starts[last]))
        starts = self.starts[first : last + 1] - self.starts[first]
        return Histories(starts, self.numbers[rows], [values[rows] for values in self.metrics])


class Table:
    """Histories in the form in which windows are cut: every metric after ``deepest`` places that stand for nothing."""

    def __init__(self, histories: Histories, deepest: int) -> None:
        self.histories, self.before = histories, deepest
        self.padded = [np.concatenate([np.zeros(deepest), values]) for values in histories.metrics]
        self.gaps = [bool(np.isnan(values).any()) for values in histories.metrics]

    def span(self, first: int, last: int) -> Rows:
        """The rows from ``first`` up to ``last``, that one left out."""
        return Rows(self, slice(first, last))

    def chosen(self, rows: Whole) -> Rows:
        """Any rows."""
        return Rows(self, rows)


class Rows:
    """Some sessions, each with the history up to it."""

    def __init__(self, table: Table, rows: slice | Whole) -> None:
        self.table, self.rows = table, rows
        self.lengths = table.histories.places[rows].astype(np.int64) + 1

    @cached_property
    def deepest(self) -> int:
        """The most sessions that one of these histories has."""
        return int(self.lengths.max()) if len(self.lengths) else 0

    @cached_property
    def totals(self) -> Floats:
        """The sessions' numbers."""
        return self.table.histories.numbers[self.rows].astype(np.float64)

    def metric(self, place: int, need: int) -> Series:
        """The history of a metric, of which the newest ``need`` sessions are wanted."""
        padded, before, gaps = self.table.padded[place], self.table.before, self.table.gaps[place]
        columns = []
        for back in range(min(need, self.deepest)):
            if isinstance(self.rows, slice):
                values = padded[before - back + self.rows.start : before - back + self.rows.stop]
            else:
                values = padded[self.rows + (before - back)]
            columns.append(Numbers(values, gaps))
        return Series(columns, self.lengths)

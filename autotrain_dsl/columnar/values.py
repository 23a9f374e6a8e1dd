"""What the operators and functions of the language compute, for one session in every place of an array.

A column of numbers has NaN where a value is missing, a column of conditions says where it is true and where unknown.
A sequence is a list of columns, the newest session first; in every row only the first ``length`` of them exist, and
what stands behind them is never looked at. The results are those of ``expressions.functions``, to the last bit: sums
run from the oldest to the newest value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from autotrain_dsl.expressions import functions

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]

_COMPUTE: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers, NaN where one is missing; without ``gaps`` none is."""

    values: Any  # Floats, or a single number for all rows
    gaps: bool


@dataclass(frozen=True, slots=True)
class Truths:
    """Conditions: where they are true, and where unknown (None: nowhere); never both."""

    true: Any  # Flags, or a single one for all rows
    unknown: Any = None


@dataclass(frozen=True)
class Series:
    """Sequences: columns from the newest session to the oldest that is needed, and how long each sequence is."""

    columns: Sequence[Numbers | Truths]
    length: Whole

    @cached_property
    def shortest(self) -> int:
        """Length of the shortest sequence; 0 where there is no row at all."""
        return int(self.length.min()) if len(self.length) else 0

    @cached_property
    def short(self) -> Whole:
        """Rows whose sequence does not fill the columns."""
        if self.shortest >= len(self.columns):
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.length < len(self.columns))

    def numbers(self) -> list[Floats]:
        """The columns as arrays."""
        return [column.values for column in self.columns if isinstance(column, Numbers)]

    def truths(self) -> list[Truths]:
        """The columns as conditions."""
        return [column for column in self.columns if isinstance(column, Truths)]


Column = Numbers | Truths
Value = Column | Series


def compare(symbol: str, left: Column, right: Column) -> Truths:
    """``left < right`` and the like; unknown where a side is missing."""
    if isinstance(left, Truths) and isinstance(right, Truths):
        return _equal(symbol, left, right)
    assert isinstance(left, Numbers)
    assert isinstance(right, Numbers)
    true = _COMPARE[symbol](left.values, right.values)
    if not left.gaps and not right.gaps:
        return Truths(true)
    unknown = np.isnan(left.values) | np.isnan(right.values)
    if not unknown.any():
        return Truths(true)
    return Truths(true & ~unknown if symbol == "!=" else true, unknown)


def _equal(symbol: str, left: Truths, right: Truths) -> Truths:
    true = _COMPARE[symbol](left.true, right.true)
    unknown = _either(left.unknown, right.unknown)
    return Truths(true) if unknown is None else Truths(true & ~unknown, unknown)


def _either(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one | other


def compute(symbol: str, left: Numbers, right: Numbers) -> Numbers:
    """``left + right`` and the like; missing where a side is missing or the result is no finite number."""
    return finite(_COMPUTE[symbol](left.values, right.values))


def finite(values: Any) -> Numbers:
    """Numbers of which those that are not finite are missing."""
    right = np.isfinite(values)
    return Numbers(values, gaps=False) if right.all() else Numbers(np.where(right, values, np.nan), gaps=True)


def negative(of: Numbers) -> Numbers:
    """``-of``."""
    return Numbers(np.negative(of.values), of.gaps)


def absolute(of: Numbers) -> Numbers:
    """``abs``."""
    return Numbers(np.abs(of.values), of.gaps)


def rounded(of: Numbers, digits: int) -> Numbers:
    """``round``: by Python's own, since numpy multiplies and divides where Python rounds the decimal digits."""
    if digits == 0:
        return Numbers(np.rint(of.values), of.gaps)
    cells = np.atleast_1d(of.values)
    found = functions.rounded(with_none(cells), digits)
    assert isinstance(found, tuple)
    values = np.array(found, np.float64)
    return Numbers(values if np.ndim(of.values) else values[0], gaps=bool(np.isnan(values).any()))


def with_none(values: Floats) -> tuple[float | None, ...]:
    """The numbers as the interpreter takes them, with None for one that is missing."""
    return tuple(None if isnan(value) else value for value in values.tolist())


def not_(of: Truths) -> Truths:
    """Kleene's not."""
    return Truths(~of.true) if of.unknown is None else Truths(~(of.true | of.unknown), of.unknown)


def and_(parts: Sequence[Truths]) -> Truths:
    """Kleene's and."""
    return not_(or_([not_(part) for part in parts])) if any(p.unknown is not None for p in parts) else _all_true(parts)


def _all_true(parts: Sequence[Truths]) -> Truths:
    true = parts[0].true
    for part in parts[1:]:
        true = true & part.true
    return Truths(true)


def or_(parts: Sequence[Truths]) -> Truths:
    """Kleene's or."""
    true, unknown = parts[0].true, parts[0].unknown
    for part in parts[1:]:
        true, unknown = true | part.true, _either(unknown, part.unknown)
    return Truths(true) if unknown is None else Truths(true, unknown & ~true)


def item(of: Series, index: int, *, conditions: bool) -> Column:
    """``of[index]``; missing or unknown where there is no such session."""
    if not of.columns or -index > len(of.columns):
        nowhere = np.zeros(len(of.length), bool)
        return Truths(nowhere, ~nowhere) if conditions else Numbers(np.where(nowhere, 0.0, np.nan), gaps=True)
    if index < 0:
        return _there(of.columns[-index - 1], of.length >= -index, whole=of.shortest >= -index)
    there = of.length > index
    [found] = _gathered(of.columns, np.maximum(of.length - 1 - index, 0)[None, :])
    return _there(found, there, whole=of.shortest > index)


def _there(column: Column, there: Flags, *, whole: bool) -> Column:
    if whole:
        return column
    if isinstance(column, Numbers):
        return Numbers(np.where(there, column.values, np.nan), gaps=True)
    return Truths(column.true & there, ~there if column.unknown is None else column.unknown | ~there)


def _gathered(columns: Sequence[Column], at: Whole) -> list[Column]:
    """For every row of ``at`` (columns x sessions) a column, of every session that whose number it names."""
    shape = at.shape[1:]
    at = np.minimum(at, len(columns) - 1)
    if isinstance(columns[0], Truths):
        parts = [column for column in columns if isinstance(column, Truths)]
        true = np.take_along_axis(_stacked([part.true for part in parts], shape), at, axis=0)
        if all(part.unknown is None for part in parts):
            return [Truths(each) for each in true]
        unknown = [False if part.unknown is None else part.unknown for part in parts]
        return [
            Truths(*each) for each in zip(true, np.take_along_axis(_stacked(unknown, shape), at, axis=0), strict=True)
        ]
    numbers = [column for column in columns if isinstance(column, Numbers)]
    gaps = any(part.gaps for part in numbers)
    values = np.take_along_axis(_stacked([part.values for part in numbers], shape), at, axis=0)
    return [Numbers(each, gaps) for each in values]


def _stacked(columns: list[Any], shape: tuple[int, ...]) -> Any:
    return np.stack([np.broadcast_to(column, shape) for column in columns])


def window(of: Series, start: int | None, stop: int | None, need: int) -> Series:
    """``of[start:stop]``, of which the newest ``need`` columns are kept."""
    length = of.length
    first: Any = 0 if start is None else np.minimum(start, length) if start >= 0 else np.maximum(length + start, 0)
    last = length if stop is None else np.minimum(stop, length) if stop >= 0 else np.maximum(length + stop, 0)
    kept: Any = np.maximum(last - first, 0)
    if stop is not None and stop >= 0:  # counted from the beginning: it is further back with every session
        width, dropped = min(need, stop, len(of.columns)), length - last
        return Series(_gathered(of.columns, dropped + np.arange(width)[:, None]) if width else [], kept)
    dropped_all = 0 if stop is None else -stop
    width = need if start is None or start >= 0 else min(need, -start - dropped_all)
    return Series(of.columns[dropped_all : dropped_all + width], kept)


def present(of: Series, need: int) -> Series:
    """The values that are not missing."""
    if not any(_may_miss(column) for column in of.columns):
        return of
    there = np.stack([_exists(column, of.length > number) for number, column in enumerate(of.columns)])
    length: Any = np.sum(there, axis=0, dtype=np.int64)
    order = np.argsort(~there, axis=0, kind="stable")  # those that are there first, in their order
    return Series(_gathered(of.columns, order[: min(len(of.columns), need)]), length)


def _may_miss(column: Column) -> bool:
    return column.gaps if isinstance(column, Numbers) else column.unknown is not None


def _exists(column: Column, within: Flags) -> Flags:
    if isinstance(column, Numbers):
        return within & ~np.isnan(column.values) if column.gaps else within
    return within if column.unknown is None else within & ~column.unknown


def count(of: Series, *, conditions: bool) -> Numbers:
    """Length of a sequence of numbers; number of true elements of conditions, missing when one is unknown."""
    if not conditions:
        return Numbers(of.length.astype(np.float64), gaps=False)
    total, unknown = np.zeros(len(of.length)), np.zeros(len(of.length), bool)
    for number, column in enumerate(of.truths()):
        exists = of.length > number
        total += column.true & exists
        if column.unknown is not None:
            unknown |= column.unknown & exists
    return Numbers(np.where(unknown, np.nan, total), gaps=True) if unknown.any() else Numbers(total, gaps=False)


def all_(of: Series) -> Truths:
    """False as soon as one element is false, unknown when none is but one is unknown, true for an empty sequence."""
    return not_(_any([not_(column) for column in of.truths()], of.length))


def any_(of: Series) -> Truths:
    """True as soon as one element is true, unknown when none is but one is unknown, false for an empty sequence."""
    return _any(of.truths(), of.length)


def _any(columns: list[Truths], length: Whole) -> Truths:
    true, unknown = np.zeros(len(length), bool), None
    for number, column in enumerate(columns):
        exists = length > number
        true |= column.true & exists
        if column.unknown is not None:
            unknown = _either(unknown, column.unknown & exists)
    return Truths(true) if unknown is None else Truths(true, unknown & ~true)


def total(of: Series) -> Numbers:
    """``sum``."""
    return _aggregate(of, _sum)


def mean(of: Series) -> Numbers:
    """Arithmetic mean."""
    return _aggregate(of, _mean)


def median(of: Series) -> Numbers:
    """The middle value, or the mean of the two middle values."""
    return _aggregate(of, _median)


def std(of: Series) -> Numbers:
    """Standard deviation of the values themselves."""
    return _aggregate(of, _std)


def smallest(of: Series) -> Numbers:
    """``min``."""
    return _aggregate(of, lambda columns, length: _extreme(columns, length, np.less, np.inf))


def largest(of: Series) -> Numbers:
    """``max``."""
    return _aggregate(of, lambda columns, length: _extreme(columns, length, np.greater, -np.inf))


def _aggregate(of: Series, function: Callable[[list[Any], Whole | None], Any]) -> Numbers:
    """An aggregate of all rows as if their columns were full, and then of those that are not."""
    columns, short = of.numbers(), of.short
    shape = of.length.shape
    full = bool(columns) and len(short) < len(of.length)
    found: Any = np.broadcast_to(function(columns, None), shape) if full else np.full(shape, np.nan)
    if len(short):
        found = np.array(found)
        length = of.length[short]
        values = [np.broadcast_to(column, shape)[short] for column in columns]
        found[short] = np.where(length > 0, function(values, length), np.nan)
    return finite(found)


def _sum(columns: list[Any], length: Whole | None) -> Any:
    result: Any = 0.0
    for number in reversed(range(len(columns))):  # a leading 0.0 changes no sum
        result = result + (columns[number] if length is None else np.where(length > number, columns[number], 0.0))
    return result


def _mean(columns: list[Any], length: Whole | None) -> Any:
    return _sum(columns, length) / (len(columns) if length is None else length)


def _std(columns: list[Any], length: Whole | None) -> Any:
    center = _mean(columns, length)
    apart = [column - center for column in columns]
    return np.sqrt(_mean([each * each for each in apart], length))


def _median(columns: list[Any], length: Whole | None) -> Any:
    stacked = np.stack(np.broadcast_arrays(*columns)).astype(np.float64)
    if length is None:
        ordered = np.sort(stacked, axis=0)
        middle = len(columns) // 2
        found = ordered[middle] if len(columns) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        return np.where(np.isnan(ordered[-1]), np.nan, found)
    exists = np.arange(len(columns))[:, None] < length
    missing = (np.isnan(stacked) & exists).any(axis=0)
    ordered = np.sort(np.where(exists, stacked, np.inf), axis=0)
    middle_of, rows = length // 2, np.arange(len(length))
    upper = ordered[np.minimum(middle_of, len(columns) - 1), rows]
    lower = ordered[np.maximum(middle_of - 1, 0), rows]
    return np.where(missing, np.nan, np.where(length % 2 == 1, upper, (lower + upper) / 2))


def _extreme(columns: list[Any], length: Whole | None, better: Any, neutral: float) -> Any:
    """The smallest or largest; of equal ones the oldest, since -0.0 is equal to 0.0; NaN where one is missing."""
    result: Any = neutral
    for number in reversed(range(len(columns))):
        column = columns[number] if length is None else np.where(length > number, columns[number], neutral)
        result = np.where(better(column, result) | np.isnan(column), column, result)
    return result

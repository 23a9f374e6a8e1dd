"""What the operators and functions of the language compute.

A number is a float, a condition a bool, a sequence a tuple; ``None`` is a missing number or an unknown condition.
Everything is IEEE double precision, and sums run from the oldest to the newest value, so that every evaluator of the
language can give the same result to the last bit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from math import isfinite, sqrt
from typing import Any

Number = float | None
Truth = bool | None
Single = float | bool | str | None
Sequence = tuple[Single, ...]
Value = Single | Sequence

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_COMPUTE: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def plain(value: Number) -> float | int | None:
    """A number as people write it: a whole one without a point."""
    return int(value) if value is not None and value.is_integer() else value


def compare(symbol: str, left: Value, right: Value) -> Value:
    """``left < right`` and the like; unknown where a side is missing."""
    return _both(COMPARISONS[symbol], left, right)


def compute(symbol: str, left: Value, right: Value) -> Value:
    """``left + right`` and the like; missing where a side is missing or the result is no finite number."""
    return _both(lambda a, b: _finite(_COMPUTE[symbol], a, b), left, right)


def negative(of: Value) -> Value:
    """``-of``."""
    return _each(lambda a: -a, of)


def not_(of: Truth) -> Truth:
    """Kleene's not: unknown stays unknown."""
    return None if of is None else not of


def and_(*parts: Truth) -> Truth:
    """Kleene's and: false as soon as one is false, else unknown as soon as one is unknown."""
    return all_(parts)


def or_(*parts: Truth) -> Truth:
    """Kleene's or: true as soon as one is true, else unknown as soon as one is unknown."""
    return any_(parts)


def item(of: Sequence, index: int) -> Single:
    """``of[index]``; missing where there is no such session."""
    return of[index] if -len(of) <= index < len(of) else None


def window(of: Sequence, start: int | None, stop: int | None) -> Sequence:
    """``of[start:stop]``; shorter than asked where the history is."""
    return of[start:stop]


def latest(of: Sequence, length: int) -> Sequence:
    """The newest ``length`` elements: what ``at_stage`` keeps."""
    return of[max(len(of) - length, 0) :]


def present(of: Sequence) -> Sequence:
    """The values that are not missing."""
    return tuple(value for value in of if value is not None)


def count(of: Sequence, conditions: bool) -> Number:
    """Length of a sequence of numbers; number of true elements of conditions, missing when one is unknown."""
    if not conditions:
        return float(len(of))
    return None if None in of else float(sum(value is True for value in of))


def all_(of: Sequence) -> Truth:
    """False as soon as one element is false, unknown when none is but one is unknown, true for an empty sequence."""
    if False in of:
        return False
    return None if None in of else True


def any_(of: Sequence) -> Truth:
    """True as soon as one element is true, unknown when none is but one is unknown, false for an empty sequence."""
    if True in of:
        return True
    return None if None in of else False


def absolute(of: Value) -> Value:
    """``abs``."""
    return _each(abs, of)


def rounded(of: Value, digits: int) -> Value:
    """To ``digits`` decimals, halves to the even neighbour, as Python does."""
    return _each(lambda a: round(a, digits), of)


def total(of: Sequence) -> Number:
    """``sum``, added from the oldest to the newest value; missing for an empty or incomplete sequence."""
    return _aggregate(_sum, of)


def mean(of: Sequence) -> Number:
    """Arithmetic mean; missing for an empty or incomplete sequence."""
    return _aggregate(_mean, of)


def median(of: Sequence) -> Number:
    """The middle value, or the mean of the two middle values."""
    return _aggregate(_median, of)


def std(of: Sequence) -> Number:
    """Standard deviation of the values themselves (divided by their number, not by one less)."""
    return _aggregate(_std, of)


def smallest(of: Sequence) -> Number:
    """``min``."""
    return _aggregate(min, of)


def largest(of: Sequence) -> Number:
    """``max``."""
    return _aggregate(max, of)


def _sum(values: tuple[float, ...]) -> float:
    # Not the built-in: since Python 3.12 it corrects rounding errors, which numpy does not.
    result = 0.0
    for value in values:
        result += value
    return result


def _mean(values: tuple[float, ...]) -> float:
    return _sum(values) / len(values)


def _median(values: tuple[float, ...]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _std(values: tuple[float, ...]) -> float:
    center = _mean(values)
    return sqrt(_mean(tuple((value - center) * (value - center) for value in values)))


def _aggregate(function: Callable[[tuple[float, ...]], float], of: Sequence) -> Number:
    if not of or None in of:
        return None
    return _finite(function, of)


def _finite(function: Callable[..., float], *arguments: object) -> Number:
    try:
        result = function(*arguments)
    except (ZeroDivisionError, OverflowError):
        return None
    return result if isfinite(result) else None


def _each(function: Callable[[float], float], of: Value) -> Value:
    if isinstance(of, tuple):
        return tuple(None if value is None else _finite(function, value) for value in of)
    return None if of is None else _finite(function, of)


def _both(function: Callable[[Any, Any], Single], left: Value, right: Value) -> Value:
    if isinstance(left, tuple) and isinstance(right, tuple):
        return tuple(_one(function, a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, tuple):
        return tuple(_one(function, a, right) for a in left)
    if isinstance(right, tuple):
        return tuple(_one(function, left, b) for b in right)
    return _one(function, left, right)


def _one(function: Callable[[Any, Any], Single], left: object, right: object) -> Single:
    return None if left is None or right is None else function(left, right)

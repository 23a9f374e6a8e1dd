"""What values an expression can take, from the declared ranges of its metrics alone (interval arithmetic)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isfinite, isnan

from autotrain_dsl.expressions.nodes import (
    Arithmetic,
    Call,
    Comparison,
    Item,
    Kind,
    Literal,
    Logic,
    Negative,
    Node,
    Not,
    Variable,
    Window,
    names,
)

_SAME_RANGE = frozenset({"mean", "median", "min", "max", "at_stage", "present"})
_KEEPS_INTEGERS = frozenset({"min", "max", "at_stage", "present", "sum", "abs"})


@dataclass(frozen=True, slots=True)
class Range:
    """Smallest and largest value, and whether only whole numbers occur."""

    low: float = -inf
    high: float = inf
    integer: bool = False

    @property
    def is_single(self) -> bool:
        """Whether there is only one value."""
        return self.low == self.high


def range_of(node: Node) -> Range:
    """The range of a number, or of the elements of a sequence of numbers."""
    match node:
        case Literal():
            value = float(node.value) if isinstance(node.value, int | float) else 0.0
            return Range(value, value, value.is_integer())
        case Variable():
            return Range(node.minimum, node.maximum, node.integer)
        case Item() | Window():
            return range_of(node.of)
        case Negative():
            of = range_of(node.of)
            return Range(-of.high, -of.low, of.integer)
        case Call():
            return _range_of_call(node)
        case Arithmetic():
            return _range_of_arithmetic(node)
        case _:
            return Range()


def truth_of(node: Node) -> bool | None:
    """True or False where a condition always has this outcome (unless data is missing), else None."""
    match node:
        case Literal():
            return node.value if isinstance(node.value, bool) else None
        case Comparison():
            return _truth_of_comparison(node)
        case Not():
            of = truth_of(node.of)
            return None if of is None else not of
        case Logic():
            parts = [truth_of(part) for part in node.parts]
            decisive = node.operator == "or"
            if decisive in parts:
                return decisive
            return None if None in parts else not decisive
        case _:
            return None


def _range_of_call(node: Call) -> Range:
    if node.function == "count":
        return Range(0, inf, integer=True)
    of = range_of(node.of)
    integer = of.integer and node.function in _KEEPS_INTEGERS
    match node.function:
        case "sum":
            return Range(of.low if of.low >= 0 else -inf, of.high if of.high <= 0 else inf, integer)
        case "std":
            return Range(0, inf)
        case "abs":
            low = 0.0 if of.low <= 0 <= of.high else min(abs(of.low), abs(of.high))
            return Range(low, max(abs(of.low), abs(of.high)), integer)
        case "round":
            return _rounded(of, node.digits)
        case "mean" if not all(abs(end) == inf or float(end).is_integer() for end in (of.low, of.high)):
            return Range(of.low - abs(of.low) * 1e-12, of.high + abs(of.high) * 1e-12)
        case name if name in _SAME_RANGE:
            return Range(of.low, of.high, integer)
        case _:
            return Range()


def _rounded(of: Range, digits: int) -> Range:
    low, high = (round(end, digits) if abs(end) < inf else end for end in (of.low, of.high))
    return Range(low, high, digits == 0 or of.integer)


def _range_of_arithmetic(node: Arithmetic) -> Range:
    left, right = range_of(node.left), range_of(node.right)
    integer = left.integer and right.integer and node.operator != "/"
    match node.operator:
        case "+":
            ends = [left.low + right.low, left.high + right.high]
        case "-":
            ends = [left.low - right.high, left.high - right.low]
        case "*":
            ends = [_times(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
        case _:
            if right.low <= 0 <= right.high:
                return Range()
            ends = [_over(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    bounded = all(isfinite(end) for end in (left.low, left.high, right.low, right.high))
    # Beyond the largest double a result is missing, and nothing can be said of its comparisons.
    beyond = bounded and not all(isfinite(end) for end in ends)
    return Range() if beyond or any(isnan(end) for end in ends) else Range(min(ends), max(ends), integer)


def _times(a: float, b: float) -> float:
    return 0.0 if 0 in (a, b) else a * b


def _over(a: float, b: float) -> float:
    return 0.0 if abs(b) == inf else a / b


def _truth_of_comparison(node: Comparison) -> bool | None:
    if node.left.type.kind is not Kind.NUMBER:
        if isinstance(node.left, Literal) and isinstance(node.right, Literal):
            return (node.left.value == node.right.value) == (node.operator == "==")
        return None
    left, right = range_of(node.left), range_of(node.right)
    match node.operator:
        case "<":
            return _order(left.high < right.low, left.low >= right.high)
        case "<=":
            return _order(left.high <= right.low, left.low > right.high)
        case ">":
            return _order(left.low > right.high, left.high <= right.low)
        case ">=":
            return _order(left.low >= right.high, left.high < right.low)
    whole, fraction = (left, right) if left.integer else (right, left)
    never_meet = whole.integer and fraction.is_single and not fraction.low.is_integer()
    apart = left.high < right.low or right.high < left.low or never_meet
    same = left.is_single and right.is_single and left.low == right.low
    return _order(same, apart) if node.operator == "==" else _order(apart, same)


def _order(always: bool, never: bool) -> bool | None:
    return True if always else False if never else None


def thresholds(comparison: Comparison) -> Iterator[tuple[str, float]]:
    """What the names on one side of a comparison are compared with, where it is a single number."""
    for side, other in ((comparison.left, comparison.right), (comparison.right, comparison.left)):
        values = range_of(other)
        if values.is_single and isfinite(values.low):
            yield from ((name, values.low) for name in names(side))

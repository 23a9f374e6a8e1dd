"""How far doubles are from real numbers: bounds of sizes and errors, and comparisons of what was rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import inf, isfinite, nextafter

import z3

from autotrain_dsl.expressions.nodes import NEGATED
from autotrain_dsl.verification.guards import Guard, both, negated
from autotrain_dsl.verification.symbols import Number, Term

UNIT = 2.0**-53  # the relative error of one rounding
TINY = 5e-324  # the absolute one, next to zero
WHOLE = 2.0**53  # below, sums of whole numbers are exact
HUGE = 1e300  # beyond, a result may be no finite double, and so missing


def product_of(one: float, other: float) -> float:
    """Of two sizes; nothing times anything is nothing."""
    return 0.0 if 0 in (one, other) else up(one * other)


def up(size: float) -> float:
    """A bound of what was rounded to a size."""
    return nextafter(size, inf)


def rounded_holds(symbol: str, value: Term, limit: float) -> Guard:
    """Whether the double nearest to ``value`` compares so with a double: exact, for rounding keeps the order."""
    match symbol:
        case ">=" if not isfinite(nextafter(limit, -inf)):
            return True  # every finite double is
        case "<=" if not isfinite(nextafter(limit, inf)):
            return True
        case ">=":
            border = (Fraction(nextafter(limit, -inf)) + Fraction(limit)) / 2
            return value >= border if _is_even(limit) else value > border
        case "<=":
            border = (Fraction(nextafter(limit, inf)) + Fraction(limit)) / 2
            return value <= border if _is_even(limit) else value < border
        case "==":
            return both(rounded_holds(">=", value, limit), rounded_holds("<=", value, limit))
        case _:
            return negated(rounded_holds(NEGATED[symbol], value, limit))


def _is_even(value: float) -> bool:
    """Whether the last bit of a double's mantissa is 0: of two equally near doubles that one is taken."""
    fraction = value.hex().partition("p")[0].rpartition(".")[2] if value else "0"
    return int(fraction[-1], 16) % 2 == 0


def added(values: list[Term], known: Guard, largest: float, *, whole: bool) -> Number:
    """A sum of doubles, each at most ``largest``, from the first to the last."""
    size = up(largest * len(values))
    exact = whole and size < WHOLE
    error = 0.0 if exact else size * len(values) * 2 * UNIT + TINY
    return Number(sum_of(values), known, size, error, once=exact or len(values) == 2, whole=whole)


def mean_of(values: list[Term], known: Guard, largest: float, *, whole: bool) -> Number:
    """Their mean: the sum divided by how many they are."""
    total = added(values, known, largest, whole=whole)
    count = len(values)
    once = total.is_exact or count == 2  # half of a double is a double
    error = total.error / count + 2 * largest * UNIT + TINY
    return Number(total.value / count, known, largest * (1 + 4 * count * UNIT), error, once=once)


def sum_of(values: Sequence[Term]) -> Term:
    """The sum in real arithmetic."""
    terms = [value for value in values if not isinstance(value, Fraction)]
    written_out = sum((value for value in values if isinstance(value, Fraction)), Fraction(0))
    if not terms:
        return written_out
    total = z3.Sum(terms) if len(terms) > 1 else terms[0]
    return total + written_out if written_out else total

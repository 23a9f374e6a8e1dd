"""What the operators and functions of the language compute: the twin of ``expressions.functions`` for the solver."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf, isfinite, sqrt

import z3

from autotrain_dsl.expressions import functions
from autotrain_dsl.expressions.nodes import MIRRORED
from autotrain_dsl.verification.guards import Guard, both, either, negated
from autotrain_dsl.verification.rounding import (
    HUGE,
    TINY,
    UNIT,
    WHOLE,
    added,
    mean_of,
    product_of,
    rounded_holds,
    sum_of,
    up,
)
from autotrain_dsl.verification.symbols import (
    MISSING,
    Element,
    Number,
    Several,
    Symbol,
    Term,
    Truth,
    as_number,
    as_several,
    as_single,
    as_truth,
    cases,
    chosen,
    chosen_truth,
    constant,
    each_of,
    if_,
    present,
    real,
    signed,
)


@dataclass
class Operations:
    """The operators and functions.

    ``demand`` takes what must hold of the terms that are made up on the way, ``spend`` how many elements are about to
    be made. ``ideal`` is a guard under which doubles are as exact as reals; under ``clear`` no comparison is so close
    that rounding could turn it. Only under ``curved`` are products of values that the solver chooses what they are said
    to be: it is quicker without, and what it finds impossible then is impossible. Only under ``capped`` is it known how
    far doubles are off.
    """

    context: z3.Context
    demand: Callable[[z3.BoolRef], None]
    spend: Callable[[int], None]
    ideal: z3.BoolRef
    clear: z3.BoolRef
    curved: z3.BoolRef
    capped: z3.BoolRef
    is_curved: bool = False  # whether there are such products
    ordered: bool = False  # whether to say that sums and means of larger values are not smaller
    _sums: dict[tuple[int, int], list[tuple[list[Term], Term]]] = field(default_factory=dict)
    _doubles: dict[int, tuple[Term, Term]] = field(default_factory=dict)  # the term is kept alive

    # Comparisons and logic

    def compare(self, symbol: str, left: Symbol, right: Symbol) -> Symbol:
        """``left < right`` and the like."""
        return self._both(lambda a, b: self._compared(symbol, a, b), left, right)

    def _compared(self, symbol: str, left: Element, right: Element) -> Truth:
        if isinstance(left, Truth) or isinstance(right, Truth):
            left, right = as_truth(left), as_truth(right)
            alike = Truth(
                either(both(left.true, right.true), both(left.false, right.false)),
                either(both(left.true, right.false), both(left.false, right.true)),
            )
            return alike if symbol == "==" else Truth(alike.false, alike.true)
        known = both(left.known, right.known)
        if known is False:
            return Truth(false=False, true=False)
        holds = self._holds(symbol, left, right)
        return Truth(both(known, holds), both(known, negated(holds)))

    def _holds(self, symbol: str, left: Number, right: Number) -> Guard:
        if left.parts:
            return either(*(both(guard, self._holds(symbol, part, right)) for guard, part in left.parts))
        if left.constant is not None and right.constant is not None:
            return functions.compare(symbol, left.constant, right.constant) is True
        if right.parts or left.constant is not None:
            return self._holds(MIRRORED[symbol], right, left)
        if left.is_exact and right.is_exact:
            return functions.COMPARISONS[symbol](left.value, right.value)
        if left.once and right.constant is not None:
            return rounded_holds(symbol, left.value, right.constant)
        one, other = self.double(left), self.double(right)
        apart = min(4 * max(left.error, right.error), 1.0)
        self.demand(z3.Implies(self.clear, z3.Or(one - other > real(apart), other - one > real(apart))))
        return functions.COMPARISONS[symbol](one, other)

    def double(self, number: Number) -> Term:
        """The double that the interpreter has: a value of its own, near the real one."""
        if number.parts and not number.is_exact:
            result = self.double(number.parts[-1][1])
            for guard, part in reversed(number.parts[:-1]):
                result = if_(guard, self.double(part), result)
            return result
        if number.is_exact or isinstance(number.value, Fraction):
            return number.value
        key = number.value.get_id()
        if key not in self._doubles:
            value = z3.FreshReal("double", self.context)
            self._doubles[key] = (value, number.value)
            self.demand(z3.Implies(self.ideal, value == number.value))
            if isfinite(number.error):
                off = real(number.error)
                near = z3.And(value <= number.value + off, number.value - off <= value)
                self.demand(z3.Implies(self.capped, near))
        return self._doubles[key][0]

    def not_(self, of: Symbol) -> Truth:
        """Kleene's not."""
        truth = as_truth(of)
        return Truth(truth.false, truth.true)

    def and_(self, *parts: Symbol) -> Truth:
        """Kleene's and."""
        truths = [as_truth(part) for part in parts]
        return Truth(both(*(t.true for t in truths)), either(*(t.false for t in truths)))

    def or_(self, *parts: Symbol) -> Truth:
        """Kleene's or."""
        truths = [as_truth(part) for part in parts]
        return Truth(either(*(t.true for t in truths)), both(*(t.false for t in truths)))

    # Arithmetic

    def compute(self, symbol: str, left: Symbol, right: Symbol) -> Symbol:
        """``left + right`` and the like."""
        return self._both(lambda a, b: self._computed(symbol, as_number(a), as_number(b)), left, right)

    def _computed(self, symbol: str, left: Number, right: Number) -> Number:
        if left.constant is not None and right.constant is not None:
            result = functions.compute(symbol, left.constant, right.constant)
            return constant(result) if isinstance(result, float) else MISSING
        known = both(left.known, right.known)
        one, other = self.double(left), self.double(right)
        whole = left.whole and right.whole
        if symbol in "+-":
            value = one + other if symbol == "+" else one - other
            return self._result(value, known, up(left.size + right.size), whole=whole)
        if symbol == "*":
            size = product_of(left.size, right.size)
            if left.constant is not None or right.constant is not None:
                return self._result(one * other, known, size, whole=whole)
            product = self._curve(lambda made: made == one * other, size)
            return self._result(product, known, size, whole=whole)
        if right.constant is not None:
            if right.constant == 0:
                return MISSING
            return self._result(one / other, known, up(left.size / abs(right.constant)))
        size = left.size if right.whole else inf  # a whole number that is not zero is at least one
        quotient = self._curve(lambda made: z3.Implies(other != 0, made * other == one), size)
        return self._result(quotient, both(known, other != 0), size)

    def _curve(self, meaning: Callable[[Term], z3.BoolRef], size: float) -> Term:
        """A value of which it is said what it is, but only where products are to be looked at."""
        self.is_curved = True
        made = z3.FreshReal("curved", self.context)
        self.demand(z3.Implies(self.curved, meaning(made)))
        if isfinite(size):
            self.demand(z3.Implies(self.capped, z3.And(made <= real(size), made >= real(-size))))
        return made

    def _result(self, value: Term, known: Guard, size: float, *, whole: bool = False) -> Number:
        """What one operation on doubles gives: the real result, rounded once."""
        exact = whole and size < WHOLE
        number = Number(value, known, size, 0.0 if exact else size * UNIT + TINY, once=True, whole=whole)
        return self._finite(number)

    def _finite(self, number: Number) -> Number:
        """What may be too large for a double may be missing."""
        if number.size <= HUGE:
            return number
        there = z3.FreshBool("finite", self.context)
        self.demand(z3.Implies(self.ideal, there))
        return Number(number.value, both(number.known, there), number.size, number.error, number.once, number.whole)

    def negative(self, of: Symbol) -> Symbol:
        """``-of``."""
        return each_of(lambda a: signed(a, -self.double(a), -a.constant if a.constant is not None else None), of)

    def absolute(self, of: Symbol) -> Symbol:
        """``abs``."""

        def absolute(a: Number) -> Number:
            value = self.double(a)
            return signed(a, if_(value >= 0, value, -value), abs(a.constant) if a.constant is not None else None)

        return each_of(absolute, of)

    def rounded(self, of: Symbol, digits: int) -> Symbol:
        """``round``; at a tie either neighbour is possible here, and the replay tells which it is."""

        def rounded(a: Number) -> Number:
            if a.constant is not None:
                return constant(round(a.constant, digits))
            if a.whole and digits >= 0:
                return a
            value, steps = self.double(a), z3.FreshInt("rounded", self.context)
            scaled = value * Fraction(10) ** digits
            half = Fraction(1, 2)
            self.demand(z3.And(z3.ToReal(steps) - half <= scaled, scaled <= z3.ToReal(steps) + half))
            size = up(a.size + 10.0**-digits)
            result = z3.ToReal(steps) * Fraction(10) ** -digits
            return self._result(result, a.known, size, whole=digits <= 0)

        return each_of(rounded, of)

    # Sequences

    def item(self, of: Symbol, index: int) -> Symbol:
        """``of[index]``."""
        return chosen(
            [
                (guard, elements[index] if -len(elements) <= index < len(elements) else MISSING)
                for guard, elements in as_several(of).cases
            ]
        )

    def window(self, of: Symbol, start: int | None, stop: int | None) -> Symbol:
        """``of[start:stop]``."""
        return cases((guard, elements[start:stop]) for guard, elements in as_several(of).cases)

    def latest(self, of: Symbol, stay: Callable[[int, int], Guard]) -> Symbol:
        """``at_stage``: ``stay(k, n)`` is whether of ``n`` sessions the newest ``k`` belong to the stay."""
        return cases(
            (both(guard, stay(kept, len(elements))), elements[len(elements) - kept :])
            for guard, elements in as_several(of).cases
            for kept in range(len(elements) + 1)
        )

    def present(self, of: Symbol) -> Symbol:
        """The values that are not missing: a case for every number of them."""
        sequence = as_several(of)
        self.spend(sum(_merging(elements) for _, elements in sequence.cases))
        return cases(
            (both(guard, there), kept) for guard, elements in sequence.cases for there, kept in present(elements)
        )

    def count(self, of: Symbol, *, conditions: bool) -> Symbol:
        """Length, or the number of true elements."""
        if not conditions:
            return chosen([(guard, constant(len(elements))) for guard, elements in as_several(of).cases])
        return self._aggregated(of, self._true_ones)

    def _true_ones(self, elements: tuple[Element, ...]) -> Number:
        truths = [as_truth(element) for element in elements]
        known = both(*(either(t.true, t.false) for t in truths))
        ones = [if_(t.true, Fraction(1), Fraction(0)) for t in truths]
        return Number(sum_of(ones), known, float(len(ones)), whole=True)

    def all_(self, of: Symbol) -> Truth:
        """Whether all are true; of no element it is."""
        parts = [(guard, self.and_(*elements)) for guard, elements in as_several(of).cases]
        return chosen_truth(parts)

    def any_(self, of: Symbol) -> Truth:
        """Whether any is true; of no element it is not."""
        parts = [(guard, self.or_(*elements)) for guard, elements in as_several(of).cases]
        return chosen_truth(parts)

    def aggregate(self, name: str, of: Symbol, place: int) -> Symbol:
        """``mean``, ``median``, ``min``, ``max``, ``sum`` and ``std``; ``place`` tells where in the rules it stands."""

        def aggregate(elements: tuple[Element, ...]) -> Number:
            return self._aggregate(name, [as_number(each) for each in elements], place)

        return self._aggregated(of, aggregate)

    def _aggregated(self, of: Symbol, function: Callable[[tuple[Element, ...]], Number]) -> Symbol:
        return chosen([(guard, function(elements)) for guard, elements in as_several(of).cases])

    def _aggregate(self, name: str, numbers: Sequence[Number], place: int) -> Number:
        if not numbers:
            return MISSING
        known = both(*(number.known for number in numbers))
        if known is False:
            return MISSING
        if len(numbers) == 1:
            return constant(0.0) if name == "std" and known is True else _only(name, numbers[0])
        values = [self.double(number) for number in numbers]
        largest, whole = max(number.size for number in numbers), all(number.whole for number in numbers)
        match name:
            case "min" | "max":
                better = operator.le if name == "min" else operator.ge
                result = values[0]
                for value in values[1:]:
                    result = if_(better(result, value), result, value)
                return Number(result, known, largest, whole=whole)
            case "median":
                return self._median(values, known, largest, whole=whole)
            case "sum":
                return self._summed(place, values, added(values, known, largest, whole=whole))
            case "mean":
                return self._summed(place, values, mean_of(values, known, largest, whole=whole))
            case _:
                return self._settled(self._std(values, known, largest))

    def _settled(self, number: Number) -> Number:
        """A number that is rounded more than once, as the double that it is: the same wherever it stands."""
        if number.once:
            return number
        return replace(number, value=self.double(number), error=0.0, once=True)

    def _summed(self, place: int, values: list[Term], number: Number) -> Number:
        """Every rounding keeps the order, so what is added up of larger values is not smaller."""
        rounded = not number.once
        number = self._settled(self._finite(number))
        if self.ordered and rounded:
            others = self._sums.setdefault((place, len(values)), [])
            for before, result in others:
                pairs = list(zip(before, values, strict=True))
                self.demand(z3.Implies(z3.And([a <= b for a, b in pairs]), result <= number.value))
                self.demand(z3.Implies(z3.And([a >= b for a, b in pairs]), result >= number.value))
            others.append((values, number.value))
        return number

    def _median(self, values: list[Term], known: Guard, size: float, *, whole: bool) -> Number:
        middle = len(values) // 2
        upper = self._ranked(values, middle)
        if len(values) % 2:
            return Number(upper, known, size, whole=whole)
        lower = self._ranked(values, middle - 1)
        exact = whole and 2 * size < WHOLE  # halves of whole numbers are doubles
        return self._finite(
            Number((lower + upper) / 2, known, size, 0.0 if exact else 2 * size * UNIT + TINY, once=True)
        )

    def _ranked(self, values: list[Term], rank: int) -> Term:
        """The value that stands at a place, from 0, when they are sorted."""
        value = z3.FreshReal("ranked", self.context)
        self.demand(z3.Or([value == each for each in values]))
        self.demand(z3.AtLeast(*[each <= value for each in values], rank + 1))
        self.demand(z3.AtLeast(*[each >= value for each in values], len(values) - rank))
        return value

    def _std(self, values: list[Term], known: Guard, size: float) -> Number:
        count = len(values)
        # A relative error of the variance of some roundings; near zero its root may be off by the root of that.
        error = 2 * size * sqrt(8 * (count + 2) * UNIT) + TINY
        low, high = self._ranked(values, 0), self._ranked(values, count - 1)
        if count == 2:
            return self._finite(Number((high - low) / 2, known, size, error, once=False))
        center = sum_of(values) / count
        spread = sum_of([(value - center) * (value - center) for value in values]) / count
        result = self._curve(lambda made: made * made == spread, size)
        # Between half the range and the range over the root of twice the number of values (Popoviciu; Thomson).
        self.demand(z3.And(result >= 0, 2 * result <= high - low, real(sqrt(2 * count) * 1.001) * result >= high - low))
        return self._finite(Number(result, known, size, error, once=False))

    def _both(self, function: Callable[[Element, Element], Element], left: Symbol, right: Symbol) -> Symbol:
        if isinstance(left, Several) and isinstance(right, Several):
            return cases(
                (both(guard, other), tuple(map(function, ones, others)))
                for guard, ones in left.cases
                for other, others in right.cases
                if len(ones) == len(others)
            )
        if isinstance(left, Several):
            scalar = as_single(right)
            return cases((guard, tuple(function(each, scalar) for each in ones)) for guard, ones in left.cases)
        if isinstance(right, Several):
            scalar = as_single(left)
            return cases((guard, tuple(function(scalar, each) for each in ones)) for guard, ones in right.cases)
        return function(left, right)


def _merging(elements: tuple[Element, ...]) -> int:
    """About how much is made of elements that may be missing, where those that are there are picked out."""
    return 0 if all(isinstance(each, Number) and each.known is True for each in elements) else 4 * len(elements) ** 3


def _only(name: str, number: Number) -> Number:
    """An aggregate of one value: the value, and for ``std`` zero."""
    return Number(Fraction(0), number.known, 0.0, whole=True) if name == "std" else number

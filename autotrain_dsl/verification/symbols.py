"""Values that the solver chooses: numbers, conditions, and sequences of them.

A number is a term over the reals together with how far the double of the interpreter may be from it, so that what is
proved holds for doubles too. A sequence is a list of cases: under which guard it has which elements; its length is
known in every case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf
from typing import TypeAlias

import z3

from autotrain_dsl.verification.guards import Guard, both, either, negated

Term: TypeAlias = "z3.ArithRef | Fraction"  # a number that is written out belongs to no solver yet


@dataclass(frozen=True, slots=True)
class Number:
    """A number: its value in real arithmetic, and whether it is there at all.

    The interpreter's double lies within ``error`` of ``value``; with ``once`` it is the double nearest to it. Its
    magnitude is at most ``size``; ``whole`` says that it is a whole number, ``constant`` what it is if that is known.
    ``parts`` are the cases of a number that is another one in each.
    """

    value: Term
    known: Guard = True
    size: float = inf
    error: float = 0.0
    once: bool = True
    whole: bool = False
    constant: float | None = None
    parts: tuple[tuple[Guard, Number], ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether the double is the value itself."""
        return self.error == 0


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition: unknown where it is neither true nor false."""

    true: Guard
    false: Guard


Element = Number | Truth


@dataclass(frozen=True, slots=True)
class Several:
    """Cases of which exactly one holds; the elements of each, oldest first."""

    cases: tuple[tuple[Guard, tuple[Element, ...]], ...]


Symbol = Number | Truth | Several


def constant(value: float) -> Number:
    """A number that is written out."""
    return Number(real(value), size=abs(value), whole=float(value).is_integer(), constant=float(value))


def real(value: float) -> Fraction:
    """Exactly the double, not its decimal."""
    return Fraction(value)


MISSING = Number(Fraction(0), known=False, size=0.0, whole=True)


def cases(each: Iterable[tuple[Guard, tuple[Element, ...]]]) -> Several:
    """A sequence of cases; those with the same elements are one."""
    merged: dict[tuple[int, ...], tuple[Guard, tuple[Element, ...]]] = {}
    for guard, elements in each:
        if guard is False:
            continue
        key = tuple(id(element) for element in elements)
        before = merged[key][0] if key in merged else False
        merged[key] = (either(before, guard), elements)
    if len(merged) == 1:
        return Several(((True, next(iter(merged.values()))[1]),))
    return Several(tuple(merged.values()))


def present(elements: tuple[Element, ...]) -> list[tuple[Guard, tuple[Element, ...]]]:
    """For every number of values that are there: whether that many are, and which."""
    found: list[tuple[Guard, tuple[Element, ...]]] = [(True, ())]
    for element in elements:
        known = _known(element)
        longer: dict[int, list[tuple[Guard, tuple[Element, ...]]]] = {}
        for guard, kept in found:
            longer.setdefault(len(kept) + 1, []).append((both(guard, known), (*kept, _there(element))))
            longer.setdefault(len(kept), []).append((both(guard, negated(known)), kept))
        found = [_merged(parts) for parts in longer.values() if any(guard is not False for guard, _ in parts)]
    return found


def _merged(parts: list[tuple[Guard, tuple[Element, ...]]]) -> tuple[Guard, tuple[Element, ...]]:
    """Cases of the same length as one."""
    open_ones = [part for part in parts if part[0] is not False]
    if len(open_ones) == 1:
        return open_ones[0]
    guards = [guard for guard, _ in open_ones]
    columns = zip(*(kept for _, kept in open_ones), strict=True)
    merged = tuple(as_single(chosen(list(zip(guards, column, strict=True)))) for column in columns)
    return either(*guards), tuple(_there(element) for element in merged)


def _known(element: Element) -> Guard:
    return element.known if isinstance(element, Number) else either(element.true, element.false)


def _there(element: Element) -> Element:
    """A value that is not missing: the case in which it stands sees to that."""
    if _known(element) is True:
        return element
    return replace(element, known=True) if isinstance(element, Number) else Truth(element.true, negated(element.true))


def chosen(parts: list[tuple[Guard, Element]]) -> Symbol:
    """The value of the case that holds."""
    parts = [part for part in parts if part[0] is not False]
    if not parts:
        return MISSING
    if all(element is parts[0][1] for _, element in parts):
        return parts[0][1]
    if any(isinstance(element, Truth) for _, element in parts):
        return chosen_truth([(guard, as_truth(element)) for guard, element in parts])
    return _in_cases(tuple(_flat((guard, as_number(element)) for guard, element in parts)))


_MOST_PARTS = 64  # of more cases it is not known any more how each was rounded


def _flat(parts: Iterable[tuple[Guard, Number]]) -> Iterator[tuple[Guard, Number]]:
    for guard, number in parts:
        if number.parts:
            yield from ((both(guard, inner), part) for inner, part in number.parts)
        else:
            yield guard, number


def _in_cases(parts: tuple[tuple[Guard, Number], ...]) -> Number:
    result = parts[-1][1].value
    for guard, number in reversed(parts[:-1]):
        result = if_(guard, number.value, result)
    exact = all(number.is_exact for _, number in parts)
    return Number(
        result,
        either(*(both(guard, number.known) for guard, number in parts)),
        max(number.size for _, number in parts),
        max(number.error for _, number in parts),
        once=exact,
        whole=all(number.whole for _, number in parts),
        parts=() if exact or len(parts) > _MOST_PARTS else parts,
    )


def if_(guard: Guard, one: Term, other: Term) -> Term:
    """One of two terms."""
    if isinstance(guard, bool):
        return one if guard else other
    return z3.If(guard, *(z3.RealVal(each, guard.ctx) if isinstance(each, Fraction) else each for each in (one, other)))


def chosen_truth(parts: list[tuple[Guard, Truth]]) -> Truth:
    """The same of conditions."""
    true = either(*(both(guard, truth.true) for guard, truth in parts))
    return Truth(true, either(*(both(guard, truth.false) for guard, truth in parts)))


def each_of(function: Callable[[Number], Number], of: Symbol) -> Symbol:
    """A number, or every number of a sequence, changed."""
    if isinstance(of, Several):
        return cases((guard, tuple(function(as_number(each)) for each in elements)) for guard, elements in of.cases)
    return function(as_number(of))


def signed(of: Number, value: Term, known: float | None) -> Number:
    """A result that has the error of nothing: the sign of a double is changed exactly."""
    return Number(value, of.known, of.size, 0.0, whole=of.whole, constant=known)


def as_truth(of: Symbol) -> Truth:
    """A condition, which it has to be."""
    if isinstance(of, Truth):
        return of
    if isinstance(of, Number) and of.known is False:  # an element that is not there
        return Truth(false=False, true=False)
    raise TypeError("not a condition")


def as_number(of: Symbol) -> Number:
    """A number, which it has to be."""
    if isinstance(of, Number):
        return of
    raise TypeError("not a number")


def as_single(of: Symbol) -> Element:
    """A single value, which it has to be."""
    if isinstance(of, Several):
        raise TypeError("not a single value")
    return of


def as_several(of: Symbol) -> Several:
    """A sequence, which it has to be."""
    if isinstance(of, Several):
        return of
    raise TypeError("not a sequence")

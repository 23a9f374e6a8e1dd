"""Truth as the solver sees it: Python's True and False where it is known already, else a term."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import z3

Guard: TypeAlias = "bool | z3.BoolRef"


def both(*guards: Guard) -> Guard:
    """Whether all are true."""
    return _joined(guards, decisive=False, join=z3.Z3_mk_and)


def either(*guards: Guard) -> Guard:
    """Whether any is true."""
    return _joined(guards, decisive=True, join=z3.Z3_mk_or)


def negated(guard: Guard) -> Guard:
    """Whether it is false."""
    return not guard if isinstance(guard, bool) else z3.Not(guard)


def same(one: Guard, other: Guard) -> Guard:
    """Whether both are true or both are false."""
    if isinstance(one, bool):
        return other if one else negated(other)
    if isinstance(other, bool):
        return one if other else negated(one)
    return one == other


def _joined(guards: Iterable[Guard], *, decisive: bool, join: Callable[..., Any]) -> Guard:
    """``join`` of the guards in the solver's own terms: its Python functions look at every argument several times."""
    open_ones: dict[int, z3.BoolRef] = {}
    for guard in guards:
        if isinstance(guard, bool):
            if guard is decisive:
                return decisive
        else:
            open_ones[guard.get_id()] = guard
    if not open_ones:
        return not decisive
    terms = list(open_ones.values())
    if len(terms) == 1:
        return terms[0]
    context = terms[0].ctx
    arguments = (z3.Ast * len(terms))(*(term.as_ast() for term in terms))
    return z3.BoolRef(join(context.ref(), len(terms), arguments), context)

"""A question to the solver, and its answer in mice: found and replayed, impossible, or not decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import z3

from autotrain_dsl.verification.guards import Guard, both
from autotrain_dsl.verification.solver import Solver
from autotrain_dsl.verification.witnesses import Accept, Mouse, first_of, simplest

ROUNDING = "only the rounding of the last digit could make it so"
GAVE_UP = "the solver gave up"


@dataclass(frozen=True, slots=True)
class Undecided:
    """Why a question has no answer."""

    why: str


Answer = tuple[Mouse, ...] | Undecided | None  # None: there is no such mouse, whatever is rounded


def seek(
    solver: Solver,
    question: Guard,
    mice: Callable[[z3.ModelRef], tuple[Mouse, ...]],
    accept: Accept,
    shortest: Sequence[Guard] | None = (),
) -> Answer:
    """Mice of which the question is true and of which the interpreter says the same.

    Without any assumption a question allows more than can happen, so no answer then means that it is impossible.
    With assumptions the mice are easier to read and likelier to be what the interpreter says they are. ``shortest``
    are alternatives to prefer, the best first. None: nobody reads them.
    """
    if solver.refutes(question):
        return None

    def valid(found: tuple[Mouse, ...]) -> bool:
        return all(solver.allows(mouse.sessions) for mouse in found) and accept(found)

    find = partial(simplest, accept=valid) if shortest is not None else partial(first_of, accept=valid)
    modest = (solver.ideal, solver.clear, solver.curved, solver.plain)
    for preferred in shortest or ():
        if (found := _replayed(solver, both(question, preferred), modest, mice, find)) is not None:
            return found
    for assumed in (modest, modest[:3], (solver.ideal, solver.curved), (solver.curved,), ()):
        if (found := _replayed(solver, question, assumed, mice, find)) is not None:
            return found
    ideal = solver.ask(question, solver.ideal, solver.curved)
    return Undecided(ROUNDING if ideal is False else GAVE_UP)


def _replayed(
    solver: Solver,
    question: Guard,
    assumed: Sequence[z3.BoolRef],
    mice: Callable[[z3.ModelRef], tuple[Mouse, ...]],
    find: Callable[[tuple[Mouse, ...]], tuple[Mouse, ...] | None],
) -> tuple[Mouse, ...] | None:
    model = solver.ask(question, *assumed)
    return find(mice(model)) if isinstance(model, z3.ModelRef) else None

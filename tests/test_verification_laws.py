"""What the solver is told of an expression is what the interpreter computes, to the last bit."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from test_language_laws import ALL, CLOSED, NICE, TOTALS, Past, checked, condition, laws, pasts, program_value

from autotrain_dsl.expressions.nodes import Arithmetic, Call, Node, walk
from autotrain_dsl.verification.encoding import HERE, TOTAL, Budget, Encoder
from autotrain_dsl.verification.guards import Guard, both, negated
from autotrain_dsl.verification.solver import Solver
from autotrain_dsl.verification.symbols import Number, Symbol, Truth, cases, constant


def told(past: Past, total: int, stay: int) -> tuple[Solver, Encoder]:
    """An encoder about values that the solver knows as little of as it can: they are what they are by a statement."""
    solver = Solver(Budget())
    names: dict[str, Symbol] = {TOTAL: constant(total), HERE: constant(stay)}
    for name, values in past.items():
        numbers = []
        for value in values:
            known = solver.condition("known")
            solver.demand(known if value is not None else negated(known))
            variable = solver.real("value")
            solver.demand(variable == Fraction(value or 0.0))
            numbers.append(Number(variable, known, 1e9))
        names[name] = cases([(True, tuple(numbers))])
    return solver, Encoder(solver.operations, solver.budget, names, lambda kept, length: kept == min(stay, length))


def outcome(truth: Truth, expected: bool | None) -> Guard:
    """That a condition comes out so."""
    if expected is None:
        return both(negated(truth.true), negated(truth.false))
    return truth.true if expected else truth.false


NICE_OR_MISSING = st.one_of(NICE, NICE, NICE, st.none())


@laws(150)
@given(condition(ALL, 2), pasts(NICE_OR_MISSING, 1), TOTALS, st.integers(1, 6))
def test_what_the_interpreter_says_is_possible(text: str, past: Past, total: int, stay: int) -> None:
    assert disagreement(text, past, total, stay) == ""


@laws(100)
@given(condition(CLOSED, 3), pasts(NICE, 4), TOTALS, st.integers(1, 6))
def test_what_the_interpreter_says_is_possible_without_missing_data(
    text: str, past: Past, total: int, stay: int
) -> None:
    assert disagreement(text, past, total, stay) == ""


def disagreement(text: str, past: Past, total: int, stay: int) -> str:
    """What the solver says otherwise than the interpreter, if anything."""
    node = checked(text)
    expected = program_value(node, past, total, stay)
    solver, encoder = told(past, total, stay)
    said = outcome(encoder.condition(node), expected)
    if solver.ask(said) is False:
        return "the interpreter does what is said to be impossible"
    if not (solver.operations.is_curved or is_rounded(node)) and not solver.refutes(negated(said)):
        return "what the interpreter does not do is said to be possible"
    return ""


def is_rounded(node: Node) -> bool:
    """Whether an expression rounds more than once, so that the solver knows its value to the last digits only."""
    return any(isinstance(part, (Arithmetic, Call)) for part in walk(node))

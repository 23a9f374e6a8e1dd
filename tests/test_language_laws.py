"""Laws of the language, tried on generated expressions and histories (the same ones in every run)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache, reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from language_kit import (
    bits,
    check,
    check_condition,
    compile_text,
    evaluate,
    ids,
    node_of,
    quoted,
    scope_of,
    situation_values,
)
from language_reference import Reference

from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.nodes import Node
from autotrain_dsl.expressions.ranges import range_of, truth_of
from autotrain_dsl.expressions.scope import WHOLE_HISTORY, Known, Scope, situation
from autotrain_dsl.interpreter import FIRED, PROGRESS, ROLLBACK, STAY, History, Situation, step
from autotrain_dsl.model import Move, Trigger


def laws(examples: int) -> settings:
    """The same examples in every run, however slow the machine."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
    )


# Expressions of a wanted type, and histories

CONSTANTS = {"window": 3.0, "half": 0.5}
DERIVED = {
    "recent": "mean(x[-window:])",
    "good": "x[-1] > 1 and y[-1] <= half",
    "shift": "y[-window:] - 1",
    "marks": "at_stage(x) >= 2",
}
SCOPE = scope_of(CONSTANTS, DERIVED)
METRICS = ("x", "y", "z")
CUTS = (
    "{}",
    "{}[-1:]",
    "{}[-2:]",
    "{}[-window:]",
    "{}[:2]",
    "{}[-4:-1]",
    "{}[1:]",
    "{}[1:-1]",
    "{}[-5:][:window]",
    "at_stage({})",
    "at_stage({})[-2:]",
    "at_stage({})[:-1]",
)
LITERALS = ("0", "1", "2", "3", "0.1", "0.7", "half", "window", "-1", "-0", "2.5", "200", "1e300", "1e-300")
OPERATORS = ("+", "-", "*", "/")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
AGGREGATES = ("mean", "median", "min", "max", "sum", "std")
Text = st.SearchStrategy[str]


def _pick(*strategies: Text) -> Text:
    # Not ``one_of``, which would take those inside each of them with the same weight.
    return st.sampled_from(strategies).flatmap(lambda strategy: strategy)


def _format(pattern: str, *parts: Text) -> Text:
    return st.tuples(*parts).map(lambda values: pattern.format(*values))


# ``gains``: whether to use what may gain from missing data too, which is ``present`` and ``count`` of numbers.
CUT = st.sampled_from(CUTS)
METRIC = st.sampled_from(METRICS)
INDEX = st.sampled_from(("-1", "-1", "-2", "-window", "-5", "1", "window"))


def simple() -> Text:
    """A number without anything inside."""
    item = _format("{}[{}]", METRIC, INDEX)
    return _pick(item, st.sampled_from((*LITERALS, "session_total", "session_at_current_stage", "recent")))


@cache
def numbers(gains: bool, cut: str, depth: int) -> Text:
    """A sequence of numbers that was cut in this way."""
    metric = METRIC.map(cut.format)
    if depth == 0:
        return metric
    inner, operator = numbers(gains, cut, depth - 1), st.sampled_from(OPERATORS)
    return _pick(
        metric,
        _format("({} {} {})", inner, operator, inner),
        _format("({} {} {})", inner, operator, number(gains, depth - 1)),
        _format("({} {} {})", number(gains, depth - 1), operator, inner),
        _format("abs({})", inner),
        _format("(-{})", inner),
        _format("round({}, 1)", inner),
        numbers(gains, "{}", depth - 1).map(lambda text: cut.format(f"({text})")),
    )


@cache
def conditions(gains: bool, cut: str, depth: int) -> Text:
    """A sequence of conditions that was cut in this way."""
    right = _pick(numbers(gains, cut, max(depth - 1, 0)), simple())
    plain = _format("({} {} {})", numbers(gains, cut, depth), st.sampled_from(COMPARISONS), right)
    if depth == 0:
        return plain
    return _pick(
        plain,
        conditions(gains, "{}", depth - 1).map(cut.format),
        _format("({} == {})", plain, st.sampled_from(("true", "false"))),
    )


@cache
def sequence(gains: bool, depth: int) -> Text:
    """A sequence of numbers, cut in any way."""
    return _pick(*(numbers(gains, cut, depth) for cut in CUTS))


@cache
def marks(gains: bool, depth: int) -> Text:
    """A sequence of conditions, cut in any way."""
    return _pick(*(conditions(gains, cut, depth) for cut in CUTS))


@cache
def number(gains: bool, depth: int) -> Text:
    """A number."""
    if depth == 0:
        return simple()
    inner, many, some = number(gains, depth - 1), sequence(gains, depth - 1), marks(gains, depth - 1)
    aggregate = st.sampled_from(AGGREGATES)
    choices = [
        simple(),
        _format("({} {} {})", inner, st.sampled_from(OPERATORS), inner),
        _format("abs({})", inner),
        _format("(-{})", inner),
        _format("round({}, {})", inner, st.sampled_from(("0", "1", "2", "window"))),
        _format("{}({})", aggregate, many),
        _format("{}({})", aggregate, many),
        _format("{}[{}]", many, INDEX),
        _format("count({})", some),
        st.sampled_from(("mean(shift)", "shift[-1]", "count(marks)")),
    ]
    if gains:
        choices += [
            _format("{}(present({}))", aggregate, many),
            _format("{}(present({})[-2:])", aggregate, many),
            _format("present({})[-1]", many),
            _format("count({})", many),
            _format("count(present({}))", _pick(many, some)),
        ]
    return _pick(*choices)


@cache
def condition(gains: bool, depth: int) -> Text:
    """A condition."""
    right = number(gains, max(depth - 1, 0))
    comparison = _format("({} {} {})", number(gains, depth), st.sampled_from(COMPARISONS), right)
    if depth == 0:
        return _pick(comparison, comparison, st.sampled_from(("good", "true", "false", "marks[-1]")))
    inner, some = condition(gains, depth - 1), marks(gains, depth - 1)
    choices = [
        comparison,
        _format("({} and {})", inner, inner),
        _format("({} or {})", inner, inner),
        _format("({} and {} or {})", inner, inner, inner),
        _format("(not {})", inner),
        _format("{}({})", st.sampled_from(("all", "any")), some),
        _format("({} < {} <= {})", simple(), number(gains, depth - 1), simple()),
        _format("({} == {})", inner, inner),
        _format("{}[{}]", some, INDEX),
    ]
    if gains:
        choices.append(_format("{}(present({}))", st.sampled_from(("all", "any")), some))
    return _pick(*choices)


@cache
def anything(gains: bool) -> Text:
    """An expression of any type."""
    return _pick(
        condition(gains, 2),
        condition(gains, 3),
        number(gains, 2),
        number(gains, 3),
        sequence(gains, 2),
        marks(gains, 1),
    )


ALL, CLOSED = True, False

NICE = st.sampled_from((0.0, 1.0, 2.0, 3.0, 0.1, 0.2, 0.3, 0.7, 200.0, -1.0, -0.0, 0.5))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[float | None] = st.one_of(NICE, NICE, FLOATS, st.none())
PRESENT: st.SearchStrategy[float | None] = st.one_of(NICE, NICE, FLOATS)
Past = Mapping[str, tuple[float | None, ...]]


def pasts(values: st.SearchStrategy[float | None], shortest: int = 0) -> st.SearchStrategy[Past]:
    def of(length: int) -> st.SearchStrategy[Past]:
        one = st.lists(values, min_size=length, max_size=length).map(tuple)
        return st.fixed_dictionaries(dict.fromkeys(METRICS, one))

    return st.integers(shortest, 9).flatmap(of)


STAYS = st.integers(0, 6)
TOTALS = st.integers(1, 12)


def checked(text: str) -> Node:
    """The checked form; only the bounds may stand in the way."""
    found = check(text, SCOPE)
    assert found.node is not None or ids(found.diagnostics) == ["ATD309"], (text, found.diagnostics)
    assume(found.node is not None)
    assert found.node is not None
    return found.node


def program_value(node: Node, past: Past, total: int, stay: int) -> Any:
    return evaluate(node, {**past, **situation_values(total, stay)}, stay)


def reference(past: Past, total: int, stay: int) -> Reference:
    return Reference({name: list(values) for name, values in past.items()}, total, stay, CONSTANTS, DERIVED)


# Values


@laws(500)
@given(anything(ALL), pasts(VALUES), TOTALS, STAYS)
def test_the_program_computes_what_the_description_says(text: str, past: Past, total: int, stay: int) -> None:
    node = checked(text)
    assert bits(program_value(node, past, total, stay)) == bits(reference(past, total, stay).value(text))


@laws(300)
@given(anything(ALL), pasts(PRESENT, 5), TOTALS, STAYS)
def test_the_program_computes_what_the_description_says_without_missing_data(
    text: str, past: Past, total: int, stay: int
) -> None:
    node = checked(text)
    assert bits(program_value(node, past, total, stay)) == bits(reference(past, total, stay).value(text))


@laws(300)
@given(anything(ALL), pasts(VALUES), TOTALS, STAYS)
def test_canonical_text_read_again_is_the_same_and_worth_the_same(text: str, past: Past, total: int, stay: int) -> None:
    node = checked(text)
    printed = printer.text(node)
    found = check(printed)
    assume(ids(found.diagnostics) != ["ATD309"])  # names and chains are written out, so it may be longer
    assert found.node is not None
    assert printer.text(found.node) == printed
    assert found.node.type == node.type
    assert program_value(found.node, past, total, stay) == program_value(node, past, total, stay)


@laws(200)
@given(st.lists(st.one_of(NICE, FLOATS), min_size=1, max_size=7))
@pytest.mark.parametrize(("name", "function"), [("sum", np.sum), ("mean", np.mean)])
def test_sum_and_mean_are_those_of_numpy_to_the_last_bit(
    name: str, function: Callable[[Any], Any], values: list[float]
) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        expected = float(function(np.array(values)))
    result = evaluate(node_of(f"{name}(x)"), {"x": tuple(values)})
    assert bits(result) == bits(expected if math.isfinite(expected) else None)


@laws(100)
@given(st.lists(st.one_of(NICE, st.floats(-1e6, 1e6)), min_size=8, max_size=60))
def test_longer_sums_still_run_from_the_oldest_to_the_newest_value(values: list[float]) -> None:
    expected = reduce(lambda total, value: total + value, values, 0.0)
    assert bits(evaluate(node_of("sum(x)"), {"x": tuple(values)})) == bits(expected)
    assert bits(evaluate(node_of("mean(x)"), {"x": tuple(values)})) == bits(expected / len(values))


@laws(100)
@given(st.lists(FLOATS, min_size=1, max_size=12))
def test_order_statistics_lie_between_the_values(values: list[float]) -> None:
    x = {"x": tuple(values)}
    for text in ("min(x)", "max(x)", "median(x)"):
        result = evaluate(node_of(text), x)
        assert result is None or (isinstance(result, float) and min(values) <= result <= max(values))
    assert evaluate(node_of("min(x)"), x) == min(values)
    assert evaluate(node_of("max(x)"), x) == max(values)


# Missing data


def _not_more_than(less: Any, more: Any) -> bool:
    """Whether what is known is the same, but for what became unknown."""
    if isinstance(less, tuple):
        return len(less) == len(more) and all(_not_more_than(a, b) for a, b in zip(less, more, strict=True))
    return less is None or bits(less) == bits(more)


@st.composite
def with_gaps(draw: st.DrawFn) -> tuple[Past, Past]:
    """A history, and the same with some more of its values missing."""
    past = draw(pasts(st.one_of(PRESENT, PRESENT, VALUES)))
    gaps = {name: tuple(None if draw(st.booleans()) else value for value in values) for name, values in past.items()}
    return past, gaps


@laws(400)
@given(anything(CLOSED), with_gaps(), TOTALS, STAYS)
def test_missing_data_can_make_a_result_unknown_and_never_another_one(
    text: str, histories: tuple[Past, Past], total: int, stay: int
) -> None:
    node = checked(text)
    past, gaps = histories
    assert _not_more_than(program_value(node, gaps, total, stay), program_value(node, past, total, stay))


@pytest.mark.parametrize("text", ["mean(present(x)) > 1", "count(present(x)) < 2", "all(present(x >= 2))"])
def test_with_present_an_author_lets_missing_data_decide(text: str) -> None:
    assert evaluate(node_of(text), {"x": (0.0, 2.0)}) is False
    assert evaluate(node_of(text), {"x": (None, 2.0)}) is True


@laws(100)
@given(condition(ALL, 2), pasts(VALUES), TOTALS, STAYS)
def test_a_condition_and_its_opposite(text: str, past: Past, total: int, stay: int) -> None:
    values = [
        program_value(checked(each), past, total, stay)
        for each in (text, f"not {text}", f"not not {text}", f"{text} and {text}", f"{text} or not {text}")
    ]
    one, opposite, twice, same, either = values
    assert opposite is (None if one is None else not one)
    assert twice is one
    assert same is one
    assert either is (None if one is None else True)


@laws(100)
@given(condition(ALL, 1), condition(ALL, 1), pasts(VALUES), TOTALS, STAYS)
def test_de_morgan(one: str, other: str, past: Past, total: int, stay: int) -> None:
    def value(text: str) -> Any:
        return program_value(checked(text), past, total, stay)

    assert value(f"not ({one} and {other})") is value(f"not {one} or not {other}")
    assert value(f"not ({one} or {other})") is value(f"not {one} and not {other}")
    assert value(f"{one} and {other}") is value(f"{other} and {one}")


@laws(100)
@given(pasts(VALUES), STAYS, st.integers(1, 9), st.integers(1, 9))
def test_windows_are_those_of_the_history(past: Past, stay: int, start: int, stop: int) -> None:
    values = {**past, **situation_values(1, stay)}
    x = past["x"]
    assert evaluate(node_of(f"x[-{start}:]"), values, stay) == x[-start:]
    assert evaluate(node_of(f"x[:{stop}]"), values, stay) == x[:stop]
    assert evaluate(node_of("at_stage(x)"), values, stay) == x[max(len(x) - stay, 0) :]
    assert evaluate(node_of(f"x[-{start}]"), values, stay) == (x[-start] if start <= len(x) else None)
    assert evaluate(node_of("count(x)"), values, stay) == len(x)
    assert evaluate(node_of("count(present(x))"), values, stay) == sum(value is not None for value in x)


# Ranges

BOUNDS = st.sampled_from((-2.0, -1.0, 0.0, 0.1, 0.3, 0.5, 0.7, 1.0, 2.0, 3.0, 10.0))
KNOWN = st.tuples(BOUNDS, BOUNDS, st.booleans()).filter(lambda k: k[0] < k[1] and (not k[2] or k[0] + 1 <= k[1]))


@st.composite
def ranged(draw: st.DrawFn) -> tuple[Scope, dict[str, tuple[float, ...]]]:
    """Metrics with declared ranges, and histories inside them."""
    variables = dict(situation())
    values: dict[str, tuple[float, ...]] = {}
    for name in METRICS:
        low, high, integer = draw(KNOWN)
        variables[name] = Known(WHOLE_HISTORY, low, high, integer)
        inside: st.SearchStrategy[float] = (
            st.integers(math.ceil(low), math.floor(high)).map(float)
            if integer
            else st.one_of(st.sampled_from((low, high)), st.floats(low, high))
        )
        values[name] = tuple(draw(st.lists(inside, min_size=6, max_size=6)))
    scope = scope_of(CONSTANTS)
    return Scope(variables, scope.constants), values


def spelt_out(text: str) -> str:
    """The expression without derived names, since those know no ranges."""
    return re.sub(r"\b(recent|good|shift|marks)\b", lambda name: f"({DERIVED[name[0]]})", text)


@laws(200)
@given(condition(ALL, 1), ranged(), TOTALS, st.integers(1, 6))
def test_what_is_called_always_true_or_false_is(
    text: str, world: tuple[Scope, dict[str, tuple[float, ...]]], total: int, stay: int
) -> None:
    scope, values = world
    found = check_condition(spelt_out(text), scope)
    assume(found.node is not None)
    assert found.node is not None
    always = truth_of(found.node)
    result = evaluate(found.node, {**values, **situation_values(total, stay)}, stay)
    assert always is None or result in (always, None)
    if always is not None:
        assert {d.code.id for d in found.diagnostics} & {"ATD310", "ATD311"}


@laws(200)
@given(number(ALL, 2), ranged(), TOTALS, st.integers(1, 6))
def test_values_lie_inside_their_ranges(
    text: str, world: tuple[Scope, dict[str, tuple[float, ...]]], total: int, stay: int
) -> None:
    scope, values = world
    node = check(spelt_out(text), scope).node
    assume(node is not None)
    assert node is not None
    reach = range_of(node)
    result = evaluate(node, {**values, **situation_values(total, stay)}, stay)
    assert result is None or (isinstance(result, float) and reach.low <= result <= reach.high)
    if reach.integer and isinstance(result, float):
        assert result.is_integer()


def test_a_mean_may_be_rounded_beyond_its_values() -> None:
    scope = Scope({"share": Known(WHOLE_HISTORY, 0.0, 0.1)})
    found = check_condition("mean(share[-3:]) > 0.1", scope)
    assert found.node is not None
    assert evaluate(found.node, {"share": (0.1, 0.1, 0.1)}) is True
    assert truth_of(found.node) is None
    assert found.diagnostics == []


# Decisions


@st.composite
def curriculums(draw: st.DrawFn, gains: bool) -> tuple[str, list[tuple[str, str]]]:
    """Rules of one stage: their text, and the move and condition of each."""
    rules = draw(
        st.lists(
            st.tuples(
                st.sampled_from(("progress: B", "progress: C", "rollback: Z", "stay: true")), condition(gains, 1)
            ),
            min_size=1,
            max_size=4,
        )
    )
    lines = "".join(f"      - {move}\n        when: {quoted(when)}\n" for move, when in rules)
    end = draw(
        st.sampled_from(
            ("", "      - progress: B\n        manual: true\n", "      - rollback: Z\n        otherwise: true\n")
        )
    )
    names = "constants: {window: 3, half: 0.5}\nderived:\n" + "".join(
        f"  {n}: {quoted(t)}\n" for n, t in DERIVED.items()
    )
    text = f"{names}initial: A\nstages:\n  Z: {{}}\n  A:\n    transitions:\n{lines}{end}  B: {{}}\n  C: {{}}\n"
    expected = [*rules, ("rollback: Z", "true")] if "otherwise" in end else rules
    return text, expected


WORDS = {"progress": PROGRESS, "rollback": ROLLBACK, "stay": STAY}


def _expected(rules: list[tuple[str, str]], known: Reference) -> tuple[str, str, int | None]:
    for number, (move, when) in enumerate(rules, 1):
        if known.value(when) is True:
            kind, target = move.split(": ")
            return WORDS[kind], "A" if kind == "stay" else target, number
    return STAY, "A", None


@laws(100)
@given(curriculums(ALL), pasts(VALUES), TOTALS, STAYS)
def test_the_first_rule_that_is_true_decides(
    tmp_path_factory: pytest.TempPathFactory,
    curriculum: tuple[str, list[tuple[str, str]]],
    past: Past,
    total: int,
    stay: int,
) -> None:
    text, rules = curriculum
    graph = compile_text(text, tmp_path_factory.getbasetemp()).graph
    assume(graph is not None)  # a threshold may be out of range by chance
    assert graph is not None
    length = len(past["x"])
    sessions = tuple(range(3, 3 + length))
    nothing: tuple[None, ...] = (None,) * length
    metrics = {**past, "finished_trials": nothing, "foraging_efficiency": nothing}
    history, where = History(sessions, metrics), Situation("A", total, stay)
    decision = step(graph, where, history)
    assert (decision.decision, decision.next_stage, decision.fired) == _expected(rules, reference(past, total, stay))
    assert decision == step(graph, where, history)
    assert metrics == {**past, "finished_trials": nothing, "foraging_efficiency": nothing}
    reachable = {
        rule.target for rule in graph.rules("A") if rule.trigger is not Trigger.MANUAL and rule.move is not Move.STAY
    }
    assert decision.next_stage in {"A", *reachable}
    assert [rule.verdict for rule in decision.trace].count(FIRED) == (decision.fired is not None)
    for missing in decision.missing:
        if missing.session is not None:
            assert history.metrics[missing.metric][sessions.index(missing.session)] is None


@laws(100)
@given(curriculums(CLOSED), with_gaps(), TOTALS, STAYS)
def test_missing_data_moves_no_mouse_by_itself(
    tmp_path_factory: pytest.TempPathFactory,
    curriculum: tuple[str, list[tuple[str, str]]],
    histories: tuple[Past, Past],
    total: int,
    stay: int,
) -> None:
    """A rule that fires although data is missing is true with all data too; a lone rule can only not fire."""
    text, rules = curriculum
    graph = compile_text(text, tmp_path_factory.getbasetemp()).graph
    assume(graph is not None)
    assert graph is not None
    past, gaps = histories
    nothing: tuple[None, ...] = (None,) * len(past["x"])
    unused = {"finished_trials": nothing, "foraging_efficiency": nothing}
    sessions = tuple(range(1, 1 + len(past["x"])))
    full, less = (
        step(graph, Situation("A", total, stay), History(sessions, {**each, **unused})) for each in (past, gaps)
    )
    known = reference(past, total, stay)
    true = {number for number, (_, when) in enumerate(rules, 1) if known.value(when) is True}
    assert less.fired is None or less.fired in true
    if less.fired is not None and full.fired is not None:
        assert less.fired >= full.fired
    if len(true) <= 1:
        assert (less.decision, less.next_stage) in {(full.decision, full.next_stage), (STAY, "A")}

"""Tests at, just below and just above every threshold of a curriculum, which say what it does today.

For every comparison a situation is sought in which it alone decides: each metric has one value in all sessions, and
what the comparison does not read is taken from the other thresholds of the stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, product
from math import floor, inf, isfinite, log10
from typing import Any

from autotrain_dsl import layout
from autotrain_dsl.expressions.evaluator import Evaluator, compile_node
from autotrain_dsl.expressions.functions import Value, plain
from autotrain_dsl.expressions.nodes import Comparison, Node, Variable, names, walk
from autotrain_dsl.expressions.reads import reads_of
from autotrain_dsl.expressions.scope import SITUATION
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import Decision, History, Situation, step
from autotrain_dsl.model import Stage, Trigger

MAX_TESTS = 500
_TRIED = 300  # combinations of other values for one comparison
_BUDGET = 20_000  # sessions judged for one curriculum
_LONGEST = 60  # sessions of a test
_ALL = 10  # sessions where a rule reads all that there are
_MOST = 1_000_000  # sessions of a subject, as a test file may say
_TOTAL, _HERE = SITUATION

Point = Mapping[str, float]  # the value of every metric and count that the rules of a stage read


@dataclass(frozen=True, slots=True)
class Tests:
    """Tests as plain data, and the comparisons for which no value was found that lies at the threshold."""

    tests: tuple[dict[str, Any], ...]
    unreached: tuple[str, ...]


def text(made: Tests, graph: StateGraph, curriculum: str) -> str:
    """A test file for the curriculum in the file of that name, in the same folder."""
    comments = [f"What {graph.curriculum.name} {graph.curriculum.version} does at its thresholds."]
    if made.unreached:
        more = [f"  and {len(made.unreached) - 20} more"] if len(made.unreached) > 20 else []
        comments += ["No test stands at the thresholds of:", *(f"  {each}" for each in made.unreached[:20]), *more]
    if len(made.tests) > MAX_TESTS:
        comments += [f"These are the first {MAX_TESTS} of {len(made.tests)} tests; a file holds no more."]
    data = {"dsl_version": 1, "curriculum": curriculum, "tests": list(made.tests[:MAX_TESTS])}
    return layout.text(data, comments={(): comments})


def tests(graph: StateGraph) -> Tests:
    """Up to three tests for every comparison of every rule, in the order of the curriculum."""
    found: dict[str, dict[str, Any]] = {}
    unreached = []
    spent = 0
    for stage in graph.stages:
        at = _AtStage(graph, stage)
        for number, node, written in at.comparisons:
            where = f"{stage.name} rule {number}, {written}"
            points = at.around(number, node) if spent < _BUDGET else []
            spent, at.spent = spent + at.spent, 0
            unreached += [] if points else [where]
            for word, point in points:
                name = f"{where[:270]}: {word}"
                found.setdefault(name, at.test(name, point))
        for number in at.unconditional:
            if (free := at.firing(number)) is not None:
                name = f"{stage.name} rule {number}, otherwise"
                found.setdefault(name, at.test(name, free))
    return Tests(tuple(found.values()), tuple(unreached))


@dataclass
class _AtStage:
    """The rules of one stage."""

    graph: StateGraph
    stage: Stage
    comparisons: list[tuple[int, Comparison, str]] = field(init=False)
    variables: dict[str, Variable] = field(init=False)
    spent: int = 0

    def __post_init__(self) -> None:
        programs = [(n, rule.program) for n, rule in enumerate(self.graph.rules(self.stage.name), 1) if rule.program]
        self.comparisons = [
            (number, node, written)
            for number, program in programs
            for node, written in zip(program.comparisons, program.texts, strict=True)
        ]
        nodes = [part for _, program in programs for part in walk(program.node)]
        self.variables = {part.name: part for part in nodes if isinstance(part, Variable)}
        reads = [read for _, program in programs for read in reads_of(program.node)]
        self.length = int(
            max((min(read.reach, _LONGEST if isfinite(read.reach) else _ALL) for read in reads), default=1)
        )

    def around(self, rule: int, node: Comparison) -> list[tuple[str, Point]]:
        """Points below, at and above the threshold of a comparison, if possible such that the rule depends on it."""
        read = names(node)
        if len(read) != 1:
            return []
        (name,) = read
        first: list[tuple[str, Point]] = []
        others = {other: self._values(other) for other in sorted(self.variables) if other != name}
        for values in islice(product(*others.values()), _TRIED):
            others_at = dict(zip(others, values, strict=True))
            points = self._three(node, self.variables[name], others_at)
            first = first or points
            fired = [self._decide(point).fired == rule for _, point in points]
            if any(fired) and not all(fired):
                return points
        return first

    @property
    def unconditional(self) -> list[int]:
        """The rules that always fire when they are reached."""
        rules = enumerate(self.graph.rules(self.stage.name), 1)
        return [number for number, rule in rules if rule.trigger is Trigger.OTHERWISE]

    def firing(self, rule: int) -> Point | None:
        """A point at which a rule decides."""
        values = {name: self._values(name) for name in sorted(self.variables)}
        for each in islice(product(*values.values()), _TRIED):
            point = dict(zip(values, each, strict=True))
            if self._decide(point).fired == rule:
                return point
        return None

    def _values(self, name: str) -> list[float]:
        """Values of a metric or count around all its thresholds in this stage."""
        variable = self.variables[name]
        at = [self._threshold(node, variable, {}) for _, node, _ in self.comparisons if names(node) == {name}]
        found = [value for each in at if each is not None for value in _beside(each, variable).values()]
        return list(dict.fromkeys(found)) or [_within(variable, 1.0)]

    def _three(self, node: Comparison, variable: Variable, others: Point) -> list[tuple[str, Point]]:
        at = self._threshold(node, variable, others)
        if at is None:
            return []
        return [(word, {**others, variable.name: value}) for word, value in _beside(at, variable).items()]

    def _threshold(self, node: Comparison, variable: Variable, others: Point) -> float | None:
        """The value of the variable at which both sides are equal, if a straight line leads to it."""

        def gap(value: float) -> float | None:
            sides = [self._value(side, {**others, variable.name: value}) for side in (node.left, node.right)]
            left, right = (side[-1] if isinstance(side, tuple) and side else side for side in sides)
            return left - right if isinstance(left, float) and isinstance(right, float) else None

        low, high = gap(0.0), gap(1.0)
        if low is None or high is None or low == high:
            return None
        found = float(f"{low / (low - high):.10g}")
        whole = round(found) if variable.integer else found
        rest = gap(float(whole))  # a mean of equal values may be another number in its last digit
        return _within(variable, float(whole)) if rest is not None and abs(rest) <= 1e-9 * max(1, abs(found)) else None

    def _value(self, node: Node, point: Point) -> Value:
        self.spent += 1
        values: dict[str, Value] = {}
        for name, variable in self.variables.items():
            value = point.get(name, 0.0)
            values[name] = (value,) * self.length if variable.type.is_sequence else value
        return Evaluator(values, self.length).value(_program(node))

    def _decide(self, point: Point) -> Decision:
        self.spent += 1
        situation, sessions = self._input(point)
        return step(self.graph, situation, History.of(sessions))

    def _input(self, point: Point) -> tuple[Situation, dict[str, list[float | None]]]:
        here = point.get(_HERE, min(self.length, point.get(_TOTAL, inf)))
        total = max(point.get(_TOTAL, 0), here)
        length = int(min(self.length, total) if _TOTAL in self.variables else self.length)
        total = max(total, length)
        read = {name for name, each in self.variables.items() if each.type.is_sequence}
        values: dict[str, float | None] = {
            name: point[name] if name in read else None for name in self.graph.task.metrics
        }
        sessions = {name: [value] * length for name, value in values.items()}
        return Situation(self.stage.name, int(total), int(here)), sessions

    def test(self, name: str, point: Point) -> dict[str, Any]:
        """A test as plain data: the situation at a point, and what is decided there today."""
        situation, sessions = self._input(point)
        decision = self._decide(point)
        given = {
            "stage": situation.stage,
            _TOTAL: situation.session_total,
            _HERE: situation.session_at_current_stage,
        }
        told = {metric: [plain(value) for value in values] for metric, values in sessions.items() if metric in point}
        first = next(iter(self.graph.task.metrics))  # a test has sessions, whether a rule reads them or not
        expect = {
            "decision": decision.decision.lower(),
            "next_stage": decision.next_stage,
            "rule": decision.fired or 0,
        }
        return {"name": name, "given": given, "sessions": told or {first: sessions[first]}, "expect": expect}


@cache
def _program(node: Node) -> Any:
    return compile_node(node)


def _beside(at: float, variable: Variable) -> dict[str, float]:
    """A value with its neighbours, those that the variable can have."""
    near = 1.0 if variable.integer or not variable.type.is_sequence else 10.0 ** (floor(log10(abs(at) or 1.0)) - 2)
    values = {"just below": at - near, "at it": at, "just above": at + near}
    rounded = {word: float(f"{value:.10g}") for word, value in values.items()}
    return {word: value for word, value in rounded.items() if _within(variable, value) == value}


def _within(variable: Variable, value: float) -> float:
    low = max(variable.minimum, -inf if variable.type.is_sequence else 1.0)
    return min(max(value, low), variable.maximum if variable.type.is_sequence else _MOST)

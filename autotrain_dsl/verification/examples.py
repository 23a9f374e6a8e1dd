"""Stages about which a few plain mice show that ``validate`` has nothing to say: no solver is needed for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, product
from math import floor, inf, isfinite
from typing import TYPE_CHECKING, TypeVar

from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.evaluator import Evaluator
from autotrain_dsl.expressions.nodes import MIRRORED, Comparison, Literal, Logic, Node, size
from autotrain_dsl.expressions.ranges import Range, range_of, thresholds
from autotrain_dsl.expressions.reads import reads_of
from autotrain_dsl.expressions.scope import SITUATION
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Move, Stage, Transition, Trigger

if TYPE_CHECKING:
    from autotrain_dsl.verification.checking import Cheap

_MICE = 64  # for one stage: where they do not suffice, more of them seldom do
_POOL = 1_000  # in all: then the solver, whose work is bounded, takes over
_LONGEST = 20  # sessions of a mouse
_LARGEST = 200  # nodes of all conditions of a stage
_ALTERNATIVES = 16  # of a condition


_Any = TypeVar("_Any")


@dataclass
class Spared:
    """What ``checking.Cheap`` says, and whether that is all; the solver is loaded for the first stage that needs it."""

    mice: int = _POOL
    _cheap: Cheap | None = field(default=None)

    @property
    def complete(self) -> bool:
        """Whether everything was decided."""
        return self._cheap is None or self._cheap.complete

    def __call__(self, graph: StateGraph, known: Sequence[Diagnostic]) -> list[Diagnostic]:
        """The findings on one curriculum; ``known`` are those of the compiler."""
        left = [stage for stage in graph.stages if not stage.final and not self.is_fine(graph, stage)]
        if not left:
            return []
        if self._cheap is None:
            from autotrain_dsl.verification import checking  # noqa: PLC0415 - takes a solver

            self._cheap = checking.Cheap()
        return self._cheap(graph, known, left)

    def is_fine(self, graph: StateGraph, stage: Stage) -> bool:
        """Whether every rule can decide, no condition is always true, and no two rules contradict each other.

        What is shown by mice of whose sessions no value is missing holds for all that the solver would look at.
        """
        rules = [(n, rule) for n, rule in enumerate(graph.rules(stage.name), 1) if rule.trigger is not Trigger.MANUAL]
        conditions = [rule.program.node for _, rule in rules if rule.program is not None]
        reach = max([1.0, *(read.reach for node in conditions for read in reads_of(node))])
        if reach > _LONGEST or sum(map(size, conditions)) > _LARGEST or _may_contradict([rule for _, rule in rules]):
            return False
        to_decide = {n for n, _ in rules}
        to_be_untrue = {n for n, rule in rules if rule.program is not None}
        for evaluator in islice(_mice(graph, stage, int(reach)), min(_MICE, self.mice)):
            if not (to_decide or to_be_untrue):
                break
            self.mice -= 1
            true = [n for n, rule in rules if rule.program is None or evaluator.value(rule.program) is True]
            to_decide.difference_update(true[:1])
            to_be_untrue.intersection_update(true)
        return not (to_decide or to_be_untrue)


def _mice(graph: StateGraph, stage: Stage, reach: int) -> Iterator[Evaluator]:
    """Mice whose sessions are all alike, with values about the thresholds of a stage, those of extreme values first."""
    found: dict[str, set[float]] = {}
    for rule in graph.rules(stage.name):
        for comparison in rule.program.comparisons if rule.program is not None else ():
            for name, value in thresholds(comparison):
                found.setdefault(name, set()).add(value)
    metrics = graph.task.metrics
    ranges = {name: Range(each.minimum, each.maximum, each.integer) for name, each in metrics.items()}
    choices = [_around(found.get(name, ()), within)[: None if name in found else 1] for name, within in ranges.items()]
    counts = [
        sorted({reach, *map(int, _around(found.get(name, ()), Range(1.0, inf, integer=True)))}) for name in SITUATION
    ]
    situations = _inwards(sorted({(max(total, here), here) for total, here in product(*counts)}))
    extremes = product(product(*(each[:2] for each in choices)), situations[:2])
    for values, (total, here) in chain(extremes, product(product(*choices), situations)):
        history = {name: (value,) * min(total, reach) for name, value in zip(metrics, values, strict=True)}
        yield Evaluator({**history, **dict(zip(SITUATION, (float(total), float(here)), strict=True))}, here)


def _around(values: Collection[float], within: Range) -> list[float]:
    """Values at, below and above some others and at the ends of their range, from the outside inwards."""
    step = 1.0 if within.integer else 0.01
    whole = [float(floor(value)) if within.integer else value for value in values]
    near = {value + off for value in whole for off in (-step, 0.0, step)} | {within.low, within.high}
    return _inwards(sorted(value for value in near if within.low <= value <= within.high and isfinite(value))) or [0.0]


def _inwards(ordered: list[_Any]) -> list[_Any]:
    """The first, the last, the second, the last but one ..."""
    return [each for pair in zip(ordered, reversed(ordered), strict=True) for each in pair][: len(ordered)]


def _may_contradict(rules: Sequence[Transition]) -> bool:
    """Whether one rule that progresses and one that rolls back may be true together."""
    forwards, backwards = (
        [rule.program.node for rule in rules if rule.move is move and rule.program is not None]
        for move in (Move.PROGRESS, Move.ROLLBACK)
    )
    return any(
        not _is_empty([*one, *other])
        for pair in product(forwards, backwards)
        for one, other in product(*map(_alternatives, pair))
    )


def _alternatives(node: Node) -> list[list[Comparison]]:
    """Lists of comparisons, of one of which all are true where a condition is."""
    match node:
        case Comparison():
            return [[node]]
        case Logic(operator="or"):
            found = [each for part in node.parts for each in _alternatives(part)]
        case Logic():
            found = [[]]
            for part in node.parts:
                found = [[*before, *each] for before in found for each in _alternatives(part)]
                if len(found) > _ALTERNATIVES:
                    break
        case _:
            found = [[]]  # nothing is known
    return found if len(found) <= _ALTERNATIVES else [[]]


def _is_empty(comparisons: Sequence[Comparison]) -> bool:
    """Whether comparisons contradict each other by their thresholds alone."""
    low: dict[str, tuple[float, bool]] = {}  # with whether it is more than that
    high: dict[str, tuple[float, bool]] = {}  # with whether it may be that
    for each in comparisons:
        sides, operator = (each.left, each.right), each.operator
        if isinstance(each.left, Literal):
            sides, operator = (each.right, each.left), MIRRORED[operator]
        value = range_of(sides[1])
        if not isinstance(sides[1], Literal) or not value.is_single or isinstance(sides[1].value, str):
            continue
        term = printer.text(sides[0])
        if operator in (">", ">=", "=="):
            low[term] = max(low.get(term, (-inf, False)), (value.low, operator == ">"))
        if operator in ("<", "<=", "=="):
            high[term] = min(high.get(term, (inf, True)), (value.low, operator != "<"))
    return any(
        low[term][0] > most or (low[term][0] == most and (low[term][1] or not included))
        for term, (most, included) in high.items()
        if term in low
    )

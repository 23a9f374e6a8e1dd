"""How large the values are that a curriculum speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import floor, isfinite

from autotrain_dsl.expressions.nodes import Comparison, Literal, walk
from autotrain_dsl.expressions.ranges import thresholds
from autotrain_dsl.graph import StateGraph

_ORDINARY = 1e9  # what a metric without a declared range is at most, unless thresholds are large
_COUNTED = 1e12  # the same of a whole number
_BEYOND = 1000.0  # times the largest constant
_FINEST = 6  # decimals of a step


@dataclass(frozen=True, slots=True)
class Scale:
    """How large values are: ``limit`` (``whole``: of whole numbers) without a range, ``usual`` of each in a witness.

    ``steps`` are the smallest differences that the author of the thresholds has in mind: one for whole numbers, else a
    unit of the last decimal with which a threshold is written. ``perfect`` is what no mouse can do better, of every
    metric that can be better at all; without a range, something that is good enough.
    """

    limit: float
    whole: float
    usual: Mapping[str, float]
    steps: Mapping[str, float]
    perfect: Mapping[str, float]


def scale_of(graph: StateGraph) -> Scale:
    """The scale of the values in a curriculum's rules."""
    found: dict[str, list[float]] = {name: [] for name in graph.task.metrics}
    largest = 0.0
    for comparison in _comparisons(graph):
        parts = [part for side in (comparison.left, comparison.right) for part in walk(side)]
        numbers = [abs(_number(part.value)) for part in parts if isinstance(part, Literal)]
        largest = max([largest, *numbers])
        for name, value in thresholds(comparison):
            if name in found:
                found[name].append(value)
    limit = max(_ORDINARY, _BEYOND * largest)
    usual, steps, perfect = {}, {}, {}
    for name, metric in graph.task.metrics.items():
        high = max([abs(each) for each in found[name]], default=1.0)
        steps[name] = 1.0 if metric.integer else _step(found[name])
        usual[name] = min(2 * high + steps[name], limit)
        if metric.better != "neither":
            best, end = (metric.maximum, 1) if metric.better == "higher" else (metric.minimum, -1)
            best = best if isfinite(best) else end * min(10 * max(high, 1.0), limit)
            perfect[name] = float(floor(best * end) * end) if metric.integer else best
    return Scale(limit, max(_COUNTED, limit), usual, steps, perfect)


def _comparisons(graph: StateGraph) -> Iterator[Comparison]:
    for stage in graph.stages:
        for rule in graph.rules(stage.name):
            if rule.program is not None:
                yield from rule.program.comparisons


def _number(value: float | bool | str) -> float:
    return float(value) if isinstance(value, float | int) else 0.0


def _step(thresholds: list[float]) -> float:
    """A unit of the last decimal of the thresholds."""
    decimals = [-int(Decimal(repr(each)).normalize().as_tuple().exponent) for each in thresholds if each]
    return float(10.0 ** -min(max([1, *decimals]), _FINEST))

"""A mouse that stands anywhere in a stage, with any history: the rules of the stage as statements about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite

import z3

from autotrain_dsl.expressions.nodes import Node, Variable, names, walk
from autotrain_dsl.expressions.reads import reads_of
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Move, Stage, Transition, Trigger
from autotrain_dsl.verification.encoding import HERE, TOTAL, Encoder
from autotrain_dsl.verification.guards import Guard, both, either, negated
from autotrain_dsl.verification.scales import Scale
from autotrain_dsl.verification.solver import Solver, number_of
from autotrain_dsl.verification.symbols import Number, Symbol, Truth, cases
from autotrain_dsl.verification.witnesses import Mouse

MOST = 1_000_000  # sessions of a mouse
_WIDEST = 120  # sessions of a window up to which histories are as long as windows

Values = Mapping[str, tuple[Number, ...]]  # of every metric, oldest first


def automatic(graph: StateGraph, stage: str) -> list[tuple[int, Transition]]:
    """The rules that can fire by themselves, with their numbers."""
    return [(n, rule) for n, rule in enumerate(graph.rules(stage), 1) if rule.trigger is not Trigger.MANUAL]


def target_of(rule: Transition, stage: str) -> str:
    """The stage to which a rule of ``stage`` leads."""
    return stage if rule.move is Move.STAY else rule.target


def metrics_read(graph: StateGraph, stages: list[Stage]) -> list[str]:
    """The metrics that rules of some stages read, in the task's order."""
    nodes = [rule.program.node for stage in stages for rule in graph.rules(stage.name) if rule.program is not None]
    read = {part.name for node in nodes for part in walk(node) if isinstance(part, Variable)}
    return [name for name in graph.task.metrics if name in read]


def reach_of(graph: StateGraph, stages: list[Stage]) -> float:
    """How many sessions back rules of some stages look; infinite where they look at all."""
    nodes = [rule.program.node for stage in stages for rule in graph.rules(stage.name) if rule.program is not None]
    return max([1.0, *(read.reach for node in nodes for read in reads_of(node))])


@dataclass
class Verdicts:
    """The rules of a stage about one history: whether each is true, and whether it is the one that fires."""

    rules: list[tuple[int, Transition]]
    truths: list[Truth]

    @cached_property
    def fires(self) -> list[Guard]:
        """For every rule whether it decides: it is true and no earlier one is."""
        found, earlier = [], list[Guard]()
        for truth in self.truths:
            found.append(both(truth.true, *(negated(each) for each in earlier)))
            earlier.append(truth.true)
        return found

    def decision(self, move: Move) -> Guard:
        """Whether a rule with this move decides."""
        return either(*(fires for (_, rule), fires in zip(self.rules, self.fires, strict=True) if rule.move is move))

    @cached_property
    def none(self) -> Guard:
        """Whether no rule decides."""
        return negated(either(*(truth.true for truth in self.truths)))


def verdicts_of(graph: StateGraph, stage: str, encoder: Encoder) -> Verdicts:
    """The rules of a stage about the history of which an encoder speaks."""
    rules = automatic(graph, stage)
    truths = [
        Truth(true=True, false=False) if rule.program is None else encoder.condition(rule.program.node)
        for _, rule in rules
    ]
    return Verdicts(rules, truths)


@dataclass
class Anywhere:
    """The situations of a mouse in a stage. ``limit`` is how many sessions it has at most, if that is bounded.

    A mouse with fewer sessions than the rules look back has had no others; one with more may have had any number.
    """

    graph: StateGraph
    stage: Stage
    solver: Solver
    scale: Scale
    sessions: int
    missing: bool = False
    also: Sequence[Node] = ()  # conditions that are asked about besides the rules
    limit: int | None = field(init=False)
    length: int = field(init=False)
    count: z3.ArithRef = field(init=False)
    total: z3.ArithRef = field(init=False)
    here: z3.ArithRef = field(init=False)
    values: Values = field(init=False)

    def __post_init__(self) -> None:
        self.count, self.total, self.here = (self.solver.integer(name) for name in ("sessions", TOTAL, HERE))
        reach = max([reach_of(self.graph, [self.stage]), *(r.reach for node in self.also for r in reads_of(node))])
        bounded = not isfinite(reach) or reach > _WIDEST
        self.limit = self.sessions if bounded else None
        self.length = self.sessions if bounded else int(reach)
        self.solver.demand(z3.And(self.count >= 1, self.count <= self.length, self.total >= self.count))
        self.solver.demand(z3.And(self.here >= 1, self.here <= self.total, self.total <= MOST))
        complete = self.total == self.count
        self.solver.demand(complete if bounded else z3.Or(complete, self.count == self.length))
        self.solver.demand(z3.Implies(self.solver.plain, self.total <= max(20, self.length)))
        read = {name for node in self.also for name in names(node)}
        read |= set(metrics_read(self.graph, [self.stage]))
        self.values = self.fresh([name for name in self.graph.task.metrics if name in read])

    @property
    def is_capped(self) -> bool:
        """Whether something may rest on how large values without a declared range are taken to be."""
        metrics = (self.graph.task.metrics[name] for name in self.values)
        return any(not (each.integer or isfinite(each.maximum - each.minimum)) for each in metrics)

    def fresh(self, names: list[str]) -> Values:
        """Values of some metrics in all sessions."""
        metrics = self.graph.task.metrics
        return {
            name: tuple(self.solver.value(metrics[name], self.scale, missing=self.missing) for _ in range(self.length))
            for name in names
        }

    def verdicts(self, values: Values | None = None) -> Verdicts:
        """The rules about the history, or about another one with other values."""
        return verdicts_of(self.graph, self.stage.name, self.encoder(values))

    def encoder(self, values: Values | None = None) -> Encoder:
        """Expressions about the history, or about another one."""
        known: dict[str, Symbol] = {
            name: cases((self.count == k, each[self.length - k :]) for k in range(1, self.length + 1))
            for name, each in {**self.values, **(values or {})}.items()
        }
        known[TOTAL] = Number(z3.ToReal(self.total), size=float(MOST), whole=True)
        known[HERE] = Number(z3.ToReal(self.here), size=float(MOST), whole=True)
        return Encoder(self.solver.operations, self.solver.budget, known, self._stays)

    def mouse(self, model: z3.ModelRef, values: Values | None = None) -> Mouse:
        """The mouse that a model describes."""
        length = int(number_of(model, self.count))
        total, here = (int(number_of(model, each)) for each in (self.total, self.here))
        chosen = {
            name: tuple(self.solver.told(model, each) for each in numbers[self.length - length :])
            for name, numbers in {**self.values, **(values or {})}.items()
        }
        metrics = {name: chosen.get(name, (None,) * length) for name in self.graph.task.metrics}
        return Mouse(self.stage.name, total, here, metrics)

    def _stays(self, kept: int, length: int) -> Guard:
        if kept == 0:
            return False
        return self.here >= kept if kept == length else self.here == kept

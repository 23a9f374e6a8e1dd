"""The rules of one curriculum over many sessions: for every session and every situation the rule that fires.

What a rule can see of the time in the stage is little: ``session_at_current_stage >= 5`` tells five sessions from four,
``at_stage(x)[-3:]`` one, two and three or more. So for most stages a handful of situations covers all, and for each of
them the outcome of every session is computed at once, before anybody knows where a subject stands. A stage that sees
more is judged session by session, for the subjects in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import floor
from typing import Any

import numpy as np
import numpy.typing as npt

from autotrain_dsl.columnar.formulas import COUNT, Formula, Formulas, Work
from autotrain_dsl.expressions.functions import COMPARISONS
from autotrain_dsl.expressions.nodes import (
    MIRRORED,
    Call,
    Comparison,
    Item,
    Literal,
    Node,
    Variable,
    Window,
    children,
)
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Trigger

Time = tuple[int, int]  # judged sessions at the stage, and sessions of the stay in the history
Codes = npt.NDArray[np.uint8]

DOUBT = 128  # added to the number of the rule that fires (0: none) where one that was tried before was unknown
MOST_SITUATIONS = 24  # of one stage: more are computed session by session


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its place in the stage, from 1; without a formula it always fires."""

    number: int
    formula: Formula | None


@dataclass(frozen=True)
class StageRules:
    """The rules of a stage that can fire by themselves, in order.

    ``counts`` and ``stays`` say which times in the stage are told apart. Of counts, every one up to the last stands for
    itself or for an earlier one that no rule tells from it, and the last for all above it; of stays, all up to the
    number are told apart and those above it are not. None: all are told apart.
    """

    rules: tuple[Rule, ...]
    counts: tuple[int, ...] | None
    stays: int | None

    def situations(self, *, apart: bool) -> list[Time] | None:
        """One time of every kind that is told apart; None where there are too many to look at each beforehand.

        With ``apart`` the stay may be longer than the count, otherwise the two are equal.
        """
        if self.counts is None or self.stays is None:
            return None
        if apart:
            found = list(product(dict.fromkeys(self.counts), range(1, self.stays + 1)))
        else:
            times = range(1, max(len(self.counts), self.stays) + 1)
            found = list(dict.fromkeys(self.situation(time, time) for time in times))
        return found if len(found) <= MOST_SITUATIONS else None

    def situation(self, count: int, stay: int) -> Time:
        """The time that stands for this one."""
        assert self.counts is not None
        assert self.stays is not None
        return self.counts[min(count, len(self.counts)) - 1], min(stay, self.stays)

    def outcome(self, work: Work, rows: int) -> Codes:
        """The rule that fires for every row, in the situation that ``work`` is set to."""
        code: Codes = np.zeros(rows, np.uint8)
        for rule in reversed(self.rules):
            if rule.formula is None:
                code = np.full(rows, rule.number, np.uint8)
                continue
            truth = work.truth(rule.formula)
            if truth.unknown is not None:
                code |= _bits(truth.unknown, rows) * np.uint8(DOUBT)
            true = _bits(truth.true, rows)
            code *= true ^ np.uint8(1)
            code += true * np.uint8(rule.number)
        return code


def _bits(flags: Any, rows: int) -> Codes:
    """Flags as 0 and 1, by which numpy computes faster than it chooses."""
    bits: Codes = np.broadcast_to(flags, rows).view(np.uint8)
    return bits


class Rulebook:
    """A state graph as formulas; ``longest`` is the most sessions that a subject has."""

    def __init__(self, graph: StateGraph, longest: int) -> None:
        self.graph = graph
        self.formulas = Formulas(max(longest, 1))
        self.metrics: Mapping[str, int] = {name: place for place, name in enumerate(graph.task.metrics)}
        self.stages = [self._stage(stage.name, final=stage.final) for stage in graph.stages]

    @property
    def deepest(self) -> int:
        """How many sessions a rule looks back at most, that of the day included."""
        return self.formulas.deepest

    def _stage(self, name: str, *, final: bool) -> StageRules:
        rules = [] if final else list(self._rules(name))
        nodes = [rule.formula.node for rule in rules if rule.formula is not None]
        return StageRules(tuple(rules), _counts(nodes, self.formulas.longest), _stays(nodes, self.formulas.longest))

    def _rules(self, stage: str) -> Iterator[Rule]:
        for number, rule in enumerate(self.graph.rules(stage), 1):
            if rule.trigger is Trigger.MANUAL:
                continue
            yield Rule(number, None if rule.program is None else self.formulas.of(rule.program.node))
            if rule.program is None:
                return  # it always fires


def _counts(nodes: Sequence[Node], longest: int) -> tuple[int, ...] | None:
    """For every count up to one that stands for all above it the least that no comparison tells from it."""
    limits = [limit for node in nodes for limit in _limits(node)]
    if None in limits:
        return None
    known = [limit for limit in limits if limit is not None]
    highest = max([1, *(min(floor(value) + 1, longest) for _, value in known)])
    seen: dict[tuple[bool, ...], int] = {}
    return tuple(
        seen.setdefault(tuple(COMPARISONS[operator](count, value) for operator, value in known), count)
        for count in range(1, highest + 1)
    )


def _limits(node: Node) -> Iterator[tuple[str, float] | None]:
    """What the count is compared with; None where it is used in another way."""
    match node:
        case Comparison(left=Variable(name=name), right=Literal(value=float(value))) if name == COUNT:
            yield node.operator, value
        case Comparison(left=Literal(value=float(value)), right=Variable(name=name)) if name == COUNT:
            yield MIRRORED[node.operator], value
        case Variable(name=name) if name == COUNT:
            yield None
        case _:
            for child in children(node):
                yield from _limits(child)


def _stays(nodes: Sequence[Node], longest: int) -> int | None:
    """From how many sessions of the stay on no rule sees that it gets longer; None where it always does."""
    reaches = [reach for node in nodes for reach in _reaches(node)]
    if None in reaches:
        return None
    return max([1, *(min(reach, longest) for reach in reaches if reach is not None)])


def _reaches(node: Node) -> Iterator[int | None]:
    match node:
        case Item(of=Call(function="at_stage"), index=index) if index < 0:
            yield -index
        case Window(of=Call(function="at_stage"), start=int(start), stop=stop) if start < 0 and (stop or -1) < 0:
            yield -start
        case Call(function="at_stage"):
            yield None
        case _:
            for child in children(node):
                yield from _reaches(child)

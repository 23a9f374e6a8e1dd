"""Recorded sessions replayed under one curriculum, as if every mouse had followed it and behaved as it did."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autotrain_dsl.backtest.recorded import Recorded
from autotrain_dsl.columnar.histories import Small
from autotrain_dsl.columnar.stepping import OPEN, Colony, Judgements, Stages, judge
from autotrain_dsl.columnar.values import Flags, Whole
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import DECISIONS, Decision
from autotrain_dsl.model import Move, Trigger

_ROLLBACK = list(Move).index(Move.ROLLBACK)


@dataclass(frozen=True)
class Replay:
    """What a curriculum decides about every session in ``rows`` (of ``recorded``: those that are decided about)."""

    graph: StateGraph
    recorded: Recorded
    judged: Judgements
    rows: Whole

    @cached_property
    def starts(self) -> Whole:
        """Where the sessions of every mouse begin in ``rows``; at the end their number."""
        found: Whole = np.searchsorted(self.rows, self.recorded.histories.starts)
        return found

    @cached_property
    def actual(self) -> Small:
        """The stage of every session as its place in the order of training."""
        found: Small = self.judged.actual[self.rows]
        return found

    @cached_property
    def following(self) -> Small:
        """The stage for the next session."""
        found: Small = self.judged.following[self.rows]
        return found

    @cached_property
    def moves(self) -> Small:
        """What was decided, as a place in ``Move``."""
        found: Small = self.judged.moves[self.rows].astype(np.int32)
        return found

    def name(self, stage: int) -> str:
        """The name of a stage by its place."""
        return self.graph.stages[stage].name

    def decision(self, place: int) -> Decision:
        """One decision made by the interpreter, with its reason."""
        return self.judged.decision(int(self.rows[place]))

    def word(self, place: int) -> str:
        """What was decided about a session: STAY, PROGRESS or ROLLBACK."""
        return DECISIONS[list(Move)[int(self.moves[place])]]

    def until(self, stage: int) -> tuple[Whole, Flags]:
        """For every mouse the sessions before it first stands at this stage or a later one, and whether it does.

        Of a mouse that never does, all its sessions. After a final stage only final ones count as later.
        """
        stages = self.graph.stages
        final = stages[stage].final
        aim = np.array([place >= stage and (each.final or not final) for place, each in enumerate(stages)])
        count = np.diff(self.starts)
        places = np.arange(len(self.rows)) - np.repeat(self.starts[:-1], count)
        at = np.where(aim[self.actual], places, np.iinfo(np.int64).max)
        after = np.where(aim[self.following], places + 1, np.iinfo(np.int64).max)
        first = np.minimum.reduceat(np.minimum(at, after), self.starts[:-1])
        reached: Flags = first <= count
        return np.minimum(first, count), reached

    def rollbacks(self) -> Whole:
        """How often every mouse is moved back."""
        found: Whole = np.add.reduceat((self.moves == _ROLLBACK).astype(np.int64), self.starts[:-1])
        return found

    def last(self) -> Small:
        """The stage that every mouse is at after its last session."""
        found: Small = self.following[self.starts[1:] - 1]
        return found

    def fired(self) -> dict[tuple[str, int], int]:
        """How often every rule has fired that can fire by itself; 0 for one that never has."""
        fired = self.judged.fired[self.rows].astype(np.int64)
        width = max([0, *(len(self.graph.rules(stage.name)) for stage in self.graph.stages)]) + 1
        counts = np.bincount(self.actual * width + fired, minlength=len(self.graph.stages) * width)
        return {
            (stage.name, number): int(counts[place * width + number])
            for place, stage in enumerate(self.graph.stages)
            for number, rule in enumerate(self.graph.rules(stage.name), 1)
            if rule.trigger is not Trigger.MANUAL
        }


def replay(recorded: Recorded, graph: StateGraph) -> Replay:
    """Every mouse from the initial stage on; one whose record begins later, from the stage that it ran then."""
    stages = Stages([graph])
    actual = None
    if len(recorded.ran.texts) > 1:
        actual = np.full(len(recorded.rows), OPEN, np.int32)
        chosen = np.flatnonzero(recorded.chosen)
        first = chosen[np.searchsorted(chosen, recorded.histories.starts[:-1])]
        late = first[recorded.histories.numbers[first] > 1]
        actual[late] = _codes(recorded, stages)[late]
    return _judged(recorded, graph, actual)


def at_stages_run(recorded: Recorded, graph: StateGraph) -> tuple[Replay, Flags]:
    """Every session at the stage that was really run, and for which that is known and a stage of the curriculum."""
    actual = _codes(recorded, Stages([graph]))
    found = _judged(recorded, graph, actual)
    known: Flags = actual[found.rows] != OPEN
    return found, known


def _codes(recorded: Recorded, stages: Stages) -> Small:
    codes = np.array([stages.code.get((0, text), OPEN) for text in recorded.ran.texts], np.int32)
    found: Small = codes[recorded.ran.codes]
    return found


def _judged(recorded: Recorded, graph: StateGraph, actual: Small | None) -> Replay:
    chosen = recorded.chosen
    columns = [recorded.columns(graph)]
    colony = Colony(recorded.histories, [graph], columns, actual=actual, judged=None if chosen.all() else chosen)
    return Replay(graph, recorded, judge(colony), np.flatnonzero(chosen))

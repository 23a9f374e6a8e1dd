"""Mice that follow a curriculum from their first session on: where they can be after how many sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import z3

from autotrain_dsl.expressions.nodes import Node, names
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.verification.encoding import HERE, TOTAL, Encoder
from autotrain_dsl.verification.guards import Guard, both, either, negated, same
from autotrain_dsl.verification.scales import Scale
from autotrain_dsl.verification.situations import MOST, Verdicts, metrics_read, reach_of, target_of, verdicts_of
from autotrain_dsl.verification.solver import Solver
from autotrain_dsl.verification.symbols import Number, Symbol, cases, constant
from autotrain_dsl.verification.witnesses import Mouse


@dataclass
class Session:
    """One session of the mouse: in which stage it is, and for how many sessions."""

    number: int
    at: Mapping[str, Guard]
    here: z3.ArithRef
    values: Mapping[str, tuple[Number, ...]]  # of every metric, this session's included
    encoder: Encoder


@dataclass
class Histories:
    """All mice that begin at the first stage and do what is suggested, for some sessions.

    After ``sessions`` sessions there is one more entry in ``course``, of which only the stage has a meaning. With
    ``steady``, the name of a stage, the mouse has done the same for very long, and has just come to that stage. What is
    ``given`` of a metric is its value in every session; ``shared`` goes to the encoders of a steady mouse.
    """

    graph: StateGraph
    solver: Solver
    scale: Scale
    sessions: int
    missing: bool = False
    steady: str = ""
    given: Mapping[str, Number] = field(default_factory=dict)
    shared: Encoder | None = None
    also: Sequence[Node] = ()  # conditions that are asked about besides the rules
    values: dict[str, list[Number]] = field(init=False)
    course: list[Session] = field(default_factory=list)
    _verdicts: dict[tuple[int, str, bool], Verdicts] = field(default_factory=dict)
    _encoders: dict[int, Encoder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        read = {name for node in self.also for name in names(node)} | set(metrics_read(self.graph, self.graph.stages))
        self.values = {name: [] for name in self.graph.task.metrics if name in read}
        for name in self.values:
            metric = self.graph.task.metrics[name]
            for _ in range(self.sessions):
                given = self.given.get(name)
                new = given if given is not None else self.solver.value(metric, self.scale, missing=self.missing)
                self.values[name].append(new)
        first = self.steady or self.graph.initial
        initial = {stage.name: stage.name == first for stage in self.graph.stages}
        here = self.solver.integer(HERE)
        self.solver.demand(here == 1)
        self._add(initial, here)
        for _ in range(self.sessions):
            self._follow(self.course[-1])

    def verdicts(self, session: Session, stage: str, *, own: bool = False) -> Verdicts:
        """The rules of a stage about a session; with ``own`` as if the mouse had had no earlier sessions."""
        key = (session.number, stage, own)
        if key not in self._verdicts:
            encoder = self._own(session) if own else session.encoder
            self._verdicts[key] = verdicts_of(self.graph, stage, encoder)
        return self._verdicts[key]

    def _own(self, session: Session) -> Encoder:
        """Expressions about a mouse that has had no sessions but those of its stay."""
        if session.number not in self._encoders:
            here = session.here
            own: dict[str, Symbol] = {
                name: cases((here == k, numbers[len(numbers) - k :]) for k in range(1, len(numbers) + 1))
                for name, numbers in session.values.items()
            }
            names = {**session.encoder.names, **own}
            work, budget = self.solver.operations, self.solver.budget
            self._encoders[session.number] = Encoder(work, budget, names, lambda kept, length: kept == length)
        return self._encoders[session.number]

    def mouse(self, model: z3.ModelRef, sessions: int) -> Mouse:
        """The first sessions of the mouse that a model describes."""
        chosen = {
            name: tuple(self.solver.told(model, number) for number in numbers[:sessions])
            for name, numbers in self.values.items()
        }
        metrics = {name: chosen.get(name, (None,) * sessions) for name in self.graph.task.metrics}
        return Mouse(self.graph.initial, 1, 1, metrics, path=True)

    @cached_property
    def length(self) -> int:
        """How many sessions the rules look back, at most as many as there are."""
        return int(min(reach_of(self.graph, self.graph.stages), self.sessions))

    def _follow(self, session: Session) -> None:
        """The session after this one."""
        coming: dict[str, list[Guard]] = {stage.name: [] for stage in self.graph.stages}
        staying: list[Guard] = []
        for stage in self.graph.stages:
            at = session.at[stage.name]
            if at is False:
                continue
            moves = [] if stage.final else self._moves(session, stage.name)
            for target, fires in moves:
                coming[target].append(both(at, fires))
            remains = both(at, *(negated(fires) for _, fires in moves))
            coming[stage.name].append(remains)
            staying += [remains, *(both(at, fires) for target, fires in moves if target == stage.name)]
        following = {name: self._named(either(*guards)) for name, guards in coming.items()}
        here = self.solver.integer(HERE)
        stays = either(*staying)
        self.solver.demand(either(negated(stays), here == session.here + 1))
        self.solver.demand(either(stays, here == 1))
        self._add(following, here)

    def _moves(self, session: Session, stage: str) -> list[tuple[str, Guard]]:
        """Where the rules lead, each with whether it decides."""
        verdicts = self.verdicts(session, stage)
        pairs = zip(verdicts.rules, verdicts.fires, strict=True)
        return [(target_of(rule, stage), fires) for (_, rule), fires in pairs]

    def _named(self, guard: Guard) -> Guard:
        """The same by a name, so that what is built on it stays small."""
        if isinstance(guard, bool):
            return guard
        name = self.solver.condition("at")
        self.solver.demand(same(name, guard))
        return name

    def _add(self, at: Mapping[str, Guard], here: z3.ArithRef) -> None:
        number = len(self.course) + 1
        told = min(number, self.sessions)
        count = Number(z3.ToReal(here), size=float(number), whole=True)
        counts: dict[str, Symbol] = {TOTAL: constant(MOST if self.steady else number), HERE: count}
        sessions = {
            name: tuple(numbers[: self.length if self.steady else told]) for name, numbers in self.values.items()
        }
        whole: dict[str, Symbol] = {name: cases([(True, numbers)]) for name, numbers in sessions.items()}

        def stays(kept: int, length: int) -> Guard:
            return kept > 0 and (here >= kept if kept == length else here == kept)

        encoder = Encoder(self.solver.operations, self.solver.budget, {**whole, **counts}, stays, self.shared)
        self.course.append(Session(number, at, here, sessions, encoder))

"""Questions about mice that always do the same, or nearly: whether they move between stages for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import inf, isfinite

import z3

from autotrain_dsl.cases.running import Step
from autotrain_dsl.codes import verification as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions.nodes import Variable, names
from autotrain_dsl.expressions.ranges import range_of
from autotrain_dsl.expressions.reads import reads_of
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import History, Situation, step
from autotrain_dsl.model import Move, Stage, Transition
from autotrain_dsl.verification.asking import Result
from autotrain_dsl.verification.encoding import HERE, TOTAL, Budget, Encoder
from autotrain_dsl.verification.guards import Guard, both, either
from autotrain_dsl.verification.histories import Histories
from autotrain_dsl.verification.model import Finding, Open
from autotrain_dsl.verification.scales import Scale
from autotrain_dsl.verification.seeking import Undecided, seek
from autotrain_dsl.verification.situations import MOST, Anywhere, automatic, metrics_read, reach_of
from autotrain_dsl.verification.solver import Solver
from autotrain_dsl.verification.symbols import Number, Symbol, cases, constant
from autotrain_dsl.verification.witnesses import Mouse, Shown

_LONGEST = 60  # sessions of a way round between stages
_LATE = 100  # the session number of a mouse that is shown long after its beginning
_FOLLOWED = 60  # sessions within which a mouse is to show what is said of it
_NOT_SHOWN = "it may be so of a mouse that comes into the circle by other sessions; no mouse was found that shows it"

Point = Mapping[str, float | None]  # a value of every metric


@dataclass
class _Steady:
    """A mouse that does the same in every session."""

    graph: StateGraph
    scale: Scale
    sessions: int
    budget: Budget

    @cached_property
    def solver(self) -> Solver:
        return Solver(self.budget)

    @cached_property
    def point(self) -> dict[str, Number]:
        """What it does."""
        read, metrics = metrics_read(self.graph, self.graph.stages), self.graph.task.metrics
        return {name: self.solver.value(metrics[name], self.scale) for name in read}

    @cached_property
    def start(self) -> Histories:
        """The mouse from its first session on."""
        return Histories(self.graph, self.solver, self.scale, self.sessions, given=self.point)

    @cached_property
    def _shared(self) -> Encoder:
        length = int(reach_of(self.graph, self.graph.stages))
        names: dict[str, Symbol] = {name: cases([(True, (value,) * length)]) for name, value in self.point.items()}
        names[TOTAL] = constant(MOST)
        return Encoder(self.solver.operations, self.budget, names, lambda _kept, _length: False)

    def back_to(self, stage: str) -> list[Guard]:
        """For each session after it has come to a stage, long after its beginning, whether it comes there again."""
        then = Histories(
            self.graph, self.solver, self.scale, self.sessions, steady=stage, given=self.point, shared=self._shared
        )
        return [both(session.at[stage], session.here == 1) for session in then.course[1:]]


@dataclass
class Cycles:
    """Mice that move between stages again and again."""

    graph: StateGraph
    scale: Scale
    sessions: int
    budget: Budget = field(default_factory=Budget)
    _between: list[set[str]] = field(default_factory=list)  # stages of circles that were found

    @cached_property
    def _longest(self) -> float:
        """How many sessions a way round takes at most: as long as the time in a stage can change a rule's outcome."""
        return sum(_longest_stay(self.graph, stage) for stage in self.graph.stages if not stage.final)

    @cached_property
    def _around(self) -> int:
        return int(min(self._longest, _LONGEST))

    @cached_property
    def _steady(self) -> _Steady:
        return _Steady(self.graph, self.scale, self._around, self.budget)

    def oscillation(self) -> Iterator[Result]:
        """Constant metrics under which a mouse leaves a stage and comes back, and so for ever."""
        for stage in self._returned_to():
            if not any(stage.name in circle for circle in self._between):
                yield from self._oscillates(stage)

    def _returned_to(self) -> list[Stage]:
        """The stages to which a rule leads from a later one of the same circle: one of them is on every way round."""
        found = []
        for group in self.graph.circles():
            for name in sorted(group, key=self.graph.position):
                sources = [other for other in group if self.graph.position(other) > self.graph.position(name)]
                rules = [rule for other in sources for _, rule in automatic(self.graph, other)]
                if any(rule.target == name for rule in rules):
                    found.append(self.graph.stage(name))
        return found

    def _oscillates(self, stage: Stage) -> Iterator[Result]:
        asked = f"can a mouse that always does the same come back to {stage.name} for ever?"
        if not isfinite(reach_of(self.graph, self.graph.stages)):
            yield Open(asked, stage.span, "a rule looks at the whole history, which never repeats itself")
            return
        if self._longest > _LONGEST:
            yield Open(
                asked, stage.span, f"a way round may take more than {_LONGEST} sessions; beyond is not looked at"
            )
        solver, point = self._steady.solver, self._steady.point
        back = self._steady.back_to(stage.name)
        if solver.refutes(either(*back)):
            return
        comes = either(*(session.at[stage.name] for session in self._steady.start.course))

        def mice(model: z3.ModelRef) -> tuple[Mouse, ...]:
            values = {name: (solver.told(model, number),) for name, number in point.items()}
            return (Mouse(stage.name, _LATE, 1, {name: values.get(name, (None,)) for name in self.graph.task.metrics}),)

        def shown_by(mice: tuple[Mouse, ...]) -> Mouse | None:
            point = _point(mice[0])
            return self._demonstrated(stage.name, lambda _: point, 3) if self._circle(stage.name, point) else None

        answer = seek(solver, either(*back), mice, lambda m: shown_by(m) is not None, [both(comes, b) for b in back])
        if isinstance(answer, Undecided):
            yield Open(asked, stage.span, _NOT_SHOWN)
        elif answer is not None and (shown := shown_by(answer)) is not None:
            circle = self._circle(stage.name, _point(answer[0]))
            self._between.append({step.situation.stage for step in circle})
            leaving = next(step for step in circle if step.decision.next_stage != stage.name)
            passed = " and ".join(f"`{each}`" for each in dict.fromkeys(step.situation.stage for step in circle))
            message = f"a mouse that always does the same moves between {passed} for ever"
            hint = "roll back below a lower threshold than the one that promotes"
            finding = Diagnostic(codes.OSCILLATION, _rule(self.graph, leaving).span, message, hint)
            title = f"the same in every session; it is back in {stage.name} every {len(circle)} sessions"
            yield Finding(finding, (Shown(title, shown, shown.steps(self.graph)),))

    def _circle(self, stage: str, point: Point) -> list[Step]:
        """The sessions from coming to a stage to coming to it again, of a mouse that has always done the same.

        Long after its beginning nothing but the stage and the sessions spent there can differ between two sessions, so
        that once is for ever. Empty where it does not come back within the sessions that are looked at.
        """
        length = int(reach_of(self.graph, self.graph.stages))
        history = History.of({name: [value] * length for name, value in point.items()})
        at, here, steps = stage, 1, list[Step]()
        for _ in range(self._around):
            situation = Situation(at, MOST, here)
            decision = step(self.graph, situation, history)
            steps.append(Step(MOST, situation, decision))
            here = here + 1 if decision.next_stage == at else 1
            at = decision.next_stage
            if at == stage and here == 1:
                return steps
        return []

    def _demonstrated(self, stage: str, value: Callable[[str], Point], times: int) -> Mouse | None:
        """A mouse that comes to a stage some times; what it does depends on the stage it is in.

        From its first session on where it comes to the stage so, else one that stands there long afterwards; None where
        neither comes there so often.
        """
        for start, total in ((self.graph.initial, 1), (stage, _LATE)):
            points, at, here, came = list[Point](), start, 1, int(start == stage)
            for place in range(_FOLLOWED + 3 * self._around):
                points.append(value(at))
                sessions = {name: [point[name] for point in points] for name in self.graph.task.metrics}
                situation = Situation(at, total + place, here)
                decision = step(self.graph, situation, History.of(sessions, range(total, total + place + 1)))
                came += decision.next_stage == stage != at
                here = here + 1 if decision.next_stage == at else 1
                at = decision.next_stage
                if came == times:
                    return Mouse(start, total, 1, {name: tuple(each) for name, each in sessions.items()}, path=True)
        return None

    def dead_bands(self) -> Iterator[Result]:
        """Pairs of stages between which a single step of the metrics moves a mouse to and fro."""
        for low in self.graph.stages:
            for number, up in enumerate(self.graph.rules(low.name), 1):
                if up.move is not Move.PROGRESS or up.program is None or up.target == low.name:
                    continue
                high = self.graph.stage(up.target)
                down = [
                    (n, rule)
                    for n, rule in enumerate(self.graph.rules(high.name), 1)
                    if rule.move is Move.ROLLBACK and rule.target == low.name and rule.program is not None
                ]
                known = any({low.name, high.name} <= circle for circle in self._between)
                if down and not known:
                    yield from self._dead_band(low, (number, up), high, down)

    def _dead_band(
        self, low: Stage, up: tuple[int, Transition], high: Stage, down: list[tuple[int, Transition]]
    ) -> Iterator[Result]:
        solver = Solver(self.budget)
        here, there = (Anywhere(self.graph, stage, solver, self.scale, self.sessions) for stage in (low, high))
        names = sorted({*here.values, *there.values})
        for side in (here, there):
            side.values = {**side.values, **side.fresh([name for name in names if name not in side.values])}
            for numbers in side.values.values():
                solver.demand(both(*(number.value == numbers[0].value for number in numbers)))
            solver.demand(side.count == side.length)
        offs = {name: here.values[name][0].value - there.values[name][0].value for name in names}
        steps = {name: Fraction(str(self.scale.steps[name])) for name in names}
        near = [z3.And(off <= steps[name], -off <= steps[name]) for name, off in offs.items()]
        single = [both(*(off == 0 for other, off in offs.items() if other != name)) for name in names]
        rising, falling = here.verdicts(), there.verdicts()
        order = [n for n, _ in falling.rules]
        question = both(
            *near,
            rising.fires[[n for n, _ in rising.rules].index(up[0])],
            either(*(falling.fires[order.index(n)] for n, _ in down)),
        )

        def accept(mice: tuple[Mouse, ...]) -> bool:
            return self._to_and_fro(high.name, mice) is not None

        def mice(model: z3.ModelRef) -> tuple[Mouse, ...]:
            return here.mouse(model), there.mouse(model)

        asked = f"does a step of the metrics move a mouse between {low.name} and {high.name}?"
        answer = seek(solver, question, mice, accept, single)
        if isinstance(answer, Undecided):
            yield Open(asked, up[1].span, _NOT_SHOWN)
        elif answer is not None and (shown := self._to_and_fro(high.name, answer)) is not None:
            message = f"the smallest change of a metric moves a mouse between `{low.name}` and `{high.name}`"
            hint = "roll back below a lower threshold than the one that promotes"
            finding = Diagnostic(codes.NO_DEAD_BAND, down[0][1].span, message, hint)
            title = f"promoted from {low.name}, rolled back a step below"
            yield Finding(finding, (Shown(title, shown, shown.steps(self.graph)),))

    def _to_and_fro(self, high: str, mice: tuple[Mouse, ...]) -> Mouse | None:
        """A mouse that does in the higher stage what sends it back, and elsewhere what promotes it."""
        rising, falling = (_point(mouse) for mouse in mice)
        return self._demonstrated(high, lambda at: falling if at == high else rising, 2)


def _longest_stay(graph: StateGraph, stage: Stage) -> float:
    """After how many sessions in a stage nothing changes any more for a mouse that always does the same."""
    longest = 1.0
    for _, rule in automatic(graph, stage.name):
        if rule.program is None:
            continue
        longest = max([longest, *(read.reach for read in reads_of(rule.program.node) if read.at_stage)])
        for comparison in rule.program.comparisons:
            if HERE in names(comparison):
                sides = [range_of(side) for side in (comparison.left, comparison.right) if HERE not in names(side)]
                plain = any(isinstance(side, Variable) for side in (comparison.left, comparison.right))
                limit = sides[0].high + 1 if len(sides) == 1 and sides[0].is_single and plain else inf
                longest = max(longest, limit)
    return longest


def _point(mouse: Mouse) -> Point:
    return {name: values[-1] for name, values in mouse.sessions.items()}


def _rule(graph: StateGraph, step: Step) -> Transition:
    return graph.rules(step.situation.stage)[(step.decision.fired or 1) - 1]

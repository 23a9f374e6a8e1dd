"""Cases to outcomes: each judged with the interpreter that judges real mice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autotrain_dsl.cases.model import Case, Expected
from autotrain_dsl.expressions.nodes import names
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import Decision, History, Situation, step


@dataclass(frozen=True, slots=True)
class Step:
    """One session that was judged: its number, where the subject stood, and what was decided."""

    session: int
    situation: Situation
    decision: Decision


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case; it has passed if ``failures`` is empty, and ``failed`` is the step to look at."""

    case: Case
    steps: tuple[Step, ...]
    failures: tuple[str, ...] = ()
    failed: Step | None = None

    @property
    def passed(self) -> bool:
        """Whether everything came as expected."""
        return not self.failures


def run(case: Case, graph: StateGraph) -> Result:
    """Judge the sessions of a case by a curriculum that has its stages and metrics."""
    return _path(case, graph) if case.expected is None else _single(case, case.expected, graph)


def _single(case: Case, expected: Expected, graph: StateGraph) -> Result:
    first = case.session_total - case.length + 1
    numbers = range(first, first + case.length)
    situation = Situation(case.stage, case.session_total, case.session_at_current_stage)
    decision = step(graph, situation, History.of(case.sessions, numbers))
    judged = Step(case.session_total, situation, decision)
    failures = tuple(_differences(expected, decision))
    return Result(case, (judged,), failures, judged if failures else None)


def _differences(expected: Expected, decision: Decision) -> Iterator[str]:
    fired = decision.fired or 0
    if expected.decision is not None and expected.decision != decision.decision:
        yield f"expected the decision {expected.decision}, got {decision.decision}"
    if expected.next_stage is not None and expected.next_stage != decision.next_stage:
        yield f"expected the next stage {expected.next_stage}, got {decision.next_stage}"
    if expected.rule is not None and expected.rule != fired:
        names = [f"rule {number}" if number else "no rule" for number in (expected.rule, fired)]
        yield f"expected {names[0]} to fire, got {names[1]}"
    if expected.reason is not None and expected.reason not in decision.reason:
        yield f"expected the reason to hold `{expected.reason}`, got `{decision.reason}`"
    missing = {each.metric for each in decision.missing}
    if expected.missing is not None and expected.missing != missing:
        wanted, got = (", ".join(sorted(names)) or "nothing" for names in (expected.missing, missing))
        yield f"expected {wanted} to be missing, got {got}"


def _path(case: Case, graph: StateGraph) -> Result:
    steps = tuple(follow(case, graph))
    suggested = (case.stage, *(each.decision.next_stage for each in steps))
    for place, (wanted, got) in enumerate(zip(case.path, suggested, strict=False)):
        if wanted != got:
            where = f"session {place + 1}" if place < case.length else "after the last session"
            failure = f"expected {wanted} to be suggested {'for ' if place < case.length else ''}{where}, got {got}"
            return Result(case, steps, (failure,), steps[place - 1] if place else None)
    return Result(case, steps)


def follow(case: Case, graph: StateGraph) -> Iterator[Step]:
    """Every session of a case judged one after the other, the first in the situation that is given."""
    programs = [rule.program for stage in graph.stages for rule in graph.rules(stage.name) if rule.program is not None]
    read = {name for program in programs for name in names(program.node)}
    suggested, at_stage, before = case.stage, case.session_at_current_stage, ""
    for place in range(case.length):
        actual = (case.ran[place] if case.ran else None) or suggested
        if place:
            at_stage = at_stage + 1 if actual == before else 1
        total = case.session_total + place
        numbers = range(case.session_total, total + 1)
        metrics = {name: values[: place + 1] for name, values in case.sessions.items() if name in read}
        situation = Situation(actual, total, at_stage)
        decision = step(graph, situation, History(tuple(numbers), metrics))
        yield Step(total, situation, decision)
        suggested, before = decision.next_stage, actual

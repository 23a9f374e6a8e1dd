"""Which rules of a curriculum have fired in its tests, and which outcomes its comparisons have had."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from autotrain_dsl.cases.running import Result
from autotrain_dsl.expressions import functions
from autotrain_dsl.expressions.evaluator import Program
from autotrain_dsl.expressions.functions import Truth
from autotrain_dsl.expressions.nodes import Call, walk
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import FIRED
from autotrain_dsl.model import Transition, Trigger
from autotrain_dsl.source import Span


@dataclass(frozen=True, slots=True)
class Gap:
    """What no test has shown: of the rule at ``span`` that it fires, or of one of its comparisons an outcome."""

    stage: str
    rule: int
    aim: str
    span: Span
    comparison: str = ""
    outcome: bool = True


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts, each of how many, and what is missing in the order of the curriculum."""

    rules: int
    rules_fired: int
    outcomes: int
    outcomes_seen: int
    gaps: tuple[Gap, ...]

    @property
    def percent(self) -> float:
        """Rules and outcomes together; 100 where there is nothing to cover."""
        total = self.rules + self.outcomes
        return 100 * (self.rules_fired + self.outcomes_seen) / total if total else 100.0


def coverage(graph: StateGraph, results: Iterable[Result]) -> Coverage:
    """What the tests of a curriculum have shown. Manual rules, which never fire, do not count."""
    fired, seen = _shown(results)
    rules = [
        (stage.name, number, rule)
        for stage in graph.stages
        for number, rule in enumerate(graph.rules(stage.name), 1)
        if rule.trigger is not Trigger.MANUAL
    ]
    gaps = [gap for stage, number, rule in rules for gap in _gaps(stage, number, rule, fired, seen)]
    outcomes = sum(2 * len(_comparisons(rule.program)) for *_, rule in rules)
    silent = sum(not gap.comparison for gap in gaps)
    return Coverage(len(rules), len(rules) - silent, outcomes, outcomes - (len(gaps) - silent), tuple(gaps))


_Rule = tuple[str, int]
_Outcome = tuple[str, int, str, bool]


def _shown(results: Iterable[Result]) -> tuple[set[_Rule], set[_Outcome]]:
    fired: set[_Rule] = set()
    seen: set[_Outcome] = set()
    for step in (step for result in results for step in result.steps):
        stage = step.situation.stage
        for trace in step.decision.trace:
            if trace.verdict == FIRED:
                fired.add((stage, trace.number))
            joined = _joined(trace.rule.program)
            for each in trace.comparisons:
                every = each.verdict if isinstance(each.verdict, tuple) else (each.verdict,)
                verdicts: tuple[Truth, ...] = tuple(v if isinstance(v, bool) else None for v in every)
                if id(each.node) in joined:  # what all(...) or any(...) makes of it
                    verdicts = (joined[id(each.node)](verdicts),)
                seen.update((stage, trace.number, each.text, bool(v)) for v in verdicts if isinstance(v, bool))
    return fired, seen


def _joined(program: Program | None) -> dict[int, Callable[[tuple[Truth, ...]], Truth]]:
    """The functions that make one outcome of those of several sessions, by the comparison in them."""
    calls = [node for node in walk(program.node) if isinstance(node, Call)] if program is not None else []
    made = {"all": functions.all_, "any": functions.any_}
    return {id(call.of): made[call.function] for call in calls if call.function in made}


def _gaps(stage: str, number: int, rule: Transition, fired: set[_Rule], seen: set[_Outcome]) -> Iterator[Gap]:
    aim = f"{rule.move} {rule.target}".rstrip()
    if (stage, number) not in fired:
        yield Gap(stage, number, aim, rule.span)
    for text in _comparisons(rule.program):
        for outcome in (True, False):
            if (stage, number, text, outcome) not in seen:
                yield Gap(stage, number, aim, rule.span, text, outcome)


def _comparisons(program: Program | None) -> tuple[str, ...]:
    """The comparisons of a rule; one that is written twice counts once."""
    return tuple(dict.fromkeys(program.texts)) if program is not None else ()

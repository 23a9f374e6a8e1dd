"""Everything that is asked about a curriculum, in order."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from autotrain_dsl.cases.model import Claim
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.nodes import Node
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Stage, Transition
from autotrain_dsl.source import Span
from autotrain_dsl.verification import better, conditions
from autotrain_dsl.verification.asking import Questions
from autotrain_dsl.verification.claims import Claims
from autotrain_dsl.verification.cycles import Cycles
from autotrain_dsl.verification.encoding import Budget, TooLargeError
from autotrain_dsl.verification.histories import Histories
from autotrain_dsl.verification.journeys import Journeys
from autotrain_dsl.verification.model import Finding, Kept, Open, Report
from autotrain_dsl.verification.scales import Scale, scale_of
from autotrain_dsl.verification.solver import Solver
from autotrain_dsl.verification.witnesses import Mouse, Shown

_TOO_LARGE = "the curriculum is too large to decide it in reasonable time"
_POOL = Budget(0, 120_000_000, 30.0)  # of one run of ``validate`` in all
_CHEAP = Budget(60_000, 12_000_000, 3.0)  # of it for one curriculum
_CLAIMS = Budget(0, 300_000_000, 120.0)  # for all claims about a curriculum
_CLAIM = Budget(60_000, 30_000_000, 10.0)  # of it for one


@dataclass(frozen=True, slots=True)
class Limits:
    """How far is looked: how many sessions a mouse is followed, and whether values may be missing."""

    sessions: int = 15
    missing: bool = False


def likeness(graph: StateGraph, known: Sequence[Diagnostic]) -> Hashable:
    """The same for curriculums about which everything is the same, places included: versions that share their rules."""
    stages = [
        (stage.name, stage.final, _place(stage.span), *(_rule(rule) for rule in graph.rules(stage.name)))
        for stage in graph.stages
    ]
    return (
        graph.initial,
        tuple(graph.task.metrics.values()),
        *stages,
        *((each.code.id, _place(each.span)) for each in known),
    )


def _rule(rule: Transition) -> Hashable:
    condition = (printer.text(rule.program.node), rule.program.texts) if rule.program is not None else ()
    return rule.move, rule.target, rule.trigger, rule.because, _place(rule.span), condition


def _place(span: Span) -> tuple[str, int, int]:
    return span.source.name, span.start, span.end


@dataclass
class Cheap:
    """What ``validate`` says beyond the findings of the compiler, about all curriculums of a run.

    What is not decided is left out; ``complete`` says that there was nothing.
    """

    pool: Budget = field(default_factory=lambda: replace(_POOL))
    complete: bool = True

    def __call__(
        self, graph: StateGraph, known: Sequence[Diagnostic], stages: Sequence[Stage] | None = None
    ) -> list[Diagnostic]:
        """The findings on one curriculum, or on some of its stages; ``known`` are those of the compiler."""
        report, scale, budget = Report(), scale_of(graph), Budget()
        with budget.lent(self.pool, _CHEAP):
            for stage in graph.stages if stages is None else stages:
                if not stage.final:
                    questions = Questions(graph, stage, scale, Limits().sessions, known=known, budget=budget)
                    _take(report, "", stage.span, partial(conditions.cheap, questions))
        self.complete = self.complete and not report.open
        return [finding.diagnostic for finding in report.findings]


def verify(graph: StateGraph, known: Sequence[Diagnostic], claims: Sequence[Claim], limits: Limits) -> Report:
    """Everything about a curriculum; ``known`` are the findings of the compiler, which are not repeated.

    Raises ReplayError where the interpreter contradicts the solver, which is a defect of this program.
    """
    report, scale, start = Report(), scale_of(graph), graph.stage(graph.initial).span
    alive: dict[str, set[int]] = {}
    budget = Budget()
    for stage in graph.stages:
        if not stage.final:
            questions = Questions(graph, stage, scale, limits.sessions, limits.missing, known, budget)
            _take(report, f"what can be wrong with the rules of {stage.name}?", stage.span, partial(_all, questions))
            alive[stage.name] = questions.alive
    cycles = Cycles(graph, scale, limits.sessions, Budget())
    _take(report, "can a mouse that always does the same move for ever?", start, cycles.oscillation)
    _take(report, "can a step of the metrics move a mouse to and fro?", start, cycles.dead_bands)
    also = [claim.when.node for claim in claims if claim.when is not None]
    course = _Course(graph, scale, limits, alive, also)
    _take(report, "where can a mouse come to in time?", start, partial(course.ways, report))
    pool = replace(_CLAIMS)
    for claim in sorted(claims, key=lambda claim: claim.within or 0):  # what is cheap comes first
        with course.budget.lent(pool, _CLAIM):
            _take(report, claim.name, claim.span, partial(course.claim, claim), claim=True)
    return report


def _all(questions: Questions) -> Iterator[Finding | Open]:
    """Everything about a stage."""
    for ask in (conditions.cheap, better.gaps, better.polarity, better.perfect):
        yield from ask(questions)


@dataclass
class _Course:
    """What is asked about mice over time. ``also`` are conditions of claims."""

    graph: StateGraph
    scale: Scale
    limits: Limits
    alive: dict[str, set[int]]
    also: Sequence[Node]
    budget: Budget = field(default_factory=Budget)
    _known: dict[int, Journeys] = field(default_factory=dict)

    def journeys(self, sessions: int) -> Journeys:
        """All histories of so many sessions, or of more."""
        longest = max([self.limits.sessions, *self._known])
        wanted = longest if sessions <= longest else sessions
        if wanted not in self._known:
            solver = Solver(self.budget)
            histories = Histories(self.graph, solver, self.scale, wanted, self.limits.missing, also=self.also)
            self._known[wanted] = Journeys(histories, self.alive)
        return self._known[wanted]

    def ways(self, report: Report) -> Iterator[Finding | Open]:
        """Where mice come to, and what follows them there."""
        journeys = self.journeys(self.limits.sessions)
        reached = journeys.reached()
        for name, way in reached.items():
            if isinstance(way, Mouse):
                report.reached[name] = Shown(f"the shortest way to {name}", way, way.steps(self.graph))
        yield from journeys.arrivals(reached)
        yield from journeys.foreign()

    def claim(self, claim: Claim) -> Iterator[Finding | Open | Kept]:
        """Whether a claim holds."""
        yield from Claims(self.journeys(claim.within or self.limits.sessions), self.scale).outcome(claim)


def _take(
    report: Report,
    asked: str,
    span: Span,
    results: Callable[[], Iterator[Finding | Open | Kept]],
    *,
    claim: bool = False,
) -> None:
    """Everything that is found until it takes too long."""
    try:
        for result in results():
            if isinstance(result, Finding):
                report.findings.append(result)
            elif isinstance(result, Kept):
                report.kept.append(result)
            else:
                report.open.append(replace(result, claim=claim))
    except TooLargeError:
        report.open.append(Open(asked, span, _TOO_LARGE, claim))

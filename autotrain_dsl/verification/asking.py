"""Questions about one stage: what is asked about, and how an answer becomes a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import z3

from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Stage, Transition
from autotrain_dsl.source import Span
from autotrain_dsl.verification.encoding import Budget
from autotrain_dsl.verification.guards import Guard, both
from autotrain_dsl.verification.model import Finding, Open
from autotrain_dsl.verification.scales import Scale
from autotrain_dsl.verification.seeking import Undecided, seek
from autotrain_dsl.verification.situations import Anywhere, Values, Verdicts
from autotrain_dsl.verification.solver import Solver
from autotrain_dsl.verification.witnesses import Accept, Mouse, Shown

Result = Finding | Open


@dataclass(frozen=True)
class Sought:
    """Mice that would show a finding: the question whether there are any, in statements and in words.

    There is a title and there are other values (none: those that all rules are about) for each of the mice; ``accept``
    says whether the interpreter agrees. Of all mice those of which ``preferred`` is true show it best.
    """

    question: Guard
    asked: str
    finding: Diagnostic
    titles: Sequence[str]
    accept: Accept
    values: Sequence[Values] = ({},)
    preferred: Guard = True


@dataclass
class Questions:
    """The questions about a stage of a curriculum; ``known`` are the findings of the compiler."""

    graph: StateGraph
    stage: Stage
    scale: Scale
    sessions: int
    missing: bool = False
    known: Sequence[Diagnostic] = ()
    budget: Budget = field(default_factory=Budget)
    alive: set[int] = field(default_factory=set)  # rules that can decide

    @cached_property
    def solver(self) -> Solver:
        """A solver for this stage alone."""
        return Solver(self.budget, ordered=True)

    @cached_property
    def anywhere(self) -> Anywhere:
        """All situations of the stage."""
        return Anywhere(self.graph, self.stage, self.solver, self.scale, self.sessions, self.missing)

    @cached_property
    def verdicts(self) -> Verdicts:
        """The rules about them."""
        return self.anywhere.verdicts()

    def with_missing(self) -> Questions:
        """The same about mice of which values may be missing."""
        return replace(self, missing=True)

    def rule(self, place: int) -> Transition:
        """A rule by its place among those that fire by themselves."""
        return self.verdicts.rules[place][1]

    def comparable(self) -> list[str]:
        """The metrics that the stage reads and that can be better or worse."""
        return [name for name in self.anywhere.values if self.graph.task.metrics[name].better != "neither"]

    def higher_is_better(self, name: str) -> bool:
        """Whether a better mouse has a higher value of a metric."""
        return self.graph.task.metrics[name].better == "higher"

    def other(self, name: str) -> Values:
        """Other values of a metric, missing in the same sessions."""
        pairs = zip(self.anywhere.values[name], self.anywhere.fresh([name])[name], strict=True)
        return {name: tuple(replace(new, known=old.known) for old, new in pairs)}

    def possible(self, question: Guard, accept: Accept) -> bool | Undecided:
        """Whether there is a mouse of which the question is true and the interpreter says so, or why that is open."""
        answer = seek(self.solver, question, lambda model: (self.anywhere.mouse(model),), accept, shortest=None)
        if isinstance(answer, Undecided):
            return answer
        if answer is not None:
            return True
        if self.anywhere.limit is not None:
            return Undecided(f"not within {self.anywhere.limit} sessions; beyond is not looked at")
        if self.anywhere.is_capped and not self.solver.refutes(question, beyond=True):
            return Undecided(f"only values beyond {self.scale.limit:.0e} could make it so; declare their range")
        return False

    def told(
        self, answer: bool | Undecided, asked: str, span: Span, finding: Callable[[], Finding | None]
    ) -> Iterator[Result]:
        """What follows from an answer: the finding, or that there is none."""
        if isinstance(answer, Undecided):
            yield Open(asked, span, answer.why)
        elif (found := finding()) is not None:
            yield found

    def answers(self, sought: Sought) -> Iterator[Result]:
        """The finding with its mice, nothing where there are none, or an open question."""

        def mice(model: z3.ModelRef) -> tuple[Mouse, ...]:
            return tuple(self.anywhere.mouse(model, each) for each in sought.values)

        lengths = [self.anywhere.count == k for k in range(1, self.anywhere.length + 1)]
        new = self.anywhere.total == self.anywhere.count  # a mouse that has had no other sessions
        shortest = [both(length, sought.preferred, new) for length in lengths]
        shortest += [both(length, sought.preferred) for length in lengths]
        if sought.preferred is not True:
            shortest += lengths
        answer = seek(self.solver, sought.question, mice, sought.accept, shortest)
        span, limit = sought.finding.span, self.anywhere.limit
        if isinstance(answer, Undecided):
            yield Open(sought.asked, span, answer.why)
        elif answer is not None:
            shown = zip(sought.titles, answer, strict=True)
            yield Finding(sought.finding, tuple(Shown(title, mouse, mouse.steps(self.graph)) for title, mouse in shown))
        elif limit is not None:
            yield Open(sought.asked, span, f"not within {limit} sessions; beyond is not looked at")

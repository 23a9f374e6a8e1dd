"""What the author says of a curriculum in its tests: whether a mouse can break it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autotrain_dsl.cases.model import Claim
from autotrain_dsl.codes import verification as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions.evaluator import Evaluator
from autotrain_dsl.expressions.functions import Value
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import Decision, History, Situation
from autotrain_dsl.model import Move
from autotrain_dsl.spelling import counted
from autotrain_dsl.verification.encoding import HERE, TOTAL, Encoder
from autotrain_dsl.verification.guards import Guard, both, either, negated
from autotrain_dsl.verification.journeys import Journeys
from autotrain_dsl.verification.model import Finding, Kept, Open
from autotrain_dsl.verification.scales import Scale
from autotrain_dsl.verification.seeking import Undecided
from autotrain_dsl.verification.situations import Anywhere, Verdicts, target_of, verdicts_of
from autotrain_dsl.verification.solver import Solver
from autotrain_dsl.verification.witnesses import Mouse, Shown

Outcome = Finding | Open | Kept


@dataclass
class Claims:
    """Claims about all mice that follow a curriculum from their first session on."""

    journeys: Journeys
    scale: Scale

    @property
    def graph(self) -> StateGraph:
        """The curriculum."""
        return self.journeys.graph

    def outcome(self, claim: Claim) -> Iterator[Outcome]:
        """That no mouse breaks it, or one that does."""
        yield from self._reachable(claim) if claim.within is not None else self._about_decisions(claim)

    def _about_decisions(self, claim: Claim) -> Iterator[Outcome]:
        histories = self.journeys.histories
        if all(self._always_kept(claim, stage, after=0) for stage in self._stages(claim)):
            yield Kept(claim.name, claim.span, None)
            return
        broken = [
            either(*(self._broken_in(claim, session.number - 1, stage) for stage in self._stages(claim)))
            for session in histories.course[:-1]
        ]

        def accept(mice: tuple[Mouse, ...]) -> bool:
            last = mice[0].steps(self.graph)[-1]
            return self._breaks(claim, mice[0], last.situation, last.decision)

        found = self.journeys.shortest(broken, accept)
        if isinstance(found, Undecided):
            yield Open(claim.name, claim.span, found.why)
        elif found is None:
            later = all(self._always_kept(claim, stage, after=histories.sessions) for stage in self._stages(claim))
            yield Kept(claim.name, claim.span, None if later else histories.sessions)
        else:
            steps = found.steps(self.graph)
            last = steps[-1]
            stage, decision = last.situation.stage, last.decision
            what = f"{decision.decision.lower()} in `{stage}` after {counted(len(steps), 'session')}"
            message, hint = f"`{claim.name}` does not hold: {what}", "see the mouse below"
            finding = Diagnostic(codes.BROKEN_CLAIM, claim.span, message, hint)
            yield Finding(finding, (Shown("it breaks the claim in its last session", found, steps),))

    def _reachable(self, claim: Claim) -> Iterator[Outcome]:
        within = claim.within or 0
        question = [session.at[claim.stage] for session in self.journeys.histories.course[1 : within + 1]]

        def accept(mice: tuple[Mouse, ...]) -> bool:
            return mice[0].steps(self.graph)[-1].decision.next_stage == claim.stage

        if claim.stage == self.graph.initial:
            yield Kept(claim.name, claim.span, None)
            return
        found = self.journeys.shortest(question, accept)
        if isinstance(found, Undecided):
            yield Open(claim.name, claim.span, found.why)
        elif found is None:
            message = f"`{claim.name}` does not hold: no mouse gets there so soon"
            hint = "`autotrain-dsl verify` lists after how many sessions each stage can be reached"
            yield Finding(Diagnostic(codes.BROKEN_CLAIM, claim.span, message, hint))
        else:
            steps = found.steps(self.graph)
            shown = Shown(f"the shortest way to {claim.stage}", found, steps)
            yield Kept(claim.name, claim.span, None, (shown,))

    def _stages(self, claim: Claim) -> list[str]:
        return [stage.name for stage in self.graph.stages if claim.stage in ("", stage.name)]

    def _always_kept(self, claim: Claim, stage: str, *, after: int) -> bool:
        """Whether no mouse that stands in a stage after so many sessions breaks a claim, whatever its history."""
        histories = self.journeys.histories
        solver = Solver(histories.solver.budget)
        also = [claim.when.node] if claim.when is not None else []
        place = self.graph.stage(stage)
        anywhere = Anywhere(self.graph, place, solver, self.scale, histories.sessions, histories.missing, also)
        broken = both(anywhere.total > after, self._broken(claim, stage, anywhere.encoder()))
        return solver.refutes(broken) and anywhere.limit is None

    def _broken_in(self, claim: Claim, place: int, stage: str) -> Guard:
        session = self.journeys.histories.course[place]
        at = session.at[stage]
        return at if at is False else both(at, self._broken(claim, stage, session.encoder))

    def _broken(self, claim: Claim, stage: str, encoder: Encoder) -> Guard:
        """Whether a mouse in a stage breaks a claim."""
        when: Guard = True if claim.when is None else encoder.condition(claim.when.node).true
        if self.graph.stage(stage).final:
            decided: Guard = claim.decision in ("", "STAY") and claim.next_stage in ("", stage)
        else:
            decided = self._decided(claim, stage, verdicts_of(self.graph, stage, encoder))
        return both(when, negated(decided) if claim.always else decided)

    def _decided(self, claim: Claim, stage: str, verdicts: Verdicts) -> Guard:
        """Whether the decision is the one that the claim speaks of."""
        fitting = [
            fires
            for (_, rule), fires in zip(verdicts.rules, verdicts.fires, strict=True)
            if _fits(claim, rule.move, target_of(rule, stage))
        ]
        if _fits(claim, Move.STAY, stage):
            fitting.append(verdicts.none)
        return either(*fitting)

    def _breaks(self, claim: Claim, mouse: Mouse, situation: Situation, decision: Decision) -> bool:
        if claim.stage not in ("", situation.stage):
            return False
        if claim.when is not None:
            history = History.of(mouse.sessions)
            names: dict[str, Value] = {
                **history.metrics,
                TOTAL: float(situation.session_total),
                HERE: float(situation.session_at_current_stage),
            }
            if Evaluator(names, situation.session_at_current_stage).truth(claim.when)[0] is not True:
                return False
        decided = claim.decision in ("", decision.decision) and claim.next_stage in ("", decision.next_stage)
        return decided is not claim.always


def _fits(claim: Claim, move: Move, target: str) -> bool:
    return claim.decision in ("", move.value.upper()) and claim.next_stage in ("", target)

"""Questions about mice over time: where they come, what follows them there, and whether they arrive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import z3

from autotrain_dsl.cases.running import Step
from autotrain_dsl.codes import graph as graph_codes
from autotrain_dsl.codes import verification as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions.reads import reads_of
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import Decision, History, step
from autotrain_dsl.model import Move, Stage, Transition, Trigger
from autotrain_dsl.verification.asking import Result
from autotrain_dsl.verification.conditions import aim
from autotrain_dsl.verification.guards import Guard, both, either, negated
from autotrain_dsl.verification.histories import Histories, Session
from autotrain_dsl.verification.model import Finding, Open
from autotrain_dsl.verification.seeking import Undecided, seek
from autotrain_dsl.verification.situations import automatic, target_of
from autotrain_dsl.verification.witnesses import Accept, Mouse, Shown


@dataclass
class Journeys:
    """All histories of a curriculum; ``alive`` are the rules of each stage that can decide."""

    histories: Histories
    alive: dict[str, set[int]]

    @property
    def graph(self) -> StateGraph:
        """The curriculum."""
        return self.histories.graph

    def shortest(self, question: Sequence[Guard], accept: Accept) -> Undecided | Mouse | None:
        """The first sessions of a mouse of which the question about the last of them is true.

        ``question`` has a guard for each session; None where there is no such mouse within the sessions.
        """
        solver = self.histories.solver
        if solver.refutes(either(*question)):
            return None
        for number, guard in enumerate(question, 1):
            best = [self._best_of_all(number)]

            def mice(model: z3.ModelRef, sessions: int = number) -> tuple[Mouse, ...]:
                return (self.histories.mouse(model, sessions),)

            answer = seek(solver, guard, mice, accept, best)
            if isinstance(answer, Undecided):
                return answer
            if answer is not None:
                return answer[0]
        return None

    def _best_of_all(self, sessions: int) -> Guard:
        """Whether the last of some sessions is the best: so a witness shows most plainly what happens to it."""
        guards = list[Guard]()
        for name, numbers in self.histories.values.items():
            if (better := self.graph.task.metrics[name].better) != "neither":
                sign = 1 if better == "higher" else -1
                last = sign * numbers[sessions - 1].value
                guards += [last >= sign * number.value for number in numbers[: sessions - 1]]
        return both(*guards)

    def reached(self) -> dict[str, Undecided | Mouse | None]:
        """The shortest history to every stage that is in use after it; None: not within the sessions.

        To the first stage no history leads; it is left out.
        """
        found: dict[str, Undecided | Mouse | None] = {}
        for stage in self.graph.stages:
            if stage.name != self.graph.initial:
                name = stage.name
                question = [session.at[name] for session in self.histories.course[1:]]

                def accept(mice: tuple[Mouse, ...], stage: str = name) -> bool:
                    return _leads_to(mice[0], stage, self.graph)

                found[name] = self.shortest(question, accept)
        return found

    def arrivals(self, reached: dict[str, Undecided | Mouse | None]) -> Iterator[Result]:
        """Stages that no mouse reaches, or from which none reaches a final stage, although rules lead there."""
        live = self._live()
        within = f"not within {self.histories.sessions} sessions; beyond is not looked at"
        finals = [stage.name for stage in self.graph.stages if stage.final]
        drawn_out, endless = self.graph.unreachable(), self.graph.endless()
        ways = [way for final in finals if isinstance(way := reached.get(final), Mouse)]
        passed = {step.situation.stage for way in ways for step in way.steps(self.graph)}
        for stage in self.graph.stages:
            name = stage.name
            way = reached.get(name)
            if way is None and name != self.graph.initial:
                if name not in live[self.graph.initial] and name not in drawn_out:
                    message = f"no mouse can get to `{name}`: of every way there a rule never fires"
                    yield Finding(Diagnostic(graph_codes.UNREACHABLE, stage.span, message, "correct those rules"))
                elif name not in drawn_out:
                    yield Open(f"can a mouse reach {name}?", stage.span, within)
                continue
            if isinstance(way, Undecided):
                yield Open(f"can a mouse reach {name}?", stage.span, way.why)
            elif finals and not stage.final and name not in endless | passed:
                yield from self._finishing(stage, way, finals, live, within)

    def _finishing(
        self, stage: Stage, way: Mouse | None, finals: list[str], live: dict[str, set[str]], within: str
    ) -> Iterator[Result]:
        course, asked = self.histories.course, f"can a mouse get from {stage.name} to a final stage?"
        been = either(*(session.at[stage.name] for session in course[:-1]))
        solver = self.histories.solver
        question = both(been, either(*(course[-1].at[final] for final in finals)))

        def mice(model: z3.ModelRef) -> tuple[Mouse, ...]:
            return (self.histories.mouse(model, self.histories.sessions),)

        def accept(mice: tuple[Mouse, ...]) -> bool:
            steps = mice[0].steps(self.graph)
            been = any(step.situation.stage == stage.name for step in steps)
            return been and steps[-1].decision.next_stage in finals

        answer = seek(solver, question, mice, accept, shortest=None)
        if isinstance(answer, Undecided):
            yield Open(asked, stage.span, answer.why)
        elif answer is not None:
            return
        elif not live[stage.name] & set(finals):
            message = f"a mouse in `{stage.name}` can never reach a final stage: of every way there a rule never fires"
            finding = Diagnostic(graph_codes.NO_WAY_OUT, stage.span, message, "correct those rules")
            shown = (Shown(f"the shortest way into {stage.name}", way, way.steps(self.graph)),) if way else ()
            yield Finding(finding, shown)
        else:
            yield Open(asked, stage.span, within)

    def _live(self) -> dict[str, set[str]]:
        """The stages to which rules that can fire lead from every stage, over any number of others."""
        steps = {
            stage.name: {
                target_of(rule, stage.name)
                for number, rule in enumerate(self.graph.rules(stage.name), 1)
                if number in self.alive.get(stage.name, ()) or (rule.trigger is Trigger.MANUAL)
            }
            for stage in self.graph.stages
        }
        for _ in steps:
            steps = {name: near | {far for each in near for far in steps[each]} for name, near in steps.items()}
        return steps

    def foreign(self) -> Iterator[Result]:
        """Rules that move a mouse for sessions of an earlier stage, where its own sessions say otherwise."""
        for stage in self.graph.stages:
            if stage.final or not self.graph.entered_from_elsewhere(stage.name):
                continue
            foreign = False
            for number, rule in automatic(self.graph, stage.name):
                reads = reads_of(rule.program.node) if rule.program is not None else ()
                foreign = foreign or any(read.reach > 1 and not read.at_stage for read in reads)
                if foreign:  # an earlier rule may have left the mouse to this one
                    yield from self._foreign(stage.name, number, rule)

    def _foreign(self, stage: str, number: int, rule: Transition) -> Iterator[Result]:
        question = [self._judged_otherwise(session, stage, number, rule) for session in self.histories.course[:-1]]

        def accept(mice: tuple[Mouse, ...]) -> bool:
            steps = mice[0].steps(self.graph)
            if not steps or steps[-1].situation.stage != stage or steps[-1].decision.fired != number:
                return False
            return _outcome(_own(mice[0], steps[-1], self.graph)) != _outcome(steps[-1].decision)

        asked = f"does rule {number} of {stage} move a mouse for what it did before it came there?"
        found = self.shortest(question, accept)
        if isinstance(found, Undecided):
            yield Open(asked, rule.span, found.why)
        elif found is not None:
            steps = found.steps(self.graph)
            alone = _own(found, steps[-1], self.graph)
            message = f"this {rule.move} can come of sessions from before the mouse was in `{stage}`"
            hint = "ask for `session_at_current_stage >= N` with the length of the window, or take `at_stage(x)`"
            finding = Diagnostic(codes.FOREIGN_SESSIONS, rule.span, message, hint)
            here = steps[-1].situation.session_at_current_stage
            own = f"its {here} sessions" if here > 1 else "its one session"
            title = f"{aim(rule)} at {stage}; by {own} there alone the decision is {_words(alone)}"
            yield Finding(finding, (Shown(title, found, steps),))

    def _judged_otherwise(self, session: Session, stage: str, number: int, rule: Transition) -> Guard:
        at = session.at[stage]
        if at is False:
            return False
        whole, own = (self.histories.verdicts(session, stage, own=own) for own in (False, True))
        place = next(place for place, (each, _) in enumerate(whole.rules) if each == number)
        alike = [
            fires
            for (_, other), fires in zip(own.rules, own.fires, strict=True)
            if (other.move, other.target) == (rule.move, rule.target)
        ]
        if rule.move is Move.STAY:
            alike.append(own.none)
        return both(at, whole.fires[place], negated(either(*alike)))


def _leads_to(mouse: Mouse, stage: str, graph: StateGraph) -> bool:
    steps = mouse.steps(graph)
    return bool(steps) and steps[-1].decision.next_stage == stage


def _own(mouse: Mouse, last: Step, graph: StateGraph) -> Decision:
    """What is decided about the last session where only those of its stay are known."""
    here = last.situation.session_at_current_stage
    sessions = {name: values[-here:] for name, values in mouse.sessions.items()}
    situation = replace(last.situation, stay=here)
    return step(graph, situation, History.of(sessions))


def _outcome(decision: Decision) -> tuple[str, str]:
    return decision.decision, decision.next_stage


def _words(decision: Decision) -> str:
    return decision.decision if decision.decision == "STAY" else f"{decision.decision} to {decision.next_stage}"

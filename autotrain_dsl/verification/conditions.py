"""What is wrong with the rules of a stage whatever a mouse does: cheap enough for ``validate``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from autotrain_dsl.codes import expressions as expression_codes
from autotrain_dsl.codes import graph as graph_codes
from autotrain_dsl.codes import verification as codes
from autotrain_dsl.diagnostics import Diagnostic, Note
from autotrain_dsl.model import Move, Transition, Trigger
from autotrain_dsl.source import Span
from autotrain_dsl.verification.asking import Questions, Result, Sought
from autotrain_dsl.verification.guards import both, negated
from autotrain_dsl.verification.model import Finding
from autotrain_dsl.verification.witnesses import Mouse

_STATIC = (expression_codes.CONSTANT, expression_codes.OUT_OF_RANGE, graph_codes.DEAD_RULE)
_UNLESS_MISSING = Note("where a value is missing the condition is unknown, and the rule does not fire")


def cheap(questions: Questions) -> Iterator[Result]:
    """Conditions that decide nothing, rules that are never reached, and rules that contradict each other."""
    yield from conditions(questions)
    yield from contradictions(questions)


def conditions(questions: Questions) -> Iterator[Result]:
    """Conditions that are never or always true, and rules that are never reached."""
    for place, (number, rule) in enumerate(questions.verdicts.rules):
        reached = questions.possible(questions.verdicts.fires[place], partial(_decides, questions, number))
        if reached is not False:
            questions.alive.add(number)
        if any(_is_about(each, rule) for each in questions.known):
            continue  # the compiler has said so
        told = list(_outcomes(questions, place))
        yield from told
        if reached is not True and not told:
            asked = f"can rule {number} of {questions.stage.name} be reached?"
            yield from questions.told(reached, asked, place_of(rule), partial(_dead, questions, place))


def _outcomes(questions: Questions, place: int) -> Iterator[Result]:
    """What there is to say of a condition that is never or always true."""
    number, rule = questions.verdicts.rules[place]
    truth, name = questions.verdicts.truths[place], f"the condition of rule {number} of {questions.stage.name}"
    if rule.program is None:
        return
    can = questions.possible(truth.true, partial(_is_true, questions, number))
    if can is not True:
        yield from questions.told(can, f"can {name} be true?", place_of(rule), partial(_constant, rule, outcome=False))
        return
    must = questions.possible(negated(truth.true), lambda mice: not _is_true(questions, number, mice))
    if must is not True:
        yield from questions.told(
            must, f"is {name} ever not true?", place_of(rule), partial(_constant, rule, outcome=True)
        )


def _decides(questions: Questions, number: int, mice: tuple[Mouse, ...]) -> bool:
    return mice[0].decision(questions.graph).fired == number


def _is_true(questions: Questions, number: int, mice: tuple[Mouse, ...]) -> bool:
    return number in mice[0].fired(questions.graph)


def place_of(rule: Transition) -> Span:
    """Where a finding about the condition of a rule stands."""
    return rule.program.node.span if rule.program is not None else rule.span


def _is_about(finding: Diagnostic, rule: Transition) -> bool:
    """Whether the compiler has found already that a rule decides nothing."""
    spans = [rule.span, place_of(rule)]
    return finding.code in _STATIC and any(
        finding.span.source is span.source and span.start <= finding.span.start <= span.end for span in spans
    )


def _constant(rule: Transition, *, outcome: bool) -> Finding:
    span = place_of(rule)
    if outcome:
        message = "every mouse whose values are within the declared ranges meets this condition"
        finding = Diagnostic(expression_codes.CONSTANT, span, message, "write `otherwise: true`", (_UNLESS_MISSING,))
    else:
        message = "no mouse whose values are within the declared ranges meets this condition"
        finding = Diagnostic(expression_codes.CONSTANT, span, message, "correct a threshold, or delete the rule")
    return Finding(finding)


def _dead(questions: Questions, place: int) -> Finding | None:
    """A rule that is never reached; an ``otherwise`` that is reached where a value is missing has its purpose."""
    rule, verdicts = questions.rule(place), questions.verdicts
    notes: tuple[Note, ...] = ()
    if not questions.missing and _fires_at_all(questions.with_missing(), place):
        if rule.trigger is Trigger.OTHERWISE:
            questions.alive.add(verdicts.rules[place][0])
            return None
        notes = (Note("only where a value is missing it may fire"),)
    earlier = {str(n): negated(truth.true) for n, truth in enumerate(verdicts.truths[:place])}
    names = questions.solver.blockers(verdicts.truths[place].true, earlier)
    blocking = [questions.rule(int(name)) for name in sorted(names, key=int)]
    lines = [Note(f"{rule.move} to `{rule.target}`" if rule.target else str(rule.move), rule.span) for rule in blocking]
    which = (
        f"the rule in line {blocking[0].span.line} is true too and" if len(blocking) == 1 else "one of the rules below"
    )
    message = f"this rule is never reached: whenever it is true, {which} fires first"
    finding = Diagnostic(graph_codes.DEAD_RULE, rule.span, message, "move it up, or delete it", (*lines, *notes))
    return Finding(finding)


def _fires_at_all(questions: Questions, place: int) -> bool:
    return not questions.solver.refutes(questions.verdicts.fires[place])


def contradictions(questions: Questions) -> Iterator[Result]:
    """Pairs of rules that are true together, of which one progresses and the other rolls back."""
    verdicts, graph = questions.verdicts, questions.graph
    conditional = [place for place, (_, rule) in enumerate(verdicts.rules) if rule.program is not None]
    for second in conditional:
        for first in (place for place in conditional if place < second):
            rule, blocked = questions.rule(first), questions.rule(second)
            if {rule.move, blocked.move} != {Move.PROGRESS, Move.ROLLBACK}:
                continue
            numbers = verdicts.rules[first][0], verdicts.rules[second][0]

            def accept(mice: tuple[Mouse, ...], one: int = numbers[0], other: int = numbers[1]) -> bool:
                return mice[0].decision(graph).fired == one and other in mice[0].fired(graph)

            title = f"rule {numbers[0]} decides ({aim(rule)}); rule {numbers[1]} ({aim(blocked)}) is true as well"
            message = (
                f"this {rule.move} decides about mice of which the {blocked.move} to `{blocked.target}` is true too"
            )
            hint = "give one of them the condition that tells them apart"
            notes = (Note("that rule", blocked.span),)
            finding = Diagnostic(codes.CONTRADICTION, rule.span, message, hint, notes)
            asked = f"can rules {numbers[0]} and {numbers[1]} of {questions.stage.name} be true together?"
            question = both(verdicts.fires[first], verdicts.truths[second].true)
            yield from questions.answers(Sought(question, asked, finding, (title,), accept))


def aim(rule: Transition) -> str:
    """What a rule does, in a word or two."""
    return " ".join(part for part in (rule.move.value, rule.target) if part)

"""Questions about a better mouse: whether it can fare worse, fall into a gap, or be stuck."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import isfinite

from autotrain_dsl.codes import verification as codes
from autotrain_dsl.diagnostics import Code, Diagnostic
from autotrain_dsl.expressions.nodes import names
from autotrain_dsl.interpreter import PROGRESS, ROLLBACK
from autotrain_dsl.model import Move, Trigger
from autotrain_dsl.source import Span
from autotrain_dsl.verification.asking import Questions, Result, Sought
from autotrain_dsl.verification.guards import Guard, both, either, negated
from autotrain_dsl.verification.model import Finding
from autotrain_dsl.verification.situations import Values, Verdicts
from autotrain_dsl.verification.symbols import Number, real
from autotrain_dsl.verification.witnesses import Mouse, ReplayError, Shown

_SHOWN = 3  # sessions of a mouse that stays for ever


def gaps(questions: Questions) -> Iterator[Result]:
    """Values at which no rule fires, a step away from progress on one side and from rollback on the other."""
    rules = [rule for _, rule in questions.verdicts.rules]
    if not {Move.PROGRESS, Move.ROLLBACK} <= {rule.move for rule in rules if rule.trigger is Trigger.WHEN}:
        return
    if any(rule.program is None for rule in rules):
        return  # ``otherwise`` leaves no gap
    for name in questions.comparable():
        above, below = questions.other(name), questions.other(name)
        step = Fraction(str(questions.scale.steps[name]))
        near = [
            both(
                low.value <= at.value,
                at.value <= high.value,
                high.value - at.value <= step,
                at.value - low.value <= step,
            )
            for low, at, high in zip(below[name], questions.anywhere.values[name], above[name], strict=True)
        ]
        steady = [  # all that can differ between the three is on which side of the thresholds they are
            number.value == numbers[0].value
            for values in (questions.anywhere.values, above, below)
            for numbers in values.values()
            for number in numbers[1:]
        ]
        better, worse = (above, below) if questions.higher_is_better(name) else (below, above)
        question = both(
            *near,
            *steady,
            questions.verdicts.none,
            questions.anywhere.verdicts(better).decision(Move.PROGRESS),
            questions.anywhere.verdicts(worse).decision(Move.ROLLBACK),
        )

        def accept(mice: tuple[Mouse, ...]) -> bool:
            down, still, up = (mouse.decision(questions.graph) for mouse in mice)
            return down.decision == ROLLBACK and still.fired is None and up.decision == PROGRESS

        message = f"between progress and rollback lies a value of `{name}` at which no rule fires"
        hint = "use `>=` on one side and `<` on the other, or leave a gap that can be seen"
        finding = Diagnostic(codes.GAP, _blamed(questions, name, Move.ROLLBACK), message, hint)
        titles = ("rolled back", "a step better: no rule fires", "another step better: promoted")
        asked = f"is there an accidental gap of `{name}` between the rules of {questions.stage.name}?"
        yield from questions.answers(Sought(question, asked, finding, titles, accept, (worse, {}, better)))


def polarity(questions: Questions) -> Iterator[Result]:
    """Whether a better mouse can lose its progress, or be rolled back."""
    for name in questions.comparable():
        better = questions.other(name)
        after = questions.anywhere.verdicts(better)
        for move in (Move.PROGRESS, Move.ROLLBACK):
            yield from _flip(questions, name, move, better, after)


def _flip(questions: Questions, name: str, move: Move, better: Values, after: Verdicts) -> Iterator[Result]:
    """A history of which the better one is not promoted any more, or only the better one is rolled back."""
    sign = 1 if questions.higher_is_better(name) else -1
    pairs = list(zip(questions.anywhere.values[name], better[name], strict=True))
    raised = both(*(sign * new.value >= sign * old.value for old, new in pairs))
    one, other = questions.verdicts.decision(move), after.decision(move)
    lost = move is Move.PROGRESS
    question = both(raised, one, negated(other)) if lost else both(raised, negated(one), other)

    def accept(mice: tuple[Mouse, ...]) -> bool:
        worse, improved = (mouse.decision(questions.graph).decision == move.value.upper() for mouse in mice)
        return _is_raised(mice, name, sign) and worse is lost and improved is not lost

    code: Code = codes.BETTER_HELD_BACK if lost else codes.BETTER_ROLLED_BACK
    what = "keeps a mouse from progress" if lost else "rolls a mouse back"
    hint = f"turn the comparison round; if high values of `{name}` are not better, say so in the task schema"
    finding = Diagnostic(code, _blamed(questions, name, move), f"a better `{name}` {what}", hint)
    titles = ("the worse mouse", f"the same mouse with a better `{name}`")
    asked = f"can a better `{name}` {'lose progress' if lost else 'bring a rollback'} in {questions.stage.name}?"
    newest: Guard = both(*(new.value == old.value for old, new in pairs[:-1]))
    yield from questions.answers(Sought(question, asked, finding, titles, accept, ({}, better), newest))


def _is_raised(mice: tuple[Mouse, ...], name: str, sign: int) -> bool:
    worse, better = (mouse.sessions[name] for mouse in mice)
    return all(
        (old is None) is (new is None) and (old is None or new is None or sign * new >= sign * old)
        for old, new in zip(worse, better, strict=True)
    )


def _blamed(questions: Questions, name: str, move: Move) -> Span:
    """The first rule with a move that reads a metric; the stage where there is none."""
    rules = [rule for _, rule in questions.verdicts.rules if rule.move is move and rule.program is not None]
    reading = [rule for rule in rules if rule.program is not None and name in names(rule.program.node)]
    return next((rule.span for rule in [*reading, *rules]), questions.stage.span)


def _is_perfect(questions: Questions, name: str, number: Number) -> Guard:
    """Whether a value is the best there is; without a range, whether it is at least good enough."""
    best, metric = real(questions.scale.perfect[name]), questions.graph.task.metrics[name]
    if metric.better == "higher":
        return number.value == best if isfinite(metric.maximum) else number.value >= best
    return number.value == best if isfinite(metric.minimum) else number.value <= best


def perfect(questions: Questions) -> Iterator[Result]:
    """Whether a mouse with perfect metrics can leave the stage."""
    rules = list(zip(questions.verdicts.rules, questions.verdicts.fires, strict=True))
    if not any(rule.move is Move.PROGRESS for (_, rule), _ in rules):
        return
    best, stage, graph = questions.scale.perfect, questions.stage.name, questions.graph
    at_best = both(
        *(
            _is_perfect(questions, name, number)
            for name in questions.comparable()
            for number in questions.anywhere.values[name]
        )
    )
    leaves = either(*(fires for (_, rule), fires in rules if rule.move is not Move.STAY and rule.target != stage))
    can = questions.possible(both(at_best, leaves), lambda mice: mice[0].decision(graph).next_stage != stage)

    def stuck() -> Finding:
        read = {name: best.get(name) if name in questions.anywhere.values else None for name in graph.task.metrics}
        long, short = (
            Mouse(stage, 1, 1, {name: (value,) * length for name, value in read.items()}, path=True)
            for length in (questions.sessions, _SHOWN)
        )
        if any(step.decision.next_stage != stage for step in long.steps(graph)):
            raise ReplayError(f"a perfect mouse does leave {stage}")
        message = f"a mouse with perfect metrics cannot leave `{stage}`"
        hint = "correct the rule that should promote it"
        finding = Diagnostic(codes.STUCK, questions.stage.span, message, hint)
        return Finding(finding, (Shown("a perfect mouse, and so on", short, short.steps(graph)),))

    if can is not True:
        asked = f"can a mouse with perfect metrics leave {stage}?"
        yield from questions.told(can, asked, questions.stage.span, stuck)

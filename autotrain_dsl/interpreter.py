"""One session judged: a state graph, where the subject stands and what it did, to a decision with its explanation.

Pure: the same input gives the same decision, and the input is left as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from autotrain_dsl.expressions.evaluator import Compared, Evaluator
from autotrain_dsl.expressions.functions import Value
from autotrain_dsl.expressions.nodes import Call, Item, Node, Window
from autotrain_dsl.expressions.reads import reads_of
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Move, Transition, Trigger

STAY, PROGRESS, ROLLBACK = "STAY", "PROGRESS", "ROLLBACK"
FIRED, NOT_FIRED, UNKNOWN = "fired", "did not fire", "unknown"
_DECISIONS = {Move.STAY: STAY, Move.PROGRESS: PROGRESS, Move.ROLLBACK: ROLLBACK}


@dataclass(frozen=True, slots=True)
class History:
    """Sessions of one subject up to the one that is judged, oldest first, with the value of every metric in each.

    ``sessions`` are their numbers; every sequence in ``metrics`` is as long, with None for a missing value.
    """

    sessions: tuple[int, ...]
    metrics: Mapping[str, tuple[float | None, ...]]

    @classmethod
    def of(cls, metrics: Mapping[str, Sequence[float | None]], sessions: Sequence[int] | None = None) -> History:
        """A history from plain sequences; NaN and infinity are missing. Sessions count from 1 if not given.

        Raises ValueError where the sequences are not equally long.
        """
        cleaned = {name: tuple(_number(value) for value in values) for name, values in metrics.items()}
        lengths = {len(values) for values in cleaned.values()} | ({len(sessions)} if sessions is not None else set())
        if len(lengths) > 1:
            raise ValueError(f"metrics and sessions differ in length: {sorted(lengths)}")
        length = next(iter(lengths), 0)
        return cls(tuple(sessions) if sessions is not None else tuple(range(1, length + 1)), cleaned)


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a subject stands: its stage, the session's number, and how many sessions it has spent in the stage.

    ``stay`` is the number of newest entries of the history that belong to the stay in the stage; it differs from
    ``session_at_current_stage``, which counts judged sessions, only where a session in between was not judged.
    """

    stage: str
    session_total: int
    session_at_current_stage: int
    stay: int | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that a rule needed: the metric, and the session's number (None: there is no such session)."""

    metric: str
    session: int | None

    def __str__(self) -> str:
        return f"{self.metric} of session {self.session}" if self.session else f"an earlier {self.metric}"


@dataclass(frozen=True, slots=True)
class ComparisonTrace:
    """One comparison as it turned out; ``margin`` is what it was passed by, negative what it fell short by."""

    text: str
    left: Value
    operator: str
    right: Value
    verdict: Value
    margin: float | None


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule that was tried; ``number`` is its place in the stage, from 1."""

    number: int
    rule: Transition
    verdict: str
    comparisons: tuple[ComparisonTrace, ...] = ()
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the subject, by which rule (None: no rule fired), and every rule that was tried."""

    decision: str
    next_stage: str
    fired: int | None
    trace: tuple[RuleTrace, ...]
    reason: str

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Everything that was missing in rules that could not be judged, without repetition."""
        return tuple(dict.fromkeys(missing for rule in self.trace for missing in rule.missing))


def step(graph: StateGraph, situation: Situation, history: History) -> Decision:
    """Judge the last session of ``history`` by the rules of the subject's stage; the first that fires decides."""
    stage = graph.stage(situation.stage)
    if stage.final:
        return Decision(STAY, stage.name, None, (), "final stage")
    stay = situation.session_at_current_stage if situation.stay is None else situation.stay
    names: dict[str, Value] = {
        **history.metrics,
        "session_total": float(situation.session_total),
        "session_at_current_stage": float(situation.session_at_current_stage),
    }
    evaluator = Evaluator(names, stay)
    tried: list[RuleTrace] = []
    for number, rule in enumerate(graph.rules(stage.name), 1):
        if rule.trigger is Trigger.MANUAL:
            continue
        tried.append(_try(number, rule, evaluator, history, stay))
        if tried[-1].verdict == FIRED:
            break
    return _decision(stage.name, tuple(tried))


def _try(number: int, rule: Transition, evaluator: Evaluator, history: History, stay: int) -> RuleTrace:
    if rule.program is None:
        return RuleTrace(number, rule, FIRED)
    truth, compared = evaluator.truth(rule.program)
    verdict = UNKNOWN if truth is None else FIRED if truth else NOT_FIRED
    missing = tuple(dict.fromkeys(_missing(compared, history, stay))) if truth is None else ()
    return RuleTrace(number, rule, verdict, tuple(_traced(each) for each in compared), missing)


def _traced(compared: Compared) -> ComparisonTrace:
    operator, left, right = compared.comparison.operator, compared.left, compared.right
    margin = None
    if isinstance(left, float) and isinstance(right, float) and operator not in ("==", "!="):
        margin = left - right if operator in (">", ">=") else right - left
    return ComparisonTrace(compared.text, left, operator, right, compared.verdict, margin)


def _missing(compared: tuple[Compared, ...], history: History, stay: int) -> Iterator[Missing]:
    """Which values made the outcome of a rule unknown."""
    for each in compared:
        if each.verdict is not None and not (isinstance(each.verdict, tuple) and None in each.verdict):
            continue
        for read in reads_of(each.comparison):
            values = history.metrics[read.metric]
            places = _places(read.node, values, stay)
            if not places:
                yield Missing(read.metric, None)
            for place in places:
                if place is None:
                    yield Missing(read.metric, None)
                elif values[place] is None:
                    yield Missing(read.metric, history.sessions[place])


def _places(node: Node, values: tuple[float | None, ...], stay: int) -> tuple[int | None, ...]:
    """Which places of the history a read looks at; None for one before the beginning."""
    match node:
        case Item():
            places = _places(node.of, values, stay)
            return (places[node.index] if -len(places) <= node.index < len(places) else None,)
        case Window():
            return _places(node.of, values, stay)[node.start : node.stop]
        case Call(function="at_stage"):
            places = _places(node.of, values, stay)
            return places[max(len(places) - stay, 0) :]
        case Call(function="present"):
            return tuple(p for p in _places(node.of, values, stay) if p is not None and values[p] is not None)
        case _:
            return tuple(range(len(values)))


def _decision(stage: str, tried: tuple[RuleTrace, ...]) -> Decision:
    fired = tried[-1] if tried and tried[-1].verdict == FIRED else None
    unknown = [rule for rule in tried if rule.verdict == UNKNOWN]
    reason = _because(fired) if fired is not None else "; ".join(["no rule fired", *_shortfalls(tried)])
    for rule in unknown:
        what = ", ".join(str(missing) for missing in rule.missing) or "a result that is no number"
        reason += f"; rule {rule.number} could not be judged, missing {what}"
    if fired is None:
        return Decision(STAY, stage, None, tried, reason)
    move = fired.rule.move
    target = stage if move is Move.STAY else fired.rule.target
    return Decision(_DECISIONS[move], target, fired.number, tried, reason)


def _because(fired: RuleTrace) -> str:
    facts = [_fact(each) for each in fired.comparisons]
    parts = [fired.rule.because, ", ".join(facts) if fired.rule.program is not None else "otherwise"]
    return f"rule {fired.number}: {'; '.join(part for part in parts if part)}"


def _shortfalls(tried: tuple[RuleTrace, ...]) -> Iterator[str]:
    """For every rule that did not fire the comparisons that do not hold."""
    for rule in tried:
        facts = [_fact(each) for each in rule.comparisons if each.verdict is False or _fails(each.verdict)]
        if rule.verdict == NOT_FIRED and facts:
            yield f"rule {rule.number}: not {', not '.join(facts)}"


def _fails(verdict: Value) -> bool:
    return isinstance(verdict, tuple) and False in verdict


def _fact(compared: ComparisonTrace) -> str:
    """A comparison with the value that was compared."""
    return f"{compared.text} ({_shown(compared.left)})"


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(_shown(each) for each in value[-5:])
    return "missing" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and isfinite(value) else None

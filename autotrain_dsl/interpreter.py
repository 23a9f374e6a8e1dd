"""One session judged: a state graph, where the subject stands and what it did, to a decision with its explanation.

Pure: the same input gives the same decision, and the input is left as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from autotrain_dsl.expressions import functions
from autotrain_dsl.expressions.evaluator import Compared, Evaluator
from autotrain_dsl.expressions.functions import Truth, Value
from autotrain_dsl.expressions.nodes import Call, Comparison, Item, Literal, Logic, Node, Not, Window, names, walk
from autotrain_dsl.expressions.reads import reads_of
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Move, Transition, Trigger

STAY, PROGRESS, ROLLBACK = "STAY", "PROGRESS", "ROLLBACK"
FIRED, NOT_FIRED, UNKNOWN = "fired", "did not fire", "unknown"
FINAL_STAGE = "final stage"  # the reason why a subject stays in one
DECISIONS = {Move.STAY: STAY, Move.PROGRESS: PROGRESS, Move.ROLLBACK: ROLLBACK}


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
    node: Comparison


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
        return Decision(STAY, stage.name, None, (), FINAL_STAGE)
    tried: list[RuleTrace] = []
    for rule in traces(graph, situation, history):
        tried.append(rule)
        if rule.verdict == FIRED:
            break
    return _decision(stage.name, tuple(tried))


def traces(graph: StateGraph, situation: Situation, history: History) -> Iterator[RuleTrace]:
    """Every rule of the subject's stage as it turns out, also those after one that fires; manual ones are left out."""
    stay = situation.session_at_current_stage if situation.stay is None else situation.stay
    names: dict[str, Value] = {
        **history.metrics,
        "session_total": float(situation.session_total),
        "session_at_current_stage": float(situation.session_at_current_stage),
    }
    evaluator = Evaluator(names, stay)
    for number, rule in enumerate(graph.rules(situation.stage), 1):
        if rule.trigger is not Trigger.MANUAL:
            yield _try(number, rule, evaluator, history, stay)


@dataclass(frozen=True, slots=True)
class Need:
    """What keeps a condition from being true: one comparison, or several parts of which all or any are needed.

    ``negated`` says that the comparison ``one`` must be false.
    """

    one: ComparisonTrace | None = None
    negated: bool = False
    operator: str = "all"
    parts: tuple[Need, ...] = ()


def needs(rule: RuleTrace) -> Need | None:
    """What would have to be otherwise for a rule to fire; None where it fires."""
    if rule.verdict == FIRED or rule.rule.program is None:
        return None
    compared = {id(each.node): each for each in rule.comparisons}
    return _need(rule.rule.program.node, compared, wanted=True)


def _need(node: Node, compared: Mapping[int, ComparisonTrace], *, wanted: bool) -> Need:
    match node:
        case Not():
            return _need(node.of, compared, wanted=not wanted)
        case Logic():
            parts = [part for part in node.parts if _outcome(part, compared) is not wanted]
            found = tuple(_need(part, compared, wanted=wanted) for part in parts)
            return found[0] if len(found) == 1 else Need(operator=_joined(node.operator, wanted=wanted), parts=found)
        case Comparison():
            return Need(compared[id(node)], negated=not wanted)
        case _:
            inner = [compared[id(part)] for part in walk(node) if id(part) in compared]
            found = tuple(Need(each, negated=not wanted) for each in inner)
            return found[0] if len(found) == 1 else Need(parts=found)


def _joined(operator: str, *, wanted: bool) -> str:
    """Whether all parts are needed or any: of what is to be false the other way round."""
    return "all" if (operator == "and") is wanted else "any"


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
    return ComparisonTrace(compared.text, left, operator, right, compared.verdict, margin, compared.comparison)


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
    fired, reason = _fired(tried), reason_of(tried)
    if fired is None:
        return Decision(STAY, stage, None, tried, reason)
    move = fired.rule.move
    target = stage if move is Move.STAY else fired.rule.target
    return Decision(DECISIONS[move], target, fired.number, tried, reason)


def _fired(tried: tuple[RuleTrace, ...]) -> RuleTrace | None:
    return tried[-1] if tried and tried[-1].verdict == FIRED else None


def reason_of(tried: tuple[RuleTrace, ...]) -> str:
    """In one line why the rules that were tried gave what they gave."""
    fired = _fired(tried)
    reason = _because(fired) if fired is not None else "; ".join(["no rule fired", *_shortfalls(tried)])
    for rule in tried:
        if rule.verdict == UNKNOWN:
            what = ", ".join(str(missing) for missing in rule.missing) or "a result that is no number"
            reason += f"; rule {rule.number} could not be judged, missing {what}"
    return reason


def _because(fired: RuleTrace) -> str:
    facts = list(_facts(fired, truth=True)) if fired.rule.program is not None else ["otherwise"]
    parts = [fired.rule.because, ", ".join(facts)]
    return f"rule {fired.number}: {'; '.join(part for part in parts if part)}"


def _shortfalls(tried: tuple[RuleTrace, ...]) -> Iterator[str]:
    """For every rule that did not fire what kept it from firing."""
    for rule in tried:
        if rule.verdict == NOT_FIRED and (facts := list(_facts(rule, truth=False))):
            yield f"rule {rule.number}: {', '.join(facts)}"


def _facts(rule: RuleTrace, *, truth: bool) -> Iterator[str]:
    """The comparisons that make the condition of a rule true, or false."""
    if rule.rule.program is not None:
        compared = {id(each.node): each for each in rule.comparisons}
        yield from dict.fromkeys(_reasons(rule.rule.program.node, compared, truth=truth))


def _reasons(node: Node, compared: Mapping[int, ComparisonTrace], *, truth: bool) -> Iterator[str]:
    """Only parts that have the outcome in question count: of a true ``or`` the parts that are true."""
    match node:
        case Not():
            yield from _reasons(node.of, compared, truth=not truth)
        case Logic():
            for part in node.parts:
                if _outcome(part, compared) is truth:
                    yield from _reasons(part, compared, truth=truth)
        case Comparison():
            yield f"{'' if truth else 'not '}{_fact(compared[id(node)])}"
        case Call():
            inner = [_fact(compared[id(part)]) for part in walk(node) if id(part) in compared]
            yield f"{'' if truth else 'not '}{node.function}: {', '.join(inner)}"


def _outcome(node: Node, compared: Mapping[int, ComparisonTrace]) -> Truth:
    """What a part of a condition came to."""
    match node:
        case Comparison():
            verdict = compared[id(node)].verdict
            return verdict if isinstance(verdict, bool) else None
        case Literal():
            return node.value is True
        case Not():
            of = _outcome(node.of, compared)
            return None if of is None else not of
        case Logic():
            parts = tuple(_outcome(part, compared) for part in node.parts)
            return functions.and_(*parts) if node.operator == "and" else functions.or_(*parts)
        case Call(function="all" | "any") if isinstance(node.of, Comparison):
            elements = compared[id(node.of)].verdict
            joined = functions.all_ if node.function == "all" else functions.any_
            return joined(elements) if isinstance(elements, tuple) else None
        case _:
            return None


def _fact(each: ComparisonTrace) -> str:
    """A comparison with the values that decided it: of a constant side the text says enough."""
    sides = [(_shown(each.left), names(each.node.left)), (_shown(each.right), names(each.node.right))]
    return f"{each.text} ({' against '.join(value for value, read in sides if read) or _shown(each.left)})"


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(_shown(each) for each in value[-5:])
    return "missing" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and isfinite(value) else None

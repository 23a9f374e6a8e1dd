"""Why a subject is where it is: a recorded decision made once more, with everything that was looked at.

Pure: rows of df_manager come in, an explanation comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autotrain_dsl.audit import inputs
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import FIRED, Decision, History, Need, RuleTrace, Situation, needs, step, traces
from autotrain_dsl.model import Move
from autotrain_dsl.tables.manager import Row

_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, SyntaxError, LookupError)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A rule that would have let the subject progress, and what it lacked.

    ``before`` is a rule that stands earlier and fired, so that this one was not looked at.
    """

    rule: RuleTrace
    need: Need | None
    before: RuleTrace | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A recorded decision (``row``) and how it comes about; ``decision`` is None where ``notes`` say why.

    ``differs`` says that today's curriculum decides otherwise than what is recorded.
    """

    row: Row
    decision: Decision | None
    situation: Situation | None
    promotions: tuple[Promotion, ...]
    notes: tuple[str, ...]
    differs: bool = False


def explain(catalog: Catalog, rows: Sequence[Row], session: int) -> Explanation:
    """Why it was decided so about a session; ``rows`` are those of its subject, sorted, and one is of that session."""
    row = next(each for each in rows if each.session == session)
    graph = catalog.find(row.curriculum_name, row.curriculum_version)
    if graph is None:
        return Explanation(row, None, None, (), (catalog.why_not(row.curriculum_name, row.curriculum_version),))
    notes = []
    if row.curriculum_hash and row.curriculum_hash != graph.content_hash:
        notes.append(f"the curriculum {_name(row)} has changed since; the rules below are those of today")
    if not graph.has_stage(row.current_stage_actual):
        message = f"{row.current_stage_actual} is no stage of {_name(row)} today"
        return Explanation(row, None, None, (), (*notes, message))
    try:
        situation, history = _input(row, rows, graph, notes)
        decision = step(graph, situation, history)
        tried = tuple(traces(graph, situation, history)) if not graph.stage(situation.stage).final else ()
    except _DAMAGE:
        return Explanation(row, None, None, (), (*notes, "the recorded `metrics` are damaged"))
    again, recorded = (decision.decision, decision.next_stage), (row.decision, row.next_stage_suggested)
    if again != recorded:
        notes.append(f"recorded is {recorded[0]} -> {recorded[1]}, but it comes out as {again[0]} -> {again[1]}")
    return Explanation(row, decision, situation, _promotions(tried), tuple(notes), again != recorded)


def _name(row: Row) -> str:
    return f"{row.curriculum_name}@{row.curriculum_version}"


def _input(row: Row, rows: Sequence[Row], graph: StateGraph, notes: list[str]) -> tuple[Situation, History]:
    """What the rules could read: as recorded, or for a row of another program from the rows up to it."""
    until = [each for each in rows if each.session <= row.session]
    if row.metrics:
        situation, history = inputs(row)
        missing: tuple[float | None, ...] = (None,) * len(history.sessions)
        every = {name: history.metrics.get(name, missing) for name in graph.task.metrics}
        return situation, replace(history, sessions=_numbers(until, len(history.sessions)), metrics=every)
    notes.append("what the rules could read was not recorded; it is taken from the rows up to this session")
    at_stage = row.session_at_current_stage or _stay(until)
    metrics = {name: [each.values.get(name) for each in until] for name in graph.task.metrics}
    history = History.of(metrics, [each.session for each in until])
    return Situation(row.current_stage_actual, row.session, at_stage), history


def _numbers(until: Sequence[Row], length: int) -> tuple[int, ...]:
    """The numbers of the newest sessions; 0 where it is not known that no session lies in between."""
    last = until[-1].session
    wanted = range(last - length + 1, last + 1)
    known = {each.session for each in until}
    gap = next((number for number in reversed(wanted) if number not in known), 0)
    return tuple(number if number > gap else 0 for number in wanted)


def _stay(until: Sequence[Row]) -> int:
    here = until[-1].current_stage_actual
    count = 0
    for row in reversed(until):
        if row.current_stage_actual != here:
            break
        count += 1
    return count


def _promotions(tried: Sequence[RuleTrace]) -> tuple[Promotion, ...]:
    """Every rule by which the subject would progress and that has not decided."""
    fired = next((rule for rule in tried if rule.verdict == FIRED), None)
    others = [rule for rule in tried if rule.rule.move is Move.PROGRESS and rule is not fired]
    return tuple(
        Promotion(rule, needs(rule), fired if fired is not None and fired.number < rule.number else None)
        for rule in others
    )

"""Every recorded decision made once more, from what was recorded with it.

Pure: rows of tables come in, what differs comes out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import Decision, History, Situation, step
from autotrain_dsl.tables.issues import Issue
from autotrain_dsl.tables.manager import Row

ELSEWHERE = "decided by another program, without a record of its inputs"


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of it: how many decisions came out the same, how many could not be made again, and what differs."""

    same: int
    not_recomputed: Mapping[str, int]  # why, and how many
    differing: tuple[Issue, ...]


def audit(catalog: Catalog, rows: Iterable[Row]) -> Audit:
    """Judge every row again by the rules of its curriculum, on the metrics that were recorded with it."""
    same, without, differing = 0, dict[str, int](), list[Issue]()
    for row in rows:
        why, graph = _graph(catalog, row)
        if graph is None:
            without[why] = without.get(why, 0) + 1
            continue
        differences = "; ".join(_differences(graph, row))
        if differences:
            differing.append(Issue(codes.UNVERIFIED, differences, row.subject_id, row.session))
        else:
            same += 1
    return Audit(same, without, tuple(sorted(differing, key=lambda issue: issue.key)))


def _graph(catalog: Catalog, row: Row) -> tuple[str, StateGraph | None]:
    """The curriculum that a row was judged with, or why there is none."""
    which = f"{row.curriculum_name}@{row.curriculum_version}"
    if not row.curriculum_hash:
        return ELSEWHERE, None
    graph = catalog.find(row.curriculum_name, row.curriculum_version)
    if graph is None:
        return f"the curriculum {which} is not there", None
    if graph.content_hash != row.curriculum_hash:
        return f"the curriculum {which} is not the one that they were judged with", None
    return "", graph


def _differences(graph: StateGraph, row: Row) -> Iterator[str]:
    if not graph.has_stage(row.current_stage_actual):
        yield f"{row.current_stage_actual} is no stage of the curriculum"
        return
    try:
        situation, history = inputs(row)
        decision = step(graph, situation, history)
        pairs = list(_pairs(row, decision))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, SyntaxError, LookupError):
        yield "the recorded `metrics` are damaged"
        return
    yield from (
        f"{column} is recorded as {recorded or 'empty'}, but comes out as {again or 'empty'}"
        for column, recorded, again in pairs
        if recorded != again
    )


def inputs(row: Row) -> tuple[Situation, History]:
    """Where the mouse stood and what the rules could read, as recorded. Raises many things where that is damaged."""
    recorded: dict[str, Any] = json.loads(row.metrics)
    total, count = recorded.pop("session_total"), recorded.pop("session_at_current_stage")
    stay = recorded.pop("sessions_of_stay", count)
    metrics = {name: tuple(None if v is None else float(v) for v in values) for name, values in recorded.items()}
    longest = max(map(len, metrics.values()), default=0)
    situation = Situation(row.current_stage_actual, int(total), int(count), int(stay))
    return situation, History(tuple(range(1, longest + 1)), metrics)


def _pairs(row: Row, decision: Decision) -> Iterator[tuple[str, str, str]]:
    yield "decision", row.decision, decision.decision
    yield "next_stage_suggested", row.next_stage_suggested, decision.next_stage
    yield "rule", row.rule, f"{row.current_stage_actual}:{decision.fired}" if decision.fired is not None else ""
    recorded = json.loads(row.metrics)
    yield "session", str(row.session), str(recorded["session_total"])
    yield "session_at_current_stage", str(row.session_at_current_stage), str(recorded["session_at_current_stage"])
    overridden = bool(row.if_closed_loop) and row.current_stage_actual != row.current_stage_suggested
    yield "if_overriden_by_trainer", str(row.if_overriden_by_trainer), str(overridden)
    if not row.missing and not decision.missing:  # else it names sessions, whose numbers are not recorded
        yield "reason", row.reason, decision.reason

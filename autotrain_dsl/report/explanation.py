"""An explanation as text and as plain data for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autotrain_dsl.explanation import Explanation, Promotion
from autotrain_dsl.interpreter import Need
from autotrain_dsl.report import traces
from autotrain_dsl.report.text import Style, clean

FORMAT = 1


def text(found: Explanation, style: Style) -> Iterator[str]:
    """Lines: what was decided, every rule that was tried, and what a promotion lacked."""
    row = found.row
    decided = style(clean(f"{row.decision} -> {row.next_stage_suggested}"), "message")
    yield f"mouse {clean(row.subject_id)}, session {row.session}: {decided}"
    yield f"  {clean(_circumstances(found))}"
    if row.reason:
        yield f"  {clean(row.reason)}"
    yield from (f"  {style('note', 'help')}: {clean(note)}" for note in found.notes)
    if found.decision is not None:
        if not found.decision.trace:
            yield f"  {found.decision.reason}: there are no rules to try"
        yield from (f"  {line}" for line in traces.lines(found.decision))
    for each in found.promotions:
        yield from (f"  {line}" for line in _promotion(each))


def data(found: Explanation) -> dict[str, Any]:
    """The same as plain data."""
    row, situation = found.row, found.situation
    return {
        "version": FORMAT,
        "subject_id": row.subject_id,
        "session": row.session,
        "curriculum_name": row.curriculum_name,
        "curriculum_version": row.curriculum_version,
        "current_stage_suggested": row.current_stage_suggested,
        "current_stage_actual": row.current_stage_actual,
        "session_at_current_stage": None if situation is None else situation.session_at_current_stage,
        "decision": row.decision,
        "next_stage_suggested": row.next_stage_suggested,
        "reason": row.reason,
        "missing": row.missing,
        "judged_at": row.judged_at,
        "notes": list(found.notes),
        "differs": found.differs,
        "rules": [] if found.decision is None else traces.data(found.decision),
        "promotions": [
            {
                "rule": each.rule.number,
                "target": each.rule.rule.target,
                "held_by_rule": None if each.before is None else each.before.number,
                "needs": None if each.need is None else _need_data(each.need),
            }
            for each in found.promotions
        ],
    }


def _circumstances(found: Explanation) -> str:
    row = found.row
    ran = f"ran {row.current_stage_actual}"
    if row.current_stage_suggested and row.current_stage_suggested != row.current_stage_actual:
        ran += f" ({row.current_stage_suggested} was suggested)"
    if found.situation is not None:
        ran += f", session {found.situation.session_at_current_stage} there"
    return f"{ran}; {row.curriculum_name}@{row.curriculum_version}; judged {row.judged_at or 'by another program'}"


def _promotion(each: Promotion) -> Iterator[str]:
    head = clean(f"to progress to {each.rule.rule.target} by rule {each.rule.number}")
    if each.before is not None:
        head += f", were it not for rule {each.before.number}, which fires before it"
    if each.need is None:
        yield f"{head}: nothing is lacking"
        return
    yield f"{head}, this must change:"
    yield from (f"  {line}" for line in _needs(each.need))


def _needs(need: Need) -> Iterator[str]:
    if need.one is not None:
        yield traces.comparison(traces.negated(need.one) if need.negated else need.one)
        return
    yield "all of" if need.operator == "all" else "one of"
    for part in need.parts:
        yield from (f"  {line}" for line in _needs(part))


def _need_data(need: Need) -> dict[str, Any]:
    if need.one is not None:
        one = traces.negated(need.one) if need.negated else need.one
        return {"comparison": need.one.text, "wanted": not need.negated, "margin": one.margin}
    return {need.operator: [_need_data(part) for part in need.parts]}

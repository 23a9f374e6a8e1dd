"""The closing summary of an evaluation, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autotrain_dsl.evaluation import Outcome
from autotrain_dsl.report.text import clean
from autotrain_dsl.tables.behavior import Behavior
from autotrain_dsl.tables.issues import Issue
from autotrain_dsl.tables.manager import Row

FORMAT = 1
_SHOWN = 20
_COMPARED = ("current_stage_suggested", "current_stage_actual", "decision", "next_stage_suggested")


@dataclass(frozen=True, slots=True)
class Run:
    """What an evaluation read, found and wrote; ``written`` are the tables that were changed."""

    behavior_uri: str
    manager_uri: str
    behavior: Behavior
    outcome: Outcome
    rows: int
    dry_run: bool
    written: tuple[str, ...]


def counts(run: Run) -> dict[str, int]:
    """The figures of the summary."""
    judged = run.outcome.judged
    decisions = [row.decision for row in judged]
    return {
        "mice": run.outcome.subjects,
        "sessions_read": run.behavior.rows,
        "judged": len(judged),
        "progressed": decisions.count("PROGRESS"),
        "rolled_back": decisions.count("ROLLBACK"),
        "stayed": decisions.count("STAY"),
        "held_for_missing_data": sum(row.decision == "STAY" and bool(row.missing) for row in judged),
        "overridden": sum(bool(row.if_overriden_by_trainer) for row in judged),
        "corrected": len(run.outcome.replaced),
        "not_judged": len(run.outcome.unjudged),
        "stale": len(run.outcome.stale),
        "warnings": len(run.outcome.warnings),
        "rows_without_session": run.behavior.dropped,
        "repeated_rows": run.behavior.repeated,
        "off_curriculum": run.behavior.off_curriculum,
    }


def as_text(run: Run) -> str:
    """The summary for a person; long lists are cut (the JSON form is complete)."""
    n = counts(run)
    lines = [
        f"{clean(run.behavior_uri)}: {n['sessions_read']:,} rows, {n['mice']:,} mice",
        *_leftovers(n),
        f"judged {n['judged']:,} sessions{' (nothing new)' if not n['judged'] and not n['not_judged'] else ''}",
    ]
    if n["judged"]:
        lines += [
            f"  progressed   {n['progressed']:>7,}",
            f"  rolled back  {n['rolled_back']:>7,}",
            f"  stayed       {n['stayed']:>7,}  (held for missing data: {n['held_for_missing_data']:,})",
        ]
        lines += [f"  overridden by a trainer: {n['overridden']:,}"] if n["overridden"] else []
    lines += _corrections(run.outcome.replaced)
    lines += _issues("could not be judged", run.outcome.unjudged)
    lines += _issues("rest on data that has changed since (see --correct)", run.outcome.stale)
    lines += _issues("warnings", run.outcome.warnings)
    lines.append(_written(run))
    return "".join(f"{line}\n" for line in lines)


def as_json(run: Run) -> str:
    """The whole run as a JSON object."""
    content: dict[str, Any] = {
        "version": FORMAT,
        "behavior": run.behavior_uri,
        "manager": run.manager_uri,
        "dry_run": run.dry_run,
        "written": list(run.written),
        "summary": counts(run),
        "judged": [_row(row) for row in run.outcome.judged],
        "corrected": [{"before": _row(before), "after": _row(after)} for before, after in run.outcome.replaced],
        "not_judged": [_issue(issue) for issue in run.outcome.unjudged],
        "stale": [_issue(issue) for issue in run.outcome.stale],
        "warnings": [_issue(issue) for issue in run.outcome.warnings],
    }
    return json.dumps(content, indent=2) + "\n"


def _leftovers(n: dict[str, int]) -> list[str]:
    parts = [
        (n["rows_without_session"], "without mouse or session number dropped"),
        (n["repeated_rows"], "repeated rows counted once"),
        (n["off_curriculum"], "off curriculum left out"),
    ]
    shown = [f"{count:,} {what}" for count, what in parts if count]
    return [f"  {', '.join(shown)}"] if shown else []


def _corrections(replaced: Sequence[tuple[Row, Row]]) -> list[str]:
    """Every row that was replaced, before and after; those that came out the same are only counted."""
    if not replaced:
        return []
    changed = [(before, after) for before, after in replaced if _gist(before) != _gist(after)]
    lines = [f"judged again {len(replaced):,} sessions, {len(changed):,} with another result"]
    for before, after in changed:
        lines.append(f"  mouse {clean(before.subject_id)} session {before.session}: {_gist(before)} -> {_gist(after)}")
    return lines


def _gist(row: Row) -> str:
    return f"{row.current_stage_actual} {row.decision} {row.next_stage_suggested}"


def _issues(title: str, issues: Sequence[Issue]) -> list[str]:
    if not issues:
        return []
    shown = [f"  {issue.code.id} {clean(str(issue))}" for issue in issues[:_SHOWN]]
    more = len(issues) - len(shown)
    return [f"{title}: {len(issues):,}", *shown, *([f"  ... and {more:,} more"] if more > 0 else [])]


def _written(run: Run) -> str:
    if run.dry_run:
        return "dry run: nothing is written"
    if not run.written:
        return f"{clean(run.manager_uri)} is unchanged ({run.rows:,} rows)"
    return f"written: {', '.join(clean(uri) for uri in run.written)} ({run.rows:,} rows)"


def _issue(issue: Issue) -> dict[str, Any]:
    return {
        "code": issue.code.id,
        "name": issue.code.name,
        "subject_id": issue.subject,
        "session": issue.session,
        "message": issue.message,
    }


def _row(row: Row) -> dict[str, Any]:
    columns = (
        "subject_id",
        "session",
        "curriculum_name",
        "curriculum_version",
        *_COMPARED,
        "rule",
        "reason",
        "missing",
    )
    return {column: getattr(row, column) for column in columns}

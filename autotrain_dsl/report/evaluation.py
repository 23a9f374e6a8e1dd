"""The closing summary of an evaluation, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.judging import Outcome
from autotrain_dsl.nightly import Result
from autotrain_dsl.report.text import clean
from autotrain_dsl.spelling import counted
from autotrain_dsl.tables.behavior import Behavior
from autotrain_dsl.tables.issues import Issue
from autotrain_dsl.tables.manager import Row
from autotrain_dsl.tally import COMPARED, Tally, told

FORMAT = 1
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Run:
    """What an evaluation read, found and wrote; ``written`` are the tables that were changed.

    ``name`` is that of the manager in the configuration, ``behavior_version`` the SHA-256 of df_behavior,
    ``generation`` the newest one of the state, ``adopted`` what was taken over from another program.
    """

    name: str
    behavior_uri: str
    manager_uri: str
    behavior: Behavior
    outcome: Outcome
    tally: Tally
    rows: int
    dry_run: bool
    written: tuple[str, ...]
    generation: int
    behavior_version: str
    adopted: str

    @classmethod
    def of(cls, name: str, behavior_uri: str, manager_uri: str, result: Result, dry_run: bool) -> Run:
        """From the result of a nightly run."""
        return cls(
            name, behavior_uri, manager_uri, result.behavior, result.outcome, result.tally, result.rows, dry_run,
            result.written, result.generation, result.behavior_version, result.adopted,
        )  # fmt: skip


def counts(run: Run) -> dict[str, int]:
    """The figures of the summary."""
    return {
        "mice": run.outcome.subjects,
        "sessions_read": run.behavior.rows,
        "judged": run.tally.judged,
        "progressed": run.tally.decisions.get("PROGRESS", 0),
        "rolled_back": run.tally.decisions.get("ROLLBACK", 0),
        "stayed": run.tally.decisions.get("STAY", 0),
        "held_for_missing_data": len(run.tally.held),
        "overridden": run.tally.overridden,
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
    mice = counted(n["mice"], "mouse", "mice")
    lines = [
        f"{clean(run.behavior_uri)}: {counted(n['sessions_read'], 'row')}, {mice} looked at",
        *_leftovers(n),
        *([f"taken over: {run.adopted}"] if run.adopted else []),
        f"judged {counted(n['judged'], 'session')}{'' if n['judged'] or n['not_judged'] else ': there is nothing new'}",
    ]
    if n["judged"]:
        lines += [
            f"  progressed   {n['progressed']:>7,}",
            f"  rolled back  {n['rolled_back']:>7,}",
            f"  stayed       {n['stayed']:>7,}  (held for missing data: {n['held_for_missing_data']:,})",
        ]
        lines += _held(run.tally)
        lines += _moves(run.tally)
        lines += [f"  overridden by a trainer: {n['overridden']:,}"] if n["overridden"] else []
    lines += _corrections(run.outcome.replaced)
    lines += _issues("could not be judged", run.outcome.unjudged)
    lines += _issues("rest on data that has changed since (see --correct)", run.outcome.stale)
    lines += _issues("warnings", run.outcome.warnings)
    lines.append(_written(run))
    return "".join(f"{line}\n" for line in lines)


def content(run: Run, catalog: Catalog) -> dict[str, Any]:
    """The whole run as plain data: what ``--format json`` prints and what is kept as the report of the run."""
    return {
        "version": FORMAT,
        "name": run.name,
        "behavior": run.behavior_uri,
        "behavior_sha256": run.behavior_version,
        "manager": run.manager_uri,
        "generation": run.generation,
        "rows": run.rows,
        "dry_run": run.dry_run,
        "written": list(run.written),
        "adopted": run.adopted,
        "failed": [],
        "curriculums": _curriculums(run, catalog),
        "summary": counts(run),
        "judged": list(run.tally.listed),
        "judged_not_listed": run.tally.judged - len(run.tally.listed),
        "corrected": [{"before": told(before), "after": told(after)} for before, after in run.outcome.replaced],
        "not_judged": [_issue(issue) for issue in run.outcome.unjudged],
        "stale": [_issue(issue) for issue in run.outcome.stale],
        "warnings": [_issue(issue) for issue in run.outcome.warnings],
    }


def _curriculums(run: Run, catalog: Catalog) -> list[dict[str, str]]:
    """The curriculums by which sessions were judged in this run, with the hash of their content."""
    found = [(name, version, catalog.find(name, version)) for name, version in sorted(run.tally.curriculums)]
    return [{"name": n, "version": v, "sha256": graph.content_hash} for n, v, graph in found if graph is not None]


def _leftovers(n: dict[str, int]) -> list[str]:
    parts = [
        (n["rows_without_session"], "without mouse or session number dropped"),
        (n["repeated_rows"], "repeated and counted once"),
        (n["off_curriculum"], "off curriculum and left out"),
    ]
    shown = [f"{counted(count, 'row')} {what}" for count, what in parts if count]
    return [f"  {', '.join(shown)}"] if shown else []


def _corrections(replaced: Sequence[tuple[Row, Row]]) -> list[str]:
    """Every row that was replaced, with what is different before and after; the same ones are only counted."""
    if not replaced:
        return []
    changed = [(before, _differences(before, after)) for before, after in replaced]
    lines = [
        f"judged again {counted(len(replaced), 'session')}, {sum(bool(d) for _, d in changed):,} with another result"
    ]
    for before, differences in changed:
        if differences:
            lines.append(
                f"  mouse {clean(before.subject_id)} session {before.session}: {clean('; '.join(differences))}"
            )
    return lines


def _differences(before: Row, after: Row) -> list[str]:
    pairs = [(c, getattr(before, c), getattr(after, c)) for c in COMPARED]
    names = {*before.values, *after.values}
    pairs += [(name, before.values.get(name), after.values.get(name)) for name in sorted(names)]
    return [f"{what} {_shown(was)} -> {_shown(now)}" for what, was, now in pairs if was != now]


def _shown(value: object) -> str:
    return "empty" if value in (None, "") else f"{value:g}" if isinstance(value, float) else str(value)


def _held(tally: Tally) -> list[str]:
    """Which mice stay where they are because a rule lacked data."""
    groups: dict[str, list[int]] = {}
    for subject, session in tally.held:
        groups.setdefault(subject, []).append(session)
    return _cut([f"    mouse {clean(subject)} {_sessions(numbers)}" for subject, numbers in sorted(groups.items())])


def _moves(tally: Tally) -> list[str]:
    """Which mice change their stage, by the newest session of each."""
    lines = [
        f"    mouse {clean(subject)} session {session}: {clean(f'{actual} -> {following}')}"
        for subject, session, actual, following in tally.moves
    ]
    return ["  change their stage for the next session:", *_cut(lines)] if lines else []


def _issues(title: str, issues: Sequence[Issue]) -> list[str]:
    """A list of issues; sessions of one mouse with the same fault share a line."""
    if not issues:
        return []
    groups: dict[tuple[str, str, str], list[int]] = {}
    for issue in issues:
        key = (issue.code.id, issue.subject, issue.message)
        groups.setdefault(key, []).extend([] if issue.session is None else [issue.session])
    lines = []
    for (code, subject, message), numbers in groups.items():
        where = " ".join(part for part in (f"mouse {subject}" if subject else "", _sessions(numbers)) if part)
        lines.append(f"  {code} {clean(f'{where}: {message}' if where else message)}")
    return [f"{title}: {len(issues):,}", *_cut(lines)]


def _cut(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return lines if more <= 0 else [*lines[:_SHOWN], f"  ... and {more:,} more lines (all of them with --format json)"]


def _sessions(numbers: list[int]) -> str:
    """``session 4`` or ``sessions 1-3, 7``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
    return f"{'session' if len(numbers) == 1 else 'sessions'} {shown}" if numbers else ""


def _written(run: Run) -> str:
    if run.dry_run:
        return "dry run: nothing is written"
    if not run.written and not run.rows:
        return "nothing is written"
    if not run.written:
        return f"{clean(run.manager_uri)} is unchanged ({counted(run.rows, 'row')})"
    return f"written: {', '.join(clean(uri) for uri in run.written)} ({counted(run.rows, 'row')})"


def _issue(issue: Issue) -> dict[str, Any]:
    return {
        "code": issue.code.id,
        "name": issue.code.name,
        "subject_id": issue.subject,
        "session": issue.session,
        "message": issue.message,
    }

"""``autotrain-dsl explain``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import click

from autotrain_dsl import __version__, explanation, nightly, partitioned
from autotrain_dsl.cli import jobs, subjects
from autotrain_dsl.cli.exits import ATTENTION, worst
from autotrain_dsl.cli.options import Given, tables
from autotrain_dsl.cli.styling import style
from autotrain_dsl.cli.subjects import Judged
from autotrain_dsl.judging import Options, Outcome
from autotrain_dsl.report import explanation as report
from autotrain_dsl.report.text import clean
from autotrain_dsl.store import is_in_parts


@click.command(epilog="Example:  autotrain-dsl explain 712345 --curriculums curriculums --manager df_manager.parquet")
@click.argument("subject")
@tables
@click.option("--session", type=int, metavar="N", help="The session to explain (default: the latest that was judged).")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(subject: str, given: Given, session: int | None, output: str) -> int:
    """Explain a decision about the mouse SUBJECT: every rule that was tried, with values, thresholds and margins.

    The decision is made once more from what df_manager has recorded, and compared with it. With --behavior (or
    --config) a session that was not judged is explained too. Exit code 1 if there is nothing to explain, or if it
    comes out differently today.
    """
    found: list[dict[str, Any]] = []

    def work(judged: Judged) -> int:
        content = _explained(judged, subject, session, output)
        if content.get("error") and output == "text":
            click.echo(judged.shown(clean(content["error"])), err=True)
        found.append({**jobs.redacted(content, judged.shown), "manager": judged.shown(judged.target.manager)})
        return ATTENTION if content.get("error") or content.get("differs") else 0

    codes = subjects.each(given, subject, output, work)
    if output == "json" and found:
        click.echo(json.dumps(found[0] if given.config is None else {"version": 1, "managers": found}, indent=2))
    return _verdict(codes, found)


def _verdict(codes: list[int], found: list[dict[str, Any]]) -> int:
    """A mouse lives in one of several colonies: it need not be in all of them."""
    told = [each for each in found if not each.get("error")]
    if told and max(codes) <= ATTENTION:
        return ATTENTION if any(each["differs"] for each in told) else 0
    return worst(codes)


def _explained(judged: Judged, subject: str, session: int | None, output: str) -> dict[str, Any]:
    numbers = [row.session for row in judged.rows]
    waiting = _waiting(judged, subject) if session is None else []
    if not judged.rows and session is None:
        why = f"mouse {subject} has no decision: {'; '.join(waiting)}" if waiting else judged.unknown(subject)
        return {"version": report.FORMAT, "error": why}
    if session is not None and session not in numbers:
        return {"version": report.FORMAT, "error": _not_judged(judged, subject, session)}
    explained = explanation.explain(judged.catalog, judged.rows, numbers[-1] if session is None else session)
    if waiting:
        later = tuple(f"a later session has no decision: {each}" for each in waiting)
        explained = replace(explained, notes=(*explained.notes, *later))
    if output == "text":
        click.echo(judged.shown("\n".join(report.text(explained, style()))))
    return report.data(explained)


def _not_judged(judged: Judged, subject: str, session: int) -> str:
    """Why there is no decision about a session."""
    has = f"{judged.rows[0].session} to {judged.rows[-1].session}" if judged.rows else "none"
    told = f"session {session} of mouse {subject} has no decision (sessions with one: {has})"
    if judged.target.behavior == subjects.UNREAD:
        return f"{told}; --behavior lets this command say why"
    outcome = _outcome(judged, subject)
    issues = [f"{each.code.id} {each.message}" for each in outcome.unjudged if each.session in (session, None)]
    if issues:
        return f"{told}: {'; '.join(issues)}"
    if any(row.key == (subject, session) for row in outcome.added):
        return f"{told}: it has not been judged yet, the next `evaluate` does it"
    return f"{told}: df_behavior does not hold it"


def _waiting(judged: Judged, subject: str) -> list[str]:
    """Why the sessions after the latest decision have none, where df_behavior is at hand."""
    if judged.target.behavior == subjects.UNREAD:
        return []
    last = judged.rows[-1].session if judged.rows else 0
    found = _outcome(judged, subject).unjudged
    return [f"session {each.session}: {each.code.id} {each.message}" for each in found if (each.session or 0) > last]


def _outcome(judged: Judged, subject: str) -> Outcome:
    """What the next run would find about a subject; nothing is written."""
    options = Options(now="", program=__version__, subjects=frozenset([subject]))
    job = judged.target.job(judged.catalog, options, dry_run=True)
    if is_in_parts(judged.target.manager):
        return partitioned.run(job, partitioned.Here(), lambda _: lambda _: None).outcome
    return nightly.run(job, lambda _: lambda _: None).outcome

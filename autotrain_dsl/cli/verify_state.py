"""``autotrain-dsl verify-state``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import click

from autotrain_dsl import adoption, audit, nightly
from autotrain_dsl.cli import jobs
from autotrain_dsl.cli.exits import ATTENTION, OUTSIDE, WRONG_USE, worst
from autotrain_dsl.cli.jobs import Target
from autotrain_dsl.cli.options import Given, tables, targets
from autotrain_dsl.report.text import clean
from autotrain_dsl.store import open_state
from autotrain_dsl.store.base import StoreError, UnreadableError
from autotrain_dsl.tables import manager as manager_table
from autotrain_dsl.tables.issues import TableError

_SHOWN = 20


@click.command(
    epilog="Example:  autotrain-dsl verify-state --curriculums curriculums --behavior df_behavior.csv "
    "--manager df_manager.parquet"
)
@tables
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    given: Given,
    output: str,
) -> int:
    """Recompute every decision from what was recorded with it, and check every hash.

    Reads the state of df_manager, replaced rows included, and the curriculums; changes nothing. Exit code 1 if a
    decision comes out differently, or if something that is kept is damaged.
    """
    if given.config is None and given.behavior is None:
        given = replace(given, behavior="-")  # which is not looked at
    chosen = targets(given, output)
    results = [_verify(target) for target in chosen]
    if output == "json":
        whole: Any = {"version": 1, "managers": [content for _, content in results]}
        click.echo(json.dumps(whole if given.config is not None else results[0][1], indent=2))
    else:
        for _, content in results:
            _show(content)
    return worst(code for code, _ in results)


def _verify(target: Target) -> tuple[int, dict[str, Any]]:
    content: dict[str, Any] = {
        "name": target.name, "manager": target.manager, "generation": 0, "rows": 0, "superseded_rows": 0, "same": 0,
        "not_recomputed": {}, "differing": [], "damaged": [], "error": "",
    }  # fmt: skip
    try:
        _fill(content, target)
    except TableError as error:
        content["damaged"] += [target.redact(f"{issue.code.id} {issue}") for issue in error.issues]
    except StoreError as error:
        content["error"] = str(error)
        return WRONG_USE if error.wrong_use else OUTSIDE, jobs.redacted(content, target.redact)
    content = jobs.redacted(content, target.redact)
    lost = sum(count for why, count in content["not_recomputed"].items() if why != audit.ELSEWHERE)
    return ATTENTION if content["differing"] or content["damaged"] or lost else 0, content


def _fill(content: dict[str, Any], target: Target) -> None:
    with jobs.compiled(target) as (catalog, _):
        metrics = catalog.metric_names
        state = open_state(target.manager, target.access)
        try:
            content["damaged"] += state.verify()
            snapshot, old = nightly.read_state(state), state.superseded()
        except UnreadableError as error:
            raise TableError([jobs.unreadable(str(error))]) from error
        if snapshot is None:
            raise StoreError(f"there is no df_manager at `{target.manager}`")
        content["generation"] = snapshot.generation
        for export in nightly.main_exports(target.manager, target.stats, target.access)[:1]:
            found = adoption.compare(state, snapshot, export, metrics) if snapshot.generation else adoption.Edited()
            if found.damaged or found.doubtful:
                content["damaged"].append(found.message(export.uri) if found.doubtful else f"`{export.uri}` is damaged")
        rows = manager_table.from_frame(snapshot.frame, metrics, state.uri)
        revisions = [] if old is None else manager_table.from_frame(old, metrics, state.uri, revisions=True)
        content["rows"], content["superseded_rows"] = len(rows), len(revisions)
        found_again = audit.audit(catalog, [*rows, *revisions])
        content["same"], content["not_recomputed"] = found_again.same, dict(found_again.not_recomputed)
        content["differing"] = [
            {"subject_id": issue.subject, "session": issue.session, "message": issue.message}
            for issue in found_again.differing
        ]


def _show(content: dict[str, Any]) -> None:
    name = f"{content['name']}: " if content["name"] else ""
    if content["error"]:
        click.echo(f"{name}error: {clean(content['error'])}", err=True)
        return
    rows = f"{content['rows']:,} rows and {content['superseded_rows']:,} replaced ones"
    click.echo(f"{name}{clean(content['manager'])}: generation {content['generation']}, {rows}")
    click.echo(f"  {content['same']:>9,} decisions come out the same")
    for why, count in content["not_recomputed"].items():
        click.echo(f"  {count:>9,} cannot be made again: {clean(why)}")
    click.echo(f"  {len(content['differing']):>9,} come out differently")
    for issue in content["differing"][:_SHOWN]:
        click.echo(f"    mouse {clean(issue['subject_id'])} session {issue['session']}: {clean(issue['message'])}")
    for fault in content["damaged"]:
        click.echo(f"  damaged: {clean(fault)}")

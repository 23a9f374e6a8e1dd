"""``autotrain-dsl history``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from autotrain_dsl import nightly
from autotrain_dsl.cli import jobs
from autotrain_dsl.cli.exits import ATTENTION
from autotrain_dsl.cli.jobs import Target
from autotrain_dsl.cli.options import KINDS
from autotrain_dsl.report.text import clean
from autotrain_dsl.store import open_state
from autotrain_dsl.store.base import StoreError, UnreadableError
from autotrain_dsl.tables import cells
from autotrain_dsl.tables.issues import TableError

_TOLD = (
    "session", "session_date", "curriculum_name", "curriculum_version", "current_stage_suggested",
    "current_stage_actual", "if_overriden_by_trainer", "decision", "next_stage_suggested", "reason", "judged_at",
)  # fmt: skip


@click.command(epilog="Example:  autotrain-dsl history 712345 --manager df_manager.parquet")
@click.argument("subject")
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--manager", metavar="URI", help=f"df_manager: {KINDS}. With --config: the name of a manager.")
@click.option("--session", type=int, help="Only this session.")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(subject: str, config: Path | None, manager: str | None, session: int | None, output: str) -> int:
    """List every revision of the decisions about a mouse: the rows in force, and those that were replaced.

    Exit code 1 if there is none.
    """
    found: list[dict[str, Any]] = []

    def look(target: Target) -> int:
        revisions = list(_revisions(target, subject, session))
        content = {"name": target.name, "manager": target.manager, "revisions": revisions}
        found.append(jobs.redacted(content, target.redact))
        return 0

    for target in _targets(config, manager, output):
        if code := jobs.guarded(target, look):
            return code
    if output == "json":
        click.echo(json.dumps({"version": 1, "subject_id": subject, "managers": found}, indent=2))
    else:
        _show(subject, found)
    return 0 if any(each["revisions"] for each in found) else ATTENTION


def _targets(config: Path | None, manager: str | None, output: str) -> list[Target]:
    if config is not None:
        return jobs.configured(config, manager, output)
    if manager is None:
        raise click.UsageError("Missing option --manager (or --config FILE)")
    return [jobs.bare(manager)]


def _revisions(target: Target, subject: str, session: int | None) -> Iterator[dict[str, Any]]:
    """The rows of a mouse, by session and from the oldest revision to the one in force."""
    state = open_state(target.manager, target.access)
    try:
        snapshot, old = nightly.read_state(state), state.superseded()
    except UnreadableError as error:
        raise TableError([jobs.unreadable(str(error))]) from error
    if snapshot is None:
        raise StoreError(f"there is no df_manager at `{target.manager}`")
    if not {"subject_id", "session"} <= set(snapshot.frame) or not snapshot.frame.columns.is_unique:
        raise TableError([jobs.unreadable(f"`{target.manager}` has no single column subject_id and session")])
    frames = [snapshot.frame] if old is None else [old, snapshot.frame]
    found: list[tuple[int, int, dict[Any, Any]]] = []
    for frame in frames:
        mine = frame[frame["subject_id"].map(cells.subject) == subject]
        for record in mine.astype(object).to_dict("records"):
            number = cells.whole_number(record["session"])
            if session in (None, number):
                found.append((number or 0, len(found), record))
    for number, _, record in sorted(found, key=lambda each: each[:2]):
        told = {column: _plain(record.get(column)) for column in _TOLD}
        yield {**told, "session": number, "replaced_in_generation": cells.whole_number(record.get("superseded_in"))}


def _plain(cell: Any) -> str | bool:
    truth = cells.truth(cell) if isinstance(cell, bool) or type(cell).__name__ == "bool_" else None
    return cells.text(cell) if truth is None else truth


def _show(subject: str, found: list[dict[str, Any]]) -> None:
    for each in found:
        if each["name"]:
            click.echo(f"{clean(each['name'])}:")
        if not each["revisions"]:
            click.echo(f"mouse {clean(subject)} has no decision in {clean(each['manager'])}")
        for row in each["revisions"]:
            replaced = row["replaced_in_generation"]
            status = "in force" if replaced is None else f"replaced in generation {replaced}"
            move = f"{row['current_stage_actual']}: {row['decision']} -> {row['next_stage_suggested']}"
            click.echo(
                clean(f"session {row['session']:>4}  {move}  ({status}; judged {row['judged_at'] or 'elsewhere'})")
            )
            if row["reason"]:
                click.echo(clean(f"              {row['reason']}"))

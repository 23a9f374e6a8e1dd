"""``autotrain-dsl report``."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from autotrain_dsl import __version__, nightly
from autotrain_dsl.cli import jobs, paging
from autotrain_dsl.cli.exits import worst
from autotrain_dsl.cli.jobs import Target
from autotrain_dsl.cli.options import Given, tables, targets
from autotrain_dsl.cli.subjects import UNREAD
from autotrain_dsl.cli.times import now_or
from autotrain_dsl.judging import Options
from autotrain_dsl.report.text import clean
from autotrain_dsl.spelling import counted
from autotrain_dsl.store import is_in_parts
from autotrain_dsl.store.base import StoreError
from autotrain_dsl.tables.issues import Issue


@click.command(epilog="Example:  autotrain-dsl report --config autotrain.yaml --output pages")
@tables
@click.option(
    "--output", metavar="DIR", help="Folder, or s3://BUCKET/PREFIX, made if missing (default: `pages` of --config)."
)
@click.option("--now", metavar="TIME", help="What counts as today for the watch list, ISO 8601 (default: now).")
def command(given: Given, output: str | None, now: str | None) -> int:
    """Make pages about a colony, its mice and its curriculums, which open without a server or a network.

    They show what df_manager holds; with --behavior (or --config) also which sessions have no decision, and why.
    Of several managers each gets a folder of its own in DIR. Files that are there are replaced; df_manager is not
    touched. `evaluate` does the same after every run where `pages` is configured.
    """
    time = now_or(now)
    read = given.config is not None or given.behavior is not None
    chosen = targets(given if read else replace(given, behavior=UNREAD), "text")
    several = len(chosen) > 1
    if output == "":
        raise click.UsageError("--output names no folder")
    if output is None and (without := [target.name or "DIR" for target in chosen if target.pages is None]):
        raise click.UsageError(f"Missing option --output (or `pages` in the configuration, for {', '.join(without)})")
    places = [_place(target, output, several=several) for target in chosen]
    placed = [replace(target, pages=place) for target, place in zip(chosen, places, strict=True)]
    if found := [clean(each) for each in jobs.clashes(placed)]:
        raise click.UsageError("\n".join(found))
    if several and output is not None and "://" not in output:
        Path(output).mkdir(parents=True, exist_ok=True)
    return worst(
        [
            jobs.guarded(target, partial(_reported, place=place, time=time, read=read))
            for target, place in zip(chosen, places, strict=True)
        ]
    )


def _place(target: Target, output: str | None, *, several: bool) -> str:
    if output is None:
        assert target.pages is not None
        return target.pages
    return f"{output.rstrip('/')}/{target.name}" if several else output


def _reported(target: Target, place: str, time: str, *, read: bool) -> int:
    if is_in_parts(target.manager):
        raise StoreError(f"`{target.manager}` is kept in parts, of which no pages are made", wrong_use=True)
    with jobs.compiled(target) as (compiled, _):
        unjudged: tuple[Issue, ...] = ()
        if read:
            job = target.job(compiled, Options(now=time, program=__version__), dry_run=True)
            unjudged = nightly.run(job, lambda _: lambda _: None).outcome.unjudged
        written = paging.write(target, place, compiled, unjudged, time)
    if written is None:
        raise StoreError(f"there is no df_manager at `{target.manager}`")
    shown = target.redact(place)
    click.echo(clean(f"{shown}: {counted(written, 'file')} written; open {shown.rstrip('/')}/index.html"))
    return 0

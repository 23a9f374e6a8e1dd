"""``autotrain-dsl publish``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from autotrain_dsl import differences, publishing
from autotrain_dsl.cli import bundles, places
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION, OUTSIDE
from autotrain_dsl.cli.places import Reach
from autotrain_dsl.publishing import Outcome, Plan, Refusal, Standing, Step
from autotrain_dsl.render.dot import GraphvizError
from autotrain_dsl.report.text import clean
from autotrain_dsl.store.base import StoreError


@click.command(epilog="Example:  autotrain-dsl publish curriculums --to published --dry-run")
@bundles.PATHS
@click.option(
    "--to", "main", required=True, metavar="URI", help="Folder or s3://BUCKET/PREFIX that rigs and pages read."
)
@click.option(
    "--mirror", "mirrors", multiple=True, metavar="URI", help="Place that gets the same; may be given several times."
)
@click.option("--dry-run", is_flag=True, help="Say what would be published and write nothing.")
@bundles.WITHOUT_LEGACY
@bundles.WITHOUT_PICTURES
@SCHEMAS
@places.CONFIG
def command(
    paths: tuple[Path, ...],
    main: str,
    mirrors: tuple[str, ...],
    dry_run: bool,
    without_legacy: bool,
    without_pictures: bool,
    schemas: Path | None,
    config: Path | None,
) -> int:
    """Put curriculums where rigs and pages read them, once and for all.

    What is published under a name and version never changes: other content is refused, with the differences, and then
    nothing at all is written; the same content changes nothing, and what an interrupted run has left out is completed.
    Exit code 1 if a curriculum has an error or is refused, 3 if a place failed.
    """
    reach = places.reach(config, (main, *mirrors))
    twice = places.same_place((main, *mirrors))
    if twice is not None:
        raise click.UsageError(f"`{reach.redact(twice)}` is named twice")
    place = reach.folder("--to", main)
    copies = [reach.folder("--mirror", mirror) for mirror in mirrors]
    made = bundles.made(paths, schemas, legacy=not without_legacy, pictures=not without_pictures)
    if made.faulty:
        click.echo("nothing was published")
        return ATTENTION
    try:
        planned = publishing.plan(made.bundles, place, copies)
    except StoreError as error:
        reach.failed(error)
        return OUTSIDE
    except GraphvizError as error:
        click.echo(f"error: {clean(str(error))}, or take --without-pictures", err=True)
        return OUTSIDE
    if planned.refusals or dry_run:
        return _undone(planned, reach)
    return _done(planned, publishing.carry_out(planned), reach)


def _undone(planned: Plan, reach: Reach) -> int:
    """Say what would be done, or why nothing is."""
    _refuse(planned.refusals, reach)
    for step in planned.steps:
        click.echo(clean(f"{step.bundle.title}: {_told(step, 'would be ')}"))
    _unlike(planned, reach)
    click.echo("nothing was published" if planned.refusals else "nothing was written (--dry-run)")
    return _code(planned.refusals, planned.failures, reach)


def _done(planned: Plan, outcome: Outcome, reach: Reach) -> int:
    for step in outcome.done:
        click.echo(clean(f"{step.bundle.title}: {_told(step)}"))
    for uri, number in outcome.copied.items():
        click.echo(
            f"mirror `{reach.redact(uri)}`: {_files(number)} written"
            if number
            else f"mirror `{reach.redact(uri)}`: unchanged"
        )
    _unlike(planned, reach)
    _refuse(outcome.refusals, reach)
    return _code(outcome.refusals, outcome.failures, reach)


def _unlike(planned: Plan, reach: Reach) -> None:
    """Say which files of mirrors stay as they are, though the main place has others."""
    for each in planned.unlike:
        click.echo(reach.redact(f"`{each}` is not as in `{planned.main.uri}`, and stays; if it should be, remove it"))


def _told(step: Step, would: str = "") -> str:
    files = _files(len(step.missing))
    match step.standing:
        case Standing.NEW:
            return f"{would}published ({files})"
        case Standing.ADOPTED:
            return f"{would}published ({files}); the older system's file says the same and stays"
        case Standing.INCOMPLETE:
            return f"{would}completed ({files})"
    return "unchanged"


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"


def _refuse(refusals: Iterable[Refusal], reach: Reach) -> None:
    for refusal in refusals:
        click.echo(reach.redact(f"{refusal.title}: refused: {refusal.message}"))
        for line in differences.texts(refusal.differences):
            click.echo(f"    {reach.redact(line)}")
        click.echo(f"  = help: {reach.redact(refusal.hint)}")


def _code(refusals: Iterable[Refusal], failures: Iterable[StoreError], reach: Reach) -> int:
    code = ATTENTION if list(refusals) else 0
    for error in failures:
        click.echo(f"error: {reach.redact(str(error))}", err=True)
        code = OUTSIDE
    if code == OUTSIDE:
        click.echo("run it again when that is mended: it completes what is missing, and changes nothing else", err=True)
    return code

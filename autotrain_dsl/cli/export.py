"""``autotrain-dsl export``."""

from __future__ import annotations

from pathlib import Path

import click

from autotrain_dsl.cli import bundles, places
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION, OUTSIDE
from autotrain_dsl.render.dot import GraphvizError
from autotrain_dsl.report.text import clean
from autotrain_dsl.store.base import StoreError, UnreadableError
from autotrain_dsl.store.copies import upload


@click.command(epilog="Example:  autotrain-dsl export curriculums/dummy_task --output export")
@bundles.PATHS
@click.option("--output", required=True, metavar="DIR", help="Folder, or s3://BUCKET/PREFIX; made if missing.")
@bundles.WITHOUT_LEGACY
@bundles.WITHOUT_PICTURES
@SCHEMAS
def command(
    paths: tuple[Path, ...], output: str, without_legacy: bool, without_pictures: bool, schemas: Path | None
) -> int:
    """Write working copies of curriculums: the effective curriculum, the older system's JSON, and two pictures.

    Files that are there are replaced, so this is no way to write where rigs read: see publish. A curriculum with an
    error is left out as a whole. Exit code 1 if there was one.
    """
    reach = places.reach(None, [output])
    objects = reach.folder("--output", output)
    made = bundles.made(paths, schemas, legacy=not without_legacy, pictures=not without_pictures)
    for first, second in bundles.twins(made.bundles):
        raise click.UsageError(f"the files of {first.title} and {second.title} differ only in capital letters")
    try:
        for bundle in made.bundles:
            files = {key: make() for key, make in bundle.makers.items()}
            written = len(upload(objects, files))
            what = f"{written} of {len(files)} files written" if written else "unchanged"
            click.echo(clean(f"{bundle.title}: {what}"))
    except StoreError as error:
        reach.failed(error)
        return OUTSIDE
    except GraphvizError as error:
        click.echo(f"error: {clean(str(error))}, or take --without-pictures", err=True)
        return OUTSIDE
    except UnreadableError as error:
        click.echo(f"error: {reach.redact(str(error))}, in the place of a file", err=True)
        return OUTSIDE
    return ATTENTION if made.faulty else 0

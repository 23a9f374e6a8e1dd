"""Arguments and options of commands that look at files alone."""

from __future__ import annotations

from pathlib import Path

import click

PATHS = click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="PATH...",
    type=click.Path(exists=True, allow_dash=True, path_type=Path),
)
SCHEMAS = click.option(
    "--schemas",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with task schemas, searched first.",
)

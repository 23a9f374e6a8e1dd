"""Folders and prefixes that ``export``, ``publish`` and ``list`` are given, and how they are reached."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from autotrain_dsl.artefacts import LARGEST
from autotrain_dsl.cli import jobs
from autotrain_dsl.report.text import clean
from autotrain_dsl.store import Access, bounded, is_database
from autotrain_dsl.store.base import Objects, StoreError

CONFIG = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Configuration that says how stores are reached (its `s3`).",
)


@dataclass(frozen=True, slots=True)
class Reach:
    """How stores are reached; ``redact`` takes secrets out of a text, and what cannot be shown on a terminal."""

    access: Access
    redact: Callable[[str], str]

    def folder(self, option: str, uri: str) -> Objects:
        """A folder or prefix. Raises click.UsageError where the URI is none."""
        if is_database(uri):
            raise click.UsageError(f"{option}: curriculums are kept in a folder or below s3://, and this is neither")
        if "://" not in uri and uri.lower().startswith("s3:"):
            raise click.UsageError(f"{option}: `{self.redact(uri)}` is no address in S3: write s3://BUCKET/PREFIX")
        if not uri.strip() or ("://" not in uri and Path(uri).is_file()):
            raise click.UsageError(f"{option}: `{self.redact(uri)}` is not a folder")
        try:
            return bounded(uri, self.access, LARGEST)
        except StoreError as error:
            raise click.UsageError(f"{option}: {self.redact(str(error))}") from error

    def failed(self, error: StoreError) -> None:
        """Say that the outside world failed. Raises click.UsageError where it is the URI that is wrong."""
        if error.wrong_use:
            raise click.UsageError(self.redact(str(error)))
        click.echo(f"error: {self.redact(str(error))}", err=True)


def reach(config: Path | None, uris: Iterable[str], output: str = "text") -> Reach:
    """How the stores behind some URIs are reached: as a configuration says, or as the environment does.

    Prints what is wrong with the configuration, on standard error where ``output`` keeps the other one for JSON.
    """
    hiding = [jobs.bare(uri).redact for uri in uris]
    access = Access()
    if config is not None:
        target = jobs.configured(config, None, output)[0]
        # What stands on the command line is meant as it is: references are for configurations.
        access, hiding = Access(target.access.s3), [*hiding, target.redact]
    return Reach(access, lambda shown: clean(functools.reduce(lambda so_far, hide: hide(so_far), hiding, shown)))


def same_place(uris: Iterable[str]) -> str | None:
    """A URI that names a place for the second time."""
    seen = set()
    for uri in uris:
        place = uri.rstrip("/") if "://" in uri else os.path.realpath(uri)
        if place in seen:
            return uri
        seen.add(place)
    return None

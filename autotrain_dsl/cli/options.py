"""Options that several commands share: which df_manager, out of which tables, by which curriculums."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from autotrain_dsl.cli.jobs import Target

Decorated = Callable[..., Any]
KINDS = "a .parquet, .csv or .pkl file, s3://BUCKET/KEY, DATABASE-URL#TABLE, or a FOLDER/ of .parquet parts"


def _default(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, str] | None:
    if value is None:
        return None
    name, separator, version = value.rpartition("@")
    if not separator or not name or not version:
        raise click.BadParameter(f'`{value}` is not of the form "NAME@VERSION", such as "Coupled Baiting@2.3"')
    return name, version


_OPTIONS = (
    click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Configuration with one or several managers.",
    ),
    click.option(
        "--curriculums",
        "paths",
        multiple=True,
        type=click.Path(exists=True, path_type=Path),
        help="File or folder with curriculums; may be given several times.",
    ),
    click.option("--behavior", metavar="URI", help=f"df_behavior: {KINDS}."),
    click.option(
        "--manager",
        metavar="URI",
        help="df_manager: the same kinds; made if missing. With --config: only the manager of this name.",
    ),
    click.option(
        "--default-curriculum",
        "default",
        callback=_default,
        metavar="NAME@VERSION",
        help="For sessions without a version.",
    ),
    click.option(
        "--schemas", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of task schemas."
    ),
)


@dataclass(frozen=True, slots=True)
class Given:
    """What the shared options of a command line say."""

    config: Path | None
    paths: tuple[Path, ...]
    behavior: str | None
    manager: str | None
    default: tuple[str, str] | None
    schemas: Path | None


def tables(command: Decorated) -> Decorated:
    """The options by which a command finds its tables and curriculums; it gets them as one argument, ``given``."""

    @functools.wraps(command)
    def bundled(**values: Any) -> Any:
        given = Given(**{field.name: values.pop(field.name) for field in fields(Given)})
        return command(given=given, **values)

    for option in reversed(_OPTIONS):
        bundled = option(bundled)
    return bundled


def targets(given: Given, output: str) -> list[Target]:
    """What these options name. Raises click.UsageError where they do not go together."""
    from autotrain_dsl.cli import jobs  # noqa: PLC0415 - needs pandas, which not every command with these options does

    named = {"--curriculums": given.paths, "--behavior": given.behavior}
    if given.config is not None:
        others = {**named, "--default-curriculum": given.default, "--schemas": given.schemas}
        if clash := [name for name, value in others.items() if value]:
            raise click.UsageError(f"--config says what {', '.join(clash)} would say; leave one of them out")
        return jobs.configured(given.config, given.manager, output)
    missing = [name for name, value in {**named, "--manager": given.manager}.items() if not value]
    if missing or given.behavior is None or given.manager is None:
        raise click.UsageError(f"Missing option {', '.join(missing)} (or --config FILE)")
    return [jobs.direct(given.paths, given.schemas, given.behavior, given.manager, given.default)]

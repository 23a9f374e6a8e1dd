"""``autotrain-dsl evaluate``."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path

import click

from autotrain_dsl import __version__, catalog, nightly
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.diagnostics import has_errors
from autotrain_dsl.judging import CORRECT, NEW, RERUN, Options
from autotrain_dsl.report import evaluation as report
from autotrain_dsl.report import text
from autotrain_dsl.store import beside
from autotrain_dsl.store.base import StoreError
from autotrain_dsl.tables.issues import TableError

OUTSIDE = 3


def _default(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, str] | None:
    if value is None:
        return None
    name, separator, version = value.rpartition("@")
    if not separator or not name or not version:
        raise click.BadParameter(f'`{value}` is not of the form "NAME@VERSION", such as "Coupled Baiting@2.3"')
    return name, version


@click.command(
    epilog="Example:  autotrain-dsl evaluate --curriculums curriculums --behavior df_behavior.csv "
    '--manager df_manager.parquet --default-curriculum "Coupled Baiting@2.3"'
)
@click.option(
    "--curriculums",
    "paths",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="File or folder with curriculums; may be given several times.",
)
@click.option("--behavior", required=True, metavar="URI", help="df_behavior: a .parquet or .csv file.")
@click.option("--manager", required=True, metavar="URI", help="df_manager: a .parquet or .csv file; made if missing.")
@click.option(
    "--default-curriculum", "default", callback=_default, metavar="NAME@VERSION", help="For sessions without a version."
)
@click.option(
    "--schemas", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of task schemas."
)
@click.option("--subject", "subjects", multiple=True, metavar="ID", help="Only this mouse; may be given several times.")
@click.option("--dry-run", is_flag=True, help="Say what would change, write nothing.")
@click.option("--correct", is_flag=True, help="Judge mice again from their first stale session on.")
@click.option("--rerun", is_flag=True, help="Judge every session again.")
@click.option("--now", metavar="TIME", help="Time of judging to record, ISO 8601 (default: now).")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    paths: tuple[Path, ...],
    behavior: str,
    manager: str,
    default: tuple[str, str] | None,
    schemas: Path | None,
    subjects: tuple[str, ...],
    dry_run: bool,
    correct: bool,
    rerun: bool,
    now: str | None,
    output: str,
) -> int:
    """Judge every session that df_manager does not hold yet, and update df_manager and df_manager_stats.

    Existing rows stay as they are, so that running twice changes nothing; --correct and --rerun replace rows and keep
    the old ones in a table named ..._superseded beside df_manager. Exit code 1 if a session could not be judged.
    """
    if correct and rerun:
        raise click.UsageError("--correct and --rerun exclude each other")
    compiled = _compiled(paths, schemas)
    outputs = (manager, *(beside(manager, what) for what in ("stats", "superseded")))
    if Path(behavior).resolve() in {Path(output).resolve() for output in outputs}:
        raise click.UsageError("--behavior is a table that the run would write; they must be different files")
    options = Options(
        now=_time(now),
        program=__version__,
        mode=CORRECT if correct else RERUN if rerun else NEW,
        default=default,
        subjects=frozenset(subjects) or None,
    )
    if default is not None and compiled.find(*default) is None:
        raise click.UsageError(f"--default-curriculum: {text.clean(compiled.why_not(*default))}")
    try:
        with _Bar() as bar:
            result = nightly.run(nightly.Job(compiled, behavior, manager, options, dry_run), bar.start)
    except TableError as error:
        for issue in error.issues:
            click.echo(f"{issue.code.id} error: {text.clean(str(issue))}")
        click.echo("nothing was changed", err=True)
        return 1
    except StoreError as error:
        if error.wrong_use:
            raise click.UsageError(text.clean(str(error))) from error
        click.echo(f"error: {text.clean(str(error))}; {error.changed}", err=True)
        return OUTSIDE
    run = report.Run(behavior, manager, result.behavior, result.outcome, result.rows, dry_run, result.written)
    click.echo(report.as_json(run) if output == "json" else report.as_text(run), nl=False)
    return int(result.outcome.needs_attention or has_errors(compiled.diagnostics))


def _compiled(paths: tuple[Path, ...], schemas: Path | None) -> Catalog:
    compiled = catalog.build(paths, schemas)
    errors = [finding for finding in compiled.diagnostics if finding.is_error]
    if errors:
        click.echo(text.findings(errors), err=True)
    if not any(compilation.graph is not None for compilation in compiled.compilations):
        raise click.UsageError("--curriculums: no curriculum there that can be used")
    return compiled


def _time(now: str | None) -> str:
    try:
        time = dt.datetime.fromisoformat(now) if now else dt.datetime.now(dt.UTC)
        time = (time if time.tzinfo is not None else time.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise click.UsageError(f"--now: `{now}` is no time such as 2026-01-31T06:00:00+00:00") from None
    return time.isoformat(timespec="seconds")


class _Bar:
    """A progress bar over mice on standard error, only where that is a terminal."""

    def __enter__(self) -> _Bar:
        return self

    def start(self, mice: int) -> Callable[[str], None]:
        """A run over this many mice begins."""
        if not sys.stderr.isatty():
            return lambda _: None
        self._bar = click.progressbar(length=mice, label="judging", file=sys.stderr)
        self._bar.__enter__()
        return lambda _: self._bar.update(1)

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "_bar"):
            self._bar.__exit__(None, None, None)

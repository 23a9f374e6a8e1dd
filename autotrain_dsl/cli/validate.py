"""``autotrain-dsl validate``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from autotrain_dsl import catalog
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.diagnostics import Severity
from autotrain_dsl.report import json, text

_COLOURS = {"error": "red", "warning": "yellow", "help": "cyan", "frame": "blue"}


@click.command(epilog="Example:  autotrain-dsl validate --strict curriculums")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="PATH...",
    type=click.Path(exists=True, allow_dash=True, path_type=Path),
)
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--schemas",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with task schemas, searched first.",
)
def command(paths: tuple[Path, ...], strict: bool, output: str, schemas: Path | None) -> int:
    """Compile curriculums and task schemas, and report everything that is wrong with them.

    PATH is a file, a folder (all curriculums below it), or - for standard input. Needs no network, no tables and no
    credentials. Exit code 1 if there is an error (with --strict: or a warning).
    """
    if catalog.STDIN in paths and sys.stdin is None:
        raise click.UsageError("-: there is no standard input")
    stdin = sys.stdin.buffer.read(catalog.MAX_STDIN) if catalog.STDIN in paths else b""
    checked = catalog.build(paths, schemas, stdin)
    if not (checked.compilations or checked.task_schemas or checked.diagnostics):
        names = text.clean(", ".join(str(path) for path in paths))
        raise click.UsageError(f"{names}: no curriculum there (a .yaml file with `stages` or `extends`)")
    summary = _summary(checked)
    if output == "json":
        click.echo(json.findings(checked.diagnostics, summary), nl=False)
    else:
        found = text.findings(checked.diagnostics, style())
        click.echo(f"{found}\n" if found else "", nl=False)
        click.echo(_sentence(summary))
    return int(bool(summary["errors"] or (strict and summary["warnings"])))


def _summary(checked: Catalog) -> dict[str, int]:
    severities = [finding.severity for finding in checked.diagnostics]
    return {
        "curriculums": sum(not compilation.abstract for compilation in checked.compilations),
        "base_files": sum(compilation.abstract for compilation in checked.compilations),
        "task_schemas": checked.task_schemas,
        "other_files": checked.skipped,
        "errors": severities.count(Severity.ERROR),
        "warnings": severities.count(Severity.WARNING),
    }


def _sentence(summary: dict[str, int]) -> str:
    files = [
        count(summary["curriculums"], "curriculum"),
        *([count(summary["base_files"], "base file")] if summary["base_files"] else []),
        *([count(summary["task_schemas"], "task schema")] if summary["task_schemas"] else []),
    ]
    skipped = f" ({count(summary['other_files'], 'other YAML file')} left out)" if summary["other_files"] else ""
    found = f"{count(summary['errors'], 'error')}, {count(summary['warnings'], 'warning')}"
    return f"{', '.join(files)} checked{skipped}: {found}"


def count(number: int, word: str) -> str:
    """A number of things in words: ``1 error``, ``2 errors``."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def style() -> text.Style:
    """Colours where somebody sees them."""
    if os.environ.get("NO_COLOR") or sys.stdout is None or not sys.stdout.isatty():
        return text.plain
    return lambda part, role: click.style(part, fg=_COLOURS.get(role), bold=role in ("error", "warning", "message"))

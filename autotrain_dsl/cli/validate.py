"""``autotrain-dsl validate``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from autotrain_dsl import __version__, catalog
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.cli import solving
from autotrain_dsl.cli.arguments import PATHS, SCHEMAS
from autotrain_dsl.cli.styling import style
from autotrain_dsl.diagnostics import Severity
from autotrain_dsl.files import MAX_STDIN, STDIN, TEST_SUFFIXES
from autotrain_dsl.report import text
from autotrain_dsl.spelling import counted
from autotrain_dsl.tasks import TaskSchemas


@click.command(epilog="Example:  autotrain-dsl validate --strict curriculums")
@PATHS
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "github", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="github: annotations of a workflow; sarif: for code scanning; junit: for most other services.",
)
@SCHEMAS
def command(paths: tuple[Path, ...], strict: bool, output: str, schemas: Path | None) -> int:
    """Compile curriculums and task schemas, and report everything that is wrong with them.

    PATH is a file, a folder (all curriculums below it), or - for standard input. A test file is only read (`test` runs
    it). Needs no network, no tables and no credentials. Exit code 1 if there is an error (with --strict: or a warning).
    """
    if STDIN in paths and sys.stdin is None:
        raise click.UsageError("-: there is no standard input")
    stdin = sys.stdin.buffer.read(MAX_STDIN) if STDIN in paths else b""
    tests = [path for path in paths if path.name.endswith(TEST_SUFFIXES) and not path.is_dir()]
    checked = catalog.build([path for path in paths if path not in tests], schemas, stdin, solving.deeper())
    if tests:
        checked = _with_tests(checked, tests, schemas)
    if not (checked.compilations or checked.task_schemas or checked.diagnostics or tests):
        names = text.clean(", ".join(str(path) for path in paths))
        raise click.UsageError(f"{names}: no curriculum there (a .yaml file with `stages` or `extends`)")
    summary = {**_summary(checked), "test_files": len(tests)}
    _show(checked, summary, output, strict=strict)
    return int(bool(summary["errors"] or (strict and summary["warnings"])))


def _with_tests(checked: Catalog, tests: Sequence[Path], schemas: Path | None) -> Catalog:
    """The same with what is wrong with some test files."""
    from autotrain_dsl.cases import loading  # noqa: PLC0415 - only for test files

    compiler = loading.Compiler(TaskSchemas(schemas))
    found = [each for path in tests for each in loading.load(path, compiler)[1]]
    return replace(checked, diagnostics=(*checked.diagnostics, *catalog.capped(found)))


def _show(checked: Catalog, summary: dict[str, int], output: str, *, strict: bool) -> None:
    found, here = checked.diagnostics, Path.cwd()
    if output == "json":
        from autotrain_dsl.report import json  # noqa: PLC0415 - so are all that follow: only one of them is needed

        click.echo(json.findings(found, summary), nl=False)
    elif output == "sarif":
        from autotrain_dsl.report import sarif  # noqa: PLC0415

        click.echo(sarif.log(found, __version__, here), nl=False)
    elif output == "junit":
        from autotrain_dsl.report import suites  # noqa: PLC0415

        click.echo(suites.document(checked, strict=strict), nl=False)
    elif output == "github":
        from autotrain_dsl.report import github  # noqa: PLC0415

        click.echo("".join(f"{line}\n" for line in github.commands(found, here)), nl=False)
        click.echo(_sentence(summary))
    else:
        shown = text.findings(found, style())
        click.echo(f"{shown}\n" if shown else "", nl=False)
        click.echo(_sentence(summary))
        if not solving.is_there():
            click.echo(solving.ADVICE, err=True)


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
    kinds = {"base_files": "base file", "task_schemas": "task schema", "test_files": "test file"}
    others = [counted(summary[kind], word) for kind, word in kinds.items() if summary[kind]]
    files = [counted(summary["curriculums"], "curriculum"), *others] if summary["curriculums"] or not others else others
    skipped = f" ({counted(summary['other_files'], 'other YAML file')} left out)" if summary["other_files"] else ""
    found = f"{counted(summary['errors'], 'error')}, {counted(summary['warnings'], 'warning')}"
    return f"{', '.join(files)} checked{skipped}: {found}"

"""``autotrain-dsl test``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from autotrain_dsl import catalog
from autotrain_dsl.cases import boundary, loading, running
from autotrain_dsl.cases.coverage import Coverage, coverage
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.cases.running import Result
from autotrain_dsl.cli.exits import ATTENTION
from autotrain_dsl.cli.options import Given, tables
from autotrain_dsl.cli.styling import style
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.files import candidates
from autotrain_dsl.report import cases as report
from autotrain_dsl.report import text
from autotrain_dsl.tasks import TaskSchemas


@click.command(epilog="Example:  autotrain-dsl test curriculums --coverage --fail-under 100")
@click.argument("places", nargs=-1, metavar="PATH...", type=click.Path(exists=True, path_type=Path))
@click.option("--coverage", "covering", is_flag=True, help="Show which rules and comparison outcomes no test shows.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit code 1 if a curriculum's coverage is less (implies --coverage).",
)
@click.option("--boundary", "bounds", is_flag=True, help="Print tests at, just below and just above every threshold.")
@click.option("--record", metavar="SUBJECT", help="Print a test that a real mouse of the tables makes.")
@click.option("--format", "output", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@tables
def command(
    places: tuple[Path, ...],
    covering: bool,
    fail_under: float | None,
    bounds: bool,
    record: str | None,
    output: str,
    given: Given,
) -> int:
    """Run the tests of curriculums: files NAME.test.yaml with sessions and what is to be decided.

    PATH is a test file, a folder (all test files below it), or a curriculum (the tests beside it). Exit code 1 if a
    test fails or a test file is wrong. With --boundary PATH is one curriculum, and a test file that says what it does
    today is printed. With --record the options of `evaluate` name the tables, and there is no PATH.
    """
    if record is not None:
        return _record(record, places, given)
    if unused := [name for name, value in _table_options(given).items() if value]:
        raise click.UsageError(f"{', '.join(unused)}: only with --record")
    if not places:
        raise click.UsageError("Missing argument 'PATH...'.")
    if bounds:
        return _boundary(places, Compiler(TaskSchemas(given.schemas)))
    return _run(
        places, covering or fail_under is not None, fail_under or 0, output, Compiler(TaskSchemas(given.schemas))
    )


def _table_options(given: Given) -> dict[str, object]:
    return {
        "--config": given.config,
        "--curriculums": given.paths,
        "--behavior": given.behavior,
        "--manager": given.manager,
        "--default-curriculum": given.default,
    }


def _run(paths: Sequence[Path], covering: bool, fail_under: float, output: str, compiler: Compiler) -> int:
    files = list(dict.fromkeys(file for path in paths for file in loading.files(path)))
    if not files and not (covering and any(path.is_dir() for path in paths)):
        names = text.clean(", ".join(str(path) for path in paths))
        raise click.UsageError(f"{names}: no tests there (files called NAME.test.yaml)")
    findings: list[Diagnostic] = []
    results: list[tuple[Path, tuple[Result, ...]]] = []
    by_curriculum: dict[Path, list[Result]] = {}
    for file in files:
        suite, found = loading.load(file, compiler)
        findings += found
        done = tuple(running.run(case, suite.graph) for case in suite.cases if suite.graph is not None)
        results.append((file, done))
        if suite.curriculum is not None and suite.graph is not None:
            by_curriculum.setdefault(suite.curriculum, []).extend(done)
    covered, broken = _covered(paths, by_curriculum, compiler) if covering else ({}, [])
    findings = list(catalog.capped([*findings, *broken]))
    _show(results, findings, covered, output)
    low = [str(path) for path, each in covered.items() if not each.percent >= fail_under]
    if low:
        click.echo(text.clean(f"covered by less than {fail_under:g} %: {', '.join(low)}"), err=True)
    failed = any(not result.passed for _, done in results for result in done)
    return ATTENTION if findings or failed or low else 0


def _covered(
    paths: Iterable[Path], results: dict[Path, list[Result]], compiler: Compiler
) -> tuple[dict[Path, Coverage], list[Diagnostic]]:
    """The coverage of every curriculum that has tests, and of those in the folders that have none; errors in these."""
    by_file = {path.resolve(): (path, done) for path, done in results.items()}
    for folder in (path for path in paths if path.is_dir()):
        for file in candidates(folder):
            if compiler.is_curriculum(file):
                by_file.setdefault(file.resolve(), (file, []))
    found, broken = {}, list[Diagnostic]()
    for path, done in by_file.values():
        compiled = compiler.compile(path)
        if compiled.graph is not None:
            found[path] = coverage(compiled.graph, done)
        else:
            broken += [each for each in compiled.diagnostics if each.is_error]
    return dict(sorted(found.items())), broken


def _show(results: report.Results, findings: Sequence[Diagnostic], covered: report.Covered, output: str) -> None:
    if output == "json":
        click.echo(report.as_json(results, findings, covered), nl=False)
    elif output == "junit":
        click.echo(report.as_junit(results, findings), nl=False)
    else:
        click.echo("\n".join(report.text(results, findings, covered, style())))


def _boundary(paths: Sequence[Path], compiler: Compiler) -> int:
    if len(paths) != 1 or paths[0].is_dir():
        raise click.UsageError("--boundary takes one curriculum file")
    compiled = compiler.compile(paths[0])
    if compiled.graph is None:
        raise click.UsageError(f"{paths[0]}: no curriculum that can be used; see `autotrain-dsl validate {paths[0]}`")
    made = boundary.tests(compiled.graph)
    if not made.tests:
        click.echo(f"{text.clean(str(paths[0]))}: there is no threshold at which a test could stand", err=True)
        return ATTENTION
    click.echo(boundary.text(made, compiled.graph, paths[0].name), nl=False)
    return 0


def _record(subject: str, paths: Sequence[Path], given: Given) -> int:
    from autotrain_dsl.cli import records  # noqa: PLC0415 - needs pandas, which running tests does not

    if paths:
        raise click.UsageError("--record takes no PATH: the options of `evaluate` name the tables")
    return records.record(subject, given)

"""``autotrain-dsl diff``."""

from __future__ import annotations

from pathlib import Path

import click

from autotrain_dsl.cases import loading
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.cases.model import Case
from autotrain_dsl.changes import compare
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION
from autotrain_dsl.cli.styling import style
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.report import changes as report
from autotrain_dsl.report import text
from autotrain_dsl.tasks import TaskSchemas

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="Example:  autotrain-dsl diff curriculums/coupled_baiting/coupled_baiting_2.2.yaml "
    "curriculums/coupled_baiting/coupled_baiting_2.3.yaml"
)
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option("--check-version", is_flag=True, help="Exit code 1 if they differ and NEW has no later version.")
@click.option("--format", "output", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@SCHEMAS
def command(old: Path, new: Path, check_version: bool, output: str, schemas: Path | None) -> int:
    """Tell what has changed between the curriculums OLD and NEW, by meaning: after extends, inherits and use.

    A patch changes texts only, a minor change parameters or thresholds, a major one stages, rules or the task. Of rules
    it is told whether they fire more or less often, where that is certain; of the tests beside OLD, which come out
    otherwise. Exit code 1 if a curriculum has errors.
    """
    compiler = Compiler(TaskSchemas(schemas))
    graphs = [_graph(path, compiler, output) for path in (old, new)]
    before, after = graphs
    if before is None or after is None:
        return ATTENTION
    found = compare(before, after, _cases(old, compiler))
    fault = found.version_fault() if check_version else ""
    if output == "json":
        click.echo(report.as_json(found, fault), nl=False)
    elif output == "markdown":
        click.echo("\n".join(report.markdown(found, fault)))
    else:
        click.echo("\n".join(report.text(found)))
    if fault:
        click.echo(text.clean(f"error: {fault}"), err=True)
    return ATTENTION if fault else 0


def _graph(path: Path, compiler: Compiler, output: str) -> StateGraph | None:
    compiled = compiler.compile(path)
    if compiled.graph is None:
        errors = [each for each in compiled.diagnostics if each.is_error]
        base = f"{text.clean(str(path))}: a base for other files, which says no curriculum of its own\n"
        click.echo(text.findings(errors, style()) if errors else base, err=output != "text", nl=not errors)
    return compiled.graph


def _cases(path: Path, compiler: Compiler) -> list[Case]:
    """The tests beside a curriculum, as far as they can be read."""
    suites = [loading.load(file, compiler)[0] for file in loading.files(path)]
    return [case for suite in suites for case in suite.cases]

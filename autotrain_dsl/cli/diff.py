"""``autotrain-dsl diff``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autotrain_dsl.cases import loading
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.cases.model import Case
from autotrain_dsl.changes import Changes, compare
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION, worst
from autotrain_dsl.cli.single import curriculum
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.report import changes as report
from autotrain_dsl.report import text
from autotrain_dsl.tasks import TaskSchemas

if TYPE_CHECKING:
    from autotrain_dsl.report.backtest import BackTest

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="Example:  autotrain-dsl diff curriculums/coupled_baiting/coupled_baiting_2.2.yaml "
    "curriculums/coupled_baiting/coupled_baiting_2.3.yaml"
)
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option("--check-version", is_flag=True, help="Exit code 1 if they differ and NEW has no later version.")
@click.option("--on-data", "behavior", metavar="URI", help="Also replay the sessions of this df_behavior under both.")
@click.option("--format", "output", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@SCHEMAS
def command(old: Path, new: Path, check_version: bool, behavior: str | None, output: str, schemas: Path | None) -> int:
    """Tell what has changed between the curriculums OLD and NEW, by meaning: after extends, inherits and use.

    A patch changes texts only, a minor change parameters or thresholds, a major one stages, rules or the task. Of rules
    it is told whether they fire more or less often, where that is certain; of the tests beside OLD, which come out
    otherwise. With --on-data also what that would have meant for recorded mice (see `backtest`). Exit code 1 if a
    curriculum has errors.
    """
    compiler = Compiler(TaskSchemas(schemas))
    graphs = [curriculum(path, compiler, quiet=output != "text") for path in (old, new)]
    before, after = graphs
    if before is None or after is None:
        return ATTENTION
    found = compare(before, after, _cases(old, compiler))
    fault = found.version_fault() if check_version else ""
    code = 0
    if behavior is None:
        _show(found, fault, output, None)
    else:
        code = _on_data(behavior, (after, before), lambda made: _show(found, fault, output, made))
    if fault:
        click.echo(text.clean(f"error: {fault}"), err=True)
    return worst([code, ATTENTION if fault else 0])


def _show(found: Changes, fault: str, output: str, made: BackTest | None) -> None:
    """The differences and, if it was asked for, what they would have meant for recorded mice."""
    if output == "json":
        content = report.data(found, fault)
        click.echo(json.dumps(content if made is None else {**content, "backtest": _replayed(made, output)}, indent=2))
        return
    lines = report.markdown(found, fault) if output == "markdown" else report.text(found)
    click.echo("\n".join([*lines, *([] if made is None else ["", *_replayed(made, output)])]))


def _replayed(made: BackTest, output: str) -> Any:
    from autotrain_dsl.report import backtest  # noqa: PLC0415 - needs what only a back-test needs

    return {"json": backtest.data, "markdown": backtest.markdown, "text": backtest.text}[output](made)


def _on_data(behavior: str, graphs: tuple[StateGraph, StateGraph], show: Callable[[BackTest], None]) -> int:
    from autotrain_dsl.cli import replays  # noqa: PLC0415 - needs pandas

    def shown(made: BackTest, _: object) -> int:
        show(made)
        return 0

    return replays.made(replays.Place(behavior, None, None, ()), "text", graphs, tuple, shown)


def _cases(path: Path, compiler: Compiler) -> list[Case]:
    """The tests beside a curriculum, as far as they can be read."""
    suites = [loading.load(file, compiler)[0] for file in loading.files(path)]
    return [case for suite in suites for case in suite.cases]

"""``autotrain-dsl backtest``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.cli import replays
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION
from autotrain_dsl.cli.replays import Place
from autotrain_dsl.cli.single import curriculum
from autotrain_dsl.report.text import clean
from autotrain_dsl.tasks import TaskSchemas

if TYPE_CHECKING:
    from autotrain_dsl.backtest.sweeping import Variant
    from autotrain_dsl.cli.jobs import Target
    from autotrain_dsl.report.backtest import BackTest

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="Example:  autotrain-dsl backtest curriculums/coupled_baiting/coupled_baiting_2.3.yaml "
    "--against curriculums/coupled_baiting/coupled_baiting_2.1.yaml --behavior df_behavior.csv"
)
@click.argument("new", type=_FILE)
@click.option("--against", "old", type=_FILE, metavar="OLD", help="The curriculum to compare with.")
@click.option("--behavior", metavar="URI", help="df_behavior with the recorded sessions (default: that of --config).")
@replays.OF
@click.option(
    "--sweep",
    multiple=True,
    metavar="constants.NAME=V,V",
    help="Try variants of NEW with other constants; given several times, every combination.",
)
@replays.CONFIG
@replays.MANAGER
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "markdown", "html"]),
    default="text",
    show_default=True,
    help="html is a page that opens without a network.",
)
@click.option(
    "--output", "file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it here."
)
@SCHEMAS
def command(
    new: Path,
    old: Path | None,
    behavior: str | None,
    names: tuple[str, ...],
    sweep: tuple[str, ...],
    config: Path | None,
    manager: str | None,
    output: str,
    file: Path | None,
    schemas: Path | None,
) -> int:
    """Replay recorded sessions under the curriculum NEW, and tell how far the mice would have got.

    With --against also about which sessions two curriculums decide otherwise. Up to the first one of a mouse nothing
    is assumed; after it the recorded behaviour comes from another stage, and everything is told as if the mouse had
    behaved the same. Nothing is written but the report. Exit code 1 if a curriculum or the table has errors.
    """
    compiler = Compiler(TaskSchemas(schemas))
    graphs = [curriculum(path, compiler, quiet=output != "text") for path in (new, old) if path is not None]
    if None in graphs:
        return ATTENTION
    after = graphs[0]
    before = graphs[1] if len(graphs) > 1 else None
    assert after is not None

    def variants() -> Iterable[Variant]:
        from autotrain_dsl.backtest import sweeping  # noqa: PLC0415

        try:
            return sweeping.variants(new, after, sweep, compiler.schemas) if sweep else ()
        except sweeping.SweepError as error:
            raise click.BadParameter(str(error), param_hint="--sweep") from error

    def show(made: BackTest, target: Target) -> int:
        shown = _shown(made, output)
        if file is None:
            click.echo(shown, nl=False)
        elif file.resolve() in {Path(each).resolve() for each in (new, old, behavior or target.behavior) if each}:
            raise click.BadParameter(f"{clean(str(file))} is read; name another file", param_hint="--output")
        else:
            try:
                file.write_text(shown, encoding="utf-8")
            except OSError as error:
                raise OSError(error.errno, clean(f"cannot write {file}: {error.strerror}")) from error
        return ATTENTION if any(each.errors for each, _ in made.variants) else 0

    return replays.made(Place(behavior, config, manager, names), output, (after, before), variants, show)


def _shown(made: BackTest, output: str) -> str:
    from autotrain_dsl.report import backtest as report  # noqa: PLC0415 - needs what only a back-test needs

    if output == "json":
        return report.as_json(made)
    if output == "html":
        from autotrain_dsl.pages import backtest as page  # noqa: PLC0415

        try:
            return page.html(made).decode()
        except ModuleNotFoundError as error:
            message = f"the page needs more packages ({error.name}): pip install 'autotrain-dsl[report]'"
            raise click.UsageError(message) from error
    lines = report.markdown(made) if output == "markdown" else report.text(made)
    return "".join(f"{line}\n" for line in lines)

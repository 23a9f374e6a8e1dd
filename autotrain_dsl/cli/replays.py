"""Recorded sessions for the commands that replay them: which table, and how it differs from others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from autotrain_dsl.cli import jobs
from autotrain_dsl.cli.jobs import Target
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.nightly import read_behavior
from autotrain_dsl.report.text import clean

if TYPE_CHECKING:
    from autotrain_dsl.backtest.recorded import Recorded
    from autotrain_dsl.backtest.sweeping import Variant
    from autotrain_dsl.report.backtest import BackTest

CONFIG = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Configuration that says how stores are reached and what the table calls its columns.",
)
MANAGER = click.option("--manager", metavar="NAME", help="Which manager of --config, if it has several.")
OF = click.option(
    "--of",
    "names",
    multiple=True,
    metavar="NAME",
    help="Replay the sessions of this curriculum (default: those of the curriculums' own names).",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Which df_behavior is replayed, as the options of a command say."""

    behavior: str | None
    config: Path | None
    manager: str | None
    names: tuple[str, ...]

    def target(self, output: str) -> Target:
        """The table with everything that is known about it. Raises click.UsageError where the options do not fit."""
        if self.config is None:
            if self.manager is not None:
                raise click.UsageError("--manager is the name of a manager of --config FILE; add that")
            if self.behavior is None:
                raise click.UsageError("Missing option --behavior (or --config FILE)")
            return jobs.direct((), None, self.behavior, "", None)
        found = jobs.configured(self.config, self.manager, output)
        if len(found) > 1:
            names = ", ".join(target.name for target in found)
            raise click.UsageError(f"{self.config} has several managers; name one with --manager: {names}")
        return found[0]


def made(
    place: Place,
    output: str,
    graphs: tuple[StateGraph, StateGraph | None],
    variants: Callable[[], Iterable[Variant]],
    show: Callable[[BackTest, Target], int],
) -> int:
    """Replay under the new and, if there is one, the old curriculum, and show it; the exit code."""
    try:
        from autotrain_dsl.backtest import comparing, recorded  # noqa: PLC0415 - an extra, and heavy
        from autotrain_dsl.report.backtest import BackTest  # noqa: PLC0415
    except ImportError as error:
        message = f"a back-test needs more packages ({error.name}): pip install 'autotrain-dsl[backtest]'"
        raise click.UsageError(message) from error
    new, old = graphs

    def work(target: Target) -> int:
        uri = place.behavior or target.behavior
        frame, _ = read_behavior(uri, target.access)
        several = list(variants())
        used = [new, *([old] if old is not None else []), *(each.graph for each in several if each.graph is not None)]
        names: Collection[str] = place.names or {graph.curriculum.name for graph in used}
        record: Recorded = recorded.read(frame, target.layout, used, names, uri)
        for name in [name for name in place.names if name not in record.names]:
            told = f"note: `{uri}` holds no session of `{name}` that can be replayed"
            click.echo(clean(target.redact(told)), err=True)
        one = comparing.compare(record, new, old)
        swept = tuple(
            (each, None if each.graph is None else comparing.compare(record, each.graph, old or new, named=False))
            for each in several
        )
        return show(BackTest(target.redact(uri), one, swept), target)

    target = place.target(output)
    return jobs.guarded(target, work)

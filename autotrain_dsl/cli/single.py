"""One curriculum by its file, for the commands that compare curriculums."""

from __future__ import annotations

from pathlib import Path

import click

from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.cli.styling import style
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.report import text


def curriculum(path: Path, compiler: Compiler, *, quiet: bool) -> StateGraph | None:
    """The compiled curriculum; None after its errors were told, ``quiet``ly: on standard error."""
    compiled = compiler.compile(path)
    if compiled.graph is None:
        errors = [each for each in compiled.diagnostics if each.is_error]
        base = f"{text.clean(str(path))}: a base for other files, which says no curriculum of its own\n"
        click.echo(text.findings(errors, style()) if errors else base, err=quiet, nl=not errors)
    return compiled.graph

"""``autotrain-dsl expand``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from autotrain_dsl import document, effective, layers
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION
from autotrain_dsl.cli.styling import style
from autotrain_dsl.compiler import compile_document
from autotrain_dsl.diagnostics import tidy
from autotrain_dsl.effective import Effective
from autotrain_dsl.files import MAX_STDIN, STDIN
from autotrain_dsl.layers import Library
from autotrain_dsl.report import text
from autotrain_dsl.tasks import TaskSchemas

FORMAT = 1


@click.command(epilog="Example:  autotrain-dsl expand --blame curriculums/coupled_baiting/coupled_baiting_2.3.yaml")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--blame", is_flag=True, help="Say of every value in which file and line it is set, and through what.")
@click.option("--format", "output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
@SCHEMAS
def command(path: Path, blame: bool, output: str, schemas: Path | None) -> int:
    """Print a curriculum as it is once `extends`, `inherits`, `use`, constants and derived names are resolved.

    FILE may be - for standard input. What is printed is a curriculum of the same meaning. Exit code 1 if the
    curriculum has errors; they go to standard error.
    """
    if path == STDIN and sys.stdin is None:
        raise click.UsageError("-: there is no standard input")
    name = Path("<stdin>") if path == STDIN else path
    library = Library(layers.tree_of(name))
    if path == STDIN:
        written = layers.checked(document.parse_bytes(sys.stdin.buffer.read(MAX_STDIN), "<stdin>"))
    else:
        written = library.written(path)
    compiled = compile_document(name, written, library, TaskSchemas(schemas))
    layered = library.lay(name, written)[0]
    if compiled.graph is None or layered is None:
        errors = tuple(tidy(each for each in compiled.diagnostics if each.is_error))
        base = f"{text.clean(str(name))}: a base for other files; expand one that extends it"
        click.echo(text.findings(errors, style()) if errors else base, err=True)
        return ATTENTION
    found = effective.effective(compiled.graph, layered)
    click.echo(_json(found, blame=blame) if output == "json" else effective.text(found, blame=blame), nl=False)
    return 0


def _json(found: Effective, *, blame: bool) -> str:
    content: dict[str, object] = {"version": FORMAT, "curriculum": found.data}
    if blame:
        content["origins"] = [
            {
                "place": list(place),
                "path": origin.span.source.name,
                "line": origin.span.line,
                "through": list(origin.through),
            }
            for place, origin in found.origins.items()
        ]
    return json.dumps(content, indent=2) + "\n"

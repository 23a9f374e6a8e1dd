"""``autotrain-dsl init``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from autotrain_dsl import resources
from autotrain_dsl.cli.schema import of_task
from autotrain_dsl.report.text import clean
from autotrain_dsl.source import Source
from autotrain_dsl.tasks import TaskSchemas

_STARTER = Path(__file__).resolve().parent.parent / "starter"
_FILES = (
    "curriculums/first_curriculum.yaml",
    "curriculums/first_curriculum.test.yaml",
    "schemas/tasks/two_ports_1.0.yaml",
    "autotrain.yaml",
    "df_behavior.csv",
)
_SCHEMAS = ("curriculum", "tests", "task", "configuration")
_NEXT = (
    "autotrain-dsl validate --strict curriculums",
    "autotrain-dsl test curriculums",
    "autotrain-dsl evaluate --config autotrain.yaml",
    "autotrain-dsl explain m3 --config autotrain.yaml",
)


@click.command(epilog="Example:  autotrain-dsl init my_lab")
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Write a first curriculum into FOLDER (default: this one), with its task, test, configuration and sessions.

    They are small, explain themselves, and everything works on them at once. The JSON Schemas beside them let an
    editor complete and explain. Files that are there are never replaced.
    """
    content = dict(_content())
    if there := [name for name in content if (folder / name).exists()]:
        raise click.UsageError(f"{clean(str(folder))}: {', '.join(there)} is there already; nothing was written")
    for name, text in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        click.echo(f"written: {clean(path.as_posix())}")
    click.echo("\nNext:")
    if folder != Path():
        click.echo(f"  cd {clean(str(folder))}")
    click.echo("\n".join(f"  {line}" for line in _NEXT))


def _content() -> Iterator[tuple[str, str]]:
    for name in _FILES:
        yield name, (_STARTER / name).read_text(encoding="utf-8")
    near = _STARTER / _FILES[0]
    task, _ = TaskSchemas().find("two_ports", "1.0", near, Source("", "").whole())
    for name in _SCHEMAS:
        schema = resources.json_schema(name)
        schema = of_task(schema, task) if name == "curriculum" and task is not None else schema
        yield f"schemas/{resources.VERSION}/{name}.schema.json", json.dumps(schema, indent=2) + "\n"

"""``autotrain-dsl schema``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from autotrain_dsl import resources
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.model import TaskSchema
from autotrain_dsl.source import Source
from autotrain_dsl.tasks import TaskSchemas


@click.command(
    epilog="Example:  autotrain-dsl schema curriculum --task dynamic_foraging@1.1.0 > curriculum.schema.json"
)
@click.argument("name", required=False, type=click.Choice(resources.schema_names()))
@click.option("--task", metavar="NAME@VERSION", help="Curriculums of this task only: an editor knows its parameters.")
@SCHEMAS
def command(name: str | None, task: str | None, schemas: Path | None) -> None:
    """Print the JSON Schema NAME, or the names of all.

    Editors complete and explain with it: put it where the first line of your files says, or into the editor's settings.
    """
    if task is not None and name != "curriculum":
        raise click.UsageError("--task goes with `schema curriculum`")
    if name is None:
        click.echo("\n".join(resources.schema_names()))
        return
    schema = resources.json_schema(name)
    click.echo(json.dumps(schema if task is None else of_task(schema, _task(task, schemas)), indent=2))


def _task(name: str, schemas: Path | None) -> TaskSchema:
    task, separator, version = name.rpartition("@")
    if not separator:
        raise click.UsageError(f"--task: `{name}` is not of the form NAME@VERSION, such as dynamic_foraging@1.1.0")
    here = Path.cwd() / "curriculum.yaml"
    found, findings = TaskSchemas(schemas).find(task, version, here, Source("--task", "").whole())
    if found is None:
        raise click.UsageError("; ".join(f"--task: {each.message}; {each.hint}" for each in findings))
    return found


def of_task(schema: dict[str, Any], task: TaskSchema) -> dict[str, Any]:
    """The schema of curriculums whose parameters are those of a task; ``null`` still removes an inherited one."""
    properties = {name: _parameter(rule) for name, rule in task.parameters["properties"].items()}
    parameters = {**schema["definitions"]["parameters"], "properties": properties, "additionalProperties": False}
    return {
        **schema,
        "title": f"{schema['title']}, for {task.name} {task.version}",
        "definitions": {**schema["definitions"], "parameters": parameters},
    }


def _parameter(rule: dict[str, Any]) -> dict[str, Any]:
    title = ", in ".join(rule[key] for key in ("title", "unit") if key in rule)
    words = [title, rule.get("description", "")]
    known = {key: value for key, value in rule.items() if key not in ("title", "description", "unit", "enum")}
    known |= {"enum": [*rule["enum"], None]} if "enum" in rule else {}
    text = ". ".join(word for word in words if word)
    return {**({"description": text} if text else {}), **known, "type": [rule["type"], "null"]}

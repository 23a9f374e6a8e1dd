"""``autotrain-dsl schema``."""

from __future__ import annotations

import json

import click

from autotrain_dsl import resources


@click.command(epilog="Example:  autotrain-dsl schema curriculum > curriculum.schema.json")
@click.argument("name", required=False, type=click.Choice(resources.schema_names()))
def command(name: str | None) -> None:
    """Print the JSON Schema NAME, or the names of all."""
    if name is None:
        click.echo("\n".join(resources.schema_names()))
    else:
        click.echo(json.dumps(resources.json_schema(name), indent=2))

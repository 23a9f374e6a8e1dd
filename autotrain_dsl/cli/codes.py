"""``autotrain-dsl codes``."""

from __future__ import annotations

import click

from autotrain_dsl import codes
from autotrain_dsl.codes.right import RIGHT
from autotrain_dsl.diagnostics import Severity
from autotrain_dsl.spelling import suggest


@click.command(epilog="Example:  autotrain-dsl codes ATD416")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain the finding CODE: why it is one, and what to do; without CODE list all."""
    if code is None:
        for each in codes.ALL:
            click.echo(f"{each.id}  {each.severity.value:7}  {each.title}")
        return
    found = codes.BY_ID.get(code.upper())
    if found is None:
        raise click.UsageError(f"there is no code {code}; {suggest(code.upper(), codes.BY_ID, 'code')}")
    click.echo(f"{found.id} ({found.name}), {found.severity.value}: {found.title}\n")
    click.echo(f"Why: {found.why}\n\nWhat to do: {found.fix}")
    if found.id in RIGHT:
        click.echo("\nRight:\n\n" + "\n".join(f"    {line}" for line in RIGHT[found.id].splitlines()))
    if found.severity is Severity.WARNING and found.id < "ATD5":
        click.echo(f"\nTo silence it, at the end of its line: # autotrain: ignore[{found.id}] the reason")

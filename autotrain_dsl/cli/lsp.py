"""``autotrain-dsl lsp``."""

from __future__ import annotations

import importlib.util

import click


@click.command(epilog="Example:  autotrain-dsl lsp  (an editor starts it; see docs/editor.md)")
@click.option("--stdio", is_flag=True, expose_value=False, help="Use standard input and output, as it does anyway.")
def command() -> int:
    """Serve an editor by the Language Server Protocol: findings while typing, completion, hover, definitions, layout.

    Needs the extra `lsp` (pip install 'autotrain-dsl[lsp]').
    """
    if importlib.util.find_spec("pygls") is None:
        raise click.UsageError("this needs pygls: pip install 'autotrain-dsl[lsp]'")
    from autotrain_dsl.lsp import server  # noqa: PLC0415 - needs pygls

    server.serve()
    return 0

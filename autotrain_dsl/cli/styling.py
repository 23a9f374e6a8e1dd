"""Findings in colours."""

from __future__ import annotations

import os
import sys

import click

from autotrain_dsl.report import text

_COLOURS = {"error": "red", "warning": "yellow", "help": "cyan", "frame": "blue"}


def style() -> text.Style:
    """Colours where somebody sees them."""
    if os.environ.get("NO_COLOR") or sys.stdout is None or not sys.stdout.isatty():
        return text.plain
    return lambda part, role: click.style(part, fg=_COLOURS.get(role), bold=role in ("error", "warning", "message"))

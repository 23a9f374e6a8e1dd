"""Rows of words under each other, and words in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from autotrain_dsl.report.text import clean


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Every row as a line, its cells as wide as the widest of their column, two spaces between them."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def code(words: str) -> str:
    """A code span that its content cannot leave."""
    shown = clean(words)
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def markdown_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as a table of Markdown, the first of them its head; cells that hold a bar keep it."""
    head, *others = rows
    for row in (head, ["---"] * len(head), *others):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"

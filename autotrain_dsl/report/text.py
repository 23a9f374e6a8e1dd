"""Findings as text: place, code, message, the source line with the place underlined, and a way out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from autotrain_dsl.diagnostics import Diagnostic, Severity
from autotrain_dsl.source import Span

_WIDTH = 120
Style = Callable[[str, str], str]  # text and what it is -> text


def plain(text: str, _role: str) -> str:
    """No colours."""
    return text


def findings(diagnostics: Iterable[Diagnostic], style: Style = plain) -> str:
    """All findings, an empty line between two; ``style`` may colour a part by its role."""
    return "\n".join(finding(diagnostic, style) for diagnostic in diagnostics)


def finding(diagnostic: Diagnostic, style: Style = plain) -> str:
    """One finding: ``file:line:col: CODE severity: message`` and what helps to understand it."""
    what = style(f"{diagnostic.code.id} {diagnostic.severity}", diagnostic.severity)
    lines = [f"{_place(diagnostic.span)}: {what}: {style(clean(diagnostic.message), 'message')}"]
    lines += _excerpt(diagnostic.span, style, diagnostic.severity)
    if diagnostic.hint:
        lines.append(f"  = {style('help', 'help')}: {clean(diagnostic.hint)}")
    for note in diagnostic.notes:
        place = f" ({_place(note.span)})" if note.span is not None else ""
        lines.append(f"  = {style('note', 'help')}: {clean(note.text)}{place}")
    return "".join(f"{line}\n" for line in lines)


def clean(text: str) -> str:
    """Text of a file as it may reach a terminal: without control and direction characters."""
    return "".join(c if c.isprintable() else " " if c in "\t\r\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _place(span: Span) -> str:
    return f"{clean(span.source.name)}:{span.line}:{span.column}"


def _excerpt(span: Span, style: Style, severity: Severity) -> list[str]:
    text = span.source.line(span.line)
    if not text.strip():
        return []
    start = min(span.column - 1, len(text))
    end = max(span.end_column - 1 if span.end_line == span.line else len(text), start + 1)
    cut = max(0, start - _WIDTH // 2)
    before, marked = text[cut:start], text[start:end]
    line = ("..." if cut else "") + text[cut : cut + _WIDTH] + ("..." if len(text) > cut + _WIDTH else "")
    indent = " " * (len("...") if cut else 0) + " " * _columns(before)
    underline = "^" * max(1, min(_columns(marked), _WIDTH - len(before)))
    number = str(span.line)
    return [
        f"{style(f'{number} |', 'frame')} {clean(line)}",
        f"{style(' ' * len(number) + ' |', 'frame')} {indent}{style(underline, severity)}",
    ]


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

"""Findings as JSON for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.source import Span

FORMAT = 1


def findings(diagnostics: Iterable[Diagnostic], summary: dict[str, int]) -> str:
    """A JSON object: ``version`` of this format, ``findings`` sorted by place, and counts under ``summary``."""
    content = {"version": FORMAT, "findings": [finding(d) for d in diagnostics], "summary": summary}
    return json.dumps(content, indent=2, ensure_ascii=True) + "\n"


def finding(diagnostic: Diagnostic) -> dict[str, Any]:
    """One finding as plain data."""
    return {
        "code": diagnostic.code.id,
        "name": diagnostic.code.name,
        "severity": diagnostic.severity.value,
        **_place(diagnostic.span),
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "notes": [{"text": n.text, **(_place(n.span) if n.span is not None else {})} for n in diagnostic.notes],
    }


def _place(span: Span) -> dict[str, Any]:
    return {
        "path": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }

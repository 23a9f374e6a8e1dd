"""Findings as SARIF 2.1.0, the format of code scanning services."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from autotrain_dsl.diagnostics import Code, Diagnostic
from autotrain_dsl.report.github import relative
from autotrain_dsl.source import Span


def log(diagnostics: Sequence[Diagnostic], program_version: str, folder: PurePath) -> str:
    """A log of one run; paths are relative to ``folder``, the top of the repository.

    A finding keeps its fingerprint when lines are added above it: that is made of the code, the file, the text of the
    line, and how often this has come before in the file.
    """
    used = sorted({each.code.id: each.code for each in diagnostics}.values(), key=lambda code: code.id)
    places = {code.id: place for place, code in enumerate(used)}
    seen: dict[str, int] = {}
    results = [_result(each, places, seen, folder) for each in diagnostics]
    driver = {"name": "autotrain-dsl", "semanticVersion": program_version, "rules": [_rule(code) for code in used]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    content = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(content, indent=2) + "\n"


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "name": "".join(word.capitalize() for word in code.name.split("-")),
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.why},
        "help": {"text": f"{code.why}\n\n{code.fix}"},
        "defaultConfiguration": {"level": code.severity.value},
    }


def _result(each: Diagnostic, places: dict[str, int], seen: dict[str, int], folder: PurePath) -> dict[str, Any]:
    text = _plain(f"{each.message}{f' ({each.hint})' if each.hint else ''}")
    related = [
        {"id": number, **_location(note.span, folder), "message": {"text": _plain(note.text)}}
        for number, note in enumerate((note for note in each.notes if note.span is not None), 1)
        if note.span is not None
    ]
    return {
        "ruleId": each.code.id,
        "ruleIndex": places[each.code.id],
        "level": each.severity.value,
        "message": {"text": text},
        "locations": [_location(each.span, folder)],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {"autotrainDslLine/v1": _fingerprint(each, seen, folder)},
    }


def _plain(text: str) -> str:
    """Text in which no viewer sees a link: SARIF reads ``[words](address)`` as one, even in plain text."""
    return text.replace("](", "] (")


def _location(span: Span, folder: PurePath) -> dict[str, Any]:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    uri = quote(relative(span.source.name, folder), errors="surrogateescape")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _fingerprint(each: Diagnostic, seen: dict[str, int], folder: PurePath) -> str:
    line = each.span.source.line(each.span.line).strip()
    words: Iterable[str] = (each.code.id, relative(each.span.source.name, folder), line)
    key = hashlib.sha256(json.dumps(list(words)).encode()).hexdigest()[:32]
    seen[key] = seen.get(key, 0) + 1
    return f"{key}:{seen[key]}"

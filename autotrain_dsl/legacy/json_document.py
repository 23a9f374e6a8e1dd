"""JSON text to plain data with places: nearly all JSON is YAML, so the one reader of YAML tells where things stand."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from autotrain_dsl import document
from autotrain_dsl.codes import document as document_codes
from autotrain_dsl.codes import legacy as codes
from autotrain_dsl.diagnostics import Diagnostic, first
from autotrain_dsl.document import Document, Value
from autotrain_dsl.expressions.parser import Written
from autotrain_dsl.source import Span

# What the JSON reader says, what it means, and a way out.
_PROBLEMS = (
    ("Extra data", "the text goes on after its end", "a file holds one pair of { } and nothing else"),
    ("property name", "a key in double quotes is expected here", "no comma stands after the last entry"),
    ("trailing comma", "a comma after the last entry", "delete it"),
    ("',' delimiter", "a comma or a closing bracket is missing before this place", "entries are separated by commas"),
    ("':' delimiter", "a colon is missing before this place", 'an entry looks like "key": value'),
    ("Unterminated string", "a quotation mark is never closed", "close it"),
    ("control character", "a line break or a tab within quotes", "write \\n or \\t"),
    ("escape", "a backslash that means nothing", "write two for one"),
    ("Expecting value", "a value is expected here", "texts stand in double quotes; there are no comments"),
)  # fmt: skip
_BEFORE = b"\xef\xbb\xbf \t\r\n"  # a mark of the encoding, and white space
_CONSTANTS = ("NaN", "Infinity", "-Infinity")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})  # halves of characters (Cs) are found by the YAML reader


def parse(content: bytes, name: str) -> tuple[Document | None, list[Diagnostic]]:
    """The document that a JSON file holds, or None where its structure cannot be told, and what is wrong with it.

    Numbers that are none, keys that stand twice and invisible characters are errors; the document is there
    nevertheless, so that the rest can be looked at.
    """
    found, faults = document.parse_bytes(content, name)
    begins = content.lstrip(_BEFORE)[:1]
    if found is None and faults[-1].code is document_codes.TOO_LARGE and begins not in (b"", b"{"):
        message = "the file does not begin with `{`, as a curriculum of the older system does"
        return None, [Diagnostic(codes.NOT_LEGACY, faults[-1].span.source.whole(), message)]
    if found is None and faults[-1].code in _UNFIT:
        return None, [replace(fault, hint="") for fault in faults]
    whole = (found.source if found is not None else faults[-1].span.source).whole()
    try:
        data = json.loads(whole.source.text)
    except json.JSONDecodeError as error:
        return None, [_not_json(error, whole)]
    except (ValueError, RecursionError):
        return None, [Diagnostic(codes.NOT_LEGACY, whole, "the file cannot be read as JSON: a number or its depth")]
    if not isinstance(data, dict):
        message = f"expected one mapping in {{ }}, found {document.kind_of(data)}"
        return None, [Diagnostic(codes.NOT_LEGACY, whole, message)]
    if found is None:
        message = "from here on the file is laid out as no program writes JSON"
        return None, [Diagnostic(codes.NOT_LEGACY, faults[-1].span, message, "let a program write it anew")]
    found = replace(found, data=data)  # YAML knows no pairs of escapes for one character
    return found, [*faults, *first(_unusable(found))]


_UNFIT = (document_codes.TOO_LARGE, document_codes.NOT_UTF8, document_codes.FORBIDDEN_CHARACTER)


def _not_json(error: json.JSONDecodeError, whole: Span) -> Diagnostic:
    text, at = whole.source.text, error.pos
    if not text.strip():
        return Diagnostic(codes.NOT_LEGACY, whole, "the file is empty")
    if at >= len(text):
        return Diagnostic(
            codes.NOT_LEGACY, Span(whole.source, at, at), "the file ends before its last bracket is closed"
        )
    message, hint = next(
        ((meaning, way_out) for part, meaning, way_out in _PROBLEMS if part in error.msg), ("this is not JSON", "")
    )
    return Diagnostic(codes.NOT_LEGACY, Span(whole.source, at, at + 1), message, hint)


def _unusable(found: Document) -> Iterator[Diagnostic]:
    """Numbers that are none, and characters that nobody sees, written out or as an escape."""
    for span in found.values.values():
        if span.text in _CONSTANTS:
            message = f"`{span.text}` is not a number that can be used"
            yield Diagnostic(codes.NOT_LEGACY, span, message, "write a plain number")
    for place, span in found.keys.items():
        yield from _unseen(str(place[-1]), span)
    for place, span in found.values.items():
        value: Value = found.data
        for step in place:
            known = step in value if isinstance(value, dict) else isinstance(value, list)
            value = value[step] if known else None
        if isinstance(value, str):
            yield from _unseen(value, span)


def _unseen(text: str, span: Span) -> Iterator[Diagnostic]:
    for at, character in enumerate(text):
        if unicodedata.category(character) in _UNSEEN and character not in "\t\n\r":
            message = f"the invisible character U+{ord(character):04X}"
            yield Diagnostic(
                document_codes.FORBIDDEN_CHARACTER, Written(text, span).part(at, at + 1), message, "delete it"
            )
            return

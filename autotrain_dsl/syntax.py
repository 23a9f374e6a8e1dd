"""What the YAML reader says about a text that it cannot read, in words for the author of the text."""

from __future__ import annotations

import re

from autotrain_dsl.codes import document as codes
from autotrain_dsl.diagnostics import Diagnostic, Note
from autotrain_dsl.source import Source, Span

_QUOTES = "put quotes around the text"
_COLON = "quote text that holds `: `, begin a new line for a mapping, or look for a missing `:` in the line above"
_FLOW = "close it; inside [ ] and { } put quotes around conditions and text with , : [ ] { }"
_INDENTATION = "check the indentation of this line and the one above; text that starts with a quote ends with it"

# What the reader says, what it means, a way out, and whether to point to where the construct began.
_PROBLEMS: tuple[tuple[str, str, str, bool], ...] = (
    ("mapping values are not allowed", "a second `: ` where only one can stand", _COLON, False),
    ("could not find expected ':'", "this line has no `: `", "write `key: value`, with a space after the colon", True),
    ("unexpected end of stream", "a quotation mark is never closed", "close it", True),
    ("unexpected document separator", "a quotation mark is never closed", "close it", True),
    ("chomping or indentation", "text cannot start with `>` or `|` here", _QUOTES, True),
    ("unknown escape character", "a backslash in double quotes that means nothing", "take single quotes", False),
    ("escape sequence of", "a backslash in double quotes that means nothing", "take single quotes", False),
    ("expected ',' or", "a bracket is not closed before this place", _FLOW, False),
    ("alphabetic or numeric character", "text cannot start with this character", _QUOTES, False),
    ("sequence entries are not allowed", "a list entry `- ` cannot stand here", "start it on a line of its own", False),
    ("<document start>", "the text goes on after the end of its first value", _INDENTATION, False),
    ("<block end>", "this does not fit to what is above it", _INDENTATION, False),
    ("but found", "something else was expected here", _INDENTATION, False),
    ("directive", "a line that starts with `%`", "delete the line, or put quotes around text", False),
)


def explained(source: Source, problem: str, at: int, begun: int) -> Diagnostic:
    """The finding for a text that is not YAML.

    ``problem`` is what the reader says about the place ``at``, ``begun`` where the construct began that it was in.
    """
    message, hint, at_start = "the text is not YAML from here on", _INDENTATION, False
    character = re.search(r"found character (['\"])(.*?)\1 that cannot start", problem)
    if character and source.text[at : at + 1] == "\t":
        message, hint = "a tab where only spaces can stand", "indent with spaces, never with tabs"
    elif character:
        message, hint = f"text cannot start with `{character[2]}`", _QUOTES
    else:
        for fragment, meaning, way_out, begins in _PROBLEMS:
            if fragment in problem:
                message, hint, at_start = meaning, way_out, begins
                break
    notes: tuple[Note, ...] = ()
    if not at_start and begun < at:
        start = Span(source, begun, begun)
        notes = (Note(f"what is being read starts in line {start.line}", start),)
    offset = begun if at_start else at
    return Diagnostic(codes.SYNTAX, Span(source, offset, offset), message, hint, notes)

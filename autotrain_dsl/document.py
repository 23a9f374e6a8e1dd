"""YAML text to plain data, with the place of every key and value beside it.

The text is read as a stream of YAML events, so that a hostile file is refused at the first event that breaks a bound,
before anything is built from it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from autotrain_dsl import syntax
from autotrain_dsl.codes import document as codes
from autotrain_dsl.diagnostics import MAX_FINDINGS, Code, Diagnostic, Note
from autotrain_dsl.source import Source, Span

MAX_BYTES = 256 * 1024
MAX_SCALAR = 4096
MAX_DEPTH = 20
MAX_NODES = 10_000

Value = Any  # dict[str, Value] | list[Value] | str | int | float | bool | None
Place = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|(0|[1-9][0-9]*)(?=[eE]))([eE][-+]?[0-9]+)?")
_NUMBER_LIKE = re.compile(
    r"[-+]?\.?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|[-+]?0[xob][0-9a-fA-F_]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_DATE_LIKE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data of one YAML mapping; ``values`` and ``keys`` say where each value and each key stands."""

    source: Source
    data: dict[str, Value]
    values: Mapping[Place, Span]
    keys: Mapping[Place, Span]
    scalars: tuple[Span, ...] = ()

    def span(self, place: Place) -> Span:
        """Where to point for a value: at itself, or at its key where it covers several lines."""
        while place and place not in self.values:
            place = place[:-1]
        span = self.values.get(place, self.source.whole())
        if place in self.keys and span.line != span.end_line and span not in self.scalars:
            return self.keys[place]
        return span if place else self.source.whole()

    def key(self, place: Place) -> Span:
        """Where the key of a mapping entry stands; of a list entry, the entry."""
        return self.keys.get(place) or self.span(place)


def read(path: Path, name: str | None = None) -> tuple[Document | None, list[Diagnostic]]:
    """Read and parse a file; ``name`` is what findings call it."""
    name = name or str(path)
    nowhere = Source(name, "").whole()
    try:
        if not path.is_file():
            return None, [Diagnostic(codes.CANNOT_READ, nowhere, f"there is no file `{name}`")]
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return None, [Diagnostic(codes.CANNOT_READ, nowhere, f"cannot read `{name}`: {reason}")]
    return parse_bytes(content, name)


def parse_bytes(content: bytes, name: str) -> tuple[Document | None, list[Diagnostic]]:
    """Parse the bytes of a file: strict UTF-8 of at most 256 KiB."""
    if len(content) > MAX_BYTES:
        span = Source(name, "").whole()
        message = f"the file is larger than {MAX_BYTES // 1024} KiB"
        return None, [Diagnostic(codes.TOO_LARGE, span, message, "split it with `extends`")]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        source = Source(name, content[: error.start].decode("utf-8", "replace"))
        at = Span(source, len(source.text), len(source.text))
        utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        message = "the file is UTF-16 text" if utf16 else f"byte 0x{content[error.start]:02x} is not UTF-8 text"
        return None, [Diagnostic(codes.NOT_UTF8, at, message, "save the file with the encoding UTF-8")]
    return parse(Source(name, text))


def parse(source: Source) -> tuple[Document | None, list[Diagnostic]]:
    """Parse a YAML text into a document, or None where its structure cannot be told, and what is wrong with it."""
    if found := _forbidden_character(source):
        return None, [found]
    builder = _Builder(source)
    try:
        builder.run()
    except _StopError as stop:
        return None, [*builder.findings, *([stop.finding] if stop.finding is not None else [])]
    except MarkedYAMLError as error:
        return None, [*builder.findings, _syntax_error(source, error)]
    except (YAMLError, ValueError, RecursionError, AttributeError, IndexError, KeyError, TypeError, AssertionError):
        # ruamel.yaml stumbles over some malformed texts with exceptions that are not its own.
        message = "the text is not YAML, and the YAML reader cannot say where"
        return None, [*builder.findings, Diagnostic(codes.SYNTAX, source.whole(), message)]
    if not isinstance(builder.root, dict):
        kind = "nothing" if builder.root is None else kind_of(builder.root)
        message = f"expected one mapping of keys and values, found {kind}"
        hint = "a curriculum starts with `dsl_version: 1`"
        return None, [*builder.findings, Diagnostic(codes.NOT_ONE_DOCUMENT, source.whole(), message, hint)]
    document = Document(source, builder.root, builder.values, builder.keys, tuple(builder.scalars))
    return document, builder.findings


def too_many(at: Span) -> Diagnostic:
    """That the findings of a file do not end here."""
    message = f"the file has more than {MAX_FINDINGS} findings; from here on they are not shown"
    return Diagnostic(codes.TOO_MANY, at, message, "mend the first ones and run again")


def kind_of(value: Value) -> str:
    """What a scientist would call a value: text, a number, a list ..."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a mapping"


class _StopError(Exception):
    """The rest of the text is not worth reading."""

    def __init__(self, finding: Diagnostic | None = None) -> None:
        super().__init__()
        self.finding = finding


@dataclass
class _Open:
    """A mapping or list that is being read."""

    value: dict[str, Value] | list[Value]
    place: Place
    start: int
    key: str | None = None  # of the mapping entry whose value comes next
    expects_key: bool = True
    skips: bool = False  # the entry's key was refused: its value is read but dropped


@dataclass
class _Builder:
    source: Source
    root: Value = None
    values: dict[Place, Span] = field(default_factory=dict)
    keys: dict[Place, Span] = field(default_factory=dict)
    scalars: list[Span] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    nodes: int = 0
    documents: int = 0

    def run(self) -> None:
        for event in YAML(typ="safe", pure=True).parse(self.source.text):
            if isinstance(event, DocumentStartEvent):
                self._start_document(event)
            elif isinstance(event, AliasEvent):
                message = f"`{self._text(event)}` is an alias, and aliases are not allowed"
                hint = "put quotes around text that starts with `*`; to share parameters take `blocks` and `use`"
                raise self._stop(codes.ALIAS, event, message, hint)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self._close(event)
            elif isinstance(event, NodeEvent):
                self._open(event)

    def _start_document(self, event: DocumentStartEvent) -> None:
        self.documents += 1
        if event.version is not None or event.tags:
            line = re.search(r"^%[^\r\n]*", self.source.text, re.MULTILINE)
            span = Span(self.source, line.start(), line.end()) if line else self._span(event)
            message = "a line that starts with `%` changes how YAML is read; files are always YAML 1.2"
            raise _StopError(Diagnostic(codes.DIRECTIVE, span, message, "delete the line"))
        if self.documents > 1:
            hint = "put the second document into a file of its own"
            raise self._stop(codes.NOT_ONE_DOCUMENT, event, "a second document in one file", hint)

    def _open(self, event: NodeEvent) -> None:
        self._guard(event)
        parent = self.stack[-1] if self.stack else None
        if parent is not None and isinstance(parent.value, dict) and parent.expects_key:
            self._take_key(parent, event)
            return
        place = self._next_place(parent)
        if isinstance(event, ScalarEvent):
            span = self._span(event)
            self.scalars.append(span)
            self._put(parent, self._scalar(event, span), place, span)
            return
        value: dict[str, Value] | list[Value] = {} if isinstance(event, MappingStartEvent) else []
        self._put(parent, value, place, None)
        self.stack.append(_Open(value, place, event.start_mark.index, skips=parent is not None and parent.skips))

    def _guard(self, event: NodeEvent) -> None:
        self.nodes += 1
        if event.anchor is not None:
            hint = "to share parameters take `blocks` and `use`, `inherits` or `extends`; put quotes around text"
            message = f"`&{event.anchor[:40]}` is an anchor, and anchors are not allowed"
            raise self._stop(codes.ALIAS, event, message, hint)
        if getattr(event, "tag", None) is not None:
            word = self.source.text[event.start_mark.index :].split(maxsplit=1)[0][:40]
            hint = "put quotes around text that starts with `!`; in a condition write `not`"
            raise self._stop(codes.TAG, event, f"`{word}` is a tag, and tags are not allowed", hint)
        if self.nodes > MAX_NODES:
            raise self._stop(codes.TOO_LARGE, event, f"more than {MAX_NODES:,} keys and values in one file")
        if len(self.stack) >= MAX_DEPTH and not isinstance(event, ScalarEvent):
            raise self._stop(codes.TOO_LARGE, event, f"nested more than {MAX_DEPTH} levels deep")
        if isinstance(event, ScalarEvent) and len(event.value) > MAX_SCALAR:
            raise self._stop(codes.TOO_LARGE, event, f"a single value of more than {MAX_SCALAR:,} characters")

    def _take_key(self, parent: _Open, event: NodeEvent) -> None:
        span = self._span(event)
        if not isinstance(event, ScalarEvent):
            raise self._stop(codes.BAD_KEY, event, "a list or mapping stands where a key is expected")
        self.scalars.append(span)
        key, plain = self._joined(event.value, span), event.style is None
        if plain and key == "<<":
            hint = "share parameters with `blocks` and `use`, or with `inherits`"
            raise self._stop(codes.ALIAS, event, "`<<` is a merge key, and merge keys are not allowed", hint)
        parent.key, parent.expects_key = key, False
        place = (*parent.place, key)
        if plain and not isinstance(self._plain(key, span, quiet=True), str):
            hint = "a key is a name that starts with a letter" if key else "write the key before the colon"
            self._report(codes.BAD_KEY, span, f"the key `{key}` is not text" if key else "a key is missing here", hint)
            parent.skips = True
        elif not parent.skips and key in parent.value:
            first = self.keys[place]
            note = Note(f"first written in line {first.line}", first)
            self._report(codes.DUPLICATE_KEY, span, f"`{key}` stands twice in this mapping", notes=(note,))
            parent.skips = True
        elif not parent.skips:
            self.keys[place] = span

    def _next_place(self, parent: _Open | None) -> Place:
        if parent is None:
            return ()
        if isinstance(parent.value, list):
            return (*parent.place, len(parent.value))
        return (*parent.place, parent.key or "")

    def _put(self, parent: _Open | None, value: Value, place: Place, span: Span | None) -> None:
        if parent is None:
            self.root = value
        elif isinstance(parent.value, list):
            parent.value.append(value)
        elif not parent.skips:
            parent.value[parent.key or ""] = value
        if span is not None and (parent is None or not parent.skips):
            self.values[place] = span
        if parent is not None and span is not None:
            self._entry_done(parent)

    def _close(self, event: Event) -> None:
        done = self.stack.pop()
        if not done.skips:
            self.values[done.place] = self._trimmed(done.start, event.end_mark.index)
        if self.stack:
            self._entry_done(self.stack[-1])

    def _entry_done(self, parent: _Open) -> None:
        if isinstance(parent.value, dict):
            parent.expects_key = True
            # A dropped entry ends here; one inside a dropped mapping stays dropped.
            parent.skips = len(self.stack) > 1 and self.stack[-2].skips

    def _scalar(self, event: ScalarEvent, span: Span) -> Value:
        return self._plain(event.value, span) if event.style is None else self._joined(event.value, span)

    def _joined(self, text: str, span: Span) -> str:
        """Text in which the two halves of a character, written as two escapes, are one."""
        if not re.search("[\ud800-\udfff]", text):
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            message = "an escape that is half of a character"
            self._report(codes.FORBIDDEN_CHARACTER, span, message, "write both halves, or the character itself")
            return text.encode("ascii", "replace").decode()

    def _plain(self, text: str, span: Span, quiet: bool = False) -> Value:
        """The value of an unquoted scalar: YAML 1.2, without the forms that programs disagree about."""
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text) and len(text) < 40 and abs(number := float(text)) < 1e300:
            return number
        if (_NUMBER_LIKE.fullmatch(text) or _DATE_LIKE.fullmatch(text)) and not quiet:
            what = "date" if _DATE_LIKE.fullmatch(text) else "number"
            if re.fullmatch(r"[-+]?[1-9][0-9]*", text):
                self._report(codes.AMBIGUOUS_VALUE, span, "the number has more digits than programs can hold")
                return 0
            hint = f'if it is text, put quotes around it: "{text[:40]}"'
            if what == "number":
                hint = "write a number in plain decimal digits; " + hint
            message = f"`{text[:40]}` is not the same {what} for every program"
            self._report(codes.AMBIGUOUS_VALUE, span, message, hint)
        return text

    def _span(self, event: Event) -> Span:
        return self._trimmed(event.start_mark.index, event.end_mark.index)

    def _trimmed(self, start: int, end: int) -> Span:
        while end > start and self.source.text[end - 1].isspace():
            end -= 1
        return Span(self.source, start, end)

    def _text(self, event: Event) -> str:
        return self._span(event).text[:40]

    def _report(self, code: Code, span: Span, message: str, hint: str = "", notes: tuple[Note, ...] = ()) -> None:
        self.findings.append(Diagnostic(code, span, message, hint, notes))
        if len(self.findings) > MAX_FINDINGS:
            raise _StopError

    def _stop(self, code: Code, event: Event, message: str, hint: str = "") -> _StopError:
        span = self._span(event)
        if span.line != span.end_line:
            span = Span(self.source, span.start, span.start + 1)
        return _StopError(Diagnostic(code, span, message, hint))


def _forbidden_character(source: Source) -> Diagnostic | None:
    for match in re.finditer(r"[^\t\n\r -~]", source.text):
        character = match.group()
        category = unicodedata.category(character)
        if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            return _bad_character(source, match.start(), character)
    if lone := re.search(r"\r(?!\n)", source.text):
        span = Span(source, lone.start(), lone.end())
        hint = "save the file with Unix or Windows line ends"
        return Diagnostic(codes.FORBIDDEN_CHARACTER, span, "a line end of the old Macintosh form", hint)
    return None


def _bad_character(source: Source, offset: int, character: str) -> Diagnostic:
    name = unicodedata.name(character, "a control character").lower()
    message = f"the invisible character U+{ord(character):04X} ({name})"
    span = Span(source, offset, offset + 1)
    return Diagnostic(codes.FORBIDDEN_CHARACTER, span, message, "delete it; retype the line if you cannot see it")


def _syntax_error(source: Source, error: MarkedYAMLError) -> Diagnostic:
    at, begun = error.problem_mark or error.context_mark, error.context_mark or error.problem_mark
    places = [min(mark.index, len(source.text)) if mark is not None else 0 for mark in (at, begun)]
    return syntax.explained(source, f"{error.problem or ''} {error.context or ''}", places[0], places[1])

"""Passwords that are written into a document: taken out before anything else sees the document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

from autotrain_dsl.diagnostics import Diagnostic, Note
from autotrain_dsl.document import Document, Place, Value
from autotrain_dsl.source import Source, Span

HIDDEN = "***"

_USER = re.compile(r"://[^\s:/?#]*:")
_PORT = re.compile(r"\d{1,5}(?![^\s/?#\"'`\],}])")
_PARAMETER = re.compile(r"(?i)[?&][a-z_]*(?:password|passwd|pwd|passphrase|secret|token)=(?P<value>[^&#]+)")
_REFERENCE = re.compile(r"(?<!\$)\$\{(?:[A-Za-z_][A-Za-z0-9_]*\})?")
_AFTER_HOST = re.compile(r"[\s/?#]")
_AFTER_PATH = re.compile(r"[?#]")
_TAKEN = re.compile(r"\$\{password at [0-9:]+\}")
_TOLD = re.compile(r"(?i)://[^\s:/?#]*:|[?&][a-z_]*(?:password|passwd|pwd|passphrase|secret|token)=")


@dataclass(frozen=True, slots=True)
class Taken:
    """A document without its passwords.

    In its data the reference ``${password at LINE:COLUMN}`` stands for one, in the text of its source ``*``; so
    nothing that is made of the document can show it. ``values`` are the passwords by the name of the reference,
    ``spans`` the places where they stood.
    """

    document: Document
    values: dict[str, str]
    spans: tuple[Span, ...]


def take_out(document: Document) -> Taken:
    """Replace every password in a document."""
    source = document.source
    text, rest = list(source.text), list(source.text)
    replaced: dict[Place, str] = {}
    values: dict[str, str] = {}
    places: list[tuple[int, int]] = []
    for place, value in texts(document.data):
        span = document.values[place]
        rest[span.start : span.end] = " " * (span.end - span.start)
        cuts = list(_cuts(value))
        if not cuts:
            continue
        offsets = span.offsets(value)
        for start, end in reversed(cuts):
            known = end <= len(offsets)
            at = (offsets[start], offsets[end] if end < len(offsets) else span.end) if known else (span.start, span.end)
            line, column = source.position(at[0] if known else span.start + start)
            name = f"password at {line}:{column}"
            values[name] = unquote(value[start:end].replace("$${", "${"))
            value = f"{value[:start]}${{{name}}}{value[end:]}"  # noqa: PLW2901 - from the right to the left
            _hide(text, *at)
            places += [at] if start == cuts[0][0] else []
        replaced[place] = value
    for start, end in _in_lines("".join(rest)):
        _hide(text, start, end)
    hidden = Source(source.name, "".join(text))
    spans = tuple(Span(hidden, start, end) for start, end in sorted(places))
    return Taken(_rebuilt(document, hidden, replaced), values, spans)


def shown(text: str) -> str:
    """A text of such a document as findings show it."""
    return _TAKEN.sub(HIDDEN, text)


def texts(data: Value, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text in the data at ``place``, with its own place; keys are none."""
    if isinstance(data, str):
        yield place, data
    elif isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from texts(value, (*place, key))


def hidden(findings: Iterable[Diagnostic], source: Source | None = None) -> list[Diagnostic]:
    """What the YAML reader found, without passwords: it quotes the text before they can be taken out.

    ``source`` is that of the document without passwords, if the text could be read as one.
    """
    sources: dict[Source, Source] = {}

    def safe(span: Span) -> Span:
        if span.source not in sources:
            sources[span.source] = source or _without_passwords(span.source)
        return replace(span, source=sources[span.source])

    return [
        Diagnostic(
            found.code,
            safe(found.span),
            _told(found.message),
            _told(found.hint),
            tuple(Note(_told(note.text), safe(note.span) if note.span else None) for note in found.notes),
        )
        for found in findings
    ]


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """The parts of the passwords in a text that are not references to variables."""
    for start, end in _passwords(text):
        at = start
        for reference in _REFERENCE.finditer(text, start, end):
            if at < reference.start():
                yield at, reference.start()
            at = reference.end()
        if at < end:
            yield at, end


def _passwords(text: str, *, unfinished: bool = False) -> Iterator[tuple[int, int]]:
    """Where passwords stand; an ``unfinished`` text may end before the @ that ends one."""
    found: list[tuple[int, int]] = []
    done = at = 0
    for user in _USER.finditer(text):
        start = user.end()
        at = text.find("@", start) if 0 <= at < start else at
        if start < done or _is_port(text, start, at):
            continue
        if at < 0:
            end = len(text) if unfinished else start
        else:  # an @ that belongs to a badly written password may come first
            path = _AFTER_PATH.search(text, at)
            end = text.rfind("@", start, path.start() if path else len(text))
        found += [(start, end)] if end > start else []
        done = max(done, end)
    found += [match.span("value") for match in _PARAMETER.finditer(text) if match.start() >= done]
    yield from sorted(found)


def _is_port(text: str, start: int, at: int) -> bool:
    """Whether what follows a colon is a port and not the password before the @."""
    port = _PORT.match(text, start)
    return port is not None and (at < 0 or _AFTER_HOST.search(text, port.end(), at) is not None)


def _hide(characters: list[str], start: int, end: int) -> None:
    for at in range(start, end):
        if characters[at] not in "\r\n":
            characters[at] = "*"


def _in_lines(text: str) -> Iterator[tuple[int, int]]:
    """Where passwords stand in what is no value: comments, keys, and all of a text that is not YAML."""
    at = 0
    for line in text.splitlines(keepends=True):
        yield from ((at + start, at + end) for start, end in _passwords(line.rstrip(), unfinished=True))
        at += len(line)


def _without_passwords(source: Source) -> Source:
    characters = list(source.text)
    for start, end in _in_lines(source.text):
        _hide(characters, start, end)
    return Source(source.name, "".join(characters))


def _rebuilt(document: Document, source: Source, replaced: dict[Place, str]) -> Document:
    """The document on another source, with other texts, and without passwords in its keys."""

    def renamed(place: Place) -> Place:
        return tuple(_key(step) if isinstance(step, str) else step for step in place)

    def rebuilt(data: Value, place: Place) -> Value:
        if isinstance(data, dict):
            return {_key(key): rebuilt(value, (*place, key)) for key, value in data.items()}
        if isinstance(data, list):
            return [rebuilt(value, (*place, number)) for number, value in enumerate(data)]
        return replaced.get(place, data)

    return Document(
        source,
        rebuilt(document.data, ()),
        {renamed(place): replace(span, source=source) for place, span in document.values.items()},
        {renamed(place): replace(span, source=source) for place, span in document.keys.items()},
        tuple(replace(span, source=source) for span in document.scalars),
    )


def _key(text: str) -> str:
    head = _TOLD.search(text)
    return text if head is None else text[: head.end()] + HIDDEN


def _told(text: str) -> str:
    """A message without a password, of which it may quote only the beginning."""
    head, end = _TOLD.search(text), text.rfind("`")
    return text if head is None else text[: head.end()] + HIDDEN + (text[end:] if end >= head.end() else "")

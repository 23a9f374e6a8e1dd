"""Warnings that a comment on their line silences, and comments that silence nothing."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from autotrain_dsl.codes import BY_ID, verification
from autotrain_dsl.codes import document as codes
from autotrain_dsl.diagnostics import MAX_FINDINGS, Diagnostic, Severity
from autotrain_dsl.document import Document
from autotrain_dsl.source import Span
from autotrain_dsl.spelling import suggest

MAX_CODES = 20  # of one comment

_COMMENT = re.compile(r"(?<!\S)#[ \t]*autotrain:[ \t]*(?P<rest>[^\r\n]*)")
_IGNORE = re.compile(r"ignore\[(?P<codes>[^\]]*)\](?P<reason>.*)")


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that silences warnings on its line."""

    codes: tuple[str, ...]
    span: Span


def silence(
    diagnostics: Iterable[Diagnostic],
    documents: Iterable[Document],
    judged: Iterable[Document],
    unasked: Collection[str] = verification.SOLVED,
) -> list[Diagnostic]:
    """What remains when silenced warnings are left out.

    For the documents in ``judged``, which were checked to the end, a comment that silences nothing is a finding, unless
    its code is one of ``unasked``, which were not looked for.
    """
    comments = Comments(documents)
    kept = list(comments.faults)
    used: set[tuple[Ignore, str]] = set()
    for finding in diagnostics:
        if (ignore := comments.silencing(finding)) is None:
            kept.append(finding)
        else:
            used.add((ignore, finding.code.id))
    for document in judged:
        kept.extend(_unused(comments.of(document), used, unasked))
    return kept


class Comments:
    """The silencing comments of some documents; ``faults`` are those that are incomplete."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = {id(document.source): document for document in documents}
        self._ignores: dict[int, list[Ignore]] = {}
        self.faults: list[Diagnostic] = []
        for key, document in self._documents.items():
            self._ignores[key], faults = ignores_in(document)
            self.faults.extend(faults)

    def of(self, document: Document) -> list[Ignore]:
        """Those of one document."""
        return self._ignores.get(id(document.source), [])

    def silencing(self, finding: Diagnostic) -> Ignore | None:
        """The comment that silences a finding, if one does."""
        document = self._documents.get(id(finding.span.source))
        if finding.is_error or document is None or not (ignores := self.of(document)):
            return None
        first, last = _lines(finding, document)
        for ignore in ignores:
            if finding.code.id in ignore.codes and first <= ignore.span.line <= last:
                return ignore
        return None


def _lines(finding: Diagnostic, document: Document) -> tuple[int, int]:
    """The lines on which a comment can stand: those of the YAML value that holds the finding."""
    at = bisect_right(document.scalars, finding.span.start, key=lambda span: span.start)
    if at:
        scalar = document.scalars[at - 1]
        if scalar.start <= finding.span.start <= scalar.end:
            return scalar.line, scalar.end_line
    return finding.span.line, finding.span.line


def _unused(ignores: list[Ignore], used: set[tuple[Ignore, str]], unasked: Collection[str]) -> list[Diagnostic]:
    found = []
    for ignore in ignores:
        for code in ignore.codes:
            if code not in BY_ID or code in unasked or (ignore, code) in used:
                continue
            message = f"there is no warning {code} on this line to silence"
            hint = "delete the comment, or move it to the end of the line of the warning"
            if BY_ID[code].severity is Severity.ERROR:
                hint = f"{code} is an error, and errors cannot be silenced: delete the comment"
            found.append(Diagnostic(codes.UNUSED_IGNORE, ignore.span, message, hint))
    return found


def ignores_in(document: Document) -> tuple[list[Ignore], list[Diagnostic]]:
    """The silencing comments of a document, and those that are incomplete."""
    source = document.source
    found: list[Ignore] = []
    faults: list[Diagnostic] = []
    in_order = sorted(document.scalars, key=lambda span: span.start)
    for match in islice(_COMMENT.finditer(source.text), MAX_FINDINGS):
        if _inside_scalar(match.start(), in_order):
            continue
        span = Span(source, match.start(), match.start() + len(match.group().rstrip()))
        form = _IGNORE.fullmatch(match["rest"].strip())
        ids = tuple(word.strip() for word in form["codes"].split(",") if word.strip()) if form else ()
        if form and ids and form["reason"].strip():
            faults.extend(_unknown_codes(ids, span))
            found.append(Ignore(ids, span))
        else:
            what = "cannot be understood" if not form else "says no reason" if ids else "names no code"
            hint = "write `# autotrain: ignore[CODE] reason`"
            faults.append(Diagnostic(codes.BAD_IGNORE, span, f"this `autotrain:` comment {what}", hint))
    return found, faults


def _unknown_codes(ids: tuple[str, ...], span: Span) -> Iterator[Diagnostic]:
    for word in list(dict.fromkeys(ids))[:MAX_CODES]:
        if word not in BY_ID:
            hint = suggest(word, BY_ID, "code")
            yield Diagnostic(codes.BAD_IGNORE, span, f"there is no finding with the code `{word}`", hint)


def _inside_scalar(offset: int, in_order: list[Span]) -> bool:
    before = bisect_right(in_order, offset, key=lambda span: span.start)
    if not before:
        return False
    span = in_order[before - 1]
    if span.text[:1] in ("|", ">"):  # a comment may follow the header of a block scalar
        return span.start + span.text.find("\n") < offset < span.end
    return offset < span.end

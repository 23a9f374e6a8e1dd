"""Warnings that a comment on their line silences, and comments that silence nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from autotrain_dsl.codes import document as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.document import Document, Ignore


def silence(
    diagnostics: Iterable[Diagnostic], documents: Iterable[Document], judged: Iterable[Document]
) -> list[Diagnostic]:
    """What remains when silenced warnings are left out.

    For the documents in ``judged``, which were checked to the end, a comment that silences nothing is a finding.
    """
    by_source = {id(document.source): document for document in documents}
    used: set[tuple[Ignore, str]] = set()
    kept = []
    for finding in diagnostics:
        document = by_source.get(id(finding.span.source))
        ignore = _ignore_for(finding, document) if document is not None and not finding.is_error else None
        if ignore is None:
            kept.append(finding)
        else:
            used.add((ignore, finding.code.id))
    for document in judged:
        kept.extend(_unused(document, used))
    return kept


def _ignore_for(finding: Diagnostic, document: Document) -> Ignore | None:
    first, last = _lines(finding, document)
    for ignore in document.ignores:
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


def _unused(document: Document, used: set[tuple[Ignore, str]]) -> list[Diagnostic]:
    found = []
    for ignore in document.ignores:
        for code in ignore.codes:
            if (ignore, code) not in used:
                message = f"there is no warning {code} on this line to silence"
                found.append(Diagnostic(codes.UNUSED_IGNORE, ignore.span, message, "delete the comment or move it"))
    return found

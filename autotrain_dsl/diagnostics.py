"""What the program has to say about a user's file: values, never printed here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from autotrain_dsl.source import Span


class Severity(StrEnum):
    """An error makes a file unusable; a warning can be silenced on its line, with a reason."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding and its page in the manual."""

    id: str
    name: str
    severity: Severity
    title: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Note:
    """A further fact about a finding, with the place it speaks of where there is one."""

    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding at one place: what is wrong in the user's own words, and a way out."""

    code: Code
    span: Span
    message: str
    hint: str = ""
    notes: tuple[Note, ...] = ()

    @property
    def severity(self) -> Severity:
        """That of the code."""
        return self.code.severity

    @property
    def is_error(self) -> bool:
        """Whether the file cannot be used."""
        return self.code.severity is Severity.ERROR


MAX_FINDINGS = 200  # of one file: nobody reads more, and finding them must not take long


def first(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """As many findings as one file can show and one more; a generator of more is not run any further."""
    return list(islice(findings, MAX_FINDINGS + 1))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them is an error."""
    return any(d.is_error for d in diagnostics)


def tidy(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by place and code; the same finding at the same place (of a base that several files extend) once."""
    unique: dict[tuple[str, int, int, str, str], Diagnostic] = {}
    for d in diagnostics:
        key = (d.span.source.name, d.span.start, d.span.end, d.code.id, d.message)
        if key not in unique or len(d.notes) < len(unique[key].notes):
            unique[key] = d
    return [unique[key] for key in sorted(unique)]

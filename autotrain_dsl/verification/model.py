"""What verification finds: values, never printed here."""

from __future__ import annotations

from dataclasses import dataclass, field

from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.source import Span
from autotrain_dsl.verification.witnesses import Shown


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is so, with mice that show it."""

    diagnostic: Diagnostic
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """A question that has no answer, where it arises, and why it has none; ``claim``: whether somebody claims one."""

    question: str
    span: Span
    why: str
    claim: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """A claim of the author that no mouse breaks; ``bound`` says within how many sessions, None for ever."""

    claim: str
    span: Span
    bound: int | None
    shown: tuple[Shown, ...] = ()


@dataclass
class Report:
    """All about one curriculum. ``reached`` is the shortest history to every stage that a mouse can reach."""

    findings: list[Finding] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    reached: dict[str, Shown] = field(default_factory=dict)

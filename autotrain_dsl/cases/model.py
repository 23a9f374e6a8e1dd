"""A test of a curriculum as the rest of the program sees it: plain frozen values with their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autotrain_dsl.expressions.evaluator import Program
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.source import Span


@dataclass(frozen=True, slots=True)
class Expected:
    """What is to be decided about the last session; None is not looked at. ``rule`` 0 is no rule."""

    decision: str | None = None
    next_stage: str | None = None
    rule: int | None = None
    reason: str | None = None
    missing: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One test. ``sessions`` holds the values of every metric, equally long, None for a missing one.

    With ``path`` every session is judged, the first in the situation that is given, and the stages suggested are
    compared; else the last one alone is judged, in that situation. ``ran`` are the stages that the rig ran (None: the
    suggested one), empty if it always did as suggested.
    """

    name: str
    span: Span
    stage: str
    session_total: int
    session_at_current_stage: int
    sessions: Mapping[str, tuple[float | None, ...]]
    expected: Expected | None = None
    path: tuple[str, ...] = ()
    ran: tuple[str | None, ...] = ()

    @property
    def length(self) -> int:
        """How many sessions are given."""
        return len(next(iter(self.sessions.values())))


@dataclass(frozen=True, slots=True)
class Claim:
    """A property that no mouse is to break: where ``when`` is true (None: always) a decision is never, or always, made.

    An empty ``stage``, ``decision`` or ``next_stage`` means any. With ``within`` it says instead that some mouse
    reaches ``stage`` within that many sessions.
    """

    name: str
    span: Span
    always: bool = False
    stage: str = ""
    decision: str = ""
    next_stage: str = ""
    when: Program | None = None
    within: int | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one file, and the curriculum that they test; ``graph`` is None where that cannot be used."""

    path: Path
    curriculum: Path | None
    graph: StateGraph | None
    cases: tuple[Case, ...]
    claims: tuple[Claim, ...] = ()

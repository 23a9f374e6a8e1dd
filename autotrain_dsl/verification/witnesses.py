"""Concrete mice: sessions that show what a finding says, judged by the interpreter before anybody sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from autotrain_dsl.cases.model import Case, Expected
from autotrain_dsl.cases.running import Step, follow
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import FIRED, Decision, History, Situation, step, traces

_BESIDE = 1e-9
_OFFS = (0.01, -0.01, 0.05, -0.05, 1.0, -1.0)
DIGITS = (2, 3, 4, 6, 9, 12)  # to which values of a witness are rounded, if it still shows the same

Sessions = Mapping[str, tuple[float | None, ...]]


class ReplayError(Exception):
    """The interpreter does not say of a mouse what was proved of it: a defect of this program."""


@dataclass(frozen=True, slots=True)
class Mouse:
    """The sessions of a mouse, oldest first, and where it stands.

    Of one that is followed (``path``) every session is judged, and the counts are those of the first; else the last
    one alone is judged, and they are its own.
    """

    stage: str
    session_total: int
    session_at_current_stage: int
    sessions: Sessions
    path: bool = False

    @property
    def length(self) -> int:
        """How many sessions are given."""
        return max(map(len, self.sessions.values()), default=0)

    @property
    def first_session(self) -> int:
        """The number of the oldest session that is given."""
        return self.session_total if self.path else self.session_total - self.length + 1

    def steps(self, graph: StateGraph) -> tuple[Step, ...]:
        """Every session that is judged, with its decision."""
        if self.path:
            return tuple(follow(self.case(graph), graph))
        situation = Situation(self.stage, self.session_total, self.session_at_current_stage)
        return (Step(self.session_total, situation, self.decision(graph)),)

    def decision(self, graph: StateGraph) -> Decision:
        """What is decided about the last session of a mouse that is not followed."""
        return step(graph, *self.input())

    def fired(self, graph: StateGraph) -> set[int]:
        """The numbers of all rules whose conditions the last session meets, whatever fires before them."""
        return {rule.number for rule in traces(graph, *self.input()) if rule.verdict == FIRED}

    def input(self) -> tuple[Situation, History]:
        """What the interpreter is given to judge the last session."""
        numbers = range(self.first_session, self.first_session + self.length)
        situation = Situation(self.stage, self.session_total, self.session_at_current_stage)
        return situation, History.of(self.sessions, numbers)

    def case(self, graph: StateGraph) -> Case:
        """The mouse as a test, without anything that is expected."""
        span = graph.stage(self.stage).span
        expected = None if self.path else Expected()
        counts = self.session_total, self.session_at_current_stage
        return Case("", span, self.stage, *counts, self.sessions, expected)

    def rounded(self, digits: int) -> Mouse:
        """The same with values of fewer digits; one that is next to such a number becomes visibly so."""
        return self.with_values(lambda value: _shortened(value, digits))

    def with_values(self, change: Callable[[float], float]) -> Mouse:
        """The same with every value changed."""
        changed = {
            name: tuple(None if value is None else change(value) for value in values)
            for name, values in self.sessions.items()
        }
        return replace(self, sessions=changed)


@dataclass(frozen=True, slots=True)
class Shown:
    """A mouse that was judged: what it shows in words, and every decision about it."""

    title: str
    mouse: Mouse
    steps: tuple[Step, ...]


def _shortened(value: float, digits: int) -> float:
    short = round(value, digits)
    if value == short or abs(value - short) > _BESIDE * max(1.0, abs(value)):
        return short
    return round(short + (10.0**-digits if value > short else -(10.0**-digits)), digits)


Accept = Callable[[tuple[Mouse, ...]], bool]


def simplest(mice: tuple[Mouse, ...], accept: Accept) -> tuple[Mouse, ...] | None:
    """The mice with values that are easy to read, of which ``accept`` still says yes; None where it never does."""
    for digits in DIGITS:
        rounded = tuple(mouse.rounded(digits) for mouse in mice)
        if accept(rounded):
            return _even(rounded, accept)
    return mice if accept(mice) else _nearby(mice, accept)


def _nearby(mice: tuple[Mouse, ...], accept: Accept) -> tuple[Mouse, ...] | None:
    """Mice of which one value is a little different: solvers like to stand where rounding counts."""
    short = tuple(mouse.rounded(DIGITS[0]) for mouse in mice)
    for number, mouse in enumerate(short):
        for name, values in mouse.sessions.items():
            for place, value in enumerate(values):
                for off in _OFFS if value is not None else ():
                    changed = (*values[:place], round((value or 0.0) + off, DIGITS[0]), *values[place + 1 :])
                    moved = replace(mouse, sessions={**mouse.sessions, name: changed})
                    candidate = (*short[:number], moved, *short[number + 1 :])
                    if accept(candidate):
                        return candidate
    return None


def first_of(mice: tuple[Mouse, ...], accept: Accept) -> tuple[Mouse, ...] | None:
    """The mice as they are, or rounded, where ``accept`` says yes."""
    rounded = (tuple(mouse.rounded(digits) for mouse in mice) for digits in DIGITS[::2])
    return next((each for each in (mice, *rounded) if accept(each)), None) or _nearby(mice, accept)


def _even(mice: tuple[Mouse, ...], accept: Accept) -> tuple[Mouse, ...]:
    """Where a session may as well be like the one after it, it is."""
    for number, mouse in enumerate(mice):
        for changed in _evened(mouse):
            candidate = (*mice[:number], _kept(mice[number], changed), *mice[number + 1 :])
            if accept(candidate):
                mice = candidate
    return mice


Change = tuple[str, int]


def _evened(mouse: Mouse) -> Iterator[Change]:
    for name, values in mouse.sessions.items():
        for place in range(len(values) - 2, -1, -1):
            yield name, place


def _kept(mouse: Mouse, change: Change) -> Mouse:
    name, place = change
    values = list(mouse.sessions[name])
    values[place] = values[place + 1]
    return replace(mouse, sessions={**mouse.sessions, name: tuple(values)})

"""Two curriculums on the same record: where they part, and how far mice get under each.

Up to the session at which two curriculums first decide otherwise about a mouse, both have had it at the same stages,
and what it did there is what it would have done under either. After that the record shows a mouse at stages at which it
would not have been. So what comes before is counted strictly, what comes after only under the assumption that the mouse
would have behaved the same. Where the record tells which stage was run, the same holds from the first session on that
was run at another stage than the replay's. Where two curriculums begin at different stages, it holds from the start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from autotrain_dsl.backtest import survival
from autotrain_dsl.backtest.recorded import Recorded
from autotrain_dsl.backtest.replaying import Replay, at_stages_run, replay
from autotrain_dsl.backtest.survival import Arrival
from autotrain_dsl.columnar.values import Flags, Whole
from autotrain_dsl.graph import StateGraph

_NEVER = np.iinfo(np.int64).max - 1  # a place that no session has, nor has the one after it


@dataclass(frozen=True, slots=True)
class Reached:
    """How mice get to a stage or to one after it; to a final one: or to a final one after it."""

    stage: str
    label: str
    final: bool
    arrival: Arrival


@dataclass(frozen=True)
class Side:
    """What becomes of the mice under one curriculum.

    ``reached`` tells of all stages but the first, in the order of training; mice whose record begins later than with
    their first session are left out there. ``rollbacks`` counts mice by how often they are moved back, ``ends`` by the
    stage after their last session, ``fired`` how often every rule has decided, ``stood`` sessions by their stage.
    ``departed`` counts mice of which a session was run at another stage than the replay's (where that is known).
    """

    graph: StateGraph
    reached: tuple[Reached, ...]
    rollbacks: Mapping[int, int]
    ends: Mapping[str, int]
    fired: Mapping[tuple[str, int], int]
    stood: Mapping[str, int]
    departed: int

    @property
    def never_fired(self) -> list[tuple[str, int]]:
        """Rules that could have fired by themselves and never have, by stage and number."""
        return [rule for rule, count in self.fired.items() if not count]

    @property
    def rollbacks_per_mouse(self) -> float:
        """Their mean."""
        return sum(times * mice for times, mice in self.rollbacks.items()) / max(sum(self.rollbacks.values()), 1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one curriculum decides about a session: at which stage, what, by which rule (0: none) and why."""

    stage: str
    decision: str
    following: str
    rule: int
    reason: str

    @property
    def aim(self) -> str:
        """What is decided, and where that leads: ``STAY``, ``PROGRESS to STAGE_2``."""
        return self.decision if self.decision == "STAY" else f"{self.decision} to {self.following}"


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first session of a mouse about which two curriculums decide otherwise.

    ``strict`` says that nothing is assumed: both have the mouse at one stage and, as far as is told, there it was.
    ``later`` is how many sessions come after, ``differing`` for how many of those the decision is another one, too.
    ``ends`` are the stages after the mouse's last session under the old and the new curriculum.
    """

    subject: str
    session: int
    date: str
    old: Verdict
    new: Verdict
    strict: bool
    later: int
    differing: int
    ends: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Counted:
    """Sessions, and for how many of them two curriculums decide otherwise."""

    sessions: int
    differing: int


@dataclass(frozen=True)
class Comparison:
    """Everything about one curriculum on a record, and about another one that it is compared with.

    ``strict`` counts the sessions for which nothing is assumed, ``assumed`` those after the first difference or after
    the record has left the replay, ``at_run`` all sessions at the stage that was really run (None: not told).
    ``ran`` is how many sessions tell which stage that was. ``late`` is how many mice have no first session, and
    ``affected`` about how many the curriculums decide otherwise; ``divergences`` names those, if that was asked for.
    """

    recorded: Recorded
    sessions: int
    ran: int
    late: int
    new: Side
    old: Side | None = None
    strict: Counted | None = None
    assumed: Counted | None = None
    at_run: Counted | None = None
    affected: int = 0
    divergences: tuple[Divergence, ...] = ()

    @property
    def mice(self) -> int:
        """How many mice are replayed."""
        return len(self.recorded.subjects)

    @property
    def ways(self) -> list[tuple[tuple[str, str, str], int]]:
        """What the first differences are (where, old and new decision), and how many mice have it; most first."""
        told = Counter((_where(each), each.old.aim, each.new.aim) for each in self.divergences)
        return sorted(told.items(), key=lambda way: (-way[1], way[0]))


def compare(recorded: Recorded, new: StateGraph, old: StateGraph | None = None, *, named: bool = True) -> Comparison:
    """Replay a record under one curriculum, or under two; ``named``: say what their first difference is for each mouse.

    That takes the interpreter for every mouse, which is most of the time.
    """
    after = replay(recorded, new)
    sessions, known = len(after.rows), int(np.count_nonzero(_ran(after)))
    firsts = recorded.histories.numbers[after.rows[after.starts[:-1]]]
    complete: Flags = firsts == 1
    side, late = _side(after, complete), int(np.count_nonzero(~complete))
    if old is None:
        departed = _places(after) >= _departures(after)[_mouse(after)]
        assumed = int(np.count_nonzero(departed))
        counts = Counted(sessions - assumed, 0), Counted(assumed, 0)
        return Comparison(recorded, sessions, known, late, side, strict=counts[0], assumed=counts[1])
    before = replay(recorded, old)
    differing, apart = _differing(before, after), _apart(before, after)
    first, parted = _first(after, differing | apart), _first(after, apart)
    left = np.minimum(_departures(before), _departures(after))
    strict = _places(after) < np.minimum(np.minimum(left, parted), first + 1)[_mouse(after)]
    return Comparison(
        recorded=recorded,
        sessions=sessions,
        ran=known,
        late=late,
        new=side,
        old=_side(before, complete),
        strict=_counted(strict, differing),
        assumed=_counted(~strict, differing),
        at_run=_at_run(recorded, old, new) if known else None,
        affected=int(np.count_nonzero(first < _NEVER)),
        divergences=tuple(_divergences(before, after, differing, first, strict)) if named else (),
    )


def _where(each: Divergence) -> str:
    was, now = each.old.stage, each.new.stage
    return was if was == now else f"{was} before, {now} now"


def _mouse(one: Replay) -> Whole:
    return one.recorded.subject[one.rows]


def _places(one: Replay) -> Whole:
    """The place of every session among those of its mouse, from 0."""
    return np.arange(len(one.rows)) - np.repeat(one.starts[:-1], np.diff(one.starts))


def _ran(one: Replay) -> Flags:
    """Sessions of which the record tells the stage that was run."""
    found: Flags = ~one.recorded.ran.where("")[one.rows]
    return found


def _departures(one: Replay) -> Whole:
    """For every mouse the place of the first session that was run at another stage than the replay's."""
    texts = one.recorded.ran.texts
    codes = np.array([texts.index(stage.name) if stage.name in texts else -1 for stage in one.graph.stages], np.int64)
    other = _ran(one) & (codes[one.actual] != one.recorded.ran.codes[one.rows])
    return _first(one, other)


def _first(one: Replay, flags: Flags) -> Whole:
    """For every mouse the place of its first session with a flag; a very high one where there is none."""
    found: Whole = np.minimum.reduceat(np.where(flags, _places(one), _NEVER), one.starts[:-1])
    return found


def _shared(before: Replay, after: Replay) -> Whole:
    """The places of the new curriculum's stages among those of the old one, by name; beyond them where it is new."""
    known = {stage.name: place for place, stage in enumerate(before.graph.stages)}
    names = [stage.name for stage in after.graph.stages]
    return np.array([known.get(name, len(known) + place) for place, name in enumerate(names)], np.int64)


def _differing(before: Replay, after: Replay) -> Flags:
    shared = _shared(before, after)
    found: Flags = (before.moves != after.moves) | (before.following != shared[after.following])
    return found


def _apart(before: Replay, after: Replay) -> Flags:
    """Sessions at which they have a mouse at different stages: first only where they begin at different ones."""
    found: Flags = before.actual != _shared(before, after)[after.actual]
    return found


def _counted(flags: Flags, differing: Flags) -> Counted:
    return Counted(int(np.count_nonzero(flags)), int(np.count_nonzero(flags & differing)))


def _at_run(recorded: Recorded, old: StateGraph, new: StateGraph) -> Counted:
    """All sessions that were run at a stage of both curriculums, each judged where it was run."""
    (before, known), (after, also) = at_stages_run(recorded, old), at_stages_run(recorded, new)
    return _counted(known & also, _differing(before, after))


def _divergences(before: Replay, after: Replay, differing: Flags, first: Whole, strict: Flags) -> list[Divergence]:
    found = []
    later = np.add.reduceat(differing.astype(np.int64), after.starts[:-1])
    ends = list(zip(before.last().tolist(), after.last().tolist(), strict=True))
    for mouse in np.flatnonzero(first < _NEVER).tolist():
        place = int(after.starts[mouse] + first[mouse])
        row = int(after.rows[place])
        found.append(
            Divergence(
                subject=after.recorded.subjects[mouse],
                session=int(after.recorded.histories.numbers[row]),
                date=after.recorded.dates[row],
                old=_verdict(before, place),
                new=_verdict(after, place),
                strict=bool(strict[place]),
                later=int(after.starts[mouse + 1]) - place - 1,
                differing=int(later[mouse]) - int(differing[place]),
                ends=(before.name(ends[mouse][0]), after.name(ends[mouse][1])),
            )
        )
    return found


def _verdict(one: Replay, place: int) -> Verdict:
    made = one.decision(place)
    return Verdict(one.name(int(one.actual[place])), made.decision, made.next_stage, made.fired or 0, made.reason)


def _side(one: Replay, complete: Flags) -> Side:
    """``complete`` says of which mice the record has the first session."""
    reached = []
    for place, stage in enumerate(one.graph.stages[1:], 1):
        sessions, arrived = one.until(place)
        found = survival.arrival(sessions[complete], arrived[complete])
        reached.append(Reached(stage.name, stage.label, stage.final, found))
    times, mice = np.unique(one.rollbacks(), return_counts=True)
    ends, at = np.unique(one.last(), return_counts=True)
    stood, sessions_at = np.unique(one.actual, return_counts=True)
    return Side(
        graph=one.graph,
        reached=tuple(reached),
        rollbacks=dict(zip(times.tolist(), mice.tolist(), strict=True)),
        ends={one.name(stage): count for stage, count in zip(ends.tolist(), at.tolist(), strict=True)},
        fired=one.fired(),
        stood={one.name(stage): count for stage, count in zip(stood.tolist(), sessions_at.tolist(), strict=True)},
        departed=int(np.count_nonzero(_departures(one) < _NEVER)),
    )

"""Recorded sessions replayed: against a slow reference, against the older system's record, and at the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from colony import NOW, OTHER, RECORD, ROOT, TASK, TINY, Colony, Ran, command, frame_of, mouse, session, write_table
from hypothesis import given
from hypothesis import strategies as st
from language_kit import graph_of
from test_columnar import curriculums
from test_language_laws import laws

from autotrain_dsl.backtest import comparing, recorded, survival, sweeping
from autotrain_dsl.backtest.comparing import Comparison, Counted, Side
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import History, Situation, step
from autotrain_dsl.tables.behavior import Layout
from autotrain_dsl.tables.issues import TableError

BAITING = ROOT / "curriculums" / "coupled_baiting"
METRICS = ("finished_trials", "foraging_efficiency", "x", "y", "z")
RANGES = {"finished_trials": (0, float("inf"), True), "foraging_efficiency": (0, 2, False)}

# A slow reference, row by row


@dataclass
class Seen:
    """One session of one mouse as the reference reads it."""

    number: int
    curriculum: str
    ran: str
    metrics: dict[str, float | None]
    wrong: bool
    row: dict[str, object]


@dataclass
class Played:
    """What a curriculum makes of one session."""

    number: int
    ran: str
    stage: str
    decision: str
    following: str
    rule: int
    reason: str


def value_of(cell: object, metric: str) -> tuple[float | None, bool]:
    """The value of a cell, and whether it cannot be right."""
    if cell is None:
        return None, False
    if isinstance(cell, str):
        return None, True
    assert isinstance(cell, int | float)
    low, high, integer = RANGES.get(metric, (float("-inf"), float("inf"), False))
    wrong = not low <= cell <= high or (integer and cell != int(cell))
    return (None, True) if wrong else (float(cell), False)


def mice_of(rows: Iterable[Mapping[str, object]], whole: bool) -> dict[str, list[Seen]]:
    """Sessions of every mouse, oldest first; those from differing rows on are wrong, too."""
    found: dict[str, dict[int, Seen]] = {}
    held: dict[str, int] = {}
    for row in rows:
        subject, number, name = row["subject_id"], row["session"], str(row["curriculum_name"] or "")
        if subject is None or not isinstance(number, int) or number < 1 or not (name or whole):
            continue
        values = {metric: value_of(row[metric], metric) for metric in METRICS}
        wrong = any(fault for _, fault in values.values())
        ran = str(row.get("current_stage_actual") or "")
        one = Seen(number, name, ran, {metric: value for metric, (value, _) in values.items()}, wrong, dict(row))
        other = found.setdefault(str(subject), {}).setdefault(number, one)
        if other is not one and (other.row != one.row or wrong):
            held[str(subject)] = min(number, held.get(str(subject), number))
    for subject, number in held.items():
        for one in found[subject].values():
            one.wrong |= one.number >= number
    return {name: [one for _, one in sorted(sessions.items())] for name, sessions in sorted(found.items())}


def played(sessions: Sequence[Seen], graph: StateGraph, names: set[str], told: bool, run: bool) -> list[Played]:
    """One mouse under one curriculum; ``run``: every session at the stage that it ran, where that is known."""
    found: list[Played] = []
    stage, first, at_stage = "", 0, 0
    following = ""
    for place, one in enumerate(sessions):
        if one.curriculum not in names or one.wrong:
            continue
        known = one.ran if told and graph.has_stage(one.ran) else ""
        suggested = following or (known if known and one.number > 1 else graph.initial)
        actual = known if known and (run or not found) and (run or one.number > 1) else suggested
        if found and actual == stage:
            at_stage += 1
        else:
            stage, first, at_stage = actual, place, 1
        past = sessions[: place + 1]
        history = History.of({m: [each.metrics[m] for each in past] for m in graph.task.metrics}, [p.number for p in past])
        made = step(graph, Situation(actual, one.number, at_stage, place - first + 1), history)
        following = made.next_stage
        found.append(Played(one.number, one.ran, actual, made.decision, following, made.fired or 0, made.reason))
    return found


def differs(one: Played, other: Played) -> bool:
    return (one.decision, one.following) != (other.decision, other.following)


def first_true(flags: Iterable[bool]) -> float:
    return next((place for place, flag in enumerate(flags) if flag), float("inf"))


@dataclass
class Reference:
    """What ``compare`` has to come to."""

    strict: list[int] = field(default_factory=lambda: [0, 0])
    assumed: list[int] = field(default_factory=lambda: [0, 0])
    at_run: list[int] = field(default_factory=lambda: [0, 0])
    divergences: list[dict[str, Any]] = field(default_factory=list)
    ran: int = 0
    sessions: int = 0
    late: int = 0


def reference(mice: Mapping[str, list[Seen]], old: StateGraph, new: StateGraph, names: set[str]) -> Reference:
    found = Reference()
    told = any(one.ran for sessions in mice.values() for one in sessions)
    for subject, sessions in mice.items():
        was, now = (played(sessions, graph, names, told, run=False) for graph in (old, new))
        if not was:
            continue
        found.sessions += len(was)
        found.late += was[0].number > 1
        found.ran += sum(one.ran != "" for one in was)
        pairs = list(zip(was, now, strict=True))
        other = first_true(differs(a, b) or a.stage != b.stage for a, b in pairs)
        left = first_true(a.ran != "" and not a.ran == a.stage == b.stage for a, b in pairs)
        apart = first_true(a.stage != b.stage for a, b in pairs)
        for place, (a, b) in enumerate(pairs):
            certain = place < left and place < apart and place <= other
            counts = found.strict if certain else found.assumed
            counts[0] += 1
            counts[1] += differs(a, b)
        if other < float("inf"):
            place = int(other)
            a, b = pairs[place]
            later = pairs[place + 1 :]
            found.divergences.append(
                {
                    "subject": subject,
                    "session": a.number,
                    "old": (a.stage, a.decision, a.following, a.rule, a.reason),
                    "new": (b.stage, b.decision, b.following, b.rule, b.reason),
                    "strict": place < left and place < apart,
                    "later": len(later),
                    "differing": sum(differs(a, b) for a, b in later),
                    "ends": (was[-1].following, now[-1].following),
                }
            )
        if told:
            for a, b in zip(*(played(sessions, graph, names, told, run=True) for graph in (old, new)), strict=True):
                if a.ran and old.has_stage(a.ran) and new.has_stage(a.ran):
                    found.at_run[0] += 1
                    found.at_run[1] += differs(a, b)
    return found


def check_side(side: Side, mice: Mapping[str, list[Seen]], names: set[str]) -> None:
    """One curriculum by itself: how far mice get, rollbacks, ends, rules."""
    graph = side.graph
    order = [stage.name for stage in graph.stages]
    told = any(one.ran for sessions in mice.values() for one in sessions)
    runs = [run for sessions in mice.values() if (run := played(sessions, graph, names, told, run=False))]
    assert side.rollbacks == Counter(sum(one.decision == "ROLLBACK" for one in run) for run in runs)
    assert side.ends == Counter(run[-1].following for run in runs)
    assert side.departed == sum(any(one.ran not in ("", one.stage) for one in run) for run in runs)
    fired = Counter((one.stage, one.rule) for run in runs for one in run if one.rule)
    automatic = {
        (name, number)
        for name in order
        for number, rule in enumerate(graph.rules(name), 1)
        if rule.trigger.value != "manual"
    }
    assert dict(side.fired) == {rule: fired[rule] for rule in automatic}
    assert set(side.never_fired) == automatic - set(fired)
    assert [each.stage for each in side.reached] == order[1:]
    whole = [run for run in runs if run[0].number == 1]
    for each in side.reached:
        aim = order.index(each.stage)
        times = []
        for run in whole:
            stands = [order.index(run[0].stage), *(order.index(one.following) for one in run)]
            at = first_true(stand >= aim for stand in stands)
            times.append((len(run), False) if at == float("inf") else (int(at), True))
        assert (each.arrival.mice, each.arrival.arrived) == (len(times), sum(there for _, there in times))
        check_curve(each.arrival, times)


def product(times: Sequence[tuple[int, bool]]) -> list[tuple[int, Fraction]]:
    """Kaplan and Meier's product over the times at which some arrive: the share that is not there yet."""
    share, found = Fraction(1), []
    for at in sorted({time for time, there in times if there}):
        risk = sum(time >= at for time, _ in times)
        share *= Fraction(risk - sum(time == at and there for time, there in times), risk)
        found.append((at, share))
    return found


def check_curve(found: survival.Arrival, times: Sequence[tuple[int, bool]]) -> None:
    curve = product(times)
    assert [point[0] for point in found.curve] == [at for at, _ in curve]
    for (_, there, low, high), (_, share) in zip(found.curve, curve, strict=True):
        assert there == pytest.approx(float(1 - share), abs=1e-9)
        assert 0 <= low <= there + 1e-12
        assert there - 1e-12 <= high <= 1
    wanted = tuple(
        next((at for at, share in curve if share < 1 - Fraction(part, 4)), None) for part in (1, 2, 3)
    )
    assert found.quartiles == wanted
    assert found.followed == max((time for time, _ in times), default=0)


def rows_of(chance: Random, stages: Sequence[str], *, told: bool, wild: float) -> list[dict[str, object]]:
    """A colony: gaps, late beginnings, other curriculums in between, missing and impossible values, repeated rows."""
    rows: list[dict[str, object]] = []
    nice = (0, 1, 2, 3, 0.1, 0.5, 0.7, 200, -1, None)
    for number in range(chance.randint(1, 5)):
        first = chance.choice((1, 1, 1, 2, 4))
        numbers = sorted(chance.sample(range(first + 1, first + 12), chance.randint(0, 8)))
        for at in [first, *numbers]:
            name = chance.choice(["Toy"] * 8 + (["Else", None] if wild else []))
            row: dict[str, object] = {"subject_id": f"m{number}", "session": at, "curriculum_name": name}
            row |= {metric: chance.choice(nice) for metric in ("x", "y", "z")}
            row["finished_trials"] = chance.choice((0, 1, 3, 200, None))
            row["foraging_efficiency"] = chance.choice((0.0, 0.1, 0.7, 2.0, None))
            if told:
                row["current_stage_actual"] = chance.choice([*stages, None, "STRANGE"])
            if chance.random() < wild:
                row |= chance.choice(
                    [{"finished_trials": -3}, {"finished_trials": 2.5}, {"foraging_efficiency": 7}, {"x": "many"}]
                )
            rows.append(row)
            if chance.random() < wild / 2:
                rows.append(row | chance.choice([{}, {}, {"x": 17}, {"session_date": "2024-02-02"}]))
            if chance.random() < wild / 2:
                rows.append(row | chance.choice([{"subject_id": None}, {"session": None}, {"session": 0}]))
    for row in rows:
        row.setdefault("session_date", "2024-01-01")
    chance.shuffle(rows)
    return rows


@st.composite
def two_curriculums(draw: st.DrawFn) -> tuple[str, str]:
    """Two curriculums that may have other stages and begin elsewhere; often they are alike but for that."""
    texts = [draw(curriculums())]
    texts.append(texts[0] if draw(st.integers(0, 3)) == 0 else draw(curriculums()))
    texts = [f"initial: {draw(st.sampled_from('AAAB'))}\n{text}" for text in texts]
    return texts[0], texts[1]


def compared(found: Comparison, mice: Mapping[str, list[Seen]], names: set[str]) -> None:
    assert found.old is not None
    wanted = reference(mice, found.old.graph, found.new.graph, names)
    assert (found.sessions, found.ran, found.late) == (wanted.sessions, wanted.ran, wanted.late)
    told = any(one.ran for sessions in mice.values() for one in sessions)
    assert found.strict == Counted(*wanted.strict)
    assert found.assumed == Counted(*wanted.assumed)
    assert found.at_run == (Counted(*wanted.at_run) if wanted.ran else None)
    assert told or not wanted.ran
    divergences = [
        {
            "subject": each.subject,
            "session": each.session,
            **{
                which: (side.stage, side.decision, side.following, side.rule, side.reason)
                for which, side in (("old", each.old), ("new", each.new))
            },
            "strict": each.strict,
            "later": each.later,
            "differing": each.differing,
            "ends": each.ends,
        }
        for each in found.divergences
    ]
    assert divergences == wanted.divergences
    for side in (found.old, found.new):
        check_side(side, mice, names)


@laws(int(__import__("os").environ.get("N","120")))
@given(two_curriculums(), st.integers(0, 2**32))
def test_a_comparison_is_that_of_the_reference(
    tmp_path_factory: pytest.TempPathFactory, texts: tuple[str, str], seed: int
) -> None:
    old, new = (graph_of(text, folder(tmp_path_factory)) for text in texts)
    chance = Random(seed)
    stages = sorted({stage.name for graph in (old, new) for stage in graph.stages})
    rows = rows_of(chance, stages, told=chance.random() < 0.6, wild=chance.choice((0.0, 0.1, 0.2)))
    whole = chance.random() < 0.3
    names = {"Toy"} if chance.random() < 0.7 else {"Toy", "Else"}
    mice = mice_of(rows, whole)
    layout = Layout(whole_history=whole)
    if not any(one.curriculum in names and not one.wrong for sessions in mice.values() for one in sessions):
        with pytest.raises(TableError):
            recorded.read(frame_of(rows), layout, [old, new], names, "table")
        return
    record = recorded.read(frame_of(rows), layout, [old, new], names, "table")
    kept = {
        name: sessions
        for name, sessions in mice.items()
        if any(one.curriculum in names and not one.wrong for one in sessions)
    }
    compared(comparing.compare(record, new, old), kept, names)


_FOLDERS: list[Path] = []


def folder(factory: pytest.TempPathFactory) -> Path:
    if not _FOLDERS:
        _FOLDERS.append(factory.mktemp("toy"))
    return _FOLDERS[0]

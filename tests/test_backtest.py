"""Recorded sessions replayed: against a slow reference, against the older system's record, and at the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser import Viewer, viewer
from colony import RECORD, ROOT, TASK, TINY, Colony, Ran, command, frame_of, mouse, session, write_table
from hypothesis import assume, given
from hypothesis import strategies as st
from language_kit import compile_text, graph_of
from test_columnar import curriculums
from test_language_laws import laws

from autotrain_dsl.backtest import comparing, recorded, replaying, survival, sweeping
from autotrain_dsl.backtest.comparing import Comparison, Counted, Side
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import History, Situation, step
from autotrain_dsl.report import backtest as report
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
        history = History.of(
            {m: [each.metrics[m] for each in past] for m in graph.task.metrics}, [p.number for p in past]
        )
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
    assert side.stood == Counter(one.stage for run in runs for one in run)
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
    wanted = tuple(next((at for at, share in curve if share < 1 - Fraction(part, 4)), None) for part in (1, 2, 3))
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


@laws(70)
@given(two_curriculums(), st.integers(0, 2**32))
def test_a_comparison_is_that_of_the_reference(
    tmp_path_factory: pytest.TempPathFactory, texts: tuple[str, str], seed: int
) -> None:
    old, new = (compile_text(text, folder(tmp_path_factory)).graph for text in texts)
    assume(old is not None and new is not None)
    assert old is not None
    assert new is not None
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
    found = comparing.compare(record, new, old)
    compared(found, kept, names)
    alone, unnamed = comparing.compare(record, new), comparing.compare(record, new, old, named=False)
    assert alone.new == found.new
    told = any(one.ran for sessions in kept.values() for one in sessions)
    runs = [played(sessions, new, names, told, run=False) for sessions in kept.values()]
    certain = sum(int(min(len(run), first_true(one.ran not in ("", one.stage) for one in run))) for run in runs)
    assert (alone.strict, alone.assumed) == (Counted(certain, 0), Counted(found.sessions - certain, 0))
    assert (unnamed.affected, unnamed.divergences) == (len(found.divergences), ())
    assert (unnamed.strict, unnamed.assumed, unnamed.new) == (found.strict, found.assumed, found.new)


_FOLDERS: list[Path] = []


def folder(factory: pytest.TempPathFactory) -> Path:
    if not _FOLDERS:
        _FOLDERS.append(factory.mktemp("toy"))
    return _FOLDERS[0]


SPLIT = """
stages:
  A: {transitions: [{progress: B, when: "x[-1] >= 1"}]}
  B: {transitions: [{rollback: A, when: "x[-1] < 0"}]}
"""


def toy(tmp_path: Path, *texts: str) -> list[StateGraph]:
    return [graph_of(text, tmp_path) for text in texts]


def replayed(rows: Sequence[Mapping[str, object]], *graphs: StateGraph) -> Comparison:
    """The last of the graphs against the first, if there are two."""
    full = [{"curriculum_name": "Toy", **dict.fromkeys(METRICS), "subject_id": "m", **row} for row in rows]
    record = recorded.read(frame_of(full), Layout(), graphs, {"Toy"}, "table")
    return comparing.compare(record, graphs[-1], graphs[0] if len(graphs) > 1 else None)


def test_nothing_is_strict_where_two_curriculums_begin_at_different_stages(tmp_path: Path) -> None:
    old, new = toy(tmp_path, SPLIT, f"initial: B{SPLIT}")
    rows = [{"session": number, "x": 0} for number in (1, 2, 3)]
    found = replayed(rows, old, new)
    assert (found.strict, found.assumed) == (Counted(0, 0), Counted(3, 3))
    (one,) = found.divergences
    assert (one.old.stage, one.new.stage, one.strict) == ("A", "B", False)
    assert found.ways == [(("A before, B now", "STAY", "STAY"), 1)]
    told = list(report.parting(found))
    assert told[0].endswith("1 of 1 mouse, 1 of them because they begin at different stages")
    assert not any("left the replay" in line for line in (told[0], report.divergence(one)))


def test_a_mouse_that_is_set_aside_has_not_come_to_the_end(tmp_path: Path) -> None:
    text = """
stages:
  A: {transitions: [{progress: ASIDE, when: "x[-1] < 0"}, {progress: B, when: "x[-1] >= 1"}]}
  B: {transitions: [{progress: END, when: "x[-1] >= 1"}]}
  END: {final: true}
  ASIDE: {}
"""
    rows = [{"subject_id": "ends", "session": number, "x": 1} for number in (1, 2)]
    rows += [{"subject_id": "aside", "session": number, "x": -1} for number in (1, 2, 3)]
    reached = {each.stage: each.arrival for each in replayed(rows, *toy(tmp_path, text)).new.reached}
    assert {stage: (each.arrived, each.median) for stage, each in reached.items()} == {
        "B": (2, 1), "END": (1, None), "ASIDE": (1, None)
    }  # fmt: skip


def test_one_session_that_follows_is_one(tmp_path: Path) -> None:
    old, new = toy(tmp_path, SPLIT, SPLIT.replace(">= 1", ">= 2"))
    found = replayed([{"session": 1, "x": 1}, {"session": 2, "x": 1}], old, new)
    assert "(rule 1) before, STAY (no rule) now; 1 session follows, ends at B before, A now" in report.divergence(
        found.divergences[0]
    )


# The older system's record, and what ``evaluate`` writes


@pytest.mark.skipif(not RECORD.exists(), reason="the lab's record (shared/data beside the project) is not there")
@pytest.mark.parametrize("version", ["0.1", "2.3"])
def test_a_replay_of_the_record_decides_as_the_older_system_did(version: str) -> None:
    graph = Compiler().compile(BAITING / f"coupled_baiting_{version}.yaml").graph
    assert graph is not None
    behavior = pd.read_csv(RECORD / "df_behavior_open_loop.csv", dtype={"subject_id": str})
    record = recorded.read(behavior, Layout(), [graph], {"Coupled Baiting"}, "record")
    made = replaying.replay(record, graph)
    ours = {
        (record.subjects[mouse], number): (made.name(stage), made.word(place), made.name(following))
        for place, (mouse, number, stage, following) in enumerate(
            zip(
                record.subject[made.rows].tolist(),
                record.histories.numbers[made.rows].tolist(),
                made.actual.tolist(),
                made.following.tolist(),
                strict=True,
            )
        )
    }
    table = pd.read_csv(RECORD / f"df_manager_open_loop_coupled_baiting_{version}.csv", dtype=str)
    columns = ["subject_id", "session", "current_stage_suggested", "decision", "next_stage_suggested"]
    theirs = {(mouse, int(at)): tuple(rest) for mouse, at, *rest in table[columns].itertuples(index=False)}
    assert len(theirs) == 2494
    assert ours == theirs


@pytest.mark.parametrize("seed", range(3))
def test_a_replay_of_an_open_loop_is_what_evaluate_writes(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    rows = []
    for name in "abcdefgh":
        trials = [chance.choice([20, 99, 150, 250, 301, 350, None, *([-3] if seed else [])]) for _ in range(12)]
        rows += [
            session(number, count, round(chance.uniform(0.2, 0.9), 3), subject_id=name)
            for number, count in enumerate(trials, 1)
            if chance.random() < 0.9
        ]
    rows += [{**row, "foraging_efficiency": 0.111} for row in chance.sample(rows, 2 if seed == 2 else 0)]
    chance.shuffle(rows)
    lab = Colony.at(tmp_path)
    lab.judge(rows)
    told = ("subject_id", "session", "current_stage_actual", "decision", "next_stage_suggested", "reason")
    written = {(str(mouse), int(str(at))): rest for mouse, at, *rest in lab.told(*told)}
    graph = Compiler().compile(tmp_path / "curriculums" / "0.yaml").graph
    assert graph is not None
    record = recorded.read(pd.read_csv(lab.behavior_path), Layout(), [graph], {"Tiny"}, "table")
    made = replaying.replay(record, graph)
    ours = {}
    for place, row in enumerate(made.rows.tolist()):
        key = record.subjects[int(record.subject[row])], int(record.histories.numbers[row])
        decision = made.decision(place)
        ours[key] = [made.name(int(made.actual[place])), decision.decision, decision.next_stage, decision.reason]
    assert len(ours) > 60
    assert ours == written


# Kaplan and Meier


def arrival(*times: tuple[int, bool]) -> survival.Arrival:
    return survival.arrival(np.array([at for at, _ in times], np.int64), np.array([there for _, there in times], bool))


def test_remission_of_21_patients_as_the_textbooks_have_it() -> None:
    # Freireich et al. 1963, treated group: weeks of remission, 12 of 21 censored.
    ended, censored = [6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    found = arrival(*((at, True) for at in ended), *((at, False) for at in censored))
    shares = [
        18 / 21,
        18 / 21 * 16 / 17,
        18 / 21 * 16 / 17 * 14 / 15,
        18 / 21 * 16 / 17 * 14 / 15 * 11 / 12,
        18 / 21 * 16 / 17 * 14 / 15 * 11 / 12 * 10 / 11,
        18 / 21 * 16 / 17 * 14 / 15 * 11 / 12 * 10 / 11 * 6 / 7,
        18 / 21 * 16 / 17 * 14 / 15 * 11 / 12 * 10 / 11 * 6 / 7 * 5 / 6,
    ]
    assert [point[0] for point in found.curve] == [6, 7, 10, 13, 16, 22, 23]
    assert [1 - point[1] for point in found.curve] == pytest.approx(shares)
    error = 0.8571 * (3 / (21 * 18)) ** 0.5  # Greenwood's, after 6 weeks
    assert found.curve[0][2:] == pytest.approx((0.0, 0.1429 + 1.96 * error), abs=1e-3)  # no share is below 0
    assert (found.mice, found.arrived, found.followed, found.median) == (21, 9, 35, 23)
    assert found.interval == (13, None)  # plain limits as in R: survfit(conf.type = "plain")
    assert found.quartiles == (13, 23, None)


def test_a_half_exactly_is_not_more_than_a_half() -> None:
    assert arrival((1, True), (2, True), (3, True), (4, True)).quartiles == (2, 3, 4)
    assert arrival((1, True), (3, True), (3, True), (3, True), (4, False), (5, True), (5, True), (7, True)).median == 5
    assert arrival((1, True), (2, False)).median is None
    times = ((0, 1), (1, 0), (1, 0), (1, 1), (1, 1), (3, 1), (4, 1), (4, 1), (4, 1), (6, 1), (7, 0), (7, 1))
    found = arrival(
        *((at, there == 1) for at, there in times)
    )  # after 1: 11/12 * 9/11, which floats make less than 3/4
    assert found.quartiles == (3, 4, 6)


def test_mice_that_never_arrive_leave_it_open() -> None:
    found = arrival((3, False), (5, False))
    assert (found.mice, found.arrived, found.followed, found.curve) == (2, 0, 5, ())
    assert found.quartiles == (None, None, None)
    assert report.arrival(found) == ["beyond", "", "beyond to beyond", "0 of 2"]
    assert report.arrival(arrival()) == ["beyond", "", "beyond to beyond", "0 of 0"]


def test_few_mice_tell_no_interval() -> None:
    for count in (1, 2, 5):
        found = arrival(*[(4, True)] * count)
        assert (found.median, found.interval) == (4, (None, None))
        assert report.arrival(found)[1] == ""
    assert arrival(*[(4, True)] * 6).interval == (4, 4)
    assert arrival(*[(0, True)] * 6).quartiles == (0, 0, 0)


def test_the_curve_is_the_product_over_random_mice() -> None:
    chance = Random(3)
    halves = 0
    for _ in range(300):
        times = [(chance.randint(0, 9), chance.random() < 0.7) for _ in range(chance.randint(1, 40))]
        found = arrival(*times)
        check_curve(found, times)
        halves += any(share == Fraction(1, 2) for _, share in product(times))
        low, high = found.interval
        if found.median is not None and low is not None:
            assert low <= found.median <= (high or 99)
    assert halves > 5


# Variants

CONSTANTS = (
    TINY.replace("\nstages:", "\nconstants: {enough: 200, window: 2}\nstages:")
    .replace("finished_trials[-1] >= 200", "finished_trials[-1] >= enough")
    .replace("[-2:]", "[-window:]")
)
BASE = CONSTANTS.replace("name: Tiny", "abstract: true\nname: Tiny")


def swept(path: Path, *asked: str) -> list[sweeping.Variant]:
    compiler = Compiler()
    graph = compiler.compile(path).graph
    assert graph is not None
    return list(sweeping.variants(path, graph, asked, compiler.schemas))


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A folder with a task, curriculums and a table."""
    (tmp_path / "schemas" / "tasks").mkdir(parents=True)
    files = {
        "schemas/tasks/tiny_1.0.yaml": TASK,
        "new.yaml": CONSTANTS.replace('version: "1.0"\ntask', 'version: "1.1"\ntask'),
        "old.yaml": TINY.replace(">= 200", ">= 260"),
        "base.yaml": BASE,
        "child.yaml": 'dsl_version: 1\nversion: "1.2"\nextends: base.yaml\n',
        "broken.yaml": TINY.replace("progress: STAGE_2", "progress: STAGE_9"),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    rows = [*mouse("a", [250, 350, 350, 90, 250, 400, 400, 400]), *mouse("b", [199, 201, 350]), *mouse("c", [1, 2])]
    write_table(frame_of(rows), tmp_path / "t.csv")
    return tmp_path


def test_every_combination_is_tried_in_order_and_whole_numbers_stay_whole(lab: Path) -> None:
    before = {path: path.read_bytes() for path in lab.rglob("*") if path.is_file()}
    found = swept(lab / "new.yaml", "constants.window=3,2,3", " constants.enough = 200, 250.5")
    assert [each.title for each in found] == [
        "window=3, enough=200",
        "window=3, enough=250.5",
        "window=2, enough=200",
        "window=2, enough=250.5",
    ]
    assert all(each.graph is not None and not each.errors for each in found)
    conditions = [rule["when"] for rule in found[1].graph.content["stages"][0]["transitions"]]  # type: ignore[union-attr]
    assert "250.5" in conditions[0]
    assert {path: path.read_bytes() for path in lab.rglob("*") if path.is_file()} == before


def test_a_variant_with_errors_says_which(lab: Path) -> None:
    fine, wrong = swept(lab / "new.yaml", "constants.window=2,2.5")
    assert fine.graph is not None
    assert wrong.graph is None
    assert wrong.errors
    ran = backtest(lab, "new.yaml", "--sweep", "constants.window=2,2.5")
    assert ran.code == 1
    assert f"window=2.5 cannot be used: {wrong.errors[0].code.id} " in ran.out


def test_constants_of_a_base_can_be_swept(lab: Path) -> None:
    (one,) = swept(lab / "child.yaml", "constants.enough=1")
    assert one.graph is not None
    assert one.graph.curriculum.version == "1.2"
    assert "finished_trials[-1] >= 1 " in one.graph.content["stages"][0]["transitions"][0]["when"]


@pytest.mark.parametrize("name", ["variant", "my \"odd\" 'one'.yaml", "#a: [b].yaml", "%41 \u00e9 variant.yaml"])
def test_a_curriculum_may_have_a_strange_name(lab: Path, name: str) -> None:
    (lab / name).write_text(CONSTANTS, "utf-8")
    (lab / f"{name}.variant").write_text("not a curriculum", "utf-8")
    (one,) = swept(lab / name, "constants.enough=1")
    assert one.graph is not None
    assert (lab / f"{name}.variant").read_text("utf-8") == "not a curriculum"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["constants.windw=3"], "no constant `windw`; did you mean `window`?"),
        (["constants.zzz=3"], "known: `enough`, `window`"),
        (["window=3"], "is not of the form constants.NAME=VALUE,VALUE"),
        (["constants.window"], "is not of the form constants.NAME=VALUE,VALUE"),
        (["constants.=3"], "is not of the form constants.NAME=VALUE,VALUE"),
        (["constants.window="], "`` is no number"),
        (["constants.window=3,,4"], "`` is no number"),
        (["constants.window=true"], "`true` is no number"),
        (['constants.window="3"'], "is no number"),
        (["constants.window=NaN"], "`NaN` is no number"),
        (["constants.window=-Infinity"], "`-Infinity` is no number"),
        (["constants.window=1e400"], "`1e400` is no number"),
        ([f"constants.window={'[' * 5000}"], "is no number"),
        (["constants.window=1", "constants.window=2"], "`window` is swept twice"),
        ([f"constants.window={','.join(map(str, range(201)))}"], "these are 201 variants, and 200 are the most"),
        (
            [f"constants.{name}={','.join(map(str, range(99)))}" for name in ("window", "enough")],
            "these are 9,801 variants",
        ),
    ],
)
def test_what_cannot_be_swept_is_told_before_anything_is_tried(lab: Path, asked: list[str], told: str) -> None:
    options = [part for text in asked for part in ("--sweep", text)]
    ran = backtest(lab, "new.yaml", *options)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_a_curriculum_without_constants_has_none_to_sweep(lab: Path) -> None:
    assert "it has none: name a number under `constants`" in backtest(lab, "old.yaml", "--sweep", "constants.x=1").err


# The command


def backtest(lab: Path, new: str, *options: str, behavior: str | None = "t.csv") -> Ran:
    place = [] if behavior is None else ["--behavior", str(lab / behavior) + ("/" if behavior.endswith("/") else "")]
    ran = command("backtest", str(lab / new), *place, *options)
    return Ran(ran.code, ran.out.replace(f"{lab}/", ""), ran.err.replace(f"{lab}/", ""))


def against(lab: Path) -> list[str]:
    return ["--against", str(lab / "old.yaml")]


def test_one_curriculum_is_strict_only_until_the_record_leaves_it(lab: Path) -> None:
    rows = [
        *mouse("a", [250, 350, 350], current_stage_actual="STAGE_1"),
        *mouse("c", [1, 2], current_stage_actual="STAGE_1"),
    ]
    write_table(frame_of(rows), lab / "ran.csv")
    ran = backtest(lab, "new.yaml", behavior="ran.csv")
    told = " ".join(ran.out.split())
    # `a` should have gone on to the second stage after its first session, and was kept; `c` ran what it should have.
    wanted = (
        "strictly, as long as a mouse was run at the stage that the curriculum has it at: 3 sessions; from there on"
    )
    assert wanted in told
    assert "assuming the same behaviour at another stage: 2 sessions" in told
    assert "strictly" not in backtest(lab, "new.yaml").out


def test_a_report_that_cannot_be_written_names_its_place(lab: Path) -> None:
    ran = backtest(lab, "new.yaml", "--output", str(lab / "nowhere" / "report.txt"))
    assert (ran.code, ran.out) == (3, "")
    assert "cannot write nowhere/report.txt: No such file or directory" in ran.err


def test_the_report_as_text(lab: Path) -> None:
    ran = backtest(lab, "new.yaml", *against(lab))
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "Tiny 1.1 against 1.0, replayed on t.csv: 3 mice, 13 sessions"
    assert "decided otherwise at least once: 2 of 3 mice" in lines
    assert "strictly, up to the first difference of a mouse: 5 sessions, the decision differs in 2" in lines
    assert "the record does not tell which stages were run: they are taken to be those of 1.0" in lines
    assert report.ENDING in " ".join(" ".join(lines).split())
    assert report.PAIRED in lines
    assert "  STAGE_1  STAY  PROGRESS to STAGE_2  2" in lines
    assert [line.split()[0] for line in lines if "of 3" in line][-3:] == ["STAGE_2", "STAGE_3", "GRADUATED"]
    assert any(line.startswith("  a, session 1 (2024-01-01) at STAGE_1: STAY (no rule) before, ") for line in lines)


def test_a_rule_where_no_mouse_was_is_not_said_to_have_never_fired(lab: Path) -> None:
    write_table(frame_of(mouse("a", [1, 2, 3])), lab / "low.csv")
    rules = backtest(lab, "new.yaml", behavior="low.csv").out.split("rules, and how often they decided\n")[1]
    assert [line.split(maxsplit=5)[5:] for line in rules.splitlines()[1:4]] == [
        ["never"],
        ["no session there"],
        ["no session there"],
    ]


def test_the_report_as_json(lab: Path) -> None:
    content = backtest(lab, "new.yaml", *against(lab), "--format", "json", "--sweep", "constants.enough=1,260").report
    assert (content["mice"], content["sessions"], content["behavior"]) == (3, 13, "t.csv")
    assert content["strict"] == {"sessions": 5, "differing": 2}
    assert content["at_stages_run"] is None
    assert [each["subject"] for each in content["mice_that_differ"]] == ["a", "b"]
    assert content["mice_that_differ"][0]["old"]["reason"].startswith("no rule fired")
    assert [each["constants"] for each in content["variants"]] == [{"enough": 1}, {"enough": 260}]
    assert [each["mice_that_differ"] for each in content["variants"]] == [3, 0]
    assert content["new"]["sessions_by_stage"]["STAGE_1"] == 5
    assert content["new"]["never_fired"] == [{"stage": "STAGE_2", "rule": 2}]


def test_the_report_as_markdown(lab: Path) -> None:
    ran = backtest(lab, "new.yaml", *against(lab), "--format", "markdown", "--sweep", "constants.enough=1")
    assert ran.code == 0
    assert ran.out.startswith("### Back-test: `Tiny 1.1 against 1.0`\n\nReplayed on `t.csv`: 3 mice, 13 sessions.\n")
    assert "<details><summary>2 mice decided otherwise</summary>" in ran.out
    assert "\n**Variants, each compared with `Tiny 1.0`** (the best of many" in ran.out
    assert "| constants | mice decided otherwise | sessions: strictly | assuming |" in ran.out
    tables = [line for line in ran.out.splitlines() if line.startswith("|")]
    assert len(tables) > 20


def test_a_comment_and_a_page_name_only_so_many_mice(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("LISTED", "LISTED_IN_MARKDOWN", "LISTED_IN_PAGE"):
        monkeypatch.setattr(report, limit, 1)
    shown = {
        kind: backtest(lab, "new.yaml", *against(lab), "--format", kind).out for kind in ("text", "markdown", "html")
    }
    assert shown["text"].splitlines()[-1] == "  and 1 more (--format json names all)"
    assert "\n- `a, session 1" in shown["markdown"]
    assert "- `b, " not in shown["markdown"]
    assert "\nAnd 1 more (--format json names all).\n\n</details>\n" in shown["markdown"]
    assert shown["html"].count('<tr><th scope="row">a</th>') == 1
    assert '<tr><th scope="row">b</th>' not in shown["html"]
    assert "<p>And 1 more (--format json names all).</p>" in shown["html"]


def test_what_comes_out_can_go_to_a_file(lab: Path) -> None:
    out = lab / "report.json"
    ran = backtest(lab, "new.yaml", "--format", "json", "--output", str(out))
    assert (ran.code, ran.out, json.loads(out.read_text("utf-8"))["mice"]) == (0, "", 3)
    assert backtest(lab, "new.yaml", "--output", str(lab / "nowhere" / "x")).code == 3
    for name in ("t.csv", "new.yaml", "old.yaml"):
        before = (lab / name).read_bytes()
        ran = backtest(lab, "new.yaml", *against(lab), "--output", str(lab / "schemas" / ".." / name))
        assert (ran.code, "is read; name another file" in ran.err) == (2, True)
        assert (lab / name).read_bytes() == before


def test_sessions_of_another_curriculum_are_replayed_where_asked(lab: Path) -> None:
    write_table(frame_of(mouse("a", [250, 350], curriculum_name="Large")), lab / "large.csv")
    ran = backtest(lab, "new.yaml", behavior="large.csv")
    assert ran.code == 1
    assert "`large.csv` holds no session of `Tiny` that can be replayed (2 sessions of other curriculums" in ran.err
    assert "name the curriculum of its sessions with --of: known: `Large`" in ran.err
    ran = backtest(lab, "new.yaml", "--of", "Large", behavior="large.csv")
    assert (ran.code, "1 mouse, 2 sessions\n  sessions of Large\n" in ran.out) == (0, True)
    rows = [*mouse("a", [250, 350]), *mouse("b", [250], curriculum_name="Large")]
    write_table(frame_of(rows), lab / "both.csv")
    ran = backtest(lab, "new.yaml", "--of", "Tiny", "--of", "Larg", behavior="both.csv")
    assert (ran.code, ran.err) == (0, "note: `both.csv` holds no session of `Larg` that can be replayed\n")
    both = ["--of", "Large", "--of", "Tiny"]
    assert (
        "Sessions of `Large, Tiny`."
        in backtest(lab, "new.yaml", *both, "--format", "markdown", behavior="both.csv").out
    )
    assert ">Sessions of Large, Tiny.<" in backtest(lab, "new.yaml", *both, "--format", "html", behavior="both.csv").out
    content = backtest(lab, "new.yaml", "--format", "json", behavior="both.csv").report
    assert (content["sessions_of"], content["sessions"]) == (["Tiny"], 2)


def test_the_configuration_says_what_a_table_calls_things(lab: Path) -> None:
    rows = [*mouse("a", [250, 350, 350], task="tiny_old"), session(4, 350, task="", subject_id="a")]
    table = frame_of(rows).drop(columns=["curriculum_name", "curriculum_version"])
    write_table(table.rename(columns={"finished_trials": "n", "subject_id": "mouse"}), lab / "theirs.csv")
    manager: dict[str, Any] = {
        "curriculums": str(lab), "behavior": str(lab / "theirs.csv"), "manager": str(lab / "m.csv"),
        "columns": {"finished_trials": "n", "subject_id": "mouse"}, "task_names": {"tiny_old": "Tiny"},
    }  # fmt: skip
    config = lab / "autotrain.yaml"
    config.write_text(json.dumps({"dsl_version": 1, "managers": {"one": manager}}), "utf-8")
    ran = backtest(lab, "new.yaml", "--config", str(config), behavior=None)
    assert (ran.code, ran.err) == (0, "")
    assert "1 mouse, 3 sessions\n  left out: 1 session of other curriculums or of none\n" in ran.out
    two = {"one": manager, "two": {**manager, "manager": str(lab / "n.csv"), "history": "all"}}
    config.write_text(json.dumps({"dsl_version": 1, "managers": two}), "utf-8")
    ran = backtest(lab, "new.yaml", "--config", str(config), behavior=None)
    assert (ran.code, "has several managers; name one with --manager: one, two" in ran.err) == (2, True)
    assert backtest(lab, "new.yaml", "--config", str(config), "--manager", "two", behavior=None).code == 0
    ran = backtest(lab, "new.yaml", "--config", str(config), "--manager", "three", behavior=None)
    assert (ran.code, "has no manager `three`" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("new", "options", "behavior", "code", "told"),
    [
        ("new.yaml", [], None, 2, "Missing option --behavior (or --config FILE)"),
        ("new.yaml", ["--manager", "x"], "t.csv", 2, "add that"),
        ("new.yaml", ["--format", "pdf"], "t.csv", 2, "--format"),
        ("none.yaml", [], "t.csv", 2, "does not exist"),
        ("new.yaml", [], "t.txt", 2, ".parquet, .csv or .pkl"),
        ("new.yaml", [], "none.csv", 3, "there is no df_behavior at `none.csv`"),
        ("new.yaml", [], "damaged.parquet", 1, "cannot be read as a table"),
        ("new.yaml", [], "bare.csv", 1, "has no column for the metric finished_trials (looked for finished_trials)"),
        ("new.yaml", [], "bare.csv", 1, "metric foraging_efficiency (looked for foraging_efficiency, foraging_eff)"),
        ("new.yaml", [], "nobody.csv", 1, "has no column session"),
        ("new.yaml", [], "empty.csv", 1, "holds no session of `Tiny` that can be replayed\n"),
        ("new.yaml", [], "twice.pkl", 1, "more than one column finished_trials"),
        ("broken.yaml", [], "t.csv", 1, "there is no stage `STAGE_9`"),
        ("base.yaml", [], "t.csv", 1, "a base for other files"),
    ],
)
def test_wrong_use_and_wrong_input_are_told(
    lab: Path, new: str, options: list[str], behavior: str | None, code: int, told: str
) -> None:
    frame = frame_of(mouse("a", [1]))
    write_table(frame.drop(columns=["finished_trials", "foraging_efficiency"]), lab / "bare.csv")
    write_table(frame.drop(columns=["session"]), lab / "nobody.csv")
    write_table(frame.head(0), lab / "empty.csv")
    frame.set_axis([*frame.columns[:-1], "finished_trials"], axis=1).to_pickle(lab / "twice.pkl")
    (lab / "damaged.parquet").write_bytes(b"PAR1 no")
    ran = backtest(lab, new, *options, behavior=behavior)
    assert ran.code == code, ran
    assert told in ran.out + ran.err
    for output in ("json", "html", "markdown") if code == 1 else ():
        assert backtest(lab, new, *options, "--format", output, behavior=behavior).out == ""


def test_a_column_that_a_configuration_names_twice_is_told(lab: Path) -> None:
    write_table(frame_of([session(1, 200) | {"trials": 3}]), lab / "both.csv")
    manager = {"curriculums": str(lab), "behavior": str(lab / "both.csv"), "manager": str(lab / "m.csv")}
    content = {"dsl_version": 1, "managers": {"one": {**manager, "columns": {"finished_trials": "trials"}}}}
    (lab / "autotrain.yaml").write_text(json.dumps(content), "utf-8")
    ran = backtest(lab, "new.yaml", "--config", str(lab / "autotrain.yaml"), behavior=None)
    assert (ran.code, "more than one column finished_trials" in ran.err) == (1, True)


def test_cells_of_every_kind_are_read(lab: Path) -> None:
    rows = mouse("a", [250, 350, 350, 350])
    rows[1] |= {"finished_trials": [350], "session_date": pd.Timestamp("2024-03-01 10:00", tz="UTC")}
    rows[2] |= {"session_date": {"day": 1}, "task": ["Tiny"]}
    frame = frame_of([*rows, session(2**41, subject_id="b"), session("x", subject_id="b"), session(2**39)])
    frame[0] = [[1, 2]] * len(frame)  # a column that is named by a number
    frame.to_pickle(lab / "odd.pkl")
    ran = backtest(lab, "new.yaml", behavior="odd.pkl")
    assert (ran.code, ran.err) == (0, "")
    assert "2 mice, 4 sessions\n  left out: 2 sessions without a mouse or a session number that can be one\n" in ran.out
    assert "  left out: 1 session with a value that cannot be right\n" in ran.out


def test_tables_as_older_programs_write_them(lab: Path) -> None:
    frame = pd.read_csv(lab / "t.csv")
    frame["session"] = frame["session"].astype("float64")
    frame["session_date"] = pd.Timestamp("2024-03-01")
    older = frame.set_index(["subject_id", "session"])
    older.columns = pd.MultiIndex.from_product([["main"], older.columns])
    older.to_pickle(lab / "older.pkl")
    frame.to_parquet(lab / "typed.parquet")
    for name in ("older.pkl", "typed.parquet"):
        content = backtest(lab, "new.yaml", *against(lab), "--format", "json", behavior=name).report
        assert content["strict"] == {"sessions": 5, "differing": 2}
        assert [each["date"] for each in content["mice_that_differ"]] == ["2024-03-01"] * 2


def test_a_table_in_parts_is_replayed_as_one(lab: Path) -> None:
    frame = pd.read_csv(lab / "t.csv")
    (lab / "parts").mkdir()
    frame.iloc[:5].to_parquet(lab / "parts" / "a.parquet")
    frame.iloc[5:].to_parquet(lab / "parts" / "b.parquet")
    whole, parts = (backtest(lab, "new.yaml", behavior=place).out for place in ("t.csv", "parts/"))
    assert whole.replace("t.csv", "parts/") == parts


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_a_diff_tells_of_recorded_mice_too(lab: Path, output: str) -> None:
    plain = command("diff", str(lab / "old.yaml"), str(lab / "new.yaml"), "--format", output)
    table = ["--on-data", str(lab / "t.csv")]
    ran = command("diff", str(lab / "old.yaml"), str(lab / "new.yaml"), "--format", output, *table)
    assert (plain.code, ran.code, ran.err) == (0, 0, "")
    if output == "json":
        assert {key: value for key, value in ran.report.items() if key != "backtest"} == plain.report
        assert [each["subject"] for each in ran.report["backtest"]["mice_that_differ"]] == ["a", "b"]
    else:
        assert ran.out.startswith(plain.out)
        assert "decided otherwise at least once: 2 of 3 mice" in ran.out
    missing = command("diff", str(lab / "old.yaml"), str(lab / "new.yaml"), "--on-data", str(lab / "none.csv"))
    assert (missing.code, missing.out) == (3, "")


BLOCKED = """
import sys
class Without:
    package = sys.argv[1]
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Without())
from autotrain_dsl.cli.main import run
sys.argv[:2] = ["autotrain-dsl"]
run()
"""


@pytest.mark.parametrize(
    ("package", "arguments", "code", "told"),
    [
        ("statsmodels", ["diff", "old.yaml", "new.yaml"], 0, "Tiny 1.0 -> 1.1: "),
        ("statsmodels", ["backtest", "new.yaml", "--behavior", "t.csv"], 2, "pip install 'autotrain-dsl[backtest]'"),
        ("plotly", ["backtest", "new.yaml", "--behavior", "t.csv"], 0, "Tiny 1.1, replayed on t.csv"),
        (
            "plotly",
            ["backtest", "new.yaml", "--behavior", "t.csv", "--format", "html"],
            2,
            "pip install 'autotrain-dsl[report]'",
        ),
    ],
)
def test_a_missing_extra_is_named_only_where_it_is_needed(
    lab: Path, package: str, arguments: list[str], code: int, told: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", BLOCKED, package, *arguments], cwd=lab, capture_output=True, text=True, check=False
    )
    assert ran.returncode == code, ran.stderr
    assert told in ran.stdout + ran.stderr
    assert "defect" not in ran.stderr


# The page, and text that is meant to be more than text

EVIL = "</script><img src=x onerror=alert(1)>`|**b**\x1b[31m\u202e"


@pytest.fixture(scope="module")
def browser() -> Iterator[Viewer]:
    with viewer() as running:
        yield running


@pytest.fixture
def evil(lab: Path) -> Path:
    """Curriculums and a table that say evil things wherever they may say anything."""
    said = f"because: {json.dumps(EVIL.replace(chr(27), '').replace(chr(0x202E), ''))}"
    rule = "        when: finished_trials[-1] >= enough and foraging_efficiency[-1] >= 0.6\n"
    text = CONSTANTS.replace('version: "1.0"\ntask', 'version: "1.1"\ntask')
    assert rule in text
    text = text.replace(rule, f"{rule}        {said}\n")
    description = json.dumps("<script>alert(2)</script> `|")
    (lab / "evil.yaml").write_text(text.replace("\nstages:", f"\ndescription: {description}\nstages:"), "utf-8")
    rows = [
        {**row, "session_date": f"<b onclick=alert(3)>{EVIL}", "task": EVIL}
        for subject, trials in ((EVIL, [250, 350]), ("' onmouseover=alert(4) x='", [255, 1]), ("a\n# b", [1, 210]))
        for row in mouse(subject, trials)
    ]
    write_table(frame_of(rows), lab / "<img src=x onerror=alert(5)>`.parquet")
    return lab


HOSTILE = "<img src=x onerror=alert(5)>`.parquet"


def test_hostile_text_stays_in_code_spans_of_markdown(evil: Path) -> None:
    ran = backtest(evil, "evil.yaml", *against(evil), "--format", "markdown", behavior=HOSTILE)
    assert ran.code == 0
    assert ran.out.isprintable() or all(line.isprintable() for line in ran.out.splitlines())
    listed = [line for line in ran.out.splitlines() if line.startswith("- `") and "session" in line]
    assert len(listed) == 3
    for line in (*listed, next(line for line in ran.out.splitlines() if line.startswith("Replayed on"))):
        outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", line)
        assert "<" not in outside
        assert "|" not in outside
        assert "*" not in outside
    for output in ("text", "json"):
        shown = backtest(evil, "evil.yaml", *against(evil), "--format", output, behavior=HOSTILE).out
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_hostile_text_is_text_in_the_page(browser: Viewer, evil: Path) -> None:
    file = evil / "page.html"
    ran = backtest(evil, "evil.yaml", *against(evil), "--format", "html", "--output", str(file), behavior=HOSTILE)
    assert (ran.code, ran.err) == (0, "")
    with browser.open(file) as seen:
        assert seen.page.locator("#arrivals .main-svg").count() > 0
        assert (seen.dialogs, seen.complaints, seen.requests) == ([], [], [file.as_uri()])
        assert (
            seen.all("[...document.querySelectorAll('img, iframe, object, embed, main script, main b[onclick]')]") == []
        )
        names = seen.all("[...document.querySelectorAll('table.sortable tbody th')].map(e => e.textContent)")
        assert any("</script><img src=x onerror=alert(1)>`|**b**" in name for name in names)
        assert "' onmouseover=alert(4) x='" in names
        reasons = seen.all("[...document.querySelectorAll('td.reason small')].map(e => e.textContent)")
        assert any("<img src=x onerror=alert(1)>" in reason for reason in reasons)
        seen.page.hover("table.sortable tbody th >> nth=0")
        assert "<img src=x onerror=alert(5)>" in (seen.page.text_content(".lead") or "")
        assert seen.dialogs == []


DRAWN = "[...document.getElementById('arrivals').data.filter(each => each.name).map(each => each.name)]"
CUT = """(() => {
  const box = document.getElementById('arrivals').getBoundingClientRect();
  const labels = [...document.querySelectorAll('#arrivals .xtick text, #arrivals .xtitle')];
  return labels.length ? labels.filter(e => e.getBoundingClientRect().bottom > box.bottom + 2) : ['nothing'];
})()"""
AXIS = "[document.getElementById('arrivals').layout.yaxis.title.text]"
MICE = "[...document.querySelectorAll('table.sortable tbody th')].map(e => e.textContent)"


def test_the_page_draws_chooses_and_sorts(browser: Viewer, lab: Path) -> None:
    file = lab / "page.html"
    sweep = ["--sweep", "constants.enough=1,260", "--sweep", "constants.window=2,2.5"]
    ran = backtest(lab, "new.yaml", *against(lab), *sweep, "--format", "html", "--output", str(file))
    assert ran.code == 1  # two of the variants cannot be used
    with browser.open(file) as seen:
        page = seen.page
        assert page.title() == "Back-test: Tiny 1.1 against 1.0"
        assert seen.all(AXIS) == ["share of mice at GRADUATED"]
        assert seen.all(DRAWN) == ["1.0 (0 of 3 mice)", "1.1 (1 of 3 mice)"]
        before = page.locator("#arrivals .scatterlayer path.js-line").first.get_attribute("d")
        page.select_option("#stage", "STAGE_2")
        assert seen.all(AXIS) == ["share of mice at STAGE_2 or later"]
        assert seen.all(DRAWN) == ["1.0 (2 of 3 mice)", "1.1 (2 of 3 mice)"]
        assert page.locator("#arrivals .scatterlayer path.js-line").first.get_attribute("d") != before
        assert seen.all(MICE) == ["a", "b"]
        for _ in range(2):
            page.click("table.sortable th button >> nth=0")
        assert seen.all(MICE) == ["b", "a"]
        page.click("table.sortable th:has-text('Sessions after') button")
        assert seen.all(MICE) == ["b", "a"]
        page.click("table.sortable th:has-text('Sessions after') button")
        assert seen.all(MICE) == ["a", "b"]
        assert page.locator("p.fault").count() == 2
        page.set_viewport_size({"width": 700, "height": 900})
        page.evaluate("Plotly.Plots.resize('arrivals').then(() => null)")  # as it does itself, a little later
        assert seen.all(CUT) == []  # the axis of sessions can still be seen
        assert report.ENDING[1:] in (page.text_content("main") or "")
        assert (seen.dialogs, seen.complaints, seen.requests) == ([], [], [file.as_uri()])


def test_the_page_of_one_curriculum_in_which_nobody_arrives(browser: Viewer, lab: Path) -> None:
    write_table(frame_of(mouse("a", [1, 2], current_stage_actual="STAGE_1")), lab / "low.csv")
    file = lab / "page.html"
    assert backtest(lab, "new.yaml", "--format", "html", "--output", str(file), behavior="low.csv").code == 0
    with browser.open(file) as seen:
        assert seen.all(DRAWN) == ["1.1 (0 of 1 mice)"]
        assert seen.all(MICE) == []
        assert seen.page.locator("h2").all_text_contents() == ["What this rests on", "How far mice get"]
        assert "beyond" in (seen.page.text_content(".figures") or "")
        assert (seen.dialogs, seen.complaints) == ([], [])

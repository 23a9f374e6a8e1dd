"""What is judged in columns is what the interpreter decides, session by session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_kit import graph_of, quoted
from test_language_laws import (
    ALL,
    CONSTANTS,
    DERIVED,
    METRICS,
    VALUES,
    Past,
    anything,
    checked,
    condition,
    laws,
    pasts,
    program_value,
)

from autotrain_dsl.columnar import formulas, stepping
from autotrain_dsl.columnar.formulas import Formulas, Work
from autotrain_dsl.columnar.histories import Histories, Table
from autotrain_dsl.columnar.stepping import OPEN, Colony, Judgements, Stages, judge
from autotrain_dsl.columnar.values import Numbers, Series, Truths
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import History, Situation, step
from autotrain_dsl.model import Move

MISSING = float("nan")


# Expressions: every value of every session


def histories_of(pasts: Sequence[Past]) -> Histories:
    lengths = [len(past["x"]) for past in pasts]
    starts = np.cumsum([0, *lengths])
    numbers = np.concatenate([np.arange(1, length + 1) for length in lengths]).astype(np.int64)
    values = [[MISSING if value is None else value for past in pasts for value in past[name]] for name in METRICS]
    return Histories(starts, numbers, [np.array(each, np.float64) for each in values])


def cell(values: Any, row: Any) -> Any:
    return values[row] if np.ndim(values) else values


def value_at(value: Any, row: Any) -> Any:
    """One session's value as the interpreter gives it."""
    match value:
        case Numbers():
            found = float(cell(value.values, row))
            return None if np.isnan(found) else found
        case Truths():
            return None if value.unknown is not None and cell(value.unknown, row) else bool(cell(value.true, row))
        case Series():
            return tuple(value_at(column, row) for column in value.columns[: int(value.length[row])])[::-1]
    raise AssertionError(value)


@laws(400)
@given(anything(ALL), st.lists(pasts(VALUES, 1), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_a_formula_gives_what_the_evaluator_gives(text: str, several: list[Past], random: Random) -> None:
    node = checked(text)
    histories = histories_of(several)
    formulas = Formulas(histories.longest)
    formula = formulas.of(node, formulas.longest)
    table = Table(histories, formulas.deepest)
    rows = np.arange(len(histories))
    stays = np.array([random.randint(0, 6) for _ in rows])
    work = Work(table.chosen(rows), {name: place for place, name in enumerate(METRICS)})
    work.situation(stays.astype(np.float64), stays)
    whole = Work(table.span(0, len(rows)), work.metrics)
    whole.situation(2.0, 2)
    with np.errstate(all="ignore"):
        each, same = work.value(formula), whole.value(formula)
    for row in rows:
        subject = int(np.searchsorted(histories.starts, row, side="right")) - 1
        past = {name: several[subject][name][: int(histories.places[row]) + 1] for name in METRICS}
        total = int(histories.numbers[row])
        assert value_at(each, row) == program_value(node, past, total, int(stays[row]))
        assert value_at(same, row) == program_value(node, past, total, 2)


# Whole colonies, session by session and reason by reason


@dataclass
class One:
    """A session as it should come out."""

    actual: str
    suggested: str
    count: int
    stay: int
    decision: str
    following: str
    fired: int | None
    reason: str


def expected(colony: Colony, subject: int) -> list[One | None]:
    """One mouse judged by the interpreter; None for sessions that are not judged, and all after it is lost."""
    first, last = (int(row) for row in colony.histories.starts[subject : subject + 2])
    names = Stages(colony.graphs).names
    found: list[One | None] = []
    following, past = None, list[tuple[int, str]]()
    for row in range(first, last):
        if colony.judged is not None and not colony.judged[row]:
            found.append(None)
            continue
        number = 0 if colony.graph is None else int(colony.graph[row])
        graph = colony.graphs[number]
        given = OPEN if colony.actual is None else int(colony.actual[row])
        run = None if given == OPEN else names[given][1]
        suggested = following
        if suggested is None:
            suggested = graph.initial if run is None or colony.histories.numbers[row] == 1 else run
        if not graph.has_stage(suggested):
            return [*found, *[None] * (last - row)]
        actual = run or suggested
        stay_from, count = row, 1
        for place, stage in reversed(past):
            if stage != actual:
                break
            stay_from, count = place, count + 1
        past.append((row, actual))
        metrics = {
            name: [None if np.isnan(v) else v for v in colony.histories.metrics[column][first : row + 1].tolist()]
            for name, column in zip(graph.task.metrics, colony.columns[number], strict=True)
        }
        history = History.of(metrics, colony.histories.numbers[first : row + 1].tolist())
        situation = Situation(actual, int(colony.histories.numbers[row]), count, row - stay_from + 1)
        made = step(graph, situation, history)
        following = made.next_stage
        found.append(
            One(actual, suggested, count, situation.stay or 0, made.decision, following, made.fired, made.reason)
        )
    return found


def compare(colony: Colony) -> int:
    """Number of sessions that were compared; all are as expected."""
    judged, compared = judge(colony), 0
    for subject in range(len(colony.histories.lengths)):
        first = int(colony.histories.starts[subject])
        wanted = expected(colony, subject)
        if not judged.lost[subject]:
            assert sum(each is not None for each in wanted) == judged_rows(colony, subject)
        for row, one in enumerate(wanted, first):
            if one is not None:
                assert outcome(judged, row) == one
                compared += 1
    return compared


def judged_rows(colony: Colony, subject: int) -> int:
    rows = slice(*colony.histories.starts[subject : subject + 2].tolist())
    return rows.stop - rows.start if colony.judged is None else int(colony.judged[rows].sum())


def outcome(judged: Judgements, row: int) -> One:
    names, decision = judged.stages.names, judged.decision(row)
    fired = int(judged.fired[row]) or None
    move = {Move.STAY: "STAY", Move.PROGRESS: "PROGRESS", Move.ROLLBACK: "ROLLBACK"}[list(Move)[judged.moves[row]]]
    following = names[int(judged.following[row])][1]
    assert (decision.fired, decision.decision, decision.next_stage) == (fired, move, following)
    return One(
        names[int(judged.actual[row])][1],
        names[int(judged.suggested[row])][1],
        int(judged.count[row]),
        int(judged.stay[row]),
        move,
        following,
        fired,
        decision.reason,
    )


NAMES = ("A", "B", "C", "D")


@st.composite
def curriculums(draw: st.DrawFn) -> str:
    """Stages with up to three rules each; not every curriculum has all four."""
    names = NAMES[: draw(st.integers(2, 4))]
    text = "".join(f"  {name}: {value}\n" for name, value in CONSTANTS.items())
    text = f"constants:\n{text}derived:\n" + "".join(f"  {name}: {quoted(each)}\n" for name, each in DERIVED.items())
    text += "stages:\n"
    for name in names:
        rules = ""
        for _ in range(draw(st.integers(0, 3))):
            target = draw(st.sampled_from([*names, name]))
            move = "stay: true" if target == name else "progress" if target > name else "rollback"
            head = move if target == name else f"{move}: {target}"
            kind = draw(st.sampled_from(("when", "when", "when", "when", "manual")))
            tail = f"when: {quoted(draw(condition(ALL, 2)))}" if kind == "when" else "manual: true"
            if kind == "manual" and target == name:
                continue
            rules += f"      - {head}\n        {tail}\n"
        if draw(st.integers(0, 5)) == 0 and name != names[0]:
            rules += f"      - rollback: {names[0]}\n        otherwise: true\n"
        text += f"  {name}:\n    transitions:\n{rules}" if rules else f"  {name}: {{}}\n"
    return text + "  END: {final: true}\n"


def colony_of(graphs: Sequence[StateGraph], random: Random, mice: int, longest: int) -> Colony:
    """A ragged colony: gaps, stages that a trainer has chosen, sessions that nobody judges, changes of curriculum."""
    lengths = [random.randint(1, longest) for _ in range(mice)]
    rows = sum(lengths)
    nice = (0.0, 1.0, 2.0, 3.0, 0.1, 0.2, 0.3, 0.7, 200.0, -1.0, 0.5)
    gaps = random.choice((0.0, 0.0, 0.2))
    names = list(graphs[0].task.metrics)
    metrics = [
        np.array([MISSING if random.random() < gaps else random.choice(nice) for _ in range(rows)]) for _ in names
    ]
    numbers = [number for n in lengths for number in sorted(random.sample(range(1, n + random.randint(1, 3)), n))]
    order = np.cumsum([0, *lengths])
    graph = np.zeros(rows, np.int32)
    for first, last in pairwise(order.tolist()):
        graph[first:last] = random.randrange(len(graphs))
        if random.random() < 0.3:
            graph[random.randrange(first, last) : last] = random.randrange(len(graphs))
    stages = Stages(graphs)
    closed = random.random() < 0.6
    actual = np.full(rows, OPEN, np.int32)
    for row in range(rows):
        own = [code for code, (number, _) in enumerate(stages.names) if number == graph[row]]
        if closed and random.random() < 0.6:
            actual[row] = random.choice(own)
    judged = np.array([random.random() > 0.2 for _ in range(rows)]) if random.random() < 0.4 else None
    histories = Histories(order, np.array(numbers, np.int64), metrics)
    columns = [range(len(names))] * len(graphs)
    return Colony(histories, graphs, columns, graph, actual if closed else None, judged)


@laws(60)
@given(st.lists(curriculums(), min_size=1, max_size=2), st.integers(0, 2**32))
def test_a_colony_is_judged_as_the_interpreter_does(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], seed: int
) -> None:
    graphs = [graph_of(text, folder(tmp_path_factory)) for text in texts]
    colony = colony_of(graphs, Random(seed), mice=5, longest=9)
    judged = [judged_rows(colony, subject) > 0 for subject in range(5)]
    assert compare(colony) >= sum(judged)  # at the least the first session of every mouse that has one


_FOLDERS: list[Path] = []


def folder(factory: pytest.TempPathFactory) -> Path:
    if not _FOLDERS:
        _FOLDERS.append(factory.mktemp("toy"))
    return _FOLDERS[0]


@pytest.mark.parametrize("seed", range(3))
def test_blocks_and_pieces_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    text = """
stages:
  A: {transitions: [{progress: B, when: "mean(at_stage(x)[-3:]) >= 1 and session_at_current_stage >= 2"}]}
  B:
    transitions:
      - {rollback: A, when: "mean(at_stage(x)) < 1"}
      - {progress: C, when: "max(y) > session_at_current_stage"}
  C: {transitions: [{rollback: A, when: "sum(x[-4:]) < sum(y[:2])"}]}
"""
    graphs = [graph_of(text, tmp_path)]
    colony = colony_of(graphs, Random(seed), mice=40, longest=30)
    whole = judge(colony)
    monkeypatch.setattr(stepping, "_BLOCK", 100)
    monkeypatch.setattr(stepping, "_CHUNK", 64)
    monkeypatch.setattr(formulas, "_CELLS", 64 * 30)
    parts = judge(colony)
    for name in ("outcome", "actual", "suggested", "count", "stay", "lost"):
        assert (getattr(whole, name) == getattr(parts, name)).all()
    assert compare(colony) > 100

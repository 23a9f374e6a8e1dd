"""Mice that are judged in columns get the same rows, letter for letter, as those that are judged session by session."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from colony import NOW, OTHER, RECORD, ROOT, TASK, TINY, TINY_2, Colony, catalog_of, frame_of, mouse, session

from autotrain_dsl import catalog, colony, tally
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.columnar import values
from autotrain_dsl.judging import Options, Outcome
from autotrain_dsl.report import evaluation as report
from autotrain_dsl.tables import manager, sessions
from autotrain_dsl.tables.behavior import Behavior, Layout
from autotrain_dsl.tables.stats import to_stats
from autotrain_dsl.tally import Tally

OPTIONS = Options(NOW, "test")
ALWAYS, NEVER = 0, 10**9
WORDS = """\
dsl_version: 1
name: Words
version: "1.0"
task_schema: {name: tiny, version: "1.0"}
constants: {few: 2}
stages:
  STAGE_1:
    parameters: {task: Words}
    transitions:
      - stay: true
        when: not (finished_trials[-1] >= 100) or any(finished_trials[-2:] < 50)
        because: 5 % of them, "at least"
      - progress: STAGE_2
        when:
          any:
            - mean(present(finished_trials[-3:])) > 200 and not foraging_efficiency[-1] < 0.5
            - (finished_trials[-1] > 200) == (foraging_efficiency[-1] > 0.5)
            - 1 < 0
  STAGE_2:
    inherits: STAGE_1
    transitions:
      - progress: STAGE_3
        when: session_at_current_stage >= few and mean(at_stage(foraging_efficiency)) > 0.55
      - rollback: STAGE_1
        when: finished_trials[-1] == finished_trials[-2] or finished_trials[-1] < 100
      - rollback: STAGE_1
        manual: true
  STAGE_3:
    inherits: STAGE_2
    transitions:
      - rollback: STAGE_2
        otherwise: true
"""


def judged(compiled: Catalog, frame: pd.DataFrame, least: int, **more: Any) -> tuple[Behavior, Outcome]:
    """What becomes of a table; ``least`` is the number of sessions from which on mice are judged in columns."""
    table = more.pop("table", None)
    work = colony.Work(compiled, more.pop("options", OPTIONS), more.pop("layout", Layout()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "FEWEST", least)
        return colony.judge(work, frame, table)


def run_of(read: Behavior, outcome: Outcome) -> report.Run:
    nothing: Any = {"written": (), "generation": 0, "behavior_version": "", "adopted": ""}
    return report.Run("", "b", "m", read, outcome, Tally.of(outcome), rows=0, dry_run=True, **nothing)


def same(compiled: Catalog, frame: pd.DataFrame, **more: Any) -> Outcome:
    """The outcome in columns, which is the same as that session by session."""
    integers = compiled.integer_metrics
    (read, columns), (expected, one_by_one) = (judged(compiled, frame, least, **more) for least in (ALWAYS, NEVER))
    assert one_by_one.bulk is None
    pd.testing.assert_frame_equal(colony.added(columns, integers), colony.added(one_by_one, integers))
    for name in ("unjudged", "stale", "warnings", "subjects", "count"):
        assert getattr(columns, name) == getattr(one_by_one, name)
    for name in ("rows", "dropped", "repeated", "off_curriculum"):
        assert getattr(read, name) == getattr(expected, name)
    runs = [run_of(read, columns), run_of(expected, one_by_one)]
    assert report.content(runs[0], compiled) == report.content(runs[1], compiled)
    assert report.as_text(runs[0]) == report.as_text(runs[1])
    return columns


def rows_of(chance: Random, mice: int, *, closed: bool, wild: float) -> list[dict[str, object]]:
    """A colony as labs have them; ``wild`` is how often something about a session is out of order."""
    rows: list[dict[str, object]] = []
    for number in range(mice):
        name = chance.choice(["Tiny", "Tiny", "Other", "Words"])
        used = {"curriculum_name": name, "curriculum_version": "1.0"}
        for at in range(1, chance.randint(2, 12)):
            trials: object = chance.choice([20, 60, 99, 100, 150, 250, 250, 301, 350, None])
            row = session(at, trials, round(chance.uniform(0.2, 0.9), 3), subject_id=f"m{number}", **used)
            row["session_date"] = chance.choice(["2024-01-01", "2024-02-03", None])
            if closed:
                row["current_stage_actual"] = chance.choice(["STAGE_1", "STAGE_2", "STAGE_2"])
            if name == "Tiny" and chance.random() < 0.1:
                used = {"curriculum_name": "Tiny", "curriculum_version": "2.0"}
            if chance.random() < 0.08:
                row["curriculum_name"] = chance.choice([None, ""])
            rows.append(disordered(row, chance) if chance.random() < wild else row)
    chance.shuffle(rows)
    return rows


def disordered(row: dict[str, object], chance: Random) -> dict[str, object]:
    key, value = chance.choice(
        [
            ("finished_trials", "many"), ("finished_trials", -3), ("finished_trials", 2.5), ("finished_trials", True),
            ("foraging_efficiency", 7), ("session", None), ("session", "x"), ("session", 1), ("subject_id", None),
            ("curriculum_version", "9.9"), ("curriculum_version", None), ("current_stage_actual", "STAGE_9"),
            ("current_stage_actual", ""), ("session_date", " 2024-03-04\r"), ("finished_trials", "250"),
            ("finished_trials", " 1e2 "), ("foraging_efficiency", "nan"), ("session", "3.0"),
        ]
    )  # fmt: skip
    return {**row, key: value}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("lab"), TINY, TINY_2, OTHER, WORDS)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("wild", [0.0, 0.03])
@pytest.mark.parametrize("whole", [False, True])
def test_the_rows_are_the_same(compiled: Catalog, closed: bool, wild: float, whole: bool) -> None:
    in_columns = 0
    for seed in range(6):
        frame = frame_of(rows_of(Random(seed), 14, closed=closed, wild=wild))
        found = same(compiled, frame, layout=Layout(whole_history=whole))
        in_columns += 0 if found.bulk is None else len(found.bulk)
    assert in_columns > 100


def test_columns_of_numbers_are_read_as_cells_are(compiled: Catalog) -> None:
    frame = frame_of(rows_of(Random(5), 20, closed=False, wild=0.0))
    for dtype in ("float64", "Float64", "float32"):
        trials = frame["finished_trials"].astype("float64").astype(dtype)
        typed = frame.assign(finished_trials=trials, session=frame["session"].astype("int32"))
        assert same(compiled, typed).bulk is not None


def test_numbers_and_truths_in_one_column_are_told_apart(compiled: Catalog) -> None:
    rows = [*mouse("a", [1, 250]), *mouse("b", [True, 250]), *mouse("c", [1.0, 250])]
    assert [issue.subject for issue in same(compiled, frame_of(rows)).unjudged] == ["b"]


def test_new_sessions_of_settled_mice_are_judged_in_columns_too(compiled: Catalog) -> None:
    first = frame_of([*mouse("a", [250, 350]), *mouse("b", [250])])
    table = colony.added(judged(compiled, first, ALWAYS)[1], compiled.integer_metrics)
    second = frame_of([*mouse("a", [250, 350, 350]), *mouse("b", [99, 250]), *mouse("c", [250, 99])])
    found = same(compiled, second, table=table)
    assert found.bulk is not None
    assert found.bulk[["subject_id", "session"]].to_numpy().tolist() == [["a", 3], ["c", 1], ["c", 2]]
    assert [issue.subject for issue in found.stale] == ["b"]


@pytest.mark.parametrize("mode", ["new", "correct", "rerun"])
@pytest.mark.parametrize("wild", [0.0, 0.01])
@pytest.mark.parametrize("closed", [False, True])
def test_later_nights_are_the_same(compiled: Catalog, closed: bool, wild: float, mode: str) -> None:
    in_columns = 0
    for seed in range(4):
        chance = Random(f"{seed}{closed}{wild}")
        rows, whole = rows_of(chance, 14, closed=closed, wild=wild), Layout(whole_history=seed % 2 == 1)
        known = [row for row in rows if isinstance(row["session"], int) and row["session"] < chance.choice((3, 5, 8))]
        table = colony.added(judged(compiled, frame_of(known), ALWAYS, layout=whole)[1], compiled.integer_metrics)
        options = Options("2026-02-01T06:00:00+00:00", "test", mode)
        found = same(compiled, frame_of(rows), layout=whole, table=table if len(table) else None, options=options)
        in_columns += 0 if found.bulk is None else len(found.bulk)
    assert in_columns > 20 or mode == "rerun"  # in which every mouse has rows


def test_a_mouse_that_somebody_places_is_looked_at(compiled: Catalog) -> None:
    rows = [*mouse("a", [250, 350]), session(3, 250, subject_id="a", curriculum_version="2.0"), *mouse("b", [250])]
    options = Options(NOW, "test", placed={"a": "STAGE_TWO"})
    found = same(compiled, frame_of(rows), options=options)
    assert not found.unjudged
    assert [row.current_stage_actual for row in found.added] == ["STAGE_1", "STAGE_2", "STAGE_TWO"]


def test_the_same_table_is_made_whatever_the_order_of_rows(compiled: Catalog) -> None:
    rows = rows_of(Random(3), 10, closed=True, wild=0.0)
    tables = []
    for seed in (1, 2):
        Random(seed).shuffle(rows)
        tables.append(colony.added(judged(compiled, frame_of(rows), ALWAYS)[1], compiled.integer_metrics))
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert len(to_stats(tables[0])) > 10
    assert manager.is_canonical(tables[0])


def test_a_long_report_is_cut(compiled: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "LISTED", 3)
    read, outcome = judged(compiled, frame_of([*mouse("a", [250, 350]), *mouse("b", [250, 350, 99])]), ALWAYS)
    content = report.content(run_of(read, outcome), compiled)
    assert [(row["subject_id"], row["session"]) for row in content["judged"]] == [("a", 1), ("a", 2), ("b", 1)]
    assert (content["summary"]["judged"], content["judged_not_listed"]) == (5, 2)


@pytest.mark.skipif(not RECORD.is_dir(), reason="the recorded data is not there")
def test_the_real_record_is_judged_the_same() -> None:
    curriculums = catalog.build([ROOT / "curriculums"])
    frame = pd.read_csv(RECORD / "df_behavior_open_loop.csv", dtype={"subject_id": str})
    for version in ("0.1", "2.3"):
        found = same(curriculums, frame, options=Options(NOW, "test", default=("Coupled Baiting", version)))
        assert found.bulk is not None
        assert len(found.bulk) > 2000


# What once came out differently


def test_a_reason_without_facts_and_odd_texts_are_kept_alike(tmp_path: Path) -> None:
    rules = """\
    transitions:
      - stay: true
        when: present(finished_trials > 300)[-1]
      - progress: STAGE_2
        when: finished_trials[-1] > 200
        because: "a\\rb\\x0B \\U0000FDD0 %s"
"""
    text = TINY.replace(TINY[TINY.index("    transitions:") : TINY.index("  STAGE_2:")], rules)
    compiled = catalog_of(tmp_path, text)
    frame = frame_of([*mouse("a", [250, 350, None]), *mouse("b", [350, 100, 250])])
    reasons = colony.added(same(compiled, frame), compiled.integer_metrics)["reason"].tolist()
    assert any(reason == "rule 1:" for reason in reasons)
    assert not any("\r" in reason for reason in reasons)


def test_a_history_without_any_curriculum_is_read(compiled: Catalog) -> None:
    frame = frame_of(mouse("a", [250, 350], curriculum_name=None))
    assert same(compiled, frame, layout=Layout(whole_history=True)).count == 0


def test_metrics_of_mice_that_are_not_judged_are_no_columns(tmp_path: Path) -> None:
    lab = Colony.at(tmp_path, TINY, OTHER.replace("{name: tiny", "{name: licking"))
    task = TASK.replace("name: tiny", "name: licking") + "  licks: {title: Licks, type: integer, minimum: 0}\n"
    (lab.folder / "schemas" / "tasks" / "licking_1.0.yaml").write_text(task, "utf-8")
    compiled = catalog.build([lab.folder / "curriculums"])
    frame = frame_of([*mouse("a", [250]), *mouse("b", [250], curriculum_name="Other")])
    assert "licks" not in colony.added(same(compiled, frame), compiled.integer_metrics)


@pytest.mark.parametrize(
    ("column", "count", "cells"),
    [
        ("foraging_efficiency", 4, [Decimal("NaN"), 0.7, Decimal("0.70"), Decimal("0.7")]),
        ("foraging_efficiency", 4, [np.float32("nan"), -0.0, 0.0, 0.5]),
        ("foraging_efficiency", 0, [0.5 + 0j, 0.5 + 1j, 0j, 1 + 0j]),
        ("foraging_efficiency", 3, [[0.5], 0.7, 0.7, 0.7]),
        ("session_date", 4, [pd.Timestamp("2024-01-01T10:00Z"), pd.Timestamp("2024-01-01T11:00+01:00"), "x", pd.NaT]),
        ("session_date", 4, [Decimal("1.50"), Decimal("1.5"), 1.5, np.datetime64("NaT")]),
        ("subject_id", 4, ["801", 801, 801.0, "801.0"]),
        ("subject_id", 1, [None, float("nan"), "", "b"]),
    ],
)
def test_cells_that_are_equal_may_say_different_things(
    compiled: Catalog, column: str, count: int, cells: list[object]
) -> None:
    rows = [*mouse("a", [250, 350]), *mouse("b", [250, 90])]
    for number, (row, cell) in enumerate(zip(rows, cells, strict=True), 1):
        row[column], row["session"] = cell, number
    assert same(compiled, frame_of(rows)).count == count


def test_columns_of_lists_are_looked_at_one_by_one(compiled: Catalog) -> None:
    lists = pd.Series([[0.7], [0.8]], dtype=pd.ArrowDtype(pa.list_(pa.float64())))
    for column, count in (("foraging_efficiency", 0), ("session_date", 2), ("curriculum_version", 0)):
        assert same(compiled, frame_of(mouse("a", [250, 350])).assign(**{column: lists})).count == count


@pytest.mark.parametrize("when", ["present(finished_trials)[-1] > 0", "count(finished_trials[:600]) > 500"])
def test_a_long_history_costs_no_more_than_it_is_long(tmp_path: Path, when: str) -> None:
    text = TINY.replace("finished_trials[-1] >= 200 and foraging_efficiency[-1] >= 0.6", when)
    compiled = catalog_of(tmp_path, text.replace("- progress: STAGE_2", "- stay: true", 1))
    frame = frame_of(mouse("a", [250, None] * 300))
    made: list[int] = []
    gathered = values._gathered

    def counted(columns: Any, at: Any) -> Any:
        made.append(at.size)
        return gathered(columns, at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "_gathered", counted)
        judged(compiled, frame, ALWAYS)
    assert 0 < sum(made) <= 600 * 600 * 4

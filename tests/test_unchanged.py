"""What need not be looked at: leaving it out changes nothing, and it is left out."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from colony import LATER, NOW, OTHER, TINY, TINY_2, Colony, frame_of, mouse, rows_of, session
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autotrain_dsl import catalog, nightly, unchanged
from autotrain_dsl.judging import CORRECT, RERUN, Options
from autotrain_dsl.tables import basis, manager
from autotrain_dsl.tables.behavior import Layout
from autotrain_dsl.tables.manager import Row, merged, to_frame
from autotrain_dsl.tables.sessions import Sessions
from autotrain_dsl.unchanged import Unchanged

METRICS = frozenset({"finished_trials"})


# The basis of a decision


values = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.just(-0.0)


@given(
    st.lists(
        st.tuples(st.integers(1, 2**40 - 1), st.none() | st.text(max_size=5), st.tuples(values, values)), max_size=8
    )
)
def test_the_basis_is_the_same_for_one_mouse_and_for_a_table(sessions: list[tuple[int, str | None, Any]]) -> None:
    one = [basis.link(number, actual, metrics) for number, actual, metrics in sessions]
    numbers = np.array([number for number, _, _ in sessions], np.uint64)
    actual = np.array([basis.text_word(text) for _, text, _ in sessions], np.uint64)
    columns = [
        np.array([np.nan if metrics[n] is None else metrics[n] for *_, metrics in sessions], float) for n in (0, 1)
    ]
    assert basis.links(numbers, actual, columns).tolist() == one
    assert len(basis.chain(one)) == len(sessions)


def test_the_basis_differs_whatever_changes() -> None:
    facts: list[tuple[int, str | None, tuple[float | None, ...]]] = [
        (1, None, (1.0, None)), (2, None, (1.0, None)), (1, "", (1.0, None)), (1, "A", (1.0, None)),
        (1, None, (None, 1.0)), (1, None, (1.0, 0.0)), (1, None, (1.0,)), (1, None, (1.0, 5e-324)),
    ]  # fmt: skip
    assert len({basis.link(*each) for each in facts}) == len(facts)
    assert basis.link(1, None, (0.0,)) == basis.link(1, None, (-0.0,))


# A night with and without it


def colony_of(chance: random.Random) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number in range(8):
        trials = [chance.choice([20, 90, 250, 350, None, 120]) for _ in range(chance.randint(1, 7))]
        rows += mouse(f"m{number}", trials, chance.choice([0.7, 0.5, 0.2]), curriculum_version=chance.choice("11112"))
    for row in rows:
        row["curriculum_version"] = f"{row['curriculum_version']}.0"
    return rows


def night(rows: list[dict[str, object]], chance: random.Random) -> list[dict[str, object]]:
    """What a night may do to df_behavior."""
    rows = [dict(row) for row in rows]
    for _ in range(chance.randint(0, 4)):
        row = chance.choice(rows)
        kind = chance.randrange(11)
        subject, last = (
            row["subject_id"],
            max(int(str(r["session"])) for r in rows if r["subject_id"] == row["subject_id"]),
        )
        if kind < 4:
            rows.append(session(last + chance.randint(1, 3), chance.choice([50, 250, 350]), subject_id=subject))
        elif kind == 4:
            row["finished_trials"] = chance.choice([None, 77, -1, "bad"])
        elif kind == 5:
            rows.remove(row)
        elif kind == 6:
            rows.append({**row, "finished_trials": chance.choice([row["finished_trials"], 1])})
        elif kind == 7:
            row["curriculum_name"] = chance.choice(["", "Other", "Tiny"])
        elif kind == 8:
            row["curriculum_version"] = chance.choice(["1.0", "2.0", "", "9.9"])
        elif kind == 9:
            rows.append({**row, "session": chance.choice([last + 5, None, "x", 0])})
        else:
            rows += mouse(f"n{chance.randrange(3)}", [250, 350])
        rows = rows or [dict(row)]
    chance.shuffle(rows)
    return rows


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("closed", [True, False])
def test_a_night_comes_out_as_if_every_row_had_been_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, closed: bool
) -> None:
    chance = random.Random(f"{suffix}{closed}")
    quiet: list[Unchanged] = []
    find = unchanged.find

    def watched(*arguments: Any) -> Unchanged:
        quiet.append(find(*arguments))
        return quiet[-1]

    for number in range(12):
        colony = Colony.at(tmp_path / f"{number}" / "a", TINY, TINY_2, OTHER, suffix=suffix)
        rows = colony_of(chance)
        if closed:
            rows = [{**row, "current_stage_actual": chance.choice(["STAGE_1", "STAGE_3"])} for row in rows]
        behave(colony, rows)
        colony.run()
        after = night(rows, chance)
        behave(colony, after)
        option = chance.choice([[], [], ["--correct"], ["--rerun"], ["--subject", "m1"]])
        twin = Colony(shutil.copytree(colony.folder, tmp_path / f"{number}" / "b"), suffix)
        with monkeypatch.context() as patch:
            patch.setattr(unchanged, "find", watched)
            ran = colony.run("--now", LATER, *option)
        with monkeypatch.context() as patch:
            patch.setattr(unchanged, "find", lambda *_: Unchanged())
            full = twin.run("--now", LATER, *option)
        assert ran.out.replace(str(colony.folder), "") == full.out.replace(str(twin.folder), ""), (after, option)
        assert (ran.code, colony.files()) == (full.code, twin.files())
    assert sum(found.subjects for found in quiet) > 12
    assert sum(bool(found.settled) for found in quiet) > 1


def behave(colony: Colony, rows: list[dict[str, object]]) -> None:
    """Write df_behavior; parquet holds no column of mixed kinds, so that one with text in it is text."""
    frame = frame_of(rows)
    if colony.suffix == ".parquet":
        for name in ("session", "finished_trials"):
            numbers = all(value is None or isinstance(value, int) for value in frame[name])
            frame[name] = pd.Series(
                [None if value is None else float(value) if numbers else str(value) for value in frame[name]],
                dtype="float64" if numbers else "string",
            )
    colony.behave(frame)


def test_mice_of_which_nothing_is_new_are_left_out(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=".parquet")
    rows = [*mouse("a", [250, 350, 350, 90, 250]), *mouse("b", [250, 350]), *mouse("c", [250])]
    colony.judge(rows)
    table = colony.manager
    compiled = catalog.build([colony.folder / "curriculums"])
    frame = pd.DataFrame([*rows, session(6, subject_id="a"), session(2, subject_id="c", curriculum_name="")])

    def found(frame: pd.DataFrame, mode: str = "new") -> Unchanged:
        return unchanged.find(Sessions.of(frame, Layout()), table, compiled, Options(NOW, "test", mode), Layout())

    quiet = found(frame)
    assert (quiet.subjects, quiet.off_curriculum, dict(quiet.settled)) == (2, 1, {"a": 5})
    assert list(quiet.remaining(frame)["subject_id"].unique()) == ["a"]
    left = quiet.remaining_rows(table)
    assert list(zip(left["subject_id"], left["session"], strict=True)) == [("a", 5)]  # its stay in STAGE_1
    assert found(frame, CORRECT).subjects == 2
    assert found(frame, RERUN) == Unchanged()
    late = pd.concat([frame[~((frame["subject_id"] == "a") & (frame["session"] == 3))]])
    assert len(found(late).remaining_rows(table)) == 5


# Rows put into a table


cells = st.none() | st.floats(0, 9).map(lambda x: float(round(x)))
some_rows = st.dictionaries(
    st.tuples(st.sampled_from(["a", "B", "é", "aa"]), st.integers(1, 4)),
    st.tuples(st.sampled_from(["STAY", "PROGRESS"]), st.dictionaries(st.sampled_from(["x", "y"]), cells)),
    max_size=6,
)


@settings(deadline=None)
@given(some_rows, some_rows)
@example({("a", 1): ("STAY", {"x": None})}, {("a", 1): ("STAY", {})})
def test_putting_rows_into_a_table_is_making_it_from_all_of_them(before: Any, after: Any) -> None:
    old, new = ({key: row(key, *value) for key, value in group.items()} for group in (before, after))
    if old and new:
        table = to_frame(old.values(), frozenset("x"))
        read = {each.key: each for each in rows_of(table)}  # every row has every metric of its table
        columns = dict.fromkeys(name for each in read.values() for name in each.values)  # none of them is ever lost
        every = {key: replace(each, values={**columns, **each.values}) for key, each in new.items()}
        whole = to_frame({**read, **every}.values(), frozenset("x"))
        put = merged(table, to_frame(new.values(), frozenset("x")))
        pd.testing.assert_frame_equal(put, whole, check_dtype=True)
        assert rows_of(put) == rows_of(whole)


def row(key: tuple[str, int], decision: str, measured: dict[str, float | None]) -> Row:
    return Row(*key, "A", decision, "A", values=measured, session_at_current_stage=1, if_closed_loop=False)


def test_a_table_of_others_columns_is_not_one_of_ours() -> None:
    frame = to_frame([row(("a", 1), "STAY", {})])
    assert manager.is_canonical(frame)
    assert not manager.is_canonical(frame.assign(note="x"))
    assert not manager.is_canonical(frame.drop(columns="basis"))
    assert nightly.TRIES

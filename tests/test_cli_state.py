"""What operators do with the state: take over or undo edits, place mice, look back, recompute, check beforehand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from colony import (
    LATER,
    LATEST,
    NOW,
    TINY,
    TINY_2,
    Colony,
    Ran,
    command,
    mouse,
    read_table,
    rows_of,
    session,
    write_table,
)

from autotrain_dsl.store import Access, open_state
from autotrain_dsl.store.base import Change
from autotrain_dsl.store.generations import ObjectState
from autotrain_dsl.tables.manager import to_frame

both = pytest.mark.parametrize("suffix", [".csv", ".parquet"])
COLONY = [*mouse("a", [250, 350, 350]), *mouse("b", [250, 90])]


@pytest.fixture
def colony(tmp_path: Path) -> Colony:
    colony = Colony.at(tmp_path / "colony", TINY, TINY_2)
    colony.judge(COLONY)
    return colony


def rewrite(colony: Colony, frame: pd.DataFrame) -> bytes:
    write_table(frame, colony.manager_path)
    return colony.manager_path.read_bytes()


def tables(colony: Colony, *words: str) -> Ran:
    named = ["--behavior", str(colony.behavior_path), "--manager", str(colony.manager_path)]
    return command(words[0], "--curriculums", str(colony.folder / "curriculums"), *named, *words[1:])


def state_of(colony: Colony) -> ObjectState:
    state = open_state(str(colony.manager_path), Access())
    assert isinstance(state, ObjectState)
    return state


# Tables that another program has changed


def edits() -> dict[str, Any]:
    return {
        "next_stage_suggested STAGE_3 -> STAGE_1": lambda f: f.assign(
            next_stage_suggested=f["next_stage_suggested"].where(f["session"] != 3, "STAGE_1")
        ),
        "mouse b session 2 is gone": lambda f: f[(f["subject_id"] != "b") | (f["session"] != 2)],
        "mouse c session 1 was added": lambda f: pd.concat([f, f.tail(1).assign(subject_id="c", session=1)]),
        "mouse 7 session 1 was added": lambda f: f.assign(subject_id=f["subject_id"].replace({"b": "7"})),
    }


@pytest.mark.parametrize("words", edits())
@both
def test_an_edited_table_stops_the_run_until_a_person_decides(tmp_path: Path, suffix: str, words: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    colony.judge(COLONY)
    good, state = colony.files(), state_of(colony).generation()
    edited = rewrite(colony, edits()[words](colony.manager))
    colony.behave([*COLONY, session(4, subject_id="a")])
    for option in ((), ("--dry-run",), ("--correct",)):
        ran = colony.run(*option)
        assert ran.code == 1
        for word in ("ATD515", words, "--adopt", "--restore"):
            assert word in ran.out
        assert (colony.manager_path.read_bytes(), state_of(colony).generation()) == (edited, state)
    colony.behave(COLONY)
    assert colony.run("--restore").code == 0
    assert colony.files() == good


def test_a_hand_edit_that_is_taken_over_counts_and_what_it_replaced_stays_on_record(colony: Colony) -> None:
    frame = colony.manager
    rewrite(
        colony, frame.assign(next_stage_suggested=frame["next_stage_suggested"].where(frame["session"] != 3, "STAGE_1"))
    )
    colony.behave([*COLONY, session(4, 350, subject_id="a")])
    ran = colony.run("--adopt", "--now", LATER)
    assert (ran.code, ran.report["adopted"]) == (0, "0 rows added, 1 changed, 0 removed by hand")
    assert colony.path_of("a") == ["STAGE_1", "STAGE_2", "STAGE_2", "STAGE_1", "STAGE_2"]
    old = read_table(colony.superseded_path)
    assert [tuple(row) for row in old[["subject_id", "session", "next_stage_suggested"]].itertuples(index=False)] == [
        ("a", 3, "STAGE_3")
    ]
    assert state_of(colony).generation() == 3  # what was taken over, and the new session
    assert colony.told("reason", "rule", "curriculum_hash")[2] == ("changed by hand", "", "")
    verified = json.loads(tables(colony, "verify-state", "--format", "json").out)
    assert (verified["differing"], list(verified["not_recomputed"].values())) == ([], [1])
    assert colony.run("--now", LATEST).report["written"] == []


def test_a_row_that_was_deleted_by_hand_and_taken_over_is_judged_anew(colony: Colony) -> None:
    frame = colony.manager
    rewrite(colony, frame[~((frame["subject_id"] == "b") & (frame["session"] == 2))])
    ran = colony.run("--adopt", "--now", LATER)
    assert [(row["subject_id"], row["session"]) for row in ran.report["judged"]] == [("b", 2)]
    assert list(read_table(colony.superseded_path)["judged_at"]) == [NOW]


@both
def test_columns_that_others_add_are_taken_over_without_a_question(tmp_path: Path, suffix: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    colony.judge(COLONY)
    rewrite(colony, colony.manager.assign(note="seen"))
    ran = colony.run()
    assert (ran.code, ran.report["adopted"]) == (0, "columns of others in 5 rows")
    assert set(colony.manager["note"]) == {"seen"}
    assert not colony.superseded_path.exists()


def test_a_table_that_is_written_anew_in_other_bytes_is_no_edit(colony: Colony) -> None:
    good = colony.files()
    text = colony.manager_path.read_text("utf-8").replace("\n", "\r\n")
    colony.manager_path.write_text("\ufeff" + text, "utf-8", newline="")
    assert colony.run().code == 0
    assert colony.files() == good


def test_another_table_in_its_place_is_neither_followed_nor_overwritten(colony: Colony) -> None:
    good = colony.files()
    other = b"name,weight\nx,1\n"
    colony.manager_path.write_bytes(other)
    for option in ((), ("--adopt",)):
        ran = colony.run(*option)
        assert (ran.code, colony.manager_path.read_bytes()) == (1, other)
        assert "no df_manager" in ran.out
    assert colony.run("--restore").code == 0
    assert colony.files() == good


def test_a_table_that_was_removed_is_made_again(colony: Colony) -> None:
    good = colony.files()
    for path in (colony.manager_path, colony.stats_path):
        path.unlink()
    assert colony.run().code == 0
    assert colony.files() == good


def test_adopt_and_restore_exclude_each_other(colony: Colony) -> None:
    assert colony.run("--adopt", "--restore").code == 2


# A mouse that has changed curriculum


def test_a_mouse_that_changed_curriculum_is_placed_by_a_person(colony: Colony) -> None:
    moved = [*COLONY[:4], session(2, 350, subject_id="b"), session(3, 350, subject_id="b", curriculum_version="2.0")]
    fresh = Colony(colony.folder, ".parquet")
    fresh.judge(moved[:-1])
    ran = fresh.judge(moved)
    assert ran.codes() == [("ATD507", "b", 3)]
    assert "--place b=STAGE" in ran.report["not_judged"][0]["message"]
    wrong = fresh.run("--place", "b=STAGE_TWICE")
    assert "did you mean `STAGE_TWO`?" in wrong.report["not_judged"][0]["message"]
    placed = fresh.run("--place", "b=STAGE_TWO", "--now", LATER)
    assert (placed.code, [row["current_stage_suggested"] for row in placed.report["judged"]]) == (0, ["STAGE_TWO"])
    assert fresh.run("--now", LATEST).report["summary"]["stale"] == 0


@pytest.mark.parametrize("value", ["b", "=STAGE_1", "b="])
def test_a_placement_names_a_mouse_and_a_stage(colony: Colony, value: str) -> None:
    assert colony.run("--place", value).code == 2


# Looking back


def corrected(colony: Colony) -> None:
    rows = [dict(row) for row in COLONY]
    rows[1]["finished_trials"] = 50
    assert colony.judge(rows, "--correct", "--now", LATER).code == 0


def test_history_lists_every_revision_of_a_mouse(colony: Colony) -> None:
    corrected(colony)
    found = json.loads(command("history", "a", "--manager", str(colony.manager_path), "--format", "json").out)
    revisions = [
        (each["session"], each["decision"], each["judged_at"], each["replaced_in_generation"])
        for each in found["managers"][0]["revisions"]
    ]
    assert revisions == [
        (1, "PROGRESS", NOW, None),
        (2, "STAY", NOW, 2),
        (2, "ROLLBACK", LATER, None),
        (3, "PROGRESS", NOW, 2),
        (3, "PROGRESS", LATER, None),
    ]
    text = command("history", "a", "--manager", str(colony.manager_path), "--session", "2").out
    assert "STAGE_2: STAY -> STAGE_2  (replaced in generation 2" in text
    assert "STAGE_2: ROLLBACK -> STAGE_1  (in force" in text


def test_history_of_nobody_and_of_nothing(colony: Colony, tmp_path: Path) -> None:
    ran = command("history", "zz", "--manager", str(colony.manager_path))
    assert (ran.code, ran.out) == (1, f"mouse zz has no decision in {colony.manager_path}\n")
    assert command("history", "a", "--manager", str(tmp_path / "none.csv")).code == 3
    assert command("history", "a").code == 2


# Recomputing


def test_every_decision_comes_out_the_same(colony: Colony) -> None:
    rows = [dict(row) for row in COLONY]
    rows[3:4] = [{**rows[3], "finished_trials": None}]
    colony.judge([*rows, *mouse("c", [250, "bad", 350, 350])])
    corrected(colony)
    ran = tables(colony, "verify-state", "--format", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["differing"], found["damaged"], found["not_recomputed"]) == (0, [], [], {})
    assert found["same"] == found["rows"] + found["superseded_rows"] == 8 + 2
    assert "come out the same" in tables(colony, "verify-state").out


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("decision", "STAY"), ("next_stage_suggested", "STAGE_1"), ("rule", "STAGE_2:9"), ("reason", "because"),
        ("metrics", "{}"), ("metrics", "no json"), ("session_at_current_stage", 7), ("if_overriden_by_trainer", True),
        ("current_stage_actual", "STAGE_9"),
    ],
)  # fmt: skip
def test_a_row_that_was_changed_behind_the_program_s_back_is_found(colony: Colony, column: str, value: object) -> None:
    frame = colony.manager.astype(object)
    changed = [value if row == 2 else kept for row, kept in enumerate(frame[column])]
    frame[column] = pd.Series(changed, dtype=object)
    state = state_of(colony)
    nothing = to_frame([])
    if column in ("session_at_current_stage", "if_overriden_by_trainer"):
        frame[column] = frame[column].astype(colony.manager[column].dtype)
    state.publish(Change(frame, nothing, nothing, nothing, nothing, "by hand", NOW, "0"), state.read())
    assert colony.run("--restore").code in (0, 1)
    ran = tables(colony, "verify-state", "--format", "json")
    assert ran.code == 1
    assert [(each["subject_id"], each["session"]) for each in json.loads(ran.out)["differing"]] == [("a", 3)]


def test_what_cannot_be_recomputed_is_said(colony: Colony) -> None:
    colony.add_curriculum("0.yaml", TINY.replace(">= 200", ">= 201"))
    found = json.loads(tables(colony, "verify-state", "--format", "json").out)
    assert (found["same"], found["differing"]) == (0, [])
    assert found["not_recomputed"] == {"the curriculum Tiny@1.0 is not the one that they were judged with": 5}


def test_an_edited_or_damaged_table_is_found_when_the_state_is_verified(colony: Colony) -> None:
    rewrite(colony, colony.manager.tail(4))
    found = json.loads(tables(colony, "verify-state", "--format", "json").out)
    assert "was changed by another program" in found["damaged"][0]
    kept = sorted((colony.folder / "df_manager.csv.state" / "gen").glob("*.parquet"))
    kept[0].write_bytes(kept[0].read_bytes()[:-7])
    ran = tables(colony, "verify-state")
    assert ran.code == 1
    assert "is damaged" in ran.out


def test_the_state_of_nothing_cannot_be_verified(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    colony.behave(COLONY)
    assert tables(colony, "verify-state").code == 3


# Before the night


def levels(ran: Ran) -> list[tuple[str, str]]:
    return [(check["level"], check["what"]) for check in json.loads(ran.out)["managers"][0]["checks"]]


def test_doctor_finds_nothing_wrong_and_changes_nothing(colony: Colony) -> None:
    def everything() -> dict[str, bytes]:
        files = (path for path in colony.folder.rglob("*") if path.is_file() and path.suffix != ".lock")
        return {str(path): path.read_bytes() for path in files}

    before = everything()
    ran = tables(colony, "doctor", "--format", "json")
    assert ran.code == 0
    assert {level for level, _ in levels(ran)} == {"fine", "warning"}  # the table has no current_stage_actual
    assert everything() == before
    text = tables(colony, "doctor").out
    assert "ok       manager: decisions can be published" in text
    assert f"`{colony.behavior_path}`: 5 rows, 2 mice" in text


def test_doctor_names_everything_that_is_wrong_at_once(colony: Colony) -> None:
    colony.add_curriculum("broken.yaml", TINY.replace('"1.0"\ntask', '"9.0"\ntask').replace("STAGE_3:", "STAGE_4:"))
    colony.behave(pd.DataFrame([*COLONY, session(2, 9, subject_id="a")]).drop(columns="foraging_efficiency"))
    rewrite(colony, colony.manager.tail(4))
    ran = tables(colony, "doctor", "--format", "json")
    assert ran.code == 1
    found = [check["found"] for check in json.loads(ran.out)["managers"][0]["checks"]]
    for words in (
        "errors",
        "no column for the metric foraging_efficiency",
        "two rows differ",
        "was changed by another",
    ):
        assert any(words in each for each in found), words


def test_doctor_before_the_first_night(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    assert tables(colony, "doctor").code == 3
    colony.behave(COLONY)
    ran = tables(colony, "doctor")
    assert ran.code == 0
    assert "is not there yet; the first run makes it" in ran.out
    assert not colony.manager_path.exists()


def test_doctor_recognises_the_table_of_the_older_system(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    colony.behave(COLONY)
    needed = {"subject_id": ["a"], "session": [1], "current_stage_actual": ["STAGE_1"], "decision": ["STAY"]}
    write_table(pd.DataFrame({**needed, "next_stage_suggested": ["STAGE_1"]}), colony.manager_path)
    assert "1 rows of another program, which the first run takes over" in tables(colony, "doctor").out


# Retention


def test_old_generations_are_removed_and_those_that_are_kept_can_be_read(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    for night in range(1, 35):
        assert colony.judge(mouse("a", [250] * night)).code == 0
    state = state_of(colony)
    numbers = sorted({int(key[4:10]) for key in state.objects.keys("gen/")})
    assert numbers == list(range(5, 35))
    assert (state.generation(), state.verify()) == (34, [])
    snapshot = state.read()
    assert snapshot is not None
    assert len(rows_of(snapshot.frame)) == 34


def test_revisions_outlive_the_generations_in_which_they_were_in_force(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    rows = mouse("a", [250, 350])
    for night in range(33):
        rows[1] = {**rows[1], "finished_trials": 300 + night}
        assert colony.judge(rows, "--correct").code == 0
    assert [int(n) for n in read_table(colony.superseded_path)["finished_trials"]] == [350, *range(300, 332)][1:]

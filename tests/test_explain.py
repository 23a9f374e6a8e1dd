"""``explain``: why a mouse is where it is, told from the stored tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from colony import TINY, Colony, Ran, command, mouse, session, write_table

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def colony(tmp_path: Path) -> Colony:
    """Mouse a lacks efficiency, b has rolled back, c has graduated, d misses a value, e cannot be judged."""
    colony = Colony.at(tmp_path / "colony")
    rows = [
        session(1, 250, subject_id="a", foraging_efficiency=0.58),
        *mouse("b", [250, 50]),
        *mouse("c", [250, 350, 350, 350, 350, 350, 350], foraging_efficiency=0.8),
        session(1, 250, subject_id="d", foraging_efficiency=None),
        session(1, 250, subject_id="e", curriculum_version="9"),
    ]
    colony.judge(rows)
    return colony


def explain(colony: Colony, *arguments: str) -> Ran:
    tables = ["--curriculums", str(colony.folder / "curriculums"), "--manager", str(colony.manager_path)]
    return command("explain", *arguments, *tables)


def told(colony: Colony, *arguments: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(explain(colony, *arguments, "--format", "json").out)
    return content


def test_every_rule_is_shown_with_its_values_thresholds_margins_and_place(colony: Colony) -> None:
    ran = explain(colony, "a")
    assert (ran.code, ran.err) == (0, "")
    file = colony.folder / "curriculums" / "0.yaml"
    assert ran.out == (
        "mouse a, session 1: STAY -> STAGE_1\n"
        "  ran STAGE_1, session 1 there; Tiny@1.0; judged 2026-01-01T00:00:00+00:00\n"
        "  no rule fired; rule 1: not foraging_efficiency[-1] >= 0.6 (0.58)\n"
        f"  rule 1 progress STAGE_2 ({file}:9): did not fire\n"
        "      + finished_trials[-1] >= 200: 250, needs at least 200, passed by 50\n"
        "      - foraging_efficiency[-1] >= 0.6: 0.58, needs at least 0.6, short by 0.02\n"
        "  to progress to STAGE_2 by rule 1, this must change:\n"
        "    - foraging_efficiency[-1] >= 0.6: 0.58, needs at least 0.6, short by 0.02\n"
    ).replace("2026-01-01T00:00:00+00:00", str(colony.manager["judged_at"].iloc[0]))


def test_a_rollback_is_explained_and_what_a_promotion_lacked(colony: Colony) -> None:
    ran = explain(colony, "b")
    assert ran.out.startswith("mouse b, session 2: ROLLBACK -> STAGE_1\n  ran STAGE_2, session 1 there; ")
    assert "+ finished_trials[-1] < 100: 50, needs less than 100, passed by 50\n" in ran.out
    assert "to progress to STAGE_3 by rule 1, this must change:\n    all of\n" in ran.out
    assert "- session_at_current_stage >= 2: 1, needs at least 2, short by 1\n" in ran.out
    content = told(colony, "b")
    (promotion,) = content["promotions"]
    assert promotion["held_by_rule"] is None
    assert [each["wanted"] for each in promotion["needs"]["all"]] == [True, True]


def test_any_session_can_be_asked_for_and_a_final_stage_has_no_rules(colony: Colony) -> None:
    assert explain(colony, "b", "--session", "1").out.startswith("mouse b, session 1: PROGRESS -> STAGE_2\n")
    assert "final stage: there are no rules to try\n" in explain(colony, "c").out
    assert told(colony, "c")["rules"] == []


def test_missing_values_are_named(colony: Colony) -> None:
    ran = explain(colony, "d")
    assert "rule 1 progress STAGE_2" in ran.out
    assert ": unknown\n" in ran.out
    assert "      missing: foraging_efficiency of session 1\n" in ran.out
    content = told(colony, "d")
    assert content["rules"][0]["missing"] == [{"metric": "foraging_efficiency", "session": 1}]


def test_a_session_without_a_decision_is_explained_from_df_behavior(colony: Colony) -> None:
    ran = explain(colony, "e", "--session", "1", "--behavior", str(colony.behavior_path))
    assert (ran.code, ran.out) == (1, "")
    assert "session 1 of mouse e has no decision (sessions with one: none): ATD505 " in ran.err
    assert "--behavior lets this command say why" in explain(colony, "a", "--session", "2").err
    missing = explain(colony, "a", "--session", "2", "--behavior", str(colony.behavior_path))
    assert "df_behavior does not hold it" in missing.err
    colony.behave([*mouse("a", [250, 250])])
    waiting = explain(colony, "a", "--session", "2", "--behavior", str(colony.behavior_path))
    assert "it has not been judged yet" in waiting.err


def test_an_unknown_mouse_is_answered_with_the_nearest(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    colony.judge(mouse("712345", [250]))
    ran = explain(colony, "712354")
    assert (ran.code, ran.out) == (1, "")
    assert "there is no mouse 712354 in " in ran.err
    assert "did you mean `712345`?" in ran.err


def test_a_changed_curriculum_is_told_and_so_is_another_decision(colony: Colony) -> None:
    colony.add_curriculum("0.yaml", TINY.replace("foraging_efficiency[-1] >= 0.6", "foraging_efficiency[-1] >= 0.5"))
    ran = explain(colony, "a")
    assert ran.code == 1
    assert "note: the curriculum Tiny@1.0 has changed since; the rules below are those of today\n" in ran.out
    assert "note: recorded is STAY -> STAGE_1, but it comes out as PROGRESS -> STAGE_2\n" in ran.out
    assert told(colony, "a")["differs"] is True
    colony.add_curriculum("0.yaml", TINY.replace("STAGE_1", "FIRST"))
    assert "STAGE_1 is no stage of Tiny@1.0 today" in explain(colony, "a").out
    colony.add_curriculum("0.yaml", TINY.replace('"1.0"\ntask', '"3.0"\ntask'))
    assert "there is no curriculum Tiny@1.0" in explain(colony, "a").out


def test_rows_of_the_older_system_are_explained_from_the_rows_before(colony: Colony) -> None:
    frame = pd.read_csv(colony.manager_path, dtype=str)
    own = ["metrics", "rule", "reason", "missing", "basis", "curriculum_hash", "program_version", "judged_at"]
    old = colony.folder / "old.csv"
    frame.drop(columns=own).to_csv(old, index=False)
    tables = ["--curriculums", str(colony.folder / "curriculums"), "--manager", str(old)]
    ran = command("explain", "b", *tables)
    assert ran.code == 0, ran
    assert "judged by another program" in ran.out
    assert "it is taken from the rows up to this session" in ran.out
    assert "+ finished_trials[-1] < 100: 50, needs less than 100, passed by 50\n" in ran.out


def test_every_recorded_decision_of_the_example_colony_is_explained_as_it_was(tmp_path: Path) -> None:
    manager = tmp_path / "m.csv"
    examples = ["--curriculums", str(ROOT / "curriculums"), "--manager", str(manager)]
    command("evaluate", *examples, "--behavior", str(ROOT / "examples" / "df_behavior.csv"))
    frame = pd.read_csv(manager, dtype=str)
    for subject, rows in list(frame.groupby("subject_id"))[:6]:
        ran = command("explain", str(subject), *examples, "--format", "json")
        content = json.loads(ran.out)
        assert (ran.code, content["differs"], content["notes"]) == (0, False, []), content
        assert content["session"] == rows["session"].astype(int).max()


def test_a_configuration_with_several_colonies_finds_the_mouse_in_one(colony: Colony) -> None:
    other = Colony.at(colony.folder / "other")
    other.judge(mouse("z", [250]))
    (colony.folder / "autotrain.yaml").write_text(
        "dsl_version: 1\nmanagers:\n"
        f"  one: {{curriculums: {colony.folder}/curriculums, behavior: {colony.behavior_path}, "
        f"manager: {colony.manager_path}}}\n"
        f"  two: {{curriculums: {other.folder}/curriculums, behavior: {other.behavior_path}, "
        f"manager: {other.manager_path}}}\n",
        "utf-8",
    )
    ran = command("explain", "z", "--config", str(colony.folder / "autotrain.yaml"))
    assert ran.code == 0
    assert ran.out.startswith("mouse z, session 1: PROGRESS -> STAGE_2\n")
    assert "there is no mouse z in " in ran.err
    assert command("explain", "y", "--config", str(colony.folder / "autotrain.yaml")).code == 1


def test_text_from_tables_cannot_steer_a_terminal(colony: Colony) -> None:
    frame = pd.read_csv(colony.manager_path, dtype=str)
    frame.loc[0, "reason"] = "\x1b[2Jgone"
    evil = colony.folder / "evil.csv"
    write_table(frame, evil)
    ran = command("explain", "a", "--curriculums", str(colony.folder / "curriculums"), "--manager", str(evil))
    assert "\x1b" not in ran.out
    assert "[2Jgone" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("a",), 2, "Missing option --curriculums, --manager"),
        (("a", "--curriculums", ".", "--manager", "gone.csv"), 2, "no curriculum at . can be used"),
    ],
)
def test_wrong_use_is_explained(
    arguments: tuple[str, ...], code: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = command("explain", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err


def test_a_later_session_without_a_decision_is_told(colony: Colony) -> None:
    rows = [
        session(1, 250, subject_id="a", foraging_efficiency=0.58),
        session(2, 250, subject_id="a", foraging_efficiency=70),
    ]
    colony.judge([*rows, session(1, 250, subject_id="e", curriculum_version="9")])
    ran = explain(colony, "a", "--behavior", str(colony.behavior_path))
    assert "note: a later session has no decision: session 2: ATD508 " in ran.out
    undecided = explain(colony, "e", "--behavior", str(colony.behavior_path))
    assert (undecided.code, undecided.out) == (1, "")
    assert "mouse e has no decision: session 1: ATD505 " in undecided.err


def test_a_negated_comparison_says_what_it_needs(colony: Colony) -> None:
    colony.add_curriculum("0.yaml", TINY.replace("foraging_efficiency[-1] >= 0.6", "not foraging_efficiency[-1] < 0.6"))
    assert "- not foraging_efficiency[-1] < 0.6: 0.58, needs at least 0.6, short by 0.02\n" in explain(colony, "a").out

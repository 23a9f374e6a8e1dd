"""The whole colony judged: evaluation.md section 2, by the pure function and by cases that a scientist can read."""

from __future__ import annotations

import random
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from colony import (
    CASES,
    CONTRACT,
    LATER,
    LATEST,
    METRICS,
    NOW,
    OTHER,
    TINY,
    TINY_2,
    Ran,
    applied,
    catalog_of,
    command,
    frame_of,
    mouse,
    read_table,
    session,
)
from colony import judged as judge
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.evaluation import evaluate
from autotrain_dsl.judging import CORRECT, RERUN, Options, Outcome
from autotrain_dsl.tables import behavior as behavior_table
from autotrain_dsl.tables.manager import Row

_CASES = sorted(path.parent.name for path in CASES.glob("*/df_behavior.csv"))


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("evaluation") / "colony", TINY, TINY_2, OTHER)


def continued(catalog: Catalog, rows: list[dict[str, object]], table: list[Row], **options: object) -> Outcome:
    """Judge with a df_manager that has rows."""
    read = behavior_table.read(frame_of(rows), catalog.metric_columns)
    return evaluate(catalog, read, table, replace(Options(now=LATER, program="test"), **options))  # type: ignore[arg-type]


def walked(outcome: Outcome, subject: str = "m1") -> list[tuple[int, str, str, str, str]]:
    """Session, suggested and actual stage, decision and next stage of a mouse."""
    return [
        (r.session, r.current_stage_suggested, r.current_stage_actual, r.decision, r.next_stage_suggested)
        for r in outcome.judged
        if r.subject_id == subject
    ]


def issues(outcome: Outcome) -> list[tuple[str, str, int | None]]:
    return [(issue.code.id, issue.subject, issue.session) for issue in outcome.unjudged]


# Cases in files


def test_there_are_cases() -> None:
    assert len(_CASES) >= 4


@pytest.mark.parametrize("case", _CASES)
def test_case(case: str, tmp_path: Path, update_golden: bool) -> None:
    folder, table = CASES / case, _table(CASES / case, tmp_path)
    ran = _evaluated(folder, table)
    if update_golden:
        (folder / "df_manager_after.csv").write_text(_contract(table), "utf-8")
        (folder / "issues.txt").write_text("".join(_lines(ran)), "utf-8")
    assert ran.code == (1 if "not_judged" in (folder / "issues.txt").read_text("utf-8") else 0), ran.err
    assert _contract(table) == (folder / "df_manager_after.csv").read_text("utf-8")
    assert "".join(_lines(ran)) == (folder / "issues.txt").read_text("utf-8")


@pytest.mark.parametrize("case", _CASES)
def test_case_judged_once_more_changes_nothing(case: str, tmp_path: Path) -> None:
    table = _table(CASES / case, tmp_path)
    first = _evaluated(CASES / case, table)
    content = table.read_bytes()
    second = _evaluated(CASES / case, table)
    assert table.read_bytes() == content
    assert (second.code, second.report["written"], second.report["judged"]) == (first.code, [], [])
    assert second.codes() == first.codes()
    assert second.codes("stale") == []


def _table(folder: Path, copy: Path) -> Path:
    """df_manager of a case as it is before the run, where there is one."""
    if (folder / "df_manager_before.csv").exists():
        shutil.copyfile(folder / "df_manager_before.csv", copy / "df_manager.csv")
    return copy / "df_manager.csv"


def _evaluated(folder: Path, table: Path) -> Ran:
    options = folder / "options.txt"
    extra = shlex.split(options.read_text("utf-8")) if options.exists() else []
    tables = ["--behavior", str(folder / "df_behavior.csv"), "--manager", str(table), "--now", NOW]
    return command("evaluate", "--curriculums", str(folder / "curriculum.yaml"), *tables, "--format", "json", *extra)


def _contract(table: Path) -> str:
    frame = read_table(table)
    text = frame[[column for column in CONTRACT if column in frame]].to_csv(index=False, lineterminator="\n")
    return str(text)


def _lines(ran: Ran) -> Iterator[str]:
    for kind in ("not_judged", "stale", "warnings"):
        for issue in ran.report[kind]:
            yield f"{kind} {issue['code']} {issue['subject_id']} {issue['session']}\n"


# Open and closed loop


def test_open_loop_runs_what_it_suggests(catalog: Catalog) -> None:
    outcome = judge(catalog, mouse("m1", [250, 350, 350, 350]))
    assert walked(outcome) == [
        (1, "STAGE_1", "STAGE_1", "PROGRESS", "STAGE_2"),
        (2, "STAGE_2", "STAGE_2", "STAY", "STAGE_2"),
        (3, "STAGE_2", "STAGE_2", "PROGRESS", "STAGE_3"),
        (4, "STAGE_3", "STAGE_3", "STAY", "STAGE_3"),
    ]
    assert not any(row.if_closed_loop or row.if_overriden_by_trainer for row in outcome.judged)


def test_closed_loop_judges_the_stage_that_was_run_and_flags_the_trainer(catalog: Catalog) -> None:
    actual = ["STAGE_1", "STAGE_1", "STAGE_2", "STAGE_3"]
    rows = [session(n, 250, current_stage_actual=stage) for n, stage in enumerate(actual, 1)]
    outcome = judge(catalog, rows)
    assert [row.current_stage_actual for row in outcome.judged] == actual
    assert [row.current_stage_suggested for row in outcome.judged] == ["STAGE_1", "STAGE_2", "STAGE_2", "STAGE_2"]
    assert [row.if_overriden_by_trainer for row in outcome.judged] == [False, True, False, True]
    assert all(row.if_closed_loop for row in outcome.judged)


@pytest.mark.parametrize("actual", ["STAGE_9", "stage_1", "", None, float("nan")])
def test_an_unknown_actual_stage_makes_that_session_open_loop_with_a_warning(catalog: Catalog, actual: object) -> None:
    rows = [
        session(1, 250, current_stage_actual="STAGE_1"),
        session(2, 350, current_stage_actual=actual),
        session(3, 350, current_stage_actual="STAGE_2"),
    ]
    outcome = judge(catalog, rows)
    assert [row.if_closed_loop for row in outcome.judged] == [True, False, True]
    assert [row.current_stage_actual for row in outcome.judged] == ["STAGE_1", "STAGE_2", "STAGE_2"]
    assert not any(row.if_overriden_by_trainer for row in outcome.judged)
    assert [(i.code.id, i.subject, i.session) for i in outcome.warnings] == [("ATD512", "m1", 2)]
    assert not outcome.needs_attention


def test_first_session_is_expected_at_the_initial_stage_even_if_another_was_run(catalog: Catalog) -> None:
    outcome = judge(catalog, [session(1, 250, current_stage_actual="STAGE_2")])
    assert walked(outcome)[0][:3] == (1, "STAGE_1", "STAGE_2")
    assert outcome.judged[0].if_overriden_by_trainer


def test_a_mouse_that_joins_late_is_where_the_rig_says(catalog: Catalog) -> None:
    outcome = judge(catalog, [session(7, 250, current_stage_actual="STAGE_3")])
    assert walked(outcome)[0][:3] == (7, "STAGE_3", "STAGE_3")
    assert outcome.judged[0].if_overriden_by_trainer is False


def test_a_mouse_that_joins_late_begins_at_the_start_in_open_loop(catalog: Catalog) -> None:
    assert walked(judge(catalog, [session(7, 250)]))[0][:3] == (7, "STAGE_1", "STAGE_1")
    one = judge(catalog, [session(7, 250, current_stage_actual="NONSENSE")])
    assert walked(one)[0][:3] == (7, "STAGE_1", "STAGE_1")


def test_gaps_in_session_numbers_do_not_break_a_stay(catalog: Catalog) -> None:
    outcome = judge(catalog, [session(n, t) for n, t in [(2, 100), (5, 100), (9, 100), (10, 250)]])
    assert [row.session_at_current_stage for row in outcome.judged] == [1, 2, 3, 4]
    assert '"session_total": 9' in outcome.judged[2].metrics


def test_a_stay_that_is_interrupted_counts_from_one_again(catalog: Catalog) -> None:
    actual = ["STAGE_2", "STAGE_2", "STAGE_1", "STAGE_2"]
    outcome = judge(catalog, [session(n, current_stage_actual=stage) for n, stage in enumerate(actual, 1)])
    assert [row.session_at_current_stage for row in outcome.judged] == [1, 2, 1, 1]


# Curriculums


def test_several_curriculums_and_versions_in_one_table(catalog: Catalog) -> None:
    rows = [
        *mouse("a", [250, 350]),
        *mouse("b", [250, 350], curriculum_version="2.0"),
        *mouse("c", [60, 10], curriculum_name="Other", task="Other"),
    ]
    outcome = judge(catalog, rows)
    assert walked(outcome, "a")[1][1] == "STAGE_2"
    assert walked(outcome, "b")[1][1] == "STAGE_TWO"
    assert walked(outcome, "c") == [
        (1, "STAGE_1", "STAGE_1", "PROGRESS", "STAGE_2"),
        (2, "STAGE_2", "STAGE_2", "ROLLBACK", "STAGE_1"),
    ]
    assert {row.curriculum_json_name for row in outcome.judged} == {
        "Tiny_curriculum_v1.0_schema_v1.0.json",
        "Tiny_curriculum_v2.0_schema_v1.0.json",
        "Other_curriculum_v1.0_schema_v1.0.json",
    }


@pytest.mark.parametrize("version", ["", None, float("nan")])
def test_a_missing_version_needs_a_default(catalog: Catalog, version: object) -> None:
    rows = [session(1, curriculum_version=version)]
    assert issues(judge(catalog, rows)) == [("ATD506", "m1", 1)]
    assert [row.curriculum_version for row in judge(catalog, rows, default=("Tiny", "2.0")).judged] == ["2.0"]


def test_a_default_of_another_curriculum_is_not_used(catalog: Catalog) -> None:
    outcome = judge(catalog, [session(1, curriculum_version="")], default=("Other", "1.0"))
    assert (issues(outcome), outcome.judged) == ([("ATD506", "m1", 1)], ())


def test_a_given_version_beats_the_default(catalog: Catalog) -> None:
    outcome = judge(catalog, [session(1)], default=("Tiny", "2.0"))
    assert outcome.judged[0].curriculum_version == "1.0"


def test_an_unknown_curriculum_is_reported_and_the_rest_judged(catalog: Catalog) -> None:
    rows = [session(1), session(2, curriculum_name="Tinny"), session(3), *mouse("m2", [250])]
    outcome = judge(catalog, rows)
    assert issues(outcome) == [("ATD505", "m1", 2)]
    assert "Tiny@1.0" in outcome.unjudged[0].message
    assert [(row.subject_id, row.session) for row in outcome.judged] == [("m1", 1), ("m1", 3), ("m2", 1)]


def test_a_stage_that_the_new_curriculum_lacks_needs_a_person(catalog: Catalog) -> None:
    rows = [session(1, 250), *(session(n, 250, curriculum_version="2.0") for n in (2, 3)), session(4)]
    outcome = judge(catalog, rows)
    assert issues(outcome) == [("ATD507", "m1", 2), ("ATD507", "m1", 3)]
    assert "STAGE_2" in outcome.unjudged[0].message
    assert [row.session for row in outcome.judged] == [1, 4]


def test_a_stage_that_both_curriculums_have_is_kept(catalog: Catalog) -> None:
    outcome = judge(catalog, [session(1, 100), session(2, 250, curriculum_version="2.0")])
    assert walked(outcome)[1] == (2, "STAGE_1", "STAGE_1", "PROGRESS", "STAGE_TWO")
    assert outcome.judged[1].session_at_current_stage == 2


def test_sessions_off_curriculum_are_neither_judged_nor_history(catalog: Catalog) -> None:
    rows = [session(1, 250), session(2, 350), session(3, 10, curriculum_name=""), session(4, 350)]
    outcome = judge(catalog, rows)
    assert [row.session for row in outcome.judged] == [1, 2, 4]
    assert outcome.judged[2].decision == "PROGRESS"  # 350 and 350, without the 10 in between
    assert '"finished_trials": [350, 350]' in outcome.judged[2].metrics


def test_without_a_name_column_the_task_is_the_name(catalog: Catalog) -> None:
    rows = [{k: v for k, v in session(1).items() if k != "curriculum_name"}]
    assert [row.curriculum_name for row in judge(catalog, rows).judged] == ["Tiny"]


# Faults stay where they are

_BAD = {
    "infinite": float("inf"),
    "minus infinite": float("-inf"),
    "words": "many",
    "infinite as text": "inf",
    "negative": -1,
    "boolean": True,
    "list": [250],
    "underscore": "2_5",
    "complex": 1j,
}
_MISSING = {"nan": float("nan"), "none": None, "empty": "", "na": "NA", "nan as text": "nan", "pandas": pd.NA}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("value", _BAD.values(), ids=_BAD)
def test_a_bad_metric_stops_that_session_and_no_other(catalog: Catalog, metric: str, value: object) -> None:
    rows = [*mouse("a", [250, 250]), *mouse("b", [250, 350, 350, 350]), *mouse("c", [250])]
    healthy = judge(catalog, rows)
    rows[3][metric] = value  # session 2 of mouse b
    outcome = judge(catalog, rows)
    assert issues(outcome) == [("ATD508", "b", 2)]
    assert metric in outcome.unjudged[0].message
    assert [r.session for r in outcome.judged if r.subject_id == "b"] == [1, 3, 4]
    assert [r for r in outcome.judged if r.subject_id != "b"] == [r for r in healthy.judged if r.subject_id != "b"]


@pytest.mark.parametrize(("metric", "value"), [("finished_trials", 250.5), ("foraging_efficiency", 2.01)])
def test_a_metric_outside_its_declaration_stops_that_session(catalog: Catalog, metric: str, value: float) -> None:
    outcome = judge(catalog, [session(1), session(2, **{metric: value})])
    assert issues(outcome) == [("ATD508", "m1", 2)]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("value", _MISSING.values(), ids=_MISSING)
def test_a_missing_metric_moves_no_mouse(catalog: Catalog, metric: str, value: object) -> None:
    actual = {"current_stage_actual": "STAGE_1"}
    outcome = judge(catalog, [session(1, **{metric: value}, **actual), *mouse("m2", [250], **actual)])
    row = outcome.judged[0]
    assert (row.decision, row.next_stage_suggested, issues(outcome)) == ("STAY", "STAGE_1", [])
    assert row.missing == f"{metric} of session 1"
    assert outcome.judged[1].decision == "PROGRESS"


def test_a_bad_session_counts_as_missing_for_the_sessions_after_it(catalog: Catalog) -> None:
    outcome = judge(catalog, [session(1, 250), session(2, 350), session(3, -1), session(4, 350), session(5, 350)])
    assert [(row.session, row.decision) for row in outcome.judged][2:] == [(4, "STAY"), (5, "PROGRESS")]
    assert outcome.judged[2].missing == "finished_trials of session 3"


def test_several_faults_of_a_session_are_told_at_once(catalog: Catalog) -> None:
    message = judge(catalog, [session(1, "x", "y")]).unjudged[0].message
    assert all(metric in message for metric in METRICS)


def test_identical_rows_count_once(catalog: Catalog) -> None:
    rows = mouse("m1", [250, 350])
    rows += [{**rows[1], "finished_trials": "350.0", "note": "sent twice"}]
    outcome = judge(catalog, rows)
    assert ([row.session for row in outcome.judged], issues(outcome)) == ([1, 2], [])


@pytest.mark.parametrize(
    "difference",
    [{"finished_trials": 99}, {"session_date": "2024-02-02"}, {"curriculum_version": "2.0"}, {"finished_trials": None}],
)
def test_differing_rows_hold_that_mouse_from_there_on(catalog: Catalog, difference: dict[str, object]) -> None:
    rows = [*mouse("a", [250, 350, 350, 350]), *mouse("b", [250, 350])]
    rows.append({**rows[2], **difference})
    outcome = judge(catalog, rows)
    assert issues(outcome) == [("ATD504", "a", 3), ("ATD504", "a", 4)]
    assert [(row.subject_id, row.session) for row in outcome.judged] == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


def test_a_table_without_a_metric_reports_every_session_that_needs_it(catalog: Catalog) -> None:
    rows = [{k: v for k, v in row.items() if k != "finished_trials"} for row in mouse("m1", [1, 2])]
    assert issues(judge(catalog, rows)) == [("ATD509", "m1", 1), ("ATD509", "m1", 2)]


# Once more, later, again


def test_judging_session_by_session_equals_judging_all_at_once(catalog: Catalog) -> None:
    chance = random.Random(7)
    for number in range(30):
        rows = _some_sessions(chance, f"m{number}")
        table: list[Row] = []
        for end in range(1, len(rows) + 1):
            table = applied(continued(catalog, rows[:end], table, now=NOW), table)
        assert {row.key: row for row in table} == {row.key: row for row in judge(catalog, rows).judged}


def _some_sessions(chance: random.Random, subject: str) -> list[dict[str, object]]:
    numbers = sorted(chance.sample(range(1, 20), 8))
    stages = [None, "STAGE_1", "STAGE_2", "STAGE_3", "GRADUATED"]
    trials = [None, 10, 120, 250, 350, 500, -5]
    return [
        session(n, chance.choice(trials), chance.choice([None, 0.2, 0.65, 0.8]), subject_id=subject,
                current_stage_actual=chance.choice(stages))
        for n in numbers
    ]  # fmt: skip


def test_a_second_run_judges_nothing(catalog: Catalog) -> None:
    rows = mouse("m1", [250, 350])
    table = applied(judge(catalog, rows), [])
    assert continued(catalog, rows, table) == Outcome(subjects=1)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(catalog: Catalog, order: random.Random) -> None:
    chance = random.Random(11)
    rows = [row for subject in ("a", "b", "c") for row in _some_sessions(chance, subject)]
    rows += [dict(rows[3]), {**rows[9], "finished_trials": 77}, {**rows[9], "finished_trials": 78}]
    expected = judge(catalog, rows)
    order.shuffle(rows)
    assert judge(catalog, rows) == expected


def test_a_late_session_is_judged_at_its_place_and_later_rows_are_stale(catalog: Catalog) -> None:
    rows = [session(n, t) for n, t in [(1, 250), (2, 350), (3, 350), (4, 350)]]
    table = applied(judge(catalog, [rows[0], rows[1], rows[3]]), [])
    outcome = continued(catalog, rows, table)
    assert [(row.session, row.current_stage_suggested, row.session_at_current_stage) for row in outcome.added] == [
        (3, "STAGE_2", 2)
    ]
    assert ([(i.subject, i.session) for i in outcome.stale], outcome.replaced) == ([("m1", 4)], ())
    assert outcome.needs_attention


def test_a_late_session_is_noticed_whatever_the_clock_says(catalog: Catalog) -> None:
    rows = [session(n, t) for n, t in [(1, 250), (2, 350), (3, 350), (4, 350)]]
    table = applied(judge(catalog, [rows[0], rows[1], rows[3]]), [])
    outcome = continued(catalog, rows, table, now=NOW)  # in the same second as the first run
    assert [(i.code.id, i.session) for i in outcome.stale] == [("ATD511", 4)]


def test_an_ordinary_session_makes_nothing_stale_whatever_the_clock_says(catalog: Catalog) -> None:
    rows = mouse("m1", [250, 350])
    table = applied(continued(catalog, rows[:1], []), [])
    table = applied(continued(catalog, rows, table, now=NOW), table)  # the clock was set back
    assert continued(catalog, rows, table).stale == ()


@pytest.mark.parametrize(
    "change",
    [{"finished_trials": 10}, {"finished_trials": None}, {"finished_trials": "x"}, {"foraging_efficiency": 0.71}],
)
def test_a_changed_metric_is_stale_and_changes_nothing(catalog: Catalog, change: dict[str, object]) -> None:
    rows = mouse("m1", [250, 350, 350])
    table = applied(judge(catalog, rows), [])
    rows[1].update(change)
    outcome = continued(catalog, rows, table)
    assert (outcome.stale[0].code.id, outcome.stale[0].subject, outcome.stale[0].session) == ("ATD511", "m1", 2)
    assert {i.session for i in outcome.stale} <= {2, 3}  # what comes after it rests on it, too
    assert (outcome.judged, outcome.needs_attention) == ((), True)


def test_correct_judges_again_from_the_first_stale_session_on(catalog: Catalog) -> None:
    rows = [*mouse("m1", [250, 350, 350, 350]), *mouse("m2", [250])]
    table = applied(judge(catalog, rows), [])
    rows[2]["finished_trials"] = 90
    outcome = continued(catalog, rows, table, mode=CORRECT)
    assert [(old.key, new.key) for old, new in outcome.replaced] == [(("m1", n), ("m1", n)) for n in (3, 4)]
    assert (outcome.replaced[0][0].decision, outcome.replaced[0][1].decision) == ("PROGRESS", "ROLLBACK")
    after = applied(outcome, table)
    same = {row.key: replace(row, judged_at="") for row in after}
    assert same == {row.key: replace(row, judged_at="") for row in judge(catalog, rows).judged}
    assert continued(catalog, rows, after, now=LATEST, mode=CORRECT) == Outcome(subjects=2)


def test_correct_takes_in_a_late_session(catalog: Catalog) -> None:
    rows = mouse("m1", [250, 350, 350, 350])
    table = applied(judge(catalog, [rows[0], rows[1], rows[3]]), [])
    outcome = continued(catalog, rows, table, mode=CORRECT)
    assert ([r.session for r in outcome.added], [new.session for _, new in outcome.replaced]) == ([3], [4])
    assert continued(catalog, rows, applied(outcome, table), now=LATEST).stale == ()


def test_correct_ends_where_judging_from_scratch_ends(catalog: Catalog) -> None:
    chance = random.Random(23)
    for number in range(60):
        rows = [row for row in _some_sessions(chance, f"m{number}") if row["finished_trials"] != -5]
        table: list[Row] = []
        for hour in range(4):  # sessions arrive in any order, and some change afterwards
            known = sorted(chance.sample(rows, chance.randint(1, len(rows))), key=lambda row: int(str(row["session"])))
            table = applied(continued(catalog, known, table, now=f"2026-02-01T0{hour}:00:00+00:00"), table)
            for row in chance.sample(rows, chance.randint(0, 2)):
                row["finished_trials"] = chance.choice([10, 120, 250, 350, 500, None])
            for row in chance.sample(rows, chance.randint(0, 1)):
                row["current_stage_actual"] = chance.choice([None, "STAGE_1", "STAGE_2", "STAGE_3"])
        for mode in (CORRECT, CORRECT):
            outcome = continued(catalog, rows, table, mode=mode)
            table = applied(outcome, table)
        assert outcome == Outcome(warnings=outcome.warnings, subjects=1)  # the second one finds nothing to correct
        fresh = {row.key: replace(row, judged_at="") for row in judge(catalog, rows).judged}
        assert {row.key: replace(row, judged_at="") for row in table} == fresh


def test_correct_keeps_a_row_whose_session_can_no_longer_be_judged(catalog: Catalog) -> None:
    rows = mouse("m1", [250, 350, 350])
    table = applied(judge(catalog, rows), [])
    rows[1]["finished_trials"] = "x"
    outcome = continued(catalog, rows, table, mode=CORRECT)
    assert issues(outcome) == [("ATD508", "m1", 2)]
    assert [row for row in applied(outcome, table) if row.session == 2] == [row for row in table if row.session == 2]


def test_rerun_judges_everything_again(catalog: Catalog) -> None:
    rows = [*mouse("m1", [250, 350]), *mouse("m2", [250])]
    table = applied(judge(catalog, rows), [])
    outcome = continued(catalog, rows, table, mode=RERUN)
    assert [old for old, _ in outcome.replaced] == table
    assert [replace(new, judged_at=NOW) for _, new in outcome.replaced] == table


def test_only_the_mice_that_are_asked_for(catalog: Catalog) -> None:
    rows = [*mouse("m1", [250]), *mouse("m2", ["bad"]), *mouse("m3", [250])]
    outcome = judge(catalog, rows, subjects=frozenset({"m1", "nobody"}))
    assert [row.key for row in outcome.judged] == [("m1", 1)]
    assert issues(outcome) == [("ATD513", "nobody", None)]


def test_a_row_made_by_hand_settles_a_change_of_curriculum(catalog: Catalog) -> None:
    rows = [session(1, 250), *(session(n, 250, curriculum_version="2.0") for n in (2, 3))]
    table = applied(judge(catalog, rows), [])
    table.append(Row("m1", 2, "STAGE_2", "STAY", "STAGE_TWO"))
    outcome = continued(catalog, rows, table)
    assert (walked(outcome)[0][:3], issues(outcome)) == ((3, "STAGE_TWO", "STAGE_TWO"), [])
    assert outcome.stale == ()

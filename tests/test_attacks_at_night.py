"""What attacks on the nightly run have found: edits at a bad moment, secrets, links, odd values, broken streams."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from colony import LATER, TINY, TINY_2, Colony, Ran, command, frame_of, mouse, session, write_table

from autotrain_dsl import audit, catalog, evaluation
from autotrain_dsl.store import formats
from autotrain_dsl.tables.manager import from_frame

ROWS = [*mouse("a", [250, 350]), *mouse("b", [250])]
PASSWORD = "p@ss/w ord#1"
REFUSED = re.compile("state of df_manager is kept|lies among the curriculums|, among the parts|ATD616")


@pytest.fixture
def colony(tmp_path: Path) -> Colony:
    colony = Colony.at(tmp_path / "colony", TINY, TINY_2)
    colony.judge(ROWS)
    return colony


def database(colony: Colony, *options: str) -> Ran:
    colony_db = f"sqlite:///{colony.folder / 'colony.db'}#df_manager"
    return colony.run("--manager", colony_db, *options)


def execute(colony: Colony, *statements: str) -> list[Any]:
    with sqlite3.connect(colony.folder / "colony.db") as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


# Other programs


@pytest.mark.parametrize("published", [True, False], ids=["ours", "of the older system"])
def test_a_change_during_the_run_is_left_and_told(
    colony: Colony, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: bool
) -> None:
    if not published:
        colony = Colony.at(tmp_path / "older")
        given = {"subject_id": ["a"], "session": [1], "current_stage_actual": ["STAGE_1"], "decision": ["PROGRESS"]}
        write_table(pd.DataFrame({**given, "next_stage_suggested": ["STAGE_2"]}), colony.manager_path)
    colony.behave([*ROWS, session(3, 350, subject_id="a")])
    judge = evaluation.evaluate

    def while_it_is_edited(*arguments: Any) -> Any:
        text = colony.manager_path.read_text("utf-8")
        colony.manager_path.write_text(text.replace("STAGE_2\n", "STAGE_3\n").replace("STAGE_2,", "STAGE_3,"), "utf-8")
        return judge(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "evaluate", while_it_is_edited)
        ran = colony.run()
    assert (ran.code, "changed by another program during the run" in ran.err) == (3, True)
    edited = colony.manager_path.read_bytes()
    assert b"STAGE_3" in edited
    again = colony.run()
    assert (again.code, "ATD515" in again.out, colony.manager_path.read_bytes()) == (1, True, edited)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM df_manager WHERE subject_id = 'b'",
        "UPDATE df_manager SET next_stage_suggested = 'GRADUATED' WHERE session = 2",
        "UPDATE df_manager SET finished_trials = 999",
        "INSERT INTO df_manager (subject_id, session) VALUES ('c', 1)",
    ],
)
def test_rows_that_were_changed_in_the_database_stop_the_run(colony: Colony, statement: str) -> None:
    assert database(colony).code == 0
    execute(colony, statement)
    for option in ([], ["--restore"], ["--correct"]):
        ran = database(colony, *option)
        assert (ran.code, "ATD515" in ran.out, "--adopt" in ran.out) == (1, True, True)
    adopted = database(colony, "--adopt", "--now", LATER)
    if "INSERT" in statement:
        assert "ATD510" in adopted.out  # a row that cannot be one is no edit that could be taken over
    else:
        assert adopted.code in (0, 1)
        assert "ATD515" not in database(colony).out


def test_columns_that_others_add_to_the_database_are_no_change(colony: Colony) -> None:
    assert database(colony).code == 0
    execute(colony, "ALTER TABLE df_manager ADD COLUMN note TEXT", "UPDATE df_manager SET note = 'seen'")
    colony.behave([*ROWS, session(3, 350, subject_id="a")])
    assert database(colony).code == 0
    assert execute(colony, "SELECT count(*) FROM df_manager WHERE note = 'seen'") == [(3,)]


def test_a_mistyped_stage_is_not_taken_over(colony: Colony) -> None:
    text = colony.manager_path.read_text("utf-8")
    colony.manager_path.write_text(text.replace(",STAGE_2,STAGE_1:1", ",STAGE_22,STAGE_1:1"), "utf-8")
    ran = colony.run("--adopt")
    assert (ran.code, "did you mean `STAGE_2`?" in ran.out) == (1, True)


@pytest.mark.parametrize(
    "save",
    [
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.rstrip("\n"),
    ],
)
def test_an_edit_that_a_spreadsheet_saved_in_its_own_way_is_not_undone(
    colony: Colony, save: Callable[[str], str]
) -> None:
    edited = save(colony.manager_path.read_text("utf-8").replace("PROGRESS", "STAY")).encode()
    colony.manager_path.write_bytes(edited)
    ran = colony.run()
    assert (ran.code, "ATD515" in ran.out, colony.manager_path.read_bytes()) == (1, True, edited)


def test_a_head_that_is_lost_after_the_first_night_is_missed(colony: Colony) -> None:
    (colony.folder / "df_manager.csv.state" / "HEAD.json").unlink()
    for path in (colony.manager_path, colony.stats_path):
        path.unlink()
    ran = colony.run()
    assert (ran.code, "HEAD.json` is gone" in ran.out, colony.manager_path.exists()) == (1, True, False)


def test_a_state_that_was_moved_away_is_made_again_from_the_table(colony: Colony) -> None:
    good = colony.files()
    (colony.folder / "df_manager.csv.state").rename(colony.folder / "elsewhere")
    assert colony.run().code == 0
    assert colony.files() == good


def test_the_table_of_another_colony_is_told(colony: Colony) -> None:
    for rows in (mouse("x", [250]), []):
        ran = colony.judge(rows or frame_of(ROWS).head(0))
        assert ("ATD519", "", None) in ran.codes("warnings")


def test_only_the_newest_session_of_a_mouse_moves_it(colony: Colony) -> None:
    colony.judge([*ROWS, session(5, 350, subject_id="a")])
    late = colony.judge([*ROWS, session(5, 350, subject_id="a"), session(3, 20, subject_id="a")])
    assert [row["session"] for row in late.report["judged"]] == [3]
    colony.behave([*ROWS, session(5, 350, subject_id="a"), *[session(n, 20, subject_id="a") for n in (3, 4)]])
    assert "change their stage" not in colony.run(output="text").out


def test_a_damaged_record_of_replaced_rows_is_told_and_costs_nothing_else(colony: Colony) -> None:
    changed = [dict(row) for row in ROWS]
    changed[1]["finished_trials"] = 50
    assert colony.judge(changed, "--correct", "--now", LATER).code == 0
    [record] = (colony.folder / "df_manager.csv.state" / "gen").glob("*-superseded.parquet")
    whole = record.read_bytes()
    record.write_bytes(whole[:-9])
    colony.behave([*changed, session(3, 350, subject_id="a")])
    ran = colony.run()  # which replaces no row, and so needs the record for its table only
    assert (ran.code, "is damaged" in ran.err, len(colony.manager)) == (3, True, 4)
    again = colony.run("--rerun")
    assert (again.code, "ATD501" in again.out, "nothing was changed" in again.err) == (1, True, True)
    record.write_bytes(whole)
    assert colony.run("--rerun").code == 0


def test_nothing_is_taken_over_when_df_behavior_cannot_be_read(colony: Colony) -> None:
    text = colony.manager_path.read_text("utf-8")
    colony.manager_path.write_text(text.replace("PROGRESS", "STAY"), "utf-8")
    colony.behave(pd.DataFrame(ROWS).drop(columns="session"))
    ran = colony.run("--adopt")
    assert (ran.code, "nothing was changed" in ran.err) == (1, True)
    assert [path.name[:6] for path in (colony.folder / "df_manager.csv.state" / "gen").glob("*.parquet")] == ["000001"]


# Secrets


def test_a_password_in_an_address_is_never_shown(colony: Colony) -> None:
    spelt = "p%40ss%2Fw%20ord%231"
    uri = f"postgresql+psycopg://lab:{spelt}@127.0.0.1:1/lab#df_manager"
    for line in (["evaluate"], ["verify-state"], ["doctor"]):
        tables = ["--curriculums", str(colony.folder / "curriculums"), "--behavior", str(colony.behavior_path)]
        for form in ("text", "json"):
            ran = command(*line, *tables, "--manager", uri, "--format", form)
            assert ran.code == 3
            assert not [word for word in (PASSWORD, spelt) if word in ran.out + ran.err]
    ran = command("history", "a", "--manager", uri)
    assert not [word for word in (PASSWORD, spelt) if word in ran.out + ran.err]


def test_values_of_the_environment_stay_out_of_every_output(colony: Colony, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = colony.folder / "very-secret-folder"
    secret.mkdir()
    monkeypatch.setenv("LAB_DIR", str(secret))
    place = {"behavior": str(colony.behavior_path), "manager": "${LAB_DIR}/m.csv"}
    manager = {"curriculums": str(colony.folder / "curriculums"), **place}
    config = colony.folder / "autotrain.yaml"
    config.write_text(json.dumps({"dsl_version": 1, "managers": {"lab": manager}}), "utf-8")
    lines = [["evaluate", "--log-format", "json"], ["verify-state"], ["doctor"], ["history", "a"]]

    def outputs() -> list[str]:
        ran = [command(*line, "--config", str(config), "--format", f) for line in lines for f in ("json", "text")]
        return [each.out + each.err for each in ran]

    found = outputs()
    assert all(found)
    (secret / "m.csv").write_text("name\nx\n", "utf-8")
    found += outputs()
    next((secret / "m.csv.state" / "gen").iterdir()).write_bytes(b"")
    found += outputs()
    (secret / "m.csv.state" / "HEAD.json").write_bytes(b"{}")
    found += outputs()
    assert not [text for text in found if "very-secret-folder" in text]
    assert sum("${LAB_DIR}" in text for text in found) > 8


# Links, places


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
def test_nothing_is_written_through_what_somebody_has_planted(colony: Colony) -> None:
    victim = colony.folder / "victim"
    victim.write_text("mine", "utf-8")
    (colony.folder / ".df_manager.csv.new").symlink_to(victim)
    os.mkfifo(colony.folder / ".df_manager_stats.csv.new")
    colony.behave([*ROWS, session(3, 350, subject_id="a")])
    assert colony.run().code == 0
    assert (victim.read_text("utf-8"), colony.manager_path.is_symlink()) == ("mine", False)
    assert len(colony.manager) == 4


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_mirror_is_not_written_through_links(colony: Colony) -> None:
    victim = colony.folder / "victim"
    victim.write_text("mine", "utf-8")
    mirror = colony.folder / "mirror"
    (mirror / "curriculums").mkdir(parents=True)
    (mirror / "curriculums" / "0.yaml").symlink_to(victim)
    ran = configured(colony, mirrors=["mirror"])
    assert (ran.code, "is a link" in ran.err, victim.read_text("utf-8")) == (3, True, "mine")


def test_a_link_to_nothing_among_the_curriculums_costs_nothing_else(colony: Colony) -> None:
    (colony.folder / "curriculums" / "gone.yaml").symlink_to(colony.folder / "nowhere.yaml")
    ran = configured(colony, mirrors=["mirror"])
    assert "Traceback" not in ran.err
    assert (colony.folder / "mirror" / "m.csv").exists()


@pytest.mark.parametrize(
    "places",
    [
        {"report": "m.csv.state/report.json"},
        {"exports": ["m.csv.state/gen/x.csv"]},
        {"mirrors": ["m.csv.state"]},
        {"mirrors": ["curriculums/mirror"]},
        {"pages": "m.csv.state/pages"},
        {"pages": "curriculums/pages"},
        {"pages": "curriculums"},
        {"pages": "."},
        {"pages": "parts/pages", "behavior": "parts/"},
        {"pages": "m/pages", "behavior": "parts/", "manager": "m/"},
    ],
)
def test_places_that_would_spoil_the_state_or_the_curriculums_are_refused(colony: Colony, places: Any) -> None:
    before = sorted(colony.folder.rglob("*"))
    ran = configured(colony, **places)
    assert (ran.code, bool(REFUSED.search(ran.out + ran.err))) == (2, True), ran
    assert sorted({*before, colony.folder / "autotrain.yaml"}) == sorted(colony.folder.rglob("*"))


def configured(colony: Colony, **more: Any) -> Ran:
    manager = {"curriculums": "curriculums", "behavior": "df_behavior.csv", "manager": "m.csv", **more}
    config = colony.folder / "autotrain.yaml"
    config.write_text(json.dumps({"dsl_version": 1, "managers": {"lab": manager}}), "utf-8")
    return command("evaluate", "--config", str(config))


# Odd values


def test_lists_in_a_metric_stop_no_other_mouse(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=".parquet")
    rows = mouse("a", [250, 350, 350])
    for end in (2, 3):
        frame = pd.DataFrame(rows[:end])
        frame["foraging_eff"] = [[0.7]] * end
        frame.to_parquet(colony.behavior_path)
        assert colony.run().code == 0
    assert len(colony.manager) == 3


@pytest.mark.parametrize("text", ["x\ud800", "a\0b"])
@pytest.mark.parametrize("manager", ["m.csv", "m.parquet", "m.pkl", "sqlite"])
def test_text_that_no_store_takes_stops_nobody(colony: Colony, text: str, manager: str) -> None:
    frame = frame_of([*mouse(text, [250, 350], session_date=text, task=text), *mouse("b", [250])])
    behavior = colony.folder / "b.pkl"
    uri = f"sqlite:///{colony.folder / 'c.db'}#m" if manager == "sqlite" else str(colony.folder / manager)
    for end in (1, 3):
        behavior.write_bytes(formats.encode(frame.head(0), ".pkl"))
        frame.head(end).to_pickle(behavior)
        ran = colony.run("--behavior", str(behavior), "--manager", uri)
        assert ran.code == 0, ran
    assert ran.report["rows"] == 3
    assert colony.run("--behavior", str(behavior), "--manager", uri).report["judged"] == []


def test_numbers_of_mice_that_became_decimals_are_the_same_mice(colony: Colony) -> None:
    rows = [*mouse("712345.0", [250, 350]), *mouse("007.00", [250]), *mouse("1.5", [250])]
    colony.judge(rows)
    assert set(colony.manager["subject_id"]) == {"712345", "007", "1.5", "a", "b"}


def test_line_breaks_in_columns_of_others_break_no_table(colony: Colony) -> None:
    frame = colony.manager.assign(note="a\rb")
    frame.to_csv(colony.manager_path, index=False, quoting=1)
    assert colony.run().code == 0
    assert len(pd.read_csv(colony.manager_path)) == 3
    assert colony.run().code == 0


def test_a_curriculum_that_broke_is_named_and_no_other_is_recommended(colony: Colony) -> None:
    colony.add_curriculum("0.yaml", TINY + "\nx: [")
    ran = colony.judge([*ROWS, session(3, 350, subject_id="a")])
    message = ran.report["not_judged"][0]["message"]
    assert "0.yaml` cannot be" in message
    assert "did you mean" not in message
    assert ran.report["summary"]["stale"] == 0


def test_a_mouse_is_placed_once_for_one_change(colony: Colony) -> None:
    assert colony.run("--place", "a=STAGE_1", "--place", "a=STAGE_2").code == 2


@pytest.mark.parametrize("metrics", ["1e999", "[" * 2000, '{"session_total": 1e999}', "null", '{"session_total": "x"}'])
def test_recorded_metrics_that_make_no_sense_are_a_finding(colony: Colony, metrics: str) -> None:
    compiled = catalog.build([colony.folder / "curriculums"])
    rows = from_frame(colony.manager.assign(metrics=metrics), frozenset({"finished_trials", "foraging_efficiency"}))
    assert len(audit.audit(compiled, rows).differing) == 3


# Streams


def test_the_next_colony_is_judged_though_nobody_listens(colony: Colony) -> None:
    managers = {
        name: {"curriculums": "curriculums", "behavior": "df_behavior.csv", "manager": f"{name}.csv"} for name in "xyz"
    }
    config = colony.folder / "autotrain.yaml"
    config.write_text(json.dumps({"dsl_version": 1, "managers": managers}), "utf-8")
    read, write = os.pipe()
    os.close(read)
    line = [sys.executable, "-m", "autotrain_dsl", "evaluate", "--config", str(config)]
    done = subprocess.run(line, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert "Traceback" not in done.stderr
    assert all((colony.folder / f"{name}.csv").exists() for name in "xyz")

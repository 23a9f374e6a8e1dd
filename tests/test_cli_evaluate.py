"""``autotrain-dsl evaluate`` as its users meet it: what it prints, writes and returns."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pandas as pd
import pytest
from colony import CONTRACT, LATER, LATEST, NOW, OTHER, OWN, TINY, TINY_2, Colony, command, mouse, process, read_table
from colony import session as one_session

both = pytest.mark.parametrize("suffix", [".csv", ".parquet"])

BROKEN = TINY.replace('version: "1.0"\ntask', 'version: "3.0"\ntask').replace("progress: STAGE_3", "progress: STAGE_8")

SUMMARY = {
    "mice", "sessions_read", "judged", "progressed", "rolled_back", "stayed", "held_for_missing_data", "overridden",
    "corrected", "not_judged", "stale", "warnings", "rows_without_session", "repeated_rows", "off_curriculum",
}  # fmt: skip
REPORT = {
    "version", "name", "behavior", "behavior_sha256", "manager", "generation", "rows", "dry_run", "written", "adopted",
    "failed", "curriculums", "summary", "judged", "judged_not_listed", "corrected", "not_judged", "stale", "warnings",
}  # fmt: skip
DECISION = {
    "subject_id", "session", "session_date", "task", "session_at_current_stage",
    "curriculum_name", "curriculum_version",
    "current_stage_suggested", "current_stage_actual", "if_overriden_by_trainer", "decision",
    "next_stage_suggested", "rule", "reason", "missing",
}  # fmt: skip
ISSUE = {"code", "name", "subject_id", "session", "message"}


@pytest.fixture
def colony(tmp_path: Path) -> Colony:
    return Colony.at(tmp_path / "colony", TINY, TINY_2, OTHER)


def refused(colony: Colony, code: int, *words: str) -> None:
    """A run must fail in this way, say these words, and change nothing."""
    before = colony.files()
    ran = colony.run(output="text")
    assert ran.code == code, ran
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.out + ran.err
    assert colony.files() == before


# In a process of its own


@both
def test_the_whole_way_in_a_process(tmp_path: Path, suffix: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    colony.behave([*mouse("0012", [250, 350, 350]), *mouse("b", [250, -1])])
    first = process(*colony.arguments())
    content = colony.files()
    second = colony.run("--now", LATER)
    assert (first.code, first.err) == (1, "")
    assert (second.code, second.report["judged"], second.report["written"]) == (1, [], [])
    assert colony.files() == content
    assert colony.path_of("0012") == ["STAGE_1", "STAGE_2", "STAGE_2", "STAGE_3"]


def test_the_same_bytes_whatever_surrounds_the_run(tmp_path: Path) -> None:
    found = []
    for number, (zone, locale, seed) in enumerate([("UTC", "C", "0"), ("Asia/Kathmandu", "C.UTF-8", "1")]):
        colony = Colony.at(tmp_path / str(number), suffix=".parquet")
        rows = [*mouse("b", [250, 350]), *mouse("a", [250], curriculum_version="9"), *mouse("ä", [250])]
        colony.behave(rows[:: -1 if number else 1])
        surroundings = {"TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed}
        process(*colony.arguments("--now", "2026-01-31T07:00:00+01:00"), environment=surroundings)
        found.append(colony.files())
    assert found[0] == found[1]
    assert len(found[0]) == 2


@both
def test_shuffled_rows_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    rows = [*mouse("a", [250, 350, 350, "x"]), *mouse("b", [250, 90, None]), one_session(0), one_session(None)]
    rows += [dict(rows[1]), {**rows[5], "finished_trials": 91}]
    rows = [{**row, "finished_trials": str(row["finished_trials"] or "")} for row in rows]
    rows = [{**row, "session": str(row["session"] or "")} for row in rows]
    chance, found = random.Random(3), set()
    for number in range(6):
        colony = Colony.at(tmp_path / str(number), suffix=suffix)
        ran = colony.judge(rows)
        report = {**ran.report, "behavior_sha256": ""}  # that of the file, in which the rows stand in another order
        found.add((json.dumps(report).replace(str(colony.folder), ""), *colony.files().items()))
        chance.shuffle(rows)
    assert len(found) == 1


# New sessions


@both
def test_only_new_sessions_are_judged(tmp_path: Path, suffix: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    rows = mouse("m1", [250, 350, 350])
    assert colony.judge(rows[:2]).report["summary"]["judged"] == 2
    ran = colony.judge(rows, "--now", LATER)
    assert [row["session"] for row in ran.report["judged"]] == [3]
    assert list(colony.manager["judged_at"]) == [NOW, NOW, LATER]


@both
def test_a_second_run_changes_nothing(colony: Colony, tmp_path: Path, suffix: str) -> None:
    colony = Colony(colony.folder, suffix)
    colony.judge(mouse("m1", [250, 350]))
    content = colony.files()
    ran = colony.run("--now", LATER)
    assert (ran.code, ran.report["written"], ran.report["summary"]["judged"]) == (0, [], 0)
    assert colony.files() == content
    assert "nothing new" in colony.run(output="text").out


def test_all_at_once_or_one_after_the_other(tmp_path: Path) -> None:
    rows = [*mouse("a", [250, 350, 350, 90]), *mouse("b", [10, 250, 50, 250])]
    together, apart = Colony.at(tmp_path / "together"), Colony.at(tmp_path / "apart")
    together.judge(rows)
    for end in range(1, 5):
        apart.judge([row for row in rows if int(str(row["session"])) <= end])
    assert together.files() == apart.files()


def test_csv_and_parquet_give_the_same_rows(tmp_path: Path) -> None:
    rows = [*mouse("007", [250, 350, None]), *mouse("b", [250.0, 0], 0.1 + 0.2, curriculum_version="2.0")]
    told = []
    for suffix in (".csv", ".parquet"):
        colony = Colony.at(tmp_path / suffix[1:], TINY, TINY_2, suffix=suffix)
        colony.judge(pd.DataFrame(rows))
        frame = colony.manager.astype(object)
        told.append(frame.where(frame.notna(), "").astype(str).to_dict("split", index=False))
    assert told[0] == told[1]


def test_tables_of_different_formats_go_together(colony: Colony) -> None:
    colony.behave(mouse("m1", [250]))
    table = colony.folder / "df_manager.parquet"
    assert command(*colony.arguments("--manager", str(table))).code == 0
    assert len(read_table(table)) == 1
    assert not colony.manager_path.exists()


@both
def test_the_table_has_the_columns_of_the_contract(tmp_path: Path, suffix: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    colony.judge(mouse("m1", [250]))
    assert tuple(colony.manager.columns[: len(CONTRACT)]) == CONTRACT
    assert set(colony.manager.columns[len(CONTRACT) :]) >= OWN
    stats = read_table(colony.stats_path)
    if suffix == ".parquet":
        assert stats.index.names == ["subject_id", "current_stage_actual"]
    assert stats.reset_index().loc[0, "current_stage_actual"] == "STAGE_1"


def test_a_parquet_table_with_two_levels_and_an_index_is_read(tmp_path: Path) -> None:
    rows = mouse("0012", [250, 350])
    colony, plain = Colony.at(tmp_path / "colony", suffix=".parquet"), Colony.at(tmp_path / "plain", suffix=".parquet")
    frame = pd.DataFrame(rows).set_index("subject_id")
    frame.columns = pd.MultiIndex.from_tuples([("auto_train", name) for name in frame.columns])
    colony.judge(frame)
    plain.judge(rows)
    assert colony.files() == plain.files()


# Curriculums


def test_an_unknown_curriculum_is_tried_again_until_it_is_there(colony: Colony) -> None:
    colony.behave(mouse("m1", [250, 350], curriculum_version="1.5"))
    for _ in range(2):
        ran = colony.run()
        assert (ran.code, ran.codes()) == (1, [("ATD505", "m1", 1), ("ATD505", "m1", 2)])
    colony.add_curriculum("new.yaml", TINY.replace('version: "1.0"\ntask', 'version: "1.5"\ntask'))
    assert colony.run().code == 0
    assert colony.path_of() == ["STAGE_1", "STAGE_2", "STAGE_2"]


def test_a_curriculum_in_error_holds_its_mice_and_no_others(colony: Colony) -> None:
    colony.add_curriculum("broken.yaml", BROKEN)
    ran = colony.judge([*mouse("m1", [250], curriculum_version="3.0"), *mouse("m2", [250])])
    assert (ran.code, ran.codes()) == (1, [("ATD505", "m1", 1)])
    assert "has errors" in ran.report["not_judged"][0]["message"]
    assert "STAGE_8" in ran.err
    assert colony.told("subject_id", "session") == [("m2", 1)]


def test_a_curriculum_in_error_that_no_mouse_uses_is_still_an_error(colony: Colony) -> None:
    colony.add_curriculum("broken.yaml", BROKEN)
    ran = colony.judge(mouse("m1", [250]))
    assert (ran.code, ran.report["not_judged"]) == (1, [])
    assert colony.told("subject_id", "session") == [("m1", 1)]


def test_a_default_curriculum(colony: Colony) -> None:
    ran = colony.judge(mouse("m1", [250], curriculum_version=""))
    assert (ran.code, ran.codes()) == (1, [("ATD506", "m1", 1)])
    assert colony.run("--default-curriculum", "Tiny@2.0").code == 0
    assert colony.told("curriculum_version", "next_stage_suggested") == [("2.0", "STAGE_TWO")]


@pytest.mark.parametrize("value", ["Tiny", "@1.0", "Tiny@", "Tiny@9.9", "Tinny@1.0"])
def test_a_default_curriculum_that_is_none_is_wrong_use(colony: Colony, value: str) -> None:
    colony.behave(mouse("m1", [250]))
    ran = colony.run("--default-curriculum", value)
    assert (ran.code, ran.out, colony.files()) == (2, "", {})
    assert "--default-curriculum" in ran.err


# Correcting


def test_stale_rows_are_reported_and_corrected_on_request(colony: Colony) -> None:
    rows = mouse("m1", [250, 350, 350])
    colony.judge(rows)
    before = colony.files()
    rows[1]["finished_trials"] = 50
    ran = colony.judge(rows, "--now", LATER)
    assert (ran.code, ran.codes("stale")[0]) == (1, ("ATD511", "m1", 2))
    assert {found[:2] for found in ran.codes("stale")} == {("ATD511", "m1")}
    assert colony.files() == before
    corrected = colony.run("--correct", "--now", LATER)
    assert corrected.code == 0
    pairs = corrected.report["corrected"]
    assert [(p["before"]["session"], p["before"]["decision"], p["after"]["decision"]) for p in pairs] == [
        (2, "STAY", "ROLLBACK"),
        (3, "PROGRESS", "PROGRESS"),
    ]
    assert colony.path_of() == ["STAGE_1", "STAGE_2", "STAGE_1", "STAGE_2"]
    old = read_table(colony.superseded_path)
    assert [tuple(row) for row in old[["session", "decision", "judged_at"]].itertuples(index=False)] == [
        (2, "STAY", NOW),
        (3, "PROGRESS", NOW),
    ]
    assert colony.run("--correct", "--now", LATEST).report["written"] == []


def test_correct_names_every_row_that_came_out_differently(colony: Colony) -> None:
    rows = mouse("m1", [250, 350, 350])
    colony.judge(rows)
    rows[1]["finished_trials"] = 50
    colony.behave(rows)
    text = colony.run("--correct", "--now", LATER, output="text").out
    [line] = [line for line in text.splitlines() if "mouse m1 session 2:" in line]
    for word in ("STAY", "ROLLBACK", "STAGE_2", "STAGE_1"):
        assert word in line


def test_every_revision_stays_on_record(colony: Colony) -> None:
    rows = mouse("m1", [250, 350])
    colony.judge(rows)
    for trials, now in ((90, LATER), (120, LATEST)):
        rows[1]["finished_trials"] = trials
        colony.judge(rows, "--correct", "--now", now)
    old = read_table(colony.superseded_path)
    assert [tuple(row) for row in old[["session", "finished_trials", "judged_at"]].itertuples(index=False)] == [
        (2, 350, NOW),
        (2, 90, LATER),
    ]


def test_a_late_session_is_judged_and_those_after_it_reported(colony: Colony) -> None:
    rows = mouse("m1", [250, 350, 350])
    colony.judge([rows[0], rows[2]])
    ran = colony.judge(rows, "--now", LATER)
    assert (ran.code, [r["session"] for r in ran.report["judged"]], ran.codes("stale")) == (
        1, [2], [("ATD511", "m1", 3)]
    )  # fmt: skip
    assert colony.run("--correct", "--now", LATEST).code == 0
    assert colony.told("session", "session_at_current_stage") == [(1, 1), (2, 1), (3, 2)]


def test_rerun_replaces_every_row_and_keeps_the_old(colony: Colony) -> None:
    colony.judge([*mouse("m1", [250, 350]), *mouse("m2", [250])])
    old = colony.manager
    ran = colony.run("--rerun", "--now", LATER)
    assert (ran.code, ran.report["summary"]["corrected"]) == (0, 3)
    assert set(colony.manager["judged_at"]) == {LATER}
    superseded = read_table(colony.superseded_path)
    assert set(superseded.pop("superseded_in")) == {2}
    pd.testing.assert_frame_equal(superseded, old)
    assert "0 with another result" in colony.run("--rerun", "--now", LATEST, output="text").out


def test_correct_and_rerun_exclude_each_other(colony: Colony) -> None:
    colony.behave(mouse("m1", [250]))
    assert colony.run("--correct", "--rerun").code == 2


# Options


def test_only_one_mouse(colony: Colony) -> None:
    colony.behave([*mouse("m1", [250]), *mouse("m2", ["bad"]), *mouse("m3", [250])])
    ran = colony.run("--subject", "m1", "--subject", "m3")
    assert (ran.code, colony.told("subject_id")) == (0, [("m1",), ("m3",)])
    assert ran.report["summary"]["mice"] == 2


def test_a_mouse_that_does_not_exist_is_reported(colony: Colony) -> None:
    colony.behave(mouse("0012", [250]))
    ran = colony.run("--subject", "12")
    assert (ran.code, ran.codes(), ran.report["judged"]) == (1, [("ATD513", "12", None)], [])


@pytest.mark.parametrize("options", [(), ("--correct",), ("--rerun",)])
def test_a_dry_run_writes_nothing(colony: Colony, options: tuple[str, ...]) -> None:
    rows = mouse("m1", [250, 350, 350])
    colony.judge(rows[:2])
    rows[1]["finished_trials"] = 50
    colony.behave(rows)
    before = {path: path.stat().st_mtime_ns for path in colony.folder.iterdir()}
    ran = colony.run("--dry-run", *options, "--now", LATER)
    assert (ran.report["dry_run"], ran.report["written"]) == (True, [])
    assert {path: path.stat().st_mtime_ns for path in colony.folder.iterdir()} == before
    real = colony.run(*options, "--now", LATER)
    same = ("judged", "corrected", "not_judged", "stale", "warnings", "summary")
    assert [ran.report[key] for key in same] == [real.report[key] for key in same]
    assert ran.code == real.code
    assert "nothing is written" in colony.run("--dry-run", output="text").out


def test_a_dry_run_makes_no_table(colony: Colony) -> None:
    colony.behave(mouse("m1", [250]))
    assert colony.run("--dry-run").code == 0
    assert colony.files() == {}


@pytest.mark.parametrize(
    ("now", "recorded"),
    [
        ("2026-01-31T06:00:00+00:00", "2026-01-31T06:00:00+00:00"),
        ("2026-01-31T06:00:00", "2026-01-31T06:00:00+00:00"),
        ("2026-01-31T07:30:00+01:30", "2026-01-31T06:00:00+00:00"),
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
    ],
)
def test_the_time_of_judging_is_given_and_recorded_in_utc(colony: Colony, now: str, recorded: str) -> None:
    colony.judge(mouse("m1", [250]), "--now", now)
    assert colony.told("judged_at") == [(recorded,)]


def test_a_time_that_is_none_is_wrong_use(colony: Colony) -> None:
    colony.behave(mouse("m1", [250]))
    assert colony.run("--now", "yesterday").code == 2


def test_the_report_has_a_stable_shape(colony: Colony) -> None:
    rows = [*mouse("m1", [250, 350, 350]), *mouse("m2", ["bad"]), one_session(None)]
    colony.judge(rows)
    rows[1]["finished_trials"] = 50
    rows.append(one_session(4, current_stage_actual="NONE_SUCH"))
    rows.append(one_session(9, curriculum_name=""))
    report = colony.judge(rows, "--correct", "--now", LATER).report
    assert set(report) == REPORT
    assert report["version"] == 1
    assert set(report["summary"]) == SUMMARY
    assert all(type(figure) is int for figure in report["summary"].values())
    assert report["judged"]
    assert all(set(row) == DECISION for row in report["judged"])
    assert report["corrected"]
    assert all(set(pair) == {"before", "after"} for pair in report["corrected"])
    assert all(set(row) == DECISION for pair in report["corrected"] for row in pair.values())
    assert report["warnings"]
    assert all(set(issue) == ISSUE for kind in ("not_judged", "stale", "warnings") for issue in report[kind])


def test_the_summary_counts(colony: Colony) -> None:
    rows = [
        *mouse("m1", [250, 90], current_stage_actual="STAGE_2"),
        *mouse("m2", [250, None, "bad"], current_stage_actual="STAGE_1"),
        *mouse("m2", [250], current_stage_actual="STAGE_1"),
        one_session(None),
        one_session(7, curriculum_name=""),
    ]
    summary = colony.judge(rows).report["summary"]
    assert summary == {
        "mice": 2,
        "sessions_read": 8,
        "judged": 4,
        "progressed": 1,
        "rolled_back": 1,
        "stayed": 2,
        "held_for_missing_data": 1,
        "overridden": 2,
        "corrected": 0,
        "not_judged": 1,
        "stale": 0,
        "warnings": 0,
        "rows_without_session": 1,
        "repeated_rows": 1,
        "off_curriculum": 1,
    }


def test_the_text_tells_a_person_the_same(colony: Colony) -> None:
    colony.behave([*mouse("m1", [250]), *mouse("m2", ["bad"]), one_session(None)])
    text = colony.run(output="text").out
    assert "3 rows, 2 mice" in text
    assert "judged 1 session" in text
    assert "1 row without mouse or session number" in text
    assert "ATD508 mouse m2 session 1: finished_trials is `bad`" in text
    assert str(colony.manager_path) in text


def test_long_lists_are_cut_in_text_and_complete_in_json(colony: Colony) -> None:
    colony.behave([one_session(1, "bad", subject_id=f"m{number}") for number in range(30)])
    assert "... and 10 more" in colony.run(output="text").out
    assert len(colony.run().report["not_judged"]) == 30


def test_a_table_cannot_write_on_the_terminal(colony: Colony) -> None:
    colony.behave([one_session(1, "\x1b[31mred", subject_id="\x1b]0;title\x07m\r\n")])
    for output in ("text", "json"):
        out = colony.run(output=output).out
        assert not [sign for sign in out if ord(sign) < 32 and sign != "\n"]


# What can go wrong


def test_a_behavior_table_that_is_not_there_is_the_outside_world(colony: Colony) -> None:
    refused(colony, 3, "there is no df_behavior", str(colony.behavior_path))


def test_a_folder_that_is_not_there(colony: Colony) -> None:
    colony.behave(mouse("m1", [250]))
    ran = colony.run("--manager", str(colony.folder / "nowhere" / "df_manager.csv"))
    assert (ran.code, ran.out) == (3, "")
    assert "there is no folder" in ran.err
    assert not (colony.folder / "nowhere").exists()


def test_a_folder_that_cannot_be_written(colony: Colony) -> None:
    colony.behave(mouse("m1", [250]))
    (colony.folder / "df_manager.csv.state").mkdir()
    (colony.folder / "df_manager.csv.state" / ".HEAD.json.new").mkdir()  # what stands in the way of root as well
    refused(colony, 3, "cannot write", "nothing was changed")


def test_a_table_that_cannot_be_written_is_written_by_the_next_run(colony: Colony) -> None:
    colony.behave(mouse("m1", [250]))
    obstacle = colony.folder / ".df_manager.csv.new"
    obstacle.mkdir()
    ran = colony.run(output="text")
    assert (ran.code, colony.manager_path.exists()) == (3, False)
    for words in ("cannot write", "df_manager.csv", "the decisions are published, the next run tries again"):
        assert words in ran.err
    assert f"written: {colony.stats_path} " in ran.out
    obstacle.rmdir()
    assert colony.run().report["written"] == [str(colony.manager_path)]
    assert colony.told("session", "decision") == [(1, "PROGRESS")]


@pytest.mark.parametrize("which", ["--behavior", "--manager"])
@pytest.mark.parametrize(
    "uri", ["df.xlsx", "df", "s3://bucket", "s3://bucket/df.xlsx", "ftp://host/df.csv", "df.csv.gz"]
)
def test_other_kinds_of_tables_are_wrong_use(colony: Colony, which: str, uri: str) -> None:
    colony.behave(mouse("m1", [250]))
    ran = colony.run(which, uri)
    assert (ran.code, ran.out, colony.files()) == (2, "", {})
    assert uri in ran.err or "sqlite:///FILE#TABLE" in ran.err


@pytest.mark.parametrize("missing", ["--curriculums", "--behavior", "--manager"])
def test_every_table_has_to_be_named(colony: Colony, missing: str) -> None:
    given = {"--curriculums": str(colony.folder), "--behavior": "b.csv", "--manager": "m.csv"}
    line = [word for option, value in given.items() if option != missing for word in (option, value)]
    ran = command("evaluate", *line)
    assert ran.code == 2
    assert missing in ran.err


def test_a_path_without_curriculums_is_wrong_use(colony: Colony) -> None:
    colony.behave(mouse("m1", [250]))
    (colony.folder / "empty").mkdir()
    for path in ("empty", "nowhere"):
        ran = command("evaluate", "--curriculums", str(colony.folder / path), *colony.arguments()[3:])
        assert (ran.code, ran.out) == (2, "")
        assert "--curriculums" in ran.err
    assert colony.files() == {}


def damaged(content: bytes, suffix: str) -> dict[str, bytes]:
    return {
        "empty": b"",
        "html": b"<!DOCTYPE html>\n<html><body><h1>503 Service Unavailable</h1></body></html>\n",
        "zeros": bytes(len(content)),
        "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        "the other format": b"PAR1" if suffix == ".csv" else b"subject_id,session\nm1,1\n",
        **({f"cut at {n}": content[:n] for n in range(64, len(content), 512)} if suffix == ".parquet" else {}),
    }


@both
def test_a_damaged_behavior_table_changes_nothing(tmp_path: Path, suffix: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    rows = mouse("m1", [250, 350, 350])
    colony.judge(rows[:2])
    colony.behave(rows)
    good = colony.behavior_path.read_bytes()
    for content in damaged(good, suffix).values():
        colony.behavior_path.write_bytes(content)
        refused(colony, 1, str(colony.behavior_path), "nothing was changed", "ATD50")
    colony.behavior_path.write_bytes(good)
    assert colony.run("--now", LATER).code == 0


@both
def test_a_damaged_df_manager_is_written_again_from_the_state(tmp_path: Path, suffix: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    colony.judge(mouse("m1", [250, 350, 350]))
    good = colony.files()
    for content in damaged(colony.manager_path.read_bytes(), suffix).values():
        colony.manager_path.write_bytes(content)
        ran = colony.run()
        if ran.code:  # it can be read as a table, so that a person has to look
            assert "ATD515" in ran.out
            assert colony.manager_path.read_bytes() == content
            assert colony.run("--restore").code == 0
        else:
            assert ran.codes("warnings") == [("ATD516", "", None)]
        assert colony.files() == good


def test_a_df_manager_that_was_cut_anywhere_is_refused_or_made_whole(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    rows = [*mouse("m1", [250, 350, 350]), *mouse("m2", [250])]
    colony.judge(rows[:2] + rows[3:])
    start = colony.manager_path.read_bytes()
    colony.judge(rows)
    whole = colony.manager_path.read_bytes()
    for end in [*range(len(start) - 2, len(start) - 200, -11), *range(len(start) - 200, 0, -97)]:
        colony.manager_path.write_bytes(start[:end])
        ran = colony.run()
        found = colony.manager_path.read_bytes()
        assert (ran.code, found) in ((0, whole), (1, start[:end])), (ran.out, start[:end][-80:])


def test_rows_longer_than_the_header_do_not_shift_columns(colony: Colony) -> None:
    header = "subject_id,session,finished_trials,foraging_efficiency,curriculum_name,curriculum_version"
    colony.behavior_path.write_text(f"{header}\nm1,2,250,0.7,Tiny,1.0,x\n", "utf-8")
    refused(colony, 1, "nothing was changed")


@pytest.mark.parametrize("column", ["subject_id", "session"])
def test_a_missing_column_changes_nothing(colony: Colony, column: str) -> None:
    colony.judge(mouse("m1", [250]))
    colony.behave(pd.DataFrame(mouse("m1", [250, 350])).drop(columns=column))
    refused(colony, 1, "ATD502", column, "nothing was changed")


@both
def test_a_doubtful_df_manager_changes_nothing(tmp_path: Path, suffix: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    colony.judge(mouse("m1", [250, 350]))
    good = colony.manager
    colony.behave(mouse("m1", [250, 350, 350]))
    doubtful = {
        "two rows": pd.concat([good, good.tail(1)]),
        "MAYBE": good.assign(decision="MAYBE"),
        "no session number": good.assign(session=[1.0, 2.5]),
        "empty": good.assign(next_stage_suggested=""),
        "no column": good.drop(columns="decision"),
    }
    for word, frame in doubtful.items():
        if suffix == ".csv":
            frame.to_csv(colony.manager_path, index=False)
        else:
            frame.to_parquet(colony.manager_path)
        refused(colony, 1, word, "nothing was changed")


def test_a_df_manager_of_the_older_system_is_continued(colony: Colony) -> None:
    pd.DataFrame(
        {
            "subject_id": ["0012", "0012"],
            "session": [1, 2],
            "current_stage_actual": ["STAGE_1", "STAGE_2"],
            "decision": ["PROGRESS", "STAY"],
            "next_stage_suggested": ["STAGE_2", "STAGE_2"],
        }
    ).to_csv(colony.manager_path, index=False)
    ran = colony.judge(mouse("0012", [250, 350, 350]))
    assert (ran.code, [row["session"] for row in ran.report["judged"]]) == (0, [3])
    assert colony.path_of("0012") == ["STAGE_1", "STAGE_2", "STAGE_2", "STAGE_3"]
    assert tuple(colony.manager.columns[: len(CONTRACT)]) == CONTRACT
    content = colony.files()
    assert colony.run("--now", LATER).code == 0
    assert colony.files() == content


def test_held_mice_go_on_once_the_rows_are_settled(colony: Colony) -> None:
    rows = mouse("m1", [250, 350, 350])
    doubled = [*rows, {**rows[1], "finished_trials": 10}]
    assert colony.judge(doubled).codes() == [("ATD504", "m1", 2), ("ATD504", "m1", 3)]
    assert colony.judge(rows).code == 0
    assert colony.path_of() == ["STAGE_1", "STAGE_2", "STAGE_2", "STAGE_3"]


def test_both_of_two_differing_rows_are_shown(colony: Colony) -> None:
    rows = mouse("m1", [250])
    message = colony.judge([*rows, {**rows[0], "finished_trials": 10}]).report["not_judged"][0]["message"]
    assert "250" in message
    assert "10" in message


@pytest.mark.parametrize("subject", ["0012", "NA", "None", "a,b", 'q"uote', "ä", "1e3", "x y"])
@both
def test_every_name_of_a_mouse_survives(tmp_path: Path, suffix: str, subject: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    rows = mouse(subject, [250, 350, 350])
    for end in (2, 3):
        assert colony.judge(rows[:end]).code == 0
    assert list(colony.manager["subject_id"]) == [subject] * 3
    assert set(read_table(colony.stats_path).reset_index()["subject_id"]) == {subject}


def test_an_empty_behavior_table_is_nothing_new(colony: Colony) -> None:
    colony.behave(pd.DataFrame(mouse("m1", [250])).head(0))
    ran = colony.run()
    assert (ran.code, ran.report["summary"]["judged"]) == (0, 0)
    assert colony.judge(mouse("m1", [250])).code == 0


def test_the_report_is_one_json_document(colony: Colony) -> None:
    colony.behave(mouse('"<m>"', [250]))
    assert json.loads(colony.run().out)["judged"][0]["subject_id"] == '"<m>"'


@pytest.mark.parametrize("task", ["Tiny\rnight", "Tiny\nnight", "Tiny\r\nnight", 'a "b", c'])
def test_no_text_in_a_table_can_break_the_next(colony: Colony, task: str) -> None:
    rows = mouse("m1", [250, 350], task=task)
    behavior = colony.folder / "df_behavior.parquet"
    for end in (1, 2):
        pd.DataFrame(rows[:end]).to_parquet(behavior)
        ran = colony.run("--behavior", str(behavior))
        assert ran.code == 0, ran.out
    assert colony.told("session", "decision") == [(1, "PROGRESS"), (2, "STAY")]

"""What a hostile pull request, a careless spreadsheet or an unlucky night could do, and does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from colony import TINY, Colony, mouse
from conftest import Run

from autotrain_dsl import catalog
from autotrain_dsl.store.base import ConflictError
from autotrain_dsl.store.local import LOCK, LocalObjects

TASK = """\
dsl_version: 1
name: own
version: "1.0"
parameters: {type: object, properties: {p: {type: number}}}
metrics: {METRIC: {type: number, minimum: 0, columns: [value]}}
"""
CURRICULUM = """\
dsl_version: 1
name: NAME
version: "1.0"
task_schema: {name: own, version: "1.0"}
stages:
  STAGE: {parameters: {p: 1}}
"""
SECRET = "password: hunter2"


def project(folder: Path, metric: str = "m", name: str = "Own", stage: str = "A") -> Path:
    tasks = folder / "curriculums" / "schemas" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "own_1.0.yaml").write_text(TASK.replace("METRIC", metric), "utf-8")
    text = CURRICULUM.replace("NAME", name).replace("STAGE", stage)
    (folder / "curriculums" / "own.yaml").write_text(text, "utf-8")
    return folder / "curriculums"


def ids(folder: Path) -> list[str]:
    return [finding.code.id for finding in catalog.build([folder]).diagnostics]


def test_a_link_to_a_file_elsewhere_is_not_read(tmp_path: Path, run: Run) -> None:
    (tmp_path / "secret.yaml").write_text(SECRET, "utf-8")
    folder = project(tmp_path)
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "schemas" / "tasks" / "linked_1.0.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "uses.yaml").write_text(CURRICULUM.replace("own,", "linked,").replace("NAME", "Uses"), "utf-8")
    for arguments in (["."], ["link.yaml"], ["schemas/tasks/linked_1.0.yaml"]):
        outcome = run("validate", *arguments, cwd=folder)
        assert outcome.code == 1
        assert "outside of the folder tree" in outcome.out
        assert "hunter2" not in outcome.out + outcome.err
        assert "password" not in outcome.out + outcome.err


def test_a_link_that_leads_to_itself_is_a_finding(tmp_path: Path) -> None:
    folder = project(tmp_path)
    (folder / "loop.yaml").symlink_to("loop.yaml")
    assert ids(folder) == ["ATD001"]


@pytest.mark.parametrize("word", ["NA", "None", "nan", "null"])
def test_nothing_is_called_like_an_empty_cell(tmp_path: Path, word: str) -> None:
    assert ids(project(tmp_path / "stage", stage=f'"{word}"')) == ["ATD213"]
    assert ids(project(tmp_path / "name", name=f'"{word}"')) == ["ATD213"]
    assert "ATD209" in ids(project(tmp_path / "metric", metric=f'"{word}"'))


@pytest.mark.parametrize("column", ["subject_id", "session", "curriculum_name", "decision", "reason", "judged_at"])
def test_no_metric_is_called_like_a_column_of_df_manager(tmp_path: Path, column: str) -> None:
    assert {"ATD209", "ATD213"} <= set(ids(project(tmp_path, metric=column)))


def test_no_name_ends_in_a_line_break(tmp_path: Path) -> None:
    assert ids(project(tmp_path / "stage", stage='"A\\n"')) == ["ATD106"]
    assert ids(project(tmp_path / "name", name='"Own\\n"')) == ["ATD106"]


@pytest.mark.parametrize("value", ["1e19", "99999999999999999999", 1e99])
def test_a_number_beyond_counting_stops_only_its_session(tmp_path: Path, value: object) -> None:
    colony = Colony.at(tmp_path, TINY)
    colony.behave([*mouse("a", [value]), *mouse("b", [250])])
    ran = colony.run(output="text")
    assert ran.code == 1
    assert "ATD508 mouse a session 1" in ran.out
    assert list(colony.manager["subject_id"]) == ["b"]


def test_long_texts_can_be_read_again(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path, TINY)
    colony.behave([{**row, "session_date": "x" * 200_000} for row in mouse("a", [250])])
    assert colony.run().code == 0
    assert "nothing new" in colony.run(output="text").out


def test_a_mouse_whose_name_has_a_line_break_is_one_mouse(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path, TINY, suffix=".parquet")
    for name in ("80\r1", "80\n1", " 80 1 "):
        colony.behave(mouse(name, [250]))
        assert colony.run().code == 0
        assert list(colony.manager["subject_id"]) == ["80 1"]


def test_columns_of_others_stay_as_they_are(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path, TINY)
    colony.behave(mouse("a", [250]))
    colony.run()
    foreign = {"rfid": "00123", "chip": "123456789012345678", "note": "NA", "empty": ""}
    frame = pd.read_csv(colony.manager_path, dtype=str, keep_default_na=False).assign(**foreign)
    frame.to_csv(colony.manager_path, index=False)
    colony.behave(mouse("a", [250, 350]))
    assert colony.run().code == 0
    after = pd.read_csv(colony.manager_path, dtype=str, keep_default_na=False)
    assert after.loc[0, list(foreign)].to_dict() == foreign
    assert set(after.loc[1, list(foreign)]) == {""}


@pytest.mark.parametrize(
    ("column", "value"),
    [("finished_trials", "#N/A!"), ("if_closed_loop", "maybe"), ("session_at_current_stage", "1 Jan")],
)
def test_a_cell_that_would_be_lost_stops_the_run(tmp_path: Path, column: str, value: str) -> None:
    colony = Colony.at(tmp_path, TINY)
    colony.behave(mouse("a", [250]))
    colony.run()
    frame = pd.read_csv(colony.manager_path, dtype=str, keep_default_na=False)
    frame[column] = value
    frame.to_csv(colony.manager_path, index=False)
    before = colony.manager_path.read_bytes()
    colony.behave(mouse("a", [250, 350]))
    ran = colony.run()
    assert (ran.code, colony.manager_path.read_bytes()) == (1, before)
    assert f"{column} is `{value}`" in ran.out


def test_blank_columns_of_a_spreadsheet_stop_the_run(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path, TINY)
    colony.behave(mouse("a", [250]))
    colony.run()
    lines = colony.manager_path.read_text("utf-8").splitlines()
    colony.manager_path.write_text("".join(f"{line},,\n" for line in lines), "utf-8")
    ran = colony.run()
    assert ran.code == 1
    assert "more than one column" in ran.out


@pytest.mark.parametrize("what", ["", "_stats", "_superseded"])
def test_df_behavior_is_never_written_over(tmp_path: Path, what: str) -> None:
    colony = Colony.at(tmp_path, TINY)
    colony.behave(mouse("a", [250]))
    path = colony.manager_path.with_stem(colony.manager_path.stem + what)
    path.write_bytes(colony.behavior_path.read_bytes())
    ran = colony.run("--behavior", str(path))
    assert ran.code == 2
    assert path.read_bytes() == colony.behavior_path.read_bytes()


def test_a_link_to_a_table_shares_its_lock(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    first = LocalObjects(tmp_path / "share").put("m.csv", b"1", None)
    (tmp_path / "l.csv").symlink_to(tmp_path / "share" / "m.csv")
    LocalObjects(tmp_path).put("l.csv", b"2", first)
    assert (tmp_path / "l.csv").is_symlink()
    with pytest.raises(ConflictError):
        LocalObjects(tmp_path / "share").put("m.csv", b"3", first)
    assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday", ""])
def test_times_that_are_none_are_wrong_use(tmp_path: Path, text: str) -> None:
    colony = Colony.at(tmp_path, TINY)
    colony.behave(mouse("a", [250]))
    assert colony.run("--now", text).code == (2 if text else 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_an_output_that_is_full_is_the_outside_world(tmp_path: Path) -> None:
    folder = project(tmp_path)
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "autotrain_dsl", "validate", str(folder)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr


def test_a_terminal_that_lacks_letters_gets_the_rest(tmp_path: Path) -> None:
    folder = project(tmp_path)
    (folder / "own.yaml").write_text("dsl_version: 1\nname: \u2265\nextends: x.yaml\n", "utf-8")
    command = [sys.executable, "-m", "autotrain_dsl", "validate", str(folder)]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 1
    assert b"\\u2265" in done.stdout


def test_no_control_character_of_a_file_name_reaches_the_terminal(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a\x1b]0;p\x07.yaml").write_text(CURRICULUM.replace("own,", "nowhere,"), "utf-8")
    (tmp_path / "b\x1b[31m").mkdir()
    outcomes = [
        run("validate", ".", cwd=tmp_path),
        run("validate", "b\x1b[31m", cwd=tmp_path),
        run("evaluate", "--curriculums", ".", "--behavior", "b.csv", "--manager", "m.csv", cwd=tmp_path),
    ]
    assert all("\x1b" not in outcome.out + outcome.err for outcome in outcomes)


def test_a_product_beyond_the_largest_number_is_nothing_that_is_known(tmp_path: Path) -> None:
    folder = project(tmp_path)
    rule = "{parameters: {p: 1}, transitions: [{stay: true, when: 'm[-1] < 1e300 * 1e300'}]}"
    (folder / "own.yaml").write_text(CURRICULUM.replace("NAME", "Own").replace("{parameters: {p: 1}}", rule), "utf-8")
    assert ids(folder) == []


def test_extends_without_a_value_extends_nothing(tmp_path: Path) -> None:
    folder = project(tmp_path)
    (folder / "own.yaml").write_text("dsl_version: 1\nname: A\nextends:\nstages: {S: {final: true}}\n", "utf-8")
    assert ids(folder) == ["ATD207"]


def test_a_part_of_the_task_schema_can_be_extended(tmp_path: Path) -> None:
    folder = project(tmp_path)
    text = 'dsl_version: 1\nextends: own.yaml\nversion: "2"\ntask_schema: {version: "1.0"}\n'
    (folder / "own_2.yaml").write_text(text, "utf-8")
    assert ids(folder) == []
    (folder / "own_2.yaml").write_text(text.replace('"1.0"', "null"), "utf-8")
    assert ids(folder) == ["ATD102"]


@pytest.mark.parametrize("option", ["--correct", "--rerun"])
def test_a_correction_keeps_the_columns_of_others(tmp_path: Path, option: str) -> None:
    colony = Colony.at(tmp_path, TINY)
    colony.judge(mouse("a", [250, 350]))
    frame = pd.read_csv(colony.manager_path, dtype=str, keep_default_na=False).assign(note="seen")
    frame.to_csv(colony.manager_path, index=False)
    colony.judge(mouse("a", [251, 350]), option, "--now", "2030-01-01T00:00:00+00:00")
    assert set(pd.read_csv(colony.manager_path, dtype=str)["note"]) == {"seen"}


def test_a_second_correction_changes_nothing(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path, TINY)
    colony.judge(mouse("a", ["oops", 250, 350]))
    before = colony.files()
    ran = colony.run("--correct", "--now", "2030-01-01T00:00:00+00:00")
    assert ran.code == 1
    assert colony.files() == before


def test_columns_of_others_may_change_their_kind(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path, TINY, suffix=".parquet")
    colony.judge(mouse("a", [250]))
    values: tuple[str | float, ...] = ("x", 1.5, 2**60 + 1)
    for number, value in enumerate(values):
        pd.read_parquet(colony.manager_path).assign(score=value).to_parquet(colony.manager_path)
        colony.behave(mouse("a", [250 + number]))
        assert colony.run("--rerun", "--now", f"2030-01-0{number + 1}T00:00:00+00:00").code == 0
        assert list(pd.read_parquet(colony.manager_path)["score"]) == [value]
    colony.behave(mouse("a", [252, 350]))
    assert colony.run().code == 0
    assert pd.read_parquet(colony.manager_path)["score"].iloc[0] == 2**60 + 1


def test_a_linked_task_schema_is_named(tmp_path: Path, run: Run) -> None:
    folder = project(tmp_path)
    tasks = folder / "schemas" / "tasks"
    (tasks / "own_1.0.yaml").rename(tmp_path / "own_1.0.yaml")
    (tasks / "own_1.0.yaml").symlink_to(tmp_path / "own_1.0.yaml")
    assert "is a link that leads out of its folder" in run("validate", "own.yaml", cwd=folder).out

"""The examples do what their page says: the made-up colony, its expected tables, the tutorial, every quoted command."""

from __future__ import annotations

import csv
import io
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
EXPECTED = EXAMPLES / "expected"
README = EXAMPLES / "README.md"
NOW = "2025-03-01T06:00:00+00:00"
EVALUATE = (
    *("evaluate", "--curriculums", "curriculums", "--behavior", "examples/df_behavior.csv"),
    *("--manager", "demo/df_manager.csv", "--now", NOW),
)
PROGRAM = (sys.executable, "-m", "autotrain_dsl")
CHANGING = ("curriculum_hash", "program_version")  # differ after every change of a curriculum or release
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def updating(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden", default=False))


@pytest.fixture(scope="module")
def colony(updating: bool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """df_behavior.csv made anew; with --update-golden it becomes the committed one before anything is judged."""
    made = tmp_path_factory.mktemp("colony") / "df_behavior.csv"
    # Python scatters sets and hashes of text differently in every process: twice is more than once.
    done = run([sys.executable, "examples/make_colony.py", "--output", str(made)], ROOT, PYTHONHASHSEED="1")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"df_behavior\.csv: \d+ rows of 24 mice\n", done.stdout)
    if updating:
        shutil.copyfile(made, EXAMPLES / "df_behavior.csv")
    return made


@pytest.fixture(scope="module")
def evaluated(colony: Path, updating: bool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the committed colony has been judged; demo/summary.txt holds what the program said."""
    folder = copy_of_project(tmp_path_factory.mktemp("evaluated"))
    (folder / "demo").mkdir()
    done = run([*PROGRAM, *EVALUATE], folder)
    assert (done.returncode, done.stderr) == (1, ""), "some sessions of the colony cannot be judged, on purpose"
    (folder / "demo" / "summary.txt").write_text(done.stdout, encoding="utf-8", newline="\n")
    if updating:
        for made in ("df_manager.csv", "df_manager_stats.csv", "summary.txt"):
            shutil.copyfile(folder / "demo" / made, EXPECTED / made)
    return folder


@pytest.fixture(scope="module")
def manager(evaluated: Path) -> Rows:
    return table((evaluated / "demo" / "df_manager.csv").read_text(encoding="utf-8"))


def run(command: list[str] | str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command, given as text in a shell, with this Python and its programs first in the search path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_COLOR": "1", "PYTHONUTF8": "1", **variables},
        shell=isinstance(command, str),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if isinstance(command, str) else subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )


def copy_of_project(folder: Path) -> Path:
    for part in ("curriculums", "schemas", "examples"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def table(text: str) -> Rows:
    return list(csv.DictReader(io.StringIO(text)))


def of(manager: Rows, subject: str) -> Rows:
    return [row for row in manager if row["subject_id"] == subject]


def sessions(rows: Iterable[dict[str, str]], **wanted: str) -> list[int]:
    """Numbers of the sessions whose cells are as wanted."""
    return [int(row["session"]) for row in rows if all(row[column] == cell for column, cell in wanted.items())]


# --- the colony


def test_the_script_makes_the_committed_colony(colony: Path) -> None:
    assert colony.read_bytes() == (EXAMPLES / "df_behavior.csv").read_bytes()


@pytest.mark.parametrize("name", ["df_manager_stats.csv", "summary.txt"])
def test_evaluating_the_colony_gives_what_is_expected(evaluated: Path, name: str) -> None:
    assert (evaluated / "demo" / name).read_bytes() == (EXPECTED / name).read_bytes()


def test_evaluating_the_colony_gives_the_expected_df_manager(evaluated: Path) -> None:
    actual, expected = ((folder / "df_manager.csv").read_bytes() for folder in (evaluated / "demo", EXPECTED))
    assert without_changing_columns(actual) == without_changing_columns(expected)
    for row in table(actual.decode()):
        assert re.fullmatch(r"[0-9a-f]{64}", row["curriculum_hash"])
        assert re.match(r"\d+\.\d+", row["program_version"])


def without_changing_columns(content: bytes) -> bytes:
    """The same bytes, except that what differs between releases is cut out of every line."""
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    changing = {header.index(column) for column in CHANGING}
    for row in rows:
        for place in changing:
            content = content.replace(f",{row[place]},".encode(), b",-,")
    return content


def test_a_second_run_judges_nothing(evaluated: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(evaluated, tmp_path / "again")
    before = tables_in(folder / "demo")
    done = run([*PROGRAM, *EVALUATE], folder)
    assert done.returncode == 1
    assert "judged 0 sessions\n" in done.stdout
    assert re.search(r"^demo/df_manager\.csv is unchanged \(\d+ rows\)$", done.stdout, re.MULTILINE)
    assert tables_in(folder / "demo") == before


def tables_in(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes, but the report of the last run."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "df_manager_report.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_colony_has_every_kind_of_decision(manager: Rows) -> None:
    decisions = [row["decision"] for row in manager]
    assert set(decisions) == {"STAY", "PROGRESS", "ROLLBACK"}
    assert decisions.count("ROLLBACK") >= 8
    curriculums = {(row["curriculum_name"], row["curriculum_version"]) for row in manager}
    assert curriculums == {
        ("Coupled Baiting", "2.3"),
        ("Uncoupled Baiting", "2.2"),
        ("Uncoupled Baiting", "2.3"),
        ("Uncoupled Without Baiting", "2.3.1rwdDelay159"),
    }


@pytest.mark.parametrize("subject", ["700101", "700102", "700103", "700106", "700112", "700117", "700120", "700123"])
def test_mice_that_graduate(manager: Rows, subject: str) -> None:
    assert sessions(of(manager, subject), decision="PROGRESS", next_stage_suggested="GRADUATED")


@pytest.mark.parametrize("subject", ["700103", "700104", "700105"])
def test_mice_that_fall_back(manager: Rows, subject: str) -> None:
    assert sessions(of(manager, subject), decision="ROLLBACK")


def test_quick_and_slow_mice(manager: Rows) -> None:
    assert not sessions(of(manager, "700101"), current_stage_actual="STAGE_1")
    assert not sessions(of(manager, "700104"), current_stage_actual="STAGE_FINAL")
    assert sessions(of(manager, "700105"), current_stage_actual="STAGE_FINAL", decision="ROLLBACK")


def test_trainers_override_both_ways(manager: Rows) -> None:
    chosen = {
        (row["subject_id"], int(row["session"])): (row["current_stage_suggested"], row["current_stage_actual"])
        for row in manager
        if row["if_overriden_by_trainer"] == "True"
    }
    assert chosen == {
        ("700106", 4): ("STAGE_3", "STAGE_2"),
        ("700106", 5): ("STAGE_3", "STAGE_2"),
        ("700107", 2): ("STAGE_1", "STAGE_2"),
        ("700107", 6): ("STAGE_2", "STAGE_3"),
        ("700123", 14): ("GRADUATED", "STAGE_FINAL"),
    }


def test_mice_that_are_held_for_missing_data(manager: Rows) -> None:
    held = {(row["subject_id"], row["decision"]) for row in manager if row["missing"]}
    assert held == {("700108", "STAY"), ("700110", "STAY")}
    assert sessions(of(manager, "700108"), missing="foraging_efficiency of session 10") == [10, 11, 12, 13, 14]


def test_sessions_that_are_not_judged(manager: Rows) -> None:
    logged: dict[str, set[int]] = {}
    for row in table((EXAMPLES / "df_behavior.csv").read_text(encoding="utf-8")):
        logged.setdefault(row["subject_id"], set()).add(int(row["session"]))
    left_out = {subject: numbers - set(sessions(of(manager, subject))) for subject, numbers in logged.items()}
    assert {subject: sorted(numbers) for subject, numbers in left_out.items() if numbers} == {
        "700109": [1, 2, 3, 4],  # no such version
        "700110": [7],  # text in place of a number
        "700114": [6, 7, 8],  # off curriculum
        "700116": [9, 10, 11, 12, 13],  # differing rows
    }


def test_oddities_that_do_no_harm(manager: Rows) -> None:
    assert min(row["session_date"] for row in of(manager, "700111")) == "2025-02-10"
    assert sessions(of(manager, "700112"))[0] == 8
    assert of(manager, "700112")[0]["current_stage_suggested"] == "STAGE_3"
    assert sessions(of(manager, "700113"))[3:6] == [4, 8, 9]
    assert sessions(of(manager, "700115")) == list(range(1, 16))
    assert sessions(of(manager, "700122"), if_closed_loop="False") == [5]
    assert len(of(manager, "007001")) == 12


# --- the tutorial


def test_the_tutorial_is_without_findings() -> None:
    done = run([*PROGRAM, "validate", "--strict", "examples/tutorial"], ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 curriculum, 1 task schema checked: 0 errors, 0 warnings\n"


def test_the_tutorial_moves_its_mice(tmp_path: Path) -> None:
    tutorial, manager = EXAMPLES / "tutorial", tmp_path / "df_manager.csv"
    tables = ["--behavior", str(tutorial / "df_behavior.csv"), "--manager", str(manager)]
    done = run([*PROGRAM, "evaluate", "--curriculums", str(tutorial), *tables], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    walked: dict[str, list[str]] = {}
    for row in table(manager.read_text(encoding="utf-8")):
        walked.setdefault(row["subject_id"], []).append(row["current_stage_actual"])
    assert walked == {
        "801": ["TOUCH", "TOUCH", "PRESS", "PRESS", "PRESS", "PRESS_FIVE"],
        "802": ["TOUCH", "PRESS_FIVE", "PRESS_FIVE"],
        "803": ["TOUCH", "TOUCH", "PRESS", "TOUCH", "PRESS", "PRESS"],
        "804": ["TOUCH", "PRESS", "PRESS", "PRESS", "PRESS"],
    }


# --- the page


def test_the_page_says_what_every_mouse_shows() -> None:
    mice = runpy.run_path(str(EXAMPLES / "make_colony.py"))["COLONY"]
    listed = re.findall(r"^\| (\d{6}) \| (.*) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [(mouse.subject, mouse.shows) for mouse in mice]


@pytest.mark.skipif(os.name != "posix", reason="the commands of the page are for a POSIX shell")
def test_the_page_quotes_what_the_commands_print(colony: Path, updating: bool, tmp_path: Path) -> None:
    folder = copy_of_project(tmp_path / "project")
    page = README.read_text(encoding="utf-8")
    actual = BLOCK.sub(lambda block: f"```console\n{transcript(block[1], folder)}```", page)
    if updating:
        README.write_text(actual, encoding="utf-8", newline="\n")
    assert actual.count("$ ") >= 10
    assert README.read_text(encoding="utf-8") == actual


def transcript(block: str, folder: Path) -> str:
    """The commands of a block, each followed by what it prints."""
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{run(command, folder).stdout}" for command in commands)

"""``autotrain-dsl test``: test files are read, run, measured and made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from colony import TINY, Colony, Ran, command, mouse, process, session
from conftest import DATA

from autotrain_dsl import document
from autotrain_dsl.cases import boundary, loading, running
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.source import Source

ROOT = Path(__file__).resolve().parent.parent
CASES = DATA / "cases"
INVALID = sorted(path.name for path in CASES.glob("ATD*.test.yaml"))
HEAD = "dsl_version: 1\ncurriculum: poke_1.0.yaml\ntests:\n"


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)


def tried(tests: str, *options: str) -> Ran:
    """Run tests of Poke 1.0 in a file of their own."""
    path = Path(f"tried_{os.getpid()}.test.yaml")
    path.write_text(HEAD + tests, encoding="utf-8")
    try:
        ran = command("test", str(path), *options)
    finally:
        path.unlink()
    return replace(ran, out=ran.out.replace(str(path), "tried.test.yaml"))


@pytest.mark.parametrize("name", INVALID)
def test_a_wrong_test_file_is_explained(name: str, update_golden: bool) -> None:
    ran = command("test", name)
    golden = CASES / f"{name.removesuffix('.test.yaml')}.out"
    if update_golden:
        golden.write_text(ran.out, encoding="utf-8")
    assert (ran.code, ran.err) == (1, "")
    assert golden.read_text(encoding="utf-8") == ran.out
    assert f": {name[:6]} error: " in ran.out
    assert command("validate", name).out.count(" error: ") == ran.out.count(" error: ")


def test_there_is_a_wrong_file_for_every_code_of_tests() -> None:
    assert {name[:6] for name in INVALID} >= {"ATD801", "ATD802", "ATD803", "ATD804", "ATD805", "ATD806"}


@pytest.mark.parametrize(
    "test",
    [
        "given: \n    sessions: {finished_trials: [1]}\n    expect: {rule: 0}",
        "given: {stage: }\n    sessions: {finished_trials: [1]}\n    expect: {rule: 0}",
        "given: {session_total: null}\n    sessions: {finished_trials: [1]}\n    expect: {rule: 0}",
        "sessions: \n    expect: {rule: 0}",
        "sessions: {finished_trials: }\n    expect: {rule: 0}",
        "sessions: {finished_trials: [1]}\n    expect: ",
        "sessions: {finished_trials: [1]}\n    expect: {decision: }",
        "sessions: {finished_trials: [1]}\n    expect: {next_stage: , missing: , rule: , reason: }",
        "sessions: {finished_trials: [1]}\n    expect: {missing: [null]}",
        "sessions: {finished_trials: [1]}\n    expect_path: ",
        "sessions: {finished_trials: [1]}\n    expect_path: [null]",
        "sessions: {finished_trials: [1]}\n    ran: \n    expect_path: [STAGE_1]",
        "sessions: {finished_trials: [1]}\n    expect_path: [STAGE_1]\n    name: ",
    ],
)
def test_a_half_typed_test_is_explained(test: str) -> None:
    ran = tried(f"  - description: x\n    {test}\n" if "name:" in test else f"  - name: x\n    {test}\n")
    assert (ran.code, ran.err) == (1, "")
    assert " error: " in ran.out


def test_one_wrong_test_leaves_the_others_running() -> None:
    ran = tried(
        "  - name: wrong\n    sessions: {trials: [1]}\n    expect: {decision: stay}\n"
        "  - name: right\n    sessions: {finished_trials: [1]}\n    expect: {decision: stay}\n"
    )
    assert ran.code == 1
    assert ran.out.endswith("1 test of 1 file: 1 passed, 0 failed, 1 error in test files\n")


GOOD = "{finished_trials: [100], foraging_efficiency: [0.7]}"


@pytest.mark.parametrize(
    ("given", "sessions", "expect"),
    [
        ("{}", GOOD, "{decision: progress, next_stage: STAGE_2, rule: 1, reason: a good session, missing: []}"),
        ("{}", "{finished_trials: [99], foraging_efficiency: [0.7]}", "{decision: stay, next_stage: STAGE_1, rule: 0}"),
        ("{}", "{finished_trials: [100]}", "{decision: stay, rule: 0, missing: [foraging_efficiency]}"),
        ("{}", "{finished_trials: [100], foraging_efficiency: [null]}", "{missing: [foraging_efficiency]}"),
        ("{stage: STAGE_2}", "{finished_trials: [10]}", "{decision: rollback, rule: 2, missing: []}"),
        ("{stage: STAGE_2}", "{finished_trials: [200, 200]}", "{decision: progress, rule: 1}"),
        (
            "{stage: STAGE_2, session_total: 9, session_at_current_stage: 1}",
            "{finished_trials: [200, 200]}",
            "{rule: 0}",
        ),
        ("{stage: STAGE_2, session_at_current_stage: 5}", "{finished_trials: [200, 200]}", "{rule: 1}"),
        ("{stage: GRADUATED}", GOOD, "{decision: stay, next_stage: GRADUATED, rule: 0, reason: final stage}"),
    ],
)
def test_one_decision_is_as_expected(given: str, sessions: str, expect: str) -> None:
    ran = tried(f"  - name: x\n    given: {given}\n    sessions: {sessions}\n    expect: {expect}\n")
    assert (ran.code, ran.out) == (0, "1 test of 1 file: 1 passed, 0 failed\n")


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{decision: stay}", "expected the decision STAY, got PROGRESS"),
        ("{next_stage: GRADUATED}", "expected the next stage GRADUATED, got STAGE_2"),
        ("{rule: 0}", "expected no rule to fire, got rule 1"),
        ("{reason: steady}", "expected the reason to hold `steady`, got `rule 1: a good session;"),
        ("{missing: [weight]}", "expected weight to be missing, got nothing"),
    ],
)
def test_what_is_not_as_expected_fails(expect: str, told: str) -> None:
    ran = tried(f"  - name: x\n    sessions: {GOOD}\n    expect: {expect}\n")
    assert ran.code == 1
    assert "tried.test.yaml:4:11: FAILED x\n" in ran.out
    assert told in ran.out
    assert ran.out.endswith("1 test of 1 file: 0 passed, 1 failed\n")


def test_a_failure_shows_every_rule_with_its_values_and_margins() -> None:
    sessions = "{finished_trials: [250, 199], foraging_efficiency: [0.7, null]}"
    ran = tried(f"  - name: x\n    given: {{stage: STAGE_2}}\n    sessions: {sessions}\n    expect: {{rule: 1}}\n")
    assert "session 2 in STAGE_2 (session 2 there): no rule fired; " in ran.out
    assert "rule 1 progress GRADUATED (poke_1.0.yaml:17): did not fire\n" in ran.out
    assert "* at_stage(finished_trials)[-2:] >= 200: [250, 199], needs at least 200: true of 1 of 2\n" in ran.out
    assert "+ session_at_current_stage >= 2: 2, needs at least 2, just passed\n" in ran.out
    assert "rule 2 rollback STAGE_1 (poke_1.0.yaml:19): unknown\n" in ran.out
    assert "- finished_trials[-1] < 50: 199, needs less than 50, short by 149\n" in ran.out
    assert "? foraging_efficiency[-1] < 0.5: missing, needs less than 0.5: unknown\n" in ran.out
    assert "missing: foraging_efficiency of session 2\n" in ran.out


def path_of(sessions: str, path: str, more: str = "") -> Ran:
    return tried(f"  - name: x\n{more}    sessions: {sessions}\n    expect_path: {path}\n")


def test_a_path_is_followed_session_by_session() -> None:
    sessions = "{finished_trials: [90, 100, 250, 250], foraging_efficiency: [0.8, 0.8, 0.8, 0.8]}"
    whole = "[STAGE_1, STAGE_1, STAGE_2, STAGE_2, GRADUATED]"
    assert path_of(sessions, whole).code == 0
    assert path_of(sessions, "[STAGE_1, STAGE_1, STAGE_2, STAGE_2]").code == 0
    ran = path_of(sessions, "[STAGE_1, STAGE_2, STAGE_2, STAGE_2]")
    assert "expected STAGE_2 to be suggested for session 2, got STAGE_1\n  session 1 in STAGE_1" in ran.out
    assert "finished_trials[-1] >= 100: 90, needs at least 100, short by 10" in ran.out
    ran = path_of(sessions, whole.replace("GRADUATED", "STAGE_1"))
    assert "expected STAGE_1 to be suggested after the last session, got GRADUATED" in ran.out
    ran = path_of(sessions, "[STAGE_2, STAGE_1, STAGE_2, STAGE_2]")
    assert "expected STAGE_2 to be suggested for session 1, got STAGE_1" in ran.out


def test_a_path_can_begin_anywhere_and_the_rig_may_run_something_else() -> None:
    two = "{finished_trials: [250, 250], foraging_efficiency: [0.8, 0.8]}"
    given = "    given: {stage: STAGE_2, session_total: 7, session_at_current_stage: 1}\n"
    assert path_of(two, "[STAGE_2, STAGE_2, GRADUATED]", given).code == 0
    ran = "    ran: [null, STAGE_1]\n"
    assert path_of(two, "[STAGE_2, STAGE_2, STAGE_2]", given + ran).code == 0


def test_formats_say_the_same() -> None:
    tests = f'  - name: "<a> & b"\n    sessions: {GOOD}\n    expect: {{rule: 0}}\n'
    content = json.loads(tried(tests, "--format", "json").out)
    (test,) = content["tests"]
    assert (test["name"], test["line"], test["passed"], test["failed_session"]) == ("<a> & b", 4, False, 1)
    (step,) = test["steps"]
    assert (step["decision"], step["rule"], step["next_stage"]) == ("PROGRESS", 1, "STAGE_2")
    assert [each["margin"] for each in step["rules"][0]["comparisons"]] == [0.0, 0.0]
    assert content["summary"] == {"tests": 1, "passed": 0, "failed": 1, "errors": 0}
    root = ET.fromstring(tried(tests, "--format", "junit").out)
    assert root.attrib == {"tests": "1", "failures": "1", "errors": "0"}
    case = root[0][0]
    assert (case.attrib["name"], case.attrib["line"]) == ("<a> & b", "4")
    assert case[0].attrib["message"] == "expected no rule to fire, got rule 1"
    wrong = ET.fromstring(command("test", "ATD802_metric.test.yaml", "--format", "junit").out)
    assert wrong.attrib["failures"] == "2"
    assert "ATD802" in str(wrong[0][0][0].text)


def test_junit_holds_no_character_that_xml_cannot() -> None:
    from autotrain_dsl.report import junit  # noqa: PLC0415

    text = junit.document([junit.Suite("s\x00", (junit.Case("n\x1b\ufffe", "f", 1, ("]]>\x07",)),))])
    assert ET.fromstring(text)[0][0][0].text == "]]>\N{REPLACEMENT CHARACTER}"


# Coverage


def test_coverage_names_what_no_test_shows() -> None:
    ran = command("test", "fine.test.yaml", "--coverage")
    assert ran.code == 0
    assert "poke_1.0.yaml: 1 of 3 rules fired, 2 of 12 outcomes seen (20 %)\n" in ran.out
    assert (
        "  poke_1.0.yaml:10: STAGE_1 rule 1 (progress STAGE_2) never false: `finished_trials[-1] >= 100`, " in ran.out
    )
    assert "STAGE_2 rule 2 (rollback STAGE_1) never fires; never true: `finished_trials[-1] < 50`, " in ran.out


def test_coverage_has_a_threshold_and_counts_curriculums_without_tests(tmp_path: Path) -> None:
    assert command("test", "fine.test.yaml", "--fail-under", "99").code == 1
    assert command("test", "fine.test.yaml", "--fail-under", "5").code == 0
    for name in ("poke_1.0.yaml", "fine.test.yaml"):
        (tmp_path / name).write_bytes((CASES / name).read_bytes())
    untested = (CASES / "poke_1.0.yaml").read_text("utf-8").replace('"1.0"\ntask', '"1.1"\ntask')
    (tmp_path / "poke_1.1.yaml").write_text(untested, "utf-8")
    schemas = ["--schemas", str(DATA / "schemas" / "tasks")]
    content = json.loads(command("test", str(tmp_path), "--coverage", "--format", "json", *schemas).out)
    covered = {Path(each["path"]).name: each["rules_fired"] for each in content["coverage"]}
    assert covered == {"poke_1.0.yaml": 1, "poke_1.1.yaml": 0}
    assert command("test", str(tmp_path), "--fail-under", "1", *schemas).code == 1


def test_every_curriculum_of_the_lab_is_wholly_covered_by_its_tests() -> None:
    ran = command("test", str(ROOT / "curriculums"), "--fail-under", "100", "--format", "json")
    content = json.loads(ran.out)
    assert ran.code == 0, [test for test in content["tests"] if not test["passed"]]
    assert len(content["coverage"]) == 23
    assert {each["percent"] for each in content["coverage"]} == {100.0}
    assert content["summary"]["tests"] >= 500


# Made tests


@pytest.mark.parametrize(
    "path", [CASES / "poke_1.0.yaml", *sorted((ROOT / "curriculums").glob("*/*_2.?.yaml"))], ids=lambda path: path.stem
)
def test_boundary_tests_pass_cover_everything_and_stand_at_the_thresholds(path: Path) -> None:
    compiler = Compiler()
    graph = compiler.compile(path).graph
    assert graph is not None
    text = boundary.text(boundary.tests(graph), graph, path.name)
    suite, found = loading.from_document(
        path.with_name("made.test.yaml"), document.parse(Source("made", text)), compiler
    )
    assert found == []
    results = [running.run(case, graph) for case in suite.cases]
    assert all(result.passed for result in results)
    from autotrain_dsl.cases.coverage import coverage  # noqa: PLC0415

    assert coverage(graph, results).percent == 100, text
    margins = [
        abs(each.margin)
        for result in results
        for rule in result.steps[0].decision.trace
        for each in rule.comparisons
        if each.margin is not None
    ]
    assert 0 in margins
    at = {result.case.name for result in results}
    assert any(name.endswith(": at it") for name in at)
    assert any(name.endswith(": just below") for name in at)


def test_boundary_finds_thresholds_behind_arithmetic_and_says_which_it_cannot_reach(tmp_path: Path) -> None:
    text = (CASES / "poke_1.0.yaml").read_text("utf-8")
    text = text.replace(
        "finished_trials[-1] >= 100 and", "finished_trials[-1] * 2 + 10 >= 110 and std(weight[-3:]) < 2 and"
    )
    path = tmp_path / "curve.yaml"
    path.write_text(text, "utf-8")
    made = command("test", "--boundary", str(path), "--schemas", str(DATA / "schemas" / "tasks"))
    assert made.code == 0, made.err
    assert "finished_trials: [50, 50, 50]" in made.out
    assert "finished_trials: [49, 49, 49]" in made.out
    assert "# No test stands at the thresholds of:\n#   STAGE_1 rule 1, std(weight[-3:]) < 2\n" in made.out


def test_a_real_mouse_becomes_a_test(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    rows = mouse("a", [30, 60, 250, 250])
    rows.append(session(5, 250, subject_id="a", current_stage_actual="EASY"))
    colony.judge([*rows, *mouse("b", [10])])
    tables = ["--curriculums", str(colony.folder / "curriculums"), "--manager", str(colony.manager_path)]
    ran = command("test", "--record", "a", *tables)
    assert (ran.code, ran.err) == (0, "")
    (colony.folder / "curriculums" / "a.test.yaml").write_text(ran.out, "utf-8")
    again = command("test", str(colony.folder / "curriculums" / "a.test.yaml"))
    assert again.out == "1 test of 1 file: 1 passed, 0 failed\n"
    assert "sessions 1 to 5 of mouse a" in ran.out
    missing = command("test", "--record", "c", *tables)
    assert (missing.code, missing.out) == (1, "")
    assert "there is no mouse c" in missing.err


def test_the_tests_of_a_curriculum_are_found_beside_it() -> None:
    curriculum = ROOT / "curriculums" / "dummy_task" / "dummy_task_0.2.yaml"
    beside = command("test", str(curriculum), "--format", "json")
    assert {Path(test["path"]).name for test in json.loads(beside.out)["tests"]} == {"dummy_task_0.2.test.yaml"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Missing argument 'PATH...'"),
        ((str(DATA / "valid" / "smallest.yaml"),), "no tests there (files called NAME.test.yaml)"),
        (("fine.test.yaml", "--manager", "x.csv"), "--manager: only with --record"),
        (("fine.test.yaml", "--record", "a"), "--record takes no PATH"),
        (("--boundary", "."), "--boundary takes one curriculum file"),
        (("--boundary", "broken_1.0.yaml"), "no curriculum that can be used"),
    ],
)
def test_wrong_use_is_explained(arguments: tuple[str, ...], told: str) -> None:
    ran = command("test", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_running_tests_needs_no_tables() -> None:
    program = (
        "import sys\n"
        "for name in ('pandas', 'numpy', 'pyarrow', 'boto3', 'sqlalchemy'): sys.modules[name] = None\n"
        "from autotrain_dsl.cli.main import run\n"
        "sys.argv = ['autotrain-dsl', 'test', 'fine.test.yaml', '--coverage']\n"
        "run()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=CASES, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_hostile_test_files_are_refused_soon(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY, "utf-8")
    values, path_of_them = ", ".join(["1"] * 500), ", ".join(["STAGE_1"] * 500)
    many = "".join(
        f"  - {{name: t{n}, sessions: {{finished_trials: [{values}]}}, expect_path: [{path_of_them}]}}\n"
        for n in range(60)
    )
    path = tmp_path / "many.test.yaml"
    path.write_text(f"dsl_version: 1\ncurriculum: tiny.yaml\ntests:\n{many}", "utf-8")
    ran = process("test", str(path))
    assert ran.code == 1
    assert "ATD003" in ran.out
    assert "Traceback" not in ran.err


# What other people send


def test_links_out_of_the_folder_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("PASSWORD=hunter2\n")
    folder = tmp_path / "curriculums"
    folder.mkdir()
    (folder / "evil.test.yaml").symlink_to(secret)
    (folder / "loop.test.yaml").symlink_to("loop.test.yaml")
    for arguments in (("test", str(folder)), ("validate", str(folder / "evil.test.yaml"))):
        ran = command(*arguments)
        assert ran.code == 1
        assert "hunter2" not in ran.out + ran.err
        assert "is a link to a file outside of the folder tree" in ran.out


def test_what_would_take_minutes_is_refused(tmp_path: Path) -> None:
    rules = "".join(f"      - stay: true\n        when: std(finished_trials) > {n}\n" for n in range(1, 50))
    text = (CASES / "poke_1.0.yaml").read_text("utf-8")
    (tmp_path / "wide.yaml").write_text(text.replace("    transitions:\n", f"    transitions:\n{rules}", 1), "utf-8")
    values, path = ", ".join(["1"] * 500), ", ".join(["STAGE_1"] * 500)
    test = "  - {name: NAME, sessions: {finished_trials: [" + values + "]}, expect_path: [" + path + "]}\n"
    tests = "".join(test.replace("NAME", f"t{number}") for number in range(4))
    (tmp_path / "wide.test.yaml").write_text(f"dsl_version: 1\ncurriculum: wide.yaml\ntests:\n{tests}", "utf-8")
    ran = command("test", str(tmp_path), "--schemas", str(DATA / "schemas" / "tasks"))
    assert ran.code == 1
    assert "ATD003 error: these tests have more sessions and conditions" in ran.out


def copied(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).write_bytes((CASES / name).read_bytes())
    return ["--schemas", str(DATA / "schemas" / "tasks")]


def test_a_curriculum_with_errors_is_not_covered(tmp_path: Path) -> None:
    schemas = copied(tmp_path, "broken_1.0.yaml", "poke_1.0.yaml", "fine.test.yaml")
    ran = command("test", str(tmp_path), "--fail-under", "1", *schemas)
    assert ran.code == 1
    assert "broken_1.0.yaml:10:19: ATD401 error" in ran.out
    (tmp_path / "fine.test.yaml").unlink()
    ran = command("test", str(tmp_path), "--fail-under", "1", *schemas)
    assert (ran.code, "covered by less than 1 %" in ran.err) == (1, True)
    assert command("test", "fine.test.yaml", "--fail-under", "nan").code != 0


def test_the_outcome_of_any_counts_and_not_that_of_every_session(tmp_path: Path) -> None:
    schemas = copied(tmp_path, "poke_1.0.yaml")
    text = (CASES / "poke_1.0.yaml").read_text("utf-8")
    condition = "finished_trials[-1] >= 100 and foraging_efficiency[-1] >= 0.7"
    (tmp_path / "poke_1.0.yaml").write_text(text.replace(condition, "any(finished_trials[-3:] >= 100)"), "utf-8")
    (tmp_path / "a.test.yaml").write_text(
        f"{HEAD}  - {{name: x, sessions: {{finished_trials: [150, 50, 20]}}, expect: {{rule: 1}}}}\n", "utf-8"
    )
    ran = command("test", str(tmp_path), "--coverage", *schemas)
    assert "STAGE_1 rule 1 (progress STAGE_2) never false: `finished_trials[-3:] >= 100`" in ran.out


def test_whole_numbers_may_be_written_with_a_point() -> None:
    given = "given: {session_total: 5.0, session_at_current_stage: 1.0}"
    ran = tried(f"  - name: x\n    {given}\n    sessions: {GOOD}\n    expect: {{rule: 1.0}}\n")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("name", ["test", "verify"])
def test_a_test_file_that_cannot_be_read_is_not_passed_over(name: str, tmp_path: Path) -> None:
    shutil.copy(CASES / "poke_1.0.yaml", tmp_path)
    claim = "properties:\n  - never: {decision: rollback, when: finished_trials[-1] >= 8}\n"
    (tmp_path / "own.test.yaml").write_text(f"dsl_version: 1\ncurriculum: poke_1.0.yaml\n{claim}", encoding="utf-8")
    ran = command(name, str(tmp_path / "poke_1.0.yaml"), "--schemas", str(DATA / "schemas" / "tasks"))
    assert (ran.code, "own.test.yaml:4:" in ran.out, " ATD005 error" in ran.out) == (1, True, True)


def test_tests_of_any_name_beside_a_curriculum_are_its_tests(tmp_path: Path) -> None:
    schemas = copied(tmp_path, "poke_1.0.yaml", "fine.test.yaml")
    ran = command("test", str(tmp_path / "poke_1.0.yaml"), *schemas)
    assert (ran.code, ran.out) == (0, "1 test of 1 file: 1 passed, 0 failed\n")
    (tmp_path / "other.yaml").write_bytes((CASES / "poke_1.0.yaml").read_bytes())
    assert command("test", str(tmp_path / "other.yaml"), *schemas).code == 2
    assert command("diff", str(tmp_path / "poke_1.0.yaml"), str(tmp_path / "other.yaml"), *schemas).code == 0


def test_a_curriculum_without_thresholds_gets_no_boundary_tests(tmp_path: Path) -> None:
    schemas = copied(tmp_path, "poke_1.0.yaml")
    (tmp_path / "none.yaml").write_text(
        'dsl_version: 1\nname: None Here\nversion: "1.0"\ntask_schema: {name: nose_poke, version: "1.0"}\n'
        "stages:\n  A: {parameters: {task: Nose poke, reward_volume: 1.0}, final: true}\n",
        "utf-8",
    )
    ran = command("test", "--boundary", str(tmp_path / "none.yaml"), *schemas)
    assert (ran.code, ran.out) == (1, "")
    assert "there is no threshold" in ran.err


def test_a_mouse_whose_rig_ran_another_stage_at_first_becomes_a_test_too(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    rows = [session(n, 350, subject_id="a", current_stage_actual="STAGE_2") for n in (1, 2, 3)]
    colony.judge(rows)
    ran = command(
        "test", "--record", "a", "--curriculums", str(colony.folder / "curriculums"),
        "--manager", str(colony.manager_path),
    )  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    assert "ran: [STAGE_2, " in ran.out

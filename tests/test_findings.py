"""Every finding as a file that a scientist can read: ``invalid/NAME.yaml`` (or a folder) and ``invalid/NAME.out``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATA, Outcome, Run

from autotrain_dsl import codes
from autotrain_dsl.document import MAX_BYTES
from autotrain_dsl.report.text import clean

INVALID, VALID = DATA / "invalid", DATA / "valid"
HEADLINE = re.compile(
    r"(?P<path>[^\s:]+):(?P<line>\d+):(?P<column>\d+): (?P<code>ATD\d{3}) (error|warning): (?P<text>.*)"
)
NO_CODE = "ATD000"  # examples of many findings at once

Finding = tuple[str, int, int, str, str]  # path, line, column, code, message


def _broken_link(folder: Path) -> None:
    (folder / "ATD001_broken_link").mkdir()
    (folder / "ATD001_broken_link" / "curriculum.yaml").symlink_to("gone.yaml")


def _file_too_large(folder: Path) -> None:
    (folder / "ATD003_file_too_large.yaml").write_text("# rem\n" * (MAX_BYTES // 6 + 1), encoding="utf-8")


# Cases that no repository should hold are made where they are needed.
MADE: dict[str, Callable[[Path], None]] = {
    "ATD001_broken_link": _broken_link,
    "ATD003_file_too_large": _file_too_large,
}


def _is_case(path: Path) -> bool:
    return path.suffix == ".yaml" or (path.is_dir() and not path.name.startswith("."))


# What the program gets wrong today, with the reason. The expected output says what it should be.
# What the program gets wrong now and then.

STORED = sorted(path.name for path in INVALID.iterdir() if _is_case(path))
CASES = sorted([*STORED, *("ATD001_broken_link", "ATD003_file_too_large.yaml")])
VALID_FILES = sorted(path.name for path in VALID.iterdir() if _is_case(path))


def _golden(case: str) -> Path:
    return INVALID / f"{case.removesuffix('.yaml')}.out"


def _expected(case: str) -> str:
    return _golden(case).read_bytes().decode()


@pytest.fixture
def validate(run: Run, tmp_path: Path) -> Callable[..., Outcome]:
    """Check a case as its user does, standing in the folder of the examples."""

    def check(case: str, *options: str) -> Outcome:
        make = MADE.get(case.removesuffix(".yaml"))
        if make is None:
            return run("validate", case, *options, cwd=INVALID)
        if not any(tmp_path.iterdir()):
            make(tmp_path)
        return run("validate", case, *options, cwd=tmp_path)

    return check


def findings_in(text: str) -> list[Finding]:
    """The findings that a report in text form shows."""
    found = [match for line in text.splitlines() if (match := HEADLINE.fullmatch(line))]
    return [(m["path"], int(m["line"]), int(m["column"]), m["code"], m["text"]) for m in found]


def test_there_are_examples() -> None:
    assert len(STORED) >= 80
    assert len(VALID_FILES) >= 12


def test_every_example_has_its_expected_output_and_the_other_way_round(update_golden: bool) -> None:
    if update_golden:
        pytest.skip("expected outputs are being rewritten")
    assert {_golden(case).name for case in CASES} == {path.name for path in INVALID.glob("*.out")}


@pytest.mark.parametrize("case", CASES)
def test_invalid(case: str, validate: Callable[..., Outcome], update_golden: bool) -> None:
    outcome = validate(case)
    assert outcome.err == ""
    if update_golden:
        _golden(case).write_bytes(outcome.out.encode())
    assert outcome.out == _expected(case)
    found = findings_in(outcome.out)
    assert found, "an invalid example without a finding"
    assert outcome.code == int(" error: " in outcome.out)
    wanted = case[: len(NO_CODE)]
    assert wanted == NO_CODE or wanted in {code for *_, code, _ in found}


@pytest.mark.parametrize("case", CASES)
def test_every_form_says_the_same_in_the_same_order(case: str, validate: Callable[..., Outcome]) -> None:
    in_text = findings_in(_expected(case))
    outcome = validate(case, "--format", "json")
    content = json.loads(outcome.out)
    entries = content["findings"]
    in_json = [(e["path"], e["line"], e["column"], e["code"], clean(e["message"])) for e in entries]
    assert in_json == in_text
    places = [finding[:3] for finding in in_text if finding[3] != "ATD015"]  # that stands where the list is cut off
    assert places == sorted(places)
    assert content["version"] == 1
    severities = [entry["severity"] for entry in entries]
    assert content["summary"]["errors"] == severities.count("error")
    assert content["summary"]["warnings"] == severities.count("warning")


@pytest.mark.parametrize("case", CASES)
def test_every_output_can_be_read_on_a_terminal(case: str) -> None:
    for line in _expected(case).split("\n"):
        assert clean(line) == line, "a control or direction character reaches the terminal"
        assert not re.search(r"/home/|/tmp/|[A-Z]:\\\\Users", line), "a path of one machine"
        assert not re.search(r"\b[A-Z][A-Za-z]+(Error|Exception|Warning)\b|<(class|module|ast)", line), "Python's words"


@pytest.mark.parametrize("code", [code.id for code in codes.ALL if code.id < "ATD5"])
def test_every_code_has_an_example(code: str) -> None:
    examples = [case for case in CASES if case.startswith(f"{code}_")]
    assert examples, f"no file {code}_*.yaml in {INVALID.name}"
    for case in examples:
        assert f" {code} {codes.BY_ID[code].severity}: " in _expected(case)


def test_no_example_is_named_after_a_code_that_does_not_exist() -> None:
    assert {case[: len(NO_CODE)] for case in CASES} <= {NO_CODE, *codes.BY_ID}


@pytest.mark.parametrize("name", VALID_FILES)
def test_valid(name: str, run: Run) -> None:
    outcome = run("validate", "--strict", name, cwd=VALID)
    assert findings_in(outcome.out) == []
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) == 1, outcome.out
    assert outcome.out.endswith(": 0 errors, 0 warnings\n")


def test_valid_folder_as_a_whole(run: Run) -> None:
    outcome = run("validate", "--strict", *VALID_FILES, cwd=VALID)
    assert (outcome.code, findings_in(outcome.out)) == (0, [])


def test_a_curriculum_in_error_has_no_effect_on_the_others_of_its_folder(run: Run) -> None:
    cases = [case for case in STORED if not case.startswith("ATD015")]  # which are cut off elsewhere among others
    together = findings_in(run("validate", *cases, cwd=INVALID).out)
    alone = {finding for case in cases for finding in findings_in(_expected(case))}
    assert alone <= set(together)
    # They are all called Case 1.0.
    assert {finding[3] for finding in set(together) - alone} == {"ATD211"}


@pytest.mark.parametrize("options", [(), ("--format", "json")])
def test_same_input_same_bytes(options: tuple[str, ...], run_process: Run) -> None:
    cases = [case for case in STORED if case.startswith(("ATD000", "ATD101", "ATD209", "ATD214", "ATD405", "ATD416"))]
    first, second = (
        run_process("validate", *cases, *options, cwd=INVALID, env={"PYTHONHASHSEED": seed}) for seed in ("1", "2")
    )
    assert first == second
    assert first.code == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["constants.yaml"], 0),
        (["--strict", "constants.yaml"], 0),
        (["../invalid/ATD000_many_warnings.yaml"], 0),
        (["--strict", "../invalid/ATD000_many_warnings.yaml"], 1),
        (["../invalid/ATD000_many_at_once.yaml"], 1),
        (["constants.yaml", "../invalid/ATD000_many_at_once.yaml"], 1),
        (["no_such_file.yaml"], 2),
        (["constants.yaml", "no_such_folder"], 2),
        (["--format", "xml", "constants.yaml"], 2),
        (["--schemas", "no_such_folder", "constants.yaml"], 2),
        (["--no-such-option", "constants.yaml"], 2),
        ([], 2),
    ],
)
def test_exit_code(arguments: list[str], code: int, run: Run) -> None:
    outcome = run("validate", *arguments, cwd=VALID)
    assert outcome.code == code
    if code == 2:
        assert outcome.out == ""
        assert "Error: " in outcome.err


def test_exit_code_of_the_process(run_process: Run) -> None:
    assert run_process("validate", "constants.yaml", cwd=VALID).code == 0
    assert run_process("validate", "ATD005_tab.yaml", cwd=INVALID).code == 1
    assert run_process("validate", "no_such_file.yaml", cwd=INVALID).code == 2


def test_a_folder_without_curriculum_is_wrong_use(run: Run, tmp_path: Path) -> None:
    assert run("validate", str(tmp_path)).code == 2
    (tmp_path / "notes.yaml").write_text("shopping: [milk]\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("stages: none\n", encoding="utf-8")
    outcome = run("validate", ".", cwd=tmp_path)
    assert outcome.code == 2
    assert "no curriculum there" in outcome.err


def test_standard_input(run: Run, run_process: Run) -> None:
    name = "ATD000_many_at_once.yaml"
    text = (INVALID / name).read_bytes()
    expected = _expected(name).replace(name, "<stdin>")
    assert run("validate", "-", cwd=INVALID, stdin=text).out == expected
    assert run_process("validate", "-", cwd=INVALID, stdin=text) == Outcome(1, expected, "")


def test_standard_input_that_is_valid(run: Run) -> None:
    text = (VALID / "constants.yaml").read_bytes()
    outcome = run("validate", "--strict", "-", cwd=VALID, stdin=text)
    assert (outcome.code, outcome.out) == (0, "1 curriculum checked: 0 errors, 0 warnings\n")


def test_empty_standard_input_is_a_finding(run: Run) -> None:
    outcome = run("validate", "-", cwd=VALID, stdin=b"")
    assert outcome.code == 1
    assert [finding[:4] for finding in findings_in(outcome.out)] == [("<stdin>", 1, 1, "ATD012")]


def test_several_paths_name_every_finding_once(run: Run) -> None:
    alone = findings_in(run("validate", "ATD211_two_files", cwd=INVALID).out)
    twice = findings_in(run("validate", "ATD211_two_files", "ATD211_two_files/a/case.yaml", cwd=INVALID).out)
    assert twice == alone


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "xterm-256color"}])
def test_no_colours_when_the_output_is_no_terminal(variables: dict[str, str], run_process: Run) -> None:
    outcome = run_process("validate", "ATD004_escape_sequence.yaml", "ATD005_tab.yaml", cwd=INVALID, env=variables)
    assert outcome.code == 1
    assert "\x1b" not in outcome.out + outcome.err

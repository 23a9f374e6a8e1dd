"""``init`` and what editors are given: a first curriculum on which everything works, and schemas that explain."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from colony import Ran, command
from jsonschema import Draft7Validator

from autotrain_dsl import codes, document, resources
from autotrain_dsl.codes.right import RIGHT
from autotrain_dsl.source import Source

ROOT = Path(__file__).resolve().parent.parent
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert command("init", "lab").code == 0
    monkeypatch.chdir(tmp_path / "lab")
    return tmp_path / "lab"


def test_everything_that_it_names_as_next_works_at_once(lab: Path, tmp_path: Path) -> None:
    told = command("init", str(tmp_path / "another")).out
    lines = [line.strip() for line in told.partition("Next:\n")[2].splitlines()]
    assert lines[0] == f"cd {tmp_path / 'another'}"
    commands = [shlex.split(line)[1:] for line in lines[1:]]
    assert [words[0] for words in commands] == ["validate", "test", "evaluate", "explain"]
    for words in commands:
        ran = command(*words)
        assert (ran.code, ran.err) == (0, ""), words
    assert "short by 0.02" in ran.out


def test_the_curriculum_is_strictly_valid_formatted_and_wholly_tested(lab: Path) -> None:
    for words in (
        ("validate", "--strict", "curriculums", "schemas"),
        ("fmt", "--check", "."),
        ("test", "curriculums", "--fail-under", "100"),
        ("doctor", "--config", "autotrain.yaml"),
        ("expand", "--blame", "curriculums/first_curriculum.yaml"),
    ):
        assert command(*words).code == 0, words


def test_nothing_that_is_there_is_replaced(lab: Path) -> None:
    curriculum = lab / "curriculums" / "first_curriculum.yaml"
    curriculum.write_text("mine")
    (lab / "df_behavior.csv").unlink()
    ran = command("init")
    assert (ran.code, ran.out) == (2, "")
    assert "curriculums/first_curriculum.yaml" in ran.err
    assert "nothing was written" in ran.err
    assert curriculum.read_text() == "mine"
    assert not (lab / "df_behavior.csv").exists()


def test_the_first_line_of_every_file_leads_an_editor_to_a_schema_that_it_satisfies(lab: Path) -> None:
    files = sorted(lab.rglob("*.yaml"))
    assert len(files) == 4
    for file in files:
        text = file.read_text(encoding="utf-8")
        match = MODELINE.match(text)
        assert match is not None
        schema = json.loads((file.parent / match[1]).read_text(encoding="utf-8"))
        read, _ = document.parse(Source(str(file), text))
        assert read is not None
        assert list(Draft7Validator(schema).iter_errors(read.data)) == []
        assert list(Draft7Validator(schema).iter_errors({**read.data, "nonsense": 1})) != []


@pytest.mark.parametrize("folder", ["curriculums", "schemas/tasks", "examples"])
def test_modelines_of_the_project_lead_to_schemas(folder: str) -> None:
    files = [file for file in sorted((ROOT / folder).rglob("*.yaml")) if MODELINE.match(file.read_text("utf-8"))]
    assert files
    for file in files:
        match = MODELINE.match(file.read_text(encoding="utf-8"))
        assert match is not None
        assert (file.parent / match[1]).is_file(), file


# Schemas for editors


def properties(rule: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property that a schema describes, wherever it stands in it."""
    if isinstance(rule, list):
        for number, inner in enumerate(rule):
            yield from properties(inner, f"{path}.{number}")
    if not isinstance(rule, dict):
        return
    for key, inner in rule.items():
        if key in ("if", "then", "examples", "enum", "const", "default"):
            continue
        if key == "properties" and all(isinstance(each, dict) for each in inner.values()):
            yield from ((f"{path}.{name}", each) for name, each in inner.items())
        yield from properties(inner, f"{path}.{key}")


@pytest.mark.parametrize("name", ["curriculum", "task", "tests", "configuration", "findings"])
def test_every_property_has_a_description_and_an_example_that_fits(name: str) -> None:
    schema = resources.json_schema(name)
    described = list(properties(schema))
    assert len(described) >= 10
    for path, rule in described:
        meant = {**schema["definitions"][rule["$ref"].rpartition("/")[2]], **rule} if "$ref" in rule else rule
        assert meant.get("description"), path
        assert meant.get("examples"), path
        if "not" not in meant:
            check = Draft7Validator(
                {**{key: meant[key] for key in meant if key != "$ref"}, "definitions": schema.get("definitions", {})}
            )
            for example in meant["examples"]:
                assert not list(check.iter_errors(example)), (path, example)


def schema_of(*arguments: str) -> Ran:
    return command("schema", *arguments)


def test_the_schema_of_a_task_knows_its_parameters() -> None:
    schema = json.loads(schema_of("curriculum", "--task", "dynamic_foraging@1.1.0").out)
    Draft7Validator.check_schema(schema)
    check = Draft7Validator(schema)
    read, _ = document.read(ROOT / "curriculums" / "foraging_base.yaml")
    assert read is not None
    assert list(check.iter_errors(read.data)) == []
    parameters = schema["definitions"]["parameters"]["properties"]
    assert parameters["MaxTime"]["description"] == "Longest session, in min"
    for wrong in ({"MaxTiem": 75}, {"MaxTime": "long"}, {"AutoWaterType": "Sparkling"}):
        text = {"dsl_version": 1, "abstract": True, "stages": {"A": {"parameters": wrong}}}
        assert list(check.iter_errors(text)) != [], wrong
    assert list(check.iter_errors({"dsl_version": 1, "abstract": True, "blocks": {"a": {"MaxTime": None}}})) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("task", "--task", "dynamic_foraging@1.1.0"), "--task goes with `schema curriculum`"),
        (("curriculum", "--task", "dynamic_foraging"), "is not of the form NAME@VERSION"),
        (("curriculum", "--task", "dynamic_forging@1.1.0"), "did you mean"),
    ],
)
def test_a_wrong_task_is_explained(arguments: tuple[str, ...], told: str) -> None:
    ran = schema_of(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


# Pages of findings


def test_every_finding_in_a_yaml_file_says_how_it_is_written_right() -> None:
    assert set(RIGHT) == {code.id for code in codes.ALL if code.id < "ATD5" or code.id >= "ATD8"}
    for code, text in RIGHT.items():
        listed = text.lstrip().startswith("- ")
        read, found = document.parse(Source(code, f"rules:\n{text}\n" if listed else f"{text}\n"))
        assert read is not None, code
        assert found == [], code


def test_the_manual_shows_what_is_right_and_how_to_silence() -> None:
    told = command("codes", "ATD215").out
    assert "Right:\n\n    constants: {low: 200}\n" in told
    assert "# autotrain: ignore[ATD215] the reason" in told
    assert "silence" not in command("codes", "ATD401").out
    page = (ROOT / "docs" / "findings" / "ATD215.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == [
        "Wrong",
        "Right",
        "How to silence it",
    ]
    assert len(list((ROOT / "docs" / "findings").glob("ATD*.md"))) == len(codes.ALL)

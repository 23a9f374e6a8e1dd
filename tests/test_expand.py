"""``expand``: a file that says alone what the curriculum says, and of every value where it is written."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from colony import ROOT, TASK, command

from autotrain_dsl import document, effective, files, layers
from autotrain_dsl.compiler import Compilation, compile_document, compile_file
from autotrain_dsl.effective import DEFAULT, Effective
from autotrain_dsl.layers import Library
from autotrain_dsl.source import Source
from autotrain_dsl.tasks import TaskSchemas

FOLDERS = (ROOT / "curriculums", ROOT / "tests" / "data" / "valid")
FILES = [
    path
    for folder in FOLDERS
    for path in files.candidates(folder)
    if "\nabstract: true" not in path.read_text(encoding="utf-8") and "schemas" not in path.parts
]
TASKS = TaskSchemas(ROOT / "tests" / "data" / "schemas" / "tasks")
RESOLVED = {"extends", "abstract", "constants", "derived", "blocks", "inherits", "use"}

DEFAULTS = TASK.replace("type: string}", "type: string}\n    volume: {title: Reward, type: number, default: 2.5}")

BASE = """\
dsl_version: 1
name: Tiny
task_schema: {name: tiny, version: "1.0"}
abstract: true
constants:
  enough: 200
derived:
  recent: mean(finished_trials[-3:])
  good: recent >= enough
blocks:
  large: {volume: 4.0}
stages:
  STAGE_1:
    use: [large]
    parameters: {task: Tiny}
    transitions:
      - progress: STAGE_2
        when:
          all:
            - good
            - not: foraging_efficiency[-1] < 0.5
      - stay: true
        otherwise: true
        because: not yet
  STAGE_2:
    inherits: STAGE_1
    final: true
"""

CHILD = """\
dsl_version: 1
extends: base.yaml
version: "1.0"
stages:
  STAGE_1:
    label: First
  STAGE_2:
    parameters:
      task: Tinier
  STAGE_3:
    parameters: {task: Tiny}
    transitions:
      - rollback: STAGE_1
        manual: true
"""

BLAMED = """\
dsl_version: 1                                              # child.yaml:1
name: Tiny                                                  # base.yaml:2 via extends
version: "1.0"                                              # child.yaml:3
task_schema: {name: tiny, version: "1.0"}                   # base.yaml:3 via extends
initial: STAGE_1                                            # child.yaml:5 via first stage

stages:
  STAGE_1:                                                  # child.yaml:5
    label: First                                            # child.yaml:6
    parameters:
      volume: 4.0                                           # base.yaml:11 via extends, block large
      task: Tiny                                            # base.yaml:15 via extends
    transitions:
      - progress: STAGE_2                                   # base.yaml:17 via extends
        when: mean(finished_trials[-3:]) >= 200 and not foraging_efficiency[-1] < 0.5  # base.yaml:18 via extends, \
derived recent, derived good, constant enough
      - stay: true                                          # base.yaml:22 via extends
        otherwise: true                                     # base.yaml:23 via extends
        because: not yet                                    # base.yaml:24 via extends

  STAGE_2:                                                  # child.yaml:7
    parameters:
      volume: 4.0                                           # base.yaml:11 via extends, stage STAGE_1
      task: Tinier                                          # child.yaml:9
    final: true                                             # base.yaml:27 via extends

  STAGE_3:                                                  # child.yaml:10
    parameters:
      volume: 2.5                                           # tiny_1.0.yaml:10 via default of the task schema
      task: Tiny                                            # child.yaml:11
    transitions:
      - rollback: STAGE_1                                   # child.yaml:13
        manual: true                                        # child.yaml:14
"""


@pytest.fixture
def child(tmp_path: Path) -> Path:
    """A curriculum with a base file and a task schema with a default."""
    (tmp_path / "schemas" / "tasks").mkdir(parents=True)
    (tmp_path / "schemas" / "tasks" / "tiny_1.0.yaml").write_text(DEFAULTS, "utf-8")
    (tmp_path / "curriculums").mkdir()
    (tmp_path / "curriculums" / "base.yaml").write_text(BASE, "utf-8")
    path = tmp_path / "curriculums" / "child.yaml"
    path.write_text(CHILD, "utf-8")
    return path


def expanded(path: Path, library: Library) -> tuple[Compilation, Effective]:
    compiled = compile_file(path, library, TASKS)
    layered = library.layered(path)[0]
    assert compiled.graph is not None, compiled.diagnostics
    assert layered is not None
    return compiled, effective.effective(compiled.graph, layered)


@pytest.fixture(scope="module")
def all_expanded() -> list[tuple[Compilation, Effective]]:
    libraries = [Library(folder) for folder in FOLDERS]
    return [
        expanded(path, library) for path in FILES for library in libraries if path.is_relative_to(str(library.root))
    ]


@cache
def read_alone(text: str) -> object:
    """A scalar as it is written, as a value."""
    read, found = document.parse(Source("scalar.yaml", f"value: {text}"))
    assert read is not None, found
    return read.data["value"]


def keys(value: object) -> Iterator[str]:
    """Every key of a mapping that is no parameter."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        if isinstance(key, str):
            yield key
        if key != "parameters":
            yield from keys(below)


def blamed(data: dict[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """Every place of an effective curriculum that somebody may ask about."""
    yield from ((key,) for key in data if key != "stages")
    for name, stage in data["stages"].items():
        yield ("stages", name)
        yield from (("stages", name, key) for key in stage if key not in ("parameters", "transitions"))
        yield from (("stages", name, "parameters", key) for key in stage.get("parameters", {}))
        for number, rule in enumerate(stage.get("transitions", [])):
            yield from (("stages", name, "transitions", number, key) for key in rule)


def test_what_is_expanded_compiles_alone_to_the_same_hash(all_expanded: list[tuple[Compilation, Effective]]) -> None:
    assert len(all_expanded) > 35
    for compiled, found in all_expanded:
        assert compiled.graph is not None
        text = effective.text(found, blame=False)
        read, faults = document.parse(Source("alone.yaml", text))
        assert read is not None, faults
        assert read.data == found.data
        again = compile_document(compiled.path.with_name("alone.yaml"), layers.checked((read, [])), Library(), TASKS)
        assert again.graph is not None, (compiled.path, again.diagnostics)
        assert again.graph.content_hash == compiled.graph.content_hash, compiled.path
        assert not RESOLVED & set(keys(read.data)), compiled.path


def test_every_origin_leads_to_a_line_that_says_the_value(all_expanded: list[tuple[Compilation, Effective]]) -> None:
    parameters = conditions = 0
    for compiled, found in all_expanded:
        assert compiled.document is not None
        for place, origin in found.origins.items():
            line = origin.span.source.line(origin.span.line)
            own = origin.span.source.name == compiled.document.source.name
            assert own != ("extends" in origin.through) or DEFAULT in origin.through, (compiled.path, place)
            if place[2:3] == ("parameters",):
                value = found.data["stages"][place[1]]["parameters"][place[3]]
                assert repr(read_alone(origin.span.text)) == repr(value), (compiled.path, place)
                parameters += 1
            elif place[-1] == "when":
                assert "when" in line, (compiled.path, place)
                conditions += 1
        assert set(found.origins) == set(blamed(found.data)), compiled.path
    assert parameters > 2_000
    assert conditions > 100


def test_blame_tells_file_line_and_the_way_of_every_value(child: Path) -> None:
    ran = command("expand", "--blame", str(child))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == BLAMED
    plain = command("expand", str(child))
    assert "#" not in plain.out
    assert document.parse(Source("x", plain.out))[0].data == document.parse(Source("x", ran.out))[0].data  # type: ignore[union-attr]


def test_files_of_the_same_name_are_told_apart(child: Path) -> None:
    (child.parent / "later").mkdir()
    later = child.parent / "later" / "base.yaml"
    later.write_text(CHILD.replace("base.yaml", "../child.yaml").replace('"1.0"', '"2.0"'), "utf-8")
    out = command("expand", "--blame", str(later)).out
    assert f'version: "2.0"{" " * 46}# {later}:3\n' in out
    assert f"# {child.parent / 'base.yaml'}:11 via extends, block large\n" in out.replace("later/../", "")


def test_json_says_the_same_and_gives_the_origins_as_data(child: Path) -> None:
    content = json.loads(command("expand", "--blame", "--format", "json", str(child)).out)
    assert content["version"] == 1
    assert content["curriculum"] == document.parse(Source("x", BLAMED))[0].data  # type: ignore[union-attr]
    origins = {tuple(origin.pop("place")): origin for origin in content["origins"]}
    assert origins["stages", "STAGE_2", "parameters", "volume"] == {
        "path": str(child.with_name("base.yaml")),
        "line": 11,
        "through": ["extends", "stage STAGE_1"],
    }
    assert list(json.loads(command("expand", "--format", "json", str(child)).out)) == ["version", "curriculum"]


def test_what_cannot_be_expanded_is_said_on_standard_error(child: Path) -> None:
    base = command("expand", str(child.with_name("base.yaml")))
    assert (base.code, base.out) == (1, "")
    assert "base.yaml: a base for other files" in base.err
    child.write_text(CHILD.replace("STAGE_1\n        manual", "STAGE_9\n        manual"), "utf-8")
    ran = command("expand", str(child))
    assert (ran.code, ran.out) == (1, "")
    assert f"{child}:13:19: ATD401 error" in ran.err
    assert command("expand", str(child.parent)).code == 2


def test_standard_input_can_be_expanded(child: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(child.parent)
    with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(CHILD.encode()))):
        ran = command("expand", "--blame", "-")
    assert ran.code == 0, ran.err
    assert ran.out.replace("<stdin>", "child.yaml") == BLAMED

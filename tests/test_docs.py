"""What the pages say is so: quoted commands give the quoted output, quoted files are valid, links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autotrain_dsl import catalog

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "examples" / "README.md"])
CONSOLE = re.compile(r"^```console\n\$ (?P<command>[^\n]*)\n(?P<output>.*?)^```$", re.MULTILINE | re.DOTALL)
YAML = re.compile(r"^```yaml\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def copy_of_project(folder: Path) -> Path:
    for part in ("curriculums", "schemas", "examples"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_the_commands_of_the_readme_give_what_it_shows(tmp_path: Path, update_golden: bool) -> None:
    folder = copy_of_project(tmp_path)
    text = README.read_text(encoding="utf-8")
    slip = next(match["text"] for match in YAML.finditer(text) if "name: Slip" in match["text"])
    (folder / "slip.yaml").write_text(slip, encoding="utf-8")
    shown = [(match["command"], match["output"]) for match in CONSOLE.finditer(text)]
    assert len(shown) >= 5
    actual = [(command, output_of(command, folder)) for command, _ in shown]
    if update_golden:
        outputs = iter(output for _, output in actual)
        README.write_text(CONSOLE.sub(lambda match: f"```console\n$ {match['command']}\n{next(outputs)}```", text))
    else:
        assert actual == shown


def output_of(command: str, folder: Path) -> str:
    """What a command prints on both streams, run as a reader would."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert done.returncode in (0, 1)
    return done.stdout.decode()


def test_the_files_of_the_language_page_are_valid(tmp_path: Path) -> None:
    blocks = [match["text"] for match in YAML.finditer((ROOT / "docs" / "language.md").read_text(encoding="utf-8"))]
    curriculum, task = (next(b for b in blocks if f"\n{key}:" in b) for key in ("stages", "metrics"))
    extending = next(b for b in blocks if "\nextends:" in b)
    (tmp_path / "schemas" / "tasks").mkdir(parents=True)
    (tmp_path / "schemas" / "tasks" / "lever_press_1.0.yaml").write_text(task, encoding="utf-8")
    (tmp_path / "lever_1.0.yaml").write_text(curriculum, encoding="utf-8")
    (tmp_path / "lever_1.1.yaml").write_text(extending, encoding="utf-8")
    checked = catalog.build([tmp_path])
    assert checked.diagnostics == ()
    assert (len(checked.compilations), checked.task_schemas) == (2, 1)


def test_the_picture_of_the_readme_shows_the_tutorial_s_graph() -> None:
    checked = catalog.build([ROOT / "examples" / "tutorial"])
    graph = checked.find("First Steps", "1.0")
    assert graph is not None
    drawn = re.findall(r"^    (\S+) --> (\S+?)(?::.*)?$", README.read_text(encoding="utf-8"), re.MULTILINE)
    rules = [(stage.name, rule.target) for stage in graph.stages for rule in graph.rules(stage.name)]
    finals = [(stage.name, "[*]") for stage in graph.stages if stage.final]
    assert sorted(drawn) == sorted([("[*]", graph.initial), *rules, *finals])


def test_the_rule_of_the_readme_is_that_of_the_tutorial() -> None:
    quoted = next(m["text"] for m in YAML.finditer(README.read_text(encoding="utf-8")) if "at_stage" in m["text"])
    assert quoted in (ROOT / "examples" / "tutorial" / "first_steps.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_named_tests_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
    for name in re.findall(r"`(tests/\w+\.py)`", text):
        assert (ROOT / name).is_file(), f"{page.name} names {name}"
    headings = {
        re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for anchor in re.findall(r"\]\(#([^)]+)\)", text):
        assert anchor in headings, f"{page.name} links to its own section {anchor}"

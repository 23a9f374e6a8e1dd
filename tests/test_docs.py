"""What the pages say is so: quoted commands give the quoted output, quoted files are valid, links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from colony import RECORD

from autotrain_dsl import catalog

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "examples" / "README.md"])
EXECUTED = (
    README,
    *(
        ROOT / "docs" / f"{name}.md"
        for name in ("moving", "diagrams", "testing", "explaining", "verifying", "backtest", "pages")
    ),
)
CONSOLE = re.compile(r"^```console\n\$ (?P<command>[^\n]*)\n(?P<output>.*?)^```$", re.MULTILINE | re.DOTALL)
CASE = re.compile(r"(?<=<!-- record -->\n```text\n).*?(?=```\n<!-- end of record -->)", re.DOTALL)
YAML = re.compile(r"^```yaml\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
NAMED = re.compile(r"`(?P<name>slip[\w.]*)`,\s*```yaml\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def copy_of_project(folder: Path) -> Path:
    for part in ("curriculums", "schemas", "examples"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize("page", EXECUTED, ids=lambda page: page.name)
def test_the_commands_of_a_page_give_what_it_shows(page: Path, tmp_path: Path, update_golden: bool) -> None:
    folder = copy_of_project(tmp_path)
    text = page.read_text(encoding="utf-8")
    for match in NAMED.finditer(text):
        (folder / match["name"]).write_text(match["text"], encoding="utf-8")
    shown = [(match["command"], match["output"]) for match in CONSOLE.finditer(text)]
    assert len(shown) >= 2
    actual = [(command, output_of(command, folder)) for command, _ in shown]
    if update_golden:
        outputs = iter(output for _, output in actual)
        page.write_text(CONSOLE.sub(lambda match: f"```console\n$ {match['command']}\n{next(outputs)}```", text))
    else:
        assert actual == shown


@pytest.mark.skipif(not RECORD.is_dir(), reason="the recorded data is not there")
def test_the_case_of_the_page_on_backtests_is_what_the_record_gives(update_golden: bool) -> None:
    page = ROOT / "docs" / "backtest.md"
    files = [f"curriculums/coupled_baiting/coupled_baiting_{version}.yaml" for version in ("2.3", "2.1")]
    command = f"autotrain-dsl backtest {files[0]} --against {files[1]} --behavior {RECORD}/df_behavior_open_loop.csv"
    told = output_of(command, ROOT).replace(f"{RECORD}/", "").split("\nmice by their first difference")[0]
    text = page.read_text(encoding="utf-8")
    if update_golden:
        page.write_text(CASE.sub(lambda _: told, text), encoding="utf-8")
        return
    assert CASE.findall(text) == [told]
    picture = (ROOT / "docs" / "screens" / "backtest.svg").read_text(encoding="utf-8")
    for graduated, version in (("49 of 101", "2.1"), ("52 of 101", "2.3")):
        assert f">{version} ({graduated} mice)<" in picture
        assert graduated in told


def output_of(command: str, folder: Path) -> str:
    """What a command prints on both streams, run as a reader would."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert done.returncode in (0, 1)
    return TIME.sub("2026-01-05T08:00:00+00:00", done.stdout.decode())


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


def test_the_new_version_of_the_page_on_moving_is_what_it_says(tmp_path: Path) -> None:
    folder = copy_of_project(tmp_path) / "curriculums" / "coupled_baiting"
    (text,) = [match["text"] for match in YAML.finditer((ROOT / "docs" / "moving.md").read_text(encoding="utf-8"))]
    (folder / "coupled_baiting_2.4.yaml").write_text(text, encoding="utf-8")
    graph = catalog.build([folder]).find("Coupled Baiting", "2.4")
    assert graph is not None
    assert {stage["parameters"]["MaxTime"] for stage in graph.content["stages"]} == {70}


def test_the_pictures_are_those_that_make_docs_makes() -> None:
    script = [sys.executable, str(ROOT / "docs" / "pictures.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


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

"""The command that draws: its files, its messages and exit codes, and that it writes nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import drawings
import pytest
from browser import need_graphviz
from conftest import Run
from drawings import DATA, FINDING, FIRST_STEPS, ROOT, SCHEMAS, TWELVE

from autotrain_dsl import catalog
from autotrain_dsl.render import mermaid

GOLDEN = DATA / "render"
OURS = ("--schemas", str(SCHEMAS))


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ((), ["_paras.svg", "_rules.svg"]),
        (("--format", "png"), ["_paras.png", "_rules.png"]),
        (("--format", "dot", "--format", "dot"), ["_paras.dot", "_rules.dot"]),
        (("--format", "mermaid", "--format", "html"), [".html", "_rules.mmd"]),
    ],
)
def test_every_format_has_its_files(run: Run, tmp_path: Path, options: tuple[str, ...], names: list[str]) -> None:
    need_graphviz()
    arguments = ("render", str(FIRST_STEPS), "--output", str(tmp_path / "new"), *options)
    done = run(*arguments)
    assert (done.code, done.err) == (0, "")
    assert done.out == "First Steps@1.0: 2 of 2 files written\n"
    assert files(tmp_path / "new") == [f"First Steps@1.0{name}" for name in names]
    assert run(*arguments).out == "First Steps@1.0: unchanged\n"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_same_curriculum_gives_the_same_bytes(run_process: Run, tmp_path: Path, seed: str) -> None:
    for kind, golden in (("mermaid", "rules.mmd"), ("dot", "rules.dot")):
        options = ("--output", "-", "--format", kind, *OURS)
        done = run_process(
            "render", str(TWELVE), *options, env={"PYTHONHASHSEED": seed, "LC_ALL": "C", "TZ": "Asia/Tokyo"}
        )
        assert done.code == 0
        assert done.out == (GOLDEN / f"twelve_stages_{golden}").read_text(encoding="utf-8")
        assert "ATD413" in done.err  # findings do not mix with the text


def test_what_is_silenced_is_not_drawn(run: Run) -> None:
    path = ROOT / "curriculums" / "coupled_baiting" / "coupled_baiting_2.3.yaml"
    assert any(finding.code.id == "ATD416" for finding in catalog.build([path]).compilations[0].diagnostics)
    done = run("render", str(path), "--output", "-", "--format", "mermaid")
    assert (done.code, done.err) == (0, "")
    assert "ATD416" not in done.out


def test_a_curriculum_in_error_is_reported_and_the_others_are_drawn(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(FINDING, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(
        FINDING.replace("progress: B", "progress: X").replace("Finding", "Bad"), encoding="utf-8"
    )
    done = run("render", str(tmp_path), "--output", str(tmp_path / "out"), "--format", "mermaid", *OURS)
    assert done.code == 1
    assert f"{tmp_path / 'bad.yaml'}:9:19: ATD401 error: there is no stage `X`" in done.out
    assert "ATD415 warning" in done.out
    assert files(tmp_path / "out") == ["Finding@1_rules.mmd"]


@pytest.mark.parametrize("name", ["../out", "a/b", "..", "a\\b", "C:x", ".hidden", "a\n", "-", "a\x00b"])
def test_a_name_that_leads_elsewhere_makes_no_file(run: Run, tmp_path: Path, name: str) -> None:
    for place, text in (("name: Finding", f"name: {quoted(name)}"), ('version: "1"', f"version: {quoted(name)}")):
        (tmp_path / "in.yaml").write_text(FINDING.replace(place, text, 1), encoding="utf-8")
        done = run("render", "in.yaml", "--output", "out", "--format", "mermaid", *OURS, cwd=tmp_path)
        assert done.code == 1
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["in.yaml"] or files(tmp_path / "out") == []


def quoted(text: str) -> str:
    return '"' + "".join(f"\\x{ord(c):02x}" for c in text) + '"'


def test_a_link_in_the_place_of_a_file_is_not_followed(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "precious.txt"
    target.write_text("precious", encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "First Steps@1.0_rules.mmd").symlink_to(target)
    done = run("render", str(FIRST_STEPS), "--output", str(tmp_path / "out"), "--format", "mermaid")
    assert done.code == 3
    assert "is a link" in done.err
    assert target.read_text(encoding="utf-8") == "precious"


def test_without_graphviz_a_message_says_how_to_get_it_and_what_works_without(run_process: Run, tmp_path: Path) -> None:
    none = {"PATH": str(tmp_path)}
    done = run_process(
        "render", str(FIRST_STEPS), "--output", str(tmp_path / "a"), "--format", "svg", "--format", "mermaid", env=none
    )
    assert done.code == 3
    assert files(tmp_path / "a") == ["First Steps@1.0_rules.mmd"]
    for word in (
        "no program `dot`",
        "apt-get install graphviz",
        "brew",
        "conda",
        "winget",
        "--format mermaid",
        "--format dot",
    ):
        assert word in done.err
    done = run_process(
        "render", str(FIRST_STEPS), "--output", str(tmp_path / "b"), "--format", "dot", "--format", "html", env=none
    )
    assert done.code == 0
    assert done.err.startswith("note: pictures need Graphviz")
    assert files(tmp_path / "b") == ["First Steps@1.0.html", "First Steps@1.0_paras.dot", "First Steps@1.0_rules.dot"]
    page = (tmp_path / "b" / "First Steps@1.0.html").read_text(encoding="utf-8")
    assert "There is no picture here" in page
    assert "Water for one reward (microlitre)" in page


def test_the_largest_curriculum_is_drawn(run_process: Run, tmp_path: Path) -> None:
    need_graphviz()
    (tmp_path / "large.yaml").write_text(drawings.large(100, 18), encoding="utf-8")
    formats = [word for kind in ("svg", "mermaid", "html") for word in ("--format", kind)]
    done = run_process("render", str(tmp_path / "large.yaml"), "--output", str(tmp_path / "out"), *formats, *OURS)
    assert done.err == ""
    assert done.code == 0
    drawn = (tmp_path / "out" / "Large@1_rules.svg").read_text(encoding="utf-8")
    assert drawn.count('class="edge"') == 1 + 99 * 18
    assert "1782 rules; what they say is in their tool tips only" in drawn
    text = (tmp_path / "out" / "Large@1_rules.mmd").read_text(encoding="utf-8")
    assert len(text) <= mermaid.MAX_CHARACTERS
    assert len(re.findall(r"^\w+ (==>|-\.->|-->)", text, re.MULTILINE)) == mermaid.MAX_ARROWS
    assert '"Large 1; only 499 of ' in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((str(FIRST_STEPS), "--output", "-"), "--output - prints one text"),
        ((str(FIRST_STEPS), "--output", "-", "--format", "dot", "--format", "mermaid"), "--output - prints one text"),
        ((str(ROOT / "curriculums"), "--output", "-", "--format", "dot"), "prints one curriculum, and here are"),
        ((str(SCHEMAS), "--output", "out"), "no curriculum there that can be drawn"),
        ((str(FIRST_STEPS),), "Missing option '--output'"),
        ((str(FIRST_STEPS), "--output", "sqlite:///x.db#t"), "--output: "),
    ],
)
def test_wrong_use_is_explained(run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run("render", *arguments, cwd=tmp_path)
    assert done.code == 2
    assert said in done.err
    assert list(tmp_path.iterdir()) == []


def test_names_that_differ_only_in_capital_letters_are_refused(run: Run, tmp_path: Path) -> None:
    for name in ("Finding", "FINDING"):
        (tmp_path / f"{name}.yaml").write_text(FINDING.replace("name: Finding", f"name: {name}"), encoding="utf-8")
    done = run("render", str(tmp_path), "--output", str(tmp_path / "out"), "--format", "mermaid", *OURS)
    assert done.code == 2
    assert "FINDING@1 and Finding@1 differ only in capital letters" in done.err

"""``fmt``: one layout, every comment and empty line kept, nothing written that would mean something else."""

from __future__ import annotations

import io
import random
import re
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any
from unittest import mock

import pytest
from colony import ROOT, TASK, TINY, command

from autotrain_dsl import document, formatting, layout
from autotrain_dsl.formatting import checked, formatted
from autotrain_dsl.source import Source

OWN = [
    path
    for folder in ("curriculums", "schemas", "examples")
    for path in sorted((ROOT / folder).rglob("*.yaml"))
    if "workflow" not in path.name and "pre-commit" not in path.name
]
ODD = sorted((ROOT / "tests" / "data" / "valid").rglob("*.yaml"))

UGLY = """\
# yaml-language-server: $schema=x.json

# What this file is about.
version: '1.0'
name:   "Tiny"  # what the rigs show


dsl_version: 1
task_schema: {version: "1.0",
              name: tiny} # of the lab
stages:
    STAGE_1:
        transitions:
        # the only way on
        - when: finished_trials[-1]
            >= 200

          progress: STAGE_2
          # below the target
        parameters: { task: 'Tiny' }
        description: |
            One.
              Two.
    # the end
    STAGE_2:
        final: True
        inherits: STAGE_1
# the end of the file
"""

TIDY = """\
# yaml-language-server: $schema=x.json

# What this file is about.
dsl_version: 1
name: Tiny  # what the rigs show
version: "1.0"
task_schema: {version: "1.0", name: tiny}  # of the lab

stages:
  STAGE_1:
    description: |
      One.
        Two.
    parameters: {task: Tiny}
    transitions:
      # the only way on
      - progress: STAGE_2
        # below the target
        when: finished_trials[-1] >= 200

  # the end
  STAGE_2:
    inherits: STAGE_1
    final: true
# the end of the file
"""


def data_of(text: str) -> Any:
    read, found = document.parse(Source("x.yaml", text))
    assert read is not None, found
    assert found == []
    return read.data


def tidy(text: str) -> str:
    done = formatted(text, "x.yaml")
    assert done.text is not None, done.diagnostics
    return done.text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the task schema of the tiny curriculums."""
    (tmp_path / "schemas" / "tasks").mkdir(parents=True)
    (tmp_path / "schemas" / "tasks" / "tiny_1.0.yaml").write_text(tidy(TASK), "utf-8")
    return tmp_path


def test_a_file_in_any_layout_comes_into_the_one_with_its_comments() -> None:
    assert tidy(UGLY) == TIDY
    assert tidy("\ufeff" + UGLY.replace("\n", "\r\n")) == TIDY
    assert tidy(TIDY) == TIDY


def test_every_file_of_the_repository_is_in_the_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = command("fmt", "--check", "curriculums", "schemas", "examples")
    assert (ran.code, ran.err) == (0, ""), ran.out
    assert ran.out == f"0 files would be formatted, {len(OWN)} in the layout already\n"
    assert len(OWN) > 50


def test_every_file_of_the_repository_comes_back_from_another_indentation() -> None:
    for path in OWN:
        text = path.read_text(encoding="utf-8")
        wide = re.sub(r"^( *)(- )?", lambda m: m[1] * 2 + ("-   " if m[2] else ""), text, flags=re.MULTILINE)
        assert closely(tidy(wide.replace("\n", "\r\n"))) == closely(text), path


@pytest.mark.parametrize("path", ODD, ids=lambda path: path.stem)
def test_files_written_in_odd_ways_keep_their_meaning_and_change_only_once(path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")
    once = checked(path.read_bytes(), path).text
    assert once is not None
    assert data_of(once) == data_of(text)
    assert "\r" not in once
    assert checked(once.encode(), path).text == once


def closely(text: str) -> str:
    """A text whose comments follow their lines at the same distance: they may keep the column that they had."""
    return re.sub(r"(?<=\S) +# ", "  # ", text)


class Generated:
    """A valid file made at random; ``comments`` counts what was put into it, each with a number of its own."""

    WORDS = (
        "a", "on", "1.0", "a: b", "x # y", '"q"', "it's", "- z", "", "word " * 30, "ünï", "0x1f", "~", "@x", "*s", "&a",
        "{a", "[b", "tab\there", "new\nline", " lead", "trail ", "#hash", "é" * 130, "% y", "2024-01-01", "x[-1] >= 2",
    )  # fmt: skip
    PLAIN = ("GRADUATED", "plain words", "x" * 130, "w " * 70 + "end", "1", "0.70", "-3.5e-3", "true", "Null", "~", "")
    BODIES = (["one", "two"], ["one", "", "  two"], ["# text", "x"], ["long " * 40], ["end", "", ""])

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.comments = 0
        lines = self.mapping(0)
        self.around(0, lines)
        text = "\n".join(lines) + self.random.choice(["\n", "\n\n\n", ""])
        text = self.random.choice(["", "", "", "---\n", "\ufeff"]) + text
        self.text = text.replace("\n", "\r\n") if self.random.random() < 0.2 else text

    def comment(self) -> str:
        self.comments += 1
        return f"#{self.random.choice(['', ' ', '  '])}c{self.comments}."

    def behind(self) -> str:
        """What follows on a line."""
        if self.random.random() < 0.8:
            return ""
        return " " * self.random.choice([1, 2, 30]) + self.comment()

    def around(self, depth: int, lines: list[str]) -> None:
        """Empty lines, and comments in any column."""
        for _ in range(self.random.choice([0, 0, 0, 1, 2])):
            column = self.random.choice([0, 2 * depth, 2 * depth + 2, 2 * depth + 5])
            lines.append(
                self.random.choice(["", "   "]) if self.random.random() < 0.5 else " " * column + self.comment()
            )

    def mapping(self, depth: int) -> list[str]:
        lines: list[str] = []
        for number in range(self.random.randint(1, 3)):
            self.around(depth, lines)
            key = self.random.choice(["k{}", '"q {}"', "'it''s {}'", "stages{}", "? k{}\n" + "  " * depth])
            self.entry(depth, "  " * depth + key.format(number) + ":", lines)
        return lines

    def sequence(self, depth: int) -> list[str]:
        lines: list[str] = []
        for _ in range(self.random.randint(1, 3)):
            self.around(depth, lines)
            if self.random.random() < 0.3:
                inner = self.mapping(depth + 1)
                first = next(n for n, line in enumerate(inner) if line.strip() and not line.lstrip().startswith("#"))
                inner[first] = "  " * depth + "- " + inner[first][2 * depth + 2 :]
                lines += inner
            else:
                self.entry(depth, "  " * depth + "-", lines)
        return lines

    def entry(self, depth: int, head: str, lines: list[str]) -> None:
        kind = self.random.random()
        if depth < 3 and kind < 0.35:
            block: Callable[[int], list[str]] = self.random.choice([self.mapping, self.sequence])
            lines.append(head + self.behind())
            lines += block(depth + 1)
        elif kind < 0.55:
            lines.append(f"{head} {self.flow(depth)}{self.behind()}")
        elif kind < 0.65:
            header = self.random.choice(["|", ">", "|-", ">-", "|+", ">+", "|2", ">-2"])
            margin = "  " * depth + " " * (2 if "2" in header else self.random.choice([1, 2, 4]))
            lines.append(f"{head} {header}{self.behind()}")
            lines += [f"{margin}{line}" if line else "" for line in self.random.choice(self.BODIES)]
        else:
            lines.append(f"{head} {self.scalar()}{self.behind()}")

    def flow(self, depth: int) -> str:
        margin = "  " * (depth + 2)
        between = self.random.choice([", ", ",", ",\n" + margin, None])
        parts = []
        for number in range(self.random.randint(0, 3)):
            value = self.flow(depth + 1) if self.random.random() < 0.15 else self.scalar()
            parts.append((number, value))
        glue = [between if between is not None else f", {self.comment()}\n{margin}" for _ in parts[1:]]
        end = f" {self.comment()}\n{margin}" if parts and self.random.random() < 0.1 else ""
        left, right = self.random.choice([("{", "}"), ("[", "]")])
        items = [f"k{number}: {value}" if left == "{" else value or '""' for number, value in parts]
        return left + "".join(a + b for a, b in zip(items, [*glue, ""], strict=False)) + end + right

    def scalar(self) -> str:
        word, how = self.random.choice(self.WORDS), self.random.random()
        if how < 0.3:
            return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'
        return "'" + word.replace("'", "''").replace("\n", " ") + "'" if how < 0.5 else self.random.choice(self.PLAIN)


def test_a_thousand_generated_files_keep_their_data_and_comments_and_change_only_once() -> None:
    changed = comments = 0
    for seed in range(1_000):
        file = Generated(seed)
        once = tidy(file.text)
        assert layout_free(once) == layout_free(file.text), f"seed {seed}"
        kept = sorted(int(number) for number in re.findall(r"#\s*c(\d+)\.", once))
        assert kept == list(range(1, file.comments + 1)), f"seed {seed}"
        assert tidy(once) == once, f"seed {seed}"
        assert "\r" not in once
        assert "\n\n\n" not in re.sub(r"[|>][-+0-9]* *(#.*)?\n(?:\n| +.*\n)+", "", once), f"seed {seed}"
        changed += once != file.text
        comments += file.comments
    assert changed > 900
    assert comments > 1_500


def layout_free(text: str) -> str:
    """Data as text that differs as soon as a value, its type or the order of keys does."""
    return repr(data_of(text.removeprefix("\ufeff")))


def test_files_are_replaced_whole_with_their_mode_and_links_in_folders_left_alone(folder: Path) -> None:
    outside, inside = folder / "outside.yaml", folder / "curriculums" / "tiny.yaml"
    inside.parent.mkdir()
    ugly = TINY.replace("\n  ", "\n    ").replace("dsl_version: 1", "dsl_version:   1  # one")
    for path in (outside, inside):
        path.write_text(ugly, "utf-8")
    inside.chmod(0o640)
    (inside.parent / "link.yaml").symlink_to(outside)
    (inside.parent / "notes.yaml").write_text("a:   1\n", "utf-8")
    before = inside.stat().st_ino
    ran = command("fmt", str(inside.parent))
    assert (ran.code, ran.out) == (0, f"formatted: {inside}\n1 file formatted, 0 in the layout already\n")
    assert inside.read_text("utf-8") == tidy(ugly) != ugly
    assert stat.S_IMODE(inside.stat().st_mode) == 0o640
    assert inside.stat().st_ino != before
    assert outside.read_text("utf-8") == ugly
    assert sorted(path.name for path in inside.parent.iterdir()) == ["link.yaml", "notes.yaml", "tiny.yaml"]
    assert command("fmt", str(inside.parent / "link.yaml")).code == 0  # asked for by its name
    assert (inside.parent / "link.yaml").is_symlink()
    assert outside.read_text("utf-8") == tidy(ugly)


def test_check_names_the_files_and_diff_shows_the_lines_and_neither_writes(folder: Path) -> None:
    path = folder / "tiny.yaml"
    ugly = TINY.replace("name: Tiny", "name:   'Tiny'")
    path.write_text(ugly, "utf-8")
    assert command("fmt", "--check", str(folder)).out.startswith(
        f"would format: {path}\n1 file would be formatted, 1 in"
    )
    assert command("fmt", "--check", str(folder)).code == 1
    ran = command("fmt", "--diff", str(path))
    assert ran.code == 0
    assert {"-name:   'Tiny'", "+name: Tiny", f"--- {path}", f"+++ {path}"} <= set(ran.out.splitlines())
    assert path.read_text("utf-8") == ugly
    path.write_text(ugly + "#\n" * 3_000, "utf-8")  # so long that comparing could take minutes
    ran = command("fmt", "--diff", str(path))
    assert ran.out.splitlines()[2].startswith(f"@@ -1,{len(ugly.splitlines()) + 3_000} +1,")
    assert command("fmt", str(path)).code == 0
    assert command("fmt", "--check", "--diff", str(path)).code == 0


def test_what_is_no_yaml_is_reported_and_left_as_it_is_and_the_others_are_formatted(folder: Path) -> None:
    broken, other = folder / "a.yaml", folder / "b.yaml"
    broken.write_text("name: [1\nstages: {}\n", "utf-8")
    other.write_text(TINY.replace("dsl_version: 1", "dsl_version:  1"), "utf-8")
    ran = command("fmt", str(broken), str(other))
    assert ran.code == 1
    assert f"{broken}:2:7: ATD005 error" in ran.out
    assert ran.out.endswith("1 file formatted, 0 in the layout already, 1 left as it is\n")
    assert broken.read_text("utf-8") == "name: [1\nstages: {}\n"
    assert other.read_text("utf-8") == tidy(TINY)
    anchored = folder / "c.yaml"
    anchored.write_text("a: &x 1\nb: *x\n", "utf-8")
    assert "ATD007" in command("fmt", str(anchored)).out
    assert anchored.read_text("utf-8") == "a: &x 1\nb: *x\n"


def reordered(data: dict[str, Any], trivia: layout.Trivia, *, reorder: bool) -> str:
    """A writer that is wrong in a way that plain data does not show: the stages in another order."""
    del reorder
    return ARRANGED({**data, "stages": dict(reversed(data["stages"].items()))}, trivia, reorder=False)


def forgetful(data: dict[str, Any], trivia: layout.Trivia, *, reorder: bool) -> str:
    """A writer that loses comments."""
    del trivia
    return ARRANGED(data, layout.Trivia(), reorder=reorder)


def inventive(data: dict[str, Any], trivia: layout.Trivia, *, reorder: bool) -> str:
    """A writer that changes a value into one that looks the same."""
    return ARRANGED({**data, "version": 1.0}, trivia, reorder=reorder)


ARRANGED = layout.arranged


@pytest.mark.parametrize("wrong", [reordered, forgetful, inventive], ids=lambda writer: writer.__name__)
def test_nothing_is_written_that_would_mean_something_else(
    folder: Path, wrong: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "tiny.yaml"
    ugly = TINY.replace("dsl_version: 1", "dsl_version:   1  # one")
    path.write_text(ugly, "utf-8")
    monkeypatch.setattr(layout, "arranged", wrong)
    ran = command("fmt", str(path))
    assert ran.code == 1
    assert f"{path}:1:1: ATD831 error" in ran.out
    assert path.read_text("utf-8") == ugly


def test_standard_input_goes_to_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def given(content: bytes, *arguments: str) -> tuple[int, str]:
        with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(content))):
            ran = command("fmt", *arguments, "-")
        return ran.code, ran.out

    assert given(TINY.replace("name: Tiny", "name:  'Tiny'").encode()) == (0, tidy(TINY))
    assert given(TINY.replace("name: Tiny", "name:  'Tiny'").encode(), "--check") == (1, "would format: -\n")
    code, out = given(b"a: [\n")
    assert code == 1
    assert out.startswith("<stdin>:")
    assert command("fmt", "-", "x.yaml").code == 2


def test_a_folder_without_files_of_ours_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:  {}\n", "utf-8")
    ran = command("fmt", str(tmp_path))
    assert (ran.code, ran.out) == (2, "")
    assert "no file there that this program has a layout for" in ran.err


def test_what_stands_in_a_file_reaches_no_terminal(folder: Path) -> None:
    path = folder / "tiny.yaml"
    path.write_text(TINY + dedent('        because: "\\e[31m' + "red'\n").replace("'", '"'), "utf-8")
    assert "\x1b" not in command("fmt", "--diff", str(path)).out


def test_a_file_that_cannot_be_replaced_stays_whole_and_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "tiny.yaml"
    ugly = TINY.replace("name: Tiny", "name:   'Tiny'")
    path.write_text(ugly, "utf-8")
    monkeypatch.setattr("os.replace", mock.Mock(side_effect=PermissionError(13, "Permission denied")))
    ran = command("fmt", str(path))
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == f"error: cannot write {path}: Permission denied\n"
    assert path.read_text("utf-8") == ugly
    assert [each.name for each in folder.iterdir() if each.name.startswith(".")] == []


def test_a_comment_between_a_key_and_its_value_stays_with_the_key() -> None:
    text = "name: A\ndescription:\n  # about the description\n  text\nversion:\n  # never change\n  '1.0'\n"
    done = formatted(text, "x.yaml").text
    assert done is not None
    assert "# about the description\ndescription: text\n" in done
    assert '# never change\nversion: "1.0"\n' in done


def test_a_file_that_changes_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("dsl_version:  1\nname: A\n", "utf-8")

    def meanwhile(*arguments: Any) -> Any:
        done = checked(*arguments)
        path.write_text("dsl_version:  1\nname: B\n", "utf-8")
        return done

    monkeypatch.setattr(formatting, "checked", meanwhile)
    ran = command("fmt", str(path))
    assert ran.code == 3
    assert "somebody has changed it meanwhile" in ran.err
    assert path.read_text("utf-8") == "dsl_version:  1\nname: B\n"

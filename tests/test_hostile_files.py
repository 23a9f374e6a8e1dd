"""Nothing in a file makes the program slow, large or crash, and nothing in it is run."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import hostile
import pytest

from autotrain_dsl import catalog
from autotrain_dsl.diagnostics import MAX_FINDINGS
from autotrain_dsl.report import json, text

ROOT = Path(__file__).resolve().parent.parent
CPU_SECONDS = 20  # stops a test that hangs; how long it takes is measured in benchmarks/
MEGABYTES = 100

MUTATED = """\
dsl_version: 1
name: Mutated
version: "1.0"
task_schema: {name: dummy_task, version: "0.1"}
constants: {window: 3}
derived:
  recent: mean(dummy_metric_float[-window:])
blocks:
  base: {task: Dummy task, dummy_para_bool: false}
stages:
  FIRST:
    use: [base]
    parameters: {dummy_para_float: 0.1}
    transitions:
      - progress: LAST
        when:
          all: [recent > 0.5, session_at_current_stage >= window]
        because: "good enough"
      - stay: true
        when: >-
          dummy_metric_int[-1] < 5
          and not any(dummy_metric_int[-3:] > 7)
  LAST: {inherits: FIRST, final: true}  # a comment
"""
TOKENS = (
    "&a ",
    "*a",
    "<<: ",
    "!!python/name:os.system ",
    "!x ",
    "%YAML 1.1\n",
    "---\n",
    "...\n",
    "{",
    "}",
    "[",
    "]",
    "- ",
    ": ",
    "? ",
    "|\n",
    ">\n",
    "'",
    '"',
    "#",
    "\t",
    "\n",
    "\r",
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\ufeff",
    "null",
    "~",
    "010",
    "1e999",
    ".nan",
    "2024-01-02",
    "__class__",
    "lambda: 0",
    "().__class__",
    "f'{x}'",
    "x.y",
    "**",
    "[-0:]",
    "(" * 30,
    "9" * 5000,
    "extends: /etc/passwd\n",
    "extends: ../x.yaml\n",
    "abstract: true\n",
    "\U0001f42d",
    "\ud7ff",
    "\\",
    "%s",
)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak memory of a process is read from /proc")
@pytest.mark.parametrize("name", hostile.FILES)
def test_a_hostile_file_is_answered_with_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.yaml"
    path.write_text(hostile.FILES[name](), encoding="utf-8")
    program = (
        "import re, sys; from autotrain_dsl.cli.main import main;"
        "code = main.main(standalone_mode=False);"
        "sys.stderr.write(re.search(r'VmHWM:\\s*(\\d+) kB', open('/proc/self/status').read())[1]); sys.exit(code)"
    )
    command = [sys.executable, "-c", program, "validate", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=_limit, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.count(": ATD") <= MAX_FINDINGS + 1
    assert len(done.stdout) < 1_000_000
    kilobytes = int(done.stderr)
    assert kilobytes < MEGABYTES * 1024


@pytest.mark.parametrize("seed", range(8))
def test_mutated_files_are_findings_and_never_exceptions(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    path = tmp_path / "mutated.yaml"
    for _ in range(250):
        content = MUTATED
        for _ in range(chance.randint(1, 4)):
            content = chance.choice(MUTATIONS)(content, chance)
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
        _check(path)


EXTENDING = """\
dsl_version: 1
name: Mutated
version: "1.1"
extends: mutated.yaml
constants: {window: 4, more: 2}
derived: {recent: null}
blocks: {base: {dummy_para_bool: true}}
stages:
  FIRST:
    label: A label
    parameters: {dummy_para_float: 0.2}
    transitions:
      - progress: LAST
        when: {all: [mean(dummy_metric_float[-window:]) > more, session_at_current_stage >= window]}
        because: "changed"
  LAST: null
  NEW: {inherits: FIRST, use: [base], final: true}
"""


@pytest.mark.parametrize("seed", range(4))
def test_mutated_files_that_extend_another_are_findings_and_never_exceptions(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    (tmp_path / "mutated.yaml").write_text(MUTATED, encoding="utf-8")
    path = tmp_path / "extending.yaml"
    for _ in range(200):
        content = EXTENDING
        for _ in range(chance.randint(1, 4)):
            content = chance.choice(MUTATIONS)(content, chance)
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
        _check(path)


WRONG_VALUES = ("3", "0.5", "text", "yes", '"quoted"', "true", "[]", "[1]", "{}", "{a: 1}", "{a: {b: [1]}}", "null", "")


@pytest.mark.parametrize("extending", [False, True], ids=["alone", "extending"])
def test_every_value_of_a_wrong_kind_is_a_finding(extending: bool, tmp_path: Path) -> None:
    (tmp_path / "mutated.yaml").write_text(MUTATED, encoding="utf-8")
    path = tmp_path / "wrong.yaml"
    lines = (EXTENDING if extending else MUTATED).splitlines()
    for number, line in enumerate(lines):
        key, colon, _ = line.partition(":")
        for value in WRONG_VALUES if colon else ():
            indent = len(line) - len(line.lstrip(" -"))
            rest = lines[number + 1 :]
            while rest and len(rest[0]) - len(rest[0].lstrip(" -")) > indent:
                rest = rest[1:]  # what stood below the key
            path.write_text("\n".join([*lines[:number], f"{key}: {value}", *rest, ""]), encoding="utf-8")
            _check(path)


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_are_findings_and_never_exceptions(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    path = tmp_path / "random.yaml"
    for _ in range(100):
        path.write_bytes(chance.randbytes(chance.randint(0, 400)))
        _check(path)


def test_a_mutation_of_the_task_schema_is_a_finding(tmp_path: Path) -> None:
    original = (ROOT / "schemas" / "tasks" / "dummy_task_0.1.yaml").read_text(encoding="utf-8")
    chance = random.Random(0)
    path = tmp_path / "dummy_task_0.1.yaml"
    for _ in range(300):
        content = original
        for _ in range(chance.randint(1, 3)):
            content = chance.choice(MUTATIONS)(content, chance)
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
        _check(path)


def _check(path: Path) -> None:
    """Whatever is in a file, findings come out, point into it, and can be shown."""
    checked = catalog.build([path])
    for finding in checked.diagnostics:
        assert 0 <= finding.span.start <= finding.span.end <= len(finding.span.source.text)
        assert finding.message
    shown = text.findings(checked.diagnostics)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert json.findings(checked.diagnostics, {}).isascii()
    usable = any(compilation.graph for compilation in checked.compilations) or checked.task_schemas
    assert usable or checked.diagnostics or checked.skipped or any(c.abstract for c in checked.compilations)


def _insert(content: str, chance: random.Random) -> str:
    at = chance.randint(0, len(content))
    return content[:at] + chance.choice(TOKENS) + content[at:]


def _delete(content: str, chance: random.Random) -> str:
    at = chance.randint(0, len(content))
    return content[:at] + content[at + chance.randint(1, 12) :]


def _replace(content: str, chance: random.Random) -> str:
    at = chance.randint(0, max(len(content) - 1, 0))
    return content[:at] + chr(chance.randint(32, 126)) + content[at + 1 :]


def _truncate(content: str, chance: random.Random) -> str:
    return content[: chance.randint(0, len(content))]


def _swap_lines(content: str, chance: random.Random) -> str:
    lines = content.split("\n")
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


def _repeat_line(content: str, chance: random.Random) -> str:
    lines = content.split("\n")
    at = chance.randrange(len(lines))
    return "\n".join([*lines[: at + 1], *lines[at:]])


def _indent(content: str, chance: random.Random) -> str:
    lines = content.split("\n")
    at = chance.randrange(len(lines))
    lines[at] = " " * chance.randint(0, 9) + lines[at].lstrip()
    return "\n".join(lines)


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _insert, _insert, _insert, _delete, _replace, _truncate, _swap_lines, _repeat_line, _indent,
)  # fmt: skip


def test_hostile_files_are_as_large_as_they_may_be_and_no_larger() -> None:
    sizes = {name: len(make()) for name, make in hostile.FILES.items()}
    assert [name for name, size in sizes.items() if size > hostile.LIMIT] == ["too_large"]

"""Time `validate` beside check-jsonschema on the same files and schema: ``python benchmarks/validate.py``.

Three comparisons, each in turn: reading all curriculums and checking them against the JSON Schema, in one process,
which is the work of both; all that `validate` does in one process, which also lays files over each other, compiles
conditions and checks parameters and the graph of stages; and both as whole commands, start included.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import check_jsonschema  # type: ignore[import-untyped]  # it ships no types

from autotrain_dsl import catalog, document, schema

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SCHEMA = ROOT / "schemas" / "v1" / "curriculum.schema.json"
FILES = [path for path in sorted((ROOT / "curriculums").rglob("*.yaml")) if ".test." not in path.name]
RUNS = 15


def main() -> None:
    """Run everything in turn and print a Markdown table with the ratios."""
    names = ("ruamel.yaml", "jsonschema", "check-jsonschema")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="")
    print("".join(f", {name} {version(name)}" for name in names))
    print(f"{len(FILES)} files, {sum(file.stat().st_size for file in FILES):,} bytes, {RUNS} runs each\n")
    print("| work | autotrain-dsl s | check-jsonschema s | ratio of medians |\n|---|---|---|---|")
    compare("read and check against the schema, one process", structure, theirs)
    compare("everything that validate does, one process", everything, theirs)
    command = [str(BIN / "check-jsonschema"), "--schemafile", str(SCHEMA), *map(str, FILES)]
    own = [str(BIN / "autotrain-dsl"), "validate", *map(str, FILES)]
    compare("whole commands", lambda: run(own), lambda: run(command))


def compare(name: str, ours: Callable[[], None], others: Callable[[], None]) -> None:
    """Time two pieces of work in turn and print a row."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(RUNS):
        for work, times in zip((ours, others), taken, strict=True):
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
    first, second = (statistics.median(times) for times in taken)
    print(f"| {name} | {first:.3f} | {second:.3f} | {first / second:.2f} |")


def structure() -> None:
    """What both do."""
    for file in FILES:
        read, found = document.read(file)
        assert read is not None
        assert not found
        assert not schema.check(read, "curriculum")


def everything() -> None:
    """What `validate` does."""
    assert catalog.build(FILES).diagnostics == ()


def theirs() -> None:
    """check-jsonschema within this process."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        check_jsonschema.main(["--schemafile", str(SCHEMA), *map(str, FILES)])


def run(command: list[str]) -> None:
    """A whole command."""
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()

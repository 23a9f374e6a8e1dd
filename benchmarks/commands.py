"""Time whole commands as a user runs them: ``python benchmarks/commands.py``.

Prints the machine, the versions and, for every command, the fastest and the median of a few runs, with the peak memory.
Behind the hostile files stand the promises of the README: at most 1 s and 100 MB each.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT.parent / "shared" / "data" / "df_behavior_open_loop.csv"
RUNS = 5
sys.path.insert(0, str(ROOT / "tests"))

import hostile  # noqa: E402 - lies beside the tests that use the same files


def main() -> None:
    """Run everything and print a Markdown table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="")
    print(
        "".join(
            f", {name} {version(name)}" for name in ("ruamel.yaml", "jsonschema", "networkx", "pandas", "simpleeval")
        )
    )
    print("\n| command | fastest s | median s | peak MB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in commands(Path(folder)):
            row(name, arguments)


def commands(folder: Path) -> list[tuple[str, list[str]]]:
    """What is timed, by name."""
    found = [
        ("--help", ["--help"]),
        ("validate one file", ["validate", "curriculums/coupled_baiting/coupled_baiting_2.3.yaml"]),
        ("validate 23 curriculums", ["validate", "curriculums"]),
    ]
    tables = ["--manager", str(folder / "m.parquet"), "--dry-run", "--curriculums", "curriculums"]
    found.append(("evaluate the example colony", ["evaluate", "--behavior", "examples/df_behavior.csv", *tables]))
    if RECORD.is_file():
        default = ["--default-curriculum", "Coupled Baiting@2.3"]
        found.append(("evaluate 2,494 real sessions", ["evaluate", "--behavior", str(RECORD), *default, *tables]))
    for name, make in hostile.FILES.items():
        path = folder / f"{name}.yaml"
        path.write_text(make(), encoding="utf-8")
        found.append((f"validate hostile {name}", ["validate", str(path)]))
    return found


def row(name: str, arguments: list[str]) -> None:
    """Run a command a few times in processes of its own."""
    times, memory = [], 0
    for _ in range(RUNS):
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "autotrain_dsl", *arguments],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        times.append(time.perf_counter() - start)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise RuntimeError(f"{name} ended with {process.returncode}")
        memory = max(memory, usage.ru_maxrss // 1024)
    print(f"| {name} | {min(times):.2f} | {statistics.median(times):.2f} | {memory} |", flush=True)


if __name__ == "__main__":
    main()

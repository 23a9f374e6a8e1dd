"""Time how long commands take to start: ``python benchmarks/startup.py``.

Prints the machine, the versions and, for every command about one file, the fastest of a few runs beside that of a
process that only imports the libraries that the command cannot do without; then which modules of our own take longest
to load. Compiled modules are kept, as they are where the program is installed.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = "curriculums/coupled_baiting/coupled_baiting_2.3.yaml"
RUNS = 7
SHOWN = 5
LIBRARIES = ("click", "ruamel.yaml", "jsonschema", "networkx", "simpleeval")

# What is timed, and the libraries without which it cannot be done.
COMMANDS = {
    "--help": (["--help"], LIBRARIES[:1]),
    "validate one file": (["validate", FILE], LIBRARIES),
    "fmt --check one file": (["fmt", "--check", FILE], LIBRARIES[:2]),
}
_LOADED = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(autotrain_dsl\S*)")


def main() -> None:
    """Run everything and print two Markdown tables."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="")
    print("".join(f", {name} {version(name)}" for name in LIBRARIES))
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = folder  # whatever is compiled elsewhere, all of it is compiled here
        print("\n| command | fastest s | unavoidable imports s | difference ms |\n|---|---|---|---|")
        for name, (arguments, libraries) in COMMANDS.items():
            row(name, ["-m", "autotrain_dsl", *arguments], ["-c", f"import {', '.join(libraries)}"], environment)
        print("\n| command | our own imports that take longest, ms |\n|---|---|")
        for name, (arguments, _) in COMMANDS.items():
            print(f"| {name} | {slowest(arguments, environment)} |", flush=True)


def row(name: str, command: list[str], peer: list[str], environment: dict[str, str]) -> None:
    """Run a command and its peer by turns, in processes of their own."""
    run(command, environment)  # compiles what both load
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(RUNS):
        for arguments, found in zip((command, peer), times, strict=True):
            start = time.perf_counter()
            run(arguments, environment)
            found.append(time.perf_counter() - start)
    ours, theirs = map(min, times)
    print(f"| {name} | {ours:.3f} | {theirs:.3f} | {(ours - theirs) * 1000:.0f} |", flush=True)


def slowest(arguments: list[str], environment: dict[str, str]) -> str:
    """The modules of our own that take longest to load, without what they load themselves."""
    told = run(["-X", "importtime", "-m", "autotrain_dsl", *arguments], environment)
    loaded = sorted(((int(micro), name) for micro, name in _LOADED.findall(told)), reverse=True)
    return ", ".join(f"`{name}` {micro / 1000:.1f}" for micro, name in loaded[:SHOWN])


def run(arguments: list[str], environment: dict[str, str]) -> str:
    """What a Python process writes to its standard error."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stderr


if __name__ == "__main__":
    main()

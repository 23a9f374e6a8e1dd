"""Measure everything and write docs/performance.md: ``make performance``, some ten minutes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
HEAD = """\
# How fast it is

Everything here is measured by `make performance`, which writes this page. Compare ratios and not seconds: every program
ran beside its peers on the same work in the same run, and on another machine all of them take another time. What it
means for a lab, and what to do when a colony outgrows a machine, is in [scaling](scaling.md).
"""
SECTIONS = (
    ("judging.py", "Judging alone", """\
Sessions in memory, no files: decisions for all sessions of all mice. The program *written by hand* is
`benchmarks/by_hand.py`, made for one curriculum and for tables without gaps; what is judged *in columns* comes out the
same, and takes missing data, ragged histories, trainers' stages and any curriculum as well. simpleeval and zen-engine
only evaluate the rules of the stage, and follow no mouse.
"""),
    ("whole.py", "Whole nights", """\
From the command to the published tables, with reasons, hashes and statistics. The peer reads and writes the same tables
with pandas and judges nothing.
"""),
    ("nightly.py", "A night that adds a few sessions", """\
A df_manager with a million rows, and one new session for a thousand of the mice.
"""),
    ("pages.py", "Pages", """\
Pages of a large colony, made and opened in a browser. The peer is one chart of the same sessions by the same library.
"""),
    ("startup.py", "How long commands take to start", """\
The peer only imports the libraries that a command cannot do without.
"""),
)  # fmt: skip


def main() -> None:
    """Run every script and write the page."""
    parts = [HEAD]
    for script, title, text in SECTIONS:
        print(script, flush=True)
        measured = output(sys.executable, f"benchmarks/{script}")
        parts.append(f"## {title}\n\n`python benchmarks/{script}`. {text}\n{measured}")
    print("parts.py", flush=True)
    text = "`pytest benchmarks/parts.py`. Groups of programs that do the same work; medians.\n"
    parts.append(f"## The parts of one decision\n\n{text}\n{of_parts()}")
    PAGE.write_text("\n".join(part.rstrip() + "\n" for part in parts), "utf-8")


def output(*command: str) -> str:
    """What a script prints."""
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip() + "\n"


def of_parts() -> str:
    """The medians of pytest-benchmark as a table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parts.json"
        options = ["-q", "-p", "no:cacheprovider", f"--benchmark-json={path}"]
        output(sys.executable, "-m", "pytest", "benchmarks/parts.py", *options)
        found = json.loads(path.read_text("utf-8"))["benchmarks"]
    lines = [
        f"| {each['group']} | {each['name'].removeprefix('test_').replace('_', ' ')} | "
        f"{each['stats']['median'] * 1e6:,.1f} |"
        for each in found
    ]
    return "\n".join(["| group | what | us |", "|---|---|---|", *lines]) + "\n"


if __name__ == "__main__":
    main()

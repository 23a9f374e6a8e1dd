"""Time whole processes: ``python benchmarks/whole.py`` (``--quick`` leaves out what takes minutes).

``evaluate`` from nothing on tables of every size, beside a process that reads and writes the same tables with pandas
and judges nothing; then a large colony in parts with one and with two Dask workers. Every figure is of processes of
their own, the fastest of a few; memory is the peak of the process, tables are measured as pandas holds them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from judging import machine, table
from nightly import timed

ROOT = Path(__file__).resolve().parent.parent
SESSIONS = 100
SIZES = (10, 1_000, 10_000, 100_000, 1_000_000)
PARTS, PART = 40, 100_000
BILLION = 1_000_000_000
RULES = ["--curriculums", str(ROOT / "curriculums"), "--default-curriculum", "Coupled Baiting@2.3"]
PEER = """
import sys, pandas as pd
behavior, manager, stats, out = sys.argv[1:]
pd.read_parquet(behavior)
pd.read_parquet(manager).to_parquet(out + ".parquet")
pd.read_parquet(stats).to_parquet(out + "_stats.parquet")
"""


def main() -> None:
    """Run everything and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    print(f"{machine('pandas', 'numpy', 'pyarrow', 'distributed')}\n")
    with tempfile.TemporaryDirectory() as folder:
        print("A first night, all sessions new, by all 23 curriculums:\n")
        heads = ["sessions", "evaluate s", "pandas s", "ratio", "evaluate MB", "tables MB", "memory / tables"]
        table(heads, [first_night(Path(folder), size) for size in SIZES[: 4 if given.quick else None]])
        if not given.quick:
            print(f"{PARTS * PART:,} sessions in {PARTS} parts, by Dask workers of one thread each:\n")
            rows, seconds = distributed(Path(folder))
            table(["workers", "s", "million sessions a minute", "times one worker"], rows)
            print("What that makes for larger colonies, if workers, disks and network keep up:\n")
            table(["sessions", "worker minutes", "with 8 workers", "with 64 workers"], sizing(seconds))


def colony(sessions: int, seed: int = 1) -> pd.DataFrame:
    """Random sessions of mice with a hundred each."""
    mice, chance = max(sessions // SESSIONS, 1), np.random.default_rng(seed)
    each = min(sessions, SESSIONS)
    names = [f"{seed}{number:06d}" for number in range(mice)]
    return pd.DataFrame({
        "subject_id": np.repeat(names, each), "session": np.tile(np.arange(1, each + 1), mice),
        "session_date": "2026-01-01", "task": "Coupled Baiting",
        "finished_trials": chance.integers(100, 700, mice * each),
        "foraging_efficiency": chance.uniform(0.4, 0.95, mice * each).round(3),
    })  # fmt: skip


def first_night(folder: Path, sessions: int) -> list[Any]:
    """Both programs on one size."""
    behavior = folder / "behavior.parquet"
    colony(sessions).to_parquet(behavior)
    ours, peers = [], []
    for _ in range(3 if sessions < 1_000_000 else 2):
        work = folder / "work"
        work.mkdir()
        manager = work / "m.parquet"
        ours.append(python("-m", "autotrain_dsl", "evaluate", *RULES, "--behavior", behavior, "--manager", manager))
        peers.append(python("-c", PEER, behavior, manager, work / "m_stats.parquet", work / "out"))
        tables = sum(pd.read_parquet(each).memory_usage(deep=True).sum() for each in (behavior, manager)) / 2**20
        shutil.rmtree(work)
    (own, memory), peer = (min(s for s, _ in ours), max(m for _, m in ours)), min(s for s, _ in peers)
    return [
        f"{sessions:,}", f"{own:.2f}", f"{peer:.2f}", f"{own / peer:.1f}", f"{memory:,}", f"{tables:,.0f}",
        f"{memory / tables:.1f}" if tables > 100 else "",
    ]  # fmt: skip


def distributed(folder: Path) -> tuple[list[list[Any]], float]:
    """The same colony in parts judged by one worker and by two; and the seconds of one worker for a million."""
    behavior = folder / "behavior"
    behavior.mkdir()
    for part in range(PARTS):
        colony(PART, 100 + part).to_parquet(behavior / f"p{part:02d}.parquet")
    seconds = {}
    for workers in (1, 2):
        with ExitStack() as stack:
            address = cluster(stack, workers)
            options = ["--engine", "dask", "--scheduler", address, "--behavior", f"{behavior}/"]
            command = ["-m", "autotrain_dsl", "evaluate", *RULES, *options]
            python(*command, "--manager", f"{folder}/warm/", "--subject", "100000000")  # so that all is imported
            seconds[workers] = python(*command, "--manager", f"{folder}/m{workers}/")[0]
    rows = [[n, f"{s:.1f}", f"{PARTS * PART / 1e6 / s * 60:.1f}", f"{seconds[1] / s:.2f}"] for n, s in seconds.items()]
    return rows, seconds[1] / (PARTS * PART / 1e6)


def cluster(stack: ExitStack, workers: int) -> str:
    """The address of a scheduler with workers, for the while."""
    _, line = dask(stack, "Scheduler at:", "scheduler", "--host", "127.0.0.1", "--port", "0")
    address = line.split()[-1]
    for _ in range(workers):
        dask(stack, "Registered to:", "worker", address, "--nthreads", "1", "--no-nanny", "--memory-limit", "0")
    return address


def dask(stack: ExitStack, says: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A process of Dask, once it is there."""
    log = stack.enter_context(tempfile.NamedTemporaryFile("w+"))  # noqa: SIM115 - the stack is its context
    command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
    process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, text=True))
    stack.callback(process.kill)
    while process.poll() is None:
        found = [line for line in Path(log.name).read_text().splitlines() if says in line]
        if found:
            return process, found[0]
        time.sleep(0.1)
    raise RuntimeError(f"dask {arguments[0]} ended")


def python(*arguments: Any) -> tuple[float, int]:
    """Seconds and peak memory in MB of a Python process."""
    return timed([sys.executable, *map(str, arguments)])


def sizing(seconds: float) -> list[list[Any]]:
    """What a colony costs, by the measured seconds of one worker for a million sessions."""
    rows = []
    for sessions in (10_000_000, 100_000_000, BILLION):
        minutes = sessions / 1e6 * seconds / 60
        rows.append([f"{sessions:,}", f"{minutes:,.1f}", f"{minutes / 8:,.1f} min", f"{minutes / 64:,.1f} min"])
    return rows


if __name__ == "__main__":
    main()

"""Time a nightly run over a large colony against pandas on the same tables: ``python benchmarks/nightly.py``.

The colony is made from a thousand mice that are judged for good and then multiplied under other names. The peer reads
df_behavior and df_manager and writes df_manager and df_manager_stats with pandas, and judges nothing. Both run in
processes of their own, alternating; the fastest of a few runs counts, and the peak memory of any.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from autotrain_dsl.store import Access, open_state
from autotrain_dsl.store.base import Change
from autotrain_dsl.store.formats import encode
from autotrain_dsl.tables.stats import to_stats

ROOT = Path(__file__).resolve().parent.parent
DISTINCT = 1000
NOW = "2026-01-31T06:00:00+00:00"
PEER = """
import sys, pandas as pd
behavior, manager, stats, out = sys.argv[1:]
pd.read_parquet(behavior)
if manager.endswith(".pkl"):
    pd.read_pickle(manager).to_pickle(out + ".pkl")
else:
    pd.read_parquet(manager).to_parquet(out + ".parquet")
pd.read_parquet(stats).to_parquet(out + "_stats.parquet")
"""


def main() -> None:
    """Make the colony, run both, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mice", type=int, default=10_000)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--new", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--suffix", default=".parquet", choices=[".parquet", ".pkl"])
    given = parser.parse_args()
    names = ("pandas", "numpy", "pyarrow")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="")
    print("".join(f", {name} {version(name)}" for name in names))
    rows = given.mice * given.sessions
    print(f"{given.mice:,} mice, {rows:,} sessions in df_manager, {given.new:,} new, {given.suffix} tables\n")
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), given)


def compare(folder: Path, given: argparse.Namespace) -> None:
    """Both programs in turn, on copies of one colony."""
    behavior, manager = colony(folder, given)
    peer, stats = folder / f"peer{given.suffix}", folder / "peer_stats.parquet"
    if given.suffix == ".pkl":
        pd.read_parquet(folder / "peer.parquet").to_pickle(peer)
    to_stats(pd.read_parquet(folder / "peer.parquet")).to_parquet(stats)
    evaluate = [sys.executable, "-m", "autotrain_dsl", "evaluate", "--curriculums", str(ROOT / "curriculums")]
    ours, peers = [], []
    for _ in range(given.runs):
        work = folder / "work"
        shutil.copytree(folder / "colony", work)
        tables = ["--behavior", str(work / behavior.name), "--manager", str(work / manager.name), "--now", NOW]
        ours.append(timed([*evaluate, *tables, "--default-curriculum", "Coupled Baiting@2.3"]))
        shutil.rmtree(work)
        peers.append(timed([sys.executable, "-c", PEER, *map(str, (behavior, peer, stats, folder / "out"))]))
    print("| | s | peak MB |\n|---|---|---|")
    for name, runs in (("evaluate", ours), ("pandas reads and writes the same tables", peers)):
        print(f"| {name} | {min(s for s, _ in runs):.2f} | {max(mb for _, mb in runs):,} |")
    fastest, memory = (
        (min(s for s, _ in ours) / min(s for s, _ in peers)),
        max(m for _, m in ours) / max(m for _, m in peers),
    )
    print(f"| ratio | {fastest:.2f} | {memory:.2f} |")


def colony(folder: Path, given: argparse.Namespace) -> tuple[Path, Path]:
    """df_behavior with the new sessions, and a df_manager that holds all others."""
    place = folder / "colony"
    place.mkdir()
    chance = random.Random(1)
    distinct = [
        {"subject_id": f"{mouse}", "session": session, "session_date": "2026-01-01", "task": "Coupled Baiting",
         "finished_trials": chance.randint(100, 600), "foraging_efficiency": round(chance.uniform(0.4, 0.9), 3)}
        for mouse in range(DISTINCT) for session in range(1, given.sessions + 2)
    ]  # fmt: skip
    base = pd.DataFrame(distinct)
    known = base[base["session"] <= given.sessions]
    known.to_parquet(folder / "known.parquet")
    made = folder / "made.parquet"
    command = ["evaluate", "--curriculums", str(ROOT / "curriculums"), "--behavior", str(folder / "known.parquet")]
    options = ["--manager", str(made), "--now", NOW, "--default-curriculum", "Coupled Baiting@2.3"]
    subprocess.run([sys.executable, "-m", "autotrain_dsl", *command, *options], check=True, stdout=subprocess.DEVNULL)
    times = given.mice // DISTINCT
    behavior = multiplied(base, times)
    fresh = behavior["subject_id"].isin(sorted(behavior["subject_id"].unique())[: given.new])
    behavior = behavior[(behavior["session"] <= given.sessions) | fresh].sample(frac=1, random_state=1)
    behavior.to_parquet(place / "df_behavior.parquet")
    frame = multiplied(pd.read_parquet(made), times).sort_values(["subject_id", "session"], ignore_index=True)
    frame.to_parquet(folder / "peer.parquet")
    publish(place / f"df_manager{given.suffix}", frame)
    return place / "df_behavior.parquet", place / f"df_manager{given.suffix}"


def multiplied(frame: pd.DataFrame, times: int) -> pd.DataFrame:
    """The same mice under more names."""
    copies = [frame.assign(subject_id=frame["subject_id"].astype(str) + f"_{number:05d}") for number in range(times)]
    return pd.concat(copies, ignore_index=True)


def publish(path: Path, frame: pd.DataFrame) -> None:
    """Make a table the first generation of a df_manager."""
    content = encode(frame, path.suffix)
    stats = to_stats(frame)
    nothing = frame.head(0)
    exported = {f"manager{path.suffix}": content}
    change = Change(frame, frame, nothing, nothing, stats, "benchmark", NOW, "0", exported)
    open_state(str(path), Access()).publish(change, None)
    path.write_bytes(content)
    path.with_name(f"{path.stem}_stats{path.suffix}").write_bytes(encode(stats, path.suffix))


def timed(command: list[str]) -> tuple[float, int]:
    """Seconds and peak memory in MB of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return seconds, usage.ru_maxrss // 1024


if __name__ == "__main__":
    main()

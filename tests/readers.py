"""The environments that read the project's pickles: pandas and numpy as on the rigs and for the web page.

``python tests/readers.py`` installs them into folders below ``.readers``, which are kept and used by ``PYTHONPATH``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

ROOT = Path(__file__).parent.parent / ".readers"
ENVIRONMENTS: Mapping[str, tuple[str, ...]] = {
    "pandas-2.0.3": ("pandas==2.0.3", "numpy==1.26.4"),
    "pandas-2.2.2": ("pandas==2.2.2", "numpy==1.26.4"),
    "pandas-2.3.3": ("pandas==2.3.3", "numpy>=2,<2.4"),
}

# What a rig does with df_manager; standard output is what it sees.
READ = """
import json, sys
import pandas as pd

def seen(frame):
    return {
        "columns": [str(column) for column in frame.columns],
        "labels": str(frame.columns.dtype),
        "dtypes": [str(dtype) for dtype in frame.dtypes],
        "index": type(frame.index).__name__,
        "index names": list(frame.index.names),
        "index values": [list(key) if isinstance(key, tuple) else key for key in frame.index],
        "cells": {str(c): [None if pd.isna(v) else v for v in frame[c].tolist()] for c in frame},
        "types": {str(c): sorted({type(v).__name__ for v in frame[c].tolist()}) for c in frame},
    }

found = {"pandas": pd.__version__, "frames": {}}
for path in sys.argv[1:]:
    frame = pd.read_pickle(path)
    sight = found["frames"][path] = seen(frame)
    if "foraging_efficiency" in frame:
        frame["session"] = frame["session"].astype(int)
        frame["foraging_efficiency"] = frame["foraging_efficiency"].round(3)
        frame = frame.sort_values(["subject_id", "session"])
        mouse = frame.query("subject_id == '0123'")
        rows = mouse[["session", "foraging_efficiency", "decision"]].values.tolist()
        sight["steps"] = [[None if pd.isna(value) else value for value in row] for row in rows]
        frame.loc[0, "decision"] = "STAY"  # what a reader has got is its own
print(json.dumps(found))
"""

# What the older system's tables may hold, written by whatever pandas there is: one file for every kind of table.
WRITE = """
import datetime, os, sys
import numpy as np, pandas as pd

metrics = [
    {"foraging_efficiency": [0.1, np.float64(0.5)], "session": np.int64(3), "flags": np.array([True, False])},
    {},
    {"x": None, "y": float("nan"), "z": (1, 2)},
]
mixed = pd.DataFrame({
    "subject_id": ["0123", "m\\u00fc\\u00df", None],
    "session": [1.0, 2.0, np.nan],
    "trials": [1, 2, 3],
    "loop": [True, False, True],
    "efficiency": [0.1, np.nan, 1e300],
    "single": np.array([0.5, 0.25, 2.0], dtype="float32"),
    "day": [datetime.date(2024, 1, 2), datetime.date(2024, 1, 3), None],
    "moment": pd.to_datetime(["2024-01-02 00:00:00", "2024-01-03 04:05:06", None]),
    "utc": pd.to_datetime(["2024-01-02 00:00:00", "2024-01-03 04:05:06", None]).tz_localize("UTC"),
    "there": pd.to_datetime(["2024-01-02", "2024-07-02", None]).tz_localize("America/Los_Angeles"),
    "task": pd.Categorical(["Coupled Baiting", None, "Uncoupled Baiting"]),
    "whole": pd.array([1, None, 3], dtype="Int64"),
    "truth": pd.array([True, None, False], dtype="boolean"),
    "text": pd.array(["x", None, "z"], dtype="string"),
    "span": pd.to_timedelta(["1h", "2h", None]),
    "metrics": metrics,
    "any": pd.Series([np.float64(1.5), pd.Timestamp("2024-01-02 03:04"), np.str_("q")], dtype=object),
})
small = mixed[["subject_id", "session"]]
frames = {
    "mixed": mixed,
    "rows": mixed.iloc[::2].reset_index(drop=True)[["subject_id", "trials", "moment"]],
    "empty": mixed.iloc[:0][["subject_id", "trials", "moment"]],
    "named": mixed.set_index(["subject_id", "trials"])[["efficiency"]],
    "number": mixed[["trials", "efficiency"]].set_index("trials"),
    "two": pd.concat({"session": small, "metrics": mixed[["trials"]]}, axis=1),
    "two named": pd.concat({"a": small}, axis=1).set_index(pd.Index([7, 8, 9], name="row")),
}
folder, protocols = sys.argv[1], [int(text) for text in sys.argv[2:]]
for name, frame in frames.items():
    for protocol in protocols:
        frame.to_pickle(os.path.join(folder, "%s.%d.pkl" % (name, protocol)), protocol=protocol)
"""


def folder(name: str) -> Path:
    """Where an environment is, or would be; its packages are built for this version of Python."""
    return ROOT / f"{name}-python{sys.version_info.major}.{sys.version_info.minor}"


def run(name: str | None, program: str, *arguments: str) -> str:
    """Standard output of a program with the pandas of an environment; None: with the installed one."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    if name is not None:
        environment["PYTHONPATH"] = str(folder(name))
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(name: str | None, *paths: Path) -> dict[str, Any]:
    """What ``READ`` sees in some pickles."""
    found: dict[str, Any] = json.loads(run(name, READ, *map(str, paths)))
    return found


def make(name: str) -> None:
    """Install an environment unless it is there, whoever else is about to do the same."""
    ROOT.mkdir(exist_ok=True)
    target = folder(name)
    with FileLock(ROOT / f"{target.name}.lock"):
        if target.exists():
            return
        started = target.with_name(f"{target.name}.new")
        shutil.rmtree(started, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--no-warn-conflicts"]
        subprocess.run([*pip, "--target", str(started), *ENVIRONMENTS[name]], check=True)
        started.rename(target)


if __name__ == "__main__":
    for environment_name in ENVIRONMENTS:
        try:
            make(environment_name)
        except subprocess.CalledProcessError:  # no wheels of this age for this Python; its tests are skipped
            sys.stderr.write(f"{environment_name} cannot be had for Python {sys.version.split()[0]}\n")

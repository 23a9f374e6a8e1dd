"""A small made-up colony for tests: a task, curriculums, tables in a folder, and the real command run on them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd

from autotrain_dsl.catalog import Catalog, build
from autotrain_dsl.cli import main
from autotrain_dsl.evaluation import evaluate
from autotrain_dsl.judging import Options, Outcome
from autotrain_dsl.tables import behavior as behavior_table
from autotrain_dsl.tables.manager import Row, from_frame

ROOT = Path(__file__).resolve().parents[1]
CASES = Path(__file__).resolve().parent / "data" / "evaluation"
RECORD = ROOT.parent / "shared" / "data"

NOW = "2026-01-31T06:00:00+00:00"
LATER = "2026-02-01T06:00:00+00:00"
LATEST = "2026-02-02T06:00:00+00:00"

BEFORE_METRICS = (
    "subject_id", "session_date", "task", "session", "session_at_current_stage", "curriculum_name",
    "task_schema_version", "curriculum_version", "curriculum_schema_version", "curriculum_json_name",
)  # fmt: skip
METRICS = ("finished_trials", "foraging_efficiency")
AFTER_METRICS = (
    "metrics", "current_stage_suggested", "current_stage_actual", "if_closed_loop", "if_overriden_by_trainer",
    "decision", "next_stage_suggested",
)  # fmt: skip
CONTRACT = (*BEFORE_METRICS, *METRICS, *AFTER_METRICS)
OWN = {"rule", "reason", "curriculum_hash", "program_version", "judged_at"}

TASK = """\
dsl_version: 1
name: tiny
version: "1.0"
parameters:
  type: object
  additionalProperties: false
  required: [task]
  properties:
    task: {title: Behaviour task, type: string}
metrics:
  finished_trials: {title: Finished trials, type: integer, minimum: 0}
  foraging_efficiency:
    title: Foraging efficiency
    type: number
    minimum: 0
    maximum: 2
    columns: [foraging_efficiency, foraging_eff]
"""

TINY = """\
dsl_version: 1
name: Tiny
version: "1.0"
task_schema: {name: tiny, version: "1.0"}
stages:
  STAGE_1:
    parameters: {task: Tiny}
    transitions:
      - progress: STAGE_2
        when: finished_trials[-1] >= 200 and foraging_efficiency[-1] >= 0.6
  STAGE_2:
    inherits: STAGE_1
    transitions:
      - progress: STAGE_3
        when: session_at_current_stage >= 2 and mean(at_stage(finished_trials)[-2:]) >= 300
      - rollback: STAGE_1
        when: finished_trials[-1] < 100 or foraging_efficiency[-1] < 0.3
  STAGE_3:
    inherits: STAGE_2
    transitions:
      - progress: GRADUATED
        when: session_total >= 6 and foraging_efficiency[-1] >= 0.7
      - rollback: STAGE_2
        when: finished_trials[-1] < 150
  GRADUATED:
    inherits: STAGE_3
    final: true
"""

# Another version, whose second stage has another name, and another curriculum altogether.
TINY_2 = TINY.replace('version: "1.0"\ntask', 'version: "2.0"\ntask').replace("STAGE_2", "STAGE_TWO")
OTHER = """\
dsl_version: 1
name: Other
version: "1.0"
task_schema: {name: tiny, version: "1.0"}
stages:
  STAGE_1:
    parameters: {task: Other}
    transitions:
      - progress: STAGE_2
        when: finished_trials[-1] >= 50
  STAGE_2:
    inherits: STAGE_1
    transitions:
      - rollback: STAGE_1
        when: finished_trials[-1] < 20
"""

Record = Mapping[str, object]


def session(number: object, trials: object = 250, efficiency: object = 0.7, **more: object) -> dict[str, object]:
    """A row of df_behavior; ``more`` adds columns or replaces what is given here."""
    given: dict[str, object] = {
        "subject_id": "m1",
        "session": number,
        "session_date": "2024-01-01",
        "task": "Tiny",
        "curriculum_name": "Tiny",
        "curriculum_version": "1.0",
        "finished_trials": trials,
        "foraging_efficiency": efficiency,
    }
    return {**given, **more}


def mouse(
    subject: object, trials: Iterable[object], efficiency: object = 0.7, **more: object
) -> list[dict[str, object]]:
    """Sessions 1, 2, ... of a mouse with these numbers of trials."""
    return [session(n, t, efficiency, subject_id=subject, **more) for n, t in enumerate(trials, 1)]


@dataclass(frozen=True)
class Ran:
    """What became of a run of the command."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """Standard output of a run with ``--format json``."""
        content: dict[str, Any] = json.loads(self.out)
        return content

    def codes(self, what: str = "not_judged") -> list[tuple[str, str, int | None]]:
        """Code, mouse and session of every issue of a kind."""
        return [(issue["code"], issue["subject_id"], issue["session"]) for issue in self.report[what]]


@dataclass(frozen=True)
class Colony:
    """A folder with curriculums and tables; ``suffix`` is the format of the tables."""

    folder: Path
    suffix: str = ".csv"

    @classmethod
    def at(cls, folder: Path, *curriculums: str, suffix: str = ".csv") -> Colony:
        """A colony with these curriculums (Tiny 1.0 if none is given) and no tables yet."""
        (folder / "schemas" / "tasks").mkdir(parents=True)
        (folder / "schemas" / "tasks" / "tiny_1.0.yaml").write_text(TASK, "utf-8")
        (folder / "curriculums").mkdir()
        colony = cls(folder, suffix)
        for number, text in enumerate(curriculums or (TINY,)):
            colony.add_curriculum(f"{number}.yaml", text)
        return colony

    @property
    def behavior_path(self) -> Path:
        return self.folder / f"df_behavior{self.suffix}"

    @property
    def manager_path(self) -> Path:
        return self.folder / f"df_manager{self.suffix}"

    @property
    def stats_path(self) -> Path:
        return self.folder / f"df_manager_stats{self.suffix}"

    @property
    def superseded_path(self) -> Path:
        return self.folder / f"df_manager_superseded{self.suffix}"

    def add_curriculum(self, name: str, text: str) -> None:
        (self.folder / "curriculums" / name).write_text(text, "utf-8")

    def behave(self, rows: Sequence[Record] | pd.DataFrame) -> None:
        """Write df_behavior."""
        write_table(rows if isinstance(rows, pd.DataFrame) else frame_of(rows), self.behavior_path)

    def arguments(self, *options: str, output: str = "json") -> list[str]:
        """The command line of ``evaluate``; a later ``--now`` replaces the one given here."""
        tables = ["--behavior", str(self.behavior_path), "--manager", str(self.manager_path)]
        basis = ["evaluate", "--curriculums", str(self.folder / "curriculums"), *tables]
        return [*basis, "--now", NOW, "--format", output, *options]

    def run(self, *options: str, output: str = "json") -> Ran:
        """Run ``evaluate`` in this process, through the entry point of the program."""
        return command(*self.arguments(*options, output=output))

    def judge(self, rows: Sequence[Record] | pd.DataFrame, *options: str) -> Ran:
        """Write df_behavior and run."""
        self.behave(rows)
        return self.run(*options)

    @property
    def manager(self) -> pd.DataFrame:
        return read_table(self.manager_path)

    def told(self, *columns: str) -> list[tuple[object, ...]]:
        """Some columns of df_manager, row by row."""
        frame = self.manager[list(columns)].astype(object)
        return [tuple(values) for values in frame.itertuples(index=False)]

    def path_of(self, subject: str = "m1") -> list[str]:
        """The actual stages of a mouse, and the one suggested at the end."""
        rows = self.manager.query(f"subject_id == '{subject}'")
        return [*rows["current_stage_actual"], rows["next_stage_suggested"].iloc[-1]]

    def files(self) -> dict[str, bytes]:
        """Every table in the folder but df_behavior, as bytes; locks and the report of the last run left out."""
        kept = [p for p in sorted(self.folder.iterdir()) if p.is_file() and p != self.behavior_path]
        left_out = (".lock", "_report.json")
        return {path.name: path.read_bytes() for path in kept if not path.name.endswith(left_out)}


def command(*arguments: str) -> Ran:
    """Run the program in this process."""
    out, err = io.StringIO(), io.StringIO()
    code: int | str | None = 0
    with (
        mock.patch.object(sys, "argv", ["autotrain-dsl", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main.run()
        except SystemExit as end:
            code = end.code
    return Ran(int(code or 0), out.getvalue(), err.getvalue())


def process(*arguments: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> Ran:
    """Run the program in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "autotrain_dsl", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def frame_of(rows: Sequence[Record]) -> pd.DataFrame:
    """A frame that keeps every cell as it is given."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return pd.DataFrame({column: pd.Series([row.get(column) for row in rows], dtype=object) for column in columns})


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as somebody else's program does."""
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table as a reader does."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype={"subject_id": str, "curriculum_version": str}, keep_default_na=False)


def catalog_of(folder: Path, *curriculums: str) -> Catalog:
    """The catalog of a colony in a folder."""
    return build([Colony.at(folder, *curriculums).folder / "curriculums"])


def judged(catalog: Catalog, rows: Sequence[Record] | pd.DataFrame, **options: Any) -> Outcome:
    """The pure function, on a table of sessions, with an empty df_manager."""
    frame = rows if isinstance(rows, pd.DataFrame) else frame_of(rows)
    read = behavior_table.read(frame, catalog.metric_columns)
    return evaluate(catalog, read, (), Options(**{"now": NOW, "program": "test", **options}))


def applied(outcome: Outcome, rows: Iterable[Row]) -> list[Row]:
    """The table after a run, given the table before it."""
    after = {row.key: row for row in rows}
    after.update({row.key: row for row in outcome.judged})
    return list(after.values())


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """The rows of a df_manager whose metrics are those of the tests."""
    return from_frame(frame, frozenset({"finished_trials", "foraging_efficiency", "x", "y"}))

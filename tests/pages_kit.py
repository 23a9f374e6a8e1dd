"""Pages made for tests, by the program and as a user makes them: of the example colony, and of one full of tricks."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import drawings
import pandas as pd
from colony import ROOT, TASK, process
from ruamel.yaml import YAML

NOW = "2025-03-01T06:00:00+00:00"
HOSTILE = [text for text in drawings.HOSTILE if text.strip() and text != drawings.LONG and "\ud800" not in text]


@dataclass(frozen=True)
class Site:
    """Pages in a folder, and the tables and curriculums they were made of."""

    folder: Path

    @property
    def pages(self) -> Path:
        return self.folder / "pages"

    @cached_property
    def every(self) -> list[Path]:
        return sorted(self.pages.rglob("*.html"))

    def report(self, *options: str) -> str:
        names = {"curriculums": "curriculums", "behavior": "df_behavior.parquet", "manager": "df_manager.parquet"}
        tables = [word for option, name in names.items() for word in (f"--{option}", str(self.folder / name))]
        process("evaluate", *tables, "--now", NOW)
        done = process("report", *tables, "--output", str(self.pages), "--now", NOW, *options)
        assert (done.code, done.err) == (0, ""), done
        return done.out


def example(folder: Path) -> Site:
    """The example colony with the curriculums of one task."""
    shutil.copytree(ROOT / "curriculums" / "coupled_baiting", folder / "curriculums" / "coupled_baiting")
    shutil.copy(ROOT / "curriculums" / "foraging_base.yaml", folder / "curriculums")
    shutil.copytree(ROOT / "schemas" / "tasks", folder / "schemas" / "tasks")
    table = pd.read_csv(ROOT / "examples" / "df_behavior.csv", dtype=str)
    table.to_parquet(folder / "df_behavior.parquet")
    site = Site(folder)
    site.report()
    return site


def hostile(folder: Path) -> Site:
    """Mice, dates, stages, reasons and descriptions that are anything but names, dates and words."""
    (folder / "curriculums").mkdir(parents=True)
    (folder / "schemas" / "tasks").mkdir(parents=True)
    (folder / "schemas" / "tasks" / "tiny_1.0.yaml").write_text(TASK, encoding="utf-8")
    stages: dict[str, Any] = {}
    for place, text in enumerate(HOSTILE):
        rule = {"progress": f"S{place + 1}", "when": "finished_trials[-1] >= 100", "because": text}
        stages[f"S{place}"] = {"label": text, "description": text, "transitions": [rule]}
        stages[f"S{place}"] |= {"parameters": {"task": "Tiny"}} if not place else {"inherits": "S0"}
    stages[f"S{len(HOSTILE)}"] = {"inherits": "S0", "final": True}
    content = {"dsl_version": 1, "name": "Tiny", "version": "1.0", "description": "\n".join(HOSTILE)}
    content |= {"task_schema": {"name": "tiny", "version": "1.0"}, "stages": stages}
    with (folder / "curriculums" / "tiny.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(content, file)
    rows = [
        {
            "subject_id": text, "session": number, "session_date": text if number == 2 else f"2025-02-{number:02}",
            "task": "Tiny", "curriculum_name": "Tiny", "curriculum_version": "1.0", "finished_trials": 50 * number,
            "foraging_efficiency": 0.5, "current_stage_actual": f"S{number if place % 3 else number - 1}",
        }
        for place, text in enumerate(HOSTILE)
        for number in range(1, 5)
    ]  # fmt: skip
    rows += [{**rows[0], "subject_id": f"{text}?", "finished_trials": -5} for text in HOSTILE]
    pd.DataFrame(rows).to_parquet(folder / "df_behavior.parquet")
    site = Site(folder)
    site.report()
    return site

"""Make up a colony of 24 mice and write what a lab would have logged of their training: df_behavior.csv.

Nothing here was measured. Each mouse has a learning curve with noise; every evening its new session is judged, and the
next day the rig runs the suggested stage, unless a trainer decides otherwise. So the table is one that a lab could have
after seven weeks, with the oddities that real tables have. The same seed gives the same bytes on every computer: only
sums, products and Python's own random numbers are used.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from autotrain_dsl import catalog, evaluation
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.judging import Options
from autotrain_dsl.tables import behavior
from autotrain_dsl.tables.manager import Row

SEED = 7001
HERE = Path(__file__).parent
FIRST_DAY = dt.date(2025, 1, 6)  # a Monday
COLUMNS = (
    "subject_id",
    "session",
    "session_date",
    "task",
    "finished_trials",
    "foraging_efficiency",
    "curriculum_name",
    "curriculum_version",
    "curriculum_schema_version",
    "current_stage_actual",
)
COUPLED, UNCOUPLED, WITHOUT_BAITING = "Coupled Baiting", "Uncoupled Baiting", "Uncoupled Without Baiting"

Cells = Mapping[str, str]
OFF_CURRICULUM: Cells = {
    "curriculum_name": "",
    "curriculum_version": "",
    "curriculum_schema_version": "",
    "current_stage_actual": "",
}
NO_METRICS: Cells = {"finished_trials": "", "foraging_efficiency": ""}


@dataclass(frozen=True)
class Mouse:
    """One mouse: what it is here to show, how it learns, and what happens to it and to its rows.

    ``slowness`` is the number of sessions after which it has learnt half of what it will ever learn. ``trainer`` names
    the stages that a trainer chose, by session. ``logged`` holds cells that were logged differently from what happened,
    ``repeated`` the cells in which a second row of a session differs from the first.
    """

    subject: str
    shows: str
    curriculum: str = COUPLED
    version: str = "2.3"
    first: int = 1
    sessions: int = 15
    arrives: int = 0  # working days after the colony's first day
    slowness: float = 2.5
    trials: float = 700.0
    efficiency: float = 0.86
    declines_from: int = 1000
    trainer: Mapping[int, str] = field(default_factory=dict)
    absent: frozenset[int] = frozenset()
    version_from: Mapping[int, str] = field(default_factory=dict)
    logged: Mapping[int, Cells] = field(default_factory=dict)
    repeated: Mapping[int, Cells] = field(default_factory=dict)


COLONY = (
    Mouse("700101", "a quick learner that skips Stage 1 and graduates", slowness=1.2),
    Mouse("700102", "the usual way through all stages"),
    Mouse("700103", "a slow learner that falls back on the way", slowness=7, sessions=20),
    Mouse("700104", "never gets beyond the middle", slowness=9, trials=600, efficiency=0.76, sessions=18),
    Mouse("700105", "declines at the final stage and falls back", slowness=3.5, declines_from=8, sessions=18),
    Mouse("700106", "a trainer keeps it back for two sessions", trainer={4: "STAGE_2", 5: "STAGE_2"}, slowness=2),
    Mouse("700107", "a trainer moves it ahead of the suggestion", trainer={2: "STAGE_2", 6: "STAGE_3"}, slowness=6),
    Mouse(
        "700108",
        "session 4 without metrics and session 10 without efficiency: held while a rule needs what is missing",
        logged={4: NO_METRICS, 10: {"foraging_efficiency": ""}},
        sessions=18,
    ),
    Mouse(
        "700109",
        "logged under version 2.4, which does not exist: not judged",
        logged={number: {"curriculum_version": "2.4"} for number in range(1, 5)},
        sessions=4,
        arrives=20,
    ),
    Mouse(
        "700110",
        "text instead of a number in session 7: not judged, and later sessions are held while a rule needs it",
        logged={7: {"finished_trials": "ca. 400"}},
    ),
    Mouse("700111", "joins five weeks later than the others", arrives=25, sessions=10),
    Mouse(
        "700112",
        "comes half trained from another room: its first session here is number 8",
        first=8,
        trainer={8: "STAGE_3"},
    ),
    Mouse("700113", "sessions 5 to 7 are missing", absent=frozenset({5, 6, 7})),
    Mouse(
        "700114",
        "three sessions off curriculum: left out, the rest goes on as if they had not been",
        logged=dict.fromkeys((6, 7, 8), OFF_CURRICULUM),
        sessions=17,
    ),
    Mouse("700115", "session 3 was exported twice, with the same values: counted once", repeated={3: {}}),
    Mouse(
        "700116",
        "two differing rows for session 9: held from there on",
        repeated={9: {"finished_trials": "118"}},
        sessions=13,
    ),
    Mouse("700117", "Uncoupled Baiting", curriculum=UNCOUPLED, sessions=17),
    Mouse("700118", "Uncoupled Baiting, a slower learner", curriculum=UNCOUPLED, slowness=6, sessions=18),
    Mouse(
        "700119",
        "changes from version 2.2 to 2.3 of Uncoupled Baiting at session 6",
        curriculum=UNCOUPLED,
        version="2.2",
        version_from={6: "2.3"},
    ),
    Mouse(
        "700120",
        "Uncoupled Without Baiting, the branch with delayed rewards",
        curriculum=WITHOUT_BAITING,
        version="2.3.1rwdDelay159",
        sessions=17,
    ),
    Mouse(
        "700121",
        "the same branch, an unsteady mouse",
        curriculum=WITHOUT_BAITING,
        version="2.3.1rwdDelay159",
        slowness=5,
        trials=560,
        efficiency=0.78,
        sessions=18,
    ),
    Mouse(
        "700122",
        "the rig logged no stage in session 5: judged as if it had followed the suggestion",
        logged={5: {"current_stage_actual": ""}},
    ),
    Mouse(
        "700123",
        "has graduated when a trainer sends it back, and graduates again",
        trainer={14: "STAGE_FINAL"},
        sessions=20,
    ),
    Mouse("007001", "an id with leading zeros, which stay", slowness=3.5, sessions=12),
)


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description="Make up a colony and write its df_behavior.")
    parser.add_argument("--output", type=Path, default=HERE / "df_behavior.csv", help="file to write")
    output: Path = parser.parse_args().output
    curriculums = catalog.build([HERE.parent / "curriculums"])
    records = [record for mouse in COLONY for record in train(mouse, curriculums)]
    with output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    print(f"{output.name}: {len(records)} rows of {len(COLONY)} mice")


def train(mouse: Mouse, curriculums: Catalog) -> list[Cells]:
    """All rows that a mouse has in the table, from its first day to its last."""
    noise = random.Random(f"{SEED} {mouse.subject}")  # noqa: S311 - the same colony every time is what is wanted
    table: list[Cells] = []
    judged: list[Row] = []
    version = mouse.version
    for day in range(mouse.sessions):
        number = mouse.first + day
        if number in mouse.absent:
            continue
        version = mouse.version_from.get(number, version)
        graph = curriculums.find(mouse.curriculum, version)
        assert graph is not None, f"{mouse.curriculum} {version} is not in the folder"
        suggested = judged[-1].next_stage_suggested if judged else graph.initial
        stage = mouse.trainer.get(number, suggested)
        row = {**session(mouse, number, graph, stage, noise), **mouse.logged.get(number, {})}
        table.append(row)
        if number in mouse.repeated:
            table.append({**row, **mouse.repeated[number]})
        judged = evening(table, judged, curriculums)
    return table


def session(mouse: Mouse, number: int, graph: StateGraph, stage: str, noise: random.Random) -> dict[str, str]:
    """What a mouse does in one session: better the more it has learnt, worse the harder the stage is."""
    learnt = number / (number + mouse.slowness)
    strain = 0.02 * graph.position(stage) + 0.05 * max(0, number - mouse.declines_from + 1)
    mood = 0.6 if noise.random() < 0.06 else 1.0  # now and then a bad day
    trials = (90 + (mouse.trials - 90) * learnt) * max(0.1, 1 - strain) * mood + 50 * swing(noise)
    efficiency = 0.48 + (mouse.efficiency - 0.48) * learnt - 0.4 * strain + 0.035 * swing(noise)
    weeks, weekday = divmod(mouse.arrives + number - mouse.first, 5)
    return {
        "subject_id": mouse.subject,
        "session": str(number),
        "session_date": (FIRST_DAY + dt.timedelta(weeks=weeks, days=weekday)).isoformat(),
        "task": str(graph.stage(stage).effective["task"].value),
        "finished_trials": str(max(0, round(trials))),
        "foraging_efficiency": f"{max(0.0, efficiency):.3f}",
        "curriculum_name": mouse.curriculum,
        "curriculum_version": graph.curriculum.version,
        "curriculum_schema_version": "1.0",
        "current_stage_actual": stage,
    }


def swing(noise: random.Random) -> float:
    """A random number between -2 and 2, mostly small."""
    return noise.uniform(-1, 1) + noise.uniform(-1, 1)


def evening(table: list[Cells], judged: list[Row], curriculums: Catalog) -> list[Row]:
    """Judge what is new in a mouse's table, as the lab does every evening: all its judged sessions in order."""
    seen = behavior.read(pd.DataFrame(table, dtype=object), curriculums.metric_columns)
    outcome = evaluation.evaluate(curriculums, seen, judged, Options(now="", program=""))
    return sorted([*judged, *outcome.added], key=lambda row: row.session)


if __name__ == "__main__":
    main()

"""The page of a whole colony: progress of every mouse, stages over time, time to graduation, and who needs a look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from autotrain_dsl.backtest import survival
from autotrain_dsl.pages.material import Codes, Material
from autotrain_dsl.render.diagram import clean, cut
from autotrain_dsl.tables import cells
from autotrain_dsl.tables.manager import DECISIONS

DRAWN = 100_000  # sessions in the chart at most
_REASON, _REASONS = 300, 20_000_000  # characters of one reason in it, and of all of them
_DAYS = 2_000  # points of the chart of stages over time at most


def chart(material: Material, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sessions as columns for the progress chart, with texts and days given once; ``entries`` as in ``mice``.

    Of a very large colony only those mice whose sessions are the newest: a page has to be loaded as a whole.
    """
    kept = _drawn(material, entries)
    table, stages = material.table[kept], list(material.stages)
    days, known_days = material.dates
    days = days[kept]
    reasons, texts = pd.factorize(table["reason"])
    most = min(_REASON, _REASONS // max(len(texts), 1))
    keys = list(material.used)
    pairs = table["curriculum_name"].astype(str) + "\0" + table["curriculum_version"].astype(str)
    curriculums = {f"{name}\0{version}": place for place, (name, version) in enumerate(keys)}
    return {
        "mice": list(entries),
        "stages": [
            {"name": each.name, "label": each.label, "colour": each.colour} for each in material.stages.values()
        ],
        "curriculums": [clean(f"{name} {version}") for name, version in keys],
        "metrics": material.metrics,
        "days": known_days,
        "reasons": [cut(clean(str(text)), most) for text in texts],
        "mouse": material.mouse[kept].tolist(),
        "session": table["session"].tolist(),
        "day": days.tolist(),
        "actual": _places(table["current_stage_actual"], stages),
        "suggested": _places(table["current_stage_suggested"], stages),
        "next": _places(table["next_stage_suggested"], stages),
        "decision": _places(table["decision"], DECISIONS),
        "curriculum": [curriculums.get(pair, -1) for pair in pairs],
        "count": _plain(table["session_at_current_stage"]),
        "closed": [None if each is None else int(each) for each in _plain(table["if_closed_loop"])],
        "overridden": [int(each is True or each == 1) for each in _plain(table["if_overriden_by_trainer"])],
        "reason": reasons.tolist(),
        "values": {each["name"]: _rounded(table[each["name"]]) for each in material.metrics},
    }


def _drawn(material: Material, entries: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.bool_]:
    """The rows of the mice that the chart shows."""
    if len(material.table) <= DRAWN:
        return np.ones(len(material.table), bool)
    sizes = np.diff(material.starts)
    newest = sorted(range(len(sizes)), key=lambda place: entries[place]["last"], reverse=True)
    fitting = np.cumsum(sizes[newest]) <= DRAWN
    shown = np.zeros(len(sizes), bool)
    shown[np.array(newest)[fitting]] = True
    return np.repeat(shown, sizes)


def mice(material: Material) -> list[dict[str, Any]]:
    """One entry for every mouse: its page, where it is, how many sessions, and its first and last day."""
    table = material.table
    days, known_days = material.dates
    waiting = {issue.subject for issue in material.unjudged}
    found = []
    for place, name in enumerate(material.mice):
        entry = {"name": clean(name), "href": f"mice/{material.files[name]}", "waiting": name in waiting}
        if place + 1 >= len(material.starts):
            found.append({**entry, **_NOTHING})
            continue
        rows = slice(int(material.starts[place]), int(material.starts[place + 1]))
        last = table.iloc[rows.stop - 1]
        curriculum = str(last["curriculum_name"]), str(last["curriculum_version"])
        stage = str(last["next_stage_suggested"])
        own = days[rows][days[rows] >= 0]
        found.append(
            {
                **entry,
                "curriculum": clean(" ".join(curriculum)),
                "stage": stage,
                "progress": round(material.stages[stage].share, 4) if stage in material.stages else 0,
                "graduated": material.is_final(curriculum, stage),
                "sessions": rows.stop - rows.start,
                "session": int(last["session"]),
                "first": known_days[own.min()] if len(own) else "",
                "last": known_days[own.max()] if len(own) else "",
                "decision": str(last["decision"]),
            }
        )
    return found


_NOTHING = {
    "curriculum": "", "stage": "", "progress": 0, "graduated": False, "sessions": 0, "session": 0, "first": "",
    "last": "", "decision": "",
}  # fmt: skip


def counts(material: Material) -> dict[str, Any]:
    """For every day how many mice are at which stage after it: from a mouse's first day on, also on days without it."""
    days, known = material.dates
    stages = list(material.stages)
    following = np.array(_places(material.table["next_stage_suggested"], stages), np.int64)
    changes = np.zeros((len(stages), len(known) + 1), np.int64)
    for place in range(len(material.starts) - 1):
        rows = np.arange(material.starts[place], material.starts[place + 1])
        rows = rows[(days[rows] >= 0) & (following[rows] >= 0)]
        # The last row of a day counts, and a day before an earlier row's does not go back in time.
        at = np.maximum.accumulate(days[rows]) if len(rows) else rows
        for before, row, day in zip([None, *rows[:-1].tolist()], rows.tolist(), at.tolist(), strict=False):
            changes[following[row], day] += 1
            if before is not None:
                changes[following[before], day] -= 1
    totals = np.cumsum(changes[:, :-1], axis=1)
    if len(known) > _DAYS:  # more than a chart can show
        shown = np.unique(np.linspace(0, len(known) - 1, _DAYS).astype(np.int64))
        known, totals = [known[place] for place in shown.tolist()], totals[:, shown]
    return {
        "days": known,
        "stages": [
            {"name": each.name, "label": each.label, "colour": each.colour, "mice": totals[place].tolist()}
            for place, each in enumerate(material.stages.values())
            if totals[place].any()
        ],
    }


def graduation(material: Material) -> list[dict[str, Any]]:
    """For every curriculum with a final stage how many mice are there after how many sessions, as curves.

    Of mice whose record begins with their first session; a mouse counts for the curriculum of its last row.
    """
    table = material.table
    found: dict[str, list[tuple[int, bool]]] = {}
    final = np.array(
        [
            material.is_final((str(name), str(version)), str(stage))
            for name, version, stage in zip(
                table["curriculum_name"], table["curriculum_version"], table["next_stage_suggested"], strict=True
            )
        ],
        bool,
    )
    for place in range(len(material.starts) - 1):
        rows = slice(int(material.starts[place]), int(material.starts[place + 1]))
        last = table.iloc[rows.stop - 1]
        graph = material.graph(str(last["curriculum_name"]), str(last["curriculum_version"]))
        if graph is None or not any(stage.final for stage in graph.stages) or table["session"].iloc[rows.start] != 1:
            continue
        reached = np.flatnonzero(final[rows])
        sessions = int(reached[0]) + 1 if len(reached) else rows.stop - rows.start
        found.setdefault(graph.curriculum.name, []).append((sessions, bool(len(reached))))
    return [_curve(name, pairs) for name, pairs in sorted(found.items())]


def _curve(name: str, pairs: Sequence[tuple[int, bool]]) -> dict[str, Any]:
    sessions, arrived = zip(*pairs, strict=True)
    made = survival.arrival(np.array(sessions, np.int64), np.array(arrived, bool))
    return {"name": clean(name), **curve(made)}


def curve(made: survival.Arrival) -> dict[str, Any]:
    """A curve of arrivals as pages draw it."""
    return {
        "points": [[at, round(share, 5), round(low, 5), round(high, 5)] for at, share, low, high in made.curve],
        "followed": made.followed,
        "arrived": made.arrived,
        "mice": made.mice,
        "median": made.median,
        "interval": list(made.interval),
    }


def _places(column: pd.Series[Any], known: Sequence[str]) -> list[int]:
    """For every text its place among known ones, -1 for any other."""
    codes, uniques = pd.factorize(column)
    places = {name: place for place, name in enumerate(known)}
    found: Codes = np.array([*(places.get(str(each), -1) for each in uniques), -1], np.int64)[codes]
    plain: list[int] = found.tolist()
    return plain


def _plain(column: pd.Series[Any]) -> list[Any]:
    """Plain values, None where nothing stands."""
    return [None if cells.is_missing(each) else each for each in column.astype(object)]


def _rounded(column: pd.Series[Any]) -> list[float | None]:
    values = column.to_numpy(np.float64, na_value=np.nan)
    return [None if np.isnan(each) else float(f"{each:.6g}") for each in values.tolist()]

"""The page of one mouse: its metrics with the thresholds it met, and every decision with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.nodes import MIRRORED, Call, Comparison, Item, Literal, Node, Variable, names
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.pages import portable
from autotrain_dsl.pages.material import Material
from autotrain_dsl.render.diagram import clean
from autotrain_dsl.tables import cells
from autotrain_dsl.tables.issues import Issue

_COLUMNS = (
    "session", "session_date", "session_at_current_stage", "curriculum_name", "curriculum_version", "metrics",
    "current_stage_suggested", "current_stage_actual", "if_closed_loop", "if_overriden_by_trainer", "decision",
    "next_stage_suggested", "reason", "missing",
)  # fmt: skip


def contexts(
    material: Material, entries: Iterable[Mapping[str, Any]], notices: Iterable[tuple[str, Mapping[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """What the page of every mouse says, in the order of ``material.mice``.

    ``entries`` are those of the colony, ``notices`` mice of the watch list with what is said about them.
    """
    columns = {name: material.table[name].astype(object).tolist() for name in _COLUMNS}
    values = {
        each["name"]: material.table[each["name"]].to_numpy(np.float64, na_value=np.nan).tolist()
        for each in material.metrics
    }
    by_mouse: dict[str, list[Mapping[str, Any]]] = {}
    for subject, notice in notices:
        by_mouse.setdefault(subject, []).append(notice)
    waiting: dict[str, list[Issue]] = {}
    for issue in material.unjudged:
        waiting.setdefault(issue.subject, []).append(issue)
    for place, (name, entry) in enumerate(zip(material.mice, entries, strict=True)):
        judged = place + 1 < len(material.starts)
        rows = range(int(material.starts[place]), int(material.starts[place + 1])) if judged else range(0)
        yield {
            "name": clean(name),
            "notices": by_mouse.get(name, []),
            "unjudged": waiting.get(name, []),
            **_judged(material, entry, rows, columns, values),
        }


def all_thresholds(graph: StateGraph) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Those of every stage that has any."""
    found = {stage.name: thresholds(graph, stage.name) for stage in graph.stages}
    return {name: limits for name, limits in found.items() if limits}


def thresholds(graph: StateGraph, stage: str) -> dict[str, list[dict[str, Any]]]:
    """Of every metric the numbers that the rules of a stage compare it, or something made of it alone, with.

    ``of`` is what is compared, ``node`` the same for ``assets/engine.js``.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for number, rule in enumerate(graph.rules(stage), 1):
        for each, text in zip(rule.program.comparisons, rule.program.texts, strict=True) if rule.program else ():
            limit = _limit(each)
            read = names(each) & graph.task.metrics.keys()
            if limit is not None and len(read) == 1 and names(each) == read:
                side = each.left if isinstance(each.right, Literal) else each.right
                entry = {"value": limit, "text": clean(f"rule {number}: {text}"), "move": rule.move.value}
                entry |= {"of": clean(printer.text(side)), "node": portable.expression(side)}
                entry["last"] = _is_of_the_last(side)
                if entry not in found.setdefault(next(iter(read)), []):
                    found[next(iter(read))].append(entry)
    return found


def _is_of_the_last(side: Node) -> bool:
    """Whether this is nothing but a metric of the last session, so that its marks can be held against a limit."""
    if not isinstance(side, Item) or side.index != -1:
        return False
    of = side.of.of if isinstance(side.of, Call) and side.of.function == "at_stage" else side.of
    return isinstance(of, Variable)


def _limit(each: Comparison) -> float | None:
    for literal, operator in ((each.right, each.operator), (each.left, MIRRORED[each.operator])):
        if isinstance(literal, Literal) and type(literal.value) is float and operator not in ("==", "!="):
            return literal.value
    return None


def _judged(
    material: Material,
    entry: Mapping[str, Any],
    rows: range,
    columns: Mapping[str, list[Any]],
    values: Mapping[str, list[float]],
) -> dict[str, Any]:
    """What there is to say about the sessions that were judged."""
    shown = [_row(material, row, row - rows.start, columns, values) for row in rows]
    keys = list(
        dict.fromkeys((str(columns["curriculum_name"][row]), str(columns["curriculum_version"][row])) for row in rows)
    )
    known = [key for key in keys if key in material.curriculum_files]
    metrics = [each for each in material.metrics if any(not np.isnan(values[each["name"]][row]) for row in rows)]
    last = keys[-1] if keys else ("", "")
    href = f"curriculums/{material.curriculum_files[last]}" if last in material.curriculum_files else ""
    stages = dict.fromkeys(str(columns["current_stage_actual"][row]) for row in rows)
    ordered = [each for each in material.stages.values() if each.name in stages]
    return {
        "now": {**entry, "stage": _label(material, entry["stage"]), "href": href} if rows else None,
        "overridden": sum(bool(row["suggested"]) for row in shown),
        "several": len(keys) > 1,
        "stages": ordered,
        "metrics": metrics,
        "rows": [{**row, "cells": [row["values"][each["name"]] for each in metrics]} for row in reversed(shown)],
        "curriculums": known,
        "chart": {
            "metrics": metrics,
            "stages": [{"name": each.name, "label": each.label, "colour": each.colour} for each in ordered],
            "rows": [
                {
                    "session": row["session"],
                    "stage": row["actual"],
                    "curriculum": "\n".join(row["key"]),
                    "decision": row["decision"],
                    "next": row["following"],
                    "count": row["count"],
                    "recorded": row["recorded"],
                    "values": [_plain(values[each["name"]][rows.start + row["place"]]) for each in metrics],
                }
                for row in shown
            ],
            "names": [each["name"] for each in metrics],
        },
    }


def _row(
    material: Material, row: int, place: int, columns: Mapping[str, list[Any]], values: Mapping[str, list[float]]
) -> dict[str, Any]:
    cell = {name: columns[name][row] for name in _COLUMNS}
    actual, following = str(cell["current_stage_actual"]), str(cell["next_stage_suggested"])
    overridden = cells.truth(cell["if_overriden_by_trainer"]) is True
    closed = None if cells.is_missing(cell["if_closed_loop"]) else cells.truth(cell["if_closed_loop"])
    return {
        "place": place,
        "session": int(cell["session"]),
        "date": clean(cells.text(cell["session_date"])),
        "key": (str(cell["curriculum_name"]), str(cell["curriculum_version"])),
        "curriculum": clean(f"{cell['curriculum_name']} {cell['curriculum_version']}"),
        "actual": actual,
        "stage": _label(material, actual),
        "colour": material.stages[actual].colour,
        "suggested": _label(material, str(cell["current_stage_suggested"])) if overridden else "",
        "open": closed is False,
        "decision": str(cell["decision"]),
        "following": following,
        "next": _label(material, following) if following != actual else "",
        "count": cells.whole_number(cell["session_at_current_stage"]),
        "recorded": cells.text(cell["metrics"]),
        "reason": clean(cells.text(cell["reason"])),
        "missing": clean(cells.text(cell["missing"])),
        "values": {name: _shown(of_all[row]) for name, of_all in values.items()},
    }


def _label(material: Material, stage: str) -> str:
    return material.stages[stage].label if stage in material.stages else clean(stage)


def _shown(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value

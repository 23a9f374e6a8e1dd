"""The older system's record and its 23 curriculums: the same decisions, parameters and rules.

The lambdas of the older files are read with ``ast`` and walked by the small interpreter in ``legacy_lambdas``;
nothing is ever run.
"""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from colony import NOW, RECORD, ROOT, command, process
from legacy_lambdas import body, function

from autotrain_dsl import catalog
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import History, Situation, step

_FILES = sorted((RECORD / "legacy_curriculums").glob("*.json"))
_HISTORIES = 500

pytestmark = pytest.mark.skipif(not _FILES, reason="the lab's record (shared/data beside the project) is not there")

# Defects of the older files, each mended in our curriculum; see the README of the record.
_UNCLOSED = ("Dummy task", "0.1", "Stage final", 0)  # a rule whose lambda does not parse
_MENDED = "lambda metrics: metrics.session_total >= 5 and np.mean(metrics.dummy_metric_float[-5:]) > 0.7 and np.mean(metrics.dummy_metric_int[-5:]) > 10"  # fmt: skip  # noqa: E501
_MISNAMED = {("Dummy task", "0.1"), ("Dummy task", "0.2")}  # `Stage final` says `from_stage: Stage 2`
_UNDEFINED_END = {("Dummy task", "0.1"), ("Coupled Baiting", "0.1")}  # rules lead to `Graduated`, which has no entry
_NOT_PARAMETERS = {"training_stage", "task_url", "task_schema_version", "description"}


@dataclass(frozen=True)
class Legacy:
    """A curriculum file of the older system."""

    content: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        return self.content["curriculum_name"], self.content["curriculum_version"]

    def rules(self, label: str) -> list[tuple[str, str, str]]:
        """Decision, label of the target and lambda of every rule of a stage, in order."""
        entry = self.content["curriculum"].get(label, {"transition_rules": []})
        found = []
        for place, rule in enumerate(entry["transition_rules"]):
            text = _MENDED if (*self.key, label, place) == _UNCLOSED else rule["condition"]
            found.append((rule["decision"], rule["to_stage"], text))
        return found


@cache
def _ours() -> catalog.Catalog:
    return catalog.build([ROOT / "curriculums"])


def _pair(file: Path) -> tuple[Legacy, StateGraph]:
    legacy = Legacy(json.loads(file.read_text("utf-8")))
    graph = _ours().find(*legacy.key)
    assert graph is not None, f"{legacy.key} is not among the curriculums"
    return legacy, graph


_each = pytest.mark.parametrize("file", _FILES, ids=[file.stem for file in _FILES])

# The record


@pytest.mark.parametrize("version", ["0.1", "2.3"])
def test_every_decision_of_the_record(tmp_path: Path, version: str) -> None:
    recorded = pd.read_csv(RECORD / f"df_manager_open_loop_coupled_baiting_{version}.csv", dtype=str)
    tables = ["--behavior", str(RECORD / "df_behavior_open_loop.csv"), "--manager", str(tmp_path / "df_manager.csv")]
    options = ["--default-curriculum", f"Coupled Baiting@{version}", "--now", NOW, "--format", "json"]
    ran = process("evaluate", "--curriculums", str(ROOT / "curriculums"), *tables, *options)
    assert (ran.code, ran.err) == (0, "")
    assert ran.report["summary"]["judged"] == len(recorded) == 2494
    ours = pd.read_csv(tmp_path / "df_manager.csv", dtype=str, keep_default_na=False)
    both = [column for column in recorded.columns if column in ours.columns]
    assert set(both) == set(recorded.columns)
    order = ["subject_id", "session"]
    pd.testing.assert_frame_equal(
        ours[both].sort_values(order, ignore_index=True), recorded[both].sort_values(order, ignore_index=True)
    )


def test_the_older_system_s_table_is_continued_as_it_would_have_done(tmp_path: Path) -> None:
    recorded = pd.read_csv(RECORD / "df_manager_open_loop_coupled_baiting_2.3.csv", dtype=str)
    table = tmp_path / "df_manager.csv"
    recorded[recorded["session"].astype(int) <= 12].to_csv(table, index=False)
    tables = ["--behavior", str(RECORD / "df_behavior_open_loop.csv"), "--manager", str(table)]
    options = ["--default-curriculum", "Coupled Baiting@2.3", "--now", NOW, "--format", "json"]
    line = ["evaluate", "--curriculums", str(ROOT / "curriculums" / "coupled_baiting"), *tables, *options]
    first, content = command(*line), table.read_bytes()
    assert (first.code, first.report["stale"]) == (0, [])
    assert first.report["summary"]["judged"] == (recorded["session"].astype(int) > 12).sum()
    order = ["subject_id", "session"]
    ours = pd.read_csv(table, dtype=str, keep_default_na=False)[list(recorded.columns)]
    pd.testing.assert_frame_equal(
        ours.sort_values(order, ignore_index=True), recorded.sort_values(order, ignore_index=True)
    )
    second = command(*line)
    assert (second.code, second.report["written"], table.read_bytes()) == (0, [], content)


# The curriculums


def test_there_are_23_curriculums() -> None:
    assert len(_FILES) == 23
    assert {_pair(file)[0].key for file in _FILES} == {
        compilation.claims for compilation in _ours().compilations if compilation.graph is not None
    }


def test_the_defects_are_those_that_are_known() -> None:
    misnamed, undefined, unparsed = set(), set(), set()
    for file in _FILES:
        legacy = _pair(file)[0]
        for label, entry in legacy.content["curriculum"].items():
            misnamed |= {legacy.key} if entry["from_stage"] != label else set()
            for place, rule in enumerate(entry["transition_rules"]):
                undefined |= {legacy.key} if rule["to_stage"] not in legacy.content["parameters"] else set()
                unparsed |= {(*legacy.key, label, place)} if not _parses(rule["condition"]) else set()
    assert (misnamed, undefined, unparsed) == (_MISNAMED, _UNDEFINED_END, {_UNCLOSED})


def _parses(text: str) -> bool:
    try:
        body(text)
    except SyntaxError:
        return False
    return True


@_each
def test_stages_and_their_parameters(file: Path) -> None:
    legacy, graph = _pair(file)
    stages = {stage["label"]: stage for stage in graph.content["stages"]}
    expected = list(legacy.content["parameters"])
    if legacy.key in _UNDEFINED_END:
        expected.append("Graduated")
        assert stages["Graduated"]["final"]
        assert stages["Graduated"]["parameters"].keys() <= stages["Stage final"]["parameters"].keys()
    assert list(stages) == expected
    assert stages[expected[0]]["name"] == graph.initial
    for label, parameters in legacy.content["parameters"].items():
        wanted = {name: value for name, value in parameters.items() if name not in _NOT_PARAMETERS}
        assert _typed(stages[label]["parameters"]) == _typed(wanted), label
        assert graph.task.version == parameters["task_schema_version"]


def _typed(parameters: Mapping[str, object]) -> dict[str, tuple[str, object]]:
    return {name: (type(value).__name__, value) for name, value in parameters.items()}


@_each
def test_rules_in_order(file: Path) -> None:
    legacy, graph = _pair(file)
    labels = {stage.name: stage.label for stage in graph.stages}
    for stage in graph.content["stages"]:
        ours = [
            (rule["decision"], labels[rule["to"]], _form(ast.parse(rule["when"], mode="eval").body))
            if rule["trigger"] == "when"
            else (rule["decision"], labels[rule["to"]], ALWAYS)
            for rule in stage["transitions"]
        ]
        theirs = [(decision, to, _form(body(text))) for decision, to, text in legacy.rules(stage["label"])]
        assert ours == theirs, stage["label"]


ALWAYS = ("always",)
_SYMBOLS: Mapping[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.And: "and", ast.Or: "or"
}  # fmt: skip


def _form(tree: ast.expr) -> tuple[object, ...]:
    """What a condition says, whether it is a lambda's or ours: nested tuples; anything unforeseen is an error."""
    match tree:
        case ast.BoolOp(op, values):
            symbol = _SYMBOLS[type(op)]
            parts: list[object] = []
            for form in map(_form, values):
                parts.extend(form[1:] if form[0] == symbol else [form])
            return (symbol, *parts)
        case ast.Compare(left, [op], [right]):
            form = (_SYMBOLS[type(op)], _form(left), _form(right))
            return ALWAYS if form == (">=", ("name", "session_at_current_stage"), ("number", 1.0)) else form
        case ast.Call(ast.Attribute(ast.Name("np"), "mean") | ast.Name("mean"), [argument], []):
            return ("mean", _form(argument))
        case ast.Subscript(value, ast.Slice(lower, None, None)) if lower is not None:
            return ("from", _form(value), _form(lower))
        case ast.Subscript(value, index):
            return ("at", _form(value), _form(index))
        case ast.UnaryOp(ast.USub(), ast.Constant(int(number))):
            return ("number", float(-number))
        case ast.Constant(int(number) | float(number)):
            return ("number", float(number))
        case ast.Attribute(ast.Name("metrics"), name) | ast.Name(name):
            return ("name", name)
    raise AssertionError(ast.dump(tree))


# Decided alike


@_each
def test_random_histories_are_decided_alike(file: Path) -> None:
    legacy, graph = _pair(file)
    chance = random.Random(file.name)
    names = {stage.label: stage.name for stage in graph.stages}
    moved = 0
    for _ in range(_HISTORIES):
        label = chance.choice(list(legacy.content["curriculum"]))
        metrics = _history(chance, graph)
        length = len(next(iter(metrics.values())))
        count = chance.randint(1, length)
        total = length + chance.choice([0, 0, 3])
        situation = {**metrics, "session_total": total, "session_at_current_stage": count}
        decision, to = next(
            ((d, t) for d, t, text in legacy.rules(label) if function(text)(situation)), ("stay", label)
        )  # fmt: skip
        history = History.of(metrics, list(range(total - length + 1, total + 1)))
        found = step(graph, Situation(names[label], total, count), history)
        assert (found.decision, found.next_stage) == (decision.upper(), names[to]), (label, situation)
        moved += decision != "stay"
    assert moved > _HISTORIES / 5


def _history(chance: random.Random, graph: StateGraph) -> dict[str, list[float]]:
    """Metrics of some sessions, often near or right on the thresholds that the curriculums use."""
    length = chance.randint(1, 12)
    thresholds: dict[bool, list[float]] = {
        True: [5, 7, 10, 200, 250, 300, 350, 400, 450, 500],
        False: [0.5, 0.55, 0.6, 0.65, 0.67, 0.7, 1.0],
    }
    top = chance.choice([12, 600]) if graph.task.name == "dummy_task" else 600
    return {
        metric.name: [
            chance.choice(thresholds[metric.integer])
            if chance.random() < 0.6
            else chance.randint(0, top)
            if metric.integer
            else round(chance.uniform(0.3, 1.1), chance.choice([2, 3, 15]))
            for _ in range(length)
        ]
        for metric in graph.task.metrics.values()
    }

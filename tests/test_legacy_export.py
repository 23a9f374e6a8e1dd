"""Export to the older system: its format field by field, lambdas that decide alike, and what is refused."""

from __future__ import annotations

import ast
import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colony import RECORD, ROOT, command
from hypothesis import given
from hypothesis import strategies as st
from language_kit import check_condition, evaluate, node_of, scope_of, situation_values
from legacy_lambdas import body, decide, function
from test_language_laws import ALL, METRICS, SCOPE, Past, condition, laws, pasts

from autotrain_dsl import catalog, document
from autotrain_dsl.compiler import compile_document
from autotrain_dsl.expressions.nodes import Node
from autotrain_dsl.expressions.scope import Scope
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import History, Situation, step
from autotrain_dsl.layers import Library, checked
from autotrain_dsl.legacy import conditions
from autotrain_dsl.legacy.export import export, to_bytes
from autotrain_dsl.tasks import TaskSchemas

_HISTORIES = 10_000
_LEGACY = sorted((RECORD / "legacy_curriculums").glob("*.json"))

# The lambdas, as a person would write them

WRITTEN = {
    # like those of the older system
    "finished_trials[-1] >= 200 and foraging_efficiency[-1] >= 0.6":
        "metrics.finished_trials[-1] >= 200 and metrics.foraging_efficiency[-1] >= 0.6",
    "mean(finished_trials[-5:]) >= 450 or mean(x[-5:]) < 0.70":
        "np.mean(metrics.finished_trials[-5:]) >= 450 or np.mean(metrics.x[-5:]) < 0.7",
    "(x[-1] < 1 or y[-1] < 2) and session_at_current_stage >= 3":
        "(metrics.x[-1] < 1 or metrics.y[-1] < 2) and metrics.session_at_current_stage >= 3",
    "x[0] > 1": "metrics.x[0] > 1",
    "x[-1] > 1000000": "metrics.x[-1] > 1000000.0",
    "-x[-1] - -2 > (x[-1] - (y[-1] - 1)) * -3": "-metrics.x[-1] - -2 > (metrics.x[-1] - (metrics.y[-1] - 1)) * -3",
    # not: what is known to be false
    "not x[-1] >= 1": "metrics.x[-1] < 1",
    "not (x[-1] >= 1 and not y[-1] < 2)": "metrics.x[-1] < 1 or metrics.y[-1] < 2",
    "not (x[-1] > 1 or y[-1] <= 2)": "metrics.x[-1] <= 1 and metrics.y[-1] > 2",
    "x[-1] > 1 and not (y[-1] > 2 or z[-1] > 3)": "metrics.x[-1] > 1 and metrics.y[-1] <= 2 and metrics.z[-1] <= 3",
    "finished_trials[-1] != 5": "abs(metrics.finished_trials[-1] - 5) > 0",
    "not finished_trials[-1] == 5": "abs(metrics.finished_trials[-1] - 5) > 0",
    "not finished_trials[-1] != 5": "metrics.finished_trials[-1] == 5",
    "x[-1] != y[-1] + z[-1]": "abs(metrics.x[-1] - (metrics.y[-1] + metrics.z[-1])) > 0",
    "session_total != 5": "metrics.session_total != 5",
    "1 < x[-1] < 3": "1 < metrics.x[-1] and metrics.x[-1] < 3",
    "not 1 < x[-1] < 3": "1 >= metrics.x[-1] or metrics.x[-1] >= 3",
    # sessions that are not there
    "x[-2] >= 5": "len(metrics.x) > 1 and metrics.x[-2] >= 5",
    "not x[-2] >= 5": "len(metrics.x) > 1 and metrics.x[-2] < 5",
    "x[3] - x[-2] >= 5 or y[-1] > 1":
        "len(metrics.x) > 3 and len(metrics.x) > 1 and metrics.x[3] - metrics.x[-2] >= 5 or metrics.y[-1] > 1",
    "mean(x[-5:-1]) >= 5": "len(metrics.x[-5:-1]) > 0 and np.mean(metrics.x[-5:-1]) >= 5",
    "max(x[:3]) - min(x[1:]) > 1":
        "len(metrics.x[1:]) > 0 and np.max(metrics.x[:3]) - np.min(metrics.x[1:]) > 1",
    "all(x[-5:] > y[-3])": "all(v > c for c in [(metrics.y[-3:-2] or [np.nan])[0]] for v in metrics.x[-5:])",
    # functions
    "median(x[-3:]) > std(x[-7:])": "np.median(metrics.x[-3:]) > np.std(metrics.x[-7:])",
    "sum(x[-7:]) > abs(x[-1])": "np.sum(metrics.x[-7:]) > abs(metrics.x[-1])",
    "round(mean(x[-5:]), 2) == 0.5": "round(float(np.mean(metrics.x[-5:])), 2) == 0.5",
    "count(x[-5:]) >= 3": "len(metrics.x[-5:]) >= 3",
    "count(x[-5:] >= 1) >= 3":
        "sum(1 if v >= 1 else 0 if v < 1 else np.nan for v in metrics.x[-5:]) >= 3",
    "all(x[-3:] >= 1)": "all(v >= 1 for v in metrics.x[-3:])",
    "not all(x[-3:] >= 1)": "any(v < 1 for v in metrics.x[-3:])",
    "any(x[-3:] >= y[-3:])": "any(v >= v2 for v, v2 in zip(metrics.x[-3:], metrics.y[-3:]))",
    "not any((x[-3:] > 2) == true)": "all(v <= 2 for v in metrics.x[-3:])",
    "mean(at_stage(x)[-2:]) > 2": "np.mean(metrics.x[-metrics.session_at_current_stage:][-2:]) > 2",
    "mean(present(x[-5:])) > 1": "np.mean([v for v in metrics.x[-5:] if v == v] or [np.nan]) > 1",
    "present(x > 2)[-1]":
        "([v for v in [1 if v > 2 else 0 if v <= 2 else np.nan for v in metrics.x] if v == v][-1:] or [np.nan])[0]"
        " == 1",
    # from eight values on numpy adds in another order
    "mean(x[-8:]) > 1": "np.cumsum(metrics.x[-8:])[-1] / len(metrics.x[-8:]) > 1",
    "mean(x[-9:2]) > 1": "len(metrics.x[-9:2]) > 0 and np.mean(metrics.x[-9:2]) > 1",
    "mean(x[-9:][:3]) > mean(x[-3:][:9])": "np.mean(metrics.x[-9:][:3]) > np.mean(metrics.x[-3:][:9])",
    "sum(x) > 1": "np.cumsum(metrics.x)[-1] > 1",
    "sum(finished_trials) > 1": "np.sum(metrics.finished_trials) > 1",
    "mean(at_stage(finished_trials)) > 1":
        "np.mean(metrics.finished_trials[-metrics.session_at_current_stage:]) > 1",
    "mean(x - y) > 1": "[np.cumsum(v)[-1] / len(v) for v in [[v - v2 for v, v2 in zip(metrics.x, metrics.y)]]][0] > 1",
    # results that are no numbers
    "x[-1] / y[-1] > 2": "metrics.y[-1] != 0 and metrics.x[-1] / metrics.y[-1] > 2",
    "x[-1] / session_total > 2": "metrics.x[-1] / metrics.session_total > 2",
    "x[-1] / (finished_trials[-1] - 1) > 2":
        "[a if abs(a) < np.inf else np.nan for a in [[a / b if b != 0 else np.nan for a, b in "
        "[(metrics.x[-1], metrics.finished_trials[-1] - 1)]][0]]][0] > 2",
    "mean(x[-5:] / y[-5:]) > 1":
        "np.mean([v / v2 if v2 != 0 else np.nan for v, v2 in zip(metrics.x[-5:], metrics.y[-5:])]) > 1",
    "x[-1] * 1e200 / finished_trials[-1] > 2": (
        "metrics.finished_trials[-1] != 0 and metrics.x[-1] * 1e+200 / metrics.finished_trials[-1] > 2"
    ),
    "x[-1] * 1e300 > 2": "[a if abs(a) < np.inf else np.nan for a in [metrics.x[-1] * 1e+300]][0] > 2",
    # conditions compared
    "(x[-1] > 2) != true": "metrics.x[-1] <= 2",
    "(x[-1] > 2) == (y[-1] > 3)":
        "(1 if metrics.x[-1] > 2 else 0 if metrics.x[-1] <= 2 else np.nan) == "
        "(1 if metrics.y[-1] > 3 else 0 if metrics.y[-1] <= 3 else np.nan)",
    '"quit()" == "b" or true': "False or True",
}  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN)
def test_a_condition_is_written_as_a_person_would(text: str) -> None:
    node = check_condition(text).node
    assert node is not None
    assert conditions.refused(node) is None
    assert conditions.text(node) == WRITTEN[text]
    ast.parse(f"lambda metrics: {WRITTEN[text]}", mode="eval")


def test_metrics_may_have_the_names_of_things_in_the_lambda() -> None:
    known = scope_of().variables["x"]
    scope = Scope(dict.fromkeys(("np", "metrics", "v", "c", "a", "len", "float", "nan"), known))
    node = check_condition(
        "mean(np[-9:] - v[-9:] / (a[-9:] * len[-1])) > metrics[-2] + round(float[-1]) - c[-1]", scope
    )
    assert node.node is not None
    text = conditions.text(node.node)
    values = {name: [3.0, 5.0, float(number)] for number, name in enumerate(scope.variables, 1)}
    ours = evaluate(node.node, {name: tuple(each) for name, each in values.items()})
    assert bool(function(f"lambda metrics: {text}")(values)) is ours


# Decided alike: every curriculum


@cache
def _ours() -> catalog.Catalog:
    return catalog.build([ROOT / "curriculums"])


def _graphs() -> Iterator[StateGraph]:
    for compilation in _ours().compilations:
        if compilation.graph is not None:
            yield compilation.graph


GRAPHS = {f"{graph.curriculum.name} {graph.curriculum.version}": graph for graph in _graphs()}
_each_curriculum = pytest.mark.parametrize("name", GRAPHS)


def _content(graph: StateGraph) -> dict[str, Any]:
    exported = export(graph)
    assert exported.content is not None, exported.diagnostics
    assert exported.diagnostics == ()
    content: dict[str, Any] = json.loads(to_bytes(exported.content))
    assert _ordered(content) == _ordered(exported.content)
    return content


def _ordered(content: object) -> object:
    """Data that is equal only with the same order of keys and the same types."""
    if isinstance(content, dict):
        return [(key, _ordered(value)) for key, value in content.items()]
    if isinstance(content, list):
        return [_ordered(value) for value in content]
    return type(content).__name__, content


@_each_curriculum
def test_ten_thousand_histories_are_decided_alike(name: str) -> None:
    graph, chance = GRAPHS[name], random.Random(name)
    content = _content(graph)
    labels = {stage.name: stage.label for stage in graph.stages}
    decisions: Counter[str] = Counter()
    for _ in range(_HISTORIES):
        stage, metrics = chance.choice(list(labels)), _history(chance, graph)
        length = len(next(iter(metrics.values())))
        total, count = length + chance.choice([0, 0, 3]), chance.randint(1, length)
        history = History(
            tuple(range(total - length + 1, total + 1)), {n: tuple(map(float, v)) for n, v in metrics.items()}
        )
        ours = step(graph, Situation(stage, total, count), history)
        theirs = decide(content, labels[stage], {**metrics, "session_total": total, "session_at_current_stage": count})
        assert theirs == (ours.decision.lower(), labels[ours.next_stage]), (stage, metrics, total, count)
        decisions[theirs[0]] += 1
    assert min(decisions[each] for each in ("stay", "progress", "rollback")) > _HISTORIES / 50


def _history(chance: random.Random, graph: StateGraph) -> dict[str, list[float]]:
    """Some sessions, often near or right on thresholds, sometimes the same over and over."""
    length, top = chance.choice([1, 2, 3, 4, 5, 6, 7, 10, 12, 30]), 600 if graph.task.name != "dummy_task" else 15
    steady = chance.random() < 0.3
    metrics: dict[str, list[float]] = {}
    for metric in graph.task.metrics.values():
        values = [_metric(chance, top, integer=metric.integer) for _ in range(1 if steady else length)]
        metrics[metric.name] = values * length if steady else values
    return metrics


_WHOLE = (5, 7, 10, 11, 200, 250, 300, 350, 400, 450, 500)
_SHARES = (0.5, 0.55, 0.6, 0.65, 0.67, 0.7, 1.0)


def _metric(chance: random.Random, top: int, *, integer: bool) -> float:
    kind = chance.random()
    if integer:
        return chance.choice(_WHOLE) if kind < 0.5 else chance.randint(0, top)
    if kind < 0.5:
        return chance.choice(_SHARES)
    share = chance.uniform(0.3, 1.1)
    return math.nextafter(chance.choice(_SHARES), chance.choice([0.0, 2.0])) if kind < 0.6 else round(share, 15)


# Decided alike: the whole language

SIZES = st.floats(-1e100, 1e100, allow_nan=False).map(lambda value: value if abs(value) >= 1e-100 else 0.0)
NICE = st.sampled_from((0.0, 1.0, 2.0, 3.0, 0.1, 0.2, 0.3, 0.7, 200.0, -1.0, -0.0, 0.5))
KNOWN: st.SearchStrategy[float | None] = st.one_of(NICE, NICE, SIZES)
GAPPY: st.SearchStrategy[float | None] = st.one_of(NICE, NICE, SIZES, st.none())


def _legacy(past: Past, total: int, stay: int) -> dict[str, Any]:
    """A history as the older system has it: NaN where a value is missing, whole numbers as int in one metric."""
    lists = {name: [math.nan if value is None else value for value in values] for name, values in past.items()}
    lists["z"] = [int(value) if value.is_integer() and abs(value) < 1e6 else value for value in lists["z"]]
    return {**lists, "session_total": total, "session_at_current_stage": stay}


def _fires(node: Node, past: Past, total: int, stay: int) -> tuple[bool, bool]:
    """Whether a condition is true here, and whether its lambda is."""
    ours = evaluate(node, {**past, **situation_values(total, stay)}, stay)
    with np.errstate(all="ignore"):
        theirs = function(f"lambda metrics: {conditions.text(node)}")(_legacy(past, total, stay))
    return ours is True, bool(theirs)


STAYS, TOTALS = st.integers(1, 6), st.integers(1, 12)


@pytest.mark.parametrize("values", [KNOWN, GAPPY], ids=["nothing is missing", "with gaps"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_lambdas_fire_exactly_where_conditions_do(values: st.SearchStrategy[float | None], depth: int) -> None:
    """Even where something is missing, though only that the lambda does not fire then would be needed."""
    seen: Counter[object] = Counter()

    @laws(300)
    @given(condition(ALL, depth), st.lists(st.tuples(pasts(values, 1), TOTALS, STAYS), min_size=3, max_size=3))
    def law(text: str, situations: list[tuple[Past, int, int]]) -> None:
        node = check_condition(text, SCOPE).node
        if node is None:  # a threshold may be out of range by chance
            return
        refusal = conditions.refused(node)
        seen["written" if refusal is None else refusal.reason] += 1
        for past, total, stay in situations if refusal is None else ():
            ours, theirs = _fires(node, past, total, stay)
            assert theirs is ours, conditions.text(node)
            seen[ours] += 1

    law()
    refused = sum(seen.values()) - seen["written"] - seen[True] - seen[False]
    assert seen["written"] > 4 * refused
    assert min(seen[True], seen[False]) > 60


@pytest.mark.parametrize("function_name", ["mean", "sum", "std", "median", "min", "max"])
@pytest.mark.parametrize("cut", ["x[-7:]", "x[-20:]", "x", "at_stage(x)", "present(x[-20:])", "(x[-20:] - y[-20:])"])
def test_aggregates_are_the_same_to_the_last_bit(function_name: str, cut: str) -> None:
    node, chance = node_of(f"{function_name}({cut}) == z[-1]"), random.Random(cut)
    aggregate = node_of(f"{function_name}({cut})")
    for _ in range(60):
        length = chance.randint(1, 40)
        past = {name: tuple(chance.uniform(0, 2) for _ in range(length)) for name in METRICS}
        stay = chance.randint(1, length)
        value = evaluate(aggregate, past, stay)
        assert isinstance(value, float)
        assert _fires(node, {**past, "z": (value,) * length}, length, stay) == (True, True)
        assert _fires(node, {**past, "z": (math.nextafter(value, 9),) * length}, length, stay) == (False, False)


@pytest.mark.parametrize("function_name", ["mean", "sum", "std", "median", "min", "max"])
def test_whole_numbers_are_aggregated_exactly_over_any_number_of_sessions(function_name: str) -> None:
    text = f"{function_name}(finished_trials) == z[-1]"
    node, chance = node_of(text), random.Random(text)
    for _ in range(60):
        trials = [chance.randint(0, 2000) for _ in range(chance.randint(1, 300))]
        value = evaluate(node_of(f"{function_name}(finished_trials)"), {"finished_trials": tuple(map(float, trials))})
        metrics = {"finished_trials": trials, "z": [value]}
        assert function(f"lambda metrics: {conditions.text(node)}")(metrics) == True  # noqa: E712 numpy's own


def test_halves_are_rounded_as_the_language_does() -> None:
    node = node_of("round(mean(x[-2:]), 2) >= y[-1]")
    for value in (0.005, 0.015, 0.025, 0.675, 1.005, 2.675, 0.285):
        for threshold in (0.0, 0.01, 0.02, 0.03, 0.67, 0.68, 1.0, 1.01, 2.67, 2.68, 0.28, 0.29):
            past = {"x": (value, value), "y": (threshold, threshold), "z": (0.0, 0.0)}
            ours, theirs = _fires(node, past, 2, 2)
            assert theirs is ours is (round(value, 2) >= threshold)


@pytest.mark.parametrize(
    "text",
    [
        "x[-1] * 1e300 * 1e300 > 1",
        "mean(x[-3:] * 1e300) > 1",
        "not mean(x[-3:] * -1e300) > 1",
        "any(x[-3:] * 1e300 > 1)",
        "1 / (x[-1] * 1e300) < 1",
        "mean(x[-3:] * 1.5e218) > 1",
        "std(x[-3:] * 1e100) > 1",
        "x[-1] / 0 > 1",
        "not x[-1] / 0 > 1",
        "x[-1] / (y[-1] - y[-1]) > 1",
        "session_total / (session_total - 1) >= 0",
        "session_total / (session_total - 1) != 7",
    ],
)
def test_a_result_that_is_no_number_fires_nothing(text: str) -> None:
    node = check_condition(text).node
    assert node is not None
    past = {"x": (8e89, 9e89, 1e90), "y": (1.0, 1.0, 1.0), "z": (0.0, 0.0, 0.0)}
    assert _fires(node, past, 1, 1) == (False, False)


# The format, field by field

HEAD = """\
dsl_version: 1
name: Toy
version: "1.2"
task_schema: {name: my_toy, version: "3"}
"""
TASK = """\
dsl_version: 1
name: my_toy
version: "3"
url: https://example.org/toy
parameters:
  type: object
  additionalProperties: false
  required: [task, volume]
  properties:
    volume: {type: number}
    task: {type: string}
    trials: {type: integer, default: 100}
    loud: {type: boolean}
metrics:
  finished_trials: {type: integer, minimum: 0}
  x: {type: number}
  y: {type: number}
"""
STAGES = """\
description: A first try.
constants: {enough: 200}
stages:
  STAGE_1:
    label: The beginning
    description: Easy.
    parameters: {loud: true, task: Toy task, volume: 2}
    transitions:
      - progress: STAGE_FINAL
        when: {any: ["finished_trials[-1] >= enough", {not: "x[-1] < 0.5"}]}
        because: good enough
      - progress: STAGE_FINAL
        manual: true
      - stay: true
        otherwise: true
  STAGE_FINAL:
    inherits: STAGE_1
    parameters: {trials: 50, volume: 0.5}
    transitions:
      - rollback: STAGE_1
        when: mean(x[-2:]) < 0.5
      - progress: GRADUATED
        otherwise: true
        because: one session is enough
  GRADUATED:
    final: true
"""
EXPECTED = """\
{
 "curriculum_schema_name": "MyToyCurriculum",
 "curriculum_schema_version": "1.0",
 "curriculum_name": "Toy",
 "curriculum_version": "1.2",
 "curriculum_description": "A first try.",
 "parameters": {
  "Stage 1": {
   "training_stage": "Stage 1",
   "task": "Toy task",
   "task_url": "https://example.org/toy",
   "task_schema_version": "3",
   "description": "Easy.",
   "volume": 2.0,
   "trials": 100,
   "loud": true
  },
  "Stage final": {
   "training_stage": "Stage final",
   "task": "Toy task",
   "task_url": "https://example.org/toy",
   "task_schema_version": "3",
   "description": "Stage final: Toy task",
   "volume": 0.5,
   "trials": 50,
   "loud": true
  }
 },
 "curriculum": {
  "Stage 1": {
   "from_stage": "Stage 1",
   "transition_rules": [
    {
     "decision": "progress",
     "to_stage": "Stage final",
     "condition": "lambda metrics: metrics.finished_trials[-1] >= 200 or metrics.x[-1] >= 0.5",
     "condition_description": "good enough"
    },
    {
     "decision": "stay",
     "to_stage": "Stage 1",
     "condition": "lambda metrics: metrics.session_at_current_stage >= 1",
     "condition_description": ""
    }
   ]
  },
  "Stage final": {
   "from_stage": "Stage final",
   "transition_rules": [
    {
     "decision": "rollback",
     "to_stage": "Stage 1",
     "condition": "lambda metrics: np.mean(metrics.x[-2:]) < 0.5",
     "condition_description": ""
    },
    {
     "decision": "progress",
     "to_stage": "Graduated",
     "condition": "lambda metrics: metrics.session_at_current_stage >= 1",
     "condition_description": "one session is enough"
    }
   ]
  }
 }
}
"""


def _compiled(folder: Path, stages: str, head: str = HEAD, task: str = TASK) -> StateGraph:
    (folder / "my_toy_3.yaml").write_text(task, "utf-8")
    read = checked(document.parse_bytes((head + stages).encode(), "toy.yaml"))
    compilation = compile_document(folder / "toy.yaml", read, Library(), TaskSchemas(folder))
    assert compilation.graph is not None, [(d.span.line, d.message) for d in compilation.diagnostics]
    return compilation.graph


def test_a_small_curriculum_is_written_like_this(tmp_path: Path) -> None:
    exported = export(_compiled(tmp_path, STAGES))
    assert exported.diagnostics == ()
    assert exported.content is not None
    assert to_bytes(exported.content).decode("ascii") == EXPECTED


def test_a_stage_that_is_final_under_another_name_has_no_rules(tmp_path: Path) -> None:
    stages = STAGES.replace("GRADUATED:\n    final: true", "STAGE_5: {inherits: STAGE_1, final: true}")
    content = _content(_compiled(tmp_path, stages.replace("GRADUATED", "STAGE_5")))
    assert content["curriculum"]["Stage 5"] == {"from_stage": "Stage 5", "transition_rules": []}
    assert content["parameters"]["Stage 5"]["training_stage"] == "Stage 5"


@pytest.mark.parametrize(
    "rules", ["", "    transitions: [{rollback: STAGE_1, manual: true}, {stay: true, when: 'x[-1] > 1'}]\n"]
)
def test_graduated_need_not_be_final_if_nothing_leads_away(tmp_path: Path, rules: str) -> None:
    stages = STAGES.replace("    final: true\n", f"    inherits: STAGE_1\n{rules}")
    content = _content(_compiled(tmp_path, stages))
    assert content["parameters"]["Graduated"]["training_stage"] == "Graduated"
    assert "Graduated" not in content["curriculum"]


def test_a_whole_number_that_no_double_holds_is_kept(tmp_path: Path) -> None:
    content = _content(_compiled(tmp_path, STAGES.replace("volume: 2}", f"volume: {2**53 + 1}, trials: 5.0}}")))
    parameters = content["parameters"]["Stage 1"]
    assert _ordered([parameters["volume"], parameters["trials"]]) == [("int", 2**53 + 1), ("int", 5)]


@_each_curriculum
def test_every_curriculum_has_the_form_of_the_older_system_s_files(name: str) -> None:
    graph = GRAPHS[name]
    content = _content(graph)
    head = ["schema_name", "schema_version", "name", "version", "description"]
    assert list(content) == [*(f"curriculum_{each}" for each in head), "parameters", "curriculum"]
    expected = "DummyTaskCurriculum" if name.startswith("Dummy") else "DynamicForagingCurriculum"
    assert [content[f"curriculum_{each}"] for each in head] == [
        expected, "1.0", graph.curriculum.name, graph.curriculum.version, graph.curriculum.description
    ]  # fmt: skip
    order = [each for each in graph.task.parameters["properties"] if each != "task"]
    kinds = {"number": float, "integer": int, "boolean": bool, "string": str}
    for label, parameters in content["parameters"].items():
        fields = ["training_stage", "task", "task_url", "task_schema_version", "description"]
        assert list(parameters)[:5] == fields
        assert parameters["training_stage"] == label
        written = list(parameters)[5:]
        assert written == [each for each in order if each in written]
        for each, value in list(parameters.items())[5:]:
            assert type(value) is kinds[graph.task.parameters["properties"][each]["type"]], each
    assert list(content["curriculum"]) == [label for label in content["parameters"] if label != "Graduated"]
    for label, entry in content["curriculum"].items():
        assert list(entry) == ["from_stage", "transition_rules"]
        assert entry["from_stage"] == label
        for rule in entry["transition_rules"]:
            assert list(rule) == ["decision", "to_stage", "condition", "condition_description"]
            assert rule["decision"] in ("progress", "rollback", "stay")
            assert rule["condition"].startswith("lambda metrics: ")


@pytest.mark.skipif(not _LEGACY, reason="the lab's record (shared/data beside the project) is not there")
@pytest.mark.parametrize("file", _LEGACY, ids=[file.stem for file in _LEGACY])
def test_every_field_is_that_of_the_older_system_s_file(file: Path) -> None:
    theirs = json.loads(file.read_text("utf-8"))
    ours = _content(GRAPHS[f"{theirs['curriculum_name']} {theirs['curriculum_version']}"])
    _without_known_differences(theirs, ours)
    assert _ordered(ours) == _ordered(theirs)


@pytest.mark.skipif(not _LEGACY, reason="the lab's record (shared/data beside the project) is not there")
def test_what_is_imported_and_exported_again_is_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "curriculums"
    assert command("import", str(RECORD / "legacy_curriculums"), "--output", str(folder)).code == 1
    imported = catalog.build([folder])
    for file in _LEGACY:
        theirs = json.loads(file.read_text("utf-8"))
        graph = imported.find(theirs["curriculum_name"], theirs["curriculum_version"])
        assert graph is not None
        ours = _content(graph)
        assert ours["curriculum_description"] == theirs["curriculum_description"]
        assert {label: each["description"] for label, each in ours["parameters"].items()} == {
            label: each["description"] for label, each in theirs["parameters"].items()
        }
        if graph.curriculum.name == "Dummy task" and graph.curriculum.version == "0.1":  # its first rule is no lambda
            del theirs["curriculum"]["Stage final"]["transition_rules"][0]
        _without_known_differences(theirs, ours)
        assert _ordered(ours) == _ordered(theirs)


def _without_known_differences(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    """Descriptions (removed from the record), lambdas that are laid out otherwise, and defects of the older files."""
    if theirs["curriculum_schema_version"] == "0.3":  # the one of before task_url
        theirs["curriculum_schema_version"] = "1.0"
        for parameters in ours["parameters"].values():
            assert parameters.pop("task_url") == ""
    for content in (theirs, ours):
        content["curriculum_description"] = ""
        for parameters in content["parameters"].values():
            parameters["description"] = ""
        for entry in content["curriculum"].values():
            for rule in entry["transition_rules"]:
                rule["condition_description"] = ""
                unclosed = re.compile(r"(np\.mean\(metrics\.dummy_metric_int\[-5:\]) > 10\s*$")
                rule["condition"] = _form(unclosed.sub(r"\1) > 10", rule["condition"]))
    for label, parameters in theirs["parameters"].items():
        parameters["training_stage"] = label  # `Graduated` has that of the stage before
    for label, entry in theirs["curriculum"].items():
        entry["from_stage"] = label  # `Stage 2` twice in `Stage final`


def _form(text: str) -> str:
    """What a lambda says, however it is laid out and its numbers are written."""
    return re.sub(r"Constant\(value=([0-9.]+)\)", lambda found: str(float(found[1])), ast.dump(body(text)))


# What is refused

DEEP = "mean(present(x[-3:] - mean(present(x[-3:] - mean(present(x[-3:] - mean(present(x[-3:]))))))))"
MORE = "derived: {near: 'DEEP', far: 'mean(present(y[-3:] - near))', there: 'mean(present(y[-3:] - far))'}\n"


def _refusals(graph: StateGraph) -> list[tuple[str, str, str]]:
    exported = export(graph)
    assert exported.content is None
    assert {each.code.id for each in exported.diagnostics} == {"ATD711"}
    return [(each.span.text, each.message, each.hint) for each in exported.diagnostics]


START = "but the older system starts them in the first stage that has parameters, which is `STAGE_1`"
COMPARES = "cannot be written for the older system: it compares conditions that compare conditions themselves"
EIGHT = "`STAGE_1_WARMUP`, `STAGE_1`, `STAGE_2`, `STAGE_3`, `STAGE_4`, `STAGE_5`, `STAGE_FINAL`, `GRADUATED`"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "STAGE_FINAL",
            "Shaping",
            (
                "Shaping",
                "the older system has no stage `Shaping`",
                f"rename it to one of the eight that it has: {EIGHT}",
            ),
        ),
        (
            "    final: true\n",
            "    inherits: STAGE_1\n    transitions: [{rollback: STAGE_1, when: 'x[-1] < 0'}]\n",
            (
                "rollback",
                "the older system never looks at rules of `GRADUATED`, but this one may fire",
                "make the stage final, or give it another name, such as STAGE_FINAL",
            ),
        ),
        (
            "stages:",
            "initial: STAGE_FINAL\nstages:",
            (
                "STAGE_FINAL",
                "subjects start in `STAGE_FINAL`, " + START,
                "write `STAGE_FINAL` before `STAGE_1`",
            ),
        ),
        (
            "stages:",
            "initial: GRADUATED\nstages:",
            (
                "GRADUATED",
                "subjects start in `GRADUATED`, " + START,
                "give `GRADUATED` parameters",
            ),
        ),
        (
            "mean(x[-2:]) < 0.5",
            "(x[-1] > 1) == ((y[-1] > 1) == (x[-2] > 1))",
            (
                "(x[-1] > 1) == ((y[-1] > 1) == (x[-2] > 1))",
                "rule 1 of `STAGE_FINAL` " + COMPARES,
                "write one of the comparisons with `and`, `or` and `not`",
            ),
        ),
    ],
    ids=["unknown stage", "graduated goes on", "another start", "nothing to start", "compared conditions"],
)
def test_what_the_format_cannot_say_is_refused(
    tmp_path: Path, old: str, new: str, expected: tuple[str, str, str]
) -> None:
    assert _refusals(_compiled(tmp_path, STAGES.replace(old, new))) == [expected]


def test_a_condition_that_python_might_not_be_able_to_read_is_refused(tmp_path: Path) -> None:
    """Some versions of Python crash on twenty comprehensions within each other."""
    stages = STAGES.replace("stages:", MORE.replace("DEEP", DEEP) + "stages:").replace("mean(x[-2:])", "there")
    found = _refusals(_compiled(tmp_path, stages))
    message = (
        "rule 1 of `STAGE_FINAL` cannot be written for the older system: written out, it has more than 20 brackets "
        "within each other"
    )
    assert found == [("there < 0.5", message, "make it simpler, or split it into two rules")]


@pytest.mark.parametrize("mark", ["_curriculum_v", "_schema_v"])
def test_a_name_that_looks_like_the_end_of_a_file_name_is_refused(tmp_path: Path, mark: str) -> None:
    head = HEAD.replace("Toy", f"Toy{mark}1").replace('"1.2"', f'"1{mark}2"')
    found = _refusals(_compiled(tmp_path, STAGES, head))
    separates = f"holds `{mark}`, which separates the parts of the older system's file names"
    assert found == [
        (f"Toy{mark}1", f"the name `Toy{mark}1` {separates}", "choose a name without it"),
        (f"Toy{mark}1", f"the version `1{mark}2` {separates}", "choose a version without it"),
    ]


def test_a_task_that_the_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    task = TASK.replace("loud:", "description:").replace("task: {type: string}", "task: {type: integer}")
    stages = STAGES.replace("loud: true", "description: true").replace("Toy task", "5")
    field = "the task's parameter `description` has the name of a field that the older system has beside parameters"
    lacking = "the older system wants to know the behaviour task of every stage, and the task schema has none"
    found = _refusals(_compiled(tmp_path, stages, task=task))
    assert [message for _, message, _ in found] == [lacking, field]
    assert {span for span, _, _ in found} == {"task_schema"}


def test_a_stage_without_a_behaviour_task_is_refused(tmp_path: Path) -> None:
    task = TASK.replace("required: [task, volume]", "required: [volume]")
    found = _refusals(_compiled(tmp_path, STAGES.replace("task: Toy task, ", ""), task=task))
    assert [span for span, _, _ in found] == ["STAGE_1", "STAGE_FINAL"]
    assert found[0][1:] == (
        "the older system wants to know the behaviour task of `STAGE_1`, which has no `task`",
        "add `task` to its parameters",
    )


def test_a_curriculum_without_anything_to_run_is_refused(tmp_path: Path) -> None:
    found = _refusals(_compiled(tmp_path, "stages: {GRADUATED: {final: true}}\n"))
    assert [message for _, message, _ in found] == ["no stage has parameters, so there is nothing that a rig could run"]


def test_everything_that_is_in_the_way_is_said_at_once(tmp_path: Path) -> None:
    stages = STAGES.replace("STAGE_FINAL", "Shaping").replace("stages:", "initial: Shaping\nstages:")
    found = export(_compiled(tmp_path, stages, HEAD.replace("Toy", "Toy_schema_v")))
    assert [each.span.line for each in found.diagnostics] == [2, 7, 21]


def test_long_and_deep_conditions_are_written_or_refused_without_delay() -> None:
    chain = {"d0": "x[-1] + 1", **{f"d{n}": f"d{n - 1} + x[-1]" for n in range(1, 95)}}
    spreads = {"e0": "std(x[-3:])", **{f"e{n}": f"std(x[-3:] - e{n - 1})" for n in range(1, 30)}}
    marks = {"f0": "count(x > 1)", **{f"f{n}": f"count(present(x > f{n - 1}))" for n in range(1, 30)}}
    scope = scope_of(derived={**chain, **spreads, **marks})
    deep = check_condition("d94 > 1", scope).node
    assert deep is not None
    assert conditions.refused(deep) is None
    assert function(f"lambda metrics: {conditions.text(deep)}")({"x": [1.0]}) is True
    for text in ("e29 > 1", "f29 > 1"):
        node = check_condition(text, scope).node
        assert node is not None
        assert len(conditions.text(node)) < 10_000
        assert conditions.refused(node) is not None


# Hostile text

NASTY = '"}]}\n\u2028</script><script>alert(1)</script>\\" + __import__("os").system("id") # \U0001f600\t\'\'\' lambda'


def test_what_authors_write_stays_text_and_reaches_no_lambda(tmp_path: Path) -> None:
    text = json.dumps(NASTY, ensure_ascii=False).replace("\u2028", "\\u2028")
    stages = (
        STAGES.replace("A first try.", text)
        .replace("Easy.", text)
        .replace("good enough", text)
        .replace("The beginning", json.dumps(NASTY[:40]))
        .replace("Toy task", text)
        .replace("mean(x[-2:]) < 0.5", """'"__import__(0)" != "os.system" and x[-1] < 0.5'""")
    )
    graph = _compiled(tmp_path, stages)
    content = _content(graph)
    assert to_bytes(content).isascii()
    assert content["curriculum_description"] == NASTY
    assert content["parameters"]["Stage 1"]["description"] == content["parameters"]["Stage 1"]["task"] == NASTY
    rules = [rule for entry in content["curriculum"].values() for rule in entry["transition_rules"]]
    assert rules[0]["condition_description"] == NASTY
    assert [rule["condition"] for rule in rules] == [
        "lambda metrics: metrics.finished_trials[-1] >= 200 or metrics.x[-1] >= 0.5",
        "lambda metrics: metrics.session_at_current_stage >= 1",
        "lambda metrics: True and metrics.x[-1] < 0.5",
        "lambda metrics: metrics.session_at_current_stage >= 1",
    ]


def test_the_same_curriculum_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (export(_compiled(tmp_path, STAGES)).content for _ in range(2))
    assert first is not None
    assert second is not None
    assert to_bytes(first) == to_bytes(second) == EXPECTED.encode()

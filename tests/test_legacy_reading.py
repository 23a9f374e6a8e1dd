"""Files of the older system: what is read from them, where their faults are shown, and that nothing in them is run."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from colony import RECORD, ROOT
from conftest import DATA

from autotrain_dsl import catalog, codes
from autotrain_dsl.diagnostics import MAX_FINDINGS, Diagnostic, tidy
from autotrain_dsl.document import MAX_BYTES
from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.parser import Written
from autotrain_dsl.expressions.scope import WHOLE_HISTORY, Known, Scope, situation
from autotrain_dsl.legacy import lambdas, reading
from autotrain_dsl.legacy.lambdas import Condition
from autotrain_dsl.legacy.model import LegacyCurriculum, LegacyRule
from autotrain_dsl.model import Move
from autotrain_dsl.report import text
from autotrain_dsl.source import Source, Span
from autotrain_dsl.tasks import TaskSchemas

LEGACY = DATA / "legacy"
CASES = sorted(path.stem for path in LEGACY.glob("*.json"))
REAL = sorted((RECORD / "legacy_curriculums").glob("*.json"))
NEAR = ROOT / "curriculums" / "x.yaml"
TASKS = TaskSchemas()
SCOPE = Scope(
    {
        **situation(),
        "trials": Known(WHOLE_HISTORY, 0, integer=True),
        "ratio": Known(WHOLE_HISTORY, 0, 2),
        "x": Known(WHOLE_HISTORY),
        "y": Known(WHOLE_HISTORY),
    }
)

real = pytest.mark.skipif(not REAL, reason="the lab's record (shared/data beside the project) is not there")
File = dict[str, Any]


def parameters(label: str, **more: object) -> File:
    given = {"training_stage": label, "task": "Dummy task", "task_url": "", "task_schema_version": "0.1"}
    return {**given, "description": f"{label}: Dummy task", "dummy_para_bool": False, "dummy_para_float": 0.5, **more}


def rule(decision: str, to: str, condition: str = "lambda metrics: metrics.dummy_metric_int[-1] >= 10") -> File:
    return {"decision": decision, "to_stage": to, "condition": condition, "condition_description": "enough"}


def entry(label: str, *rules: File) -> File:
    return {"from_stage": label, "transition_rules": list(rules)}


def made_up(**more: object) -> File:
    """A file without a fault."""
    return {
        "curriculum_schema_name": "DummyTaskCurriculum",
        "curriculum_schema_version": "1.0",
        "curriculum_name": "Made up",
        "curriculum_version": "1.0",
        "curriculum_description": "Made up 1.0",
        "parameters": {"Stage 1": parameters("Stage 1"), "Stage final": parameters("Stage final", dummy_para_float=1)},
        "curriculum": {
            "Stage 1": entry("Stage 1", rule("progress", "Stage final"), rule("stay", "Stage 1")),
            "Stage final": entry("Stage final", rule("rollback", "Stage 1")),
        },
        **more,
    }


def with_rules(*rules: File) -> File:
    """The file above with other rules in its first stage."""
    file = made_up()
    file["curriculum"]["Stage 1"]["transition_rules"] = list(rules)
    return file


def read(file: File | str | bytes) -> tuple[LegacyCurriculum | None, list[Diagnostic]]:
    given = json.dumps(file, indent=1) if isinstance(file, dict) else file
    content = given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given
    return reading.read(content, "file.json", TASKS, NEAR)


def curriculum_of(file: File | str | bytes) -> LegacyCurriculum:
    """What is read from a file that must be without findings."""
    found, diagnostics = read(file)
    assert diagnostics == []
    assert found is not None
    return found


def ids(diagnostics: list[Diagnostic]) -> list[str]:
    return [diagnostic.code.id for diagnostic in diagnostics]


def condition(written: str) -> Condition:
    """A lambda as it stands in a JSON file."""
    source = Source("file.json", f'{{"condition": {json.dumps(written)}}}')
    return lambdas.read(Written(written, Span(source, len('{"condition": '), len(source.text) - 1)), SCOPE)


def expression(body: str) -> str:
    found = condition(f"lambda metrics: {body}")
    assert found.node is not None, [d.message for d in found.diagnostics]
    assert ids(found.diagnostics) == []
    return printer.text(found.node)


# Every finding as a file


@pytest.mark.parametrize("case", CASES)
def test_every_example_says_what_is_expected(case: str, update_golden: bool) -> None:
    path = LEGACY / f"{case}.json"
    _, found = reading.read(path.read_bytes(), path.name, TASKS, NEAR)
    shown = text.findings(tidy(found))
    if update_golden:
        path.with_suffix(".out").write_text(shown, encoding="utf-8")
    assert shown == path.with_suffix(".out").read_text(encoding="utf-8")
    assert case.startswith("ATD000") or case[:6] in ids(found)


def test_every_code_of_reading_has_an_example_and_every_output_its_file() -> None:
    assert {code.id for code in codes.legacy.ALL} - {case[:6] for case in CASES} == {"ATD711"}
    assert {path.stem for path in LEGACY.glob("*.out")} == set(CASES)


# Lambdas that the language can say

EXPRESSIONS = [
    ("metrics.x[-1] > 0.5", "x[-1] > 0.5"),
    ("metrics.x[0] <= -1", "x[0] <= -1"),
    ("metrics.trials[-1] == 3", "trials[-1] == 3"),
    ("metrics.trials[-1] != 3", "trials[-1] != 3"),
    ("metrics.session_total >= 10", "session_total >= 10"),
    ("metrics.session_at_current_stage < 3", "session_at_current_stage < 3"),
    ("np.mean(metrics.x[-5:]) >= 0.70", "mean(x[-5:]) >= 0.7"),
    ("numpy.mean(metrics.x[-5:]) >= 0.70", "mean(x[-5:]) >= 0.7"),
    ("np.average(metrics.x) > 1", "mean(x) > 1"),
    ("np.median(metrics.x[-5:]) > 1", "median(x[-5:]) > 1"),
    ("np.min(metrics.x[-5:]) > 1", "min(x[-5:]) > 1"),
    ("np.amax(metrics.x[-5:]) > 1", "max(x[-5:]) > 1"),
    ("min(metrics.x[-5:]) > 1", "min(x[-5:]) > 1"),
    ("max(metrics.x[:3]) > 1", "max(x[:3]) > 1"),
    ("np.std(metrics.x[-5:]) < 1", "std(x[-5:]) < 1"),
    ("np.sum(metrics.x[-5:]) < 1", "sum(x[-5:]) < 1"),
    ("sum(metrics.x[:2]) < 1", "sum(x[:2]) < 1"),
    ("sum(metrics.x) < 1", "sum(x) < 1"),
    ("np.cumsum(metrics.x[:-1])[-1] < 1", "sum(x[:-1]) < 1"),
    ("np.cumsum(np.array(metrics.x) > 2)[-1] < 1 + 1", "count(x > 2) < 1 + 1"),
    ("abs(metrics.x[-1]) < 1", "abs(x[-1]) < 1"),
    ("np.abs(metrics.x)[-1] < 1", "abs(x[-1]) < 1"),
    ("np.max(np.absolute(metrics.x[-3:])) < 1", "max(abs(x[-3:])) < 1"),
    ("round(metrics.x[-1]) < 1", "round(x[-1]) < 1"),
    ("round(metrics.x[-1], 2) < 1", "round(x[-1], 2) < 1"),
    ("round(float(np.mean(metrics.x[-3:])), 2) < 1", "round(mean(x[-3:]), 2) < 1"),
    ("np.round(np.mean(metrics.x[-3:])) < 1", "round(mean(x[-3:])) < 1"),
    ("float(metrics.x[-1]) < 1", "x[-1] < 1"),
    ("len(metrics.x) > 3", "count(x) > 3"),
    ("len(metrics.x[-5:]) == 5", "count(x[-5:]) == 5"),
    ("np.all(np.array(metrics.x[-3:]) >= 2)", "all(x[-3:] >= 2)"),
    ("all(np.asarray(metrics.x[-3:]) >= 2)", "all(x[-3:] >= 2)"),
    ("any(np.array(metrics.x)[-3:] >= 2)", "any(x[-3:] >= 2)"),
    ("np.any(2 <= np.array(metrics.x)[-3:])", "any(2 <= x[-3:])"),
    ("sum(np.array(metrics.x[-3:]) >= 2) >= 2", "count(x[-3:] >= 2) >= 2"),
    ("np.sum(np.array(metrics.x[:-1]) >= 2) >= 2", "count(x[:-1] >= 2) >= 2"),
    ("np.mean(np.array(metrics.x[-3:]) - metrics.y[-3:]) > 0", "mean(x[-3:] - y[-3:]) > 0"),
    ("np.mean(2 * np.array(metrics.x[-3:]) / 3) > 0", "mean(2 * x[-3:] / 3) > 0"),
    ("np.max(-np.array(metrics.x)) > 0", "max(-x) > 0"),
    ("np.mean(metrics.x[-metrics.session_at_current_stage:]) > 0", "mean(at_stage(x)) > 0"),
    ("np.mean(metrics.x[-metrics.session_at_current_stage:][-2:]) > 0", "mean(at_stage(x)[-2:]) > 0"),
    ("np.mean([v for v in metrics.x[-3:] if v == v]) > 0", "mean(present(x[-3:])) > 0"),
    ("len([metrics for metrics in metrics.x if metrics == metrics]) > 3", "count(present(x)) > 3"),
    ("metrics.x[-1] > 1 and metrics.y[-1] > 2 and metrics.x[0] > 3", "x[-1] > 1 and y[-1] > 2 and x[0] > 3"),
    ("metrics.x[-1] > 1 and (metrics.y[-1] > 2 or metrics.x[0] > 3)", "x[-1] > 1 and (y[-1] > 2 or x[0] > 3)"),
    ("metrics.x[-1] > 1 or metrics.y[-1] > 2 and metrics.x[0] > 3", "x[-1] > 1 or y[-1] > 2 and x[0] > 3"),
    ("not metrics.x[-1] > 1", "not x[-1] > 1"),
    ("not (metrics.x[-1] > 1 or metrics.y[-1] > 1)", "not (x[-1] > 1 or y[-1] > 1)"),
    ("1 < metrics.x[-1] <= 5", "1 < x[-1] and x[-1] <= 5"),
    ("+metrics.x[-1] > +1", "x[-1] > 1"),
    ("-metrics.x[-1] > -1", "-x[-1] > -1"),
    ("metrics.x[-1] - metrics.x[-2] > 1", "x[-1] - x[-2] > 1"),
    ("(metrics.x[-1] + metrics.x[-2]) / 2 > 1", "(x[-1] + x[-2]) / 2 > 1"),
    ("metrics.x[-1] > 1 and True", "x[-1] > 1 and true"),
    ("metrics.x[-1] > 1_000", "x[-1] > 1000"),
    ("metrics.x[-1] > 0x10", "x[-1] > 16"),
    ("metrics.x[-1] > 1e3", "x[-1] > 1000"),
    ("metrics.x[-(2 + 3):][-1] > 1", "x[-5:][-1] > 1"),
    ("(((metrics.x)[-1])) > (1)", "x[-1] > 1"),
    ("metrics . x [ -1 ] > 1", "x[-1] > 1"),
    ("np.mean(\n      metrics.x[\n  -5:]\n  ) > 1\n   ", "mean(x[-5:]) > 1"),
    ("(metrics.x[-1] > 1) == (metrics.y[-1] > 1)", "(x[-1] > 1) == (y[-1] > 1)"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), EXPRESSIONS)
def test_a_lambda_is_read_as_the_expression_that_says_the_same(body: str, expected: str) -> None:
    assert expression(body) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("lambda m: m.x[-1] > 1", "x[-1] > 1"),
        ("  lambda np: np.x[-1] > 1  ", "x[-1] > 1"),
        ("(lambda metrics: metrics.x[-1] > 1)", "x[-1] > 1"),
        ("lambda x: x.x[-1] > len(x.y)", "x[-1] > count(y)"),
        ("lambda metrics: \n                     metrics.x[-1] > 1 \n            \t       and \n y", None),
        ("lambda metrics: \r\n metrics.x[-1] > 1", None),
    ],
)
def test_the_argument_may_have_any_name_and_lines_may_be_broken(written: str, expected: str | None) -> None:
    found = condition(written)
    assert (None if found.node is None else printer.text(found.node)) == expected


# Lambdas that it cannot say: what stands in the lambda, the code, words of the message, what is marked

NOT_HAVE = "the language does not have"
LIST = "a plain list as a whole"
REFUSED = [
    ("metrics.__class__", "ATD303", "unknown metric `__class__`", "metrics.__class__"),
    ("metrics.x.__class__", "ATD703", f"{NOT_HAVE} attributes", "metrics.x.__class__"),
    ("metrics.x.__class__.__mro__[1].__subclasses__()", "ATD703", f"{NOT_HAVE} the function", None),
    ("().__class__ == 1", "ATD703", f"{NOT_HAVE} attributes", "().__class__"),
    ("metrics.true", "ATD303", "unknown metric `true`", "metrics.true"),
    ("metrics.mean > 1", "ATD303", "unknown metric `mean`", "metrics.mean"),
    ("metrics.trails[-1] > 1", "ATD303", "unknown metric `trails`", "metrics.trails"),
    ("metrics.x[-1] > trials", "ATD703", "the name `trials` means nothing", "trials"),
    ("metrics", "ATD703", "the name `metrics` means nothing", "metrics"),
    ("true", "ATD703", "the name `true` means nothing", "true"),
    ("open('x')", "ATD703", "the function `open`", "open"),
    ("__import__('os').system('x')", "ATD703", "the function `__import__('os').system`", None),
    ("getattr(metrics, 'x')", "ATD703", "the function `getattr`", "getattr"),
    ("eval('1')", "ATD703", "the function `eval`", "eval"),
    ("mean(metrics.x)", "ATD703", "the function `mean`", "mean"),
    ("np.load('x')", "ATD703", "the function `np.load`", "np.load"),
    ("np.array(metrics.x).tofile('x')", "ATD703", "the function `np.array(metrics.x).tofile`", None),
    ("metrics.x.mean() > 1", "ATD703", "the function `metrics.x.mean`", "metrics.x.mean"),
    ("(lambda m: m)(metrics)", "ATD703", "the function `lambda m: m`", "lambda m: m"),
    ("lambda m: True", "ATD703", f"{NOT_HAVE} lambda", "lambda m: True"),
    ("np.pi > metrics.x[-1]", "ATD703", f"{NOT_HAVE} attributes", "np.pi"),
    ("(y := 5) > 1", "ATD703", f"{NOT_HAVE} assignment", "y := 5"),
    ("f'{metrics}' == 1", "ATD703", f"{NOT_HAVE} f-strings", "f'{metrics}'"),
    ("'a' == 'a'", "ATD703", "values of this kind", "'a'"),
    ("metrics.x[-1] == None", "ATD703", "values of this kind", "None"),
    ("metrics.x[-1] is None", "ATD703", f"{NOT_HAVE} `is`", "metrics.x[-1] is None"),
    ("metrics.x[-1] in metrics.y", "ATD703", f"{NOT_HAVE} `in`", "metrics.x[-1] in metrics.y"),
    ("1j == metrics.x[-1]", "ATD703", "values of this kind", "1j"),
    ("metrics.x[-1] > 5 if metrics.x else False", "ATD703", f"{NOT_HAVE} if-else", None),
    ("(metrics.x[-1] > 1) & (metrics.y[-1] > 1)", "ATD703", "the operator `&`", None),
    ("~(metrics.x[-1] > 1)", "ATD703", "the operator `~`", None),
    ("metrics.x[-1] ** 4000000 ** 4000000 > 1", "ATD703", "the power operator", None),
    ("metrics.x[-1] % 2 == 0", "ATD703", "the remainder operator", "metrics.x[-1] % 2"),
    ("metrics.x[-1] // 2 == 0", "ATD703", "whole-number division", "metrics.x[-1] // 2"),
    ("metrics.x[-1] > 1e400", "ATD703", "the number is too large", "1e400"),
    ("metrics.x[-1] > 9007199254740993", "ATD703", "the number is too large", "9007199254740993"),
    ("[1, 2][0] > metrics.x[-1]", "ATD703", f"{NOT_HAVE} lists", "[1, 2]"),
    ("[v for v in metrics.x if v > 1][-1] > 1", "ATD703", f"{NOT_HAVE} comprehensions", None),
    ("[open('x') for v in metrics.x if v == v] == 1", "ATD703", f"{NOT_HAVE} comprehensions", None),
    ("[v for v in metrics.x if v == v if v > 1][-1] > 1", "ATD703", f"{NOT_HAVE} comprehensions", None),
    ("[v for v in metrics.x for v in metrics.y if v == v][-1] > 1", "ATD703", f"{NOT_HAVE} comprehensions", None),
    ("all(v > 1 for v in metrics.x)", "ATD703", f"{NOT_HAVE} comprehensions", "(v > 1 for v in metrics.x)"),
    ("np.mean(metrics.x, axis=0) > 1", "ATD703", "named arguments", "axis=0"),
    ("np.std(metrics.x, ddof=1) > 1", "ATD703", "named arguments", "ddof=1"),
    ("np.mean(*metrics.x) > 1", "ATD703", "the star", "*metrics.x"),
    ("np.mean(metrics.x, 0) > 1", "ATD703", "`mean` takes one argument here, not 2", None),
    ("max(metrics.x[-1], 1) > 1", "ATD703", "`max` takes one argument here, not 2", None),
    ("metrics.x[::2][-1] > 1", "ATD703", "no step", "2"),
    ("metrics.x[-metrics.session_at_current_stage::2][-1] > 1", "ATD703", "no step", "2"),
    ("metrics.x[-1, 2] > 1", "ATD703", "commas outside of a function", "-1, 2"),
    # what Python and the language take for different things
    ("metrics.x[-3:] > 1", "ATD703", LIST, "metrics.x[-3:] > 1"),
    ("np.mean(metrics.x[-3:] > 1) > 1", "ATD703", LIST, "metrics.x[-3:] > 1"),
    ("np.mean(metrics.x + metrics.y) > 1", "ATD703", LIST, "metrics.x + metrics.y"),
    ("np.mean(metrics.x * 2) > 1", "ATD703", LIST, "metrics.x * 2"),
    ("max(-metrics.x) > 1", "ATD703", "a sign stands before", "-metrics.x"),
    ("max(+metrics.x) > 1", "ATD703", "a sign stands before", "+metrics.x"),
    ("max(abs(metrics.x)) > 1", "ATD703", "`abs` takes one value, not a list", "abs(metrics.x)"),
    ("max(round(metrics.x)) > 1", "ATD703", "`round` takes one value, not a list", "round(metrics.x)"),
    ("round(np.mean(metrics.x), 2) > 1", "ATD703", "numpy does not round", "round(np.mean(metrics.x), 2)"),
    ("np.round(metrics.x[-1], 2) > 1", "ATD703", "numpy does not round", "np.round(metrics.x[-1], 2)"),
    ("sum(metrics.x[:-1]) < 1", "ATD703", "the sum of no sessions", "sum(metrics.x[:-1])"),
    ("np.sum(metrics.x[-5:-1]) < 1", "ATD703", "the sum of no sessions", "np.sum(metrics.x[-5:-1])"),
    ("sum(metrics.x[-(-3):]) < 1", "ATD703", "the sum of no sessions", "sum(metrics.x[-(-3):])"),
    ("len(np.array(metrics.x) > 1) > 1", "ATD703", "the number of comparisons", "len(np.array(metrics.x) > 1)"),
    ("float('1') > metrics.x[-1]", "ATD703", "values of this kind", "'1'"),
    ("float(metrics.x) > 1", "ATD703", "`float` takes one number here", "float(metrics.x)"),
    ("np.array(metrics.x[-1]) > 1", "ATD703", "`array` takes the values of one metric", "np.array(metrics.x[-1])"),
    # what the language itself finds
    ("metrics.x[-1] and metrics.y[-1] > 1", "ATD305", "`and` joins conditions", "metrics.x[-1]"),
    ("not metrics.x", "ATD305", "`not` joins conditions", "metrics.x"),
    ("np.mean(metrics.x)", "ATD307", "a condition must be true or false", "np.mean(metrics.x)"),
    ("np.array(metrics.x) > 1", "ATD307", "a condition must be true or false", "np.array(metrics.x) > 1"),
    ("0 < np.array(metrics.x) < 1", "ATD305", "a chain compares single values", "0 < np.array(metrics.x) < 1"),
    ("np.mean(metrics.x[-1]) > 1", "ATD305", "`mean` takes a sequence of numbers", "metrics.x[-1]"),
    ("metrics.x[metrics.trials[-1]] > 1", "ATD308", "not a whole number known beforehand", "metrics.trials[-1]"),
    ("metrics.x[-0:][-1] > 1", "ATD308", "is 0 counted from the front", "-0"),
    ("metrics.x[0.5] > 1", "ATD308", "not a whole number", "0.5"),
    ("np.all(np.array(metrics.x)[-3:] > np.array(metrics.y)[-2:])", "ATD305", "do not cover the same sessions", None),
    ("metrics.x[0]" + "[0]" * 30 + " > 1", "ATD703", "more than 20 operations", None),
    (" and ".join(["metrics.x[-1] > 1"] * 60), "ATD703", "more than 200 parts", None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "message", "marked"), REFUSED)
def test_a_lambda_that_the_language_cannot_say_is_refused_at_its_place(
    body: str, code: str, message: str, marked: str | None
) -> None:
    found = condition(f"lambda metrics: {body}")
    assert (found.node, found.always) == (None, False)
    first = found.diagnostics[0]
    assert first.code.id == code
    assert first.is_error
    assert message in first.message
    assert marked is None or first.span.text == marked


UNREADABLE = [
    ("lambda metrics=open('x'): True", "ATD703", "default values", "open('x')"),
    ("lambda metrics, *, y=open('x'): True", "ATD703", "default values", "open('x')"),
    ("lambda: True", "ATD703", "one argument", None),
    ("lambda a, b: True", "ATD703", "one argument", None),
    ("lambda *metrics: True", "ATD703", "one argument", None),
    ("lambda **metrics: True", "ATD703", "one argument", None),
    ("lambda metrics, /: True", "ATD703", "one argument", None),
    ("metrics.x[-1] > 1", "ATD702", "not a lambda", None),
    ("lambda metrics: True, 1", "ATD702", "not a lambda", None),
    ("", "ATD702", "empty", None),
    (" \n ", "ATD702", "empty", None),
    ("import os", "ATD702", "cannot be read from here on", None),
    ("lambda metrics: metrics.x[-1] >", "ATD702", "cannot be read from here on", None),
    ("lambda metrics: (metrics.x[-1] > 1", "ATD702", "the bracket '(' is never closed", "("),
    ("lambda metrics: metrics.x[-1 > 1", "ATD702", "the bracket '[' is never closed", "["),
    ("lambda metrics: metrics.x[-1]) > 1", "ATD702", "the bracket ')' was never opened", ")"),
    ("lambda metrics: metrics.x[-1] = 1", "ATD702", "`=` does not belong", "="),
    ("lambda metrics: metrics.x[-1] => 1", "ATD702", "`=>` does not belong", "=>"),
    ("lambda metrics: metrics.x[-1] > 1; metrics.y", "ATD702", "`;` does not belong", ";"),
    ("lambda metrics: metrics.x[-1] > 1 and\nmetrics.y[-1] > 1", "ATD702", "joins the lines", "d\\nm"),
    ("lambda metrics: metrics.x[-1] >\n= 1", "ATD702", "does not belong", None),
    ("lambda metrics: metrics.x[-1] > 1 # \n and metrics.y[-1] > 1", "ATD703", "the character `#`", "#"),
    ("lambda metrics: metrics.x[-1] > 1 \\\n and True", "ATD703", "the character `\\`", None),
    ("lambda metrics: metrics.x[-1] \u2265 1", "ATD703", "U+2265", None),
    ("lambda metrics: metrics.x[-1] > \uff11", "ATD703", "U+FF11", None),
    ("lambda metrics: \U0001f600", "ATD703", "U+1F600", None),
    ("lambda metrics: \x00", "ATD703", "U+0000", None),
    ("lambda metrics: " + "(" * 1000 + "1" + ")" * 1000, "ATD702", "brackets inside each other", None),
    ("lambda metrics: " + "-" * 4000 + "1", "ATD703", "too deeply", None),
    ("lambda metrics: " + "not " * 900 + "True", "ATD703", "", None),
    ("lambda metrics: " + "1+" * 2000 + "1 > 2", "ATD703", "more than", None),
    ("lambda metrics: " + "[v for v in " * 90 + "x" + "]" * 90, "ATD703", "more than 20", None),
    ("lambda metrics: [v for v in " + "1+" * 1500 + "1 if v == v]", "ATD703", "more than", None),
    ("lambda metrics: " + "9" * 4000 + " > 1", "ATD703", "too large", None),
    ("lambda metrics: " + "x" * 1_000_000, "ATD703", "at most 4,096", None),
]


@pytest.mark.parametrize(("written", "code", "message", "marked"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_text_that_is_no_plain_lambda_is_refused(written: str, code: str, message: str, marked: str | None) -> None:
    found = condition(written)
    assert (found.node, found.always, ids(found.diagnostics)) == (None, False, [code])
    assert message in found.diagnostics[0].message
    assert marked is None or found.diagnostics[0].span.text == marked


def test_every_part_that_is_wrong_is_reported() -> None:
    body = "open('x') or metrics.foo[-1] > 1 or (np.mean(np.load('y') + metrics.z) > bar)"
    found = condition(f"lambda metrics: {body}").diagnostics
    assert [(d.code.id, d.span.text) for d in found] == [
        ("ATD703", "open"),
        ("ATD303", "metrics.foo"),
        ("ATD703", "np.load"),
        ("ATD303", "metrics.z"),
        ("ATD703", "bar"),
    ]


@pytest.mark.parametrize(
    ("body", "always"),
    [
        ("metrics.session_at_current_stage >= 1", True),
        ("metrics.session_total > 0", True),
        ("True", True),
        ("1 < 2", True),
        ("not False", True),
        ("metrics.x[-1] > 5 or metrics.session_total >= 1", True),
        ("not (metrics.x[-1] > 5 and False)", True),
        ("metrics.session_at_current_stage >= 2", False),
        ("metrics.x[-1] > 5 and metrics.session_total >= 1", False),
        ("metrics.ratio[-1] >= 0", False),  # a missing value does not pass, which `otherwise` would
        ("metrics.session_total < 1", False),
        ("False", False),
    ],
)
def test_only_what_needs_no_data_is_always_true(body: str, always: bool) -> None:
    found = condition(f"lambda metrics: {body}")
    assert found.node is not None
    assert found.always is always
    assert ("ATD706" in ids(found.diagnostics)) is always


def test_findings_of_the_language_are_shown_in_the_words_of_the_lambda() -> None:
    found = condition("lambda metrics:\n   metrics.ratio[-1]\n   >= 60").diagnostics
    assert [(d.code.id, d.span.text) for d in found] == [("ATD310", "metrics.ratio[-1]\\n   >= 60")]
    assert found[0].hint.startswith("is 0.6 meant?")
    never = condition("lambda metrics:\n   metrics.session_total\n   < 1").diagnostics
    assert [d.message for d in never] == ["`metrics.session_total < 1` is always false"]


# Files


def test_what_is_read_from_a_file() -> None:
    found = curriculum_of(made_up())
    assert (found.name, found.version, found.description) == ("Made up", "1.0", "Made up 1.0")
    assert found.task == ("dummy_task", "0.1")
    one, final = found.stages
    assert (one.name, one.label, one.description) == ("STAGE_1", "Stage 1", "Stage 1: Dummy task")
    assert one.parameters == {"task": "Dummy task", "dummy_para_bool": False, "dummy_para_float": 0.5}
    assert [(rule.move, rule.target) for rule in one.rules] == [
        (Move.PROGRESS, "STAGE_FINAL"),
        (Move.STAY, "STAGE_1"),
    ]
    assert final.parameters is not None
    assert type(final.parameters["dummy_para_float"]) is int
    (back,) = final.rules
    assert back.condition is not None
    assert printer.text(back.condition) == "dummy_metric_int[-1] >= 10"
    assert (back.always, back.because, back.original) == (
        False,
        "enough",
        "lambda metrics: metrics.dummy_metric_int[-1] >= 10",
    )
    assert json.loads(back.span.text) == back.original


def test_every_place_of_the_new_file_leads_to_one_of_the_old_file() -> None:
    found = curriculum_of(made_up())
    stage, first = ("stages", "STAGE_1"), ("stages", "STAGE_1", "transitions", 0)
    expected = {
        ("name",): '"Made up"',
        ("version",): '"1.0"',
        ("description",): '"Made up 1.0"',
        ("task_schema",): '"DummyTaskCurriculum"',
        ("task_schema", "version"): '"DummyTaskCurriculum"',
        stage: '"Stage 1"',
        (*stage, "label"): '"Stage 1"',
        (*stage, "description"): '"Stage 1: Dummy task"',
        (*stage, "parameters"): '"Stage 1"',
        (*stage, "parameters", "dummy_para_float"): "0.5",
        first: '"progress"',
        (*first, "progress"): '"Stage final"',
        (*first, "because"): '"enough"',
        (*stage, "transitions", 1, "stay"): '"Stage 1"',
    }
    assert {place: found.span(place).text for place in expected} == expected
    for key in ("when", "otherwise", "manual"):
        assert found.span((*first, key)).text.startswith('"lambda')
    assert found.span((*stage, "parameters", "dummy_para_float")).line == 15


def test_stages_without_parameters_are_added_in_the_order_of_the_eight() -> None:
    file = with_rules(rule("progress", "Graduated"), rule("progress", "Stage 2"), rule("progress", "Graduated"))
    file["curriculum"]["Stage 1 w/warmup"] = entry("Stage 1 w/warmup", rule("progress", "Stage 1"))
    found, diagnostics = read(file)
    assert found is not None
    assert [(stage.name, stage.parameters is None) for stage in found.stages] == [
        ("STAGE_1", False),
        ("STAGE_FINAL", False),
        ("STAGE_1_WARMUP", True),
        ("STAGE_2", True),
        ("GRADUATED", True),
    ]
    marked = [(d.code.id, d.span.text) for d in tidy(diagnostics)]
    texts = ['"Graduated"', '"Stage 2"', '"Graduated"', '"Stage 1 w/warmup"']
    assert marked == [("ATD705", words) for words in texts]
    assert found.span(("stages", "STAGE_2")).text == '"Stage 2"'


def test_rules_after_one_that_always_fires_are_left_out_and_not_looked_at() -> None:
    always = rule("progress", "Stage final", "lambda metrics: metrics.session_total >= 1")
    file = with_rules(
        rule("stay", "Stage 1"), always, rule("progress", "Graduated", "lambda ("), rule("stay", "Stage 1")
    )
    found, diagnostics = read(file)
    assert found is not None
    assert [(r.always, r.condition is None) for r in found.stages[0].rules] == [(False, False), (True, True)]
    assert [(d.code.id, [note.text for note in d.notes]) for d in diagnostics] == [
        ("ATD706", ["the 2 rules after it can never fire and are left out"])
    ]


def test_a_rule_that_cannot_be_read_is_kept_without_a_condition() -> None:
    found, diagnostics = read(with_rules(rule("progress", "Stage final", "lambda metrics:\n   metrics.x(\n ")))
    assert ids(diagnostics) == ["ATD702"]
    assert found is not None
    (kept,) = found.stages[0].rules
    assert (kept.condition, kept.always, kept.original) == (None, False, "lambda metrics: metrics.x(")


def test_a_rule_that_says_stay_and_leads_elsewhere_does_not_fire() -> None:
    file = with_rules(rule("stay", "Stage final"))
    file["curriculum"]["Stage final"] = entry("Stage final", rule("stay", "Stage 1", "lambda metrics: True"))
    found, diagnostics = read(file)
    assert ids(diagnostics) == ["ATD710", "ATD710"]
    assert found is not None
    rules = [stage.rules[0] for stage in found.stages]
    assert [(r.move, r.target, r.condition, r.always) for r in rules] == [
        (Move.PROGRESS, "STAGE_FINAL", None, False),
        (Move.ROLLBACK, "STAGE_1", None, False),
    ]


def test_rules_after_one_that_says_stay_and_leads_elsewhere_are_kept() -> None:
    found, diagnostics = read(
        with_rules(rule("stay", "Stage final", "lambda metrics: True"), rule("progress", "Stage final"))
    )
    assert [(d.code.id, d.notes) for d in diagnostics] == [("ATD710", ())]
    assert found is not None
    assert [r.condition is None for r in found.stages[0].rules] == [True, False]


def test_half_a_character_is_reported_once() -> None:
    _, diagnostics = read(_swap("Made up", "Made \\ud83d up"))
    assert ids(diagnostics) == ["ATD004"]


@pytest.mark.parametrize(
    ("because", "joined", "marked"),
    [
        ("many trials or a good result", "and", "or"),
        ("Either, OR the other", "and", "OR"),
        ("many trials and a good result", "or", "and"),
        ("10 or more trials, or a good result", "and", "or"),
        ("many trials and a good result", "and", None),
        ("10 or more trials, 0.5 or better", "and", None),
        ("10 or more trials and a good result", "and", None),
        ("10 or more trials and a good result", "or", "and"),
        ("trials and results, or neither", "and", None),
        ("ordinary standards of the landlord", "and", None),
        ("", "or", None),
    ],
)
def test_a_description_with_another_connective_is_reported(because: str, joined: str, marked: str | None) -> None:
    written = f"lambda metrics: metrics.dummy_metric_int[-1] > 9 {joined} metrics.dummy_metric_float[-1] > 0.5"
    found, diagnostics = read(
        with_rules({**rule("progress", "Stage final", written), "condition_description": because})
    )
    assert found is not None
    assert found.stages[0].rules[0].because == because
    assert [d.span.text for d in diagnostics if d.code.id == "ATD708"] == ([marked] if marked else [])


@pytest.mark.parametrize(
    "body",
    [
        "metrics.dummy_metric_int[-1] > 9",
        "not (metrics.dummy_metric_int[-1] > 9 and metrics.dummy_metric_float[-1] > 0.5)",
        "metrics.dummy_metric_int[-1] > 9 and (metrics.dummy_metric_float[-1] > 1 or metrics.session_total > 3)",
    ],
)
def test_nothing_is_said_of_a_description_where_nothing_can_be_told(body: str) -> None:
    described = {**rule("progress", "Stage final", f"lambda metrics: {body}"), "condition_description": "this or that"}
    curriculum_of(with_rules(described))


# The text of a file


def test_a_table_is_no_curriculum_that_is_too_large() -> None:
    found = reading.read(b"subject_id,session\n" + b"m1,1\n" * 5000, "table.csv", TaskSchemas(), ROOT / "x.yaml")
    assert found[0] is None
    assert [(each.code.id, each.message) for each in found[1]] == [
        ("ATD701", "the file does not begin with `{`, as a curriculum of the older system does")
    ]


def test_the_form_of_the_json_does_not_matter() -> None:
    file = made_up(curriculum_description='caf\u00e9 \U0001f600 / " \\ \n end')
    plain = curriculum_of(file)
    assert plain.description == 'caf\u00e9 \U0001f600 / " \\ \n end'
    forms = [
        json.dumps(file),
        json.dumps(file, separators=(",", ":")),
        json.dumps(file, indent="\t"),
        json.dumps(file, indent=2, ensure_ascii=False),
        json.dumps(file, indent=2).replace("\n", "\r\n"),
        json.dumps(file).replace("/", "\\/"),
        "\ufeff" + json.dumps(file),
        f"\n\n {json.dumps(file)} \n",
    ]
    for form in forms:
        found = curriculum_of(form)
        assert found.description == plain.description
        assert [stage.parameters for stage in found.stages] == [stage.parameters for stage in plain.stages]
        assert [len(stage.rules) for stage in found.stages] == [2, 1]


def test_a_file_of_the_first_format_needs_no_address_of_the_task() -> None:
    file = made_up(curriculum_schema_version="0.3")
    for values in file["parameters"].values():
        del values["task_url"], values["description"]
    found = curriculum_of(file)
    assert [stage.description for stage in found.stages] == ["", ""]


def _swap(old: str, new: str) -> str:
    given = json.dumps(made_up(), indent=1)
    assert old in given
    return given.replace(old, new, 1)


TEXTS: list[tuple[str | bytes, str, str]] = [
    ("", "ATD701", "the file is empty"),
    ("{", "ATD701", "ends before its last bracket"),
    ("[]", "ATD701", "found a list"),
    ("null", "ATD701", "found an empty value"),
    ("{}", "ATD701", "none of `curriculum_name`"),
    ("name: Made up\nparameters: {}\n", "ATD701", "a value is expected here"),
    (_swap('"1.0"', "'1.0'"), "ATD701", "a value is expected here"),
    (_swap('"curriculum_name"', "curriculum_name"), "ATD701", "a key in double quotes"),
    (_swap(": 0.5", ": 0.5,"), "ATD701", ""),
    (_swap("Made up", "Made\tup"), "ATD701", "a line break or a tab"),
    (_swap("Made up", "Made \\up"), "ATD701", "a backslash that means nothing"),
    (_swap("Made up", "Made \\q"), "ATD701", "a backslash that means nothing"),
    (json.dumps(made_up()) + "{}", "ATD701", "the text goes on after its end"),
    (json.dumps(made_up())[:-40], "ATD701", ""),
    (_swap(": 0.5", ": NaN"), "ATD701", "`NaN` is not a number"),
    (_swap(": 0.5", ": -Infinity"), "ATD701", "`-Infinity` is not a number"),
    (_swap(": 0.5", ": 1e999"), "ATD011", "`1e999`"),
    (_swap(": 0.5", f": {'9' * 40}"), "ATD011", "more digits"),
    (_swap(": 0.5", f": {'9' * 5000}"), "ATD003", "4,096 characters"),
    (_swap('"task_url": ""', '"task": "x"'), "ATD009", "`task` stands twice"),
    (_swap("Made up", "Made\\u0000up"), "ATD004", "U+0000"),
    (_swap("Made up", "Made\\u202eup"), "ATD004", "U+202E"),
    (_swap("Made up", "Made \\ud83d up"), "ATD004", "half of a character"),
    (_swap("dummy_para_bool", "dummy\\u001bpara"), "ATD004", "U+001B"),
    (_swap("Made up", "Made\u200bup"), "ATD004", "U+200B"),
    (b"\xff\xfe{\x00}\x00", "ATD002", "UTF-16"),
    (b'{"curriculum_name": "\xe9"}', "ATD002", "not UTF-8"),
    (b" " * (MAX_BYTES + 1), "ATD003", "larger than"),
    ('{"curriculum":' * 5000, "ATD003", "nested"),
    ('{"curriculum"\n:\n' * 12_000 + "1", "ATD701", ""),
    ('{"curriculum"\n:\n' * 3000 + "1" + "}" * 3000, "ATD701", ""),
    (_swap('"Made up"', '"' + "x" * 5000 + '"'), "ATD003", "4,096 characters"),
    (json.dumps({"curriculum": [0] * 20_000}), "ATD003", "more than 10,000"),
]


@pytest.mark.parametrize(("given", "code", "message"), TEXTS, ids=range(len(TEXTS)))
def test_a_text_that_cannot_be_used_is_refused_at_its_place(given: str | bytes, code: str, message: str) -> None:
    found, diagnostics = read(given)
    assert found is None
    assert diagnostics[0].code.id == code
    assert message in diagnostics[0].message
    assert diagnostics[0].is_error


def _changed(change: Callable[[File], object]) -> File:
    file = copy.deepcopy(made_up())
    change(file)
    return file


def _stage_1(file: File) -> File:
    return file["parameters"]["Stage 1"]  # type: ignore[no-any-return]


def _rule_1(file: File) -> File:
    return file["curriculum"]["Stage 1"]["transition_rules"][0]  # type: ignore[no-any-return]


STRUCTURES: list[tuple[Callable[[File], object], str, str]] = [
    (lambda file: file.pop("curriculum_version"), "ATD102", "has no `curriculum_version`"),
    (lambda file: file.pop("parameters"), "ATD102", "has no `parameters`"),
    (lambda file: file.update(parameters=[]), "ATD103", "`parameters` must be a mapping"),
    (lambda file: file.update(parameters={}), "ATD105", "at least 1"),
    (lambda file: file.update(parameters=5), "ATD103", "`parameters` must be a mapping"),
    (lambda file: file.update(curriculum="x"), "ATD103", "`curriculum` must be a mapping"),
    (lambda file: file.update(curriculum_version=2.1), "ATD103", "must be text"),
    (lambda file: file.update(curriculum_schema_version=1.0), "ATD103", "must be text"),
    (lambda file: file.update(curriculum_schema_version="0.2"), "ATD701", "the format `0.2` is not known"),
    (lambda file: file.update(author="x"), "ATD101", "unknown key `author`"),
    (lambda file: file["parameters"].update({"Stage 9": {}}), "ATD101", "unknown key `Stage 9`"),
    (lambda file: file["curriculum"].update({"stage 1": {}}), "ATD101", "unknown key `stage 1`"),
    (lambda file: file["parameters"].update({"Stage 2": []}), "ATD103", "must be a mapping"),
    (lambda file: _stage_1(file).pop("task_schema_version"), "ATD102", "has no `task_schema_version`"),
    (lambda file: _stage_1(file).update(extra=[1]), "ATD103", "`extra` must be text, a number"),
    (lambda file: _stage_1(file).update(extra=None), "ATD103", "`extra` must be text, a number"),
    (lambda file: _stage_1(file).update(extra={"a": {"b": 1}}), "ATD103", "`extra` must be text, a number"),
    (lambda file: _rule_1(file).update(decision="Progress"), "ATD104", "`decision` must be one of"),
    (lambda file: _rule_1(file).update(to_stage="STAGE_2"), "ATD104", "`to_stage` must be one of"),
    (lambda file: _rule_1(file).update(condition=None), "ATD103", "`condition` must be text"),
    (lambda file: _rule_1(file).update(priority=1), "ATD101", "unknown key `priority`"),
    (lambda file: _rule_1(file).pop("condition"), "ATD102", "has no `condition`"),
    (lambda file: file["curriculum"].update({"Stage 1": None}), "ATD103", "must be a mapping"),
    (lambda file: file["curriculum"]["Stage 1"].update(transition_rules={}), "ATD103", "must be a list"),
    (lambda file: file["curriculum"]["Stage 1"].update(transition_rules=[None, 1]), "ATD103", "must be a mapping"),
    (lambda file: file.update(curriculum_schema_name="../../etc/Curriculum"), "ATD106", "the form required"),
    (lambda file: file.update(curriculum_schema_name="Curriculum"), "ATD106", "the form required"),
    (lambda file: file.update(curriculum_schema_name="Dummy/TaskCurriculum"), "ATD106", "the form required"),
    (lambda file: _stage_1(file).update(task_schema_version="../0.1"), "ATD106", "the form required"),
    (lambda file: _stage_1(file).update(task_schema_version="0.2"), "ATD710", "`Stage final` is for version `0.1`"),
    (lambda file: file.update(curriculum_schema_name="UnheardCurriculum"), "ATD208", "no task schema `unheard`"),
]


@pytest.mark.parametrize(("change", "code", "message"), STRUCTURES, ids=range(len(STRUCTURES)))
def test_a_file_of_another_structure_is_refused(change: Callable[[File], object], code: str, message: str) -> None:
    found, diagnostics = read(_changed(change))
    assert found is None
    assert code in ids(diagnostics)
    assert any(message in d.message for d in diagnostics if d.code.id == code)


def test_faults_of_structure_and_of_conditions_are_found_in_one_run() -> None:
    file = with_rules(rule("proceed", "Stage final"), rule("progress", "Stage final", "lambda metrics: (1"))
    found, diagnostics = read(file)
    assert found is None
    assert ids(diagnostics) == ["ATD104", "ATD702"]


def test_a_task_without_a_schema_is_said_how_to_add() -> None:
    found, diagnostics = read(made_up(curriculum_schema_name="NewTaskCurriculum"))
    assert found is None
    assert [(d.code.id, d.span.text) for d in diagnostics] == [("ATD208", '"NewTaskCurriculum"')]
    assert "autotrain-dsl schema task" in diagnostics[0].notes[-1].text


def test_a_file_shows_no_more_findings_than_one_can_read() -> None:
    body = " or ".join(f"metrics.unknown_{number}[-1] > 1" for number in range(25))
    found, diagnostics = read(with_rules(*[rule("progress", "Stage final", f"lambda metrics: {body}")] * 40))
    assert found is None
    assert len(diagnostics) == MAX_FINDINGS + 1


def test_reading_needs_no_tables() -> None:
    program = "import sys, autotrain_dsl.legacy.reading; sys.exit(bool({'pandas', 'numpy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


# Whatever a file holds

_BITS = [
    *("lambda metrics:", "metrics.", "x[-1]", "np.mean(", " and ", " not ", "v for v in ", " if ", "0x", "f'{", "1e9"),
    *("NaN", "null", "**", "(", ")", "[", "]", "{", "}", "\n", "\t", "\\", '"', "'", ",", ":", "-", "#", "=", "_"),
    *("\ud83d", "\u202e"),
]


def _mutated(chance: random.Random, given: str, most: int) -> str:
    for _ in range(chance.randint(1, most)):
        at = chance.randrange(len(given) + 1)
        end = min(len(given), at + chance.choice([0, 0, 1, 1, 3, 40]))
        given = given[:at] + chance.choice([*_BITS, "", given[end : end + 30]]) + given[end:]
    return given


def test_mutated_files_are_read_or_refused_but_never_raise() -> None:
    chance, whole = random.Random(1), json.dumps(made_up(), indent=1)
    outcomes = Counter(read(_mutated(chance, whole, 6))[0] is None for _ in range(2_000))
    assert min(outcomes.values()) > 50


def test_mutated_values_are_read_or_refused_but_never_raise() -> None:
    chance = random.Random(2)
    odd = [None, 0, 1.5, True, "", "x", [], [1], {}, {"a": None}, "Stage 1", "lambda metrics: metrics.x"]
    outcomes: Counter[bool] = Counter()
    for _ in range(500):
        file = made_up()
        for _ in range(chance.randint(1, 3)):
            place: Any = file
            while True:
                key = chance.choice(list(place if isinstance(place, dict) else range(len(place))))
                inner = place[key]
                if not (isinstance(inner, dict | list) and inner) or chance.random() < 0.2:
                    break
                place = inner
            place[key] = copy.deepcopy(chance.choice(odd))
        found, diagnostics = read(file)
        outcomes[found is None] += 1
        assert found is not None or diagnostics
    assert min(outcomes.values()) > 10


def test_mutated_lambdas_are_read_or_refused_but_never_raise() -> None:
    chance = random.Random(3)
    bodies = [*EXPRESSIONS, *REFUSED]
    outcomes: Counter[bool] = Counter()
    for number in range(2_000):
        written = f"lambda metrics: {chance.choice(bodies if number % 2 else EXPRESSIONS)[0]}"
        if number % 2 == 0:
            at = chance.randrange(len(written))
            written = written[:at] + chance.choice("0123456789 .()[]:-+<=x") + written[at + 1 :]
        else:
            written = _mutated(chance, written, 3)
        found = condition(written)
        outcomes[found.node is None] += 1
        assert found.node is not None or found.diagnostics
    assert min(outcomes.values()) > 50


# The lab's own files


@real
def test_the_findings_on_the_real_files_are_those_that_are_known() -> None:
    assert len(REAL) == 23
    found = [(path.name, d) for path in REAL for d in _real(path)[1]]
    assert Counter(d.code.id for _, d in found) == {
        "ATD702": 1,
        "ATD704": 2,
        "ATD705": 2,
        "ATD706": 33,
        "ATD707": 20,
    }
    files: dict[str, set[str]] = {}
    for name, d in found:
        files.setdefault(d.code.id, set()).add(name.rpartition("_schema")[0])
    assert files["ATD702"] == {"Dummy task_curriculum_v0.1"}
    assert files["ATD704"] == {"Dummy task_curriculum_v0.1", "Dummy task_curriculum_v0.2"}
    assert files["ATD705"] == {"Dummy task_curriculum_v0.1", "Coupled Baiting_curriculum_v0.1"}
    assert len(files["ATD707"]) == 20


@real
def test_the_bracket_that_is_never_closed_is_shown_where_it_opens() -> None:
    (path,) = (path for path in REAL if path.name.startswith("Dummy task_curriculum_v0.1"))
    (fault,) = (d for d in _real(path)[1] if d.code.id == "ATD702")
    lines = path.read_text("utf-8").splitlines()
    (number,) = (n for n, line in enumerate(lines, 1) if "np.mean(metrics.dummy_metric_int[-5:] > 10" in line)
    column = lines[number - 1].index("np.mean(metrics.dummy_metric_int") + len("np.mean") + 1
    assert (fault.span.line, fault.span.column) == (number, column) == (45, 233)
    assert (fault.message, fault.hint) == ("the bracket '(' is never closed", "add the closing bracket")


@real
@pytest.mark.parametrize("path", REAL, ids=[path.stem for path in REAL])
def test_stages_and_rules_of_the_real_files_are_those_of_our_curriculums(path: Path) -> None:
    found = _real(path)[0]
    assert found is not None
    graph = _ours().find(found.name, found.version)
    assert graph is not None
    ours = {stage["name"]: stage for stage in graph.content["stages"]}
    assert [stage.name for stage in found.stages] == list(ours)
    assert found.task == (graph.task.name, graph.task.version)
    for stage in found.stages:
        rules = [(r.move.value, r.target, _said(r)) for r in stage.rules]
        wanted = [
            (t["decision"].lower(), t["to"], t.get("when") or t["trigger"]) for t in ours[stage.name]["transitions"]
        ]
        if (found.name, found.version, stage.name) == ("Dummy task", "0.1", "STAGE_FINAL"):
            wanted[0] = (*wanted[0][:2], "unread")
        assert rules == wanted, stage.name
        if stage.parameters is not None:
            assert stage.parameters == ours[stage.name]["parameters"]


def _said(rule: LegacyRule) -> str:
    if rule.always:
        return "otherwise"
    return "unread" if rule.condition is None else printer.text(rule.condition)


def _real(path: Path) -> tuple[LegacyCurriculum | None, list[Diagnostic]]:
    return reading.read(path.read_bytes(), path.name, TASKS, NEAR)


@cache
def _ours() -> catalog.Catalog:
    return catalog.build([ROOT / "curriculums"])

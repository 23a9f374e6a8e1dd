"""Expressions: values, missing data, findings, canonical text, bounds, and what must never get in."""

from __future__ import annotations

import ast
import builtins
import random
import string
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from language_kit import (
    DATA,
    PLAIN,
    bits,
    check,
    check_condition,
    compile_text,
    evaluate,
    ids,
    node_of,
    quoted,
    scope_of,
    situation_values,
    task_findings,
)
from language_reference import Reference
from simpleeval import InvalidExpression

from autotrain_dsl.diagnostics import has_errors
from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.evaluator import Evaluator, Program, compile_node
from autotrain_dsl.expressions.functions import Value
from autotrain_dsl.expressions.nodes import BOOLEAN, NUMBER, Literal, size
from autotrain_dsl.expressions.scope import FUNCTIONS, Scope
from autotrain_dsl.interpreter import History
from autotrain_dsl.source import Source


@dataclass(frozen=True)
class Given:
    """What a block of ``values.txt`` says of a mouse."""

    history: History
    total: int = 1
    at_stage: int = 1
    constants: dict[str, float] = field(default_factory=dict)
    derived: dict[str, str] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        return scope_of(self.constants, self.derived)

    @property
    def values(self) -> dict[str, Value]:
        return {**self.history.metrics, **situation_values(self.total, self.at_stage)}

    @property
    def reference(self) -> Reference:
        metrics = {name: list(values) for name, values in self.history.metrics.items()}
        return Reference(metrics, self.total, self.at_stage, self.constants, self.derived)


def _lines(name: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate((DATA / name).read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("# "):
            yield number, line


def _given(line: str) -> Given:
    metrics: dict[str, list[float | None]] = {}
    numbers = {"total": 1, "at stage": 1}
    constants: dict[str, float] = {}
    derived: dict[str, str] = {}
    for part in (part.strip() for part in line.removeprefix("given ").split("|")):
        if ":=" in part:
            name, text = part.split(":=")
            derived[name.strip()] = text.strip()
        elif "=" in part:
            name, text = part.split("=")
            constants[name.strip()] = float(text)
        elif ":" in part:
            name, text = part.split(":")
            metrics[name] = [None if word == "-" else float(word) for word in text.split()]
        else:
            name, text = part.rsplit(maxsplit=1)
            assert name in numbers, line
            numbers[name] = int(text)
    return Given(History.of(metrics), numbers["total"], numbers["at stage"], constants, derived)


def _value(text: str) -> Value:
    words: dict[str, Value] = {"missing": None, "unknown": None, "true": True, "false": False, "[]": ()}
    if text in words:
        return words[text]
    if text.startswith("["):
        elements = (_value(element.strip()) for element in text[1:-1].split(","))
        return tuple(element for element in elements if not isinstance(element, tuple))
    return float(text)


def _value_cases() -> Iterator[tuple[int, Given, str, str]]:
    given = Given(History.of({}))
    for number, line in _lines("values.txt"):
        if line.startswith("given "):
            given = _given(line)
        else:
            expression, value = line.split(" -> ")
            yield number, given, expression, value


VALUES = list(_value_cases())


@pytest.mark.parametrize(
    ("given", "expression", "value"), [pytest.param(*case, id=f"line {number}") for number, *case in VALUES]
)
def test_an_expression_has_the_value_that_the_table_says(given: Given, expression: str, value: str) -> None:
    node = node_of(expression, given.scope)
    result = evaluate(node, given.values, given.at_stage)
    assert bits(result) == bits(_value(value))
    assert bits(given.reference.value(expression)) == bits(result)
    expected_kind = {"missing": "number", "unknown": "boolean"}.get(value)
    assert expected_kind in (None, str(node.type.kind))


def test_the_table_has_every_function_and_operator() -> None:
    text = " ".join(expression for _, _, expression, _ in VALUES)
    trees = [node for _, _, expression, _ in VALUES for node in ast.walk(ast.parse(expression, mode="eval"))]
    called = {node.func.id for node in trees if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called == set(FUNCTIONS)
    operators = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or")
    assert all(f" {operator} " in text for operator in operators)
    assert len(VALUES) > 250


@pytest.mark.parametrize("name", ["item", "window", "compare", "compute", "negative", "names", "eval", "self"])
def test_a_metric_may_be_called_as_something_inside_the_program(name: str) -> None:
    scope = Scope({name: PLAIN.variables["x"]})
    node = node_of(f"{name}[-1] >= 2 and mean(-{name}[-2:]) + 1 < 0", scope)
    assert evaluate(node, {name: (1.0, 2.0)}) is True


# Findings


@dataclass
class Expected:
    """A condition of ``findings.txt`` with what is written below it."""

    number: int
    text: str
    findings: list[tuple[str, str]] = field(default_factory=list)  # the underline, and code, severity and message
    hints: list[str] = field(default_factory=list)


def _finding_cases() -> list[Expected]:
    cases: list[Expected] = []
    underline = ""
    for number, line in _lines("findings.txt"):
        if line.startswith("  help: "):
            cases[-1].hints.append(line.removeprefix("  help: "))
        elif line.startswith("  ATD"):
            cases[-1].findings.append((underline, line.strip()))
        elif set(line) <= {" ", "^"}:
            underline = line
        else:
            cases.append(Expected(number, line))
    return cases


FINDINGS = _finding_cases()
FINDING_SCOPE = scope_of(
    {"window": 5.0, "half": 0.5, "many": 20_000.0, "zero": 0.0},
    {"recent": "mean(finished_trials[-window:])", "good": "x[-1] > 3 and y[-1] > 3", "recent_list": "x[-window:]"},
)


@pytest.mark.parametrize("case", [pytest.param(case, id=f"line {case.number}") for case in FINDINGS])
def test_a_condition_has_the_findings_that_the_table_says(case: Expected) -> None:
    found = check_condition(case.text, FINDING_SCOPE)
    shown = [
        (" " * (d.span.start - 1) + "^" * (d.span.end - d.span.start), f"{d.code.id} {d.severity}: {d.message}")
        for d in found.diagnostics
    ]
    assert shown == case.findings
    hints = [d.hint for d in found.diagnostics]
    assert all(any(hint.startswith(start) for hint in hints) for start in case.hints)
    errors = {message.split()[0] for _, message in case.findings if " error:" in message}
    assert (found.node is None) == bool(errors - {"ATD310"})  # a threshold out of range can still be evaluated


def test_every_code_of_expressions_is_in_the_table() -> None:
    shown = {message.split()[0] for case in FINDINGS for _, message in case.findings}
    assert shown == {f"ATD3{number:02}" for number in range(1, 13)} - {"ATD309"}  # bounds have their own tests


def test_a_derived_name_in_error_is_no_further_finding_where_it_is_used() -> None:
    scope = scope_of({}, {"wrong": "x[-1] + nonsense"})
    for text in ("wrong > 3", "wrong", "mean(x[-5:]) > wrong and true", "x[wrong] > 3"):
        found = check_condition(text, scope)
        assert found.node is None
        assert found.diagnostics == []
    assert ids(check_condition("wrong > 3 and nonsense", scope).diagnostics) == ["ATD303"]


def test_what_is_used_is_known_even_where_something_is_wrong() -> None:
    texts = ("x[-window:][0] > half", "x[-window] > half and nonsense", "x[-window] > half and", "recent > window")
    used = [check_condition(text, FINDING_SCOPE).used for text in texts]
    assert used == [{"window", "half"}, {"window", "half"}, {"window", "half"}, {"recent", "window"}]


def test_the_hint_for_a_percentage_names_the_ratio() -> None:
    (found,) = check_condition("foraging_efficiency[-1] >= 60").diagnostics
    assert "0.6" in found.hint


def test_a_finding_in_a_file_stands_in_its_line_and_column(tmp_path: Path) -> None:
    stages = "stages:\n  A:\n    transitions:\n      - progress: B\n        when: {}\n  B: {{}}\n"
    for when in (
        '"x[-1] > 3 and nonsense > 3"',
        "x[-1] > 3 and\n          nonsense > 3",
        "|\n  x[-1] > 3\n  and nonsense > 3",
    ):
        indented = when.replace("\n  x", "\n          x").replace("\n  and", "\n          and")
        found = compile_text(stages.format(indented), tmp_path).diagnostics
        assert [(d.code.id, d.span.text) for d in found if d.is_error] == [("ATD303", "nonsense")]


# How it is written makes no difference


@pytest.mark.parametrize(
    "text",
    [
        "  x[-1]>=200 and(y[-1]<0.5)",
        "x[-1]  >=  200  and  y[-1]  <  0.5",
        "x [ -1 ]\n>= 200\n\n  and y[-1] < 0.5\n",
        "x[-1] >= 200\r\n  and\ty[-1] < 0.5",
        "((x[-1] >= 200)) and (y[-1] < (0.5))",
        "x[-1] >= 200. and y[-1] < .5",
        "x[-1] >= 2e2 and y[-1] < 5e-1",
    ],
)
def test_space_brackets_and_the_form_of_numbers_mean_nothing(text: str) -> None:
    assert printer.text(node_of(text)) == "x[-1] >= 200 and y[-1] < 0.5"


@pytest.mark.parametrize(
    "when",
    [
        "x[-1]  >=  200 and y[-1]   < 0.5",
        "'x[-1]  >=  200 and y[-1]   < 0.5'",
        "|\n          x[-1]  >=  200\n            and y[-1] < 0.5\n",
        ">\n          x[-1] >= 200\n\n          and  y[-1] < 0.5\n",
        '"x[-1] \\x3e= 200 and y[-1] < 0.5"',
        '"x[-1] >= 2\\x300 and\\ty[-1] < 0.5"',
    ],
)
def test_the_form_of_the_yaml_text_means_nothing(when: str, tmp_path: Path) -> None:
    text = f"stages:\n  A:\n    transitions:\n      - progress: B\n        when: {when}\n  B: {{}}\n"
    compiled = compile_text(text, tmp_path)
    assert [d.message for d in compiled.diagnostics if d.is_error] == []
    assert compiled.graph is not None
    program = compiled.graph.rules("A")[0].program
    assert program is not None
    assert printer.text(program.node) == "x[-1] >= 200 and y[-1] < 0.5"


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_canonical_text_read_again_is_the_same_and_worth_the_same(number: int) -> None:
    _, given, expression, value = VALUES[number]
    printed = printer.text(node_of(expression, given.scope))
    again = node_of(printed)
    assert printer.text(again) == printed
    result = evaluate(again, given.values, given.at_stage)
    assert result == _value(value)  # not to the last bit: -0 is printed 0


def test_canonical_text_keeps_brackets_only_where_they_mean_something() -> None:
    pairs = {
        "(x[-1] + 1) * 2 > 3": "(x[-1] + 1) * 2 > 3",
        "x[-1] + (1 * 2) > 3": "x[-1] + 1 * 2 > 3",
        "x[-1] - (1 - 2) > 3": "x[-1] - (1 - 2) > 3",
        "(x[-1] - 1) - 2 > 3": "x[-1] - 1 - 2 > 3",
        "-(x[-1]) * 2 > 3": "-x[-1] * 2 > 3",
        "-(x[-1] * 2) > 3": "-(x[-1] * 2) > 3",
        "not (x[-1] > 3)": "not x[-1] > 3",
        "not (x[-1] > 3 and y[-1] > 3)": "not (x[-1] > 3 and y[-1] > 3)",
        "(x[-1] > 3 and y[-1] > 3) or z[-1] > 3": "x[-1] > 3 and y[-1] > 3 or z[-1] > 3",
        "x[-1] > 3 and (y[-1] > 3 or z[-1] > 3)": "x[-1] > 3 and (y[-1] > 3 or z[-1] > 3)",
        "x[-1] > 3 and (y[-1] > 3 and z[-1] > 3)": "x[-1] > 3 and y[-1] > 3 and z[-1] > 3",
        "(x > 3)[-1] == true": "(x[-1] > 3) == true",
        "1 < x[-1] < 3": "1 < x[-1] and x[-1] < 3",
        "(-x)[-1] > 3": "-x[-1] > 3",
    }
    assert {text: printer.text(node_of(text)) for text in pairs} == pairs


@pytest.mark.parametrize("text", ["'a\"b' == 'c'", "'a\" == \"b' == 'c'", "\"it's\" == 'c'"])
def test_canonical_text_of_a_text_with_quotation_marks_can_be_read_again(text: str) -> None:
    node = node_of(text)
    again = node_of(printer.text(node))
    assert printer.text(again) == printer.text(node)
    assert evaluate(again, {}) is evaluate(node, {})


# Bounds


def test_a_thousand_characters_are_the_limit() -> None:
    def text(length: int) -> str:
        return "x[-1] > 3".ljust(length - 1) + " "

    assert check(text(1000)).node is not None
    assert ids(check(text(1001)).diagnostics) == ["ATD309"]
    assert "1,001 characters" in check(text(1001)).diagnostics[0].message


def test_two_hundred_parts_are_the_limit() -> None:
    short = Scope({}, {"b": 1.0})
    assert check("==".join(["b"] * 199), short).node is not None  # the comparison is a part too
    found = check("==".join(["b"] * 200), short).diagnostics
    assert ids(found) == ["ATD309"]
    assert "200 parts" in found[0].message


def test_twenty_levels_are_the_limit() -> None:
    assert check("-" * 19 + "x").node is not None
    found = check("-" * 20 + "x").diagnostics
    assert ids(found) == ["ATD309"]
    assert "more than 20 operations" in found[0].message
    assert check("(" * 100 + "x" + ")" * 100).node is not None  # brackets are no level


@pytest.mark.parametrize(
    "text",
    [
        "(" * 490 + "x" + ")" * 490,
        "-" * 999 + "x",
        "not " * 240 + "true",
        "[" * 999,
        "(" * 999,
        "x" + "[-1]" * 249,
        "abs(" * 190 + "x" + ")" * 190,
        "x" + "()" * 490,
        "x" + ".a" * 490,
        "lambda:" * 140 + "x",
        "1" * 1000,
        "1e" + "9" * 900,
        "x[-" + "9" * 900 + "] > 3",
        "x[-" + "9*" * 400 + "9] > 3",
        "x" * 1000,
        "'" + "a" * 998 + "'",
        "1 <" * 300 + " 2",
        "f'" + "{x}" * 300 + "'",
        "{" * 900,
        "x if x else " * 80 + "x",
    ],
)
def test_deep_long_and_huge_expressions_are_findings(text: str) -> None:
    assert len(text) <= 1000
    found = check_condition(text)
    assert found.node is None
    assert has_errors(found.diagnostics)


def _chain(links: int, link: str) -> dict[str, str]:
    names = ["x[-1]", *(f"d{number}" for number in range(links))]
    return {name: link.format(previous) for previous, name in pairwise(names)}


def test_two_thousand_parts_with_derived_names_written_out_are_the_limit() -> None:
    doubled = _chain(15, "{0} + {0}")
    scope = scope_of({}, doubled)
    sizes = {name: check(f"{name} > 3", scope) for name in doubled}
    accepted = [name for name, found in sizes.items() if found.node is not None]
    assert accepted == [f"d{number}" for number in range(len(accepted))]
    assert 6 <= len(accepted) <= 9
    assert all(size(node_of(f"{name} > 3", scope)) <= 2000 for name in accepted)
    assert "ATD309" in ids(check(doubled[f"d{len(accepted)}"] + " > 3", scope).diagnostics)


@pytest.mark.parametrize("link", ["-" * 18 + "{0}", "{0} + 1", "abs({0})", "-(-(-(-({0}))))"])
def test_a_long_chain_of_derived_names_is_evaluated_or_refused(link: str, tmp_path: Path) -> None:
    derived = "".join(f"  {name}: {quoted(text)}\n" for name, text in _chain(150, link).items())
    stages = "stages:\n  A:\n    transitions:\n      - progress: B\n        when: d149 > 3\n  B: {}\n"
    compiled = compile_text(f"derived:\n{derived}{stages}", tmp_path)
    if compiled.graph is None:
        assert "ATD309" in ids(compiled.diagnostics)
        return
    program = compiled.graph.rules("A")[0].program
    assert program is not None
    assert Evaluator({"x": (2.0,)}).truth(program)[0] is not None
    assert compiled.graph.content_hash


def test_derived_names_that_multiply_are_refused_quickly(tmp_path: Path) -> None:
    derived = "".join(f"  {name}: {text}\n" for name, text in _chain(190, "{0} * {0} * {0} * {0}").items())
    stages = "stages:\n  A:\n    transitions:\n      - progress: B\n        when: d189 > 3\n  B: {}\n"
    compiled = compile_text(f"derived:\n{derived}{stages}", tmp_path)
    assert compiled.graph is None
    assert "ATD309" in ids(compiled.diagnostics)


# What must never get in


def _generated() -> Iterator[str]:
    """Attempts that are one pattern with many words in it, or that cannot stand in a text file."""
    for name in sorted(set(dir(1.0)) | set(dir(())) | {"os", "query", "eval", "dump", "tofile", "to_pickle", "values"}):
        yield f"finished_trials.{name}"
        yield f"mean(finished_trials[-1:]).{name}"
    for name in sorted(dir(builtins)):
        if name not in FUNCTIONS:
            yield f"{name}(finished_trials)"
            yield f"{name} == {name}"
    for character in [
        *map(chr, range(32)),
        "\x7f",
        "\x85",
        "\xa0",
        "\xad",
        "\u200b",
        "\u2028",
        "\u202e",
        "\u3000",
        "\ufeff",
    ]:
        if character not in "\t\n\r":
            yield f"finished_trials[-1]{character}> 3"
    for separator in ("\n", "\r\n", "\r", "\n\n", "\t"):
        yield f"finished_trials[-1] > 3{separator}foraging_efficiency[-1] > 0.5"
        yield f"import os{separator}true"
        yield f"finished_trials{separator}.tofile"
        yield f"finished_trials[-1] = {separator}3"
    yield from ("9" * 999, "9" * 4000 + " > 3", "1" + "0" * 400 + " > 3", "0." + "0" * 3000 + "1 > 3", "1e" + "9" * 500)
    yield from (
        "",
        " ",
        "\n",
        "\t \n",
        "a" * 5000,
        "(" * 4000,
        "\ud7ff > 3",
        "\U0010ffff",
        "\0",
        "true\0",
        "finished_trials\0",
    )


HOSTILE = [line for _, line in _lines("hostile.txt")]
GENERATED = list(dict.fromkeys(_generated()))
PLACES = {
    "when": "      - {{progress: B, when: {0}}}",
    "all": '      - {{progress: B, when: {{all: ["x[-1] > 3", {0}]}}}}',
    "any": '      - {{progress: B, when: {{any: [{0}, "x[-1] > 3"]}}}}',
    "not": "      - {{progress: B, when: {{not: {0}}}}}",
    "deep": '      - {{progress: B, when: {{all: [{{any: [{{not: {0}}}]}}, "x[-1] > 3"]}}}}',
    "slice": "      - {{progress: B, when: {1}}}",
    "end of slice": "      - {{progress: B, when: {2}}}",
    "index": "      - {{progress: B, when: {3}}}",
    "argument": "      - {{progress: B, when: {4}}}",
    "second argument": "      - {{progress: B, when: {5}}}",
    "operand": "      - {{progress: B, when: {6}}}",
    "derived": "  attempt: {0}",
    "within derived": "  another: {4}",
}


def _file_with(attempt: str) -> tuple[str, dict[int, str]]:
    """A curriculum with the attempt in every place, and which line is which place."""
    written = (
        quoted(attempt),
        quoted(f"count(finished_trials[({attempt}):]) > 3"),
        quoted(f"count(finished_trials[:({attempt})]) > 3"),
        quoted(f"finished_trials[({attempt})] > 3"),
        quoted(f"count({attempt}) > 3"),
        quoted(f"round(finished_trials[-1], {attempt}) > 3"),
        quoted(f"x[-1] > 3 and ({attempt})"),
    )
    derived = [text for place, text in PLACES.items() if "derived" in place]
    rules = [text for place, text in PLACES.items() if "derived" not in place]
    lines = ["derived:", *derived, "stages:", "  A:", "    transitions:", *rules, "  B: {}"]
    places = {pattern: place for place, pattern in PLACES.items()}
    text = "".join((line.format(*written) if line in places else line) + "\n" for line in lines)
    return text, {number: places[line] for number, line in enumerate(lines, 5) if line in places}


def _refused_everywhere(attempt: str, folder: Path) -> None:
    text, places = _file_with(attempt)
    compiled = compile_text(text, folder)
    errors = [d for d in compiled.diagnostics if d.is_error]
    assert compiled.graph is None
    assert errors
    if all(d.code.id.startswith("ATD3") for d in errors):
        assert {places.get(d.span.line) for d in errors} >= set(places.values())
    else:
        assert any(d.code.id.startswith(("ATD0", "ATD1")) for d in errors)  # the YAML text itself is refused
    constraint = attempt.replace("finished_trials[-1]", "low").replace("finished_trials", "low")
    assert has_errors(task_findings(constraint))


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_what_is_not_in_the_language_is_refused_in_every_place(
    number: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    attempt = HOSTILE[number]
    found = check(attempt)
    assert found.node is None, attempt
    assert has_errors(found.diagnostics), attempt
    _refused_everywhere(attempt, tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("part", range(20))
def test_generated_attempts_are_refused_as_expressions(part: int) -> None:
    for attempt in GENERATED[part::20]:
        found = check(attempt)
        assert found.node is None, attempt
        assert has_errors(found.diagnostics), attempt


# A comma may stand behind the last argument, so nothing at all is no attempt there.
@pytest.mark.parametrize("number", [n for n in range(0, len(GENERATED), 17) if GENERATED[n].strip()])
def test_generated_attempts_are_refused_in_every_place(number: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    _refused_everywhere(GENERATED[number], tmp_path_factory.getbasetemp())


def test_there_are_enough_attempts() -> None:
    assert len(HOSTILE) > 300
    assert len(set(HOSTILE)) == len(HOSTILE)
    assert len(GENERATED) > 400


def test_the_file_for_attempts_is_in_order_without_one(tmp_path: Path) -> None:
    text, places = _file_with("-1")
    found = {places[d.span.line] for d in compile_text(text, tmp_path).diagnostics if d.is_error}
    assert found == {"when", "all", "any", "not", "deep", "operand", "argument", "second argument", "within derived"}
    text, places = _file_with("x[-1] > 3")
    found = {places[d.span.line] for d in compile_text(text, tmp_path).diagnostics if d.is_error}
    assert found == {"slice", "end of slice", "index", "argument", "second argument", "within derived"}
    assert task_findings("low < high") == []


# The second wall: the evaluator alone

_PROGRAM_NODE = Literal(1.0, NUMBER, Source("expression", "").whole())


def _program(tree: ast.expr) -> Program:
    return Program(_PROGRAM_NODE, tree, (), ())


@pytest.mark.parametrize(
    "text",
    [
        "x.__class__",
        "x.tofile('out')",
        "mean.__globals__",
        "x[-1]",
        "x[-5:]",
        "x + x",
        "1 + 2",
        "9 ** 9 ** 9",
        "-1",
        "not x",
        "x and x",
        "x < 3",
        "lambda: 1",
        "(lambda: 1)()",
        "[1, 2]",
        "(1, 2)",
        "{1, 2}",
        "{1: 2}",
        "[a for a in x]",
        "{a for a in x}",
        "{a: a for a in x}",
        "sum(a for a in x)",
        "f'{x}'",
        "f'{1:>2000000000}'",
        "(a := 1)",
        "1 if x else 2",
        "mean(*x)",
        "x()",
        "mean(x)()",
        "eval('1')",
        "exec('1')",
        "open('out', 'w')",
        "__import__('os')",
        "getattr(x, 'index')",
        "print(x)",
        "rand()",
        "randint(3)",
        "int('3')",
        "float('nan')",
        "str(x)",
        "len(x)",
        "unknown",
        "__builtins__",
        "__name__",
        "mean(unknown)",
        "mean(x.__class__)",
        "present(of=x.__class__)",
        "'a'.format(x)",
        "'a' * 3",
        "yield_(x)",
        "mean(x)[0]",
        "mean(x) > 3",
    ],
)
def test_the_evaluator_knows_only_calls_names_and_constants(text: str) -> None:
    tree = ast.parse(text, mode="eval").body
    with pytest.raises((InvalidExpression, TypeError)):
        Evaluator({"x": (1.0, 2.0)}).value(_program(tree))


@pytest.mark.parametrize("statement", ["import os", "a = 1", "a += 1", "del x", "def f(): pass", "pass", "x"])
def test_the_evaluator_does_not_run_statements(statement: str) -> None:
    tree = ast.parse(statement).body[0]
    with pytest.raises(InvalidExpression):
        Evaluator({"x": (1.0,)}).value(Program(_PROGRAM_NODE, tree, (), ()))  # type: ignore[arg-type]


@pytest.mark.parametrize("constant", [b"a", 1j, ..., None])
def test_a_condition_can_only_be_true_false_or_unknown(constant: object) -> None:
    tree = ast.Constant(constant)  # type: ignore[arg-type]
    if constant is None:
        assert Evaluator({}).truth(_program(tree))[0] is None
    else:
        with pytest.raises((TypeError, InvalidExpression)):
            Evaluator({}).truth(_program(tree))
    with pytest.raises(TypeError):
        Evaluator({}).truth(_program(ast.Constant(1.0)))


def test_compiled_expressions_hold_nothing_but_calls_names_and_constants() -> None:
    for _, given, expression, _ in VALUES:
        program = compile_node(node_of(expression, given.scope))
        kinds = {type(node) for node in ast.walk(program.tree)}
        assert kinds <= {ast.Call, ast.Name, ast.Constant, ast.Load}


_heard: list[str] = []
_listening = [False]


def _hook(event: str, _arguments: object) -> None:
    if _listening[0]:
        _heard.append(event)


def test_evaluating_touches_nothing_outside(request: pytest.FixtureRequest) -> None:
    programs = [(given, compile_node(node_of(expression, given.scope))) for _, given, expression, _ in VALUES]
    conditions = [
        (FINDING_SCOPE, compile_node(found.node))
        for case in FINDINGS
        if (found := check_condition(case.text, FINDING_SCOPE)).node is not None
    ]
    metrics: dict[str, Value] = {name: (1.0, None, 3.0) for name in PLAIN.variables if "session" not in name}
    sys.addaudithook(_hook)
    _heard.clear()
    _listening[0] = True
    try:
        for given, program in programs:
            Evaluator(given.values, given.at_stage).value(program)
        for _, program in conditions:
            Evaluator({**metrics, **situation_values(3, 2)}, 2).truth(program)
    finally:
        _listening[0] = False
    assert len(programs) + len(conditions) > 300
    assert [event for event in _heard if not event.startswith("object.__")] == []
    _listening[0] = True
    try:
        assert Path(__file__).exists()
        with Path(__file__).open("rb"):
            pass
    finally:
        _listening[0] = False
    assert "open" in _heard  # the hook does listen


# Any text at all

_TOKENS = (DATA / "words.txt").read_text(encoding="utf-8").split()


def _texts(seed: int, alphabet: Sequence[str], separator: str, longest: int, number: int) -> Iterator[str]:
    chosen = random.Random(seed)
    for _ in range(number):
        yield separator.join(chosen.choices(alphabet, k=chosen.randint(1, longest)))


def _unicode(seed: int, number: int) -> Iterator[str]:
    chosen = random.Random(seed)
    for _ in range(number):
        points = (chosen.choice((127, 255, 0x2FFF, 0xD7FF, 0x10FFFF)) for _ in range(chosen.randint(1, 40)))
        yield "".join(chr(chosen.randint(0, most)) for most in points)


def _damaged(seed: int, number: int) -> Iterator[str]:
    """Expressions that are in order, with a character changed, left out or put in."""
    chosen = random.Random(seed)
    for _ in range(number):
        text = list(chosen.choice(VALUES)[2])
        for _ in range(chosen.randint(1, 3)):
            at = chosen.randrange(len(text) + 1)
            text[at : at + chosen.randint(0, 1)] = chosen.choices(string.printable, k=chosen.randint(0, 1))
        yield "".join(text)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(_texts(1, _TOKENS, " ", 12, 2000), id="words"),
        pytest.param(_texts(2, _TOKENS, "", 8, 1500), id="words without space"),
        pytest.param(_texts(3, string.printable, "", 60, 1500), id="printable"),
        pytest.param(_unicode(4, 1000), id="unicode"),
        pytest.param(_damaged(5, 2000), id="damaged"),
    ],
)
def test_no_text_raises_anything(texts: Iterator[str]) -> None:
    scope = scope_of({"window": 3.0, "half": 0.5, "n": 2.0, "limit": 3.5}, {"good": "x[-1] > 3", "recent": "mean(x)"})
    metrics: dict[str, Value] = {name: (1.0, None, 3.0) for name in PLAIN.variables if "session" not in name}
    values = {**metrics, **situation_values(3, 2)}
    for text in texts:
        found = check_condition(text, scope)
        assert found.node is not None or has_errors(found.diagnostics), text
        assert all(0 <= d.span.start <= d.span.end <= len(text) + 2 for d in found.diagnostics), text
        if found.node is not None:
            truth, _ = Evaluator(values, 2).truth(compile_node(found.node))
            assert truth in (True, False, None), text
        other = check(text, scope)
        if other.node is not None:
            evaluate(other.node, values, 2)
            assert printer.text(node_of(printer.text(other.node))) == printer.text(other.node), text


def test_numbers_are_doubles_and_conditions_are_booleans() -> None:
    for _, given, expression, _ in VALUES:
        node = node_of(expression, given.scope)
        value = evaluate(node, given.values, given.at_stage)
        kind = {NUMBER.kind: float, BOOLEAN.kind: bool}[node.type.kind]
        assert isinstance(value, tuple) == node.type.is_sequence
        elements = value if isinstance(value, tuple) else (value,)
        assert all(element is None or type(element) is kind for element in elements)

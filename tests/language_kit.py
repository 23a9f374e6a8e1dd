"""Short ways to check, evaluate and compile in tests of the language; nothing here decides what is right."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from autotrain_dsl import document, tasks
from autotrain_dsl.compiler import Compilation, compile_document
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions import checker
from autotrain_dsl.expressions.checker import Checked
from autotrain_dsl.expressions.evaluator import Evaluator, compile_node
from autotrain_dsl.expressions.functions import Value
from autotrain_dsl.expressions.nodes import Node
from autotrain_dsl.expressions.parser import Written
from autotrain_dsl.expressions.scope import WHOLE_HISTORY, Derived, Known, Scope, situation
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.layers import Library, checked
from autotrain_dsl.source import Source, Span
from autotrain_dsl.tasks import TaskSchemas

DATA = Path(__file__).parent / "data" / "expressions"

# finished_trials and foraging_efficiency have the ranges of the real task; x, y and z any value.
METRICS: Mapping[str, Known] = {
    "finished_trials": Known(WHOLE_HISTORY, 0, float("inf"), integer=True),
    "foraging_efficiency": Known(WHOLE_HISTORY, 0, 2),
    "x": Known(WHOLE_HISTORY),
    "y": Known(WHOLE_HISTORY),
    "z": Known(WHOLE_HISTORY),
}
TASK = """\
dsl_version: 1
name: toy
version: "1"
parameters:
  type: object
  properties:
    low: {type: number}
    high: {type: number}
    loud: {type: boolean}
    task: {type: string}
metrics:
  finished_trials: {type: integer, minimum: 0}
  foraging_efficiency: {type: number, minimum: 0, maximum: 2}
  x: {type: number}
  y: {type: number}
  z: {type: number}
"""


def written(text: str) -> Written:
    """An expression as if it stood in a file of its own, in quotation marks; its first character is at offset 1."""
    source = Source("expression", f'"{text}"')
    return Written(text, Span(source, 0, len(source.text)))


def scope_of(constants: Mapping[str, float] | None = None, derived: Mapping[str, str] | None = None) -> Scope:
    """The metrics above with these constants and derived names, which may use those before them."""
    scope = Scope({**situation(), **METRICS}, constants or {})
    for name, text in (derived or {}).items():
        found = checker.check(written(text), scope)
        scope = replace(scope, derived={**scope.derived, name: Derived(found.node, found.size)})
    return scope


PLAIN = scope_of()


def check(text: str, scope: Scope = PLAIN) -> Checked:
    """An expression of any type."""
    return checker.check(written(text), scope)


def check_condition(text: str, scope: Scope = PLAIN) -> Checked:
    """An expression that must be true or false."""
    return checker.check_condition(written(text), scope)


def node_of(text: str, scope: Scope = PLAIN) -> Node:
    """The checked form of an expression that must be in order."""
    found = check(text, scope)
    assert found.node is not None, f"{text!r}: {[d.message for d in found.diagnostics]}"
    return found.node


def evaluate(node: Node, values: Mapping[str, Value], stay: int = 0) -> Value:
    """The value of a checked expression."""
    return Evaluator(values, stay).value(compile_node(node))


def situation_values(total: int, at_stage: int) -> dict[str, Value]:
    """The two numbers of the situation."""
    return {"session_total": float(total), "session_at_current_stage": float(at_stage)}


def bits(value: object) -> object:
    """A value as something that is equal only if it is the same to the last bit, of the same type."""
    if isinstance(value, tuple | list):
        return tuple(bits(each) for each in value)
    return struct.pack("<d", value).hex() if isinstance(value, float) else (type(value).__name__, value)


def ids(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """Their codes."""
    return [diagnostic.code.id for diagnostic in diagnostics]


def quoted(text: str) -> str:
    """A text as a double-quoted YAML scalar on one line."""
    return json.dumps(text, ensure_ascii=True) if text.isascii() else json.dumps(text, ensure_ascii=False)


@cache
def _schemas(folder: Path) -> TaskSchemas:
    (folder / "toy_1.yaml").write_text(TASK, encoding="utf-8")
    return TaskSchemas(folder)


def compile_text(text: str, folder: Path) -> Compilation:
    """A curriculum for the task above; ``text`` holds ``stages`` and what else it needs; ``folder`` gets the task."""
    head = 'dsl_version: 1\nname: Toy\nversion: "1"\ntask_schema: {name: toy, version: "1"}\n'
    read = checked(document.parse_bytes((head + text).encode(), "toy.yaml"))
    return compile_document(folder / "toy.yaml", read, Library(), _schemas(folder))


def graph_of(text: str, folder: Path) -> StateGraph:
    """The same for a curriculum that must be without errors."""
    compiled = compile_text(text, folder)
    assert compiled.graph is not None, [f"{d.code.id} {d.span.line}: {d.message}" for d in compiled.diagnostics]
    return compiled.graph


def rule_graph(when: str, folder: Path) -> StateGraph:
    """A curriculum whose first stage has one rule, to progress when ``when`` (as YAML) is true."""
    return graph_of(f"stages:\n  A:\n    transitions:\n      - progress: B\n        when: {when}\n  B: {{}}\n", folder)


def task_findings(check_text: str) -> list[Diagnostic]:
    """What is wrong with a task schema that has this constraint."""
    text = f"{TASK}constraints:\n  - check: {quoted(check_text)}\n    message: not allowed\n"
    read, found = document.parse_bytes(text.encode(), "toy_1.yaml")
    return found if read is None else [*found, *tasks.load(read)[1]]

"""A curriculum as plain data for the scripts of a page: its stages and metrics, and its rules as they are judged.

The conditions are those that the interpreter evaluates; ``assets/engine.js`` evaluates them again. A node is a list
that starts with what it is; its operands are lists in turn:

    ["value", 0.7]  ["metric", "x"]  ["situation", "session_total"]
    ["item", of, -1]  ["window", of, -5, null]  ["negative", of]  ["not", of]
    ["and", part, ...]  ["or", part, ...]  ["+", left, right] (and the other three)
    ["compare", 0, ">=", left, right], numbered in reading order
    ["mean", of] and the other functions; ["round", of, digits]; ["count", of, whether ``of`` are conditions]
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from math import isfinite
from typing import Any

from autotrain_dsl.expressions.nodes import (
    Arithmetic,
    Call,
    Comparison,
    Item,
    Kind,
    Literal,
    Logic,
    Negative,
    Node,
    Not,
    Variable,
    Window,
)
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Metric, Move, Stage, Transition
from autotrain_dsl.render.diagram import clean, sentence

# Within an element `script` a page would take these for its own; in JSON they only stand within texts.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def curriculum(graph: StateGraph) -> dict[str, Any]:
    """Everything that a script has to know to judge sessions and to say why."""
    return {
        "name": clean(graph.curriculum.name),
        "version": clean(graph.curriculum.version),
        "hash": graph.content_hash,
        "initial": clean(graph.initial),
        "task": {"name": clean(graph.task.name), "version": clean(graph.task.version)},
        "metrics": [_metric(metric) for metric in graph.task.metrics.values()],
        "stages": [_stage(stage, graph.rules(stage.name)) for stage in graph.stages],
    }


def expression(node: Node) -> list[Any]:
    """A checked expression as nested lists."""
    return _expression(node, count())


def embedded(data: Any) -> str:
    """Plain data as JSON that may stand in an element ``script`` of a page."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "name": clean(metric.name),
        "title": clean(metric.title),
        "unit": clean(metric.unit),
        "minimum": metric.minimum if isfinite(metric.minimum) else None,
        "maximum": metric.maximum if isfinite(metric.maximum) else None,
        "integer": metric.integer,
        "better": metric.better,
    }


def _stage(stage: Stage, rules: list[Transition]) -> dict[str, Any]:
    return {
        "name": clean(stage.name),
        "label": clean(stage.label),
        "description": clean(stage.description),
        "final": stage.final,
        "rules": [_rule(stage.name, number, rule) for number, rule in enumerate(rules, 1)],
    }


def _rule(stage: str, number: int, rule: Transition) -> dict[str, Any]:
    return {
        "number": number,
        "move": rule.move.value,
        "target": clean(stage if rule.move is Move.STAY else rule.target),
        "trigger": rule.trigger.value,
        "because": clean(rule.because),
        "sentence": clean(sentence(rule)),
        "comparisons": [] if rule.program is None else [clean(text) for text in rule.program.texts],
        "node": None if rule.program is None else expression(rule.program.node),
    }


def _expression(node: Node, numbers: Iterator[int]) -> list[Any]:
    def inner(part: Node) -> list[Any]:
        return _expression(part, numbers)

    match node:
        case Literal():
            return ["value", clean(node.value) if isinstance(node.value, str) else node.value]
        case Variable():
            return ["metric" if node.type.is_sequence else "situation", clean(node.name)]
        case Item():
            return ["item", inner(node.of), node.index]
        case Window():
            return ["window", inner(node.of), node.start, node.stop]
        case Negative():
            return ["negative", inner(node.of)]
        case Not():
            return ["not", inner(node.of)]
        case Logic():
            return [node.operator, *(inner(part) for part in node.parts)]
        case Arithmetic():
            return [node.operator, inner(node.left), inner(node.right)]
        case Comparison():
            number = next(numbers)  # before those of its sides, as in a program
            return ["compare", number, node.operator, inner(node.left), inner(node.right)]
        case Call():
            return [node.function, inner(node.of), *_extra(node)]


def _extra(node: Call) -> list[Any]:
    """What a function gets beside the argument that is written."""
    if node.function == "count":
        return [node.of.type.kind is Kind.BOOLEAN]
    return [node.digits] if node.function == "round" else []

"""Checked expressions evaluated with SimpleEval, the second wall.

A checked expression is lowered to a syntax tree of only calls, names and constants. The evaluator is a SimpleEval
that knows no other node, no operator and no attribute, and as functions only those of the language. It is given
tuples of floats and plain numbers, never arrays or frames, whose methods could reach files.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from simpleeval import SimpleEval

from autotrain_dsl.expressions import functions, printer
from autotrain_dsl.expressions.functions import Truth, Value
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

_NODES = (ast.Call, ast.Name, ast.Constant)
_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "compute": functions.compute,
    "negative": functions.negative,
    "not": functions.not_,
    "and": functions.and_,
    "or": functions.or_,
    "item": functions.item,
    "window": functions.window,
    "mean": functions.mean,
    "median": functions.median,
    "min": functions.smallest,
    "max": functions.largest,
    "sum": functions.total,
    "std": functions.std,
    "abs": functions.absolute,
    "round": functions.rounded,
    "count": functions.count,
    "all": functions.all_,
    "any": functions.any_,
    "present": functions.present,
}


@dataclass(frozen=True, slots=True)
class Program:
    """An expression ready to be evaluated again and again; its comparisons, also as text, in reading order."""

    node: Node
    tree: ast.expr
    comparisons: tuple[Comparison, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison as it turned out: both sides and the verdict (None: unknown)."""

    comparison: Comparison
    text: str
    left: Value
    right: Value
    verdict: Value


def compile_node(node: Node) -> Program:
    """Lower a checked expression for the evaluator."""
    comparisons: list[Comparison] = []
    tree = _lower(node, comparisons)
    return Program(node, tree, tuple(comparisons), tuple(printer.text(each) for each in comparisons))


class Evaluator:
    """Evaluates programs for one situation: the values of the names, and how many sessions the current stay has."""

    def __init__(self, names: Mapping[str, Value], stay: int = 0) -> None:
        self._seen: list[tuple[int, Value, Value, Value]] = []
        table = {**_FUNCTIONS, "at_stage": partial(functions.latest, length=stay), "compare": self._compare}
        self._engine = SimpleEval(operators={}, functions=table, names=dict(names), allowed_attrs={})
        self._engine.nodes = {kind: self._engine.nodes[kind] for kind in _NODES}

    def value(self, program: Program) -> Value:
        """The value of an expression; None where it is missing or unknown."""
        self._seen.clear()
        result: Value = self._engine.eval("", previously_parsed=program.tree)
        return result

    def truth(self, program: Program) -> tuple[Truth, tuple[Compared, ...]]:
        """The outcome of a condition, and of every comparison in it."""
        result = self.value(program)
        if result is not None and type(result) is not bool:
            raise TypeError(f"a condition gave {type(result).__name__}")
        seen = sorted(self._seen, key=_index)
        return result, tuple(Compared(program.comparisons[i], program.texts[i], *rest) for i, *rest in seen)

    def _compare(self, index: int, operator: str, left: Value, right: Value) -> Value:
        verdict = functions.compare(operator, left, right)
        self._seen.append((index, left, right, verdict))
        return verdict


def _index(seen: tuple[int, Value, Value, Value]) -> int:
    return seen[0]


def _lower(node: Node, comparisons: list[Comparison]) -> ast.expr:
    def lower(part: Node) -> ast.expr:
        return _lower(part, comparisons)

    match node:
        case Literal():
            return ast.Constant(node.value)
        case Variable():
            return ast.Name(node.name, ast.Load())
        case Item():
            return _call("item", lower(node.of), ast.Constant(node.index))
        case Window():
            return _call("window", lower(node.of), ast.Constant(node.start), ast.Constant(node.stop))
        case Negative():
            return _call("negative", lower(node.of))
        case Not():
            return _call("not", lower(node.of))
        case Logic():
            return _call(node.operator, *(lower(part) for part in node.parts))
        case Arithmetic():
            return _call("compute", ast.Constant(node.operator), lower(node.left), lower(node.right))
        case Comparison():
            comparisons.append(node)
            index = ast.Constant(len(comparisons) - 1)
            return _call("compare", index, ast.Constant(node.operator), lower(node.left), lower(node.right))
        case Call():
            return _call(node.function, lower(node.of), *_extra(node))


def _extra(node: Call) -> tuple[ast.expr, ...]:
    """Arguments that a function gets beside the one that is written."""
    if node.function == "count":
        return (ast.Constant(node.of.type.kind is Kind.BOOLEAN),)
    return (ast.Constant(node.digits),) if node.function == "round" else ()


def _call(function: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(function, ast.Load()), list(arguments), [])

"""The expression language a second time, straight from its description and knowing nothing of the program.

Works on Python's own syntax tree. A number is a float, a condition a bool, a sequence a list; None is missing or
unknown. Slow, without checks, for well-typed expressions only.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Anything = Any  # float | bool | None | list of these

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_ORDER: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass
class Reference:
    """What is known of one mouse: its metrics, the numbers of the session, and the names of the curriculum."""

    metrics: Mapping[str, list[float | None]]
    total: int = 1
    at_stage: int = 1
    constants: Mapping[str, float] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)

    def value(self, text: str) -> Anything:
        """The value of an expression."""
        return self._value(ast.parse(" ".join(text.split()), mode="eval").body)

    def _value(self, tree: ast.expr) -> Anything:
        match tree:
            case ast.Constant(value=int() | float() as value):
                return float(value)
            case ast.Name(id=name):
                return self._named(name)
            case ast.BoolOp(op=ast.And(), values=parts):
                return kleene_and([self._value(part) for part in parts])
            case ast.BoolOp(values=parts):
                return kleene_or([self._value(part) for part in parts])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return kleene_not(self._value(operand))
            case ast.UnaryOp(operand=operand):
                return each(operator.neg, self._value(operand))
            case ast.BinOp(left=left, op=symbol, right=right):
                return pairwise(_ARITHMETIC[type(symbol)], self._value(left), self._value(right))
            case ast.Compare():
                return self._chain(tree)
            case ast.Subscript(value=of, slice=ast.Slice(lower=lower, upper=upper)):
                return self._value(of)[self._bound(lower) : self._bound(upper)]
            case ast.Subscript(value=of, slice=index):
                sequence, at = self._value(of), self._bound(index)
                return sequence[at] if -len(sequence) <= at < len(sequence) else None
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name, arguments)
        raise AssertionError(ast.dump(tree))

    def _named(self, name: str) -> Anything:
        known: dict[str, Anything] = {
            "true": True,
            "false": False,
            "session_total": float(self.total),
            "session_at_current_stage": float(self.at_stage),
            **self.metrics,
            **self.constants,
        }
        return known[name] if name in known else self.value(self.derived[name])

    def _chain(self, tree: ast.Compare) -> Anything:
        sides = [self._value(side) for side in (tree.left, *tree.comparators)]
        links = [
            pairwise(_ORDER[type(symbol)], left, right)
            for symbol, left, right in zip(tree.ops, sides, sides[1:], strict=False)
        ]
        return links[0] if len(links) == 1 else kleene_and(links)

    def _bound(self, tree: ast.expr | None) -> Any:
        return None if tree is None else int(self._value(tree))

    def _call(self, name: str, arguments: list[ast.expr]) -> Anything:
        of = self._value(arguments[0])
        match name:
            case "abs":
                return each(abs, of)
            case "round":
                digits = self._bound(arguments[1]) if len(arguments) == 2 else 0
                return each(lambda number: round(number, digits), of)
            case "at_stage":
                return of[len(of) - self.at_stage :] if self.at_stage < len(of) else of
            case "present":
                return [value for value in of if value is not None]
            case "count":
                return _count(of, _is_condition(arguments[0], self))
            case "all":
                return kleene_and(of)
            case "any":
                return kleene_or(of)
        return None if not of or None in of else finite(_AGGREGATES[name], of)


def kleene_and(parts: list[bool | None]) -> bool | None:
    """False as soon as one is false, else unknown as soon as one is unknown; of nothing, true."""
    return False if any(part is False for part in parts) else None if None in parts else True


def kleene_or(parts: list[bool | None]) -> bool | None:
    """True as soon as one is true, else unknown as soon as one is unknown; of nothing, false."""
    return True if any(part is True for part in parts) else None if None in parts else False


def kleene_not(of: bool | None) -> bool | None:
    """Unknown stays unknown."""
    return None if of is None else not of


def finite(function: Callable[..., Any], *arguments: Any) -> Any:
    """A result that is no finite number is missing."""
    if None in arguments:
        return None
    try:
        result = function(*arguments)
    except (ZeroDivisionError, OverflowError):
        return None
    return result if isinstance(result, bool) or math.isfinite(result) else None


def each(function: Callable[[float], float], of: Anything) -> Anything:
    """Element by element, or of the one value."""
    return [finite(function, value) for value in of] if isinstance(of, list) else finite(function, of)


def pairwise(function: Callable[[Any, Any], Any], left: Anything, right: Anything) -> Anything:
    """Element by element; a single value goes with every element."""
    if isinstance(left, list) and isinstance(right, list):
        assert len(left) == len(right)
        return [finite(function, a, b) for a, b in zip(left, right, strict=True)]
    if isinstance(left, list):
        return [finite(function, a, right) for a in left]
    if isinstance(right, list):
        return [finite(function, left, b) for b in right]
    return finite(function, left, right)


def _is_condition(tree: ast.expr, reference: Reference) -> bool:
    """Whether a sequence is one of conditions; its values cannot tell when there are none."""
    if isinstance(tree, ast.Compare):
        return True
    if isinstance(tree, ast.Name) and tree.id in reference.derived:
        return _is_condition(ast.parse(reference.derived[tree.id], mode="eval").body, reference)
    if isinstance(tree, ast.Subscript):
        return _is_condition(tree.value, reference)
    return isinstance(tree, ast.Call) and _is_condition(tree.args[0], reference)


def _count(of: list[Any], conditions: bool) -> float | None:
    if not conditions:
        return float(len(of))
    return None if None in of else float(len([value for value in of if value]))


def _sum(values: list[float]) -> float:
    result = 0.0  # as numpy: a sum of nothing but -0.0 is 0.0
    for value in values:
        result = result + value
    return result


def _mean(values: list[float]) -> float:
    return _sum(values) / len(values)


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return (low + high) / 2 if len(ordered) % 2 == 0 else high


def _std(values: list[float]) -> float:
    mean = _mean(values)
    squares = [(value - mean) * (value - mean) for value in values]
    return math.sqrt(_mean(squares))


_AGGREGATES: Mapping[str, Callable[[list[float]], float]] = {
    "mean": _mean,
    "median": _median,
    "sum": _sum,
    "min": min,
    "max": max,
    "std": _std,
}

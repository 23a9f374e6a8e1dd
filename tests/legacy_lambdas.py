"""The older system's reader for tests: its lambdas walked over their syntax tree, as Python and numpy compute them.

Nothing is ever run: a lambda that holds anything but what is written out below is an AssertionError.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np

Metrics = Mapping[str, Any]  # lists of numbers, and the two numbers of the situation
Names = dict[str, Any]
Part = Callable[[Names], Any]

NUMPY: Mapping[str, Any] = {
    name: getattr(np, name)
    for name in ("mean", "median", "min", "max", "sum", "std", "cumsum", "sqrt", "nan", "inf")
}  # fmt: skip
BUILTINS: Mapping[str, Any] = {
    "abs": abs, "all": all, "any": any, "float": float, "len": len, "round": round, "sum": sum, "zip": zip
}  # fmt: skip
_BINARY: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne, ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}  # fmt: skip


def decide(content: Mapping[str, Any], stage: str, metrics: Metrics) -> tuple[str, str]:
    """What the older system decides in a stage (by label): the decision and the label of the next stage."""
    if stage == "Graduated":
        return "stay", stage
    for rule in content["curriculum"][stage]["transition_rules"]:
        if function(rule["condition"])(metrics):
            return rule["decision"], rule["to_stage"]
    return "stay", stage


@cache
def function(text: str) -> Callable[[Metrics], Any]:
    """A lambda as something that can be called with metrics."""
    part = _part(body(text))
    return lambda metrics: part({"metrics": metrics})


def body(text: str) -> ast.expr:
    """What a lambda over ``metrics`` says; SyntaxError where Python could not read it."""
    tree = ast.parse(text.replace("\n", ""), mode="eval").body
    assert isinstance(tree, ast.Lambda)
    assert ast.dump(tree.args) == ast.dump(ast.arguments([], [ast.arg("metrics")], None, [], [], None, []))
    return tree.body


def _part(tree: ast.expr) -> Part:
    match tree:
        case ast.Constant(bool() | int() | float() as value):
            return lambda names: value
        case ast.Name(name):
            assert name not in ("metrics", "np", *BUILTINS), "only what they hold and what they return may be used"
            return lambda names: names[name]
        case ast.Attribute(ast.Name("metrics"), name):
            return lambda names: names["metrics"][name]
        case ast.Attribute(ast.Name("np"), "nan" | "inf" as name):
            return lambda names: NUMPY[name]
        case ast.Call(called, arguments, []):
            return _call(_callable(called), [_part(argument) for argument in arguments])
        case ast.BinOp(left, op, right) | ast.Compare(left, [op], [right]):
            return _both(_BINARY[type(op)], _part(left), _part(right))
        case ast.BoolOp() | ast.UnaryOp() | ast.IfExp():
            return _choice(tree)
        case ast.Subscript(value, index):
            return _subscript(_part(value), index)
    return _row(tree)


def _choice(tree: ast.BoolOp | ast.UnaryOp | ast.IfExp) -> Part:
    match tree:
        case ast.BoolOp(op, values):
            return _logic(isinstance(op, ast.And), [_part(value) for value in values])
        case ast.UnaryOp(ast.USub(), operand):
            of = _part(operand)
            return lambda names: -of(names)
        case ast.IfExp(test, yes, no):
            parts = _part(test), _part(yes), _part(no)
            return lambda names: parts[1](names) if parts[0](names) else parts[2](names)
    raise AssertionError(ast.dump(tree))


def _subscript(of: Part, index: ast.expr) -> Part:
    if isinstance(index, ast.Slice):
        assert index.step is None
        start, stop = (None if end is None else _part(end) for end in (index.lower, index.upper))
        return lambda names: of(names)[start and start(names) : stop and stop(names)]
    return _both(operator.getitem, of, _part(index))


def _row(tree: ast.expr) -> Part:
    match tree:
        case ast.List(elements):
            parts = [_part(element) for element in elements]
            return lambda names: [part(names) for part in parts]
        case ast.Tuple(elements):
            parts = [_part(element) for element in elements]
            return lambda names: tuple(part(names) for part in parts)
        case ast.ListComp(element, loops):
            each = _each(element, loops)
            return lambda names: list(each(names))
        case ast.GeneratorExp(element, loops):
            return _each(element, loops)
    raise AssertionError(ast.dump(tree))


def _callable(tree: ast.expr) -> Callable[..., Any]:
    match tree:
        case ast.Name(name):
            found = BUILTINS[name]
        case ast.Attribute(ast.Name("np"), name):
            found = NUMPY[name]
        case _:
            raise AssertionError(ast.dump(tree))
    assert callable(found), name
    called: Callable[..., Any] = found
    return called


def _call(called: Callable[..., Any], arguments: list[Part]) -> Part:
    return lambda names: called(*[argument(names) for argument in arguments])


def _logic(conjunction: bool, parts: list[Part]) -> Part:
    def value(names: Names) -> Any:
        result: Any = conjunction
        for part in parts:
            result = part(names)
            if bool(result) is not conjunction:
                break
        return result

    return value


def _both(called: Callable[[Any, Any], Any], left: Part, right: Part) -> Part:
    return lambda names: called(left(names), right(names))


def _each(element: ast.expr, loops: list[ast.comprehension]) -> Callable[[Names], Iterator[Any]]:
    value, steps = _part(element), [_loop(loop) for loop in loops]

    def run(names: Names, depth: int) -> Iterator[Any]:
        if depth == len(steps):
            yield value(names)
            return
        targets, iterable, tests = steps[depth]
        for item in iterable(names):
            values = (item,) if len(targets) == 1 else tuple(item)
            assert len(values) == len(targets)
            inner = {**names, **dict(zip(targets, values, strict=True))}
            if all(test(inner) for test in tests):
                yield from run(inner, depth + 1)

    return lambda names: run(names, 0)


def _loop(loop: ast.comprehension) -> tuple[list[str], Part, list[Part]]:
    targets = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    assert len(names) == len(targets)
    assert not {"metrics", "np", *BUILTINS} & set(names)
    return names, _part(loop.iter), [_part(test) for test in loop.ifs]

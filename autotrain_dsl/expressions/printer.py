"""A checked expression as text: the same text for the same meaning, however it was written."""

from __future__ import annotations

from autotrain_dsl.expressions.nodes import (
    Arithmetic,
    Call,
    Comparison,
    Item,
    Literal,
    Logic,
    Negative,
    Node,
    Not,
    Variable,
    Window,
)

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)
_ARITHMETIC = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}


def text(node: Node) -> str:
    """The expression in canonical form, with constants and derived names written out."""
    return _print(node)[0]


def number(value: float) -> str:
    """A number as a person writes it: without ``.0`` where it is whole."""
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)


def _print(node: Node) -> tuple[str, int]:
    """The text of a node and how tightly it binds."""
    match node:
        case Literal():
            return _literal(node.value), _ATOM
        case Variable():
            return node.name, _ATOM
        case Item():
            return f"{_within(node.of, _ATOM)}[{node.index}]", _ATOM
        case Window():
            start, stop = ("" if bound is None else str(bound) for bound in (node.start, node.stop))
            return f"{_within(node.of, _ATOM)}[{start}:{stop}]", _ATOM
        case Call():
            digits = f", {node.digits}" if node.digits else ""
            return f"{node.function}({text(node.of)}{digits})", _ATOM
        case Negative():
            return f"-{_within(node.of, _SIGN)}", _SIGN
        case Not():
            return f"not {_within(node.of, _NOT)}", _NOT
        case Comparison():
            left, right = _within(node.left, _SUM), _within(node.right, _SUM)
            return f"{left} {node.operator} {right}", _COMPARE
        case Arithmetic():
            level = _ARITHMETIC[node.operator]
            return f"{_within(node.left, level)} {node.operator} {_within(node.right, level + 1)}", level
        case Logic():
            level = _AND if node.operator == "and" else _OR
            return f" {node.operator} ".join(_within(part, level + 1) for part in node.parts), level


def _within(node: Node, level: int) -> str:
    inner, binds = _print(node)
    return inner if binds >= level else f"({inner})"


def _literal(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}'" if '"' in value else f'"{value}"'
    return number(value)

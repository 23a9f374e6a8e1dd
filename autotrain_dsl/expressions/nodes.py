"""The checked form of an expression: a small typed tree in which every name is resolved.

Constants and derived names are already replaced by what they stand for. ``of``, ``left``, ``parts`` ... are the
operands; every node knows its type and where it was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from autotrain_dsl.source import Span

# The comparison that is true where another one is false, and the one with its sides exchanged.
NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

# How a sequence was cut from the whole history. Two sequences can be combined element by element
# only if they were cut in the same way.
Shape = tuple[str, ...]


class Kind(StrEnum):
    """What a single value is."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Type:
    """A single value, or with a shape a sequence of such values."""

    kind: Kind
    shape: Shape | None = None

    @property
    def is_sequence(self) -> bool:
        """Whether there is one value for each of several sessions."""
        return self.shape is not None

    def __str__(self) -> str:
        plural = {Kind.NUMBER: "numbers", Kind.BOOLEAN: "booleans", Kind.TEXT: "texts"}
        if self.is_sequence:
            return f"a sequence of {plural[self.kind]}"
        return "text" if self.kind is Kind.TEXT else f"a {self.kind}"


NUMBER = Type(Kind.NUMBER)
BOOLEAN = Type(Kind.BOOLEAN)
TEXT = Type(Kind.TEXT)


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, boolean or text, written out or named under ``constants``."""

    value: float | bool | str
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Variable:
    """A metric (its sequence over the sessions), a number of the situation, or a parameter of a task.

    ``minimum`` and ``maximum`` are the declared range; ``integer`` says that only whole numbers occur.
    """

    name: str
    type: Type
    span: Span
    minimum: float = float("-inf")
    maximum: float = float("inf")
    integer: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """``of[index]``."""

    of: Node
    index: int
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Window:
    """``of[start:stop]``."""

    of: Node
    start: int | None
    stop: int | None
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language applied to its argument; ``digits`` is the second argument of ``round``."""

    function: str
    of: Node
    type: Type
    span: Span
    digits: int = 0


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left + right`` and the like."""

    operator: str
    left: Node
    right: Node
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Negative:
    """``-of``."""

    of: Node
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left < right`` and the like; a chain is the ``and`` of its links."""

    operator: str
    left: Node
    right: Node
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` or ``or`` of two or more parts."""

    operator: str
    parts: tuple[Node, ...]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    """``not of``."""

    of: Node
    type: Type
    span: Span


Node = Literal | Variable | Item | Window | Call | Arithmetic | Negative | Comparison | Logic | Not


def children(node: Node) -> tuple[Node, ...]:
    """The operands of a node, left to right."""
    match node:
        case Item() | Window() | Call() | Negative() | Not():
            return (node.of,)
        case Arithmetic() | Comparison():
            return (node.left, node.right)
        case Logic():
            return node.parts
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in reading order."""
    yield node
    for child in children(node):
        yield from walk(child)


def names(node: Node) -> set[str]:
    """Names of the metrics, situation numbers or parameters that a node reads."""
    return {part.name for part in walk(node) if isinstance(part, Variable)}


def is_deeper(node: Node, most: int) -> bool:
    """Whether more than ``most`` levels of operands stand inside each other."""
    level: list[Node] = [node]
    for _ in range(most):
        level = [child for each in level for child in children(each)]
        if not level:
            return False
    return True


def size(node: Node) -> int:
    """Number of nodes, counting a part once for every place where it is used."""
    return 1 + sum(size(child) for child in children(node))

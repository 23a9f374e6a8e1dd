"""How long the sequences of a condition and how large its numbers can be, whatever the sessions were."""

from __future__ import annotations

from math import inf
from sys import float_info

from autotrain_dsl.expressions.nodes import Arithmetic, Call, Item, Literal, Negative, Node, Variable, Window, children

SMALLEST, LARGEST = 1e-100, 1e100  # size of a metric that is not 0
SESSIONS = 1e6  # of a history, at most


def shortest(node: Node) -> int:
    """The number of elements, 0 or 1, that a sequence has at least once there is a session."""
    match node:
        case Variable():
            return 1
        case Window():
            whole = node.stop is None and (node.start is None or node.start <= 0)
            first = not node.start and node.stop is not None and node.stop > 0
            return shortest(node.of) if whole or first else 0
        case Call(function="present"):
            return 0
    return min(shortest(part) for part in children(node) if part.type.is_sequence)


def longest(node: Node) -> float:
    """The number of elements that a sequence has at most."""
    match node:
        case Variable():
            return inf
        case Window():
            start, stop = node.start or 0, node.stop
            if stop is None:
                length: float = -start if start < 0 else inf
            elif (start < 0) == (stop < 0):
                length = stop - start
            else:
                length = min(-start, stop) if start < 0 else inf
            return min(length, longest(node.of))
    return min(longest(part) for part in children(node) if part.type.is_sequence)


def bound(node: Node) -> float:
    """What the size of a number, and of what is computed on the way to it, does not pass; infinite if it may overflow.

    Of a sequence it is that of its elements. What overflows further down is taken to be missing.
    """
    match node:
        case Literal():
            return abs(node.value) if isinstance(node.value, int | float) else 1.0
        case Variable():
            return LARGEST if node.type.is_sequence else SESSIONS
        case Arithmetic():
            left, right = _size(node.left), _size(node.right)
            if node.operator == "/":
                return left / smallest if (smallest := least(node.right)) else inf
            return left * right if node.operator == "*" else left + right
        case Call(function="mean" | "sum" | "median"):
            return _size(node.of) * SESSIONS
        case Call(function="std"):
            difference = _size(node.of) * SESSIONS * 2
            return difference * difference * SESSIONS
        case Call(function="count"):
            return SESSIONS
        case Call(function="round"):
            return _size(node.of) + 1
    return max((_size(part) for part in children(node)), default=1.0)


def least(node: Node) -> float:
    """What the size of a number that is not 0 does not fall below; 0 where nothing is known of it."""
    match node:
        case Literal():
            return abs(node.value) if isinstance(node.value, int | float) else 1.0
        case Variable():
            return 1.0 if node.integer or not node.type.is_sequence else SMALLEST
        case Call(function="count"):
            return 1.0
        case Item() | Window() | Negative() | Call(function="abs" | "min" | "max" | "at_stage" | "present"):
            return least(node.of)
    return 0.0


def _size(node: Node) -> float:
    return min(bound(node), float_info.max)

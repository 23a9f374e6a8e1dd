"""Which sessions of which metric an expression looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf

from autotrain_dsl.expressions.nodes import Call, Item, Node, Variable, Window, children
from autotrain_dsl.source import Span


@dataclass(frozen=True, slots=True)
class Read:
    """A metric that is read: the part of the expression, and how it is cut from the whole history."""

    metric: str
    node: Node  # the largest part that only cuts: ``x[-5:]``, ``at_stage(x)[-2]``
    span: Span  # where to point: at the derived name in the condition, not at its definition
    reach: float = inf  # how many sessions back it looks, this one included; infinite for all of them
    at_stage: bool = False  # only sessions of the current stay
    skips_missing: bool = False  # within ``present``


def reads_of(node: Node, within: Span | None = None) -> Iterator[Read]:
    """Every place where an expression reads a metric, in reading order; ``within`` is the span of the whole."""
    span = visible(node, within)
    if isinstance(node, Variable) and not node.type.is_sequence:
        return
    if (cut := _cut(node)) is not None:
        yield replace(cut, span=span)
        return
    for child in children(node):
        yield from reads_of(child, span)


def visible(node: Node, within: Span | None) -> Span:
    """The span of a node, or that of the name in ``within`` through which it came from a definition elsewhere."""
    inside = within is None or (node.span.source is within.source and within.start <= node.span.start < within.end)
    return node.span if inside or within is None else within


def _cut(node: Node) -> Read | None:
    """The read that a chain of slices, ``at_stage`` and ``present`` over one metric makes."""
    match node:
        case Variable():
            return Read(node.name, node, node.span) if node.type.is_sequence else None
        case Call(function="at_stage"):
            inner = _cut(node.of)
            return inner and replace(inner, node=node, at_stage=True)
        case Call(function="present"):
            inner = _cut(node.of)
            return inner and replace(inner, node=node, skips_missing=True)
        case Item():
            inner = _cut(node.of)
            return inner and _shortened(inner, node, node.index)
        case Window():
            inner = _cut(node.of)
            return inner and _shortened(inner, node, node.start)
        case _:
            return None


def _shortened(inner: Read, node: Item | Window, start: int | None) -> Read:
    """The reach after cutting once more; what is cut from the end of a cut that ends today reaches less far."""
    ends_today = not inner.skips_missing and not _ends_before_today(inner.node)
    if isinstance(node, Window) and node.stop is not None and node.stop > 0:
        ends_today = False  # it is counted from the beginning, so that it moves away with every session
    reach = float(-start) if start is not None and start < 0 and ends_today else inner.reach
    return replace(inner, node=node, reach=min(reach, inner.reach))


def _ends_before_today(node: Node) -> bool:
    match node:
        case Window():
            return node.stop is not None or _ends_before_today(node.of)
        case Call():
            return _ends_before_today(node.of)
        case _:
            return False

"""Cuts of something computed, sunk to what it is computed from: ``(x + y)[-1]`` is ``x[-1] + y[-1]``.

In this form every comparison of single sessions is one of numbers, with a margin, and it is plain which sessions it
looks at. The values are the same, missing ones included.
"""

from __future__ import annotations

from dataclasses import replace

from autotrain_dsl.expressions.nodes import Arithmetic, Call, Comparison, Item, Negative, Node, Type, Window

Cut = Item | Window | Call  # of the functions only ``at_stage`` cuts


def sunk(cut: Cut) -> Node:
    """The cut in its lowest form."""
    inner = cut.of
    if isinstance(inner, Arithmetic | Comparison):
        left, right = _side(cut, inner.left), _side(cut, inner.right)
        return replace(inner, left=left, right=right, type=_type(cut, inner), span=cut.span)
    if isinstance(inner, Negative) or (isinstance(inner, Call) and inner.function in ("abs", "round")):
        return replace(inner, of=_side(cut, inner.of), type=_type(cut, inner), span=cut.span)
    return cut


def _side(cut: Cut, operand: Node) -> Node:
    if not operand.type.is_sequence:
        return operand
    return sunk(replace(cut, of=operand, type=_type(cut, operand), span=operand.span))


def _type(cut: Cut, operand: Node) -> Type:
    return Type(operand.type.kind, cut.type.shape)

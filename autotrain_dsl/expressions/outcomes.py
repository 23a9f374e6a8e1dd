"""Comparisons whose outcome is known before any data is seen, or that ask measured numbers to be equal."""

from __future__ import annotations

from math import inf

from autotrain_dsl.codes import expressions as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.nodes import Call, Comparison, Kind, Node, names, walk
from autotrain_dsl.expressions.ranges import Range, range_of, truth_of
from autotrain_dsl.expressions.scope import SITUATION


def findings(node: Node) -> list[Diagnostic]:
    """Comparisons that always have the same outcome, or that ask measured numbers to be equal."""
    found: list[Diagnostic] = []
    for part in walk(node):
        if isinstance(part, Comparison) and part.left.type.kind is Kind.NUMBER:
            found.extend(_comparison_findings(part))
    always = truth_of(node)
    if always is not None and not any(d.code is not codes.FLOAT_EQUALITY for d in found):
        found.append(_constant_finding(node, always))
    return found


def _comparison_findings(node: Comparison) -> list[Diagnostic]:
    left, right = range_of(node.left), range_of(node.right)
    always = truth_of(node)
    if always is not None:
        for side, values, limit in ((node.left, left, right), (node.right, right, left)):
            if names(side) - set(SITUATION) and limit.is_single and not values.low <= limit.low <= values.high:
                return [_out_of_range(node, side, values, limit.low, always)]
        return [_constant_finding(node, always)]
    measured = bool(names(node)) and not (left.integer and right.integer)
    if node.operator in ("==", "!=") and measured and not (_is_rounded(node.left) or _is_rounded(node.right)):
        message = f"`{written_text(node)}` compares a measured value for equality"
        return [Diagnostic(codes.FLOAT_EQUALITY, node.span, message, "use `>=` or `<=`, or round first")]
    return []


def _is_rounded(node: Node) -> bool:
    return isinstance(node, Call) and node.function == "round"


def _out_of_range(node: Comparison, side: Node, values: Range, limit: float, always: bool) -> Diagnostic:
    reach = f"from {printer.number(values.low)}" if abs(values.low) != inf else "up"
    reach += f" to {printer.number(values.high)}" if abs(values.high) != inf else " upwards"
    message = (
        f"the threshold {printer.number(limit)} is outside the range of `{written_text(side)}`, which goes {reach}: "
        f"always {str(always).lower()}"
    )
    hint = "correct the threshold, or the range in the task schema"
    if limit >= 10 and values.high <= 2:
        hint = f"is {printer.number(limit / 100)} meant? The metric is a ratio, not a percentage"
    return Diagnostic(codes.OUT_OF_RANGE, node.span, message, hint)


def _constant_finding(node: Node, always: bool) -> Diagnostic:
    message = f"`{written_text(node)}` is always {str(always).lower()}"
    hint = "use `otherwise: true` for a rule that shall always fire" if always else "it can never fire"
    return Diagnostic(codes.CONSTANT, node.span, message, hint)


def written_text(node: Node) -> str:
    """A part in the author's own words."""
    return " ".join(node.span.text.split())

"""ATD416: a window of several sessions that reaches into earlier stages."""

from collections.abc import Iterator
from math import inf

from autotrain_dsl.codes import graph as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.nodes import MIRRORED, NEGATED, Comparison, Logic, Node, Not, Variable
from autotrain_dsl.expressions.ranges import range_of
from autotrain_dsl.expressions.reads import Read, reads_of, visible
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.source import Span

_STAY = "session_at_current_stage"


def check(graph: StateGraph) -> Iterator[Diagnostic]:
    """One finding for every window that can see a stage before the current one."""
    for stage in graph.stages:
        if not graph.entered_from_elsewhere(stage.name):
            continue  # every session before this one was in this stage as well
        for rule in graph.rules(stage.name):
            if rule.program is not None:
                node = rule.program.node
                for read in _unguarded(node, node.span, 1.0, positive=True):
                    yield _finding(read)


def _unguarded(node: Node, within: Span, stay: float, *, positive: bool) -> Iterator[Read]:
    """Reads that reach further back than ``stay``, the sessions that the current stage is known to have.

    ``positive`` is False below an odd number of ``not``: there an ``or`` binds like an ``and``.
    """
    span = visible(node, within)
    match node:
        case Not():
            yield from _unguarded(node.of, span, stay, positive=not positive)
        case Logic():
            together = (node.operator == "and") is positive
            known = max([stay, *(_guaranteed(part, positive) for part in node.parts)]) if together else stay
            for part in node.parts:
                yield from _unguarded(part, span, known, positive=positive)
        case _:
            for read in reads_of(node, span):
                if read.reach > max(stay, 1) and not read.at_stage:
                    yield read


def _guaranteed(node: Node, positive: bool) -> float:
    """The sessions at the current stage that a condition guarantees where it is true (or false, below a ``not``)."""
    if isinstance(node, Not):
        return _guaranteed(node.of, not positive)
    if isinstance(node, Logic):
        found = [_guaranteed(part, positive) for part in node.parts]
        return max(found) if (node.operator == "and") is positive else min(found)
    if not isinstance(node, Comparison):
        return 0.0
    operator, left, right = node.operator, node.left, node.right
    if isinstance(right, Variable):
        operator, left, right = MIRRORED[operator], right, left
    limit = range_of(right)
    if not isinstance(left, Variable) or left.name != _STAY or not limit.is_single:
        return 0.0
    operator = operator if positive else NEGATED[operator]
    return {">=": limit.low, "==": limit.low, ">": limit.low + 1}.get(operator, 0.0)


def _finding(read: Read) -> Diagnostic:
    window = printer.text(read.node)
    if read.reach == inf:
        message = f"`{window}` looks at the whole history, sessions of earlier stages included"
        hint = f"take `at_stage({read.metric})` for the sessions of this stage"
    else:
        message = f"`{window}` looks {int(read.reach)} sessions back and so into earlier stages"
        hint = f"ask for it of the whole condition: `(...) and {_STAY} >= {int(read.reach)}`"
    return Diagnostic(codes.FOREIGN_WINDOW, read.span, message, hint)

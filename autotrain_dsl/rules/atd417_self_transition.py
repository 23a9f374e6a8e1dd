"""ATD417: ``progress`` or ``rollback`` to the stage's own self."""

from collections.abc import Iterator

from autotrain_dsl.codes import graph as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Move


def check(graph: StateGraph) -> Iterator[Diagnostic]:
    """One finding for every such rule."""
    for stage in graph.stages:
        for rule in graph.rules(stage.name):
            if rule.move is not Move.STAY and rule.target == stage.name:
                message = f"this {rule.move} of `{stage.name}` leads to itself"
                yield Diagnostic(codes.SELF_TRANSITION, rule.target_span, message, "write `stay: true`")

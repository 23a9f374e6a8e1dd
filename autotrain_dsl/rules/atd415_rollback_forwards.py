"""ATD415: ``rollback`` to a stage that is declared later."""

from collections.abc import Iterator

from autotrain_dsl.codes import graph as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Move


def check(graph: StateGraph) -> Iterator[Diagnostic]:
    """One finding for every such rule."""
    for stage in graph.stages:
        for rule in graph.rules(stage.name):
            if rule.move is Move.ROLLBACK and graph.position(rule.target) > graph.position(stage.name):
                message = f"rollback from `{stage.name}` to `{rule.target}`, which is declared later"
                hint = "write `progress`, or declare the stages in the order of training"
                yield Diagnostic(codes.ROLLBACK_FORWARDS, rule.target_span, message, hint)

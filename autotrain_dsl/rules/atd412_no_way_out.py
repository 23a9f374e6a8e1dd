"""ATD412: a stage from which no final stage can be reached."""

from collections.abc import Iterator

from autotrain_dsl.codes import graph as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.graph import StateGraph


def check(graph: StateGraph) -> Iterator[Diagnostic]:
    """One finding for every such stage, where the curriculum has a final stage at all."""
    for name in sorted(graph.endless()):
        message = f"a mouse in `{name}` can never reach a final stage"
        yield Diagnostic(codes.NO_WAY_OUT, graph.stage(name).span, message, "add a transition that leads on")

"""ATD411: a stage to which no path leads from the initial one."""

from collections.abc import Iterator

from autotrain_dsl.codes import graph as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.graph import StateGraph


def check(graph: StateGraph) -> Iterator[Diagnostic]:
    """One finding for every such stage."""
    for name in sorted(graph.unreachable()):
        message = f"no path leads to `{name}` from the initial stage `{graph.initial}`"
        yield Diagnostic(codes.UNREACHABLE, graph.stage(name).span, message, "add a transition to it, or delete it")

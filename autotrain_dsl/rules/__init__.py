"""Findings on the state graph that need no solver: one module each, run in this order."""

from collections.abc import Callable, Iterator

from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.rules import (
    atd411_unreachable,
    atd412_no_way_out,
    atd413_dead_rule,
    atd414_progress_backwards,
    atd415_rollback_forwards,
    atd416_foreign_window,
    atd417_self_transition,
)

Check = Callable[[StateGraph], Iterator[Diagnostic]]

ALL: tuple[Check, ...] = (
    atd411_unreachable.check,
    atd412_no_way_out.check,
    atd413_dead_rule.check,
    atd414_progress_backwards.check,
    atd415_rollback_forwards.check,
    atd416_foreign_window.check,
    atd417_self_transition.check,
)


def check(graph: StateGraph) -> Iterator[Diagnostic]:
    """All findings on a graph."""
    for rule in ALL:
        yield from rule(graph)

"""ATD413: a rule that is never reached because an earlier one always fires first."""

from collections.abc import Iterator

from autotrain_dsl.codes import graph as codes
from autotrain_dsl.diagnostics import Diagnostic, Note
from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.ranges import truth_of
from autotrain_dsl.expressions.reads import reads_of
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Transition, Trigger


def check(graph: StateGraph) -> Iterator[Diagnostic]:
    """Rules after one that always fires, and rules that repeat the condition of an earlier one."""
    for stage in graph.stages:
        always: Transition | None = None
        earlier: dict[str, Transition] = {}
        for rule in graph.rules(stage.name):
            if rule.trigger is Trigger.MANUAL:
                continue
            condition = printer.text(rule.program.node) if rule.program is not None else ""
            blocker = always or (earlier.get(condition) if condition else None)
            if blocker is not None:
                yield _finding(rule, blocker, blocker is always)
            elif _always_fires(rule):
                always = rule
            elif condition:
                earlier[condition] = rule


def _always_fires(rule: Transition) -> bool:
    if rule.program is None:
        return rule.trigger is Trigger.OTHERWISE
    # A condition on metrics is unknown where data is missing, so it does not fire always.
    return truth_of(rule.program.node) is True and not any(reads_of(rule.program.node))


def _finding(rule: Transition, blocker: Transition, always: bool) -> Diagnostic:
    why = "always fires first" if always else "has the same condition and fires first"
    message = f"this rule is never reached: the rule in line {blocker.span.line} {why}"
    return Diagnostic(
        codes.DEAD_RULE, rule.span, message, "move it up, or delete it", (Note("that rule", blocker.span),)
    )

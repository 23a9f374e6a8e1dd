"""The rules that were tried on a session, with values, thresholds and margins: as lines and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from autotrain_dsl.expressions.functions import Value
from autotrain_dsl.expressions.nodes import NEGATED
from autotrain_dsl.interpreter import ComparisonTrace, Decision, RuleTrace
from autotrain_dsl.model import Trigger
from autotrain_dsl.report.text import clean

_NEEDS = {
    ">=": "at least {}",
    ">": "more than {}",
    "<=": "at most {}",
    "<": "less than {}",
    "==": "exactly {}",
    "!=": "anything but {}",
}
_MOST = 8  # values of a sequence that are shown


def lines(decision: Decision) -> Iterator[str]:
    """Every rule that was tried, followed by its comparisons, indented."""
    for rule in decision.trace:
        yield f"{title(rule)}: {rule.verdict}"
        if rule.rule.because:
            yield f"    because {clean(rule.rule.because)}"
        for each in rule.comparisons:
            yield f"    {comparison(each)}"
        for missing in rule.missing:
            yield f"    missing: {missing}"


def title(rule: RuleTrace) -> str:
    """Which rule it is and where it stands: ``rule 2 rollback STAGE_1 (base.yaml:40)``."""
    span = rule.rule.span
    what = " ".join(part for part in (rule.rule.move.value, rule.rule.target) if part)
    always = ", always" if rule.rule.trigger is Trigger.OTHERWISE else ""
    return clean(f"rule {rule.number} {what}{always} ({span.source.name}:{span.line})")


def negated(each: ComparisonTrace) -> ComparisonTrace:
    """A comparison that is to be false, as one that is to be true; of several sessions it stays as it is."""
    if isinstance(each.verdict, tuple):
        return each
    verdict = None if each.verdict is None else not each.verdict
    margin = None if each.margin is None else -each.margin
    return replace(each, text=f"not {each.text}", operator=NEGATED[each.operator], verdict=verdict, margin=margin)


def comparison(each: ComparisonTrace) -> str:
    """One comparison in words: ``x[-1] >= 0.7: 0.68, needs at least 0.7, short by 0.02``."""
    mark = "+" if each.verdict is True else "-" if each.verdict is False else "?" if each.verdict is None else "*"
    needs = _NEEDS[each.operator].format(_shown(each.right))
    return f"{mark} {each.text}: {_shown(each.left)}, needs {needs}{_margin(each)}"


def data(decision: Decision) -> list[dict[str, Any]]:
    """The same as plain data for JSON; sequences as lists, missing values as null."""
    return [_rule(rule) for rule in decision.trace]


def _rule(rule: RuleTrace) -> dict[str, Any]:
    span = rule.rule.span
    return {
        "rule": rule.number,
        "move": rule.rule.move.value,
        "target": rule.rule.target,
        "because": rule.rule.because,
        "verdict": rule.verdict,
        "path": span.source.name,
        "line": span.line,
        "comparisons": [
            {
                "text": each.text,
                "left": _plain(each.left),
                "operator": each.operator,
                "right": _plain(each.right),
                "verdict": _plain(each.verdict),
                "margin": each.margin,
            }
            for each in rule.comparisons
        ],
        "missing": [{"metric": each.metric, "session": each.session} for each in rule.missing],
    }


def _margin(each: ComparisonTrace) -> str:
    if each.verdict is None:
        return ": unknown"
    if isinstance(each.verdict, tuple):
        true = sum(verdict is True for verdict in each.verdict)
        return f": true of {true} of {len(each.verdict)}"
    if each.margin is None:
        return ": true" if each.verdict else ": false"
    if each.verdict:
        return f", passed by {abs(each.margin):.6g}" if each.margin else ", just passed"
    return f", short by {abs(each.margin):.6g}" if each.margin else ", just missed"


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        shown = ", ".join(_shown(each) for each in value[-_MOST:])
        return f"[{'... ' if len(value) > _MOST else ''}{shown}]"
    return "missing" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value

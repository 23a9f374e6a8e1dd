"""What the words of the language mean, and the part of a JSON Schema that speaks of a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autotrain_dsl import resources

FUNCTIONS: Mapping[str, str] = {
    "mean": "`mean(x[-5:])`: the mean of several sessions.",
    "median": "`median(x[-5:])`: the median of several sessions.",
    "min": "`min(x[-5:])`: the smallest value of several sessions.",
    "max": "`max(x[-5:])`: the largest value of several sessions.",
    "sum": "`sum(x[-5:])`: the sum over several sessions.",
    "std": "`std(x[-5:])`: the standard deviation of several sessions.",
    "abs": "`abs(x[-1])`: the distance from zero.",
    "round": "`round(x[-1], 2)`: rounded to so many digits.",
    "count": "`count(x[-5:] >= 3)`: in how many sessions it is true.",
    "all": "`all(x[-3:] >= 3)`: whether it is true in every session.",
    "any": "`any(x[-3:] >= 3)`: whether it is true in one session at least.",
    "at_stage": "`at_stage(x)`: the sessions of the current stay in the stage only.",
    "present": "`present(x)`: the sessions in which the value is not missing.",
}
SITUATION: Mapping[str, str] = {
    "session_total": "How many sessions the mouse has had, this one included.",
    "session_at_current_stage": "How many of them in this stage without a break, this one included.",
}
_SCHEMAS = {"curriculum": "curriculum", "tests": "tests", "task": "task", "configuration": "configuration"}


def rule_at(kind: str, keys: Sequence[str]) -> Mapping[str, Any]:
    """The part of the JSON Schema of a kind of file that speaks of what stands behind some keys; empty if none does."""
    if kind not in _SCHEMAS:
        return {}
    whole = resources.json_schema(_SCHEMAS[kind])
    rule: Mapping[str, Any] = whole
    for key in keys:
        rule = _within(_resolved(rule, whole), whole)
        further = rule.get("additionalProperties")
        rule = rule.get("properties", {}).get(key) or (further if isinstance(further, dict) else {})
    return _within(_resolved(rule, whole), whole)


def _within(rule: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a list what its entries are."""
    items = rule.get("items")
    return {**rule, **_resolved(items, whole)} if isinstance(items, dict) else rule


def _resolved(rule: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    named = [rule["$ref"]] if "$ref" in rule else [each["$ref"] for each in rule.get("allOf", ()) if "$ref" in each]
    for reference in named:
        meant = whole["definitions"][reference.rpartition("/")[2]]
        rule = {**_resolved(meant, whole), **{key: value for key, value in rule.items() if key != "$ref"}}
    return rule

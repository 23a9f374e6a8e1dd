"""The older system's own file of a curriculum: whether it says what a curriculum of ours says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autotrain_dsl import differences
from autotrain_dsl.codes import legacy as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.differences import Difference
from autotrain_dsl.expressions import printer
from autotrain_dsl.legacy.model import LegacyCurriculum, LegacyRule
from autotrain_dsl.model import Trigger
from autotrain_dsl.store.base import UnreadableError

Read = tuple[LegacyCurriculum | None, list[Diagnostic]]
_COMPARABLE = (codes.UNREADABLE_LAMBDA, codes.INEXPRESSIBLE_LAMBDA)


def between(read: Read, content: Mapping[str, Any], own: Read | None = None) -> tuple[Difference, ...]:
    """What differs between a file of the older system, as it was read, and a curriculum as ``StateGraph.content``.

    Only what a rig runs and decides by counts: parameters and rules, whole numbers being equal however they are
    written. A rule that can never fire is none. A file may also say what ``own`` says, which is our export of the same
    curriculum, in the words of the older system. Raises UnreadableError where too much is wrong with a file to tell.
    """
    theirs = _theirs(*read)
    found = differences.between(theirs, _ours(content))
    if found and own is not None and not differences.between(theirs, _theirs(*own)):
        return ()
    return found


def _theirs(curriculum: LegacyCurriculum | None, found: list[Diagnostic]) -> dict[str, Any]:
    faults = [each for each in found if each.is_error and each.code not in _COMPARABLE]
    if faults or curriculum is None:
        reasons = "; ".join(f"{each.code.id} {each.message}" for each in faults[:3])
        raise UnreadableError(reasons or "it is no curriculum of the older system")
    broken = [each for each in found if each.code is codes.UNREADABLE_LAMBDA]
    return {
        "name": curriculum.name,
        "version": curriculum.version,
        "task_schema": {"name": curriculum.task[0], "version": curriculum.task[1]},
        "initial": next((stage.name for stage in curriculum.stages), ""),
        "stages": [
            {
                "name": stage.name,
                "parameters": _numbers(stage.parameters or {}),
                "transitions": [_their_rule(rule) for rule in stage.rules if not _is_broken(rule, broken)],
            }
            for stage in curriculum.stages
        ],
    }


def _ours(content: Mapping[str, Any]) -> dict[str, Any]:
    task = content["task_schema"]
    return {
        "name": content["name"],
        "version": content["version"],
        "task_schema": {"name": task["name"], "version": task["version"]},
        "initial": content["initial"],
        "stages": [
            {
                "name": stage["name"],
                "parameters": _numbers(stage["parameters"]),
                "transitions": [
                    _rule(each["decision"], each["to"], each["trigger"], each.get("when", ""))
                    for each in stage["transitions"]
                    if each["trigger"] != Trigger.MANUAL
                ],
            }
            for stage in content["stages"]
        ],
    }


def _their_rule(rule: LegacyRule) -> dict[str, str]:
    if rule.always:
        return _rule(rule.move.value, rule.target, Trigger.OTHERWISE.value)
    condition = rule.original if rule.condition is None else printer.text(rule.condition)
    return _rule(rule.move.value, rule.target, Trigger.WHEN.value, condition)


def _rule(decision: str, target: str, trigger: str, when: str = "") -> dict[str, str]:
    aim = "" if decision == "stay" else target
    return {"decision": decision, "to": aim, "trigger": trigger, **({"when": when} if when else {})}


def _is_broken(rule: LegacyRule, found: list[Diagnostic]) -> bool:
    """Whether the text of a rule is no lambda at all, so that it never fires in the older system either."""
    return rule.condition is None and any(rule.span.start <= each.span.start < rule.span.end for each in found)


def _numbers(parameters: Mapping[str, Any]) -> dict[str, Any]:
    whole = {name: int(value) for name, value in parameters.items() if isinstance(value, float) and value.is_integer()}
    return {**parameters, **whole}

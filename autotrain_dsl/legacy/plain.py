"""A curriculum of the older system as the plain data of a complete YAML file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autotrain_dsl import layout
from autotrain_dsl.document import Place, Value
from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.nodes import Logic, Node, Not
from autotrain_dsl.legacy.model import LegacyCurriculum, LegacyRule, LegacyStage
from autotrain_dsl.legacy.stages import GRADUATED, LABELS
from autotrain_dsl.model import Move, Scalar

_ROOM = layout.WIDTH - len("        when: ")  # of a condition on the line of its key
_INDENT = 4  # of the parts of a structured condition against the condition
_LEVELS = 6  # of `all` and `any` within each other, so that a file is not nested too deep
_PARTS = 50  # that the language allows in an `all` or `any`
_LONGEST = 400  # characters of a lambda in a comment

_SHARED = ("inherits", "parameters")
_WAS = "The condition in the older system, which could not be taken over:"


@dataclass(frozen=True, slots=True)
class Plain:
    """A curriculum as data in which nothing is null, and the comments before some of its entries."""

    data: dict[str, Value]
    comments: Mapping[Place, tuple[str, ...]]


def plain(curriculum: LegacyCurriculum) -> Plain:
    """Everything that a curriculum says, a stage that repeats an earlier one by its differences."""
    task, version = curriculum.task
    head = {
        "dsl_version": 1,
        "name": curriculum.name,
        "version": curriculum.version,
        "description": _telling(curriculum.description, [curriculum.name, curriculum.version]),
        "task_schema": {"name": task, "version": version},
    }
    stages = {stage.name: _stage(stage, _inherited(stage, before)) for stage, before in _in_order(curriculum)}
    return Plain({**_without_nothing(head), "stages": stages}, dict(_comments(curriculum)))


def like(curriculum: LegacyCurriculum, full: Plain, base: Plain) -> Plain:
    """The same as ``full``, with stages that inherit from those from which they do in ``base``, as far as they can."""
    stages: dict[str, Value] = {}
    for stage, before in _in_order(curriculum):
        above = base.data["stages"].get(stage.name, {}).get("inherits")
        chosen = [each for each in before if each.name == above and _can_inherit(stage, each)]
        rest = {key: value for key, value in full.data["stages"][stage.name].items() if key not in _SHARED}
        stages[stage.name] = {**rest, **_without_nothing(_inherited(stage, chosen or before))}
    return Plain({**full.data, "stages": stages}, full.comments)


def _in_order(curriculum: LegacyCurriculum) -> Iterator[tuple[LegacyStage, tuple[LegacyStage, ...]]]:
    """Every stage with those before it."""
    for number, stage in enumerate(curriculum.stages):
        yield stage, curriculum.stages[:number]


def _without_nothing(data: Mapping[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in data.items() if value not in (None, "")}


def _stage(stage: LegacyStage, shared: Mapping[str, Value]) -> dict[str, Value]:
    phrases = [*LABELS.values(), stage.label, stage.name, str((stage.parameters or {}).get("task", ""))]
    ends = not stage.rules and (stage.name == GRADUATED or stage.parameters is None)
    return _without_nothing(
        {
            "label": stage.label if stage.label != stage.name else None,
            "description": _telling(stage.description, phrases),
            **shared,
            "transitions": [_rule(rule) for rule in stage.rules] or None,
            "final": True if ends else None,
        }
    )


def _inherited(stage: LegacyStage, before: Sequence[LegacyStage]) -> dict[str, Value]:
    """The earlier stage that leaves the fewest values to be written, the nearest of several; and these values."""
    parent, written = None, dict(stage.parameters or {})
    for each in reversed(before):
        above = each.parameters or {}
        own = {name: value for name, value in (stage.parameters or {}).items() if not _same(value, above.get(name))}
        if _can_inherit(stage, each) and len(own) < len(written):
            parent, written = each, own
    repeated = parent is not None and not written and stage.description == parent.description
    return {
        "inherits": None if parent is None else parent.name,
        "parameters": written or None,
        **({"description": None} if repeated else {}),
    }


def _can_inherit(stage: LegacyStage, other: LegacyStage) -> bool:
    """Whether a stage has all that it would take over: what it inherits it cannot lose again."""
    return (other.parameters or {}).keys() <= (stage.parameters or {}).keys()


def _same(value: Scalar, other: Scalar | None) -> bool:
    """Whether a rig gets the same: 5 and 5.0, or 1 and true, are not."""
    return type(value) is type(other) and value == other


def _rule(rule: LegacyRule) -> dict[str, Value]:
    written: dict[str, Value] = {rule.move.value: True if rule.move is Move.STAY else rule.target}
    if rule.always:
        written["otherwise"] = True
    elif rule.condition is None:
        written["manual"] = True
    else:
        written["when"] = _condition(rule.condition, _ROOM, _LEVELS)
    because = " ".join(rule.because.split())
    return {**written, "because": because} if because else written


def _condition(node: Node, room: int, levels: int) -> Value:
    """A condition on one line where it fits, else as a list of its parts."""
    text = printer.text(node)
    if len(text) <= room or not levels:
        return text
    room, levels = room - _INDENT, levels - 1
    if isinstance(node, Logic) and len(node.parts) <= _PARTS:
        parts = [_condition(part, room, levels) for part in node.parts]
        return {"all" if node.operator == "and" else "any": parts}
    if isinstance(node, Not):
        return {"not": _condition(node.of, room, levels)}
    return text


def _telling(description: str, phrases: Iterable[str]) -> str:
    """A description, or nothing where it only repeats what stands beside it, such as ``Stage 1: Coupled Baiting``."""
    rest = description
    for phrase in sorted(filter(None, phrases), key=len, reverse=True):
        rest = re.sub(
            rf"(?<!\w){re.escape(phrase)}(?!\w)|(?<=\bv){re.escape(phrase)}(?!\w)", "", rest, flags=re.IGNORECASE
        )
    return description.strip() if re.sub(r"\b(curriculum|version|v)\b|[\W_]", "", rest, flags=re.IGNORECASE) else ""


def _comments(curriculum: LegacyCurriculum) -> Iterator[tuple[Place, tuple[str, ...]]]:
    for stage in curriculum.stages:
        for number, rule in enumerate(stage.rules):
            if rule.condition is None and not rule.always:
                yield ("stages", stage.name, "transitions", number), (_WAS, _harmless(rule.original))


def _harmless(text: str) -> str:
    """A lambda as the text of a comment that is only read by people."""
    text = " ".join(text.split())
    text = f"{text[:_LONGEST]} ..." if len(text) > _LONGEST else text
    # With the colon it would silence findings, or tell an editor what to do.
    return re.sub(r"(autotrain|yaml-language-server)(\s*:)+", r"\1", f"  {text}", flags=re.IGNORECASE)

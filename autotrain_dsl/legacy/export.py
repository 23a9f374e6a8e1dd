"""A compiled curriculum as a file of the older system, or what keeps it from being one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autotrain_dsl.codes.legacy import CANNOT_EXPORT
from autotrain_dsl.diagnostics import Diagnostic, tidy
from autotrain_dsl.expressions.reads import visible
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.legacy import conditions, stages
from autotrain_dsl.model import Move, Scalar, Stage, Transition, Trigger
from autotrain_dsl.source import Span
from autotrain_dsl.spelling import listed

_ALWAYS = "metrics.session_at_current_stage >= 1"  # counts from 1
_FIELDS = ("training_stage", "task_url", "task_schema_version", "description")  # that stand beside the parameters
_MARKS = ("_curriculum_v", "_schema_v")  # what separates the parts of a file's name


@dataclass(frozen=True, slots=True)
class Exported:
    """The file as plain data, its fields in the order of the older system's own; None where something is in the way."""

    content: dict[str, Any] | None
    diagnostics: tuple[Diagnostic, ...]


def export(graph: StateGraph) -> Exported:
    """The curriculum for programs that know only the older format, or everything that it cannot say (ATD711).

    Their reader starts a subject in the first stage with parameters, stays in GRADUATED without looking at rules,
    and takes the first rule whose lambda is true. Manual rules, which never fire, and what operators may adjust have
    no place in the format and are left out.
    """
    found = tidy([*_names(graph), *_stages(graph), *_parameters(graph), *_conditions(graph)])
    return Exported(None if found else _content(graph), tuple(found))


def to_bytes(content: Mapping[str, Any]) -> bytes:
    """The file itself: ASCII, indented as the older system does; the same bytes for the same content."""
    return (json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")


def _refused(span: Span, message: str, hint: str) -> Diagnostic:
    return Diagnostic(CANNOT_EXPORT, span, message, hint)


def _names(graph: StateGraph) -> Iterator[Diagnostic]:
    """Names that make it unclear where in a file's name the version begins."""
    curriculum = graph.curriculum
    for what, name in (("name", curriculum.name), ("version", curriculum.version)):
        for mark in _MARKS:
            if mark in name:
                message = (
                    f"the {what} `{name}` holds `{mark}`, which separates the parts of the older system's file names"
                )
                yield _refused(curriculum.named, message, f"choose a {what} without it")


def _stages(graph: StateGraph) -> Iterator[Diagnostic]:
    for stage in graph.stages:
        if stage.name not in stages.LABELS:
            message = f"the older system has no stage `{stage.name}`"
            yield _refused(stage.span, message, f"rename it to one of the eight that it has: {listed(stages.LABELS)}")
    for rule in _rules(graph, stages.GRADUATED):
        if rule.move is not Move.STAY:
            message = f"the older system never looks at rules of `{stages.GRADUATED}`, but this one may fire"
            hint = "make the stage final, or give it another name, such as STAGE_FINAL"
            yield _refused(rule.span, message, hint)
    first = next((stage for stage in graph.stages if _is_run(stage)), None)
    if first is None:
        message, hint = "no stage has parameters, so there is nothing that a rig could run", "give them parameters"
        yield _refused(graph.curriculum.task_span, message, hint)
    elif first.name != graph.initial:
        message = (
            f"subjects start in `{graph.initial}`, but the older system starts them in the first stage that has "
            f"parameters, which is `{first.name}`"
        )
        hint = f"write `{graph.initial}` before `{first.name}`"
        if not _is_run(graph.stage(graph.initial)):
            hint = f"give `{graph.initial}` parameters"
        yield _refused(graph.curriculum.initial.span, message, hint)


def _parameters(graph: StateGraph) -> Iterator[Diagnostic]:
    """Parameters that the format has no room for, and the one that it cannot do without."""
    properties = graph.task.parameters["properties"]
    curriculum = graph.curriculum
    for name in _FIELDS:
        if name in properties:
            message = (
                f"the task's parameter `{name}` has the name of a field that the older system has beside parameters"
            )
            yield _refused(curriculum.task_span, message, "rename the parameter in the task schema")
    if properties.get("task", {}).get("type") != "string":
        message = "the older system wants to know the behaviour task of every stage, and the task schema has none"
        hint = "add a parameter `task` of type `string` to the task schema, and its value to the stages"
        yield _refused(curriculum.task_span, message, hint)
        return
    for stage in graph.stages:
        if _is_run(stage) and "task" not in stage.effective:
            message = f"the older system wants to know the behaviour task of `{stage.name}`, which has no `task`"
            yield _refused(stage.span, message, "add `task` to its parameters")


def _conditions(graph: StateGraph) -> Iterator[Diagnostic]:
    for stage in graph.stages:
        for number, rule in enumerate(graph.rules(stage.name), 1):
            if rule.program is None or stage.name == stages.GRADUATED:
                continue
            if (refusal := conditions.refused(rule.program.node)) is not None:
                span = visible(refusal.part, None if rule.when is None else rule.when.span)
                message = f"rule {number} of `{stage.name}` cannot be written for the older system: {refusal.reason}"
                yield _refused(span, message, refusal.hint)


def _is_run(stage: Stage) -> bool:
    """Whether a rig can be given the stage; only a final one has no parameters."""
    return bool(stage.effective)


def _rules(graph: StateGraph, stage: str) -> list[Transition]:
    """The rules of a stage that may fire; none where there is no such stage."""
    if not graph.has_stage(stage):
        return []
    return [rule for rule in graph.rules(stage) if rule.trigger is not Trigger.MANUAL]


def _content(graph: StateGraph) -> dict[str, Any]:
    curriculum = graph.curriculum
    return {
        "curriculum_schema_name": stages.class_name(graph.task.name),
        "curriculum_schema_version": stages.SCHEMA_VERSION,
        "curriculum_name": curriculum.name,
        "curriculum_version": curriculum.version,
        "curriculum_description": curriculum.description or f"{curriculum.name} {curriculum.version}",
        "parameters": {
            stages.LABELS[stage.name]: _stage_parameters(stage, graph) for stage in graph.stages if _is_run(stage)
        },
        "curriculum": {
            stages.LABELS[stage.name]: {
                "from_stage": stages.LABELS[stage.name],
                "transition_rules": [_rule(rule, stage.name) for rule in _rules(graph, stage.name)],
            }
            for stage in graph.stages
            if stage.name != stages.GRADUATED
        },
    }


def _stage_parameters(stage: Stage, graph: StateGraph) -> dict[str, Scalar]:
    properties: Mapping[str, Mapping[str, Any]] = graph.task.parameters["properties"]
    values = {
        name: _typed(stage.effective[name].value, spec["type"])
        for name, spec in properties.items()
        if name in stage.effective
    }
    label, task = stages.LABELS[stage.name], values.pop("task")
    return {
        "training_stage": label,
        "task": task,
        "task_url": graph.task.url,
        "task_schema_version": graph.task.version,
        "description": stage.description or f"{label}: {task}",  # as the older system does; import takes it away again
        **values,
    }


def _typed(value: Scalar, kind: str) -> Scalar:
    """A number in the form that the older system writes for its type: 2.0 where it may have a fraction, else 2."""
    if kind == "number" and isinstance(value, int):
        return float(value) if abs(value) <= 2**53 else value
    return int(value) if kind == "integer" and isinstance(value, float) else value


def _rule(rule: Transition, stage: str) -> dict[str, str]:
    body = _ALWAYS if rule.program is None else conditions.text(rule.program.node)
    return {
        "decision": rule.move.value,
        "to_stage": stages.LABELS[stage if rule.move is Move.STAY else rule.target],
        "condition": f"lambda metrics: {body}",
        "condition_description": rule.because,
    }

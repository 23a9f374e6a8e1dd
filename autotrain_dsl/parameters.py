"""Effective parameters of every stage against the task schema and its constraints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from autotrain_dsl import schema
from autotrain_dsl.codes import graph as codes
from autotrain_dsl.codes import resolver as resolver_codes
from autotrain_dsl.diagnostics import Diagnostic, Note
from autotrain_dsl.expressions.evaluator import Evaluator
from autotrain_dsl.expressions.functions import Value
from autotrain_dsl.expressions.nodes import names
from autotrain_dsl.model import Curriculum, Scalar, Setting, Stage, TaskSchema
from autotrain_dsl.source import Span
from autotrain_dsl.spelling import listed, nearest, suggest


def check(curriculum: Curriculum, task: TaskSchema) -> Iterator[Diagnostic]:
    """Unknown, missing and unacceptable parameters, and relations between them that are broken."""
    seen: set[Span] = set()
    broken: set[tuple[str, tuple[Span | None, ...]]] = set()
    for stage in curriculum.stages.values():
        if stage.final and not stage.effective:
            continue  # nothing is run in it
        yield from _values(stage, task, seen)
        yield from _missing(stage, task)
        yield from _constraints(stage, task, broken)
    for block in curriculum.blocks.values():
        unseen = {name: item.key for name, item in block.parameters.items() if item.span not in seen}
        yield from _unknown(unseen, task)
    for word in curriculum.adjustable:
        if word.text not in task.parameters["properties"]:
            message = f"the task has no parameter `{word.text}`"
            hint = suggest(word.text, task.parameters["properties"], "parameter")
            yield Diagnostic(resolver_codes.UNKNOWN_ADJUSTABLE, word.span, message, hint)


def _values(stage: Stage, task: TaskSchema, seen: set[Span]) -> Iterator[Diagnostic]:
    """Findings on single values; a value that several stages share is checked once."""
    new = {name: setting for name, setting in stage.effective.items() if setting.span not in seen}
    spans = {name: setting.span for name, setting in new.items()}
    note = (Note(f"in the effective parameters of `{stage.name}`"),)
    values, written = (
        {n: s.value for n, s in new.items()},
        {n: s.span.text for n, s in new.items() if s.through != "default"},
    )
    for name, message, hint in schema.parameter_faults(task.parameters, values, written):
        notes = note if new[name].through else ()
        yield Diagnostic(codes.BAD_PARAMETER, spans[name], message, hint or _meaning(task, name), notes)
    yield from _unknown({name: setting.key for name, setting in new.items()}, task)
    seen.update(span for name, span in spans.items() if new[name].through != "default")


def _unknown(spans: Mapping[str, Span], task: TaskSchema) -> Iterator[Diagnostic]:
    for name, span in spans.items():
        if name not in task.parameters["properties"]:
            hint = suggest(name, task.parameters["properties"], "parameter")
            yield Diagnostic(codes.UNKNOWN_PARAMETER, span, f"the task has no parameter `{name}`", hint)


def _missing(stage: Stage, task: TaskSchema) -> Iterator[Diagnostic]:
    unknown = [name for name in stage.effective if name not in task.parameters["properties"]]
    required = task.parameters.get("required", [])
    # What is near to an unknown parameter is misspelt rather than missing.
    missing = [name for name in required if name not in stage.effective and not nearest(name, unknown)]
    if missing:
        word = "parameter" if len(missing) == 1 else f"{len(missing)} parameters"
        message = f"`{stage.name}` lacks the {word} {listed(missing)}"
        hint = "write them under `parameters`, or take them over with `inherits` or `use`"
        yield Diagnostic(codes.MISSING_PARAMETER, stage.span, message, hint)


def _constraints(
    stage: Stage, task: TaskSchema, broken: set[tuple[str, tuple[Span | None, ...]]]
) -> Iterator[Diagnostic]:
    values = {name: stage.effective[name].value if name in stage.effective else None for name in _names(task)}
    evaluator = Evaluator({name: _typed(value, task, name) for name, value in values.items()})
    for constraint in task.constraints:
        verdict, _ = evaluator.truth(constraint.program)
        involved = [name for name in sorted(names(constraint.node)) if name in stage.effective]
        key = constraint.message, tuple(stage.effective[name].span for name in involved)
        if verdict is not False or key in broken:
            continue
        broken.add(key)
        own = sorted((stage.effective[name] for name in involved), key=_distance)
        shown = ", ".join(f"{name} is {_shown(stage.effective[name].value)}" for name in involved)
        message = f"{constraint.message} ({shown})"
        notes = (Note(f"in the effective parameters of `{stage.name}`"),)
        yield Diagnostic(codes.BROKEN_CONSTRAINT, own[0].span, message, notes=notes)


def _distance(setting: Setting) -> int:
    """How far from a stage a value is written: in it, in a block, elsewhere."""
    return 0 if not setting.through else 1 if setting.through.startswith("block") else 2


def _names(task: TaskSchema) -> set[str]:
    return set().union(*(names(constraint.node) for constraint in task.constraints))


def _typed(value: Scalar | None, task: TaskSchema, name: str) -> Value:
    """The value as the evaluator takes it; one of the wrong type is reported already and counts as missing."""
    kind = task.parameters["properties"][name]["type"]
    if kind in ("number", "integer"):
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    wanted = {"boolean": bool, "string": str}[kind]
    return value if isinstance(value, wanted) else None


def _shown(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _meaning(task: TaskSchema, name: str) -> str:
    spec = task.parameters["properties"][name]
    title, unit = spec.get("title", ""), spec.get("unit", "")
    return f"{name}: {title}{f' ({unit})' if unit else ''}" if title else ""

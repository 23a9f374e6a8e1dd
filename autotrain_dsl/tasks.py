"""Task schemas: what the parameters of a task are and which metrics its sessions have."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from autotrain_dsl import columns, document, schema
from autotrain_dsl.codes import resolver as codes
from autotrain_dsl.codes import schema as schema_codes
from autotrain_dsl.diagnostics import Diagnostic, Note, has_errors, tidy
from autotrain_dsl.document import Document
from autotrain_dsl.expressions.checker import check_condition
from autotrain_dsl.expressions.evaluator import compile_node
from autotrain_dsl.expressions.nodes import BOOLEAN, NUMBER, TEXT, Type
from autotrain_dsl.expressions.parser import Written
from autotrain_dsl.expressions.scope import WORDS, Known, Scope
from autotrain_dsl.model import Constraint, Metric, TaskSchema
from autotrain_dsl.resources import schemas_folder
from autotrain_dsl.source import Span
from autotrain_dsl.spelling import nearest, suggest

_TYPES: Mapping[str, Type] = {"number": NUMBER, "integer": NUMBER, "boolean": BOOLEAN, "string": TEXT}


@dataclass
class TaskSchemas:
    """Task schemas by file, each read once; ``folder`` is searched before all others."""

    folder: Path | None = None
    _loaded: dict[Path, tuple[TaskSchema | None, list[Diagnostic]]] = field(default_factory=dict)

    def find(self, name: str, version: str, near: Path, span: Span) -> tuple[TaskSchema | None, list[Diagnostic]]:
        """The task schema for a curriculum at ``near``, and what is wrong with the reference at ``span``."""
        folders = list(self._folders(near))
        for folder in folders:
            path = folder / f"{name}_{version}.yaml"
            if path.is_file():
                if not path.resolve().is_relative_to(folder.resolve()):
                    message = f"the task schema `{path.name}` is a link that leads out of its folder"
                    return None, [Diagnostic(codes.BAD_TASK_SCHEMA, span, message, "put the file itself there")]
                task, found = self._load(path)
                if task is None:
                    note = Note("; ".join(f"{d.code.id} {d.message}" for d in tidy(found)[:3]))
                    message = f"the task schema `{path.name}` is in error"
                    return None, [Diagnostic(codes.BAD_TASK_SCHEMA, span, message, notes=(note,))]
                return task, []
        known = sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.yaml")})
        message = f"there is no task schema `{name}` version `{version}`"
        nearby = nearest(f"{name}_{version}", known)
        hint = suggest(f"{name}_{version}", known, "one")
        if nearby is not None:
            words = nearby.rpartition("_")
            hint = f'did you mean {{name: {words[0]}, version: "{words[2]}"}}?'
        return None, [Diagnostic(codes.UNKNOWN_TASK_SCHEMA, span, message, hint)]

    def _folders(self, near: Path) -> Iterator[Path]:
        if self.folder is not None:
            yield self.folder
        for parent in near.absolute().parents:
            yield parent / "schemas" / "tasks"
        yield schemas_folder() / "tasks"

    def _load(self, path: Path) -> tuple[TaskSchema | None, list[Diagnostic]]:
        if path not in self._loaded:
            found, diagnostics = document.read(path)
            if found is None:
                self._loaded[path] = None, diagnostics
            else:
                task, more = load(found)
                self._loaded[path] = task, [*diagnostics, *more]
        return self._loaded[path]


def load(written: Document) -> tuple[TaskSchema | None, list[Diagnostic]]:
    """The task schema that a document says, or None and what is wrong with it."""
    found = schema.check(written, "task")
    if has_errors(found):
        return None, found
    data = written.data
    found = [
        *_misnamed(written),
        *_required(written),
        *_metrics_findings(written),
        *_empty_ranges(written),
        *_defaults(written),
    ]
    scope = _parameter_scope(data["parameters"]["properties"])
    constraints = []
    for number, entry in enumerate(data.get("constraints", [])):
        text = Written(entry["check"], written.span(("constraints", number, "check")))
        checked = check_condition(text, scope)
        found += checked.diagnostics
        if checked.node is not None:
            constraints.append(Constraint(checked.node, compile_node(checked.node), entry["message"]))
    if has_errors(found):
        return None, found
    metrics = {name: _metric(name, spec) for name, spec in data["metrics"].items()}
    url = data.get("url", "")
    places = {
        name: written.span(("parameters", "properties", name, "default"))
        for name, spec in data["parameters"]["properties"].items()
        if "default" in spec
    }
    return TaskSchema(
        data["name"], data["version"], url, data["parameters"], tuple(constraints), metrics, places
    ), found


def metric_scope(task: TaskSchema) -> dict[str, Known]:
    """The metrics of a task as names in expressions: whole sequences."""
    return {
        metric.name: Known(Type(NUMBER.kind, ()), metric.minimum, metric.maximum, metric.integer)
        for metric in task.metrics.values()
    }


def _parameter_scope(properties: Mapping[str, Mapping[str, Any]]) -> Scope:
    known = {
        name: Known(
            _TYPES[spec["type"]],
            float(spec.get("minimum", spec.get("exclusiveMinimum", -inf))),
            float(spec.get("maximum", spec.get("exclusiveMaximum", inf))),
            spec["type"] == "integer",
        )
        for name, spec in properties.items()
    }
    return Scope(known)


def _metric(name: str, spec: Mapping[str, Any]) -> Metric:
    return Metric(
        name=name,
        title=spec.get("title", name),
        unit=spec.get("unit", ""),
        integer=spec["type"] == "integer",
        minimum=float(spec.get("minimum", -inf)),
        maximum=float(spec.get("maximum", inf)),
        columns=tuple(spec.get("columns", (name,))),
        better=spec.get("better", "higher"),
    )


def _misnamed(written: Document) -> Iterator[Diagnostic]:
    expected = f"{written.data['name']}_{written.data['version']}.yaml"
    actual = Path(written.source.name).name
    if actual != expected and not written.source.name.startswith("<"):
        message = f"this task schema is called `{expected.removesuffix('.yaml')}`, but its file is `{actual}`"
        yield Diagnostic(
            codes.MISNAMED_TASK_SCHEMA, written.span(("name",)), message, f"rename the file to `{expected}`"
        )


def _required(written: Document) -> Iterator[Diagnostic]:
    properties = written.data["parameters"]["properties"]
    for number, name in enumerate(written.data["parameters"].get("required", [])):
        if name not in properties:
            span = written.span(("parameters", "required", number))
            hint = suggest(name, properties, "parameter")
            yield Diagnostic(schema_codes.NOT_ALLOWED, span, f"`{name}` is required but not among the properties", hint)


def _metrics_findings(written: Document) -> Iterator[Diagnostic]:
    for name in written.data["metrics"]:
        if name in WORDS or keyword.iskeyword(name):
            message = f"`{name}` is a word of the language and cannot be a metric"
            yield Diagnostic(codes.NAME_TAKEN, written.key(("metrics", name)), message, "choose another name")
        elif name in columns.MANAGER or name.lower() in columns.MISSING_WORDS:
            message = f"`{name}` has a meaning in the tables of a colony and cannot be a metric"
            hint = "choose another name, and list the column's name under `columns`"
            yield Diagnostic(codes.NAME_TAKEN, written.key(("metrics", name)), message, hint)


def _empty_ranges(written: Document) -> Iterator[Diagnostic]:
    properties = written.data["parameters"]["properties"]
    for group, specs in ((("metrics",), written.data["metrics"]), (("parameters", "properties"), properties)):
        for name, spec in specs.items():
            if spec.get("minimum", -inf) > spec.get("maximum", inf):
                span = written.span((*group, name, "minimum"))
                message = f"the range of `{name}` is empty: minimum above maximum"
                yield Diagnostic(schema_codes.OUT_OF_BOUNDS, span, message, "exchange the two, or correct one")


def _defaults(written: Document) -> Iterator[Diagnostic]:
    properties = written.data["parameters"]["properties"]
    defaults = {name: spec["default"] for name, spec in properties.items() if "default" in spec}
    for name, message, hint in schema.parameter_faults({"properties": properties}, defaults):
        span = written.span(("parameters", "properties", name, "default"))
        yield Diagnostic(schema_codes.NOT_ALLOWED, span, f"the default of {message}", hint)

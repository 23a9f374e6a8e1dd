"""What a curriculum says once everything is resolved, as one file, with the place that says each part of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from autotrain_dsl import layout
from autotrain_dsl.document import Document, Place
from autotrain_dsl.expressions import parser, printer
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Condition, Curriculum, Group, Move, Setting, Stage, Transition, Trigger
from autotrain_dsl.source import Span

DEFAULT = "default of the task schema"
_COLUMN = 60  # at which the comments stand, where lines are short enough


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value is written, and through what it came to its place, in order.

    ``through`` holds ``extends`` where the value stands in a file that the curriculum extends; then ``stage NAME``
    (inherited), ``block NAME`` (used), ``constant NAME`` and ``derived NAME`` (in a condition), ``first stage`` (of an
    ``initial`` that is not written) or ``DEFAULT``.
    """

    span: Span
    through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Effective:
    """The effective curriculum as the data of one file, and the origin of every value by its place in that file."""

    data: dict[str, Any]
    origins: Mapping[Place, Origin]


def effective(graph: StateGraph, layered: Document) -> Effective:
    """The effective curriculum; ``layered`` is the document that it was compiled from, after ``extends``.

    The data compiles to the same ``content_hash``: no ``extends``, ``inherits``, ``use``, constants or derived names,
    conditions in canonical form, and the defaults of the task schema written out.
    """
    content = graph.content
    task = {key: content["task_schema"][key] for key in ("name", "version")}
    data: dict[str, Any] = {"dsl_version": 1, "name": content["name"], "version": content["version"]}
    data |= {"description": content["description"]} if content["description"] else {}
    data |= {"task_schema": task, "initial": content["initial"]}
    data |= {"adjustable": content["adjustable"]} if content["adjustable"] else {}
    data["stages"] = {stage.name: _stage(stage, graph) for stage in graph.stages}
    return Effective(data, dict(_Origins(graph, layered).all(data)))


def text(found: Effective, *, blame: bool) -> str:
    """The effective curriculum as YAML; with ``blame`` the origin of every value is a comment beside it."""
    if not blame:
        return layout.text(found.data)
    sources = {origin.span.source.name for origin in found.origins.values()}
    beside = {place: (f"# {_told(origin, sources)}", _COLUMN) for place, origin in found.origins.items()}
    return layout.arranged(found.data, layout.Trivia(beside=beside), reorder=True)


def _told(origin: Origin, sources: set[str]) -> str:
    """For people: ``coupled_baiting_2.2.yaml:14 via extends, block session_limits``."""
    name = origin.span.source.name
    short = PurePath(name).name  # enough where no other file of the curriculum is called so
    place = f"{name if sum(PurePath(each).name == short for each in sources) > 1 else short}:{origin.span.line}"
    words = f"{place} via {', '.join(origin.through)}" if origin.through else place
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)


def _stage(stage: Stage, graph: StateGraph) -> dict[str, Any]:
    data: dict[str, Any] = {}
    data |= {"label": stage.label} if stage.label != stage.name else {}
    data |= {"description": stage.description} if stage.description else {}
    parameters = {name: setting.value for name, setting in stage.effective.items()}
    data |= {"parameters": parameters} if parameters else {}
    rules = graph.rules(stage.name)
    data |= {"transitions": [_rule(rule) for rule in rules]} if rules else {}
    return data | ({"final": True} if stage.final else {})


def _rule(rule: Transition) -> dict[str, Any]:
    data: dict[str, Any] = {rule.move.value: True if rule.move is Move.STAY else rule.target}
    if rule.trigger is Trigger.WHEN and rule.program is not None:
        data["when"] = printer.text(rule.program.node)
    else:
        data[rule.trigger.value] = True
    return data | ({"because": rule.because} if rule.because else {})


@dataclass(frozen=True, slots=True)
class _Origins:
    graph: StateGraph
    layered: Document

    def all(self, data: Mapping[str, Any]) -> Iterator[tuple[Place, Origin]]:
        """The origin of every entry of the effective curriculum, in order."""
        for key in data:
            if key == "initial" and (key,) not in self.layered.values:
                yield (key,), self._of(self.graph.stage(self.graph.initial).span, "first stage")
            elif key != "stages":
                yield (key,), self._of(self.layered.span((key,)))
        for stage in self.graph.stages:
            yield from self._stage(stage, data["stages"][stage.name])

    def _stage(self, stage: Stage, data: Mapping[str, Any]) -> Iterator[tuple[Place, Origin]]:
        here: Place = ("stages", stage.name)
        yield here, self._of(stage.span)
        for key in ("label", "description", "final"):
            if key in data:
                yield (*here, key), self._of(self.layered.span((*here, key)))
        for name, setting in stage.effective.items():
            yield (*here, "parameters", name), self._setting(name, setting)
        for number, rule in enumerate(self.graph.rules(stage.name)):
            place = (*here, "transitions", number)
            for key in data["transitions"][number]:
                names = _names(rule.when, self.graph.curriculum) if key == "when" and rule.when is not None else []
                yield (*place, key), self._of(self.layered.span((*place, key)), *names)

    def _setting(self, name: str, setting: Setting) -> Origin:
        if setting.through == "default":
            return Origin(self.graph.task.written.get(name, setting.span), (DEFAULT,))
        return self._of(setting.span, *([setting.through] if setting.through else []))

    def _of(self, span: Span, *through: str) -> Origin:
        extended = span.source is not self.layered.source
        return Origin(span, ("extends", *through) if extended else through)


def _names(condition: Condition, curriculum: Curriculum) -> list[str]:
    """The constants and derived names that are written out in a condition, those within derived names included."""
    used: set[str] = set()
    new = {word for leaf in _texts(condition) for word in parser.words(leaf)}
    while new:
        used |= new
        inner = [curriculum.derived[name].leaf.text for name in new if name in curriculum.derived]
        new = {word for each in inner for word in parser.words(each)} - used
    constants = [f"constant {name}" for name in curriculum.constants if name in used]
    return [*(f"derived {name}" for name in curriculum.derived if name in used), *constants]


def _texts(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Group):
        for part in condition.parts:
            yield from _texts(part)
    else:
        yield condition.text

"""What the compiler finds in a curriculum of the older system, told at the places of that system's file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from autotrain_dsl import document, layers
from autotrain_dsl.codes import expressions as expression_codes
from autotrain_dsl.compiler import compile_document
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.document import Document
from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.nodes import Node, walk
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.layers import Library
from autotrain_dsl.legacy.model import LegacyCurriculum
from autotrain_dsl.source import Span
from autotrain_dsl.tasks import TaskSchemas

# What is found in a single condition was found when the condition was read, at its exact place.
_TOLD = (expression_codes.OUT_OF_RANGE, expression_codes.CONSTANT, expression_codes.FLOAT_EQUALITY)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found; whether the text can be read again at all, and whether it has no error."""

    readable: bool
    sound: bool
    diagnostics: list[Diagnostic]


def check(curriculum: LegacyCurriculum, text: str, path: Path, tasks: TaskSchemas) -> Checked:
    """Compile the complete YAML text of a curriculum as if it stood at ``path``."""
    read = layers.checked(document.parse_bytes(text.encode(), path.name))
    compiled = compile_document(path, read, Library(), tasks)
    if read[0] is None:
        found = [_of_new_file(d, curriculum) for d in compiled.diagnostics]
        return Checked(readable=False, sound=False, diagnostics=found)
    conditions = {} if compiled.graph is None else dict(_conditions(curriculum, compiled.graph))
    origin = _Origin(curriculum, read[0], conditions)
    found = [origin.of(d) for d in compiled.diagnostics if d.code not in _TOLD]
    return Checked(readable=True, sound=compiled.graph is not None, diagnostics=found)


def _of_new_file(finding: Diagnostic, curriculum: LegacyCurriculum) -> Diagnostic:
    """That the new file could not be read again, so that there is none."""
    message = f"no new file is written, because it could not be read: {finding.message}"
    return replace(finding, span=curriculum.source.whole(), message=message, hint="shorten texts, or leave rules out")


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the places of a YAML text come from."""

    curriculum: LegacyCurriculum
    written: Document
    conditions: dict[Span, Span]

    def of(self, finding: Diagnostic) -> Diagnostic:
        notes = (note if note.span is None else replace(note, span=self._span(note.span)) for note in finding.notes)
        return replace(finding, span=self._span(finding.span), notes=tuple(notes))

    def _span(self, span: Span) -> Span:
        if span.source is not self.written.source:
            return span
        if span in self.conditions:
            return self.conditions[span]
        around = [
            (each.end - each.start, place)
            for spans in (self.written.values, self.written.keys)
            for place, each in spans.items()
            if each.start <= span.start and span.end <= each.end
        ]
        return self.curriculum.span(min(around)[1] if around else ())


def _conditions(curriculum: LegacyCurriculum, graph: StateGraph) -> Iterator[tuple[Span, Span]]:
    """Of every part of a condition, where it stands in the YAML text and where in the older file."""
    for stage in curriculum.stages:
        for rule, legacy in zip(graph.rules(stage.name), stage.rules, strict=True):
            if rule.program is not None and legacy.condition is not None:
                parts = zip(walk(rule.program.node), walk(legacy.condition), strict=False)
                yield from ((new.span, old.span) for new, old in parts if _same(new, old))


def _same(node: Node, other: Node) -> bool:
    return printer.text(node) == printer.text(other)

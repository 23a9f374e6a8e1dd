"""Runs the passes in order: a complete document becomes a state graph, or a list of what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from autotrain_dsl import graph, loader, names, parameters, resolver, rules, schema
from autotrain_dsl.codes import expressions as expression_codes
from autotrain_dsl.codes import graph as codes
from autotrain_dsl.codes import resolver as resolver_codes
from autotrain_dsl.codes import schema as schema_codes
from autotrain_dsl.diagnostics import Code, Diagnostic, Note, first, has_errors
from autotrain_dsl.document import Document
from autotrain_dsl.expressions import parser
from autotrain_dsl.expressions.scope import situation
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.layers import Library, unexplained
from autotrain_dsl.tasks import TaskSchemas, metric_scope

_NAMING = ("constants", "derived", "blocks")
_MAKE_GAPS = (resolver_codes.UNKNOWN_PARENT, resolver_codes.UNKNOWN_BLOCK, resolver_codes.INHERITS_CYCLE)
_FOLLOW_FROM_GAPS = (codes.NO_STAGE, codes.MISSING_PARAMETER, codes.BROKEN_CONSTRAINT)


_FOLLOW_FROM_LOST_NAMES = (expression_codes.UNKNOWN_NAME, expression_codes.BAD_WINDOW, resolver_codes.UNKNOWN_BLOCK)


@dataclass(frozen=True, slots=True)
class Compilation:
    """What came of one curriculum file; ``graph`` is there only where nothing is an error."""

    path: Path
    document: Document | None  # as written, before ``extends``
    graph: StateGraph | None
    diagnostics: tuple[Diagnostic, ...]
    abstract: bool = False
    claims: tuple[str, str] | None = None  # name and version, even of a curriculum in error


def compile_file(path: Path, library: Library, tasks: TaskSchemas) -> Compilation:
    """Compile the curriculum file at ``path``."""
    return _compile(path, library.written(path)[0], library.layered(path), tasks)


def compile_document(
    path: Path, written: tuple[Document | None, list[Diagnostic]], library: Library, tasks: TaskSchemas
) -> Compilation:
    """Compile a document that is not in a file of its own, as if it were at ``path``."""
    return _compile(path, written[0], library.lay(path, written), tasks)


def _compile(
    path: Path,
    written: Document | None,
    layered: tuple[Document | None, list[Diagnostic]],
    tasks: TaskSchemas,
) -> Compilation:
    document, diagnostics = layered
    result = Compilation(path, written, None, tuple(diagnostics))
    if written is not None:
        result = replace(result, abstract=written.data.get("abstract") is True)
    if document is None or written is None:
        return result
    if document is not written:  # merged: each part is checked, but not that they are complete together
        document, more = schema.examine(document, "curriculum", nulls=(str, int))
        diagnostics = [*diagnostics, *unexplained(more, diagnostics)]
        result = replace(result, diagnostics=tuple(diagnostics))
    result = replace(result, claims=loader.names_of(document))
    if result.abstract or not loader.is_complete(document):
        # An abstract file may be incomplete: what its rules mean is checked in the files that extend it.
        found = unexplained(first(_unreadable(written)), diagnostics)
        return replace(result, diagnostics=(*diagnostics, *found))
    compiled, found = _passes(document, path, tasks)
    if has_errors(diagnostics):  # parts are left out: what seems to be missing or unused may not be
        found = [d for d in found if d.is_error and d.code not in _follow_ups(diagnostics)]
    found = unexplained(found, diagnostics)
    everything = (*diagnostics, *(placed(finding, written) for finding in found))
    return replace(result, graph=None if has_errors(everything) else compiled, diagnostics=everything)


def _passes(document: Document, path: Path, tasks: TaskSchemas) -> tuple[StateGraph | None, list[Diagnostic]]:
    curriculum = loader.load(document)
    task, found = tasks.find(*curriculum.task, path, curriculum.task_span)
    curriculum, more = resolver.resolve(curriculum, task.defaults if task is not None else {})
    found = [*found, *more]
    if task is None:
        return None, [*found, *first(_unreadable(document))]
    gaps = any(d.code in _MAKE_GAPS for d in found)
    curriculum, more = names.check_conditions(curriculum, {**situation(), **metric_scope(task)})
    found += more
    found += [d for d in first(parameters.check(curriculum, task)) if not (gaps and d.code in _FOLLOW_FROM_GAPS)]
    if has_errors(found):  # what is misspelt elsewhere may be the use that is missing
        return None, [d for d in found if d.code is not resolver_codes.UNUSED_NAME]
    compiled = graph.build(curriculum, task)
    return compiled, [*found, *first(rules.check(compiled))]


def _unreadable(document: Document) -> Iterator[Diagnostic]:
    """What is wrong with the text alone of the expressions of a document whose names cannot be checked."""
    for text, span in loader.expressions(document):
        yield from parser.parse(parser.Written(text, span))[1]


def _follow_ups(diagnostics: Iterable[Diagnostic]) -> set[Code]:
    """Findings that may only follow from what is left out of a file."""
    lost = any(d.code is schema_codes.UNKNOWN_KEY and d.span.column == 1 and _may_name(d) for d in diagnostics)
    return {*_FOLLOW_FROM_GAPS, *(_FOLLOW_FROM_LOST_NAMES if lost else ())}


def _may_name(unknown: Diagnostic) -> bool:
    """Whether an unknown key of the file may be a misspelt one under which names are defined."""
    return "did you mean" not in unknown.hint or any(f"`{key}`" in unknown.hint for key in _NAMING)


def placed(finding: Diagnostic, written: Document) -> Diagnostic:
    """A finding in a base file says which file made it one."""
    if finding.span.source is written.source:
        return finding
    note = Note(f"found through `{written.source.name}`, which extends this file")
    return replace(finding, notes=(*finding.notes, note))

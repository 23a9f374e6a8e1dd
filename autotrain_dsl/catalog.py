"""All curriculums below some paths, compiled: by name and version, with every finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from autotrain_dsl import document, files, layers, tasks
from autotrain_dsl.codes import document as document_codes
from autotrain_dsl.codes import resolver as codes
from autotrain_dsl.codes.verification import CHEAP, SOLVED
from autotrain_dsl.compiler import Compilation, compile_document, compile_file, placed
from autotrain_dsl.diagnostics import MAX_FINDINGS, Diagnostic, Note, has_errors, tidy
from autotrain_dsl.document import Document
from autotrain_dsl.files import STDIN
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.layers import Library
from autotrain_dsl.model import Metric
from autotrain_dsl.silence import silence
from autotrain_dsl.source import Source
from autotrain_dsl.spelling import suggest
from autotrain_dsl.tasks import TaskSchemas


class Deeper(Protocol):
    """Finds more in a compiled curriculum, given what the compiler has found: those of ``CHEAP``."""

    @property
    def complete(self) -> bool:
        """Whether everything was looked for."""

    def __call__(self, graph: StateGraph, known: Sequence[Diagnostic]) -> Iterable[Diagnostic]:
        """The findings."""


@dataclass(frozen=True)
class Catalog:
    """Compiled curriculums; ``task_schemas`` and ``skipped`` count the other YAML files that were met."""

    compilations: tuple[Compilation, ...]
    diagnostics: tuple[Diagnostic, ...]
    task_schemas: int = 0
    skipped: int = 0
    documents: tuple[Document, ...] = ()  # everything that was read for them

    def find(self, name: str, version: str) -> StateGraph | None:
        """The curriculum of that name and version, where there is one and it compiles."""
        return self._graphs.get((name, version))

    @property
    def metrics(self) -> list[Metric]:
        """Every metric of a task of one of the curriculums."""
        graphs = [compilation.graph for compilation in self.compilations if compilation.graph is not None]
        return list(dict.fromkeys(metric for graph in graphs for metric in graph.task.metrics.values()))

    @property
    def metric_names(self) -> frozenset[str]:
        """Names of all metrics."""
        return frozenset(metric.name for metric in self.metrics)

    @property
    def integer_metrics(self) -> frozenset[str]:
        """Names of the metrics that are whole numbers."""
        return frozenset(metric.name for metric in self.metrics if metric.integer)

    @property
    def metric_columns(self) -> frozenset[str]:
        """Everything that a table may call a metric."""
        return frozenset(column for metric in self.metrics for column in metric.columns)

    def why_not(self, name: str, version: str) -> str:
        """Why ``find`` finds nothing, for a person."""
        if named := self._named(name, version):
            return f"the curriculum {name}@{version} has errors (see `autotrain-dsl validate {named[0].path}`)"
        unread = [str(c.path) for c in self.compilations if c.claims is None and not c.abstract]
        if unread:
            files = ", ".join(f"`{path}`" for path in unread[:3])
            return f"there is no curriculum {name}@{version} among those that can be read; {files} cannot be"
        known = [f"{c.claims[0]}@{c.claims[1]}" for c in self.compilations if c.claims and not c.abstract]
        twins = [claim for claim in known if claim in (f"{name}@{version}.0", f"{name}@{version}".removesuffix(".0"))]
        if twins:
            return f"there is no curriculum {name}@{version}; is {twins[0]} meant (spreadsheets shorten 1.0 to 1)?"
        return f"there is no curriculum {name}@{version}; {suggest(f'{name}@{version}', known, 'curriculum')}"

    @cached_property
    def _graphs(self) -> dict[tuple[str, str], StateGraph]:
        return {c.claims: c.graph for c in reversed(self.compilations) if c.claims is not None and c.graph is not None}

    def _named(self, name: str, version: str) -> list[Compilation]:
        return [c for c in self.compilations if c.claims == (name, version) and not c.abstract]


def build(
    paths: Iterable[Path], schemas: Path | None = None, stdin: bytes = b"", deeper: Deeper | None = None
) -> Catalog:
    """Compile every curriculum file in ``paths`` (files, folders, or ``-`` for the text in ``stdin``).

    ``deeper`` is asked about each curriculum that compiles.
    """
    work = _Building(TaskSchemas(schemas), deeper)
    libraries: dict[Path | None, Library] = {}  # files that are given one by one share what they extend
    for path in paths:
        library = libraries.setdefault(root := _tree(path), Library(root))
        for file in files.candidates(path):
            work.take(file, library, explicit=file == path, stdin=stdin)
    work.documents += [document for library in libraries.values() for document in library.documents()]
    return work.catalog()


def refusal(file: Path, root: Path | None = None) -> Diagnostic | None:
    """Why a file is not to be read: a link that leads to itself, or out of ``root`` (if not given, the file's tree)."""
    message = ""
    try:
        real = file.resolve()
        inside = (root or layers.tree_of(file)).resolve()
        if file != STDIN and file.is_symlink() and not real.is_relative_to(inside):
            message = f"`{file}` is a link to a file outside of the folder tree of the curriculums"
    except (OSError, RuntimeError):
        message = f"`{file}` is a link that leads to itself"
    return Diagnostic(document_codes.CANNOT_READ, Source(str(file), "").whole(), message) if message else None


def capped(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The first findings of every file, and that there are more."""
    counts: dict[str, int] = {}
    for finding in diagnostics:
        name = finding.span.source.name
        counts[name] = counts.get(name, 0) + 1
        if counts[name] <= MAX_FINDINGS:
            yield finding
        elif counts[name] == MAX_FINDINGS + 1:
            yield document.too_many(finding.span)


@dataclass
class _Building:
    schemas: TaskSchemas
    deeper: Deeper | None
    compiled: list[Compilation] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    task_schemas: int = 0
    skipped: int = 0

    def take(self, file: Path, library: Library, *, explicit: bool, stdin: bytes) -> None:
        """Compile a file, whatever it is about; one that was met before is left out."""
        if (found := refusal(file, library.root)) is not None:
            self.found.append(found)
            return
        real = file.resolve()
        if real in self.seen:
            return
        self.seen.add(real)
        text = document.parse_bytes(stdin, "<stdin>") if file == STDIN else library.text(file)
        kind = files.kind_of(text[0], explicit=explicit)
        if kind == "task":
            self.task_schemas += 1
            self.found += _task_findings(text)
        elif kind in ("other", "tests"):
            self.skipped += 1
        elif file == STDIN:
            self.compiled.append(compile_document(Path("<stdin>"), layers.checked(text), library, self.schemas))
        else:
            self.compiled.append(compile_file(file, library, self.schemas))

    def catalog(self) -> Catalog:
        """Everything that was taken, with all findings in order."""
        found = [*self.found, *(finding for each in self.compiled for finding in each.diagnostics)]
        found += _twins(self.compiled)
        written = [each.document for each in self.compiled if each.document is not None]
        judged = [each.document for each in self.compiled if each.document is not None and each.graph is not None]
        found += self._deeper()
        unasked = SOLVED - CHEAP if self.deeper is not None and self.deeper.complete else SOLVED
        documents = (*self.documents, *written)
        remaining = tidy(silence(found, documents, judged, unasked))
        return Catalog(tuple(self.compiled), tuple(capped(remaining)), self.task_schemas, self.skipped, documents)

    def _deeper(self) -> Iterator[Diagnostic]:
        for each in self.compiled:
            if self.deeper is not None and each.graph is not None and each.document is not None:
                for finding in self.deeper(each.graph, each.diagnostics):
                    yield placed(finding, each.document)


def _tree(path: Path) -> Path | None:
    """The folder tree that ``extends`` may not leave: see ``layers.tree_of``; a folder that is checked, else."""
    if path == STDIN or not path.is_dir():
        return None
    inside = layers.tree_of(path / "file.yaml")
    return inside if inside.name == "curriculums" else path


def _task_findings(text: tuple[Document | None, list[Diagnostic]]) -> list[Diagnostic]:
    written, diagnostics = text
    return [*diagnostics, *(tasks.load(written)[1] if written is not None and not has_errors(diagnostics) else [])]


def _twins(compiled: list[Compilation]) -> Iterator[Diagnostic]:
    first: dict[tuple[str, str], Compilation] = {}
    for compilation in compiled:
        if compilation.claims is None or compilation.abstract or compilation.document is None:
            continue
        other = first.setdefault(compilation.claims, compilation)
        if other is not compilation and other.document is not None:
            name, version = compilation.claims
            span = compilation.document.span(("version",))
            place = other.document.span(("version",))
            note = Note(f"the other is `{other.document.source.name}`", place)
            message = f"there is another curriculum {name} {version}"
            yield Diagnostic(codes.DUPLICATE_CURRICULUM, span, message, "give it a new version", (note,))

"""A text in an editor, read as far as it can be: what it is about, what is wrong with it, which names it knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from autotrain_dsl import document, layers, schema, tasks
from autotrain_dsl.cases import loading
from autotrain_dsl.compiler import Compilation, compile_document
from autotrain_dsl.diagnostics import Diagnostic, tidy
from autotrain_dsl.document import Document, Place, Value
from autotrain_dsl.files import TEST_SUFFIXES, kind_of
from autotrain_dsl.layers import Library
from autotrain_dsl.model import TaskSchema
from autotrain_dsl.silence import silence
from autotrain_dsl.source import Source
from autotrain_dsl.tasks import TaskSchemas

Read = tuple[Document | None, list[Diagnostic]]


@dataclass(frozen=True)
class Text:
    """One open text. ``others`` are the texts of other open files, which count for more than what is on disk."""

    path: Path
    content: str
    others: Mapping[Path, str] = field(default_factory=dict)

    @cached_property
    def source(self) -> Source:
        """The text with its name; positions count from here."""
        return Source(str(self.path), self.content)

    @cached_property
    def read(self) -> Read:
        """The text as YAML."""
        return _parsed(str(self.path), self.content)

    @cached_property
    def kind(self) -> str:
        """What it is about: ``curriculum``, ``task``, ``tests``, ``configuration`` or ``other``."""
        if self.path.name.endswith(TEST_SUFFIXES):
            return "tests"
        if self.read[0] is None:
            return "task" if self.path.parent.name == "tasks" else "curriculum"
        found = kind_of(self.read[0], explicit=False)
        return "configuration" if found == "other" and "managers" in self.read[0].data else found

    @cached_property
    def compiler(self) -> loading.Compiler:
        """Compiles curriculums near the text as the editor sees them."""
        compiler = loading.Compiler(TaskSchemas())
        library = compiler.library(self.path)
        for path, content in {**self.others, self.path: self.content}.items():
            library.put(path, _parsed(str(path), content))
        return compiler

    def without(self, first: int, last: int) -> Text:
        """The text with some lines empty: what is half typed there may be all that is no YAML."""
        lines = self.content.split("\n")
        empty = [""] * (last + 1 - first)
        return replace(self, content="\n".join([*lines[:first], *empty, *lines[last + 1 :]]))

    @property
    def library(self) -> Library:
        """The documents near the text."""
        return self.compiler.library(self.path)

    @cached_property
    def compiled(self) -> Compilation | None:
        """What came of a curriculum."""
        if self.kind != "curriculum":
            return None
        return compile_document(self.path, layers.checked(self.read), self.library, self.compiler.schemas)

    @cached_property
    def layered(self) -> Document | None:
        """A curriculum laid over what it extends, as far as both can be read."""
        read = layers.checked(self.read)
        return self.library.lay(self.path, read)[0] or read[0]

    def diagnostics(self) -> list[Diagnostic]:
        """Everything that is wrong with this text, as ``validate`` and ``test`` say it."""
        found = [each for each in self._findings() if each.span.source.name == str(self.path)]
        return tidy(found)

    def _findings(self) -> Iterator[Diagnostic]:
        read, findings = self.read
        if self.kind == "tests":
            yield from loading.from_document(self.path, self.read, self.compiler)[1]
        elif self.compiled is not None:
            own = [] if self.compiled.document is None else [self.compiled.document]
            judged = own if self.compiled.graph is not None else []
            yield from silence(self.compiled.diagnostics, [*self.library.documents(), *own], judged)
        else:
            yield from findings
            if read is not None and self.kind == "task":
                yield from tasks.load(read)[1]
            elif read is not None and self.kind == "configuration":
                yield from schema.check(read, "configuration")

    @cached_property
    def known(self) -> Names:
        """The names that can be used in the text."""
        return _names(self)


@dataclass(frozen=True, slots=True)
class Names:
    """What a curriculum and its task define; ``document`` says where."""

    document: Document | None
    stages: Mapping[str, Value] = field(default_factory=dict)
    blocks: Mapping[str, Value] = field(default_factory=dict)
    constants: Mapping[str, Value] = field(default_factory=dict)
    derived: Mapping[str, Value] = field(default_factory=dict)
    task: TaskSchema | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of the task with their JSON Schemas."""
        found: Mapping[str, Any] = self.task.parameters["properties"] if self.task is not None else {}
        return found


@lru_cache(maxsize=64)
def _parsed(name: str, content: str) -> Read:
    """A text as YAML; an editor asks many questions about the same."""
    return document.parse_bytes(content.encode("utf-8", "replace"), name)


def _names(text: Text) -> Names:
    """Of a test file those of the curriculum that it tests."""
    layered = _curriculum_of(text) if text.kind == "tests" else text.layered
    if layered is None:
        return Names(None)
    groups = {key: layered.data.get(key) for key in ("stages", "blocks", "constants", "derived")}
    named = {key: value if isinstance(value, dict) else {} for key, value in groups.items()}
    about = layered.data.get("task_schema")
    task = None
    if isinstance(about, dict) and isinstance(about.get("name"), str) and isinstance(about.get("version"), str):
        here = layered.source.whole()
        task = text.compiler.schemas.find(about["name"], about["version"], text.path, here)[0]
    return Names(layered, named["stages"], named["blocks"], named["constants"], named["derived"], task)


def _curriculum_of(text: Text) -> Document | None:
    written = text.read[0]
    name = written.data.get("curriculum") if written is not None else None
    if written is None or not isinstance(name, str):
        return None
    base = text.library.base(text.path, name, written.span(("curriculum",)))
    return None if isinstance(base, Diagnostic) else text.library.layered(base)[0]


def place_at(read: Document, offset: int) -> tuple[Place, bool] | None:
    """The innermost entry at an offset of a text, and whether its key is meant and not its value."""
    keys = [
        place for place, span in read.keys.items() if span.start <= offset <= span.end and span.source is read.source
    ]
    if keys:
        return max(keys, key=len), True
    values = [
        place
        for place, span in read.values.items()
        if place and span.start <= offset <= span.end and span.source is read.source
    ]
    return (max(values, key=len), False) if values else None

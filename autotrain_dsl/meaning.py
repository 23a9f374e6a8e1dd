"""What a text means, to be compared with what another one means."""

from __future__ import annotations

import re
from pathlib import Path

from autotrain_dsl import document, layers
from autotrain_dsl.compiler import compile_document
from autotrain_dsl.layers import Library
from autotrain_dsl.silence import silence
from autotrain_dsl.source import Source
from autotrain_dsl.tasks import TaskSchemas

_LINE = re.compile(r"\bline \d+")


def meaning(text: str, path: Path, schemas: Path | None) -> tuple[str, list[tuple[str, str]]]:
    """The hash of the compiled curriculum, and what is found in it."""
    library = Library(layers.tree_of(path))
    written = layers.checked(document.parse(Source(str(path), text)))
    compiled = compile_document(path, written, library, TaskSchemas(schemas))
    own = [] if compiled.document is None else [compiled.document]
    left = silence(compiled.diagnostics, [*library.documents(), *own], own if compiled.graph is not None else [])
    found = sorted((each.code.id, _LINE.sub("line", each.message)) for each in left)  # lines may move
    return compiled.graph.content_hash if compiled.graph is not None else "", found

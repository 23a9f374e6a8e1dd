"""YAML files: which there are, and what each is about."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from autotrain_dsl import document
from autotrain_dsl.document import Document

STDIN = Path("-")
SUFFIXES = (".yaml", ".yml")
TEST_SUFFIXES = (".test.yaml", ".test.yml")
MAX_STDIN = document.MAX_BYTES + 1


def candidates(path: Path) -> Iterator[Path]:
    """The YAML files below a folder that may be curriculums or task schemas, in order; a file alone is itself."""
    if path == STDIN or not path.is_dir():
        yield path
        return
    for file in below(path, SUFFIXES):
        if file.stem[-5:] != ".test":
            yield file


def below(path: Path, suffixes: str | tuple[str, ...]) -> Iterator[Path]:
    """The files below a folder that end in one of some suffixes, in order; hidden ones are left out."""
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(suffixes) and not name.startswith("."):
                yield Path(folder, name)


def kind_of(read: Document | None, *, explicit: bool) -> str:
    """What a YAML file is about: a ``curriculum``, unless it evidently is a ``task``, ``tests`` or ``other``."""
    if read is None:
        return "curriculum"
    if {"tests", "properties"} & read.data.keys() and not {"stages", "extends"} & read.data.keys():
        return "tests"
    if "managers" in read.data and "stages" not in read.data:
        return "other"  # a configuration of the nightly run
    if {"metrics", "parameters"} & read.data.keys() and not {"stages", "extends"} & read.data.keys():
        return "task"
    speaks = {"dsl_version", "stages", "extends", "task_schema"} & read.data.keys()
    return "curriculum" if explicit or speaks else "other"

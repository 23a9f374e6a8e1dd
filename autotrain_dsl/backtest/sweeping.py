"""Variants of a curriculum, each with other values of its constants."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from autotrain_dsl import compiler, document, layers
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.layers import Library
from autotrain_dsl.source import Source
from autotrain_dsl.spelling import suggest
from autotrain_dsl.tasks import TaskSchemas

MOST = 200  # variants of one sweep
_LARGEST = 1e15
_PREFIX = "constants."


class SweepError(Exception):
    """What is asked for cannot be swept; the message says why, and what can be."""


@dataclass(frozen=True)
class Variant:
    """A curriculum with other constants: ``values`` by name; without a graph where ``errors`` say why."""

    values: Mapping[str, float]
    graph: StateGraph | None
    errors: tuple[Diagnostic, ...] = ()

    @property
    def title(self) -> str:
        """Which one it is: ``window=5, trials=300``."""
        return ", ".join(f"{name}={json.dumps(value)}" for name, value in self.values.items())


def parsed(text: str) -> tuple[str, list[float]]:
    """``constants.window=3,5`` as a name and its values. Raises SweepError."""
    place, separator, values = text.partition("=")
    name = place.strip().removeprefix(_PREFIX)
    if not separator or not place.strip().startswith(_PREFIX) or not name:
        raise SweepError(f"`{text}` is not of the form constants.NAME=VALUE,VALUE, such as constants.window=3,5,7")
    found = [_number(text, each.strip()) for each in values.split(",")]
    return name, list(dict.fromkeys(found))


def variants(path: Path, graph: StateGraph, asked: Sequence[str], schemas: TaskSchemas) -> Iterator[Variant]:
    """A variant of the curriculum at ``path`` for every combination of values. Raises SweepError before the first."""
    wanted: dict[str, list[float]] = {}
    for text in asked:
        name, values = parsed(text)
        if name not in graph.curriculum.constants:
            raise SweepError(f"the curriculum has no constant `{name}`; {_known(name, graph)}")
        if name in wanted:
            raise SweepError(f"`{name}` is swept twice; name all its values at once")
        wanted[name] = values
    combinations = list(_combinations(wanted))
    library = Library()
    return (_compiled(path, values, library, schemas) for values in combinations)


def _known(name: str, graph: StateGraph) -> str:
    known = list(graph.curriculum.constants)
    return suggest(name, known, "constant") if known else "it has none: name a number under `constants` to sweep it"


def _combinations(wanted: Mapping[str, list[float]]) -> Iterator[dict[str, float]]:
    count = 1
    for values in wanted.values():
        count *= len(values)
    if count > MOST:
        raise SweepError(f"these are {count:,} variants, and {MOST} are the most; name fewer values")
    for combination in product(*wanted.values()):
        yield dict(zip(wanted, combination, strict=True))


def _compiled(path: Path, values: dict[str, float], library: Library, schemas: TaskSchemas) -> Variant:
    # The language says it best: a variant is a file that extends the curriculum and changes its constants.
    text = json.dumps({"dsl_version": 1, "extends": path.name, "constants": values})
    read = document.parse(Source(f"{path.name} with {json.dumps(values)}", text))
    compiled = compiler.compile_document(path.with_name(f"{path.name}.variant"), layers.checked(read), library, schemas)
    errors = tuple(each for each in compiled.diagnostics if each.is_error)
    return Variant(values, compiled.graph, errors)


def _number(text: str, word: str) -> float:
    try:
        value = json.loads(word)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:  # nor NaN
        raise SweepError(f"`{text}`: `{word}` is no number such as 5 or 0.65")
    return value

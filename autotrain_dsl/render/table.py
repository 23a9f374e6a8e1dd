"""The parameters of all stages as a table: what each stage sets, and what is new since the stage before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autotrain_dsl.expressions.printer import number
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Scalar, Stage
from autotrain_dsl.render.diagram import clean, cut

_MOST = 300  # characters of a value: it may be repeated at a hundred stages


@dataclass(frozen=True, slots=True)
class Column:
    """A stage; ``share`` is its place in the order of training as in ``diagram.Box``."""

    name: str
    label: str
    share: float
    final: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as text (empty: the stage does not set it), and whether the stage before has another one."""

    text: str
    changed: bool
    tip: str


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter and its value at every stage."""

    name: str
    unit: str
    tip: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """All stages in the order of training, all parameters that are set in the order of the task schema."""

    name: str
    version: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """What the table is called."""
        return f"{self.name} {self.version}: parameters"


def of(graph: StateGraph) -> Table:
    """The table of a curriculum; a final stage without parameters has an empty column."""
    stages, last = graph.stages, len(graph.stages) - 1
    columns = [
        Column(stage.name, clean(stage.label), position / last if last else 0.0, stage.final)
        for position, stage in enumerate(stages)
    ]
    known: Mapping[str, Mapping[str, Any]] = graph.task.parameters["properties"]
    used = {name for stage in stages for name in stage.effective}
    names = [*(name for name in known if name in used), *sorted(used - known.keys())]
    adjustable = {word.text for word in graph.curriculum.adjustable}
    rows = [_row(name, known.get(name, {}), stages, name in adjustable) for name in names]
    return Table(clean(graph.curriculum.name), clean(graph.curriculum.version), tuple(columns), tuple(rows))


def value(given: Scalar) -> str:
    """A value as a curriculum file shows it."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str):
        return cut(clean(given), _MOST) if given.strip() else f'"{clean(given[:_MOST])}"'
    return number(given)


def _row(name: str, spec: Mapping[str, Any], stages: list[Stage], adjustable: bool) -> Row:
    unit = clean(spec.get("unit", ""))
    title = clean(spec.get("title", name))
    facts = [
        f"{title} ({unit})" if unit else title,
        clean(spec.get("description", "")),
        "An operator may change it." if adjustable else "",
    ]
    return Row(name, unit, "\n".join(fact for fact in facts if fact), tuple(_cells(name, title, unit, stages)))


def _cells(name: str, title: str, unit: str, stages: list[Stage]) -> Iterator[Cell]:
    before: str | None = None  # in the last stage that sets anything
    for stage in stages:
        if not stage.effective:
            yield Cell("", changed=False, tip="")
            continue
        text = value(stage.effective[name].value) if name in stage.effective else ""
        changed = before is not None and text != before
        tip = f"{title}: {text or 'not set'}{f' {unit}' if text and unit else ''}"
        yield Cell(text, changed, f"{tip}\nin the stage before: {before or 'not set'}" if changed else tip)
        before = text

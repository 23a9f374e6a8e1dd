"""A curriculum and a task schema as the rest of the program sees them: plain frozen values with their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from autotrain_dsl.expressions.evaluator import Program
from autotrain_dsl.expressions.nodes import Node
from autotrain_dsl.source import Source, Span

Scalar = str | int | float | bool


class Move(StrEnum):
    """What a transition does."""

    PROGRESS = "progress"
    ROLLBACK = "rollback"
    STAY = "stay"


class Trigger(StrEnum):
    """When a transition fires: on a condition, always, or only by hand."""

    WHEN = "when"
    OTHERWISE = "otherwise"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter's value, where it is written, and through what it reached the stage."""

    value: Scalar
    span: Span
    key: Span
    through: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A word with its place."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Leaf:
    """A condition as it is written: one expression."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Definition:
    """A derived name: its expression, and where its name stands."""

    leaf: Leaf
    span: Span


@dataclass(frozen=True, slots=True)
class Group:
    """A condition as it is written: ``all``, ``any`` or ``not`` of others."""

    operator: str
    parts: tuple[Condition, ...]
    span: Span


Condition = Leaf | Group


@dataclass(frozen=True, slots=True)
class Transition:
    """One rule of a stage; ``program`` is there once the condition is checked and only where it has one."""

    move: Move
    target: str
    trigger: Trigger
    span: Span
    target_span: Span
    when: Condition | None = None
    because: str = ""
    program: Program | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage; ``parameters`` are those written in it, ``effective`` those that the rig gets."""

    name: str
    span: Span
    label: str
    description: str = ""
    inherits: Written | None = None
    use: tuple[Written, ...] = ()
    parameters: Mapping[str, Setting] = field(default_factory=dict)
    transitions: tuple[Transition, ...] = ()
    final: bool = False
    effective: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """A named group of parameters."""

    name: str
    span: Span
    parameters: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Constant:
    """A named number."""

    value: float
    span: Span


@dataclass(frozen=True, slots=True)
class Curriculum:
    """One version of a curriculum."""

    source: Source
    name: str
    version: str
    named: Span
    description: str
    task: tuple[str, str]
    task_span: Span
    initial: Written
    constants: Mapping[str, Constant]
    derived: Mapping[str, Definition]
    blocks: Mapping[str, Block]
    adjustable: tuple[Written, ...]
    stages: Mapping[str, Stage]
    unusable: frozenset[str] = frozenset()  # constants and derived names that are written but refused


@dataclass(frozen=True, slots=True)
class Metric:
    """What df_behavior provides for every session, and what a table may call it."""

    name: str
    title: str
    unit: str
    integer: bool
    minimum: float
    maximum: float
    columns: tuple[str, ...]
    better: str = "higher"  # which values a better mouse has: higher or lower ones, or neither


@dataclass(frozen=True, slots=True)
class Constraint:
    """A relation between parameters that every stage must keep."""

    node: Node
    program: Program
    message: str


@dataclass(frozen=True, slots=True)
class TaskSchema:
    """Parameters and metrics of one version of a task."""

    name: str
    version: str
    url: str
    parameters: Mapping[str, Any]  # the JSON Schema
    constraints: tuple[Constraint, ...]
    metrics: Mapping[str, Metric]
    written: Mapping[str, Span] = field(default_factory=dict)  # where the default of a parameter stands

    @property
    def defaults(self) -> Mapping[str, Scalar]:
        """Values of parameters that a stage may leave out."""
        properties: Mapping[str, Mapping[str, Any]] = self.parameters["properties"]
        return {name: spec["default"] for name, spec in properties.items() if "default" in spec}

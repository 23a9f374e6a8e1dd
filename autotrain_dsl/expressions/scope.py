"""Which names an expression may use, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from autotrain_dsl.expressions.nodes import NUMBER, Kind, Node, Type, Variable
from autotrain_dsl.source import Span

WHOLE_HISTORY = Type(Kind.NUMBER, ())

# Name -> (arguments it takes, what they are), for messages and checks alike.
FUNCTIONS: tuple[str, ...] = (
    "mean", "median", "min", "max", "sum", "std", "abs", "round", "count", "all", "any", "at_stage", "present",
)  # fmt: skip
SITUATION: tuple[str, ...] = ("session_total", "session_at_current_stage")
WORDS = frozenset({*FUNCTIONS, *SITUATION, "true", "false", "and", "or", "not"})


@dataclass(frozen=True, slots=True)
class Known:
    """A named thing: how it is typed and which values it can have."""

    type: Type
    minimum: float = -inf
    maximum: float = inf
    integer: bool = False

    def variable(self, name: str, span: Span) -> Variable:
        """The thing where it is named in an expression."""
        return Variable(name, self.type, span, self.minimum, self.maximum, self.integer)


@dataclass(frozen=True, slots=True)
class Derived:
    """A checked derived name; ``node`` is None where its expression is in error."""

    node: Node | None
    size: int = 1


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of one place where expressions stand."""

    variables: Mapping[str, Known]
    constants: Mapping[str, float] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)
    unusable: frozenset[str] = frozenset()  # defined, but in error: using them is no further finding

    def names(self) -> set[str]:
        """Every name that may be used."""
        return {*self.variables, *self.constants, *self.derived, "true", "false"}


def situation() -> dict[str, Known]:
    """The numbers of the session that is judged; both count from 1."""
    return {name: Known(NUMBER, 1, inf, integer=True) for name in SITUATION}

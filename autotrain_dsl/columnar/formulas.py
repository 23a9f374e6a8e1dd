"""Checked expressions over many sessions at once.

A node becomes a formula; equal parts of all rules of a curriculum are one formula, which is computed once for the
sessions that are looked at. What depends on where a subject stands (``session_at_current_stage``, ``at_stage``) is
computed again for every situation, everything else once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autotrain_dsl.columnar import values
from autotrain_dsl.columnar.histories import Rows
from autotrain_dsl.columnar.values import Column, Numbers, Series, Truths, Value
from autotrain_dsl.expressions import functions, printer
from autotrain_dsl.expressions.nodes import (
    Arithmetic,
    Call,
    Comparison,
    Item,
    Kind,
    Literal,
    Logic,
    Negative,
    Node,
    Not,
    Variable,
    Window,
    children,
)

_CELLS = 2**22  # of all sequences of some sessions at a time
_FEWEST = 64
TOTAL, COUNT = "session_total", "session_at_current_stage"


@dataclass(frozen=True, eq=False, slots=True)
class Formula:
    """A node with its operands; of a sequence the newest ``need`` elements are wanted.

    ``situated`` says that it depends on the time in the stage.
    """

    node: Node
    parts: tuple[Formula, ...]
    need: int
    situated: bool


class Formulas:
    """The formulas of some rules; no sequence is longer than ``longest``, the most sessions that a subject has."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.deepest = 1  # how many sessions back one of them looks, that of the row included
        self._known: dict[tuple[str, int], Formula] = {}

    def most(self, deepest: int) -> int:
        """How many sessions, of at most so many before each, can be computed together in reasonable memory."""
        several = sum(formula.node.type.is_sequence and formula.need > 1 for formula in self._known.values())
        return max(_FEWEST, _CELLS // max(deepest * max(several, 1), 1))

    def of(self, node: Node, need: int = 0) -> Formula:
        """The formula of a node."""
        key = printer.text(node), need if node.type.is_sequence else 0
        if key not in self._known:
            self._known[key] = self._made(node, key[1])
        return self._known[key]

    def _made(self, node: Node, need: int) -> Formula:
        if isinstance(node, Variable) and node.type.is_sequence:
            self.deepest = max(self.deepest, need)
        wanted = self._wanted(node, need)
        parts = tuple(self.of(part, wanted) for part in children(node))
        own = isinstance(node, Variable) and node.name == COUNT and not node.type.is_sequence
        own |= isinstance(node, Call) and node.function == "at_stage"
        return Formula(node, parts, need, own or any(part.situated for part in parts))

    def _wanted(self, node: Node, need: int) -> int:
        """How many of the newest elements of its operands a node looks at."""
        match node:
            case Item() if node.index < 0:
                return min(-node.index, self.longest)
            case Window(stop=stop) if stop is None or stop < 0:
                most = need - (stop or 0)
                return min(most if node.start is None or node.start >= 0 else min(most, -node.start), self.longest)
            case Item() | Window() | Logic() | Not():
                return self.longest
            case Call(function="abs" | "round" | "at_stage") | Negative() | Arithmetic() | Comparison():
                return need
            case _:
                return self.longest


class Work:
    """Formulas computed for some rows; ``count`` and ``stay`` are those of all of them, or of each."""

    def __init__(self, rows: Rows, metrics: Mapping[str, int]) -> None:
        self.rows, self.metrics = rows, metrics
        self._lasting: dict[Formula, Value] = {}
        self.situation(1.0, 1)

    def situation(self, count: Any, stay: Any) -> None:
        """Compute from here on for subjects with so many judged sessions at the stage, and so many in the history."""
        self.count, self.stay = count, stay
        self._passing: dict[Formula, Value] = {}

    def truth(self, formula: Formula) -> Truths:
        """A condition."""
        found = self.value(formula)
        assert isinstance(found, Truths)
        return found

    def value(self, formula: Formula) -> Value:
        """Whatever a formula gives."""
        known = self._passing if formula.situated else self._lasting
        if formula not in known:
            known[formula] = self._computed(formula)
        return known[formula]

    def _computed(self, formula: Formula) -> Value:
        node = formula.node
        match node:
            case Literal():
                return _literal(node.value)
            case Variable():
                return self._variable(node, formula.need)
            case Logic():
                parts = [self.truth(part) for part in formula.parts]
                return values.and_(parts) if node.operator == "and" else values.or_(parts)
            case Call(function="at_stage", of=Variable(name=name)):
                return self._at_stage(self.metrics[name], formula.need)
            case Item() | Window() | Call() if not isinstance(node, Call) or node.function not in ("abs", "round"):
                of = self.value(formula.parts[0])
                assert isinstance(of, Series)
                return _cut(node, of, formula.need)
        return _by_session(node, [self.value(part) for part in formula.parts])

    def _variable(self, node: Variable, need: int) -> Value:
        if node.type.is_sequence:
            return self.rows.metric(self.metrics[node.name], need)
        return Numbers(self.rows.totals if node.name == TOTAL else self.count, gaps=False)

    def _at_stage(self, metric: int, need: int) -> Series:
        """The newest elements of a metric, as many as the stay has sessions."""
        whole = self.rows.metric(metric, min(need, int(np.max(self.stay, initial=0))))
        return Series(whole.columns, np.minimum(whole.length, self.stay))


_AGGREGATES: Mapping[str, Any] = {
    "mean": values.mean,
    "median": values.median,
    "min": values.smallest,
    "max": values.largest,
    "sum": values.total,
    "std": values.std,
    "all": values.all_,
    "any": values.any_,
}


def _by_session(node: Node, operands: list[Value]) -> Value:
    """What is computed session by session, also where the operands are sequences."""
    match node:
        case Comparison():
            return _texts(node) or _each(lambda a, b: values.compare(node.operator, a, b), *operands)
        case Arithmetic():
            return _each(lambda a, b: values.compute(node.operator, a, b), *operands)
        case Negative():
            return _each(values.negative, *operands)
        case Not():
            return _each(values.not_, *operands)
        case Call(function="abs"):
            return _each(values.absolute, *operands)
        case Call(function="round"):
            return _each(lambda a: values.rounded(a, node.digits), *operands)
    raise AssertionError(f"{type(node).__name__} is no such node")


def _cut(node: Item | Window | Call, of: Series, need: int) -> Value:
    """What is made of a sequence."""
    match node:
        case Item():
            return values.item(of, node.index, conditions=node.type.kind is Kind.BOOLEAN)
        case Window():
            return values.window(of, node.start, node.stop, need)
        case Call(function="present"):
            return values.present(of, need)
        case Call(function="count"):
            return values.count(of, conditions=node.of.type.kind is Kind.BOOLEAN)
    found: Column = _AGGREGATES[node.function](of)
    return found


def _literal(value: float | bool | str) -> Column:
    if isinstance(value, bool):
        return Truths(np.bool_(value))
    return Numbers(np.float64(0.0 if isinstance(value, str) else value), gaps=False)


def _texts(node: Comparison) -> Truths | None:
    """A comparison of two texts, which are known beforehand."""
    left, right = node.left, node.right
    if isinstance(left, Literal) and isinstance(left.value, str) and isinstance(right, Literal):
        return Truths(np.bool_(functions.compare(node.operator, left.value, right.value)))
    return None


def _each(function: Any, *operands: Value) -> Value:
    """A function applied session by session where an operand is a sequence."""
    several = [each for each in operands if isinstance(each, Series)]
    if not several:
        found: Column = function(*operands)
        return found
    width = min(len(each.columns) for each in several)
    rows = [[each.columns[n] if isinstance(each, Series) else each for each in operands] for n in range(width)]
    return Series([function(*row) for row in rows], several[0].length)

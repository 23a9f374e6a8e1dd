"""Whether a condition fires more often than another one, where that can be told from their form."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from math import ceil, floor, isfinite

from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.nodes import Call, Comparison, Logic, Node, Not, names
from autotrain_dsl.expressions.ranges import range_of


class Direction(StrEnum):
    """What has become of a condition: it is true whenever it was (LOOSER), only when it was (TIGHTER), or neither."""

    SAME = "same"
    LOOSER = "looser"
    TIGHTER = "tighter"
    UNKNOWN = "unknown"


_OPPOSITE = {Direction.LOOSER: Direction.TIGHTER, Direction.TIGHTER: Direction.LOOSER}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def direction(old: Node, new: Node) -> Direction:
    """How a condition has changed; UNKNOWN where its form does not tell."""
    if printer.text(old) == printer.text(new):
        return Direction.SAME
    match old, new:
        case Comparison(), Comparison():
            return _compared(old, new)
        case Not(), Not():
            return _opposite(direction(old.of, new.of))
        case Call(), Call() if old.function == new.function and old.function in ("all", "any"):
            return direction(old.of, new.of)
        case Logic(), Logic() if old.operator == new.operator:
            return _joined(old.operator, old.parts, new.parts)
        case Logic(), _:
            return _joined(old.operator, old.parts, (new,))
        case _, Logic():
            return _joined(new.operator, (old,), new.parts)
        case _:
            return Direction.UNKNOWN


def same_form(old: Node, new: Node) -> bool:
    """Whether two conditions differ in nothing but thresholds and the strictness of comparisons."""
    match old, new:
        case Comparison(), Comparison():
            return printer.text(old) == printer.text(new) or _compared(old, new) is not Direction.UNKNOWN
        case Not(), Not():
            return same_form(old.of, new.of)
        case Call(), Call() if old.function == new.function and old.function in ("all", "any"):
            return same_form(old.of, new.of)
        case Logic(), Logic() if old.operator == new.operator and len(old.parts) == len(new.parts):
            return all(map(same_form, old.parts, new.parts))
        case _:
            return printer.text(old) == printer.text(new)


def _compared(old: Comparison, new: Comparison) -> Direction:
    """Two comparisons of the same thing with a number each."""
    before, after = _threshold(old), _threshold(new)
    if before is None or after is None or before[0] != after[0] or before[1][0] != after[1][0]:
        return Direction.UNKNOWN
    (_, was, at), (_, now, later) = before, after
    if at == later:
        return Direction.LOOSER if len(now) > len(was) else Direction.TIGHTER if len(now) < len(was) else Direction.SAME
    lower = later < at
    return Direction.LOOSER if lower is (now[0] == ">") else Direction.TIGHTER


def _threshold(node: Comparison) -> tuple[str, str, float] | None:
    """What is compared, how, and with which number; the number stands on the right."""
    if node.operator not in _MIRRORED:
        return None
    for side, other, operator in (
        (node.left, node.right, node.operator),
        (node.right, node.left, _MIRRORED[node.operator]),
    ):
        value = range_of(other)
        if value.is_single and not names(other) and not range_of(side).is_single:
            whole = range_of(side).integer and isfinite(value.low)
            return printer.text(side), *(_of_integers(operator, value.low) if whole else (operator, value.low))
    return None


def _of_integers(operator: str, value: float) -> tuple[str, float]:
    """The same comparison of a whole number, such that there is only one way to say it: ``> 99`` is ``>= 100``."""
    if operator[0] == ">":
        return ">=", float(floor(value) + 1 if operator == ">" else ceil(value))
    return "<=", float(ceil(value) - 1 if operator == "<" else floor(value))


def _joined(operator: str, old: Iterable[Node], new: Iterable[Node]) -> Direction:
    """Parts of an ``and`` or ``or``: matched where they are the same, then where they can be compared."""
    before = {printer.text(part): part for part in old}
    after = {printer.text(part): part for part in new}
    lost = [part for text, part in before.items() if text not in after]
    gained = [part for text, part in after.items() if text not in before]
    found: set[Direction] = set()
    for part in list(lost):
        told = ((each, direction(part, each)) for each in gained)
        match = next(((each, way) for each, way in told if way is not Direction.UNKNOWN), None)
        if match is not None and isinstance(part, Comparison):
            found |= {match[1]} - {Direction.SAME}
            lost.remove(part)
            gained = [each for each in gained if each is not match[0]]
    if not lost and not gained and not found:
        return Direction.SAME
    if len(before) == len(lost) and len(after) == len(gained):
        return Direction.UNKNOWN  # they have nothing in common
    found |= {Direction.LOOSER if operator == "and" else Direction.TIGHTER} if lost else set()
    found |= {Direction.TIGHTER if operator == "and" else Direction.LOOSER} if gained else set()
    return next(iter(found)) if len(found) == 1 else Direction.UNKNOWN


def _opposite(way: Direction) -> Direction:
    return _OPPOSITE.get(way, way)

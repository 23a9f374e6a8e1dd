"""A checked condition as the body of a lambda of the older system, which decides as the language does.

There a metric is a Python list of numbers and a missing value is NaN, so whatever is missing here is made NaN there: no
comparison with it is true. A condition is written once as one that must be true and, below ``not``, as one that must be
known to be false (``not x >= 1`` is ``x < 1``), so that nothing fires because something is missing. A condition within
a sequence is 1, 0 or NaN.

What is taken for granted of metrics: each has a value (or NaN) in every session, a number is 0 or its size is between
1e-100 and 1e100, and sums of whole numbers stay below 2**53. The older system knows neither ranges nor sessions that
cannot be judged: there an infinite value, or one outside of the range of its metric, is a number like any other, and
``at_stage`` counts the sessions of the stay that were judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf

from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.nodes import (
    NEGATED,
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
    walk,
)
from autotrain_dsl.legacy import extents

_EITHER, _OR, _AND, _COMPARE, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)
_ARITHMETIC = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_IN_ORDER = 8  # numpy adds fewer values than this one after the other, and more of them in pairs
# Brackets within brackets. Python parses 200, older ones 90; some crash on twenty comprehensions within each other.
_MAX_NESTING = 20


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a condition cannot be written, the part of it that is the reason, and a way out."""

    part: Node
    reason: str
    hint: str


def text(node: Node) -> str:
    """The body of the lambda, on one line, for a condition that is not refused.

    It holds names of metrics, numbers and operators; nothing that an author has written as text.
    """
    return _holds(node, wanted=True, place=_Place(first=True)).text


def refused(node: Node) -> Refusal | None:
    """The reason why a condition cannot be written as a lambda that decides alike, if there is one."""
    for part in walk(node):
        if _compares_conditions(part) and any(_compares_conditions(below) for c in children(part) for below in walk(c)):
            reason = "it compares conditions that compare conditions themselves"
            return Refusal(part, reason, "write one of the comparisons with `and`, `or` and `not`")
    if _nesting(text(node)) > _MAX_NESTING:
        reason = f"written out, it has more than {_MAX_NESTING} brackets within each other"
        return Refusal(node, reason, "make it simpler, or split it into two rules")
    return None


@dataclass(frozen=True, slots=True)
class _Code:
    """Python text, and how tightly it binds."""

    text: str
    level: int = _ATOM

    def at(self, level: int) -> str:
        """The text as an operand of something that binds so tightly."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a part is written.

    ``names`` are what parts are called within a comprehension, by identity. ``first``: the part is evaluated whenever
    its comparison is, so that a check of what it needs may stand before that, in ``checks``.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    first: bool = False
    checks: list[str] = field(default_factory=list)


_INSIDE = _Place()


def _compares_conditions(node: Node) -> bool:
    sides = children(node) if isinstance(node, Comparison) and node.left.type.kind is Kind.BOOLEAN else ()
    return bool(sides) and not any(isinstance(side, Literal) for side in sides)


def _nesting(code: str) -> int:
    depth = deepest = 0
    for character in code:
        depth += (character in "([") - (character in ")]")
        deepest = max(deepest, depth)
    return deepest


# Conditions


def _holds(node: Node, *, wanted: bool, place: _Place) -> _Code:
    """A text that is true exactly where a condition is known to be what is wanted."""
    if id(node) in place.names or isinstance(node, Item):
        return _Code(f"{_number(node, place).text} == {int(wanted)}", _COMPARE)
    match node:
        case Literal():
            return _Code(str(node.value is wanted))
        case Not():
            return _holds(node.of, wanted=not wanted, place=place)
        case Logic():
            operator, level = ("and", _AND) if (node.operator == "and") is wanted else ("or", _OR)
            parts = [_holds(part, wanted=wanted, place=place).at(level) for part in node.parts]
            return _Code(f" {operator} ".join(parts), level)
        case Comparison():
            return _comparison(node, wanted=wanted, place=place)
        case Call():
            joined = node.function if wanted else {"all": "any", "any": "all"}[node.function]
            return _Code(f"{joined}({_each(node.of, lambda inner: _holds(node.of, wanted=wanted, place=inner))})")
    raise AssertionError(f"{type(node).__name__} is no condition")


def _comparison(node: Comparison, *, wanted: bool, place: _Place) -> _Code:
    if node.left.type.kind is Kind.BOOLEAN:
        return _comparison_of_conditions(node, wanted=wanted, place=place)
    if isinstance(node.left, Literal) and isinstance(node.right, Literal) and node.left.type.kind is Kind.TEXT:
        return _Code(str(((node.left.value == node.right.value) == (node.operator == "==")) is wanted))
    here = replace(place, checks=[])
    left, right = _number(node.left, here), _number(node.right, here)
    operator = node.operator if wanted else NEGATED[node.operator]
    if operator == "!=" and not (_is_known(node.left) and _is_known(node.right)):
        # NaN differs from everything; the difference of two numbers is 0 only if they are equal.
        code = _Code(f"abs({left.at(_SUM)} - {right.at(_PRODUCT)}) > 0", _COMPARE)
    else:
        code = _Code(f"{left.at(_SUM)} {operator} {right.at(_SUM)}", _COMPARE)
    checks = dict.fromkeys(here.checks)
    return _Code(" and ".join([*checks, code.text]), _AND) if checks else code


def _comparison_of_conditions(node: Comparison, *, wanted: bool, place: _Place) -> _Code:
    alike = (node.operator == "==") is wanted
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(other, Literal):
            return _holds(side, wanted=other.value is alike, place=place)
    left, right = (_outcome(side, place).at(_SUM) for side in (node.left, node.right))
    return _Code(f"{left} == {right}" if alike else f"{left} == 1 - {right}", _COMPARE)


def _outcome(node: Node, place: _Place) -> _Code:
    """A condition as 1, 0 or NaN."""
    if id(node) in place.names:
        return _Code(place.names[id(node)])
    yes, no = (_holds(node, wanted=wanted, place=place) for wanted in (True, False))
    return _Code(f"1 if {yes.at(_OR)} else 0 if {no.at(_OR)} else np.nan", _EITHER)


def _is_known(node: Node) -> bool:
    """Whether a number can never be missing."""
    return isinstance(node, Literal | Variable) and not node.type.is_sequence


# Numbers


def _number(node: Node, place: _Place) -> _Code:
    """A text that is worth what a number is, and NaN where that is missing."""
    if id(node) in place.names:
        return _Code(place.names[id(node)])
    match node:
        case Literal():
            return _literal(node)
        case Variable():
            return _Code(f"metrics.{node.name}")
        case Item():
            return _item(node, place)
        case Negative():
            return _Code(f"-{_number(node.of, place).at(_SIGN)}", _SIGN)
        case Arithmetic():
            return _finite(_arithmetic(node, place), node)
        case Call(function="abs"):
            return _Code(f"abs({_number(node.of, place).text})")
        case Call(function="round"):
            return _Code(f"round(float({_number(node.of, place).text}), {node.digits})")
        case Call(function="count"):
            return _count(node)
        case Call():
            return _finite(_aggregate(node, place), node)
    raise AssertionError(f"{type(node).__name__} is no number")


def _literal(node: Literal) -> _Code:
    value = node.value
    assert isinstance(value, int | float)
    code = printer.number(value) if abs(value) < 1e6 else repr(float(value))
    return _Code(code, _SIGN if code.startswith("-") else _ATOM)


def _item(node: Item, place: _Place) -> _Code:
    sequence, index = _sequence(node.of), node.index
    if index in (-1, 0) and extents.shortest(node.of):
        return _Code(f"{sequence}[{index}]")
    if place.first and _is_cut(node.of):
        place.checks.append(f"len({sequence}) > {index if index >= 0 else -index - 1}")
        return _Code(f"{sequence}[{index}]")
    return _Code(f"({sequence}[{index}:{'' if index == -1 else index + 1}] or [np.nan])[0]")


def _arithmetic(node: Arithmetic, place: _Place) -> _Code:
    left, right = _number(node.left, place), _number(node.right, place)
    level = _ARITHMETIC[node.operator]
    code = _Code(f"{left.at(level)} {node.operator} {right.at(level + 1)}", level)
    if node.operator != "/" or (_is_known(node.right) and extents.least(node.right)):
        return code
    if id(node.right) in place.names:
        return _Code(f"{code.text} if {right.text} != 0 else np.nan", _EITHER)
    if place.first and isinstance(node.right, Item) and _is_cut(node.right.of):
        place.checks.append(f"{right.text} != 0")
        return code
    return _Code(f"[a / b if b != 0 else np.nan for a, b in [({left.text}, {right.text})]][0]")


def _count(node: Call) -> _Code:
    if node.of.type.kind is Kind.BOOLEAN:
        return _Code(f"sum({_each(node.of, lambda place: _outcome(node.of, place))})")
    return _Code(f"len({_sequence(node.of)})")


def _aggregate(node: Call, place: _Place) -> _Code:
    sequence, function = _sequence(node.of), node.function
    if not extents.shortest(node.of):
        if place.first and _is_cut(node.of):
            place.checks.append(f"len({sequence}) > 0")
        else:
            sequence = f"({sequence} or [np.nan])"
    exact = _is_cut(node.of) and _metric(node.of).integer and function != "std"
    if function in ("min", "max", "median") or exact or extents.longest(node.of) < _IN_ORDER:
        return _Code(f"np.{function}({_unwrapped(sequence)})")
    if function == "sum":
        return _Code(f"np.cumsum({_unwrapped(sequence)})[-1]")
    mean = "np.cumsum(v)[-1] / len(v)"
    if function == "mean" and _is_cut(node.of) and not sequence.startswith("("):
        return _Code(mean.replace("(v)", f"({sequence})"), _PRODUCT)
    if function == "mean":
        return _Code(f"[{mean} for v in [{_unwrapped(sequence)}]][0]")
    squares = "[(a - c) * (a - c) for a in v]"
    return _Code(f"[np.sqrt(np.cumsum({squares})[-1] / len(v)) for v in [{_unwrapped(sequence)}] for c in [{mean}]][0]")


def _unwrapped(sequence: str) -> str:
    """Without the brackets around the whole that something else brings along."""
    return sequence[1:-1] if sequence.startswith("(") else sequence


def _finite(code: _Code, node: Node) -> _Code:
    """NaN in place of a result that may be larger than any number."""
    if extents.bound(node) < inf:
        return code
    return _Code(f"[a if abs(a) < np.inf else np.nan for a in [{code.text}]][0]")


# Sequences


def _sequence(node: Node) -> str:
    """A text that is a list with the values of a sequence, NaN where one is missing."""
    match node:
        case Variable():
            return f"metrics.{node.name}"
        case Window():
            start, stop = ("" if bound is None else str(bound) for bound in (node.start, node.stop))
            return f"{_sequence(node.of)}[{start}:{stop}]"
        case Call(function="at_stage"):
            return f"{_sequence(node.of)}[-metrics.session_at_current_stage:]"
        case Call(function="present"):
            return f"[v for v in {_sequence(node.of)} if v == v]"
    element = _outcome if node.type.kind is Kind.BOOLEAN else _number
    return f"[{_each(node, lambda place: element(node, place))}]"


def _each(node: Node, element: Callable[[_Place], _Code]) -> str:
    """``v >= c for c in [...] for v in ...``: an element of what is computed from sequences, for each of them."""
    names: dict[int, str] = {}
    single: dict[str, str] = {}
    several: dict[str, str] = {}
    for part in _operands(node):
        if part.type.is_sequence:
            names[id(part)] = several.setdefault(_sequence(part), _name("v", several))
        else:
            value = _outcome(part, _INSIDE) if part.type.kind is Kind.BOOLEAN else _number(part, _INSIDE)
            names[id(part)] = single.setdefault(value.text, _name("c", single))
    loops = [f"for {', '.join(single.values())} in [{_row(single)}]"] if single else []
    loops.append(f"for {', '.join(several.values())} in {_row(several, 'zip')}")
    return " ".join([element(_Place(names)).text, *loops])


def _name(letter: str, taken: Mapping[str, str]) -> str:
    return f"{letter}{len(taken) + 1}" if taken else letter


def _row(values: Mapping[str, str], name: str = "") -> str:
    return next(iter(values)) if len(values) == 1 else f"{name}({', '.join(values)})"


def _operands(node: Node) -> Iterator[Node]:
    """What a sequence is computed from, element by element: cuts of metrics, and numbers that must be computed once."""
    if not node.type.is_sequence:
        if not _is_known(node):
            yield node
    elif isinstance(node, Variable | Window) or (isinstance(node, Call) and node.function in ("at_stage", "present")):
        yield node
    else:
        for part in children(node):
            yield from _operands(part)


def _is_cut(node: Node) -> bool:
    """Whether a sequence is nothing but some sessions of one metric."""
    return isinstance(node, Variable) or (_cuts(node) and _is_cut(children(node)[0]))


def _cuts(node: Node) -> bool:
    return isinstance(node, Window) or (isinstance(node, Call) and node.function == "at_stage")


def _metric(cut: Node) -> Variable:
    return cut if isinstance(cut, Variable) else _metric(children(cut)[0])

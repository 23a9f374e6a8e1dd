"""The body of a lambda turned into a syntax tree of the language, part by part, with the places of the parts kept.

Python and numpy treat a plain list, an array and a number differently where the language has one meaning. So every part
is known for what it is in Python, and what would mean something else there is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from autotrain_dsl.codes import expressions as expression_codes
from autotrain_dsl.codes import legacy as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions import parser
from autotrain_dsl.expressions.parser import Written
from autotrain_dsl.expressions.scope import SITUATION, Scope
from autotrain_dsl.spelling import suggest

_LARGEST_WHOLE = 2**53  # beyond it not every whole number is a double
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_NUMPY = {
    "mean": "mean", "average": "mean", "median": "median", "min": "min", "max": "max", "amin": "min", "amax": "max",
    "sum": "sum", "std": "std", "abs": "abs", "absolute": "abs", "round": "round", "all": "all", "any": "any",
}  # fmt: skip
_BUILT_IN = {**{name: name for name in ("min", "max", "sum", "abs", "round", "all", "any")}, "len": "count"}
_HINTS: Mapping[type[ast.AST], str] = dict.fromkeys(
    (ast.ListComp, ast.GeneratorExp), "compare the cut as a whole: `all(x[-3:] >= 200)`"
)
_ARRAYS = ("array", "asarray")
_MODULES = ("np", "numpy")


class Is(Enum):
    """What a part is in Python: a list, an array of numbers or of truths, a number of Python or of numpy, a truth."""

    LIST = auto()
    ARRAY = auto()
    TRUTHS = auto()
    NUMBER = auto()
    NUMPY = auto()
    TRUTH = auto()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the body in the language, and what it is in Python."""

    tree: ast.expr
    kind: Is


def source_text(written: Written, tree: ast.expr) -> str:
    """A part of a lambda as it is written, on one line and not too long."""
    return " ".join(written.text.strip()[tree.col_offset : tree.end_col_offset].split())[:80]


class _RefusedError(Exception):
    """A part has no meaning in the language; why is among the findings."""


@dataclass
class Rewriter:
    """Rewrites the body of a lambda whose argument is called ``argument``; ``findings`` says what was refused."""

    written: Written
    scope: Scope
    argument: str
    findings: list[Diagnostic] = field(default_factory=list)

    def rewrite(self, body: ast.expr) -> ast.expr | None:
        """The body in the language, or None where something in it was refused."""
        try:
            return self._part(body).tree
        except _RefusedError:
            return None

    def _part(self, tree: ast.expr) -> Part:
        match tree:
            case ast.Constant():
                return self._constant(tree)
            case ast.Attribute(ast.Name(name)) if name == self.argument:
                return self._metric(tree)
            case ast.BoolOp():
                parts = self._parts(tree.values)
                return _new(ast.BoolOp(tree.op, [part.tree for part in parts]), tree, Is.TRUTH)
            case ast.UnaryOp():
                return self._unary(tree)
            case ast.BinOp():
                return self._arithmetic(tree)
            case ast.Compare():
                return self._comparison(tree)
            case ast.Subscript():
                return self._subscript(tree)
            case ast.Call():
                return self._call(tree)
            case ast.ListComp():
                return self._comprehension(tree)
            case ast.Name():
                raise self._refused(tree, f"the name `{tree.id}` means nothing here", self._way_out)
        raise self._lacking(tree, type(tree))

    def _parts(self, trees: list[ast.expr]) -> list[Part]:
        """Several parts; what is refused is found in all of them."""
        parts, refused = [], None
        for tree in trees:
            try:
                parts.append(self._part(tree))
            except _RefusedError as error:
                refused = error
        if refused is not None:
            raise refused
        return parts

    @property
    def _way_out(self) -> str:
        return (
            f"a condition is made of metrics such as `{self.argument}.x[-1]`, numbers, and functions such as `np.mean`"
        )

    def _refused(self, tree: ast.AST, message: str, hint: str = "") -> _RefusedError:
        self.findings.append(Diagnostic(codes.INEXPRESSIBLE_LAMBDA, self.written.span(tree), message, hint))
        return _RefusedError()

    def _lacking(self, tree: ast.AST, kind: type[ast.AST]) -> _RefusedError:
        message, hint = parser.refusal(kind)
        return self._refused(tree, message, _HINTS.get(kind, hint))

    def _constant(self, tree: ast.Constant) -> Part:
        value = tree.value
        if isinstance(value, bool):
            return _new(ast.Name(str(value).lower(), ast.Load()), tree, Is.TRUTH)
        if not isinstance(value, int | float):
            raise self._refused(tree, "the language does not have values of this kind", "compare numbers only")
        if abs(value) > (_LARGEST_WHOLE if isinstance(value, int) else 1e300):
            raise self._refused(tree, "the number is too large")
        return Part(tree, Is.NUMBER)

    def _metric(self, tree: ast.Attribute) -> Part:
        if tree.attr not in self.scope.variables:
            message, hint = f"unknown metric `{tree.attr}`", suggest(tree.attr, self.scope.variables, "metric")
            self.findings.append(Diagnostic(expression_codes.UNKNOWN_NAME, self.written.span(tree), message, hint))
            raise _RefusedError
        return _new(ast.Name(tree.attr, ast.Load()), tree, Is.NUMBER if tree.attr in SITUATION else Is.LIST)

    def _unary(self, tree: ast.UnaryOp) -> Part:
        if isinstance(tree.op, ast.Invert):
            raise self._lacking(tree, ast.Invert)
        part = self._part(tree.operand)
        if isinstance(tree.op, ast.Not):
            return _new(ast.UnaryOp(tree.op, part.tree), tree, Is.TRUTH)
        if part.kind in (Is.LIST, Is.TRUTH, Is.TRUTHS):
            raise self._refused(tree, "a sign stands before something that is not a number")
        return part if isinstance(tree.op, ast.UAdd) else _new(ast.UnaryOp(tree.op, part.tree), tree, part.kind)

    def _arithmetic(self, tree: ast.BinOp) -> Part:
        if not isinstance(tree.op, _OPERATORS):
            raise self._lacking(tree, type(tree.op))
        left, right = parts = self._parts([tree.left, tree.right])
        self._check_lists(tree, parts)
        kinds = {part.kind for part in parts}
        kind = Is.ARRAY if kinds & {Is.ARRAY, Is.TRUTHS} else Is.NUMPY if Is.NUMPY in kinds else Is.NUMBER
        return _new(ast.BinOp(left.tree, tree.op, right.tree), tree, kind)

    def _comparison(self, tree: ast.Compare) -> Part:
        for operator in tree.ops:
            if not isinstance(operator, _COMPARISONS):
                raise self._lacking(tree, type(operator))
        left, *others = parts = self._parts([tree.left, *tree.comparators])
        for at in range(len(others)):
            self._check_lists(tree, parts[at : at + 2])
        kind = Is.TRUTHS if {Is.ARRAY, Is.TRUTHS} & {part.kind for part in parts} else Is.TRUTH
        return _new(ast.Compare(left.tree, tree.ops, [part.tree for part in others]), tree, kind)

    def _check_lists(self, tree: ast.expr, operands: list[Part]) -> None:
        """Refuse two operands of which one is a plain list and none an array."""
        kinds = {part.kind for part in operands}
        if Is.LIST in kinds and not kinds & {Is.ARRAY, Is.TRUTHS}:
            message = "Python compares or computes with a plain list as a whole, not session by session"
            hint = "take one session (`[-1]`) or a mean; session by session it is `np.array(...)`"
            raise self._refused(tree, message, hint)

    def _subscript(self, tree: ast.Subscript) -> Part:
        match tree:
            case ast.Subscript(ast.Call(func, [of], []), ast.UnaryOp(ast.USub(), ast.Constant(1))) if (
                self._in_numpy(func) == "cumsum"
            ):
                return self._applied(tree, "sum", self._part(of), numpy=True)
            case ast.Subscript(value, ast.Slice(ast.UnaryOp(ast.USub(), stay), None, None)) if self._is_stay(stay):
                part = self._part(value)
                return _new(_called("at_stage", part.tree, tree), tree, part.kind)
        part, index = self._part(tree.value), self._index(tree.slice)
        one = {Is.LIST: Is.NUMBER, Is.ARRAY: Is.NUMPY, Is.TRUTHS: Is.TRUTH}
        kind = part.kind if isinstance(index, ast.Slice) else one.get(part.kind, part.kind)
        return _new(ast.Subscript(part.tree, index, ast.Load()), tree, kind)

    def _is_stay(self, tree: ast.expr) -> bool:
        """Whether a part is the number of sessions in the stage."""
        match tree:
            case ast.Attribute(ast.Name(name), "session_at_current_stage"):
                return name == self.argument
        return False

    def _index(self, tree: ast.expr) -> ast.expr:
        if not isinstance(tree, ast.Slice):
            return self._part(tree).tree
        if tree.step is not None:
            raise self._refused(tree.step, "a slice has a start and an end, no step", "write `x[-5:]`")
        lower, upper = (None if end is None else self._part(end).tree for end in (tree.lower, tree.upper))
        return ast.copy_location(ast.Slice(lower, upper), tree)

    def _comprehension(self, tree: ast.ListComp) -> Part:
        """``[v for v in S if v == v]``: the values that are not missing."""
        match tree:
            case ast.ListComp(
                ast.Name(a),
                [ast.comprehension(ast.Name(b), of, [ast.Compare(ast.Name(c), [ast.Eq()], [ast.Name(d)])], 0)],
            ) if a == b == c == d:
                part = self._part(of)
                if part.kind is Is.LIST:
                    return _new(_called("present", part.tree, tree), tree, Is.LIST)
        raise self._lacking(tree, ast.ListComp)

    def _call(self, tree: ast.Call) -> Part:
        numpy, name = self._in_numpy(tree.func), tree.func.id if isinstance(tree.func, ast.Name) else ""
        known = numpy in (*_NUMPY, *_ARRAYS) or name in (*_BUILT_IN, "float")
        if not known or name == self.argument:
            message = f"the language does not have the function `{source_text(self.written, tree.func)}`"
            raise self._refused(tree.func, message, self._way_out)
        for argument in (*tree.keywords, *tree.args):
            if isinstance(argument, ast.keyword | ast.Starred):
                raise self._lacking(argument, type(argument))
        parts = self._parts(tree.args)
        if numpy in _ARRAYS or name == "float":
            return self._converted(tree, numpy or name, parts)
        function = _NUMPY[numpy] if numpy else _BUILT_IN[name]
        if function == "round":
            return self._rounded(tree, parts, numpy=bool(numpy))
        if len(parts) != 1:
            shown = numpy or name
            raise self._refused(tree, f"`{shown}` takes one argument here, not {len(parts)}", f"`{shown}(x[-5:])`")
        self._check_alike(tree, function, parts[0], numpy=bool(numpy))
        return self._applied(tree, function, parts[0], numpy=bool(numpy))

    def _in_numpy(self, tree: ast.expr) -> str:
        """The name of a function of numpy, empty where it is none."""
        match tree:
            case ast.Attribute(ast.Name(module), name) if module in _MODULES and module != self.argument:
                return name
        return ""

    def _converted(self, tree: ast.Call, name: str, parts: list[Part]) -> Part:
        """``np.array`` and ``float``: the same in the language, another kind in Python."""
        kind = parts[0].kind if len(parts) == 1 else None
        if name == "float" and kind in (Is.NUMBER, Is.NUMPY):
            return Part(parts[0].tree, Is.NUMBER)
        if name in _ARRAYS and kind in (Is.LIST, Is.ARRAY, Is.TRUTHS):
            return Part(parts[0].tree, Is.TRUTHS if kind is Is.TRUTHS else Is.ARRAY)
        wanted = "one number" if name == "float" else "the values of one metric"
        raise self._refused(tree, f"`{name}` takes {wanted} here")

    def _rounded(self, tree: ast.Call, parts: list[Part], *, numpy: bool) -> Part:
        if not 1 <= len(parts) <= 2:
            raise self._refused(tree, f"`round` takes one or two arguments, not {len(parts)}")
        of, *digits = parts
        if digits and (numpy or of.kind is not Is.NUMBER):
            message = "numpy does not round to digits as the language does"
            raise self._refused(tree, message, "leave rounding out, or write `round(float(...), 2)`")
        self._check_alike(tree, "round", of, numpy=numpy)
        kind = self._applied(tree, "round", of, numpy=numpy).kind
        return _new(_called("round", of.tree, tree, *(part.tree for part in digits)), tree, kind)

    def _check_alike(self, tree: ast.Call, function: str, of: Part, *, numpy: bool) -> None:
        """Refuse a call that the language would take for another one."""
        several = of.kind in (Is.LIST, Is.ARRAY, Is.TRUTHS)
        if not numpy and ((function == "abs" and of.kind is Is.LIST) or (function == "round" and several)):
            raise self._refused(tree, f"Python's `{function}` takes one value, not a list", "take one session: `[-1]`")
        if function == "count" and of.kind is Is.TRUTHS:
            message = "the number of comparisons is not that of the true ones"
            raise self._refused(tree, message, "leave the comparison out: `len(x[-5:])`")
        if function == "sum" and of.kind is not Is.TRUTHS and _may_be_empty(of.tree):
            message = "the sum of no sessions is 0 in Python, and missing in the language"
            raise self._refused(tree, message, "take the last sessions: `x[-5:]`")

    def _applied(self, tree: ast.expr, function: str, of: Part, *, numpy: bool) -> Part:
        """A function of the language in place of one of Python or numpy."""
        if function == "sum" and of.kind is Is.TRUTHS:
            function = "count"
        if function in ("all", "any"):
            kind = Is.TRUTH
        elif function in ("abs", "round") and of.kind not in (Is.NUMBER, Is.NUMPY):
            kind = Is.ARRAY
        else:
            plain = of.kind in (Is.LIST, Is.NUMBER) and not numpy
            kind = Is.NUMBER if plain else Is.NUMPY
        return _new(_called(function, of.tree, tree), tree, kind)


def _new(new: ast.expr, old: ast.expr, kind: Is) -> Part:
    return Part(ast.copy_location(new, old), kind)


def _called(name: str, of: ast.expr, tree: ast.expr, *more: ast.expr) -> ast.expr:
    function = ast.copy_location(ast.Name(name, ast.Load()), getattr(tree, "func", tree))
    return ast.copy_location(ast.Call(function, [of, *more], []), tree)


def _may_be_empty(tree: ast.expr) -> bool:
    """Whether a cut can leave no session of a history of at least one."""
    cuts = [part.slice for part in ast.walk(tree) if isinstance(part, ast.Subscript)]
    return any(isinstance(cut, ast.Slice) and not _keeps_one(cut) for cut in cuts)


def _keeps_one(cut: ast.Slice) -> bool:
    match cut:
        case ast.Slice(None | ast.UnaryOp(ast.USub(), ast.Constant()), None):
            return True
        case ast.Slice(None, ast.Constant(int(stop))):
            return stop > 0
    return False

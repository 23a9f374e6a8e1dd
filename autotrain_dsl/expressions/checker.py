"""Names, types and ranges: a syntax tree becomes a checked expression, or a list of what is wrong with it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from autotrain_dsl.codes import expressions as codes
from autotrain_dsl.diagnostics import Code, Diagnostic
from autotrain_dsl.expressions import outcomes, parser, signatures
from autotrain_dsl.expressions.cuts import sunk
from autotrain_dsl.expressions.nodes import (
    BOOLEAN,
    NUMBER,
    TEXT,
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
    Type,
    Window,
    is_deeper,
)
from autotrain_dsl.expressions.outcomes import written_text
from autotrain_dsl.expressions.parser import Written
from autotrain_dsl.expressions.scope import FUNCTIONS, Scope
from autotrain_dsl.source import Span
from autotrain_dsl.spelling import suggest

MAX_EXPANDED = 2_000
MAX_EXPANDED_DEPTH = 100
MAX_BOUND = 10_000

_FUNCTION_TWINS = {
    "avg": "write `mean(...)`",
    "average": "write `mean(...)`",
    "len": "write `count(...)`",
    "length": "write `count(...)`",
    "last": "the last value is `x[-1]`",
    "first": "the first value is `x[0]`",
    "stdev": "write `std(...)`",
    "sd": "write `std(...)`",
}
_COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_COMPUTE = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of checking one expression."""

    node: Node | None
    diagnostics: list[Diagnostic]
    used: frozenset[str]  # constants and derived names that it uses
    size: int  # number of parts with derived names written out


def check(written: Written, scope: Scope, tree: ast.expr | None = None) -> Checked:
    """Check an expression of any type; ``tree`` is its syntax tree where the text is not in the language itself."""
    tree, faults = parser.parse(written) if tree is None else (tree, [])
    if tree is None:
        # What cannot be parsed still mentions names: they are not called unused on top of that.
        mentioned = parser.words(written.text) & {*scope.constants, *scope.derived}
        return Checked(None, faults, frozenset(mentioned), 1)
    checker = _Checker(written, scope)
    node = checker.visit(tree)
    if checker.size > MAX_EXPANDED:
        message = f"with its derived names written out the expression has more than {MAX_EXPANDED:,} parts"
        checker.report(codes.TOO_LARGE, written.place, message, "derive less from derived names")
    elif node is not None and is_deeper(node, MAX_EXPANDED_DEPTH):
        message = f"with its derived names written out the expression has more than {MAX_EXPANDED_DEPTH} levels"
        checker.report(codes.TOO_LARGE, written.place, message, "derive less from derived names")
    found = checker.findings
    return Checked(None if found else node, found, frozenset(checker.used), checker.size)


def check_condition(written: Written, scope: Scope, tree: ast.expr | None = None) -> Checked:
    """Check an expression that must be true or false; ``tree`` as in ``check``."""
    checked = check(written, scope, tree)
    node, found = checked.node, list(checked.diagnostics)
    if node is not None and node.type != BOOLEAN:
        message = f"a condition must be true or false, but this is {node.type}"
        found.append(Diagnostic(codes.NOT_A_CONDITION, node.span, message, _condition_hint(node)))
        node = None
    if node is not None:
        found.extend(outcomes.findings(node))
    return Checked(node, found, checked.used, checked.size)


def _condition_hint(node: Node) -> str:
    if isinstance(node, Comparison) and node.type.is_sequence:
        sequence, other = (node.left, node.right) if node.left.type.is_sequence else (node.right, node.left)
        cut = "" if isinstance(sequence, Window) else "[-3:]"
        whole, limit = written_text(sequence), written_text(other)
        name = written_text(sequence.of) if isinstance(sequence, Window) else whole
        if not other.type.is_sequence:
            return f"write `{name}[-1] {node.operator} {limit}` or `all({whole}{cut} {node.operator} {limit})`"
    if node.type.is_sequence:
        return "take one session (`[-1]`), or `all(...)` or `any(...)` of them"
    return "compare it with something: `... >= 200`"


@dataclass
class _Checker:
    written: Written
    scope: Scope
    findings: list[Diagnostic] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    size: int = 0
    unusable: bool = False  # it names something that is in error where it is defined

    def report(self, code: Code, span: Span, message: str, hint: str = "") -> None:
        self.findings.append(Diagnostic(code, span, message, hint))

    def visit(self, tree: ast.AST) -> Node | None:
        """The checked form of a part, or None where something in it is wrong (and reported)."""
        self.size += 1
        if self.size > MAX_EXPANDED:
            return None  # reported for the whole expression
        match tree:
            case ast.Constant():
                return self._constant(tree)
            case ast.Name():
                return self._name(tree)
            case ast.BoolOp():
                return self._logic(tree)
            case ast.UnaryOp():
                return self._not(tree) if isinstance(tree.op, ast.Not) else self._negative(tree)
            case ast.BinOp():
                return self._arithmetic(tree)
            case ast.Compare():
                return self._comparison(tree)
            case ast.Subscript():
                return self._subscript(tree)
            case ast.Call():
                return self._call(tree)
        raise AssertionError(f"the parser let {type(tree).__name__} pass")

    def _constant(self, tree: ast.Constant) -> Node:
        span = self.written.span(tree)
        if isinstance(tree.value, str):
            return Literal(tree.value, TEXT, span)
        assert isinstance(tree.value, int | float)
        return Literal(float(tree.value), NUMBER, span)

    def _name(self, tree: ast.Name) -> Node | None:
        name, span = tree.id, self.written.span(tree)
        if name in ("true", "false"):
            return Literal(name == "true", BOOLEAN, span)
        if name in self.scope.variables:
            return self.scope.variables[name].variable(name, span)
        if name in self.scope.constants:
            self.used.add(name)
            return Literal(self.scope.constants[name], NUMBER, span)
        if name in self.scope.derived:
            self.used.add(name)
            derived = self.scope.derived[name]
            self.size += derived.size
            self.unusable |= derived.node is None
            if self.size > MAX_EXPANDED:
                return None  # reported for the whole expression
            return _moved(derived.node, span)
        if name in self.scope.unusable:
            self.unusable = True
            return None
        if name in FUNCTIONS:
            self.report(codes.WRONG_TYPE, span, f"`{name}` is a function and needs an argument", f"`{name}(x[-5:])`")
            return None
        self.report(codes.UNKNOWN_NAME, span, f"unknown name `{name}`", suggest(name, self.scope.names(), "name"))
        return None

    def _logic(self, tree: ast.BoolOp) -> Node | None:
        operator = "and" if isinstance(tree.op, ast.And) else "or"
        parts = [self._truth(value, operator) for value in tree.values]
        known = [part for part in parts if part is not None]
        return join(operator, known, self.written.span(tree)) if len(known) == len(parts) else None

    def _truth(self, tree: ast.expr, operator: str) -> Node | None:
        """An operand of `and`, `or` or `not`."""
        node = self.visit(tree)
        if node is not None and node.type != BOOLEAN:
            message = f"`{operator}` joins conditions, but this is {node.type}"
            self.report(codes.WRONG_TYPE, node.span, message, _condition_hint(node))
            return None
        return node

    def _not(self, tree: ast.UnaryOp) -> Node | None:
        of = self._truth(tree.operand, "not")
        return None if of is None else Not(of, BOOLEAN, self.written.span(tree))

    def _negative(self, tree: ast.UnaryOp) -> Node | None:
        of, span = self.visit(tree.operand), self.written.span(tree)
        if of is None or not self._is_number(of, "-"):
            return None
        if isinstance(of, Literal) and isinstance(of.value, float):
            return Literal(-of.value, NUMBER, span)
        return Negative(of, of.type, span)

    def _arithmetic(self, tree: ast.BinOp) -> Node | None:
        left, right = self.visit(tree.left), self.visit(tree.right)
        operator, span = _COMPUTE[type(tree.op)], self.written.span(tree)
        if left is None or right is None:
            return None
        if not (self._is_number(left, operator) and self._is_number(right, operator)):
            return None
        if not self._fits(left, right, operator, span):
            return None
        return Arithmetic(operator, left, right, _combined(Kind.NUMBER, left, right), span)

    def _is_number(self, node: Node, operator: str) -> bool:
        if node.type.kind is Kind.NUMBER:
            return True
        self.report(codes.WRONG_TYPE, node.span, f"`{operator}` computes with numbers, but this is {node.type}")
        return False

    def _fits(self, left: Node, right: Node, operator: str, span: Span) -> bool:
        """Whether two operands are single values, or sequences that were cut in the same way."""
        if not (left.type.is_sequence and right.type.is_sequence) or left.type.shape == right.type.shape:
            return True
        message = f"the two sequences of `{operator}` do not cover the same sessions"
        self.report(codes.WRONG_TYPE, span, message, "cut both in the same way: `x[-5:] - y[-5:]`")
        return False

    def _comparison(self, tree: ast.Compare) -> Node | None:
        sides = [self.visit(side) for side in (tree.left, *tree.comparators)]
        links = [
            self._link(_COMPARE[type(operator)], left, right, tree)
            for operator, left, right in zip(tree.ops, sides, sides[1:], strict=False)
        ]
        known = [link for link in links if link is not None]
        if len(known) < len(links):
            return None
        if len(known) > 1 and any(link.type.is_sequence for link in known):
            hint = "write two comparisons, each within `all(...)` or `any(...)`"
            self.report(codes.WRONG_TYPE, self.written.span(tree), "a chain compares single values only", hint)
            return None
        return known[0] if len(known) == 1 else join("and", known, self.written.span(tree))

    def _link(self, operator: str, left: Node | None, right: Node | None, tree: ast.Compare) -> Node | None:
        if left is None or right is None:
            return None
        single = len(tree.ops) == 1
        span = self.written.span(tree) if single else _between(left.span, right.span)
        if left.type.kind is not right.type.kind:
            message = f"cannot compare {left.type} with {right.type}"
            self.report(codes.WRONG_TYPE, span, message, "compare a metric with a number: `x[-1] >= 200`")
            return None
        if left.type.kind is not Kind.NUMBER and operator not in ("==", "!="):
            message = f"`{operator}` compares numbers, but this is {left.type}"
            self.report(codes.WRONG_TYPE, left.span, message)
            return None
        if not self._fits(left, right, operator, span):
            return None
        return Comparison(operator, left, right, _combined(Kind.BOOLEAN, left, right), span)

    def _subscript(self, tree: ast.Subscript) -> Node | None:
        of, span = self.visit(tree.value), self.written.span(tree)
        if of is not None and not of.type.is_sequence:
            message = f"only a sequence can be indexed, but `{written_text(of)[:80]}` is {of.type}"
            self.report(codes.WRONG_TYPE, of.span, message)
            of = None
        if isinstance(tree.slice, ast.Slice):
            return self._window(of, tree.slice, span)
        index = self._bound(tree.slice)
        if of is None or index is None:
            return None
        return sunk(Item(of, index, Type(of.type.kind), span))

    def _window(self, of: Node | None, tree: ast.Slice, span: Span) -> Node | None:
        start = None if tree.lower is None else self._bound(tree.lower)
        stop = None if tree.upper is None else self._bound(tree.upper)
        missing = (tree.lower is not None and start is None) or (tree.upper is not None and stop is None)
        if of is None or missing or tree.step is not None:
            return None
        if _always_empty(start, stop):
            message = f"the slice `{span.text}` is always empty"
            self.report(codes.BAD_WINDOW, span, message, "the start comes before the end: `x[-5:-1]`")
            return None
        assert of.type.shape is not None
        shape = of.type.shape if start is None and stop is None else (*of.type.shape, f"[{start}:{stop}]")
        return sunk(Window(of, start, stop, Type(of.type.kind, shape), span))

    def _bound(self, tree: ast.expr) -> int | None:
        """The whole number that an index or an end of a slice stands for."""
        self.size += 1
        span, faults = self.written.span(tree), len(self.findings)
        value = self._whole_number(tree)
        if value is None:
            if len(self.findings) == faults and not self.unusable:
                hint = "write a whole number or a constant that is one: `x[-5:]`, `x[-window:]`"
                self.report(codes.BAD_WINDOW, span, f"`{span.text}` is not a whole number known beforehand", hint)
            return None
        if value == 0 and isinstance(tree, ast.UnaryOp):
            message = f"`{span.text}` is 0 counted from the front, not from the end"
            self.report(codes.BAD_WINDOW, span, message, "the last session is `x[-1]`, the last five `x[-5:]`")
            return None
        if abs(value) > MAX_BOUND:
            self.report(codes.BAD_WINDOW, span, f"`{span.text}` is more than {MAX_BOUND:,} sessions away")
            return None
        return value

    def _whole_number(self, tree: ast.expr) -> int | None:
        match tree:
            case ast.Constant(value=int(value)) if not isinstance(value, bool):
                return min(value, MAX_BOUND + 1)
            case ast.Name(id=name) if name in self.scope.constants:
                self.used.add(name)
                constant = self.scope.constants[name]
                return int(max(-MAX_BOUND - 1, min(constant, MAX_BOUND + 1))) if constant.is_integer() else None
            case ast.Name() | ast.Call():
                self.visit(tree)  # reports unknown names and functions
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                of = self._whole_number(operand)
                return None if of is None else -of
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as operator, right=right):
                a, b = self._whole_number(left), self._whole_number(right)
                if a is None or b is None:
                    return None
                return {"+": a + b, "-": a - b, "*": a * b}[_COMPUTE[type(operator)]]
        return None

    def _call(self, tree: ast.Call) -> Node | None:
        assert isinstance(tree.func, ast.Name)
        name, span = tree.func.id, self.written.span(tree)
        if name not in FUNCTIONS:
            hint = suggest(name, FUNCTIONS, "function")
            hint = _FUNCTION_TWINS.get(name, hint)
            if name in self.scope.names():
                known = self.scope.variables.get(name)
                way_out = (
                    f"take a value with `{name}[-1]`" if known and known.type.is_sequence else "leave the brackets out"
                )
                hint = f"`{name}` is no function: {way_out}"
            self.report(codes.UNKNOWN_FUNCTION, self.written.span(tree.func), f"unknown function `{name}`", hint)
            for argument in tree.args:
                self.visit(argument)
            return None
        most = 2 if name == "round" else 1
        arguments = [self.visit(argument) for argument in tree.args[:1]]
        if not 1 <= len(tree.args) <= most:
            message = f"`{name}` takes {'one or two arguments' if most == 2 else 'one argument'}, not {len(tree.args)}"
            hint = "" if name in ("abs", "round") else f"give it one sequence: `{name}(x[-5:])`"
            self.report(codes.WRONG_ARGUMENTS, span, message, hint)
            return None
        digits = self._digits(tree.args[1]) if len(tree.args) == 2 else 0
        of = arguments[0]
        return None if of is None or digits is None else self._applied(name, of, digits, span)

    def _digits(self, tree: ast.expr) -> int | None:
        digits = self._bound(tree)
        if digits is not None and not 0 <= digits <= 15:
            self.report(codes.WRONG_ARGUMENTS, self.written.span(tree), "`round` takes 0 to 15 digits")
            return None
        return digits

    def _applied(self, name: str, of: Node, digits: int, span: Span) -> Node | None:
        if (wanted := signatures.unmet(name, of.type)) is not None:
            message = f"`{name}` takes {wanted}, but `{written_text(of)[:80]}` is {of.type}"
            self.report(codes.WRONG_TYPE, of.span, message, signatures.argument_hint(name, of))
            return None
        call = Call(name, of, signatures.result_type(name, of), span, digits)
        return sunk(call) if name == "at_stage" else call


def join(operator: str, parts: list[Node], span: Span) -> Node:
    """``and`` or ``or`` of conditions; what is already joined in the same way is not nested."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Logic) and part.operator == operator else (part,))
    return flat[0] if len(flat) == 1 else Logic(operator, tuple(flat), BOOLEAN, span)


def _combined(kind: Kind, left: Node, right: Node) -> Type:
    return Type(kind, left.type.shape if left.type.is_sequence else right.type.shape)


def _between(left: Span, right: Span) -> Span:
    if left.source is not right.source or right.end < left.start:
        return left
    return Span(left.source, left.start, right.end)


def _moved(node: Node | None, span: Span) -> Node | None:
    """A derived expression as seen from where it is used: findings about it point there."""
    return None if node is None else replace(node, span=span)


def _always_empty(start: int | None, stop: int | None) -> bool:
    if stop == 0:
        return True
    if start is None or stop is None:
        return False
    return (start < 0) == (stop < 0) and start >= stop

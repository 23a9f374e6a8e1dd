"""Text to Python syntax tree, refusing everything that is not in the language.

Python's own parser reads the text; it never compiles or runs it. This is the first of two walls: what passes here is
checked for types next, and evaluated by a stripped SimpleEval that knows no other nodes either.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from autotrain_dsl.codes import expressions as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.source import Span

MAX_CHARACTERS = 1_000
MAX_NODES = 200
MAX_DEPTH = 20

_ALLOWED = (
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div,
    ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Call, ast.Name, ast.Load, ast.Constant,
    ast.Subscript, ast.Slice,
)  # fmt: skip
_OPERANDS = (ast.expr, ast.comprehension)
_REFUSED = {
    ast.Attribute: "attributes (a dot after a name)",
    ast.Lambda: "lambda",
    ast.IfExp: "if-else",
    ast.NamedExpr: "assignment",
    ast.JoinedStr: "f-strings",
    ast.FormattedValue: "f-strings",
    ast.ListComp: "comprehensions",
    ast.SetComp: "comprehensions",
    ast.DictComp: "comprehensions",
    ast.GeneratorExp: "comprehensions",
    ast.List: "lists",
    ast.Tuple: "commas outside of a function",
    ast.Set: "sets",
    ast.Dict: "mappings",
    ast.Starred: "the star",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.Pow: "the power operator `**`",
    ast.Mod: "the remainder operator `%`",
    ast.FloorDiv: "whole-number division `//`",
    ast.MatMult: "the operator `@`",
    ast.BitAnd: "the operator `&`",
    ast.BitOr: "the operator `|`",
    ast.BitXor: "the operator `^`",
    ast.LShift: "the operator `<<`",
    ast.RShift: "the operator `>>`",
    ast.Invert: "the operator `~`",
    ast.UAdd: "a leading `+`",
    ast.In: "`in`",
    ast.NotIn: "`not in`",
    ast.Is: "`is`",
    ast.IsNot: "`is not`",
    ast.keyword: "named arguments",
}
_HINTS = {
    ast.BitAnd: "write `and`",
    ast.BitOr: "write `or`",
    ast.Invert: "write `not`",
    ast.Is: "write `==`",
    ast.IsNot: "write `!=`",
    ast.NamedExpr: "write `==` to compare",
    ast.Attribute: "functions stand in front: `mean(x[-5:])`; one value is `x[-1]`",
    ast.Tuple: "write 0.5 with a point, 1000 without a comma, and `and` between two conditions",
    ast.Pow: "multiply instead: `x * x`",
    ast.In: "compare with `==` and join with `or`",
    ast.IfExp: "write two rules, or `all:` / `any:`",
}
_LANGUAGE = "the language has comparisons, `and or not`, `+ - * /`, `x[-1]`, `x[-5:]` and its functions"
_SLIPS = (
    (re.compile(r"=>"), "write `>=`"),
    (re.compile(r"=<"), "write `<=`"),
    (re.compile(r"<>"), "write `!=`"),
    (re.compile(r"[<>=!] ="), "write the two signs without the space"),
    (re.compile(r"(?<![<>=!:])=(?!=)"), "to compare write `==`"),
    (re.compile(r"&&"), "write `and`"),
    (re.compile(r"\|\|"), "write `or`"),
    (re.compile(r"!(?!=)"), "write `not`"),
    (re.compile(r"\b(AND|OR|NOT)\b"), "write `and`, `or`, `not` in small letters"),
    (re.compile(r"[0-9.]+%"), "write a share as a number from 0 to 1: 0.6, not 60%"),
    (re.compile(r"\?"), "there is no `?`; write two rules"),
    (re.compile(r";"), "one expression only; write `and` between two conditions"),
)
_STRAIGHT = "write straight quotes"
_TWINS = {
    "#": "a comment stands behind the value, outside of its quotes",
    "\u2265": "write `>=`",
    "\u2264": "write `<=`",
    "\u2260": "write `!=`",
    "\u2212": "write `-`",
    "\u2013": "write `-`",
    "\u2014": "write `-`",
    "\u00d7": "write `*`",
    "\u00a0": "it looks like a space: type a plain one",
    **dict.fromkeys("\u2018\u2019\u201c\u201d", _STRAIGHT),
}
_PLAIN_TEXT = re.compile(r"""'[^']*'|"[^"]*\"""")
_PLAIN_NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?|\.[0-9]+([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Written:
    """An expression as it stands in a file: its text, and the place of the YAML value that holds it."""

    text: str
    place: Span

    def span(self, node: ast.AST) -> Span:
        """Where a part of the expression stands."""
        shift = len(self.text) - len(self.text.lstrip())
        start = getattr(node, "col_offset", 0) + shift
        end = (getattr(node, "end_col_offset", None) or len(self.text.strip())) + shift
        return self.part(start, end)

    def part(self, start: int, end: int) -> Span:
        """Where the characters ``start`` to ``end`` of the text stand; the whole place where that cannot be told."""
        if end > len(self._offsets) or start >= end:
            return self.place
        return Span(self.place.source, self._offsets[start], self._offsets[end - 1] + 1)

    @cached_property
    def _offsets(self) -> list[int]:
        return self.place.offsets(self.text)


def parse(written: Written) -> tuple[ast.expr | None, list[Diagnostic]]:
    """The syntax tree of an expression, or None and what stands in the way."""
    tree, faults = read(written)
    if tree is not None:
        faults = list(_refused(written, tree))
    return (None if faults else tree), faults


def read(written: Written, most: int = MAX_CHARACTERS) -> tuple[ast.expr | None, list[Diagnostic]]:
    """The syntax tree of a text of at most ``most`` characters, whether or not the language has what is in it.

    The tree is of bounded size and depth. None, and what stands in the way, where there is no such tree.
    """
    if fault := _unfit_text(written, most):
        return None, [fault]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = ast.parse(_one_line(written.text), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError, Warning) as error:
        return None, [_unreadable(written, error)]
    if fault := _too_large(written, tree):
        return None, [fault]
    return tree, []


def refusal(kind: type[ast.AST]) -> tuple[str, str]:
    """What the language does not have, where it does not have a kind of node, and a way out."""
    message = f"the language does not have {_REFUSED.get(kind, 'such a construct')}"
    return message, _HINTS.get(kind, _LANGUAGE)


def words(text: str) -> set[str]:
    """Every word in a text that could be a name, whether or not the text can be parsed."""
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))


def _one_line(text: str) -> str:
    return re.sub(r"\s", " ", text).strip()


def _unfit_text(written: Written, most: int) -> Diagnostic | None:
    text = written.text
    if not text.strip():
        return Diagnostic(codes.SYNTAX, written.place, "the expression is empty", "write a condition")
    if len(text) > most:
        message = f"an expression of {len(text):,} characters; at most {most:,} are allowed"
        return Diagnostic(codes.TOO_LARGE, written.place, message, "split it with `derived` names")
    for at, character in enumerate(text):
        if not (" " <= character <= "~" or character in "\n\r\t") or character in "#\\":
            span = written.part(at, at + 1)
            shown = f"`{character}` " if character.isprintable() else ""
            message = f"the character {shown}(U+{ord(character):04X}) cannot stand in an expression"
            return Diagnostic(
                codes.NOT_IN_LANGUAGE, span, message, _TWINS.get(character, "take plain ASCII characters")
            )
    return None


def _unreadable(written: Written, error: Exception) -> Diagnostic:
    shift = len(written.text) - len(written.text.lstrip())
    offset = shift + max((getattr(error, "offset", None) or len(written.text)) - 1, 0)
    for slip, hint in _SLIPS:
        if match := slip.search(written.text):
            span = written.part(match.start(), match.end())
            return Diagnostic(codes.SYNTAX, span, f"`{match.group()}` does not belong in an expression", hint)
    if isinstance(error, MemoryError | RecursionError):
        return Diagnostic(codes.TOO_LARGE, written.place, "the expression is nested too deeply")
    message, hint = _explained(str(getattr(error, "msg", error)))
    offset = min(offset, len(written.text.rstrip()) - 1)
    return Diagnostic(codes.SYNTAX, written.part(offset, offset + 1), message, hint)


def _explained(problem: str) -> tuple[str, str]:
    """Python's message about its own syntax, said for the language's."""
    if "never closed" in problem:
        return f"the bracket {problem.split(maxsplit=1)[0]} is never closed", "add the closing bracket"
    if "unmatched" in problem:
        return f"the bracket {problem.rsplit(maxsplit=1)[-1]} was never opened", "remove it, or add the opening one"
    if "too many nested" in problem:
        return "too many brackets inside each other", "split the expression with `derived` names"
    if "unterminated string" in problem:
        return "a quotation mark is never closed", ""
    if "leading zeros" in problem or "invalid decimal" in problem:
        return "a number is not written in plain decimal digits", "write 10, not 010; write 2 * x, not 2x"
    return "the expression cannot be read from here on", "is a name, a value or an operator missing?"


def _too_large(written: Written, tree: ast.expr) -> Diagnostic | None:
    count, depth = 0, 0
    level: list[ast.AST] = [tree]
    while level:
        depth += 1
        count += len(level)
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, _OPERANDS)]
        if count > MAX_NODES or depth > MAX_DEPTH:
            bound = (
                f"{MAX_NODES} parts" if count > MAX_NODES else f"{MAX_DEPTH} operations or brackets inside each other"
            )
            message = f"the expression has more than {bound}"
            return Diagnostic(codes.TOO_LARGE, written.place, message, "split it with `derived` names")
    return None


def _refused(written: Written, tree: ast.AST) -> Iterator[Diagnostic]:
    """What the language does not have; below a refused part nothing more is reported."""
    if not isinstance(tree, _ALLOWED):
        yield Diagnostic(codes.NOT_IN_LANGUAGE, written.span(tree), *refusal(type(tree)))
        return
    if isinstance(tree, ast.Constant):
        yield from _refused_constant(written, tree)
    elif isinstance(tree, ast.Call) and not isinstance(tree.func, ast.Name | ast.Attribute):
        message = "only a function of the language can be called"
        yield Diagnostic(codes.NOT_IN_LANGUAGE, written.span(tree.func), message, _LANGUAGE)
        return
    elif isinstance(tree, ast.Slice) and tree.step is not None:
        message = "a slice has a start and an end, no step"
        yield Diagnostic(codes.NOT_IN_LANGUAGE, written.span(tree.step), message, "write `x[-5:]`")
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.operator | ast.unaryop | ast.cmpop) and not isinstance(child, _ALLOWED):
            yield Diagnostic(codes.NOT_IN_LANGUAGE, written.span(tree), *refusal(type(child)))
            return
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.operator | ast.unaryop | ast.cmpop):
            yield from _refused(written, child)


def _refused_constant(written: Written, node: ast.Constant) -> Iterator[Diagnostic]:
    span, value = written.span(node), node.value
    if isinstance(value, bool) or value is None:
        hint = "" if value is None else f"write `{str(value).lower()}`"
        yield Diagnostic(codes.NOT_IN_LANGUAGE, span, f"the language has no `{value}`", hint)
    elif isinstance(value, int | float):
        text = _one_line(written.text)[node.col_offset : node.end_col_offset]
        if not _PLAIN_NUMBER.fullmatch(text):
            message = f"the number `{text[:40]}` is not written in plain decimal digits"
            yield Diagnostic(codes.NOT_IN_LANGUAGE, span, message, "write it like 200 or 0.65")
        elif abs(value) > 1e300:
            yield Diagnostic(codes.NOT_IN_LANGUAGE, span, "the number is too large")
    elif not isinstance(value, str) or not _PLAIN_TEXT.fullmatch(
        _one_line(written.text)[node.col_offset : node.end_col_offset]
    ):
        yield Diagnostic(codes.NOT_IN_LANGUAGE, span, "the language does not have values of this kind", _LANGUAGE)

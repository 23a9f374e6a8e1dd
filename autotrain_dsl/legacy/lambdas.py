"""Conditions of the older system, Python lambdas, read as expressions of the language. Nothing is ever run.

What is read decides as the lambda does wherever that gives an answer. Where Python would stop with an error, or find no
finite number (a session that is not there, the mean of nothing, a division by zero), a comparison is unknown in the
language. From eight values on numpy adds in another order, which can be seen in the last bit of a mean.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, replace

from autotrain_dsl.codes import expressions as expression_codes
from autotrain_dsl.codes import legacy as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions import checker, parser
from autotrain_dsl.expressions.nodes import Logic, Node, Not, names
from autotrain_dsl.expressions.parser import Written
from autotrain_dsl.expressions.ranges import truth_of
from autotrain_dsl.expressions.scope import SITUATION, Scope
from autotrain_dsl.legacy.rewriting import Rewriter, source_text

MAX_CHARACTERS = 4_096


@dataclass(frozen=True, slots=True)
class Condition:
    """What a lambda says; ``node`` is None where it cannot be read or cannot be said in the language.

    ``always`` says that it is true whatever the data, missing or not; the finding about that is among the others.
    """

    node: Node | None
    always: bool
    diagnostics: list[Diagnostic]


def read(written: Written, scope: Scope) -> Condition:
    """Read the text of a lambda; ``scope`` holds the metrics and the numbers of the situation."""
    tree, faults = parser.read(written, MAX_CHARACTERS)
    if tree is None:
        return Condition(None, always=False, diagnostics=[_recoded(fault) for fault in faults])
    if fault := _unfit(written, tree) or _joined_otherwise(written, tree):
        return Condition(None, always=False, diagnostics=[fault])
    assert isinstance(tree, ast.Lambda)
    rewriter = Rewriter(written, scope, tree.args.args[0].arg)
    body = rewriter.rewrite(tree.body)
    if body is None:
        return Condition(None, always=False, diagnostics=rewriter.findings)
    checked = checker.check_condition(written, scope, body)
    found = [
        replace(each, message=_unescaped(each.message), hint=_unescaped(each.hint)) for each in checked.diagnostics
    ]
    if checked.node is None or not _always(checked.node):
        return Condition(checked.node, always=False, diagnostics=found)
    errors = [finding for finding in found if finding.is_error]
    return Condition(checked.node, always=True, diagnostics=[*errors, _always_true(written, tree.body)])


def _recoded(fault: Diagnostic) -> Diagnostic:
    syntax = fault.code is expression_codes.SYNTAX
    return replace(fault, code=codes.UNREADABLE_LAMBDA if syntax else codes.INEXPRESSIBLE_LAMBDA)


def _unfit(written: Written, tree: ast.expr) -> Diagnostic | None:
    """Why a text is not a lambda of one plain argument."""
    if not isinstance(tree, ast.Lambda):
        message = "the condition is not a lambda"
        return Diagnostic(codes.UNREADABLE_LAMBDA, written.place, message, "it looks like `lambda metrics: ...`")
    given = tree.args
    defaults = [default for default in (*given.defaults, *given.kw_defaults) if default is not None]
    if defaults:
        message, hint = "the language does not have default values of arguments", "write the value where it is used"
        return Diagnostic(codes.INEXPRESSIBLE_LAMBDA, written.span(defaults[0]), message, hint)
    if len(given.args) != 1 or given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg:
        message = "a condition has one argument, the metrics"
        return Diagnostic(codes.INEXPRESSIBLE_LAMBDA, written.place, message, "it looks like `lambda metrics: ...`")
    return None


def _joined_otherwise(written: Written, tree: ast.expr) -> Diagnostic | None:
    """Whether the text says something else to the older system, which takes line breaks out and puts nothing there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            joined = ast.parse(written.text.replace("\n", "").lstrip(" \t"), mode="eval").body
            if ast.dump(joined) == ast.dump(tree):
                return None
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            pass
    seam = re.search(r"\S\n+\S", written.text)
    span = written.part(*seam.span()) if seam else written.place
    message = "the older system joins the lines without a space, and reads something else than what stands here"
    return Diagnostic(codes.UNREADABLE_LAMBDA, span, message, "begin every line with a space")


def _unescaped(text: str) -> str:
    """A message that quotes a part of the file, where line breaks are escapes."""
    return re.sub(r"(\\[nrt]|\s)+", " ", text)


def _always(node: Node) -> bool | None:
    """The outcome that a condition has even where metrics are missing; None where there is no such one."""
    match node:
        case Not():
            of = _always(node.of)
            return None if of is None else not of
        case Logic():
            parts, decisive = [_always(part) for part in node.parts], node.operator == "or"
            return decisive if decisive in parts else None if None in parts else not decisive
        case _:
            return truth_of(node) if names(node) <= set(SITUATION) else None


def _always_true(written: Written, body: ast.expr) -> Diagnostic:
    message = f"`{source_text(written, body)}` is always true"
    return Diagnostic(codes.ALWAYS_TRUE, written.span(body), message, "the new file says `otherwise: true`")

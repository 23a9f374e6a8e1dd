"""Whether the words with which a rule is described fit to how it is written."""

from __future__ import annotations

import re

from autotrain_dsl.codes import legacy as codes
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions.nodes import Logic, Node, Not, walk
from autotrain_dsl.expressions.parser import Written

# "200 or more" joins no conditions.
_CONNECTIVE = re.compile(
    r"\b(and|or)\b(?! (more|less|fewer|higher|lower|greater|smaller|above|below|better|worse|later|equal)\b)", re.I
)


def contradiction(because: Written, node: Node) -> Diagnostic | None:
    """The finding that a rule is described with ``or`` and joins only with ``and``, or the other way round.

    Nothing can be told where both words stand, or where a ``not`` turns one into the other.
    """
    parts = list(walk(node))
    written = {part.operator for part in parts if isinstance(part, Logic)}
    words = list(_CONNECTIVE.finditer(because.text))
    described = {word[1].lower() for word in words}
    if len(written) != 1 or len(described) != 1 or written == described or any(isinstance(part, Not) for part in parts):
        return None
    said, meant = described.pop(), written.pop()
    message = f"the rule is described with `{said}`, but written with `{meant}`"
    hint = f"the new file keeps what is written, `{meant}`"
    return Diagnostic(codes.CONTRADICTING_DESCRIPTION, because.part(*words[0].span(1)), message, hint)

"""What the functions of the language take and give."""

from __future__ import annotations

from autotrain_dsl.expressions.nodes import BOOLEAN, NUMBER, Comparison, Item, Kind, Node, Type
from autotrain_dsl.expressions.outcomes import written_text


def unmet(name: str, given: Type) -> str | None:
    """What a function takes, where that is not what it is given."""
    if name in ("abs", "round"):
        return None if given.kind is Kind.NUMBER else "a number"
    if name in ("count", "present"):
        return None if given.is_sequence else "a sequence"
    if name == "at_stage":
        return None if given.shape == () else "the whole sequence of a metric"
    wanted = Kind.BOOLEAN if name in ("all", "any") else Kind.NUMBER
    return None if given.is_sequence and given.kind is wanted else str(Type(wanted, ()))


def argument_hint(name: str, of: Node) -> str:
    """A way out for an argument that a function does not take."""
    if name == "at_stage" and of.type.is_sequence:
        return "take `at_stage` first and cut then: `at_stage(x)[-5:]`"
    if name in ("all", "any") and of.type.is_sequence:
        return f"compare within the brackets: `{name}({written_text(of)} >= ...)`"
    if of.type.kind is Kind.BOOLEAN and of.type.is_sequence:
        return "`count(...)` counts how many are true"
    if name in ("all", "any") and isinstance(of, Comparison) and isinstance(of.left, Item) and of.left.index < -1:
        window = f"{written_text(of.left.of)}[{of.left.index}:]"
        return f"for the last {-of.left.index} sessions write a colon: `{window}`"
    if name in ("all", "any") and of.type.kind is Kind.BOOLEAN:
        return f"this is one answer already: leave `{name}(...)` out"
    if name in ("abs", "round"):
        return ""
    if not isinstance(of, Item) and not of.type.is_sequence:
        return f"this is one value already: leave `{name}(...)` out"
    if isinstance(of, Item):
        last = of.index if of.index < -1 else -5
        return f"give it several sessions: `{name}({written_text(of.of)}[{last}:])`"
    return "give it a sequence: `x[-5:]`"


def result_type(name: str, of: Node) -> Type:
    """The type of what a function gives for an argument that it takes."""
    if name in ("all", "any"):
        return BOOLEAN
    if name in ("abs", "round"):
        return of.type
    if name == "at_stage":
        return Type(of.type.kind, ("at_stage",))
    if name == "present":
        return Type(of.type.kind, (f"present({written_text(of)})",))
    return NUMBER

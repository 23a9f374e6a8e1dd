"""Conditions in words: ``mean(at_stage(x)[-5:]) >= 0.7`` as a sentence that one can read aloud."""

from __future__ import annotations

from collections.abc import Mapping

from autotrain_dsl.expressions import printer
from autotrain_dsl.expressions.nodes import (
    NEGATED,
    Arithmetic,
    Call,
    Comparison,
    Item,
    Literal,
    Logic,
    Negative,
    Node,
    Not,
    Variable,
    Window,
)
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Metric, Transition, Trigger
from autotrain_dsl.render.diagram import clean, cut
from autotrain_dsl.spelling import counted

_COMPARED = {
    ">=": "is at least", ">": "is more than", "<=": "is at most", "<": "is less than", "==": "is exactly",
    "!=": "is anything but",
}  # fmt: skip
_NUMBERS = {
    "session_total": "the number of the session",
    "session_at_current_stage": "the number of sessions at the stage",
}
_AGGREGATES = {
    "mean": "the mean of {}", "median": "the median of {}", "min": "the lowest of {}", "max": "the highest of {}",
    "sum": "the sum of {}", "std": "the standard deviation of {}", "abs": "the size of {}", "count": "the number of {}",
    "present": "the values there are of {}",
}  # fmt: skip
_SIGNS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_MOST = 2_000  # characters: written out, a condition may be much longer than its file


def condition(rule: Transition, graph: StateGraph) -> str:
    """When a rule fires, in words."""
    if rule.trigger is Trigger.MANUAL:
        return "when a person says so"
    if rule.program is None:
        return "in any other case"
    return cut(clean(f"when {_Words(graph.task.metrics).truth(rule.program.node)}"), _MOST)


class _Words:
    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self.metrics = metrics

    def truth(self, node: Node, *, inside: bool = False) -> str:
        """A condition; ``inside`` another one it is put in brackets where it would be read otherwise."""
        match node:
            case Logic():
                parts = [self.truth(part, inside=True) for part in node.parts]
                joined = f" {node.operator} ".join(parts) if len(parts) == 2 else _listed(parts, node.operator)
                return f"({joined})" if inside else joined
            case Not(of=Comparison() as of) if not of.type.is_sequence:
                return self._compared(of, NEGATED[of.operator])
            case Not():
                return f"not {self.truth(node.of, inside=True)}"
            case Comparison():
                return self._compared(node, node.operator)
            case Call(function="all" | "any") if isinstance(node.of, Comparison):
                which = "every one" if node.function == "all" else "at least one"
                return f"in {which} of {self._sessions(node.of)} {self._each(node.of)}"
            case Literal():
                return "always" if node.value else "never"
            case _:
                return f"`{printer.text(node)}`"

    def _compared(self, node: Comparison, operator: str) -> str:
        return f"{self.value(node.left)} {_COMPARED[operator]} {self.value(node.right)}"

    def value(self, node: Node) -> str:
        """A number, or several."""
        match node:
            case Literal() | Variable():
                return self._name(node)
            case Item(index=-1) if self._plain(node.of):
                return f"{self._title(node.of)} in the last session{self._where(node.of)}"
            case Item(index=index) if self._plain(node.of) and index < 0:
                back = counted(-index - 1, "session")
                return f"{self._title(node.of)} {back} before the last{self._where(node.of)}"
            case Window() if self._plain(node):
                return f"{self._title(node)} over {self._sessions(node)}"
            case Call(function="round"):
                return f"{self.value(node.of)}, rounded to {counted(node.digits, 'decimal')},"
            case Call(function="count", of=Comparison() as of):
                return f"the number of {self._sessions(of)} in which {self._each(of)}"
            case Call(function="count"):
                return f"the number of values of {self.value(node.of)}"
            case Call(function="at_stage"):
                return f"{self.value(node.of)} at the stage"
            case Call() if node.function in _AGGREGATES:
                return _AGGREGATES[node.function].format(self.value(node.of))
            case Arithmetic():
                return f"({self.value(node.left)} {_SIGNS[node.operator]} {self.value(node.right)})"
            case Negative():
                return f"minus {self.value(node.of)}"
            case _:
                return f"`{printer.text(node)}`"

    def _name(self, node: Literal | Variable) -> str:
        if isinstance(node, Literal):
            return printer.text(node)
        return _NUMBERS.get(node.name) or (f"{self._metric(node.name)} of all sessions")

    def _metric(self, name: str) -> str:
        title = self.metrics[name].title if name in self.metrics else name
        return title[:1].lower() + title[1:] if title[1:2].islower() else title

    def _plain(self, node: Node) -> bool:
        """Whether a sequence is a metric, cut and kept to the stage at most once."""
        match node:
            case Window(of=of, start=start, stop=stop):
                return (
                    start is not None and start < 0 and stop is None and self._plain(of) and not isinstance(of, Window)
                )
            case Call(function="at_stage" | "present", of=of):
                return self._plain(of)
            case Variable():
                return node.name in self.metrics
            case _:
                return False

    def _title(self, node: Node) -> str:
        match node:
            case Variable():
                return self._metric(node.name)
            case Item() | Window() | Call():
                return self._title(node.of)
            case _:
                return f"`{printer.text(node)}`"

    def _where(self, node: Node) -> str:
        match node:
            case Call(function="at_stage"):
                return " at the stage"
            case Call(function="present"):
                return f"{self._where(node.of)}, missing ones left out"
            case Window():
                return self._where(node.of)
            case _:
                return ""

    def _sessions(self, node: Node) -> str:
        """Which sessions a sequence is about."""
        match node:
            case Comparison():
                side = node.left if node.left.type.is_sequence else node.right
                return self._sessions(side)
            case Window(start=int(start)) if self._plain(node):
                return f"the last {counted(-start, 'session')}{self._where(node)}".replace(
                    "last 1 session", "last session"
                )
            case Variable():
                return "all sessions"
            case Call(function="at_stage", of=Variable()):
                return "all sessions at the stage"
            case _:
                return f"the sessions in `{printer.text(node)}`"

    def _each(self, node: Comparison) -> str:
        """What is said of each of several sessions."""
        left = self._title(node.left) if self._plain(node.left) else self.value(node.left)
        right = self._title(node.right) if self._plain(node.right) else self.value(node.right)
        return f"{left} {_COMPARED[node.operator]} {right}"


def _listed(parts: list[str], word: str) -> str:
    return f"{', '.join(parts[:-1])}, {word} {parts[-1]}"

"""Checked expressions to terms of the solver: the twin of ``expressions.evaluator``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

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
    walk,
)
from autotrain_dsl.expressions.scope import SITUATION
from autotrain_dsl.verification.guards import Guard
from autotrain_dsl.verification.operations import Operations
from autotrain_dsl.verification.symbols import Several, Symbol, Truth, as_several, as_truth, constant

TOTAL, HERE = SITUATION


class TooLargeError(Exception):
    """What is asked for would take too long."""


@dataclass
class Budget:
    """How much may still be asked about a curriculum, so that none makes the program slow.

    ``cells`` are elements of sequences that are written down; ``effort`` is in the solver's own unit of work, about
    three millions a second, the same on every machine. Products are harder than that unit says, so that there is a
    limit in ``seconds`` too, which nothing else comes near.
    """

    cells: int = 400_000
    effort: int = 60_000_000
    seconds: float = 40.0

    def write(self, made: Symbol) -> None:
        """Raises TooLargeError when there have been too many elements."""
        self.spend(sum(len(elements) + 1 for _, elements in made.cases) if isinstance(made, Several) else 1)

    def spend(self, cells: int) -> None:
        """The same for elements that are about to be made."""
        self.cells -= cells
        if self.cells < 0:
            raise TooLargeError

    def think(self, effort: int, seconds: float) -> None:
        """Raises TooLargeError when the solver has worked too much."""
        self.effort -= effort
        self.seconds -= seconds
        if self.effort < 0 or self.seconds < 0:
            raise TooLargeError

    @contextmanager
    def lent(self, pool: Budget, most: Budget) -> Iterator[None]:
        """For a while as much as ``most``, or less if there is less in a pool, which pays for what is used of it."""
        effort, seconds = min(pool.effort, most.effort), min(pool.seconds, most.seconds)
        self.cells, self.effort, self.seconds = most.cells, effort, seconds
        yield
        pool.effort -= effort - self.effort
        pool.seconds -= seconds - self.seconds


@dataclass
class Encoder:
    """Expressions in one situation; ``names`` are the metrics and counts there.

    ``stay(k, n)`` is whether of ``n`` sessions the newest ``k`` are those of the current stay. What does not depend on
    the stay is taken from ``shared``, the same situation with another stay, where it is given.
    """

    operations: Operations
    budget: Budget
    names: Mapping[str, Symbol]
    stay: Callable[[int, int], Guard]
    shared: Encoder | None = None
    _made: dict[int, tuple[Symbol, Node]] = field(default_factory=dict)
    _staying: dict[int, bool] = field(default_factory=dict)

    def condition(self, node: Node) -> Truth:
        """The outcome of a condition."""
        return as_truth(self.encode(node))

    def encode(self, node: Node) -> Symbol:
        """The value of an expression; the same part is written down once."""
        if id(node) not in self._made:
            shared = self.shared
            made = self._encode(node) if shared is None or shared.is_about_stay(node) else shared.encode(node)
            self.budget.write(made)
            self._made[id(node)] = (made, node)
        return self._made[id(node)][0]

    def is_about_stay(self, node: Node) -> bool:
        """Whether the value of an expression depends on how long the subject has been in its stage."""
        if id(node) not in self._staying:
            parts = walk(node)
            self._staying[id(node)] = any(
                (isinstance(part, Variable) and part.name == HERE)
                or (isinstance(part, Call) and part.function == "at_stage")
                for part in parts
            )
        return self._staying[id(node)]

    def _encode(self, node: Node) -> Symbol:
        work, encode = self.operations, self.encode
        match node:
            case Literal():
                if isinstance(node.value, bool):
                    return Truth(node.value, not node.value)
                return constant(float(node.value))
            case Variable():
                return self.names[node.name]
            case Item():
                return work.item(encode(node.of), node.index)
            case Window():
                return work.window(encode(node.of), node.start, node.stop)
            case Negative():
                return work.negative(encode(node.of))
            case Not():
                return work.not_(encode(node.of))
            case Logic():
                parts = [encode(part) for part in node.parts]
                return work.and_(*parts) if node.operator == "and" else work.or_(*parts)
            case Arithmetic():
                return work.compute(node.operator, encode(node.left), encode(node.right))
            case Comparison():
                return self._comparison(node)
            case Call():
                return self._call(node)

    def _comparison(self, node: Comparison) -> Symbol:
        if node.left.type.kind is Kind.TEXT:  # of written-out texts alone: no metric is one
            texts = [side.value for side in (node.left, node.right) if isinstance(side, Literal)]
            outcome = (len(set(texts)) == 1) is (node.operator == "==")
            return Truth(outcome, not outcome)
        return self.operations.compare(node.operator, self.encode(node.left), self.encode(node.right))

    def _call(self, node: Call) -> Symbol:
        work, of = self.operations, self.encode(node.of)
        match node.function:
            case "all":
                return work.all_(of)
            case "any":
                return work.any_(of)
            case "abs":
                return work.absolute(of)
            case "round":
                return work.rounded(of, node.digits)
            case "count":
                return work.count(of, conditions=node.of.type.kind is Kind.BOOLEAN)
            case "at_stage":
                return work.latest(as_several(of), self.stay)
            case "present":
                return work.present(of)
            case name:
                return work.aggregate(name, of, id(node))

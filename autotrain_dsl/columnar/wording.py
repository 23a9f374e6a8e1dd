"""The reasons of many decisions, word for word those of the interpreter.

Sessions of one stage whose comparisons turned out alike have the same reason but for the values in it. So the
interpreter is asked for one of them, and its words are a pattern for the others. Where data was missing, or where
sequences are compared, it is asked for every session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from autotrain_dsl.columnar.formulas import Formula, Work
from autotrain_dsl.columnar.histories import Table
from autotrain_dsl.columnar.rulebook import DOUBT, Codes
from autotrain_dsl.columnar.stepping import Judgements
from autotrain_dsl.columnar.values import Numbers, Truths, Whole
from autotrain_dsl.expressions.nodes import Kind
from autotrain_dsl.interpreter import FINAL_STAGE, RuleTrace, reason_of

Texts = npt.NDArray[np.object_]

_PIECE = 2**16  # sessions that are put into words together


@dataclass(frozen=True, slots=True)
class _Compared:
    """A comparison of a rule: the rule's number, its canonical text, and both sides."""

    rule: int
    text: str
    formula: Formula
    sides: tuple[Formula, Formula]

    @property
    def plain(self) -> bool:
        """Whether it compares two single values that numpy can hold."""
        return not self.formula.node.type.is_sequence and self.sides[0].node.type.kind is not Kind.TEXT


class Wording:
    """Reasons, and what was missing, of sessions that were judged together; every one as ``keep`` makes of it."""

    def __init__(self, judged: Judgements, keep: Callable[[str], str] = str) -> None:
        self.keep = keep
        self.judged = judged
        self.books = judged.books
        self._compared = [list(self._of_stage(*key)) for key in judged.stages.names]

    @cached_property
    def _table(self) -> Table:
        return Table(self.judged.colony.histories, max(book.deepest for book in self.books))

    def _of_stage(self, number: int, stage: str) -> Iterator[_Compared]:
        book = self.books[number]
        for place, rule in enumerate(book.graph.rules(stage), 1):
            for node, text in zip(rule.program.comparisons, rule.program.texts, strict=True) if rule.program else ():
                sides = book.formulas.of(node.left), book.formulas.of(node.right)
                yield _Compared(place, text, book.formulas.of(node), sides)

    def reasons(self, rows: Whole) -> tuple[Texts, Texts]:
        """For every one of ``rows`` the reason of its decision, and what was missing (mostly nothing)."""
        reasons, missing = np.full(len(rows), "", object), np.full(len(rows), "", object)
        codes, outcomes = self.judged.actual[rows], self.judged.outcome[rows]
        with np.errstate(all="ignore"):
            for code in np.unique(codes).tolist():
                mine = np.flatnonzero(codes == code)
                number, name = self.judged.stages.names[code]
                if self.judged.colony.graphs[number].stage(name).final:
                    reasons[mine] = FINAL_STAGE
                    continue
                for outcome in np.unique(outcomes[mine]).tolist():
                    of_outcome = mine[outcomes[mine] == outcome]
                    compared = self._read(code, outcome)
                    if compared is None:
                        for at in of_outcome.tolist():
                            decision = self.judged.decision(int(rows[at]))
                            reasons[at] = self.keep(decision.reason)
                            missing[at] = self.keep("; ".join(str(each) for each in decision.missing))
                        continue
                    for piece in self._pieces(of_outcome, rows, number):
                        reasons[piece] = self._worded(rows[piece], number, compared)
        return reasons, missing

    def _pieces(self, places: Whole, rows: Whole, number: int) -> Iterator[Whole]:
        """Sessions to be put into words together: fewer, the more sessions before them are looked at."""
        book, lengths = self.books[number], self.judged.colony.histories.places[rows[places]]
        places = places[np.argsort(lengths, kind="stable")]
        start = 0
        while start < len(places):
            size = _PIECE
            for _ in range(2):  # the last of a piece has the longest history
                last = places[min(start + size, len(places)) - 1]
                seen = min(int(self.judged.colony.histories.places[rows[last]]) + 1, book.deepest)
                size = min(size, book.formulas.most(seen))
            yield places[start : start + size]
            start += size

    def _read(self, code: int, outcome: int) -> list[_Compared] | None:
        """The comparisons that the reason of an outcome may name; None where only the interpreter can tell."""
        fired = outcome & (DOUBT - 1)
        compared = [each for each in self._compared[code] if not fired or each.rule == fired]
        return compared if not outcome & DOUBT and all(each.plain for each in compared) else None

    def _worded(self, rows: Whole, number: int, compared: list[_Compared]) -> Texts:
        """The reasons of sessions of one stage with one outcome."""
        colony, count, stay = self.judged.colony, self.judged.count[rows], self.judged.stay[rows]
        columns = dict(zip(self.books[number].metrics, colony.columns[number], strict=True))
        work = Work(self._table.chosen(rows), columns)
        work.situation(count.astype(np.float64), stay.astype(np.int64))
        sides = {(each.text, side): work.value(each.sides[side]) for each in compared for side in (0, 1)}
        kind = _kinds([work.truth(each.formula) for each in compared], len(rows))
        found: Texts = np.empty(len(rows), object)
        for each in np.unique(kind).tolist():
            mine = np.flatnonzero(kind == each)
            pattern, holes = self._pattern(int(rows[mine[0]]))
            cells = [_cells(sides[hole], mine) for hole in holes]
            found[mine] = [pattern % row for row in zip(*cells, strict=True)] if holes else pattern % ()
        return found

    def _pattern(self, row: int) -> tuple[str, list[tuple[str, int]]]:
        """The reason of one decision with ``%`` codes for values, and which side of which comparison each is."""
        tried, fence = self.judged.decision(row).trace, "\0"
        while fence in reason_of(tried):  # nothing that somebody has written may be taken for a mark
            fence += "\0"
        marks: dict[str, tuple[str, int]] = {}
        text = self.keep(reason_of(tuple(_marked(rule, marks, fence) for rule in tried))).replace("%", "%%")
        places = sorted((at, mark) for mark in marks for at in _occurrences(text, mark))
        for mark, (_, side) in marks.items():
            text = text.replace(mark, "%s" if side > 1 else "%.6g")
        return text, [(marks[mark][0], marks[mark][1] % 2) for _, mark in places]


def _marked(rule: RuleTrace, marks: dict[str, tuple[str, int]], fence: str) -> RuleTrace:
    """A rule as it was tried, with marks in the place of its values; 2 is added to a side that is no number."""

    def mark(text: str, side: int, value: object) -> str:
        for known, key in marks.items():
            if key[0] == text and key[1] % 2 == side:
                return known
        made = f"{fence}{len(marks)}\1"
        marks[made] = text, side + (0 if isinstance(value, float) else 2)
        return made

    marked = tuple(
        replace(each, left=mark(each.text, 0, each.left), right=mark(each.text, 1, each.right))
        for each in rule.comparisons
    )
    return replace(rule, comparisons=marked)


def _occurrences(text: str, mark: str) -> Iterator[int]:
    at = text.find(mark)
    while at >= 0:
        yield at
        at = text.find(mark, at + 1)


def _kinds(truths: list[Truths], rows: int) -> Whole:
    """A number for every way in which the comparisons of a session turned out together."""
    kind = np.zeros(rows, np.int64)
    for place, truth in enumerate(truths, 1):
        outcome: Codes = np.broadcast_to(truth.true, rows).astype(np.uint8)
        if truth.unknown is not None:
            outcome = np.where(truth.unknown, np.uint8(2), outcome)
        kind = kind * 3 + outcome
        if place % 30 == 0:  # before the numbers get too large
            _, kind = np.unique(kind, return_inverse=True)
    return kind


def _cells(value: Any, rows: Whole) -> list[Any]:
    array = value.values if isinstance(value, Numbers) else value.true
    found: list[Any] = (array[rows] if np.ndim(array) else np.broadcast_to(array, len(rows))).tolist()
    return found

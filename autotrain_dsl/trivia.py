"""What a YAML text holds besides its data: comments, empty lines, and how things are written, each with its entry."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from autotrain_dsl.document import Document, Place, Value
from autotrain_dsl.layout import Trivia
from autotrain_dsl.source import Span

_HEADER = re.compile(r"[|>][-+]?(?=[ \t]*(#|$))")


def trivia(document: Document) -> Trivia:
    """Everything in the text of a document that ``document.data`` does not say."""
    return _Reading(document).run()


@dataclass
class _Reading:
    document: Document
    above: dict[Place, list[str]] = field(default_factory=dict)
    beside: dict[Place, tuple[str, int]] = field(default_factory=dict)
    below: dict[Place, list[str]] = field(default_factory=dict)
    written: dict[Place, tuple[str, ...]] = field(default_factory=dict)
    pending: list[tuple[int, str]] = field(default_factory=list)  # column and text of lines that belong to no entry yet

    def run(self) -> Trivia:
        """Go through the lines from the first to the last."""
        self._prepare()
        source = self.document.source
        for number in range(1, len(source.line_starts) + 1):
            start = source.line_starts[number - 1]
            self._line(source.line(number), start)
        self._rest()
        blocks = {
            place
            for place, span in self.document.values.items()
            if isinstance(self._value(place), dict | list) and source.text[span.start] not in "{["
        }
        return Trivia(self.above, self.beside, self.below, frozenset(blocks), self.written)

    def _prepare(self) -> None:
        values, keys = self.document.values, self.document.keys
        text = self.document.source.text
        starts = {place: (keys.get(place) or span).start for place, span in values.items() if place}
        self.starts = sorted((start, len(place), place) for place, start in starts.items())
        self.offsets = [start for start, *_ in self.starts]
        self.alone = {span.start: place for place, span in values.items() if place in keys}
        self.opaque: list[tuple[int, int]] = []  # where `#` starts no comment
        ends: dict[int, Place] = {}
        for place, span in sorted(values.items(), key=lambda each: -len(each[0])):
            value = self._value(place)
            end = span.end
            if not isinstance(value, dict | list):
                end = self._scalar(place, span, value)
            if place and (not isinstance(value, dict | list) or text[span.start : span.start + 1] in ("{", "[")):
                ends[end] = place
        for place, span in keys.items():
            self.opaque.append((span.start, span.end))
            ends.setdefault(span.end, place)
        self.opaque.sort()
        self.ends = sorted(ends.items())

    def _value(self, place: Place) -> Value:
        value: Value = self.document.data
        for step in place:
            value = value[step]
        return value

    def _scalar(self, place: Place, span: Span, value: Value) -> int:
        """Where a scalar ends; how it is written is kept where that says more than its value."""
        text = span.text
        if text[:1] in ("|", ">"):
            return self._block_scalar(place, span)
        self.opaque.append((span.start, span.end))
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.written[place] = (text,)
        return span.end

    def _block_scalar(self, place: Place, span: Span) -> int:
        source = self.document.source
        first, number = source.line(span.line), span.line + 1
        head_end = source.line_starts[span.line - 1] + len(first.rstrip())
        lines: list[str] = []
        indent = -1
        while number <= len(source.line_starts):
            line = source.line(number)
            own = len(line) - len(line.lstrip(" "))
            if line.strip() and indent < 0 and own > self._indent(place):
                indent = own
            if line.strip() and (own < indent or indent < 0):
                break
            lines.append(line)
            number += 1
        more = False  # white space at the end that belongs to the value
        while lines and not lines[-1].strip():
            more = len(lines.pop()) > max(indent, 0) or more
        last = span.line + len(lines)
        end = source.line_starts[last - 1] + len(source.line(last)) if lines else head_end
        header = _HEADER.match(first[span.column - 1 :])
        clean = not more and all(line[indent:] == line[indent:].rstrip() for line in lines)
        clean = clean and (end < len(source.text) or "-" in first[span.column - 1 :][:2])  # no line end, no line end
        if header is not None and "+" not in header.group() and lines and lines[0].strip() and clean:
            self.written[place] = (header.group(), *(line[indent:].rstrip() for line in lines))
        if lines:
            self.opaque.append((source.line_starts[span.line], end))
        return min(span.start + (header.end() if header else 1), head_end)

    def _line(self, line: str, start: int) -> None:
        comment = self._comment(line, start)
        content = line if comment is None else line[: comment - start]
        if not content.strip():
            if not self._inside(start):
                self.pending.append((len(content), "" if comment is None else line[comment - start :].rstrip()))
            return
        first = bisect_left(self.offsets, start)
        begun = self.starts[first] if first < len(self.starts) and self.offsets[first] < start + len(line) else None
        if self.pending and (begun is not None or content.lstrip()[:1] in ("]", "}")) and not self._inside(start):
            self._attach(begun, start)
        elif self.pending and (place := self.alone.get(start + len(line) - len(line.lstrip()))) is not None:
            lines, self.pending = self.pending, []
            self._put(self.above, place, lines)  # between a key and its value
        if comment is not None:
            self._attach_beside(line[comment - start :].rstrip(), comment, comment - start)

    def _inside(self, offset: int) -> bool:
        """Whether a place lies within a scalar."""
        at = bisect_right(self.opaque, (offset, 1 << 60)) - 1
        return at >= 0 and self.opaque[at][0] < offset < self.opaque[at][1]

    def _comment(self, line: str, start: int) -> int | None:
        for match in re.finditer(r"(?<!\S)#", line):
            at = start + match.start()
            inside = bisect_right(self.opaque, (at, 1 << 60)) - 1
            if inside < 0 or not self.opaque[inside][0] <= at < self.opaque[inside][1]:
                return at
        return None

    def _attach(self, begun: tuple[int, int, Place] | None, start: int) -> None:
        """Give the lines that are waiting to the entry that begins here, or to the one that has ended before."""
        lines, self.pending = self.pending, []
        if begun is None:  # the end of something in brackets
            if any(text for _, text in lines):
                self._end(lines, -1, start)
            return
        indent = self._indent(begun[2])
        split = 0
        for place, (column, text) in enumerate(lines):
            if text and column <= indent:
                break
            split = place + 1 if text else split
        if split and self._end(lines[:split], indent, begun[0]):
            lines = lines[split:]
        self._put(self.above, begun[2], lines)

    def _end(self, lines: list[tuple[int, str]], indent: int, start: int) -> bool:
        """Put lines below the last entry that is indented more than the next, and not more than they are."""
        column = next((column for column, text in lines if text), 0)
        number = bisect_left(self.offsets, start) - 1
        place: Place = self.starts[number][2] if number >= 0 else ()
        while place:
            if indent >= 0 and self._in_brackets(place):
                place = place[:-1]
                continue
            if indent < self._indent(place) and (self._indent(place) <= column or indent < 0):
                self._put(self.below, place, lines)
                return True
            place = place[:-1]
        return False

    def _in_brackets(self, place: Place) -> bool:
        """Whether an entry stands in a mapping or list that is written with brackets."""
        text, values = self.document.source.text, self.document.values
        return any(text[values[place[:length]].start] in "{[" for length in range(1, len(place)))

    def _rest(self) -> None:
        """What stands behind the last entry."""
        while self.pending and not self.pending[-1][1]:
            self.pending.pop()
        lines, self.pending = self.pending, []
        split = 0
        for place, (column, text) in enumerate(lines):
            if text and column == 0:
                break
            split = place + 1
        end = len(self.document.source.text)
        if split and self._end(lines[:split], 0, end):
            lines = lines[split:]
        self._put(self.below, (), lines)

    def _put(self, where: dict[Place, list[str]], place: Place, lines: list[tuple[int, str]]) -> None:
        found = where.setdefault(place, [])
        for _, text in lines:
            if text or not found or found[-1]:
                found.append(text)
        if not found:
            del where[place]

    def _attach_beside(self, text: str, at: int, column: int) -> None:
        """Give a comment at the end of a line to what stands before it."""
        number = bisect_right(self.ends, at, key=lambda each: each[0]) - 1
        if number < 0 or self.ends[number][0] < at - column:
            self.pending.append((column, text))
            return
        place = self.ends[number][1]
        if place in self.beside:
            self._put(self.above, place, [(0, self.beside[place][0])])
        gap = column - len(self.document.source.text[at - column : at].rstrip())
        self.beside[place] = (text, column if gap > 2 else 0)

    def _indent(self, place: Place) -> int:
        """How far an entry is indented; of an entry of a list it is the dash."""
        span = self.document.keys.get(place) or self.document.values[place]
        line = self.document.source.line(span.line)
        before = line[: span.column - 1]
        if isinstance(place[-1], int):
            return before.rfind("-") if "-" in before else len(before)
        return before.rfind("?") if before.rstrip().endswith("?") else len(before)

"""Where in which text: a source and spans of characters in it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, eq=False)
class Source:
    """A text with the name under which findings show it. Two sources are equal only if they are the same object."""

    name: str
    text: str

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offset of the first character of every line."""
        starts = [0]
        starts.extend(i + 1 for i, character in enumerate(self.text) if character == "\n")
        return tuple(starts)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character, both counted from 1."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (counted from 1) without its line break."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def whole(self) -> Span:
        """An empty span at the very beginning, for findings about the file itself."""
        return Span(self, 0, 0)


@dataclass(frozen=True, slots=True)
class Span:
    """The characters ``start`` (included) to ``end`` (excluded) of a source."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line of the first character, from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """Column of the first character, from 1."""
        return self.source.position(self.start)[1]

    @property
    def end_line(self) -> int:
        """Line of the end, from 1."""
        return self.source.position(self.end)[0]

    @property
    def end_column(self) -> int:
        """Column after the last character, from 1."""
        return self.source.position(self.end)[1]

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.source.text[self.start : self.end]

    def offsets(self, value: str) -> list[int]:
        """Where in the source every character of ``value`` stands, if this span holds the YAML scalar that says it.

        Quotes, escapes, indentation and the header of a block scalar stand in the file but not in the value, so the
        two texts are walked side by side. Shorter than the value where they cannot be matched to the end.
        """
        raw, offsets, at = self.text, [], 0
        if raw[:1] in ("|", ">"):
            at = raw.find("\n") + 1
        elif raw[:1] in ("'", '"'):
            at = 1
        for character in value:
            width = _escape(raw, at) if raw[:1] == '"' else 0
            if not character.isspace():
                while at < len(raw) and raw[at] != character and not width:
                    at += 1
                    width = _escape(raw, at) if raw[:1] == '"' else 0
            if at >= len(raw):
                break
            offsets.append(self.start + at)
            # Of the white space where lines are joined only one character stands in the value.
            if width or not character.isspace() or raw[at].isspace():
                at += width or 1
        return offsets


def _escape(raw: str, at: int) -> int:
    """Length of the escape of a double-quoted text that starts here, 0 where none does."""
    if raw[at : at + 1] != "\\" or raw[at + 1 : at + 2] in ("", "\n", "\r"):
        return 0
    return {"x": 4, "u": 6, "U": 10}.get(raw[at + 1], 2)

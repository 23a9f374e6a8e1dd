"""Plain data to YAML text in one canonical layout: the only writer of YAML.

What is short stands on one line, what is long in a block; entries are in the order in which a reader wants them.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import takewhile

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from autotrain_dsl.document import Place, Value

WIDTH = 120
_STEP = 2
_LONGEST_KEY = 1000  # a longer one is not found by YAML readers unless it is marked
_MODELINE = "yaml-language-server: $schema="

_ROOT = (
    "dsl_version", "name", "version", "description", "abstract", "task_schema", "extends", "initial",
    "constants", "derived", "blocks", "adjustable", "stages",
)  # fmt: skip
_STAGE = ("label", "description", "inherits", "use", "parameters", "transitions", "final")
_RULE = ("progress", "rollback", "stay", "when", "otherwise", "manual", "because")
_GROUPS = ("constants", "derived", "blocks", "adjustable", "stages")  # from here on an empty line before each
_OPEN = ("derived", "blocks", "stages")  # one line an entry, however short

# Text that some reader of YAML takes for something else: words, numbers and dates, and symbols at the beginning.
_MISREAD = re.compile(r"|y|n|yes|no|on|off|true|false|null|[0-9].*|(?!\.\.?/\w)[^\w(].*", re.IGNORECASE)


def text(data: Mapping[str, Value], schema: str = "", comments: Mapping[Place, Sequence[str]] | None = None) -> str:
    """A YAML text from which ``document.parse`` reads ``data`` again; same data, same bytes.

    ``schema`` is the path that the first line gives to editors. ``comments`` are lines to stand before the entry at a
    place (``()``: before everything). Control characters are escaped in values and replaced in comments. Nothing else
    is refused here: what no file may hold, such as an infinite number, ``document.parse`` reports.
    """
    above = {
        place: [_comment(line) for each in texts for line in _lines(each)] for place, texts in (comments or {}).items()
    }
    layout = _Layout(Trivia(above))
    lines = [_comment(f"{_MODELINE}{schema}")] if schema else []
    first = layout.above((), 0)
    lines += ["#", *first] if lines and first else first
    return "".join(f"{line}\n" for line in [*lines, *layout.root(data)])


@dataclass(frozen=True, slots=True)
class Trivia:
    """What a text holds besides its data, by the place of the entry that it belongs to.

    ``above`` and ``below`` an entry stand lines of their own: comments with their ``#``, or empty. ``beside`` it stands
    a comment, with the column (from 0) at which it was put, 0 if it just follows. ``blocks`` are the mappings and lists
    that are written over several lines without brackets. ``written`` says how a scalar is spelt: a number, or the lines
    of a block scalar with its header.
    """

    above: Mapping[Place, Sequence[str]] = field(default_factory=dict)
    beside: Mapping[Place, tuple[str, int]] = field(default_factory=dict)
    below: Mapping[Place, Sequence[str]] = field(default_factory=dict)
    blocks: frozenset[Place] = frozenset()
    written: Mapping[Place, tuple[str, ...]] = field(default_factory=dict)

    def around(self) -> set[Place]:
        """Every place within which something stands that a single line cannot hold."""
        places = {*self.above, *self.beside, *self.below, *(p for p, lines in self.written.items() if len(lines) > 1)}
        return {place[:length] for place in places for length in range(len(place))}


def arranged(data: Mapping[str, Value], trivia: Trivia, *, reorder: bool) -> str:
    """The text of data with everything that stood in the file besides it; ``reorder`` puts known keys in order.

    What stands above the first entry is about the file and stays at its top, whichever entry becomes the first.
    """
    first: Place = (next(iter(data), ""),)
    top = list(trivia.above.get(first, ()))
    rest = {place: lines for place, lines in trivia.above.items() if place != first}
    lines: list[str] = []
    _add(lines, top)
    _add(lines, _Layout(replace(trivia, above=rest), reorder).root(data))
    return "".join(f"{line}\n" for line in lines)


_FARTHEST = 90  # columns: a comment that stands further right than this follows its line closely


class _Layout:
    def __init__(self, trivia: Trivia, reorder: bool = True) -> None:
        self.trivia, self.reorder = trivia, reorder
        self.around = trivia.around()

    def above(self, place: Place, indent: int) -> list[str]:
        """The lines before an entry."""
        return [f"{' ' * indent}{line}".rstrip() for line in self.trivia.above.get(place, ())]

    def root(self, data: Mapping[str, Value]) -> list[str]:
        lines: list[str] = []
        grouped = False
        for key, value in self._ordered(data, ()):
            grouped = grouped or key in _GROUPS
            _add(lines, self._entry(key, value, (key,), 0), apart=grouped and self.reorder)
        _add(lines, [*self.trivia.below.get((), ())])
        return lines or ["{}"]

    def _block(self, value: Value, place: Place, indent: int) -> list[str]:
        """A mapping or list that is not empty, an entry a line or more."""
        lines: list[str] = []
        if isinstance(value, list):
            for number, inner in enumerate(value):
                _add(lines, self._item(inner, (*place, number), indent))
            return lines
        before = 0
        for key, inner in self._ordered(value, place):
            entry = self._entry(key, inner, (*place, key), indent)
            length = sum(bool(line) for line in entry)
            _add(lines, entry, apart=place == ("stages",) and max(before, length) > 1)
            before = length
        return lines

    def _entry(self, key: str, value: Value, place: Place, indent: int) -> list[str]:
        margin, name = " " * indent, _scalar(key, flow=True)
        head = f"{margin}{name}:" if len(name) < _LONGEST_KEY else f"{margin}? {name}\n{margin}:"
        return [*self.above(place, indent), *self._valued(head, value, place, indent), *self._below(place, indent)]

    def _valued(self, head: str, value: Value, place: Place, indent: int) -> list[str]:
        """A value behind its key, or behind the dash of a list, and on the lines that follow."""
        if (short := self._short(value, place, len(head) + 1)) is not None:
            return [self._commented(f"{head} {short}", place)]
        if isinstance(value, str):
            first, *rest = self._long(head, value, place, indent + _STEP)
            return [self._commented(first, place), *rest]
        return [self._commented(head, place), *self._block(value, place, indent + _STEP)]

    def _item(self, value: Value, place: Place, indent: int) -> list[str]:
        margin, above, below = " " * indent, self.above(place, indent), self._below(place, indent)
        if not (isinstance(value, dict | list) and value) or self._short(value, place, indent + _STEP) is not None:
            return [*above, *self._valued(f"{margin}-", value, place, indent), *below]
        inner = self._block(value, place, indent + _STEP)
        comments = list(takewhile(lambda line: line.lstrip()[:1] in ("", "#"), inner))
        first, *rest = inner[len(comments) :]
        comments += [f"{margin}{' ' * _STEP}{self.trivia.beside[place][0]}"] if place in self.trivia.beside else []
        return [*above, *(line[_STEP:] for line in comments), f"{margin}- {first[indent + _STEP :]}", *rest, *below]

    def _below(self, place: Place, indent: int) -> list[str]:
        return [f"{' ' * indent}{line}".rstrip() for line in self.trivia.below.get(place, ())]

    def _commented(self, line: str, place: Place) -> str:
        if place not in self.trivia.beside:
            return line
        comment, column = self.trivia.beside[place]
        last = line.rpartition("\n")[2]
        return f"{line}{' ' * max(2, column - len(last) if column <= _FARTHEST else 2)}{comment}"

    def _short(self, value: Value, place: Place, used: int) -> str | None:
        """The value as it follows on the line of its key, None where it needs lines of its own."""
        if isinstance(value, str):
            if place in self.trivia.written:
                return None
            version = place[-1:] == ("version",)
            short = _scalar(value, quoted=version)
            folds = used + len(short) > WIDTH and _folds(value) and place not in self.trivia.beside
            return short if version or not (folds or _is_literal(value)) else None
        if not isinstance(value, dict | list) or not value:
            return self._flow(value, place)
        if place in self.trivia.blocks or place in self.around or not self._may_flow(value, place):
            return None
        short = self._flow(value, place)
        return short if used + len(short) <= WIDTH else None

    def _long(self, head: str, value: str, place: Place, indent: int) -> list[str]:
        """A text in lines of its own."""
        if place in self.trivia.written:
            header, *lines = self.trivia.written[place]
            return [f"{head} {header}", *(f"{' ' * indent}{line}".rstrip() for line in lines)]
        return _long(head, value, indent)

    def _flow(self, value: Value, place: Place) -> str:
        """A value on one line."""
        if isinstance(value, dict):
            entries = (f"{_scalar(key, flow=True)}: {self._flow(inner, (*place, key))}" for key, inner in value.items())
            return f"{{{', '.join(entries)}}}"
        if isinstance(value, list):
            return f"[{', '.join(self._flow(inner, (*place, number)) for number, inner in enumerate(value))}]"
        if place in self.trivia.written:
            return self.trivia.written[place][0]
        return _scalar(value, flow=True, quoted=place[-1:] == ("version",))

    def _may_flow(self, value: Value, place: Place) -> bool:
        """Whether a mapping or list that is not empty may stand on one line, if it fits."""
        entries = list(value.items() if isinstance(value, dict) else enumerate(value))
        if any((*place, step) in self.trivia.above for step, _ in entries):
            return False
        if len(place) == 2 and place[0] == "tests":
            return False
        if len(place) == 2 and place[0] == "stages":
            return len(value) == 1 and all(self._may_flow_alone(inner, (*place, step)) for step, inner in entries)
        if "transitions" in place or place in {(key,) for key in _OPEN}:
            return False
        nests = place[:1] == ("tests",) or not self.reorder
        if not _has_only_scalars(value) and not (nests and all(map(_has_only_scalars, _parts(value)))):
            return False
        return not any(isinstance(inner, str) and "\n" in inner for inner in _inner(value))

    def _may_flow_alone(self, value: Value, place: Place) -> bool:
        """The same for the only entry of a stage."""
        return not isinstance(value, str | list) and (not isinstance(value, dict) or self._may_flow(value, place))

    def _ordered(self, data: Mapping[str, Value], place: Place) -> Iterator[tuple[str, Value]]:
        """The entries of a mapping in canonical order; those without one follow as they are given."""
        order: tuple[str, ...] = ()
        if not place:
            order = _ROOT
        elif place[0] == "stages":
            order = _STAGE if len(place) == 2 else _RULE if place[2:3] == ("transitions",) and len(place) == 4 else ()
        known = [key for key in order if key in data] if self.reorder else []
        for key in (*known, *(key for key in data if key not in known)):
            yield key, data[key]


def _add(lines: list[str], entry: list[str], *, apart: bool = False) -> None:
    """Append an entry to those before it; never two empty lines, and none before the first."""
    if apart and lines and entry[:1] != [""]:
        lines.append("")
    start = 1 if entry[:1] == [""] and (not lines or lines[-1] == "") else 0
    lines += entry[start:]


def _inner(value: Value) -> Sequence[Value]:
    return list(value.values()) if isinstance(value, dict) else value


def _parts(value: Value) -> list[Value]:
    """The mappings and lists in a value."""
    return [inner for inner in _inner(value) if isinstance(inner, dict | list)]


def _has_only_scalars(value: Value) -> bool:
    return not any(isinstance(inner, dict | list) and inner for inner in _inner(value))


def _scalar(value: Value, *, flow: bool = False, quoted: bool = False) -> str:
    """A scalar on one line; text in double quotes where it must, or where somebody might read something else."""
    if not isinstance(value, str):
        return _number(value, repr(value))
    if not quoted and value.isprintable() and not _MISREAD.fullmatch(value) and _plain(value, flow=flow) == value:
        return value
    return _double_quoted(value)


@lru_cache(maxsize=4096, typed=True)
def _number(value: Value, _as_it_is: str) -> str:
    """The second argument keeps apart what is equal and not the same: 0.0 and -0.0."""
    return _dumped(value, flow=True)


@lru_cache(maxsize=4096)
def _plain(value: str, *, flow: bool) -> str:
    return _dumped(value, flow=flow)


@lru_cache(maxsize=4096)
def _double_quoted(value: str) -> str:
    return _dumped(DoubleQuotedScalarString(value), flow=True, ascii_only=not value.isprintable())


def _dumped(value: Value, *, flow: bool, ascii_only: bool = False) -> str:
    """What ruamel.yaml writes for a scalar inside of ``[...]``, or behind a key."""
    stream = io.StringIO()
    _writer(flow=flow, ascii_only=ascii_only).dump([value] if flow else {"k": value}, stream)
    written = stream.getvalue().removesuffix("\n")
    return written[1:-1] if flow else written[len("k: ") :]


@cache
def _writer(*, flow: bool, ascii_only: bool) -> YAML:
    """What writes scalars; to make one takes longer than to write with it."""
    yaml = YAML()
    yaml.width = 1 << 30
    yaml.default_flow_style = flow
    yaml.allow_unicode = not ascii_only
    return yaml


def _folds(value: str) -> bool:
    """Whether a text may be broken at its spaces and read back as it was."""
    return value.isprintable() and " " in value and value == " ".join(value.split())


def _is_literal(value: str) -> bool:
    """Whether a text consists of lines that can stand as they are."""
    lines = value.split("\n")
    plain = all(line.isprintable() and line == line.rstrip() for line in lines)
    return plain and len(lines) > 1 and lines[0] != "" and lines[0][0] != " " and lines[-1] != ""


def _long(head: str, value: str, indent: int) -> list[str]:
    """A text in lines of its own."""
    margin = " " * indent
    if _is_literal(value):
        return [f"{head} |-", *(f"{margin}{line}".rstrip() for line in value.split("\n"))]
    width = max(WIDTH - indent, WIDTH // 2)
    folded = textwrap.wrap(value, width, break_long_words=False, break_on_hyphens=False)
    return [f"{head} >-", *(f"{margin}{line}" for line in folded)]


def _lines(comment: str) -> list[str]:
    return comment.splitlines() or [""]


def _comment(line: str) -> str:
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in line)
    return f"# {shown}".rstrip()

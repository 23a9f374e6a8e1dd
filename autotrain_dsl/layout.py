"""Plain data to YAML text in one canonical layout: the only writer of YAML.

What is short stands on one line, what is long in a block; entries are in the order in which a reader wants them.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, takewhile

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
_MISREAD = re.compile(r"|y|n|yes|no|on|off|true|false|null|[0-9].*|[^\w(].*", re.IGNORECASE)


def text(data: Mapping[str, Value], schema: str = "", comments: Mapping[Place, Sequence[str]] | None = None) -> str:
    """A YAML text from which ``document.parse`` reads ``data`` again; same data, same bytes.

    ``schema`` is the path that the first line gives to editors. ``comments`` are lines to stand before the entry at a
    place (``()``: before everything). Control characters are escaped in values and replaced in comments. Nothing else
    is refused here: what no file may hold, such as an infinite number, ``document.parse`` reports.
    """
    layout = _Layout(comments or {})
    lines = [_comment(f"{_MODELINE}{schema}")] if schema else []
    above = layout.above((), 0)
    lines += ["#", *above] if lines and above else above
    return "".join(f"{line}\n" for line in [*lines, *layout.root(data)])


@dataclass(frozen=True, slots=True)
class _Layout:
    comments: Mapping[Place, Sequence[str]]

    def above(self, place: Place, indent: int) -> list[str]:
        """The comment lines before an entry."""
        return [" " * indent + _comment(line) for each in self.comments.get(place, ()) for line in _lines(each)]

    def root(self, data: Mapping[str, Value]) -> list[str]:
        lines: list[str] = []
        grouped = False
        for key, value in _ordered(data, ()):
            grouped = grouped or key in _GROUPS
            lines += [""] if lines and grouped else []
            lines += self._entry(key, value, (key,), 0)
        return lines or ["{}"]

    def _block(self, value: Value, place: Place, indent: int) -> list[str]:
        """A mapping or list that is not empty, an entry a line or more."""
        if isinstance(value, list):
            items = (self._item(inner, (*place, number), indent) for number, inner in enumerate(value))
            return [line for item in items for line in item]
        entries = [self._entry(key, inner, (*place, key), indent) for key, inner in _ordered(value, place)]
        lines = list(entries[0])
        for before, entry in pairwise(entries):
            apart = place == ("stages",) and max(len(before), len(entry)) > 1
            lines += ["", *entry] if apart else entry
        return lines

    def _entry(self, key: str, value: Value, place: Place, indent: int) -> list[str]:
        margin, name = " " * indent, _scalar(key, flow=True)
        head = f"{margin}{name}:" if len(name) < _LONGEST_KEY else f"{margin}? {name}\n{margin}:"
        above = self.above(place, indent)
        if (short := self._short(value, place, len(head) + 1)) is not None:
            return [*above, f"{head} {short}"]
        if isinstance(value, str):
            return [*above, *_long(head, value, indent + _STEP)]
        return [*above, head, *self._block(value, place, indent + _STEP)]

    def _item(self, value: Value, place: Place, indent: int) -> list[str]:
        margin = " " * indent
        above = self.above(place, indent)
        if (short := self._short(value, place, indent + _STEP)) is not None:
            return [*above, f"{margin}- {short}"]
        if isinstance(value, str):
            return [*above, *_long(f"{margin}-", value, indent + _STEP)]
        inner = self._block(value, place, indent + _STEP)
        comments = list(takewhile(lambda line: line.lstrip().startswith("#"), inner))
        first, *rest = inner[len(comments) :]
        return [*above, *(line[_STEP:] for line in comments), f"{margin}- {first[indent + _STEP :]}", *rest]

    def _short(self, value: Value, place: Place, used: int) -> str | None:
        """The value as it follows on the line of its key, None where it needs lines of its own."""
        if isinstance(value, str):
            version = place[-1:] == ("version",)
            short = _scalar(value, quoted=version)
            folds = used + len(short) > WIDTH and _folds(value)
            return short if version or not (folds or _is_literal(value)) else None
        if not isinstance(value, dict | list) or not value:
            return _flow(value)
        if not self._may_flow(value, place):
            return None
        short = _flow(value)
        return short if used + len(short) <= WIDTH else None

    def _may_flow(self, value: Value, place: Place) -> bool:
        """Whether a mapping or list that is not empty may stand on one line, if it fits."""
        entries = list(value.items() if isinstance(value, dict) else enumerate(value))
        if any((*place, step) in self.comments for step, _ in entries):
            return False
        if len(place) == 2 and place[0] == "stages":
            return len(value) == 1 and all(self._may_flow_alone(inner, (*place, step)) for step, inner in entries)
        if "transitions" in place or place in {(key,) for key in _OPEN} or not _has_only_scalars(value):
            return False
        return not any(isinstance(inner, str) and "\n" in inner for inner in _inner(value))

    def _may_flow_alone(self, value: Value, place: Place) -> bool:
        """The same for the only entry of a stage."""
        return not isinstance(value, str | list) and (not isinstance(value, dict) or self._may_flow(value, place))


def _ordered(data: Mapping[str, Value], place: Place) -> Iterator[tuple[str, Value]]:
    """The entries of a mapping in canonical order; those without one follow as they are given."""
    order: tuple[str, ...] = ()
    if not place:
        order = _ROOT
    elif place[0] == "stages":
        order = _STAGE if len(place) == 2 else _RULE if place[2:3] == ("transitions",) and len(place) == 4 else ()
    known = [key for key in order if key in data]
    for key in (*known, *(key for key in data if key not in known)):
        yield key, data[key]


def _inner(value: Value) -> Sequence[Value]:
    return list(value.values()) if isinstance(value, dict) else value


def _has_only_scalars(value: Value) -> bool:
    return not any(isinstance(inner, dict | list) and inner for inner in _inner(value))


def _flow(value: Value, key: str = "") -> str:
    """A value on one line; ``key`` is that of the entry whose value it is."""
    if isinstance(value, dict):
        entries = (f"{_scalar(key, flow=True)}: {_flow(inner, key)}" for key, inner in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(inner) for inner in value)}]"
    return _scalar(value, flow=True, quoted=key == "version")


def _scalar(value: Value, *, flow: bool = False, quoted: bool = False) -> str:
    """A scalar on one line; text in double quotes where it must, or where somebody might read something else."""
    if not isinstance(value, str):
        return _dumped(value, flow=True)
    if not quoted and value.isprintable() and not _MISREAD.fullmatch(value) and _plain(value, flow=flow) == value:
        return value
    return _double_quoted(value)


@lru_cache(maxsize=4096)
def _plain(value: str, *, flow: bool) -> str:
    return _dumped(value, flow=flow)


@lru_cache(maxsize=4096)
def _double_quoted(value: str) -> str:
    return _dumped(DoubleQuotedScalarString(value), flow=True, ascii_only=not value.isprintable())


def _dumped(value: Value, *, flow: bool, ascii_only: bool = False) -> str:
    """What ruamel.yaml writes for a scalar inside of ``[...]``, or behind a key."""
    yaml = YAML()
    yaml.width = 1 << 30
    yaml.default_flow_style = flow
    yaml.allow_unicode = not ascii_only
    stream = io.StringIO()
    yaml.dump([value] if flow else {"k": value}, stream)
    written = stream.getvalue().removesuffix("\n")
    return written[1:-1] if flow else written[len("k: ") :]


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

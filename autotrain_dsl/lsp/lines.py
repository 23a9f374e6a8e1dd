"""Where a cursor stands in a text that may be half typed: told from indentation alone, without YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ENTRY = re.compile(r"^(?P<indent> *)(?P<dash>- +)?(?P<key>[A-Za-z_][\w.-]*)[ \t]*:(?=\s|$)")
_KEYS = re.compile(r"[{,]\s*(?P<key>[A-Za-z_][\w.-]*)\s*:\s*(?P<value>[^{}\[\],]*)$")
_WORD = re.compile(r"[A-Za-z_][\w.-]*")
MAX_LINES = 5_000  # above the cursor that are looked at


@dataclass(frozen=True, slots=True)
class Cursor:
    """``keys`` lead to the place of the cursor, the outermost first; ``value`` says that it stands behind the last one.

    ``word`` is what has been typed of the word at the cursor, which is in line ``number``, from 0.
    """

    keys: tuple[str, ...]
    value: bool
    word: str = ""
    number: int = 0


def cursor(lines: list[str], number: int, column: int) -> Cursor:
    """The cursor in line ``number`` (from 0) before character ``column``."""
    line = lines[number] if number < len(lines) else ""
    before = line[:column]
    word = re.search(r"[A-Za-z_][\w.-]*$", before)
    entry = _ENTRY.match(before)
    stripped = before.lstrip(" ")
    indent = len(before) - len(stripped)
    dashed = stripped.startswith("-")
    keys = _above(lines, number, indent, dashed=dashed)
    value = not dashed or entry is not None
    if entry is not None:
        keys = (*keys, entry["key"])
    else:
        value = _in_value(lines, number, before)
    if (inner := _KEYS.search(before)) is not None:
        keys = (*keys, inner["key"])
        value = True
    elif re.search(r"\{[^}]*$", before):
        value = False
    return Cursor(keys, value, word.group() if word else "", number)


def _above(lines: list[str], number: int, indent: int, *, dashed: bool) -> tuple[str, ...]:
    """The keys of the mappings around a line, found by going up to lines that are indented less and less."""
    keys: list[str] = []
    for line in reversed(lines[max(0, number - MAX_LINES) : number]):
        entry = _ENTRY.match(line)
        if entry is None:
            continue
        own = len(entry["indent"])
        beside = bool(entry["dash"]) and own + len(entry["dash"]) >= indent  # the first key of the same list entry
        if own < indent or (dashed and own == indent and not entry["dash"]):
            keys += [] if beside else [entry["key"]]
            indent, dashed = own, bool(entry["dash"])
        if not indent and not dashed:
            break
    return tuple(reversed(keys))


def _in_value(lines: list[str], number: int, before: str) -> bool:
    """Whether a line without a key continues a value: an item of a list, or a text over several lines."""
    if before.lstrip().startswith("-"):
        return True
    for line in reversed(lines[max(0, number - 50) : number]):
        if line.strip():
            return line.rstrip().endswith((">-", ">", "|", "|-")) or _ENTRY.match(line) is None
    return False


def word_at(text: str, column: int) -> tuple[str, int, int] | None:
    """The word of a line around a column, with its beginning and end."""
    for match in _WORD.finditer(text):
        if match.start() <= column <= match.end():
            return match.group(), match.start(), match.end()
    return None

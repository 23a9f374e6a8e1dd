"""Where a cursor stands in a text that may be half typed: told from indentation and brackets alone, without YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_KEY = r"(?P<quote>[\"']?)(?P<key>[A-Za-z_][\w.-]*)(?P=quote)[ \t]*:(?=\s|$)"
_ENTRY = re.compile(rf"(?P<indent> *)(?P<dash>(?:- +)*){_KEY}")
_WORD = re.compile(r"[A-Za-z_][\w.-]*")
_BRACKETS = {"{": "}", "[": "]"}
MAX_LINES = 5_000  # above the cursor that are looked at
MAX_COLUMNS = 20_000  # of a line; whoever stands further right is not answered
_MAX_OPEN = 200  # lines above the cursor in which a bracket may have been opened


@dataclass(frozen=True, slots=True)
class Cursor:
    """``keys`` lead to the place of the cursor, the outermost first; ``value`` says that it stands behind the last one.

    ``item`` says that it is an entry of a list, in which a mapping may begin. ``word`` is what has been typed of the
    word at the cursor, which is in line ``number``, from 0; ``rest`` is what follows of it. Brackets around the cursor
    were opened in line ``first``.
    """

    keys: tuple[str, ...]
    value: bool
    word: str = ""
    number: int = 0
    item: bool = False
    rest: str = ""
    first: int = 0


@dataclass
class _Bracket:
    kind: str
    key: str = ""


@dataclass
class _Scan:
    """A text read from left to right: which brackets are open at its end, and whether that is in a comment."""

    brackets: list[_Bracket] = field(default_factory=list)
    comment: bool = False


def cursor(lines: list[str], number: int, column: int) -> Cursor:
    """The cursor in line ``number`` (from 0) before character ``column``."""
    line = lines[number] if number < len(lines) else ""
    column = min(column, len(line))
    if column > MAX_COLUMNS:
        return Cursor((), value=True, number=number)
    begin, end = _word_around(line, column)
    before, word, rest = line[:column], line[begin:column], line[column:end]
    first = _opening(lines, number)
    scan = _scan("\n".join([*lines[first:number], before]))
    if scan.comment:
        return Cursor((), value=True, number=number)
    if scan.brackets:
        inner = tuple(each.key for each in scan.brackets if each.key)
        last = scan.brackets[-1]
        in_list = last.kind == "["
        keys = (*_keys_of_line(lines, first), *inner)
        value = in_list or bool(last.key)
        return Cursor(keys, value=value, word=word, number=number, item=in_list, rest=rest, first=first)
    first = number
    entry = _ENTRY.match(before)
    indent = len(before) - len(before.lstrip(" "))
    dashed = before.lstrip(" ").startswith("-")
    if entry is not None:
        keys = _keys_of_line(lines, number, before)
        return Cursor(keys, value=True, word=word, number=number, rest=rest, first=first)
    keys = _above(lines, number, indent, dashed=dashed)
    continued = not dashed and _continues(lines, number, indent)
    return Cursor(keys, value=dashed or continued, word=word, number=number, item=dashed, rest=rest, first=first)


def word_at(text: str, column: int) -> tuple[str, int, int] | None:
    """The word of a line around a column, with its beginning and end; None in a line that is too long."""
    begin, end = _word_around(text, column) if column <= MAX_COLUMNS else (0, 0)
    found = _WORD.fullmatch(text, begin, end)
    return (found.group(), begin, end) if found is not None else None


def comment_at(text: str) -> int:
    """Where the comment of a line begins; its length if it has none."""
    for at, character, quoted in _characters(text[:MAX_COLUMNS]):
        if character == "#" and not quoted and (at == 0 or text[at - 1].isspace()):
            return at
    return len(text)


def _word_around(line: str, column: int) -> tuple[int, int]:
    begin = end = min(column, len(line))
    while begin and (line[begin - 1].isalnum() or line[begin - 1] in "_.-"):
        begin -= 1
    while begin < end and not (line[begin].isalpha() or line[begin] == "_"):
        begin += 1
    while end < len(line) and (line[end].isalnum() or line[end] in "_.-"):
        end += 1
    return begin, end


def _characters(text: str) -> Iterator[tuple[int, str, bool]]:
    """Every character, and whether it stands in quotes. A quote within a word is an apostrophe."""
    quote = ""
    for at, character in enumerate(text):
        if quote:
            yield at, character, True
            if character == quote and not (quote == '"' and text[at - 1] == "\\"):
                quote = ""
        elif character in "\"'" and (at == 0 or text[at - 1] in " \t\n[{,:-"):
            quote = character
            yield at, character, True
        else:
            yield at, character, False


def _scan(text: str) -> _Scan:
    found = _Scan()
    start = 0  # of what may become a key
    skipping = False
    for at, character, quoted in _characters(text):
        if character == "\n":
            skipping = False
        elif skipping or quoted:
            continue
        elif character == "#" and (at == 0 or text[at - 1].isspace()):
            skipping = True
        elif character in _BRACKETS and _opens(text, at, found.brackets):
            found.brackets.append(_Bracket(character))
            start = at + 1
        elif found.brackets and character == _BRACKETS[found.brackets[-1].kind]:
            found.brackets.pop()
        elif found.brackets and character == ",":
            found.brackets[-1].key, start = "", at + 1
        elif found.brackets and character == ":" and text[at + 1 : at + 2] in ("", " ", "\n"):
            key = text[start:at].strip().strip("\"'")
            found.brackets[-1].key = key if _WORD.fullmatch(key) else ""
    found.comment = skipping
    return found


def _opens(text: str, at: int, brackets: list[_Bracket]) -> bool:
    """Whether a bracket begins a mapping or list, and is not one within an expression such as ``x[-1]``."""
    before = text[:at].rstrip(" \t\n")
    return at > 0 and before[-1:] in (("[", "{", ",", ":", "-") if brackets else (":", "-"))


def _opening(lines: list[str], number: int) -> int:
    """The line in which the brackets around a line may have been opened: itself if the one before is complete."""
    first = min(number, len(lines))
    while first and number - first < _MAX_OPEN:
        above = first - 1
        while above and not lines[above][: comment_at(lines[above])].strip():
            above -= 1
        text = lines[above][: comment_at(lines[above])].rstrip()
        if not text.endswith((",", "{", "[")) or len(text) > MAX_COLUMNS:
            break
        first = above
    return first


def _keys_of_line(lines: list[str], number: int, text: str | None = None) -> tuple[str, ...]:
    """The keys that lead to the value of a line: those above it, and its own if it has one."""
    line = lines[number] if text is None else text
    entry = _ENTRY.match(line)
    indent = len(line) - len(line.lstrip(" "))
    above = _above(lines, number, indent, dashed=line.lstrip(" ").startswith("-"))
    return (*above, entry["key"]) if entry is not None else above


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


def _continues(lines: list[str], number: int, indent: int) -> bool:
    """Whether a line without a key continues the text of a line above, which is indented less."""
    for line in reversed(lines[max(0, number - MAX_LINES) : number]):
        text = line[: comment_at(line)].rstrip()
        if not text.strip():
            continue
        entry = _ENTRY.match(text)
        own = len(entry["indent"] + entry["dash"]) if entry is not None else len(text) - len(text.lstrip(" "))
        if own < indent:
            return entry is None or entry.end() < len(text)
    return False

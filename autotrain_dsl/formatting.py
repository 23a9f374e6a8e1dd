"""One canonical layout for YAML files of this program, comments and empty lines kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autotrain_dsl import document, layout
from autotrain_dsl.codes import kit as codes
from autotrain_dsl.diagnostics import Diagnostic, has_errors
from autotrain_dsl.document import Document
from autotrain_dsl.files import kind_of
from autotrain_dsl.source import Source
from autotrain_dsl.trivia import trivia

_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # at the beginning of a text that says in which order its bytes stand


@dataclass(frozen=True, slots=True)
class Formatted:
    """The text in its canonical layout; None where it cannot be formatted, with the findings that say why.

    ``ours`` is False of a file that evidently belongs to another program.
    """

    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()
    ours: bool = True


def formatted(text: str, name: str) -> Formatted:
    """The canonical layout of a text; ``name`` is what findings call the file.

    The result is parsed again: where its data, its comments or their order differ, it is refused. What it means is for
    the caller to compare, who knows the files around it.
    """
    read, found = document.parse(Source(name, text.removeprefix(_MARK)))
    return Formatted(None, tuple(found)) if read is None or has_errors(found) else _arranged(read)


def checked(content: bytes, path: Path, schemas: Path | None = None) -> Formatted:
    """The same for the content of a file; a curriculum is compiled before and after, and must mean the same.

    ``schemas`` is a folder with task schemas that is searched first.
    """
    read, found = document.parse_bytes(content, str(path))
    if read is None or has_errors(found):
        return Formatted(None, tuple(found))
    done, before = _arranged(read), read.source.text
    if done.text in (None, before) or kind_of(read, explicit=False) != "curriculum":
        return done
    from autotrain_dsl.meaning import meaning  # noqa: PLC0415 - takes the compiler; most files stay as they are

    if meaning(before, path, schemas) != meaning(done.text or "", path, schemas):
        return _refused(read, "in the layout this curriculum would mean something else")
    return done


def _arranged(read: Document) -> Formatted:
    kind = kind_of(read, explicit=False)
    ours = kind != "other" or "managers" in read.data
    beside = trivia(read)
    new = layout.arranged(read.data, beside, reorder=kind == "curriculum")
    if new == read.source.text:
        return Formatted(new, ours=ours)
    again, _ = document.parse(Source(read.source.name, new))
    if again is None or not _same(again.data, read.data) or _comments(beside) != _comments(trivia(again)):
        return _refused(read, "this file cannot be brought into the layout without changing it")
    return Formatted(new, ours=ours)


def _refused(read: Document, message: str) -> Formatted:
    hint = "it is left as it is; the cause is a comment or a text that is written in an unusual way"
    return Formatted(None, (Diagnostic(codes.CANNOT_FORMAT, read.source.whole(), message, hint),))


def _same(one: document.Value, other: document.Value) -> bool:
    """Whether two values are equal, types and the order of what has one included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _comments(found: layout.Trivia) -> list[str]:
    lines = [line for lines in (*found.above.values(), *found.below.values()) for line in lines if line]
    return sorted([*lines, *(comment for comment, _ in found.beside.values())])

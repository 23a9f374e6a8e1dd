"""``extends``: a document laid over the one that it changes, before any meaning is read from either."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from autotrain_dsl import document, schema
from autotrain_dsl.codes import document as size_codes
from autotrain_dsl.codes import resolver as codes
from autotrain_dsl.diagnostics import MAX_FINDINGS, Code, Diagnostic
from autotrain_dsl.document import Document, Place, Value
from autotrain_dsl.source import Span
from autotrain_dsl.spelling import nearest

MAX_LAYERS = 20
_REFUSED = object()
_OWN = ("extends", "abstract")  # keys that say something about their own file only

Read = tuple[Document | None, list[Diagnostic]]


@dataclass
class Library:
    """Documents by file, each read once; ``root`` is the folder tree that ``extends`` may not leave."""

    root: Path | None = None
    _texts: dict[Path, Read] = field(default_factory=dict)
    _documents: dict[Path, Read] = field(default_factory=dict)
    _layered: dict[Path, Read] = field(default_factory=dict)

    def text(self, path: Path) -> Read:
        """A file as YAML, whatever it is about."""
        key = path.resolve()
        if key not in self._texts:
            self._texts[key] = document.read(path, os.path.normpath(path))
        return self._texts[key]

    def put(self, path: Path, read: Read) -> None:
        """Use a text instead of what stands in its file."""
        self._texts[path.resolve()] = read

    def documents(self) -> list[Document]:
        """Everything that was read so far."""
        return [found for found, _ in self._texts.values() if found is not None]

    def written(self, path: Path) -> Read:
        """A curriculum file as it is written, and the findings of its own text and structure."""
        key = path.resolve()
        if key not in self._documents:
            self._documents[key] = checked(self.text(path))
        return self._documents[key]

    def layered(self, path: Path) -> Read:
        """A curriculum file with everything that it extends; the findings of all of them."""
        key = path.resolve()
        if key not in self._layered:
            self._layered[key] = self.lay(path, self.written(path))
        return self._layered[key]

    def lay(self, path: Path, written: Read) -> Read:
        """The same for a document that is not in a file of its own (standard input), as if it were at ``path``."""
        over, diagnostics = written
        base = self._chain(path, over)
        if base is None or over is None:
            return over, diagnostics
        if isinstance(base, Diagnostic):
            return None, [*diagnostics, base]
        below, more = self.layered(base)
        diagnostics = [*diagnostics, *more]
        if below is None:
            return None, diagnostics
        laid = merged(below, over)
        if len(laid.values) > document.MAX_NODES:
            message = f"with what it extends the file has more than {document.MAX_NODES:,} values"
            hint = "share parameters with `blocks` and `inherits`"
            return None, [*diagnostics, Diagnostic(size_codes.TOO_LARGE, over.span(("extends",)), message, hint)]
        return laid, [*diagnostics, *_nulls(over, below)]

    def _chain(self, path: Path, over: Document | None) -> Path | Diagnostic | None:
        """The file that a document extends (None: none), after following ``extends`` to the first file."""
        first: Path | None = None
        seen = [path.resolve()]
        span: Span | None = None
        while over is not None and isinstance(over.data.get("extends"), str):
            base = self.base(path, over.data["extends"], over.span(("extends",)))
            if isinstance(base, Diagnostic):
                return base if first is None else first  # of a file further down: reported there
            span = span or over.span(("extends",))
            if base.resolve() in seen:
                return _cycle(span, base, seen) if base.resolve() == seen[0] or len(seen) > MAX_LAYERS else first
            seen.append(base.resolve())
            if len(seen) > MAX_LAYERS:
                message = f"more than {MAX_LAYERS} files extend each other"
                return Diagnostic(codes.EXTENDS_CYCLE, span, message, "extend an earlier version")
            first = first or base
            path, over = base, self.written(base)[0]
        return first

    def base(self, path: Path, written: str, span: Span) -> Path | Diagnostic:
        """The file that ``written`` in the file at ``path`` names: below the root, and there; else what is wrong."""
        hint = "the path is relative to the folder of this file"
        try:
            base = path.parent / written
            root = (self.root or tree_of(path)).resolve()
            if Path(written).is_absolute():
                message = f"`{written}` is an absolute path, which is another one on every computer"
                return _finding(codes.EXTENDS_OUTSIDE, span, message, hint)
            if not base.resolve().is_relative_to(root):
                message = f"`{written}` lies outside the folder tree of the curriculums"
                name_it = "; name a folder above both files `curriculums`, and it starts there"
                way_out = "" if root.name == "curriculums" else name_it
                return _finding(codes.EXTENDS_OUTSIDE, span, message, f"the tree starts at `{root.name}`{way_out}")
            if not base.is_file():
                near = (
                    nearest(base.name, [each.name for each in base.parent.glob("*.yaml") if ".test." not in each.name])
                    if base.parent.is_dir()
                    else None
                )
                hint = f"did you mean `{Path(written).with_name(near).as_posix()}`?" if near else hint
                return _finding(codes.EXTENDS_NOT_FOUND, span, f"there is no file `{written}`", hint)
        except (OSError, ValueError, RuntimeError):
            return _finding(codes.EXTENDS_NOT_FOUND, span, f"`{written}` cannot be a file", hint)
        return path.parent / Path(written)


def checked(read: Read) -> Read:
    """A curriculum's document with the findings of its own structure."""
    found, diagnostics = read
    if found is not None:
        alone = found.data.get("extends") is None
        nulls = _nulls(found, None) if alone else []
        found, more = schema.examine(found, "curriculum", nulls=(str,))
        if alone:
            found = _with_empty_stages(replace(found, data=_without_nulls(found.data)), found.data)
        diagnostics = [*diagnostics, *unexplained(more, diagnostics), *nulls]
    return found, diagnostics


def merged(base: Document, over: Document) -> Document:
    """A document laid over the one that it extends."""
    data = {key: value for key, value in base.data.items() if key not in _OWN}
    values = {place: span for place, span in base.values.items() if place[:1] not in {(key,) for key in _OWN}}
    keys = {place: span for place, span in base.keys.items() if place in values}
    layer = _Layer(over, values, keys)
    data = layer.lay(data, {key: value for key, value in over.data.items() if key != "extends"}, ())
    return replace(over, data=data, values=values, keys=keys, scalars=(*base.scalars, *over.scalars))


def unexplained(found: Iterable[Diagnostic], before: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings without those at a place where something is known to be wrong already."""
    places = {(d.span.source.name, d.span.start) for d in before if d.is_error and d.span.end > d.span.start}
    return [d for d in found if (d.span.source.name, d.span.start) not in places]


def tree_of(path: Path) -> Path:
    """The folder tree of a curriculum: from the folder named ``curriculums`` above it, else from its own folder."""
    parents = path.absolute().parents
    return next((folder for folder in parents if folder.name == "curriculums"), parents[0])


def _cycle(span: Span, base: Path, seen: list[Path]) -> Diagnostic:
    names = [file.name for file in seen[seen.index(base.resolve()) :]]
    message = f"`extends` leads back to `{base.name}`: {' -> '.join([*names, base.name])}"
    return Diagnostic(codes.EXTENDS_CYCLE, span, message, "take `extends` out of one of these files")


@dataclass(frozen=True)
class _Layer:
    over: Document
    values: dict[Place, Span]
    keys: dict[Place, Span]

    def lay(self, below: dict[str, Value], above: dict[str, Value], place: Place) -> dict[str, Value]:
        """Mappings key by key, ``null`` removes, everything else replaces; the places follow."""
        result = dict(below)
        for key, value in above.items():
            here = (*place, key)
            old = result.get(key)
            if isinstance(old, dict) and isinstance(value, dict):
                result[key] = self.lay(old, value, here)
                self.keys[here], self.values[here] = self.over.key(here), self.over.values[here]
                continue
            self._forget(old, here)
            if value is None:
                result.pop(key, None)
            else:
                result[key] = _without_nulls(value)
                self._remember(result[key], here)
        return result

    def _forget(self, old: Value, place: Place) -> None:
        for known in _places(old, place):
            self.values.pop(known, None)
            self.keys.pop(known, None)

    def _remember(self, new: Value, place: Place) -> None:
        for known in _places(new, place):
            self.values[known] = self.over.values[known]
            if known in self.over.keys:
                self.keys[known] = self.over.keys[known]


def _places(value: Value, place: Place) -> Iterator[Place]:
    """The place of a value and of everything in it."""
    yield place
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in entries:
        yield from _places(inner, (*place, step))


def _without_nulls(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):  # there ``None`` stands for an entry that is refused
        return [_without_nulls(inner) for inner in value]
    return value


def _with_empty_stages(document: Document, before: dict[str, Value]) -> Document:
    """A stage without anything in it is a mistake, but still a stage that others lead to."""
    names = before.get("stages") or {}
    stages = {**{name: {} for name in names}, **document.data.get("stages", {})}
    return replace(document, data={**document.data, "stages": stages}) if names else document


def _nulls(over: Document, base: Document | None) -> list[Diagnostic]:
    """Findings for every ``null`` that removes nothing."""
    found: list[Diagnostic] = []
    for place in over.values:
        if len(found) > MAX_FINDINGS:
            break
        if not place or not isinstance(place[-1], str) or _at(over.data, place) is not None:
            continue
        in_a_list = any(isinstance(step, int) for step in place)  # a list replaces the other one as a whole
        if base is None or in_a_list or place not in base.values:
            message, hint = f"`{place[-1]}` has no value", "write a value or delete the line"
            if base is not None and not in_a_list:
                message += ", and there is no such key in the file that is extended to remove"
                siblings = [str(other[-1]) for other in base.values if other[:-1] == place[:-1] and other]
                near = nearest(place[-1], siblings)
                hint = f"did you mean `{near}`?" if near else hint
            found.append(_finding(codes.NOTHING_TO_REMOVE, over.key(place), message, hint))
    return found


def _at(data: Value, place: Place) -> Value:
    """The value at a place; something that is not None where it is left out because it is refused."""
    for step in place:
        entries = dict(enumerate(data)) if isinstance(data, list) else data
        if not isinstance(entries, dict) or step not in entries:
            return _REFUSED
        data = entries[step]
    return data


def _finding(code: Code, span: Span, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(code, span, message, hint)

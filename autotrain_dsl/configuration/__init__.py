"""The configuration file of the nightly run: what to judge, where its tables are, how stores are reached."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autotrain_dsl import document, schema
from autotrain_dsl.codes import configuration as codes
from autotrain_dsl.codes import document as document_codes
from autotrain_dsl.configuration import destinations, locations, passwords
from autotrain_dsl.configuration.destinations import Named
from autotrain_dsl.configuration.locations import DATABASE, LOCAL, S3, SUFFIXES, Fault, Location
from autotrain_dsl.configuration.passwords import shown
from autotrain_dsl.configuration.references import Reference, Secrets, is_name
from autotrain_dsl.configuration.references import references as references_in
from autotrain_dsl.diagnostics import MAX_FINDINGS, Diagnostic, Note, first, has_errors, tidy
from autotrain_dsl.document import Document, Place
from autotrain_dsl.silence import silence
from autotrain_dsl.source import Span
from autotrain_dsl.spelling import nearest


@dataclass(frozen=True, slots=True)
class ManagerConfiguration:
    """One df_manager: what it is made from, and everything that is written for it.

    Places can be used from the current directory; ``${NAME}`` in them is not expanded (see ``Secrets``). ``columns``
    are the program's names of columns and what the table calls them, ``task_names`` what the table calls a task and
    the name of its curriculum. ``history`` is ``on_curriculum`` or ``all``. ``watch`` holds the thresholds of the watch
    list that the file names, without defaults.
    """

    name: str
    curriculums: tuple[str, ...]
    schemas: str | None
    task_schema: tuple[str, str | None] | None
    behavior: str
    manager: str
    stats: str | None
    report: str | None
    exports: tuple[str, ...]
    mirrors: tuple[str, ...]
    pages: str | None
    watch: Mapping[str, Mapping[str, float]]
    default_curriculum: tuple[str, str] | None
    history: str
    columns: Mapping[str, str]
    task_names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class S3Configuration:
    """How ``s3://`` is reached; times are in seconds, texts may hold ``${NAME}``."""

    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None
    addressing: str = "auto"
    attempts: int = 5
    connect_timeout: float = 10.0
    read_timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration without faults.

    ``conflicts`` is how often a run starts over because another one was faster, ``generations`` how many old
    generations are kept. It holds no password but in ``secrets``, and may be printed.
    """

    managers: tuple[ManagerConfiguration, ...]
    s3: S3Configuration
    conflicts: int
    generations: int
    secrets: Secrets


@dataclass(frozen=True, slots=True)
class _Kinds:
    """What a key of a manager may name."""

    kinds: tuple[str, ...]
    suffixes: tuple[str, ...] = ()  # of files; none for a folder
    must_exist: bool = False
    in_parts: bool = False  # or a folder of parts, which ends with a slash


_FILES, _TABLES = (LOCAL, S3), (LOCAL, S3, DATABASE)
_PLACES: Mapping[str, _Kinds] = {
    "curriculums": _Kinds(_FILES, must_exist=True),
    "schemas": _Kinds((LOCAL,), must_exist=True),
    "behavior": _Kinds(_TABLES, SUFFIXES, in_parts=True),
    "manager": _Kinds(_TABLES, SUFFIXES, in_parts=True),
    "stats": _Kinds(_TABLES, SUFFIXES),  # never a database, but why depends on `manager`
    "report": _Kinds(_FILES, (".json",)),
    "exports": _Kinds(_FILES, SUFFIXES),
    "mirrors": _Kinds(_FILES),
    "pages": _Kinds(_FILES),
}
_NAME_AT_VERSION = re.compile(r"([A-Za-z0-9][A-Za-z0-9 _.()+-]*)@([A-Za-z0-9][A-Za-z0-9_.+-]*)")

# Ways out that are not those of curriculums.
_HINTS = {
    document_codes.ALIAS.id: "write the value out; put quotes around text that starts with `*` or `&`",
    document_codes.TAG.id: "put quotes around text that starts with `!`",
    document_codes.TOO_LARGE.id: "name folders and not every file in them, or make two configurations",
    document_codes.NOT_ONE_DOCUMENT.id: "a configuration is one mapping that starts with `dsl_version: 1`",
}


def load(path: Path, environment: Mapping[str, str]) -> tuple[Configuration | None, list[Diagnostic]]:
    """The configuration in a file, or None where it has errors, and all findings sorted by place.

    ``environment`` is looked up only for the variables that the file names. No finding shows a value of it, or a
    password that is written into the file.
    """
    written, found = document.read(path)
    if written is None:
        return None, tidy(_reworded(passwords.hidden(found)))
    taken = passwords.take_out(_pointing(written))
    found = _reworded(passwords.hidden(found, taken.document.source))
    found += [_written_password(span) for span in taken.spans]
    examined, faults = schema.examine(taken.document, "configuration")
    work = _Loading(examined, path.parent, Secrets(dict(taken.values)))
    found += [*faults, *_no_manager(taken.document), *work.findings(environment)]
    failed = has_errors(found)
    kept = tidy(silence(found, [taken.document], [] if failed else [taken.document]))
    failed = failed or has_errors(kept)
    return None if failed else work.configuration(), _capped(kept)


@dataclass
class _Loading:
    document: Document
    folder: Path
    secrets: Secrets
    named: list[Named] = field(default_factory=list)

    def findings(self, environment: Mapping[str, str]) -> list[Diagnostic]:
        """What JSON Schema does not see."""
        values = dict(self.secrets.values)
        found = first(self._references(environment, values))
        self.secrets = Secrets(values)
        for name, entry in self._managers():
            found += first(self._manager(name, entry))
        return [*found, *self._s3(), *first(destinations.check(self.document, self.named))]

    def configuration(self) -> Configuration:
        """The configuration, where nothing is an error."""
        data = self.document.data
        s3: dict[str, Any] = dict(data.get("s3", {}))
        s3 |= {key: float(s3[key]) for key in ("connect_timeout", "read_timeout") if key in s3}
        return Configuration(
            managers=tuple(self._configured(name, entry) for name, entry in self._managers()),
            s3=S3Configuration(**s3),
            conflicts=data.get("conflicts", {}).get("attempts", 20),
            generations=data.get("retention", {}).get("generations", 30),
            secrets=self.secrets,
        )

    def _managers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from self.document.data.get("managers", {}).items()

    def _references(self, environment: Mapping[str, str], values: dict[str, str]) -> Iterator[Diagnostic]:
        """Findings on ``${...}``; the values of those that are right go to ``values``."""
        for at, text in passwords.texts(self.document.data):
            expands = at[0] == "s3" or (at[0] == "managers" and len(at) > 2 and at[2] in _PLACES)
            for each in references_in(text):
                name = each.name or ""
                if name in values and expands:
                    continue
                if not expands:
                    yield self._at(each, at, text, f"`${{` has no meaning in `{at[-1]}`", "write the text itself")
                    break
                if not is_name(name):
                    hint = "write `${NAME}` with letters, digits and underscores, or `$${` for the characters `${`"
                    yield self._at(each, at, text, "`${` begins no reference to an environment variable", hint)
                    break  # where this one ends can only be guessed
                if environment.get(name):
                    values[name] = environment[name]
                else:
                    yield _unset(self._at(each, at, text), name, environment)

    def _at(self, each: Reference, at: Place, text: str, message: str = "", hint: str = "") -> Diagnostic:
        span = self.document.span(at)
        offsets = [] if passwords.shown(text) != text else span.offsets(text)
        if each.end <= len(offsets):
            span = Span(span.source, offsets[each.start], offsets[each.end - 1] + 1)
        return Diagnostic(codes.BAD_REFERENCE, span, message, hint)

    def _manager(self, name: str, entry: Mapping[str, Any]) -> Iterator[Diagnostic]:
        for key, kinds in _PLACES.items():
            for at, text in passwords.texts(entry.get(key), ("managers", name, key)):
                result = self._location(text, kinds)
                if isinstance(result, Location):
                    self.named.append(Named(name, key, at, result))
                elif result is not None:
                    yield self._fault(at, text, result)
        at = ("managers", name, "default_curriculum")
        default = entry.get("default_curriculum")
        if default is not None and "${" not in default and not _NAME_AT_VERSION.fullmatch(default):
            hint = 'write name and version with an @ between them, such as "Coupled Baiting@2.3"'
            yield self._fault(at, default, (codes.BAD_DEFAULT, "is not of the form NAME@VERSION", hint))
        yield from self._same_columns(entry.get("columns", {}), ("managers", name, "columns"))

    def _location(self, text: str, kinds: _Kinds) -> Location | Fault | None:
        """The place that a text means, or what is wrong with it; None where a reference is already reported."""
        if any(each.name not in self.secrets.values for each in references_in(text)):
            return None
        if self.secrets.length(text) > document.MAX_SCALAR:
            return codes.BAD_PLACE, "is too long with the values of its variables", "look at the variables"
        expanded = self.secrets.expand(text)
        if locations.scheme_of(text) != locations.scheme_of(expanded):
            hint = "write `s3://`, `sqlite:///` or `postgresql+psycopg://` outside of `${...}`"
            return codes.BAD_PLACE, "hides in a variable which kind of place it is", hint
        found = locations.locate(expanded, self.folder)
        return (_kind_fault(text, found, kinds) or found) if isinstance(found, Location) else found

    def _fault(self, at: Place, text: str, fault: Fault) -> Diagnostic:
        code, message, hint = fault
        return Diagnostic(code, self.document.span(at), f"`{shown(text)[:100]}` {message}", hint)

    def _same_columns(self, columns: Mapping[str, Any], at: Place) -> Iterator[Diagnostic]:
        names: dict[str, str] = {}
        for ours, theirs in columns.items():
            if (other := names.setdefault(theirs, ours)) != ours:
                span = self.document.span((*at, other))
                message = f"the column `{shown(theirs)}` cannot be both `{other}` and `{ours}`"
                note = Note(f"`{other}` is in line {span.line}", span)
                yield Diagnostic(codes.SAME_COLUMN, self.document.span((*at, ours)), message, "", (note,))

    def _s3(self) -> Iterator[Diagnostic]:
        for at, text in passwords.texts(self.document.data.get("s3"), ("s3",)):
            if all(each.name in self.secrets.values for each in references_in(text)):
                expanded = self.secrets.expand(text) if self.secrets.length(text) <= document.MAX_SCALAR else "\0"
                if not expanded.isprintable():
                    message = "holds a line break or another control character, or is too long"
                    hint = "correct it, here or in the value of the variable"
                    yield self._fault(at, text, (codes.BAD_PLACE, message, hint))
                elif at[-1] == "endpoint" and not _is_server(expanded):
                    message, hint = "is not the address of a server", "write `http://HOST:PORT` or `https://HOST`"
                    yield self._fault(at, text, (codes.BAD_PLACE, message, hint))

    def _configured(self, name: str, entry: Mapping[str, Any]) -> ManagerConfiguration:
        def places(key: str) -> tuple[str, ...]:
            texts = [text for _, text in passwords.texts(entry.get(key), ())]
            return tuple(locations.anchored(text, self.secrets.expand(text), self.folder) for text in texts)

        task, default = entry.get("task_schema"), _NAME_AT_VERSION.fullmatch(entry.get("default_curriculum", ""))
        return ManagerConfiguration(
            name=name,
            curriculums=places("curriculums"),
            schemas=next(iter(places("schemas")), None),
            task_schema=(task["name"], task.get("version")) if task else None,
            behavior=places("behavior")[0],
            manager=places("manager")[0],
            stats=next(iter(places("stats")), None),
            report=next(iter(places("report")), None),
            exports=places("exports"),
            mirrors=places("mirrors"),
            pages=next(iter(places("pages")), None),
            watch=entry.get("watch", {}),
            default_curriculum=(default[1], default[2]) if default else None,
            history=entry.get("history", "on_curriculum"),
            columns=entry.get("columns", {}),
            task_names=entry.get("task_names", {}),
        )


def _pointing(written: Document) -> Document:
    """The same document; findings on an empty value point to its key, since the value stands nowhere."""
    spans = {at: written.keys.get(at, span) if span.start == span.end else span for at, span in written.values.items()}
    return replace(written, values=spans)


def _reworded(found: list[Diagnostic]) -> list[Diagnostic]:
    return [replace(each, hint=_HINTS.get(each.code.id, each.hint)) for each in found]


def _written_password(span: Span) -> Diagnostic:
    message = "a password is written into the file"
    hint = "write `${NAME}` in its place, and set the environment variable NAME for the nightly run"
    return Diagnostic(codes.WRITTEN_PASSWORD, span, message, hint)


def _no_manager(written: Document) -> Iterator[Diagnostic]:
    if written.data.get("managers") == {}:
        hint = "add a name, and below it `curriculums`, `behavior` and `manager`"
        yield Diagnostic(codes.NO_MANAGER, written.key(("managers",)), "`managers` is empty", hint)


def _unset(found: Diagnostic, name: str, environment: Mapping[str, str]) -> Diagnostic:
    what = "is empty" if name in environment else "is not set"
    near = nearest(name, (each for each in environment if each != name and environment[each]))
    hint = f"did you mean `${{{near}}}`?" if near else "set it for the program that starts the nightly run"
    return replace(found, code=codes.UNSET_VARIABLE, message=f"the environment variable `{name}` {what}", hint=hint)


def _kind_fault(text: str, found: Location, kinds: _Kinds) -> Fault | None:
    """What is wrong with a place for a key that takes these kinds."""
    if found.kind not in kinds.kinds:
        return codes.WRONG_KIND, f"is {found.kind}", f"possible here: {' or '.join(kinds.kinds)}"
    if kinds.must_exist and not found.exists():
        return codes.NOT_THERE, "does not exist", "paths are relative to the folder of the configuration file"
    if not kinds.suffixes or found.kind == DATABASE or (kinds.in_parts and text.endswith("/")):
        return None
    if found.kind == S3 and not found.path:
        return codes.BAD_PLACE, "names a bucket and no object in it", "write `s3://BUCKET/KEY`"
    fault = locations.ending_fault(text, kinds.suffixes)
    if fault is None or not kinds.in_parts:
        return fault
    code, message, hint = fault
    return code, message, f"{hint}, or in a slash for a folder of parts" if hint.startswith("let") else hint


def _is_server(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _capped(found: list[Diagnostic]) -> list[Diagnostic]:
    more = [document.too_many(each.span) for each in found[MAX_FINDINGS : MAX_FINDINGS + 1]]
    return [*found[:MAX_FINDINGS], *more]


__all__ = ["Configuration", "ManagerConfiguration", "S3Configuration", "Secrets", "load"]

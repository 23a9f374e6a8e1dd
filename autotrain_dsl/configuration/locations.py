"""Places that a configuration names: files, objects, prefixes and tables of databases, told apart by their URIs."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from autotrain_dsl.codes import configuration as codes
from autotrain_dsl.diagnostics import Code
from autotrain_dsl.spelling import listed, nearest

LOCAL, S3, DATABASE = "a local path", "a place on s3://", "a table of a database"
SUFFIXES = (".parquet", ".csv", ".pkl")

_SQLITE, _POSTGRESQL = "sqlite", "postgresql+psycopg"
_SCHEMES = ("s3", _SQLITE, _POSTGRESQL)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_ONE_SLASH = re.compile(r"(s3|sqlite|postgresql[a-z0-9+]*):")
_TABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,62}\.)?[A-Za-z_][A-Za-z0-9_]{0,50}")

Fault = tuple[Code, str, str]  # what is wrong, said after the place, and a way out; never with a word of the place


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a form that is equal for all texts that mean it.

    ``store`` is the bucket or database, empty for this computer; ``path`` the absolute path, the key or the table.
    """

    kind: str
    store: str
    path: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def folder(self) -> Location:
        """The folder or prefix that it is in."""
        parent = PurePosixPath(self.path).parent
        return replace(self, path="" if parent == PurePosixPath() else str(parent))

    def within(self, name: str) -> Location:
        """What is called ``name`` in this folder or prefix."""
        return replace(self, path=str(PurePosixPath(self.path, name)))

    def beside(self, what: str, suffix: str = "") -> Location:
        """What accompanies this table: ``df_manager.parquet`` -> ``df_manager_stats.parquet``."""
        path = PurePosixPath(self.path)
        return replace(self, path=str(path.with_name(f"{path.stem}_{what}{suffix or path.suffix}")))

    def holds(self, other: Location) -> bool:
        """Whether another place lies in this folder or prefix; a database in a file does where the file does."""
        if other.kind == DATABASE and other.store.startswith(f"{_SQLITE}:"):
            other = Location(LOCAL, "", Path(other.store.removeprefix(f"{_SQLITE}:")).as_posix())
        same = (self.kind, self.store) == (other.kind, other.store) and self.path != other.path
        return same and PurePosixPath(other.path).is_relative_to(self.path)

    def exists(self) -> bool:
        """Whether there is such a file or folder; what is not on this computer is taken to be there."""
        try:
            return self.kind != LOCAL or Path(self.path).exists()
        except (OSError, ValueError):
            return False


def locate(text: str, folder: Path) -> Location | Fault:
    """The place that a text without references means; relative paths start at ``folder``."""
    if not text.isprintable() or text != text.strip():
        message = "holds a line break, a control character, or a space at its beginning or end"
        return codes.BAD_PLACE, message, "delete it, here or in the value of the variable"
    scheme = _SCHEME.match(text)
    if scheme is None:
        return _local(text, folder)
    rest = text[scheme.end() :]
    match scheme[1]:
        case "s3":
            return _s3(rest)
        case "sqlite":
            return _sqlite(rest, folder)
        case "postgresql+psycopg":
            return _postgresql(text)
    return codes.UNKNOWN_SCHEME, "starts with an unknown word before `://`", _scheme_hint(scheme[1])


def anchored(text: str, expanded: str, folder: Path) -> str:
    """A text as it is to be used from the current directory: a relative path joined with ``folder``.

    ``expanded`` is the text without references, which says whether the path is relative.
    """
    head = f"{_SQLITE}:///"
    if text.startswith(head):
        absolute = expanded.startswith("/", len(head)) or Path(expanded[len(head) :]).is_absolute()
        return text if absolute else f"{head}{folder / text[len(head) :]}"
    if _SCHEME.match(expanded) or Path(expanded).is_absolute():
        return text
    return f"{folder / text}{'/' if text.endswith('/') else ''}"  # which says that it is a folder of parts


def scheme_of(text: str) -> str:
    """The word before ``://``; empty for a path."""
    scheme = _SCHEME.match(text)
    return scheme[1] if scheme else ""


def ending_fault(text: str, suffixes: tuple[str, ...] = SUFFIXES) -> Fault | None:
    """What is wrong with the ending of a file's name, if none of the formats is meant by it."""
    suffix = PurePosixPath(text).suffix
    if suffix in suffixes:
        return None
    wanted = " or ".join(filter(None, [", ".join(suffixes[:-1]), suffixes[-1]]))
    meant = {".pickle": ".pkl", ".pq": ".parquet"}.get(suffix.lower()) or nearest(suffix, suffixes)
    hint = f"did you mean `{meant}`?" if suffix and meant else f"let the name end in {wanted}"
    return codes.WRONG_ENDING, f"does not end in {wanted}", hint


def _scheme_hint(scheme: str) -> str:
    if scheme.lower() == "file":
        return "write the path alone"
    near = {"postgres": _POSTGRESQL, "psql": _POSTGRESQL}.get(scheme.lower()) or nearest(scheme, _SCHEMES)
    starts = {each: f"{each}:///" if each == _SQLITE else f"{each}://" for each in _SCHEMES}
    return f"did you mean `{starts[near]}`?" if near else f"known: {listed(starts.values())}, or a path"


def _local(text: str, folder: Path) -> Location | Fault:
    if _ONE_SLASH.match(text):
        return codes.BAD_PLACE, "looks like a URI, but two slashes are missing", "write `://` after the first word"
    return Location(LOCAL, "", Path(os.path.realpath(folder / text)).as_posix())


def _s3(rest: str) -> Location | Fault:
    bucket, _, key = rest.partition("/")
    if "@" in bucket or ":" in bucket:
        hint = "write `s3://BUCKET/KEY`; name the credentials by `profile` under `s3`, or in the environment"
        return codes.BAD_PLACE, "has a user or a port before the bucket", hint
    if not bucket:
        return codes.BAD_PLACE, "names no bucket", "write `s3://BUCKET/KEY`"
    return Location(S3, f"s3://{bucket}", key.rstrip("/"))


def _sqlite(rest: str, folder: Path) -> Location | Fault:
    form = "write `sqlite:///FILE#TABLE`, with three slashes and one more for an absolute path"
    place, _, table = rest.partition("#")
    file = place.partition("?")[0].removeprefix("/")
    if not place.startswith("/") or not file:
        return codes.BAD_PLACE, "names no database file", form
    if file == ":memory:":
        return codes.BAD_PLACE, "is a database in memory, which is gone after the run", form
    return _table(table) or Location(DATABASE, f"{_SQLITE}:{os.path.realpath(folder / file)}", table)


def _postgresql(text: str) -> Location | Fault:
    form = f"write `{_POSTGRESQL}://USER:${{NAME}}@HOST/DATABASE#TABLE`"
    address, _, table = text.rpartition("#") if "#" in text else (text, "", "")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 5432
    except ValueError:
        return codes.BAD_PLACE, "is not an address that can be understood", form
    if not parts.path.strip("/"):
        return codes.BAD_PLACE, "names no database", form
    return _table(table) or Location(DATABASE, f"postgresql://{host}:{port}{parts.path}", table)


def _table(table: str) -> Fault | None:
    if not table:
        return codes.BAD_PLACE, "names no table", "add `#` and the name of the table, such as `#df_manager`"
    if not _TABLE.fullmatch(table):
        hint = "a table's name is made of at most 63 letters A to Z, digits and underscores"
        return codes.BAD_PLACE, "has a table's name of a form that is not allowed", hint
    return None

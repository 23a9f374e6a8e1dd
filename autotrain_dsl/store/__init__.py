"""Where tables are kept: URIs, and what implements the ports behind them."""

from __future__ import annotations

import hashlib
import importlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from autotrain_dsl.store.base import Objects, State, StoreError, UnreadableError
from autotrain_dsl.store.exports import Export
from autotrain_dsl.store.formats import SUFFIXES, decode
from autotrain_dsl.store.generations import KEPT, ObjectState
from autotrain_dsl.store.local import LocalObjects

if TYPE_CHECKING:
    from autotrain_dsl.store.partitions import Partitions

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/{2,}")
_S3 = "s3"


@dataclass(frozen=True, slots=True)
class Access:
    """How stores are reached: values of ``s3.Settings``, what puts secrets into a URI, generations to keep."""

    s3: Mapping[str, Any] = field(default_factory=dict)
    expand: Callable[[str], str] = str
    kept: int = KEPT


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table that was read; ``version`` is a SHA-256 of its bytes, empty for a table in a database."""

    frame: pd.DataFrame
    version: str


def is_database(uri: str) -> bool:
    """Whether a URI names a table in a database."""
    scheme = _SCHEME.match(uri)
    return scheme is not None and scheme[1].lower() != _S3


def read_table(uri: str, access: Access) -> Loaded | None:
    """The table at a URI, None where there is none. Raises StoreError, and UnreadableError where it is damaged."""
    if is_database(uri):
        frame = _sql("sql").read_table(access.expand(uri))
        return None if frame is None else Loaded(frame, "")
    objects, key = locate(uri, access)
    blob = objects.get(key)
    if blob is None:
        return None
    return Loaded(decode(blob.content, _suffix(uri)), hashlib.sha256(blob.content).hexdigest())


def is_in_parts(uri: str) -> bool:
    """Whether a URI names a folder of parts: it ends with a slash."""
    return uri.endswith("/") and not is_database(uri)


def in_parts(uri: str, access: Access) -> Partitions:
    """The df_manager in parts at a URI."""
    from autotrain_dsl.store.partitions import Partitions  # noqa: PLC0415 - few colonies are in parts

    return Partitions(folder(uri, access), access.kept)


def read_parts(uri: str, access: Access) -> Loaded | None:
    """All parts of a folder as one table; None where there is none."""
    objects = folder(uri, access)
    keys = [key for key in objects.keys("") if key.lower().endswith(".parquet")]
    contents = [blob.content for key in keys if (blob := objects.get(key)) is not None]
    if not contents:
        return None
    frame = pd.concat([decode(content, ".parquet") for content in contents], ignore_index=True)
    return Loaded(frame, hashlib.sha256(b"".join(contents)).hexdigest())


def open_state(uri: str, access: Access) -> State:
    """The state of the df_manager at a URI: in the database, in parts, or in a folder beside the exported table."""
    if is_in_parts(uri):
        return in_parts(uri, access)
    if is_database(uri):
        state: State = _sql("sql_state").SqlState(access.expand(uri))
        return state
    export, key = locate(uri, access)
    return ObjectState(folder(state_uri(uri, access), access), export, key, access.kept)


def state_uri(uri: str, access: Access) -> str:
    """Where the state of an exported table is kept. A link is followed: whatever its name, it is one table."""
    if not _SCHEME.match(uri) and Path(access.expand(uri)).is_symlink():
        uri = os.path.realpath(access.expand(uri))
    return f"{uri}.state"


def export(uri: str, what: str, access: Access) -> Export:
    """A table for readers at a URI."""
    return Export(*locate(uri, access), what)


def locate(uri: str, access: Access) -> tuple[Objects, str]:
    """The folder or prefix and the key of a table in a file or object."""
    if _suffix(uri) not in SUFFIXES:
        kinds = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        message = f"`{uri}`: a table is a file that ends in {kinds}, or a folder of parts, with a slash at its end"
        raise StoreError(message, wrong_use=True)
    return place(uri, access)


def place(uri: str, access: Access) -> tuple[Objects, str]:
    """The folder or prefix and the key of any file or object."""
    head, separator, key = uri.rpartition("/") if _SCHEME.match(uri) else _split(uri)
    if not key or (separator and _SCHEME.fullmatch(f"{head}/")):
        raise StoreError(f"`{uri}` names no file or object", wrong_use=True)
    return _folder(head, access), access.expand(key)


def folder(uri: str, access: Access) -> Objects:
    """A folder or prefix."""
    if uri.endswith("://") or _SCHEME.fullmatch(uri):
        raise StoreError(f"`{uri}` names no folder", wrong_use=True)
    return _folder(uri.rstrip("/") or uri, access, links=False)


def bounded(uri: str, access: Access, largest: int) -> Objects:
    """A folder or prefix that anybody may write to, without what lies deeper in it.

    Reading what is no file, or has more bytes, raises UnreadableError.
    """
    found: Any = folder(uri, access)
    objects: Objects = replace(found, largest=largest)
    return objects


def beside(uri: str, what: str, suffix: str = "") -> str:
    """URI of what accompanies a table: ``df_manager.parquet`` -> ``df_manager_stats.parquet``."""
    stem, _, own = uri.rpartition(".")
    return f"{stem}_{what}{suffix or f'.{own}'}"


def _split(path: str) -> tuple[str, str, str]:
    return str(Path(path).parent), "/", Path(path).name


def _folder(uri: str, access: Access, *, links: bool = True) -> Objects:
    scheme = _SCHEME.match(uri)
    if scheme is None:
        return LocalObjects(Path(access.expand(uri)), links)
    if scheme[1].lower() != _S3:
        raise StoreError(f"`{uri}`: files are kept in a local folder or below s3://", wrong_use=True)
    from autotrain_dsl.store import s3  # noqa: PLC0415 - loads boto3, which only those need who use it

    bucket, key = s3.parse(f"{access.expand(uri)}/")
    found: Objects = s3.S3Objects(bucket, key.strip("/"), s3.Settings(**access.s3))
    return found


def _sql(module: str) -> Any:
    try:
        return importlib.import_module(f"autotrain_dsl.store.{module}")  # SQLAlchemy is an extra
    except ImportError as error:
        message = f"databases need more packages ({error.name}): pip install 'autotrain-dsl[sql]'"
        raise StoreError(message, wrong_use=True) from error


def _suffix(uri: str) -> str:
    return Path(uri).suffix


__all__ = [
    "SUFFIXES",
    "Access",
    "Loaded",
    "UnreadableError",
    "beside",
    "bounded",
    "export",
    "folder",
    "in_parts",
    "is_database",
    "is_in_parts",
    "locate",
    "open_state",
    "place",
    "read_parts",
    "read_table",
    "state_uri",
]

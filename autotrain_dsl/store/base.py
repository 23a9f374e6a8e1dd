"""The ports that stores implement: bytes under names, and the state of df_manager with its revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd


class StoreError(Exception):
    """The outside world failed; with ``wrong_use`` the URI itself is wrong."""

    def __init__(self, message: str, wrong_use: bool = False, changed: str = "nothing was changed") -> None:
        super().__init__(message)
        self.wrong_use = wrong_use
        self.changed = changed


class ConflictError(StoreError):
    """Somebody else has replaced what was to be replaced since it was read: read it again and start over."""


class UnreadableError(Exception):
    """The bytes are there but are not what they should be."""


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of an object as they were at one moment; ``version`` tells whether it is still the same."""

    content: bytes
    version: str


class Objects(Protocol):
    """Bytes under keys below one folder or prefix. A key is a relative path with ``/`` between its parts."""

    @property
    def uri(self) -> str:
        """The folder or prefix, as a person writes it, without a slash at its end."""

    def get(self, key: str) -> Blob | None:
        """An object, or None where there is none; any other failure is a StoreError and never "none"."""

    def put(self, key: str, content: bytes, replaces: str | None) -> str:
        """Write an object as a whole if it still has the version ``replaces`` (None: if there is none yet).

        Returns the new version. Raises ConflictError where it does not, StoreError where writing fails. When it is
        not known whether a write arrived (the reply was lost), the object is read back: equal bytes are success.
        """

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that start with ``prefix``, sorted."""

    def delete(self, key: str) -> None:
        """Remove an object; that there is none is fine."""

    def ensure(self) -> None:
        """Raise StoreError where the conditions of ``put`` are not honoured; asked before the first write."""

    def probe(self) -> None:
        """Raise StoreError where objects cannot be written here, or where the conditions of ``put`` are not honoured.

        Writes, and removes, an object of its own below ``.probe/`` and nothing else.
        """


@dataclass(frozen=True, slots=True)
class Snapshot:
    """df_manager at one generation: the current rows, sorted, in the columns of ``tables.manager.to_frame``.

    Generation 0 is a table that this program has not published: what another program has written, in its own columns.
    ``edited`` says, in words, that the rows are not those that were published, where that can be told.
    """

    generation: int
    frame: pd.DataFrame
    edited: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What one run changes, as frames in the columns of ``tables.manager.to_frame``.

    ``after`` is the whole table. ``added`` are rows under new keys, ``replacing`` new content under keys that were
    there, ``superseded`` the old content of those, row by row in the same order. ``stats`` is
    ``tables.stats.to_stats(after)``. ``publish_id`` is a text that no other publish has, ``at`` the time of the run
    (ISO 8601), ``program`` the version of the program. ``exported`` are the bytes of tables that will be written for
    readers once this is published, by names such as ``manager.csv``. ``taken`` is the SHA-256 of a table of another
    program that this generation takes over, and that must not be taken for a change when it is found again.
    """

    after: pd.DataFrame
    added: pd.DataFrame
    replacing: pd.DataFrame
    superseded: pd.DataFrame
    stats: pd.DataFrame
    publish_id: str
    at: str
    program: str
    exported: Mapping[str, bytes] = field(default_factory=dict)
    taken: str = ""


class State(Protocol):
    """df_manager and all its revisions, published generation by generation."""

    @property
    def uri(self) -> str:
        """What a person calls it, without secrets."""

    def read(self) -> Snapshot | None:
        """The newest generation, or None where there is no table at all.

        Raises StoreError where the store cannot be reached and UnreadableError where what is there is damaged.
        """

    def generation(self) -> int:
        """Number of the newest generation, 0 if none was published yet."""

    def superseded(self) -> pd.DataFrame | None:
        """Every row that was replaced, oldest first, with the generation that replaced it in ``superseded_in``.

        None if no row ever was.
        """

    def publish(self, change: Change, replaces: Snapshot | None) -> Snapshot:
        """Make a new generation out of ``replaces`` (as ``read`` gave it), wholly or not at all.

        Raises ConflictError where that is not the newest one any more, and StoreError where writing fails.
        """

    def exported(self) -> Sequence[Mapping[str, str]]:
        """SHA-256 of the bytes in ``Change.exported`` of the newest generations, newest first; empty if not kept."""

    def prune(self) -> None:
        """Remove what is older than the number of generations to keep."""

    def verify(self) -> list[str]:
        """What is damaged among everything that is kept; empty if all is as it was published."""

    def report(self, text: str) -> bool:
        """Keep the report of a run; False where the state has no place for it."""

    def probe(self) -> None:
        """Raise StoreError where nothing could be published; leaves nothing behind."""

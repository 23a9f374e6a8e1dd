"""The port that every store of tables implements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pandas as pd


class StoreError(Exception):
    """The outside world failed; with ``wrong_use`` the URI itself is wrong."""

    def __init__(self, message: str, wrong_use: bool = False, changed: str = "nothing was changed") -> None:
        super().__init__(message)
        self.wrong_use = wrong_use
        self.changed = changed


class ConflictError(StoreError):
    """Somebody else has replaced the table since it was read: read it again and start over."""


class UnreadableError(Exception):
    """The bytes are there but are no table; ``version`` lets a derived table be replaced all the same."""

    version: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table as it was at one moment; ``version`` tells whether it is still the same."""

    frame: pd.DataFrame
    version: str


class Table(Protocol):
    """One table in a store."""

    @property
    def uri(self) -> str:
        """What a person calls it."""

    def read(self) -> Snapshot | None:
        """The table, or None where there is none yet; an error is never "none".

        Raises StoreError where the store cannot be reached and UnreadableError where the table is damaged.
        """

    def write(self, frame: pd.DataFrame, replaces: str | None) -> str:
        """Replace the table as a whole if it still has the version ``replaces`` (None: if there is none yet).

        Returns the new version. Raises ConflictError where it does not, and StoreError where writing fails; the table
        is then as it was.
        """

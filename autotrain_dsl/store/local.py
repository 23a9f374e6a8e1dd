"""Tables in local files, replaced as a whole and never half."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from autotrain_dsl.store.base import ConflictError, Snapshot, StoreError, UnreadableError
from autotrain_dsl.store.formats import decode, encode

LOCK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class LocalTable:
    """A table in one file; its version is the SHA-256 of its bytes."""

    path: Path

    @property
    def uri(self) -> str:
        """The path."""
        return str(self.path)

    def read(self) -> Snapshot | None:
        """See ``Table.read``."""
        content = self._content()
        if content is None:
            return None
        try:
            return Snapshot(decode(content, self.path.suffix), _version(content))
        except UnreadableError as error:
            error.version = _version(content)
            raise

    def write(self, frame: pd.DataFrame, replaces: str | None) -> str:
        """See ``Table.write``: compared and renamed into place under a lock that other runs respect."""
        content = encode(frame, self.path.suffix)
        if not self.path.parent.is_dir():
            raise StoreError(f"cannot write `{self.path}`: there is no folder `{self.path.parent}`")
        try:
            target = self.path.resolve()  # whatever name or link a run takes, it is one lock
            with FileLock(target.with_name(f".{target.name}.lock"), timeout=LOCK_SECONDS):
                present = self._content()
                if (None if present is None else _version(present)) != replaces:
                    raise ConflictError(f"`{self.path}` was changed by another run")
                self._replace(content)
        except Timeout as error:
            raise StoreError(f"another run has locked `{self.path}` for {LOCK_SECONDS} s") from error
        except OSError as error:
            raise StoreError(f"cannot write `{self.path}`: {error.strerror or error}") from error
        return _version(content)

    def _content(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"cannot read `{self.path}`: {error.strerror or error}") from error

    def _replace(self, content: bytes) -> None:
        # The name is fixed: what a killed run left behind is overwritten by the next one.
        target = self.path.resolve()  # a link stays a link
        temporary = target.with_name(f".{target.name}.new")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, temporary)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync(target.parent)


def _sync(folder: Path) -> None:
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

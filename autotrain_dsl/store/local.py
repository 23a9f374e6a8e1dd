"""Objects in local files, replaced as a whole and never half."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from autotrain_dsl.store.base import Blob, ConflictError, StoreError, UnreadableError

LOCK = ".autotrain-dsl.lock"
LOCK_SECONDS = 60
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class LocalObjects:
    """Files below a folder, which is made if its own parent is there; a version is the SHA-256 of the bytes.

    Without ``links`` a link in the place of a file is refused; with them the file behind it is replaced. With
    ``largest`` what is read is an ordinary file of at most so many bytes (and no link, without ``links``), and anything
    else raises UnreadableError; only what lies directly in the folder is listed then.
    """

    root: Path
    links: bool = True
    largest: int | None = None

    @property
    def uri(self) -> str:
        """See ``Objects.uri``."""
        return str(self.root)

    def get(self, key: str) -> Blob | None:
        """See ``Objects.get``."""
        path = self._path(key)
        if self.largest is not None:
            self._check(path, self.largest)
        content = self._content(path)
        return None if content is None else Blob(content, _version(content))

    def put(self, key: str, content: bytes, replaces: str | None) -> str:
        """See ``Objects.put``: compared and renamed into place under a lock that other runs respect."""
        path = self._path(key)
        self._make_folder(path)
        with self._locked(path) as target:
            present = self._content(target)
            if (None if present is None else _version(present)) != replaces:
                raise ConflictError(f"`{path}` was changed by another run")
            _replace(target, content)
        return _version(content)

    def keys(self, prefix: str = "") -> list[str]:
        """See ``Objects.keys``; hidden files are left out."""
        if self.largest is not None:
            return sorted(name for name in self._names() if name.startswith(prefix) and name[0] != ".")
        found = []
        for folder, folders, files in os.walk(self.root, onerror=self._unlisted):
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += [Path(folder, name).relative_to(self.root).as_posix() for name in files if name[0] != "."]
        return sorted(key for key in found if key.startswith(prefix))

    def _unlisted(self, error: OSError) -> None:
        """What cannot be listed is not empty."""
        if not (isinstance(error, FileNotFoundError) and not self.root.exists()):
            raise StoreError(f"cannot read `{error.filename or self.root}`: {error.strerror or error}") from error

    def delete(self, key: str) -> None:
        """See ``Objects.delete``."""
        path = self._path(key)
        if path.parent.is_dir():
            with self._locked(path) as target:
                target.unlink(missing_ok=True)

    def ensure(self) -> None:
        """See ``Objects.ensure``: they are checked here, under a lock."""

    def probe(self) -> None:
        """See ``Objects.probe``: a file is made, replaced and removed under the lock."""
        key = ".probe/probe"
        made = not self.root.exists()
        self.delete(key)
        self.put(key, b"2", self.put(key, b"1", None))
        self.delete(key)
        with contextlib.suppress(OSError):
            (self.root / ".probe" / LOCK).unlink(missing_ok=True)
            (self.root / ".probe").rmdir()
            if made:
                self.root.rmdir()

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if not key or any(part in ("", ".", "..") or not part.isprintable() for part in parts):
            raise StoreError(f"`{key}` cannot be the name of a file below `{self.root}`", wrong_use=True)
        return self.root.joinpath(*parts)

    def _make_folder(self, path: Path) -> None:
        if not self.root.parent.is_dir():
            raise StoreError(f"cannot write `{path}`: there is no folder `{self.root.parent}`")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write `{path}`: {error.strerror or error}") from error

    @contextlib.contextmanager
    def _locked(self, path: Path) -> Iterator[Path]:
        """The file behind a path (a link stays a link), with its folder locked: whatever name it takes, one lock."""
        if path.is_symlink() and not self.links:
            raise StoreError(f"`{path}` is a link, and nothing is written through links here: remove it")
        try:
            target = path.resolve()
            with FileLock(target.parent / LOCK, timeout=LOCK_SECONDS):
                yield target
        except Timeout as error:
            raise StoreError(f"another run has locked `{path.parent}` for {LOCK_SECONDS} s") from error
        except (OSError, RuntimeError) as error:
            raise StoreError(f"cannot write `{path}`: {getattr(error, 'strerror', None) or error}") from error

    def _names(self) -> list[str]:
        try:
            return [each.name for each in self.root.iterdir() if not each.is_dir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"cannot read `{self.root}`: {error.strerror or error}") from error

    def _check(self, path: Path, largest: int) -> None:
        """Raise UnreadableError where a path is not a file that can be read as a whole."""
        try:
            if path.is_symlink() and not self.links:
                raise UnreadableError(f"`{path}` is a link")
            if path.exists() and not path.is_file():
                raise UnreadableError(f"`{path}` is no ordinary file")
            if path.exists() and path.stat().st_size > largest:
                raise UnreadableError(f"`{path}` is larger than {largest:,} bytes")
        except (OSError, ValueError) as error:
            raise StoreError(f"cannot read `{path}`: {getattr(error, 'strerror', None) or error}") from error

    def _content(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise StoreError(f"cannot read `{path}`: {getattr(error, 'strerror', None) or error}") from error


def _replace(target: Path, content: bytes) -> None:
    # The name is fixed: what a killed run left behind is overwritten by the next one.
    temporary = target.with_name(f".{target.name}.new")
    try:
        temporary.unlink(missing_ok=True)  # never through a link that somebody has put there
        with os.fdopen(os.open(temporary, _NEW, 0o666), "wb") as file:
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

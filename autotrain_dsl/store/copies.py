"""Files copied between folders and prefixes: curriculums that come from a store, and mirrors that get them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from autotrain_dsl.store.base import ConflictError, Objects, StoreError

MAX_FILES = 5000
TRIES = 20


def download(objects: Objects, folder: Path, suffixes: Iterable[str], largest: int) -> int:
    """Copy the objects with these endings into a folder, at most ``largest`` + 1 bytes of each; returns how many.

    Raises StoreError where there are too many, or where one of them would lie outside of the folder.
    """
    keys = [key for key in objects.keys("") if key.endswith(tuple(suffixes)) and "/." not in f"/{key}"]
    if len(keys) > MAX_FILES:
        raise StoreError(f"`{objects.uri}` holds more than {MAX_FILES:,} curriculums")
    for key in keys:
        parts = key.split("/")
        if any(part in ("", "..") or "\\" in part or ":" in part for part in parts):
            raise StoreError(f"`{objects.uri}/{key}` cannot be the name of a file")
        blob = objects.get(key)
        if blob is not None:
            path = folder.joinpath(*parts)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(blob.content[: largest + 1])
            except OSError as error:
                raise StoreError(f"`{objects.uri}/{key}` cannot be the name of a file: {error.strerror}") from error
    return len(keys)


def upload(objects: Objects, files: Mapping[str, bytes]) -> list[str]:
    """Make the objects under some keys what ``files`` says; returns the keys of those that were not."""
    return [key for key, content in sorted(files.items()) if overwrite(objects, key, content)]


def overwrite(objects: Objects, key: str, content: bytes) -> bool:
    """Make an object what it should be, whatever is there; False if it is that already."""
    for _ in range(TRIES):
        present = objects.get(key)
        if present is not None and present.content == content:
            return False
        try:
            objects.put(key, content, None if present is None else present.version)
        except ConflictError:
            continue
        return True
    raise StoreError(f"gave up after {TRIES} tries: `{objects.uri}/{key}` is changed by other runs all the time")

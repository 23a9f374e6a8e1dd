"""A df_manager that is too large for one file: parts of whole mice, and a head that names those in force.

``parts/<generation>/<name>-<sha256>.parquet`` is a part as one run has made it and never changes. ``HEAD.json`` names
the newest version of every part; replacing it is the one moment at which a run counts, however many parts it has
written. ``heads/`` keeps the heads before it, and the parts that they name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from autotrain_dsl.store.base import Change, ConflictError, Objects, Snapshot, StoreError, UnreadableError
from autotrain_dsl.store.copies import overwrite
from autotrain_dsl.store.formats import decode, encode
from autotrain_dsl.store.generations import HEAD, KEPT
from autotrain_dsl.store.seals import opened, sealed, sha

FORMAT = "parts-1"
_PART = re.compile(r"parts/(\d{6,})/.+-([0-9a-f]{64})\.parquet")
_FIELDS = {"manager", "stats", "superseded", "rows"}
_RESTORE = "restore it from the newest file in `heads/`, or from a copy of the folder"
_REMOVE = "restore it from a copy, or remove it with what it alone names"
_OLD_HEAD = re.compile(r"heads/(\d{6,})\.json")


@dataclass(frozen=True, slots=True)
class Part:
    """Where a part is: its current rows, its stats, and the rows that were replaced (None: none ever was)."""

    manager: str
    stats: str
    superseded: str | None
    rows: int

    @property
    def keys(self) -> list[str]:
        """Its files."""
        return [self.manager, self.stats, *([] if self.superseded is None else [self.superseded])]


@dataclass(frozen=True, slots=True)
class Head:
    """What is in force: the parts by name. ``version`` is what a new head replaces; None: there is none yet."""

    generation: int = 0
    parts: Mapping[str, Part] = field(default_factory=dict)
    version: str | None = None
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Partitions:
    """A df_manager in parts below one folder or prefix; ``kept`` generations can be gone back to."""

    objects: Objects
    kept: int = KEPT

    @property
    def uri(self) -> str:
        """See ``State.uri``."""
        return f"{self.objects.uri}/"

    def head(self) -> Head:
        """What is in force. Raises StoreError, and UnreadableError where it is damaged or lost."""
        blob = self.objects.get(HEAD)
        if blob is not None:
            return self._newest(self._opened(HEAD, blob.content, blob.version))
        foreign = [key for key in self.objects.keys("") if key.endswith(".parquet") and not _PART.fullmatch(key)]
        if foreign:
            message = f"`{self.uri}` holds `{foreign[0]}`, which is no part of a df_manager, and no {HEAD}"
            raise UnreadableError(f"{message}: rows of another table are not taken over; name an empty folder")
        if (self.objects.keys("parts/") or self.objects.keys("heads/")) and self.objects.get(HEAD) is None:
            raise UnreadableError(f"`{self.uri}{HEAD}` is gone, although there are parts: {_RESTORE}")
        return Head()

    def _newest(self, head: Head) -> Head:
        """A head, unless a newer one was in force: what it names would be lost."""
        heads = self.objects.keys("heads/")
        newer = [key for key in heads if (m := _OLD_HEAD.fullmatch(key)) and int(m[1]) > head.generation]
        now = self.objects.get(HEAD) if newer else None  # another run may have published in between
        if newer and now is not None and now.content == head.content:
            message = f"`{self.uri}{HEAD}` is of generation {head.generation}, but `{newer[-1]}` is there"
            raise UnreadableError(f"{message}: copy that one, or move it away if you want to go back behind it")
        return head

    def begun(self) -> Head:
        """What is in force; where there is nothing yet, a head that names nothing is written before anything else.

        So parts without a head always mean that it was lost.
        """
        head = self.head()
        if head.version is not None:
            return head
        self.objects.ensure()
        content = sealed({"format": FORMAT, "generation": 0, "parts": {}})
        return self._opened(HEAD, content, self.objects.put(HEAD, content, None))

    def commit(self, before: Head, parts: Mapping[str, Part], publish_id: str, at: str, program: str) -> Head:
        """Put parts in force that were kept for the generation after ``before``, all of them or none.

        Raises ConflictError where ``before`` is not in force any more, and StoreError where a part is not there.
        """
        self.objects.ensure()
        generation = before.generation + 1
        self._refuse_absent(generation, parts)
        record = {
            "format": FORMAT,
            "generation": generation,
            "parts": {name: asdict(part) for name, part in sorted(parts.items())},
            "publish_id": publish_id,
            "at": at,
            "program": program,
        }
        content = sealed(record)
        if before.generation:  # so that a run that finds a newer head can tell whether it was its own before
            overwrite(self.objects, _old(before.generation), before.content)
        try:
            version = self.objects.put(HEAD, content, before.version)
        except ConflictError:
            # A reply that was lost may have been followed by another run's publish on top of this one.
            if not any((b := self.objects.get(key)) and b.content == content for key in (HEAD, _old(generation))):
                raise
            return self._opened(HEAD, content, "")
        with suppress(StoreError):  # else the next run does it
            overwrite(self.objects, _old(generation), content)
        return self._opened(HEAD, content, version)

    def _refuse_absent(self, generation: int, parts: Mapping[str, Part]) -> None:
        new = f"parts/{generation:06d}/"
        there = set(self.objects.keys(new))
        absent = sorted(key for part in parts.values() for key in part.keys if key.startswith(new) and key not in there)
        if absent:
            message = (
                f"`{self.uri}{absent[0]}` is not there, although a worker has written it: the workers see another "
            )
            raise StoreError(f"{message}folder of that name; use one that all of them share, or s3://")

    def keep(self, generation: int, name: str, frame: pd.DataFrame) -> str:
        """Write a part under a key that says what it holds, and return the key; one that is there is the same."""
        content = encode(frame, ".parquet")
        key = f"parts/{generation:06d}/{name}-{sha(content)}.parquet"
        self._create(key, content)
        return key

    def table(self, key: str) -> pd.DataFrame:
        """A part. Raises UnreadableError where it is gone or damaged."""
        blob = self.objects.get(key)
        match = _PART.fullmatch(key)
        if blob is None or match is None:
            raise UnreadableError(f"`{self.uri}{key}` is gone: restore it from a copy")
        if sha(blob.content) != match[2]:
            raise UnreadableError(f"`{self.uri}{key}` is damaged: restore it from a copy")
        return decode(blob.content, ".parquet")

    def prune(self) -> None:
        """Remove the heads before those that are kept, and parts that no head names any more.

        Raises StoreError, and UnreadableError where a head cannot be read: nothing is removed then.
        """
        head = self.head()
        old = {key: int(match[1]) for key in self.objects.keys("heads/") if (match := _OLD_HEAD.fullmatch(key))}
        past = [key for key, generation in old.items() if generation <= head.generation - self.kept]
        needed = _keys(head)
        for key in sorted(set(old) - set(past)):
            if (blob := self.objects.get(key)) is not None:
                needed |= _keys(self._opened(key, blob.content, blob.version))
        for key in past:
            self.objects.delete(key)
        for key in self.objects.keys("parts/"):
            match = _PART.fullmatch(key)
            # Those of a later generation may be about to be put in force by another run.
            if match and int(match[1]) <= head.generation and key not in needed:
                self.objects.delete(key)

    def read(self) -> Snapshot | None:
        """See ``State.read``."""
        head = self.head()
        if not head.generation:
            return None
        return Snapshot(head.generation, self._joined([part.manager for part in head.parts.values()]))

    def generation(self) -> int:
        """See ``State.generation``."""
        return self.head().generation

    def superseded(self) -> pd.DataFrame | None:
        """See ``State.superseded``."""
        keys = [part.superseded for part in self.head().parts.values() if part.superseded is not None]
        return self._joined(keys) if keys else None

    def publish(self, change: Change, replaces: Snapshot | None) -> Snapshot:  # noqa: ARG002 - a port
        """See ``State.publish``; a table in parts is published part by part (see ``commit``)."""
        raise StoreError(f"`{self.uri}` is kept in parts: only `evaluate` writes it", wrong_use=True)

    def exported(self) -> list[Mapping[str, str]]:
        """See ``State.exported``: nothing is exported."""
        return []

    def verify(self) -> list[str]:
        """See ``State.verify``."""
        faults = []
        needed = _keys(self.head())  # before anything is listed, since a run may publish meanwhile
        for key in self.objects.keys("heads/"):
            if (blob := self.objects.get(key)) is not None:
                try:
                    self._opened(key, blob.content, blob.version)
                except UnreadableError as error:
                    faults.append(str(error))
        present = self.objects.keys("parts/")
        for key in present:
            match, blob = _PART.fullmatch(key), self.objects.get(key)
            if match is None:
                faults.append(f"`{self.uri}{key}` does not belong here")
            elif blob is not None and sha(blob.content) != match[2]:
                faults.append(f"`{self.uri}{key}` is damaged")
        return [*faults, *(f"`{self.uri}{key}` is gone" for key in sorted(needed - set(present)))]

    def report(self, text: str) -> bool:
        """See ``State.report``: a file in the folder."""
        overwrite(self.objects, "report.json", text.encode())
        return True

    def probe(self) -> None:
        """See ``State.probe``."""
        self.objects.probe()

    def _joined(self, keys: list[str]) -> pd.DataFrame:
        tables = [self.table(key) for key in keys]
        joined = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
        return joined.sort_values(["subject_id", "session"], ignore_index=True, kind="stable") if tables else joined

    def _create(self, key: str, content: bytes) -> None:
        try:
            self.objects.put(key, content, None)
        except ConflictError as error:
            present = self.objects.get(key)
            if present is None or present.content != content:
                raise StoreError(f"`{self.uri}{key}` is damaged: remove it") from error

    def _opened(self, key: str, content: bytes, version: str) -> Head:
        record = opened(content)
        if record is None:
            raise UnreadableError(f"`{self.uri}{key}` is damaged: {_RESTORE if key == HEAD else _REMOVE}")
        if record.get("format") != FORMAT:
            raise UnreadableError(f"`{self.uri}{key}` is no head of a table in parts, or one of another version")
        generation, parts = record.get("generation"), _parts(record.get("parts"))
        if type(generation) is not int or generation < 0 or parts is None or (parts and not generation):
            raise UnreadableError(f"`{self.uri}{key}` does not say which parts there are: {_RESTORE}")
        return Head(generation, parts, version, content)


def _parts(entries: Any) -> dict[str, Part] | None:
    """The parts that a head names, None where that cannot be understood."""
    if not isinstance(entries, dict):
        return None
    found = {}
    for name, entry in entries.items():
        if not isinstance(entry, dict) or set(entry) != _FIELDS:
            return None
        keys = [entry["manager"], entry["stats"], *([] if entry["superseded"] is None else [entry["superseded"]])]
        if not all(isinstance(key, str) and _PART.fullmatch(key) and ".." not in key.split("/") for key in keys):
            return None
        if type(entry["rows"]) is not int or entry["rows"] < 0:
            return None
        found[name] = Part(**entry)
    return found


def _old(generation: int) -> str:
    return f"heads/{generation:06d}.json"


def _keys(head: Head) -> set[str]:
    return {key for part in head.parts.values() for key in part.keys}

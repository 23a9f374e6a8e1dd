"""A df_manager that is too large for one file: parts of whole mice, and a head that names those in force.

``parts/<generation>/<name>-<sha256>.parquet`` is a part as one run has made it and never changes. ``HEAD.json`` names
the newest version of every part; replacing it is the one moment at which a run counts, however many parts it has
written. ``heads/`` keeps the heads before it, and the parts that they name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from autotrain_dsl.store.base import Change, ConflictError, Objects, Snapshot, StoreError, UnreadableError
from autotrain_dsl.store.formats import decode, encode
from autotrain_dsl.store.generations import HEAD, KEPT
from autotrain_dsl.store.seals import opened, sealed, sha

FORMAT = "parts-1"
_PART = re.compile(r"parts/(\d{6,})/.+-([0-9a-f]{64})\.parquet")
_OLD_HEAD = re.compile(r"heads/(\d{6,})\.json")


@dataclass(frozen=True, slots=True)
class Part:
    """Where a part is: its current rows, its stats, and the rows that were replaced (None: none ever was)."""

    manager: str
    stats: str
    superseded: str | None
    rows: int


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
        """What is in force. Raises StoreError, and UnreadableError where it is damaged."""
        blob = self.objects.get(HEAD)
        if blob is None:
            if any(_OLD_HEAD.fullmatch(key) for key in self.objects.keys("heads/")) and not self.objects.get(HEAD):
                raise UnreadableError(f"`{self.uri}{HEAD}` is gone: restore it from the newest file in `heads/`")
            return Head()
        return self._opened(blob.content, blob.version)

    def commit(self, before: Head, parts: Mapping[str, Part], publish_id: str, at: str, program: str) -> Head:
        """Put parts in force that were kept for the generation after ``before``, all of them or none.

        Raises ConflictError where ``before`` is not in force any more.
        """
        self.objects.ensure()
        record = {
            "format": FORMAT,
            "generation": before.generation + 1,
            "parts": {
                name: {"manager": p.manager, "stats": p.stats, "superseded": p.superseded, "rows": p.rows}
                for name, p in sorted(parts.items())
            },
            "publish_id": publish_id,
            "at": at,
            "program": program,
        }
        content = sealed(record)
        if before.generation:  # kept first, so that a lost head always leaves one behind
            self._create(f"heads/{before.generation:06d}.json", before.content)
        try:
            version = self.objects.put(HEAD, content, before.version)
        except ConflictError:
            blob = self.objects.get(HEAD)  # the reply may have been lost
            if blob is None or blob.content != content:
                raise
            version = blob.version
        return self._opened(content, version)

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
        """Remove the heads before those that are kept, and parts that no head names any more."""
        head = self.head()
        old = {key: int(match[1]) for key in self.objects.keys("heads/") if (match := _OLD_HEAD.fullmatch(key))}
        needed = _keys(head)
        for key, generation in old.items():
            if generation <= head.generation - self.kept:
                self.objects.delete(key)
            elif (blob := self.objects.get(key)) is not None:
                needed |= _keys(self._opened(blob.content, blob.version))
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
        for key in self.objects.keys("parts/"):
            match, blob = _PART.fullmatch(key), self.objects.get(key)
            if match is None:
                faults.append(f"`{self.uri}{key}` does not belong here")
            elif blob is not None and sha(blob.content) != match[2]:
                faults.append(f"`{self.uri}{key}` is damaged")
        present = set(self.objects.keys("parts/"))
        return [*faults, *(f"`{self.uri}{key}` is gone" for key in sorted(_keys(self.head()) - present))]

    def report(self, text: str) -> bool:
        """See ``State.report``: a file in the folder."""
        from autotrain_dsl.store.copies import overwrite  # noqa: PLC0415 - siblings

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

    def _opened(self, content: bytes, version: str) -> Head:
        record = opened(content)
        if record is None:
            raise UnreadableError(f"`{self.uri}{HEAD}` is damaged: restore it from the newest file in `heads/`")
        if record.get("format") != FORMAT:
            raise UnreadableError(f"`{self.uri}{HEAD}` is no head of a table in parts, or one of another version")
        parts = {name: Part(**entry) for name, entry in record["parts"].items()}
        return Head(record["generation"], parts, version, content)


def _keys(head: Head) -> set[str]:
    return {key for part in head.parts.values() for key in (part.manager, part.stats, part.superseded) if key}

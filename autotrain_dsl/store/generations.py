"""The state of df_manager as objects: immutable generations, and a head that is replaced by compare-and-swap.

``gen/<generation>-<sha256>.parquet`` is the table at one generation and never changes. ``HEAD.json`` names the newest
one; replacing it is the moment at which a run counts. Everything that can be read is checked against a SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from autotrain_dsl.store.base import Blob, Change, ConflictError, Objects, Snapshot, StoreError, UnreadableError
from autotrain_dsl.store.formats import decode, encode
from autotrain_dsl.store.seals import opened, sealed, sha

HEAD = "HEAD.json"
FORMAT = 1
KEPT = 30  # generations, at the least
_GENERATION = re.compile(r"gen/(\d{6,})-[0-9a-f]{64}(-superseded)?\.parquet")


@dataclass(frozen=True, slots=True)
class _Read(Snapshot):
    """A generation with the head that named it."""

    head: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True, slots=True)
class _Foreign(Snapshot):
    """The table of another program, with the SHA-256 of its bytes."""

    sha256: str = ""


@dataclass(frozen=True, slots=True)
class ObjectState:
    """State below one folder or prefix; ``export`` is where another program may have left a table before."""

    objects: Objects
    export: Objects
    export_key: str
    kept: int = KEPT

    @property
    def uri(self) -> str:
        """See ``State.uri``."""
        return self.objects.uri

    def read(self) -> Snapshot | None:
        """See ``State.read``; without a head it is the table of another program, as generation 0."""
        found = self._head_or_lost()
        if found is None or not found[0]["generation"]:
            return self._foreign()
        head, version = found
        return _Read(head["generation"], self._table(head["manager"]), head=head, version=version)

    def generation(self) -> int:
        """See ``State.generation``."""
        found = self._head()
        return 0 if found is None else int(found[0]["generation"])

    def superseded(self) -> pd.DataFrame | None:
        """See ``State.superseded``."""
        found = self._head()
        return None if found is None or found[0]["superseded"] is None else self._table(found[0]["superseded"])

    def publish(self, change: Change, replaces: Snapshot | None) -> Snapshot:
        """See ``State.publish``."""
        self.objects.ensure()
        before = replaces if isinstance(replaces, _Read) else None
        replaced = self._begun() if before is None else before.version
        generation = 1 if before is None else before.generation + 1
        head: dict[str, Any] = {
            "format": FORMAT,
            "generation": generation,
            "manager": self._keep(generation, change.after, change.exported.get("manager.parquet")),
            "superseded": self._keep_superseded(generation, change, before),
            "parent": replaced,
            "publish_id": change.publish_id,
            "at": change.at,
            "program": change.program,
        }
        shas = {name: sha(content) for name, content in sorted(change.exported.items())}
        own = {"generation": generation, "publish_id": change.publish_id, "exports": shas}
        taken = replaces.sha256 if isinstance(replaces, _Foreign) else change.taken
        foreign = {"generation": 0, "publish_id": "", "exports": {f"manager{_suffix(self.export_key)}": taken}}
        older = [] if before is None else before.head["history"]
        head["history"] = [own, *([foreign] if taken else []), *older][: self.kept]
        content = sealed(head)
        try:
            version = self.objects.put(HEAD, content, replaced)
        except ConflictError:
            # A reply that was lost may have been followed by another run's publish on top of this one.
            found = self._head()
            if found is None or not any(e["publish_id"] == change.publish_id for e in found[0]["history"]):
                raise
            return Snapshot(generation, change.after)
        return _Read(generation, change.after, head=head, version=version)

    def exported(self) -> list[Mapping[str, str]]:
        """SHA-256 of what was exported at every known generation, newest first; names such as ``manager.csv``."""
        found = self._head()
        return [] if found is None else [entry["exports"] for entry in found[0]["history"]]

    def prune(self) -> None:
        """Remove generations that are older than what is kept."""
        found = self._head()
        if found is None or not found[0]["generation"]:
            return
        head = found[0]
        named = {head["manager"]["key"], *([head["superseded"]["key"]] if head["superseded"] else [])}
        for key in self.objects.keys("gen/"):
            match = _GENERATION.fullmatch(key)
            if match and int(match[1]) <= head["generation"] - self.kept and key not in named:
                self.objects.delete(key)

    def verify(self) -> list[str]:
        """What is damaged among everything that is kept; empty if all is as it was published."""
        faults = []
        for key in self.objects.keys("gen/"):
            match = _GENERATION.fullmatch(key)
            blob = self.objects.get(key)
            if match is None:
                faults.append(f"`{self.uri}/{key}` does not belong here")
            elif blob is not None and sha(blob.content) not in key:
                faults.append(f"`{self.uri}/{key}` is damaged")
        return faults

    def report(self, text: str) -> bool:  # noqa: ARG002 - a port
        """See ``State.report``: a report is a file beside the exported table."""
        return False

    def probe(self) -> None:
        """See ``State.probe``."""
        self.objects.probe()

    def _foreign(self) -> _Foreign | None:
        """The table that another program has left, as generation 0."""
        present = self.export.get(self.export_key)
        if present is None:
            return None
        try:
            frame = decode(present.content, _suffix(self.export_key))
        except UnreadableError as error:
            raise UnreadableError(
                f"`{self.export.uri}/{self.export_key}` cannot be read as a table: {error}"
            ) from error
        return _Foreign(0, frame, sha256=sha(present.content))

    def _begun(self) -> str:
        """The version of a head that names no generation yet.

        It is written before anything else, so that generations without a head always mean that the head was lost.
        """
        found = self._head()
        if found is None:
            empty: dict[str, Any] = {
                "format": FORMAT,
                "generation": 0,
                "manager": None,
                "superseded": None,
                "history": [],
            }
            return self.objects.put(HEAD, sealed(empty), None)
        if found[0]["generation"]:
            raise ConflictError(f"`{self.uri}` was begun by another run")
        return found[1]

    def _head(self) -> tuple[Mapping[str, Any], str] | None:
        blob = self.objects.get(HEAD)
        return None if blob is None else (self._opened(blob), blob.version)

    def _opened(self, blob: Blob) -> Mapping[str, Any]:
        way_out = (
            "restore it from a copy of that folder, or move the folder away so that the exported table is taken over"
        )
        head = opened(blob.content)
        if head is None:
            raise UnreadableError(f"`{self.uri}/{HEAD}` is damaged: {way_out}")
        if head.get("format") != FORMAT:
            raise UnreadableError(f"`{self.uri}/{HEAD}` was written by another version of this program")
        if not _is_head(head):
            raise UnreadableError(f"`{self.uri}/{HEAD}` names no generation: {way_out}")
        return head

    def _head_or_lost(self) -> tuple[Mapping[str, Any], str] | None:
        """The head, None where nothing was ever published. A head is there before the first generation."""
        found = self._head()
        if found is None:
            numbers = [int(match[1]) for key in self.objects.keys("gen/") if (match := _GENERATION.fullmatch(key))]
            found = self._head() if numbers else None  # another run may have begun in between
            if numbers and found is None:
                message = f"`{self.uri}/{HEAD}` is gone, although generation {max(numbers)} is there: restore it"
                raise UnreadableError(f"{message} from a copy, or move the folder away so that the table is taken over")
        return found

    def _table(self, entry: Mapping[str, Any]) -> pd.DataFrame:
        blob = self.objects.get(entry["key"])
        if blob is None:
            raise UnreadableError(f"`{self.uri}/{entry['key']}` is gone: restore it from a copy")
        if sha(blob.content) != entry["sha256"]:
            raise UnreadableError(f"`{self.uri}/{entry['key']}` is damaged: restore it from a copy")
        return decode(blob.content, ".parquet")

    def _keep(
        self, generation: int, frame: pd.DataFrame, content: bytes | None = None, kind: str = ""
    ) -> Mapping[str, Any]:
        """Write a table under a name that says what it holds; one that is there already is the same."""
        content = encode(frame, ".parquet") if content is None else content
        digest = sha(content)
        key = f"gen/{generation:06d}-{digest}{kind}.parquet"
        try:
            self.objects.put(key, content, None)
        except ConflictError as error:
            present = self.objects.get(key)
            if present is None or present.content != content:
                raise StoreError(f"`{self.uri}/{key}` is damaged: remove it") from error
        return {"key": key, "sha256": digest, "rows": len(frame)}

    def _keep_superseded(self, generation: int, change: Change, before: _Read | None) -> Mapping[str, Any] | None:
        entry: Mapping[str, Any] | None = None if before is None else before.head["superseded"]
        if change.superseded.empty:
            return entry
        new = change.superseded.assign(superseded_in=generation)
        frame = new if entry is None else stacked(self._table(entry), new)
        return self._keep(generation, frame, kind="-superseded")


def stacked(older: pd.DataFrame, newer: pd.DataFrame) -> pd.DataFrame:
    """Two tables one after the other; a column of other kinds in both, which no file could hold, turns to text."""
    joined = pd.concat([older, newer], ignore_index=True)
    for name in set(older) & set(newer):
        if joined[name].dtype == object and older[name].dtype != newer[name].dtype:
            joined[name] = [None if pd.isna(value) else str(value) for value in joined[name]]
    return joined


def _is_head(head: Mapping[str, Any]) -> bool:
    """Whether a head says everything that is read from it."""
    number, history = head.get("generation"), head.get("history")
    entries = [head.get("manager"), head.get("superseded")]
    return (
        type(number) is int
        and (entries[0] is not None) == (number > 0)
        and all(e is None or (isinstance(e, dict) and _GENERATION.fullmatch(str(e.get("key")))) for e in entries)
        and all(e is None or str(e.get("sha256")) in str(e["key"]) for e in entries)
        and isinstance(history, list)
        and all(isinstance(e, dict) and {"publish_id", "exports"} <= e.keys() for e in history)
        and all(isinstance(e["exports"], dict) for e in history)
    )


def _suffix(key: str) -> str:
    return f".{key.rpartition('.')[2]}"

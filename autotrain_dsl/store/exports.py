"""Tables for readers, made from the state: they follow it and never go backwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from autotrain_dsl.store.base import Blob, ConflictError, Objects, Snapshot, State, StoreError, UnreadableError
from autotrain_dsl.store.formats import encode

MANAGER, STATS, SUPERSEDED = "manager", "stats", "superseded"


@dataclass(frozen=True, slots=True)
class Export:
    """A file or object that holds a table of the state: ``what`` is MANAGER, STATS or SUPERSEDED.

    One that is ``watched`` is only replaced if it is known what it holds, since a person may have changed it.
    """

    objects: Objects
    key: str
    what: str
    watched: bool = False

    @property
    def uri(self) -> str:
        """What a person calls it."""
        return f"{self.objects.uri}/{self.key}" if self.objects.uri != "." else self.key

    @property
    def suffix(self) -> str:
        """The format."""
        return f".{self.key.rpartition('.')[2]}"

    @property
    def name(self) -> str:
        """Content and format, such as ``manager.csv``: exports of one name have the same bytes."""
        return self.what + self.suffix


@dataclass
class Rendering:
    """The bytes of the exports of one generation, each made once and only when it is needed.

    ``looked_at`` are the SHA-256 of what stood in a watched export and may be replaced.
    """

    state: State
    snapshot: Snapshot
    stats: Callable[[pd.DataFrame], pd.DataFrame]
    made: dict[str, bytes] = field(default_factory=dict)
    looked_at: set[str] = field(default_factory=set)

    def of(self, export: Export) -> bytes | None:
        """What an export has to hold, None where there is nothing to hold (no row was ever replaced)."""
        if export.name not in self.made:
            frame = self._frame(export.what)
            if frame is None:
                return None
            self.made[export.name] = encode(frame, export.suffix)
        return self.made[export.name]

    def _frame(self, what: str) -> pd.DataFrame | None:
        if what == SUPERSEDED:
            return self.state.superseded()
        return self.snapshot.frame if what == MANAGER else self.stats(self.snapshot.frame)


def follow(rendering: Rendering, exports: Sequence[Export], tries: int) -> tuple[list[str], list[StoreError]]:
    """Bring exports to the newest generation, whoever has published it.

    Returns what was written, and what failed; one export that cannot be written does not keep the others from it.
    """
    written, failed = [], []
    for export in exports:
        try:
            if _follow(rendering, export, tries):
                written.append(export.uri)
        except StoreError as error:
            failed.append(error)
        except UnreadableError as error:  # of the state, found out only when this export needs it
            failed.append(StoreError(str(error)))
    return written, failed


def _follow(rendering: Rendering, export: Export, tries: int) -> bool:
    for _ in range(tries):
        # In this order: what is there is read before the state is. A run that was held up in between can then only
        # replace what is older than its own generation.
        present = export.objects.get(export.key)
        if rendering.state.generation() != rendering.snapshot.generation:
            _renew(rendering)
        if present is not None and _is_known(rendering, export, present):
            return False
        content = rendering.of(export)
        if content is None or (present is not None and present.content == content):
            return False
        if present is not None and export.watched and not _may_replace(rendering, export, present):
            raise StoreError(f"`{export.uri}` was changed by another program during the run and is left as it is")
        export.objects.ensure()
        try:
            export.objects.put(export.key, content, None if present is None else present.version)
        except ConflictError:
            continue
        return True
    raise StoreError(f"gave up after {tries} tries: `{export.uri}` is changed by other runs all the time")


def _may_replace(rendering: Rendering, export: Export, present: Blob) -> bool:
    sha = sha256(present.content)
    return sha in rendering.looked_at or any(sha == known.get(export.name) for known in rendering.state.exported())


def _renew(rendering: Rendering) -> None:
    newest = rendering.state.read()
    if newest is not None:
        rendering.snapshot = newest
        rendering.made.clear()


def _is_known(rendering: Rendering, export: Export, present: Blob) -> bool:
    """Whether an export is up to date, told without making it again."""
    if export.name in rendering.made:
        return rendering.made[export.name] == present.content
    newest: Mapping[str, str] = next(iter(rendering.state.exported()), {})
    return newest.get(export.name) == sha256(present.content)


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()

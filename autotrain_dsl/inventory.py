"""What is published in a folder or prefix that anybody may have written to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from autotrain_dsl import artefacts, versions
from autotrain_dsl.artefacts import Artefact
from autotrain_dsl.store.base import Objects, StoreError, UnreadableError

MAX_CURRICULUMS = 5000
MAX_BYTES = 256 * 1024 * 1024  # of all of our own files together
_OLDER = re.compile(r"((.+?)_curriculum_v(.+?)_schema_v[0-9.]+?)(\.json|_rules\.svg|_paras\.svg)")


class State(StrEnum):
    """What is known about a curriculum that is published."""

    PUBLISHED = "published"
    DAMAGED = "damaged"  # our own file is not what it should be
    OLDER = "older system"  # there is only what the older system has, or had, of it


@dataclass(frozen=True, slots=True)
class Entry:
    """One curriculum: its files, those of the four that are missing, and what our own file says.

    ``fault`` says what is wrong with that; hash, description and stages are empty where it cannot be used.
    """

    name: str
    version: str
    state: State
    files: tuple[str, ...]
    missing: tuple[str, ...] = ()
    content_hash: str = ""
    description: str = ""
    stages: tuple[str, ...] = ()
    fault: str = ""


def of(objects: Objects) -> tuple[Entry, ...]:
    """Every curriculum that lies directly in a folder or prefix, by name and version; other files are left out.

    Raises StoreError where it cannot be read, or holds more than ``MAX_CURRICULUMS`` or ``MAX_BYTES`` of them.
    """
    present = [key for key in objects.keys("") if "/" not in key]
    own = [key for key in present if artefacts.named(key)]
    if len(own) > MAX_CURRICULUMS:
        raise StoreError(f"`{objects.uri}` holds more than {MAX_CURRICULUMS:,} curriculums")
    entries = list(_entries(objects, own, frozenset(present)))
    taken = {file for entry in entries for file in entry.files}
    others = _older({key: match for key in present if key not in taken and (match := _OLDER.fullmatch(key))})
    entries = _joined(entries, others)
    return tuple(sorted(entries, key=lambda each: (each.name, versions.order(each.version), each.files)))


def _entries(objects: Objects, own: Iterable[str], present: frozenset[str]) -> Iterator[Entry]:
    left = MAX_BYTES
    for key in own:
        found, size = _read(objects, key)
        left -= size
        if left < 0:
            raise StoreError(f"`{objects.uri}` holds more than {MAX_BYTES // 1024 // 1024} MiB of curriculums")
        yield _entry(key, present, found)


def _read(objects: Objects, key: str) -> tuple[Artefact | str, int]:
    """What one of our own files says, or what is wrong with it, and how many bytes were read."""
    size = 0
    try:
        blob = objects.get(key)
        content = b"" if blob is None else blob.content
        size = len(content)
        return artefacts.read(content, key), size
    except UnreadableError as error:
        return str(error), size


def _entry(key: str, present: frozenset[str], found: Artefact | str) -> Entry:
    name, version = artefacts.named(key) or ("", "")
    wanted = artefacts.keys(name, version)
    files = tuple(each for each in wanted if each in present)
    missing = tuple(each for each in wanted if each not in present)
    if isinstance(found, str):
        return Entry(name, version, State.DAMAGED, files, missing, fault=found)
    return Entry(
        name,
        version,
        State.PUBLISHED,
        files,
        missing,
        found.content_hash,
        found.content["description"],
        tuple(stage["name"] for stage in found.content["stages"]),
    )


def _joined(own: Iterable[Entry], others: Iterable[Entry]) -> list[Entry]:
    """What is published, each with the files that the older system has of it under another version of its schema."""
    entries = {(each.name, each.version): each for each in own}
    alone = []
    for other in others:
        known = entries.get((other.name, other.version))
        if known is None:
            alone.append(other)
        else:
            entries[known.name, known.version] = replace(known, files=(*known.files, *other.files))
    return [*entries.values(), *alone]


def _older(files: Mapping[str, re.Match[str]]) -> Iterator[Entry]:
    together: dict[tuple[str, str, str], list[str]] = {}
    for key, match in files.items():
        together.setdefault((match[1], match[2], match[3]), []).append(key)
    for (_, name, version), keys in together.items():
        yield Entry(name, version, State.OLDER, tuple(keys))

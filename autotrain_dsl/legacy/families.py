"""Versions of one family: the first is written in full, later ones as what they change in an earlier one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autotrain_dsl.document import Place, Value
from autotrain_dsl.layers import MAX_LAYERS
from autotrain_dsl.legacy.model import LegacyCurriculum
from autotrain_dsl.legacy.plain import Plain, like, plain

_EARLIER = 50  # versions that are looked at, the nearest ones
_KEPT = ("dsl_version", "name", "version")  # in every file, whatever it extends


@dataclass(frozen=True, slots=True)
class Version:
    """One version: in full, the place of the one that it extends (None: none), and what then remains to be written."""

    full: Plain
    base: int | None
    written: Plain


def arrange(curriculums: Sequence[LegacyCurriculum]) -> list[Version]:
    """How every version of a family is written, given in their natural order.

    A version extends the earlier one from which it differs least (the nearest of several), if that leaves at most half
    of it to be written and keeps its stages in their order.
    """
    arranged: list[Version] = []
    depths: list[int] = []  # how many files are read for a version
    for curriculum in curriculums:
        full = plain(curriculum)
        best = Version(full, None, full)
        for number in reversed(range(max(0, len(arranged) - _EARLIER), len(arranged))):
            if depths[number] < MAX_LAYERS:
                best = _better(best, curriculum, full, number, arranged[number].full)
        arranged.append(best)
        depths.append(1 if best.base is None else depths[best.base] + 1)
    return arranged


def _better(best: Version, curriculum: LegacyCurriculum, full: Plain, number: int, base: Plain) -> Version:
    """The best version so far, or one that extends ``base``, whichever leaves less to be read."""
    for alike in (like(curriculum, full, base), full):
        over = difference(base, alike)
        if over is not None and size(over.data) < size(best.written.data) and 2 * size(over.data) <= size(full.data):
            best = Version(alike, number, over)
    return best


def difference(base: Plain, full: Plain) -> Plain | None:
    """What a file that extends ``base`` has to say to mean ``full``; None where it cannot.

    It can neither move a stage nor put a new one between others.
    """
    stages = full.data["stages"]
    kept = [name for name in base.data["stages"] if name in stages]
    if [*kept, *(name for name in stages if name not in kept)] != list(stages):
        return None
    changes = _changes(base.data, full.data, (), _commented_anew(base, full))
    data = {**{key: full.data[key] for key in _KEPT}, **changes}
    comments = {place: lines for place, lines in full.comments.items() if _has(data, place)}
    return Plain(data, comments)


def size(data: Value) -> int:
    """How much there is to read: the number of values."""
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return sum(size(value) for value in inner) if inner else 1


def _changes(
    old: Mapping[str, Value], new: Mapping[str, Value], place: Place, anew: frozenset[Place]
) -> dict[str, Value]:
    """Mappings key by key, ``null`` for what is gone, everything else as a whole; what is in ``anew`` even if equal."""
    changes: dict[str, Value] = {}
    for key, value in new.items():
        here, before = (*place, key), old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := _changes(before, value, here, anew):
                changes[key] = inner
        elif key not in old or here in anew or not _same(value, before):
            changes[key] = value
    return {**changes, **dict.fromkeys(key for key in old if key not in new)}


def _same(value: Value, other: Value) -> bool:
    """Whether both say the same: 5 and 5.0, or 1 and true, do not."""
    return json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)


def _commented_anew(base: Plain, full: Plain) -> frozenset[Place]:
    """The lists in which an entry has another comment than in the base, so that it is not lost."""
    return frozenset(place[:-1] for place, lines in full.comments.items() if base.comments.get(place) != lines)


def _has(data: Value, place: Place) -> bool:
    for step in place:
        inner = data if isinstance(data, dict) else dict(enumerate(data)) if isinstance(data, list) else {}
        if step not in inner:
            return False
        data = inner[step]
    return True

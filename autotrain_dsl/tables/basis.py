"""A hash of everything in df_behavior that a decision rests on, by which a later run knows that it has changed.

Of every session a 64-bit hash is taken, of its number, the stage that was run and the metrics; the basis of a decision
is the sum of those of all sessions up to it. So it can be made for one mouse in Python and for a whole table in numpy,
with the same result. It guards against changes, not against somebody who wants two tables to look alike. The mixing
function is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

_MASK = 2**64 - 1
_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MISSING, _UNKNOWN = 0x6D697373696E6721, 0x756E6B6E6F776E21


def chain(links: Iterable[int]) -> list[str]:
    """The basis of every session of a mouse, given the hashes of its sessions in order."""
    found, total = [], 0
    for link_ in links:
        total = (total + link_) & _MASK
        found.append(f"{total:016x}")
    return found


def link(number: int, actual: str | None, values: Iterable[float | None]) -> int:
    """The hash of one session: its number, the stage that was run (None: not known), and its metrics in order."""
    total = _mix(number)
    for word in (text_word(actual), *(_float_word(value) for value in values)):
        total = _mix(total ^ word)
    return total


def links(numbers: Words, actual: Words, values: Sequence[npt.NDArray[np.float64]]) -> Words:
    """The same for a table: ``actual`` as words of ``text_word``, a missing metric as NaN; one hash a row."""
    total = _mix_all(numbers)
    for words in (actual, *(_float_words(column) for column in values)):
        total = _mix_all(total ^ words)
    return total


def text_word(text: str | None) -> int:
    """64 bits of a text."""
    if text is None:
        return _UNKNOWN
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "little")


def _float_word(value: float | None) -> int:
    if value is None:
        return _MISSING
    word: int = struct.unpack("<Q", struct.pack("<d", value + 0.0))[0]  # so that -0.0 is 0.0
    return word


def _float_words(values: npt.NDArray[np.float64]) -> Words:
    words: Words = (values + 0.0).view(np.uint64)
    return np.where(np.isnan(values), np.uint64(_MISSING), words)


def _mix(word: int) -> int:
    word = (word + _STEP) & _MASK
    word = ((word ^ (word >> 30)) * _FIRST) & _MASK
    word = ((word ^ (word >> 27)) * _SECOND) & _MASK
    return word ^ (word >> 31)


def _mix_all(words: Words) -> Words:
    words = words + np.uint64(_STEP)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(_FIRST)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(_SECOND)
    return words ^ (words >> np.uint64(31))

"""The nearest known word to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 8


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be, or None if none is near."""
    by_folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    # Comparing is quadratic in the length: a word of thousands of letters is no slip of the finger.
    found = get_close_matches(word.casefold()[:100], by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def suggest(word: str, known: Iterable[str], what: str) -> str:
    """A hint for an unknown word: the nearest known one, else what there is to choose from."""
    names = sorted(known)
    if near := nearest(word, names):
        return f"did you mean `{near}`?"
    if not names:
        return f"there is no {what} to choose from"
    return f"known: {listed(names)}"


def listed(names: Iterable[str]) -> str:
    """``a``, ``b``, ``c`` and how many more."""
    all_names = list(names)
    shown = ", ".join(f"`{name}`" for name in all_names[:_SHOWN])
    more = len(all_names) - _SHOWN
    return shown if more <= 0 else f"{shown} and {more} more"

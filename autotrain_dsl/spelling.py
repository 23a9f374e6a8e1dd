"""The nearest known word to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 8
_COMPARED = 64  # a word of more letters is no slip of the finger


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be, or None if none is near."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - most files have no misspelt word

    names = sorted(known, reverse=True)  # of two that are as near the later one, say of two versions
    folded = [name.casefold()[:_COMPARED] for name in names]
    found = process.extractOne(word.casefold()[:_COMPARED], folded, scorer=fuzz.ratio, score_cutoff=60)
    return names[found[2]] if found else None


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


def counted(number: int, word: str, plural: str = "") -> str:
    """A number of things in words: ``1 error``, ``2 errors``."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"

"""The natural order of versions: 2.2 before 2.10."""

from __future__ import annotations

import re

_RUN = re.compile(r"[0-9]+|[^0-9]+")
Order = tuple[tuple[tuple[tuple[int, int, str], ...], ...], str]


def order(version: str) -> Order:
    """A key to sort versions by: part by part between dots, numbers by their value and before words.

    2.2 < 2.2.1 < 2.2rwd < 2.3 < 2.10; two versions have the same key only if they are the same text.
    """
    parts = (tuple(_weight(run) for run in _RUN.findall(part)) for part in version.split("."))
    return tuple(parts), version


def _weight(run: str) -> tuple[int, int, str]:
    if run[0] not in "0123456789":
        return 1, 0, run
    digits = run.lstrip("0")  # not made a number: somebody else's may have thousands of digits
    return 0, len(digits), digits

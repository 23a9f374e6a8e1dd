"""Exit codes of the program."""

from __future__ import annotations

from collections.abc import Iterable

ATTENTION = 1  # something in the user's input
WRONG_USE = 2  # of the command line or the configuration
OUTSIDE = 3  # the outside world failed
DEFECT = 70
INTERRUPTED = 130
TERMINATED = 143


def worst(codes: Iterable[int]) -> int:
    """The exit code of a command that has done several things."""
    return max(codes, default=0)

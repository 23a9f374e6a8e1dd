"""The rules of Coupled Baiting 2.3 as somebody who knows numpy would write them, for tables without gaps.

Every array has a row for every session and a column for every mouse, all mice have as many sessions, and the loop
is open. It is the peer of ``benchmarks/judging.py``: exactly one curriculum, nothing that could be missing, no reasons.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

WARMUP, ONE, TWO, THREE, FINAL, GRADUATED = range(6)
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]


def mean_of_five(values: Floats) -> Floats:
    """The mean of the last five sessions, or of as many as there are, added from the oldest to the newest."""
    total = np.zeros_like(values)
    for back in range(4, -1, -1):
        total[back:] += values[: len(values) - back]
    return total / np.minimum(np.arange(1, len(values) + 1), 5)[:, None]


def judge(trials: Floats, efficiency: Floats) -> tuple[Codes, Codes]:
    """The stage that every mouse was in at every session, and the one that it is to run next."""
    sessions, mice = trials.shape
    next_of = np.empty((6, sessions, mice), np.uint8)
    next_of[WARMUP] = np.where((trials >= 200) & (efficiency >= 0.6), TWO, ONE)
    next_of[ONE] = np.where((trials >= 200) & (efficiency >= 0.6), TWO, ONE)
    next_of[TWO] = TWO
    next_of[TWO][(trials < 200) | (efficiency < 0.55)] = ONE
    next_of[TWO][(trials >= 300) & (efficiency >= 0.65)] = THREE
    next_of[THREE] = THREE
    next_of[THREE][(trials < 300) | (efficiency < 0.65)] = TWO
    next_of[THREE][(trials >= 400) & (efficiency >= 0.7)] = FINAL
    recent_trials, recent_efficiency = mean_of_five(trials), mean_of_five(efficiency)
    next_of[FINAL] = np.where((recent_trials < 300) | (recent_efficiency < 0.6), THREE, FINAL)
    ready = (recent_trials >= 450) & (recent_efficiency >= 0.7)
    ready[:9] = False  # session_total >= 10
    next_of[GRADUATED] = GRADUATED
    stages, following = np.empty((sessions, mice), np.uint8), np.empty((sessions, mice), np.uint8)
    stage, count, column = np.zeros(mice, np.uint8), np.zeros(mice, np.int32), np.arange(mice)
    for session in range(sessions):
        count += 1
        after = next_of[stage, session, column]
        after[(stage == FINAL) & ready[session] & (count >= 5)] = GRADUATED
        stages[session], following[session] = stage, after
        count[after != stage] = 0
        stage = after
    return stages, following

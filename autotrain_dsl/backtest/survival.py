"""How many sessions it takes to get somewhere, when not everybody has got there yet."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import isfinite

import numpy as np
from statsmodels.duration.survfunc import SurvfuncRight

from autotrain_dsl.columnar.values import Flags, Whole

_Z = 1.959963984540054  # of 95 %
_FEWEST = 6  # mice; five all lie on one side of a median in one case of sixteen, which is more than 5 %
_ROUNDING = 1e-9  # far above what a product of shares loses, far below what one mouse makes


@dataclass(frozen=True, slots=True)
class Arrival:
    """How many mice get somewhere after how many sessions.

    ``quartiles`` are the sessions after which more than a quarter, half and three quarters of all mice are there (None:
    the record is too short to tell), ``interval`` the 95 % confidence interval of the median: its end is None where
    the record is too short, both are for fewer than six mice, which cannot tell. ``curve`` has a point for every number
    of sessions after which some arrive: sessions, the share of all mice that are there, and the lower and upper 95 %
    limit of that share. Nothing is known of the share after ``followed`` sessions.
    """

    mice: int
    arrived: int
    followed: int
    quartiles: tuple[int | None, int | None, int | None]
    interval: tuple[int | None, int | None]
    curve: tuple[tuple[int, float, float, float], ...]

    @property
    def median(self) -> int | None:
        """The sessions after which more than half of the mice are there."""
        return self.quartiles[1]


def arrival(sessions: Whole, arrived: Flags) -> Arrival:
    """The estimator of Kaplan and Meier (1958) over mice; one that has not arrived is censored after its sessions.

    Limits are Greenwood's on the share, cut to what a share can be. The interval of the median holds the sessions at
    which they leave a half possible (Brookmeyer and Crowley 1982); statsmodels computes both.
    """
    if not arrived.any():
        return Arrival(len(sessions), 0, int(sessions.max(initial=0)), (None, None, None), (None, None), ())
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a curve that ends at zero has no logarithm there
        found = SurvfuncRight(sessions.astype(np.float64), arrived.astype(np.float64))
        low, high = found.quantile_ci(0.5, method="linear")
        spread = _Z * np.nan_to_num(found.surv_prob_se)
    there = 1.0 - found.surv_prob
    # Exactly a half is not more than a half, however a product of shares is rounded.
    more = [np.flatnonzero(there > share + _ROUNDING) for share in (0.25, 0.5, 0.75)]
    quartiles = tuple(int(found.surv_times[places[0]]) if len(places) else None for places in more)
    curve = zip(
        found.surv_times.astype(int).tolist(),
        there.tolist(),
        np.maximum(there - spread, 0.0).tolist(),
        np.minimum(there + spread, 1.0).tolist(),
        strict=True,
    )
    assert len(quartiles) == 3
    interval = _whole(low), _whole(high)
    if len(sessions) < _FEWEST:
        interval = None, None
    elif interval == (None, None):  # one session after which both limits lie on the other side of a half
        interval = quartiles[1], quartiles[1]
    count, followed = int(np.count_nonzero(arrived)), int(sessions.max())
    return Arrival(len(sessions), count, followed, quartiles, interval, tuple(curve))


def _whole(value: float) -> int | None:
    return int(value) if isfinite(value) else None

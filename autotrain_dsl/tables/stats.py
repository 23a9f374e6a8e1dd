"""df_manager_stats: how long every subject spent in every stage, and what was decided there."""

from __future__ import annotations

import pandas as pd

from autotrain_dsl.tables.manager import DECISIONS

INDEX = ["subject_id", "current_stage_actual"]


def to_stats(manager: pd.DataFrame) -> pd.DataFrame:
    """One row per subject and stage, indexed by both; a subject that returns to a stage has one row for it.

    ``session_spent`` counts sessions, ``first_entry`` and ``last_leave`` are session numbers, ``session_spanned`` is
    last - first + 1, ``n_STAY`` ... count decisions.
    """
    counted = manager[[*INDEX, "session"]].copy()
    for decision in DECISIONS:
        counted[f"n_{decision}"] = (manager["decision"] == decision).astype("int64")
    groups = counted.groupby(INDEX, sort=True)
    sessions = groups["session"]
    first, last = sessions.min(), sessions.max()
    columns = {"session_spent": sessions.count(), "first_entry": first, "last_leave": last}
    columns["session_spanned"] = last - first + 1
    columns |= {f"n_{decision}": groups[f"n_{decision}"].sum() for decision in DECISIONS}
    return pd.DataFrame(columns).astype("int64")

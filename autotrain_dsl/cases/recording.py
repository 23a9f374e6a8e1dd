"""The recorded sessions of a real subject as a test.

Pure: rows of df_manager come in, a test as plain data comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autotrain_dsl.expressions.functions import plain
from autotrain_dsl.tables.manager import Row

MAX_SESSIONS = 500


@dataclass(frozen=True, slots=True)
class Recorded:
    """The test, and how many older rows of the subject are not in it."""

    test: dict[str, Any]
    left_out: int


def recorded(rows: Sequence[Row], metrics: Sequence[str]) -> Recorded:
    """The newest unbroken run of sessions that were judged by one curriculum, from the rows of one subject.

    ``rows`` are in the order of their sessions and not empty; ``metrics`` are those of the curriculum's task.
    """
    start = max((place for place, pair in enumerate(pairwise(rows), 1) if _breaks(*pair)), default=0)
    kept = rows[max(start, len(rows) - MAX_SESSIONS) :]
    first = kept[0]
    columns = {name: [plain(row.values.get(name)) for row in kept] for name in metrics}
    told = {name: values for name, values in columns.items() if any(value is not None for value in values)}
    suggested = [row.current_stage_suggested or row.current_stage_actual for row in kept]
    ran = [
        row.current_stage_actual if row.current_stage_actual != wanted else None
        for row, wanted in zip(kept, suggested, strict=True)
    ]
    test: dict[str, Any] = {
        "name": f"sessions {first.session} to {kept[-1].session} of mouse {first.subject_id}"[:300],
        "given": {
            "stage": suggested[0],
            "session_total": first.session,
            "session_at_current_stage": first.session_at_current_stage or 1,
        },
        "sessions": told or {metrics[0]: [None] * len(kept)},
        **({"ran": ran} if any(ran) else {}),
        "expect_path": [*suggested, kept[-1].next_stage_suggested],
    }
    return Recorded(test, len(rows) - len(kept))


def _breaks(before: Row, after: Row) -> bool:
    """Whether two rows cannot stand in one test: a session is missing in between, or the curriculum is another."""
    used = [(row.curriculum_name, row.curriculum_version) for row in (before, after)]
    return after.session != before.session + 1 or used[0] != used[1]

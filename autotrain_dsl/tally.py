"""What a run has to tell about the sessions that it judged, without the sessions themselves: it can be added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from typing import Any

import pandas as pd

from autotrain_dsl.judging import Outcome
from autotrain_dsl.tables.manager import Row, kept_text

LISTED = 10_000  # sessions that are told one by one
COMPARED = (
    "session_date", "task", "curriculum_name", "curriculum_version",
    "current_stage_suggested", "current_stage_actual", "if_overriden_by_trainer", "session_at_current_stage",
    "decision", "next_stage_suggested", "missing",
)  # fmt: skip
_COLUMNS = ("subject_id", "session", *COMPARED, "rule", "reason")
_MOVED = ("subject_id", "session", "current_stage_actual", "next_stage_suggested")


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts by decision, and what is told in detail.

    ``held`` are sessions that stayed because data was missing, ``moves`` the newest session of every mouse that changes
    its stage, with both stages; ``listed`` the first ``LISTED`` of all sessions, sorted, ``curriculums`` name and
    version of what they were judged by.
    """

    decisions: Mapping[str, int] = field(default_factory=dict)
    overridden: int = 0
    held: tuple[tuple[str, int], ...] = ()
    moves: tuple[tuple[str, int, str, str], ...] = ()
    listed: tuple[Mapping[str, Any], ...] = ()
    curriculums: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, outcome: Outcome) -> Tally:
        """Of the rows that a run has made."""
        rows = cls._of_rows(outcome)
        return rows if outcome.bulk is None else cls.together([rows, cls._of_table(outcome.bulk)])

    @property
    def judged(self) -> int:
        """Number of sessions that were judged."""
        return sum(self.decisions.values())

    @classmethod
    def together(cls, several: Iterable[Tally]) -> Tally:
        """The sum of some, which are taken one after another; of their lists no more is held than is told."""
        decisions: Counter[str] = Counter()
        overridden, held, moves = 0, list[tuple[str, int]](), list[tuple[str, int, str, str]]()
        listed: list[Mapping[str, Any]] = []
        curriculums: frozenset[tuple[str, str]] = frozenset()
        for each in several:
            decisions.update(each.decisions)
            overridden += each.overridden
            held += each.held
            moves += each.moves
            listed = list(islice(merge(listed, each.listed, key=_key), LISTED))
            curriculums |= each.curriculums
        return cls(decisions, overridden, tuple(sorted(held)), tuple(sorted(moves)), tuple(listed), curriculums)

    @classmethod
    def _of_rows(cls, outcome: Outcome) -> Tally:
        judged = outcome.judged
        return cls(
            Counter(row.decision for row in judged),
            sum(bool(row.if_overriden_by_trainer) for row in judged),
            tuple(row.key for row in judged if row.decision == "STAY" and row.missing),
            tuple(sorted(_moved(row) for row in outcome.latest if row.decision != "STAY")),
            tuple(told(row) for row in sorted(judged, key=lambda row: row.key)[:LISTED]),
            frozenset((row.curriculum_name, row.curriculum_version) for row in judged),
        )

    @classmethod
    def _of_table(cls, table: pd.DataFrame) -> Tally:
        held = table.loc[(table["decision"] == "STAY") & (table["missing"] != ""), ["subject_id", "session"]]
        last = table[~table["subject_id"].duplicated(keep="last")]
        moved: Any = last.loc[last["decision"] != "STAY", list(_MOVED)].to_numpy().tolist()
        listed: Any = table.head(LISTED)[list(_COLUMNS)].to_dict("records")
        used: Any = table[["curriculum_name", "curriculum_version"]].drop_duplicates().to_numpy().tolist()
        return cls(
            {str(decision): int(count) for decision, count in table["decision"].value_counts().items()},
            int(table["if_overriden_by_trainer"].sum()),
            tuple((str(subject), int(session)) for subject, session in held.to_numpy().tolist()),
            tuple(tuple(each) for each in moved),
            tuple(listed),
            frozenset((name, version) for name, version in used),
        )


def told(row: Row) -> Mapping[str, Any]:
    """What is told of one session, its texts as they stand in the table."""
    cells = {column: getattr(row, column) for column in _COLUMNS}
    return {column: kept_text(cell) if isinstance(cell, str) else cell for column, cell in cells.items()}


def _key(listed: Mapping[str, Any]) -> tuple[str, int]:
    return listed["subject_id"], listed["session"]


def _moved(row: Row) -> tuple[str, int, str, str]:
    return row.subject_id, row.session, row.current_stage_actual, row.next_stage_suggested

"""A whole df_behavior against the df_manager that there is: what needs no look, what is judged, and how.

Mice about which nothing is new are left alone. Many new sessions are judged in columns, those of which a person has to
be told something session by session; both give the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from autotrain_dsl import evaluation, unchanged
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.judging import Options, Outcome
from autotrain_dsl.tables import behavior as behavior_table
from autotrain_dsl.tables import manager as manager_table
from autotrain_dsl.tables import sessions as table_sessions
from autotrain_dsl.tables.behavior import Behavior, Layout
from autotrain_dsl.tables.manager import Row
from autotrain_dsl.tables.sessions import Sessions

if TYPE_CHECKING:
    from autotrain_dsl.bulk import Bulk


@dataclass(frozen=True, slots=True)
class Work:
    """By which curriculums to judge, what, and how the lab's table differs; ``names`` is what to call the tables.

    ``progress`` is told the number of mice and returns what is called after each.
    """

    catalog: Catalog
    options: Options
    layout: Layout = field(default_factory=Layout)
    names: tuple[str, str] = ("df_behavior", "df_manager")
    progress: Callable[[int], Callable[[str], None]] = field(default=lambda _: lambda _: None)


def judge(work: Work, frame: pd.DataFrame, table: pd.DataFrame | None) -> tuple[Behavior, Outcome]:
    """Judge the sessions of df_behavior that df_manager does not hold, and others as the options ask.

    ``frame`` is df_behavior under the program's names of columns, ``table`` df_manager in the columns of
    ``tables.manager.to_frame`` (None: there is none yet). Raises TableError where a table cannot be understood.
    """
    work = replace(work, layout=replace(work.layout, columns={}))  # they have their names already
    catalog, options, layout = work.catalog, work.options, work.layout
    sessions = Sessions.of(frame, layout)
    quiet: unchanged.Unchanged = unchanged.find(sessions, table, catalog, options, layout)
    new = _in_columns(sessions, table, quiet, work)
    remaining = quiet.remaining(frame) if new is None else frame[~(new.behavior | quiet.flags(len(frame)))]
    behavior = behavior_table.read(remaining, catalog.metric_columns, work.names[0], layout)
    behavior = quiet.counted(behavior, len(frame))
    rows: list[Row] = []
    if table is not None:
        kept = quiet.remaining_rows(table)
        kept = kept if new is None else kept[~kept["subject_id"].isin(new.subjects)]
        rows = manager_table.from_frame(kept, catalog.metric_names, work.names[1])
    report = work.progress(len(behavior.subjects) + (0 if new is None else len(new.subjects)))
    for subject in () if new is None else new.subjects:
        report(subject)
    outcome = evaluation.evaluate(catalog, behavior, rows, options, report)
    if new is None:
        return behavior, outcome
    behavior = replace(behavior, off_curriculum=behavior.off_curriculum + new.off_curriculum)
    return behavior, replace(outcome, bulk=new.table, subjects=outcome.subjects + len(new.subjects))


def added(outcome: Outcome, integers: frozenset[str]) -> pd.DataFrame:
    """All new rows of an outcome as one table; ``integers`` are metrics that are whole numbers."""
    return _with_bulk(outcome, outcome.added, integers)


def judged(outcome: Outcome, integers: frozenset[str]) -> pd.DataFrame:
    """All rows of an outcome, new ones and those that replace others."""
    return _with_bulk(outcome, outcome.judged, integers)


def _with_bulk(outcome: Outcome, rows: Iterable[Row], integers: frozenset[str]) -> pd.DataFrame:
    made = manager_table.to_frame(rows, integers)
    if outcome.bulk is None:
        return made
    return manager_table.merged(outcome.bulk, made) if len(made) else outcome.bulk


def _in_columns(
    sessions: Sessions | None, table: pd.DataFrame | None, quiet: unchanged.Unchanged, work: Work
) -> Bulk | None:
    if sessions is None or work.options.subjects is not None or len(sessions.frame) < table_sessions.FEWEST:
        return None
    known = quiet.known or unchanged.known_subjects(sessions, table)
    from autotrain_dsl import bulk  # noqa: PLC0415 - small nights do not need it, and it takes a while to load

    try:
        return bulk.judge_new(sessions, known, work.catalog, work.options, work.layout)
    except TypeError:  # cells that are lists or dicts, which are looked at one by one
        return None

"""The recorded sessions of a colony as they are replayed: in columns, sorted, and what of them is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from autotrain_dsl.codes import tables as codes
from autotrain_dsl.columnar.histories import Histories
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Metric
from autotrain_dsl.spelling import counted, suggest
from autotrain_dsl.tables import behavior, cells
from autotrain_dsl.tables.behavior import Layout
from autotrain_dsl.tables.issues import Issue, TableError
from autotrain_dsl.tables.sessions import Flags, Numbers, Sessions, Words


@dataclass(frozen=True)
class Recorded:
    """All sessions of some mice, those of a mouse together by ascending number.

    ``rows`` are places in the table, ``chosen`` says which sessions are decided about (the others are a part of the
    history only), ``ran`` which stage was really run (empty where that is not told). ``left_out`` are sessions about
    which nothing can be decided: why, and how many. ``names`` are the curriculums that the decided ones were run under.
    """

    sessions: Sessions
    subjects: tuple[str, ...]
    histories: Histories
    metrics: tuple[Metric, ...]
    rows: Numbers
    chosen: Flags
    ran: Words
    left_out: tuple[tuple[str, int], ...]
    names: tuple[str, ...]

    @cached_property
    def subject(self) -> Numbers:
        """For every session the place of its mouse."""
        return np.repeat(np.arange(len(self.subjects)), self.histories.lengths)

    @cached_property
    def dates(self) -> list[str]:
        """The date of every session, as text."""
        words = self.sessions.text("session_date", cells.date)
        return [words.texts[code] for code in words.codes[self.rows].tolist()]

    def columns(self, graph: StateGraph) -> list[int]:
        """Where the metrics of a curriculum's task are in the histories."""
        return [self.metrics.index(metric) for metric in graph.task.metrics.values()]


def read(
    frame: pd.DataFrame, layout: Layout, graphs: Sequence[StateGraph], names: Collection[str], uri: str
) -> Recorded:
    """The sessions of a df_behavior whose curriculum is one of ``names``, for these curriculums to decide about.

    Raises TableError where a column is missing, or where there is no such session.
    """
    frame = layout.renamed(frame, uri)
    layout = Layout({}, layout.task_names, layout.whole_history)
    behavior.read(frame.head(0), frozenset(), uri, layout)  # says which columns are missing, or stand there twice
    frame = _hashable(frame)
    sessions = Sessions.of(frame, layout)
    assert sessions is not None
    metrics = tuple(dict.fromkeys(metric for graph in graphs for metric in graph.task.metrics.values()))
    _require(metrics, frame, uri)
    named = {text: sessions.curriculum.where(text) for text in sessions.curriculum.texts}
    of_names = np.zeros(len(frame), bool)
    for name in names:
        of_names |= named.get(name, of_names)
    counting = (sessions.number > 0) & (sessions.subject >= 0)
    rows = np.flatnonzero(counting if layout.whole_history else counting & ~sessions.curriculum.where(""))
    rows = sessions.ordered(rows)
    ran = sessions.text("current_stage_actual", cells.text)
    again, differing = _repeated(sessions, metrics, ran, rows, layout)
    held = _held(sessions, rows, differing)
    rows, held = rows[~again], held[~again]
    wrong = np.zeros(len(frame), bool)
    for metric in metrics:
        wrong |= sessions.measured(metric)[1]
    chosen = of_names[rows] & ~held & ~wrong[rows]
    # A mouse without any session to decide about tells nothing.
    kept = np.isin(sessions.subject[rows], sessions.subject[rows[chosen]])
    others = int(np.count_nonzero(~of_names & counting))
    left_out = [
        ("without a mouse or a session number that can be one", int(np.count_nonzero(~counting))),
        ("of other curriculums or of none", others),
        ("with a value that cannot be right", int(np.count_nonzero(wrong[rows] & of_names[rows] & ~held))),
        ("from a session with differing rows on", int(np.count_nonzero(held & of_names[rows]))),
    ]
    if not chosen.any():
        raise TableError([_nothing(sessions, names, uri, left_out)])
    rows, chosen = rows[kept], chosen[kept]
    subject = sessions.subject[rows]
    starts = np.flatnonzero(np.r_[True, np.diff(subject) != 0, True])
    texts = {place: name for name, place in sessions.names.items()}
    histories = Histories(starts, sessions.number[rows], [sessions.measured(each)[0][rows] for each in metrics])
    return Recorded(
        sessions=sessions,
        subjects=tuple(texts[place] for place in subject[starts[:-1]].tolist()),
        histories=histories,
        metrics=metrics,
        rows=rows,
        chosen=chosen,
        ran=Words(ran.codes[rows], ran.texts),
        left_out=tuple((why, count) for why, count in left_out if count),
        names=tuple(
            sorted({sessions.curriculum.texts[code] for code in np.unique(sessions.curriculum.codes[rows[chosen]])})
        ),
    )


def _hashable(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with lists and dicts as text, which they can only be a mistake for."""

    def plain(cell: Any) -> Any:
        return str(cell) if isinstance(cell, list | dict | set) or hasattr(cell, "__array__") else cell

    objects = [column for column in frame.columns if frame[column].dtype == np.dtype(object)]
    odd = [column for column in objects if any(not isinstance(cell, str | float | int) for cell in frame[column])]
    found = frame.copy(deep=False)
    for column in odd:
        found[column] = frame[column].map(plain)
    return found


def _require(metrics: Sequence[Metric], frame: pd.DataFrame, uri: str) -> None:
    columns = {str(column) for column in frame.columns}
    missing = [
        Issue(
            codes.NO_METRIC_COLUMN,
            f"`{uri}` has no column for the metric {metric.name} (looked for {', '.join(metric.columns)})",
        )
        for metric in metrics
        if not set(metric.columns) & columns
    ]
    if missing:
        raise TableError(missing)


def _repeated(
    sessions: Sessions, metrics: Sequence[Metric], ran: Words, rows: Numbers, layout: Layout
) -> tuple[Flags, Flags]:
    """Which rows are of the session of the row before, and which of those say something else than it."""
    told = [sessions.text("session_date", cells.date).codes, sessions.task(layout).codes]
    told += [sessions.curriculum.codes, sessions.version.codes, ran.codes]
    again, differing = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    again[1:] = (np.diff(sessions.number[rows]) == 0) & (np.diff(sessions.subject[rows]) == 0)
    for codes_ in told:
        differing[1:] |= np.diff(codes_[rows]) != 0
    for metric in metrics:
        values, wrong = sessions.measured(metric)
        one, other = values[rows[1:]], values[rows[:-1]]
        differing[1:] |= (one != other) & ~(np.isnan(one) & np.isnan(other)) | wrong[rows[1:]] | wrong[rows[:-1]]
    return again, differing & again


def _held(sessions: Sessions, rows: Numbers, differing: Flags) -> Flags:
    """Sessions of a mouse from the first on of which rows differ."""
    first = np.full(len(sessions.names) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, sessions.subject[rows[differing]], sessions.number[rows[differing]])
    held: Flags = sessions.number[rows] >= first[sessions.subject[rows]]
    return held


def _nothing(sessions: Sessions, names: Collection[str], uri: str, left_out: Sequence[tuple[str, int]]) -> Issue:
    wanted = " or ".join(f"`{name}`" for name in sorted(names))
    message = f"`{uri}` holds no session of {wanted} that can be replayed"
    reasons = list(_reasons(left_out))
    known = [text for text in sessions.curriculum.texts if text]
    if reasons:
        message += f" ({'; '.join(reasons)})"
    if known and not set(known) & set(names):
        message += f"; name the curriculum of its sessions with --of: {suggest(sorted(names)[0], known, 'curriculum')}"
    return Issue(codes.UNKNOWN_CURRICULUM, message)


def _reasons(left_out: Sequence[tuple[str, int]]) -> Iterator[str]:
    yield from (f"{counted(count, 'session')} {why}" for why, count in left_out if count)

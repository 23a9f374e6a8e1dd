"""Many new sessions judged in columns: those of a night, of a first night, of a migration, of a back-test.

Pure: df_behavior in columns comes in, rows of df_manager come out as a table. Whatever a person has to be told about a
mouse (rows that differ, values that cannot be right, a curriculum that is not there) is left to ``judging``, which
looks at one session after another; what is judged here comes out the same there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.columnar.histories import Histories, Small
from autotrain_dsl.columnar.readable import Readable
from autotrain_dsl.columnar.stepping import NONE, OPEN, Colony, Judgements, Stages, Standing, judge
from autotrain_dsl.columnar.wording import Texts, Wording
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import DECISIONS
from autotrain_dsl.judging import CannotJudgeError, Options, graph_of
from autotrain_dsl.model import Metric, Move
from autotrain_dsl.tables import cells, manager
from autotrain_dsl.tables import sessions as table_sessions
from autotrain_dsl.tables.behavior import Layout
from autotrain_dsl.tables.sessions import Flags, Known, Numbers, Sessions, Words


@dataclass(frozen=True)
class Bulk:
    """What was judged: rows of df_manager, sorted, and which rows of df_behavior need no further look.

    ``subjects`` are the mice, ``off_curriculum`` counts their rows without a curriculum.
    """

    table: pd.DataFrame
    behavior: Flags
    subjects: tuple[str, ...]
    off_curriculum: int


def judge_new(sessions: Sessions, known: Known, catalog: Catalog, options: Options, layout: Layout) -> Bulk | None:
    """Judge the sessions of mice without rows, and the new ones of settled mice.

    Only mice about which nobody has to be told anything. None where there are only a few such sessions.
    """
    used = _Used.of(sessions, catalog, options, layout)
    simple = ~(used.doubtful | known.subjects)
    simple[known.settled] = ~used.doubtful[known.settled]
    rows = used.rows[simple[sessions.subject[used.rows]]]
    until = np.zeros(len(simple), np.int64)
    until[known.settled] = known.last
    if not used.graphs:
        return None
    new = (used.graph[rows] >= 0) & (sessions.number[rows] > until[sessions.subject[rows]])
    if np.count_nonzero(new) < max(table_sessions.FEWEST, 1):
        return None
    colony = used.colony(rows, new, known)
    judged = judge(colony)
    lost = np.repeat(judged.lost, colony.histories.lengths)
    chosen = np.flatnonzero(~lost & (colony.judged if colony.judged is not None else True))
    simple[sessions.subject[rows[lost]]] = False
    table = _Table(used, judged, rows, chosen, options).frame()
    mine = simple[sessions.subject] & (sessions.subject >= 0)
    off = int(np.count_nonzero(mine & sessions.curriculum.where("")))
    looked_at = simple & (np.bincount(sessions.subject[rows], minlength=len(simple)) > 0)
    return Bulk(table, mine, tuple(sorted(name for name, place in sessions.names.items() if looked_at[place])), off)


@dataclass(frozen=True)
class _Used:
    """Which rows of df_behavior are a part of a history, sorted, and by which of ``graphs`` each is judged.

    ``graph`` holds the place of the curriculum for every row of the table, -1 for a row that is not judged. The last
    place of ``doubtful`` is that of rows without a subject.
    """

    sessions: Sessions
    layout: Layout
    integers: frozenset[str]
    rows: Numbers
    graphs: list[StateGraph]
    graph: Small
    doubtful: Flags
    stages: Stages
    actual: Small | None

    @classmethod
    def of(cls, sessions: Sessions, catalog: Catalog, options: Options, layout: Layout) -> _Used:
        doubtful = np.zeros(len(sessions.names) + 1, bool)
        doubtful[-1] = True
        doubtful[sessions.subject[sessions.number == 0]] = True
        doubtful[[sessions.names[name] for name in options.placed if name in sessions.names]] = True
        on = ~sessions.curriculum.where("")
        counting = (sessions.number > 0) & (sessions.subject >= 0)
        rows = np.flatnonzero(counting if layout.whole_history else counting & on)
        rows = sessions.ordered(rows)
        twice = (np.diff(sessions.number[rows]) == 0) & (np.diff(sessions.subject[rows]) == 0)
        doubtful[sessions.subject[rows[1:][twice]]] = True
        graphs, graph = _graphs(sessions, catalog, options)
        stages = Stages(graphs)
        actual = _actual(sessions, graphs, graph, stages)
        doubtful[sessions.subject[on & (graph < 0)]] = True
        if actual is not None:
            doubtful[sessions.subject[on & (actual == OPEN)]] = True  # a stage that is not its curriculum's
        columns = frozenset(str(column) for column in sessions.frame.columns)
        for number, each in enumerate(graphs):
            wrong = np.zeros(len(graph), bool)
            for metric in each.task.metrics.values():
                wrong |= sessions.measured(metric)[1] if set(metric.columns) & columns else True
            doubtful[sessions.subject[wrong & (graph == number)]] = True
        return cls(sessions, layout, catalog.integer_metrics, rows, graphs, graph, doubtful, stages, actual)

    def metrics(self) -> list[Metric]:
        """Every metric of a task of one of the curriculums."""
        return list(dict.fromkeys(metric for graph in self.graphs for metric in graph.task.metrics.values()))

    def colony(self, rows: Numbers, new: Flags, known: Known) -> Colony:
        """What the sessions in ``rows`` are for the rules; ``new`` ones are judged."""
        sessions, metrics = self.sessions, self.metrics()
        subject = sessions.subject[rows]
        starts = np.flatnonzero(np.r_[True, np.diff(subject) != 0, True])
        histories = Histories(starts, sessions.number[rows], [sessions.measured(each)[0][rows] for each in metrics])
        places = {metric: place for place, metric in enumerate(metrics)}
        columns = [[places[metric] for metric in graph.task.metrics.values()] for graph in self.graphs]
        graph = self.graph[rows]
        actual = None if self.actual is None else self.actual[rows]
        standing = self._standing(histories, subject[starts[:-1]], graph, new, known)
        return Colony(histories, self.graphs, columns, graph, actual, None if new.all() else new, standing)

    def _standing(
        self, histories: Histories, subjects: Numbers, graph: Small, new: Flags, known: Known
    ) -> Standing | None:
        """Where the mice stand before the first session that is judged now; their stages in its curriculum."""
        if not len(known.settled):
            return None
        at = np.full(len(self.doubtful), -1, np.int64)
        at[known.settled] = np.arange(len(known.settled))
        at = at[subjects]
        found = Standing(*(np.full(len(subjects), value, np.int32) for value in (NONE, NONE, 0, 0)))
        first_new = np.minimum.reduceat(np.where(new, np.arange(len(new)), len(new)), histories.starts[:-1])
        for place in np.flatnonzero((at >= 0) & (first_new < len(new))).tolist():
            own, begin, end = at[place], int(histories.starts[place]), int(histories.starts[place + 1])
            number = int(graph[first_new[place]])
            found.following[place] = self.stages.code.get((number, known.following[own]), OPEN)
            found.last[place] = self.stages.code.get((number, known.actual[own]), OPEN)
            found.count[place] = known.count[own]
            found.first[place] = np.searchsorted(histories.numbers[begin:end], known.first[own])
        return found


def _graphs(sessions: Sessions, catalog: Catalog, options: Options) -> tuple[list[StateGraph], Small]:
    """The curriculums that are used, and for every row the place of its own; -1 where there is none."""
    columns = frozenset(str(column) for column in sessions.frame.columns)
    names, versions = sessions.curriculum, sessions.version
    pairs = names.codes * len(versions.texts) + versions.codes
    found, places = dict[StateGraph, int](), np.full(len(names.texts) * len(versions.texts), -1, np.int32)
    for pair in np.unique(pairs).tolist():
        name, version = names.texts[pair // len(versions.texts)], versions.texts[pair % len(versions.texts)]
        if name:
            try:
                graph = graph_of(catalog, options, columns, name, version)
            except CannotJudgeError:
                continue
            places[pair] = found.setdefault(graph, len(found))
    return list(found), places[pairs]


def _actual(sessions: Sessions, graphs: list[StateGraph], graph: Small, stages: Stages) -> Small | None:
    """For every row the code of the stage that was run, OPEN where that is none of its curriculum; None: not told."""
    if "current_stage_actual" not in sessions.frame:
        return None
    told = sessions.text("current_stage_actual", cells.text)
    codes = np.array(
        [[stages.code.get((number, text), OPEN) for text in told.texts] for number in range(len(graphs))], np.int32
    ).reshape(len(graphs), len(told.texts))
    return np.where(graph >= 0, codes[graph, told.codes], np.int32(OPEN)) if len(graphs) else np.full_like(graph, OPEN)


class _Table:
    """Decisions as rows of df_manager; ``chosen`` are those of ``rows`` (of df_behavior) that were judged."""

    def __init__(self, used: _Used, judged: Judgements, rows: Numbers, chosen: Numbers, options: Options) -> None:
        self.used, self.judged, self.options = used, judged, options
        self.sessions, self.all_rows, self.chosen = used.sessions, rows, chosen
        self.rows = rows[chosen]
        self.graph = used.graph[self.rows]

    def frame(self) -> pd.DataFrame:
        """The rows in the columns of ``manager.to_frame``."""
        judged, chosen = self.judged, self.chosen
        stages = [name for _, name in judged.stages.names]
        actual, suggested = judged.actual[chosen], judged.suggested[chosen]
        closed = np.full(len(chosen), self.used.actual is not None)
        reason, missing = Wording(judged, manager.kept_text).reasons(chosen)
        data: dict[str, Any] = {
            "subject_id": _texts(self.sessions.names, self.sessions.subject[self.rows]),
            "session_date": self._words(self.sessions.text("session_date", cells.date)),
            "task": self._words(self.sessions.task(self.used.layout)),
            "session": self.sessions.number[self.rows],
            "session_at_current_stage": judged.count[chosen],
            "curriculum_name": self._of_graph(lambda graph: graph.curriculum.name),
            "task_schema_version": self._of_graph(lambda graph: graph.task.version),
            "curriculum_version": self._of_graph(lambda graph: graph.curriculum.version),
            "curriculum_schema_version": self._of_graph(lambda _: manager.CURRICULUM_SCHEMA_VERSION),
            "curriculum_json_name": self._of_graph(
                lambda graph: manager.json_name(graph.curriculum.name, graph.curriculum.version)
            ),
            **self._values(),
            "metrics": Readable(judged).texts(chosen),
            "current_stage_suggested": _texts(stages, suggested),
            "current_stage_actual": _texts(stages, actual),
            "if_closed_loop": closed,
            "if_overriden_by_trainer": closed & (actual != suggested),
            "decision": _texts([DECISIONS[move] for move in Move], judged.moves[chosen]),
            "next_stage_suggested": _texts(stages, judged.following[chosen]),
            "rule": self._rule(),
            "reason": reason,
            "missing": missing,
            "basis": self._basis(),
            "curriculum_hash": self._of_graph(lambda graph: graph.content_hash),
            "program_version": self._constant(self.options.program),
            "judged_at": self._constant(self.options.now),
        }
        return manager.of_columns(data)

    def _of_graph(self, tell: Callable[[StateGraph], str]) -> Texts:
        return _texts([tell(graph) for graph in self.used.graphs], self.graph)

    def _words(self, words: Words) -> Texts:
        return _texts(words.texts, words.codes[self.rows])

    def _constant(self, text: str) -> Texts:
        return _texts([text], np.zeros(len(self.rows), np.int64))

    def _values(self) -> dict[str, Any]:
        """One column for every metric; of a session whose task does not have it, nothing."""
        found: dict[str, Any] = {}
        judging = [(number, graph) for number, graph in enumerate(self.used.graphs) if (self.graph == number).any()]
        for name in sorted({name for _, graph in judging for name in graph.task.metrics}):
            values = np.full(len(self.rows), np.nan)
            for number, graph in judging:
                if name in graph.task.metrics:
                    own = self.graph == number
                    values[own] = self.sessions.measured(graph.task.metrics[name])[0][self.rows[own]]
            found[name] = manager.metric_column(values, whole=name in self.used.integers)
        return found

    def _rule(self) -> Texts:
        """Stage and number of the rule that fired, as one text for all rows that it decided."""
        stages, fired = self.judged.stages, self.judged.fired[self.chosen]
        width = int(fired.max(initial=0)) + 1
        texts = [f"{name}:{number}" if number else "" for _, name in stages.names for number in range(width)]
        return _texts(texts, self.judged.actual[self.chosen] * width + fired)

    def _basis(self) -> Texts:
        found = np.empty(len(self.rows), object)
        made: dict[tuple[Metric, ...], list[str]] = {}
        for number, graph in enumerate(self.used.graphs):
            metrics = tuple(graph.task.metrics.values())
            if metrics not in made:
                digits = self.sessions.bases(metrics, self.all_rows).astype(">u8").tobytes().hex()
                made[metrics] = [digits[at : at + 16] for at in range(0, len(digits), 16)]
            own, bases = np.flatnonzero(self.graph == number), made[metrics]
            found[own] = [bases[row] for row in self.chosen[own].tolist()]
        return found


def _texts(texts: Iterable[str], places: Any) -> Texts:
    """For every place the text that stands there; of equal ones all rows share one."""
    found: Texts = np.array([manager.kept_text(text) for text in texts], object)[places]
    return found

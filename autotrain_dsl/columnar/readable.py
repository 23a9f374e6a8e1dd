"""What the rules of every session's stage could read, as the text that df_manager keeps."""

from __future__ import annotations

import json

import numpy as np

from autotrain_dsl.columnar.histories import Small
from autotrain_dsl.columnar.stepping import Judgements
from autotrain_dsl.columnar.values import Floats, Whole, with_none
from autotrain_dsl.columnar.wording import Texts
from autotrain_dsl.expressions.functions import plain
from autotrain_dsl.expressions.reads import Read, reads_of
from autotrain_dsl.graph import StateGraph


class Readable:
    """The texts of sessions that were judged together; those of one value are made once."""

    def __init__(self, judged: Judgements) -> None:
        self.judged = judged
        self._shown = [_shown(values) for values in judged.colony.histories.metrics]

    def texts(self, rows: Whole) -> Texts:
        """For every one of ``rows`` the windows that its stage's rules read, as JSON."""
        found: Texts = np.empty(len(rows), object)
        codes = self.judged.actual[rows]
        for code in np.unique(codes).tolist():
            mine = np.flatnonzero(codes == code)
            found[mine] = self._of_stage(rows[mine], *self.judged.stages.names[code])
        return found

    def _of_stage(self, rows: Whole, number: int, stage: str) -> list[str]:
        colony, graph = self.judged.colony, self.judged.colony.graphs[number]
        count, stay = self.judged.count[rows], self.judged.stay[rows]
        totals = colony.histories.numbers[rows]
        texts = [
            f'{{"session_total": {total}, "session_at_current_stage": {sessions}'
            for total, sessions in zip(totals.tolist(), count.tolist(), strict=True)
        ]
        for at in np.flatnonzero(count != stay).tolist():
            texts[at] += f', "sessions_of_stay": {stay[at]}'
        columns = dict(zip(graph.task.metrics, colony.columns[number], strict=True))
        for metric, reads in sorted(_reads(graph, stage).items()):
            lengths = self._lengths(rows, stay, reads)
            shown, name = self._shown[columns[metric]], json.dumps(metric)
            texts = [
                f"{text}, {name}: [{', '.join(shown[row + 1 - length : row + 1])}]"
                for text, row, length in zip(texts, rows.tolist(), lengths.tolist(), strict=True)
            ]
        return [f"{text}}}" for text in texts]

    def _lengths(self, rows: Whole, stay: Small, reads: list[Read]) -> Whole:
        """The longest window of a metric that one of the reads takes."""
        longest = np.zeros(len(rows), np.int64)
        whole = self.judged.colony.histories.places[rows].astype(np.int64) + 1
        for read in reads:
            seen = stay if read.at_stage else whole
            longest = np.maximum(longest, np.minimum(seen, read.reach).astype(np.int64))
        return longest


def _reads(graph: StateGraph, stage: str) -> dict[str, list[Read]]:
    """Of every metric how the rules of a stage read it."""
    found: dict[str, list[Read]] = {}
    for rule in graph.rules(stage):
        for read in reads_of(rule.program.node) if rule.program is not None else ():
            found.setdefault(read.metric, []).append(read)
    return found


def _shown(values: Floats) -> list[str]:
    """Every value as JSON; equal ones share their text."""
    different, places = np.unique(values, return_inverse=True)
    texts = np.array([json.dumps(plain(value)) for value in with_none(different)], object)
    found: list[str] = texts[places].tolist()
    return found

"""Every subject followed through its stages, all of them one session further at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

from autotrain_dsl.columnar.formulas import Work
from autotrain_dsl.columnar.histories import Histories, Small, Table
from autotrain_dsl.columnar.rulebook import DOUBT, Codes, Rulebook, Time
from autotrain_dsl.columnar.values import Flags, Whole, with_none
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import Decision, History, Situation, step
from autotrain_dsl.model import Move

_BLOCK = 2**20  # sessions whose outcomes are known at one time
_CHUNK = 2**15  # sessions whose windows are: their arrays stay in the processor's cache
OPEN = -1  # it is not known which stage was run
NONE = -2  # there was no session before


@dataclass(frozen=True)
class Colony:
    """What is to be judged: histories, by which of ``graphs`` every session is judged, and the stage that was run.

    ``actual`` holds codes (``Stages.code``), OPEN where the stage is not known. ``judged`` says which sessions are
    judged at all (None: every one); the others are a part of the history only. ``metrics`` of the histories are, for
    every graph, those of its task in their order: ``columns`` says where they are. ``standing`` is where the subjects
    stand before the first session that is judged (None: at the beginning).
    """

    histories: Histories
    graphs: Sequence[StateGraph]
    columns: Sequence[Sequence[int]]
    graph: Small | None = None  # None: all sessions by the first
    actual: Small | None = None  # None: an open loop
    judged: Flags | None = None
    standing: Standing | None = None


@dataclass(frozen=True)
class Standing:
    """For every subject what became of sessions that were judged before; NONE, NONE, 0, 0 where there were none.

    ``following`` is the stage that they suggested, OPEN where the curriculum of the first session that is judged now
    does not have it. ``last`` is the stage of the last of them, ``count`` how many they were in it without a break, and
    ``first`` the place in the history of the first of those.
    """

    following: Small
    last: Small
    count: Small
    first: Small

    def of(self, subjects: slice | Whole) -> Standing:
        """Of some subjects."""
        return Standing(self.following[subjects], self.last[subjects], self.count[subjects], self.first[subjects])


class Stages:
    """The stages of all graphs under one code each."""

    def __init__(self, graphs: Sequence[StateGraph]) -> None:
        self.names = [(number, stage.name) for number, graph in enumerate(graphs) for stage in graph.stages]
        self.code = {key: code for code, key in enumerate(self.names)}
        self.initial = np.array([self.code[n, graph.initial] for n, graph in enumerate(graphs)], np.int32)
        most = max([0, *(len(graph.rules(name)) for graph in graphs for name in graph.network)])
        shape = len(self.names), most + 1
        self.next = np.repeat(np.arange(shape[0], dtype=np.int32), shape[1]).reshape(shape)
        self.moves = np.full(shape, list(Move).index(Move.STAY), np.int8)
        for code, (number, name) in enumerate(self.names):
            for place, rule in enumerate(graphs[number].rules(name), 1):
                self.next[code, place] = code if rule.move is Move.STAY else self.code[number, rule.target]
                self.moves[code, place] = list(Move).index(rule.move)
        self.same = np.array(
            [[self.code.get((number, name), OPEN) for _, name in self.names] for number in range(len(graphs))], np.int32
        )


@dataclass(frozen=True)
class Judgements:
    """What became of every session, in the order of the histories; of those not judged the values mean nothing.

    ``outcome`` is the number of the rule that fired, 0 for none, plus DOUBT where a rule before it was unknown.
    ``actual`` and ``suggested`` are codes of stages, ``count`` and ``stay`` as in ``Situation``. ``lost`` are subjects
    whose suggested stage is none of their new curriculum's: from there on nothing is known of them.
    """

    colony: Colony
    stages: Stages
    books: Sequence[Rulebook]
    outcome: Codes
    actual: Small
    suggested: Small
    count: Small
    stay: Small
    lost: Flags

    @property
    def fired(self) -> Codes:
        """Number of the rule that fired; 0 for none."""
        return self.outcome & np.uint8(DOUBT - 1)

    @property
    def following(self) -> Small:
        """The stage for the next session."""
        found: Small = self.stages.next[self.actual, self.fired]
        return found

    @property
    def moves(self) -> npt.NDArray[np.int8]:
        """What was decided, as a place in ``Move``."""
        found: npt.NDArray[np.int8] = self.stages.moves[self.actual, self.fired]
        return found

    def decision(self, row: int) -> Decision:
        """One session judged by the interpreter, with its trace."""
        graph, situation, history = self.question(row)
        return step(graph, situation, history)

    def question(self, row: int) -> tuple[StateGraph, Situation, History]:
        """What the interpreter is asked for one session."""
        histories = self.colony.histories
        number, name = self.stages.names[int(self.actual[row])]
        graph = self.colony.graphs[number]
        rows = slice(row - int(histories.places[row]), row + 1)
        metrics = {
            metric: with_none(histories.metrics[column][rows])
            for metric, column in zip(graph.task.metrics, self.colony.columns[number], strict=True)
        }
        total = int(histories.numbers[row])
        situation = Situation(name, total, int(self.count[row]), int(self.stay[row]))
        return graph, situation, History(tuple(histories.numbers[rows].tolist()), metrics)


def judge(colony: Colony) -> Judgements:
    """Judge every session of a colony."""
    histories = colony.histories
    rows = len(histories)
    stages = Stages(colony.graphs)
    books = [Rulebook(graph, histories.longest) for graph in colony.graphs]
    outcome, lost = np.zeros(rows, np.uint8), np.zeros(len(histories.lengths), bool)
    actual, count = np.zeros(rows, np.int32), np.zeros(rows, np.int32)
    suggested = actual if colony.actual is None else np.zeros(rows, np.int32)  # an open loop runs what is suggested
    stay = count if colony.judged is None else np.zeros(rows, np.int32)
    found = Judgements(colony, stages, books, outcome, actual, suggested, count, stay, lost)
    with np.errstate(all="ignore"):  # what is no finite number is missing
        for first, last in _blocks(histories):
            _Block(found, first, last).run()
    return found


def _blocks(histories: Histories) -> list[tuple[int, int]]:
    """Groups of subjects of about as many sessions as may be looked at together."""
    count = len(histories.lengths)
    ends = np.searchsorted(histories.starts, np.arange(_BLOCK, len(histories) + _BLOCK, _BLOCK), side="left")
    edges = sorted({0, *np.minimum(ends, count).tolist(), count})
    return list(pairwise(edges))


class _Block:
    """Some subjects, with all their sessions."""

    def __init__(self, found: Judgements, first: int, last: int) -> None:
        colony = found.colony
        rows = slice(int(colony.histories.starts[first]), int(colony.histories.starts[last]))
        self.stages, self.books = found.stages, found.books
        self.histories = colony.histories.part(first, last)
        self.table = Table(self.histories, max(book.deepest for book in self.books))
        self.columns = [
            dict(zip(book.metrics, at, strict=True)) for book, at in zip(self.books, colony.columns, strict=True)
        ]
        self.graph = colony.graph[rows] if colony.graph is not None and len(self.books) > 1 else None
        self.given = None if colony.actual is None else colony.actual[rows]
        self.judged = None if colony.judged is None else colony.judged[rows]
        self.apart = self.judged is not None  # a stay may have sessions that are not judged
        self.outcome, self.actual, self.suggested, self.count, self.stay = (
            values[rows] for values in (found.outcome, found.actual, found.suggested, found.count, found.stay)
        )
        self.lost = found.lost[first:last]
        self.standing = None if colony.standing is None else colony.standing.of(slice(first, last))

    def run(self) -> None:
        """Compute the outcomes that are known beforehand, then follow the subjects."""
        if len(self.histories):
            self._prepare()
            self._follow()

    def _prepare(self) -> None:
        """For every kind of time in every stage the outcome of all sessions of its curriculum, one after another.

        ``known`` holds them all, ``offsets`` where they begin by stage and time (-1: not known beforehand), ``places``
        the place of a session among those of its curriculum.
        """
        apart = self.apart
        rules = [(number, each) for number, book in enumerate(self.books) for each in book.stages]
        times = [each.situations(apart=apart) for _, each in rules]
        told = [each for (_, each), found in zip(rules, times, strict=True) if found is not None]
        self.counts = max([1, *(len(each.counts or ()) for each in told)])
        self.stays = max([1, *(each.stays or 1 for each in told)])
        if not apart:
            self.counts, self.stays = max(self.counts, self.stays), 1
        mine = [self._rows_of(number) for number in range(len(self.books))]
        sizes = [_size(rows) for rows in mine]
        begins, size = {}, 0
        for code, (number, _) in enumerate(rules):
            for time in times[code] or ():
                begins[code, time] = size
                size += sizes[number]
        self.known: Codes = np.zeros(max(size, 1), np.uint8)
        for number, rows in enumerate(mine):
            codes = [code for code, (of, _) in enumerate(rules) if of == number]
            self._compute(number, rows, {code: times[code] or [] for code in codes}, begins)
        self.places = np.arange(len(self.histories))
        for rows in mine if self.graph is not None else ():
            self.places[rows] = np.arange(_size(rows))
        self.offsets = np.full((len(rules), self.counts * self.stays), OPEN, np.int64)
        for code, (_, each) in enumerate(rules):
            for count, stay in product(range(1, self.counts + 1), range(1, self.stays + 1)) if times[code] else ():
                time = each.situation(count, stay if apart else count)
                self.offsets[code, (count - 1) * self.stays + stay - 1] = begins[code, time]
        self.stepped = [code for code, found in enumerate(times) if found is None]

    def _rows_of(self, number: int) -> slice | Whole:
        return slice(0, len(self.histories)) if self.graph is None else np.flatnonzero(self.graph == number)

    def _compute(
        self, number: int, rows: slice | Whole, times: Mapping[int, list[Time]], begins: Mapping[tuple[int, Time], int]
    ) -> None:
        """The outcomes of the sessions of one curriculum, some at a time so that their windows stay in the cache."""
        book = self.books[number]
        first_code = min(times)
        every = dict.fromkeys(time for of_stage in times.values() for time in of_stage)
        piece = min(_CHUNK, book.formulas.most(book.deepest))
        for start in range(0, _size(rows), piece):
            stop = min(start + piece, _size(rows))
            some = self.table.span(start, stop) if isinstance(rows, slice) else self.table.chosen(rows[start:stop])
            work = Work(some, self.columns[number])
            for time in every:
                work.situation(float(time[0]), time[1])
                for code in times:
                    if time in times[code] and book.stages[code - first_code].rules:
                        begin = begins[code, time]
                        outcome = book.stages[code - first_code].outcome(work, stop - start)
                        self.known[begin + start : begin + stop] = outcome

    def _follow(self) -> None:
        """From session to session: where every subject stands, and what becomes of it."""
        judged = np.arange(len(self.histories)) if self.judged is None else np.flatnonzero(self.judged)
        begins = np.searchsorted(judged, self.histories.starts)
        lengths = np.diff(begins)
        order = np.argsort(-lengths, kind="stable")
        ascending = lengths[order][::-1]
        following = last = count = first = np.zeros(0, np.int32)
        for session in range(int(lengths.max())):
            active = len(order) - int(np.searchsorted(ascending, session, side="right"))
            rows = judged[begins[order[:active]] + session]
            graph = None if self.graph is None else self.graph[rows]
            following, last, count, first = (each[:active] for each in (following, last, count, first))
            if session == 0:
                suggested, last = self._begin(rows, graph), np.full(active, NONE, np.int32)
                count = first = np.zeros(active, np.int32)
                if self.standing is not None:
                    before = self.standing.of(order[:active])
                    suggested = np.where(
                        before.following == NONE, suggested, self._or_lost(before.following, graph, order)
                    )
                    last, count, first = before.last, before.count, before.first
            else:
                suggested, last = self._moved(following, graph, order), self._named(last, graph)
            actual = (
                suggested if self.given is None else np.where(self.given[rows] == OPEN, suggested, self.given[rows])
            )
            remains = actual == last
            count = np.where(remains, count + 1, 1).astype(np.int32)
            stay = count
            if self.apart:
                place = self.histories.places[rows]
                first = np.where(remains, first, place)
                stay = place - first + 1
            outcome = self._outcome(rows, actual, count, stay)
            following, last = self.stages.next[actual, outcome & np.uint8(DOUBT - 1)], actual
            self.outcome[rows], self.actual[rows], self.count[rows] = outcome, actual, count
            if self.given is not None:
                self.suggested[rows] = suggested
            if self.apart:
                self.stay[rows] = stay

    def _begin(self, rows: Whole, graph: Small | None) -> Small:
        """The stage that a first session was to run: where it is not the mouse's very first, the one that it ran."""
        initial = np.broadcast_to(self.stages.initial[0 if graph is None else graph], rows.shape)
        if self.given is None:
            return initial
        begins = (self.histories.numbers[rows] == 1) | (self.given[rows] == OPEN)
        return np.where(begins, initial, self.given[rows])

    def _moved(self, suggested: Small, graph: Small | None, order: Whole) -> Small:
        """Suggested stages in the curriculum of the session; a subject whose stage it does not have is lost."""
        return suggested if graph is None else self._or_lost(self._named(suggested, graph), graph, order)

    def _or_lost(self, named: Small, graph: Small | None, order: Whole) -> Small:
        self.lost[order[: len(named)][named == OPEN]] = True
        return np.where(named == OPEN, self.stages.initial[0 if graph is None else graph], named)

    def _named(self, codes: Small, graph: Small | None) -> Small:
        """The stage of the same name in the curriculum of the session."""
        return codes if graph is None else np.where(codes < 0, codes, self.stages.same[graph, codes])

    def _outcome(self, rows: Whole, actual: Small, count: Small, stay: Small) -> Codes:
        slot = np.minimum(count, self.counts) - 1
        if self.apart:
            slot = slot * self.stays + np.minimum(stay, self.stays) - 1
        offsets = self.offsets[actual, slot]
        outcome: Codes = self.known.take(offsets + self.places[rows], mode="clip")
        for code in self.stepped:
            chosen = np.flatnonzero(actual == code)
            if len(chosen):
                outcome[chosen] = self._stepped(code, rows[chosen], count[chosen], stay[chosen])
        return outcome

    def _stepped(self, code: int, rows: Whole, count: Small, stay: Small) -> Codes:
        """Outcomes of a stage whose rules tell too many times apart to look at them beforehand."""
        number, _ = self.stages.names[code]
        book = self.books[number]
        rules = book.stages[code - int(np.flatnonzero([of == number for of, _ in self.stages.names])[0])]
        piece = book.formulas.most(min(book.deepest, int(self.histories.places[rows].max()) + 1))
        found = []
        for start in range(0, len(rows), piece):
            some = slice(start, start + piece)
            work = Work(self.table.chosen(rows[some]), self.columns[number])
            work.situation(count[some].astype(np.float64), stay[some].astype(np.int64))
            found.append(rules.outcome(work, len(rows[some])))
        return np.concatenate(found)


def _size(rows: slice | Whole) -> int:
    return rows.stop - rows.start if isinstance(rows, slice) else len(rows)

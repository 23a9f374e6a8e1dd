"""The watch list: mice, and colonies, that a person should look at. It informs, and never moves a mouse.

Pure: df_manager comes in, notices come out. Everything is told of judged sessions in the order of their numbers; days
are those of ``session_date``, not of the judging. What a stay is, and what is known of versions that the catalog does
not have, is said in ``stays``. A mouse has *graduated* when its last session suggests a final stage.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from itertools import groupby
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.spelling import counted
from autotrain_dsl.stays import Mice
from autotrain_dsl.tables.issues import Issue
from autotrain_dsl.tables.sessions import Floats, Words

# What concerns all mice comes before what concerns one, and what was not judged before what was.
_COLONY, _NOT_JUDGED, _MOST = 2000.0, 1000.0, 999.0


class Kind(StrEnum):
    """Why a person should look."""

    COLONY = "colony"
    NOT_JUDGED = "not judged"
    STUCK = "stuck"
    OSCILLATING = "oscillating"
    DECLINING = "declining"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Notice:
    """One reason to look at a mouse, or at the colony (``subject`` empty), said in a sentence.

    ``session`` is the one that it speaks of, where there is one. ``urgency`` says how many times its threshold is
    reached; those of the colony and of sessions that were not judged are above all others. A mouse that has been
    silent for longer is less urgent: that is known by then, or it has left the colony.
    """

    kind: Kind
    subject: str
    sentence: str
    session: int | None
    urgency: float

    @property
    def key(self) -> tuple[float, str, Kind, int, str]:
        """For sorting: the most urgent first."""
        return -self.urgency, self.subject, self.kind, self.session or 0, self.sentence


@dataclass(frozen=True, slots=True)
class Stuck:
    """Longer at its stage than this share of the stays of this many others, and at least so many sessions."""

    share: float = 0.9
    others: int = 5
    sessions: int = 5


@dataclass(frozen=True, slots=True)
class Oscillating:
    """Moved back so many times within so many sessions."""

    rollbacks: int = 2
    sessions: int = 10


@dataclass(frozen=True, slots=True)
class Declining:
    """The mean of so many sessions is worse by this share than that of as many before."""

    sessions: int = 5
    share: float = 0.2


@dataclass(frozen=True, slots=True)
class Silent:
    """No session for so many days."""

    days: int = 7


@dataclass(frozen=True, slots=True)
class Progress:
    """No mouse progressed in so many days with so many sessions."""

    days: int = 14
    sessions: int = 20


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a person is told."""

    stuck: Stuck = field(default_factory=Stuck)
    oscillating: Oscillating = field(default_factory=Oscillating)
    declining: Declining = field(default_factory=Declining)
    silent: Silent = field(default_factory=Silent)
    colony: Progress = field(default_factory=Progress)

    @classmethod
    def of(cls, given: Mapping[str, Mapping[str, float]]) -> Thresholds:
        """Those of a configuration, which may leave out any of them."""
        defaults = cls()
        return cls(
            **{each.name: _filled(getattr(defaults, each.name), given.get(each.name, {})) for each in fields(cls)}
        )


def _filled(default: Any, given: Mapping[str, float]) -> Any:
    # YAML may say 5.0 where a whole number is meant.
    return type(default)(**{name: type(getattr(default, name))(value) for name, value in given.items()})


def watch(
    table: pd.DataFrame,
    thresholds: Thresholds,
    today: dt.date,
    catalog: Catalog,
    unjudged: Iterable[Issue] = (),
) -> list[Notice]:
    """Everything that a person should look at, the most urgent first; the same for the same rows in any order.

    ``table`` is df_manager in the columns of ``tables.manager.to_frame``, ``unjudged`` are the sessions that the run
    could not judge.

    * *stuck*: nobody is at a final stage or about to leave, and stays at a stage are compared over all versions of a
      curriculum. A mouse that came back several times has several stays, but is one of the others only once.
    * *oscillating*: rollbacks count that were decided by the curriculum the mouse is on now; not for graduated mice.
    * *declining*: only sessions of the present stay under one version, since another version may be another task. A
      session without the value is passed over. Where there are too few values, or the mean before is 0 (of which
      nothing is a share), nothing is said. Metrics of which neither direction is better are left out.
    * *silent*: not for graduated mice, not where the date of the last session cannot be read or lies in the future
      (further than a day, as time zones allow), and not for mice with later sessions that were not judged.
    * *colony*: sessions whose date cannot be read do not count. When every mouse is silent, that is said once.
    """
    found = list(_not_judged(issues := sorted(unjudged, key=lambda issue: issue.key)))
    if not table.empty:
        mice = Mice.of(table, today, catalog)
        found += _stuck(mice, thresholds.stuck)
        found += _oscillating(mice, thresholds.oscillating)
        found += _declining(mice, thresholds.declining)
        found += _silent(mice, thresholds.silent, today, _waiting(issues))
        found += _without_progress(mice, thresholds.colony)
    return sorted(found, key=lambda notice: notice.key)


def _not_judged(issues: list[Issue]) -> Iterator[Notice]:
    """One notice per mouse; what is wrong with a whole table is about none."""
    for subject, theirs in groupby(issues, key=lambda issue: issue.subject):
        if not subject:
            continue
        first, *_ = of_mouse = list(theirs)
        sessions = sorted({issue.session for issue in of_mouse if issue.session is not None})
        reason = first.message.rstrip(".")
        end = "" if reason.endswith("?") else "."
        if not sessions:
            sentence = f"Mouse {subject} was not judged: {reason}{end}"
        else:
            what = "session" if len(sessions) == 1 else f"{len(sessions):,} sessions, from session"
            sentence = (
                f"Mouse {subject} was not judged in {what} {sessions[0]}{' on' if sessions[1:] else ''}: {reason}{end}"
            )
        urgency = _NOT_JUDGED + min(len(sessions), _MOST)
        yield Notice(Kind.NOT_JUDGED, subject, sentence, sessions[0] if sessions else None, urgency)


def _waiting(issues: list[Issue]) -> dict[str, float]:
    """The newest session of every mouse that could not be judged; of a mouse as a whole, later than any."""
    found: dict[str, float] = {}
    for issue in issues:
        newest = inf if issue.session is None else issue.session
        found[issue.subject] = max(newest, found.get(issue.subject, 0))
    return found


def _stuck(mice: Mice, least: Stuck) -> Iterator[Notice]:
    stays = mice.stays
    lengths, subject = stays.lengths, mice.subject[stays.first]
    place = mice.curriculum.codes[stays.first] * len(mice.stage.texts) + mice.stage.codes[stays.first]
    finished = np.flatnonzero(stays.finished)
    finished = finished[np.argsort(place[finished], kind="stable")]
    present = np.flatnonzero(np.isin(stays.last, mice.last) & ~stays.finished & ~mice.at_end[stays.last])
    for stay in present[lengths[present] >= least.sessions]:
        begin, end = np.searchsorted(place[finished], [place[stay], place[stay] + 1])
        others = finished[begin:end]
        others = others[subject[others] != subject[stay]]
        number = len(np.unique(subject[others]))
        if number < least.others:
            continue
        share = np.count_nonzero(lengths[others] < lengths[stay]) / len(others)
        if share < least.share:
            continue
        row = stays.last[stay]
        sentence = (
            f"{_mouse(mice, row)} has been at {_stage(mice, row)} for {counted(int(lengths[stay]), 'session')}, "
            f"longer than {_percent(share)} of the {counted(len(others), 'finished stay')} of "
            f"{counted(number, 'other mouse', 'other mice')} there, half of which took at most "
            f"{_middle(lengths[others])} (threshold: {_percent(least.share)})."
        )
        usual = np.quantile(lengths[others], least.share, method="inverted_cdf")
        yield _of_mouse(Kind.STUCK, mice, row, sentence, lengths[stay] / usual)


def _oscillating(mice: Mice, least: Oscillating) -> Iterator[Notice]:
    ends = mice.last[mice.subject]
    recent = ends - np.arange(len(ends)) < least.sessions
    recent &= mice.curriculum.codes == mice.curriculum.codes[ends]
    back = recent & mice.decision.where("ROLLBACK")
    considered, times = (np.bincount(mice.subject[rows], minlength=len(mice.last)) for rows in (recent, back))
    for code in np.flatnonzero((times >= least.rollbacks) & ~mice.graduated[mice.last]):
        row = np.flatnonzero(back & (mice.subject == code))[-1]
        sentence = (
            f"{_mouse(mice, row)} was moved back {counted(int(times[code]), 'time')} in its last "
            f"{counted(int(considered[code]), 'session')}, the last time from {_stage(mice, row)} to "
            f"{_text(mice.following, row)} (threshold: {counted(least.rollbacks, 'time')} in "
            f"{counted(least.sessions, 'session')})."
        )
        yield _of_mouse(Kind.OSCILLATING, mice, row, sentence, times[code] / least.rollbacks)


def _declining(mice: Mice, least: Declining) -> Iterator[Notice]:
    stays, number = mice.same_version, least.sessions
    long = np.isin(stays.last, mice.last) & (stays.lengths >= 2 * number)
    measured: dict[str, Floats] = {}
    for first, last in zip(stays.first[long], stays.last[long], strict=True):
        graph = mice.graph(last)
        for metric in graph.task.metrics.values() if graph is not None else ():
            if metric.better == "neither" or metric.name not in mice.table:
                continue
            if metric.name not in measured:
                measured[metric.name] = mice.measured(metric.name)
            values = measured[metric.name][first : last + 1]
            rows = np.flatnonzero(~np.isnan(values))[-2 * number :]
            if len(rows) < 2 * number:
                continue
            before, after = (float(values[half].mean()) for half in (rows[:number], rows[number:]))
            worse = before - after if metric.better == "higher" else after - before
            # Means of decimal fractions, such as 0.8 after 1.0, miss a threshold by their rounding.
            if before == 0 or not worse / abs(before) >= least.share - 1e-9:
                continue
            share, row = worse / abs(before), first + rows[-1]
            sentence = (
                f"{metric.name} of mouse {mice.names[mice.subject[row]]} {'fell' if after < before else 'rose'} by "
                f"{_percent(share)}, from a mean of {before:.4g} to {after:.4g} in its last {number:,} sessions at "
                f"{_stage(mice, row)} compared with the {number:,} before (threshold: {_percent(least.share)})."
            )
            yield _of_mouse(Kind.DECLINING, mice, row, sentence, share / least.share)


def _silent(mice: Mice, least: Silent, today: dt.date, waiting: Mapping[str, float]) -> list[Notice]:
    expected = mice.last[~mice.graduated[mice.last] & ~np.isnan(mice.ages[mice.last])]
    # A session that somebody numbered wrongly is a sign of life, too.
    youngest = np.full(len(mice.last), inf)
    np.fmin.at(youngest, mice.subject, mice.ages)
    threshold = f"(threshold: {counted(least.days, 'day')})"
    if len(expected) and (age := youngest.min()) >= least.days:
        since = today - dt.timedelta(int(age))
        sentence = f"No session of any mouse was judged since {since}, {counted(int(age), 'day')} ago {threshold}."
        return [Notice(Kind.COLONY, "", sentence, None, _COLONY + least.days / age)]
    found = []
    for row in expected[youngest[mice.subject[expected]] >= least.days]:
        age = youngest[mice.subject[row]]
        if waiting.get(mice.names[mice.subject[row]], 0) > mice.session[row]:
            continue
        since = today - dt.timedelta(int(age))
        sentence = (
            f"{_mouse(mice, row)} had no judged session since {since}, {counted(int(age), 'day')} ago {threshold}."
        )
        found.append(_of_mouse(Kind.SILENT, mice, row, sentence, least.days / age))
    return found


def _without_progress(mice: Mice, least: Progress) -> Iterator[Notice]:
    recent = mice.ages < least.days
    training = recent & ~mice.at_end
    number = np.count_nonzero(training)
    if number < least.sessions or (recent & mice.decision.where("PROGRESS")).any():
        return
    sentence = (
        f"No mouse has progressed in the last {counted(least.days, 'day')}, in which "
        f"{counted(int(number), 'session')} of {counted(len(np.unique(mice.subject[training])), 'mouse', 'mice')} that "
        f"had not reached a final stage were judged (threshold: {counted(least.sessions, 'session')})."
    )
    yield Notice(Kind.COLONY, "", sentence, None, _COLONY + min(number / least.sessions, _MOST))


def _of_mouse(kind: Kind, mice: Mice, row: int, sentence: str, urgency: float) -> Notice:
    subject = mice.names[mice.subject[row]]
    return Notice(kind, subject, sentence, int(mice.session[row]), float(min(urgency, _MOST)))


def _mouse(mice: Mice, row: int) -> str:
    return f"Mouse {mice.names[mice.subject[row]]}"


def _stage(mice: Mice, row: int) -> str:
    curriculum = _text(mice.curriculum, row)
    return _text(mice.stage, row) + (f" of {curriculum}" if curriculum else "")


def _text(words: Words, row: int) -> str:
    text: str = words.texts[words.codes[row]]
    return text


def _middle(lengths: Any) -> str:
    return counted(int(np.quantile(lengths, 0.5, method="inverted_cdf")), "session")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + " %"

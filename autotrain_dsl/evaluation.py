"""The whole colony: every session that is not judged yet, mouse by mouse, to rows of df_manager.

Pure: tables come in as plain rows, rows come out; nothing is read, written or printed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.judging import Mouse, Options, Outcome
from autotrain_dsl.tables.behavior import Behavior
from autotrain_dsl.tables.issues import Issue
from autotrain_dsl.tables.manager import Row


def evaluate(
    catalog: Catalog,
    behavior: Behavior,
    rows: Iterable[Row],
    options: Options,
    progress: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Judge sessions of a colony; ``rows`` are those of df_manager, ``progress`` is called after every mouse."""
    known: dict[str, dict[int, Row]] = {}
    for row in rows:
        known.setdefault(row.subject_id, {})[row.session] = row
    outcomes = [_table_outcome(behavior, options)]
    wanted = [s for s in behavior.subjects if options.subjects is None or s in options.subjects]
    vain = set(options.placed)
    for subject in wanted:
        mouse = Mouse(catalog, behavior, subject, known.get(subject, {}), options, behavior.settled.get(subject, 0))
        outcomes.append(mouse.judge())
        vain -= {subject} if mouse.placed else set()
        progress(subject)
    outcomes.append(placed_in_vain(vain))
    return replace(together(outcomes), subjects=len(wanted) + behavior.unchanged)


def _table_outcome(behavior: Behavior, options: Options) -> Outcome:
    """What is wrong with rows before any is judged, and mice that were asked for in vain."""
    wanted = options.subjects
    issues = [issue for issue in behavior.issues if wanted is None or issue.subject in wanted]
    named = {issue.subject for issue in behavior.issues} | set(behavior.subjects)
    return together([Outcome(unjudged=tuple(issues)), unknown_subjects((wanted or frozenset()) - named)])


def unknown_subjects(subjects: Iterable[str]) -> Outcome:
    """That mice were asked for of which there is nothing."""
    message = "there is no session of it in df_behavior"
    return Outcome(unjudged=tuple(Issue(codes.UNKNOWN_SUBJECT, message, each) for each in sorted(subjects)))


def placed_in_vain(subjects: Iterable[str]) -> Outcome:
    """That mice were placed for whom nobody had to say a stage."""
    message = "no new session of it needs a stage (--place)"
    return Outcome(warnings=tuple(Issue(codes.PLACED_IN_VAIN, message, each) for each in sorted(subjects)))


def changed_curriculums(catalog: Catalog, used: Mapping[tuple[str, str, str], int]) -> Iterator[Issue]:
    """Curriculums that are not what they were when sessions were judged with them.

    ``used`` says how many rows of df_manager rest on which curriculum: name, version and content hash.
    """
    counts: dict[tuple[str, str], int] = {}
    for (name, version, content), count in used.items():
        graph = catalog.find(name, version)
        if graph is not None and content and content != graph.content_hash:
            counts[name, version] = counts.get((name, version), 0) + count
    for (name, version), count in sorted(counts.items()):
        message = f"{name}@{version} has changed since {count:,} sessions were judged with it"
        yield Issue(codes.CURRICULUM_CHANGED, message)


def together(outcomes: list[Outcome]) -> Outcome:
    """Several outcomes as one, issues sorted; ``bulk`` and ``subjects`` are left out."""

    def issues(chosen: Callable[[Outcome], tuple[Issue, ...]]) -> tuple[Issue, ...]:
        return tuple(sorted((i for outcome in outcomes for i in chosen(outcome)), key=lambda issue: issue.key))

    return Outcome(
        added=tuple(row for outcome in outcomes for row in outcome.added),
        replaced=tuple(pair for outcome in outcomes for pair in outcome.replaced),
        unjudged=issues(lambda outcome: outcome.unjudged),
        stale=issues(lambda outcome: outcome.stale),
        warnings=issues(lambda outcome: outcome.warnings),
        latest=tuple(row for outcome in outcomes for row in outcome.latest),
    )

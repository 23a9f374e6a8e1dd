"""Whether a nightly run would find what it needs: every part of it looked at, and nothing written but a probe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from autotrain_dsl import __version__, adoption, nightly, partitioned
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.judging import Options
from autotrain_dsl.nightly import Job
from autotrain_dsl.store import Access, folder, is_database, is_in_parts, locate, open_state
from autotrain_dsl.store.base import Objects, StoreError, UnreadableError
from autotrain_dsl.tables import behavior as behavior_table
from autotrain_dsl.tables import manager as manager_table
from autotrain_dsl.tables.behavior import Layout
from autotrain_dsl.tables.issues import TableError


class Level(StrEnum):
    """How a check came out: WRONG is something in the user's input, OUTSIDE a store."""

    FINE = "fine"
    WARNING = "warning"
    WRONG = "wrong"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was found."""

    level: Level
    what: str
    found: str


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at: the tables of one df_manager and the places that get copies of them."""

    behavior: str
    manager: str
    stats: str | None
    exports: tuple[str, ...]
    mirrors: tuple[str, ...]
    access: Access
    layout: Layout


def examine(patient: Patient, catalog: Catalog) -> Iterator[Check]:
    """Look at everything, one check after the other; a check that fails does not keep the others from being made."""
    errors = sum(finding.is_error for finding in catalog.diagnostics)
    usable = sum(compilation.graph is not None for compilation in catalog.compilations)
    level = Level.WRONG if errors else Level.FINE
    yield Check(level, "curriculums", f"{usable} can be used, {errors} errors")
    for what, look in (("behavior", _behavior), ("manager", _manager)):
        yield from _guarded(what, lambda look=look: look(patient, catalog))  # type: ignore[misc]
    if is_in_parts(patient.manager) and is_in_parts(patient.behavior):
        yield from _guarded("parts", lambda: _parts(patient, catalog))
    seen: set[str] = set()
    for uri, objects, there in _places(patient):
        yield from _guarded(f"writing to {uri}", partial(_writable, objects, seen, there=there))


def _guarded(what: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from look()
    except TableError as error:
        yield from (Check(Level.WRONG, what, f"{issue.code.id} {issue}") for issue in error.issues)
    except UnreadableError as error:
        yield Check(Level.WRONG, what, str(error))
    except StoreError as error:
        yield Check(Level.WRONG if error.wrong_use else Level.OUTSIDE, what, str(error))


def _behavior(patient: Patient, catalog: Catalog) -> Iterator[Check]:
    frame, _ = nightly.read_behavior(patient.behavior, patient.access)
    read = behavior_table.read(frame, catalog.metric_columns, patient.behavior, patient.layout)
    yield Check(Level.FINE, "behavior", f"`{patient.behavior}`: {read.rows:,} rows, {len(read.subjects):,} mice")
    if read.is_open_loop:
        message = "no column `current_stage_actual`: every mouse is taken to have run what was suggested"
        yield Check(Level.WARNING, "behavior", message)
    graphs = [compilation.graph for compilation in catalog.compilations if compilation.graph is not None]
    metrics = {metric.name: metric for graph in graphs for metric in graph.task.metrics.values()}
    for name, metric in sorted(metrics.items()):
        if not set(metric.columns) & read.columns:
            message = f"no column for the metric {name} (looked for {', '.join(metric.columns)})"
            yield Check(Level.WRONG, "behavior", message)
    for issue in read.issues:
        yield Check(Level.WRONG, "behavior", f"{issue.code.id} {issue}")


def _parts(patient: Patient, catalog: Catalog) -> Iterator[Check]:
    """Whether the parts fit together: every mouse in one of them, and in the same as before."""
    nobody = Options(now="", program=__version__, subjects=frozenset())
    job = Job(
        catalog, patient.behavior, patient.manager, nobody, new_id=str, wait=lambda _: None,
        access=patient.access, layout=patient.layout, dry_run=True,
    )  # fmt: skip
    found = partitioned.run(job, partitioned.Here(), lambda _: lambda _: None).outcome
    for issue in found.unjudged:
        yield Check(Level.WRONG, "parts", f"{issue.code.id} {issue}")
    for issue in found.warnings:
        yield Check(Level.WARNING, "parts", f"{issue.code.id} {issue}")
    if not found.unjudged:
        yield Check(Level.FINE, "parts", "every mouse is in one of them, and in the same as before")


def _manager(patient: Patient, catalog: Catalog) -> Iterator[Check]:
    state = open_state(patient.manager, patient.access)
    metrics = catalog.metric_names
    snapshot = nightly.read_state(state)
    if snapshot is None:
        yield Check(Level.FINE, "manager", f"`{patient.manager}` is not there yet; the first run makes it")
    elif not snapshot.generation:
        rows = len(manager_table.from_frame(snapshot.frame, metrics, patient.manager))
        message = f"`{patient.manager}`: {rows:,} rows of another program, which the first run takes over"
        yield Check(Level.FINE, "manager", message)
    else:
        rows = len(manager_table.from_frame(snapshot.frame, metrics, state.uri))
        yield Check(Level.FINE, "manager", f"`{patient.manager}`: generation {snapshot.generation}, {rows:,} rows")
        for fault in state.verify():
            yield Check(Level.WRONG, "manager", fault)
        for export in nightly.main_exports(patient.manager, patient.stats, patient.access)[:1]:
            found = adoption.compare(state, snapshot, export, metrics)
            if found.doubtful:
                yield Check(Level.WRONG, "manager", found.message(export.uri))
            elif found.lags:
                yield Check(Level.WARNING, "manager", f"`{export.uri}` is not up to date; the next run writes it again")
    state.probe()
    yield Check(Level.FINE, "manager", "decisions can be published")


def _places(patient: Patient) -> Iterator[tuple[str, Callable[[], Objects], bool]]:
    """Every folder or prefix that a run writes to, and whether it has to be there already."""
    tables = (
        []
        if is_database(patient.manager) or is_in_parts(patient.manager)
        else [patient.manager, *([patient.stats] if patient.stats else [])]
    )
    for uri in [*tables, *patient.exports]:
        yield uri, lambda uri=uri: locate(uri, patient.access)[0], True  # type: ignore[misc]
    for uri in patient.mirrors:
        yield uri, lambda uri=uri: folder(uri, patient.access), False  # type: ignore[misc]


def _writable(opened: Callable[[], Objects], seen: set[str], *, there: bool) -> Iterator[Check]:
    objects = opened()
    if objects.uri in seen:
        return
    seen.add(objects.uri)
    root: Path | None = getattr(objects, "root", None)
    if there and root is not None and not root.is_dir():
        raise StoreError(f"there is no folder `{root}`")
    objects.probe()
    yield Check(Level.FINE, f"writing to {objects.uri}", "possible, and two runs cannot overwrite each other")
    versioning = getattr(objects, "versioning", None)
    if versioning is not None and (kept := versioning()) != "Enabled":
        message = f"the bucket keeps no old versions ({kept or 'off'}): a deleted object cannot be brought back"
        yield Check(Level.WARNING, f"writing to {objects.uri}", message)

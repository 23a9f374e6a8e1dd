"""What pages are made of: a df_manager with its curriculums, in the order and under the names that pages use."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from autotrain_dsl import versions
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.render.diagram import clean
from autotrain_dsl.tables.issues import Issue

# Legible on white and on black, darker to lighter, so that they can be told apart without telling hues.
_RAMP = ((150, 30, 110), (96, 66, 168), (40, 112, 190), (24, 146, 140), (104, 174, 72), (224, 176, 32))
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HASHED = re.compile(r"(mouse-.*|.*-[0-9a-f]{16})")
_RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")  # which Windows takes for devices, whatever their ending

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StageName:
    """A stage as pages show it: ``share`` is its place in the order of training from 0 to 1, ``colour`` its mark's."""

    name: str
    label: str
    share: float
    colour: str
    final: bool


@dataclass(frozen=True)
class Material:
    """A colony. ``table`` is df_manager as ``tables.manager.to_frame`` gives it, sorted by mouse and session.

    ``unjudged`` are sessions that the run could not judge, ``at`` is when the pages are made (ISO text), ``thresholds``
    those of the watch list as the configuration gives them.
    """

    name: str
    table: pd.DataFrame
    catalog: Catalog
    unjudged: tuple[Issue, ...]
    at: str
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @cached_property
    def mice(self) -> list[str]:
        """The names of all mice in the order of the table, those without any decision at the end."""
        judged = dict.fromkeys(self.table["subject_id"].tolist())
        waiting = sorted({each.subject for each in self.unjudged if each.subject} - judged.keys())
        return [*judged, *waiting]

    @cached_property
    def mouse(self) -> Codes:
        """For every row of the table the place of its mouse."""
        codes, _ = pd.factorize(self.table["subject_id"])
        return codes.astype(np.int64)

    @cached_property
    def starts(self) -> Codes:
        """Where the rows of every mouse begin, and at the end their number."""
        changes = np.flatnonzero(np.diff(self.mouse)) + 1
        return np.r_[0, changes, len(self.table)] if len(self.table) else np.zeros(1, np.int64)

    @cached_property
    def graphs(self) -> list[StateGraph]:
        """All curriculums that can be used, by name and from the newest version to the oldest."""
        found = [each.graph for each in self.catalog.compilations if each.graph is not None]
        found.sort(key=lambda graph: versions.order(graph.curriculum.version), reverse=True)
        return sorted(found, key=lambda graph: graph.curriculum.name)

    @cached_property
    def used(self) -> dict[tuple[str, str], int]:
        """How many rows every curriculum has, by name and version."""
        sizes = self.table.groupby(["curriculum_name", "curriculum_version"], sort=True).size()
        keys: list[tuple[str, str]] = sizes.index.to_list()
        return dict(zip(keys, map(int, sizes.tolist()), strict=True))

    def graph(self, name: str, version: str) -> StateGraph | None:
        """A curriculum that can be used."""
        return self.catalog.find(name, version)

    @cached_property
    def stages(self) -> dict[str, StageName]:
        """All stages of the table's curriculums by name, in the order of training; unknown ones at the end."""
        used = [graph for key in self.used if (graph := self.graph(*key)) is not None]
        known: dict[str, list[float]] = {}
        labels: dict[str, str] = {}
        final: set[str] = set()
        for graph in used:
            last = max(len(graph.stages) - 1, 1)
            for place, stage in enumerate(graph.stages):
                known.setdefault(stage.name, []).append(place / last)
                labels[stage.name] = clean(stage.label)
                final |= {stage.name} if stage.final else set()
        order = sorted(known, key=lambda name: (sum(known[name]) / len(known[name]), name))
        columns = ("current_stage_suggested", "current_stage_actual", "next_stage_suggested")
        there = {text for column in columns for text in self.table[column].unique() if text}
        order += sorted(there - known.keys())
        last = max(len(order) - 1, 1)
        return {
            name: StageName(name, labels.get(name, clean(name)), place / last, colour(place / last), name in final)
            for place, name in enumerate(order)
        }

    def is_final(self, curriculum: tuple[str, str], stage: str) -> bool:
        """Whether training is complete at a stage; of a version that is gone the newest one of its name tells."""
        same = (graph for graph in self.graphs if graph.curriculum.name == curriculum[0])
        graph = self.graph(*curriculum) or next(same, None)
        return graph is not None and graph.has_stage(stage) and graph.stage(stage).final

    @cached_property
    def metrics(self) -> list[dict[str, str]]:
        """The metrics that the table holds: name, title and unit."""
        known = {metric.name: metric for metric in self.catalog.metrics}
        return [
            {"name": name, "title": clean(known[name].title), "unit": clean(known[name].unit)}
            for name in sorted(known)
            if name in self.table
        ]

    @cached_property
    def dates(self) -> tuple[Codes, list[str]]:
        """For every row the place of its day among all days, which are sorted ISO texts; -1 where it cannot be read."""
        codes, uniques = pd.factorize(self.table["session_date"])
        read = [_day(text) for text in uniques]
        days = sorted({day for day in read if day})
        places = {day: place for place, day in enumerate(days)}
        return np.array([*(places.get(day, -1) for day in read), -1], np.int64)[codes], days

    @cached_property
    def files(self) -> dict[str, str]:
        """The page of every mouse, as a name that every disk can hold and that no two share."""
        return _file_names(self.mice, "mouse")

    @cached_property
    def curriculum_files(self) -> dict[tuple[str, str], str]:
        """The page of every curriculum that can be used."""
        keys = [(graph.curriculum.name, graph.curriculum.version) for graph in self.graphs]
        texts = [re.sub(r"[^A-Za-z0-9_-]+", "_", f"{name}_{version}") for name, version in keys]
        given = _file_names(
            [f"{text}\0{name}\0{version}" for text, (name, version) in zip(texts, keys, strict=True)], ""
        )
        return dict(zip(keys, given.values(), strict=True))


def colour(share: float) -> str:
    """The colour of a stage by its place in the order of training."""
    at = min(max(share, 0.0), 1.0) * (len(_RAMP) - 1)
    step = min(int(at), len(_RAMP) - 2)
    mixed = (round(a + (b - a) * (at - step)) for a, b in zip(_RAMP[step], _RAMP[step + 1], strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _day(text: str) -> str:
    try:
        return pd.Timestamp(text).date().isoformat() if re.match(r"\d{4}-\d\d-\d\d", text) else ""
    except ValueError:
        return ""


def _file_names(names: Iterable[str], kind: str) -> dict[str, str]:
    """A name is its own file's name where every disk can hold it, and else a hash of it."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        shown = name.split("\0", 1)[0]
        plain = shown.casefold()
        unfit = not _PLAIN.fullmatch(shown) or _RESERVED.fullmatch(plain) or _HASHED.fullmatch(plain)
        if unfit or plain in taken:
            shown = f"{kind or shown[:40]}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"
        taken.add(shown.casefold())
        found[name] = f"{shown}.html"
    return found

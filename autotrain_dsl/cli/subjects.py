"""What the tables hold about one subject, for the commands that look at one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from autotrain_dsl import nightly
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.cli import jobs
from autotrain_dsl.cli.jobs import Target
from autotrain_dsl.cli.options import Given, targets
from autotrain_dsl.spelling import suggest
from autotrain_dsl.store import open_state
from autotrain_dsl.store.base import StoreError
from autotrain_dsl.tables import cells
from autotrain_dsl.tables import manager as manager_table
from autotrain_dsl.tables.manager import Row

UNREAD = "-"  # stands for a df_behavior that is not looked at


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows of a subject in the order of its sessions, the compiled curriculums, and where their files are.

    ``others`` are the other subjects of the table.
    """

    target: Target
    catalog: Catalog
    paths: tuple[Path, ...]
    rows: tuple[Row, ...]
    others: tuple[str, ...]

    def shown(self, text: str) -> str:
        """A text with the addresses of curriculums that are copies, and without secrets."""
        for path, uri in zip(self.paths, self.target.curriculums, strict=True):
            text = text.replace(str(path), uri) if str(path) != uri else text
        return self.target.redact(text)

    def unknown(self, subject: str) -> str:
        """That the table does not hold a subject."""
        return f"there is no mouse {subject} in `{self.target.manager}`; {suggest(subject, self.others, 'mouse')}"


def each(given: Given, subject: str, output: str, work: Callable[[Judged], int]) -> list[int]:
    """The exit codes of ``work`` on what every df_manager of the options holds about a subject; failures are told."""
    if given.config is None and given.behavior is None:
        given = replace(given, behavior=UNREAD)

    def looked_at(target: Target) -> int:
        with _judged(target, subject) as judged:
            return work(judged)

    return [jobs.guarded(target, looked_at) for target in targets(given, output)]


@contextmanager
def _judged(target: Target, subject: str) -> Iterator[Judged]:
    with jobs.compiled(target) as (catalog, paths):
        state = open_state(target.manager, target.access)
        snapshot = nightly.read_state(state)
        if snapshot is None:
            raise StoreError(f"there is no df_manager at `{target.manager}`")
        frame = snapshot.frame
        names = frame["subject_id"].map(cells.subject) if "subject_id" in frame else frame.index.map(str)
        rows = manager_table.from_frame(frame[names == subject], catalog.metric_names, state.uri)
        others = tuple(sorted(set(map(str, names))))
        yield Judged(target, catalog, tuple(paths), tuple(sorted(rows, key=lambda row: row.session)), others)

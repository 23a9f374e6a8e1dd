"""What another program has done to an exported table since it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from autotrain_dsl.store.base import Snapshot, State, UnreadableError
from autotrain_dsl.store.exports import Export, sha256
from autotrain_dsl.store.formats import decode
from autotrain_dsl.tables import manager as manager_table
from autotrain_dsl.tables.issues import TableError
from autotrain_dsl.tables.manager import Row

_SHOWN = 5
_COMPARED = (
    "current_stage_suggested", "current_stage_actual", "decision", "next_stage_suggested", "session_at_current_stage",
    "curriculum_name", "curriculum_version", "session_date", "task", "if_closed_loop", "if_overriden_by_trainer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edited:
    """How an exported table compares with the state.

    ``lags`` where it has to be written again, ``damaged`` is why it cannot be read at all, ``foreign`` why it is no
    df_manager any more. Else, where somebody has changed it, ``after`` are its rows, ``added`` those that are new,
    ``changed`` those that were changed, before and after, and ``removed`` those that are not there any more;
    ``sha256`` is that of its bytes, ``lost`` are columns that are gone.
    """

    lags: bool = False
    damaged: str = ""
    foreign: str = ""
    after: tuple[Row, ...] = ()
    added: tuple[Row, ...] = ()
    changed: tuple[tuple[Row, Row], ...] = ()
    removed: tuple[Row, ...] = ()
    sha256: str = ""
    lost: tuple[str, ...] = ()

    @property
    def notes(self) -> bool:
        """Whether somebody has changed columns of their own and nothing else, so that no decision is in question."""
        bare = [(_bare(before), _bare(after)) for before, after in self.changed]
        return bool(bare) and not (self.foreign or self.added or self.removed) and all(a == b for a, b in bare)

    @property
    def doubtful(self) -> bool:
        """Whether a person has to decide what becomes of it."""
        return bool(self.foreign or self.added or self.changed or self.removed) and not self.notes

    def message(self, uri: str) -> str:
        """What to tell that person."""
        undo = "`evaluate --restore` writes the table again as it was"
        if self.foreign:
            mend = "mend it there and run again, or undo it all"
            return (
                f"`{uri}` was changed by another program and is no df_manager any more: {self.foreign}; {mend}: {undo}"
            )
        lost = ", ".join(f"`{column}`" for column in self.lost)
        lines = [*([f"the columns {lost} are gone"] if lost else []), *self._lines()]
        more = len(lines) - _SHOWN
        shown = "; ".join([*lines[:_SHOWN], *([f"{more:,} more"] if more > 0 else [])])
        take = "`evaluate --adopt` takes the changes over and keeps what was there on record"
        return f"`{uri}` was changed by another program since this one wrote it: {shown}. {take}, {undo}"

    def summary(self) -> str:
        """What was taken over, in a few words."""
        if self.notes:
            return f"columns of others in {len(self.changed)} rows"
        return f"{len(self.added)} rows added, {len(self.changed)} changed, {len(self.removed)} removed by hand"

    def _lines(self) -> Iterator[str]:
        for before, after in self.changed:
            pairs = [(column, getattr(before, column), getattr(after, column)) for column in _COMPARED]
            changes = [f"{column} {was} -> {now}" for column, was, now in pairs if was != now]
            yield f"{_where(before)} has {', '.join(changes) or 'other values in some columns'}"
        yield from (f"{_where(row)} was added" for row in self.added)
        yield from (f"{_where(row)} is gone" for row in self.removed)


def compare(state: State, snapshot: Snapshot, export: Export, metrics: frozenset[str]) -> Edited:
    """Compare the exported table with what was exported."""
    present = export.objects.get(export.key)
    if present is None:
        return Edited(lags=True)
    sha, known = sha256(present.content), [entry.get(export.name) for entry in state.exported()]
    if sha in known:
        return Edited(lags=sha != known[0])
    try:
        frame = decode(present.content, export.suffix)
        rows = manager_table.from_frame(frame, metrics, export.uri)
    except UnreadableError as error:
        if export.suffix == ".csv" and present.content.strip():  # a spreadsheet may have saved it in its own way
            return Edited(lags=True, foreign=f"it cannot be read ({error})", sha256=sha)
        return Edited(lags=True, damaged=str(error), sha256=sha)
    except TableError as error:
        return Edited(lags=True, foreign=str(error.issues[0]), sha256=sha)
    before = {row.key: row for row in manager_table.from_frame(snapshot.frame, metrics, state.uri)}
    after = {row.key: row for row in rows}
    changed = [key for key in before if key in after and _content(before[key]) != _content(after[key])]
    after.update({key: by_hand(after[key]) for key in changed if _bare(before[key]) != _bare(after[key])})
    return Edited(
        lags=True,
        after=tuple(after.values()),
        added=tuple(row for key, row in after.items() if key not in before),
        changed=tuple((before[key], after[key]) for key in changed),
        removed=tuple(row for key, row in before.items() if key not in after),
        sha256=sha,
        lost=tuple(sorted(set(map(str, snapshot.frame.columns)) - set(map(str, frame.columns)))),
    )


def by_hand(row: Row) -> Row:
    """A row without what says how the program came to it: it did not."""
    return replace(row, rule="", reason="changed by hand", missing="", basis="", curriculum_hash="", program_version="")


def _where(row: Row) -> str:
    return f"mouse {row.subject_id} session {row.session}"


def _content(row: Row) -> Row:
    """A row without the columns that only other rows of its table have, so that it can be compared."""
    values = {name: value for name, value in row.values.items() if value is not None}
    extra = {name: str(cell) for name, cell in row.extra.items() if cell is not None and cell != ""}
    return replace(row, values=values, extra=extra)


def _bare(row: Row) -> Row:
    return replace(_content(row), extra={})

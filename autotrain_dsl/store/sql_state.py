"""df_manager in a SQL database: current rows, revisions and statistics; every generation is one transaction."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import pandas as pd
import sqlalchemy as sa

from autotrain_dsl.store import sql
from autotrain_dsl.store.base import Change, ConflictError, Snapshot, StoreError, UnreadableError
from autotrain_dsl.store.sql import NoFileError, Place, in_words, reading, writing
from autotrain_dsl.store.sql_tables import Tables, rows_of
from autotrain_dsl.store.sql_values import Types, copied, type_for, typed
from autotrain_dsl.tables import cells

KEY = ("subject_id", "session")
REPORTS_KEPT = 100
EXPORTS_KNOWN = 30
_ROWS = "rows"  # beside the hashes of exports, that of the table itself

_PREFIX = "autotrain_dsl_"  # of names that no column has
_GENERATIONS: Types = {
    "generation": sa.BigInteger(),
    "publish_id": sa.Text(),
    "at": sa.Text(),
    "program": sa.Text(),
    "rows": sa.BigInteger(),
    "added": sa.BigInteger(),
    "replaced": sa.BigInteger(),
    "exported": sa.Text(),
}
_REPORTS: Types = {"number": sa.BigInteger(), "at": sa.Text(), "report": sa.Text()}
_COUNTS = ("session_spent", "first_entry", "last_leave", "session_spanned", "n_STAY", "n_PROGRESS", "n_ROLLBACK")
_STATS: Types = {
    "subject_id": sa.Text(),
    "current_stage_actual": sa.Text(),
    **dict.fromkeys(_COUNTS, sa.BigInteger()),
}


class SqlState:
    """``State`` in a database: the table of a URI, and beside it NAME_superseded, NAME_stats, NAME_generations."""

    def __init__(self, uri: str, patience: float = sql.PATIENCE) -> None:
        """Raises StoreError, as wrong use, where the URI names no table; see ``sql.locate``."""
        self._place = sql.locate(uri, patience)

    @property
    def uri(self) -> str:
        """The URI without its password and options."""
        return self._place.shown

    def read(self) -> Snapshot | None:
        """See ``State.read``."""
        try:
            with reading(self._place) as tables:
                generation = _newest(tables)
                if tables.has():
                    frame = _sorted(tables.frame())
                    frame = typed(frame, tables.types()) if generation else frame
                    return Snapshot(generation, frame, _edited(tables, frame) if generation else "")
        except NoFileError:
            return None
        if generation:
            lost = f"`{self.uri}` has {generation} generations on record, but the table itself is gone"
            raise UnreadableError(f"{lost}: restore it from a backup, or give the run a new table")
        return None

    def generation(self) -> int:
        """See ``State.generation``."""
        try:
            with reading(self._place) as tables:
                return _newest(tables)
        except NoFileError:
            return 0

    def superseded(self) -> pd.DataFrame | None:
        """See ``State.superseded``."""
        try:
            with reading(self._place) as tables:
                if not tables.has("superseded"):
                    return None
                frame = _sorted(tables.frame("superseded"), first="superseded_in")
                frame = typed(frame, tables.types("superseded"))
        except NoFileError:
            return None
        generations = frame.pop("superseded_in")
        return None if frame.empty else frame.assign(superseded_in=generations)

    def publish(self, change: Change, replaces: Snapshot | None) -> Snapshot:
        """See ``State.publish``; one that is known by its ``publish_id`` already is not made again."""
        with writing(self._place) as tables:
            generation = _published(tables, change.publish_id)
            if generation is not None:
                return Snapshot(generation, change.after)
            generation = _apply(tables, change, replaces)
            lost = _commit(tables.connection)
        if lost is not None:
            generation = self._settled(change.publish_id, lost)
        return Snapshot(generation, change.after)

    def exported(self) -> list[Mapping[str, str]]:
        """See ``State.exported``."""
        try:
            with reading(self._place) as tables:
                if not tables.has("generations"):
                    return []
                clause = tables.clause("generations", ("generation", "exported"))
                newest = sa.select(clause.c.exported).order_by(clause.c.generation.desc()).limit(EXPORTS_KNOWN)
                found = [json.loads(text or "{}") for (text,) in tables.connection.execute(newest)]
                return [{name: sha for name, sha in each.items() if name != _ROWS} for each in found]
        except NoFileError:
            return []

    def prune(self) -> None:
        """See ``State.prune``: of an old generation only the rows that it replaced are kept, and those always are."""

    def verify(self) -> list[str]:
        """See ``State.verify``: what the file says of itself, and whether there are as many rows as were published."""
        try:
            with reading(self._place) as tables:
                return [f"`{self.uri}`: {fault}" for fault in _faults(tables)]
        except NoFileError:
            return []

    def report(self, text: str) -> bool:
        """Keep the report of a run in NAME_reports, with the database's time; the newest hundred are kept."""
        with writing(self._place) as tables:
            tables.ensure("reports", _REPORTS)
            known, number = tables.clause("reports"), sa.column("number", sa.BigInteger)
            newest = tables.connection.scalar(sa.select(sa.func.max(number)).select_from(known)) or 0
            row = {"number": [newest + 1], "at": [_now(tables.connection)], "report": [text]}
            tables.insert("reports", pd.DataFrame(row))
            tables.connection.execute(sa.delete(known).where(number <= newest + 1 - REPORTS_KEPT))
            tables.connection.commit()
        return True

    def probe(self) -> None:
        """Raise StoreError, with what is missing, where this user could not publish. Changes nothing."""
        try:
            with reading(self._place):
                pass
        except NoFileError:
            _try_folder(self._place)
            return
        with writing(self._place) as tables:  # never committed
            columns: Types = {"subject_id": sa.Text(), "session": sa.BigInteger()}
            if tables.has():
                columns |= {f"{_PREFIX}probe": sa.Text()}
            _make_ready(tables, columns, first=not _newest(tables))
            tables.ensure("generations", _GENERATIONS, key=("generation",), unique=("publish_id",))
            tables.ensure("reports", _REPORTS)
            for beside in ("", "superseded", "stats", "generations", "reports"):
                _touch(tables, beside)

    def _settled(self, publish_id: str, lost: sa.exc.DBAPIError) -> int:
        """Number of the generation whose commit has failed, if it was made all the same."""
        failure = in_words(self._place, "write", lost)
        try:
            # The lock of ``writing`` is free only when the lost transaction has ended, one way or the other.
            with writing(self._place) as tables:
                generation = _published(tables, publish_id)
        except StoreError as error:
            message = f"{failure}. Whether that came too late could not be found out ({error})"
            unknown = "it is not known whether anything was changed: run it again, which adds nothing twice"
            raise StoreError(message, changed=unknown) from lost
        if generation is None:
            raise failure from lost
        return generation


def _apply(tables: Tables, change: Change, replaces: Snapshot | None) -> int:
    """Everything that a publish writes, but for the commit; the number of the new generation."""
    expected = replaces.generation if replaces is not None else 0
    tables.ensure("generations", _GENERATIONS, key=("generation",), unique=("publish_id",))
    if _newest(tables) != expected or tables.has() != (replaces is not None):
        raise ConflictError(f"`{tables.shown}` was changed by another run")
    # First of all, so that a run that takes no part in the lock still meets the primary key.
    tables.insert("generations", _entry(change, expected + 1))
    _make_ready(tables, {str(name): type_for(change.after[name]) for name in change.after}, first=not expected)
    if replaces is not None and not expected:
        _must_be_unchanged(tables, replaces.frame)
    _supersede(tables, change, expected + 1)
    tables.insert("", change.added)
    _restate(tables, change, everyone=not expected)
    return expected + 1


def _edited(tables: Tables, frame: pd.DataFrame) -> str:
    """That rows were changed behind the program's back, told by the hash that the newest generation has recorded."""
    clause = tables.clause("generations", ("generation", "rows", "exported"))
    newest = sa.select(*clause.columns).order_by(clause.c.generation.desc()).limit(1)
    generation, rows, exported = tables.connection.execute(newest).one()
    recorded = json.loads(exported or "{}").get(_ROWS)
    if recorded is None or recorded == _fingerprint(frame, recorded.partition(" ")[2]):
        return ""
    counted = f"{len(frame):,} rows, {rows:,} were published" if rows != len(frame) else "values in some rows"
    return f"it is not what generation {generation} published ({counted})"


def _fingerprint(frame: pd.DataFrame, columns: str = "") -> str:
    """A hash of the rows, and the columns that it covers; those that others have added later do not count."""
    names = json.loads(columns) if columns else [str(name) for name in frame.columns]
    total = sha256()
    for name in names:
        values = frame[name].astype(object) if name in frame else pd.Series([None] * len(frame), dtype=object)
        texts = ("" if pd.isna(v) else cells.storable(str(v + 0 if v == 0 else v)) for v in values)
        total.update("\x1f".join(texts).encode())
        total.update(b"\x1e")
    return f"{total.hexdigest()} {json.dumps(names)}"


def _entry(change: Change, generation: int) -> pd.DataFrame:
    shas = {name: sha256(content).hexdigest() for name, content in sorted(change.exported.items())}
    row = {
        "generation": generation,
        "publish_id": change.publish_id,
        "at": change.at,
        "program": change.program,
        "rows": len(change.after),
        "added": len(change.added),
        "replaced": len(change.replacing),
        "exported": json.dumps({**shas, _ROWS: _fingerprint(change.after)}),
    }
    return pd.DataFrame([row])


def _make_ready(tables: Tables, columns: Types, *, first: bool) -> None:
    """Tables and columns that are missing; an older table gets its unique key."""
    made = tables.ensure("", columns, unique=KEY)
    if first and not made:
        _adopt(tables)
    present = {name: copied(kind) for name, kind in tables.types().items() if name != "superseded_in"}
    tables.ensure("superseded", present | {"superseded_in": sa.BigInteger()})
    tables.ensure("stats", _STATS)


def _adopt(tables: Tables) -> None:
    """Give an older table its unique key, unless it has one."""
    inspector = sa.inspect(tables.connection)
    keys = [inspector.get_pk_constraint(tables.table, schema=tables.schema)["constrained_columns"]]
    keys += [unique["column_names"] for unique in inspector.get_unique_constraints(tables.table, schema=tables.schema)]
    indexes = inspector.get_indexes(tables.table, schema=tables.schema)
    keys += [[str(name) for name in index["column_names"]] for index in indexes if index["unique"]]
    if any(set(key) == set(KEY) for key in keys):
        return
    clause = tables.clause("", KEY)
    doubled = sa.select(*clause.columns).group_by(*clause.columns).having(sa.func.count() > 1)
    found = sorted(f"{subject} session {number}" for subject, number in tables.connection.execute(doubled.limit(5)))
    if found:
        several = f"`{tables.shown}` has several rows for the same session: {', '.join(found)}"
        raise StoreError(f"{several}; remove all but one of each")
    table = sa.Table(tables.table, sa.MetaData(), *map(sa.Column[Any], KEY), schema=tables.schema)
    sa.Index(f"{tables.table}_key", *table.columns, unique=True).create(tables.connection)


def _must_be_unchanged(tables: Tables, before: pd.DataFrame) -> None:
    """An older table has no generations: that it is still what was read shows only in its rows."""
    if not _sorted(tables.frame())[list(before.columns)].equals(before):
        raise ConflictError(f"`{tables.shown}` was changed by another program")


def _supersede(tables: Tables, change: Change, generation: int) -> None:
    """Put replaced rows on record as the table holds them, then replace them."""
    if change.replacing.empty:
        return
    types = tables.types()
    values = {str(name): tables.fitted(change.replacing[name], types[str(name)]) for name in change.replacing}
    binds = {name: f"{_PREFIX}{place}" for place, name in enumerate(values)}
    rows = rows_of({binds[name]: column for name, column in values.items()})
    names = [name for name in types if name != "superseded_in"]
    clause = tables.clause("", types)
    is_row = sa.and_(*(clause.c[name] == sa.bindparam(binds[name]) for name in KEY))
    record = sa.select(*(clause.c[name] for name in names), sa.literal(generation, sa.BigInteger)).where(is_row)
    into = [*names, "superseded_in"]
    put = sa.insert(tables.clause("superseded", into)).from_select(into, record)
    new: dict[str, Any] = {name: sa.bindparam(bind) for name, bind in binds.items() if name not in KEY}
    keys = [{binds[name]: row[binds[name]] for name in KEY} for row in rows]
    recorded = tables.many(put, keys)
    replaced = tables.many(sa.update(clause).where(is_row).values(new), rows)
    if {recorded, replaced} != {len(rows)}:
        raise ConflictError(f"`{tables.shown}`: rows that were to be replaced are gone")


def _restate(tables: Tables, change: Change, *, everyone: bool) -> None:
    """Replace the statistics of all subjects that have new rows."""
    stats, clause = change.stats.reset_index(), tables.clause("stats", _STATS)
    if everyone:
        tables.connection.execute(sa.delete(clause))
    else:
        changed = pd.concat([change.added["subject_id"], change.replacing["subject_id"]]).drop_duplicates()
        stats = stats[stats["subject_id"].isin(changed)]
        subjects = rows_of({f"{_PREFIX}0": tables.fitted(changed, tables.types("stats")["subject_id"])})
        of_subject = clause.c["subject_id"] == sa.bindparam(f"{_PREFIX}0")
        tables.many(sa.delete(clause).where(of_subject), subjects)
    tables.insert("stats", stats)


def _sorted(frame: pd.DataFrame, first: str = "") -> pd.DataFrame:
    """Rows by subject and session, subjects by code point: databases have orders of their own."""
    ranks = [[_rank(name, value) for value in frame[name]] for name in (first, *KEY) if name in frame]
    order = sorted(range(len(frame)), key=lambda row: [rank[row] for rank in ranks])
    return frame.iloc[order].reset_index(drop=True)


def _rank(name: str, value: object) -> Any:
    if name == "subject_id":
        return "" if value is None else str(value)
    return cells.whole_number(value) or 0


def _faults(tables: Tables) -> Iterator[str]:
    if tables.is_file:
        found = [str(text) for (text,) in tables.connection.exec_driver_sql("PRAGMA integrity_check(10)")]
        yield from (f"the file is damaged: {text}" for text in found if text != "ok")
    if not _newest(tables):
        return
    clause = tables.clause("generations", _GENERATIONS)
    made = tables.connection.execute(
        sa.select(clause.c.generation, clause.c.rows, clause.c.replaced).order_by(clause.c.generation)
    ).all()
    if [number for number, _, _ in made] != list(range(1, len(made) + 1)):
        yield "generations are missing from its record"
    expected = {"": made[-1][1], "superseded": sum(replaced for _, _, replaced in made)}
    for beside, number in expected.items():
        held = tables.connection.scalar(sa.select(sa.func.count()).select_from(tables.clause(beside)))
        if held != number:
            yield f"`{tables.name(beside)}` has {held} rows, but {number} were published"


def _newest(tables: Tables) -> int:
    if not tables.has("generations"):
        return 0
    clause = tables.clause("generations", ("generation",))
    return tables.connection.scalar(sa.select(sa.func.max(clause.c.generation))) or 0


def _published(tables: Tables, publish_id: str) -> int | None:
    """Number of the generation that a publish has made, or None if it has made none."""
    if not tables.has("generations"):
        return None
    clause = tables.clause("generations", ("generation", "publish_id"))
    return tables.connection.scalar(sa.select(clause.c.generation).where(clause.c.publish_id == publish_id))


def _commit(connection: sa.Connection) -> sa.exc.DBAPIError | None:
    """Make everything permanent; the error where it is not known whether that has happened."""
    try:
        connection.commit()
    except sa.exc.DBAPIError as error:
        return error
    return None


def _now(connection: sa.Connection) -> str:
    now = connection.execute(sa.select(sa.func.current_timestamp())).scalar_one()
    now = now.replace(tzinfo=dt.UTC) if now.tzinfo is None else now.astimezone(dt.UTC)
    return now.isoformat(timespec="seconds")


def _touch(tables: Tables, beside: str) -> None:
    """Write, to no row: the database checks all the same whether this user may."""
    clause = tables.clause(beside, ("subject_id",) if not beside else list(tables.types(beside))[:1])
    column = next(iter(clause.columns))
    nothing = sa.select(column).where(sa.false())
    tables.connection.execute(sa.insert(clause).from_select([column.name], nothing))
    tables.connection.execute(sa.update(clause).values({column.name: column}).where(sa.false()))
    tables.connection.execute(sa.delete(clause).where(sa.false()))


def _try_folder(place: Place) -> None:
    if place.url.query:
        raise StoreError(f"cannot write `{place.shown}`: there is no file, and `mode=ro` makes none")
    try:
        with tempfile.TemporaryFile(dir=place.file.resolve().parent):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"cannot write `{place.shown}`: no file can be made there ({reason})") from error

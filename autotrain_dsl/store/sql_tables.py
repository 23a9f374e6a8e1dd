"""The tables of one database within one transaction: what there is, and statements on many rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import DDLCompiler

from autotrain_dsl.store.base import StoreError
from autotrain_dsl.store.sql_values import Type, Types, fitted

LONGEST_NAME = 63  # bytes; PostgreSQL cuts longer names off without an error
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Tables:
    """A table, and those beside it (``df_manager_stats`` is ``stats``); ``shown`` is what a person calls it."""

    connection: sa.Connection
    table: str
    schema: str | None
    shown: str

    @property
    def is_file(self) -> bool:
        """Whether the database is an SQLite file."""
        return self.connection.dialect.name == "sqlite"

    def name(self, beside: str = "") -> str:
        """Name of the table, or of one beside it."""
        return f"{self.table}_{beside}" if beside else self.table

    def has(self, beside: str = "") -> bool:
        """Whether there is such a table or view. Raises StoreError where there is not even the schema."""
        inspector = sa.inspect(self.connection)
        if self.schema is None and not self.is_file and self.connection.dialect.default_schema_name is None:
            raise StoreError(f"`{self.shown}`: this user may use no schema of the database; ask for GRANT USAGE")
        if self.schema is not None and not inspector.has_schema(self.schema):
            raise StoreError(f"`{self.shown}`: the database has no schema `{self.schema}`")
        return inspector.has_table(self.name(beside), schema=self.schema)

    def types(self, beside: str = "") -> Types:
        """Names and types of the columns, in order."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sa.exc.SAWarning)  # types of extensions are nothing to warn of
            found = sa.inspect(self.connection).get_columns(self.name(beside), schema=self.schema)
        return {str(column["name"]): column["type"] for column in found}

    def clause(self, beside: str = "", columns: Iterable[str] = ()) -> sa.TableClause:
        """The table in a statement that names some of its columns."""
        return sa.table(self.name(beside), *map(sa.column, columns), schema=self.schema)

    def frame(self, beside: str = "") -> pd.DataFrame:
        """All rows, in no order, in columns of dtype object; booleans as such where SQLite keeps numbers."""
        types = self.types(beside)
        rows = [tuple(row) for row in self.connection.execute(sa.select(*self.clause(beside, types).columns))]
        frame = pd.DataFrame(rows, columns=list(types), dtype=object)
        for name, kind in types.items():
            if self.is_file and isinstance(kind, sa.Boolean):
                frame[name] = pd.Series([_truth(value) for value in frame[name]], dtype=object)
        return frame

    def ensure(self, beside: str, columns: Types, key: tuple[str, ...] = (), unique: tuple[str, ...] = ()) -> bool:
        """Make a table with a primary ``key`` or a ``unique`` one, or add the columns that it lacks; True if made."""
        longest = max(columns, key=lambda name: len(name.encode()))
        if not self.is_file and len(longest.encode()) > LONGEST_NAME:
            raise StoreError(f"`{longest}` is too long for the name of a column: PostgreSQL takes {LONGEST_NAME} bytes")
        parts = [sa.Column(name, kind, primary_key=name in key, autoincrement=False) for name, kind in columns.items()]
        table = sa.Table(self.name(beside), sa.MetaData(), *parts, schema=self.schema)
        if not self.has(beside):
            if unique:
                table.append_constraint(sa.UniqueConstraint(*unique))
            table.create(self.connection)
            return True
        present = self.types(beside)
        for column in table.columns:
            if column.name not in present:
                self.connection.execute(_AddColumn(column))
        return False

    def insert(self, beside: str, frame: pd.DataFrame) -> None:
        """Append the rows of a frame. Raises StoreError where a column cannot keep a value as it is."""
        types = self.types(beside)
        values = {str(name): self.fitted(frame[name], types[str(name)]) for name in frame}
        self.many(sa.insert(self.clause(beside, values)), rows_of(values))

    def many(self, statement: sa.UpdateBase, rows: list[dict[str, Any]]) -> int:
        """Run a statement for many rows in batches; how many rows of the table that has touched."""
        counted = statement.execution_options(preserve_rowcount=True)
        batches = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
        return sum(self.connection.execute(counted, batch).rowcount for batch in batches)

    def fitted(self, column: pd.Series[Any], kind: Type) -> list[Any]:
        """See ``sql_values.fitted``; a value that does not fit is a StoreError."""
        try:
            return fitted(column, kind, is_file=self.is_file)
        except ValueError as fault:
            what = f"column `{column.name}` holds {kind} and cannot keep `{str(fault)[:80]}` as it is"
            raise StoreError(f"cannot write `{self.shown}`: {what}; change the type of the column") from fault


def rows_of(values: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Columns as rows."""
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _truth(value: object) -> object:
    return bool(value) if isinstance(value, int) and value in (0, 1) else value


class _AddColumn(sa.schema.ExecutableDDLElement):
    """ALTER TABLE ... ADD COLUMN, which SQLAlchemy quotes but does not have."""

    def __init__(self, column: sa.Column[Any]) -> None:
        self.column = column


@compiles(_AddColumn)
def _add_column(element: _AddColumn, compiler: DDLCompiler, **_: Any) -> str:
    table = compiler.preparer.format_table(element.column.table)
    return f"ALTER TABLE {table} ADD COLUMN {compiler.get_column_specification(element.column)}"

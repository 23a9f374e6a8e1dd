"""Values and types between the columns of a frame and those of a SQL database; nothing is changed on the way."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import pandas as pd
import sqlalchemy as sa

from autotrain_dsl.tables import cells

Type = sa.types.TypeEngine[Any]
Types = dict[str, Type]

_KINDS: dict[str, type] = {"b": bool, "i": int, "u": int, "f": float}  # of columns without any value
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL refuses both in text


def type_for(column: pd.Series[Any]) -> Type:
    """Type of a new column that is to hold some values: whole numbers, numbers, booleans, or else text."""
    values = [value for value in map(_plain, column.tolist()) if value is not None]
    kinds = {type(value) for value in values} or {_KINDS.get(getattr(column.dtype, "kind", ""), str)}
    if kinds == {bool}:
        return sa.Boolean()
    if kinds == {int} and all(map(_is_bigint, values)):
        return sa.BigInteger()
    if float in kinds <= {int, float} and all(float(value) == value for value in values):
        return sa.Double()
    return sa.Text()


def fitted(column: pd.Series[Any], kind: Type, *, is_file: bool) -> list[Any]:
    """The values of a column as a database column of a type takes them without changing them.

    What is missing is None, and so is an empty text where the column holds no text. Raises ValueError, with the
    value, where the column would keep something else, such as a rounded number.
    """
    return [None if value is None else _fit(value, kind, is_file) for value in map(_plain, column.tolist())]


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value  # of numpy
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value


def _fit(value: Any, kind: Type, is_file: bool) -> Any:
    if isinstance(kind, sa.String):
        return value if isinstance(value, str) else str(value)
    if value == "":
        return None
    if isinstance(kind, sa.Boolean) and (is_file or cells.truth(value) is not None):
        return value if cells.truth(value) is None else cells.truth(value)
    if isinstance(kind, sa.Integer | sa.Float | sa.Numeric):
        return _fit_number(value, kind, is_file)
    if is_file:
        return value if isinstance(value, int | float | str | bytes) else str(value)
    return value


def _fit_number(value: Any, kind: Type, is_file: bool) -> Any:
    number = _canonical(value) if isinstance(value, str) else value
    if number is None:
        # A file keeps any text in any column, unless it looks like a number: then 0012 would become 12.
        if is_file and cells.real_number(value) is None:
            return value
        raise ValueError(value)
    whole = math.isfinite(number) and number == int(number)
    if isinstance(number, bool) or (isinstance(kind, sa.Integer) and whole):
        return int(number)
    if is_file:
        return float(number) if isinstance(number, Decimal) else number
    if isinstance(kind, sa.Float) and not isinstance(kind, sa.REAL) and float(number) == number:
        return float(number)
    if isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float) and kind.scale is None:
        return Decimal(str(number))
    if isinstance(number, Decimal) or (whole and not isinstance(kind, sa.Integer)):
        return number
    raise ValueError(value)


def _is_bigint(number: int) -> bool:
    return -(2**63) <= number < 2**63


def _canonical(text: str) -> int | float | None:
    """The number that a text stands for, if that number is always written so."""
    number = cells.real_number(text)
    return next((n for n in (int(number), number) if str(n) == text), None) if number is not None else None


def copied(kind: Type) -> Type:
    """Type of a column that keeps what another one held, in the plain kinds that every database has."""
    if isinstance(kind, sa.Float):
        return sa.Double()
    if isinstance(kind, sa.Boolean | sa.Date | sa.DateTime | sa.Numeric):
        return kind
    return sa.BigInteger() if isinstance(kind, sa.Integer) else sa.Text()


def typed(frame: pd.DataFrame, types: Types) -> pd.DataFrame:
    """A frame of Python values in the dtypes of ``tables.manager.to_frame``; a column stays object where it must."""
    data = {str(name): _typed(frame[name].tolist(), types[str(name)]) for name in frame}
    for name in ("session", "superseded_in"):
        if name in data and data[name].dtype == "Int64" and not data[name].hasnans:
            data[name] = data[name].astype("int64")
    return pd.DataFrame(data, index=frame.index, columns=frame.columns)


def _typed(values: list[Any], kind: Type) -> pd.Series[Any]:
    kinds = {type(value) for value in values if value is not None}
    if isinstance(kind, sa.Boolean) and kinds <= {bool}:
        return pd.Series(values, dtype="boolean")
    if isinstance(kind, sa.Integer) and kinds <= {int}:
        return pd.Series(values, dtype="Int64")
    if isinstance(kind, sa.Float) and kinds <= {float}:
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype="object")

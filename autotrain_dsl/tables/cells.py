"""One cell of a table, from whatever a file holds to what the program works with."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from numbers import Integral, Real

from autotrain_dsl.columns import MISSING_WORDS

Cell = object
_FLOAT = re.compile(r"([0-9]+)\.0+")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_missing(cell: Cell) -> bool:
    """Whether a cell is empty: None, NaN, NaT, or text that says so."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(cell, str):
        return cell.strip().lower() in MISSING_WORDS
    return isinstance(cell, Real | Decimal) and math.isnan(cell)


def text(cell: Cell) -> str:
    """A cell as text, stripped; a whole number without ``.0``; an empty cell as empty text."""
    if is_missing(cell):
        return ""
    if isinstance(cell, Real | Decimal) and not isinstance(cell, bool | Integral) and float(cell).is_integer():
        return str(int(float(cell)))
    return storable(str(cell).strip())


def name(cell: Cell) -> str:
    """A cell that names something: text as it stands, so that a mouse may be called ``NA``; on one line."""
    return storable(" ".join(cell.split())) if isinstance(cell, str) else text(cell)


def subject(cell: Cell) -> str:
    """A cell that names a mouse; where programs have turned its number to ``801.0``, it is ``801`` again."""
    found = name(cell)
    match = _FLOAT.fullmatch(found)
    return match[1] if match else found


def subjects(column: Iterable[Cell]) -> set[str]:
    """All mice that a column names."""
    try:
        return {subject(cell) for cell in set(column)}
    except TypeError:  # a list or dict is no name, but has one as text
        return {subject(cell) for cell in column}


def date(cell: Cell) -> str:
    """A date as ISO text; the time only where it is not midnight. Text stays as it is."""
    if isinstance(cell, dt.datetime) and not is_missing(cell):
        midnight = (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0)
        return cell.date().isoformat() if midnight and cell.tzinfo is None else cell.isoformat()
    return text(cell)


def storable(text: str) -> str:
    """Text without what some stores cannot hold: NUL, and halves of characters."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def whole_number(cell: Cell) -> int | None:
    """A whole number, also where it is written ``3.0`` or as text; None for anything else."""
    value = real_number(cell)
    return int(value) if value is not None and value.is_integer() and abs(value) < 2**53 else None


def real_number(cell: Cell) -> float | None:
    """A finite number, also where it is written as text; None for anything else, booleans among them."""
    if type(cell).__name__ in ("bool", "bool_") or not isinstance(cell, Real | Decimal | str):
        return None
    if isinstance(cell, str) and "_" in cell:  # Python takes 1_000 for a number
        return None
    try:
        value = float(cell)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def truth(cell: Cell) -> bool | None:
    """A boolean, also where it is written as text; None for anything else."""
    if type(cell).__name__ in ("bool", "bool_"):
        return bool(cell)
    word = cell.strip().lower() if isinstance(cell, str) else text(cell)
    return {"true": True, "false": False, "1": True, "0": False}.get(word)

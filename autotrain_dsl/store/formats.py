"""Tables as bytes: parquet, csv and pickle."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from autotrain_dsl.store import pickles
from autotrain_dsl.store.base import UnreadableError

Decode = Callable[[bytes], pd.DataFrame]
Encode = Callable[[pd.DataFrame], bytes]


def encode(frame: pd.DataFrame, suffix: str) -> bytes:
    """The bytes of a table in the format of a file suffix."""
    return _FORMATS[suffix][0](frame)


def decode(content: bytes, suffix: str) -> pd.DataFrame:
    """The table in some bytes. Raises UnreadableError, with the reason, where they are none."""
    try:
        return _FORMATS[suffix][1](content)
    except UnreadableError:
        raise
    except Exception as error:  # pandas and pyarrow raise some twenty kinds for damaged files
        reason = (str(error).strip().splitlines() or ["no reason given"])[0][:200]
        raise UnreadableError(reason) from error


def _to_parquet(frame: pd.DataFrame) -> bytes:
    # Text is text, whether pandas holds it as Python objects or in a type of its own: equal tables are equal bytes.
    table = pa.Table.from_pandas(frame, preserve_index=frame.index.nlevels > 1, nthreads=1)
    fields = [field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field for field in table.schema]
    described = json.loads(table.schema.metadata[b"pandas"])
    for column in [*described["columns"], *described["column_indexes"]]:
        if column["numpy_type"] == "str":
            column.update(numpy_type="object", pandas_type="unicode")
    metadata = {b"pandas": json.dumps(described).encode()}
    buffer = io.BytesIO()
    pq.write_table(table.cast(pa.schema(fields, metadata=metadata)), buffer)
    return buffer.getvalue()


def _from_parquet(content: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(content), engine="pyarrow", use_threads=False, pre_buffer=False)


def _to_csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=frame.index.nlevels > 1, lineterminator="\n").encode("utf-8")


def _from_csv(content: bytes) -> pd.DataFrame:
    # Everything as text: leading zeros of mouse numbers and versions such as 2.10 stay as they are.
    if content[:2] == b"PK":
        raise ValueError("this is an Excel workbook or a zip file: save the table as CSV (UTF-8)")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("this is not UTF-8 text: save the table as CSV (UTF-8)") from None
    if not text.strip():
        raise ValueError("the file is empty")
    first = text.splitlines()[0]
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if separator in first and "," not in first:
            raise ValueError(f"its columns are separated by {name}: save it with commas, and numbers with points")
    if not text.endswith(("\n", "\r")):
        raise ValueError("the last line has no line break: the file was cut off (add one if it was not)")
    header, *rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} values for {len(header)} columns")
    return pd.DataFrame(rows, columns=header, dtype=object)


csv.field_size_limit(2**31 - 1)  # what this program has written it can read

_FORMATS: Mapping[str, tuple[Encode, Decode]] = {
    ".parquet": (_to_parquet, _from_parquet),
    ".csv": (_to_csv, _from_csv),
    ".pkl": (pickles.encode, pickles.decode),
}
SUFFIXES = tuple(_FORMATS)

"""A script: the pickled table on standard input becomes plain columns, as JSON, on standard output.

It is run as ``python -I unpickle.py FOLDER``, where FOLDER is where pandas is installed, with nothing in its
environment that is worth having, and imports nothing of this package. A pickle is a program. This one may use a list
of opcodes and a list of names and may fill in only what tables are made of, and the process ends at the first thing it
does that reading a table does not need. The lines of the answer are ``{"labels": [[text, ...], ...], "rows": n}`` and
a list of cells for every label, or just ``{"error": reason}``.
"""

from __future__ import annotations

import collections
import datetime as dt
import functools
import io
import json
import math
import os
import pickle
import pickletools
import sys
import zoneinfo
from collections.abc import Callable
from typing import Any

if __name__ == "__main__":
    sys.path.extend(sys.argv[1:])  # -I leaves out folders of the user, where pandas may be

import dateutil.tz  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionArray, ExtensionDtype
from pandas.compat import pickle_compat  # type: ignore[import-not-found]

Scalar = str | int | float | bool | None

MEMORY = 4 * 2**30
SECONDS = 300
LARGEST = 2**30  # bytes of the answer
MOST_NESTED = 30_000_000  # values inside of lists and dicts
STOPPED = 77  # the exit code behind the second wall


class RefusedError(Exception):
    """The pickle is not one of a table, in words for the person who has it."""


def main() -> None:
    """Answer for the pickle on standard input, within limits of memory, time and what may happen."""
    answer(pickle.dumps(_every_kind()))  # what pandas loads late is loaded before the walls stand
    limit()
    sys.addaudithook(second_wall)
    content = sys.stdin.buffer.read()
    sys.stdout.buffer.write(answer(content))
    sys.stdout.buffer.flush()


def limit() -> None:
    """Take from this process what a table cannot need: much memory, long time, and files to write."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415  only where there is one

        for name, most in (("AS", MEMORY), ("CPU", SECONDS), ("FSIZE", 0), ("CORE", 0)):
            which = getattr(resource, f"RLIMIT_{name}")
            allowed = resource.getrlimit(which)[1]
            resource.setrlimit(which, (most if allowed == resource.RLIM_INFINITY else min(most, allowed),) * 2)


def second_wall(event: str, _: tuple[object, ...]) -> None:
    """An audit hook that ends the process at every event but the few that occur when a table is read."""
    if event not in _HARMLESS and not _zones.being_read:
        os.write(1, _error(f"it tried `{event}`, which no table does, and was stopped"))
        os._exit(STOPPED)


def answer(content: bytes) -> bytes:
    """The table in a pickle as lines of JSON, or the reason why there is none."""
    try:
        check_opcodes(content)
        return _lines(Unpickler(io.BytesIO(content)).load())
    except RefusedError as error:
        return _error(str(error))
    except MemoryError:
        return _error(f"it takes more than {MEMORY // 2**30} GiB of memory")
    except RecursionError:
        return _error("its cells are nested too deeply")
    except Exception as error:  # noqa: BLE001  damaged bytes raise any kind
        reason = (str(error).strip().splitlines() or [""])[0][:200]
        return _error(f"it is damaged, or no table that pandas has written ({type(error).__name__}: {reason})")


def check_opcodes(content: bytes) -> None:
    """Refuse what pickles of tables do not contain, before any of it is carried out.

    Raises RefusedError; ``pickletools`` raises ValueError, and other kinds, where the bytes are no pickle.
    """
    end = 0
    for opcode, argument, position in pickletools.genops(content):
        if opcode.name not in _OPCODES:
            raise RefusedError(f"it uses the pickle instruction {opcode.name}, which no table needs")
        if position == 0 and opcode.name != "PROTO":
            raise RefusedError("it does not begin like a pickle of protocol 2 to 5")
        if opcode.name == "PROTO" and (position or argument not in range(2, 6)):
            raise RefusedError(f"protocol {argument} at byte {position}: only 2 to 5, at the beginning, can be read")
        end = (position or 0) + 1
    if end != len(content):
        raise RefusedError(f"the pickle ends at byte {end} but the file goes on: it was written over or put together")


class Unpickler(pickle_compat.Unpickler):  # type: ignore[misc]
    """Finds only what is on the list, and fills in only what tables are made of."""

    dispatch = pickle_compat.Unpickler.dispatch.copy()

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name of a pickle; names are looked up in a table and never resolved."""
        if (module, name) not in NAMES:
            raise RefusedError(f"it asks for {ascii(f'{module}.{name}')[:80]}, which no table of sessions needs")
        return NAMES[module, name]

    def load_build(self) -> None:
        """Fill in the object below the top of the stack, as long as it is one that may be filled in."""
        state, target = self.stack[-1], self.stack[-2]
        if not isinstance(target, _FILLED_IN):
            raise RefusedError(f"it changes a {type(target).__name__}, which no table of sessions needs")
        # numpy believes a dtype what it says of itself, and takes bytes for pointers if that is wrong.
        if isinstance(target, np.dtype) and tuple(state[2:8]) != target.__reduce__()[2][2:8]:
            raise RefusedError("it holds a forged numpy dtype")
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build


def plain(cell: object, nested: Nested | None = None) -> Scalar:
    """A cell as text, number, boolean or None.

    A date is ISO text (without the time if that is midnight), a dict or a list JSON text. What is missing is None.
    """
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return None
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, float | np.floating):
        return None if math.isnan(cell) else float(cell)
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    if isinstance(cell, int | np.integer):
        return int(cell)
    if isinstance(cell, dict | list | tuple | set | frozenset | np.ndarray):
        return json.dumps((nested or Nested()).plain(cell))
    if isinstance(cell, np.datetime64):
        return plain(pd.Timestamp(cell))
    if isinstance(cell, dt.datetime):
        return cell.isoformat().removesuffix("T00:00:00")
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "backslashreplace")
    return str(cell)


class Nested:
    """Turns dicts and lists into plain ones, as long as there are not absurdly many values in them."""

    def __init__(self, left: int = MOST_NESTED) -> None:
        self.left = left

    def plain(self, value: object) -> Any:
        """The value with Python's own types only; numbers that are not finite are missing, sets are in order."""
        self.left -= 1
        if self.left < 0:
            raise RefusedError("its cells hold absurdly many values")
        if isinstance(value, dict):
            return {str(plain(key)): self.plain(item) for key, item in value.items()}
        if isinstance(value, set | frozenset):
            return [self.plain(item) for item in sorted(value, key=repr)]
        if type(value) is list and set(map(type, value)) == {float} and all(map(math.isfinite, value)):
            self.left -= len(value)
            return value  # nine in ten values of a real table are in such lists
        if isinstance(value, list | tuple):
            return [self.plain(item) for item in value]
        if isinstance(value, np.ndarray):
            return self.plain(value.tolist())
        scalar = plain(value)
        return None if isinstance(scalar, float) and math.isinf(scalar) else scalar


def _lines(frame: object) -> bytes:
    if not isinstance(frame, pd.DataFrame):
        raise RefusedError(f"it holds a {type(frame).__name__} and no table (a pandas DataFrame)")
    labels = [[_label(part) for part in (label if frame.columns.nlevels > 1 else (label,))] for label in frame.columns]
    columns = [frame.iloc[:, position] for position in range(len(labels))]
    known = {label[-1] for label in labels}
    named = [(level, _label(name)) for level, name in enumerate(frame.index.names) if name is not None]
    for level, name in reversed([(level, name) for level, name in named if name not in known]):
        # Below an empty first level: where levels are dropped, all but the last are.
        labels.insert(0, [""] * (frame.columns.nlevels - 1) + [name])
        columns.insert(0, frame.index.get_level_values(level).to_series())
    nested = Nested()
    lines = [json.dumps({"labels": labels, "rows": len(frame)})]
    for column in columns:
        lines.append(json.dumps(_cells(column, nested)))
        if sum(map(len, lines)) > LARGEST:
            raise RefusedError(f"it holds more than {LARGEST // 2**20} MiB of text and numbers")
    return "\n".join(lines).encode()


def _label(label: object) -> str:
    return str("" if (scalar := plain(label)) is None else scalar)


def _cells(column: pd.Series[Any], nested: Nested) -> list[Any]:
    kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else "O"
    if kind in "biu" or (kind == "f" and column.dtype != np.longdouble):
        return column.tolist()
    return [plain(cell, nested) for cell in column.astype(object).tolist()]


def _error(reason: str) -> bytes:
    return json.dumps({"error": reason}).encode()


# What stands for functions that could do more than a table needs, or that are gone


class _Zones:
    """Time zones by name, read from the files of the system or of tzdata and from nowhere else."""

    being_read = False

    def find(self, key: str, *_: object) -> dt.tzinfo:
        """The time zone of a name; ``zoneinfo`` refuses names that lead out of its folders."""
        self.being_read = True
        try:
            zone = zoneinfo.ZoneInfo(str(key))
            pd.Timestamp(0, tz=zone)  # with the first one it sees, pandas reads UTC as well
            return zone
        finally:
            self.being_read = False

    def attribute(self, owner: object, name: str) -> Any:
        """The one attribute that pickles look up: how a ZoneInfo is restored."""
        if owner != self.find or name != "_unpickle":
            raise RefusedError("it asks for `getattr`, which no table of sessions needs")
        return self.find


def _timestamp(value: int, _: object = None, zone: dt.tzinfo | None = None) -> pd.Timestamp:
    """As pandas up to 1.2 has written it: nanoseconds, frequency, time zone."""
    return pd.Timestamp(value) if zone is None else pd.Timestamp(value, tz=zone)


def _bytes(content: str | bytes = "", _: str = "latin1") -> bytes:
    """Bytes and byte arrays, as older protocols have to write them: as text with a character for every byte."""
    return content.encode("latin1") if isinstance(content, str) else bytes(memoryview(content))


class _TextDtype:
    """The text type, which pandas up to 1.2 has written without saying how texts are kept."""

    def __new__(cls, storage: str = "python", *missing: object) -> Any:
        return pd.StringDtype(storage, *missing)  # type: ignore[call-overload]


def _arrow_array(data: tuple[object, ...]) -> Any:
    array = pa.lib._restore_array(data)  # noqa: SLF001  what pyarrow writes into pickles
    array.validate(full=True)  # it believes any lengths and offsets otherwise
    return array


def _restorer(written: Any, protocol: int = 2) -> Callable[..., Any]:
    """The function by which the installed version restores such an object."""
    return written.__reduce_ex__(protocol)[0]  # type: ignore[no-any-return]


def _every_kind() -> pd.DataFrame:
    columns = {
        "text": ["\u00e9", None],
        "number": [1.5, None],
        "moment": pd.to_datetime(["2024-01-02T03:04+01:00", "NaT"]),
        "kind": pd.Categorical(["a", None]),
        "whole": pd.array([1, None], dtype="Int64"),
        "object": pd.Series([{"a": np.array([1.5])}, np.datetime64("2024-01-02")], dtype=object),
    }
    return pd.DataFrame(columns).set_index("number")


_zones = _Zones()
_MANAGER = pd.DataFrame({"a": [0]})._mgr  # noqa: SLF001  pickles name its class
_BLOCK = _restorer(_MANAGER.blocks[0])

# What pickles of pandas 1.1 to 3.1 ask for: object, names, modules.
_PLACES: tuple[tuple[Any, str, str], ...] = (
    (pd.DataFrame, "DataFrame", "pandas pandas.core.frame"),
    (pd.Series, "Series", "pandas pandas.core.series"),
    (type(_MANAGER), "BlockManager", "pandas.core.internals.managers"),
    (_BLOCK, "_unpickle_block", "pandas._libs.internals"),
    (_BLOCK, "new_block", "pandas.core.internals.blocks"),
    (functools.partial, "partial", "functools"),  # of one of these, as nothing else can be had
    (slice, "slice", "builtins __builtin__"),
    (pd.Index, "Index", "pandas pandas.core.indexes.base"),
    (pd.Index, "Int64Index UInt64Index Float64Index", "pandas.core.indexes.numeric"),
    (pd.RangeIndex, "RangeIndex", "pandas pandas.core.indexes.range"),
    (pd.MultiIndex, "MultiIndex", "pandas pandas.core.indexes.multi"),
    (pd.CategoricalIndex, "CategoricalIndex", "pandas pandas.core.indexes.category"),
    (pd.DatetimeIndex, "DatetimeIndex", "pandas pandas.core.indexes.datetimes"),
    (pd.TimedeltaIndex, "TimedeltaIndex", "pandas pandas.core.indexes.timedeltas"),
    (_restorer(pd.Index([0])), "_new_Index", "pandas.core.indexes.base"),
    (_restorer(pd.DatetimeIndex([])), "_new_DatetimeIndex", "pandas.core.indexes.datetimes"),
    (_restorer(pd.TimedeltaIndex([])), "_new_TimedeltaIndex", "pandas.core.indexes.timedeltas"),
    (_restorer(pd.Categorical([])), "__pyx_unpickle_NDArrayBacked", "pandas._libs.arrays"),
    (pd.Categorical, "Categorical", "pandas pandas.core.arrays.categorical"),
    (pd.CategoricalDtype, "CategoricalDtype", "pandas pandas.core.dtypes.dtypes"),
    (pd.arrays.IntegerArray, "IntegerArray", "pandas.arrays pandas.core.arrays.integer"),
    (pd.arrays.FloatingArray, "FloatingArray", "pandas.arrays pandas.core.arrays.floating"),
    (pd.arrays.BooleanArray, "BooleanArray", "pandas.arrays pandas.core.arrays.boolean"),
    (pd.Int64Dtype, "Int64Dtype", "pandas pandas.core.arrays.integer"),
    (pd.Float64Dtype, "Float64Dtype", "pandas pandas.core.arrays.floating"),
    (pd.BooleanDtype, "BooleanDtype", "pandas pandas.core.arrays.boolean"),
    (pd.arrays.StringArray, "StringArray", "pandas.arrays pandas.core.arrays.string_"),
    (pd.arrays.ArrowStringArray, "ArrowStringArray", "pandas.arrays pandas.core.arrays.string_arrow"),
    (_TextDtype, "StringDtype", "pandas pandas.core.arrays.string_"),
    (_arrow_array, "_restore_array", "pyarrow.lib"),
    (pa.lib.type_for_alias, "type_for_alias", "pyarrow.lib"),
    (pa.lib.py_buffer, "py_buffer", "pyarrow.lib"),
    (pd.arrays.DatetimeArray, "DatetimeArray", "pandas.arrays pandas.core.arrays.datetimes"),
    (pd.DatetimeTZDtype, "DatetimeTZDtype", "pandas pandas.core.dtypes.dtypes"),
    (pd.arrays.TimedeltaArray, "TimedeltaArray", "pandas.arrays pandas.core.arrays.timedeltas"),
    (pd.offsets.Day, "Day", "pandas._libs.tslibs.offsets"),
    (_timestamp, "Timestamp", "pandas._libs.tslibs.timestamps"),
    (_restorer(pd.Timestamp(0)), "_unpickle_timestamp", "pandas._libs.tslibs.timestamps"),
    (pd.Timedelta, "Timedelta", "pandas._libs.tslibs.timedeltas"),
    (_restorer(pd.Timedelta(0)), "_timedelta_unpickle", "pandas._libs.tslibs.timedeltas"),
    (lambda *_: pd.NaT, "_nat_unpickle __nat_unpickle", "pandas._libs.tslibs.nattype"),
    (pd.NA, "NA", "pandas pandas._libs.missing"),
    (np.ndarray, "ndarray", "numpy"),
    (np.dtype, "dtype", "numpy"),
    (_restorer(np.zeros(1)), "_reconstruct", "numpy.core.multiarray numpy._core.multiarray"),
    (_restorer(np.zeros(1), 5), "_frombuffer", "numpy.core.numeric numpy._core.numeric"),
    (_restorer(np.float64(0)), "scalar", "numpy.core.multiarray numpy._core.multiarray"),
    (_bytes, "encode", "_codecs"),
    (_bytes, "bytes", "__builtin__"),
    (_bytes, "bytearray", "builtins __builtin__"),
    (collections.OrderedDict, "OrderedDict", "collections"),
    (dt.date, "date", "datetime"),
    (dt.time, "time", "datetime"),
    (dt.datetime, "datetime", "datetime"),
    (dt.timedelta, "timedelta", "datetime"),
    (dt.timezone, "timezone", "datetime"),
    (_zones.find, "ZoneInfo", "zoneinfo"),
    (_zones.attribute, "getattr", "builtins __builtin__"),
    (_zones.find, "_p", "pytz"),
    (lambda: dt.UTC, "_UTC", "pytz"),
    (lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)), "FixedOffset", "pytz"),
    (dateutil.tz.tzutc, "tzutc", "dateutil.tz.tz"),
    (dateutil.tz.tzoffset, "tzoffset", "dateutil.tz.tz"),
)
NAMES = {
    (module, name): found for found, names, modules in _PLACES for name in names.split() for module in modules.split()
}

# What a pickle may fill in: neither classes nor functions.
_PARTS = (pd.DataFrame, type(_MANAGER), ExtensionArray, ExtensionDtype, pd.offsets.BaseOffset, np.ndarray, np.dtype)
_FILLED_IN = (*_PARTS, dt.tzinfo, functools.partial)
_OPCODES = frozenset(
    """
    PROTO FRAME STOP MARK POP POP_MARK MEMOIZE BINPUT LONG_BINPUT BINGET LONG_BINGET GLOBAL STACK_GLOBAL NEWOBJ REDUCE
    BUILD NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT SHORT_BINUNICODE BINUNICODE BINUNICODE8
    SHORT_BINBYTES BINBYTES BINBYTES8 BYTEARRAY8 EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS
    EMPTY_DICT SETITEM SETITEMS EMPTY_SET ADDITEMS FROZENSET
    """.split()  # noqa: SIM905
)
_HARMLESS = frozenset({"builtins.id"})

if __name__ == "__main__":
    main()

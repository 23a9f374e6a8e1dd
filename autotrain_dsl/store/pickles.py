"""Pickles, which rigs and the web page read and which the older system writes.

``encode`` writes a pickle that holds calls of pandas' public constructors and lists of Python's own values, so that no
version of pandas or numpy meets the insides of another one. ``decode`` lets a process of its own carry out a pickle,
because a pickle is a program, and takes nothing from it but text and numbers.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from autotrain_dsl.store import unpickle
from autotrain_dsl.store.base import UnreadableError

PROTOCOL = 4
SECONDS = 300
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK": "zip",
}


def encode(frame: pd.DataFrame) -> bytes:
    """A pickle of a table that pandas 2.0 to 3.1 read with any numpy; equal tables are equal bytes.

    Columns become int64, float64, bool or object. Whole numbers of which some are missing become float64 with NaN,
    booleans of which some are missing objects, dates ISO text, dicts and lists JSON text; missing text is None. An
    index is written where it has two or more levels. Raises ValueError where two columns have one name.
    """
    names = [str(column) for column in frame.columns]
    if len(set(names)) < len(names):
        raise ValueError(f"two columns have one name: {', '.join(sorted({n for n in names if names.count(n) > 1}))}")
    same = _Same()
    index = _index(frame.index, same) if frame.index.nlevels > 1 else None
    columns = {same.text(name): _series(frame.iloc[:, i], index, same) for i, name in enumerate(names)}
    return pickle.dumps(_Call(pd.DataFrame, (columns, index)), protocol=PROTOCOL)


def decode(content: bytes, seconds: float = SECONDS) -> pd.DataFrame:
    """The table in a pickle, as columns of dtype object that hold text, numbers, booleans and None.

    Dates are ISO text, dicts and lists JSON text. Levels of the index that have a name are columns. Raises
    UnreadableError, with the reason in one line, for whatever is no table, tries more than tables do, is damaged, or
    takes longer than ``seconds``.
    """
    if not content:
        raise UnreadableError("the file is empty")
    for start, name in _PACKED.items():
        if content.startswith(start):
            way_out = "unpack it, or write it with to_pickle(path, compression=None)"
            raise UnreadableError(f"this is a {name} file, and packed pickles are not read: {way_out}")
    return to_frame(*_answer(content, seconds))


def to_frame(answer: bytes, code: int) -> pd.DataFrame:
    """The table in the answer of ``unpickle.py``, which may be anything, and the exit code of its process.

    Raises UnreadableError where it is none.
    """
    try:
        head, *lines = answer.split(b"\n")
        header = json.loads(head)
        columns = [json.loads(line, parse_constant=_CONSTANTS.get) for line in lines]
        reason, labels, rows = (header.get(key) for key in ("error", "labels", "rows"))
    except (ValueError, AttributeError, RecursionError):
        raise _unreadable(f"it broke the process that read it ({_ended(code)})") from None
    if isinstance(reason, str):
        raise _unreadable("".join(letter if letter.isprintable() else " " for letter in reason)[:300])
    if code or not _fits(labels, rows, columns):
        raise _unreadable(f"the process that read it answered with what is no table ({_ended(code)})")
    frame = pd.DataFrame({number: pd.Series(cells, dtype=object) for number, cells in enumerate(columns)})
    levels = len(labels[0]) if labels else 1
    frame.columns = (
        pd.MultiIndex.from_tuples([tuple(label) for label in labels])
        if levels > 1
        else pd.Index([label[0] for label in labels], dtype=object)
    )
    return frame


# Writing


@dataclass(frozen=True, slots=True)
class _Call:
    """Is pickled as the call of a function, and so becomes its result where it is read."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.arguments


class _Same:
    """Makes equal texts the same object, because a pickle tells those from texts that are only equal."""

    def __init__(self) -> None:
        named = (pd.DataFrame, pd.Series, pd.MultiIndex)  # the pickle holds these names as well
        self.texts = {text: text for cls in named for text in (cls.__module__, cls.__qualname__)}

    def text(self, text: str) -> str:
        return self.texts.setdefault(text, text)

    def scalar(self, scalar: unpickle.Scalar) -> unpickle.Scalar:
        return self.text(scalar) if isinstance(scalar, str) else scalar


def _series(column: pd.Series[Any], index: _Call | None, same: _Same) -> _Call:
    dtype, values = _plain(column, same)
    return _Call(pd.Series, (values, index, same.text(dtype)))


def _plain(column: pd.Series[Any], same: _Same) -> tuple[str, list[Any]]:
    """The name of a dtype that every version knows, and the values as Python's own."""
    kind, missing = getattr(column.dtype, "kind", "O"), column.isna().to_numpy()
    if kind in "iu" and not missing.any() and (column.empty or column.max() < 2**63):
        return "int64", column.to_numpy("int64").tolist()
    if kind == "f" or (kind in "iu" and missing.any()):
        values = column.to_numpy("float64", na_value=np.nan)
        return "float64", np.where(missing, np.nan, values).tolist()  # there are several NaN, which are other bytes
    if kind == "b" and not missing.any():
        return "bool", column.to_numpy("bool").tolist()
    return "object", _objects(column.astype(object).to_numpy(), same)


def _objects(cells: Any, same: _Same) -> list[unpickle.Scalar]:
    if pd.api.types.infer_dtype(cells, skipna=True) not in ("string", "empty"):
        return [same.scalar(unpickle.plain(cell)) for cell in cells]
    codes, found = pd.factorize(cells)
    texts: list[unpickle.Scalar] = [same.text(str(text)) for text in found]
    values: list[unpickle.Scalar] = np.array([*texts, None], dtype=object)[codes].tolist()  # -1 is missing
    return values


def _index(index: pd.Index[Any], same: _Same) -> _Call:
    """The call that makes the same MultiIndex, whatever levels this one keeps that no row uses."""
    arrays = [[unpickle.plain(cell) for cell in index.get_level_values(i)] for i in range(index.nlevels)]
    fresh = pd.MultiIndex.from_arrays(arrays)
    levels = [[same.scalar(unpickle.plain(value)) for value in level] for level in fresh.levels]
    names = [None if name is None else same.text(str(name)) for name in index.names]
    return _Call(pd.MultiIndex, (levels, [codes.tolist() for codes in fresh.codes], None, names))


# Reading


def _answer(content: bytes, seconds: float) -> tuple[bytes, int]:
    """What ``unpickle.py`` answers, and its exit code."""
    script, packages = str(Path(unpickle.__file__).resolve()), str(Path(pd.__file__).resolve().parents[1])
    environment = {name: os.environ[name] for name in _NEEDED_TO_START if name in os.environ}
    try:
        child = subprocess.Popen(  # noqa: S603  this Python and a script of this package
            [sys.executable, "-I", "-B", script, packages],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, "OPENBLAS_NUM_THREADS": "1"},  # every thread of it takes from the address space
        )
    except OSError as error:
        raise UnreadableError(f"the process that is to read the pickle does not start: {error.strerror}") from error
    timer = threading.Timer(seconds, child.kill)
    timer.daemon = True
    timer.start()
    try:
        return _talk(child, content, timer, seconds)
    finally:
        timer.cancel()
        child.kill()
        child.wait()


def _talk(child: subprocess.Popen[bytes], content: bytes, timer: threading.Timer, seconds: float) -> tuple[bytes, int]:
    assert child.stdin is not None
    assert child.stdout is not None
    feeder = threading.Thread(target=_feed, args=(child.stdin, content), daemon=True)
    feeder.start()
    with child.stdout:
        answer = child.stdout.read(unpickle.LARGEST + 1)
    if len(answer) > unpickle.LARGEST:
        raise _unreadable(f"it holds more than {unpickle.LARGEST // 2**20} MiB of text and numbers")
    code = child.wait()
    feeder.join()
    if not timer.is_alive():
        raise _unreadable(f"reading it took longer than {seconds:g} s")
    return answer, code


def _feed(pipe: IO[bytes], content: bytes) -> None:
    with contextlib.suppress(OSError), pipe:  # a child that has ended reads no more
        pipe.write(content)


def _fits(labels: object, rows: object, columns: list[object]) -> bool:
    """Whether there is a list of cells for every label, and every one is as long as the table."""
    return (
        isinstance(labels, list)
        and len(labels) == len(columns)
        and all(isinstance(label, list) and label and set(map(type, label)) == {str} for label in labels)
        and len({len(label) for label in labels}) <= 1
        and all(isinstance(c, list) and len(c) == rows and set(map(type, c)) <= _SCALARS for c in columns)
    )


def _unreadable(reason: str) -> UnreadableError:
    way_out = "write the table again with pandas' to_pickle, or as .parquet or .csv"
    return UnreadableError(f"this pickle cannot be read as a table: {reason}; {way_out}")


def _ended(code: int) -> str:
    names = {-member.value: member.name for member in signal.Signals}
    return f"ended by {names[code]}" if code in names else f"exit code {code}"


_CONSTANTS = {"Infinity": math.inf, "-Infinity": -math.inf}  # NaN is missing
_NEEDED_TO_START = ("LD_LIBRARY_PATH", "SYSTEMROOT")
_SCALARS = {str, int, float, bool, type(None)}

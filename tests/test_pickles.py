"""Pickles: what rigs read whatever their pandas, and what is read without carrying out what a table does not need."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import pickletools
import random
import re
import socket
import subprocess
import sys
import threading
import time
import zoneinfo
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hostile_pickles
import numpy as np
import pandas as pd
import pytest
import readers
from dateutil import tz  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrain_dsl.store import pickles, unpickle
from autotrain_dsl.store.base import UnreadableError
from autotrain_dsl.tables.behavior import flat

# ``readers.WRITE`` has written them, with the pandas that they are named after.
OLD = sorted((Path(__file__).parent / "data" / "pickles").glob("*.pkl"))
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")
EVERY = [*readers.ENVIRONMENTS, "installed"]

# What ``readers.WRITE`` puts into the frame "mixed", as it comes back.
MIXED: dict[str, list[Any]] = {
    "subject_id": ["0123", "müß", None],
    "session": [1.0, 2.0, None],
    "trials": [1, 2, 3],
    "loop": [True, False, True],
    "efficiency": [0.1, None, 1e300],
    "single": [0.5, 0.25, 2.0],
    "day": ["2024-01-02", "2024-01-03", None],
    "moment": ["2024-01-02", "2024-01-03T04:05:06", None],
    "utc": ["2024-01-02T00:00:00+00:00", "2024-01-03T04:05:06+00:00", None],
    "there": ["2024-01-02T00:00:00-08:00", "2024-07-02T00:00:00-07:00", None],
    "task": ["Coupled Baiting", None, "Uncoupled Baiting"],
    "whole": [1, None, 3],
    "truth": [True, None, False],
    "text": ["x", None, "z"],
    "span": ["0 days 01:00:00", "0 days 02:00:00", None],
    "metrics": [
        '{"foraging_efficiency": [0.1, 0.5], "session": 3, "flags": [true, false]}',
        "{}",
        '{"x": null, "y": null, "z": [1, 2]}',
    ],
    "any": [1.5, "2024-01-02T03:04:00", "q"],
}


def manager() -> pd.DataFrame:
    """A df_manager with every dtype that the program's tables have."""
    return pd.DataFrame(
        {
            "subject_id": ["0123", "0123", "müß 🐭"],
            "session": [2, 1, 1],
            "session_at_current_stage": pd.array([2, None, 1], dtype="Int64"),
            "finished_trials": pd.array([300, 2**40, 0], dtype="Int64"),
            "foraging_efficiency": [0.65432, np.nan, 1.0],
            "foraging_performance": pd.array([0.5, None, 1.5], dtype="Float64"),
            "if_closed_loop": pd.array([True, None, False], dtype="boolean"),
            "if_overriden_by_trainer": pd.array([True, False, False], dtype="boolean"),
            "decision": ["PROGRESS", "STAY", None],
            "session_date": pd.to_datetime(["2024-01-02", "NaT", "2024-01-03"]),
            "nothing": pd.Series([None, None, None], dtype=object),
        }
    )


MANAGER_DTYPES = ["object", "int64", "float64", "int64", "float64", "float64", "object", "bool", *["object"] * 3]
EMPTY_DTYPES = ["object", "int64", "int64", "int64", "float64", "float64", "bool", "bool", *["object"] * 3]
MANAGER_CELLS: dict[str, list[Any]] = {
    "subject_id": ["0123", "0123", "müß 🐭"],
    "session": [2, 1, 1],
    "session_at_current_stage": [2.0, None, 1.0],
    "finished_trials": [300, 2**40, 0],
    "foraging_efficiency": [0.65432, None, 1.0],
    "foraging_performance": [0.5, None, 1.5],
    "if_closed_loop": [True, None, False],
    "if_overriden_by_trainer": [True, False, False],
    "decision": ["PROGRESS", "STAY", None],
    "session_date": ["2024-01-02", None, "2024-01-03"],
    "nothing": [None, None, None],
}


def stats() -> pd.DataFrame:
    """A df_manager_stats: indexed by subject and stage, as ``tables.stats`` makes it."""
    keys = {"subject_id": ["b", "0123", "b"], "current_stage_actual": ["STAGE_1", "STAGE_1", "GRADUATED"]}
    return pd.DataFrame({**keys, "session_spent": [3, 1, 2]}).set_index(list(keys))


def cells(frame: pd.DataFrame) -> list[list[Any]]:
    """The cells, column by column."""
    return [frame.iloc[:, number].tolist() for number in range(frame.shape[1])]


def answers(contents: list[bytes], walls: str = "both", together: int = 1) -> list[tuple[bytes, int]]:
    """What the reading process answers to every pickle."""
    script, packages = str(Path(unpickle.__file__)), str(Path(pd.__file__).parents[1])
    return hostile_pickles.answers(contents, script, packages, walls, together)


def available(environment: str) -> str | None:
    """The name of an environment for ``readers.run``; skips where it is not there."""
    if environment == "installed":
        return None
    if not readers.folder(environment).exists():
        pytest.skip(f"{environment} is not installed: make readers")
    return environment


# Writing


@pytest.mark.parametrize("environment", EVERY)
def test_every_reader_reads_what_is_written_and_does_its_steps(tmp_path: Path, environment: str) -> None:
    name = available(environment)
    frames = {"manager": manager(), "empty": manager().iloc[:0], "stats": stats(), "no stats": stats().iloc[:0]}
    for key, frame in frames.items():
        (tmp_path / key).write_bytes(pickles.encode(frame))
    found = readers.read(name, *(tmp_path / key for key in frames))
    seen = {key: found["frames"][str(tmp_path / key)] for key in frames}
    assert found["pandas"] == (environment.removeprefix("pandas-") if name else pd.__version__)
    assert seen["manager"]["dtypes"] == MANAGER_DTYPES
    assert seen["manager"]["labels"] == ("str" if found["pandas"] >= "3" else "object")
    assert seen["manager"]["index"] == "RangeIndex"
    assert seen["manager"]["columns"] == list(MANAGER_CELLS)
    assert seen["manager"]["cells"] == MANAGER_CELLS
    assert seen["manager"]["types"]["if_closed_loop"] == ["NoneType", "bool"]
    assert seen["manager"]["types"]["decision"] == ["NoneType", "str"]
    assert seen["manager"]["steps"] == [[1, None, "STAY"], [2, 0.654, "PROGRESS"]]
    assert (seen["empty"]["steps"], seen["empty"]["index"], seen["empty"]["dtypes"]) == ([], "RangeIndex", EMPTY_DTYPES)
    assert seen["stats"]["index"] == seen["no stats"]["index"] == "MultiIndex"
    assert seen["stats"]["index names"] == seen["no stats"]["index names"] == ["subject_id", "current_stage_actual"]
    assert seen["stats"]["index values"] == [["b", "STAGE_1"], ["0123", "STAGE_1"], ["b", "GRADUATED"]]
    assert (seen["stats"]["dtypes"], seen["no stats"]["dtypes"]) == (["int64"], ["int64"])
    assert seen["stats"]["cells"] == {"session_spent": [3, 1, 2]}


def test_a_pickle_names_nothing_but_public_constructors() -> None:
    for content in (pickles.encode(manager()), pickles.encode(stats())):
        assert content[:2] == b"\x80\x04"
        operations = list(pickletools.genops(content))
        texts = {str(argument) for opcode, argument, _ in operations if "UNICODE" in opcode.name}
        names = {opcode.name for opcode, _, _ in operations}
        assert "STACK_GLOBAL" in names
        assert not names & {"BUILD", "NEWOBJ", "NEWOBJ_EX", "GLOBAL", "SHORT_BINBYTES", "BINBYTES"}
        assert not {
            text for text in texts if re.search(r"numpy|_core|core\.(multiarray|internals|indexes\.base)", text)
        }


def test_equal_tables_are_equal_bytes_whichever_objects_hold_their_texts() -> None:
    words = ["pandas", "Series", "DataFrame", "int64", "object", "session", "STAGE_1", "é", pd.Series.__module__]

    def fresh(word: str) -> str:
        return "".join(list(word))

    def table(of: Any) -> pd.DataFrame:
        index = pd.MultiIndex.from_arrays([[of(w) for w in words], [of("STAGE_1") for _ in words]])
        columns = {of("session"): pd.array(range(len(words))), of("text"): pd.array([of(w) for w in words])}
        frame = pd.DataFrame(columns)
        frame["mixed"] = pd.Series([of("STAGE_1"), 1, *[of(w) for w in words[2:]]], dtype=object)
        frame["more"] = pd.Series([of(w) for w in words], dtype=object)
        return frame.set_index(index.set_names([of("session"), of("STAGE_1")]))

    shared = {word: word for word in [*words, "text", "mixed"]}
    of_fresh, of_shared = table(fresh), table(lambda word: shared[word])
    assert pickles.encode(of_fresh) == pickles.encode(of_shared)
    alone, alone_shared = (frame[["more"]].reset_index(drop=True) for frame in (of_fresh, of_shared))
    assert pickles.encode(alone) == pickles.encode(alone_shared)


def test_equal_tables_are_equal_bytes_whichever_nan_they_hold() -> None:
    plain, negative = np.array([np.nan, 1.0]), np.array([-np.nan, 1.0])
    assert plain.tobytes() != negative.tobytes()
    assert pickles.encode(pd.DataFrame({"a": plain})) == pickles.encode(pd.DataFrame({"a": negative}))


def test_rows_that_are_not_there_any_more_leave_nothing_in_the_index() -> None:
    kept = stats().iloc[1:2]
    content = pickles.encode(kept)
    assert b"GRADUATED" not in content
    assert content == pickles.encode(stats().iloc[[1]].copy())


def test_whole_numbers_of_any_size_stay_exact() -> None:
    large = [2**63, 2**64 - 1, 0]
    frame = pd.DataFrame(
        {"u": pd.array(large, dtype="UInt64"), "i": [2**63 - 1, -(2**63), 2**53 + 1], "o": pd.Series([10**30] * 3)}
    )
    for found in (pd.read_pickle(io.BytesIO(pickles.encode(frame))), pickles.decode(pickles.encode(frame))):
        assert cells(found) == [large, [2**63 - 1, -(2**63), 2**53 + 1], [10**30] * 3]


def test_two_columns_with_one_name_are_refused_by_name() -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=["session", "task", "session"])
    with pytest.raises(ValueError, match="one name: session"):
        pickles.encode(frame)


# Round trip


def _columns() -> st.SearchStrategy[tuple[Any, str]]:
    whole, real = st.integers(-(2**53), 2**53), st.floats(allow_nan=True, allow_infinity=True)
    text = st.text(max_size=8) | st.sampled_from(["pandas", "Series", "a\nb", "\ud800", "nan", ""])
    kinds: list[tuple[st.SearchStrategy[Any], str]] = [
        (whole, "int64"),
        (whole | st.none(), "Int64"),
        (real, "float64"),
        (real | st.none(), "Float64"),
        (st.booleans(), "bool"),
        (st.booleans() | st.none(), "boolean"),
        (text | st.none(), "object"),
        (text | whole | st.booleans() | st.none(), "object"),
    ]
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.tuples(st.lists(kind[0], min_size=4, max_size=4), st.just(kind[1]))
    )


def _expected(value: Any) -> Any:
    return None if value is None or value != value else value  # noqa: PLR0124  only NaN is not itself


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=5), _columns(), min_size=1, max_size=5), st.integers(0, 4))
def test_what_is_written_and_read_has_the_same_values(columns: dict[str, tuple[list[Any], str]], rows: int) -> None:
    data = {name: pd.Series(values[:rows], dtype=dtype) for name, (values, dtype) in columns.items()}
    content = pickles.encode(pd.DataFrame(data))
    found = pickles.to_frame(unpickle.answer(content), 0)
    assert found.columns.tolist() == list(columns)
    assert cells(found) == [[_expected(value) for value in values[:rows]] for values, _ in columns.values()]
    for column, (values, _) in zip(cells(found), columns.values(), strict=True):
        kinds = [type(value) for value in column if type(value) in (bool, str)]
        assert kinds == [type(value) for value in values[:rows] if type(value) in (bool, str)]


def test_the_reading_process_gives_back_what_was_written() -> None:
    found = pickles.decode(pickles.encode(manager()))
    assert set(map(str, found.dtypes)) == {"object"}
    assert dict(zip(found.columns, cells(found), strict=True)) == MANAGER_CELLS
    assert cells(pickles.decode(pickles.encode(stats()))) == [
        ["b", "0123", "b"],
        ["STAGE_1", "STAGE_1", "GRADUATED"],
        [3, 1, 2],
    ]


# Reading what other versions have written


@posix
@pytest.mark.parametrize("environment", EVERY)
def test_what_another_pandas_writes_is_read(tmp_path: Path, environment: str) -> None:
    readers.run(available(environment), readers.WRITE, str(tmp_path), "2", "4", "5")
    paths = sorted(tmp_path.iterdir())
    assert len(paths) == 21
    found = {
        path.name: flat(pickles.to_frame(*answer))
        for path, answer in zip(paths, answers([path.read_bytes() for path in paths], together=99), strict=True)
    }
    for protocol in (2, 4, 5):
        read = {
            key: found[f"{key}.{protocol}.pkl"]
            for key in ("mixed", "rows", "empty", "named", "number", "two", "two named")
        }
        tables = {key: dict(zip(frame.columns, cells(frame), strict=True)) for key, frame in read.items()}
        assert tables["mixed"] == MIXED
        assert tables["rows"] == {"subject_id": ["0123", None], "trials": [1, 3], "moment": ["2024-01-02", None]}
        assert tables["empty"] == {"subject_id": [], "trials": [], "moment": []}
        assert tables["named"] == {key: MIXED[key] for key in ("subject_id", "trials", "efficiency")}
        assert tables["number"] == {key: MIXED[key] for key in ("trials", "efficiency")}
        assert tables["two"] == {key: MIXED[key] for key in ("subject_id", "session", "trials")}
        assert tables["two named"] == {"row": [7, 8, 9], **{key: MIXED[key] for key in ("subject_id", "session")}}


@pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
def test_what_an_old_pandas_has_written_is_read(path: Path) -> None:
    found = pickles.decode(path.read_bytes())
    assert dict(zip(found.columns, cells(found), strict=True)) == MIXED
    assert set(map(str, found.dtypes)) == {"object"}


def test_there_are_tables_of_six_older_versions() -> None:
    assert len(OLD) == 6


def test_columns_in_two_levels_stay_in_two_levels() -> None:
    frame = pd.DataFrame([[1, "x"]], columns=pd.MultiIndex.from_tuples([("session", "n"), ("metrics", "a")]))
    frame.index = pd.Index(["0123"], name="subject_id")
    buffer = io.BytesIO()
    frame.to_pickle(buffer)
    found = pickles.decode(buffer.getvalue())
    expected = [("", "subject_id"), ("session", "n"), ("metrics", "a")]
    assert found.columns.equals(pd.MultiIndex.from_tuples(expected))
    assert cells(found) == [["0123"], [1], ["x"]]


def test_moments_keep_the_offset_of_whatever_library_made_it() -> None:
    offsets: list[dt.tzinfo | None] = [dt.UTC, dt.timezone(-dt.timedelta(hours=8)), tz.tzutc(), tz.tzoffset(None, 3600)]
    moments = [
        dt.datetime(2024, 1, 2, 3, tzinfo=offset) for offset in [*offsets, zoneinfo.ZoneInfo("Europe/London"), None]
    ]
    buffer = io.BytesIO()
    pd.DataFrame({"at": pd.Series(moments, dtype=object)}).to_pickle(buffer)
    endings = ["+00:00", "-08:00", "+00:00", "+01:00", "+00:00", ""]
    assert cells(pickles.decode(buffer.getvalue())) == [[f"2024-01-02T03:00:00{ending}" for ending in endings]]


def test_a_moment_as_pandas_1_has_written_it_keeps_its_time_zone() -> None:
    nanoseconds = 10**9  # the second after midnight in Greenwich
    zone = hostile_pickles.call(hostile_pickles.name("pytz", "_p"), "America/Los_Angeles", -28800, 0, "PST")
    stamp = hostile_pickles.name("pandas._libs.tslibs.timestamps", "Timestamp")
    moments = [hostile_pickles.call(stamp, nanoseconds, None, which) for which in (None, zone)]
    content = hostile_pickles.pickled(hostile_pickles.table(moments))
    assert cells(pickles.decode(content)) == [['["1970-01-01T00:00:01", "1969-12-31T16:00:01-08:00"]']]


def test_cells_that_hold_much_become_plain_json() -> None:
    cell = {
        "set": frozenset("dbcae"),
        "inf": [1.5, float("inf"), float("nan")],
        1: np.array([[1, 2]]),
        "at": dt.date(2024, 1, 2),
    }
    text = '{"set": ["a", "b", "c", "d", "e"], "inf": [1.5, null, null], "1": [[1, 2]], "at": "2024-01-02"}'
    assert unpickle.plain(cell) == text
    assert cells(pickles.decode(pickles.encode(pd.DataFrame({"a": [cell]})))) == [[text]]


def test_an_index_that_is_a_column_as_well_comes_once() -> None:
    buffer = io.BytesIO()
    frame = pd.DataFrame({"session": [3], "task": ["x"]}, index=pd.Index([1], name="session"))
    frame.to_pickle(buffer)
    found = pickles.decode(buffer.getvalue())
    assert (found.columns.tolist(), cells(found)) == (["session", "task"], [[3], ["x"]])


@pytest.mark.parametrize(("suffix", "name"), [("gzip", "gzip"), ("bz2", "bzip2"), ("xz", "xz"), ("zip", "zip")])
def test_a_packed_pickle_is_named_with_a_way_out(suffix: Any, name: str) -> None:
    buffer = io.BytesIO()
    manager().to_pickle(buffer, compression=suffix)
    with pytest.raises(UnreadableError, match=f"this is a {name} file.*compression=None"):
        pickles.decode(buffer.getvalue())


def test_an_empty_file_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="empty"):
        pickles.decode(b"")


# Hostile and damaged pickles


# Why what kind of pickle is refused: without this, one that was let in by mistake might only fail later on.
REASONS = {
    r"runs |names .*[\x00-\x7f]$": r"it asks for|can't decode",
    r"spells (INST|OBJ|NEWOBJ_EX|an extension|a persistent|a buffer|a number|a string|a copy)": "pickle instruction",
    r"spells (protocol [016]|protocol 255|the head)": "protocol",
    r"spells (a second pickle|bytes behind)": "but the file goes on",
    r"spells (a name (in|from|that is dropped)|a call)": r"it asks for .*\.system",
    r"forges (attributes|a state) of": "it changes a",
    r"forges .*dtype$": "forged numpy dtype",
    r"forges getattr": "`getattr`",
    r"forges a time zone": "ZoneInfo keys must|absolute paths|null byte|No time zone found",
    r"forges lengths": "ArrowInvalid",
    r"forges a file of time zones": "it asks for 'dateutil.tz.tz.tzfile'",
    r"explodes .*(twelfth|fortieth)": "absurdly many values",
    r"explodes .*(itself|deep)": "nested too deeply",
    r"explodes (an array|a column|an index)": "GiB of memory",
}


class Listener:
    """Counts who connects on 127.0.0.1, and hangs up."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.visits = 0
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self.socket.accept()
                visitor.close()
                self.visits += 1

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.close()


@pytest.fixture
def scene(tmp_path: Path, listener: Listener) -> dict[str, hostile_pickles.Attack]:
    """Every hostile pickle, aimed at ``tmp_path`` and the listener."""
    (tmp_path / "victim").mkdir()
    return hostile_pickles.corpus(tmp_path, listener.port)


def marks(folder: Path) -> set[str]:
    """What attacks have left behind."""
    return {path.name for path in folder.iterdir()} - {"victim"}


@posix
def test_no_hostile_pickle_does_anything(
    tmp_path: Path, listener: Listener, scene: dict[str, hostile_pickles.Attack]
) -> None:
    assert len(scene) >= 300
    found = answers([attack.content for attack in scene.values()], together=10)
    reasons = Counter[str]()
    for (label, _), answer in zip(scene.items(), found, strict=True):
        with pytest.raises(UnreadableError) as caught:
            pickles.to_frame(*answer)
        message = str(caught.value)
        assert re.fullmatch(r"[^\n]{20,500}", message), label
        for kind, reason in REASONS.items():
            if re.match(kind, label):
                assert re.search(reason, message), f"{label}: {message}"
                assert answer[1] == 0, f"{label} was not stopped before it ran: {message}"
                reasons[reason] += 1
    assert set(reasons) == set(REASONS.values())
    assert (marks(tmp_path), (tmp_path / "victim").exists(), listener.visits) == (set(), True, 0)


# Made by native code, or without an event in Python: only the list of names stands before these.
UNSEEN = {"runs os mkfifo", "runs pyarrow OSFile", "runs pyarrow.lib OSFile", "runs pyarrow create_memory_map"}


@posix
def test_the_second_wall_holds_alone(
    tmp_path: Path, listener: Listener, scene: dict[str, hostile_pickles.Attack]
) -> None:
    chosen = {label: attack for label, attack in scene.items() if attack.leaves_mark and label not in UNSEEN}
    found = answers([attack.content for attack in chosen.values()], walls="second")
    events: Counter[str] = Counter()
    for label, (answer, code) in zip(chosen, found, strict=True):
        assert code == unpickle.STOPPED == hostile_pickles.STOPPED, label
        with pytest.raises(UnreadableError, match="it tried `"):
            pickles.to_frame(answer, code)
        events[json.loads(answer)["error"].split("`")[1]] += 1
    assert {"open", "import", "os.system", "subprocess.Popen", "os.mkdir"} <= set(events)
    assert (marks(tmp_path), listener.visits) == (set(), 0)


@posix
def test_the_hostile_pickles_are_not_harmless(
    tmp_path: Path, listener: Listener, scene: dict[str, hostile_pickles.Attack]
) -> None:
    chosen = {label: attack for label, attack in scene.items() if attack.leaves_mark}
    found = answers([attack.content for attack in chosen.values()], walls="none")
    assert len(found) == len(chosen)
    deadline = time.monotonic() + 20
    while len(marks(tmp_path)) + listener.visits < len(chosen) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(marks(tmp_path)) + listener.visits >= len(chosen), sorted(marks(tmp_path))


@posix
def test_a_thousand_flipped_bytes_are_a_table_or_unreadable(tmp_path: Path) -> None:
    readers.run(None, readers.WRITE, str(tmp_path), "4")
    content = (tmp_path / "mixed.4.pkl").read_bytes()
    chance = random.Random(20)
    flipped = []
    for _ in range(1000):
        damaged = bytearray(content)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        flipped.append(bytes(damaged))
    outcomes: Counter[str] = Counter()
    for answer, code in answers(flipped, together=100):
        try:
            frame = pickles.to_frame(answer, code)
        except UnreadableError:
            outcomes["unreadable"] += 1
        else:
            outcomes["table"] += 1
            assert {type(cell) for column in cells(frame) for cell in column} <= {str, int, float, bool, type(None)}
    assert sum(outcomes.values()) == 1000
    assert min(outcomes["unreadable"], outcomes["table"]) > 50


@pytest.mark.parametrize(
    "label", ["runs os system", "runs builtins eval", "breaks off after 21 bytes", "forges a class for a table"]
)
def test_the_program_itself_refuses_hostile_pickles(
    tmp_path: Path, scene: dict[str, hostile_pickles.Attack], label: str
) -> None:
    with pytest.raises(UnreadableError, match=r"this pickle cannot be read as a table: it .*; write the table again"):
        pickles.decode(scene[label].content)
    assert marks(tmp_path) == set()


@posix
def test_both_walls_and_the_limits_stand_in_the_program_itself() -> None:
    with pytest.raises(UnreadableError, match="it tried `import`"):
        pickles.decode(b"\x80\x04V\\u0041\n.")  # Python loads a codec to show that there is such an instruction
    six_gib = hostile_pickles.call(hostile_pickles.name("numpy", "ndarray"), (6,), f"S{2**30}")
    with pytest.raises(UnreadableError, match="more than 4 GiB of memory"):
        pickles.decode(hostile_pickles.pickled(hostile_pickles.table(six_gib)))


# The process that reads


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put another program in place of ``unpickle.py``."""

    def put(program: str) -> None:
        path = tmp_path / "script.py"
        path.write_text(program, "utf-8")
        monkeypatch.setattr(unpickle, "__file__", str(path))

    return put


@pytest.mark.parametrize(
    "program",
    [
        "",
        "import os; os.abort()",
        "raise SystemExit(3)",
        "print('<html>')",
        "print('[1, 2]')",
        "print('{}')",
        "print('{\"error\": 1}')",
        'print(\'{"labels": [["a"]], "rows": 1}\', end="")',
        'print(\'{"labels": [["a"]], "rows": 2}\\n[1]\', end="")',
        'print(\'{"labels": [["a"], ["b", "c"]], "rows": 1}\\n[1]\\n[2]\', end="")',
        'print(\'{"labels": [[1]], "rows": 1}\\n[1]\', end="")',
        'print(\'{"labels": [[]], "rows": 1}\\n[1]\', end="")',
        'print(\'{"labels": [["a"]], "rows": 1}\\n[[1]]\', end="")',
        'print(\'{"labels": [["a"]], "rows": true}\\n{"0": 1}\', end="")',
        'print(\'{"labels": [["a"]], "rows": 1}\\n[1]\', end="", flush=True); raise SystemExit(1)',
        "print('[' * 100_000)",
        "import sys; sys.stdout.buffer.write(bytes(range(256)))",
        'print(f\'{{"labels": [], "rows": {"9" * 5000}}}\')',
    ],
)
def test_whatever_the_process_answers_is_a_table_or_unreadable(script: Any, program: str) -> None:
    script(program)
    with pytest.raises(UnreadableError, match="the process that read it"):
        pickles.decode(b"x" * 1_000_000)


def test_a_process_that_takes_too_long_is_ended(script: Any) -> None:
    script("import time\nwhile True: time.sleep(1)")
    with pytest.raises(UnreadableError, match=r"longer than 0\.5 s"):
        pickles.decode(b"x", seconds=0.5)


def test_a_process_that_answers_without_end_is_ended(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpickle, "LARGEST", 2**20)
    script("import sys\nwhile True: sys.stdout.write('x' * 1000)")
    with pytest.raises(UnreadableError, match="more than 1 MiB"):
        pickles.decode(b"x")


def test_the_process_is_given_no_environment_and_no_folder_of_the_user(
    script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "PYTHONSTARTUP", "HOME", "PYTHONPATH"):
        monkeypatch.setenv(name, "secret")
    script(
        "import json, os, sys\n"
        "print(json.dumps({'labels': [['name']], 'rows': len(os.environ) + 1}))\n"
        "print(json.dumps([*os.environ, sys.flags.isolated]), end='')"
    )
    *names, isolated = cells(pickles.decode(b"x"))[0]
    assert set(names) <= {"OPENBLAS_NUM_THREADS", "LD_LIBRARY_PATH", "SYSTEMROOT", "LC_CTYPE"}
    assert isolated == 1


def test_a_process_that_cannot_be_started_is_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(UnreadableError, match="does not start: No such file"):
        pickles.decode(b"x")


@posix
def test_the_process_can_write_no_file_and_take_no_more_than_its_share(tmp_path: Path) -> None:
    program = (
        "import importlib.util, json, resource, sys\n"
        "spec = importlib.util.spec_from_file_location('unpickle', sys.argv[1])\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "module.limit()\n"
        "limits = {n: resource.getrlimit(getattr(resource, 'RLIMIT_' + n)) for n in ('AS', 'CPU', 'FSIZE', 'CORE')}\n"
        "try:\n"
        "    open(sys.argv[2], 'w', buffering=1).write('x\\n')\n"
        "    written = True\n"
        "except OSError:\n"
        "    written = False\n"
        "try:\n"
        "    bytearray(module.MEMORY)\n"
        "    taken = True\n"
        "except MemoryError:\n"
        "    taken = False\n"
        "print(json.dumps([limits, written, taken]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, unpickle.__file__, str(tmp_path / "out")], capture_output=True, check=True
    )
    limits, written, taken = json.loads(done.stdout)
    expected = {"AS": unpickle.MEMORY, "CPU": unpickle.SECONDS, "FSIZE": 0, "CORE": 0}
    assert limits == {name: [most, most] for name, most in expected.items()}
    assert (written, taken) == (False, False)


def test_the_names_on_the_list_do_nothing_but_make_tables() -> None:
    assert len(unpickle.NAMES) < 120
    modules = {module.split(".")[0] for module, _ in unpickle.NAMES}
    assert modules == {
        "pandas", "numpy", "pyarrow", "datetime", "zoneinfo", "pytz", "dateutil", "functools", "collections",
        "builtins", "__builtin__", "_codecs",
    }  # fmt: skip
    assert unpickle.NAMES["builtins", "getattr"] is not getattr

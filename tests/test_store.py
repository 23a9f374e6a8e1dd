"""Local tables: replaced as a whole or not at all, whoever else is at work, and wherever a run is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from colony import LATER, NOW, Colony, Ran, frame_of, mouse, rows_of, write_table
from colony import read_table as read_file
from hypothesis import given, settings
from hypothesis import strategies as st
from objects_conformance import CONFORMANCE

from autotrain_dsl import store
from autotrain_dsl.store import Access, beside, formats, open_state, read_table
from autotrain_dsl.store.base import Blob, ConflictError, Objects, StoreError, UnreadableError
from autotrain_dsl.store.local import LocalObjects
from autotrain_dsl.tables.stats import to_stats

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")
both = pytest.mark.parametrize("suffix", [".csv", ".parquet"])


def one(value: object) -> pd.DataFrame:
    return frame_of([{"a": value}])


# The port


def test_the_local_store_conforms_to_the_port(tmp_path: Path) -> None:
    assert CONFORMANCE
    for number, check in enumerate(CONFORMANCE):
        check(LocalObjects(tmp_path / str(number)))


@posix
def test_a_file_behind_a_link_is_replaced_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    version = LocalObjects(tmp_path / "share").put("t.csv", b"x", None)
    (tmp_path / "t.csv").symlink_to(tmp_path / "share" / "t.csv")
    LocalObjects(tmp_path).put("t.csv", b"y", version)
    assert (tmp_path / "t.csv").is_symlink()
    assert (tmp_path / "share" / "t.csv").read_bytes() == b"y"


def test_a_folder_is_made_only_where_its_parent_is(tmp_path: Path) -> None:
    LocalObjects(tmp_path / "new").put("a/b/c.csv", b"x", None)
    with pytest.raises(StoreError, match="there is no folder"):
        LocalObjects(tmp_path / "not" / "there").put("c.csv", b"x", None)
    assert not (tmp_path / "not").exists()


@pytest.mark.parametrize("key", ["", "../x.csv", "/x.csv", "a//x.csv", "a/../x.csv", "./x.csv", "a\nb.csv"])
def test_keys_that_lead_elsewhere_are_refused(tmp_path: Path, key: str) -> None:
    objects = LocalObjects(tmp_path / "inside")
    for call in (lambda: objects.put(key, b"x", None), lambda: objects.get(key), lambda: objects.delete(key)):
        with pytest.raises(StoreError):
            call()
    assert [path.name for path in tmp_path.rglob("*")] == []


def test_equal_tables_are_equal_bytes() -> None:
    for suffix in formats.SUFFIXES:
        assert formats.encode(one(1), suffix) == formats.encode(one(1), suffix)


def test_text_is_the_same_bytes_whatever_pandas_holds_it_in() -> None:
    plain = pd.DataFrame({"a": pd.Series(["x", "é", None], dtype=object), "n": [1, 2, 3]})
    again = formats.decode(formats.encode(plain, ".parquet"), ".parquet")
    assert formats.encode(again, ".parquet") == formats.encode(plain, ".parquet")


def test_a_companion_keeps_the_place_and_the_format() -> None:
    assert beside("x/df_manager.parquet", "stats") == "x/df_manager_stats.parquet"
    assert beside("s3://b/x/df.manager.pkl", "report", ".json") == "s3://b/x/df.manager_report.json"


@pytest.mark.parametrize("uri", ["a.xlsx", "table", "a.csv.gz", "", "s3://bucket", "s3://", "ftp://host/a.csv"])
def test_other_places_and_formats_are_wrong_use(uri: str) -> None:
    for opened in (read_table, open_state):
        with pytest.raises(StoreError) as caught:
            opened(uri, Access())
        assert caught.value.wrong_use


@both
def test_a_folder_in_place_of_a_table_is_an_error_and_not_none(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"t{suffix}").mkdir()
    with pytest.raises(StoreError):
        read_table(str(tmp_path / f"t{suffix}"), Access())
    with pytest.raises(StoreError):
        LocalObjects(tmp_path).put(f"t{suffix}", b"x", None)


@posix
@both
def test_a_table_that_may_not_be_read_is_an_error_and_not_none(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    path.symlink_to(path)  # a loop, which not even root can read
    with pytest.raises(StoreError):
        read_table(str(path), Access())


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"PAR1", b"<html><body>404</body></html>", b"\x1f\x8b\x08\0", b"PAR1PAR1"]
)
def test_bytes_that_are_no_parquet_are_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        formats.decode(content, ".parquet")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\0a", b'a,b\n"1,2\n', b"a,b\n1,2,3,4\n1,2\n"])
def test_bytes_that_are_no_csv_are_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        formats.decode(content, ".csv")


def test_a_csv_whose_rows_are_longer_than_its_header_is_unreadable() -> None:
    with pytest.raises(UnreadableError):  # and not: the first column taken for an index, every value one column off
        formats.decode(b"subject_id,session,finished_trials\nm1,1,250,0.7\nm2,1,250,0.7\n", ".csv")


def test_a_csv_whose_rows_are_shorter_than_its_header_is_unreadable() -> None:
    with pytest.raises(UnreadableError):  # a file that was cut, not a session without metrics
        formats.decode(b"subject_id,session,finished_trials\nm1,1,250\nm1,2\n", ".csv")


def test_a_csv_with_a_byte_order_mark_and_windows_lines_is_read() -> None:
    frame = formats.decode(b"\xef\xbb\xbfsubject_id,session\r\n007,1\r\n", ".csv")
    assert frame.to_dict("list") == {"subject_id": ["007"], "session": ["1"]}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_whatsoever_raise_something_else(content: bytes) -> None:
    for suffix in (".parquet", ".csv"):
        with contextlib.suppress(UnreadableError):
            formats.decode(content, suffix)


# Runs that meet

COLONY = [*mouse("a", [250, 350, 350]), *mouse("b", [250, 90])]


def stats_follow(colony: Colony) -> bool:
    """Whether df_manager_stats says what df_manager says."""
    expected = to_stats(colony.manager).reset_index()
    found = read_file(colony.stats_path)
    found = found.reset_index() if found.index.nlevels > 1 else found
    return bool(expected.astype(str).to_dict("list") == found.astype(str).to_dict("list"))


@dataclass(frozen=True)
class Interrupted:
    """Objects beside whose first write of a key something else happens, just before or just after it."""

    objects: Objects
    key: str
    then: list[Callable[[], object]]
    before: bool

    @property
    def uri(self) -> str:
        return self.objects.uri

    def get(self, key: str) -> Blob | None:
        return self.objects.get(key)

    def put(self, key: str, content: bytes, replaces: str | None) -> str:
        if self.before and key == self.key:
            self._happen()
        version = self.objects.put(key, content, replaces)
        if key == self.key:
            self._happen()
        return version

    def keys(self, prefix: str = "") -> list[str]:
        return self.objects.keys(prefix)

    def delete(self, key: str) -> None:
        self.objects.delete(key)

    def ensure(self) -> None:
        self.objects.ensure()

    def probe(self) -> None:
        self.objects.probe()

    def _happen(self) -> None:
        while self.then:
            self.then.pop()()


def wrapped(monkeypatch: pytest.MonkeyPatch, wrap: Callable[[Objects], Objects]) -> None:
    """Have every local store that is opened from now on wrapped."""
    monkeypatch.setattr(store, "LocalObjects", lambda root, links: wrap(LocalObjects(root, links)))


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("key", ["HEAD.json", "df_manager", "df_manager_stats"])
@both
def test_a_run_in_the_middle_of_another_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, key: str, before: bool
) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    colony.behave(COLONY)
    then: list[Callable[[], object]] = [lambda: colony.run("--subject", "b")]
    key = key if key.endswith(".json") else key + suffix
    wrapped(monkeypatch, lambda objects: Interrupted(objects, key, then, before))
    ran = colony.run("--subject", "a")
    assert (ran.code, then) == (0, [])
    assert colony.told("subject_id", "session") == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2)]
    assert stats_follow(colony)


@dataclass(frozen=True)
class Busy(Interrupted):
    """Objects in which another run is always faster."""

    def put(self, key: str, content: bytes, replaces: str | None) -> str:
        if key == self.key:
            raise ConflictError("changed")
        return self.objects.put(key, content, replaces)


def test_a_run_gives_up_when_others_are_always_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colony = Colony.at(tmp_path / "colony")
    colony.behave(COLONY)
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    wrapped(monkeypatch, lambda objects: Busy(objects, "HEAD.json", [], before=False))
    ran = colony.run()
    assert (ran.code, colony.files()) == (3, {})
    assert "gave up after 20 tries" in ran.err
    assert len(waited) == 20
    assert all(0 < seconds <= 2 for seconds in waited)


@dataclass(frozen=True)
class Failing(Interrupted):
    """Objects of which one cannot be written."""

    def put(self, key: str, content: bytes, replaces: str | None) -> str:
        if key == self.key:
            raise StoreError(f"cannot write `{key}`: the disk is gone")
        return self.objects.put(key, content, replaces)


@pytest.mark.parametrize("which", ["HEAD.json", "df_manager.csv", "df_manager_stats.csv", "df_manager_superseded.csv"])
def test_a_table_that_cannot_be_written_is_made_up_for_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    disturbed, undisturbed = (Colony.at(tmp_path / name) for name in ("disturbed", "undisturbed"))
    _corrected_later(disturbed)
    _corrected_later(undisturbed)
    with monkeypatch.context() as patch:
        wrapped(patch, lambda objects: Failing(objects, which, [], before=False))
        before = disturbed.files()
        ran = disturbed.run("--correct", "--now", LATER)
        assert ran.code == 3
        assert "the disk is gone" in ran.err
        assert (disturbed.files() == before) == ("nothing was changed" in ran.err)
        assert ("the decisions are published" in ran.err) == (which != "HEAD.json")
    assert disturbed.run("--correct", "--now", LATER).code == undisturbed.run("--correct", "--now", LATER).code == 0
    assert disturbed.files() == undisturbed.files()


def _corrected_later(colony: Colony) -> None:
    """A colony with something to judge and something to correct."""
    colony.judge(COLONY[:4])
    changed = [dict(row) for row in COLONY]
    changed[1]["finished_trials"] = 50
    colony.behave(changed)


def test_two_corrections_in_the_same_second_keep_both_revisions(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    rows = mouse("m1", [250, 350])
    for trials in (350, 90, 120, 80):
        rows[1]["finished_trials"] = trials
        ran = colony.judge(rows, "--correct", "--now", NOW)
        assert ran.code == 0, ran.out
    assert [int(n) for n in read_file(colony.superseded_path).query("session == 2")["finished_trials"]] == [
        350,
        90,
        120,
    ]
    assert [int(n) for n in colony.manager["finished_trials"]] == [250, 80]


# Processes


def start(colony: Colony, *options: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "autotrain_dsl", *colony.arguments(*options)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("round_", range(3))
def test_two_processes_at_once_lose_and_double_nothing(tmp_path: Path, round_: int) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=".csv" if round_ % 2 else ".parquet")
    colony.behave(COLONY)
    if round_ > 1:
        colony.run("--subject", "c")  # df_manager is there already
    running = [start(colony, "--subject", subject) for subject in ("a", "b")]
    ends = [each.communicate()[1] for each in running]
    assert [each.returncode for each in running] == [0, 0], ends
    assert colony.told("subject_id", "session") == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2)]
    assert stats_follow(colony)
    assert not [path.name for path in colony.folder.iterdir() if path.name.endswith(".new")]


def test_processes_that_judge_the_same_sessions_double_nothing(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    colony.behave(COLONY)
    running = [start(colony) for _ in range(2)]
    ends = [each.communicate()[1] for each in running]
    assert [each.returncode for each in running] == [0, 0], ends
    alone = Colony.at(tmp_path / "alone")
    alone.judge(COLONY)
    assert colony.files() == alone.files()


# Killed and cut off. The program below runs the command and kills itself at the n-th of the calls by which a table
# gets into its place.

_KILLED = """
import os, signal, sys
from autotrain_dsl.cli import main
left = int(sys.argv.pop(1))
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are started without
def counted(function):
    def call(*arguments, **options):
        global left
        for _ in range(2):  # before it and after it
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            if _ == 0:
                result = function(*arguments, **options)
        return result
    return call
os.fsync, os.replace = counted(os.fsync), counted(os.replace)
main.run()
"""
_LIMITED = """
import resource, sys
from autotrain_dsl.cli import main
limit = int(sys.argv.pop(1))
import pandas, pyarrow.parquet
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
main.run()
"""


def within(program: str, number: int, colony: Colony, *options: str) -> Ran:
    line = [sys.executable, "-c", program, str(number), *colony.arguments(*options)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


@posix
def test_a_killed_run_is_made_up_for_by_the_next(tmp_path: Path) -> None:
    undisturbed = Colony.at(tmp_path / "undisturbed")
    _corrected_later(undisturbed)
    undisturbed.run("--correct", "--now", LATER)
    finished = 0
    for point in (1, 4, 9, 10, 15, 99):
        colony = Colony.at(tmp_path / f"killed_{point}")
        _corrected_later(colony)
        before = {name: content for name, content in colony.files().items() if name == "df_manager.csv"}
        ran = within(_KILLED, point, colony, "--correct", "--now", LATER)
        finished += ran.code == 0
        assert ran.code in (-signal.SIGKILL, 0), ran.err
        assert colony.manager_path.read_bytes() in (*before.values(), undisturbed.manager_path.read_bytes())
        assert colony.run("--correct", "--now", LATER).code == 0
        assert colony.files() == undisturbed.files(), point
    assert finished == 1  # the last one; every other point was really met


@posix
def test_an_interrupted_run_leaves_nothing_half_written(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    colony.judge(COLONY[:1])
    before = colony.files()
    colony.behave(COLONY)
    ran = within(_KILLED.replace("SIGKILL", "SIGINT"), 1, colony)
    assert (ran.code, ran.out) == (130, "")
    assert "Traceback" not in ran.err
    assert colony.files() == before


@posix
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_full_disk_leaves_the_table_as_it_was(tmp_path: Path, suffix: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    colony.judge(COLONY[:1])
    before = colony.files()
    colony.behave([*COLONY, *mouse("c", [250] * 30)])
    ran = within(_LIMITED, len(before[colony.manager_path.name]) + 100, colony)
    assert ran.code == 3, ran.err
    assert "nothing was changed" in ran.err
    assert "Traceback" not in ran.err
    assert colony.files() == before
    assert colony.run().code == 0
    assert len(colony.manager) == 35


# Derived tables


_SPOILT: dict[str, Callable[[Path], object]] = {
    "removed": lambda path: path.unlink(),
    "another table": lambda path: path.write_text("subject_id,session_spent\nx,1\n", "utf-8"),
    "a row lost": lambda path: write_table(read_file(path).head(1), path),
    "empty": lambda path: path.write_bytes(b""),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("spoil", _SPOILT.values(), ids=_SPOILT)
def test_stats_that_somebody_spoilt_are_made_again(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    colony = Colony.at(tmp_path / "colony")
    colony.judge(COLONY)
    good = colony.files()
    spoil(colony.stats_path)
    assert colony.run().code == 0
    assert colony.files() == good


@both
def test_rows_survive_any_number_of_runs(tmp_path: Path, suffix: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    for end in range(1, len(COLONY) + 1):
        colony.judge(COLONY[:end])
    alone = Colony.at(tmp_path / "alone", suffix=suffix)
    alone.judge(COLONY)
    assert rows_of(colony.manager) == rows_of(alone.manager)
    assert colony.files() == alone.files()

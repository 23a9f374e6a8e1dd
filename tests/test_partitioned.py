"""A colony in parts: the same rows as in one table, published all at once, whatever becomes of a part."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from colony import LATER, NOW, ROOT, TINY, TINY_2, Colony, Ran, Record, command, frame_of, mouse, session

from autotrain_dsl import partitioned, tally
from autotrain_dsl.catalog import Catalog, build
from autotrain_dsl.judging import Options
from autotrain_dsl.nightly import Job
from autotrain_dsl.partitioned import Done, Here, Task, judge_part
from autotrain_dsl.store import Access, in_parts
from autotrain_dsl.store.base import ConflictError, StoreError
from autotrain_dsl.store.seals import sealed
from autotrain_dsl.tables.behavior import Layout
from autotrain_dsl.tables.issues import TableError


@dataclass(frozen=True)
class Parts:
    """A folder with curriculums, and tables in parts."""

    colony: Colony

    @property
    def folder(self) -> Path:
        return self.colony.folder

    def behave(self, **parts: Sequence[Record]) -> None:
        for name, rows in parts.items():
            path = self.folder / "behavior" / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            frame_of(rows).convert_dtypes().to_parquet(path)

    def run(self, *options: str, verb: str = "evaluate", output: str = "json") -> Ran:
        tables = ["--behavior", f"{self.folder}/behavior/", "--manager", f"{self.folder}/manager/"]
        times = ["--now", NOW] if verb == "evaluate" else []
        basis = [verb, "--curriculums", str(self.folder / "curriculums"), *tables, *times]
        return command(*basis, "--format", output, *options)

    @property
    def head(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "manager" / "HEAD.json").read_text("utf-8"))
        return content

    def table(self, kind: str = "manager") -> pd.DataFrame:
        """The rows in force, as a reader gets them."""
        keys = [part[kind] for part in self.head["parts"].values() if part[kind]]
        return pd.concat([pd.read_parquet(self.folder / "manager" / key) for key in keys], ignore_index=True)

    def kept(self) -> list[str]:
        found = self.folder.glob("manager/parts/*/*.parquet")
        return sorted(path.relative_to(self.folder / "manager").as_posix() for path in found)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(Colony.at(tmp_path / "lab", TINY, TINY_2))


ONE = [*mouse("a", [250, 350, 350]), *mouse("b", [250, 90])]
TWO = [*mouse("c", [250, 350, 90, 350]), *mouse("d", [None, 250])]


def test_parts_hold_the_rows_that_one_table_holds(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    ran = parts.run()
    assert (ran.code, ran.report["written"], ran.report["generation"]) == (0, [f"{parts.folder}/manager/"], 1)
    assert [row["session"] for row in ran.report["judged"]] == [1, 2, 3, 1, 2, 1, 2, 3, 4, 1, 2]
    parts.colony.judge([*ONE, *TWO])
    expected = parts.colony.manager
    for column in ("subject_id", "session", "decision", "next_stage_suggested", "reason", "metrics", "basis", "rule"):
        assert parts.table()[column].tolist() == expected[column].tolist()
    spent = pd.read_csv(parts.colony.stats_path)["session_spent"].tolist()
    assert parts.table("stats")["session_spent"].tolist() == spent


def test_a_second_night_judges_what_is_new_and_leaves_the_other_part(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    assert parts.run().code == 0
    first = parts.head
    again = parts.run()
    assert (again.report["summary"]["judged"], again.report["written"], parts.head) == (0, [], first)
    parts.behave(one=[*ONE, session(4, 90, subject_id="a")])
    later = parts.run()
    assert [(row["subject_id"], row["session"]) for row in later.report["judged"]] == [("a", 4)]
    assert (later.report["rows"], later.report["generation"]) == (12, 2)
    assert parts.head["parts"]["two"] == first["parts"]["two"]
    assert parts.head["parts"]["one"]["manager"].startswith("parts/000002/one-")


def test_corrections_keep_what_they_replace(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    parts.run()
    for trials, now in ((20, LATER), (40, LATER)):
        parts.behave(one=[session(1, trials, subject_id="a"), *ONE[1:]])
        stale = parts.run()
        assert (stale.code, stale.codes("stale")[0]) == (1, ("ATD511", "a", 1))
        assert parts.run("--correct", "--now", now).report["summary"]["corrected"] > 0
    old = parts.table("superseded")
    assert sorted(set(old["superseded_in"])) == [2, 3]
    assert parts.run(verb="verify-state").report["superseded_rows"] == len(old)
    revisions = command("history", "a", "--manager", f"{parts.folder}/manager/", "--session", "1", "--format", "json")
    assert len(revisions.report["managers"][0]["revisions"]) == 3


def test_what_is_kept_is_checked_and_explained(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    parts.run()
    checked = parts.run(verb="verify-state").report
    assert (checked["rows"], checked["same"], checked["damaged"], checked["differing"]) == (11, 11, [], [])
    tables = ["--curriculums", str(parts.folder / "curriculums"), "--manager", f"{parts.folder}/manager/"]
    assert "mouse c, session 4" in command("explain", "c", *tables).out
    key = parts.head["parts"]["two"]["manager"]
    (parts.folder / "manager" / key).write_bytes(b"no table")
    damaged = parts.run(verb="verify-state")
    assert (damaged.code, key in damaged.out) == (1, True)
    night = parts.run()
    assert (night.code, "is damaged" in night.out) == (1, True)


def test_a_dry_run_keeps_nothing(parts: Parts) -> None:
    parts.behave(one=ONE)
    ran = parts.run("--dry-run")
    assert (ran.code, ran.report["summary"]["judged"], ran.report["rows"]) == (0, 5, 5)
    assert not (parts.folder / "manager").exists()


def test_a_part_that_cannot_be_read_stops_no_other(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    (parts.folder / "behavior" / "one.parquet").write_bytes(b"no table")
    ran = parts.run()
    assert (ran.code, ran.report["rows"]) == (1, 6)
    assert ran.report["not_judged"][0]["message"].startswith("part `one`: ")
    parts.behave(one=[{"mouse": "a", "session": 1}])
    assert "no column subject_id" in parts.run().report["not_judged"][0]["message"]


def test_a_part_that_is_gone_keeps_its_rows(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    parts.run()
    (parts.folder / "behavior" / "one.parquet").unlink()
    parts.behave(two=[*TWO, session(5, 90, subject_id="c")])
    ran = parts.run()
    assert (ran.code, ran.report["rows"]) == (1, 12)
    assert "one.parquet` is gone; its rows stay as they are" in ran.report["not_judged"][0]["message"]


def test_a_mouse_in_two_parts_is_refused(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    parts.run()
    before = parts.head
    parts.behave(two=[*TWO, session(4, 250, subject_id="a")])
    ran = parts.run()
    assert ran.code == 1
    assert "mouse a: it is in the parts `one` and `two`" in ran.out
    assert parts.head == before


def test_options_about_mice_reach_the_part_that_has_them(parts: Parts) -> None:
    rows = [*mouse("a", [250, 350]), session(3, 250, subject_id="a", curriculum_version="2.0")]
    parts.behave(one=rows, two=TWO)
    assert parts.run().codes() == [("ATD507", "a", 3)]
    ran = parts.run("--place", "a=STAGE_TWO", "--place", "nobody=STAGE_1")
    assert (ran.report["not_judged"], ran.codes("warnings")) == ([], [("ATD518", "nobody", None)])
    asked = parts.run("--rerun", "--subject", "c", "--subject", "zz")
    assert (asked.report["summary"]["corrected"], asked.codes()) == (4, [("ATD513", "zz", None)])
    assert asked.report["summary"]["mice"] == 1


def test_a_lost_head_is_not_an_empty_table(parts: Parts) -> None:
    parts.behave(one=ONE)
    parts.run()
    parts.behave(one=[*ONE, session(4, 90, subject_id="a")])
    parts.run()
    head = parts.folder / "manager" / "HEAD.json"
    content = head.read_bytes()
    for bad in (None, b"{}", content.replace(b'"generation": 2', b'"generation": 3'), content[:-5]):
        head.unlink() if bad is None else head.write_bytes(bad)
        ran = parts.run()
        assert (ran.code, "HEAD.json" in ran.out) == (1, True)
        assert "heads/" in ran.out or "no head of a table in parts" in ran.out
    newest = parts.folder / "manager" / "heads" / "000002.json"
    assert newest.read_bytes() == content
    head.write_bytes(newest.read_bytes())
    assert parts.run().report["generation"] == 2


def test_an_older_head_put_back_is_told(parts: Parts) -> None:
    rows = list(ONE)
    for night in (4, 5, 6):
        rows.append(session(night, 90, subject_id="a"))
        parts.behave(one=rows)
        parts.run()
    folder = parts.folder / "manager"
    (folder / "HEAD.json").write_bytes((folder / "heads" / "000001.json").read_bytes())
    ran = parts.run()
    assert (ran.code, "is of generation 1, but `heads/000003.json` is there" in ran.out) == (1, True)
    for number in (2, 3):  # somebody wants to go back
        (folder / "heads" / f"00000{number}.json").unlink()
    assert parts.run().report["generation"] == 2


def test_rows_of_another_table_are_not_passed_over(parts: Parts) -> None:
    parts.behave(one=ONE)
    (parts.folder / "manager").mkdir()
    frame_of(ONE).convert_dtypes().to_parquet(parts.folder / "manager" / "one.parquet")
    ran = parts.run()
    assert (ran.code, "rows of another table are not taken over; name an empty folder" in ran.out) == (1, True)


def test_very_many_doubled_mice_are_not_all_named(parts: Parts) -> None:
    rows = [row for number in range(30) for row in mouse(f"m{number:02d}", [250])]
    parts.behave(one=rows, two=rows)
    ran = parts.run()
    assert (ran.out.count("it is in the parts"), "and 10 more mice like these" in ran.out) == (20, True)


def test_the_first_head_is_missed_like_any_other(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    parts.run()
    (parts.folder / "manager" / "HEAD.json").unlink()
    parts.behave(one=ONE[:1], two=TWO)
    ran = parts.run()
    assert (ran.code, "HEAD.json` is gone, although there are parts" in ran.out) == (1, True)


GOOD = f"parts/000001/x-{'0' * 64}.parquet"


@pytest.mark.parametrize(
    "change",
    [
        {"parts": None}, {"parts": []}, {"parts": {"one": "x"}}, {"parts": {"one": {}}}, {"generation": "1"},
        {"generation": True}, {"generation": 1.5}, {"generation": -3}, {"generation": None}, {"generation": 0},
        *({"parts": {"one": {"manager": key, "stats": key, "superseded": None, "rows": 1}}} for key in (
            "../x", "/etc/passwd", "", 5, None, "HEAD.json", f"parts/000001/../../x-{'0' * 64}.parquet",
        )),
        {"parts": {"one": {"manager": GOOD, "stats": GOOD, "superseded": 5, "rows": 1}}},
        {"parts": {"one": {"manager": GOOD, "stats": GOOD, "superseded": None, "rows": "1"}}},
    ],
)  # fmt: skip
def test_a_head_that_says_something_odd_is_damaged(parts: Parts, change: dict[str, Any]) -> None:
    parts.behave(one=ONE)
    parts.run()
    head = {key: value for key, value in parts.head.items() if key != "sha256"}
    (parts.folder / "manager" / "HEAD.json").write_bytes(sealed({**head, **change}))
    ran = parts.run()
    assert (ran.code, "does not say which parts there are" in ran.out) == (1, True)


def test_a_damaged_old_head_keeps_no_night_from_counting(parts: Parts) -> None:
    rows = list(ONE)
    for night in (4, 5, 6):
        rows.append(session(night, 90, subject_id="a"))
        parts.behave(one=rows)
        assert parts.run().code == 0
        (parts.folder / "manager" / "heads" / "000001.json").write_bytes(b"{}")
    assert len(parts.kept()) == 6  # none is removed while nobody knows what that head needs
    checked = parts.run(verb="verify-state")
    assert (checked.code, "heads/000001.json` is damaged" in checked.out) == (1, True)


def test_a_folder_that_cannot_be_listed_is_not_empty(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    parts.behave(one=ONE)
    parts.run()
    scandir = os.scandir

    def refused(path: Any) -> Any:
        if str(path).endswith("behavior"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    ran = parts.run()
    assert (ran.code, "Permission denied" in ran.err) == (3, True)


def test_a_mouse_is_not_judged_again_elsewhere_because_its_part_cannot_be_read(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    parts.run()
    before = parts.head
    (parts.folder / "behavior" / "one.parquet").write_bytes(b"half of an upload")
    parts.behave(two=[*TWO, *mouse("a", [250, 350])])
    moved = parts.run()
    assert (moved.code, parts.head) == (1, before)
    assert "its sessions are in the part `two` now, but it was judged in `one`: put them back there" in moved.out


def test_names_of_columns_and_an_index_are_minded(parts: Parts) -> None:
    frame = frame_of(ONE).convert_dtypes().rename(columns={"subject_id": "mouse"})
    parts.behave(one=ONE)
    frame.to_parquet(parts.folder / "behavior" / "one.parquet")
    work = job_of(parts, layout=Layout({"subject_id": "mouse"}))
    asked = partitioned.run(replace(work, options=replace(work.options, subjects=frozenset("a"))), Here(), nothing)
    assert (asked.tally.judged, asked.outcome.unjudged) == (3, ())
    for name in ("one", "two"):
        frame_of(ONE).convert_dtypes().set_index("subject_id").to_parquet(parts.folder / "behavior" / f"{name}.parquet")
    assert "it is in the parts `one` and `two`" in parts.run().out


def test_files_with_odd_names_stop_no_part(parts: Parts) -> None:
    parts.behave(**{"one": ONE, "line\nbreak": TWO, "x" * 151: TWO, "a-stats": mouse("z", [250])})
    (parts.folder / "behavior" / ".hidden.parquet").write_bytes(b"no table")
    (parts.folder / "behavior" / "notes.txt").write_bytes(b"no table")
    (parts.folder / "behavior" / "deep").mkdir()
    frame_of(mouse("y", [250])).convert_dtypes().to_parquet(parts.folder / "behavior" / "deep" / "UPPER.PARQUET")
    ran = parts.run()
    assert (ran.code, sorted(parts.head["parts"]), ran.report["rows"]) == (1, ["a-stats", "deep/UPPER", "one"], 7)
    assert [("cannot be the name of a part" in each["message"]) for each in ran.report["not_judged"]] == [True, True]
    assert parts.run(verb="verify-state").code == 0


def test_a_table_of_other_mice_is_told(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    parts.run()
    parts.behave(one=mouse("n", [250]), two=mouse("o", [250]))
    assert [code for code, *_ in parts.run().codes("warnings")] == ["ATD519"]


def test_names_that_are_lists_are_told_like_any_other(parts: Parts) -> None:
    parts.behave(one=ONE)
    rows = frame_of([{**row, "subject_id": [row["subject_id"]]} for row in ONE])
    rows.to_parquet(parts.folder / "behavior" / "two.parquet")
    assert parts.run().code in (0, 1)
    assert parts.head["parts"]["one"]["rows"] == 5


def test_parts_that_are_not_where_they_should_be_are_not_put_in_force(parts: Parts) -> None:
    parts.behave(one=ONE)

    def elsewhere() -> None:
        for path in parts.folder.glob("manager/parts/*/one-*"):
            path.unlink()

    with pytest.raises(StoreError, match="is not there, although a worker has written it"):
        partitioned.run(job_of(parts), Meddled(elsewhere), nothing)
    assert parts.head["generation"] == 0


def test_workers_get_whole_paths(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    parts.behave(one=ONE)
    monkeypatch.chdir(parts.folder)
    seen: list[Task] = []

    class Watched:
        def judged(self, catalog: Catalog, tasks: list[Task]) -> Iterator[Done]:
            seen.extend(tasks)
            return Here().judged(catalog, tasks)

    job = replace(job_of(parts), behavior_uri="behavior/", manager_uri="manager/")
    assert partitioned.run(job, Watched(), nothing).written == ("manager/",)
    assert (seen[0].behavior_uri, seen[0].manager_uri) == (f"{parts.folder}/behavior/", f"{parts.folder}/manager/")


def test_doctor_and_explain_know_parts(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)
    parts.run()
    tables = ["--curriculums", str(parts.folder / "curriculums"), "--behavior", f"{parts.folder}/behavior/"]
    tables += ["--manager", f"{parts.folder}/manager/"]
    assert command("doctor", *tables).code == 0
    parts.behave(two=[*TWO, *mouse("a", [250])])
    doubled = command("doctor", *tables)
    assert (doubled.code, "it is in the parts `one` and `two`" in doubled.out) == (1, True)
    (parts.folder / "behavior" / "two.parquet").unlink()
    gone = command("doctor", *tables)
    assert (gone.code, "two.parquet` is gone" in gone.out) == (1, True)
    parts.behave(two=TWO)
    parts.behave(one=[*ONE, session(4, -5, subject_id="a")])
    assert "a later session has no decision: session 4: ATD" in command("explain", "a", *tables).out


def test_old_parts_are_removed_and_none_that_is_needed(parts: Parts) -> None:
    rows = list(ONE)
    kept = replace(Access(), kept=2)
    for night in range(4, 9):
        rows.append(session(night, 90, subject_id="a"))
        parts.behave(one=rows, two=TWO)
        partitioned.run(job_of(parts, access=kept), Here(), lambda _: lambda _: None)
    generations = sorted({key.split("/")[1] for key in parts.kept()})
    assert generations == ["000001", "000004", "000005"]  # the first one holds the other part
    assert sorted(p.name for p in parts.folder.glob("manager/heads/*.json")) == ["000004.json", "000005.json"]
    assert parts.run(verb="verify-state").report["damaged"] == []


def job_of(parts: Parts, **more: Any) -> Job:
    identity = iter(range(100))
    compiled = more.pop("catalog", None) or _compiled(parts)
    return Job(
        compiled, f"{parts.folder}/behavior/", f"{parts.folder}/manager/", Options(NOW, "test"),
        new_id=lambda: f"{id(identity)}-{next(identity)}", wait=lambda _: None, **more,
    )  # fmt: skip


def _compiled(parts: Parts) -> Catalog:
    return build([parts.folder / "curriculums"])


def nothing(_parts: int) -> Any:
    return lambda _: None


class Meddled:
    """An engine during which somebody does something, once."""

    def __init__(self, meddle: Any) -> None:
        self.meddle, self.runs = meddle, 0

    def judged(self, catalog: Catalog, tasks: list[Task]) -> Iterator[Done]:
        self.runs += 1
        yield from Here().judged(catalog, tasks)
        if self.runs == 1:
            self.meddle()


def test_two_runs_at_once_lose_and_double_nothing(parts: Parts) -> None:
    parts.behave(one=ONE, two=TWO)

    def other() -> None:
        partitioned.run(job_of(parts), Here(), nothing)

    engine = Meddled(other)
    result = partitioned.run(job_of(parts), engine, nothing)
    assert (engine.runs, result.generation, result.rows, result.tally.judged) == (2, 1, 11, 0)
    assert len(parts.table().drop_duplicates(["subject_id", "session"])) == len(parts.table()) == 11


def test_a_run_gives_up_where_others_are_always_faster(parts: Parts) -> None:
    rows = list(ONE)

    class Faster:
        def judged(self, catalog: Catalog, tasks: list[Task]) -> Iterator[Done]:
            rows.append(session(len(rows), 90, subject_id="a"))
            parts.behave(one=rows)
            yield from Here().judged(catalog, tasks)
            partitioned.run(job_of(parts), Here(), nothing)

    parts.behave(one=rows)
    with pytest.raises(StoreError, match="gave up after 3 tries"):
        partitioned.run(job_of(parts, tries=3), Faster(), nothing)


def test_a_part_that_is_judged_twice_is_written_once(parts: Parts) -> None:
    parts.behave(one=ONE)

    class Twice:
        def judged(self, catalog: Catalog, tasks: list[Task]) -> Iterator[Done]:
            first = [judge_part(task, catalog) for task in tasks]
            second = [judge_part(task, catalog) for task in reversed(tasks)]
            assert [each.part for each in first] == [each.part for each in second][::-1]
            return iter(second)

    partitioned.run(job_of(parts), Twice(), nothing)
    assert len(parts.kept()) == 2
    assert parts.head["parts"]["one"]["rows"] == 5


def test_a_run_that_dies_before_it_publishes_leaves_the_table_as_it_was(parts: Parts) -> None:
    parts.behave(one=ONE)
    parts.run()
    before = parts.head
    parts.behave(one=[*ONE, session(4, 90, subject_id="a")], two=TWO)

    def die() -> None:
        raise StoreError("the power went")

    with pytest.raises(StoreError):
        partitioned.run(job_of(parts), Meddled(die), nothing)
    assert (parts.head, len(parts.table())) == (before, 5)
    assert parts.run().report["rows"] == 12
    assert parts.run(verb="verify-state").report["damaged"] == []


def test_a_commit_whose_reply_was_lost_counts(parts: Parts) -> None:
    parts.behave(one=ONE)
    state = in_parts(f"{parts.folder}/manager/", Access())
    parts.run()
    head = state.head()
    once = state.commit(head, head.parts, "x", NOW, "test")
    assert state.commit(head, head.parts, "x", NOW, "test").parts == once.parts
    further = state.commit(once, once.parts, "z", NOW, "test")
    assert state.commit(head, head.parts, "x", NOW, "test").generation == further.generation - 1
    with pytest.raises(ConflictError):
        state.commit(head, head.parts, "y", NOW, "test")


def test_another_version_of_the_program_is_refused(parts: Parts) -> None:
    task = Task("one", "one.parquet", None, 1, "b/", "m/", Options(NOW, "t"), job_of(parts).layout, Access())
    with pytest.raises(StoreError, match="install the same on both"):
        judge_part(task, _compiled(parts), "0.0.0")


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        (["--behavior", "b/", "--manager", "m.csv"], "must both be folders of parts"),
        (["--behavior", "b.csv", "--manager", "m/"], "must both be folders of parts"),
        (["--behavior", "b.csv", "--manager", "m.csv", "--engine", "dask"], "`m.csv` is one table"),
        (["--behavior", "b/", "--manager", "m/", "--scheduler", "tcp://127.0.0.1:1"], "add --engine dask"),
        (["--behavior", "b/", "--manager", "b/"], "they must be different tables"),
        (["--behavior", "b/", "--manager", "b/m/"], "would be mixed with it"),
        (["--behavior", "b/", "--manager", "m/"], "there is no .parquet file in `b/`"),
        (["--behavior", "b/", "--manager", "m/", "--adopt"], "there is nothing to --adopt"),
        (["--behavior", "s3://b/", "--manager", "s3://b/m/"], "would be mixed with it"),
        (["--behavior", "b/", "--manager", "s3://"], "`s3://`"),
    ],
)
def test_what_does_not_go_together_is_said(parts: Parts, tables: list[str], says: str) -> None:
    ran = command("evaluate", "--curriculums", str(parts.folder / "curriculums"), *tables)
    assert ran.code in (2, 3)
    assert says in ran.err


def test_a_configuration_names_folders_of_parts(parts: Parts) -> None:
    parts.behave(one=ONE)
    lab = {"curriculums": "curriculums", "behavior": "behavior/", "manager": "manager/"}
    path = parts.folder / "autotrain.yaml"
    path.write_text(json.dumps({"dsl_version": 1, "managers": {"lab": lab}}), "utf-8")
    assert command("evaluate", "--config", str(path)).code == 0
    assert parts.head["parts"]["one"]["rows"] == 5
    assert "judged 5 sessions" not in command("evaluate", "--config", str(path)).out
    path.write_text(json.dumps({"dsl_version": 1, "managers": {"lab": {**lab, "stats": "s.csv"}}}), "utf-8")
    refused = command("evaluate", "--config", str(path))
    assert (refused.code, "without stats, exports or mirrors" in refused.err) == (2, True)


def test_the_first_sessions_of_all_parts_are_listed(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "LISTED", 4)
    parts.behave(one=[*mouse("a", [250, 350]), *mouse("d", [250])], two=mouse("b", [None, 250]), three=mouse("c", [1]))
    report = parts.run().report
    listed = [(row["subject_id"], row["session"]) for row in report["judged"]]
    assert listed == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert (report["summary"]["judged"], report["judged_not_listed"]) == (6, 2)
    assert (report["summary"]["held_for_missing_data"], report["summary"]["progressed"]) == (1, 3)


def test_the_page_about_large_colonies_does_what_it_says(parts: Parts) -> None:
    page = (ROOT / "docs" / "scaling.md").read_text("utf-8")
    cut, joined = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    frame_of([*ONE, *TWO]).convert_dtypes().to_parquet(parts.folder / "df_behavior.parquet")
    tables = ["--behavior", f"{parts.folder}/df_behavior/", "--manager", f"{parts.folder}/df_manager/"]
    subprocess.run([sys.executable, "-c", cut], cwd=parts.folder, check=True)
    assert command("evaluate", "--curriculums", str(parts.folder / "curriculums"), *tables).code == 0
    counted = [sys.executable, "-c", f"{joined}print(len(table), table['subject_id'].nunique())"]
    assert subprocess.run(counted, cwd=parts.folder, check=True, capture_output=True, text=True).stdout == "11 4\n"


def test_many_parts_are_one_colony(parts: Parts) -> None:
    chance = Random(1)
    rows = {
        f"p{number}": [
            row
            for name in range(3)
            for row in mouse(f"{number}-{name}", [chance.choice([90, 250, 350]) for _ in range(6)])
        ]
        for number in range(7)
    }
    parts.behave(**rows)
    assert parts.run().code == 0
    compiled = _compiled(parts)
    parts.behave(p0=rows["p1"])
    with pytest.raises(TableError):
        partitioned.run(job_of(parts, catalog=compiled), Here(), nothing)
    assert len(parts.table()) == 7 * 3 * 6

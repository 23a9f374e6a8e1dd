"""The commands as a configuration file drives them: several managers, stores of all kinds, secrets, reports, logs."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
import s3_servers
import sql_servers
import sqlalchemy as sa
from colony import LATER, NOW, OTHER, TASK, TINY, Colony, Ran, Record, command, frame_of, mouse, session, write_table

from autotrain_dsl.cli import jobs

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
LEVER_TASK = TASK.replace("name: tiny", "name: lever")
LEVER = TINY.replace("name: Tiny", "name: Lever").replace("{name: tiny,", "{name: lever,")
_schemas = itertools.count(1)


@pytest.fixture(scope="module")
def store() -> Iterator[s3_servers.Server]:
    with s3_servers.moto() as server:
        yield server


@pytest.fixture(scope="module")
def postgres() -> Iterator[sql_servers.Server]:
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(sql_servers.postgres())
        except sql_servers.NoServerError as reason:
            pytest.skip(str(reason))
        yield server


@pytest.fixture
def schema(postgres: sql_servers.Server) -> str:
    name = f"config{next(_schemas)}"
    postgres.execute(f"CREATE SCHEMA {name} AUTHORIZATION {sql_servers.USER}")
    return name


@dataclass(frozen=True)
class Lab:
    """A folder with a configuration, curriculums and tables."""

    folder: Path

    @classmethod
    def at(cls, folder: Path, *curriculums: str) -> Lab:
        Colony.at(folder, *curriculums)
        return cls(folder)

    @property
    def config(self) -> Path:
        return self.folder / "autotrain.yaml"

    def configure(self, managers: Mapping[str, Mapping[str, Any]], **more: Any) -> None:
        """Write the configuration; of every manager what is usual is left out."""
        usual = {"curriculums": "curriculums", "behavior": "df_behavior.csv"}
        content = {"dsl_version": 1, "managers": {n: {**usual, **m} for n, m in managers.items()}, **more}
        self.config.write_text(json.dumps(content, indent=1), "utf-8")  # JSON is YAML

    def behave(self, rows: Sequence[Record], name: str = "df_behavior.csv") -> None:
        write_table(frame_of(rows), self.folder / name)

    def run(self, *options: str) -> Ran:
        return command("evaluate", "--config", str(self.config), "--now", NOW, *options)

    def frame(self, name: str) -> pd.DataFrame:
        """A table as a reader reads it."""
        path = self.folder / name
        if path.suffix == ".csv":
            return pd.read_csv(path, dtype={"subject_id": str, "curriculum_version": str}, keep_default_na=False)
        return pd.read_pickle(path) if path.suffix == ".pkl" else pd.read_parquet(path)

    def steps(self, name: str) -> list[tuple[str, int, str, str]]:
        """Mouse, session, decision and next stage of every row."""
        frame = self.frame(name)
        columns = ("subject_id", "session", "decision", "next_stage_suggested")
        return [(str(a), int(b), str(c), str(d)) for a, b, c, d in frame[list(columns)].itertuples(index=False)]

    def everything(self) -> dict[str, bytes]:
        """Every file below the folder, locks left out."""
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file() and path.suffix != ".lock")
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab.at(tmp_path / "lab")


def manager(number: int) -> dict[str, str]:
    return {"behavior": f"b{number}.csv", "manager": f"m{number}.parquet"}


def report(ran: Ran, name: str) -> dict[str, Any]:
    """The report of one manager in the JSON output."""
    return next(each for each in ran.report["managers"] if each["name"] == name)


# Several managers


def three_labs(lab: Lab) -> None:
    for number in (1, 2, 3):
        lab.behave(mouse(f"mouse{number}", [250, 350]), f"b{number}.csv")
    lab.configure({"first": manager(1), "second": manager(2), "third": manager(3)})


def test_every_manager_gets_its_own_tables(lab: Lab) -> None:
    three_labs(lab)
    ran = lab.run()
    assert (ran.code, ran.err) == (0, "")
    assert re.findall(r"^(\w+):$", ran.out, re.MULTILINE) == ["first", "second", "third"]
    for number in (1, 2, 3):
        mice = f"mouse{number}"
        steps = [(mice, 1, "PROGRESS", "STAGE_2"), (mice, 2, "STAY", "STAGE_2")]
        assert lab.steps(f"m{number}.parquet") == steps
        assert set(lab.frame(f"m{number}_stats.parquet").reset_index()["subject_id"]) == {mice}


def test_one_manager_alone_leaves_the_others(lab: Lab) -> None:
    three_labs(lab)
    ran = lab.run("--manager", "second")
    assert (ran.code, "first" in ran.out, "second:" in ran.out) == (0, False, True)
    assert {path.name for path in lab.folder.glob("m*.parquet")} == {"m2.parquet", "m2_stats.parquet"}


@pytest.mark.parametrize("broken", ["first", "second", "third"])
def test_a_manager_that_fails_keeps_no_other_from_its_run(lab: Lab, broken: str) -> None:
    three_labs(lab)
    number = ["first", "second", "third"].index(broken) + 1
    (lab.folder / f"b{number}.csv").unlink()
    ran = lab.run()
    assert ran.code == 3
    assert f"there is no df_behavior at `{lab.folder}/b{number}.csv`" in ran.err
    done = {f"m{n}.parquet" for n in (1, 2, 3) if n != number}
    assert {path.name for path in lab.folder.glob("m?.parquet")} == done


def test_the_exit_code_is_that_of_the_worst_manager(lab: Lab) -> None:
    three_labs(lab)
    lab.behave([session(1, -4)], "b1.csv")
    assert lab.run().code == 1, "a session that cannot be judged"
    (lab.folder / "b2.csv").write_bytes(b"subject_id,curriculum_name\na,b\n")
    ran = lab.run()
    assert (ran.code, "has no column session" in ran.out) == (1, True)
    (lab.folder / "b3.csv").unlink()
    assert lab.run().code == 3, "a table that is not there"


def test_the_report_of_several_managers_is_one_json_document(lab: Lab) -> None:
    three_labs(lab)
    (lab.folder / "b2.csv").unlink()
    ran = lab.run("--format", "json")
    assert (ran.code, ran.report["version"]) == (3, 1)
    assert [each["name"] for each in ran.report["managers"]] == ["first", "second", "third"]
    assert [row["session"] for row in report(ran, "first")["judged"]] == [1, 2]
    failed = report(ran, "second")
    assert set(failed) == {"name", "error", "exit_code"}
    assert failed["exit_code"] == 3
    assert "there is no df_behavior" in failed["error"][0]


def test_one_manager_is_a_list_of_one_in_json(lab: Lab) -> None:
    three_labs(lab)
    ran = lab.run("--format", "json", "--manager", "third")
    assert [each["name"] for each in ran.report["managers"]] == ["third"]


def test_paths_start_at_the_folder_of_the_configuration(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_labs(lab)
    monkeypatch.chdir(tmp_path)
    assert command("evaluate", "--config", "lab/autotrain.yaml").code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"lab"}
    assert (lab.folder / "m1.parquet").is_file()


# Configurations that cannot be used


def test_an_unknown_manager_is_wrong_use_and_the_known_ones_are_named(lab: Lab) -> None:
    three_labs(lab)
    before = lab.everything()
    for name in (["evaluate"], ["doctor"], ["history", "m1"]):
        ran = command(*name, "--config", str(lab.config), "--manager", "forth")
        assert ran.code == 2
        assert "has no manager `forth`; it has first, second, third" in ran.err
    assert lab.everything() == before


def test_a_configuration_with_errors_shows_all_of_them(lab: Lab) -> None:
    lab.configure({"a": {"manager": "m.pickle"}, "b": {"curriculums": "nowhere", "manager": "postgresql://h/d#t"}})
    ran = lab.run()
    assert ran.code == 2
    assert set(re.findall(r"ATD\d{3}", ran.out + ran.err)) == {"ATD604", "ATD607", "ATD608"}
    assert "the configuration has errors" in ran.err
    assert not list(lab.folder.glob("m*"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"manager": "m.csv"}, {"manager": "./m.csv"}),
        ({"manager": "m.csv"}, {"manager": "n.csv", "exports": ["m.csv"]}),
        ({"manager": "m.csv"}, {"manager": "n.csv", "stats": "m_stats.csv"}),
        ({"manager": "a/m.csv", "mirrors": ["mirror"]}, {"manager": "b/m.csv", "mirrors": ["mirror"]}),
        ({"manager": "s3://lab/m.csv"}, {"manager": "s3://lab/m.csv"}),
        ({"manager": "sqlite:///x.db#t"}, {"manager": "sqlite:///./x.db#t"}),
    ],
)
def test_two_managers_that_write_one_table_are_refused(lab: Lab, first: dict[str, Any], second: dict[str, Any]) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": first, "second": second})
    before = lab.everything()
    ran = lab.run()
    assert (ran.code, "ATD609" in ran.out + ran.err) == (2, True), ran
    assert lab.everything() == before


def test_a_manager_that_would_overwrite_what_it_reads_is_refused(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "m.csv", "exports": ["df_behavior.csv"]}})
    before = lab.everything()
    ran = lab.run()
    assert (ran.code, "ATD610" in ran.out + ran.err) == (2, True)
    assert lab.everything() == before


def test_pages_and_thresholds_reach_the_commands(lab: Lab) -> None:
    watch = {"silent": {"days": 3}}
    lab.configure({"first": {"manager": "m.csv", "pages": "www", "watch": watch}, "second": {"manager": "n.csv"}})
    first, second = jobs.configured(lab.config, None)
    assert (first.pages, first.watch) == (str(lab.folder / "www"), watch)
    assert (second.pages, second.watch) == (None, {})
    assert jobs.clashes([first, second]) == []


def test_options_that_the_configuration_replaces_are_refused(lab: Lab) -> None:
    three_labs(lab)
    ran = lab.run("--behavior", "b1.csv")
    assert (ran.code, "--config says what --behavior would say" in ran.err) == (2, True)


def test_history_takes_a_configuration(lab: Lab) -> None:
    three_labs(lab)
    assert lab.run().code == 0
    found = command("history", "mouse2", "--config", str(lab.config), "--format", "json")
    assert [len(each["revisions"]) for each in found.report["managers"]] == [0, 2, 0]


def test_verify_state_takes_a_configuration(lab: Lab) -> None:
    three_labs(lab)
    assert lab.run().code == 0
    ran = command("verify-state", "--config", str(lab.config), "--format", "json")
    assert ran.code == 0, ran
    same = [(each["name"], each["same"]) for each in ran.report["managers"]]
    assert same == [("first", 2), ("second", 2), ("third", 2)]


def test_one_curriculum_in_error_is_shown_and_the_others_are_used(lab: Lab) -> None:
    wrong = OTHER.replace("progress: STAGE_2", "progress: STAGE_9")
    (lab.folder / "curriculums" / "wrong.yaml").write_text(wrong, "utf-8")
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "m.csv"}})
    ran = lab.run()
    assert (ran.code, "STAGE_9" in ran.err) == (1, True)
    assert lab.steps("m.csv") == [("m1", 1, "PROGRESS", "STAGE_2")]


def test_a_default_curriculum_that_is_not_there_is_wrong_use(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "m.csv", "default_curriculum": "Tiny@7"}})
    ran = lab.run()
    assert (ran.code, "default_curriculum: there is no curriculum Tiny@7" in ran.err) == (2, True)
    assert not (lab.folder / "m.csv").exists()


# Exports and mirrors


def test_exports_of_all_formats_hold_the_same_rows(lab: Lab) -> None:
    lab.behave([*mouse("007", [250, 350]), *mouse("b", [90, None])])
    kinds = ("csv", "parquet", "pkl")
    lab.configure({"first": {"manager": "m.pkl", "exports": [f"e.{kind}" for kind in kinds]}})
    assert lab.run().code == 0
    steps = [
        ("007", 1, "PROGRESS", "STAGE_2"), ("007", 2, "STAY", "STAGE_2"),
        ("b", 1, "STAY", "STAGE_1"), ("b", 2, "STAY", "STAGE_1"),
    ]  # fmt: skip
    assert {kind: lab.steps(f"e.{kind}") for kind in kinds} == dict.fromkeys(kinds, steps)
    assert (lab.folder / "e.pkl").read_bytes() == (lab.folder / "m.pkl").read_bytes()


def test_an_export_follows_what_is_judged_later(lab: Lab) -> None:
    lab.configure({"first": {"manager": "m.pkl", "exports": ["e.csv"]}})
    lab.behave(mouse("m1", [250]))
    lab.run()
    lab.behave(mouse("m1", [250, 90]))
    assert lab.run().code == 0
    assert lab.steps("e.csv") == [("m1", 1, "PROGRESS", "STAGE_2"), ("m1", 2, "ROLLBACK", "STAGE_1")]


def test_a_mirror_gets_tables_and_curriculums(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    (lab.folder / "backup").mkdir()
    lab.configure({"first": {"manager": "m.pkl", "schemas": "schemas/tasks", "mirrors": ["backup"]}})
    assert lab.run().code == 0
    files = {name.removeprefix("backup/") for name in lab.everything() if name.startswith("backup/")}
    assert files == {"m.pkl", "m_stats.pkl", "curriculums/0.yaml", "schemas/tasks/tiny_1.0.yaml"}
    assert (lab.folder / "backup" / "m.pkl").read_bytes() == (lab.folder / "m.pkl").read_bytes()
    assert (lab.folder / "backup" / "curriculums" / "0.yaml").read_text("utf-8") == TINY


def test_a_mirror_keeps_curriculums_of_two_folders_that_have_one_file_name(lab: Lab) -> None:
    for folder, text in (("one", TINY), ("two", OTHER)):
        (lab.folder / folder).mkdir()
        (lab.folder / folder / "1.0.yaml").write_text(text, "utf-8")
    lab.behave(mouse("m1", [250]))
    (lab.folder / "backup").mkdir()
    lab.configure({"first": {"curriculums": ["one", "two"], "manager": "m.csv", "mirrors": ["backup"]}})
    assert lab.run().code == 0
    kept = {content for name, content in lab.everything().items() if name.startswith("backup/curriculums/")}
    assert kept == {TINY.encode(), OTHER.encode()}


def test_a_mirror_that_fails_is_told_and_the_decisions_are_published(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "m.csv", "mirrors": ["not/there"]}})
    ran = lab.run()
    assert (ran.code, "the decisions are published, the next run tries again" in ran.err) == (3, True)
    assert lab.steps("m.csv") == [("m1", 1, "PROGRESS", "STAGE_2")]
    (lab.folder / "not").mkdir()
    assert lab.run().code == 0
    assert (lab.folder / "not" / "there" / "m.csv").read_bytes() == (lab.folder / "m.csv").read_bytes()


# Names of others


def their_table(lab: Lab) -> None:
    """A table with another lab's names: three sessions on `tiny_old`, one off curriculum between them."""
    rows = [(1, "tiny_old", 250), (2, "tiny_old", 350), (3, "", 100), (4, "tiny_old", 350)]
    records = [{"mouse": "007", "visit": n, "protocol": p, "trials": t, "eff": 0.7} for n, p, t in rows]
    lab.behave(records)


THEIRS: Mapping[str, Any] = {
    "manager": "m.csv",
    "columns": {
        "subject_id": "mouse", "session": "visit", "curriculum_name": "protocol", "finished_trials": "trials",
        "foraging_efficiency": "eff",
    },
    "task_names": {"tiny_old": "Tiny"},
    "default_curriculum": "Tiny@1.0",
}  # fmt: skip


def test_other_names_of_columns_and_tasks_are_translated(lab: Lab) -> None:
    their_table(lab)
    lab.configure({"first": THEIRS})
    ran = lab.run("--format", "json")
    assert ran.code == 0, ran
    assert report(ran, "first")["summary"]["off_curriculum"] == 1
    # On curriculum only: session 4 is the second of the stay, and (350 + 350) / 2 >= 300.
    assert lab.steps("m.csv") == [
        ("007", 1, "PROGRESS", "STAGE_2"),
        ("007", 2, "STAY", "STAGE_2"),
        ("007", 4, "PROGRESS", "STAGE_3"),
    ]
    assert set(lab.frame("m.csv")["curriculum_name"]) == {"Tiny"}


def test_the_whole_history_counts_sessions_off_curriculum(lab: Lab) -> None:
    their_table(lab)
    lab.configure({"first": {**THEIRS, "history": "all"}})
    assert lab.run().code == 0
    # The last two sessions of the stay are 3 and 4, and (100 + 350) / 2 < 300.
    assert lab.steps("m.csv") == [
        ("007", 1, "PROGRESS", "STAGE_2"),
        ("007", 2, "STAY", "STAGE_2"),
        ("007", 4, "STAY", "STAGE_2"),
    ]


def test_a_second_night_with_other_names_finds_nothing_new(lab: Lab) -> None:
    their_table(lab)
    lab.configure({"first": {**THEIRS, "history": "all"}})
    lab.run()
    before = lab.everything()["m.csv"]
    ran = lab.run("--format", "json", "--now", LATER)
    assert (ran.code, report(ran, "first")["summary"]["judged"]) == (0, 0)
    assert lab.everything()["m.csv"] == before


def test_a_configured_column_that_is_not_there_stops_that_manager(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "m.csv", "columns": {"subject_id": "subject"}}})
    ran = lab.run()
    assert (ran.code, "has no column subject" in ran.out) == (1, True)
    assert not (lab.folder / "m.csv").exists()


def two_tasks(lab: Lab) -> None:
    (lab.folder / "schemas" / "tasks" / "lever_1.0.yaml").write_text(LEVER_TASK, "utf-8")
    (lab.folder / "curriculums" / "lever.yaml").write_text(LEVER, "utf-8")
    lab.behave([*mouse("m1", [250]), *mouse("m2", [250], curriculum_name="Lever")])


def test_only_curriculums_of_the_configured_task_take_part(lab: Lab) -> None:
    two_tasks(lab)
    lab.configure({
        "both": {"manager": "both.csv"},
        "tiny": {"manager": "tiny.csv", "task_schema": {"name": "tiny", "version": "1.0"}},
        "lever": {"manager": "lever.csv", "task_schema": {"name": "lever"}},
    })  # fmt: skip
    ran = lab.run("--format", "json")
    assert ran.code == 1
    judged = {e["name"]: [row["subject_id"] for row in e["judged"]] for e in ran.report["managers"]}
    assert judged == {"both": ["m1", "m2"], "tiny": ["m1"], "lever": ["m2"]}
    assert [(i["code"], i["subject_id"]) for i in report(ran, "tiny")["not_judged"]] == [("ATD505", "m2")]


def test_a_task_that_no_curriculum_is_for_is_wrong_use(lab: Lab) -> None:
    two_tasks(lab)
    lab.configure({"first": {"manager": "m.csv", "task_schema": {"name": "tiny", "version": "9.9"}}})
    ran = lab.run()
    assert (ran.code, "can be used" in ran.err) == (2, True)
    assert not (lab.folder / "m.csv").exists()


# Stores


def client(store: s3_servers.Server) -> Any:
    return boto3.session.Session().client("s3", endpoint_url=store.endpoint, region_name="us-east-1")


def objects(store: s3_servers.Server, bucket: str) -> dict[str, bytes]:
    found = client(store)
    pages = found.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    return {key: found.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def s3_settings(store: s3_servers.Server) -> dict[str, str]:
    return {"endpoint": store.endpoint, "region": "us-east-1", "addressing": "path"}


def test_curriculums_and_tables_in_a_bucket(lab: Lab, store: s3_servers.Server) -> None:
    bucket = store.bucket()
    table = frame_of([*mouse("007", [250, 350]), *mouse("b", [90])]).to_csv(index=False)
    texts = {"shared/tiny.yaml": TINY, "shared/schemas/tasks/tiny_1.0.yaml": TASK, "in/df_behavior.csv": table}
    for key, text in texts.items():
        client(store).put_object(Bucket=bucket, Key=key, Body=text.encode())
    place = f"s3://{bucket}"
    first = {
        "curriculums": f"{place}/shared", "behavior": f"{place}/in/df_behavior.csv",
        "manager": f"{place}/out/df_manager.pkl", "exports": [f"{place}/out/df_manager.csv"],
        "mirrors": [f"{place}/mirror"],
    }  # fmt: skip
    lab.configure({"first": first}, s3=s3_settings(store))
    ran = lab.run()
    assert ran.code == 0, ran
    found = objects(store, bucket)
    frame = pd.read_csv(io.BytesIO(found["out/df_manager.csv"]), dtype=str)
    steps = [("007", "1", "STAGE_2"), ("007", "2", "STAGE_2"), ("b", "1", "STAGE_1")]
    assert [*frame[["subject_id", "session", "next_stage_suggested"]].itertuples(index=False, name=None)] == steps
    rigs = pd.read_pickle(io.BytesIO(found["out/df_manager.pkl"]))
    assert [*rigs["next_stage_suggested"]] == [stage for _, _, stage in steps]
    assert found["mirror/df_manager.pkl"] == found["out/df_manager.pkl"]
    assert found["mirror/curriculums/tiny.yaml"].decode() == TINY
    assert json.loads(found["out/df_manager_report.json"])["summary"]["judged"] == 3
    assert json.loads(found["out/df_manager.pkl.state/HEAD.json"])["generation"] == 1
    assert not any(".probe" in key for key in found)


def test_a_prefix_without_curriculums_is_wrong_use(lab: Lab, store: s3_servers.Server) -> None:
    bucket = store.bucket()
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"curriculums": f"s3://{bucket}/none", "manager": "m.csv"}}, s3=s3_settings(store))
    ran = lab.run()
    assert (ran.code, f"there are no curriculums at `s3://{bucket}/none`" in ran.err) == (2, True)
    assert command("doctor", "--config", str(lab.config)).code == 1


def database(postgres: sql_servers.Server, schema: str, table: str) -> str:
    user = f"{sql_servers.USER}:${{LAB_DB_PASSWORD}}"
    return f"postgresql+psycopg://{user}@127.0.0.1:{postgres.port}/lab?options=-csearch_path%3D{schema}#{table}"


def test_tables_in_a_database(
    lab: Lab, postgres: sql_servers.Server, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_DB_PASSWORD", sql_servers.PASSWORD)
    lab.behave(mouse("007", [250, 350]))
    (lab.folder / "mirror").mkdir()
    first = {"manager": database(postgres, schema, "df_manager"), "exports": ["e.csv"], "mirrors": ["mirror"]}
    lab.configure({"first": first})
    ran = lab.run("--format", "json")
    assert ran.code == 0, ran
    steps = [("007", 1, "PROGRESS", "STAGE_2"), ("007", 2, "STAY", "STAGE_2")]
    assert lab.steps("e.csv") == lab.steps("mirror/first.parquet") == steps
    again = lab.run("--format", "json", "--now", LATER)
    assert (again.code, report(again, "first")["summary"]["judged"]) == (0, 0)
    assert report(again, "first")["generation"] == 1
    found = rows(postgres, schema)
    assert (len(found["df_manager"]), len(found["df_manager_stats"]), len(found["df_manager_reports"])) == (2, 2, 2)
    assert any('""judged"": 2' in row for row in found["df_manager_reports"])


def rows(postgres: sql_servers.Server, schema: str) -> dict[str, list[str]]:
    """Every table of a schema, its rows as text."""
    place = f"postgresql+psycopg://postgres@127.0.0.1:{postgres.port}/lab"
    with sa.create_engine(place, poolclass=sa.NullPool).connect() as connection:
        names = sa.inspect(connection).get_table_names(schema=schema)
        return {n: [*connection.scalars(sa.text(f"SELECT t::text FROM {schema}.{n} t"))] for n in names}


def test_a_table_of_a_database_may_be_named_with_its_schema(
    lab: Lab, postgres: sql_servers.Server, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_DB_PASSWORD", sql_servers.PASSWORD)
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": database(postgres, "public", f"{schema}.df_manager")}})
    ran = lab.run("--format", "json")
    assert ran.code == 0, ran
    assert report(ran, "first")["rows"] == 1


# Secrets


def test_secrets_are_in_nothing_that_a_run_leaves(
    lab: Lab,
    store: s3_servers.Server,
    postgres: sql_servers.Server,
    schema: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LAB_DB_PASSWORD", sql_servers.PASSWORD)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-of-the-store")
    bucket = store.bucket()
    lab.behave([*mouse("m1", [250, 350]), *mouse("m2", [-1])])
    sql = {"manager": database(postgres, schema, "df_manager"), "exports": ["e.csv"]}
    lab.configure(
        {"sql": sql, "s3": {"manager": f"s3://{bucket}/m.pkl", "mirrors": [f"s3://{bucket}/mirror"]}},
        s3=s3_settings(store),
    )
    config = ("--config", str(lab.config))
    told = [lab.run("--format", f, "--log-format", log) for f in ("text", "json") for log in ("text", "json")]
    told += [command("doctor", *config), command("history", "m1", *config), command("verify-state", *config)]
    assert [ran.code for ran in told[:6]] == [1, 1, 1, 1, 0, 0], told
    part = re.match(r"\w+", sql_servers.PASSWORD)  # is in every spelling of it
    assert part is not None
    left = [lab.everything(), objects(store, bucket)]
    texts = [text.encode() for ran in told for text in (ran.out, ran.err)]
    texts += [content for files in left for content in files.values()]
    kept = rows(postgres, schema)
    assert {"df_manager", "df_manager_generations"} <= set(kept)
    texts += [row.encode() for table in kept.values() for row in table]
    assert len(texts) > 30
    assert not [text for text in texts for secret in (part[0], "very-secret-of-the-store") if secret.encode() in text]


def test_secrets_are_in_no_message_of_a_store_that_refuses(
    lab: Lab,
    store: s3_servers.Server,
    postgres: sql_servers.Server,
    schema: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = "wr0ng#p@ss %w/rd"
    monkeypatch.setenv("LAB_DB_PASSWORD", wrong)
    lab.behave(mouse("m1", [250]))
    lab.configure({
        "sql": {"manager": database(postgres, schema, "df_manager")},
        "table": {"behavior": database(postgres, schema, "df_behavior"), "manager": "m.csv"},
        "nowhere": {"manager": f"postgresql+psycopg://lab:${{LAB_DB_PASSWORD}}@127.0.0.1:{sql_servers.free_port()}/x#t"},
    })  # fmt: skip
    for arguments in (["evaluate"], ["evaluate", "--format", "json", "--log-format", "json"], ["doctor"]):
        ran = command(*arguments, "--config", str(lab.config))
        assert ran.code == 3, ran
        assert "wr0ng" not in ran.out + ran.err, "which is in every spelling of it"
        assert "password authentication failed" in ran.out + ran.err


def test_errors_of_the_configuration_leave_standard_output_to_json(lab: Lab) -> None:
    lab.configure({"first": {"manager": "m.pickle"}})
    ran = lab.run("--format", "json")
    assert (ran.code, "ATD607" in ran.out + ran.err) == (2, True)
    assert ran.out == "" or json.loads(ran.out)


def test_a_mouse_that_is_placed_in_vain_is_told(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "m.csv"}})
    ran = lab.run("--place", "m11=STAGE_2")
    assert "m11" in ran.out + ran.err, "else nobody sees the slip"


def test_a_variable_that_is_not_set_is_a_finding(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_DB_PASSWORD", raising=False)
    lab.configure({"first": {"manager": "postgresql+psycopg://lab:${LAB_DB_PASSWORD}@db/lab#df_manager"}})
    ran = lab.run()
    assert (ran.code, "ATD601" in ran.out + ran.err, "LAB_DB_PASSWORD" in ran.out + ran.err) == (2, True, True)


# The log


def documented() -> dict[str, set[str]]:
    """The keys that docs/operations.md names for every event of the log, besides those that every line has."""
    rows = re.findall(r"^\| `([a-z ]+)` \| [^|]+ \| ([^|]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {event: set(re.findall(r"`(\w+)`", keys)) for event, keys in rows}


def test_the_log_has_the_documented_keys(lab: Lab) -> None:
    three_labs(lab)
    (lab.folder / "b3.csv").unlink()
    ran = lab.run("--format", "json", "--log-format", "json")
    keys, seen, found = documented(), set(), [json.loads(line) for line in ran.err.splitlines() if line[:1] == "{"]
    for line in found:
        own = set(line) - {"time", "level", "event", "manager"}
        assert own == keys[line["event"]], line["event"]
        assert line["manager"] in {"first", "second", "third"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
        assert line["level"] == ("error" if line["event"] == "failed" else "info")
        seen.add(line["event"])
    assert seen == {"started", "read", "judged", "published", "exported", "finished", "failed"}
    codes = {line["manager"]: line["exit_code"] for line in found if line["event"] == "finished"}
    assert codes == {"first": 0, "second": 0, "third": 3}


@pytest.mark.parametrize("fails", [False, True])
def test_every_line_of_the_json_log_is_an_object(lab: Lab, fails: bool) -> None:
    three_labs(lab)
    if fails:
        (lab.folder / "b3.csv").unlink()
    ran = lab.run("--log-format", "json")
    assert len(ran.err.splitlines()) > 10
    assert [line for line in ran.err.splitlines() if line[:1] != "{"] == []


def test_without_the_option_nothing_is_logged(lab: Lab) -> None:
    three_labs(lab)
    assert lab.run("--log-format", "json").err
    assert lab.run().err == ""


def test_the_text_log_has_a_line_for_every_step(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "m.csv"}})
    ran = lab.run("--log-format", "text")
    events = re.findall(r"^\S+ info (\w+) manager=first ", ran.err, re.MULTILINE)
    assert events == ["started", "read", "judged", "published", "exported", "exported", "finished"]


# The report


def test_the_report_says_what_was_read_decided_and_left(lab: Lab) -> None:
    rows = [*mouse("m1", [250, 350]), *mouse("m2", [-1]), *mouse("m3", [250], curriculum_version="9")]
    lab.behave(rows)
    lab.configure({"first": {"manager": "m.csv", "report": "report.json"}})
    assert lab.run().code == 1
    kept = json.loads((lab.folder / "report.json").read_text("utf-8"))
    assert (kept["version"], kept["name"], kept["generation"], kept["rows"]) == (1, "first", 1, 2)
    assert kept["behavior"] == str(lab.folder / "df_behavior.csv")
    assert kept["behavior_sha256"] == sha256(lab.folder / "df_behavior.csv")
    [curriculum] = kept["curriculums"]
    assert (curriculum["name"], curriculum["version"]) == ("Tiny", "1.0")
    assert {curriculum["sha256"]} == set(lab.frame("m.csv")["curriculum_hash"])
    wanted = {
        "mice": 3,
        "sessions_read": 4,
        "judged": 2,
        "progressed": 1,
        "stayed": 1,
        "rolled_back": 0,
        "not_judged": 2,
    }
    assert {key: kept["summary"][key] for key in wanted} == wanted
    reasons = {(i["code"], i["subject_id"], i["session"]): i["message"] for i in kept["not_judged"]}
    assert set(reasons) == {("ATD508", "m2", 1), ("ATD505", "m3", 1)}
    assert "its range goes from 0" in reasons["ATD508", "m2", 1]
    assert "there is no curriculum Tiny@9" in reasons["ATD505", "m3", 1]
    assert [(r["session"], r["decision"], bool(r["reason"])) for r in kept["judged"]] == [
        (1, "PROGRESS", True),
        (2, "STAY", True),
    ]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_report_lists_what_is_stale_and_what_a_correction_replaced(lab: Lab) -> None:
    lab.configure({"first": {"manager": "m.csv"}})
    lab.behave(mouse("m1", [250, 350]))
    lab.run()
    lab.behave(mouse("m1", [90, 350]))
    path = lab.folder / "m_report.json"
    assert lab.run().code == 1
    stale = json.loads(path.read_text("utf-8"))["stale"]
    assert [(i["code"], i["subject_id"], i["session"]) for i in stale] == [("ATD511", "m1", 1), ("ATD511", "m1", 2)]
    assert "finished_trials was 250, now 90" in stale[0]["message"]
    assert lab.run("--correct").code == 0
    kept = json.loads(path.read_text("utf-8"))
    moves = [
        (pair["before"]["next_stage_suggested"], pair["after"]["next_stage_suggested"]) for pair in kept["corrected"]
    ]
    # 90 trials keep the mouse at STAGE_1; with 350 in session 2 it goes on to STAGE_2 from there.
    assert moves == [("STAGE_2", "STAGE_1"), ("STAGE_2", "STAGE_2")]
    after = kept["corrected"][1]["after"]
    assert (after["current_stage_suggested"], after["decision"]) == ("STAGE_1", "PROGRESS")
    assert (kept["stale"], kept["summary"]["corrected"], kept["generation"]) == ([], 2, 2)


def test_the_report_and_the_json_output_are_the_same(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "m.csv"}})
    ran = lab.run("--format", "json")
    assert json.loads((lab.folder / "m_report.json").read_text("utf-8")) == report(ran, "first")


def test_a_report_that_cannot_be_written_is_told_and_the_decisions_are_published(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "m.csv", "report": "no/such/folder/report.json"}})
    ran = lab.run()
    assert (ran.code, "the decisions are published" in ran.err) == (3, True)
    assert lab.steps("m.csv") == [("m1", 1, "PROGRESS", "STAGE_2")]


# Dry runs


@pytest.mark.parametrize("options", [(), ("--correct",), ("--rerun",), ("--restore",), ("--adopt",)])
def test_a_dry_run_writes_nothing_at_all(lab: Lab, options: Sequence[str]) -> None:
    (lab.folder / "mirror").mkdir()
    lab.configure({"first": {"manager": "m.csv", "exports": ["e.pkl"], "mirrors": ["mirror"], "report": "r.json"}})
    lab.behave(mouse("m1", [250]))
    before = tree(lab.folder)
    ran = lab.run("--dry-run", "--format", "json", *options)
    assert (ran.code, report(ran, "first")["summary"]["judged"]) == (0, 1)
    assert tree(lab.folder) == before, "on the first night"
    lab.run()
    lab.behave(mouse("m1", [90, 350]))
    (lab.folder / "e.pkl").unlink()
    before = tree(lab.folder)
    assert lab.run("--dry-run", *options).out.endswith("dry run: nothing is written\n")
    assert tree(lab.folder) == before, "with stale rows and an export that is gone"


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder, locks included."""
    found = sorted(folder.rglob("*"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in found}


def test_a_dry_run_makes_no_table_in_a_database(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "sqlite:///colony.db#df_manager"}})
    before = tree(lab.folder)
    assert lab.run("--dry-run").code == 0
    assert tree(lab.folder) == before


def test_a_dry_run_says_what_an_adoption_would_take_over(lab: Lab) -> None:
    lab.behave(mouse("m1", [250]))
    lab.configure({"first": {"manager": "m.csv"}})
    lab.run()
    table = (lab.folder / "m.csv").read_text("utf-8")
    (lab.folder / "m.csv").write_text(table.replace(",STAGE_2,", ",STAGE_3,"), "utf-8")
    before = tree(lab.folder)
    ran = lab.run("--adopt", "--dry-run")
    assert tree(lab.folder) == before
    assert (ran.code, "1 changed" in ran.out) == (0, True), ran.out

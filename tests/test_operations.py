"""The page on operating the nightly run, and the files to start from: what they say is run, parsed and tried out."""

from __future__ import annotations

import contextlib
import datetime as dt
import fnmatch
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import boto3
import pandas as pd
import pytest
import s3_servers
import sql_servers
import sqlalchemy as sa
from colony import NOW, Ran, command
from cronsim import CronSim
from dockerfile_parse import DockerfileParser

from autotrain_dsl import __version__, configuration, document
from autotrain_dsl.cli import exits, main

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "operations.md"
OPERATIONS = ROOT / "examples" / "operations"
TUTORIAL = ROOT / "examples" / "tutorial"
BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NAMES = ("foraging", "lever", "pilot")
PASSWORD = "ZyNightlyRun7391"  # what cannot be in a text by chance
SECRET = "QmStoreSecret5527"


def blocks(kind: str, name: str | None = None) -> list[str]:
    found = [match for match in BLOCK.finditer(PAGE.read_text("utf-8")) if match["kind"] == kind]
    return [match["text"] for match in found if name in (None, match["name"])]


def copy_of_project(folder: Path) -> Path:
    for part in ("curriculums", "schemas", "examples"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def shell(text: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a reader would, with this Python and its programs first in the search path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_COLOR": "1", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )


# The page


def test_the_commands_of_the_page_print_what_it_shows(
    tmp_path: Path, update_golden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_of_project(tmp_path)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NO_COLOR", "1")
    text = PAGE.read_text("utf-8")
    written: list[str] = []

    def replayed(block: re.Match[str]) -> str:
        if block["kind"] in ("yaml", "csv") and block["name"]:
            path = folder / block["name"]
            assert path.parent.is_dir(), "the page makes the folder first"
            path.write_text(block["text"], "utf-8")
            written.append(block["name"])
        if block["kind"] != "console":
            return block[0]
        return f"```console\n{transcript(block['text'], folder)}```"

    actual = BLOCK.sub(replayed, text)
    if update_golden:
        PAGE.write_text(actual, "utf-8")
    assert written == ["lab.yaml", "demo/df_manager.csv"]
    assert actual.count("\n$ ") > 20
    assert text == actual


def transcript(block: str, folder: Path) -> str:
    commands = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {each}\n{steady(printed(each, folder))}" for each in commands)


def printed(line: str, folder: Path) -> str:
    """What a line prints on both streams; the program runs in this process, since thirty starts take their time."""
    call, separator, _ = line.partition("; echo")
    if not call.startswith("autotrain-dsl "):
        return shell(line, folder).stdout
    both, code = io.StringIO(), None
    with (
        mock.patch.object(sys, "argv", shlex.split(call)),
        contextlib.redirect_stdout(both),
        contextlib.redirect_stderr(both),
    ):
        try:
            main.run()
        except SystemExit as end:
            code = end.code
    return both.getvalue() + (f"exit code {code}\n" if separator else "")


def steady(output: str) -> str:
    """Without what differs from night to night: times and hashes."""
    output = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "2025-03-11T05:30:02+00:00", output)
    return re.sub(r"\b(\d{6})-[0-9a-f]{64}", r"\1-85b8fd92...", output)


def test_every_block_of_the_page_can_be_parsed() -> None:
    assert {match["kind"] for match in BLOCK.finditer(PAGE.read_text("utf-8"))} == {
        "bash", "console", "csv", "json", "sql", "yaml",
    }  # fmt: skip
    for text in blocks("json"):
        json.loads(text)
    for text in blocks("yaml"):
        read, found = document.parse_bytes(text.encode(), "page")
        assert (read is not None, found) == (True, [])
    for text in blocks("bash"):
        done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), text


def test_the_page_names_only_options_that_exist() -> None:
    text = PAGE.read_text("utf-8")
    helps = {name: command(name, "--help").out for name in ("evaluate", "doctor", "history", "verify-state")}
    used = [line for kind in ("bash", "console") for block in blocks(kind) for line in block.splitlines()]
    calls = [match for line in used for match in re.findall(r"autotrain-dsl ([a-z-]+)([^;|>]*)", line)]
    assert len(calls) > 15
    for name, rest in calls:
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in helps[name], f"{name} has no {option}"
    for option in set(re.findall(r"`(--[a-z-]+)[^`]*`", text)):
        assert any(option in each for each in helps.values()), option


def test_the_page_names_every_exit_code_of_the_program() -> None:
    codes = {value for name, value in vars(exits).items() if name.isupper()}
    table = re.findall(r"^\| (\d+(?:, \d+)*) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert {int(code) for row in table for code in row.split(", ")} == {0, *codes}


@pytest.fixture
def colony(tmp_path: Path) -> Path:
    """A folder in which the tutorial was judged twice, so that every table is there."""
    shutil.copytree(TUTORIAL, tmp_path / "curriculums")
    (tmp_path / "df_behavior.csv").write_bytes((TUTORIAL / "df_behavior.csv").read_bytes())
    managers = {"lever": {"curriculums": "curriculums", "behavior": "df_behavior.csv", "manager": "t/df_manager.csv"}}
    (tmp_path / "t").mkdir()
    (tmp_path / "lab.yaml").write_text(json.dumps({"dsl_version": 1, "managers": managers}), "utf-8")
    assert evaluate(tmp_path).code == 0
    assert evaluate(tmp_path, "--rerun", "--subject", "801").code == 0
    return tmp_path


def evaluate(folder: Path, *options: str) -> Ran:
    return command("evaluate", "--config", str(folder / "lab.yaml"), *options)


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "t").glob("df_manager*.csv"))}


def test_what_the_page_calls_derived_is_written_again(colony: Path) -> None:
    before = tables(colony)
    assert set(before) == {"df_manager.csv", "df_manager_stats.csv", "df_manager_superseded.csv"}
    for path in [*(colony / "t").rglob("*.lock"), *(colony / "t").glob("df_manager*.csv")]:
        path.unlink()
    (colony / "t" / "df_manager_report.json").unlink()
    assert evaluate(colony).code == 0
    assert tables(colony) == before
    assert (colony / "t" / "df_manager_report.json").is_file()


def test_sessions_that_never_were_are_taken_out_as_the_page_says(colony: Path) -> None:
    for path in (colony / "df_behavior.csv", colony / "t" / "df_manager.csv"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        number = 1 if path.name == "df_behavior.csv" else 3
        kept = [line for line in lines if (line.split(",")[0], line.split(",")[number]) != ("803", "3")]
        assert len(kept) == len(lines) - 1
        path.write_text("".join(kept), "utf-8")
    assert evaluate(colony).code == 1
    adopted = evaluate(colony, "--adopt")
    assert (adopted.code, "1 removed by hand" in adopted.out, "ATD511 mouse 803" in adopted.out) == (1, True, True)
    # Without the fall back of session 3 the mouse is at PRESS in session 4, and stays there.
    assert evaluate(colony, "--correct").code == 0
    mine = pd.read_csv(colony / "t" / "df_manager.csv", dtype=str).query("subject_id == '803'")
    assert [*mine["session"]] == ["1", "2", "4", "5", "6"]
    assert [*mine["current_stage_actual"]] == ["TOUCH", "TOUCH", "PRESS", "PRESS", "PRESS"]
    assert command("history", "803", "--config", str(colony / "lab.yaml"), "--session", "3").code == 0


def test_a_table_that_is_half_gone_takes_no_decision_back(colony: Path) -> None:
    before = tables(colony)
    lines = (colony / "df_behavior.csv").read_text("utf-8").splitlines(keepends=True)
    (colony / "df_behavior.csv").write_text("".join(lines[:8]), "utf-8")
    assert evaluate(colony).code == 0
    assert tables(colony) == before


def test_a_wrong_curriculum_is_mended_as_the_page_says(colony: Path) -> None:
    right = tables(colony)["df_manager.csv"]
    file = colony / "curriculums" / "first_steps.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("enough: 40", "enough: 10"), "utf-8")
    ran = evaluate(colony, "--rerun", "--subject", "803")
    assert (ran.code, "with another result" in ran.out, "ATD514" in ran.out) == (0, True, True)
    file.write_text(text, "utf-8")
    warned = evaluate(colony)
    assert (warned.code, "ATD514 First Steps@1.0 has changed since 6 sessions" in warned.out) == (0, True)
    assert evaluate(colony, "--rerun", "--subject", "803").code == 0
    assert "ATD514" not in evaluate(colony).out
    mended = pd.read_csv(colony / "t" / "df_manager.csv", dtype=str).drop(columns="judged_at")
    (colony / "right.csv").write_bytes(right)
    pd.testing.assert_frame_equal(mended, pd.read_csv(colony / "right.csv", dtype=str).drop(columns="judged_at"))


@pytest.mark.parametrize("way", ["--adopt", "--restore"])
def test_a_head_from_an_older_backup_is_completed_as_the_page_says(colony: Path, way: str) -> None:
    state = colony / "t" / "df_manager.csv.state"
    backup = (state / "HEAD.json").read_bytes()
    behavior = colony / "df_behavior.csv"
    behavior.write_text(behavior.read_text("utf-8") + "802,4,2025-03-06,First Steps,1.0,47,0.81\n", "utf-8")
    assert evaluate(colony).code == 0
    newest = tables(colony)
    (state / "HEAD.json").unlink()
    assert "HEAD.json` is gone" in evaluate(colony).out
    (state / "HEAD.json").write_bytes(backup)
    assert "mouse 802 session 4 was added" in evaluate(colony).out
    assert evaluate(colony, way, "--now", NOW).code == 0
    found = tables(colony)
    if way == "--restore":
        found = {name: content.replace(NOW.encode(), judged_at(newest)) for name, content in found.items()}
    assert found == newest
    assert command("doctor", "--config", str(colony / "lab.yaml")).code == 0


def judged_at(found: Mapping[str, bytes]) -> bytes:
    """When the last row of mouse 802 was judged."""
    table = pd.read_csv(io.BytesIO(found["df_manager.csv"]), dtype=str)
    return str(table.query("subject_id == '802'")["judged_at"].iloc[-1]).encode()


def test_the_doctor_leaves_no_trace_on_the_first_night(tmp_path: Path) -> None:
    shutil.copytree(TUTORIAL, tmp_path / "lever")
    manager = {"curriculums": "lever", "behavior": "lever/df_behavior.csv", "manager": "df_manager.csv"}
    (tmp_path / "lab.yaml").write_text(json.dumps({"dsl_version": 1, "managers": {"lever": manager}}), "utf-8")
    before = sorted(tmp_path.rglob("*"))
    assert command("doctor", "--config", str(tmp_path / "lab.yaml")).code == 0
    assert sorted(tmp_path.rglob("*")) == before


# Permissions


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


def in_bucket(store: s3_servers.Server, bucket: str) -> Any:
    client = boto3.session.Session().client("s3", endpoint_url=store.endpoint, region_name="us-east-1")
    return lambda key, content: client.put_object(Bucket=bucket, Key=key, Body=content)


def test_the_policy_allows_what_the_program_does_and_no_more(tmp_path: Path, store: s3_servers.Server) -> None:
    bucket = store.bucket()
    in_bucket(store, bucket)("foraging/df_behavior.csv", (TUTORIAL / "df_behavior.csv").read_bytes())
    with s3_servers.FaultyProxy(store.endpoint) as proxy:
        manager = {
            "curriculums": str(TUTORIAL), "behavior": f"s3://{bucket}/foraging/df_behavior.csv",
            "manager": f"s3://{bucket}/foraging/df_manager.pkl", "mirrors": [f"s3://{bucket}/backup/lever"],
        }  # fmt: skip
        settings = {"endpoint": proxy.endpoint, "region": "us-east-1", "addressing": "path"}
        content = {"dsl_version": 1, "managers": {"lever": manager}, "s3": settings}
        (tmp_path / "lab.yaml").write_text(json.dumps(content), "utf-8")
        for name in ("doctor", "evaluate", "doctor"):
            assert command(name, "--config", str(tmp_path / "lab.yaml")).code == 0
        asked = {action_of(method, path, bucket) for method, path in proxy.log}
    [policy] = blocks("json", "iam")
    allowed = [(s["Action"], s["Resource"]) for s in json.loads(policy)["Statement"] if s["Effect"] == "Allow"]
    for action, place in sorted(asked):
        assert any(action in actions and fits(place, resources) for actions, resources in allowed), (action, place)
    assert {action for action, _ in asked} == {action for actions, _ in allowed for action in actions}


def action_of(method: str, path: str, bucket: str) -> tuple[str, str]:
    """What a request needs to be allowed, and on what, as policies call it."""
    parts = urlsplit(path)
    key = unquote(parts.path).removeprefix(f"/{bucket}").removeprefix("/")
    place = f"arn:aws:s3:::example-lab/{key}".removesuffix("/")
    if key:
        return {"GET": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}[method], place
    query = parse_qs(parts.query, keep_blank_values=True)
    return {True: "s3:GetBucketVersioning", False: "s3:ListBucket"}["versioning" in query], place


def fits(place: str, resources: str | list[str]) -> bool:
    return any(fnmatch.fnmatchcase(place, each) for each in ([resources] if isinstance(resources, str) else resources))


def to_database(postgres: sql_servers.Server, user: str, database: str) -> sa.Engine:
    place = f"postgresql+psycopg://{user}@127.0.0.1:{postgres.port}/{database}"
    return sa.create_engine(place, poolclass=sa.NullPool)


def test_the_grants_are_enough_and_not_too_much(
    tmp_path: Path, postgres: sql_servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_DB_PASSWORD", "choose-one")
    grants, readers = (text.split(";\n") for text in blocks("sql"))
    make_behavior_table(postgres, "lab")
    postgres.execute("CREATE ROLE rigs LOGIN", *filter(None, map(str.strip, grants)))
    place = f"postgresql+psycopg://autotrain:${{LAB_DB_PASSWORD}}@127.0.0.1:{postgres.port}/lab"
    manager = {"curriculums": str(TUTORIAL), "behavior": f"{place}#df_behavior", "manager": f"{place}#df_manager"}
    content = {"dsl_version": 1, "managers": {"lever": {**manager, "columns": dict(COLUMNS)}}}
    (tmp_path / "lab.yaml").write_text(json.dumps(content), "utf-8")
    for name in ("doctor", "evaluate", "evaluate", "doctor"):
        ran = command(name, "--config", str(tmp_path / "lab.yaml"))
        assert ran.code == 0, ran
    postgres.execute(*filter(None, map(str.strip, readers)))
    asked = "has_table_privilege('{}', '{}', '{}')"
    rights = [("autotrain", "df_behavior", "SELECT"), ("autotrain", "df_behavior", "UPDATE")]
    rights += [
        ("rigs", "df_manager", "SELECT"),
        ("rigs", "df_manager_stats", "SELECT"),
        ("rigs", "df_manager", "UPDATE"),
    ]
    with to_database(postgres, "postgres", "lab").connect() as connection:
        found = [connection.scalar(sa.text(f"SELECT {asked.format(*right)}")) for right in rights]
    assert found == [True, False, True, True, False]
    postgres.execute("DROP TABLE df_behavior", "DROP OWNED BY autotrain", "DROP ROLE autotrain")


COLUMNS: Mapping[str, str] = {"subject_id": "mouse_id", "rewards": "reward_count"}


def make_behavior_table(postgres: sql_servers.Server, database: str) -> None:
    """The sessions of the tutorial in a database, which calls some columns by other names."""
    frame = pd.read_csv(TUTORIAL / "df_behavior.csv", dtype={"subject_id": str, "curriculum_version": str})
    frame.rename(columns=dict(COLUMNS)).to_sql("df_behavior", to_database(postgres, "postgres", database), index=False)


# The configuration


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """A checkout with the example configuration in its top folder."""
    folder = copy_of_project(tmp_path / "checkout")
    shutil.copyfile(OPERATIONS / "autotrain.yaml", folder / "autotrain.yaml")
    return folder


def variables() -> list[str]:
    text = (OPERATIONS / "autotrain.env").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def environment() -> dict[str, str]:
    return {line.removesuffix("="): "value" for line in variables()}


def test_the_example_configuration_is_without_findings(deployed: Path) -> None:
    loaded, found = configuration.load(deployed / "autotrain.yaml", environment())
    assert (found, loaded is not None) == ([], True)
    assert loaded is not None
    assert tuple(manager.name for manager in loaded.managers) == NAMES


def test_a_configuration_among_curriculums_is_not_taken_for_one(deployed: Path) -> None:
    ran = command("validate", "--strict", str(deployed / "examples"))
    assert (ran.code, "4 other YAML files left out" in ran.out) == (0, True), ran.out[:600]


def test_the_list_of_variables_is_complete_and_has_no_values() -> None:
    named = set(re.findall(r"\$\{(\w+)\}", (OPERATIONS / "autotrain.yaml").read_text("utf-8")))
    assert set(variables()) == {f"{name}=" for name in {*named, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}}


@pytest.fixture
def running(
    deployed: Path, store: s3_servers.Server, postgres: sql_servers.Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The example with a bucket, a database and a folder that are there."""
    monkeypatch.setenv("LAB_DB_PASSWORD", PASSWORD)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    bucket = store.bucket()
    text = (deployed / "autotrain.yaml").read_text("utf-8")
    local = {
        "s3://example-lab/": f"s3://{bucket}/",
        "@db.example.org/lab": f"@127.0.0.1:{postgres.port}/nightly",
        "region: us-west-2": f'region: us-east-1\n  endpoint: "{store.endpoint}"\n  addressing: path',
    }
    for before, after in local.items():
        assert before in text
        text = text.replace(before, after)
    (deployed / "autotrain.yaml").write_text(text, "utf-8")
    (deployed / "tables").mkdir()
    shutil.copyfile(TUTORIAL / "df_behavior.csv", deployed / "tables" / "df_behavior.csv")
    frame = pd.read_csv(ROOT / "examples" / "df_behavior.csv", dtype=str).query("subject_id in ['700101', '700102']")
    path = deployed / "df_behavior.pkl"
    frame.astype(object).to_pickle(path, protocol=4)
    in_bucket(store, bucket)("foraging/df_behavior.pkl", path.read_bytes())
    path.unlink()
    postgres.execute("CREATE DATABASE nightly", f"CREATE ROLE autotrain LOGIN PASSWORD '{PASSWORD}'")
    make_behavior_table(postgres, "nightly")
    with to_database(postgres, "postgres", "nightly").begin() as connection:
        connection.execute(sa.text("GRANT ALL ON SCHEMA public TO autotrain"))
        connection.execute(sa.text("GRANT SELECT ON df_behavior TO autotrain"))
    yield deployed
    postgres.execute("DROP DATABASE nightly WITH (FORCE)", "DROP ROLE autotrain")


def break_it(name: str, folder: Path, postgres: sql_servers.Server) -> None:
    """Take something away that one manager needs."""
    config = folder / "autotrain.yaml"
    if name == "foraging":
        text = config.read_text("utf-8")
        config.write_text(text.replace("/foraging/df_behavior.pkl", "/foraging/df_behaviour.pkl"), "utf-8")
    elif name == "lever":
        with to_database(postgres, "postgres", "nightly").begin() as connection:
            connection.execute(sa.text("REVOKE SELECT ON df_behavior FROM autotrain"))
    else:
        (folder / "tables" / "df_behavior.csv").write_bytes(b"mouse,night\n801,1\n")


@pytest.mark.parametrize(("broken", "code"), [("", 0), ("foraging", 3), ("lever", 3), ("pilot", 1)])
def test_the_managers_of_the_example_really_run(
    running: Path, postgres: sql_servers.Server, broken: str, code: int
) -> None:
    if broken:
        break_it(broken, running, postgres)
    config = ("--config", str(running / "autotrain.yaml"))
    examined = command("doctor", *config, "--format", "json")
    assert examined.code == code, examined
    wrong = {e["name"]: {c["level"] for c in e["checks"]} & {"wrong", "outside"} for e in examined.report["managers"]}
    assert {name for name, levels in wrong.items() if levels} == {broken} - {""}
    ran = command("evaluate", *config, "--now", NOW, "--format", "json")
    assert ran.code == code, ran
    managers = {each["name"]: each for each in ran.report["managers"]}
    assert tuple(managers) == NAMES
    for name in NAMES:
        if name == broken:
            assert managers[name]["exit_code"] == code
        else:
            assert (managers[name]["generation"], managers[name]["not_judged"]) == (1, [])
            assert managers[name]["summary"]["judged"] == {"foraging": JUDGED, "lever": 20, "pilot": 20}[name]
    again = command("evaluate", *config, "--format", "json")
    assert again.code == code
    assert sum(each["summary"]["judged"] for each in again.report["managers"] if "summary" in each) == 0
    for each in (examined, ran, again):
        assert PASSWORD not in each.out + each.err
        assert SECRET not in each.out + each.err


JUDGED = len(pd.read_csv(ROOT / "examples" / "df_behavior.csv", dtype=str).query("subject_id in ['700101', '700102']"))


# Schedulers


def cron_lines() -> list[tuple[str, str]]:
    text = (OPERATIONS / "crontab").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not re.match(r"#|[A-Z]+=", line)]
    parts = [line.split(None, 5) for line in lines]
    return [(" ".join(part[:5]), part[5]) for part in parts]


def test_cron_starts_the_run_before_the_morning_and_the_audit_on_sundays() -> None:
    (nightly, first), (weekly, second) = cron_lines()
    start = dt.datetime(2025, 3, 7, 12, tzinfo=ZoneInfo("UTC"))  # a Friday
    runs, audits = CronSim(nightly, start), CronSim(weekly, start)
    assert [next(runs).strftime("%a %H:%M") for _ in range(3)] == ["Sat 05:30", "Sat 06:30", "Sun 05:30"]
    assert next(audits).strftime("%a %H:%M") == "Sun 12:00"
    for line in (first, second):
        assert "%" not in line, "cron takes it for the end of the command"
        done = subprocess.run(["bash", "-n", "-c", line], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    assert ("evaluate --config" in first, "verify-state --config" in second) == (True, True)


def test_the_line_of_cron_is_silent_when_all_is_well_and_speaks_when_not(colony: Path) -> None:
    line = cron_lines()[0][1]
    (colony / ".venv").mkdir()
    (colony / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (colony / "autotrain.yaml").write_bytes((colony / "lab.yaml").read_bytes())
    (colony / "autotrain.env").write_text("".join(f"{name}x\n" for name in variables()), "utf-8")
    for place, here in (("/srv/autotrain ", f"{colony} "), ("/etc/autotrain/", f"{colony}/")):
        assert place in line
        line = line.replace(place, here)
    assert shell(line, colony).stdout == ""
    (colony / "df_behavior.csv").unlink()
    said = shell(line, colony).stdout
    assert said.startswith("exit code 3: lever:\nerror: there is no df_behavior at ")


def unit(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (OPERATIONS / name).read_text("utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for name in ("autotrain.service", "autotrain.timer"):
        text = (OPERATIONS / name).read_text("utf-8").replace("/srv/autotrain/.venv/bin/autotrain-dsl", sys.executable)
        (tmp_path / name).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "autotrain.service", "autotrain.timer"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if "autotrain" in line or str(tmp_path) in line]
    assert (done.returncode, complaints) == (0, []), done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_the_timer_names_a_time_of_day() -> None:
    [calendar] = unit("autotrain.timer")["OnCalendar"]
    done = subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True, text=True, check=False)
    assert (done.returncode, "05:30:00" in done.stdout) == (0, True), done.stderr


def test_the_service_repeats_only_what_may_get_better_by_itself() -> None:
    service = unit("autotrain.service")
    assert service["Restart"] == ["on-failure"]
    assert service["RestartPreventExitStatus"] == ["1 2 70"]
    [start] = service["ExecStart"]
    assert start.endswith("/bin/autotrain-dsl evaluate --config autotrain.yaml")
    assert (service["User"], service["EnvironmentFile"]) == (["autotrain"], ["/etc/autotrain/autotrain.env"])


def workflow() -> dict[str, Any]:
    read, found = document.read(OPERATIONS / "github-workflow.yaml")
    assert (read is not None, found) == (True, [])
    assert read is not None
    data: dict[str, Any] = read.data
    return data


def test_the_workflow_is_one_that_github_takes() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run(
        [*check, str(OPERATIONS / "github-workflow.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    wrong = (OPERATIONS / "github-workflow.yaml").read_text("utf-8").replace("runs-on:", "runs_on:")
    done = subprocess.run([*check, "-"], input=wrong, capture_output=True, text=True, check=False)
    assert done.returncode == 1, "the check finds what is wrong"


def test_the_workflow_runs_managers_that_there_are_with_all_variables() -> None:
    job = workflow()["jobs"]["evaluate"]
    assert set(job["strategy"]["matrix"]["manager"]) <= set(NAMES)
    [run] = [step for step in job["steps"] if "evaluate" in step.get("run", "")]
    assert {f"{name}=" for name in run["env"]} == {*variables(), "MANAGER="}
    for name, value in run["env"].items():
        assert value == (f"${{{{ secrets.{name} }}}}" if name != "MANAGER" else "${{ matrix.manager }}")
    for step in (step["run"] for step in job["steps"] if "run" in step):
        done = subprocess.run(["bash", "-n", "-c", step], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    [cron] = [each["cron"] for each in workflow()["on"]["schedule"]]
    start = dt.datetime(2025, 3, 7, tzinfo=ZoneInfo("UTC"))
    assert next(CronSim(cron, start)).isoformat() == "2025-03-07T12:30:00+00:00"


# The container


def instructions(name: str) -> list[str]:
    copy = io.BytesIO((OPERATIONS / "Containerfile").read_bytes())  # the parser may write to its file
    structure = DockerfileParser(fileobj=copy).structure
    return [str(each["value"]) for each in structure if each["instruction"] == name]


def test_the_container_holds_files_that_there_are() -> None:
    copied = [value.split()[:-1] for value in instructions("COPY")]
    assert len(copied) > 4
    for source in (source for sources in copied for source in sources):
        assert (ROOT / source).exists(), source
    assert [*instructions("ADD"), *instructions("ENV"), *instructions("ARG")] == [], "nothing that could be a secret"


def test_the_container_runs_the_nightly_command_as_nobody_in_particular() -> None:
    assert instructions("FROM") == ["python:3.11-slim"]
    [user] = instructions("USER")
    assert user == "10001"
    assert any(f"--uid {user}" in step for step in instructions("RUN"))
    entry, arguments = (json.loads(instructions(name)[0]) for name in ("ENTRYPOINT", "CMD"))
    assert entry == ["autotrain-dsl"]
    assert arguments == ["evaluate", "--config", "autotrain.yaml"]
    for step in instructions("RUN"):
        done = subprocess.run(["sh", "-n", "-c", step], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_extras_that_are_installed_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    texts = [(OPERATIONS / name).read_text("utf-8") for name in ("Containerfile", "github-workflow.yaml")]
    asked = [re.findall(r"pip install [^\n]*'\.\[([\w,]+)\]'", text) for text in (*texts, PAGE.read_text("utf-8"))]
    assert asked == [["sql"]] * 3
    assert {"sql"} <= set(project["optional-dependencies"])


def test_what_is_copied_before_the_installation_is_enough_to_build_the_program(tmp_path: Path) -> None:
    before = (OPERATIONS / "Containerfile").read_text("utf-8").partition("RUN pip")[0]
    for line in re.findall(r"^COPY (.*)$", before, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(ROOT / source, tmp_path / source)
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "dist").iterdir()] == [f"autotrain_dsl-{__version__}-py3-none-any.whl"]


def test_the_configuration_of_the_container_finds_its_curriculums(tmp_path: Path) -> None:
    for line in instructions("COPY"):
        *sources, target = line.split()
        if sources[0] in ("curriculums", "examples/tutorial"):
            shutil.copytree(ROOT / sources[0], tmp_path / target)
    shutil.copyfile(OPERATIONS / "autotrain.yaml", tmp_path / "autotrain.yaml")
    _, found = configuration.load(
        tmp_path / "autotrain.yaml", {line.removesuffix("="): "value" for line in variables()}
    )
    assert found == []

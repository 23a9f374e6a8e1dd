"""Parts judged by a Dask scheduler and two workers in processes of their own, over TCP on this machine."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import boto3
import pandas as pd
import pytest
from colony import NOW, Colony, Record, command, frame_of, mouse, process
from s3_servers import Server, moto

pytest.importorskip("distributed")

PARTS, MICE, SESSIONS = 8, 3, 7


def rows_of(part: int) -> list[dict[str, object]]:
    chance = Random(part)
    return [
        row
        for name in range(MICE)
        for row in mouse(f"{part}-{name}", [chance.choice([90, 250, 350, None]) for _ in range(SESSIONS)])
    ]


def encoded(rows: list[dict[str, object]]) -> bytes:
    buffer = io.BytesIO()
    frame_of(rows).convert_dtypes().to_parquet(buffer)
    return buffer.getvalue()


@dataclass
class Cluster:
    """A scheduler and its workers."""

    address: str
    workers: list[subprocess.Popen[str]]


def started(stack: ExitStack, *arguments: str, says: str) -> tuple[subprocess.Popen[str], str]:
    """A process of Dask, once it has said that it is there; what it says afterwards is thrown away."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s"},
    )
    assert process.stderr is not None
    stack.enter_context(process)
    stack.callback(process.kill)
    for line in process.stderr:
        if says in line:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process, line
    raise AssertionError(f"dask {arguments[0]} ended with {process.wait()}")


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        _, line = started(stack, "scheduler", "--host", "127.0.0.1", "--port", "0", says="Scheduler at:")
        address = line.split()[-1]
        workers = [
            started(
                stack, "worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny",
                "--local-directory", str(folder / f"worker{number}"), says="Registered to:",
            )[0]
            for number in (1, 2)
        ]  # fmt: skip
        yield Cluster(address, workers)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto() as server:
        yield server


@dataclass
class Bucket:
    """A lab whose tables are in a bucket."""

    colony: Colony
    server: Server
    name: str

    @property
    def client(self) -> Any:
        return boto3.client("s3", endpoint_url=self.server.endpoint, region_name="us-east-1")

    def behave(self, part: int, rows: list[dict[str, object]]) -> None:
        self.client.put_object(Bucket=self.name, Key=f"behavior/p{part}.parquet", Body=encoded(rows))

    def configuration(self) -> str:
        lab = {
            "curriculums": "curriculums",
            "behavior": f"s3://{self.name}/behavior/",
            "manager": f"s3://{self.name}/manager/",
        }
        s3 = {"endpoint": self.server.endpoint, "region": "us-east-1", "addressing": "path", "attempts": 3}
        path = self.colony.folder / "autotrain.yaml"
        path.write_text(json.dumps({"dsl_version": 1, "managers": {"lab": lab}, "s3": s3}), "utf-8")
        return str(path)

    def content(self) -> dict[str, bytes]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix="manager/")
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return {key: self.client.get_object(Bucket=self.name, Key=key)["Body"].read() for key in keys}


def evaluating(stack: ExitStack, out: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command, while it runs; its result goes to a file, its steps can be read one by one."""
    ran = subprocess.Popen(
        [sys.executable, "-m", "autotrain_dsl", "evaluate", *arguments, "--now", NOW, "--log-format", "json"],
        stdout=stack.enter_context(out.open("w")),
        stderr=subprocess.PIPE,
        text=True,
    )
    stack.callback(ran.kill)
    return stack.enter_context(ran)


def steps(ran: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert ran.stderr is not None
    yield from map(json.loads, ran.stderr)


def test_a_worker_that_is_killed_is_survived_and_nothing_is_written_twice(server: Server, tmp_path: Path) -> None:
    bucket = Bucket(Colony.at(tmp_path / "lab"), server, server.bucket())
    for part in range(PARTS):
        bucket.behave(part, rows_of(part))
    with cluster(tmp_path) as dask, ExitStack() as stack:
        options = ["--config", bucket.configuration(), "--engine", "dask", "--scheduler", dask.address]
        out = tmp_path / "out"
        ran = evaluating(stack, out, *options, "--format", "json")
        judged: list[str] = []
        for step in steps(ran):
            if step["event"] == "judged":
                judged.append(step["part"])
                if len(judged) == 1:
                    dask.workers[0].send_signal(signal.SIGKILL)
        assert ran.wait() == 0
        report = json.loads(out.read_text("utf-8"))["managers"][0]
        assert sorted(judged) == [f"p{part}" for part in range(PARTS)]
        assert report["summary"]["judged"] == report["rows"] == PARTS * MICE * SESSIONS
        first = bucket.content()
        # One file of rows and one of stats for every part, whoever has judged it how often.
        assert len([key for key in first if "/parts/" in key]) == 2 * PARTS
        bucket.behave(3, [*rows_of(3), *mouse("late", [350, 90])])
        again = evaluating(stack, out, *options)
        assert [step["sessions"] for step in steps(again) if step["event"] == "judged" and step["sessions"]] == [2]
        assert again.wait() == 0
    # The same, one part after another in this process: the same bytes under the same names.
    same = Bucket(bucket.colony, server, server.bucket())
    for part in range(PARTS):
        same.behave(part, rows_of(part))
    assert command("evaluate", "--config", same.configuration(), "--now", NOW).code == 0
    parts = {key: content for key, content in same.content().items() if "/parts/" in key}
    assert parts == {key: content for key, content in first.items() if "/parts/" in key}


def parquet(folder: Path, rows: dict[str, list[Record]]) -> None:
    folder.mkdir()
    for name, each in rows.items():
        (folder / f"{name}.parquet").write_bytes(encoded([dict(row) for row in each]))


def test_a_cluster_is_started_for_the_run_where_none_is_named(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "lab")
    parquet(colony.folder / "behavior", {f"p{part}": [*rows_of(part)] for part in range(2)})
    (colony.folder / "behavior" / "bad.parquet").write_bytes(b"no table")
    tables = ["--behavior", f"{colony.folder}/behavior/", "--manager", f"{colony.folder}/manager/"]
    ran = process(
        "evaluate", "--curriculums", str(colony.folder / "curriculums"), *tables, "--engine", "dask", "--now", NOW
    )
    assert (ran.code, ran.err) == (1, "")
    assert f"judged {2 * MICE * SESSIONS} sessions" in ran.out
    assert "part `bad`" in ran.out
    head = json.loads((colony.folder / "manager" / "HEAD.json").read_bytes())
    table = pd.read_parquet(colony.folder / "manager" / head["parts"]["p0"]["manager"])
    assert len(table) == MICE * SESSIONS


def test_a_scheduler_that_is_not_there_is_said(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "lab")
    tables = ["--behavior", f"{colony.folder}/behavior/", "--manager", f"{colony.folder}/manager/"]
    options = ["--curriculums", str(colony.folder / "curriculums"), *tables, "--engine", "dask"]
    ran = process("evaluate", *options, "--scheduler", "tcp://127.0.0.1:9")
    assert ran.code == 3
    assert ran.err.startswith("error: there is no Dask scheduler at `tcp://127.0.0.1:9`")
    assert "Traceback" not in ran.err

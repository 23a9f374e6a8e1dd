"""``evaluate`` on tables in a bucket, as its users meet it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pandas as pd
import pytest
from colony import LATER, NOW, Colony, Ran, command, frame_of, mouse
from s3_servers import FaultyProxy, Server, moto

from autotrain_dsl.store.formats import encode

ROWS = [*mouse("a", [250, 350, 350]), *mouse("007", [250, 90])]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto() as server:
        yield server


class Bucket:
    """A bucket with tables, and the command run on them through a proxy."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.name = server.bucket()
        self.client = boto3.client(
            "s3",
            endpoint_url=server.endpoint,
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
            region_name="us-east-1",
        )
        self.colony = Colony.at(folder / "colony")
        self.proxy = FaultyProxy(server.endpoint)

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def behave(self, rows: list[dict[str, object]], suffix: str = ".parquet") -> None:
        self.put(f"lab/df_behavior{suffix}", encode(frame_of(rows).convert_dtypes(), suffix))

    def content(self) -> dict[str, bytes]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return {key: self.client.get_object(Bucket=self.name, Key=key)["Body"].read() for key in keys}

    def run(self, *options: str, suffix: str = ".parquet", bucket: str = "") -> Ran:
        place = f"s3://{bucket or self.name}/lab"
        manager = {
            "curriculums": str(self.colony.folder / "curriculums"),
            "behavior": f"{place}/df_behavior{suffix}",
            "manager": f"{place}/df_manager{suffix}",
        }
        s3 = {"endpoint": self.proxy.endpoint, "region": "us-east-1", "addressing": "path", "attempts": 2}
        path = self.colony.folder / "autotrain.yaml"
        path.write_text(json.dumps({"dsl_version": 1, "managers": {"lab": manager}, "s3": s3}), "utf-8")
        return command("evaluate", "--config", str(path), "--now", NOW, *options)


@pytest.fixture
def bucket(server: Server, tmp_path: Path) -> Iterator[Bucket]:
    bucket = Bucket(server, tmp_path)
    with bucket.proxy:
        yield bucket


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".pkl"])
def test_the_whole_way(bucket: Bucket, suffix: str) -> None:
    bucket.behave(ROWS[:4], suffix)
    assert bucket.run(suffix=suffix).code == 0
    bucket.behave(ROWS, suffix)
    ran = bucket.run("--now", LATER, suffix=suffix)
    assert (ran.code, ran.err) == (0, "")
    kept = bucket.content()
    tables = {"df_manager", "df_manager_stats"}
    assert {key for key in kept if ".state/" not in key} == {
        f"lab/df_behavior{suffix}", *(f"lab/{name}{suffix}" for name in tables), "lab/df_manager_report.json"
    }  # fmt: skip
    generations = sorted(int(key.rpartition("/gen/")[2][:6]) for key in kept if "/gen/" in key)
    assert generations == [1, 2]
    if suffix == ".pkl":
        frame = pd.read_pickle(io.BytesIO(kept["lab/df_manager.pkl"]))
        assert [tuple(row) for row in frame[["subject_id", "session", "decision"]].itertuples(index=False)] == [
            ("007", 1, "PROGRESS"), ("007", 2, "ROLLBACK"), ("a", 1, "PROGRESS"), ("a", 2, "STAY"), ("a", 3, "PROGRESS")
        ]  # fmt: skip
    again = bucket.run("--now", LATER, suffix=suffix)
    assert "is unchanged (5 rows)" in again.out
    after = bucket.content()
    assert {k: v for k, v in after.items() if "report" not in k} == {k: v for k, v in kept.items() if "report" not in k}


def test_a_store_that_disregards_conditions_is_refused(bucket: Bucket) -> None:
    bucket.behave(ROWS)
    bucket.proxy.ignores_conditions = True
    before = bucket.content()
    ran = bucket.run()
    assert ran.code == 3
    for words in ("does not honour conditional writes", "nothing was changed"):
        assert words in ran.err
    assert bucket.content() == before


def test_a_bucket_that_is_not_there_is_not_an_empty_one(bucket: Bucket) -> None:
    ran = bucket.run(bucket="no-such-bucket-here")
    assert (ran.code, "there is no bucket `no-such-bucket-here`" in ran.err) == (3, True)


def test_a_table_that_is_not_there_is_named(bucket: Bucket) -> None:
    ran = bucket.run()
    assert (ran.code, f"there is no df_behavior at `s3://{bucket.name}/lab/df_behavior.parquet`" in ran.err) == (
        3,
        True,
    )


@pytest.mark.parametrize("key", ["df_behavior", "df_manager.parquet.state/HEAD.json"])
def test_denied_access_is_not_an_empty_table(bucket: Bucket, key: str) -> None:
    bucket.behave(ROWS)
    before = bucket.content()
    bucket.proxy.arm("403", lambda method, path: key in path, times=None)
    ran = bucket.run()
    assert (ran.code, "is denied" in ran.err, "nothing was changed" in ran.err) == (3, True, True)
    assert bucket.content() == before


def test_a_store_that_nobody_answers_for_is_named(bucket: Bucket) -> None:
    bucket.behave(ROWS)
    bucket.proxy.arm("refuse", lambda method, path: True, times=None)
    ran = bucket.run()
    assert (ran.code, "cannot reach the store at" in ran.err, "Traceback" in ran.err) == (3, True, False)


def test_a_hand_edit_in_the_bucket_stops_the_run(bucket: Bucket) -> None:
    bucket.behave(ROWS)
    bucket.run()
    frame = pd.read_parquet(io.BytesIO(bucket.content()["lab/df_manager.parquet"]))
    bucket.put("lab/df_manager.parquet", encode(frame.head(4), ".parquet"))
    ran = bucket.run()
    assert (ran.code, "mouse a session 3 is gone" in ran.out) == (1, True)
    assert bucket.run("--restore").code == 0
    assert len(pd.read_parquet(io.BytesIO(bucket.content()["lab/df_manager.parquet"]))) == 5

"""``list``: what is written in files, and what is published in a folder or bucket, whatever else lies there."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import shelves
from colony import OTHER, TINY, Colony, command
from s3_servers import PAGE, FaultyProxy, Server, moto
from shelves import KEYS, bundle, folder

from autotrain_dsl import catalog, inventory, publishing, store
from autotrain_dsl.store.base import StoreError


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder of curriculums: two versions, an abstract file, one with an error, one that is not YAML."""
    colony = Colony.at(tmp_path / "colony", TINY.replace('"1.0"\ntask', '"2.10"\ntask'))
    colony.add_curriculum("older.yaml", TINY.replace('"1.0"\ntask', '"2.2"\ndescription: first\ntask'))
    colony.add_curriculum("base.yaml", "dsl_version: 1\nabstract: true\nstages: {}\n")
    colony.add_curriculum("wrong.yaml", OTHER.replace("finished_trials[-1] >= 50", "trials[-1] >= 50"))
    colony.add_curriculum("broken.yaml", "dsl_version: 1\nstages: [\n")
    return colony.folder / "curriculums"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder with published curriculums, and one of which only the older system's files are there."""
    path = tmp_path / "published"
    made = [bundle(version="2.10"), bundle(version="2.2", pictures=False), bundle("Another", "1")]
    publishing.carry_out(publishing.plan(made, folder(path)))
    (path / "Old_curriculum_v0.1_schema_v0.3.json").write_text("{}")
    (path / "Old_curriculum_v0.1_schema_v0.3_rules.svg").write_text("<svg/>")
    (path / "README.txt").write_text("not a curriculum")
    (path / "other.json").write_text("{}")
    return path


def test_curriculums_are_listed_by_name_and_version(written: Path) -> None:
    ran = command("list", str(written))
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    hashes = {each.claims: each.graph.content_hash[:12] for each in catalog.build([written]).compilations if each.graph}
    assert lines == [
        "name   version  hash          stages  file         description",
        "-      -        abstract      -       base.yaml",
        "-      -        error         -       broken.yaml",
        "Other  1.0      error         -       wrong.yaml",
        f"Tiny   2.2      {hashes['Tiny', '2.2']}  4       older.yaml   first",
        f"Tiny   2.10     {hashes['Tiny', '2.10']}  4       0.yaml",
    ]


def test_for_programs_everything_is_told_in_full(written: Path) -> None:
    content = json.loads(command("list", str(written), "--format", "json").out)
    assert (content["version"], content["published"]) == (1, [])
    [row] = [row for row in content["curriculums"] if row["version"] == "2.2"]
    assert row == {
        "name": "Tiny",
        "version": "2.2",
        "state": "ok",
        "file": str(written / "older.yaml"),
        "content_hash": catalog.build([written]).find("Tiny", "2.2").content_hash,  # type: ignore[union-attr]
        "description": "first",
        "stages": ["STAGE_1", "STAGE_2", "STAGE_3", "GRADUATED"],
    }
    assert [row["state"] for row in content["curriculums"]] == ["abstract", "error", "error", "ok", "ok"]


def test_one_file_is_listed_alone(written: Path) -> None:
    ran = command("list", str(written / "older.yaml"))
    assert (ran.code, len(ran.out.splitlines())) == (0, 2)


def test_what_is_published_is_listed_with_what_is_missing(published: Path) -> None:
    ran = command("list", str(published))
    short = {version: shelves.digest(shelves.content(version=version))[:12] for version in ("2.2", "2.10")}
    another = shelves.digest(shelves.content("Another", "1"))[:12]
    lacking = "2 without rules.svg, paras.svg"
    assert (ran.code, ran.err) == (0, "")
    assert [line.split("  ") for line in ran.out.splitlines()][1:] == [
        line.split("  ")
        for line in (
            f"Another         1        {another}  2       {'4':{len(lacking)}}  made up",
            f"Lever Pressing  2.2      {short['2.2']}  2       {lacking}  made up",
            f"Lever Pressing  2.10     {short['2.10']}  2       {'4':{len(lacking)}}  made up",
            "Old             0.1      older system  -       2",
        )
    ]


def test_published_curriculums_are_told_to_programs(published: Path) -> None:
    content = json.loads(command("list", str(published), "--format", "json").out)
    assert content["curriculums"] == []
    assert content["published"][1] == {
        "name": "Lever Pressing",
        "version": "2.2",
        "state": "published",
        "files": ["Lever Pressing@2.2.json", "Lever Pressing_curriculum_v2.2_schema_v1.0.json"],
        "missing": [f"Lever Pressing_curriculum_v2.2_schema_v1.0_{what}.svg" for what in ("rules", "paras")],
        "content_hash": shelves.digest(shelves.content(version="2.2")),
        "description": "made up",
        "stages": ["A", "B"],
        "fault": "",
    }
    assert content["published"][3]["files"] == [
        "Old_curriculum_v0.1_schema_v0.3.json", "Old_curriculum_v0.1_schema_v0.3_rules.svg"
    ]  # fmt: skip


def test_a_damaged_file_is_named_and_the_others_are_listed_all_the_same(published: Path) -> None:
    (published / "Another@1.json").write_bytes(b"{")
    ran = command("list", str(published))
    assert ran.code == 1
    assert "Another@1.json is damaged: it is not JSON (Expecting property name enclosed in double quotes)" in ran.out
    assert "Lever Pressing  2.10" in ran.out


def test_nothing_in_a_folder_stops_a_list_or_is_followed(published: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_bytes(shelves.native(shelves.content("Secret", "1")))
    (published / "Secret@1.json").symlink_to(tmp_path / "secret.json")
    (published / "Gone@1.json").symlink_to("nowhere")
    os.mkfifo(published / "Pipe@1.json")
    with (published / "Giant@1.json").open("wb") as file:
        file.truncate(1 << 40)
    (published / "line\nbreak@1.json").write_text("{}")
    (published / "\x1b[31mred_curriculum_v1_schema_v1.0.json").write_text("{}")
    (published / os.fsdecode(b"\xff\xfe@1.json")).write_text("{}")
    (published / "Folder@1.json").mkdir()
    (published / "Deep@1.json").write_bytes(b"[" * 300_000)
    ran = command("list", str(published))
    assert ran.code == 1
    assert "Secret@1.json is damaged: `" in ran.out
    for name in ("Secret", "Gone", "Pipe", "Giant", "Deep"):
        assert f"\n{name}@1.json is damaged: " in ran.out
    assert "\x1b" not in ran.out
    assert "break@1" not in ran.out
    found = json.loads(command("list", str(published), "--format", "json").out)
    assert [each["content_hash"] for each in found["published"] if each["name"] == "Secret"] == [""]


def test_a_folder_that_may_not_be_read_is_not_an_empty_one(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Path.iterdir

    def closed(path: Path) -> Iterator[Path]:  # root may read everything, so that no mode of a file would do
        if path == published:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", closed)
    ran = command("list", str(published))
    assert (ran.code, ran.out, ran.err) == (3, "", f"error: cannot read `{published}`: Permission denied\n")
    with pytest.raises(StoreError, match="Permission denied"):  # names that differ in capital letters would be missed
        publishing.plan([bundle(version="9")], folder(published))


def test_what_lies_deeper_is_neither_listed_nor_looked_at(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = inventory.of(folder(published))
    (published / "deeper").mkdir()
    (published / "deeper" / KEYS.native).write_bytes(shelves.native(shelves.content()))
    monkeypatch.setattr(os, "walk", None)
    assert inventory.of(folder(published)) == before
    assert publishing.plan([bundle()], folder(published)).refusals == ()


def test_more_than_can_be_read_in_a_while_is_refused(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(path.stat().st_size for path in published.glob("*@*.json"))
    monkeypatch.setattr(inventory, "MAX_BYTES", size)
    assert len(inventory.of(folder(published))) == 4
    monkeypatch.setattr(inventory, "MAX_BYTES", size - 1)
    with pytest.raises(StoreError, match="holds more than 0 MiB of curriculums"):
        inventory.of(folder(published))


def test_the_older_systems_files_are_gone_through_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Keys:
        uri = "made up"

        def keys(self, prefix: str = "") -> list[str]:
            return [
                f"N{number}_curriculum_v1_schema_v1.0{end}" for number in range(300) for end in (".json", "_rules.svg")
            ]

    seen = []

    class Pattern:
        def fullmatch(self, key: str) -> dict[int, str]:
            return Match({1: key.partition(".")[0], 2: key.partition("_")[0], 3: "1"})

    class Match(dict[int, str]):
        def __getitem__(self, group: int) -> str:
            seen.append(group)
            return super().__getitem__(group)

    monkeypatch.setattr(inventory, "_OLDER", Pattern())
    found = inventory.of(Keys())  # type: ignore[arg-type]
    assert [len(each.files) for each in found] == [2] * 300
    assert len(seen) <= 10 * 600


def test_hostile_texts_of_a_published_file_do_not_reach_the_terminal(tmp_path: Path) -> None:
    says = {**shelves.content(), "description": "\x1b]0;owned\x07 \u202eabc\ud800\nfake  line"}
    (tmp_path / KEYS.native).write_bytes(shelves.native(says))
    ran = command("list", str(tmp_path))
    assert ran.code == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out)
    assert len(ran.out.splitlines()) == 2
    [entry] = json.loads(command("list", str(tmp_path), "--format", "json").out)["published"]
    assert entry["description"] == says["description"]


def test_a_folder_may_hold_both(written: Path, published: Path) -> None:
    for path in published.iterdir():
        path.rename(written / path.name)
    content = json.loads(command("list", str(written), "--format", "json").out)
    assert (len(content["curriculums"]), len(content["published"])) == (5, 4)
    assert "\n\npublished" in command("list", str(written)).out


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("not there", "there is nothing at `not there`"),
        ("empty", "there is no curriculum at `empty`, written or published"),
        ("sqlite:///colony.db", "curriculums are kept in a folder or below s3://, and this is neither"),
        ("postgresql+psycopg://me:geheim@host/lab#t", "curriculums are kept in a folder or below s3://"),
        ("https://me:geheim@host/lab", "curriculums are kept in a folder or below s3://"),
        ("s3://me:geheim@host/lab", "this is no address in S3"),
    ],
)
def test_where_nothing_can_be_listed_is_a_mistake_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    ran = command("list", place)
    assert ran.code == 2
    assert message in " ".join(ran.err.split())
    assert "geheim" not in ran.out + ran.err


def test_the_current_folder_is_listed_where_nothing_is_named(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(written)
    assert "older.yaml" in command("list").out


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto() as server:
        yield server


def test_a_bucket_is_listed_as_the_configuration_says(
    server: Server, written: Path, published: Path, tmp_path: Path
) -> None:
    bucket = server.bucket()
    manager = {
        "curriculums": str(written), "behavior": f"s3://{bucket}/b.csv", "manager": f"s3://{bucket}/m.csv"
    }  # fmt: skip
    with FaultyProxy(server.endpoint) as proxy:
        s3 = {"endpoint": proxy.endpoint, "region": "us-east-1", "addressing": "path", "attempts": 1}
        config = tmp_path / "autotrain.yaml"
        config.write_text(json.dumps({"dsl_version": 1, "managers": {"lab": manager}, "s3": s3}), "utf-8")
        place = f"s3://{bucket}/curriculums"
        empty = command("list", place, "--config", str(config))
        assert (empty.code, f"there is no curriculum at `{place}`" in " ".join(empty.err.split())) == (2, True)
        publishing.carry_out(publishing.plan([bundle()], store.folder(place, store.Access(s3))))
        ran = command("list", place, "--config", str(config), "--format", "json")
        assert (ran.code, ran.err) == (0, "")
        assert [each["name"] for each in json.loads(ran.out)["published"]] == ["Lever Pressing"]
        objects = store.folder(f"{place}/deeper", store.Access(s3))
        for number in range(2 * PAGE):
            objects.put(f"{number}.txt", b"", None)
        proxy.reset()
        assert command("list", place, "--config", str(config), "--format", "json").out == ran.out
        pages = [path for _, path in proxy.log if "list-type=2" in path]
        assert len(pages) <= 2  # of three files and a prefix, and not of all that lies below that
        proxy.arm("403")
        denied = command("list", place, "--config", str(config))
        assert (denied.code, "is denied" in denied.err, denied.out) == (3, True, "")


def test_listing_draws_nothing(written: Path) -> None:
    script = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('pydot', 'jinja2', 'boto3', 'sqlalchemy')))\n"
        "from autotrain_dsl.cli.main import run\n"
        f"sys.argv = ['autotrain-dsl', 'list', {str(written)!r}]\n"
        "run()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")


def test_files_of_the_older_system_under_another_schema_belong_to_what_is_published(tmp_path: Path) -> None:
    other = "Lever Pressing_curriculum_v1.0_schema_v0.3.json"
    (tmp_path / other).write_bytes(b"MaxTime 90")
    publishing.carry_out(publishing.plan([bundle()], folder(tmp_path)))
    (entry,) = inventory.of(folder(tmp_path))
    assert (entry.state, entry.files, entry.missing) == (inventory.State.PUBLISHED, (*KEYS, other), ())

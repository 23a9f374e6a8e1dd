"""The nightly run under stress: killed at every store call, many at once, on failing stores. ``make durability``.

The program runs in children of a warm process (everything is imported, there are no threads), so that a run takes a
tenth of a second. In a child every call of a store is a point at which something can happen, just before or just after.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import importlib
import io
import itertools
import json
import locale
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self
from unittest import mock
from urllib.parse import quote

import boto3
import ceph
import colony
import pandas as pd
import s3_servers
import sql_servers
import sqlalchemy as sa
from botocore.loaders import JSONFileLoader
from colony import LATER, NOW, Colony, Ran, Record, mouse

from autotrain_dsl import catalog
from autotrain_dsl.store import Access, formats, open_state, s3
from autotrain_dsl.store.local import LocalObjects
from autotrain_dsl.tables.manager import to_frame
from autotrain_dsl.tables.stats import to_stats

BOUND = 120  # seconds after which a process that has not ended is a failure
KILL, TERM, INT, RUN = "KILL", "TERM", "INT", "RUN"
_WARM = ("autotrain_dsl.cli.evaluate", "autotrain_dsl.cli.mirrors", "autotrain_dsl.store.sql_state", "psycopg")
_CALLS = ("get", "put", "delete", "keys")
_VARIABLE = "DURABILITY_PASSWORD"
_QUIET = ("SELECT", "PRAGMA")


@dataclass(frozen=True, slots=True)
class Meddling:
    """What happens to a run at its point ``at``: a signal, or RUN, another whole run that ends with one of ``codes``.

    With ``calls_only`` the points are calls of ``Objects``; else also what is within them (a file renamed, say), and
    statements and commits in databases. ``room`` is how many bytes a file may have, ``variables`` are environment.
    """

    what: str = KILL
    at: int = -1
    calls_only: bool = False
    arguments: tuple[str, ...] = ()
    codes: tuple[int, ...] = (0,)
    room: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


UNDISTURBED = Meddling()


@dataclass(frozen=True, slots=True)
class Ended(Ran):
    """What became of a run in a child; a negative code is the signal that ended it, ``points`` how many it passed."""

    points: int


class Warm:
    """A process that has everything imported and runs the program in children of its own."""

    def __init__(self, **variables: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="durability-"))
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--serve", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **variables},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
        shutil.rmtree(self._folder)

    def run(self, *arguments: str, meddling: Meddling = UNDISTURBED) -> Ended:
        """Run the program once."""
        return self.together([(arguments, meddling)])[0]

    def together(self, runs: Sequence[tuple[Sequence[str], Meddling]]) -> list[Ended]:
        """Run the program several times at once; returns when all have ended, which is bounded."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = [{"arguments": list(arguments), "meddling": asdict(meddling)} for arguments, meddling in runs]
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the warm process has died"
        return [Ended(**each) for each in json.loads(answer)]


def _serve(folder: Path) -> None:
    """Answer requests until there are no more; nothing else may write to the standard output of this process."""
    for name in _WARM:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as scratch:
        made = Colony.at(Path(scratch) / "colony")
        made.judge(ONE)  # what is loaded at its first use
        compiled = catalog.build([made.folder / "curriculums"])
    catalog.build = lambda *_: compiled  # every colony here has the same one, and compiling it is half of a run
    load = functools.cache(JSONFileLoader().load_file)
    loader: Any = JSONFileLoader
    loader.load_file = lambda _, path: load(path)  # what S3 can do, read once and not in every child
    boto3.session.Session(region_name="us-east-1").client("s3")  # connects to nothing
    gc.collect()
    gc.freeze()
    assert threading.active_count() == 1
    for line in sys.stdin:
        gate, opened = os.pipe()
        asked = json.loads(line)
        children = [_start(each, folder / str(number), gate, opened) for number, each in enumerate(asked)]
        os.close(gate)
        os.close(opened)  # now all of them begin
        deadline = time.monotonic() + BOUND
        answers = [_ended(pid, folder / str(number), deadline) for number, pid in enumerate(children)]
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


def _start(asked: Mapping[str, Any], place: Path, gate: int, opened: int) -> int:
    place.with_suffix(".points").unlink(missing_ok=True)
    pid = os.fork()
    if pid:
        return pid
    os.close(opened)
    os.read(gate, 1)
    os.close(gate)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever has started us in the background ignores it
    meddling = Meddling(**asked["meddling"])
    for number, suffix in ((1, ".out"), (2, ".err")):
        os.dup2(os.open(place.with_suffix(suffix), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    if meddling.room is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # where there is room, unlike in files
    _surround(meddling)
    points = _intrude(meddling)
    code = _program(asked["arguments"])
    place.with_suffix(".points").write_text(str(points()))
    os._exit(code)


def _program(arguments: Sequence[str]) -> int:
    main = importlib.import_module("autotrain_dsl.cli.main")
    sys.argv = ["autotrain-dsl", *arguments]
    code: Any = 99
    try:
        main.run()
    except SystemExit as end:
        code = end.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code)


def _ended(pid: int, place: Path, deadline: float) -> dict[str, Any]:
    done, status = os.waitpid(pid, os.WNOHANG)
    while not done and time.monotonic() < deadline:
        time.sleep(0.002)
        done, status = os.waitpid(pid, os.WNOHANG)
    late = not done
    if late:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    out, err = (place.with_suffix(suffix) for suffix in (".out", ".err"))
    points = place.with_suffix(".points")
    return {
        "code": 999 if late else os.waitstatus_to_exitcode(status),
        "out": out.read_text("utf-8", "backslashreplace") if out.exists() else "",
        "err": err.read_text("utf-8", "backslashreplace") if err.exists() else "",
        "points": int(points.read_text()) if points.exists() else -1,
    }


def _surround(meddling: Meddling) -> None:
    os.environ.update(meddling.variables)
    if "TZ" in meddling.variables:
        time.tzset()
    if "LC_ALL" in meddling.variables:
        with contextlib.suppress(locale.Error):  # it is not installed, and then programs do without it
            locale.setlocale(locale.LC_ALL, "")
    if meddling.room is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (meddling.room, meddling.room))


def _intrude(meddling: Meddling) -> Callable[[], int]:
    """Make every call of a store two points, and have the meddling happen at its own; returns what counts points."""
    passed = itertools.count()
    last = [0]

    def point(*_: Any) -> None:
        last[0] = next(passed) + 1
        if last[0] - 1 == meddling.at:
            _happen(meddling)

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            point()
            result = call(*arguments, **options)
            point()
            return result

        return counted

    def around_writing(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.lstrip().upper().startswith(_QUIET):
            point()

    for owner, names in ((LocalObjects, _CALLS), (s3.S3Objects, _CALLS)):
        for name in names:
            setattr(owner, name, around(getattr(owner, name)))
    if not meddling.calls_only:
        for name in ("fsync", "replace"):
            setattr(os, name, around(getattr(os, name)))
        sa.event.listen(sa.Engine, "before_cursor_execute", around_writing)
        sa.event.listen(sa.Engine, "after_cursor_execute", around_writing)
        dialect: Any = sa.engine.default.DefaultDialect
        dialect.do_commit = around(dialect.do_commit)
    return lambda: last[0]


def _happen(meddling: Meddling) -> None:
    if meddling.what != RUN:
        os.kill(os.getpid(), getattr(signal, f"SIG{meddling.what}"))
        return
    pid = os.fork()
    if not pid:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(_program(meddling.arguments))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in meddling.codes, f"the run in between ended with {code}"


# Places: a colony and its tables on some store


Contents = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """One colony on one store: ``folder`` holds its curriculums and configuration, and what is kept in local files."""

    store: Store
    folder: Path
    base: str  # what URIs of files begin with
    manager: str

    @property
    def tables(self) -> Path:
        return self.folder / "tables"

    def arguments(self, *options: str, now: str = LATER) -> list[str]:
        """The command line of a run."""
        return ["evaluate", "--config", str(self.folder / "autotrain.yaml"), "--now", now, "--format", "json", *options]

    def configure(self, mirrors: bool = False, endpoint: str = "", attempts: int = 3, timeout: float = 20) -> None:
        """Write the configuration file."""
        entry = {"curriculums": str(self.folder / "curriculums"), "behavior": self.behavior, "manager": self.manager}
        lists = {"mirrors": [f"{self.base}/mirror_a", f"{self.base}/mirror_b"]} if mirrors else {}
        if mirrors:
            lists["exports"] = [f"{self.base}/copy.pkl"]
        whole: dict[str, Any] = {"dsl_version": 1, "managers": {"colony": {**entry, **lists}}}
        if self.store.endpoint:
            waits = {"connect_timeout": timeout, "read_timeout": timeout}
            whole["s3"] = {**self.s3(), "endpoint": endpoint or self.store.endpoint, "attempts": attempts, **waits}
        (self.folder / "autotrain.yaml").write_text(json.dumps(whole, indent=1))

    @property
    def behavior(self) -> str:
        """URI of df_behavior."""
        return f"{self.base}/df_behavior.csv"

    def s3(self) -> dict[str, Any]:
        """How the program reaches the store, past any proxy."""
        known = {"endpoint": self.store.endpoint, "region": "us-east-1", "addressing": "path"}
        return known if self.store.endpoint else {}

    def access(self) -> Access:
        """How a test reaches the store."""
        return Access(self.s3(), lambda text: text.replace(f"${{{_VARIABLE}}}", quote(sql_servers.PASSWORD, safe="")))

    def behave(self, rows: Sequence[Record]) -> None:
        """Write df_behavior."""
        self.store.write(self, "df_behavior.csv", colony.frame_of(rows).to_csv(index=False).encode())

    def contents(self) -> Contents:
        """Every table and everything of the state that does not differ from run to run."""
        found: Contents = {}
        for name, content in self.store.files(self).items():
            if name.endswith("HEAD.json"):
                head = json.loads(content)
                found[name] = [head[key] for key in ("generation", "manager", "superseded")]
            elif not name.endswith(("_report.json", "df_behavior.csv")):
                found[name] = content
        return {**found, **self.store.rows(self)}


def published(contents: Contents) -> Contents:
    """What readers see; how many generations it took to come there is left out."""
    return {name: value for name, value in contents.items() if ".state/" not in name and "_generations" not in name}


class Store:
    """A store: local files here, and what is different in the classes below."""

    name = "local"
    endpoint = ""
    suffix = ".csv"

    def site(self, folder: Path, mirrors: bool = False) -> Site:
        """A new colony without any table."""
        Colony.at(folder)
        (folder / "tables").mkdir()
        site = self._site(folder)
        site.configure(mirrors)
        return site

    def _site(self, folder: Path) -> Site:
        base = str(folder / "tables")
        return Site(self, folder, base, f"{base}/df_manager{self.suffix}")

    def copy(self, site: Site, folder: Path, mirrors: bool = False) -> Site:
        """Another colony with the same tables."""
        shutil.copytree(site.folder, folder)
        made = self._site(folder)
        made.configure(mirrors)
        return made

    def files(self, site: Site) -> dict[str, bytes]:
        """All files or objects but hidden ones, by their path."""
        paths = [path for path in sorted(site.tables.rglob("*")) if path.is_file() and path.name[0] != "."]
        return {path.relative_to(site.tables).as_posix(): path.read_bytes() for path in paths}

    def rows(self, site: Site) -> Contents:
        """All rows of all tables in a database."""
        return {}

    def write(self, site: Site, name: str, content: bytes) -> None:
        """Write a file as some other program does."""
        (site.tables / name).write_bytes(content)

    def foreign(self, site: Site, frame: pd.DataFrame) -> None:
        """Leave a df_manager of another program."""
        self.write(site, f"df_manager{self.suffix}", formats.encode(frame, self.suffix))

    def discard(self, site: Site) -> None:
        """Remove a colony and its tables."""
        shutil.rmtree(site.folder)


class S3(Store):
    """A bucket of a server, which is gone with it."""

    name = "s3"
    suffix = ".parquet"

    def __init__(self, server: s3_servers.Server) -> None:
        self.endpoint, self.bucket = server.endpoint, server.bucket()
        self.client = boto3.session.Session().client("s3", endpoint_url=server.endpoint, region_name="us-east-1")
        self._numbers = itertools.count()

    def _site(self, folder: Path) -> Site:
        base = f"s3://{self.bucket}/{next(self._numbers)}"
        return Site(self, folder, base, f"{base}/df_manager{self.suffix}")

    def copy(self, site: Site, folder: Path, mirrors: bool = False) -> Site:
        made = super().copy(site, folder, mirrors)
        old, new = (each.base.rpartition("/")[2] for each in (site, made))
        for key in self._keys(site):
            source = {"Bucket": self.bucket, "Key": key}
            self.client.copy_object(Bucket=self.bucket, Key=f"{new}{key.removeprefix(old)}", CopySource=source)
        return made

    def _keys(self, site: Site) -> Iterator[str]:
        prefix = f"{site.base.rpartition('/')[2]}/"
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
            yield from (entry["Key"] for entry in page.get("Contents", ()))

    def files(self, site: Site) -> dict[str, bytes]:
        names = [key for key in sorted(self._keys(site)) if "/.probe/" not in key]  # a killed run may leave one
        return {n.partition("/")[2]: self.client.get_object(Bucket=self.bucket, Key=n)["Body"].read() for n in names}

    def write(self, site: Site, name: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"{site.base.rpartition('/')[2]}/{name}", Body=content)


class Ceph(S3):
    """A bucket of Ceph's gateway, a store of another make."""

    name = "ceph"


class Sqlite(Store):
    """A database in a file; ``schema`` is empty."""

    name = "sqlite"

    def _site(self, folder: Path) -> Site:
        return Site(self, folder, str(folder / "tables"), f"sqlite:///{folder / 'tables' / 'colony.db'}#df_manager")

    def address(self, site: Site) -> str:
        """What SQLAlchemy connects to."""
        return site.manager.partition("#")[0]

    def files(self, site: Site) -> dict[str, bytes]:
        return {name: content for name, content in super().files(site).items() if not name.startswith("colony.db")}

    def rows(self, site: Site) -> Contents:
        engine = sa.create_engine(self.address(site), poolclass=sa.NullPool)
        tables = [name for name in sa.inspect(engine).get_table_names() if not name.endswith("_reports")]
        with engine.connect() as connection:
            return {name: self._all(connection, name) for name in sorted(tables)}

    def _all(self, connection: sa.Connection, table: str) -> list[str]:
        left_out = {"publish_id", "report"}
        found = connection.execute(sa.text(f'SELECT * FROM "{table}"')).mappings()
        return sorted(repr(sorted((k, v) for k, v in row.items() if k not in left_out)) for row in found)

    def foreign(self, site: Site, frame: pd.DataFrame) -> None:
        frame.to_sql("df_manager", sa.create_engine(self.address(site), poolclass=sa.NullPool), index=False)


class PostgreSql(Sqlite):
    """A server of PostgreSQL, with a schema for every colony."""

    name = "postgresql"

    def __init__(self, server: sql_servers.Server) -> None:
        self.server = server
        self._numbers = itertools.count()
        os.environ[_VARIABLE] = sql_servers.PASSWORD  # a configuration names no password, only where to find it

    def _site(self, folder: Path) -> Site:
        schema = f"colony_{next(self._numbers)}"
        self.server.execute(f"CREATE SCHEMA {schema} AUTHORIZATION {sql_servers.USER}")
        url = self.server.url(schema=schema).replace(quote(sql_servers.PASSWORD, safe=""), f"${{{_VARIABLE}}}")
        return Site(self, folder, str(folder / "tables"), f"{url}#df_manager")

    def address(self, site: Site) -> str:
        return super().address(site).replace(f"${{{_VARIABLE}}}", quote(sql_servers.PASSWORD, safe=""))

    def copy(self, site: Site, folder: Path, mirrors: bool = False) -> Site:
        made = super().copy(site, folder, mirrors)
        old, new = (self._schema(each) for each in (site, made))
        engine = sa.create_engine(self.address(site), poolclass=sa.NullPool)
        with engine.begin() as connection:
            for name in sa.inspect(connection).get_table_names():
                connection.execute(sa.text(f'CREATE TABLE {new}."{name}" (LIKE {old}."{name}" INCLUDING ALL)'))
                connection.execute(sa.text(f'INSERT INTO {new}."{name}" SELECT * FROM {old}."{name}"'))
        return made

    def discard(self, site: Site) -> None:
        self.server.execute(f"DROP SCHEMA {self._schema(site)} CASCADE")
        super().discard(site)

    def _schema(self, site: Site) -> str:
        return site.manager.partition("#")[0].rpartition("%3D")[2]


@contextlib.contextmanager
def opened(name: str) -> Iterator[Store]:
    """The store of a name, with its server as long as it is needed."""
    if name == "s3":
        with s3_servers.moto() as server:
            yield S3(server)
    elif name == "ceph":
        with ceph.ceph() as server:
            yield Ceph(server)
    elif name == "postgresql":
        with sql_servers.postgres() as database:
            yield PostgreSql(database)
    else:
        yield {"local": Store, "sqlite": Sqlite}[name]()


# What is run

ONE: list[dict[str, object]] = [*mouse("a", [250, 350, 350]), *mouse("b", [250, 90])]
TWO = [*mouse("a", [250, 350, 350, 120, 400]), *mouse("b", [250, 90, 300]), *mouse("c", [250, 310])]
CHANGED = [dict(row, finished_trials=50) if (row["subject_id"], row["session"]) == ("a", 2) else row for row in TWO]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A night that is disturbed: what has happened before it, its sessions, and the options of its run."""

    before: Callable[[Site, Warm], None]
    rows: Sequence[Record]
    options: tuple[str, ...] = ()
    mirrors: bool = False
    files_only: bool = False


def _nothing(site: Site, warm: Warm) -> None:
    """No table yet."""


def one_night(site: Site, warm: Warm) -> None:
    """A first night."""
    site.behave(ONE)
    ran = warm.run(*site.arguments(now=NOW))
    assert ran.code == 0, ran


def _another_program(site: Site, warm: Warm) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        outcome = colony.judged(colony.catalog_of(Path(scratch) / "colony"), ONE)
    frame = to_frame(outcome.judged, frozenset({"finished_trials"}))[list(colony.CONTRACT)]
    site.store.foreign(site, frame.astype(object).where(frame.notna(), None))


def edit(site: Site) -> None:
    """Change a decision in the exported table, and write it as other programs do, with other bytes throughout."""
    name = f"df_manager{site.store.suffix}"
    frame = formats.decode(site.store.files(site)[name], site.store.suffix)
    frame.loc[frame.index[-1], "next_stage_suggested"] = "STAGE_3"
    buffer = io.BytesIO()
    if site.store.suffix == ".csv":
        frame.to_csv(buffer, index=False, lineterminator="\r\n")
    else:
        frame.to_parquet(buffer, compression="gzip")
    site.store.write(site, name, buffer.getvalue())


def _edited(site: Site, warm: Warm) -> None:
    one_night(site, warm)
    edit(site)


SCENARIOS: Mapping[str, Scenario] = {
    "first run": Scenario(_nothing, ONE),
    "new sessions": Scenario(one_night, TWO),
    "correction": Scenario(one_night, CHANGED, ("--correct",)),
    "another program's table": Scenario(_another_program, TWO),
    "edited by hand": Scenario(_edited, TWO, ("--adopt",), files_only=True),
    "two mirrors": Scenario(one_night, TWO, mirrors=True),
}


def prepared(store: Store, scenario: Scenario, warm: Warm, folder: Path) -> Site:
    """A colony on the eve of the night that is disturbed."""
    site = store.site(folder, scenario.mirrors)
    scenario.before(site, warm)
    site.behave(scenario.rows)
    return site


def crash(store: Store, scenario: Scenario, warm: Warm, folder: Path, every: int = 1) -> int:
    """Kill the run at every n-th point, run again, and compare with an undisturbed night; the number of kills."""
    eve = prepared(store, scenario, warm, folder / "eve")
    before = eve.contents()
    undisturbed = store.copy(eve, folder / "undisturbed", scenario.mirrors)
    whole = warm.run(*undisturbed.arguments(*scenario.options))
    assert whole.code == 0, whole
    after = undisturbed.contents()
    assert after != before
    points = range(0, whole.points, every)
    wrong = []
    for point in points:
        site = store.copy(eve, folder / str(point), scenario.mirrors)
        killed = warm.run(*site.arguments(*scenario.options), meddling=Meddling(KILL, point))
        assert killed.code == -signal.SIGKILL, (point, killed)
        torn = [n for n, value in published(site.contents()).items() if value not in (before.get(n), after.get(n))]
        again = warm.run(*site.arguments(*scenario.options))
        if torn or again.code != 0 or site.contents() != after:
            wrong.append((point, torn, again.code, again.err or list(_different(site.contents(), after))))
        store.discard(site)
    assert not wrong, f"{len(wrong)} of {len(points)} kills were not made up for: {wrong[:3]}"
    return len(points)


def _different(one: Contents, other: Contents) -> Iterator[str]:
    return (name for name in sorted({*one, *other}) if one.get(name) != other.get(name))


def meet(store: Store, warm: Warm, folder: Path, processes: int, seed: int) -> tuple[int, int]:
    """Several runs at once, a third of them killed, then one undisturbed: numbers of runs and of kills that hit."""
    chance = random.Random(seed)
    subjects = [f"m{number}" for number in range(processes)]
    rows = [row for s in subjects for row in mouse(s, [chance.choice((90, 250, 350)) for _ in range(4)])]
    site, alone = (store.site(folder / name) for name in ("site", "alone"))
    seen = chance.choice((0, 6))  # sessions of an earlier night
    for each in (site, alone):
        if seen:
            each.behave(rows[:seen])
            assert warm.run(*each.arguments(now=NOW)).code == 0
        each.behave(rows)
    undisturbed = warm.run(*alone.arguments())
    assert undisturbed.code == 0, undisturbed
    own = chance.random() < 0.5
    dying = chance.sample(range(processes), processes // 3 or chance.randrange(2))
    runs = []
    for number, subject in enumerate(subjects):
        at = chance.randrange(undisturbed.points) if number in dying else -1
        runs.append((site.arguments(*(("--subject", subject) if own else ())), Meddling(KILL, at)))
    ended = warm.together(runs)
    for number, run in enumerate(ended):
        assert run.code == 0 or (number in dying and run.code == -signal.SIGKILL), (seed, run)
    assert warm.run(*site.arguments()).code == 0
    assert published(site.contents()) == published(alone.contents()), seed
    for place in (site, alone):
        store.discard(place)
    return processes, sum(run.code == -signal.SIGKILL for run in ended)


def interleave(store: Store, warm: Warm, folder: Path, every: int = 1) -> int:
    """Hold a run up at every n-th call of a store while another one publishes a correction; the number of holds."""
    eve = prepared(store, Scenario(one_night, CHANGED, mirrors=True), warm, folder / "eve")
    alone = store.copy(eve, folder / "alone", mirrors=True)
    calls = warm.run(*alone.arguments("--subject", "a"), meddling=Meddling(at=-1, calls_only=True)).points
    points = range(0, calls, every)
    for point in points:
        site = store.copy(eve, folder / str(point), mirrors=True)
        between = Meddling(RUN, point, calls_only=True, arguments=tuple(site.arguments("--correct")))
        ran = warm.run(*site.arguments("--subject", "a"), meddling=between)
        assert ran.code in (0, 1), (point, ran)
        lagging(site, point)
        store.discard(site)
    return len(points)


def lagging(site: Site, what: object = "") -> None:
    """Fail where an exported table or a copy does not say what the newest generation says."""
    state = open_state(site.manager, site.access())
    snapshot = state.read()
    assert snapshot is not None
    tables = {"": snapshot.frame, "_stats": to_stats(snapshot.frame), "_superseded": state.superseded()}
    found = site.contents()
    for name in (name for name in found if name.rpartition("/")[2].startswith(("df_manager", "copy", "colony"))):
        kind = name.rpartition("/")[2].partition(".")[0].removeprefix("df_manager").removeprefix("copy")
        if kind.removeprefix("colony") in tables and "." in name and ".state/" not in name:
            frame = tables[kind.removeprefix("colony")]
            assert frame is not None, name
            assert formats.encode(frame, f".{name.rpartition('.')[2]}") == found[name], (what, name)


def fail(store: S3, warm: Warm, folder: Path, kinds: Sequence[str], every: int = 1, start: int = 0) -> dict[int, int]:
    """Have every n-th request of a night's run fail in some ways, then run again; how often which exit code came."""
    eve = prepared(store, SCENARIOS["two mirrors"], warm, folder / "eve")
    undisturbed = store.copy(eve, folder / "undisturbed", mirrors=True)
    codes: dict[int, int] = {}
    compiled = catalog.build([eve.folder / "curriculums"])
    with s3_servers.FaultyProxy(store.endpoint) as proxy, mock.patch.object(catalog, "build", return_value=compiled):
        undisturbed.configure(mirrors=True, endpoint=proxy.endpoint)
        assert colony.command(*undisturbed.arguments()).code == 0
        after, requests = undisturbed.contents(), len(proxy.log)
        for number, (kind, request) in enumerate(itertools.product(kinds, range(requests))):
            if (number + number // requests) % every != start:
                continue
            proxy.reset()
            site = store.copy(eve, folder / f"{kind}-{request}", mirrors=True)
            slow = kind in ("delay", "late")
            site.configure(mirrors=True, endpoint=proxy.endpoint, attempts=1, timeout=0.4 if slow else 20)
            proxy.arm(kind, skip=request, times=1)
            ran = colony.command(*site.arguments())
            _check_failure(ran, (kind, request))
            codes[ran.code] = codes.get(ran.code, 0) + 1
            proxy.reset()
            site.configure(mirrors=True)
            again = colony.command(*site.arguments())
            assert again.code == 0, (kind, request, again)
            assert published(site.contents()) == published(after), (kind, request)
            store.discard(site)
    return codes


def _check_failure(ran: Ran, what: object) -> None:
    """A run that has failed says so in plain words; a 1 is only that a table seems to be gone."""
    assert ran.code in (0, 1, 3), (what, ran)
    assert "Traceback" not in ran.out + ran.err, (what, ran)
    assert "test-secret" not in ran.out + ran.err, (what, ran)
    assert ran.code != 3 or "error: " in ran.err, (what, ran)
    assert ran.code != 1 or ("ATD501" in ran.out and " is gone" in ran.out), (what, ran)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="rounds of concurrent runs of every size")
    parser.add_argument("--stores", default="local,s3,sqlite,postgresql")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Run everything on every store, and print what was run; 1 if something came out wrong."""
    asked = _arguments()
    if asked.serve:
        _serve(asked.serve)
        return 0
    wrong = 0
    _tell("| store | what | cases | came out | seconds |\n|---|---|---|---|---|")
    for name in asked.stores.split(","):
        with opened(name) as store, Warm() as warm, tempfile.TemporaryDirectory() as scratch:
            for number, (title, work) in enumerate(_works(store, warm, asked.rounds)):
                start = time.monotonic()
                try:
                    cases, outcome = work(Path(scratch) / str(number))
                except AssertionError as error:
                    cases, outcome, wrong = 0, f"**wrong**: {str(error)[:2000]!r}", 1
                _tell(f"| {name} | {title} | {cases:,} | {outcome} | {time.monotonic() - start:.0f} |")
    return wrong


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


Work = Callable[[Path], tuple[int, str]]


def _works(store: Store, warm: Warm, rounds: int) -> Iterator[tuple[str, Work]]:
    for title, scenario in SCENARIOS.items():
        if not (scenario.files_only and isinstance(store, Sqlite)):
            yield f"killed: {title}", lambda folder, each=scenario: _same(crash(store, each, warm, folder))  # type: ignore[misc]
    for size in (2, 4, 8):
        yield f"{size} runs at once, {rounds} rounds", lambda folder, n=size: _meetings(store, warm, folder, n, rounds)  # type: ignore[misc]
    yield "held up while another publishes", lambda folder: _same(interleave(store, warm, folder))
    if isinstance(store, S3):
        for kind in s3_servers.FAULTS:
            yield f"failing: {kind}", lambda folder, k=kind: _failures(store, warm, folder, k)  # type: ignore[misc]


def _same(cases: int) -> tuple[int, str]:
    return cases, "all the same"


def _meetings(store: Store, warm: Warm, folder: Path, size: int, rounds: int) -> tuple[int, str]:
    done = [meet(store, warm, folder / str(seed), size, seed) for seed in range(rounds)]
    return sum(runs for runs, _ in done), f"all the same, {sum(kills for _, kills in done)} killed"


def _failures(store: S3, warm: Warm, folder: Path, kind: str) -> tuple[int, str]:
    codes = fail(store, warm, folder, [kind])
    said = ", ".join(f"exit code {code}: {count}" for code, count in sorted(codes.items()))
    return sum(codes.values()), f"all the same ({said})"


if __name__ == "__main__":
    sys.exit(main())

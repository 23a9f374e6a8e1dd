"""S3 servers for tests, on 127.0.0.1: moto in a process of its own, and a proxy before it that plays tricks."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from unittest import mock

import boto3

from autotrain_dsl.store.s3 import Settings

BOUND = 30  # seconds after which a test has failed; nothing waits that long otherwise
PAGE = 3  # keys that moto lists at once, so that every list of some length comes in pages
FAULTS = (
    *("refuse", "cut_request", "cut_response", "lose_reply", "403", "404", "409", "412", "500", "503"),
    *("delay", "late", "forwarded_500"),
)

Matches = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Server:
    """A running store and its one account."""

    endpoint: str
    access_key: str = "test-key"
    secret_key: str = "test-secret"

    def settings(self, attempts: int = 2, read_timeout: float = BOUND) -> Settings:
        return Settings(self.endpoint, "us-east-1", None, "path", attempts, BOUND, read_timeout)

    def bucket(self) -> str:
        """A new bucket, under a name that no other has."""
        name = f"bucket-{uuid.uuid4().hex}"
        _client(self).create_bucket(Bucket=name)
        return name


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Nothing of AWS and no proxy in the environment but these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("AWS_")}
    kept = {name: value for name, value in kept.items() if not name.upper().endswith("_PROXY")}
    alone = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    with mock.patch.dict(os.environ, {**kept, **alone, **variables}, clear=True):
        yield


@contextmanager
def account(server: Server) -> Iterator[None]:
    """The environment in which the tools of AWS find the account of a server."""
    with environment(AWS_ACCESS_KEY_ID=server.access_key, AWS_SECRET_ACCESS_KEY=server.secret_key):
        yield


@contextmanager
def moto() -> Iterator[Server]:
    """A server of moto, which honours conditions; its account is in the environment as long as it runs."""
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            env={**os.environ, "MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            port = process.stdout.readline().decode().strip()
            if not port:
                log.seek(0)
                raise AssertionError(f"moto does not start: {log.read().decode()[-2000:]}")
            server = Server(f"http://127.0.0.1:{port}")
            with account(server):
                yield server
        finally:
            process.kill()


class FaultyProxy:
    """Stands before a server, writes down every request, and does as ``arm`` has told it."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream.removeprefix("http://")
        self.log: list[tuple[str, str]] = []
        self.ignores_conditions = False
        self._armed: tuple[str, Matches, int, int | None] | None = None
        self._changed = threading.Condition()
        self._busy = 0
        self._released = threading.Event()
        self._server = _Listener(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(BOUND)

    def arm(self, fault: str, method: str | Matches = "", skip: int = 0, times: int | None = None) -> None:
        """Do ``fault`` to requests of a method ("" is any) or that a predicate takes, ``skip`` of them spared first.

        A fault is one of ``FAULTS``, or "html", "no_length", "flip" (a bit), "ignore" (the conditions), or
        "status CODE" with a code of S3's own.
        """
        matches = method if callable(method) else lambda verb, _: method in ("", verb)
        with self._changed:
            self._armed = (fault, matches, skip, times)

    def reset(self) -> None:
        """Be an honest proxy again: let go what was held back, wait for what is under way, forget what was."""
        self.release()
        with self._changed:
            self._armed, self.ignores_conditions = None, False
        self.log.clear()
        self._released.clear()

    def release(self) -> None:
        """Forward the requests that were held back ("late"), and wait until nothing is under way."""
        self._released.set()
        with self._changed:
            assert self._changed.wait_for(lambda: self._busy == 0, BOUND)

    def begin(self, method: str, path: str) -> str:
        """The fault for a request that has come in."""
        with self._changed:
            self._busy += 1
            self.log.append((method, path))
            if self._armed is None or not self._armed[1](method, path):
                return ""
            fault, matches, skip, times = self._armed
            if skip == 0 and times != 0:
                self._armed = (fault, matches, 0, None if times is None else times - 1)
                return fault
            self._armed = (fault, matches, max(skip - 1, 0), times)
            return ""

    def end(self) -> None:
        """A request has been dealt with."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def wait_for_release(self) -> None:
        """Hold a request back."""
        assert self._released.wait(BOUND)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    proxy: FaultyProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is what some of the tests are about."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Odd')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")

    def without(self, name: str) -> _Reply:
        return _Reply(self.status, [pair for pair in self.headers if pair[0].lower() != name], self.body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def handle_any(self) -> None:
        proxy = self.server.proxy
        fault = proxy.begin(self.command, self.path)
        self.close_connection = True
        try:
            self._do(fault, proxy)
        finally:
            proxy.end()

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = handle_any  # noqa: N815 - names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Tests read ``FaultyProxy.log``."""

    def _do(self, fault: str, proxy: FaultyProxy) -> None:
        if fault == "refuse":
            return
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length // 2 if fault == "cut_request" else length)
        if fault == "cut_request":
            return
        if fault.isdigit() or fault.startswith("status "):
            self._send(_error(fault.removeprefix("status ")))
        elif fault == "html":
            page = b"<html><body>Welcome</body></html>"
            self._send(_Reply(200, [("Content-Type", "text/html"), ("Content-Length", str(len(page)))], page))
        elif fault == "late":
            self._until_gone()
            proxy.wait_for_release()
            self._forward(body)
        else:
            self._after(fault, self._forward(body, proxy.ignores_conditions or fault == "ignore"))

    def _after(self, fault: str, reply: _Reply) -> None:
        half = len(reply.body) // 2
        if fault == "lose_reply":
            return
        if fault == "delay":
            self._until_gone()
        elif fault == "forwarded_500":
            self._send(_error("500"))
        elif fault == "cut_response":
            self._send(reply, reply.head() + reply.body[:half] if half else reply.head()[: len(reply.head()) // 2])
        elif fault == "no_length":
            self._send(reply, reply.without("content-length").head() + reply.body[:half])
        elif fault == "flip":
            self._send(reply, reply.head() + reply.body[:half] + bytes([reply.body[half] ^ 1]) + reply.body[half + 1 :])
        else:
            assert fault in ("", "ignore"), fault
            self._send(reply)

    def _forward(self, body: bytes, unconditional: bool = False) -> _Reply:
        left_out = {"expect", "connection", "transfer-encoding"}
        if unconditional:
            left_out |= {"if-match", "if-none-match"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        connection = http.client.HTTPConnection(self.server.proxy.upstream, timeout=BOUND)
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in left_out]
        if self.command != "HEAD":
            kept = [pair for pair in kept if pair[0].lower() != "content-length"]
            kept.append(("Content-Length", str(len(content))))
        return _Reply(answer.status, kept, content)

    def _send(self, reply: _Reply, raw: bytes | None = None) -> None:
        body = b"" if self.command == "HEAD" else reply.body
        self.wfile.write(reply.head() + body if raw is None else raw)

    def _until_gone(self) -> None:
        self.connection.settimeout(BOUND)
        assert self.connection.recv(1) == b""


@cache
def _client(server: Server) -> Any:
    return boto3.session.Session(server.access_key, server.secret_key, region_name="us-east-1").client(
        "s3", endpoint_url=server.endpoint
    )


_CODES = {
    "403": "AccessDenied",
    "404": "NoSuchKey",
    "409": "ConditionalRequestConflict",
    "412": "PreconditionFailed",
    "500": "InternalError",
    "503": "ServiceUnavailable",
}
_STATUSES = {
    "AuthorizationHeaderMalformed": 400,
    "ExpiredToken": 400,
    "InvalidAccessKeyId": 403,
    "NoSuchBucket": 404,
    "NotImplemented": 501,
    "RequestTimeTooSkewed": 403,
    "SignatureDoesNotMatch": 403,
    "": 404,
}


def _error(what: str) -> _Reply:
    status, code = (int(what), _CODES[what]) if what.isdigit() else (_STATUSES[what], what)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>As asked</Message></Error>'
    body = text.encode() if code else b"<html>Not here</html>"
    return _Reply(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))], body)


def _serve() -> None:
    """Run moto and write its port to the standard output; ends when whoever has started it is gone."""
    from moto.moto_server import werkzeug_app  # noqa: PLC0415 - large, and for this process only
    from werkzeug.serving import make_server  # noqa: PLC0415

    app = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
    lock = threading.Lock()

    def one_at_a_time(environ: Any, start_response: Any) -> Iterable[bytes]:
        # moto compares and writes in two steps, which is no condition at all where requests overlap.
        with lock:
            return [b"".join(app(environ, start_response))]

    server = make_server("127.0.0.1", 0, one_at_a_time, threaded=True, request_handler=werkzeug_app.MotoRequestHandler)
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    _serve()

"""What all tests share: the program, run in this process or in one of its own, and the option that rewrites goldens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from autotrain_dsl.cli.main import run as program

DATA = Path(__file__).parent / "data"


class Outcome(NamedTuple):
    """What a run of the program left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected outputs below tests/data")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything that tests need is installed, as in continuous integration, skipping one is a failure."""
    report = yield
    if report.skipped and os.environ.get("AUTOTRAIN_DSL_NO_SKIPS") and not item.config.getoption("--update-golden"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is not allowed here: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether expected outputs are to be rewritten."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program in this process: ``run("validate", "x.yaml", cwd=folder, stdin=b"...")``."""

    def in_process(*arguments: str, cwd: Path | None = None, stdin: bytes = b"") -> Outcome:
        code: object = 0
        with monkeypatch.context() as patch, CliRunner().isolation(input=stdin) as streams:
            if cwd is not None:
                patch.chdir(cwd)
            patch.setattr(sys, "argv", ["autotrain-dsl", *arguments])
            try:
                program()
            except SystemExit as stop:
                code = stop.code
            sys.stdout.flush()
            sys.stderr.flush()
            out, err = streams[0].getvalue(), streams[1].getvalue()
        assert isinstance(code, int)
        return Outcome(code, out.decode(), err.decode())

    return in_process


@pytest.fixture
def run_process() -> Run:
    """Run the program in a process of its own, as a user does; ``env`` is added to the environment."""

    def in_own_process(
        *arguments: str, cwd: Path | None = None, stdin: bytes = b"", env: dict[str, str] | None = None
    ) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "autotrain_dsl", *arguments],
            cwd=cwd,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=120,
            env={**os.environ, **(env or {})},
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return in_own_process

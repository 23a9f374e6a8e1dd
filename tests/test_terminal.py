"""On a terminal there are colours and a progress bar; elsewhere, or with NO_COLOR, there are none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="terminals are imitated with Python's pty, which this system does not have")

ROOT = Path(__file__).resolve().parent.parent
TUTORIAL = ROOT / "examples" / "tutorial"
ESCAPE = "\x1b["


def on_a_terminal(*arguments: str, **variables: str) -> str:
    """What a command shows on a terminal."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | variables
    command = [sys.executable, "-m", "autotrain_dsl", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            shown += piece
        process.wait()
    os.close(ours)
    return shown.decode()


def wrong_file(folder: Path) -> str:
    path = folder / "wrong.yaml"
    path.write_text("dsl_version: 2\nstages: {}\n", encoding="utf-8")
    return str(path)


def test_findings_are_coloured_on_a_terminal(tmp_path: Path) -> None:
    shown = on_a_terminal("validate", wrong_file(tmp_path))
    assert ESCAPE in shown
    assert "ATD104" in shown


def test_no_color_means_no_colour(tmp_path: Path) -> None:
    shown = on_a_terminal("validate", wrong_file(tmp_path), NO_COLOR="1")
    assert ESCAPE not in shown
    assert "ATD104" in shown


def test_judging_shows_a_progress_bar_on_a_terminal_only(tmp_path: Path) -> None:
    arguments = ["evaluate", "--curriculums", str(TUTORIAL), "--behavior", str(TUTORIAL / "df_behavior.csv")]
    arguments += ["--manager", str(tmp_path / "m.csv"), "--dry-run"]
    shown = on_a_terminal(*arguments)
    assert "judging" in shown
    assert "100%" in shown
    piped = subprocess.run(
        [sys.executable, "-m", "autotrain_dsl", *arguments], capture_output=True, text=True, check=True
    )
    assert piped.stderr == ""
    assert "judging" not in piped.stdout

"""``autotrain-dsl``: finds the command, turns its outcome into an exit code."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
import threading
import traceback
from types import FrameType

import click

from autotrain_dsl import __version__
from autotrain_dsl.cli.exits import DEFECT, INTERRUPTED, OUTSIDE, TERMINATED
from autotrain_dsl.spelling import suggest

# Every command is imported only when it runs, so that `validate` does not wait for what `evaluate` needs.
_COMMANDS = {
    "init": "write a first curriculum with its test, its tables and its configuration",
    "validate": "compile curriculums and report what is wrong with them",
    "test": "run the tests of curriculums",
    "verify": "prove what mice a curriculum can and cannot make, with mice that show it",
    "fmt": "bring files into the one layout, with their comments",
    "expand": "print what a curriculum says once everything is resolved, and where it is written",
    "diff": "tell what has changed between two curriculums, by meaning",
    "backtest": "replay recorded sessions under a curriculum, and compare it with another one",
    "evaluate": "judge new sessions and update df_manager",
    "report": "make pages about a colony, its mice and its curriculums",
    "explain": "tell why a mouse is where it is",
    "render": "draw the stages and the parameters of a curriculum",
    "import": "turn curriculums of the older system into YAML",
    "export": "write a curriculum for the older system, with its pictures",
    "publish": "put curriculums where rigs and pages read them, once and for all",
    "list": "list curriculums, or what is published in a folder or bucket",
    "history": "list every revision of a mouse's decisions",
    "doctor": "check a configuration against the real stores",
    "verify-state": "recompute every decision from what was recorded",
    "codes": "explain a finding",
    "schema": "print a JSON Schema of the language",
    "lsp": "serve an editor: findings, completion, hover, definitions",
}

_MODULES = {"import": "import_", "list": "list_", "test": "test_"}  # names that Python has taken


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in _COMMANDS:
            raise click.UsageError(f"there is no command {cmd_name}; {suggest(cmd_name, _COMMANDS, 'command')}", ctx)
        module = _MODULES.get(cmd_name, cmd_name.replace("-", "_"))
        command: click.Command = importlib.import_module(f"autotrain_dsl.cli.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


class _TerminatedError(BaseException):
    """Somebody has asked this process to end."""


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise _TerminatedError


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example:  autotrain-dsl validate curriculums",
)
@click.version_option(__version__, prog_name="autotrain-dsl")
def main() -> None:
    """Train animals by curriculums written in YAML: check them, and judge every mouse's new sessions with them."""


def run() -> None:
    """Run the program: 0 fine, 1 the input needs attention, 2 wrong use, 3 the outside world failed, 70 a defect."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter still gets the rest
    main_thread = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _terminate) if main_thread else None
    try:
        code = main.main(standalone_mode=False)
        if sys.stdout is not None and not sys.stdout.closed:  # a server closes it when its editor has gone
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except _TerminatedError:
        click.echo("terminated; nothing half-written was left behind, and the next run goes on from here", err=True)
        code = TERMINATED
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; nothing half-written was left behind", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        click.echo(f"error: {error.strerror or error}", err=True)
        code = OUTSIDE
    except Exception:  # noqa: BLE001 - whatever it is, a person must be told that it is not their fault
        traceback.print_exc()
        click.echo("\nThis is a defect in autotrain-dsl. Please report it with the text above.", err=True)
        code = DEFECT
    finally:
        if main_thread:
            signal.signal(signal.SIGTERM, before)
    sys.exit(code or 0)

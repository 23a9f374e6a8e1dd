"""``autotrain-dsl fmt``."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from autotrain_dsl import document, files, formatting
from autotrain_dsl.cli.arguments import PATHS, SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION
from autotrain_dsl.cli.styling import style
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.report import text
from autotrain_dsl.spelling import counted

_COMPARED = 2_000  # lines: the time that difflib needs can grow with their third power


@dataclass(frozen=True, slots=True)
class _File:
    """A file, what it says, and its canonical layout (None: it has none, and the findings say why)."""

    path: Path
    before: str
    after: str | None
    findings: tuple[Diagnostic, ...]
    ours: bool = True
    content: bytes = b""

    @property
    def changes(self) -> bool:
        return self.after is not None and self.after != self.before


@click.command(epilog="Example:  autotrain-dsl fmt --check curriculums")
@PATHS
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a file is not in the layout.")
@click.option("--diff", "differing", is_flag=True, help="Write nothing; show what would change.")
@SCHEMAS
def command(paths: tuple[Path, ...], check: bool, differing: bool, schemas: Path | None) -> int:
    """Bring curriculums, their tests, task schemas and configurations into the one layout.

    PATH is a file, a folder, or - for standard input, which goes to standard output. Comments and empty lines are
    kept; nothing is written if it would mean something else. Exit code 1 if a file cannot be formatted.
    """
    if files.STDIN in paths:
        return _stdin(paths, check=check, differing=differing, schemas=schemas)
    found: list[_File] = []
    for each in _all(paths, schemas):
        if each.changes and not (check or differing):
            _write(each)
        _tell(each, check=check, differing=differing)
        found.append(each)
    if not found:
        names = text.clean(", ".join(str(path) for path in paths))
        raise click.UsageError(f"{names}: no file there that this program has a layout for")
    changed = [each for each in found if each.changes]
    refused = sum(each.after is None for each in found)
    done = "would be formatted" if check or differing else "formatted"
    click.echo(
        f"{counted(len(changed), 'file')} {done}, {len(found) - len(changed) - refused} in the layout already"
        + (f", {refused} left as {'it is' if refused == 1 else 'they are'}" if refused else ""),
        err=differing,
    )
    return ATTENTION if refused or (check and changed) else 0


def _stdin(paths: tuple[Path, ...], *, check: bool, differing: bool, schemas: Path | None) -> int:
    if len(paths) > 1 or sys.stdin is None:
        raise click.UsageError("-: standard input is formatted alone" if sys.stdin else "-: there is no standard input")
    done = _formatted(files.STDIN, sys.stdin.buffer.read(files.MAX_STDIN), schemas)
    if done.after is None or check or differing:
        _tell(done, check=check, differing=differing)
    else:
        click.echo(done.after, nl=False)
    return ATTENTION if done.after is None or (check and done.changes) else 0


def _all(paths: Iterable[Path], schemas: Path | None) -> Iterator[_File]:
    """Every file once; of a folder those that are not evidently another program's, and no links."""
    seen: set[Path] = set()
    for path in paths:
        for file in files.below(path, files.SUFFIXES) if path.is_dir() else [path]:
            try:
                real = file.resolve()
            except (OSError, RuntimeError):  # a link that leads to itself
                continue
            if real in seen or (file != path and not (file.is_file() and not file.is_symlink())):
                continue
            seen.add(real)
            done = _read(file, schemas)
            if done.ours or file == path:
                yield done


def _read(path: Path, schemas: Path | None) -> _File:
    try:
        content = _content(path)
    except OSError:
        return _File(path, "", None, tuple(document.read(path)[1]))  # says why
    return _formatted(path, content, schemas)


def _content(path: Path) -> bytes:
    if not path.is_file():  # a pipe would never end
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    with path.open("rb") as file:
        return file.read(document.MAX_BYTES + 1)


def _formatted(path: Path, content: bytes, schemas: Path | None) -> _File:
    name = "<stdin>" if path == files.STDIN else os.path.normpath(path)
    done = formatting.checked(content, Path(name), schemas)
    return _File(path, content.decode("utf-8", "replace"), done.text, done.diagnostics, done.ours, content)


def _tell(file: _File, *, check: bool, differing: bool) -> None:
    if file.after is None:
        click.echo(text.findings(file.findings, style()))
    elif file.changes and differing:
        for line in _difference(file.path.as_posix(), file.before, file.after):
            click.echo(text.clean(line.rstrip("\r\n")))
    elif file.changes:
        click.echo(f"{'would format' if check else 'formatted'}: {text.clean(str(file.path))}")


def _difference(name: str, before: str, after: str) -> Iterator[str]:
    """A unified difference; of a long file one that says that every line is replaced."""
    import difflib  # noqa: PLC0415 - only for --diff

    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if max(len(old), len(new)) <= _COMPARED:
        yield from difflib.unified_diff(old, new, name, name)
    else:
        yield from (f"--- {name}", f"+++ {name}", f"@@ -1,{len(old)} +1,{len(new)} @@")
        yield from (f"{sign}{line}" for sign, lines in (("-", old), ("+", new)) for line in lines)


def _write(file: _File) -> None:
    """Replace a file as a whole; who may read it stays as it was."""
    assert file.after is not None
    target = file.path.resolve()
    try:
        _guard(target, file.content)
        _replace(target, file.after.encode("utf-8"))
    except OSError as error:
        raise OSError(error.errno, f"cannot write {text.clean(str(file.path))}: {error.strerror}") from error


def _guard(target: Path, content: bytes) -> None:
    """Raise OSError where a file is not as it was read, or is not to be written."""
    if target.read_bytes() != content:
        raise OSError(errno.EBUSY, "somebody has changed it meanwhile; format it again")
    if not os.access(target, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))


def _replace(target: Path, content: bytes) -> None:
    import shutil  # noqa: PLC0415 - both only where a file is written
    import tempfile  # noqa: PLC0415

    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".fmt-")
    try:
        with os.fdopen(handle, "wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        shutil.copymode(target, name)
        os.replace(name, target)  # noqa: PTH105 - a name, not a path
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise

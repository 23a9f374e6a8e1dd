"""``autotrain-dsl import``."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from autotrain_dsl import catalog, document
from autotrain_dsl.cli import whole
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION, OUTSIDE
from autotrain_dsl.cli.styling import style
from autotrain_dsl.codes import document as codes
from autotrain_dsl.diagnostics import Diagnostic, Severity, tidy
from autotrain_dsl.legacy import reading, writing
from autotrain_dsl.report import json, text
from autotrain_dsl.report.text import clean
from autotrain_dsl.source import Source
from autotrain_dsl.spelling import counted
from autotrain_dsl.tasks import TaskSchemas

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # of two letters or more: one alone is a drive


@click.command("import", epilog="Example:  autotrain-dsl import legacy_curriculums --output curriculums")
@click.argument(
    "paths", nargs=-1, required=True, metavar="LEGACY.json...", type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--output",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the new files, made if missing; best called `curriculums`.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there with other content.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
@SCHEMAS
def command(paths: tuple[Path, ...], output: Path, overwrite: bool, shape: str, schemas: Path | None) -> int:
    """Turn curriculums of the older system into YAML, and report everything that is odd about them.

    LEGACY.json is a file of the older system, or a folder with such files. Conditions are read, never run. Every family
    gets a folder of its own; later versions hold only what they change. Exit code 1 if there is an error; what can be
    written is written all the same. If a file is there with other content, nothing is written without --overwrite.
    """
    if _ADDRESS.match(str(output)):
        raise click.UsageError(f"--output: `{clean(str(output))}` is no local folder; copy the files there afterwards")
    given = _Given()
    for path in paths:
        given.take(path)
    if not (given.contents or given.found):
        raise click.UsageError(f"{clean(', '.join(map(str, paths)))}: no curriculum of the older system there (.json)")
    tasks, near = TaskSchemas(schemas), output / "family" / "file.yaml"
    read = [reading.read(content, name, tasks, near) for name, content in given.contents.items()]
    result = writing.write([curriculum for curriculum, _ in read if curriculum is not None], tasks, output)
    found = [*given.found, *result.diagnostics, *(finding for _, findings in read for finding in findings)]
    shown = list(catalog.capped(tidy(found)))
    summary = {
        "curriculums": sum(each is not None for each, _ in read),
        "other_files": given.others,
        **_severities(shown),
    }
    target = _Target(output, {key: each.encode() for key, each in result.files.items()})
    try:
        new = target.new(overwrite=overwrite)
        replaced = [key for key in new if (output / key).exists()]
        target.write(new)
    except click.UsageError:
        _report(shown, summary, shape)
        raise
    except OSError as error:
        _report(shown, summary, shape)
        click.echo(f"error: {clean(str(error))}", err=True)
        return OUTSIDE
    _report(shown, {**summary, "written": len(new), "unchanged": len(result.files) - len(new)}, shape)
    for key in replaced:
        click.echo(f"replaced: {clean(str(output / key))}", err=True)
    return ATTENTION if summary["errors"] else 0


def _severities(found: Iterable[Diagnostic]) -> dict[str, int]:
    severities = [finding.severity for finding in found]
    return {"errors": severities.count(Severity.ERROR), "warnings": severities.count(Severity.WARNING)}


def _report(found: list[Diagnostic], summary: Mapping[str, int], shape: str) -> None:
    if shape == "json":
        click.echo(json.findings(found, dict(summary)), nl=False)
        return
    if found:
        click.echo(text.findings(found, style()))
    others = summary["other_files"]
    left_out = f" ({counted(others, 'other JSON file')} left out)" if others else ""
    faults = ", ".join(_faults(found, severity) for severity in Severity)
    written = f"; {counted(summary['written'], 'file')} written" if "written" in summary else ""
    unchanged = f", {summary['unchanged']} unchanged" if summary.get("unchanged") else ""
    click.echo(f"{counted(summary['curriculums'], 'curriculum')} read{left_out}: {faults}{written}{unchanged}")


def _faults(found: Iterable[Diagnostic], severity: Severity) -> str:
    """How many there are, and of which kinds: one error is easily overlooked among many warnings."""
    codes = Counter(each.code.id for each in found if each.severity is severity)
    kinds = ", ".join(f"{number} {code}" for code, number in sorted(codes.items()))
    return f"{counted(codes.total(), severity.value)}{f' ({kinds})' if kinds else ''}"


@dataclass
class _Given:
    """The files that are to be imported, by what findings call them."""

    contents: dict[str, bytes] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)
    others: int = 0
    _seen: set[Path] = field(default_factory=set)

    def take(self, path: Path) -> None:
        """Read a file, or all curriculums of the older system below a folder."""
        for file in _files(path):
            try:
                real = file.resolve()
                if real in self._seen:
                    continue
                self._seen.add(real)
                if not real.is_relative_to(path.resolve()):
                    self._refuse(file, f"`{file}` is a link to a file outside of the folder that is imported")
                elif not real.is_file():
                    self._refuse(file, f"`{file}` is no file")
                else:
                    self._read(file, explicit=file == path)
            except (OSError, RuntimeError) as error:
                self._refuse(file, f"cannot read `{file}`: {getattr(error, 'strerror', None) or error}")

    def _read(self, file: Path, *, explicit: bool) -> None:
        with file.open("rb") as opened:
            content = opened.read(document.MAX_BYTES + 1)
        if explicit or _is_meant(file, content):
            self.contents[str(file)] = content
        else:
            self.others += 1

    def _refuse(self, file: Path, message: str) -> None:
        self.found.append(Diagnostic(codes.CANNOT_READ, Source(str(file), "").whole(), message))


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".json") and name[0] != ".")


def _is_meant(file: Path, content: bytes) -> bool:
    """Whether a JSON file in a folder is a curriculum of the older system, sound or not."""
    return "_curriculum_v" in file.name or b'"curriculum_schema_name"' in content


@dataclass(frozen=True, slots=True)
class _Target:
    """The files to be written below a folder, by relative path."""

    folder: Path
    contents: Mapping[str, bytes]

    def new(self, *, overwrite: bool) -> list[str]:
        """What is not there yet as it should be. Raises click.UsageError where something else is in its place."""
        stand_in_the_way = [key for key in self.contents if self._is_foreign(key)]
        if stand_in_the_way:
            listed = ", ".join(f"`{self.folder / key}`" for key in stand_in_the_way)
            raise click.UsageError(
                f"{clean(listed)}: a link or a folder, where a file has to stand; nothing was written"
            )
        new = [key for key, content in self.contents.items() if not self._has(key, content)]
        others = [key for key in new if (self.folder / key).exists()]
        if others and not overwrite:
            listed = ", ".join(f"`{self.folder / key}`" for key in others)
            raise click.UsageError(
                f"{clean(listed)}: there with other content, which --overwrite replaces; nothing was written"
            )
        return new

    def write(self, keys: Iterable[str]) -> None:
        """Write files as a whole: whoever reads one meets the old or the new one."""
        for key in keys:
            path = self.folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            whole.put(path, self.contents[key])

    def _is_foreign(self, key: str) -> bool:
        path = self.folder / key
        inside = path.parent.resolve().is_relative_to(self.folder.resolve())
        return path.is_symlink() or not inside or (path.exists() and not path.is_file())

    def _has(self, key: str, content: bytes) -> bool:
        path = self.folder / key
        return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content

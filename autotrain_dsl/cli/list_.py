"""``autotrain-dsl list``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from autotrain_dsl import artefacts, catalog, inventory, versions
from autotrain_dsl.cli import places
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION, OUTSIDE
from autotrain_dsl.compiler import Compilation
from autotrain_dsl.inventory import Entry, State
from autotrain_dsl.report.text import clean
from autotrain_dsl.store.base import StoreError

_SHORT = 12  # characters of a hash that are enough to tell curriculums apart by eye
_SAID = 80  # characters of a description
_FILES = artefacts.Keys("its own", "the older system's JSON", "rules.svg", "paras.svg")  # what they are called
_OK, _ERROR, _ABSTRACT = "ok", "error", "abstract"
Row = dict[str, Any]


@click.command(epilog="Example:  autotrain-dsl list curriculums")
@click.argument("place", default=".", metavar="[PATH|URI]")
@SCHEMAS
@places.CONFIG
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(place: str, schemas: Path | None, config: Path | None, output: str) -> int:
    """List the curriculums below a folder or in a file, and what is published in a folder or below s3://.

    The current folder if nothing is named. Exit code 1 if a curriculum has an error or a published file is damaged.
    """
    reach = places.reach(config, [place], output)
    path, local = Path(place), "://" not in place
    if local and not path.exists():
        raise click.UsageError(f"there is nothing at `{reach.redact(place)}`")
    written = _written(path, schemas) if local else []
    published: tuple[Entry, ...] = ()
    if not local or path.is_dir():
        try:
            published = inventory.of(reach.folder("list", place))
        except StoreError as error:
            reach.failed(error)
            return OUTSIDE
    if not (written or published):
        raise click.UsageError(f"there is no curriculum at `{reach.redact(place)}`, written or published")
    if output == "json":
        content = {"version": 1, "curriculums": written, "published": [asdict(each) for each in published]}
        click.echo(json.dumps(content, indent=2))
    else:
        _show(path, written, published)
    bad = any(row["state"] == _ERROR for row in written) or any(each.state is State.DAMAGED for each in published)
    return ATTENTION if bad else 0


def _written(path: Path, schemas: Path | None) -> list[Row]:
    """The curriculums in files, by name and version."""
    built = catalog.build([path], schemas)
    wrong = {each.span.source.name for each in built.diagnostics if each.is_error}
    rows = [_row(each, wrong) for each in built.compilations]
    return sorted(rows, key=lambda row: (row["name"], versions.order(row["version"]), row["file"]))


def _row(compilation: Compilation, wrong: set[str]) -> Row:
    name, version = compilation.claims or ("", "")
    graph = compilation.graph
    faulty = str(compilation.path) in wrong or (graph is None and not compilation.abstract)
    return {
        "name": name,
        "version": version,
        "state": _ERROR if faulty else _ABSTRACT if compilation.abstract else _OK,
        "file": str(compilation.path),
        "content_hash": "" if graph is None else graph.content_hash,
        "description": "" if graph is None else graph.curriculum.description,
        "stages": [] if graph is None else [stage.name for stage in graph.stages],
    }


def _show(path: Path, written: Sequence[Row], published: Sequence[Entry]) -> None:
    if written:
        _table(
            ("name", "version", "hash", "stages", "file", "description"),
            [
                (
                    row["name"] or "-",
                    row["version"] or "-",
                    row["content_hash"][:_SHORT] or row["state"],
                    str(len(row["stages"])) if row["stages"] else "-",
                    os.path.relpath(row["file"], path) if path.is_dir() else row["file"],
                    _beginning(row["description"]),
                )
                for row in written
            ],
        )
    if written and published:
        click.echo()
    if published:
        _table(("published", "version", "hash", "stages", "files", "description"), [_published(e) for e in published])
        for each in published:
            if each.fault:
                click.echo(clean(f"{each.files[0]} is damaged: {each.fault}"))


def _published(entry: Entry) -> tuple[str, ...]:
    words = dict(zip(artefacts.keys(entry.name, entry.version), _FILES, strict=True))
    lacking = f"without {', '.join(words[key] for key in entry.missing)}" if entry.missing else ""
    return (
        entry.name,
        entry.version,
        entry.content_hash[:_SHORT] or entry.state,
        str(len(entry.stages)) if entry.stages else "-",
        f"{len(entry.files)} {lacking}".strip(),
        _beginning(entry.description),
    )


def _beginning(text: str) -> str:
    return text if len(text) <= _SAID else f"{text[: _SAID - 3]}..."


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Columns side by side; the last one is as long as it is."""
    lines = [head, *(tuple(clean(cell) for cell in row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head) - 1)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=True)]
        click.echo("  ".join([*cells, line[-1]]).rstrip())

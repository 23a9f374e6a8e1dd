"""``autotrain-dsl render``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import click

from autotrain_dsl import catalog
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.cli import places
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION, OUTSIDE, worst
from autotrain_dsl.cli.places import Reach
from autotrain_dsl.cli.styling import style
from autotrain_dsl.diagnostics import has_errors
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.render import diagram, dot, mermaid, page, table
from autotrain_dsl.render.diagram import Diagram
from autotrain_dsl.render.dot import GraphvizError
from autotrain_dsl.report import text
from autotrain_dsl.report.text import clean
from autotrain_dsl.spelling import counted
from autotrain_dsl.store.base import StoreError, UnreadableError
from autotrain_dsl.store.copies import upload

_FORMATS = ("svg", "png", "dot", "mermaid", "html")
_STDOUT = "-"

_WITHOUT = "; --format mermaid, --format dot and --format html work without it"


@click.command(epilog="Example:  autotrain-dsl render curriculums/coupled_baiting --output pictures")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--output", required=True, metavar="DIR", help="Folder, or s3://BUCKET/PREFIX, made if missing; - prints the text."
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(_FORMATS),
    default=["svg"],
    show_default=True,
    help="May be given several times.",
)
@SCHEMAS
def command(paths: tuple[Path, ...], output: str, formats: tuple[str, ...], schemas: Path | None) -> int:
    """Draw the stages and the parameters of curriculums.

    PATH is a file or a folder (all curriculums below it). svg, png and dot make NAME@VERSION_rules and
    NAME@VERSION_paras, mermaid makes NAME@VERSION_rules.mmd, html makes one page NAME@VERSION.html with everything.
    Files that are there are replaced. svg and png need Graphviz; a page made without it has no picture. With --output -
    the stages of one curriculum are printed as mermaid or dot. Exit code 1 if a curriculum has an error; the others are
    drawn.
    """
    printed = output == _STDOUT
    if printed and formats not in (("dot",), ("mermaid",)):
        raise click.UsageError("--output - prints one text: use it with --format mermaid or --format dot")
    built = catalog.build(paths, schemas)
    subjects = _subjects(built)
    if not (subjects or built.diagnostics):
        names = clean(", ".join(str(path) for path in paths))
        raise click.UsageError(f"{names}: no curriculum there that can be drawn")
    if printed and len(subjects) > 1:
        raise click.UsageError(f"--output - prints one curriculum, and here are {len(subjects)}; name one file")
    if built.diagnostics:
        click.echo(text.findings(built.diagnostics, style()), err=printed)
    code = ATTENTION if has_errors(built.diagnostics) else 0
    if printed:
        for subject in subjects:
            click.echo(subject.mermaid() if formats == ("mermaid",) else subject.dot("rules"), nl=False)
        return code
    return worst([code, _write(subjects, dict.fromkeys(formats), places.reach(None, [output]), output)])


@dataclass
class _Subject:
    """A curriculum that is drawn, and what went wrong with its pictures."""

    graph: StateGraph
    diagram: Diagram
    problems: list[GraphvizError] = field(default_factory=list)

    @property
    def stem(self) -> str:
        return f"{self.graph.curriculum.name}@{self.graph.curriculum.version}"

    def mermaid(self) -> str:
        return mermaid.rules(self.diagram)

    def dot(self, part: str) -> str:
        return dot.rules(self.diagram) if part == "rules" else dot.parameters(table.of(self.graph))

    def page(self) -> str:
        return page.html(self.graph, self.diagram, table.of(self.graph), self.drawn("rules", "svg"))

    def drawn(self, part: str, kind: Literal["svg", "png"]) -> bytes | None:
        try:
            return dot.draw(self.dot(part), kind)
        except GraphvizError as error:
            self.problems.append(error)
            return None

    def files(self, formats: Iterable[str]) -> dict[str, bytes]:
        """The files of all these formats by name; without the pictures that could not be drawn."""
        made: dict[str, bytes | None] = {}
        for kind in formats:
            if kind == "html":
                made[f"{self.stem}.html"] = self.page().encode()
            elif kind == "mermaid":
                made[f"{self.stem}_rules.mmd"] = self.mermaid().encode()
            else:
                for part in ("rules", "paras"):
                    content = self.dot(part).encode() if kind == "dot" else self.drawn(part, _picture(kind))
                    made[f"{self.stem}_{part}.{kind}"] = content
        return {name: content for name, content in made.items() if content is not None}


def _picture(kind: str) -> Literal["svg", "png"]:
    return "png" if kind == "png" else "svg"


def _subjects(built: Catalog) -> list[_Subject]:
    """What can be drawn. Raises click.UsageError where two would have the same files on many disks."""
    subjects: dict[str, _Subject] = {}
    for compilation in built.compilations:
        if compilation.graph is None:
            continue
        kept = [finding for finding in compilation.diagnostics if finding in built.diagnostics]
        subject = _Subject(compilation.graph, diagram.of(compilation.graph, kept))
        other = subjects.setdefault(subject.stem.casefold(), subject)
        if other.stem != subject.stem:
            raise click.UsageError(f"the files of {other.stem} and {subject.stem} differ only in capital letters")
    return list(subjects.values())


def _write(subjects: list[_Subject], formats: Iterable[str], reach: Reach, output: str) -> int:
    """Write what can be drawn, curriculum by curriculum, and say what cannot."""
    objects = reach.folder("--output", output)
    problems: dict[str, None] = {}
    for subject in subjects:
        try:
            files = subject.files(formats)
            written = upload(objects, files)
        except (StoreError, UnreadableError) as error:
            reach.failed(StoreError(str(error), wrong_use=getattr(error, "wrong_use", False)))
            return OUTSIDE
        click.echo(f"{subject.stem}: {_said(files, written)}")
        problems |= dict.fromkeys(str(problem) for problem in subject.problems)
    for problem in problems:
        click.echo(f"{'error' if {'svg', 'png'} & set(formats) else 'note'}: {clean(problem)}{_WITHOUT}", err=True)
    return OUTSIDE if problems and {"svg", "png"} & set(formats) else 0


def _said(files: dict[str, bytes], written: list[str]) -> str:
    if not files:
        return "no picture"
    return f"{len(written)} of {counted(len(files), 'file')} written" if written else "unchanged"

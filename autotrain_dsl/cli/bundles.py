"""Curriculums with what makes their files, for ``export`` and ``publish``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from autotrain_dsl import artefacts, catalog, older
from autotrain_dsl.codes import legacy as codes
from autotrain_dsl.compiler import Compilation
from autotrain_dsl.diagnostics import Diagnostic, has_errors, tidy
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.legacy import export, reading
from autotrain_dsl.publishing import Bundle
from autotrain_dsl.render import diagram, dot, table
from autotrain_dsl.report import text
from autotrain_dsl.report.text import clean
from autotrain_dsl.tasks import TaskSchemas

PATHS = click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, path_type=Path)
)
WITHOUT_LEGACY = click.option("--without-legacy", is_flag=True, help="Leave out the older system's JSON.")
WITHOUT_PICTURES = click.option("--without-pictures", is_flag=True, help="Leave out the SVGs; no Graphviz is needed.")


@dataclass(frozen=True, slots=True)
class Made:
    """The curriculums that can be used, and whether there was an error in any."""

    bundles: tuple[Bundle, ...]
    faulty: bool


def made(paths: Iterable[Path], schemas: Path | None, *, legacy: bool, pictures: bool) -> Made:
    """Compile curriculums and print all findings. Raises click.UsageError where there is none at all."""
    built = catalog.build(paths, schemas)
    compiled = [(each, each.graph) for each in built.compilations if each.graph is not None]
    found, bundles = list(built.diagnostics), []
    for compilation, graph in compiled:
        bundle, more = _bundle(compilation, graph, built.diagnostics, TaskSchemas(schemas), legacy, pictures)
        found += more
        bundles += [bundle] if bundle is not None else []
    if found:
        click.echo(text.findings(tidy(found)))
    if any(each.code is codes.CANNOT_EXPORT for each in found) and legacy:
        click.echo("--without-legacy leaves the older system's JSON out")
    if not (bundles or has_errors(found)):
        names = clean(", ".join(str(path) for path in paths))
        raise click.UsageError(f"{names}: no curriculum there that can be used for a mouse")
    return Made(tuple(bundles), has_errors(found))


def twins(bundles: Iterable[Bundle]) -> Iterator[tuple[Bundle, Bundle]]:
    """Curriculums whose files differ only in capital letters, which are one file on many disks."""
    first: dict[str, Bundle] = {}
    for bundle in bundles:
        other = first.setdefault(bundle.keys.native.casefold(), bundle)
        if other is not bundle:
            yield other, bundle


def _bundle(
    compilation: Compilation,
    graph: StateGraph,
    found: Iterable[Diagnostic],
    tasks: TaskSchemas,
    legacy: bool,
    pictures: bool,
) -> tuple[Bundle | None, list[Diagnostic]]:
    curriculum = graph.curriculum
    keys = artefacts.keys(curriculum.name, curriculum.version)
    native = artefacts.to_bytes(graph)
    if len(native) > artefacts.MAX_BYTES:
        return None, [_refused(graph, "with everything that its stages inherit, it is larger than 8 MiB", "shorten it")]
    makers: dict[str, Callable[[], bytes]] = {keys.native: lambda: native}
    exported = export.export(graph)
    own = None if exported.content is None else export.to_bytes(exported.content)
    if legacy and own is None:
        return None, list(exported.diagnostics)
    if legacy and own is not None:
        makers[keys.legacy] = lambda: own
    elif artefacts.is_ambiguous(curriculum.name, curriculum.version):
        message = "with `_curriculum_v` in the name or version, files could be taken for those of another curriculum"
        return None, [_refused(graph, message, "choose another name or version")]
    if pictures:
        kept = [each for each in compilation.diagnostics if each in found]
        makers[keys.rules] = lambda: dot.draw(dot.rules(diagram.of(graph, kept)), "svg")
        makers[keys.parameters] = lambda: dot.draw(dot.parameters(table.of(graph)), "svg")

    def read_older(content: bytes) -> older.Read:
        return reading.read(content, keys.legacy, tasks, compilation.path)

    return Bundle(graph.content, graph.content_hash, makers, read_older, own), []


def _refused(graph: StateGraph, message: str, hint: str) -> Diagnostic:
    return Diagnostic(codes.CANNOT_EXPORT, graph.curriculum.named, message, hint)

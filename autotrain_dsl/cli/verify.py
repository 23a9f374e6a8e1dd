"""``autotrain-dsl verify``."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from autotrain_dsl import catalog, document
from autotrain_dsl.cases import loading
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.cases.model import Claim
from autotrain_dsl.cli import solving, whole
from autotrain_dsl.cli.arguments import SCHEMAS
from autotrain_dsl.cli.exits import ATTENTION
from autotrain_dsl.cli.styling import style
from autotrain_dsl.compiler import Compilation
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.files import TEST_SUFFIXES, candidates
from autotrain_dsl.report import text
from autotrain_dsl.report import verification as report
from autotrain_dsl.report.verification import Verified
from autotrain_dsl.silence import Comments
from autotrain_dsl.tasks import TaskSchemas
from autotrain_dsl.verification import written
from autotrain_dsl.verification.model import Report

_WRITTEN = ".verified.test.yaml"
_LONGEST_NAME = 250  # bytes


@click.command(epilog="Example:  autotrain-dsl verify curriculums/coupled_baiting/coupled_baiting_2.3.yaml")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--sessions",
    type=click.IntRange(2, loading.MAX_WITHIN),
    default=15,
    show_default=True,
    help="How many sessions a mouse is followed.",
)
@click.option("--with-missing", is_flag=True, help="Also ask about mice of which values are missing.")
@click.option("--write-tests", is_flag=True, help=f"Write the mice as tests into NAME{_WRITTEN} beside the curriculum.")
@click.option("--silenced", is_flag=True, help="Show silenced findings in full too.")
@click.option("--strict", is_flag=True, help="Fail on warnings and on what is not decided too.")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@SCHEMAS
def command(
    paths: tuple[Path, ...],
    sessions: int,
    with_missing: bool,
    write_tests: bool,
    silenced: bool,
    strict: bool,
    output: str,
    schemas: Path | None,
) -> int:
    """Prove what mice a curriculum can and cannot make, and show the mice.

    PATH is a curriculum, a folder (all curriculums below it), or a test file, whose `properties` are checked; those of
    the test files beside a curriculum are too. Every mouse that is shown was judged by the interpreter. Exit code 1 if
    a curriculum has errors, or a property is broken or not decided.
    """
    solving.require()
    from autotrain_dsl.verification import checking  # noqa: PLC0415 - takes a solver

    tests = [path for path in paths if path.name.endswith(TEST_SUFFIXES) and not path.is_dir()]
    compiler = Compiler(TaskSchemas(schemas))
    claims, found, tested = _claims(paths, compiler)
    places = [path for path in paths if path not in tests]
    known = {file.resolve() for path in places for file in candidates(path)}
    places += [path for path in tested if path.resolve() not in known]
    checked = catalog.build(places, schemas)
    wrong = [*found, *(each for each in checked.diagnostics if each.is_error)]
    errors = sum(each.is_error for each in wrong)
    compiled = [each for each in checked.compilations if each.graph is not None]
    if not compiled and not wrong:
        names = text.clean(", ".join(str(path) for path in paths))
        if any(each.abstract for each in checked.compilations):
            raise click.UsageError(f"{names}: only a base for others; verify the files that extend it")
        raise click.UsageError(f"{names}: no curriculum there (a .yaml file with `stages` or `extends`)")
    limits = checking.Limits(sessions, with_missing)
    made: dict[Hashable, Report] = {}
    verified, comments = [], Comments(checked.documents)
    for each in compiled:
        assert each.graph is not None
        own = claims.get(each.path.resolve(), [])
        key = (checking.likeness(each.graph, each.diagnostics), *(id(claim) for claim in own))
        if key not in made:
            made[key] = checking.verify(each.graph, each.diagnostics, own, limits)
        verified.append(Verified.of(each, made[key], comments))
    counts = report.summary(verified, sessions)
    counts = replace(counts, errors=counts.errors + errors, warnings=counts.warnings + len(wrong) - errors)
    if output == "json":
        click.echo(report.as_json(verified, counts, wrong), nl=False)
    else:
        if wrong:
            click.echo(text.findings(wrong, style()))
        click.echo("\n".join(report.text(verified, counts, style(), silenced=silenced)))
    refused = _write(compiled, verified) if write_tests else False
    attention = counts.errors or counts.claims_open or refused or (strict and (counts.warnings or counts.undecided))
    return ATTENTION if attention else 0


def _claims(paths: Iterable[Path], compiler: Compiler) -> tuple[dict[Path, list[Claim]], list[Diagnostic], list[Path]]:
    """The claims about every curriculum, what is wrong with test files, and the curriculums of those that are named."""
    claims: dict[Path, list[Claim]] = {}
    found: list[Diagnostic] = []
    named: list[Path] = []
    for path in paths:
        for file in loading.files(path):
            suite, more = loading.load(file, compiler) if file == path else loading.claims(file, compiler)
            found += more
            if suite is not None and suite.curriculum is not None and suite.graph is not None:
                own = claims.setdefault(suite.curriculum.resolve(), [])
                own += [claim for claim in suite.claims if claim not in own]
                named += [suite.curriculum] if file == path else []
    return claims, list(catalog.capped(found)), named


def _write(compiled: Sequence[Compilation], verified: Sequence[Verified]) -> bool:
    """Write the mice of every curriculum beside it; whether a file that is not ours was in the way."""
    refused = False
    for each, one in zip(compiled, verified, strict=True):
        assert each.graph is not None
        content = written.text(one.report, each.graph, each.path.name)
        file = each.path.with_name(f"{each.path.stem}{_WRITTEN}")
        if not content:
            continue
        if why := _in_the_way(file, each.path.name):
            click.echo(text.clean(f"error: {file} {why}"), err=True)
            refused = True
            continue
        try:
            whole.put(file, content.encode("utf-8"))
        except OSError as error:
            raise OSError(error.errno, text.clean(f"cannot write {file}: {error.strerror}")) from error
        click.echo(text.clean(f"written: {file}"), err=True)
    return refused


def _in_the_way(file: Path, curriculum: str) -> str:
    """Why a file is not to be written, if it is not."""
    if not curriculum.isprintable() or (not file.name.isascii() and "\udc80" <= max(file.name) <= "\udcff"):
        return "cannot be written: the name of the curriculum is no text"
    if len(os.fsencode(file.name)) > _LONGEST_NAME:
        return "cannot be written: the name of the curriculum is too long"
    if not os.path.lexists(file):
        return ""
    if file.is_symlink() or not file.is_file():
        return "is there already and is no plain file: left as it is"
    read, _ = document.read(file, str(file))
    ours = read is not None and read.source.text.startswith(f"# {written.HEADER}\n")
    if not ours or read is None or read.data.get("curriculum") != curriculum:
        return "is there already and is not of `verify` about this curriculum: left as it is"
    return ""

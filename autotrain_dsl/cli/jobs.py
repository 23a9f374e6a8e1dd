"""What a command works on: one df_manager named by options, or those of a configuration file."""

from __future__ import annotations

import functools
import os
import re
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import click

from autotrain_dsl import catalog, configuration, document
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.cli.exits import ATTENTION, OUTSIDE
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.configuration import ManagerConfiguration, S3Configuration
from autotrain_dsl.files import SUFFIXES
from autotrain_dsl.judging import Options
from autotrain_dsl.nightly import Job
from autotrain_dsl.report import text
from autotrain_dsl.store import Access, beside, export, folder, is_database, is_in_parts
from autotrain_dsl.store.base import StoreError
from autotrain_dsl.store.copies import download
from autotrain_dsl.store.exports import MANAGER, STATS
from autotrain_dsl.tables.behavior import Layout
from autotrain_dsl.tables.issues import Issue, TableError


@dataclass(frozen=True)
class Target:
    """One df_manager and everything that belongs to it; ``name`` is that of the configuration, else empty.

    ``curriculums`` are where curriculums are found, ``pages`` is where pages for people go (None: there are none),
    ``watch`` holds thresholds of the watch list, ``redact`` takes secrets out of a text.
    """

    name: str
    curriculums: tuple[str, ...]
    schemas: Path | None
    behavior: str
    manager: str
    access: Access
    stats: str | None = None
    report: str | None = None
    exports: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    pages: str | None = None
    watch: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    default: tuple[str, str] | None = None
    layout: Layout = field(default_factory=Layout)
    task: tuple[str, str | None] | None = None
    tries: int = 20
    redact: Callable[[str], str] = str

    def outputs(self) -> list[str]:
        """Every table that a run would write."""
        tables = [self.manager, *self.exports]
        if not is_database(self.manager) and not is_in_parts(self.manager):
            tables += [self.stats or beside(self.manager, "stats"), beside(self.manager, "superseded")]
        return [*tables, *(uri for uri, _ in self._mirrored())]

    def report_uri(self) -> str | None:
        """Where the report of a run goes; None: into the database."""
        if self.report is not None or is_database(self.manager) or is_in_parts(self.manager):
            return self.report
        return beside(self.manager, "report", ".json")

    def option(self, key: str) -> str:
        """What a person has to look at: a key of the configuration, or the option of the same meaning."""
        return key if self.name else f"--{key.replace('_', '-')}"

    def job(self, compiled: Catalog, options: Options, **more: Any) -> Job:
        """The run for this df_manager."""
        return Job(
            catalog=compiled,
            behavior_uri=self.behavior,
            manager_uri=self.manager,
            options=replace(options, default=self.default),
            new_id=lambda: uuid.uuid4().hex,
            wait=time.sleep,
            access=self.access,
            layout=self.layout,
            stats_uri=self.stats,
            exports=(*((uri, MANAGER) for uri in self.exports), *self._mirrored()),
            tries=self.tries,
            **more,
        )

    def _mirrored(self) -> Iterator[tuple[str, str]]:
        """Copies of the published tables: the table's own name below every mirror."""
        name = f"{self.name}.parquet" if is_database(self.manager) else os.path.basename(self.manager)  # noqa: PTH119 - a URI
        for mirror in self.mirrors:
            uri = f"{mirror.rstrip('/')}/{name}"
            yield uri, MANAGER
            yield beside(uri, "stats"), STATS


def direct(
    paths: tuple[Path, ...], schemas: Path | None, behavior: str, manager: str, default: tuple[str, str] | None
) -> Target:
    """The df_manager that options name."""
    redact = _hiding(behavior, manager)
    return Target("", tuple(map(str, paths)), schemas, behavior, manager, Access(), default=default, redact=redact)


def bare(manager: str) -> Target:
    """A df_manager of which only the table matters."""
    return Target("", (), None, "", manager, Access(), redact=_hiding(manager))


def guarded(target: Target, work: Callable[[Target], int]) -> int:
    """The exit code of ``work`` on a df_manager; what fails is told on standard error.

    Raises click.UsageError where the command line or the configuration is wrong.
    """
    try:
        return work(target)
    except TableError as error:
        for issue in error.issues:
            click.echo(f"{issue.code.id} error: {text.clean(target.redact(str(issue)))}", err=True)
        return ATTENTION
    except StoreError as error:
        if error.wrong_use:
            raise click.UsageError(text.clean(target.redact(str(error)))) from error
        click.echo(f"error: {text.clean(target.redact(str(error)))}", err=True)
        return OUTSIDE


def redacted(content: Any, redact: Callable[[str], str]) -> Any:
    """Plain data without secrets in any of its texts."""
    if isinstance(content, dict):
        return {key: redacted(value, redact) for key, value in content.items()}
    if isinstance(content, list):
        return [redacted(value, redact) for value in content]
    return redact(content) if isinstance(content, str) else content


def _hiding(*uris: str) -> Callable[[str], str]:
    """What takes the passwords that are written in some addresses out of a text."""
    passwords = [found[1] for uri in uris if (found := re.match(r"[A-Za-z0-9+.-]+://[^:@/]*:(.+)@", uri))]
    spelt = {word for password in passwords for word in (password, unquote(password), quote(unquote(password), ""))}
    ordered = sorted(spelt, key=len, reverse=True)
    return lambda text: functools.reduce(lambda shown, word: shown.replace(word, "***"), ordered, text)


def configured(path: Path, only: str | None, output: str = "text") -> list[Target]:
    """The df_managers of a configuration file, or the one of them that is asked for.

    Prints what is wrong with it, on standard error where ``output`` keeps the other one for JSON.
    """
    loaded, found = configuration.load(path, os.environ)
    if found:
        click.echo(text.findings(found), err=loaded is not None or output == "json")
    if loaded is None:
        raise click.UsageError(f"{path}: the configuration has errors")
    names = [manager.name for manager in loaded.managers]
    if only is not None and only not in names:
        raise click.UsageError(f"--manager: {path} has no manager `{text.clean(only)}`; it has {', '.join(names)}")
    settings = _s3_settings(loaded.s3, loaded.secrets.expand)
    access = Access(settings, loaded.secrets.expand, loaded.generations)
    chosen = [manager for manager in loaded.managers if only in (None, manager.name)]
    return [_target(each, access, loaded.conflicts, loaded.secrets.redact) for each in chosen]


def _target(manager: ManagerConfiguration, access: Access, tries: int, redact: Callable[[str], str]) -> Target:
    return Target(
        name=manager.name,
        curriculums=manager.curriculums,
        schemas=None if manager.schemas is None else Path(access.expand(manager.schemas)),
        behavior=manager.behavior,
        manager=manager.manager,
        access=access,
        stats=manager.stats,
        report=manager.report,
        exports=manager.exports,
        mirrors=manager.mirrors,
        pages=manager.pages,
        watch=manager.watch,
        default=manager.default_curriculum,
        layout=Layout(manager.columns, manager.task_names, manager.history == "all"),
        task=manager.task_schema,
        tries=tries,
        redact=redact,
    )


def _s3_settings(s3: S3Configuration, expand: Callable[[str], str]) -> dict[str, Any]:
    values = {name: getattr(s3, name) for name in s3.__dataclass_fields__}
    return {name: expand(value) if isinstance(value, str) else value for name, value in values.items()}


@contextmanager
def compiled(target: Target) -> Iterator[tuple[Catalog, list[Path]]]:
    """The curriculums of a df_manager, and where their files are; those of a store are copied for the while.

    Prints the errors in them. Raises StoreError with ``wrong_use`` where there is none that can be used.
    """
    with ExitStack() as stack:
        paths = [_local(uri, target.access, stack) for uri in target.curriculums]
        for path, uri in zip(paths, target.curriculums, strict=True):
            if not path.exists():
                raise StoreError(f"{target.option('curriculums')}: there is nothing at `{uri}`", wrong_use=True)
        built = catalog.build(paths, target.schemas)
        errors = [finding for finding in built.diagnostics if finding.is_error]
        if errors:
            shown = text.findings(errors)
            for path, uri in zip(paths, target.curriculums, strict=True):
                shown = shown.replace(str(path), uri) if str(path) != uri else shown
            click.echo(target.redact(shown), err=True)
        if target.task is not None:
            built = _of_task(built, *target.task)
        if not any(compilation.graph is not None for compilation in built.compilations):
            where = ", ".join(target.curriculums)
            raise StoreError(f"{target.option('curriculums')}: no curriculum at {where} can be used", wrong_use=True)
        if target.default is not None and built.find(*target.default) is None:
            why = built.why_not(*target.default)
            raise StoreError(f"{target.option('default_curriculum')}: {why}", wrong_use=True)
        yield built, paths


def _local(uri: str, access: Access, stack: ExitStack) -> Path:
    if "://" not in uri:
        return Path(access.expand(uri))
    path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autotrain-dsl-"))) / "curriculums"
    path.mkdir()
    if not download(folder(uri, access), path, SUFFIXES, document.MAX_BYTES):
        raise StoreError(f"there are no curriculums at `{uri}`", wrong_use=True)
    return path


def _of_task(built: Catalog, name: str, version: str | None) -> Catalog:
    def fits(compilation: Any) -> bool:
        task = compilation.graph.task if compilation.graph is not None else None
        return task is None or (task.name == name and version in (None, task.version))

    return replace(built, compilations=tuple(each for each in built.compilations if fits(each)))


def clashes(targets: list[Target]) -> list[str]:
    """Tables that a run would read and write, or that two of the df_managers would write; in words, without secrets."""
    found = list(_clashes(targets))
    return [functools.reduce(lambda text, target: target.redact(text), targets, each) for each in found]


def _clashes(targets: list[Target]) -> Iterator[str]:
    written: dict[str, str] = {}
    for target in targets:
        outputs = target.outputs()
        if _place(target.behavior) in {_place(uri) for uri in outputs}:
            yield f"`{target.behavior}` would be read as df_behavior and written; they must be different tables"
        elif is_in_parts(target.manager) and _within(target.manager, _place(target.behavior)):
            yield f"`{target.manager}` lies in `{target.behavior}`, whose parts would be mixed with it"
        yield from _misplaced(target)
        for uri in outputs:
            if _place(uri) in written:
                yield f"`{uri}` would be written twice, for {written[_place(uri)]} and {target.name or 'itself'}"
            written[_place(uri)] = target.name or "itself"


def _misplaced(target: Target) -> Iterator[str]:
    """Places that belong to the program itself, or where what is written would be read as something else."""
    state = _place(target.manager) + ("" if is_in_parts(target.manager) else ".state")
    pages = [] if target.pages is None else [target.pages]
    for uri in [*target.outputs(), *target.mirrors, *pages, *([target.report] if target.report else [])]:
        if _within(uri, state) and uri != target.manager:
            yield f"`{uri}` lies in the folder in which the state of df_manager is kept; choose another place"
    for what, uri in [*(("mirror", mirror) for mirror in target.mirrors), *(("folder of pages", uri) for uri in pages)]:
        if any(_within(uri, _place(folder)) for folder in target.curriculums):
            why = "which would be read twice" if what == "mirror" else "which are no place for pages"
            yield f"the {what} `{uri}` lies among the curriculums, {why}; choose another place"
    for uri in pages:
        if is_in_parts(target.behavior) and _within(uri, _place(target.behavior)):
            yield f"the folder of pages `{uri}` lies in `{target.behavior}`, among the parts; choose another place"


def _within(uri: str, folder: str) -> bool:
    return f"{_place(uri)}/".startswith(f"{folder}/")


def _place(uri: str) -> str:
    return uri.rstrip("/") if "://" in uri else str(Path(uri).resolve())


def progress_bar() -> Any:
    """A progress bar over mice on standard error, only where that is a terminal."""
    return _Bar()


class _Bar:
    def __enter__(self) -> _Bar:
        return self

    def start(self, mice: int) -> Callable[[str], None]:
        """A run over this many mice begins."""
        if not sys.stderr.isatty():
            return lambda _: None
        self._bar = click.progressbar(length=mice, label="judging", file=sys.stderr)
        self._bar.__enter__()
        return lambda _: self._bar.update(1)

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "_bar"):
            self._bar.__exit__(None, None, None)


def check_formats(target: Target) -> None:
    """Raise StoreError where the name of a table says no format, before anything is read."""
    for uri in [*target.outputs(), target.behavior]:
        if not is_database(uri) and not is_in_parts(uri):
            export(uri, MANAGER, target.access)


def unreadable(message: str) -> Issue:
    """That something in the state is damaged."""
    return Issue(codes.UNREADABLE, message)

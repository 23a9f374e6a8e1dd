"""``autotrain-dsl evaluate``."""

from __future__ import annotations

import contextlib
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from autotrain_dsl import __version__, nightly
from autotrain_dsl.cli import jobs, logs, paging
from autotrain_dsl.cli.exits import ATTENTION, DEFECT, OUTSIDE, WRONG_USE, worst
from autotrain_dsl.cli.jobs import Target
from autotrain_dsl.cli.mirrors import copy_curriculums
from autotrain_dsl.cli.options import Given, tables, targets
from autotrain_dsl.cli.times import now_or
from autotrain_dsl.diagnostics import has_errors
from autotrain_dsl.judging import CORRECT, NEW, RERUN, Options
from autotrain_dsl.nightly import ADOPT, KEEP, RESTORE
from autotrain_dsl.report import evaluation as report
from autotrain_dsl.report.text import clean
from autotrain_dsl.spelling import counted
from autotrain_dsl.store import copies, is_in_parts, open_state, place
from autotrain_dsl.store.base import StoreError
from autotrain_dsl.tables.issues import Issue, TableError

if TYPE_CHECKING:
    from autotrain_dsl.catalog import Catalog
    from autotrain_dsl.partitioned import Engine


def _placed(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = [value.rpartition("=") for value in values]
    for value, (subject, separator, stage) in zip(values, pairs, strict=True):
        if not separator or not subject or not stage:
            raise click.BadParameter(f"`{value}` is not of the form SUBJECT=STAGE, such as 712345=STAGE_2")
    found = {subject: stage for subject, _, stage in pairs}
    if len(found) < len(pairs):
        raise click.BadParameter("a mouse is placed twice; name every mouse once")
    return found


@click.command(
    epilog="Example:  autotrain-dsl evaluate --curriculums curriculums --behavior df_behavior.csv "
    '--manager df_manager.parquet --default-curriculum "Coupled Baiting@2.3"'
)
@tables
@click.option("--subject", "subjects", multiple=True, metavar="ID", help="Only this mouse; may be given several times.")
@click.option("--dry-run", is_flag=True, help="Say what would change, write nothing.")
@click.option("--correct", is_flag=True, help="Judge mice again from their first stale session on.")
@click.option("--rerun", is_flag=True, help="Judge every session again.")
@click.option(
    "--place",
    "placed",
    multiple=True,
    callback=_placed,
    metavar="SUBJECT=STAGE",
    help="Stage for a mouse that has changed curriculum.",
)
@click.option("--adopt", is_flag=True, help="Take over what another program has changed in df_manager.")
@click.option("--restore", is_flag=True, help="Undo what another program has changed in df_manager.")
@click.option("--now", metavar="TIME", help="Time of judging to record, ISO 8601 (default: now).")
@click.option(
    "--engine",
    "engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="What judges tables in parts: this process, or the workers of a Dask cluster.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler (default: a cluster on this machine for the run).")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--log-format", type=click.Choice(["text", "json"]), help="Log every step to standard error.")
def command(
    given: Given,
    subjects: tuple[str, ...],
    dry_run: bool,
    correct: bool,
    rerun: bool,
    placed: Mapping[str, str],
    adopt: bool,
    restore: bool,
    now: str | None,
    engine: str,
    scheduler: str | None,
    output: str,
    log_format: str | None,
) -> int:
    """Judge every session that df_manager does not hold yet, and update df_manager and df_manager_stats.

    Existing rows stay as they are, so that running twice changes nothing; --correct and --rerun replace rows and keep
    the old ones on record (see `history`). Exit code 1 if a session could not be judged. With --config every manager
    is run, also when one of them fails.

    A behavior and a manager that end with a slash are folders of .parquet files, each with whole mice: they are judged
    part by part, by --engine dask on many processors at once, and published together.
    """
    for one, other, names in ((correct, rerun, "--correct and --rerun"), (adopt, restore, "--adopt and --restore")):
        if one and other:
            raise click.UsageError(f"{names} exclude each other")
    options = Options(
        now=now_or(now),
        program=__version__,
        mode=CORRECT if correct else RERUN if rerun else NEW,
        subjects=frozenset(subjects) or None,
        placed=placed,
    )
    edits = ADOPT if adopt else RESTORE if restore else KEEP
    chosen = targets(given, output)
    if found := [clean(each) for each in [*jobs.clashes(chosen), *_unfit(chosen, engine, scheduler, edits)]]:
        raise click.UsageError("\n".join(found))
    logger = logs.start(log_format)
    with _started(engine, scheduler) as started:
        done = [_Evaluation(each, options, edits, dry_run, output, logger, started).run() for each in chosen]
    if output == "json":
        whole: Any = {"version": report.FORMAT, "managers": [each.content for each in done]}
        if given.config is None:
            whole = done[0].content
        if given.config is not None or done[0].judged:
            click.echo(json.dumps(whole, indent=2))
    return worst(each.code for each in done)


class _DefectError(StoreError):
    """What fails after publishing and is nobody's fault but the program's."""


class _Evaluation:
    """The run for one df_manager: ``code`` is its exit code, ``content`` its report as data."""

    def __init__(
        self, target: Target, options: Options, edits: str, dry_run: bool, output: str, logger: logging.Logger,
        engine: Engine | None,
    ) -> None:  # fmt: skip
        self.target, self.options, self.edits, self.dry_run = target, options, edits, dry_run
        self.output, self.logger, self.engine = output, logger, engine
        self.code = 0
        self.judged, self.pages = False, ""
        self.content: dict[str, Any] = {}

    def run(self) -> _Evaluation:
        """Run, and turn whatever happens into an exit code; nothing of it reaches the other managers."""
        self._tell("started", {"dry_run": self.dry_run, "mode": self.options.mode})
        if self.target.name and self.output == "text":
            _say(f"{clean(self.target.name)}:\n")
        try:
            self._run()
        except TableError as error:
            self._fail(ATTENTION, [f"{issue.code.id} error: {issue}" for issue in error.issues], "nothing was changed")
        except StoreError as error:
            if error.wrong_use and not self.target.name:
                raise click.UsageError(clean(self.target.redact(str(error)))) from error
            self._fail(WRONG_USE if error.wrong_use else OUTSIDE, [f"error: {error}"], error.changed)
        except Exception:
            if not self.target.name:
                raise
            click.echo(self.target.redact(traceback.format_exc()), err=True)
            self._fail(DEFECT, ["error: this is a defect in autotrain-dsl; please report it with the text above"], "")
        self._tell("finished", {"exit_code": self.code})
        return self

    def _run(self) -> None:
        jobs.check_formats(self.target)
        with jobs.compiled(self.target) as (compiled, paths):
            job = self.target.job(compiled, self.options, edits=self.edits, dry_run=self.dry_run, tell=self._tell)
            with jobs.progress_bar() as bar:
                judge = self._in_parts if is_in_parts(self.target.manager) else nightly.run
                result = judge(job, bar.start)
            failed = list(result.failed)
            if not self.dry_run:
                failed += copy_curriculums(self.target, paths)
            self.code = int(result.outcome.needs_attention or has_errors(compiled.diagnostics))
            run = report.Run.of(self.target.name, self.target.behavior, self.target.manager, result, self.dry_run)
            self.content, self.judged = jobs.redacted(report.content(run, compiled), self.target.redact), True
            if not self.dry_run:
                failed += self._keep_report()
                failed += self._pages(compiled, result.outcome.unjudged)
            if self.output == "text":
                _say(self.target.redact(report.as_text(run)) + self.pages)
            for error in failed:
                text = clean(self.target.redact(str(error)))
                self._tell("failed", {"exit_code": OUTSIDE, "error": [text]})
                if not logs.is_json(self.logger):
                    click.echo(f"error: {text}; the decisions are published, the next run tries again", err=True)
                self.content["failed"].append(text)
                self.code = max(self.code, DEFECT if isinstance(error, _DefectError) else OUTSIDE)

    def _in_parts(self, job: nightly.Job, progress: Callable[[int], Callable[[str], None]]) -> nightly.Result:
        from autotrain_dsl import partitioned  # noqa: PLC0415 - few colonies are in parts

        return partitioned.run(job, self.engine or partitioned.Here(), progress)

    def _keep_report(self) -> list[StoreError]:
        text = json.dumps(self.content, indent=2) + "\n"
        uri = self.target.report_uri()
        try:
            if uri is None:
                open_state(self.target.manager, self.target.access).report(text)
            elif self.content["rows"] or self.content["not_judged"]:
                objects, key = place(uri, self.target.access)
                copies.overwrite(objects, key, text.encode())
        except StoreError as error:
            return [error]
        return []

    def _pages(self, compiled: Catalog, unjudged: Sequence[Issue]) -> list[StoreError]:
        """Make the pages for people, where they are configured; what goes wrong with them harms no decision."""
        if self.target.pages is None:
            return []
        try:
            if self.options.subjects is not None:  # pages are about all mice
                job = self.target.job(compiled, Options(now=self.options.now, program=__version__), dry_run=True)
                unjudged = nightly.run(job, lambda _: lambda _: None).outcome.unjudged
            written = paging.write(self.target, self.target.pages, compiled, unjudged, self.options.now)
        except StoreError as error:
            return [error]
        except TableError as error:  # another program has damaged the table since it was published
            return [StoreError(str(error))]
        except Exception:  # noqa: BLE001 - what was decided has to be told all the same
            click.echo(self.target.redact(traceback.format_exc()), err=True)
            return [_DefectError("these pages were not made, which is a defect in autotrain-dsl: please report it")]
        if written is not None:
            place = self.target.redact(self.target.pages)
            self._tell("pages", {"place": place, "written": written})
            self.pages = clean(f"pages: {place.rstrip('/')}/index.html ({counted(written, 'file')} written)") + "\n"
        return []

    def _fail(self, code: int, lines: list[str], changed: str) -> None:
        shown = [clean(self.target.redact(line)) for line in lines]
        self.code = code
        self.content = {"name": self.target.name, "error": shown, "exit_code": code}
        if code == ATTENTION and (self.output == "text" or not self.target.name):
            for line in shown:
                click.echo(line)
            click.echo(changed, err=True)
        elif not logs.is_json(self.logger):
            ending = f"; {changed}" if changed else ""
            click.echo("\n".join([*shown[:-1], f"{shown[-1]}{ending}"]), err=True)
        self._tell("failed", {"exit_code": code, "error": shown})

    def _tell(self, event: str, facts: dict[str, Any]) -> None:
        logs.tell(self.logger, event, {"manager": self.target.name or self.target.manager, **facts}, self.target.redact)


def _unfit(chosen: list[Target], engine: str, scheduler: str | None, edits: str) -> Iterator[str]:
    """What does not go together with tables in parts, or needs them."""
    if scheduler is not None and engine != "dask":
        yield "--scheduler is the address of a Dask cluster: add --engine dask"
    for target in chosen:
        if is_in_parts(target.manager) != is_in_parts(target.behavior):
            yield (
                f"`{target.behavior}` and `{target.manager}` must both be folders of parts, with a slash at the end, "
                "or both be tables"
            )
        elif engine == "dask" and not is_in_parts(target.manager):
            yield f"--engine dask judges folders of parts, such as df_manager/, and `{target.manager}` is one table"
        elif is_in_parts(target.manager) and (target.exports or target.mirrors or target.stats):
            yield f"`{target.manager}` is kept in parts, without stats, exports or mirrors beside it: leave them out"
        elif is_in_parts(target.manager) and target.pages:
            yield f"`{target.manager}` is kept in parts, of which no pages are made: leave `pages` out"
        elif is_in_parts(target.manager) and edits != KEEP:
            yield f"`{target.manager}` is kept in parts, which nobody else writes: there is nothing to --{edits}"


@contextlib.contextmanager
def _started(engine: str, scheduler: str | None) -> Iterator[Engine | None]:
    """What judges parts, for the while; None: this process."""
    if engine == "local":
        yield None
        return
    try:
        from autotrain_dsl.distributed import cluster  # noqa: PLC0415 - Dask is an extra
    except ImportError as error:
        message = f"--engine dask needs more packages ({error.name}): pip install 'autotrain-dsl[distributed]'"
        raise click.UsageError(message) from error
    with contextlib.ExitStack() as stack:
        try:
            started = stack.enter_context(cluster(scheduler))
        except StoreError as error:
            click.echo(f"error: {clean(str(error))}; nothing was changed", err=True)
            raise click.exceptions.Exit(OUTSIDE) from error
        yield started


def _say(text: str) -> None:
    """Print; that nobody listens any more must not keep the next colony from being judged."""
    with contextlib.suppress(OSError):
        click.echo(text, nl=False)

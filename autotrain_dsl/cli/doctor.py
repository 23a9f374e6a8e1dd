"""``autotrain-dsl doctor``."""

from __future__ import annotations

import json

import click

from autotrain_dsl import doctor
from autotrain_dsl.cli import jobs
from autotrain_dsl.cli.exits import ATTENTION, OUTSIDE, WRONG_USE, worst
from autotrain_dsl.cli.jobs import Target
from autotrain_dsl.cli.options import Given, tables, targets
from autotrain_dsl.doctor import Check, Level, Patient
from autotrain_dsl.report.text import clean
from autotrain_dsl.store.base import StoreError

_CODES = {Level.FINE: 0, Level.WARNING: 0, Level.WRONG: ATTENTION, Level.OUTSIDE: OUTSIDE}
_MARKS = {Level.FINE: "ok", Level.WARNING: "warning", Level.WRONG: "FAILED", Level.OUTSIDE: "FAILED"}


@click.command(epilog="Example:  autotrain-dsl doctor --config autotrain.yaml")
@tables
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    given: Given,
    output: str,
) -> int:
    """Check a configuration against the real stores, before the night does.

    Are they reachable, may they be written, do they honour conditions, are the columns there, do the curriculums
    compile? Writes nothing but a probe, which it removes. Exit code 1 if something has to be mended in files or
    tables, 3 if a store fails.
    """
    chosen = targets(given, output)
    clashing = [clean(each) for each in jobs.clashes(chosen)]
    found = [(target, _checks(target)) for target in chosen]
    if output == "json":
        managers = [{"name": target.name, "checks": [_content(check) for check in checks]} for target, checks in found]
        click.echo(json.dumps({"version": 1, "managers": managers, "clashes": clashing}, indent=2))
    else:
        for target, checks in found:
            click.echo(f"{clean(target.name or target.redact(target.manager))}:")
            for check in checks:
                click.echo(f"  {_MARKS[check.level]:<8} {clean(check.what)}: {clean(check.found)}")
        for clash in clashing:
            click.echo(f"FAILED   {clash}")
    codes = [_CODES[check.level] for _, checks in found for check in checks]
    return worst([*codes, WRONG_USE if clashing else 0])


def _checks(target: Target) -> list[Check]:
    folders = (*target.mirrors, *([target.pages] if target.pages is not None else []))
    patient = Patient(
        target.behavior, target.manager, target.stats, target.exports, folders, target.access, target.layout
    )
    checks: list[Check] = []
    try:
        with jobs.compiled(target) as (catalog, _):
            checks += doctor.examine(patient, catalog)
    except StoreError as error:
        checks.append(Check(Level.WRONG if error.wrong_use else Level.OUTSIDE, "curriculums", str(error)))
    return [Check(check.level, target.redact(check.what), target.redact(check.found)) for check in checks]


def _content(check: Check) -> dict[str, str]:
    return {"level": check.level.value, "what": check.what, "found": check.found}

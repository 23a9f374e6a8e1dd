"""``autotrain-dsl test --record``: a real mouse of the tables as a test file."""

from __future__ import annotations

import click

from autotrain_dsl import layout
from autotrain_dsl.cases import loading, recording, running
from autotrain_dsl.cli import subjects
from autotrain_dsl.cli.exits import ATTENTION, worst
from autotrain_dsl.cli.options import Given
from autotrain_dsl.cli.subjects import Judged
from autotrain_dsl.document import parse
from autotrain_dsl.report.text import clean
from autotrain_dsl.source import Source


def record(subject: str, given: Given) -> int:
    """Print the test file of a mouse; exit code 1 if there is no such mouse, or if its test would not pass."""
    return worst(subjects.each(given, subject, "json", lambda judged: _recorded(judged, subject)))


def _recorded(judged: Judged, subject: str) -> int:
    if not judged.rows:
        click.echo(judged.shown(clean(judged.unknown(subject))), err=True)
        return ATTENTION
    last = judged.rows[-1]
    claims = (last.curriculum_name, last.curriculum_version)
    graph = judged.catalog.find(*claims)
    if graph is None:
        click.echo(judged.shown(clean(judged.catalog.why_not(*claims))), err=True)
        return ATTENTION
    file = next(each.path for each in judged.catalog.compilations if each.claims == claims)
    made = recording.recorded(judged.rows, list(graph.task.metrics))
    data = {"dsl_version": 1, "curriculum": file.name, "tests": [made.test]}
    text = layout.text(data)
    click.echo(text, nl=False)
    if made.left_out:
        why = "another curriculum, or a session between them without a decision"
        click.echo(f"left out: {made.left_out} older sessions ({why})", err=True)
    compiler = loading.Compiler()
    suite, found = loading.from_document(
        file.with_name("recorded.test.yaml"), parse(Source("<record>", text)), compiler
    )
    results = [running.run(case, graph) for case in suite.cases]
    for problem in [*(d.message for d in found), *(failure for each in results for failure in each.failures)]:
        click.echo(judged.shown(clean(f"this test does not pass: {problem}")), err=True)
    return ATTENTION if found or not all(each.passed for each in results) else 0

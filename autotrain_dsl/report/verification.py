"""What verification found as text and JSON: findings with their mice, what is not decided, and claims."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autotrain_dsl.compiler import Compilation
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.report import json as findings_json
from autotrain_dsl.report import text as findings_text
from autotrain_dsl.report.columns import aligned
from autotrain_dsl.report.text import Style, clean
from autotrain_dsl.silence import Comments
from autotrain_dsl.spelling import counted
from autotrain_dsl.verification.model import Finding, Kept, Open, Report
from autotrain_dsl.verification.witnesses import Shown

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Verified:
    """One curriculum: what was found, and of its findings those that a comment silences, with that comment."""

    path: Path
    title: str
    report: Report
    findings: tuple[Finding, ...]
    silenced: tuple[tuple[Finding, str], ...] = ()

    @classmethod
    def of(cls, compiled: Compilation, found: Report, comments: Comments) -> Verified:
        """What was found about a curriculum that compiles."""
        kept, silenced = [], []
        for finding in found.findings:
            ignore = comments.silencing(finding.diagnostic)
            if ignore is None:
                kept.append(finding)
            else:
                silenced.append((finding, ignore.span.text))
        assert compiled.graph is not None
        title = f"{compiled.graph.curriculum.name} {compiled.graph.curriculum.version}"
        return cls(compiled.path, title, found, tuple(kept), tuple(silenced))


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over all curriculums; a finding that several share counts once."""

    curriculums: int
    sessions: int
    errors: int
    warnings: int
    silenced: int
    undecided: int
    claims_open: int
    kept: int


def summary(verified: Sequence[Verified], sessions: int) -> Summary:
    """The counts of several curriculums that were followed for so many sessions."""
    found = {_key(each): each for one in verified for each in one.findings}
    errors = sum(each.diagnostic.is_error for each in found.values())
    return Summary(
        curriculums=len(verified),
        sessions=sessions,
        errors=errors,
        warnings=len(found) - errors,
        silenced=len({_key(each) for one in verified for each, _ in one.silenced}),
        undecided=len({_open_key(each) for one in verified for each in one.report.open}),
        claims_open=sum(each.claim for one in verified for each in one.report.open),
        kept=sum(len(one.report.kept) for one in verified),
    )


def text(verified: Sequence[Verified], counts: Summary, style: Style, *, silenced: bool) -> Iterator[str]:
    """Lines: of every curriculum where mice come to, what was found and not yet told, and a sentence at the end."""
    told: set[tuple[Any, ...]] = set()
    for one in verified:
        yield style(clean(f"{one.title} ({one.path})"), "message")
        yield from _reached(one.report)
        for finding in one.findings:
            if _key(finding) not in told:
                told.add(_key(finding))
                yield ""
                yield from _finding(finding, style)
        for finding, comment in one.silenced:
            if _key(finding) not in told:
                told.add(_key(finding))
                yield from _silenced(finding, comment, style, whole=silenced)
        for each in one.report.open:
            if _open_key(each) not in told:
                told.add(_open_key(each))
                yield f"  {style('not decided', 'warning')}: {question(each)}"
        for kept in one.report.kept:
            yield from holds(kept)
        yield ""
    yield _sentence(counts)


def as_json(verified: Sequence[Verified], counts: Summary, wrong: Sequence[Diagnostic]) -> str:
    """A JSON object: ``curriculums`` with findings, mice, open questions and claims, and a ``summary``.

    ``findings`` are what is ``wrong`` with files, so that nothing, or less, could be asked about them.
    """
    content = {
        "version": FORMAT,
        "findings": [findings_json.finding(each) for each in wrong],
        "curriculums": [_one(one) for one in verified],
        "summary": {
            "curriculums": counts.curriculums,
            "sessions": counts.sessions,
            "errors": counts.errors,
            "warnings": counts.warnings,
            "silenced": counts.silenced,
            "undecided": counts.undecided,
            "properties_undecided": counts.claims_open,
            "properties_kept": counts.kept,
        },
    }
    return json.dumps(content, indent=2) + "\n"


def _finding(finding: Finding, style: Style) -> Iterator[str]:
    yield findings_text.finding(finding.diagnostic, style).rstrip("\n")
    for shown in finding.shown:
        yield from (f"  {line}" for line in table(shown))


def _silenced(finding: Finding, comment: str, style: Style, *, whole: bool) -> Iterator[str]:
    if whole:
        yield ""
        yield from _finding(finding, style)
        yield f"  silenced by {clean(comment)}"
    else:
        span, code = finding.diagnostic.span, finding.diagnostic.code.id
        yield f"  silenced: {clean(f'{code} {span.source.name}:{span.line} {comment}')}"


def _reached(report: Report) -> Iterator[str]:
    lengths = {name: shown.mouse.length for name, shown in report.reached.items()}
    if lengths:
        ways = ", ".join(f"{name} after {length}" for name, length in lengths.items())
        yield f"  stages are reached at the earliest: {ways} session{'' if set(lengths.values()) == {1} else 's'}"


def holds(kept: Kept) -> Iterator[str]:
    """A property that holds, and for how many sessions that is known."""
    bound = f" for {kept.bound} sessions; not decided beyond" if kept.bound is not None else ""
    yield f"  holds{bound}: {clean(kept.claim)}"


def question(open_: Open) -> str:
    """What is not decided, and why."""
    span = open_.span
    return clean(f"{open_.question} ({open_.why}; {span.source.name}:{span.line})")


def table(shown: Shown) -> Iterator[str]:
    """The sessions of a mouse, a line each, under a title."""
    mouse, graph_steps = shown.mouse, {step.session: step for step in shown.steps}
    metrics = [name for name, values in mouse.sessions.items() if any(value is not None for value in values)]
    rows = [["session", "stage", *metrics, "decision", "rule"]]
    for place in range(mouse.length):
        number = mouse.first_session + place
        values = [_value(mouse.sessions[name][place]) for name in metrics]
        step = graph_steps.get(number)
        if step is None:
            rows.append([str(number), "", *values, "", ""])
            continue
        at, decision = step.situation, step.decision
        stage = f"{at.stage} ({at.session_at_current_stage})"
        aim = decision.decision if decision.decision == "STAY" else f"{decision.decision} to {decision.next_stage}"
        rows.append([str(number), stage, *values, aim, str(decision.fired or "none")])
    yield clean(f"{shown.title}:")
    yield from (f"  {line}" for line in aligned(rows))


def _value(value: float | None) -> str:
    return "missing" if value is None else f"{value:.12g}"


def _sentence(counts: Summary) -> str:
    findings = f"{counted(counts.errors, 'error')}, {counted(counts.warnings, 'warning')} ({counts.silenced} silenced)"
    claims = f", {counted(counts.kept, 'claim')} hold{'s' if counts.kept == 1 else ''}" if counts.kept else ""
    verified, followed = counted(counts.curriculums, "curriculum"), counted(counts.sessions, "session")
    left = f"{counts.undecided} not decided"
    return f"{verified} verified with mice of up to {followed}: {findings}, {left}{claims}"


def _one(one: Verified) -> dict[str, Any]:
    return {
        "path": str(one.path),
        "title": one.title,
        "findings": [_finding_data(each) for each in one.findings],
        "silenced": [{**_finding_data(each), "comment": comment} for each, comment in one.silenced],
        "undecided": [
            {"question": each.question, "why": each.why, "path": each.span.source.name, "line": each.span.line}
            for each in one.report.open
        ],
        "properties": [
            {
                "property": each.claim,
                "path": each.span.source.name,
                "line": each.span.line,
                "bound": each.bound,
                "mice": [_mouse(shown) for shown in each.shown],
            }
            for each in one.report.kept
        ],
        "reached": {name: _mouse(shown) for name, shown in one.report.reached.items()},
    }


def _finding_data(finding: Finding) -> dict[str, Any]:
    return {**findings_json.finding(finding.diagnostic), "mice": [_mouse(shown) for shown in finding.shown]}


def _mouse(shown: Shown) -> dict[str, Any]:
    mouse = shown.mouse
    return {
        "title": shown.title,
        "stage": mouse.stage,
        "session_total": mouse.session_total,
        "session_at_current_stage": mouse.session_at_current_stage,
        "followed": mouse.path,
        "sessions": {name: list(values) for name, values in mouse.sessions.items()},
        "decisions": [
            {
                "session": step.session,
                "stage": step.situation.stage,
                "session_at_current_stage": step.situation.session_at_current_stage,
                "decision": step.decision.decision,
                "next_stage": step.decision.next_stage,
                "rule": step.decision.fired,
                "reason": step.decision.reason,
            }
            for step in shown.steps
        ],
    }


def _key(finding: Finding) -> tuple[Any, ...]:
    each = finding.diagnostic
    return (each.code.id, each.span.source.name, each.span.start, each.message)


def _open_key(question: Open) -> tuple[Any, ...]:
    return (question.question, question.span.source.name, question.span.start, question.why)

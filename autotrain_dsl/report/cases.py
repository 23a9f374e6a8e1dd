"""Results of curriculum tests as text, JSON and JUnit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autotrain_dsl.cases.coverage import Coverage, Gap
from autotrain_dsl.cases.running import Result, Step
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.report import json as findings_json
from autotrain_dsl.report import junit, traces
from autotrain_dsl.report import text as findings_text
from autotrain_dsl.report.text import Style, clean
from autotrain_dsl.spelling import counted

FORMAT = 1
Results = Sequence[tuple[Path, Sequence[Result]]]
Covered = Mapping[Path, Coverage]


def text(results: Results, findings: Sequence[Diagnostic], covered: Covered, style: Style) -> Iterator[str]:
    """Lines: findings, every test that failed with its trace, the coverage, and a sentence at the end."""
    if findings:
        yield findings_text.findings(findings, style)
    failed = [result for _, of_file in results for result in of_file if not result.passed]
    for result in failed:
        yield from _failure(result, style)
    yield from _coverage(covered)
    total = sum(len(of_file) for _, of_file in results)
    errors = f", {counted(len(findings), 'error')} in test files" if findings else ""
    counts = f"{total - len(failed)} passed, {len(failed)} failed{errors}"
    yield f"{counted(total, 'test')} of {counted(len(results), 'file')}: {counts}"


def as_json(results: Results, findings: Sequence[Diagnostic], covered: Covered) -> str:
    """A JSON object: ``tests`` in order, ``findings`` as ``validate`` gives them, ``coverage`` by curriculum."""
    tests = [_test(path, result) for path, of_file in results for result in of_file]
    passed = sum(test["passed"] for test in tests)
    content = {
        "version": FORMAT,
        "tests": tests,
        "findings": [findings_json.finding(each) for each in findings],
        "coverage": [_covered(path, each) for path, each in covered.items()],
        "summary": {"tests": len(tests), "passed": passed, "failed": len(tests) - passed, "errors": len(findings)},
    }
    return json.dumps(content, indent=2) + "\n"


def as_junit(results: Results, findings: Iterable[Diagnostic]) -> str:
    """A test suite for every file; a finding is a failed case of its own."""
    wrong: dict[str, list[junit.Case]] = {}
    for each in findings:
        name, line = each.span.source.name, each.span.line
        wrong.setdefault(name, []).append(
            junit.Case(f"{each.code.id} line {line}", name, line, (findings_text.finding(each),))
        )
    suites = []
    for path, of_file in results:
        cases = [_junit_case(path, result) for result in of_file]
        suites.append(junit.Suite(str(path), (*wrong.pop(str(path), ()), *cases)))
    return junit.document([*suites, *(junit.Suite(name, tuple(cases)) for name, cases in wrong.items())])


def _junit_case(path: Path, result: Result) -> junit.Case:
    failures = ("\n".join(_told(result)),) if not result.passed else ()
    return junit.Case(result.case.name, str(path), result.case.span.line, failures)


def _failure(result: Result, style: Style) -> Iterator[str]:
    span = result.case.span
    where = f"{clean(span.source.name)}:{span.line}:{span.column}"
    yield f"{where}: {style('FAILED', 'error')} {style(clean(result.case.name), 'message')}"
    yield from (f"  {line}" for line in _told(result))
    yield ""


def _told(result: Result) -> Iterator[str]:
    """What was expected, and how the decision came about."""
    yield from (clean(failure) for failure in result.failures)
    if (step := result.failed) is not None:
        yield f"{_where(step)}: {clean(step.decision.reason)}"
        yield from (f"  {line}" for line in traces.lines(step.decision))


def _where(step: Step) -> str:
    at = step.situation
    return f"session {step.session} in {at.stage} (session {at.session_at_current_stage} there)"


def _coverage(covered: Covered) -> Iterator[str]:
    for path, each in covered.items():
        yield (
            f"{clean(str(path))}: {each.rules_fired} of {counted(each.rules, 'rule')} fired, "
            f"{each.outcomes_seen} of {counted(each.outcomes, 'outcome')} seen ({_percent(each.percent)})"
        )
        for rule in dict.fromkeys((gap.stage, gap.rule) for gap in each.gaps):
            yield f"  {_gaps([gap for gap in each.gaps if (gap.stage, gap.rule) == rule])}"


def _gaps(gaps: Sequence[Gap]) -> str:
    """What is missing about one rule."""
    first = gaps[0]
    never = ["never fires"] if not first.comparison else []
    for outcome in (True, False):
        texts = ", ".join(f"`{gap.comparison}`" for gap in gaps if gap.comparison and gap.outcome is outcome)
        never += [f"never {str(outcome).lower()}: {texts}"] if texts else []
    where = f"{first.span.source.name}:{first.span.line}"
    return clean(f"{where}: {first.stage} rule {first.rule} ({first.aim}) {'; '.join(never)}")


def _test(path: Path, result: Result) -> dict[str, Any]:
    failed = result.failed
    return {
        "path": str(path),
        "line": result.case.span.line,
        "name": result.case.name,
        "passed": result.passed,
        "failures": list(result.failures),
        "failed_session": None if failed is None else failed.session,
        "steps": [
            {
                "session": step.session,
                "stage": step.situation.stage,
                "decision": step.decision.decision,
                "next_stage": step.decision.next_stage,
                "rule": step.decision.fired,
                "reason": step.decision.reason,
                "rules": traces.data(step.decision) if step is failed else [],
            }
            for step in result.steps
        ],
    }


def _covered(path: Path, each: Coverage) -> dict[str, Any]:
    return {
        "path": str(path),
        "rules": each.rules,
        "rules_fired": each.rules_fired,
        "outcomes": each.outcomes,
        "outcomes_seen": each.outcomes_seen,
        "percent": round(each.percent, 2),
        "gaps": [
            {
                "stage": gap.stage,
                "rule": gap.rule,
                "path": gap.span.source.name,
                "line": gap.span.line,
                "comparison": gap.comparison or None,
                "outcome": gap.outcome if gap.comparison else None,
            }
            for gap in each.gaps
        ],
    }


def _percent(value: float) -> str:
    """Never 100 % before everything is covered."""
    return f"{int(value * 10) / 10:g} %"

"""Mice as tests of the curriculum: what it decides about them today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autotrain_dsl import layout
from autotrain_dsl.expressions.functions import plain
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.verification.model import Report
from autotrain_dsl.verification.witnesses import Shown

MAX_TESTS = 500
_LONGEST_NAME = 300
HEADER = "Mice that `autotrain-dsl verify` has found; made anew by `autotrain-dsl verify --write-tests`."


def text(report: Report, graph: StateGraph, curriculum: str) -> str:
    """A test file for the curriculum in the file of that name, in the same folder; empty where there is no mouse."""
    tests = list(_tests(report))[:MAX_TESTS]
    if not tests:
        return ""
    comments = [HEADER, f"They say what {graph.curriculum.name} {graph.curriculum.version} does, right or wrong."]
    return layout.text({"dsl_version": 1, "curriculum": curriculum, "tests": tests}, comments={(): comments})


def _tests(report: Report) -> Iterator[dict[str, Any]]:
    taken: set[str] = set()
    for name, shown in _named(report):
        unique, number = name[:_LONGEST_NAME], 2
        while unique in taken:
            unique, number = f"{name[: _LONGEST_NAME - 5]} ({number})", number + 1
        taken.add(unique)
        yield _test(unique, shown)


def _named(report: Report) -> Iterator[tuple[str, Shown]]:
    for finding in report.findings:
        for shown in finding.shown:
            yield f"{finding.diagnostic.code.id}: {shown.mouse.stage}, {shown.title}", shown
    for shown in report.reached.values():
        yield shown.title, shown
    for kept in report.kept:
        for shown in kept.shown:
            yield f"{kept.claim}: {shown.title}", shown


def _test(name: str, shown: Shown) -> dict[str, Any]:
    mouse, steps = shown.mouse, shown.steps
    values = {metric: [plain(value) for value in each] for metric, each in mouse.sessions.items()}
    told = {metric: each for metric, each in values.items() if any(value is not None for value in each)}
    first = next(iter(values))
    given = {
        "stage": mouse.stage,
        "session_total": mouse.session_total,
        "session_at_current_stage": mouse.session_at_current_stage,
    }
    test: dict[str, Any] = {"name": name, "given": given, "sessions": told or {first: values[first]}}
    last = steps[-1].decision
    if mouse.path:
        return {**test, "expect_path": [*(step.situation.stage for step in steps), last.next_stage]}
    expect = {"decision": last.decision.lower(), "next_stage": last.next_stage, "rule": last.fired or 0}
    return {**test, "expect": expect}

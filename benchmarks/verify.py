"""How the time of `verify` grows, and what random mice find instead: ``python benchmarks/verify.py``.

All curriculums of the lab, each with every check; made-up curriculums with more stages, more rules, wider windows and
longer histories; and for the rule of Coupled Baiting 2.3 that judges by earlier stages how many random mice it takes
until one shows it.
"""

from __future__ import annotations

import platform
import random
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from autotrain_dsl import catalog, document
from autotrain_dsl.compiler import compile_document
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import History, Situation, step
from autotrain_dsl.layers import Library, checked
from autotrain_dsl.tasks import TaskSchemas
from autotrain_dsl.verification.checking import Limits, verify

ROOT = Path(__file__).resolve().parent.parent
COUPLED = ROOT / "curriculums" / "coupled_baiting" / "coupled_baiting_2.3.yaml"
PARAMETERS = "{task: Dummy task, dummy_para_bool: true, dummy_para_float: 0.5}"
TRIALS, EFFICIENCY = "dummy_metric_int", "dummy_metric_float"


def main() -> None:
    """Run everything and print Markdown tables."""
    print(f"{platform.machine()}, Python {platform.python_version()}, z3 {version('z3-solver')}\n")
    lab()
    print("\n| stages | rules a stage | window | sessions | seconds |\n|---|---|---|---|---|")
    for stages, rules, window, sessions in cases():
        graph = made(stages, rules, window)
        started = time.perf_counter()
        report = verify(graph, (), (), Limits(sessions))
        seconds = time.perf_counter() - started
        left = f" ({len(report.open)} not decided)" if report.open else ""
        print(f"| {stages} | {rules} | {window} | {sessions} | {seconds:.2f}{left} |")
    peer()


def lab() -> None:
    """Every curriculum of the lab."""
    seconds = []
    for each in catalog.build([ROOT / "curriculums"]).compilations:
        if each.graph is not None:
            started = time.perf_counter()
            verify(each.graph, each.diagnostics, (), Limits())
            seconds.append(time.perf_counter() - started)
    print(f"{len(seconds)} curriculums, 15 sessions: {sum(seconds):.1f} s, at most {max(seconds):.2f} s for one")


def cases() -> Iterator[tuple[int, int, int, int]]:
    """Stages, rules a stage, sessions of a window, sessions of a mouse."""
    yield from ((stages, 2, 3, 15) for stages in (3, 6, 12, 24))
    yield from ((6, rules, 3, 15) for rules in (4, 8, 16))
    yield from ((6, 2, window, 15) for window in (5, 10, 15))
    yield from ((6, 2, 3, sessions) for sessions in (30, 60))


def made(stages: int, rules: int, window: int) -> StateGraph:
    """A curriculum of so many stages, each with progress, rollback and further rules that hold the mouse."""
    lines = [
        "dsl_version: 1",
        "name: Made",
        'version: "1"',
        'task_schema: {name: dummy_task, version: "0.1"}',
        "stages:",
    ]
    for number in range(stages):
        lines += [f"  S{number}:", f"    parameters: {PARAMETERS}", "    transitions:"]
        guard = f"session_at_current_stage >= {window} and mean({TRIALS}[-{window}:])"
        following = f"S{number + 1}" if number + 1 < stages else "DONE"
        lines += rule(f"progress: {following}", f"{guard} >= {100 + 20 * number} and {EFFICIENCY}[-1] >= 0.5")
        if number:
            lines += rule(f"rollback: S{number - 1}", f"{guard} < {60 + 20 * (number - 1)}")
        for more in range(rules - 2):
            lines += rule("stay: true", f"max({TRIALS}[-{window}:]) < {90 + number - more} and {EFFICIENCY}[-1] < 0.4")
    lines += ["  DONE: {final: true}", ""]
    text = document.parse_bytes("\n".join(lines).encode(), "made.yaml")
    compiled = compile_document(ROOT / "curriculums" / "made.yaml", checked(text), Library(ROOT), TaskSchemas())
    if compiled.graph is None:
        sys.exit("\n".join(each.message for each in compiled.diagnostics))
    return compiled.graph


def rule(move: str, when: str) -> list[str]:
    """The lines of a rule."""
    return [f"      - {move}", f'        when: "{when}"']


def peer() -> None:
    """Random mice instead of the solver: until one is rolled back from the final stage for earlier sessions alone."""
    graph = catalog.build([COUPLED]).compilations[0].graph
    assert graph is not None
    started = time.perf_counter()
    report = verify(graph, (), (), Limits())
    solver = time.perf_counter() - started
    assert any(each.diagnostic.code.id == "ATD905" for each in report.findings)
    source, mice, started = random.Random(1), 0, time.perf_counter()
    while time.perf_counter() - started < 60:
        mice += 1
        if shows(graph, source):
            break
    seconds = time.perf_counter() - started
    print(f"\nCoupled Baiting 2.3, everything by the solver: {solver:.2f} s. One finding by random mice (trials up")
    print(f"to 600, efficiency up to 1): {mice} mice of 15 sessions in {seconds:.2f} s; they never show that something")
    print("is not so.")


def shows(graph: StateGraph, source: random.Random) -> bool:
    """Whether a random mouse is rolled back from the final stage though its own sessions there are good enough."""
    trials, efficiency = [], []
    stage, here = graph.initial, 1
    for total in range(1, 16):
        trials.append(float(source.randrange(600)))
        efficiency.append(source.random())
        history = History.of({"finished_trials": trials, "foraging_efficiency": efficiency})
        decision = step(graph, Situation(stage, total, here), history)
        if stage == "STAGE_FINAL" and decision.decision == "ROLLBACK":
            own = History.of({"finished_trials": trials[-here:], "foraging_efficiency": efficiency[-here:]})
            if step(graph, Situation(stage, total, here), own).decision != "ROLLBACK":
                return True
        here = here + 1 if decision.next_stage == stage else 1
        stage = decision.next_stage
    return False


if __name__ == "__main__":
    main()

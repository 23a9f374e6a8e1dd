"""Time judging alone: ``python benchmarks/judging.py``.

All programs judge the same random sessions in one run, in arrays that are in memory: a numpy program written by hand
for one curriculum, the same curriculum and all others in columns, the interpreter, and plain simpleeval and zen-engine
with the rules of the stage as texts parsed beforehand. The slow ones get fewer sessions; rates are per session.
"""

from __future__ import annotations

import os
import platform
import time
import tracemalloc
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import by_hand
import numpy as np
import simpleeval
import zen

from autotrain_dsl import catalog
from autotrain_dsl.columnar.histories import Histories
from autotrain_dsl.columnar.stepping import Colony, Judgements, judge
from autotrain_dsl.expressions import printer
from autotrain_dsl.graph import StateGraph

ROOT = Path(__file__).resolve().parent.parent
SESSIONS = 100  # of every mouse
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
LARGE = 1_000_000
FEW = 2_000  # sessions for what is slow
RUNS = 5


def main() -> None:
    """Run everything and print Markdown tables."""
    compiled = catalog.build([ROOT / "curriculums"])
    graph = compiled.find("Coupled Baiting", "2.3")
    assert graph is not None
    print(f"{machine('numpy', 'simpleeval', 'zen-engine')}\n")
    print("The same sessions judged by different programs, by the rules of Coupled Baiting 2.3:\n")
    table(["program", "sessions", "us a session", "sessions a second"], peers(graph))
    print("A million sessions by every curriculum, beside the program written by hand for one of them:\n")
    heads = ["curriculum", "million sessions a second", "times the hand-written program"]
    table(heads, [each_curriculum(each.graph) for each in compiled.compilations if each.graph is not None])
    print("How it grows (memory: peak of all arrays of the program against those that it is given):\n")
    heads = ["sessions", "s", "million sessions a second", "peak / input"]
    table(heads, [growth(graph, size) for size in SIZES])


def machine(*packages: str) -> str:
    """What it runs on."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


def table(heads: list[str], rows: list[list[Any]]) -> None:
    """Print a Markdown table."""
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for row in rows:
        print(f"| {' | '.join(str(each) for each in row)} |")
    print(flush=True)


def fastest(work: Callable[[], Any], runs: int = RUNS) -> float:
    """Seconds of the fastest of a few runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def colony(graph: StateGraph, size: int) -> Colony:
    """Random sessions, the same ones for every program, subject after subject."""
    mice = max(size // SESSIONS, 1)
    chance = np.random.default_rng(1)
    values = [
        chance.integers(100, 700, mice * SESSIONS).astype(float),
        chance.uniform(0.4, 0.95, mice * SESSIONS).round(3),
    ]
    metrics = [values[place % 2] if place < 2 else values[1] for place in range(len(graph.task.metrics))]
    starts, numbers = np.arange(mice + 1) * SESSIONS, np.tile(np.arange(1, SESSIONS + 1), mice)
    return Colony(Histories(starts, numbers, metrics), [graph], [range(len(metrics))])


def peers(graph: StateGraph) -> list[list[Any]]:
    """The same million sessions of the same mice, and fewer of them for the slow programs."""
    work = colony(graph, LARGE)
    mice = len(work.histories.lengths)
    trials, efficiency = (np.ascontiguousarray(each.reshape(mice, SESSIONS).T) for each in work.histories.metrics)
    names = [name for _, name in judge(work).stages.names]
    stages, following = by_hand.judge(trials, efficiency)
    own = judge(work)
    assert [names[code] for code in own.following[:FEW]] == [names[code] for code in following.T.ravel()[:FEW]]
    assert (own.actual == stages.T.ravel()).all()
    assert (own.following == following.T.ravel()).all()
    by_numpy, columns = fastest(lambda: by_hand.judge(trials, efficiency)), fastest(lambda: judge(work))
    rows = [
        rate("written by hand in numpy", LARGE, by_numpy),
        rate("autotrain-dsl in columns", LARGE, columns),
        rate(
            "autotrain-dsl, interpreter with trace and reason",
            FEW,
            fastest(lambda: [own.decision(row) for row in range(FEW)], 2),
        ),
        rate("simpleeval, only the rules of the stage", FEW, fastest(by_simpleeval(graph, own), 2)),
        rate("zen-engine, only the rules of the stage", FEW, fastest(by_zen(graph, own), 2)),
    ]
    return [*rows, ["in columns / written by hand", "", "", f"{columns / by_numpy:.2f} times the time"]]


def rate(name: str, sessions: int, seconds: float) -> list[Any]:
    """A row about one program."""
    return [name, f"{sessions:,}", f"{seconds / sessions * 1e6:.3g}", f"{sessions / seconds:,.0f}"]


def questions(judged: Judgements) -> list[tuple[str, dict[str, Any]]]:
    """Stage and values of some sessions, as a program that is given the windows gets them."""
    found = []
    for row in range(FEW):
        _, situation, history = judged.question(row)
        values: dict[str, Any] = {name: list(each) for name, each in history.metrics.items()}
        values["session_total"] = situation.session_total
        values["session_at_current_stage"] = situation.session_at_current_stage
        found.append((situation.stage, values))
    return found


def texts(graph: StateGraph, stage: str) -> list[str]:
    """The conditions of a stage as Python writes them."""
    return [printer.text(rule.program.node) for rule in graph.rules(stage) if rule.program is not None]


def by_simpleeval(graph: StateGraph, judged: Judgements) -> Callable[[], Any]:
    """Every rule parsed once, then evaluated until one is true."""
    asked = questions(judged)
    parsed = {
        stage.name: [simpleeval.SimpleEval.parse(text) for text in texts(graph, stage.name)] for stage in graph.stages
    }
    engine = simpleeval.EvalWithCompoundTypes(functions={"mean": lambda values: sum(values) / len(values)})

    def work() -> None:
        for stage, values in asked:
            engine.names = values
            any(engine.eval("", previously_parsed=tree) for tree in parsed[stage])

    return work


def by_zen(graph: StateGraph, judged: Judgements) -> Callable[[], Any]:
    """Every rule compiled once, in the words of that engine: means are given, since it has no slices from the end."""
    asked = []
    for stage, values in questions(judged):
        trials, efficiency = values["finished_trials"], values["foraging_efficiency"]
        given = {
            "trials": trials[-1],
            "efficiency": efficiency[-1],
            "total": values["session_total"],
            "count": values["session_at_current_stage"],
        }
        given |= {
            "trials5": sum(trials[-5:]) / len(trials[-5:]),
            "efficiency5": sum(efficiency[-5:]) / len(efficiency[-5:]),
        }
        asked.append((stage, given))
    words = (
        ("mean(finished_trials[-5:])", "trials5"), ("mean(foraging_efficiency[-5:])", "efficiency5"),
        ("finished_trials[-1]", "trials"), ("foraging_efficiency[-1]", "efficiency"),
        ("session_total", "total"), ("session_at_current_stage", "count"),
    )  # fmt: skip

    def translated(text: str) -> str:
        for ours, theirs in words:
            text = text.replace(ours, theirs)
        return text

    compiled = {
        s.name: [zen.compile_expression(translated(text)) for text in texts(graph, s.name)] for s in graph.stages
    }

    def work() -> None:
        for stage, values in asked:
            any(rule.evaluate(values) for rule in compiled[stage])

    return work


def each_curriculum(graph: StateGraph) -> list[Any]:
    """A million sessions by any curriculum, beside the program written by hand in the same moment."""
    work = colony(graph, LARGE)
    mice = len(work.histories.lengths)
    trials, efficiency = (np.ascontiguousarray(each.reshape(mice, SESSIONS).T) for each in work.histories.metrics[:2])
    seconds, hand = fastest(lambda: judge(work), 3), fastest(lambda: by_hand.judge(trials, efficiency), 3)
    return [
        f"{graph.curriculum.name} {graph.curriculum.version}",
        f"{LARGE / seconds / 1e6:.1f}",
        f"{seconds / hand:.2f}",
    ]


def growth(graph: StateGraph, size: int) -> list[Any]:
    """How time and memory grow with the number of sessions."""
    work = colony(graph, size)
    seconds = fastest(lambda: judge(work), 5 if size < LARGE * 5 else 2)
    given = sum(each.nbytes for each in (*work.histories.metrics, work.histories.starts, work.histories.numbers))
    tracemalloc.start()
    judge(work)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return [f"{size:,}", f"{seconds:.4f}", f"{size / seconds / 1e6:.2f}", f"{peak / given:.1f}"]


if __name__ == "__main__":
    main()

"""Time the parts of one decision: ``pytest benchmarks/parts.py``, with pytest-benchmark.

The groups hold what does the same work: one rule of two comparisons, one session, one curriculum to compile.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import simpleeval
import zen

from autotrain_dsl import catalog
from autotrain_dsl.expressions.evaluator import Evaluator
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import History, Situation, step

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "curriculums" / "coupled_baiting" / "coupled_baiting_2.3.yaml"
TRIALS, EFFICIENCY = (250.0, 310.0, 420.0), (0.6, 0.66, 0.71)
RULE = "finished_trials[-1] >= 200 and foraging_efficiency[-1] >= 0.6"


@pytest.fixture(scope="module")
def graph() -> StateGraph:
    """Coupled Baiting 2.3."""
    found = catalog.build([FILE]).find("Coupled Baiting", "2.3")
    assert found is not None
    return found


@pytest.mark.benchmark(group="one rule of two comparisons")
def test_rule_in_autotrain_dsl(benchmark: Any, graph: StateGraph) -> None:
    """Three-valued, with the outcome of every comparison."""
    program = graph.rules("STAGE_1")[0].program
    assert program is not None
    names = {"finished_trials": TRIALS, "foraging_efficiency": EFFICIENCY}
    evaluator = Evaluator(names, 1)
    assert benchmark(evaluator.truth, program)[0] is True


@pytest.mark.benchmark(group="one rule of two comparisons")
def test_rule_in_simpleeval(benchmark: Any) -> None:
    """Parsed beforehand."""
    names = {"finished_trials": TRIALS, "foraging_efficiency": EFFICIENCY}
    engine, tree = simpleeval.SimpleEval(names=names), simpleeval.SimpleEval.parse(RULE)
    assert benchmark(engine.eval, RULE, previously_parsed=tree) is True


@pytest.mark.benchmark(group="one rule of two comparisons")
def test_rule_in_zen_engine(benchmark: Any) -> None:
    """Compiled beforehand, given the last values."""
    rule = zen.compile_expression("trials >= 200 and efficiency >= 0.6")
    assert benchmark(rule.evaluate, {"trials": TRIALS[-1], "efficiency": EFFICIENCY[-1]}) is True


@pytest.mark.benchmark(group="one session")
def test_session_in_the_interpreter(benchmark: Any, graph: StateGraph) -> None:
    """With trace and reason."""
    history = History((1, 2, 3), {"finished_trials": TRIALS, "foraging_efficiency": EFFICIENCY})
    assert benchmark(step, graph, Situation("STAGE_3", 3, 1), history).next_stage == "STAGE_FINAL"


@pytest.mark.benchmark(group="one file")
def test_compile_one_file(benchmark: Any) -> None:
    """Five files that extend each other, and their task schema."""
    assert benchmark(lambda: catalog.build([FILE])).compilations[0].graph is not None

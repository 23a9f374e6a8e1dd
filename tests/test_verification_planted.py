"""Two hundred curriculums with a fault and two hundred without: all are found, and none where there is none."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from language_kit import compile_text
from planted import FAULTS, levels, text

from autotrain_dsl.verification.checking import Cheap, Limits, verify
from autotrain_dsl.verification.examples import Spared
from autotrain_dsl.verification.model import Report

LIMITS = Limits(sessions=9)
ROUNDS = range(16)


def report(curriculum: str, folder: Path) -> Report:
    compiled = compile_text(curriculum, folder)
    assert compiled.graph is not None, [f"{d.span.line}: {d.message}" for d in compiled.diagnostics]
    return verify(compiled.graph, compiled.diagnostics, (), LIMITS)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", ROUNDS)
def test_a_planted_fault_is_found(fault: str, seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    random = Random(f"{fault} {seed}")
    found = levels(random)
    curriculum = text(found, FAULTS[fault](random, found))
    told = report(curriculum, tmp_path_factory.getbasetemp())
    codes = {finding.diagnostic.code.id for finding in told.findings}
    assert fault[:6] in codes, curriculum
    assert not told.open, curriculum


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_validate_tells_of_is_not_taken_for_fine(
    fault: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = Random(fault)
    found = levels(random)
    compiled = compile_text(text(found, FAULTS[fault](random, found)), tmp_path_factory.getbasetemp())
    assert compiled.graph is not None
    told = Cheap()(compiled.graph, compiled.diagnostics)
    assert Spared()(compiled.graph, compiled.diagnostics) == told


@pytest.mark.parametrize("seed", range(0, 200, 10))
def test_nothing_is_found_where_nothing_is_wrong(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    for each in range(seed, seed + 10):
        curriculum = text(levels(Random(each)))
        told = report(curriculum, tmp_path_factory.getbasetemp())
        assert [finding.diagnostic.message for finding in told.findings] == [], curriculum
        assert not told.open, curriculum
        assert "DONE" in told.reached

"""What is proved about small curriculums is what all of their mice do, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random

import pytest

from autotrain_dsl.cases.loading import Compiler, load
from autotrain_dsl.compiler import Compilation
from autotrain_dsl.expressions.evaluator import Evaluator, Program
from autotrain_dsl.expressions.functions import Value
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import FIRED, PROGRESS, ROLLBACK, Decision, History, Situation, step, traces
from autotrain_dsl.tasks import TaskSchemas
from autotrain_dsl.verification.checking import Cheap, Limits, verify
from autotrain_dsl.verification.examples import Spared
from autotrain_dsl.verification.model import Report

SESSIONS = 4
TASK = """\
dsl_version: 1
name: small
version: "1"
parameters: {type: object, properties: {}}
metrics:
  p: {type: integer, minimum: 0, maximum: 2}
  q: {type: integer, minimum: 0, maximum: 1}
"""
VALUES = tuple(product((0.0, 1.0, 2.0), (0.0, 1.0)))  # of a session
ATOMS = (
    "p[-1] >= 1", "p[-1] >= 2", "p[-1] < 1", "p[-1] != 1", "q[-1] > 0", "q[-1] < 1", "p[-2] >= 1", "p[-2] < 2",
    "mean(p[-2:]) >= 1", "mean(p[-2:]) < 0.5", "max(p[-2:]) > 1", "min(q[-2:]) >= 1", "sum(p[-2:]) >= 3",
    "sum(at_stage(p)[-2:]) >= 3", "mean(at_stage(q)[-2:]) < 1", "std(p[-2:]) > 0.7", "median(p[-2:]) >= 1.5",
    "all(q[-2:] >= 1)", "any(p[-2:] == 2)", "count(p[-2:] > 0) >= 2", "count(at_stage(p)[-2:]) >= 2",
    "abs(p[-1] - q[-1]) >= 1", "p[-1] * q[-1] >= 2", "p[-1] / q[-1] > 1", "round(p[-1] / 3, 1) >= 0.7",
    "p[-1] > p[-2]", "session_total >= 3", "session_at_current_stage >= 2", "present(p[-2:])[-1] >= 1",
)  # fmt: skip


def condition(random: Random, depth: int = 2) -> str:
    if not depth or random.random() < 0.4:
        return random.choice(ATOMS)
    parts = [condition(random, depth - 1) for _ in range(2)]
    return random.choice(("({} and {})", "({} or {})", "({} and not {})")).format(*parts)


def curriculum(random: Random) -> str:
    stages = ""
    for name in "ABC":
        rules = ""
        for _ in range(random.choice((1, 2, 2, 3))):
            target = random.choice([other for other in "ABCF" if other != name])
            move = "progress" if target > name else "rollback"
            move = f"{move}: {target}" if random.random() < 0.9 else "stay: true"
            rules += f'      - {move}\n        when: "{condition(random)}"\n'
        stages += f"  {name}:\n    transitions:\n{rules}"
    return (
        'dsl_version: 1\nname: Small\nversion: "1"\ntask_schema: {name: small, version: "1"}\n'
        f"stages:\n{stages}  F: {{final: true}}\n"
    )


def situations(graph: StateGraph, stage: str) -> Iterator[tuple[Situation, History]]:
    """Everything that can be known of a mouse in a stage: no rule looks further back than two sessions."""
    for length in (1, 2):
        for total in (1,) if length == 1 else (2, 3, 4):
            for here in range(1, total + 1):
                for values in product(VALUES, repeat=length):
                    yield Situation(stage, total, here), history(values)


def history(values: tuple[tuple[float, ...], ...]) -> History:
    return History.of({"p": [each[0] for each in values], "q": [each[1] for each in values]})


def journeys(graph: StateGraph) -> Iterator[tuple[tuple[tuple[float, ...], ...], list[tuple[Situation, Decision]]]]:
    """Every mouse that follows the curriculum for some sessions, with all of its decisions."""
    waiting: list[tuple[tuple[tuple[float, ...], ...], list[tuple[Situation, Decision]], str, int]] = [((), [], "A", 1)]
    while waiting:
        values, steps, stage, here = waiting.pop()
        if steps:
            yield values, steps
        if len(values) < SESSIONS:
            for new in VALUES:
                longer = (*values, new)
                situation = Situation(stage, len(longer), here)
                decision = step(graph, situation, history(longer))
                after = here + 1 if decision.next_stage == stage else 1
                waiting.append((longer, [*steps, (situation, decision)], decision.next_stage, after))


def codes(report: Report, code: str, graph: StateGraph) -> set[tuple[str, int]]:
    """The rules of which something was found, by stage and number."""
    found = set()
    for finding in report.findings:
        if finding.diagnostic.code.id == code:
            for stage in graph.stages:
                for number, rule in enumerate(graph.rules(stage.name), 1):
                    program = rule.program.node.span if rule.program else rule.span
                    if finding.diagnostic.span in (rule.span, program):
                        found.add((stage.name, number))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("small")
    (made / "small_1.yaml").write_text(TASK, encoding="utf-8")
    return made


CLAIMS = """\
dsl_version: 1
curriculum: small.yaml
properties:
  - never: {{decision: {decision}, when: "{when}"}}
  - always: {{decision: {decision}, stage: {stage}, when: "{when}"}}
  - reachable: F within 3 sessions
"""


@pytest.mark.parametrize("seed", range(12))
def test_all_mice_one_by_one_say_the_same(seed: int, folder: Path) -> None:
    random = Random(seed)
    (folder / "small.yaml").write_text(curriculum(random), encoding="utf-8")
    claimed = {"decision": random.choice(("stay", "progress", "rollback")), "stage": random.choice("ABC")}
    when = condition(random)
    (folder / "small.test.yaml").write_text(CLAIMS.format(**claimed, when=when), encoding="utf-8")
    compiler = Compiler(TaskSchemas(folder))
    compiled = compiler.compile(folder / "small.yaml")
    suite, wrong = load(folder / "small.test.yaml", compiler)
    graph = compiled.graph
    assert graph is not None
    assert not [each for each in wrong if each.is_error]
    report = verify(graph, compiled.diagnostics, suite.claims, Limits(SESSIONS))
    assert all("beyond" in each.why or "circle" in each.why for each in report.open)
    _about_stages(graph, compiled, report)
    _about_journeys(graph, report, claimed["decision"].upper(), claimed["stage"], suite.claims[0].when)


def test_validate_finds_what_the_solver_finds(folder: Path) -> None:
    unasked = 0
    for seed in range(24):
        (folder / "small.yaml").write_text(curriculum(Random(f"spared {seed}")), encoding="utf-8")
        compiled = Compiler(TaskSchemas(folder)).compile(folder / "small.yaml")
        if compiled.graph is None:
            continue
        spared, cheap = Spared(), Cheap()
        assert spared(compiled.graph, compiled.diagnostics) == cheap(compiled.graph, compiled.diagnostics), seed
        assert spared.complete == cheap.complete
        unasked += sum(spared.is_fine(compiled.graph, stage) for stage in compiled.graph.stages if not stage.final)
    assert unasked > 24


def _about_stages(graph: StateGraph, compiled: Compilation, report: Report) -> None:
    static = {d.span.start for d in compiled.diagnostics}
    for stage in graph.stages:
        if stage.final:
            continue
        rules = graph.rules(stage.name)
        decided: set[int] = set()
        true: set[int] = set()
        false: set[int] = set()
        both: set[tuple[int, int]] = set()
        decisions: dict[Situation, dict[History, str]] = {}
        outcomes: dict[tuple[Situation, tuple[tuple[float, ...], ...]], str] = {}
        for situation, past in situations(graph, stage.name):
            fired = {trace.number for trace in traces(graph, situation, past) if trace.verdict == FIRED}
            decision = step(graph, situation, past)
            decided |= {decision.fired} if decision.fired else set()
            true |= fired
            false |= set(range(1, len(rules) + 1)) - fired
            both |= {(decision.fired or 0, other) for other in fired if decision.fired and other > decision.fired}
            values = tuple(zip(past.metrics["p"], past.metrics["q"], strict=True))
            outcomes[situation, values] = decision.decision  # type: ignore[index]
        assert not decisions
        everything = set(range(1, len(rules) + 1))
        constant = {number for name, number in codes(report, "ATD311", graph) if name == stage.name}
        dead = {number for name, number in codes(report, "ATD413", graph) if name == stage.name}
        known = {n for n, rule in enumerate(rules, 1) if rule.program and _holds_any(rule.program.node.span, static)}
        assert constant | known >= (everything - true) | (everything - false)
        assert constant <= (everything - true) | (everything - false)
        unsaid = everything - decided - constant - known
        assert {n for n in dead if n not in known} == {n for n in unsaid if rules[n - 1].span.start not in static}
        opposite = {
            (one, other)
            for one, other in both
            if {rules[one - 1].move.value, rules[other - 1].move.value} == {"progress", "rollback"}
        }
        assert {number for name, number in codes(report, "ATD901", graph) if name == stage.name} == {
            one for one, _ in opposite
        }
        _polarity(graph, stage.name, outcomes, report)


def _holds_any(span: object, starts: set[int]) -> bool:
    return any(span.start <= start < span.end for start in starts)  # type: ignore[attr-defined]


def _polarity(
    graph: StateGraph,
    stage: str,
    outcomes: dict[tuple[Situation, tuple[tuple[float, ...], ...]], str],
    report: Report,
) -> None:
    for metric, place in (("p", 0), ("q", 1)):
        lost = gained = False
        for (situation, values), decision in outcomes.items():
            for higher in product(*([v for v in ((0, 1, 2), (0, 1))[place] if v >= each[place]] for each in values)):
                raised = tuple(
                    (float(h), each[1]) if place == 0 else (each[0], float(h))
                    for h, each in zip(higher, values, strict=True)
                )
                after = outcomes[situation, raised]
                lost |= decision == PROGRESS != after
                gained |= decision != ROLLBACK == after
        said = {
            code
            for code in ("ATD903", "ATD904")
            for finding in report.findings
            if finding.diagnostic.code.id == code
            and f"`{metric}`" in finding.diagnostic.message
            and finding.shown[0].mouse.stage == stage
        }
        assert ("ATD903" in said, "ATD904" in said) == (lost, gained), (stage, metric)


def _about_journeys(graph: StateGraph, report: Report, decision: str, stage: str, when: object) -> None:
    shortest: dict[str, int] = {}
    foreign: set[tuple[str, int]] = set()
    broken_never = broken_always = False
    reached: set[str] = set()
    for values, steps in journeys(graph):
        situation, last = steps[-1]
        shortest[last.next_stage] = min(shortest.get(last.next_stage, 99), len(steps))
        here = situation.session_at_current_stage
        if last.fired is not None:
            own = step(graph, Situation(situation.stage, situation.session_total, here, here), history(values[-here:]))
            if (own.decision, own.next_stage) != (last.decision, last.next_stage):
                foreign.add((situation.stage, last.fired))
        holds = _true(when, values, situation)
        broken_never |= holds and last.decision == decision
        broken_always |= holds and situation.stage == stage and last.decision != decision
        reached.add(situation.stage)
    initial = graph.initial
    assert {name: shown.mouse.length for name, shown in report.reached.items()} == {
        name: length for name, length in shortest.items() if name != initial
    }
    assert codes(report, "ATD905", graph) == foreign
    broken = [f.diagnostic.span.text for f in report.findings if f.diagnostic.code.id == "ATD911"]
    assert ("never" in broken, "always" in broken) == (broken_never, broken_always)
    assert ("reachable" in broken) is not (shortest.get("F", 99) <= 3)


def _true(when: object, values: tuple[tuple[float, ...], ...], situation: Situation) -> bool:
    assert isinstance(when, Program)
    names: dict[str, Value] = {
        **history(values).metrics,
        "session_total": float(situation.session_total),
        "session_at_current_stage": float(situation.session_at_current_stage),
    }
    return Evaluator(names, situation.session_at_current_stage).truth(when)[0] is True

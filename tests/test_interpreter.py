"""One session judged: which rule decides, what is said about it, and what missing data can and cannot do."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from language_kit import compile_text, graph_of, ids, rule_graph

from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import (
    FIRED,
    NOT_FIRED,
    PROGRESS,
    ROLLBACK,
    STAY,
    UNKNOWN,
    Decision,
    History,
    Missing,
    Situation,
    step,
)

STAGES = """\
constants: {enough: 200}
derived: {recent: "mean(finished_trials[-3:])"}
stages:
  A:
    transitions:
      - progress: C
        when: finished_trials[-1] >= 2 * enough and foraging_efficiency[-1] >= 0.6
        because: gifted
      - progress: B
        when: finished_trials[-1] >= enough and foraging_efficiency[-1] >= 0.6
        because: enough trials at a good efficiency
  B:
    transitions:
      - rollback: A
        manual: true
      - stay: true
        when: session_at_current_stage < 2
        because: too early
      - rollback: A
        when: recent < 100
      - progress: C
        otherwise: true
        because: nothing speaks against it
  C:
    transitions:
      - progress: DONE
        when: {all: [session_total >= 5, {any: ["x[-1] > 1", "y[-1] > 1"]}, {not: "z[-1] > 1"}]}
      - rollback: B
        when: mean(at_stage(finished_trials)[-2:]) < 100
  HELD:
    transitions:
      - progress: DONE
        manual: true
  EMPTY: {}
  DONE: {final: true}
"""
ALL_METRICS = ("finished_trials", "foraging_efficiency", "x", "y", "z")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> StateGraph:
    return graph_of(STAGES, tmp_path_factory.mktemp("toy"))


def history(sessions: list[int] | None = None, **metrics: list[float | None]) -> History:
    """Sessions of one mouse; metrics that are not given are missing in all of them."""
    length = max(len(values) for values in metrics.values())
    everything = {name: metrics.get(name, [None] * length) for name in ALL_METRICS}
    return History.of(everything, sessions)


def judge(graph: StateGraph, stage: str, past: History, total: int = 5, at_stage: int = 2) -> Decision:
    return step(graph, Situation(stage, total, at_stage), past)


def verdicts(decision: Decision) -> list[tuple[int, str]]:
    return [(rule.number, rule.verdict) for rule in decision.trace]


# Which rule decides


def test_the_first_rule_that_fires_decides(graph: StateGraph) -> None:
    decision = judge(graph, "A", history(finished_trials=[450], foraging_efficiency=[0.7]))
    assert (decision.decision, decision.next_stage, decision.fired) == (PROGRESS, "C", 1)
    assert verdicts(decision) == [(1, FIRED)]
    assert "gifted" in decision.reason


def test_a_rule_that_does_not_fire_leaves_it_to_the_next(graph: StateGraph) -> None:
    decision = judge(graph, "A", history(finished_trials=[399], foraging_efficiency=[0.6]))
    assert (decision.decision, decision.next_stage, decision.fired) == (PROGRESS, "B", 2)
    assert verdicts(decision) == [(1, NOT_FIRED), (2, FIRED)]


@pytest.mark.parametrize(("trials", "efficiency"), [(200.0, 0.6), (200.0, 0.6000000000000001), (201.0, 1.9)])
def test_a_threshold_itself_is_enough(graph: StateGraph, trials: float, efficiency: float) -> None:
    past = history(finished_trials=[trials], foraging_efficiency=[efficiency])
    assert judge(graph, "A", past).next_stage == "B"


@pytest.mark.parametrize(("trials", "efficiency"), [(199.0, 0.9), (200.0, 0.5999999999999999), (0.0, 0.0)])
def test_below_the_threshold_the_mouse_stays(graph: StateGraph, trials: float, efficiency: float) -> None:
    decision = judge(graph, "A", history(finished_trials=[trials], foraging_efficiency=[efficiency]))
    assert (decision.decision, decision.next_stage, decision.fired) == (STAY, "A", None)
    assert decision.reason.startswith("no rule fired")
    assert decision.missing == ()


def test_a_rule_to_stay_holds_the_mouse_and_says_why(graph: StateGraph) -> None:
    decision = judge(graph, "B", history(finished_trials=[10]), at_stage=1)
    assert (decision.decision, decision.next_stage, decision.fired) == (STAY, "B", 2)
    assert "too early" in decision.reason


def test_a_rollback_goes_back(graph: StateGraph) -> None:
    decision = judge(graph, "B", history(finished_trials=[99, 100, 100]))
    assert (decision.decision, decision.next_stage, decision.fired) == (ROLLBACK, "A", 3)


def test_otherwise_fires_when_no_rule_before_it_does(graph: StateGraph) -> None:
    decision = judge(graph, "B", history(finished_trials=[100, 100, 100]))
    assert (decision.decision, decision.next_stage, decision.fired) == (PROGRESS, "C", 4)
    assert "otherwise" in decision.reason
    assert "nothing speaks against it" in decision.reason


def test_a_manual_rule_is_neither_fired_nor_tried_but_counted(graph: StateGraph) -> None:
    decision = judge(graph, "B", history(finished_trials=[10]), at_stage=1)
    assert [rule.number for rule in decision.trace] == [2]
    held = judge(graph, "HELD", history(finished_trials=[10]))
    assert (held.decision, held.next_stage, held.fired, held.trace) == (STAY, "HELD", None, ())


def test_a_stage_without_rules_keeps_the_mouse(graph: StateGraph) -> None:
    decision = judge(graph, "EMPTY", history(finished_trials=[1000]))
    assert (decision.decision, decision.next_stage, decision.trace) == (STAY, "EMPTY", ())


def test_a_final_stage_always_stays(graph: StateGraph) -> None:
    for trials in (0.0, 1000.0, None):
        decision = judge(graph, "DONE", history(finished_trials=[trials]))
        assert (decision.decision, decision.next_stage, decision.fired) == (STAY, "DONE", None)


def test_the_last_session_is_judged_and_only_sessions_up_to_it_count(graph: StateGraph) -> None:
    past = history(finished_trials=[500, 100], foraging_efficiency=[0.9, 0.9])
    assert judge(graph, "A", past).decision == STAY


# Unknown


def test_a_rule_that_cannot_be_judged_does_not_fire_and_the_next_is_tried(graph: StateGraph) -> None:
    decision = judge(graph, "C", history(finished_trials=[99, 99]))
    assert verdicts(decision) == [(1, UNKNOWN), (2, FIRED)]
    assert (decision.decision, decision.next_stage) == (ROLLBACK, "B")
    assert decision.missing == (Missing("x", 2), Missing("y", 2), Missing("z", 2))
    assert "rule 1 could not be judged" in decision.reason


def test_what_was_missing_has_the_name_of_the_metric_and_the_number_of_the_session(graph: StateGraph) -> None:
    past = history([3, 5, 8, 9], finished_trials=[500, None, 500, None], foraging_efficiency=[0.9, 0.9, 0.9, 0.9])
    first = judge(graph, "A", past)
    assert first.missing == (Missing("finished_trials", 9),)
    assert "finished_trials of session 9" in first.reason
    second = judge(graph, "B", past)
    assert second.trace[1].missing == (Missing("finished_trials", 5), Missing("finished_trials", 9))


def test_only_what_is_missing_is_named(graph: StateGraph) -> None:
    decision = judge(graph, "A", history(finished_trials=[500], foraging_efficiency=[None]))
    assert [rule.missing for rule in decision.trace] == [(Missing("foraging_efficiency", 1),)] * 2
    assert decision.missing == (Missing("foraging_efficiency", 1),)


def test_what_is_missing_does_not_matter_where_the_rule_is_decided_without_it(graph: StateGraph) -> None:
    decision = judge(graph, "A", history(finished_trials=[10], foraging_efficiency=[None]))
    assert verdicts(decision) == [(1, NOT_FIRED), (2, NOT_FIRED)]
    assert decision.missing == ()
    decision = judge(graph, "C", history(x=[5], y=[None], z=[0], finished_trials=[None]))
    assert (decision.next_stage, decision.missing) == ("DONE", ())


def test_a_window_names_only_the_missing_sessions_in_it(tmp_path: Path) -> None:
    past = history(x=[None, None, 1, None, 1])
    for when, sessions in {
        "mean(x[-3:]) > 0": [4],
        "mean(x[-4:]) > 0": [2, 4],
        "mean(x[:2]) > 0": [1, 2],
        "mean(x[-3:-1]) > 0": [4],
        "x[-4] > 0": [2],
        "mean(x) > 0": [1, 2, 4],
        "mean(at_stage(x)) > 0": [4],
        "at_stage(x)[-2] > 0": [4],
        "mean(at_stage(x)[-1:] + x[-1]) > x[0]": [1],
        "all(x[-3:] > 0)": [4],
        "count(x[-3:] > 0) >= 3": [4],
        "mean(x[-3:][:2]) > 0": [4],
        "x[-3:][1] > 0": [4],
    }.items():
        decision = judge(rule_graph(f'"{when}"', tmp_path), "A", past)
        assert decision.missing == tuple(Missing("x", number) for number in sessions), when


@pytest.mark.parametrize(
    ("when", "missing"),
    [
        ("(x - y)[-1] > 0", [("y", 3)]),
        ("(x >= 2)[-1]", []),
        ("(y >= 2)[-1]", [("y", 3)]),
        ("mean((x + y)[-2:]) > 0", [("y", 3)]),
        ("mean(at_stage(x + y)) > 0", [("y", 3)]),
        ("all((y >= 0)[-2:])", [("y", 3)]),
        ("all(at_stage(y >= 0))", [("y", 3)]),
        ("(-y)[-1] > 0", [("y", 3)]),
        ("abs(y)[-1] > 0", [("y", 3)]),
    ],
)
def test_a_cut_of_something_computed_names_only_the_sessions_that_it_looks_at(
    when: str, missing: list[tuple[str, int]], tmp_path: Path
) -> None:
    past = history(x=[None, 2, 3], y=[None, 2, None])
    decision = judge(rule_graph(f'"{when}"', tmp_path), "A", past)
    assert decision.missing == tuple(Missing(name, number) for name, number in missing)


@pytest.mark.parametrize("when", ["x[-4] > 0", "x[3] > 0", "mean(x[9:]) > 0", "mean(present(y)) > 0"])
def test_a_session_that_there_is_not_is_missing_without_a_number(when: str, tmp_path: Path) -> None:
    decision = judge(rule_graph(f'"{when}"', tmp_path), "A", history(x=[1, 1, 1]))
    assert verdicts(decision) == [(1, UNKNOWN)]
    assert [missing.session for missing in decision.missing] == [None]


def test_a_division_by_zero_is_unknown_and_nothing_is_missing(tmp_path: Path) -> None:
    decision = judge(rule_graph('"1 / (x[-1] - 1) > 0"', tmp_path), "A", history(x=[1]))
    assert verdicts(decision) == [(1, UNKNOWN)]
    assert (decision.decision, decision.missing) == (STAY, ())
    assert "no number" in decision.reason


def test_an_author_can_opt_out_with_present(tmp_path: Path) -> None:
    decision = judge(rule_graph('"mean(present(x[-3:])) > 2"', tmp_path), "A", history(x=[9, 1, None, 5]))
    assert decision.decision == PROGRESS
    assert decision.missing == ()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), None])
def test_nan_and_infinity_are_missing(graph: StateGraph, bad: float | None) -> None:
    decision = judge(graph, "A", history(finished_trials=[500, bad], foraging_efficiency=[0.9, 0.9]))
    assert decision.decision == STAY
    assert decision.missing == (Missing("finished_trials", 2),)


def test_a_mouse_without_sessions_is_judged_too(graph: StateGraph) -> None:
    for stage in ("A", "C", "EMPTY", "DONE"):
        assert judge(graph, stage, History.of({name: [] for name in ALL_METRICS})).decision == STAY


# The trace


def test_every_comparison_is_traced_with_both_sides_and_its_margin(graph: StateGraph) -> None:
    decision = judge(graph, "A", history(finished_trials=[250], foraging_efficiency=[0.5]))
    first, second = decision.trace
    assert [(c.text, c.left, c.operator, c.right, c.verdict) for c in first.comparisons] == [
        ("finished_trials[-1] >= 2 * 200", 250.0, ">=", 400.0, False),
        ("foraging_efficiency[-1] >= 0.6", 0.5, ">=", 0.6, False),
    ]
    assert [c.margin for c in first.comparisons] == [-150.0, 0.5 - 0.6]
    assert [c.margin for c in second.comparisons] == [50.0, 0.5 - 0.6]


@pytest.mark.parametrize(
    ("when", "margin"),
    [
        ("x[-1] > 2", 1.0),
        ("x[-1] >= 5", -2.0),
        ("x[-1] < 2", -1.0),
        ("x[-1] <= 5", 2.0),
        ("2 < x[-1]", 1.0),
        ("5 >= x[-1]", 2.0),
        ("x[-1] >= 3", 0.0),
        ("round(x[-1]) == 3", None),
        ("round(x[-1]) != 3", None),
        ("x[-9] > 2", None),
        ("x[-1] > 1 / 0", None),
    ],
)
def test_a_margin_is_what_a_comparison_was_passed_by(when: str, margin: float | None, tmp_path: Path) -> None:
    decision = judge(rule_graph(f'"{when}"', tmp_path), "A", history(x=[1, 3]))
    (comparison,) = decision.trace[0].comparisons
    assert comparison.margin == margin


def test_comparisons_stand_in_reading_order_even_where_the_outcome_is_known_early(tmp_path: Path) -> None:
    graph = rule_graph('"x[-1] > 9 and (y[-1] > 8 or not z[-1] > 7) and 1 < x[-1] < 6"', tmp_path)
    decision = judge(graph, "A", history(x=[1], y=[2], z=[3]))
    texts = [comparison.text for comparison in decision.trace[0].comparisons]
    assert texts == ["x[-1] > 9", "y[-1] > 8", "z[-1] > 7", "1 < x[-1]", "x[-1] < 6"]


def test_a_comparison_of_sequences_is_traced_session_by_session(tmp_path: Path) -> None:
    decision = judge(rule_graph('"any(x[-2:] > 3)"', tmp_path), "A", history(x=[9, None, 5]))
    (comparison,) = decision.trace[0].comparisons
    assert (comparison.left, comparison.right, comparison.verdict) == ((None, 5.0), 3.0, (None, True))
    assert decision.decision == PROGRESS


# Pure


def test_the_same_input_gives_the_same_decision_and_is_left_as_it_was(graph: StateGraph) -> None:
    metrics: dict[str, list[float | None]] = {name: [300, None, 200] for name in ALL_METRICS}
    sessions = [1, 2, 3]
    before = deepcopy((metrics, sessions))
    past = History.of(metrics, sessions)
    situations = [Situation(stage.name, 3, 2) for stage in graph.stages]
    first = [step(graph, situation, past) for situation in situations]
    again = [step(graph, situation, past) for situation in reversed(situations)][::-1]
    assert first == again
    assert (metrics, sessions) == before
    assert past == History.of(metrics, sessions)


def test_two_compilations_of_a_file_decide_the_same(graph: StateGraph, tmp_path: Path) -> None:
    other = graph_of(STAGES, tmp_path)
    assert other.content_hash == graph.content_hash
    past = history(finished_trials=[99, 99])
    one, two = (judge(each, "C", past) for each in (graph, other))
    assert (one.decision, one.next_stage, one.fired, one.reason, one.missing) == (
        two.decision,
        two.next_stage,
        two.fired,
        two.reason,
        two.missing,
    )


def test_metrics_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        History.of({"x": [1.0], "y": [1.0, 2.0]})
    with pytest.raises(ValueError, match="length"):
        History.of({"x": [1.0]}, [1, 2])


def test_a_stay_may_have_another_length_than_the_count_of_judged_sessions(tmp_path: Path) -> None:
    graph = rule_graph('"mean(at_stage(x)) > 2"', tmp_path)
    past = history(x=[9, 1, 1, 1])
    assert step(graph, Situation("A", 4, 2), past).decision == STAY
    assert step(graph, Situation("A", 4, 2, stay=4), past).decision == PROGRESS
    assert step(graph, Situation("A", 4, 4, stay=1), past).decision == STAY


def test_the_numbers_of_the_situation_are_those_that_were_given(tmp_path: Path) -> None:
    graph = rule_graph('"session_total == 7 and session_at_current_stage == 3"', tmp_path)
    past = history(x=[1])
    assert judge(graph, "A", past, 7, 3).decision == PROGRESS
    assert judge(graph, "A", past, 7, 2).decision == STAY
    assert judge(graph, "A", past, 6, 3).decision == STAY


# Structured or in words: the same curriculum

SAME = [
    [
        "x[-1] > 1 and y[-1] > 2",
        "{all: ['x[-1] > 1', 'y[-1] > 2']}",
        "{all: [{all: ['x[-1] > 1']}, 'y[-1] > 2']}",
        "{any: ['x[-1] > 1 and y[-1] > 2']}",
        "(x[-1]>1)and(y[-1]>2)",
    ],
    [
        "x[-1] > 1 or y[-1] > 2 or z[-1] > 3",
        "{any: ['x[-1] > 1', 'y[-1] > 2', 'z[-1] > 3']}",
        "{any: ['x[-1] > 1', {any: ['y[-1] > 2', 'z[-1] > 3']}]}",
        "{any: ['x[-1] > 1 or y[-1] > 2', 'z[-1] > 3']}",
    ],
    [
        "x[-1] > 1 and (y[-1] > 2 or not z[-1] > 3)",
        "{all: ['x[-1] > 1', {any: ['y[-1] > 2', {not: 'z[-1] > 3'}]}]}",
        "{all: ['x[-1] > 1', 'y[-1] > 2 or not z[-1] > 3']}",
        "{all: ['x[-1] > 1', {any: ['y[-1] > 2', 'not z[-1] > 3']}]}",
    ],
    ["not (x[-1] > 1 and y[-1] > 2)", "{not: {all: ['x[-1] > 1', 'y[-1] > 2']}}", "{not: 'x[-1] > 1 and y[-1] > 2'}"],
    ["1 < x[-1] <= 5", "1 < x[-1] and x[-1] <= 5", "{all: ['1 < x[-1]', 'x[-1] <= 5']}"],
]
LEVELS: list[list[float | None]] = [[0.0], [5.0], [None]]
PASTS = [history(x=x, y=y, z=z) for x in LEVELS for y in LEVELS for z in LEVELS]


@pytest.mark.parametrize("ways", SAME, ids=[ways[0] for ways in SAME])
def test_structured_and_written_conditions_are_the_same(ways: list[str], tmp_path: Path) -> None:
    graphs = [rule_graph(way, tmp_path) for way in ways]
    assert len({graph.content_hash for graph in graphs}) == 1
    for past in PASTS:
        decisions = [judge(graph, "A", past) for graph in graphs]
        traces = [(d.decision, d.next_stage, d.fired, d.missing, verdicts(d)) for d in decisions]
        assert all(trace == traces[0] for trace in traces)


def test_constants_and_derived_names_are_the_same_as_what_they_stand_for(tmp_path: Path) -> None:
    named = "constants: {n: 3, limit: 0.7}\nderived: {recent: 'mean(x[-n:])', good: recent >= limit}\n"
    stages = "stages:\n  A:\n    transitions:\n      - {{progress: B, when: '{}'}}\n  B: {{}}\n"
    one = graph_of(named + stages.format("good and y[-n] > 1"), tmp_path)
    two = graph_of(stages.format("mean(x[-3:]) >= 0.7 and y[-3] > 1"), tmp_path)
    assert one.content_hash == two.content_hash


def test_another_meaning_is_another_hash(tmp_path: Path) -> None:
    ways = [
        "x[-1] > 1 and y[-1] > 2",
        "x[-1] > 1 or y[-1] > 2",
        "y[-1] > 2 and x[-1] > 1",
        "x[-1] >= 1 and y[-1] > 2",
        "x[-2] > 1 and y[-1] > 2",
        "x[-1] > 1.0000000000000002 and y[-1] > 2",
        "not (x[-1] > 1 and y[-1] > 2)",
        "not x[-1] > 1 and y[-1] > 2",
    ]
    assert len({rule_graph(way, tmp_path).content_hash for way in ways}) == len(ways)


# Names in a curriculum


def test_names_that_are_taken_unused_or_circular_are_found(tmp_path: Path) -> None:
    stages = "stages:\n  A:\n    transitions:\n      - {{progress: B, when: '{}'}}\n  B: {{}}\n"

    def codes(names: str, when: str = "x[-1] > 1") -> list[str]:
        found = compile_text(names + stages.format(when), tmp_path).diagnostics
        return ids([d for d in found if not d.code.id.startswith("ATD4")])

    assert codes("") == []
    assert len(codes("constants: {n: 3}\n")) == 1
    assert len(codes("derived: {n: 'x[-1]'}\n")) == 1
    assert codes("constants: {n: 3}\nderived: {m: 'x[-n]'}\n", "m > 1") == []
    assert len(codes("constants: {n: 3}\nderived: {m: 'x[-n]'}\n")) == 2
    for word in ("x", "mean", "and", "session_total", "lambda"):
        assert codes(f"constants: {{{word}: 3}}\n")[0].startswith("ATD2")
    for names in ("derived: {a: b + 1, b: a + 1}\n", "derived: {a: a + 1}\n"):
        found = compile_text(names + stages.format("a > 1"), tmp_path)
        assert found.graph is None
        assert any("refers to itself" in d.message for d in found.diagnostics)


# What a decision says about itself


@pytest.mark.parametrize(
    ("when", "x", "y", "reason"),
    [
        ("not (x[-1] < 40 or y[-1] < 0.5)", 50, 0.5, "rule 1: not x[-1] < 40 (50), not y[-1] < 0.5 (0.5)"),
        ("not (x[-1] < 40 or y[-1] < 0.5)", 30, 0.6, "no rule fired; rule 1: x[-1] < 40 (30)"),
        ("not (x[-1] < 40 or y[-1] < 0.5)", 2, None, "no rule fired; rule 1: x[-1] < 40 (2)"),
        ("x[-1] > 3 or y[-1] > 3", 2, 5, "rule 1: y[-1] > 3 (5)"),
        ("(x[-1] > 3 or y[-1] > 3) and x[-1] > 1", 0, 5, "no rule fired; rule 1: not x[-1] > 1 (0)"),
        ("0.4 > y[-1]", 1, 0.3, "rule 1: 0.4 > y[-1] (0.3)"),
        ("x[-1] > y[-1] + 1", 5, 3, "rule 1: x[-1] > y[-1] + 1 (5 against 4)"),
        ("all(x[-2:] > 3)", 4, 1, "rule 1: all: x[-2:] > 3 (4)"),
        ("any(x[-2:] > 3)", 2, 1, "no rule fired; rule 1: not any: x[-2:] > 3 (2)"),
    ],
)
def test_the_reason_names_what_decided(tmp_path: Path, when: str, x: float, y: float | None, reason: str) -> None:
    decision = judge(rule_graph(f'"{when}"', tmp_path), "A", history(x=[x], y=[y]))
    assert decision.reason == reason

"""``diff``: what has changed between two curriculums, by meaning."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from colony import TASK, TINY, Ran, command

from autotrain_dsl import strictness
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.changes import Level, compare
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.interpreter import FIRED, History, Situation, traces
from autotrain_dsl.strictness import Direction

ROOT = Path(__file__).resolve().parent.parent
BAITING = ROOT / "curriculums" / "coupled_baiting"
FIRST = "finished_trials[-1] >= 200 and foraging_efficiency[-1] >= 0.6"
LATER = TINY.replace('"1.0"\ntask', '"1.1"\ntask')

Diff = Callable[..., Ran]


@pytest.fixture
def diff(tmp_path: Path) -> Diff:
    """Compare Tiny 1.0 with another text, or two texts."""
    (tmp_path / "schemas" / "tasks").mkdir(parents=True)
    (tmp_path / "schemas" / "tasks" / "tiny_1.0.yaml").write_text(TASK, "utf-8")

    def run(new: str, *options: str, old: str = TINY) -> Ran:
        (tmp_path / "old.yaml").write_text(old, "utf-8")
        (tmp_path / "new.yaml").write_text(new, "utf-8")
        ran = command("diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"), *options)
        return Ran(ran.code, ran.out.replace(f"{tmp_path}/", ""), ran.err.replace(f"{tmp_path}/", ""))

    return run


def data(ran: Ran) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(ran.out)
    return content


@pytest.mark.parametrize(
    ("before", "after", "level", "why"),
    [
        ("", "", "none", "they mean the same"),
        ("task: Tiny}", "task: Tiny}  # a comment", "none", "they mean the same"),
        (FIRST, f"({FIRST})", "none", "they mean the same"),
        ("stages:", "description: Better.\nstages:", "patch", "texts have changed"),
        ("    inherits: STAGE_1\n", "    inherits: STAGE_1\n    label: Two\n", "patch", "texts have changed"),
        (FIRST, f"{FIRST}\n        because: it works", "patch", "texts have changed"),
        ("task: Tiny", "task: Other", "minor", "parameters have changed"),
        (">= 200", ">= 201", "minor", "thresholds have changed"),
        ("stages:", "adjustable: [task]\nstages:", "minor", "what operators may change is another"),
        (FIRST, "finished_trials[-1] >= 200", "major", "rules ask for something else"),
        (FIRST, f"{FIRST}\n      - stay: true\n        otherwise: true", "major", "rules were added or removed"),
        ("- progress: STAGE_2", "- progress: STAGE_3", "major", "rules lead elsewhere"),
        ("stages:", "initial: STAGE_2\nstages:", "major", "mice start in another stage"),
        ("STAGE_3", "STAGE_THREE", "major", "rules lead elsewhere; stages were added or removed"),
        ("name: Tiny", "name: Large", "major", "it is another curriculum"),
        (FIRST, " and ".join(reversed(FIRST.split(" and "))), "patch", "conditions are written otherwise"),
        (">= 200", "> 199", "patch", "conditions are written otherwise"),
        (">= 200", ">= 150 + 0 * foraging_efficiency[-1]", "major", "rules ask for something else"),
        ("STAGE_3", "label", "major", "rules lead elsewhere; stages were added or removed"),
    ],
)
def test_a_change_is_weighed_with_its_reason(diff: Diff, before: str, after: str, level: str, why: str) -> None:
    content = data(diff(LATER.replace(before, after) if before else LATER, "--format", "json"))
    assert (content["level"], content["why"]) == (level, why)


def test_extends_inherits_and_constants_do_not_count(diff: Diff, tmp_path: Path) -> None:
    written_otherwise = (
        'dsl_version: 1\nversion: "1.1"\nextends: old.yaml\nconstants: {enough: 200}\nstages:\n  STAGE_1:\n'
        "    transitions:\n      - progress: STAGE_2\n"
        "        when: {all: ['finished_trials[-1] >= enough', 'foraging_efficiency[-1] >= 0.6']}\n"
    )
    ran = diff(written_otherwise)
    assert (ran.code, ran.out) == (0, "Tiny 1.0 -> 1.1: none (they mean the same)\n")


def test_the_same_change_of_a_parameter_is_told_once() -> None:
    ran = command("diff", str(BAITING / "coupled_baiting_2.2.yaml"), str(BAITING / "coupled_baiting_2.3.yaml"))
    assert ran.code == 0
    assert "Coupled Baiting 2.2 -> 2.3: minor (parameters have changed; thresholds have changed)\n" in ran.out
    assert "  MaxTime: 90 -> 75  (every stage)\n" in ran.out
    assert ran.out.count("MaxTime") == 1
    assert "(looser: fires more often)\n" in ran.out
    assert "499 trials, efficiency 0.7 stays there: session 10: STAGE_FINAL STAY STAGE_FINAL before, " in ran.out
    assert "STAGE_FINAL PROGRESS GRADUATED now; it fails\n" in ran.out


def test_tests_that_cannot_be_run_any_more_are_told(diff: Diff, tmp_path: Path) -> None:
    (tmp_path / "old.test.yaml").write_text(
        "dsl_version: 1\ncurriculum: old.yaml\ntests:\n"
        "  - name: at three\n    given: {stage: STAGE_3}\n"
        "    sessions: {finished_trials: [10]}\n    expect: {rule: 2}\n"
        "  - name: at one\n    sessions: {finished_trials: [10]}\n    expect: {rule: 0}\n",
        "utf-8",
    )
    ran = diff(LATER.replace("STAGE_3", "STAGE_THREE"))
    assert "test old.test.yaml:4: at three: cannot be run any more, a stage or metric of it is gone\n" in ran.out
    assert "at one" not in ran.out


def test_a_test_that_fails_although_nothing_is_decided_otherwise_is_told(diff: Diff, tmp_path: Path) -> None:
    (tmp_path / "old.test.yaml").write_text(
        "dsl_version: 1\ncurriculum: old.yaml\ntests:\n"
        "  - name: promoted by the first rule\n"
        "    sessions: {finished_trials: [250], foraging_efficiency: [0.7]}\n    expect: {rule: 1}\n",
        "utf-8",
    )
    rule = f"      - progress: STAGE_2\n        when: {FIRST}\n"
    assert rule in LATER
    ran = diff(LATER.replace(rule, f"      - stay: true\n        when: finished_trials[-1] < 20\n{rule}"))
    told = "the same decisions by another rule or for another reason; it fails\n"
    assert f"test old.test.yaml:4: promoted by the first rule: {told}" in ran.out


@pytest.mark.parametrize(
    ("new", "code", "told"),
    [
        (TINY, 0, ""),
        (LATER.replace(">= 200", ">= 201"), 0, ""),
        (TINY.replace(">= 200", ">= 201"), 1, "the curriculums differ, but both are version 1.0: give the new one"),
        (
            TINY.replace('"1.0"\ntask', '"0.9"\ntask').replace(">= 200", ">= 201"),
            1,
            "version 0.9 is earlier than 1.0: give the new curriculum a later one",
        ),
        (TINY.replace('"1.0"\ntask', '"0.9"\ntask'), 0, ""),
        (TINY.replace("name: Tiny", "name: Large"), 0, ""),
        (TINY.replace('"1.0"\ntask', '"1.10"\ntask').replace(">= 200", ">= 201"), 0, ""),
    ],
)
def test_a_changed_curriculum_needs_a_later_version(diff: Diff, new: str, code: int, told: str) -> None:
    ran = diff(new, "--check-version")
    assert ran.code == code, ran
    assert told in ran.err if told else ran.err == ""
    assert data(diff(new, "--check-version", "--format", "json"))["version_error"].startswith(told)
    assert diff(new).code == 0


def test_markdown_holds_what_authors_write_in_code_spans(diff: Diff) -> None:
    evil = "`](https://example.org) <script>alert(1)</script> ![x](y) @everyone"
    new = LATER.replace("stages:", f"description: '{evil}'\nstages:")
    ran = diff(new, "--format", "markdown", "--check-version")
    assert ran.code == 0
    line = next(line for line in ran.out.splitlines() if "@everyone" in line)
    assert line.startswith("- ``")
    assert line.endswith("``")
    assert line.count("``") == 2
    assert ran.out.startswith("### `Tiny 1.0 -> 1.1`: patch\n\nTexts have changed.\n")


def test_markdown_says_what_is_wrong_with_the_version(diff: Diff) -> None:
    text = TINY.replace(">= 200", ">= 201").replace('"1.0"\ntask', '"0.9rwdDelay"\ntask')
    ran = diff(text, "--format", "markdown", "--check-version")
    assert ran.code == 1
    assert "**Version 0.9rwdDelay is earlier than 1.0: give the new curriculum a later one.**\n" in ran.out


def test_errors_of_a_curriculum_are_told(diff: Diff) -> None:
    ran = diff(LATER.replace("progress: STAGE_2", "progress: STAGE_9"))
    assert ran.code == 1
    assert "ATD401 error: there is no stage `STAGE_9`" in ran.out
    assert diff(LATER.replace("progress: STAGE_2", "progress: STAGE_9"), "--format", "json").out == ""
    ran = diff("dsl_version: 1\nabstract: true\nstages: {}\n")
    assert (ran.code, "a base for other files" in ran.out) == (1, True)


# Looser and tighter

CONDITIONS = [
    "finished_trials[-1] >= 200",
    "finished_trials[-1] > 200",
    "finished_trials[-1] >= 150",
    "200 <= finished_trials[-1]",
    "finished_trials[-1] < 100",
    "finished_trials[-1] < 120",
    "not finished_trials[-1] < 120",
    "foraging_efficiency[-1] >= 0.6",
    "finished_trials[-1] >= 200 and foraging_efficiency[-1] >= 0.6",
    "finished_trials[-1] >= 150 and foraging_efficiency[-1] >= 0.6",
    "finished_trials[-1] >= 150 and foraging_efficiency[-1] >= 0.7",
    "finished_trials[-1] >= 200 or foraging_efficiency[-1] >= 0.6",
    "finished_trials[-1] >= 200 and foraging_efficiency[-1] >= 0.6 and session_total >= 3",
    "all(finished_trials[-3:] >= 200)",
    "all(finished_trials[-3:] >= 150)",
    "any(finished_trials[-3:] >= 200)",
    "any(finished_trials[-3:] >= 150)",
    "mean(finished_trials[-3:]) >= 200",
    "mean(finished_trials[-3:]) >= 150",
    "not (finished_trials[-1] >= 200 and foraging_efficiency[-1] >= 0.6)",
    "not (finished_trials[-1] >= 150 and foraging_efficiency[-1] >= 0.6)",
]
KNOWN = {
    (0, 2): Direction.LOOSER, (2, 0): Direction.TIGHTER, (0, 3): Direction.SAME, (1, 0): Direction.LOOSER,
    (4, 5): Direction.LOOSER, (0, 8): Direction.TIGHTER, (0, 11): Direction.LOOSER, (8, 9): Direction.LOOSER,
    (9, 10): Direction.TIGHTER, (8, 10): Direction.UNKNOWN, (8, 12): Direction.TIGHTER, (13, 14): Direction.LOOSER,
    (15, 16): Direction.LOOSER, (17, 18): Direction.LOOSER, (19, 20): Direction.TIGHTER, (0, 7): Direction.UNKNOWN,
}  # fmt: skip


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> list[StateGraph]:
    folder = tmp_path_factory.mktemp("graphs")
    (folder / "schemas" / "tasks").mkdir(parents=True)
    (folder / "schemas" / "tasks" / "tiny_1.0.yaml").write_text(TASK, "utf-8")
    found = []
    for number, condition in enumerate(CONDITIONS):
        path = folder / f"{number}.yaml"
        path.write_text(TINY.replace(FIRST, condition), "utf-8")
        graph = Compiler().compile(path).graph
        assert graph is not None, condition
        found.append(graph)
    return found


@pytest.mark.parametrize(("pair", "expected"), KNOWN.items(), ids=[f"{a}-{b}" for a, b in KNOWN])
def test_the_direction_is_told_from_the_form(
    graphs: list[StateGraph], pair: tuple[int, int], expected: Direction
) -> None:
    old, new = (graphs[number].rules("STAGE_1")[0].program for number in pair)
    assert old is not None
    assert new is not None
    assert strictness.direction(old.node, new.node) is expected


def test_what_is_called_looser_fires_whenever_it_did(graphs: list[StateGraph]) -> None:
    chance = random.Random(7)
    histories = []
    for _ in range(150):
        length = chance.randrange(1, 5)
        trials = [chance.choice([None, 90, 100, 119, 120, 150, 199, 200, 201, 300]) for _ in range(length)]
        efficiency = [chance.choice([None, 0.5, 0.6, 0.65, 0.7, 0.8]) for _ in range(length)]
        histories.append(History.of({"finished_trials": trials, "foraging_efficiency": efficiency}))

    def fires(graph: StateGraph, history: History) -> bool:
        length = len(history.sessions)
        return next(traces(graph, Situation("STAGE_1", length, length), history)).verdict == FIRED

    fired = [[fires(graph, history) for history in histories] for graph in graphs]
    told = 0
    for (a, old), (b, new) in itertools.permutations(enumerate(graphs), 2):
        before, after = old.rules("STAGE_1")[0].program, new.rules("STAGE_1")[0].program
        assert before is not None
        assert after is not None
        way = strictness.direction(before.node, after.node)
        told += way in (Direction.LOOSER, Direction.TIGHTER)
        for was, now in zip(fired[a], fired[b], strict=True):
            assert way is not Direction.LOOSER or now or not was, (CONDITIONS[a], CONDITIONS[b])
            assert way is not Direction.TIGHTER or was or not now, (CONDITIONS[a], CONDITIONS[b])
            assert way is not Direction.SAME or was == now, (CONDITIONS[a], CONDITIONS[b])
    assert told > 40


def test_versions_of_the_lab_compare_in_both_directions_alike() -> None:
    compiler = Compiler()
    files = sorted(BAITING.glob("*_?.?.yaml"))
    opposite = {Direction.LOOSER: Direction.TIGHTER, Direction.TIGHTER: Direction.LOOSER}
    for first, second in itertools.combinations(files, 2):
        old, new = (compiler.compile(path).graph for path in (first, second))
        assert old is not None
        assert new is not None
        there, back = compare(old, new), compare(new, old)
        assert there.level == back.level > Level.NONE
        ways = [each.way for each in there.weighed if each.way is not None]
        assert sorted(opposite.get(way, way) for way in ways) == sorted(
            w.way for w in back.weighed if w.way is not None
        )

"""Differences between curriculums: each at its place, told once, and in as few words as say it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from autotrain_dsl import differences, versions
from autotrain_dsl.differences import Change, Difference

Content = dict[str, Any]


def rule(decision: str, to: str, when: str = "", trigger: str = "when", because: str = "") -> Content:
    asked = {"when": when} if trigger == "when" else {}
    return {"decision": decision, "to": to, "trigger": trigger, **asked, "because": because}


def stage(name: str, *rules: Content, final: bool = False, **parameters: Any) -> Content:
    return {
        "name": name,
        "label": name,
        "description": "",
        "final": final,
        "parameters": parameters,
        "transitions": list(rules),
    }


def base() -> Content:
    return {
        "dsl_version": 1,
        "name": "Levers",
        "version": "1.0",
        "description": "Presses",
        "task_schema": {"name": "lever", "version": "1.0", "metrics": {"x": {"type": "integer", "minimum": 0}}},
        "initial": "A",
        "adjustable": ["MaxTime"],
        "stages": [
            stage("A", rule("progress", "B", "x[-1] >= 2"), MaxTime=90, warmup="on"),
            stage("B", rule("progress", "C", "x[-1] >= 3"), rule("rollback", "A", "x[-1] < 1"), MaxTime=90),
            stage("C", final=True, MaxTime=90),
        ],
    }


def told(change: Callable[[Content], Any]) -> list[str]:
    """What is said about a change of the base."""
    new = base()
    change(new)
    return [str(each) for each in differences.between(base(), new)]


def test_a_curriculum_does_not_differ_from_itself_however_its_keys_are_sorted() -> None:
    assert differences.between(base(), base()) == ()
    assert differences.between(base(), json.loads(json.dumps(base(), sort_keys=True))) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c: c.update(description="Long presses"), ['description: "Presses" -> "Long presses"']),
        (lambda c: c.update(version="1.1", initial="B"), ['version: "1.0" -> "1.1"', 'initial: "A" -> "B"']),
        (lambda c: c.update(adjustable=[]), ['adjustable: ["MaxTime"] -> []']),
        (lambda c: c.update(extra=1), ["extra: added: 1"]),
        (lambda c: c["task_schema"]["metrics"]["x"].update(minimum=1), ["task_schema.metrics.x.minimum: 0 -> 1"]),
        (lambda c: c["task_schema"]["metrics"]["x"].pop("minimum"), ["task_schema.metrics.x.minimum: removed: 0"]),
        (lambda c: c["stages"][1]["parameters"].update(MaxTime=75), ["stages.B.parameters.MaxTime: 90 -> 75"]),
        (lambda c: c["stages"][1]["parameters"].update(MaxTime=90.0), ["stages.B.parameters.MaxTime: 90 -> 90.0"]),
        (lambda c: c["stages"][0]["parameters"].update(warmup=True), ['stages.A.parameters.warmup: "on" -> true']),
        (lambda c: c["stages"][0]["parameters"].pop("warmup"), ['stages.A.parameters.warmup: removed: "on"']),
        (lambda c: c["stages"][2].update(final=False, label="End"), [
            "stages.C.final: true -> false", 'stages.C.label: "C" -> "End"',
        ]),
        (lambda c: c["stages"].pop(), ["stages.C: removed: a stage with 1 parameter and 0 rules"]),
        (lambda c: c["stages"].insert(1, stage("NEW", rule("progress", "B", "x[0] > 1"))), [
            "stages.NEW: added: a stage with 0 parameters and 1 rule",
        ]),
        (lambda c: c["stages"].reverse(), [
            "stages.C: moved from place 3 to place 1", "stages.A: moved from place 1 to place 3",
        ]),
        (lambda c: c["stages"].append(c["stages"].pop(0)), ["stages.A: moved from place 1 to place 3"]),
    ],
)  # fmt: skip
def test_what_has_changed_is_told_at_its_place(change: Callable[[Content], Any], expected: list[str]) -> None:
    assert told(change) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # the threshold
        ([rule("progress", "C", "x[-1] >= 4"), rule("rollback", "A", "x[-1] < 1")],
         ["1.when (progress C): x[-1] >= 3 -> x[-1] >= 4"]),
        # the order
        ([rule("rollback", "A", "x[-1] < 1"), rule("progress", "C", "x[-1] >= 3")],
         ["2 (progress C): moved from place 1 to place 2"]),
        # the target
        ([rule("progress", "A", "x[-1] >= 3"), rule("rollback", "A", "x[-1] < 1")],
         ['1.to (progress A): "C" -> "A"']),
        # one more in front, which is no move of the others
        ([rule("stay", "B", "x[-1] == 9"), rule("progress", "C", "x[-1] >= 3"), rule("rollback", "A", "x[-1] < 1")],
         ["1: added: stay when x[-1] == 9"]),
        # one less
        ([rule("rollback", "A", "x[-1] < 1")], ["1: removed: progress C when x[-1] >= 3"]),
        # a second one of the same aim, before the one that stays as it is
        ([rule("progress", "C", "x[0] == 7"), rule("progress", "C", "x[-1] >= 3"), rule("rollback", "A", "x[-1] < 1")],
         ["1: added: progress C when x[0] == 7"]),
        # no condition any more
        ([rule("progress", "C", "x[-1] >= 3"), rule("rollback", "A", trigger="otherwise")],
         ["2.when (rollback A): x[-1] < 1 -> otherwise"]),
        ([rule("progress", "C", trigger="manual"), rule("rollback", "A", "x[-1] < 1")],
         ["1.when (progress C): x[-1] >= 3 -> manual"]),
        # the reason
        ([rule("progress", "C", "x[-1] >= 3", because="it can"), rule("rollback", "A", "x[-1] < 1")],
         ['1.because (progress C): "" -> "it can"']),
        # all at once
        ([rule("rollback", "A", "x[-1] < 2"), rule("progress", "C", "x[-1] >= 5"), rule("stay", "B", "x[0] > 1")], [
            "1.when (rollback A): x[-1] < 1 -> x[-1] < 2",
            "2.when (progress C): x[-1] >= 3 -> x[-1] >= 5",
            "3: added: stay when x[0] > 1",
            "2 (progress C): moved from place 1 to place 2",
        ]),
    ],
)  # fmt: skip
def test_rules_are_recognised_though_they_have_changed(rules: list[Content], expected: list[str]) -> None:
    def change(content: Content) -> None:
        content["stages"][1]["transitions"] = rules

    assert told(change) == [f"stages.B.transitions.{each}" for each in expected]


def test_a_difference_holds_its_values_as_data() -> None:
    new = base()
    new["stages"][1]["parameters"]["MaxTime"] = 75
    new["stages"][1]["transitions"][0]["when"] = "x[-1] >= 4"
    assert differences.between(base(), new) == (
        Difference("stages.B.parameters.MaxTime", Change.CHANGED, 90, 75),
        Difference("stages.B.transitions.1.when", Change.CHANGED, "x[-1] >= 3", "x[-1] >= 4", "progress C"),
    )


def test_of_long_texts_the_part_is_shown_that_differs() -> None:
    text = "a word and another " * 200
    old, new = {**base(), "description": text}, {**base(), "description": f"{text}!"}
    [line] = [str(each) for each in differences.between(old, new)]
    assert len(line) < 400
    assert line.endswith('!"')


def test_many_differences_are_counted_and_not_all_shown() -> None:
    found = differences.between(base(), {**base(), **{f"key_{number:03}": number for number in range(50)}})
    lines = differences.texts(found)
    assert (len(found), len(lines), lines[-1]) == (50, 41, "and 10 more differences")


def test_there_are_differences_exactly_where_there_is_something_different() -> None:
    draw = random.Random(4)
    for _ in range(400):
        old, new = base(), base()
        for _ in range(draw.randrange(3)):
            _shuffle(new, draw)
        found = differences.between(old, new)
        assert bool(found) == (json.dumps(old, sort_keys=True) != json.dumps(new, sort_keys=True)), new
        assert len({(each.path, each.change) for each in found}) == len(found)
        assert {each.path for each in found if each.change is Change.CHANGED} == {
            each.path for each in differences.between(new, old) if each.change is Change.CHANGED
        } or any(each.change is not Change.CHANGED for each in found)


def _shuffle(content: Content, draw: random.Random) -> None:
    chosen = draw.choice(content["stages"])
    match draw.randrange(6):
        case 0:
            draw.shuffle(content["stages"])
        case 1:
            draw.shuffle(chosen["transitions"])
        case 2:
            chosen["parameters"]["MaxTime"] = draw.choice([90, 90.0, 75, True, "90"])
        case 3:
            chosen["transitions"].append(copy.deepcopy(rule("stay", chosen["name"], f"x[0] > {draw.randrange(3)}")))
        case 4 if chosen["transitions"]:
            chosen["transitions"].pop(draw.randrange(len(chosen["transitions"])))
        case _:
            content["description"] = draw.choice(["Presses", "presses"])


def test_a_hundred_stages_in_any_order_are_compared_at_once() -> None:
    old = {**base(), "stages": [stage(f"S{number}") for number in range(100)]}
    new = {**old, "stages": random.Random(1).sample(old["stages"], 100)}
    found = differences.between(old, new)
    assert {each.change for each in found} == {Change.MOVED}
    assert 60 < len(found) < 100


def test_versions_are_sorted_as_people_count() -> None:
    expected = [
        *("0.1", "1", "1.0", "2.2", "2.2.1rwdDelay159", "2.2rwdDelay159", "2.3", "2.10", "2.10a", "10.0", "10.0-rc2"),
        *("10.0-rc10", "a", "a1", "b"),
    ]
    draw = random.Random(7)
    for _ in range(50):
        assert sorted(draw.sample(expected, len(expected)), key=versions.order) == expected
    assert versions.order("2.01") != versions.order("2.1")


def test_a_place_of_absurd_length_is_cut() -> None:
    content = {"stages": [{"name": "A", "parameters": {"x" * 100_000: 1}}]}
    [line] = differences.texts(differences.between({"stages": [{"name": "A", "parameters": {}}]}, content))
    assert len(line) < 300
    assert line.startswith("stages.A.parameters.xxx")
    assert line.endswith("xxx...: added: 1")

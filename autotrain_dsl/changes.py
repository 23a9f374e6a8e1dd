"""What a new version of a curriculum means for the mice: every difference weighed, and the tests that it reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from autotrain_dsl import differences, versions
from autotrain_dsl.cases.model import Case
from autotrain_dsl.cases.running import Result, run
from autotrain_dsl.differences import Change, Difference
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Transition
from autotrain_dsl.strictness import Direction, direction, same_form


class Level(IntEnum):
    """How much a difference means: nothing but words; what a rig runs or when a rule fires; which ways there are."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True, slots=True)
class Weighed:
    """A difference, how much it means and why; of a condition also whether it has become looser or tighter."""

    difference: Difference
    level: Level
    why: str
    way: Direction | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """A test that comes out otherwise under the new curriculum; None where that cannot run it."""

    case: Case
    old: Result
    new: Result | None


@dataclass(frozen=True, slots=True)
class Changes:
    """All differences but the version, in the order of the new curriculum."""

    old: StateGraph
    new: StateGraph
    weighed: tuple[Weighed, ...]
    affected: tuple[Affected, ...] = ()

    @property
    def level(self) -> Level:
        """That of the difference that means most."""
        return max((each.level for each in self.weighed), default=Level.NONE)

    @property
    def why(self) -> str:
        """The reason for the level."""
        reasons = dict.fromkeys(each.why for each in self.weighed if each.level is self.level)
        return "; ".join(reasons) or "they mean the same"

    def version_fault(self) -> str:
        """What is wrong with the new version, given that the curriculums differ; empty if nothing is."""
        was, now = self.old.curriculum, self.new.curriculum
        if not self.weighed or was.name != now.name:
            return ""
        if was.version == now.version:
            return f"the curriculums differ, but both are version {now.version}: give the new one a version of its own"
        if versions.order(now.version) < versions.order(was.version):
            return f"version {now.version} is earlier than {was.version}: give the new curriculum a later one"
        return ""


def compare(old: StateGraph, new: StateGraph, cases: Iterable[Case] = ()) -> Changes:
    """Everything that differs between two curriculums, and which of some tests of the old one come out otherwise."""
    ways = _ways(old, new)
    weighed = tuple(
        _weighed(each, ways.get(each.path))
        for each in differences.between(old.content, new.content)
        if each.path != "version"
    )
    return Changes(old, new, weighed, tuple(_affected(old, new, cases)) if weighed else ())


def _ways(old: StateGraph, new: StateGraph) -> dict[str, tuple[Direction, bool]]:
    """For the condition of every rule that is in both: how it has changed, and whether only in its numbers."""
    found: dict[str, tuple[Direction, bool]] = {}
    before = {stage["name"]: stage for stage in old.content["stages"]}
    for stage in new.content["stages"]:
        if stage["name"] in before:
            pairs = differences.rule_pairs(before[stage["name"]]["transitions"], stage["transitions"])
            ours, theirs = new.rules(stage["name"]), old.rules(stage["name"])
            for place, was in pairs.items():
                found[f"stages.{stage['name']}.transitions.{place + 1}.when"] = _way(theirs[was], ours[place])
    return found


def _way(old: Transition, new: Transition) -> tuple[Direction, bool]:
    if old.program is None or new.program is None:
        return Direction.UNKNOWN, False
    return direction(old.program.node, new.program.node), same_form(old.program.node, new.program.node)


_WORDS = ("description", "label", "because")


def _weighed(each: Difference, way: tuple[Direction, bool] | None) -> Weighed:
    parts = each.path.split(".")
    of_a_rule = len(parts) == 5 and parts[2] == "transitions" and parts[4] in _WORDS
    if parts == ["description"] or (len(parts) == 3 and parts[2] in _WORDS) or of_a_rule:
        return Weighed(each, Level.PATCH, "texts have changed")
    if parts[0] != "stages":
        return _of_curriculum(each, parts)
    if len(parts) == 2:
        if each.change is Change.MOVED:
            return Weighed(each, Level.MINOR, "stages stand in another order")
        return Weighed(each, Level.MAJOR, "stages were added or removed")
    if parts[2] == "parameters":
        return Weighed(each, Level.MINOR, "parameters have changed")
    if parts[2] == "transitions":
        return _of_rule(each, parts, way)
    return Weighed(each, Level.MAJOR, "where training ends has changed")


def _of_curriculum(each: Difference, parts: list[str]) -> Weighed:
    if parts[0] == "adjustable":
        return Weighed(each, Level.MINOR, "what operators may change is another")
    reasons = {
        "name": "it is another curriculum",
        "task_schema": "the task is another",
        "initial": "mice start in another stage",
    }
    return Weighed(each, Level.MAJOR, reasons.get(parts[0], "the language is another"))


def _of_rule(each: Difference, parts: list[str], way: tuple[Direction, bool] | None) -> Weighed:
    if len(parts) == 4:
        reason = "rules are tried in another order" if each.change is Change.MOVED else "rules were added or removed"
        return Weighed(each, Level.MAJOR, reason)
    if parts[4] != "when":
        return Weighed(each, Level.MAJOR, "rules lead elsewhere")
    turned, form = way or (Direction.UNKNOWN, False)
    if turned is Direction.SAME:
        return Weighed(each, Level.PATCH, "conditions are written otherwise", turned)
    if form:
        return Weighed(each, Level.MINOR, "thresholds have changed", turned)
    return Weighed(each, Level.MAJOR, "rules ask for something else", turned)


def _affected(old: StateGraph, new: StateGraph, cases: Iterable[Case]) -> Iterator[Affected]:
    for case in cases:
        before = run(case, old)
        stages = {case.stage, *(stage for stage in case.ran if stage)}
        if not all(map(new.has_stage, stages)) or not set(new.task.metrics) <= set(case.sessions):
            yield Affected(case, before, None)
            continue
        after = run(case, new)
        if before.passed != after.passed or _decisions(before) != _decisions(after):
            yield Affected(case, before, after)


def _decisions(result: Result) -> list[tuple[str, str]]:
    return [(step.decision.decision, step.decision.next_stage) for step in result.steps]

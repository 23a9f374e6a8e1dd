"""What has changed between two curriculums, as text, as JSON and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autotrain_dsl.cases.running import Result
from autotrain_dsl.changes import Affected, Changes, Weighed
from autotrain_dsl.differences import Change
from autotrain_dsl.report.columns import code
from autotrain_dsl.report.text import clean
from autotrain_dsl.strictness import Direction

FORMAT = 1


@dataclass(frozen=True, slots=True)
class _Parameter:
    """The same change of a parameter in one or several stages."""

    name: str
    words: str
    stages: tuple[str, ...]


def text(changes: Changes) -> Iterator[str]:
    """Lines: the level and its reason, parameters, rules and everything else, and the tests that are affected."""
    yield clean(f"{_title(changes)}: {changes.level.name.lower()} ({changes.why})")
    for each in _parameters(changes):
        yield clean(f"  {each.name}: {each.words}  ({_stages(each.stages, changes)})")
    for weighed in _others(changes):
        yield clean(f"  {weighed.difference}{_way(weighed)}")
    for affected in changes.affected:
        yield clean(f"  test {_place(affected)}: {affected.case.name}: {_outcomes(affected)}")


def data(changes: Changes, fault: str) -> dict[str, Any]:
    """Plain data with every difference by itself; ``version_error`` is what --check-version finds."""
    return {
        "version": FORMAT,
        "old": _identity(changes.old),
        "new": _identity(changes.new),
        "level": changes.level.name.lower(),
        "why": changes.why,
        "version_error": fault,
        "changes": [
            {
                "path": each.difference.path,
                "change": each.difference.change.value,
                "rule": each.difference.rule,
                "old": each.difference.old,
                "new": each.difference.new,
                "level": each.level.name.lower(),
                "why": each.why,
                "direction": None if each.way is None else each.way.value,
            }
            for each in changes.weighed
        ],
        "tests": [
            {
                "path": each.case.span.source.name,
                "line": each.case.span.line,
                "name": each.case.name,
                "old": _told(each.old),
                "new": None if each.new is None else _told(each.new),
                "passes": each.new is not None and each.new.passed,
            }
            for each in changes.affected
        ],
    }


def markdown(changes: Changes, fault: str) -> Iterator[str]:
    """Lines of Markdown; everything that an author has written stands in code spans."""
    yield f"### {code(_title(changes))}: {changes.level.name.lower()}"
    yield ""
    yield f"{changes.why.capitalize()}."
    if fault:
        yield f"\n**{fault[0].upper()}{fault[1:]}.**"
    yield from _section("Parameters", [_parameter_item(each, changes) for each in _parameters(changes)])
    yield from _section("Rules and stages", [_item(each) for each in _others(changes)])
    tests = [f"{code(_place(each))} {code(each.case.name)}: {_outcomes(each)}" for each in changes.affected]
    yield from _section("Tests that come out otherwise", tests)


def _section(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"\n**{title}**\n"
        yield from (f"- {item}" for item in items)


def _parameter_item(each: _Parameter, changes: Changes) -> str:
    return f"{code(each.name)}: {code(each.words)} in {_stages(each.stages, changes)}"


def _item(each: Weighed) -> str:
    return f"{code(str(each.difference))}{_way(each)}"


def _title(changes: Changes) -> str:
    was, now = changes.old.curriculum, changes.new.curriculum
    second = now.version if was.name == now.name else f"{now.name} {now.version}"
    return f"{was.name} {was.version} -> {second}"


def _identity(graph: Any) -> dict[str, str]:
    return {"name": graph.curriculum.name, "version": graph.curriculum.version, "hash": graph.content_hash}


def _is_parameter(each: Weighed) -> bool:
    parts = each.difference.path.split(".", 3)
    return len(parts) == 4 and parts[0] == "stages" and parts[2] == "parameters"


def _parameters(changes: Changes) -> list[_Parameter]:
    """Changes of parameters, those that are the same in several stages together."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in filter(_is_parameter, changes.weighed):
        _, stage, _, name = each.difference.path.split(".", 3)
        words = str(each.difference).removeprefix(f"{each.difference.path}: ")
        found.setdefault((name, words), []).append(stage)
    return [_Parameter(name, words, tuple(stages)) for (name, words), stages in found.items()]


def _others(changes: Changes) -> list[Weighed]:
    return [each for each in changes.weighed if not _is_parameter(each)]


def _stages(stages: Sequence[str], changes: Changes) -> str:
    return "every stage" if len(stages) == len(changes.new.stages) > 1 else ", ".join(stages)


def _way(each: Weighed) -> str:
    """What the change of a condition means for the mice."""
    if each.way not in (Direction.LOOSER, Direction.TIGHTER) or each.difference.change is not Change.CHANGED:
        return ""
    return f" ({each.way}: fires {'more' if each.way is Direction.LOOSER else 'less'} often)"


def _place(affected: Affected) -> str:
    span = affected.case.span
    return f"{span.source.name}:{span.line}"


def _outcomes(affected: Affected) -> str:
    if affected.new is None:
        return "cannot be run any more, a stage or metric of it is gone"
    was, now = _told(affected.old), _told(affected.new)
    passes = "passes" if affected.new.passed else "fails"
    first = next((at for at, (one, other) in enumerate(zip(was, now, strict=True)) if one != other), None)
    if first is None:
        return f"the same decisions by another rule or for another reason; it {passes}"
    session = affected.new.steps[first].session
    return f"session {session}: {was[first]} before, {now[first]} now; it {passes}"


def _told(result: Result) -> list[str]:
    return list(_steps(result))


def _steps(result: Result) -> Iterable[str]:
    for step in result.steps:
        yield f"{step.situation.stage} {step.decision.decision} {step.decision.next_stage}"

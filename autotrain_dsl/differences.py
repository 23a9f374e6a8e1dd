"""What is different between two effective curriculums, place by place and in the words of the language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from autotrain_dsl.spelling import counted

_FIRST = ("name", "version", "description", "task_schema", "initial", "adjustable")
_LONGEST = 160  # characters of a text that are shown as a whole
_AROUND = 40  # characters that are shown before what has changed in a longer one

Content = Mapping[str, Any]


class Change(StrEnum):
    """What has happened to a place."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. ``path`` is its place, such as ``stages.STAGE_2.parameters.MaxTime``.

    ``old`` and ``new`` are plain data, None where there is nothing; of what has moved they are its places from 1. A
    rule is counted from 1 as it stands in the new curriculum (a removed one: in the old), and ``rule`` says which it
    is: ``progress STAGE_3``.
    """

    path: str
    change: Change
    old: Any = None
    new: Any = None
    rule: str = ""

    def __str__(self) -> str:
        """One line for people."""
        place = _cut(f"{self.path} ({self.rule})" if self.rule else self.path, 0)
        match self.change:
            case Change.MOVED:
                return f"{place}: moved from place {self.old} to place {self.new}"
            case Change.ADDED:
                return f"{place}: added: {_shown(self.new, self.path)}"
            case Change.REMOVED:
                return f"{place}: removed: {_shown(self.old, self.path)}"
        old, new = _focused(_shown(self.old, self.path), _shown(self.new, self.path))
        return f"{place}: {old} -> {new}"


def between(old: Content, new: Content) -> tuple[Difference, ...]:
    """Every difference between two curriculums in the form of ``StateGraph.content``, in the order of the new one.

    Stages are matched by name. Rules of a stage are matched if they are equal, else by decision and target, else by
    their condition; what is left over was added or removed. Equal curriculums have no differences, and only those.
    """
    first = [name for name in _FIRST if name in old or name in new]
    rest = sorted({*old, *new} - {*first, "stages"})
    found = [each for name in (*first, *rest) for each in _entry(name, name, old, new)]
    return (*found, *_stages(old.get("stages", ()), new.get("stages", ())))


def texts(differences: Iterable[Difference], most: int = 40) -> list[str]:
    """The first of some differences, a line each, and how many more there are."""
    lines = [str(each) for each in differences]
    more = [f"and {len(lines) - most} more differences"] if len(lines) > most else []
    return [*lines[:most], *more]


def _stages(old: Sequence[Content], new: Sequence[Content]) -> Iterator[Difference]:
    before, after = ({stage["name"]: stage for stage in stages} for stages in (old, new))
    for name, stage in after.items():
        if name in before:
            yield from _stage(f"stages.{name}", before[name], stage)
        else:
            yield Difference(f"stages.{name}", Change.ADDED, None, stage)
    for name, stage in before.items():
        if name not in after:
            yield Difference(f"stages.{name}", Change.REMOVED, stage, None)
    places = {name: place for place, name in enumerate(before)}
    shared = [(places[name], place, name) for place, name in enumerate(after) if name in places]
    for was, now, name in _moved(shared):
        yield Difference(f"stages.{name}", Change.MOVED, was + 1, now + 1)


def _stage(path: str, old: Content, new: Content) -> Iterator[Difference]:
    for key in sorted({*old, *new} - {"transitions"}):
        yield from _entry(f"{path}.{key}", key, old, new)
    yield from _rules(f"{path}.transitions", old.get("transitions", ()), new.get("transitions", ()))


def _rules(path: str, old: Sequence[Content], new: Sequence[Content]) -> Iterator[Difference]:
    pairs = rule_pairs(old, new)
    for place, rule in enumerate(new):
        where, what = f"{path}.{place + 1}", _aim_text(rule)
        if place not in pairs:
            yield Difference(where, Change.ADDED, None, rule)
            continue
        before, after = _asked(old[pairs[place]]), _asked(rule)
        for key in sorted({*before, *after}):
            for each in _entry(f"{where}.{key}", key, before, after):
                yield replace(each, rule=what)
    for place in sorted(set(range(len(old))) - set(pairs.values())):
        yield Difference(f"{path}.{place + 1}", Change.REMOVED, old[place], None)
    for was, now, what in _moved([(was, now, _aim_text(new[now])) for now, was in sorted(pairs.items())]):
        yield Difference(f"{path}.{now + 1}", Change.MOVED, was + 1, now + 1, what)


def rule_pairs(old: Sequence[Content], new: Sequence[Content]) -> dict[int, int]:
    """Places of new rules and of the old ones that they are, found by what they share: most of it first."""
    pairs: dict[int, int] = {}
    likeness: tuple[Callable[[Content], object], ...] = (
        _canonical,
        lambda rule: (_aim(rule), _condition(rule)),
        _aim,
        _condition,
    )
    for key in likeness:
        free: dict[object, list[int]] = {}
        for place in sorted(set(range(len(old))) - set(pairs.values())):
            free.setdefault(key(old[place]), []).append(place)
        for place, rule in enumerate(new):
            if place not in pairs and free.get(key(rule)):
                pairs[place] = free[key(rule)].pop(0)
    return pairs


def _moved(shared: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Of what stands in both, as (old place, new place, name) in the new order, as few as can have been moved."""
    chains: list[list[int]] = []  # the longest one that keeps its order, for every place at which one can end

    def weight(chain: list[int]) -> tuple[int, int]:
        return len(chain), sum(shared[at][0] == shared[at][1] for at in chain)

    for at, (was, *_) in enumerate(shared):
        shorter = [[], *(chains[before] for before in range(at) if shared[before][0] < was)]
        chains.append([*max(shorter, key=weight), at])
    kept = max([[], *chains], key=weight)
    return [each for at, each in enumerate(shared) if at not in kept]


def _entry(path: str, key: str, old: Content, new: Content) -> Iterator[Difference]:
    if key not in old:
        yield Difference(path, Change.ADDED, None, new[key])
    elif key not in new:
        yield Difference(path, Change.REMOVED, old[key], None)
    elif isinstance(old[key], Mapping) and isinstance(new[key], Mapping):
        for inner in sorted({*old[key], *new[key]}):
            yield from _entry(f"{path}.{inner}", inner, old[key], new[key])
    elif _canonical(old[key]) != _canonical(new[key]):
        yield Difference(path, Change.CHANGED, old[key], new[key])


def _asked(rule: Content) -> Content:
    """A rule in which ``when`` says what is asked, be it ``otherwise`` or ``manual``."""
    return {**{key: value for key, value in rule.items() if key != "trigger"}, "when": _condition(rule)}


def _condition(rule: Content) -> str:
    return str(rule.get("when", rule.get("trigger", "")))


def _aim(rule: Content) -> tuple[object, object]:
    return rule.get("decision"), rule.get("to")


def _aim_text(rule: Content) -> str:
    return f"{rule.get('decision')} {rule.get('to')}" if rule.get("decision") != "stay" else "stay"


def _canonical(value: Any) -> str:
    """Text that is equal for what is the same: 1, 1.0 and true are three different values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


def _shown(value: Any, path: str) -> str:
    if isinstance(value, Mapping) and "transitions" in value:
        parameters, rules = len(value.get("parameters", ())), len(value["transitions"])
        return f"a stage with {counted(parameters, 'parameter')} and {counted(rules, 'rule')}"
    if isinstance(value, Mapping) and "decision" in value:
        asked = _condition(value)
        return f"{_aim_text(value)} {asked if value.get('trigger') != 'when' else f'when {asked}'}"
    if isinstance(value, str) and path.endswith(".when"):
        return value
    return json.dumps(value, ensure_ascii=False)


def _focused(old: str, new: str) -> tuple[str, str]:
    """Two texts as they are, or of long ones what is around their first difference."""
    if max(len(old), len(new)) <= _LONGEST:
        return old, new
    pairs = enumerate(zip(old, new, strict=False))
    same = next((at for at, (ours, theirs) in pairs if ours != theirs), min(len(old), len(new)))
    start = max(same - _AROUND, 0)
    return _cut(old, start), _cut(new, start)


def _cut(text: str, start: int) -> str:
    end = start + _LONGEST
    return f"{'...' if start else ''}{text[start:end]}{'...' if len(text) > end else ''}"

"""What can be written at a cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from autotrain_dsl.lsp.lines import Cursor
from autotrain_dsl.lsp.texts import Names, Text
from autotrain_dsl.lsp.words import FUNCTIONS, SITUATION, rule_at

_STAGE_KEYS = ("progress", "rollback", "inherits", "initial", "stage", "next_stage", "expect_path", "ran")
_CONDITIONS = ("when", "all", "any", "not", "check")
_MOST_FILES = 200


class Kind(Enum):
    """What is proposed."""

    KEY = auto()
    STAGE = auto()
    BLOCK = auto()
    METRIC = auto()
    PARAMETER = auto()
    CONSTANT = auto()
    FUNCTION = auto()
    VALUE = auto()
    FILE = auto()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A word, what it is, and what it means; ``insert`` is what is written if that is more than the word."""

    word: str
    kind: Kind
    about: str = ""
    insert: str = ""


def proposals(text: Text, at: Cursor) -> list[Proposal]:
    """Everything that can stand at a cursor, in the order in which the file or the schema has it."""
    text = text.without(at.first, at.number) if text.read[0] is None else text
    found = [*_values(text, at)] if at.value else [*_keys(text, at)]
    if at.item or not found:  # a mapping may begin in a list, and a value may stand in a line of its own
        found += [*_keys(text, at)] if at.value and at.item else [] if at.value else [*_values(text, at)]
    return list({each.word: each for each in found}.values())


def _values(text: Text, at: Cursor) -> Iterator[Proposal]:
    if not at.keys:
        return
    last, names = at.keys[-1], text.known
    if last in _STAGE_KEYS:
        yield from (Proposal(name, Kind.STAGE, _described(stage)) for name, stage in names.stages.items())
    elif last == "use":
        yield from (Proposal(name, Kind.BLOCK, _listed(block)) for name, block in names.blocks.items())
    elif last in _CONDITIONS or at.keys[-2:-1] == ("derived",):
        yield from _expression(text, names)
    elif last == "adjustable":
        yield from _parameters(names, Kind.PARAMETER)
    elif last == "missing":
        yield from _metrics(names)
    elif last in ("extends", "curriculum") and len(at.keys) == 1:
        yield from _files(text)
    elif _in_parameters(at.keys[:-1]) and last in names.parameters:
        yield from _choices(names.parameters[last])
    else:
        yield from _choices(rule_at(text.kind, at.keys))


def _keys(text: Text, at: Cursor) -> Iterator[Proposal]:
    names = text.known
    if _in_parameters(at.keys):
        yield from (_with_colon(each) for each in _parameters(names, Kind.PARAMETER))
    elif at.keys[-1:] == ("sessions",):
        yield from (_with_colon(each) for each in _metrics(names))
    else:
        for key, rule in rule_at(text.kind, at.keys).get("properties", {}).items():
            if rule.get("not") != {}:
                yield _with_colon(Proposal(key, Kind.KEY, rule.get("description", "")))


def _in_parameters(keys: tuple[str, ...]) -> bool:
    return keys[-1:] == ("parameters",) or (len(keys) == 2 and keys[0] == "blocks")


def _expression(text: Text, names: Names) -> Iterator[Proposal]:
    if text.kind == "task":
        return
    yield from _metrics(names)
    yield from (Proposal(name, Kind.CONSTANT, f"constant {value}") for name, value in names.constants.items())
    yield from (Proposal(name, Kind.CONSTANT, f"`{value}`") for name, value in names.derived.items())
    yield from (Proposal(name, Kind.METRIC, about) for name, about in SITUATION.items())
    yield from (Proposal(name, Kind.FUNCTION, about, f"{name}(") for name, about in FUNCTIONS.items())


def _metrics(names: Names) -> Iterator[Proposal]:
    for metric in names.task.metrics.values() if names.task is not None else ():
        yield Proposal(metric.name, Kind.METRIC, metric.title)


def _parameters(names: Names, kind: Kind) -> Iterator[Proposal]:
    for name, rule in names.parameters.items():
        yield Proposal(name, kind, about_parameter(rule))


def about_parameter(rule: Mapping[str, Any]) -> str:
    """A parameter in words: title, unit, range."""
    title = ", in ".join(str(rule[key]) for key in ("title", "unit") if key in rule)
    bounds = {
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "maximum": "at most",
        "exclusiveMaximum": "less than",
    }
    between = ", ".join(f"{words} {rule[key]}" for key, words in bounds.items() if key in rule)
    choices = ", ".join(map(str, rule.get("enum", ())))
    default = f"default {rule['default']}" if "default" in rule else ""
    return "; ".join(part for part in (title, between, choices, default) if part)


def _choices(rule: Mapping[str, Any]) -> Iterator[Proposal]:
    kinds = rule.get("type", ())
    values: Iterable[Any] = rule.get("enum") or ([rule["const"]] if "const" in rule else ())
    if "boolean" in ((kinds,) if isinstance(kinds, str) else kinds):
        values = values or (True, False)
    for value in values:
        word = str(value).lower() if isinstance(value, bool) else str(value)
        quoted = isinstance(value, str) and word in ("on", "off", "yes", "no", "")
        yield Proposal(word or '""', Kind.VALUE, "", f'"{word}"' if quoted else word)


def _files(text: Text) -> Iterator[Proposal]:
    own = text.path.parent
    for number, file in enumerate(sorted(own.glob("*.yaml"))):
        if number >= _MOST_FILES:
            return
        if file != text.path and not file.name.endswith(".test.yaml"):
            yield Proposal(file.name, Kind.FILE)


def _described(stage: Any) -> str:
    return str(stage.get("description") or "") if isinstance(stage, dict) else ""


def _listed(block: Any) -> str:
    return ", ".join(f"{name}: {value}" for name, value in block.items()) if isinstance(block, dict) else ""


def _with_colon(each: Proposal) -> Proposal:
    return Proposal(each.word, each.kind, each.about, f"{each.word}: ")

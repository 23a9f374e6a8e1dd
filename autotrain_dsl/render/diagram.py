"""The graph of stages as a picture sees it: boxes and arrows with their texts, without colours and without escaping."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.expressions import printer
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Condition, Leaf, Move, Stage, Transition, Trigger
from autotrain_dsl.source import Span

_MOST = 4_000  # characters of one part of a tool tip: written out, conditions may be much longer than their file
_CUT = " \N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding as a picture shows it: its code on the spot, its message in the tool tip."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Box:
    """A stage. ``share`` is its place in the order of training, from 0 (the first) to 1 (the last)."""

    id: str
    name: str
    label: str
    tip: str
    share: float
    initial: bool
    final: bool
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrow:
    """A rule of a stage: ``number`` is its place there, from 1; ``source`` and ``target`` are ids of boxes.

    ``text`` is short: the reason, or the condition as it is written. ``whole`` is everything, in lines.
    """

    source: str
    target: str
    stage: str
    move: Move
    manual: bool
    number: int
    text: str
    whole: str
    marks: tuple[Mark, ...] = ()

    @property
    def tip(self) -> str:
        """What there is to know about the rule, where only its arrow is seen."""
        return f"{self.stage}, rule {self.number}: {self.whole}"


@dataclass(frozen=True, slots=True)
class Diagram:
    """All boxes in the order of training, all arrows by box and number, and findings that belong to none of them."""

    name: str
    version: str
    description: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    other_marks: tuple[Mark, ...] = ()

    @property
    def title(self) -> str:
        """What the picture is called."""
        return f"{self.name} {self.version}"

    @property
    def remark(self) -> str:
        """What is to be said about findings that have no place in the picture; empty if there are none."""
        count = len(self.other_marks)
        codes = ", ".join(dict.fromkeys(mark.code for mark in self.other_marks))
        return f"\N{WARNING SIGN} {count} more warning{'s' if count > 1 else ''} ({codes})" if count else ""


def of(graph: StateGraph, findings: Iterable[Diagnostic] = ()) -> Diagram:
    """The diagram of a curriculum; each finding marks the rule or stage where it stands, or is counted beside them."""
    places = list(_places(graph))
    placed: dict[tuple[str, int] | None, list[Mark]] = {}
    for finding in findings:
        place = next((place for place, span in places if _touch(finding.span, span)), None)
        placed.setdefault(place, []).append(Mark(finding.code.id, clean(finding.message)))
    ids = {stage.name: f"n{position}" for position, stage in enumerate(graph.stages)}
    arrows = [
        _arrow(stage.name, ids, number, rule, tuple(placed.get((stage.name, number), ())))
        for stage in graph.stages
        for number, rule in enumerate(graph.rules(stage.name), 1)
    ]
    return Diagram(
        name=clean(graph.curriculum.name),
        version=clean(graph.curriculum.version),
        description=clean(graph.curriculum.description),
        boxes=tuple(_box(graph, stage, ids, tuple(placed.get((stage.name, 0), ()))) for stage in graph.stages),
        arrows=tuple(arrows),
        other_marks=tuple(placed.get(None, ())),
    )


def condition(rule: Transition) -> str:
    """The whole condition of a rule with constants and derived names written out; ``otherwise``; or ``by hand``."""
    if rule.trigger is Trigger.WHEN and rule.program is not None:
        return printer.text(rule.program.node)
    return "by hand" if rule.trigger is Trigger.MANUAL else "otherwise"


def sentence(rule: Transition) -> str:
    """What a rule does, and when: ``progress to STAGE_2 when ...``."""
    what = "stay" if rule.move is Move.STAY else f"{rule.move} to {rule.target}"
    when = condition(rule)
    return f"{what} {'when ' if rule.trigger is Trigger.WHEN else ''}{when}"


def written(when: Condition) -> str:
    """A condition as its author wrote it, on one line: ``all`` and ``any`` as ``and`` and ``or``."""
    if isinstance(when, Leaf):
        return " ".join(when.text.split())
    parts = [written(part) for part in when.parts]
    if when.operator == "not":
        return f"not ({parts[0]})"
    if len(parts) == 1:
        return parts[0]
    return {"all": " and ", "any": " or "}[when.operator].join(_grouped(part) for part in parts)


def wrapped(text: str, width: int, lines: int) -> list[str]:
    """A text in so many lines at most, white space as single spaces; an ellipsis ends what is cut."""
    # Only so much is looked at as can be shown: a text may be as long as a file.
    shown = text[: (width + 1) * (lines + 1) * 2]
    return _Wrapper(width, max_lines=lines, placeholder=_CUT, break_on_hyphens=False).wrap(shown)


def cut(text: str, most: int) -> str:
    """A text with an ellipsis for what is beyond so many characters."""
    return text if len(text) <= most else text[:most].rstrip() + _CUT


def clean(text: str) -> str:
    """Text of a file without control, direction and other invisible characters, which no picture may hold."""
    return "".join(c if c.isprintable() or c == "\n" else _replacement(c) for c in text.replace("\r\n", "\n"))


class _Wrapper(textwrap.TextWrapper):
    wordsep_simple_re = re.compile(r"([\t\n\r ]+|(?<=\())")  # a condition may also be broken behind a bracket


def _replacement(character: str) -> str:
    blank = character in "\t\r" or unicodedata.category(character) == "Zs"
    return " " if blank else "\N{REPLACEMENT CHARACTER}"


def _box(graph: StateGraph, stage: Stage, ids: dict[str, str], marks: tuple[Mark, ...]) -> Box:
    initial, last = stage.name == graph.initial, len(ids) - 1
    position = graph.position(stage.name)
    facts = [
        f"{stage.name}: stage {position + 1} of {last + 1}",
        stage.description,
        *(["New subjects start here."] if initial else []),
        *(["Training is complete here."] if stage.final else []),
    ]
    share = position / last if last else 0.0
    tip = _lines(facts, marks)
    return Box(ids[stage.name], stage.name, clean(stage.label), tip, share, initial, stage.final, marks)


def _arrow(source: str, ids: dict[str, str], number: int, rule: Transition, marks: tuple[Mark, ...]) -> Arrow:
    target = source if rule.move is Move.STAY else rule.target
    manual = rule.trigger is Trigger.MANUAL
    whole = _lines([sentence(rule), f"because {rule.because}" if rule.because else ""], marks)
    text = rule.because or (condition(rule) if rule.when is None else written(rule.when))
    return Arrow(ids[source], ids[target], source, rule.move, manual, number, clean(text), whole, marks)


def _lines(facts: list[str], marks: tuple[Mark, ...]) -> str:
    lines = [cut(clean(fact).strip(), _MOST) for fact in facts]
    lines += [f"\N{WARNING SIGN} {mark.code}: {mark.message}" for mark in marks]
    return "\n".join(line for line in lines if line)


def _grouped(part: str) -> str:
    return f"({part})" if " and " in part or " or " in part else part


def _places(graph: StateGraph) -> Iterator[tuple[tuple[str, int], Span]]:
    """Stage and number of every rule with the spans of its parts; then, with number 0, of what else is in a stage."""
    for stage in graph.stages:
        for number, rule in enumerate(graph.rules(stage.name), 1):
            for span in (rule.span, rule.target_span, *_parts(rule.when)):
                yield (stage.name, number), span
    for stage in graph.stages:
        yield (stage.name, 0), stage.span
        for setting in stage.parameters.values():
            yield (stage.name, 0), setting.key
            yield (stage.name, 0), setting.span


def _parts(when: Condition | None) -> Iterator[Span]:
    if when is not None:
        yield when.span
    for part in getattr(when, "parts", ()):
        yield from _parts(part)


def _touch(one: Span, other: Span) -> bool:
    return one.source is other.source and one.start < other.end and other.start < one.end

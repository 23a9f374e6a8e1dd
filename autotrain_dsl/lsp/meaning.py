"""What a word in a text means, and where that is written."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autotrain_dsl.codes import BY_ID
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.document import Place
from autotrain_dsl.lsp.completion import about_parameter
from autotrain_dsl.lsp.lines import Cursor, comment_at, cursor, word_at
from autotrain_dsl.lsp.texts import Text, place_at
from autotrain_dsl.lsp.words import FUNCTIONS, SITUATION, rule_at
from autotrain_dsl.model import Metric, Setting
from autotrain_dsl.source import Source, Span

_CONDITIONS = ("when", "all", "any", "not", "check")
_STAGE_KEYS = ("progress", "rollback", "inherits", "initial", "stage", "next_stage", "expect_path", "ran")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is known about a word, as Markdown, and where it is defined, if anywhere; ``span`` is the word itself."""

    about: str
    span: Span
    defined: Span | None = None


def meaning(text: Text, number: int, column: int) -> Meaning | None:
    """The meaning of what stands in a line (from 0) at a column (from 0)."""
    lines = text.content.split("\n")
    line = lines[number] if number < len(lines) else ""
    start = text.source.line_starts[number] if number < len(text.source.line_starts) else 0
    if (code := _code_at(line, column, text.source, start)) is not None:
        return code
    if column > comment_at(line):
        return None
    at = cursor(lines, number, column)
    found = word_at(line, column)
    read = text.read[0]
    place = place_at(read, start + column) if read is not None else None
    if place is not None and place[0][-1:] in (("extends",), ("curriculum",)) and not place[1] and read is not None:
        return _file(text, read.values[place[0]])
    if found is None:
        return None
    word, begin, end = found
    span = Span(text.source, start + begin, start + end)
    if place is not None and place[1]:
        return _key(text, place[0], word, span)
    return _name(text, at, word, span)


def _code_at(line: str, column: int, source: Source, start: int) -> Meaning | None:
    for match in re.finditer(r"ATD\d{3}", line):
        if match.start() <= column <= match.end() and match.group() in BY_ID:
            code = BY_ID[match.group()]
            about = f"**{code.id} {code.name}**: {code.title}\n\n{code.why}\n\n{code.fix}"
            return Meaning(about, Span(source, start + match.start(), start + match.end()))
    return None


def _file(text: Text, span: Span) -> Meaning | None:
    name = text.read[0].data.get("extends") or text.read[0].data.get("curriculum") if text.read[0] is not None else None
    if not isinstance(name, str):
        return None
    base = text.library.base(text.path, name, span)
    if isinstance(base, Diagnostic):
        return Meaning(_escaped(base.message), span)
    return Meaning(_code(base.name), span, Source(str(base.resolve()), "").whole())


def _key(text: Text, place: Place, word: str, span: Span) -> Meaning | None:
    """A key: of a parameter its value, of a stage what it is, else what the language says of it."""
    keys = [str(step) for step in place if isinstance(step, str)]
    names = text.known
    if len(keys) == 2 and keys[0] == "stages":
        return _stage(text, word, span)
    if word in names.parameters and (keys[-2:-1] == ["parameters"] or (keys[0] == "blocks" and len(keys) == 3)):
        return _parameter(text, keys, word, span)
    if keys[0] in ("constants", "derived") and len(keys) == 2:
        return _name(text, Cursor((), value=True), word, span)
    if text.kind == "tests" and keys[-2:-1] == ["sessions"] and names.task is not None and word in names.task.metrics:
        return Meaning(_metric(names.task.metrics[word]), span)
    about = rule_at(text.kind, keys[:-1]).get("properties", {}).get(keys[-1], {}).get("description")
    return Meaning(_escaped(about), span) if about else None


def _stage(text: Text, name: str, span: Span) -> Meaning | None:
    names = text.known
    if names.document is None or name not in names.stages:
        return None
    stage = names.stages[name] if isinstance(names.stages[name], dict) else {}
    lines = [f"**stage {name}**", _escaped(str(stage.get("description") or ""))]
    graph = text.compiled.graph if text.compiled is not None else None
    if graph is not None and graph.has_stage(name):
        effective = graph.stage(name).effective
        lines += [f"- {_code(key)}: {_code(_yaml(each.value))} {_from(text, each)}" for key, each in effective.items()]
    return Meaning(
        "\n\n".join([line for line in lines[:2] if line]) + "\n\n" + "\n".join(lines[2:]),
        span,
        names.document.key(("stages", name)),
    )


def _parameter(text: Text, keys: list[str], name: str, span: Span) -> Meaning:
    about = f"**{name}**: {_escaped(about_parameter(text.known.parameters[name]))}"
    graph = text.compiled.graph if text.compiled is not None else None
    setting = None
    if graph is not None and keys[0] == "stages" and graph.has_stage(keys[1]):
        setting = graph.stage(keys[1]).effective.get(name)
    if setting is None:
        return Meaning(about, span)
    return Meaning(f"{about}\n\neffective: {_code(_yaml(setting.value))} {_from(text, setting)}", span, setting.key)


def _name(text: Text, at: Cursor, word: str, span: Span) -> Meaning | None:
    """A word in a value: a stage, a block, or a name in an expression."""
    names, last = text.known, at.keys[-1] if at.keys else ""
    if last in _STAGE_KEYS:
        return _stage(text, word, span)
    if last == "use" and word in names.blocks and names.document is not None:
        listed = ", ".join(f"{key}: {_yaml(value)}" for key, value in dict(names.blocks[word]).items())
        return Meaning(f"**block {word}**: {_code(listed)}", span, names.document.key(("blocks", word)))
    if last == "adjustable" and word in names.parameters:
        return _parameter(text, ["adjustable", word], word, span)
    if at.keys and last not in (*_CONDITIONS, "missing") and at.keys[-2:-1] != ("derived",):
        return None  # prose
    for group, title in (("constants", "constant"), ("derived", "derived name")):
        defined: Mapping[str, Any] = getattr(names, group)
        if word in defined and names.document is not None:
            about = f"**{title} {word}**: {_code(str(defined[word]))}"
            return Meaning(about, span, names.document.key((group, word)))
    if names.task is not None and word in names.task.metrics:
        return Meaning(_metric(names.task.metrics[word]), span)
    about = FUNCTIONS.get(word) or SITUATION.get(word) or ""
    return Meaning(about, span) if about else None


def _metric(metric: Metric) -> str:
    kind = "whole number" if metric.integer else "number"
    unit = f" of {metric.unit}" if metric.unit else ""
    columns = ", ".join(_code(column) for column in metric.columns)
    between = f"{metric.minimum:g} to {metric.maximum:g}"
    about = f"{kind}{_escaped(unit)}, {between}; in tables {columns}"
    return f"**metric {metric.name}**: {_escaped(metric.title)}\n\n{about}"


def _from(text: Text, setting: Setting) -> str:
    if setting.through == "default":
        return "(default of the task schema)"
    name = setting.span.source.name
    extended = ["extends"] if name != str(text.path) else []
    through = ", ".join([*extended, *([setting.through] if setting.through else [])])
    where = f"{os.path.relpath(name, text.path.parent)}:{setting.span.line}"
    return f"({_escaped(where)}{f' via {_escaped(through)}' if through else ''})"


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _code(words: str) -> str:
    """A code span that its content cannot leave: of one line, without the sign that ends it."""
    shown = " ".join(words.split()).replace("`", "'")
    return f"`{shown}`" if shown else '`""`'


def _escaped(words: str) -> str:
    """Text of an author in Markdown: nothing in it is a link, a picture or an element."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(words.split()))

"""A complete document to a curriculum: the same facts with names, defaults and places. No checks of meaning yet."""

from __future__ import annotations

from collections.abc import Iterator

from autotrain_dsl.document import Document, Place, Value
from autotrain_dsl.model import (
    Block,
    Condition,
    Constant,
    Curriculum,
    Definition,
    Group,
    Leaf,
    Move,
    Setting,
    Stage,
    Transition,
    Trigger,
    Written,
)
from autotrain_dsl.source import Span


def is_complete(document: Document) -> bool:
    """Whether a document has everything that a curriculum needs."""
    task = document.data.get("task_schema", {})
    return {"name", "version", "stages"} <= document.data.keys() and {"name", "version"} <= task.keys()


def load(document: Document) -> Curriculum:
    """The curriculum that a complete document says; parts that do not satisfy the JSON Schema are left out."""
    data = document.data
    stages = {name: _stage(document, name) for name in data["stages"]}
    first = next(iter(stages), "")
    return Curriculum(
        source=document.source,
        name=data["name"],
        version=data["version"],
        named=document.span(("name",)),
        description=data.get("description", ""),
        task=(data["task_schema"]["name"], data["task_schema"]["version"]),
        task_span=document.key(("task_schema",)),
        initial=Written(data.get("initial", first), document.span(("initial",))),
        constants={
            name: Constant(float(value), document.key(("constants", name)))
            for name, value in data.get("constants", {}).items()
        },
        derived={
            name: Definition(Leaf(text, document.span(("derived", name))), document.key(("derived", name)))
            for name, text in data.get("derived", {}).items()
        },
        blocks={
            name: Block(name, document.key(("blocks", name)), _settings(document, ("blocks", name)))
            for name in data.get("blocks", {})
        },
        adjustable=_words(document, ("adjustable",)),
        stages=stages,
        unusable=frozenset(_refused_names(document)),
    )


def names_of(document: Document) -> tuple[str, str] | None:
    """Name and version that a document claims, where it has both."""
    name, version = document.data.get("name"), document.data.get("version")
    return (name, version) if isinstance(name, str) and isinstance(version, str) else None


def expressions(document: Document) -> Iterator[tuple[str, Span]]:
    """Every expression in a document, complete or not: its text and where it stands."""
    for place in document.values:
        derived = place[:1] == ("derived",) and len(place) == 2
        condition = place[:1] == ("stages",) and place[2:3] == ("transitions",) and place[4:5] == ("when",)
        if derived or condition:
            value: Value = document.data
            for step in place:
                known = step in value if isinstance(value, dict) else isinstance(value, list) and isinstance(step, int)
                value = value[step] if known else None
            if isinstance(value, str):
                yield value, document.span(place)


def _refused_names(document: Document) -> Iterator[str]:
    for group, *rest in document.keys:
        if group in ("constants", "derived") and len(rest) == 1 and rest[0] not in document.data.get(group, {}):
            yield str(rest[0])


def _stage(document: Document, name: str) -> Stage:
    place: Place = ("stages", name)
    data = document.data["stages"][name]
    parent = data.get("inherits")
    return Stage(
        name=name,
        span=document.key(place),
        label=data.get("label", name),
        description=data.get("description", ""),
        inherits=None if parent is None else Written(parent, document.span((*place, "inherits"))),
        use=_words(document, (*place, "use")),
        parameters=_settings(document, (*place, "parameters")),
        transitions=tuple(_transitions(document, data.get("transitions", []), (*place, "transitions"))),
        final=data.get("final", False),
    )


def _transitions(document: Document, data: list[Value], place: Place) -> Iterator[Transition]:
    for number, rule in enumerate(data):
        move = next((move for move in Move if move in (rule or {})), None)
        trigger = next((trigger for trigger in Trigger if trigger in (rule or {})), None)
        if move is None or trigger is None:
            continue
        here = (*place, number)
        yield Transition(
            move=move,
            target="" if move is Move.STAY else rule[move],
            trigger=trigger,
            span=document.key((*here, move.value)),
            target_span=document.span((*here, move.value)),
            when=_condition(document, rule.get("when"), (*here, "when")),
            because=rule.get("because", ""),
        )


def _condition(document: Document, data: Value, place: Place) -> Condition | None:
    if isinstance(data, str):
        return Leaf(data, document.span(place))
    if not data:
        return None
    operator, inner = next(iter(data.items()))
    below = (*place, operator)
    written = [(inner, below)] if operator == "not" else [(part, (*below, n)) for n, part in enumerate(inner)]
    parts = [part for value, where in written if (part := _condition(document, value, where)) is not None]
    return Group(operator, tuple(parts), document.values[place]) if parts else None


def _settings(document: Document, place: Place) -> dict[str, Setting]:
    data: Value = document.data
    for step in place:
        data = data.get(step, {})
    return {
        name: Setting(value, document.span((*place, name)), document.key((*place, name)))
        for name, value in data.items()
    }


def _words(document: Document, place: Place) -> tuple[Written, ...]:
    data: Value = document.data
    for step in place:
        data = data.get(step, {})
    return tuple(Written(word, document.span((*place, number))) for number, word in enumerate(data) if word is not None)

"""The files of a published curriculum: their names, and the program's own one, which says all that it means."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple, NoReturn

from autotrain_dsl import graph
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.legacy import stages
from autotrain_dsl.store.base import UnreadableError

FORMAT = "autotrain-dsl curriculum 1"
MAX_BYTES = 8 * 1024 * 1024  # of the program's own file
LARGEST = 32 * 1024 * 1024  # of any published file
_PARTS = {"stages": 100, "transitions": 50, "parameters": 500}  # at most; as in curriculum.schema.json
_NATIVE = re.compile(r"([A-Za-z0-9][A-Za-z0-9 _.()+-]*)@([A-Za-z0-9][A-Za-z0-9_.+-]*)\.json")
_OTHER_SCHEMA = re.compile(r"[0-9.]+\.json")
_CURRICULUM: Mapping[str, type] = {
    "name": str,
    "version": str,
    "description": str,
    "task_schema": dict,
    "initial": str,
    "adjustable": list,
    "stages": list,
}
_STAGE: Mapping[str, type] = {
    "name": str,
    "label": str,
    "description": str,
    "final": bool,
    "parameters": dict,
    "transitions": list,
}
_RULE: Mapping[str, type] = {"decision": str, "to": str, "trigger": str, "because": str}


class Keys(NamedTuple):
    """Names of the files of one curriculum: ours, the older system's, the state graph, the table of parameters."""

    native: str
    legacy: str
    rules: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Artefact:
    """What one of the program's own files says; ``content`` is that of ``StateGraph.content``."""

    content: Mapping[str, Any]
    content_hash: str


def keys(name: str, version: str) -> Keys:
    """The files of a curriculum."""
    stem = stages.stem(name, version)
    return Keys(f"{name}@{version}.json", f"{stem}.json", f"{stem}_rules.svg", f"{stem}_paras.svg")


def named(key: str) -> tuple[str, str] | None:
    """Name and version of the curriculum whose own file is called so, None if it is called otherwise."""
    match = _NATIVE.fullmatch(key)
    return (match[1], match[2]) if match else None


def siblings(wanted: Keys, present: Iterable[str]) -> tuple[str, ...]:
    """Files of the same curriculum that the older system has written under another version of its own schema."""
    head = wanted.legacy.removesuffix(f"{stages.SCHEMA_VERSION}.json")
    tails = {key: key.removeprefix(head) for key in present if key.startswith(head) and key != wanted.legacy}
    return tuple(sorted(key for key, tail in tails.items() if _OTHER_SCHEMA.fullmatch(tail)))


def is_ambiguous(name: str, version: str) -> bool:
    """Whether the older system's files of another curriculum could have the same names."""
    return "_curriculum_v" in name or "_curriculum_v" in version


def to_bytes(compiled: StateGraph) -> bytes:
    """The program's own file: canonical JSON, the same bytes wherever it is made."""
    content = {"format": FORMAT, "content_hash": compiled.content_hash, "curriculum": compiled.content}
    return graph.canonical(content) + b"\n"


def read(content: bytes, key: str) -> Artefact:
    """What the program's own file called ``key`` says.

    Raises UnreadableError where it is damaged, of another program or format, or not the curriculum of its name.
    """
    if len(content) > MAX_BYTES:
        raise UnreadableError(f"it is larger than {MAX_BYTES // 1024 // 1024} MiB")
    data = _parsed(content)
    if not isinstance(data, dict) or "format" not in data:
        raise UnreadableError("it is no curriculum that autotrain-dsl has published")
    if data["format"] != FORMAT:
        raise UnreadableError(f"its format is {_shown(data['format'])}, and this program reads `{FORMAT}`")
    if data.keys() != {"format", "content_hash", "curriculum"}:
        raise UnreadableError("it does not have just the keys format, content_hash and curriculum")
    curriculum = data["curriculum"]
    actual = hashlib.sha256(graph.canonical(curriculum)).hexdigest()
    if data["content_hash"] != actual:
        raise UnreadableError("its content does not have the hash that stands in it: it was damaged or changed")
    _check(curriculum)
    if key != keys(curriculum["name"], curriculum["version"]).native:
        raise UnreadableError(f"it holds the curriculum {_shown(curriculum['name'])} {_shown(curriculum['version'])}")
    return Artefact(curriculum, actual)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(
            content.decode("utf-8"), object_pairs_hook=_unique, parse_float=_finite, parse_constant=_not_finite
        )
    except RecursionError as error:
        raise UnreadableError("it is nested too deeply") from error
    except ValueError as error:  # of decoding, too, and for numbers of thousands of digits
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise UnreadableError(f"it is not JSON ({reason[:100]})") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else _not_finite(text)


def _not_finite(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is not a number that can be kept")


def _check(curriculum: Any) -> None:
    """Raise UnreadableError where content is not in the form of ``StateGraph.content``."""
    _expect(curriculum, _CURRICULUM, "curriculum")
    found = curriculum["stages"]
    _limited(found, "stages")
    for stage in found:
        _expect(stage, _STAGE, "stage")
        _limited(stage["transitions"], "transitions")
        _limited(stage["parameters"], "parameters")
        for rule in stage["transitions"]:
            _expect(rule, _RULE, "rule")
            if not isinstance(rule.get("when", ""), str):
                raise UnreadableError("a rule in it has a condition that is no text")
    if len({stage["name"] for stage in found}) != len(found):
        raise UnreadableError("a stage stands twice in it")


def _expect(value: Any, form: Mapping[str, type], what: str) -> None:
    if not isinstance(value, dict):
        raise UnreadableError(f"a {what} in it is not an object")
    for key, kind in form.items():
        if not isinstance(value.get(key), kind):
            raise UnreadableError(f"a {what} in it has no `{key}` of the right kind")


def _limited(value: Any, what: str) -> None:
    if len(value) > _PARTS[what]:
        raise UnreadableError(f"it has more {what} than a curriculum can have ({_PARTS[what]})")


def _shown(value: Any) -> str:
    return f"`{str(value)[:100]}`"

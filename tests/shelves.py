"""Made-up curriculums with all their files, for tests of publishing: files say whose they are."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from autotrain_dsl import artefacts, graph, older
from autotrain_dsl.legacy.model import LegacyCurriculum, LegacyRule, LegacyStage
from autotrain_dsl.model import Move
from autotrain_dsl.publishing import Bundle
from autotrain_dsl.source import Source
from autotrain_dsl.store.base import Blob, Objects
from autotrain_dsl.store.local import LocalObjects

NAME, VERSION = "Lever Pressing", "1.0"
KEYS = artefacts.keys(NAME, VERSION)
LIMIT = 1 << 20
Fault = Callable[[str, str, str], None]  # call, key, and whether it is before or after it
T = TypeVar("T")


def content(name: str = NAME, version: str = VERSION, max_time: object = 90) -> dict[str, Any]:
    """What an effective curriculum says, in the form of ``StateGraph.content``."""
    rule = {"decision": "progress", "to": "B", "trigger": "otherwise", "because": ""}
    first = {"name": "A", "label": "A", "description": "", "final": False, "parameters": {"MaxTime": max_time}}
    last = {"name": "B", "label": "B", "description": "", "final": True, "parameters": {}, "transitions": []}
    return {
        "dsl_version": 1,
        "name": name,
        "version": version,
        "description": "made up",
        "task_schema": {"name": "lever", "version": "1.0", "metrics": {}},
        "initial": "A",
        "adjustable": [],
        "stages": [{**first, "transitions": [rule]}, last],
    }


def native(content: Mapping[str, Any]) -> bytes:
    """The program's own file for it."""
    wrapped = {"format": artefacts.FORMAT, "content_hash": digest(content), "curriculum": content}
    return graph.canonical(wrapped) + b"\n"


def digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(graph.canonical(content)).hexdigest()


def bundle(
    name: str = NAME, version: str = VERSION, max_time: object = 90, tag: str = "", pictures: bool = True
) -> Bundle:
    """A curriculum whose files hold ``tag``, as those of another Graphviz would, and say what it says."""
    says = content(name, version, max_time)
    keys = artefacts.keys(name, version)
    files = {
        keys.native: native(says),
        keys.legacy: f"MaxTime {max_time}".encode(),
        **({each: f"<svg>{max_time} {tag}</svg>".encode() for each in keys[2:]} if pictures else {}),
    }
    makers = {key: (lambda made=made: made) for key, made in files.items()}
    return Bundle(says, digest(says), makers, lambda file: read_older(name, version, file), files[keys.legacy])


def read_older(name: str, version: str, file: bytes) -> older.Read:
    """A file of the older system in the short form of these tests: ``MaxTime 90``, and whatever else behind it."""
    source = Source(name, file.decode())
    rule = LegacyRule(Move.PROGRESS, "B", None, always=True, because="", original="", span=source.whole())
    first = LegacyStage("A", "Stage 1", "", {"MaxTime": float(file.split()[1])}, (rule,))
    last = LegacyStage("B", "Stage 2", "", None, ())
    return LegacyCurriculum(source, name, version, "", ("lever", "1.0"), (first, last)), []


def folder(path: Path) -> LocalObjects:
    """A folder as the commands open it."""
    return LocalObjects(path, links=False, largest=LIMIT)


def files(path: Path) -> dict[str, tuple[bytes, int]]:
    """Every file that readers see, with its content and the time of its last change."""
    found = sorted(each for each in path.glob("*") if not each.name.startswith("."))
    return {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in found}


def contents(path: Path) -> dict[str, bytes]:
    return {name: held for name, (held, _) in files(path).items()}


@dataclass(frozen=True)
class Faulty:
    """A store before and after whose every call something may happen."""

    inner: Objects
    fault: Fault
    uri: str = field(default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "uri", self.inner.uri)

    def get(self, key: str) -> Blob | None:
        return self._around("get", key, lambda: self.inner.get(key))

    def put(self, key: str, content: bytes, replaces: str | None) -> str:
        return self._around("put", key, lambda: self.inner.put(key, content, replaces))

    def keys(self, prefix: str = "") -> list[str]:
        return self._around("keys", prefix, lambda: self.inner.keys(prefix))

    def delete(self, key: str) -> None:
        self._around("delete", key, lambda: self.inner.delete(key))

    def ensure(self) -> None:
        self._around("ensure", "", self.inner.ensure)

    def probe(self) -> None:
        self._around("probe", "", self.inner.probe)

    def _around(self, call: str, key: str, do: Callable[[], T]) -> T:
        self.fault(call, key, "before")
        result = do()
        self.fault(call, key, "after")
        return result


def without(made: Bundle, *keys: str) -> Bundle:
    """The same curriculum, without some of its files."""
    return replace(made, makers={key: make for key, make in made.makers.items() if key not in keys})


def changed(says: Mapping[str, Any], change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    new = copy.deepcopy(dict(says))
    change(new)
    return new

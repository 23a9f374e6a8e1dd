"""Curriculums of the older system as YAML files: one folder a family, one file a version."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autotrain_dsl import document, layers, layout, versions
from autotrain_dsl.codes import resolver as codes
from autotrain_dsl.diagnostics import Diagnostic, Note, tidy
from autotrain_dsl.document import Document, Value
from autotrain_dsl.legacy import checking, families
from autotrain_dsl.legacy.model import LegacyCurriculum
from autotrain_dsl.legacy.plain import Plain, plain
from autotrain_dsl.source import Source
from autotrain_dsl.tasks import TaskSchemas

SCHEMA = "../../schemas/v1/curriculum.schema.json"  # from a file: that of a project with `curriculums` and `schemas`

_LONGEST = 80  # characters of a folder's name, and of a version in the name of a file
_RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")  # names that Windows has taken


@dataclass(frozen=True, slots=True)
class Written:
    """Texts by relative path (``family/family_version.yaml``), and findings on the files that they come from."""

    files: Mapping[str, str]
    diagnostics: list[Diagnostic]


def write(curriculums: Sequence[LegacyCurriculum], tasks: TaskSchemas, folder: Path) -> Written:
    """The YAML files for some curriculums, to stand below ``folder``, and everything that the compiler finds in them.

    A curriculum with errors gets its file too, which then says everything itself; only what could not be read again
    does not. Of two curriculums of the same name and version the first one counts.
    """
    found: list[Diagnostic] = []
    files: dict[str, str] = {}
    names: set[str] = set()
    for name, members in sorted(_families(curriculums, found).items()):
        family = _Family(folder / _free(_word(name.lower()) or "curriculum", names), tasks)
        family.take(members)
        files |= {f"{family.folder.name}/{stem}.yaml": text for stem, text in family.files.items()}
        found += family.diagnostics
    return Written(files, tidy(found))


def _families(curriculums: Iterable[LegacyCurriculum], found: list[Diagnostic]) -> dict[str, list[LegacyCurriculum]]:
    """Curriculums by name, in the order of their versions; those that are given twice are reported."""
    first: dict[tuple[str, str], LegacyCurriculum] = {}
    for curriculum in curriculums:
        other = first.setdefault((curriculum.name, curriculum.version), curriculum)
        if other is not curriculum:
            message = f"there is another curriculum {curriculum.name} {curriculum.version}; this one is left out"
            note = Note(f"the other is `{other.source.name}`", other.span(("version",)))
            hint = "import only one of them, or give it a new version"
            found.append(Diagnostic(codes.DUPLICATE_CURRICULUM, curriculum.span(("version",)), message, hint, (note,)))
    families: dict[str, list[LegacyCurriculum]] = {}
    for (name, _), curriculum in sorted(first.items(), key=lambda item: versions.order(item[0][1])):
        families.setdefault(name, []).append(curriculum)
    return families


@dataclass
class _Family:
    """The files of one family, by their names without ending."""

    folder: Path
    tasks: TaskSchemas
    files: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def take(self, members: Iterable[LegacyCurriculum]) -> None:
        """Write all versions, given in their order."""
        sound: dict[str, LegacyCurriculum] = {}
        taken: set[str] = set()
        for member in members:
            stem = _free(f"{self.folder.name}_{_version(member.version)}", taken)
            text = _text(plain(member))
            checked = checking.check(member, text, self.folder / f"{stem}.yaml", self.tasks)
            self.diagnostics += checked.diagnostics
            if checked.readable:
                self.files[stem] = text
            if checked.sound:  # nothing builds upon what is in error
                sound[stem] = member
        self._share(sound)

    def _share(self, sound: Mapping[str, LegacyCurriculum]) -> None:
        """Replace what later versions say by what they change in earlier ones."""
        stems, documents = list(sound), list[Document]()
        for stem, version in zip(stems, families.arrange(list(sound.values())), strict=True):
            data = dict(version.written.data)
            if version.base is not None:
                data["extends"] = f"{stems[version.base]}.yaml"
            self.files[stem] = _text(Plain(data, version.written.comments))
            read, _ = document.parse(Source(stem, self.files[stem]))
            if read is not None and version.base is not None:
                read = layers.merged(documents[version.base], read)
            if read is None or not _same(read, version.full.data):
                raise AssertionError(f"{stem} says something else than it was made from")
            documents.append(read)


def _text(full: Plain) -> str:
    return layout.text(full.data, SCHEMA, full.comments)


def _same(read: Document, meant: Mapping[str, Value]) -> bool:
    """Whether a text says what it was made from, the order of the stages included."""
    said, wanted = (json.dumps([data, list(data["stages"])], sort_keys=True) for data in (read.data, meant))
    return said == wanted


def _word(text: str) -> str:
    """A text as part of the name of a file: letters, digits and underscores."""
    word = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:_LONGEST]
    return f"{word}_" if _RESERVED.fullmatch(word.lower()) else word


def _version(version: str) -> str:
    """A version as the end of a file's name."""
    word = re.sub(r"[^A-Za-z0-9.+-]+", "_", version)[:_LONGEST]
    return f"{word}_" if word.lower().endswith(".test") else word  # such files are tests of curriculums


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where the file system may take it for one that is there already."""
    number, free = 1, name
    while free.lower() in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free.lower())
    return free

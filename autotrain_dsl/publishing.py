"""Curriculums put where rigs and pages read them, once and for all: what is published under a version never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from autotrain_dsl import artefacts, differences, older
from autotrain_dsl.artefacts import Keys
from autotrain_dsl.differences import Difference
from autotrain_dsl.store.base import ConflictError, Objects, StoreError, UnreadableError

TRIES = 20
_NEW_VERSION = "give it a new version: what is published never changes"
_LOOK = "look at it, and remove it if it does not belong there"


class Standing(StrEnum):
    """What is there of a curriculum before it is published."""

    NEW = "new"
    ADOPTED = "adopted"  # a file of the older system, which says the same and stays
    INCOMPLETE = "incomplete"  # our own file, and not all of the others
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Bundle:
    """One curriculum and its files. Each of ``makers`` makes a file, ours first; it is asked only where one is missing.

    ``content`` is that of ``StateGraph.content``, and ``read_older`` reads a file of the older system. ``legacy`` is
    what we would write for that, wanted or not; None where it cannot say it.
    """

    content: Mapping[str, Any]
    content_hash: str
    makers: Mapping[str, Callable[[], bytes]]
    read_older: Callable[[bytes], older.Read]
    legacy: bytes | None = None

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"{self.content['name']} {self.content['version']}"

    @property
    def keys(self) -> Keys:
        """The names of its files, those included that are not made."""
        return artefacts.keys(self.content["name"], self.content["version"])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a curriculum is not published: what is in its place, and a way out."""

    title: str
    message: str
    hint: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done for one curriculum: files to write, in this order."""

    bundle: Bundle
    standing: Standing
    missing: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Plan:
    """What publishing would do. With refusals nothing is to be done; ``failures`` are mirrors that cannot be read.

    ``unlike`` are files of mirrors that are not those of the main place, byte by byte, and stay all the same: others'
    pictures, or the older system's file in other words.
    """

    main: Objects
    mirrors: tuple[Objects, ...]
    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...]
    failures: tuple[StoreError, ...]
    unlike: tuple[str, ...] = ()


@dataclass
class Outcome:
    """What publishing did: the curriculums whose files are all there now, and what kept others from it."""

    done: list[Step] = field(default_factory=list)
    copied: dict[str, int] = field(default_factory=dict)  # files written to each mirror that has not failed
    refusals: list[Refusal] = field(default_factory=list)
    failures: list[StoreError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    standing: Standing
    absent: tuple[str, ...]
    digests: Mapping[str, bytes]  # of the files that are there


def plan(bundles: Sequence[Bundle], main: Objects, mirrors: Sequence[Objects] = ()) -> Plan:
    """Compare curriculums with what is in the main place and its mirrors, and make the files that are missing.

    Writes nothing. Raises StoreError where the main place cannot be read; what makes files may raise errors of its own.
    """
    found = list(_examined(bundles, main))
    refusals, failures = [each for each in found if isinstance(each, Refusal)], []
    reached: list[tuple[Objects, list[_Found | Refusal]]] = []
    for mirror in mirrors:
        try:
            there = list(_examined(bundles, mirror))
        except StoreError as error:
            failures.append(error)
        else:
            reached.append((mirror, there))
            refusals += [each for each in there if isinstance(each, Refusal)]
    mirrored = tuple(mirror for mirror, _ in reached)
    if refusals:
        return Plan(main, mirrored, (), tuple(refusals), tuple(failures))
    steps = tuple(_step(*pair) for pair in zip(bundles, _found(found), strict=True))
    held = [{**each.digests, **_digests(step.missing)} for step, each in zip(steps, _found(found), strict=True)]
    unlike = [key for mirror, there in reached for key in _unlike(mirror, _found(there), held)]
    return Plan(main, mirrored, steps, (), tuple(failures), tuple(unlike))


def carry_out(planned: Plan) -> Outcome:
    """Write what is missing: in the main place first, then in every mirror what the main place holds.

    Our own file is the claim to a name and version, and comes first; a curriculum that somebody else has published
    since the plan was made is a refusal, unless it is the same, and nothing else is written then. A run that was cut
    off anywhere is completed by the next one. A mirror that fails keeps no other from its files.
    """
    assert not planned.refusals
    outcome = Outcome(failures=list(planned.failures))
    try:
        if any(step.missing for step in planned.steps):
            planned.main.ensure()
        for step in planned.steps:
            refusal = _write(step.bundle, planned.main, step.missing)
            if refusal is not None:
                outcome.refusals.append(refusal)
                return outcome
            outcome.done.append(step)
    except StoreError as error:
        outcome.failures.append(error)
        return outcome
    for mirror in planned.mirrors:
        try:
            _mirror(planned, mirror, outcome)
        except StoreError as error:
            outcome.failures.append(error)
    return outcome


def _examined(bundles: Iterable[Bundle], objects: Objects) -> Iterator[_Found | Refusal]:
    names = {key.casefold(): key for key in objects.keys("") if "/" not in key}
    for bundle in bundles:
        siblings = artefacts.siblings(bundle.keys, names.values())
        yield _twin(bundle, objects, names) or _examine(bundle, objects, siblings)
        names |= {key.casefold(): key for key in bundle.keys if key.casefold() not in names}


def _twin(bundle: Bundle, objects: Objects, names: Mapping[str, str]) -> Refusal | None:
    """A file of another curriculum that many file systems take for the same one."""
    for key in bundle.keys:
        twin = names.get(key.casefold(), key)
        if twin != key:
            message = (
                f"`{objects.uri}/{twin}` and `{key}` differ only in capital letters, and are one file on many disks"
            )
            return Refusal(bundle.title, message, "write the name as it is written there, or choose another one")
    return None


def _examine(bundle: Bundle, objects: Objects, siblings: tuple[str, ...] = ()) -> _Found | Refusal:
    """What is there of a curriculum, unless what is there is something else.

    ``siblings`` are files of the older system that are compared and stay, whatever becomes of the curriculum's own.
    """
    keys, present = bundle.keys, {}
    for key in (*keys, *siblings):
        try:
            blob = objects.get(key)
        except UnreadableError as error:
            return Refusal(bundle.title, f"{error}, in the place of a file", _LOOK)
        if blob is not None:
            present[key] = blob.content
    digests = _digests({key: content for key, content in present.items() if key in keys})
    checks = ((keys.native, _other_native), *((key, _other_legacy) for key in (keys.legacy, *siblings)))
    for key, check in checks:
        if key in present:
            try:
                found = check(bundle, present[key])
            except UnreadableError as error:
                return Refusal(bundle.title, f"`{objects.uri}/{key}` cannot be compared: {error}", _LOOK)
            if found is not None:
                message = f"`{objects.uri}/{key}` holds something else under this name and version"
                return Refusal(bundle.title, message, _NEW_VERSION, found)
    absent = tuple(key for key in keys if key not in present)
    if keys.native in absent:
        return _Found(Standing.NEW if keys.legacy in absent else Standing.ADOPTED, absent, digests)
    return _Found(Standing.INCOMPLETE if set(absent) & set(bundle.makers) else Standing.COMPLETE, absent, digests)


def _other_native(bundle: Bundle, content: bytes) -> tuple[Difference, ...] | None:
    """What differs in our own file that is there, None if it is the same curriculum."""
    there = artefacts.read(content, bundle.keys.native)
    if there.content_hash == bundle.content_hash:
        return None
    return differences.between(there.content, bundle.content)


def _other_legacy(bundle: Bundle, content: bytes) -> tuple[Difference, ...] | None:
    """What differs in the older system's file that is there, None if it decides and sets the same."""
    if content == bundle.legacy:
        return None
    own = None if bundle.legacy is None else bundle.read_older(bundle.legacy)
    return older.between(bundle.read_older(content), bundle.content, own) or None


def _found(examined: Iterable[_Found | Refusal]) -> list[_Found]:
    return [each for each in examined if isinstance(each, _Found)]


def _digests(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {key: hashlib.sha256(content).digest() for key, content in files.items()}


def _unlike(mirror: Objects, there: Iterable[_Found], held: Iterable[Mapping[str, bytes]]) -> Iterator[str]:
    """The files that the main place will hold too, with other bytes."""
    for theirs, ours in zip(there, held, strict=True):
        yield from (f"{mirror.uri}/{key}" for key, own in theirs.digests.items() if ours.get(key, own) != own)


def _step(bundle: Bundle, found: _Found) -> Step:
    missing = {key: make() for key, make in bundle.makers.items() if key in found.absent}
    return Step(bundle, found.standing, missing)


def _write(bundle: Bundle, objects: Objects, files: Mapping[str, bytes]) -> Refusal | None:
    for key, content in files.items():
        refusal = _create(bundle, objects, key, content)
        if refusal is not None:
            return refusal
    return None


def _create(bundle: Bundle, objects: Objects, key: str, content: bytes) -> Refusal | None:
    """Write a file that is not there. One that has come in between stays, if it belongs to the same curriculum."""
    for _ in range(TRIES):
        try:
            objects.put(key, content, None)
        except ConflictError:
            found = _examine(bundle, objects)
            if isinstance(found, Refusal):
                return found
            if key not in found.absent:
                return None
        except UnreadableError as error:
            return Refusal(bundle.title, f"{error}, in the place of a file", _LOOK)
        else:
            return None
    raise StoreError(f"gave up after {TRIES} tries: `{objects.uri}/{key}` is changed by others all the time")


def _mirror(planned: Plan, mirror: Objects, outcome: Outcome) -> None:
    """Give a mirror what the main place holds of every curriculum, unless something is in the way."""
    written = 0
    for step in planned.steps:
        found = _examine(step.bundle, mirror)
        if isinstance(found, Refusal):
            outcome.refusals.append(found)
            continue
        files = dict(_held(planned.main, found.absent))
        if files and not written:
            mirror.ensure()
        refusal = _write(step.bundle, mirror, files)
        if refusal is None:
            written += len(files)
        else:
            outcome.refusals.append(refusal)
    outcome.copied[mirror.uri] = written


def _held(main: Objects, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for key in keys:
        try:
            blob = main.get(key)
        except UnreadableError as error:
            raise StoreError(f"cannot be copied: {error}") from error
        if blob is not None:
            yield key, blob.content

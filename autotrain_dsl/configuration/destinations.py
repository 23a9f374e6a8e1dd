"""What a nightly run would write where: findings on places that would be overwritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autotrain_dsl.codes import configuration as codes
from autotrain_dsl.configuration.locations import DATABASE, Location
from autotrain_dsl.diagnostics import Diagnostic, Note
from autotrain_dsl.document import Document, Place

_FOLDERS = ("curriculums", "schemas")


@dataclass(frozen=True, slots=True)
class Named:
    """A place that a manager names under one of its keys; ``at`` says where in the document."""

    manager: str
    key: str
    at: Place
    location: Location


@dataclass(frozen=True, slots=True)
class _Output:
    """Something that is written: a place that is named, or one that follows from it."""

    what: str
    named: Named
    location: Location


def check(document: Document, named: Sequence[Named]) -> Iterator[Diagnostic]:
    """Findings on the places of all managers together."""
    managers = {each.manager: each for each in named if each.key == "manager"}
    outputs = sorted(_outputs(document, named, managers), key=lambda output: document.span(output.named.at).start)
    yield from _same_place(document, outputs)
    for each in named:
        manager = managers.get(each.manager)
        if each.key == "behavior":
            yield from _overwritten(document, each, outputs)
        elif each.key == "pages":
            yield from _among_others(document, each, outputs, named)
        elif each.key == "mirrors" and _is_own_folder(each, manager):
            message = f"{_called(each)} is the folder of `manager` itself"
            hint = "name another folder, best on another disk"
            yield Diagnostic(codes.OWN_FOLDER, document.span(each.at), message, hint)
        elif each.key == "stats" and manager is not None:
            yield from _of_database(document, each, manager)


def _outputs(document: Document, named: Sequence[Named], managers: dict[str, Named]) -> Iterator[_Output]:
    for each in named:
        manager = managers.get(each.manager)
        if each.key in ("manager", "stats", "report", "exports", "pages"):
            yield _Output(_called(each), each, each.location)
        if each.key == "manager" and not document.data["managers"][each.manager]["manager"].endswith("/"):
            for what, location in _beside(each.location, document.data["managers"][each.manager]):
                yield _Output(f"{what} of `{each.manager}`", each, location)
        if each.key == "mirrors" and manager is not None and not _is_own_folder(each, manager):
            in_database = manager.location.kind == DATABASE
            copy = each.location.within(f"{each.manager}.parquet" if in_database else manager.location.name)
            yield _Output(f"the copy of df_manager in {_called(each)}", each, copy)
            yield _Output(f"the copy of df_manager_stats in {_called(each)}", each, copy.beside("stats"))


def _beside(manager: Location, entry: Mapping[str, object]) -> Iterator[tuple[str, Location]]:
    """What is written beside a df_manager, where nothing else is said."""
    if "stats" not in entry:
        yield "df_manager_stats", manager.beside("stats")
    yield "df_manager_superseded", manager.beside("superseded")
    if "report" not in entry and manager.kind != DATABASE:
        yield "the report", manager.beside("report", ".json")


def _is_own_folder(mirror: Named, manager: Named | None) -> bool:
    return manager is not None and mirror.location == manager.location.folder


def _same_place(document: Document, outputs: list[_Output]) -> Iterator[Diagnostic]:
    first: dict[Location, _Output] = {}
    reported: set[Place] = set()  # what is beside a table collides wherever the table does
    for output in outputs:
        other = first.setdefault(output.location, output)
        if other is not output and output.named.at not in reported:
            reported.add(output.named.at)
            message = f"{output.what} would be written to the same place as {other.what}"
            hint = "give one of them another name or folder"
            yield Diagnostic(
                codes.SAME_PLACE, document.span(output.named.at), message, hint, (_note(document, "the first", other),)
            )


def _overwritten(document: Document, behavior: Named, outputs: list[_Output]) -> Iterator[Diagnostic]:
    for output in outputs:
        if output.location == behavior.location:
            message = f"{_called(behavior)} would be overwritten by {output.what}"
            hint = "the table that is read and those that are written need different places"
            note = _note(document, "that is", output)
            yield Diagnostic(codes.OVERWRITTEN_INPUT, document.span(behavior.at), message, hint, (note,))
            return


def _among_others(
    document: Document, pages: Named, outputs: Sequence[_Output], named: Sequence[Named]
) -> Iterator[Diagnostic]:
    """What lies in a folder of pages, or is a folder that is read as something else."""
    read = [_Output(_called(each), each, each.location) for each in named if each.key in (*_FOLDERS, "behavior")]
    for other in sorted([*read, *outputs], key=lambda each: each.named.manager != pages.manager):
        same = other.named.key in _FOLDERS and other.location == pages.location
        if same or pages.location.holds(other.location):
            message = f"{other.what} lies in {_called(pages)}"
            hint = "name a folder of its own for the pages"
            note = _note(document, "that is", other)
            yield Diagnostic(codes.PAGES_AMONG_OTHERS, document.span(pages.at), message, hint, (note,))
            return


def _of_database(document: Document, stats: Named, manager: Named) -> Iterator[Diagnostic]:
    span = document.span(stats.at)
    if manager.location.kind == DATABASE:
        message = f"{_called(stats)} cannot be chosen: its df_manager is in a database, and the stats go there too"
        yield Diagnostic(codes.STATS_OF_DATABASE, span, message, "delete `stats`")
    elif stats.location.kind == DATABASE:
        message = f"{_called(stats)} cannot be {DATABASE}: its df_manager is a file"
        yield Diagnostic(codes.WRONG_KIND, span, message, "name a file, or delete `stats`")


def _called(named: Named) -> str:
    entry = f"entry {int(named.at[-1]) + 1} of " if isinstance(named.at[-1], int) else ""
    return f"{entry}`{named.key}` of `{named.manager}`"


def _note(document: Document, what: str, output: _Output) -> Note:
    span = document.span(output.named.at)
    return Note(f"{what} is in line {span.line}" if what == "the first" else f"{what} line {span.line}", span)

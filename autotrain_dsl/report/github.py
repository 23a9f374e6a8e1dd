"""Findings as annotations that GitHub shows beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.report.text import clean


def commands(diagnostics: Iterable[Diagnostic], folder: PurePath) -> Iterator[str]:
    """One workflow command a finding; paths are relative to ``folder``, from which the workflow runs.

    The form is that of GitHub's documentation on workflow commands.
    """
    for each in diagnostics:
        span = each.span
        properties = {
            "file": relative(span.source.name, folder),
            "line": str(span.line),
            "endLine": str(max(span.end_line, span.line)),
            "col": str(span.column),
            "endColumn": str(span.end_column),
            "title": f"{each.code.id} {each.code.name}",
        }
        if span.end_line != span.line:  # columns count only where both ends are in one line
            del properties["col"], properties["endColumn"]
        parts = [each.message, *([each.hint] if each.hint else []), *(note.text for note in each.notes)]
        text = "\n".join(clean(part) for part in parts)
        listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        yield f"::{each.severity} {listed}::{_data(text)}"


def relative(name: str, folder: PurePath) -> str:
    """The path of a file as services know it: with slashes, from the folder of the repository if it is below."""
    path = PurePath(name)
    inside = path.is_absolute() and path.is_relative_to(folder)
    return (path.relative_to(folder) if inside else path).as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clean(text)).replace(":", "%3A").replace(",", "%2C")

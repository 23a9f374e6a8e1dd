"""Results as JUnit XML, which most systems of continuous integration read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was checked, in which file and line; it has passed if there are no failures."""

    name: str
    file: str
    line: int
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """What was checked about one file."""

    name: str
    cases: tuple[Case, ...]


def document(suites: Sequence[Suite]) -> str:
    """An XML document with a ``testsuite`` for every suite. Characters that XML cannot hold are replaced."""
    root = ET.Element("testsuites", _counts([case for suite in suites for case in suite.cases]))
    for suite in suites:
        element = ET.SubElement(root, "testsuite", {"name": _clean(suite.name), **_counts(suite.cases)})
        for case in suite.cases:
            _add(element, suite, case)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add(element: ET.Element, suite: Suite, case: Case) -> None:
    place = {"classname": _clean(suite.name), "name": _clean(case.name), "file": _clean(case.file)}
    found = ET.SubElement(element, "testcase", {**place, "line": str(case.line)})
    for failure in case.failures:
        first = failure.partition("\n")[0]
        ET.SubElement(found, "failure", {"message": _clean(first)}).text = _clean(failure)


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    failed = sum(bool(case.failures) for case in cases)
    return {"tests": str(len(cases)), "failures": str(failed), "errors": "0"}


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)

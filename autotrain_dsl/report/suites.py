"""What was found in curriculums as JUnit XML."""

from __future__ import annotations

import os

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.report import junit, text


def document(checked: Catalog, *, strict: bool) -> str:
    """A suite for every file: its findings, or that there are none."""
    files: dict[str, list[junit.Case]] = {text.clean(os.path.normpath(c.path)): [] for c in checked.compilations}
    for each in checked.diagnostics:
        if each.is_error or strict:
            title, name = text.clean(f"{each.code.id} {each.message}"), text.clean(each.span.source.name)
            files.setdefault(name, []).append(junit.Case(title, name, each.span.line, (text.finding(each),)))
    fine = {name: [junit.Case("nothing is wrong with it", name, 1)] for name, cases in files.items() if not cases}
    return junit.document([junit.Suite(name, tuple(cases or fine[name])) for name, cases in sorted(files.items())])

"""All pages of a colony as files: the colony, every mouse, every curriculum, and what they load."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autotrain_dsl import watching
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.cases.model import Claim
from autotrain_dsl.compiler import Compilation
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.pages import colony, curriculum, mouse, portable, rendering
from autotrain_dsl.pages.backtest import MOVES
from autotrain_dsl.pages.curriculum import Key
from autotrain_dsl.pages.material import Material
from autotrain_dsl.render.diagram import clean
from autotrain_dsl.report.verification import Verified
from autotrain_dsl.silence import Comments
from autotrain_dsl.tasks import TaskSchemas
from autotrain_dsl.watching import Notice, Thresholds

_UNUSED = "It was not verified for these pages, since no mouse is on it: `autotrain-dsl verify` does that."
_UNSOLVED = "It was not verified for these pages, which takes a solver: pip install 'autotrain-dsl[verify]'"
_LATER = "It was not verified for these pages, which would take too long: `autotrain-dsl verify` does that."
_VERIFIED = 400  # comparisons in the rules of all curriculums that are verified: of hard ones three take a second
_SCRIPTS = (rendering.PLOTLY, "common.js", "engine.js", "explain.js", "colony.js", "mouse.js", "simulator.js")


def files(material: Material, schemas: Path | None) -> Iterator[tuple[str, bytes]]:
    """Every file with its path in the folder of pages, made one after another; the page that leads to all comes last.

    ``schemas`` is where task schemas are looked up first.
    """
    yield from rendering.assets(_SCRIPTS).items()
    notices = watching.watch(
        material.table, Thresholds.of(material.thresholds), _day(material.at), material.catalog, material.unjudged
    )
    shared = {"colony": clean(material.name), "at": _time(material.at), "moves": MOVES}
    entries = colony.mice(material)
    yield from _mice(material, shared, entries, notices)
    yield from _curriculums(material, shared, schemas)
    yield "index.html", _colony(material, shared, entries, notices)


def _time(text: str) -> str:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _day(text: str) -> dt.date:
    return dt.datetime.fromisoformat(text).date()


def _colony(
    material: Material, shared: Mapping[str, Any], entries: list[dict[str, Any]], notices: list[Notice]
) -> bytes:
    days = material.dates[1]
    told = [_notice(material, each, "mice/") for each in notices]
    stages = list(material.stages.values())
    chart = colony.chart(material, entries)
    chart["watched"] = sorted({each["subject"] for each in told if each["subject"]})
    chart["counts"], chart["graduation"] = colony.counts(material), colony.graduation(material)
    context = {
        **shared,
        "here": "colony",
        "last": days[-1] if days else "",
        "figures": list(_figures(material, entries, chart["watched"])),
        "curriculums": [clean(" ".join(key)) for key in material.used],
        "stages": [asdict(each) for each in stages],
        "colours": material.stages,
        "notices": told,
        "counts": chart["counts"],
        "graduation": chart["graduation"],
        "mice": entries,
        "chart": chart,
        "undrawn": len(entries) - len(set(chart["mouse"])) if len(material.table) > colony.DRAWN else 0,
    }
    return rendering.page("colony.html", (rendering.PLOTLY, "common.js", "colony.js"), "", context)


def _figures(material: Material, entries: list[dict[str, Any]], watched: list[str]) -> Iterator[tuple[str, str]]:
    done = sum(each["graduated"] for each in entries)
    yield f"{len(entries) - done:,}", "mice in training"
    yield f"{done:,}", "mice graduated"
    yield f"{len(material.table):,}", "sessions judged"
    yield f"{len(material.unjudged):,}", "sessions that could not be judged"
    yield f"{len(watched):,}", "mice on the watch list"


def _notice(material: Material, each: Notice, folder: str) -> dict[str, Any]:
    return {
        "kind": each.kind.value,
        "subject": clean(each.subject),
        "href": f"{folder}{material.files[each.subject]}" if each.subject in material.files else "",
        "session": each.session,
        "message": clean(each.sentence),
    }


def _mice(
    material: Material, shared: Mapping[str, Any], entries: list[dict[str, Any]], notices: list[Notice]
) -> Iterator[tuple[str, bytes]]:
    told = [(each.subject, _notice(material, each, "")) for each in notices]
    for name, context in zip(material.mice, mouse.contexts(material, entries, told), strict=True):
        loaded = [f"data/{_script(material, key)}" for key in context["curriculums"]]
        scripts = (rendering.PLOTLY, "common.js", "engine.js", "explain.js", *loaded, "mouse.js")
        yield (
            f"mice/{material.files[name]}",
            rendering.page("mouse.html", scripts, "../", {**shared, "here": "mouse", **context}),
        )


def _script(material: Material, key: Key) -> str:
    return material.curriculum_files[key].removesuffix(".html") + ".js"


def _curriculums(material: Material, shared: Mapping[str, Any], schemas: Path | None) -> Iterator[tuple[str, bytes]]:
    compiler, comments = Compiler(TaskSchemas(schemas)), Comments(material.catalog.documents)
    compiled = {each.claims: each for each in material.catalog.compilations if each.graph is not None}
    context = {**shared, "here": "curriculum"}
    listed, left = [], _VERIFIED
    for graph in material.graphs:
        key = graph.curriculum.name, graph.curriculum.version
        file, suites = material.curriculum_files[key], curriculum.suites(compiled[key], compiler)
        claims = [claim for suite, _ in suites for claim in suite.claims]
        verified, why = None, _UNUSED
        if key in material.used and (size := _comparisons(graph)) <= left:
            left -= size
            verified, why = _verified(compiled[key], claims, comments)
        elif key in material.used:
            why = _LATER
        made = curriculum.context(material, compiled[key], suites, verified, why)
        scripts = ("common.js", "engine.js", "explain.js", "simulator.js")
        yield f"curriculums/{file}", rendering.page("curriculum.html", scripts, "../", {**context, **made})
        listed.append({**made, "file": file})
        if key in material.used:
            yield f"data/{_script(material, key)}", _data(key, made["portable"], mouse.all_thresholds(graph))
    errors = [f"{each.span.source.name}:{each.span.line}: {each.code.id} {each.message}" for each in _errors(material)]
    context |= {"curriculums": listed, "errors": [clean(line) for line in errors]}
    yield "curriculums.html", rendering.page("curriculums.html", ("common.js",), "", context)


def _comparisons(graph: StateGraph) -> int:
    rules = [rule for stage in graph.stages for rule in graph.rules(stage.name)]
    return sum(len(rule.program.comparisons) for rule in rules if rule.program is not None)


def _errors(material: Material) -> Iterable[Any]:
    return [each for each in material.catalog.diagnostics if each.is_error]


def _data(key: Key, rules: dict[str, Any], thresholds: dict[str, Any]) -> bytes:
    """A curriculum as a script, since a page that was opened from a disk may load nothing else."""
    name, content = portable.embedded("\n".join(key)), portable.embedded({"rules": rules, "thresholds": thresholds})
    return f'"use strict";\n((window.autotrain ??= {{}}).curriculums ??= {{}})[{name}] = {content};\n'.encode()


def _verified(compiled: Compilation, claims: Sequence[Claim], comments: Comments) -> tuple[Verified | None, str]:
    """What a solver says about a curriculum; without one, that there is none."""
    assert compiled.graph is not None
    try:
        from autotrain_dsl.verification import checking  # noqa: PLC0415 - an extra
    except ImportError:
        return None, _UNSOLVED
    found = checking.verify(compiled.graph, compiled.diagnostics, claims, checking.Limits())
    return Verified.of(compiled, found, comments), ""

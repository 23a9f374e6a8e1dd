"""The page of a curriculum: stages with what mice do there, rules, parameters, tests, verification and versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from autotrain_dsl.cases import loading, running
from autotrain_dsl.cases.coverage import Gap, coverage
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.cases.model import Suite
from autotrain_dsl.changes import compare
from autotrain_dsl.compiler import Compilation
from autotrain_dsl.diagnostics import Diagnostic
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Move, Trigger
from autotrain_dsl.pages import portable
from autotrain_dsl.pages import words as sentences
from autotrain_dsl.pages.material import Material, colour
from autotrain_dsl.render import diagram, dot, table
from autotrain_dsl.render.diagram import Arrow, Box, Diagram, clean
from autotrain_dsl.render.dot import GraphvizError
from autotrain_dsl.report import changes as change_words
from autotrain_dsl.report import verification as words
from autotrain_dsl.report.verification import Verified
from autotrain_dsl.spelling import counted

_MOST = 4_000  # characters of a condition that are shown
Key = tuple[str, str]
Suites = Sequence[tuple[Suite, list[Diagnostic]]]


@dataclass(frozen=True)
class Figures:
    """What mice did under a curriculum: how many are at a stage now, and what was decided where and by which rule."""

    mice: Mapping[str, int]
    sessions: Mapping[str, int]
    moves: Mapping[tuple[str, str], int]
    fired: Mapping[str, int]

    @classmethod
    def of(cls, material: Material, key: Key) -> Figures:
        """Those of the curriculum with this name and version."""
        frame = material.table
        ours = (frame["curriculum_name"] == key[0]) & (frame["curriculum_version"] == key[1])
        last = frame.iloc[material.starts[1:] - 1] if len(frame) else frame
        now = last[(last["curriculum_name"] == key[0]) & (last["curriculum_version"] == key[1])]
        frame = frame[ours]
        return cls(
            mice=_counts(now["next_stage_suggested"]),
            sessions=_counts(frame["current_stage_actual"]),
            moves=dict(Counter(zip(frame["current_stage_actual"], frame["decision"], strict=True))),
            fired=_counts(frame["rule"]),
        )


def _counts(column: pd.Series[Any]) -> dict[str, int]:
    return {str(text): int(count) for text, count in column.value_counts().items()}


def context(
    material: Material, compiled: Compilation, suites: Suites, verified: Verified | None, why: str
) -> dict[str, Any]:
    """What the page says; without verification ``why`` says why. ``problem`` is why there is no picture."""
    graph = compiled.graph
    assert graph is not None
    key = graph.curriculum.name, graph.curriculum.version
    figures = Figures.of(material, key)
    known = [each for each in material.catalog.diagnostics if each in compiled.diagnostics]
    drawn = _with_figures(diagram.of(graph, known), figures)
    picture, problem = _picture(drawn)
    return {
        "name": drawn.name,
        "version": drawn.version,
        "description": drawn.description,
        "task": clean(f"{graph.task.name} {graph.task.version}"),
        "hash": graph.content_hash,
        "mice": sum(figures.mice.values()),
        "sessions": sum(figures.sessions.values()),
        "marks": drawn.other_marks,
        "picture": picture,
        "problem": problem,
        "stages": list(_stages(graph, drawn, figures)),
        "table": table.of(graph),
        "colour": colour,
        "tests": _tested(graph, suites),
        "verified": None if verified is None else _verification(verified),
        "unverified": why,
        "versions": list(_versions(material, graph)),
        "portable": portable.curriculum(graph),
    }


def suites(compiled: Compilation, compiler: Compiler) -> Suites:
    """The test files beside a curriculum, each with what is wrong with it."""
    return [loading.load(file, compiler) for file in loading.files(compiled.path)]


def _tested(graph: StateGraph, suites: Suites) -> dict[str, Any]:
    """The tests, run, and what they cover."""
    results = [running.run(case, graph) for suite, _ in suites for case in suite.cases]
    found = coverage(graph, results)
    return {
        "count": len(results),
        "failed": sum(not result.passed for result in results),
        "percent": f"{found.percent:.0f} %",
        "coverage": f"{found.rules_fired} of {counted(found.rules, 'rule')} fired, "
        f"{found.outcomes_seen} of {counted(found.outcomes, 'outcome')} seen",
        "errors": [
            clean(f"{each.span.source.name}:{each.span.line}: {each.code.id} {each.message}")
            for _, wrong in suites
            for each in wrong
        ],
        "gaps": [_gap(each) for each in found.gaps],
        "results": [
            {
                "name": clean(result.case.name),
                "failures": [clean(failure) for failure in result.failures],
                "place": clean(f"{result.case.span.source.name.rpartition('/')[2]}:{result.case.span.line}"),
            }
            for result in results
        ],
    }


def _gap(each: Gap) -> str:
    what = f"that `{each.comparison}` is {str(each.outcome).lower()}" if each.comparison else "that it fires"
    return clean(f"{each.stage}, rule {each.rule} ({each.aim}): {what}")


def _with_figures(drawn: Diagram, figures: Figures) -> Diagram:
    """The same picture, whose tool tips also tell what mice do."""

    def box(each: Box) -> Box:
        here = counted(figures.mice.get(each.name, 0), "mouse", "mice")
        past = counted(figures.sessions.get(each.name, 0), "session")
        return replace(each, tip=f"{each.tip}\n{here} here now, {past} in all")

    def arrow(each: Arrow) -> Arrow:
        count = figures.fired.get(f"{each.stage}:{each.number}", 0)
        return each if each.manual else replace(each, whole=f"{each.whole}\nIt has decided {counted(count, 'time')}.")

    return replace(drawn, boxes=tuple(map(box, drawn.boxes)), arrows=tuple(map(arrow, drawn.arrows)))


def _picture(drawn: Diagram) -> tuple[str, str]:
    try:
        return dot.draw(dot.rules(drawn), "svg").decode(), ""
    except GraphvizError as error:
        return "", str(error)


def _stages(graph: StateGraph, drawn: Diagram, figures: Figures) -> Iterator[dict[str, Any]]:
    for box in drawn.boxes:
        stage = graph.stage(box.name)
        arrows = [each for each in drawn.arrows if each.stage == box.name]
        yield {
            "label": box.label,
            "description": clean(stage.description),
            "colour": colour(box.share),
            "final": box.final,
            "mice": figures.mice.get(box.name, 0),
            "sessions": figures.sessions.get(box.name, 0),
            "progressed": figures.moves.get((box.name, "PROGRESS"), 0),
            "rolled_back": figures.moves.get((box.name, "ROLLBACK"), 0),
            "rules": [_rule(graph, each, figures) for each in arrows],
        }


def _rule(graph: StateGraph, arrow: Arrow, figures: Figures) -> dict[str, Any]:
    rule = graph.rules(arrow.stage)[arrow.number - 1]
    what = "stay" if rule.move is Move.STAY else f"{rule.move} to {clean(graph.stage(rule.target).label)}"
    span = rule.span
    return {
        "move": rule.move.value,
        "what": what,
        "because": clean(rule.because),
        "condition": diagram.cut(clean(diagram.condition(rule)), _MOST),
        "words": sentences.condition(rule, graph),
        "manual": rule.trigger is Trigger.MANUAL,
        "fired": figures.fired.get(f"{arrow.stage}:{arrow.number}", 0),
        "place": clean(f"{span.source.name.rpartition('/')[2]}, line {span.line}"),
        "marks": arrow.marks,
    }


def _verification(verified: Verified) -> dict[str, Any]:
    from autotrain_dsl.verification import checking  # noqa: PLC0415 - an extra, which is there if this was made

    counts = words.summary([verified], checking.Limits().sessions)
    found = [(each, "") for each in verified.findings] + list(verified.silenced)
    lengths = {name: shown.mouse.length for name, shown in verified.report.reached.items()}
    return {
        "sessions": counts.sessions,
        "summary": f"{counted(counts.errors, 'error')}, {counted(counts.warnings, 'warning')}, "
        f"{counts.silenced} silenced, {counts.undecided} not decided",
        "reached": ", ".join(f"{name} after {counted(length, 'session')}" for name, length in lengths.items()),
        "findings": [
            {
                "code": finding.diagnostic.code.id,
                "message": clean(finding.diagnostic.message),
                "place": clean(
                    f"{finding.diagnostic.span.source.name.rpartition('/')[2]}, line {finding.diagnostic.span.line}"
                ),
                "silenced": clean(comment),
                "mice": ["\n".join(words.table(shown)) for shown in finding.shown],
            }
            for finding, comment in found
        ],
        "open": [words.question(each) for each in verified.report.open],
        "kept": [line.strip() for each in verified.report.kept for line in words.holds(each)],
    }


def _versions(material: Material, graph: StateGraph) -> Iterator[dict[str, Any]]:
    """All versions of a curriculum's name, the newest first, each with what is new since the one before it."""
    same = [each for each in material.graphs if each.curriculum.name == graph.curriculum.name]
    older: Sequence[StateGraph | None] = [*same[1:], None]
    for each, before in zip(same, older, strict=True):
        found = compare(before, each) if before is not None else None
        key = each.curriculum.name, each.curriculum.version
        yield {
            "version": clean(each.curriculum.version),
            "href": "" if each is graph else material.curriculum_files[key],
            "description": clean(each.curriculum.description),
            "before": clean(before.curriculum.version) if before is not None else "",
            "level": found.level.name.lower() if found is not None else "",
            "why": found.why if found is not None else "",
            "lines": [line.strip() for line in list(change_words.text(found))[1:]] if found is not None else [],
        }

"""A test file to cases, or to everything that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from autotrain_dsl import catalog, document, layers, schema
from autotrain_dsl.cases.model import Case, Claim, Expected, Suite
from autotrain_dsl.codes import document as document_codes
from autotrain_dsl.codes import kit as codes
from autotrain_dsl.compiler import Compilation, compile_file
from autotrain_dsl.diagnostics import MAX_FINDINGS, Code, Diagnostic, Note, has_errors, tidy
from autotrain_dsl.document import Document, Place
from autotrain_dsl.expressions import checker, parser
from autotrain_dsl.expressions.evaluator import Program, compile_node
from autotrain_dsl.expressions.nodes import size
from autotrain_dsl.expressions.scope import Scope, situation
from autotrain_dsl.files import TEST_SUFFIXES, below, kind_of
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.layers import Library
from autotrain_dsl.model import Metric, Trigger
from autotrain_dsl.names import scope
from autotrain_dsl.source import Span
from autotrain_dsl.spelling import listed, suggest
from autotrain_dsl.tasks import TaskSchemas, metric_scope

_BUDGET = 40_000_000  # parts of conditions times sessions that they may look at, of one file
MAX_WITHIN = 100  # sessions within which a stage is claimed to be reachable


@dataclass
class Compiler:
    """Curriculums of test files, each compiled once."""

    schemas: TaskSchemas = field(default_factory=TaskSchemas)
    _libraries: dict[Path, Library] = field(default_factory=dict)
    _compiled: dict[Path, Compilation] = field(default_factory=dict)

    def library(self, near: Path) -> Library:
        """The documents of the folder tree of a file."""
        return self._libraries.setdefault(layers.tree_of(near), Library(layers.tree_of(near)))

    def compile(self, path: Path) -> Compilation:
        """The curriculum at a path."""
        key = path.resolve()
        if key not in self._compiled:
            self._compiled[key] = compile_file(path, self.library(path), self.schemas)
        return self._compiled[key]

    def is_curriculum(self, path: Path) -> bool:
        """Whether a file is a curriculum that mice can be judged by."""
        if catalog.refusal(path) is not None:
            return False
        read = self.library(path).text(path)[0]
        return kind_of(read, explicit=False) == "curriculum" and not self.compile(path).abstract


def files(path: Path) -> list[Path]:
    """The test files that a path means: itself, those below a folder, or those beside a curriculum of that name."""
    if path.is_dir():
        return list(below(path, TEST_SUFFIXES))
    if path.name.endswith(TEST_SUFFIXES):
        return [path]
    return [file for file in sorted(path.parent.glob("*")) if file.name.endswith(TEST_SUFFIXES) and _tests(file, path)]


def _tests(file: Path, curriculum: Path) -> bool:
    """Whether a test file names a curriculum."""
    if catalog.refusal(file) is not None or not file.is_file():
        return False
    with file.open("rb") as opened:
        content = opened.read(document.MAX_BYTES)
    if curriculum.name.encode("utf-8", "surrogateescape") not in content:
        return False
    read, _ = document.parse_bytes(content, str(file))
    if read is None:
        return True  # it cannot be read, and names it somewhere: better said than left out
    named = read.data.get("curriculum")
    return isinstance(named, str) and "\0" not in named and (file.parent / named).resolve() == curriculum.resolve()


def claims(path: Path, compiler: Compiler) -> tuple[Suite | None, list[Diagnostic]]:
    """The tests of a file that claims properties; None where it claims none."""
    if catalog.refusal(path) is None:
        with path.open("rb") as opened:
            if b"properties" not in opened.read(document.MAX_BYTES):
                return None, []
    return load(path, compiler)


def load(path: Path, compiler: Compiler) -> tuple[Suite, list[Diagnostic]]:
    """The tests of a file. What is wrong with one is left out; those that are right can be run all the same."""
    if (refused := catalog.refusal(path)) is not None:
        return Suite(path, None, None, ()), [refused]
    read = document.read(path, os.path.normpath(path))
    return from_document(path, read, compiler)


def from_document(
    path: Path, read: tuple[Document | None, list[Diagnostic]], compiler: Compiler
) -> tuple[Suite, list[Diagnostic]]:
    """The tests of a document as if it were at ``path``."""
    written, found = read
    if written is None:
        return Suite(path, None, None, ()), found
    written, more = schema.examine(written, "tests")
    structural = [*found, *more]
    found = [*found, *layers.unexplained(more, found)]
    curriculum, graph, more = _curriculum(path, written, compiler)
    found += more
    tests = [_without_nulls(test) for test in written.data.get("tests") or []]
    found += [*_twins(written, "tests", tests), *_twins(written, "properties", written.data.get("properties") or [])]
    if graph is None:
        return Suite(path, curriculum, None, ()), tidy(found)
    cases = []
    for number, test in enumerate(tests):
        reading = _Reading(graph, written, ("tests", number))
        case = reading.case(test) if isinstance(test, dict) else None
        if case is not None and not _holds(written.values[("tests", number)], structural):
            cases.append(case)
        found += reading.found
        if len(found) > MAX_FINDINGS:
            break
    claims = _Claims(graph, written, structural)
    found += claims.found
    affordable = list(_affordable(cases, graph))
    if len(affordable) < len(cases):
        message = "these tests have more sessions and conditions than can be judged in a moment"
        span = cases[len(affordable)].span
        found.append(Diagnostic(document_codes.TOO_LARGE, span, message, "follow shorter paths, or split the file"))
    return Suite(path, curriculum, graph, tuple(affordable), tuple(claims.claims)), tidy(found)


def _affordable(cases: Iterable[Case], graph: StateGraph) -> Iterator[Case]:
    """The first cases that can be judged in a few seconds, whatever conditions and histories are long."""
    programs = ([r.program.node for r in graph.rules(s.name) if r.program is not None] for s in graph.stages)
    widest = max((sum(size(node) for node in nodes) for nodes in programs), default=0) + 1
    spent = 0
    for case in cases:
        spent += widest * case.length * (1 if case.expected is not None else case.length)
        if spent > _BUDGET:
            return
        yield case


def _curriculum(
    path: Path, written: Document, compiler: Compiler
) -> tuple[Path | None, StateGraph | None, list[Diagnostic]]:
    name = written.data.get("curriculum")
    if not isinstance(name, str):
        return None, None, []
    span = written.span(("curriculum",))
    base = compiler.library(path).base(path, name, span)
    if isinstance(base, Diagnostic):
        return None, None, [Diagnostic(codes.UNKNOWN_CURRICULUM, span, base.message, base.hint)]
    compiled = compiler.compile(base)
    if compiled.graph is not None:
        return base, compiled.graph, []
    if compiled.abstract:
        message, hint = f"`{name}` is a base for others and has no rules of its own", "test the files that extend it"
    else:
        message, hint = f"`{name}` has errors", f"see `autotrain-dsl validate {base}`"
    note = [Note(f"{d.code.id} {d.message}", d.span) for d in compiled.diagnostics if d.is_error][:1]
    return base, None, [Diagnostic(codes.UNKNOWN_CURRICULUM, span, message, hint, tuple(note))]


def _holds(span: Span, findings: Iterable[Diagnostic]) -> bool:
    """Whether something is wrong within a span."""
    return any(span.start <= each.span.start < span.end for each in findings)


def _without_nulls(value: Any) -> Any:
    """Without keys that have no value: the schema has said so. In a list of values ``null`` is a missing one."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


def _twins(written: Document, kind: str, tests: Iterable[Any]) -> Iterator[Diagnostic]:
    first: dict[str, int] = {}
    for number, test in enumerate(tests):
        name = test.get("name") if isinstance(test, dict) else None
        if isinstance(name, str) and first.setdefault(name, number) != number:
            note = Note("the other one", written.span((kind, first[name], "name")))
            message = f"there is another {'test' if kind == 'tests' else 'property'} of this name"
            span = written.span((kind, number, "name"))
            yield Diagnostic(codes.TWIN_TEST, span, message, "say in the name what is different", (note,))


@dataclass
class _Reading:
    """One test while it is read."""

    graph: StateGraph
    written: Document
    place: Place
    found: list[Diagnostic] = field(default_factory=list)

    def case(self, test: Mapping[str, Any]) -> Case | None:
        """The test, or None where something is wrong with it."""
        if not isinstance(test.get("sessions"), dict) or not isinstance(test.get("name"), str):
            return None
        if ("expect" in test) is ("expect_path" in test) or None in test.get("expect_path", ()):
            return None  # the schema has said so
        sessions = self._sessions(test["sessions"])
        length = max(map(len, sessions.values()), default=0)
        stage = self._stage(test.get("given", {}).get("stage", self.graph.initial), ("given", "stage"))
        total, at_stage = self._counters(test, length)
        path = tuple(self._stage(name, ("expect_path", n)) for n, name in enumerate(test.get("expect_path", ())))
        ran = tuple(
            None if name is None else self._stage(name, ("ran", n)) for n, name in enumerate(test.get("ran", ()))
        )
        self._lengths(test, length)
        expected = self._expected(test["expect"], stage) if "expect" in test else None
        if has_errors(self.found):
            return None
        missing = (None,) * length
        metrics = {name: sessions.get(name, missing) for name in self.graph.task.metrics}
        name = self.written.span((*self.place, "name"))
        return Case(test["name"], name, stage, total, at_stage, metrics, expected, path, ran)

    def _sessions(self, sessions: Mapping[str, Any]) -> dict[str, tuple[float | None, ...]]:
        metrics = self.graph.task.metrics
        read: dict[str, tuple[float | None, ...]] = {}
        for name, values in sessions.items():
            if name not in metrics:
                hint = suggest(name, metrics, "metric")
                key = self.written.key((*self.place, "sessions", name))
                self.found.append(Diagnostic(codes.UNKNOWN_METRIC, key, f"there is no metric `{name}`", hint))
                continue
            for number, value in enumerate(values):
                if value is not None and (why := _impossible(value, metrics[name])):
                    self._report(codes.IMPOSSIBLE, ("sessions", name, number), f"{value:g} {why}", _WAY_OUT)
            read[name] = tuple(None if value is None else float(value) for value in values)
        if len({len(values) for values in read.values()}) > 1:
            first = next(iter(read))
            for name, values in read.items():
                if len(values) != len(read[first]):
                    message = f"`{name}` has {len(values)} values, but `{first}` has {len(read[first])}"
                    self._report(codes.LENGTHS, ("sessions", name), message, "write null for a missing value")
        return read

    def _stage(self, name: str, place: Place) -> str:
        if not self.graph.has_stage(name):
            hint = suggest(name, [stage.name for stage in self.graph.stages], "stage")
            self._report(codes.UNKNOWN_STAGE, place, f"there is no stage `{name}`", hint)
        return name

    def _counters(self, test: Mapping[str, Any], length: int) -> tuple[int, int]:
        given, path = test.get("given", {}), "expect_path" in test
        total = int(given.get("session_total", 1 if path else max(length, given.get("session_at_current_stage", 1))))
        at_stage = int(given.get("session_at_current_stage", 1 if path else min(length, total)))
        place = ("given", "session_total" if "session_total" in given else "session_at_current_stage")
        if at_stage > total:
            message = f"{at_stage} sessions in the stage, but {total} in all"
            self._report(codes.IMPOSSIBLE, place, message, "the number of all sessions includes those in the stage")
        elif not path and total < length:
            message = f"{length} sessions are given, but the mouse has had {total}"
            self._report(codes.IMPOSSIBLE, place, message, "leave older sessions out, or raise session_total")
        return total, at_stage

    def _lengths(self, test: Mapping[str, Any], length: int) -> None:
        if "ran" in test and "expect" in test:
            hint = "the stage of the only session that is judged is `given: {stage: ...}`"
            self._report(codes.LENGTHS, ("ran",), "`ran` goes with `expect_path` only", hint)
        elif "ran" in test and len(test["ran"]) != length:
            message = f"`ran` has {len(test['ran'])} entries for {length} sessions"
            self._report(codes.LENGTHS, ("ran",), message, "write null for a session that ran as suggested")
        if "expect_path" in test and len(test["expect_path"]) not in (length, length + 1):
            message = f"the path has {len(test['expect_path'])} stages for {length} sessions"
            hint = "give the stage of every session, and if you like the one after the last"
            self._report(codes.LENGTHS, ("expect_path",), message, hint)

    def _expected(self, expect: Mapping[str, Any], stage: str) -> Expected:
        rules = self.graph.rules(stage) if self.graph.has_stage(stage) else []
        number = int(expect["rule"]) if "rule" in expect else None
        if number and self.graph.has_stage(stage):
            automatic = [str(n) for n, rule in enumerate(rules, 1) if rule.trigger is not Trigger.MANUAL]
            if str(number) not in automatic:
                hint = f"rules that can fire: {listed(automatic)}" if automatic else "write `rule: 0`: none can fire"
                self._report(codes.IMPOSSIBLE, ("expect", "rule"), f"rule {number} of {stage} cannot fire", hint)
        if "next_stage" in expect:
            self._stage(expect["next_stage"], ("expect", "next_stage"))
        for n, name in enumerate(expect.get("missing", ())):
            if name is not None and name not in self.graph.task.metrics:
                hint = suggest(name, self.graph.task.metrics, "metric")
                self._report(codes.UNKNOWN_METRIC, ("expect", "missing", n), f"there is no metric `{name}`", hint)
        missing = frozenset(expect["missing"]) if "missing" in expect else None
        decision = expect["decision"].upper() if "decision" in expect else None
        return Expected(decision, expect.get("next_stage"), number, expect.get("reason"), missing)

    def _report(self, code: Code, place: Place, message: str, hint: str) -> None:
        self.found.append(Diagnostic(code, self.written.span((*self.place, *place)), message, hint))


@dataclass
class _Claims:
    """The properties of a document; ``wrong`` is what the schema has said about it."""

    graph: StateGraph
    written: Document
    wrong: Iterable[Diagnostic]
    claims: list[Claim] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, data in enumerate(self.written.data.get("properties") or []):
            place: Place = ("properties", number)
            if isinstance(data, dict) and not _holds(self.written.values[place], self.wrong):
                before = len(self.found)
                claim = self._claim(_without_nulls(data), place)
                self.claims += [] if has_errors(self.found[before:]) else [claim]

    @cached_property
    def _scope(self) -> Scope:
        return scope(self.graph.curriculum, {**situation(), **metric_scope(self.graph.task)})

    def _claim(self, data: Mapping[str, Any], place: Place) -> Claim:
        kind = next(key for key in ("never", "always", "reachable") if key in data)
        said, span = data[kind], self.written.key((*place, kind))
        name = data.get("name") or f"{kind} {said if kind == 'reachable' else _said(said)}"
        if kind == "reachable":
            stage, _, number, _ = said.split()
            self._stage(stage, (*place, kind))
            if int(number) > MAX_WITHIN:
                message = f"within {number} sessions is too far: at most {MAX_WITHIN}"
                self._report(codes.IMPOSSIBLE, (*place, kind), message, "claim it within fewer sessions")
            return Claim(name, span, stage=stage, within=int(number))
        for key in ("stage", "next_stage"):
            if key in said:
                self._stage(said[key], (*place, kind, key))
        program = self._condition((*place, kind, "when"), said["when"]) if "when" in said else None
        stage, following = said.get("stage", ""), said.get("next_stage", "")
        return Claim(name, span, kind == "always", stage, said.get("decision", "").upper(), following, program)

    def _condition(self, place: Place, text: str) -> Program | None:
        checked = checker.check_condition(parser.Written(text, self.written.span(place)), self._scope)
        self.found += checked.diagnostics
        return compile_node(checked.node) if checked.node is not None else None

    def _stage(self, name: str, place: Place) -> None:
        if not self.graph.has_stage(name):
            hint = suggest(name, [stage.name for stage in self.graph.stages], "stage")
            self._report(codes.UNKNOWN_STAGE, place, f"there is no stage `{name}`", hint)

    def _report(self, code: Code, place: Place, message: str, hint: str) -> None:
        self.found.append(Diagnostic(code, self.written.span(place), message, hint))


def _said(said: Mapping[str, Any]) -> str:
    """A claim in words."""
    next_stage, stage, when = (said.get(key, "") for key in ("next_stage", "stage", "when"))
    parts = [
        said.get("decision", ""),
        f"to {next_stage}" if next_stage else "",
        f"in {stage}" if stage else "",
        f"when {when}" if when else "",
    ]
    return " ".join(part for part in parts if part)


_WAY_OUT = "df_behavior could not hold it either; write null for a missing value"


def _impossible(value: float, metric: Metric) -> str:
    """Why no session can have a value."""
    if metric.integer and value != int(value):
        return f"is not a whole number, as `{metric.name}` is"
    if not metric.minimum <= value <= metric.maximum:
        return f"is outside the range of `{metric.name}`, {metric.minimum:g} to {metric.maximum:g}"
    return ""

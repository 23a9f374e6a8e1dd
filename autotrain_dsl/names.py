"""Constants, derived names and conditions of a curriculum, checked against the metrics of its task."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from autotrain_dsl import graph
from autotrain_dsl.codes import expressions as expression_codes
from autotrain_dsl.codes import resolver as codes
from autotrain_dsl.diagnostics import MAX_FINDINGS, Diagnostic, Note, first
from autotrain_dsl.expressions import checker, parser
from autotrain_dsl.expressions.evaluator import compile_node
from autotrain_dsl.expressions.nodes import BOOLEAN, Node, Not
from autotrain_dsl.expressions.scope import WORDS, Derived, Known, Scope
from autotrain_dsl.model import Condition, Curriculum, Group, Leaf, Stage, Transition
from autotrain_dsl.spelling import listed, nearest

MAX_TOTAL = 10_000


def check_conditions(curriculum: Curriculum, variables: Mapping[str, Known]) -> tuple[Curriculum, list[Diagnostic]]:
    """The curriculum with every condition compiled, and what is wrong with its names and expressions."""
    work = _Names(curriculum, variables)
    work.define()
    stages = {name: work.stage(stage) for name, stage in curriculum.stages.items()}
    work.findings.extend(first(work.unused()))
    return replace(curriculum, stages=stages), work.findings


def scope(curriculum: Curriculum, variables: Mapping[str, Known]) -> Scope:
    """The names that conditions of a curriculum can use; those in error are left out."""
    work = _Names(curriculum, variables)
    work.define()
    return work.scope


@dataclass
class _Names:
    curriculum: Curriculum
    variables: Mapping[str, Known]
    findings: list[Diagnostic] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    total: int = 0
    scope: Scope = field(default_factory=lambda: Scope({}))
    uses: dict[str, frozenset[str]] = field(default_factory=dict)  # of every derived name

    def define(self) -> None:
        """Constants first, then derived names in the order in which they need each other."""
        curriculum = self.curriculum
        taken = dict(self._taken())
        self.findings.extend(taken.values())
        constants = {
            name: constant.value
            for name, constant in curriculum.constants.items()
            if name not in taken and name.isidentifier()  # one that is not is reported already
        }
        self.scope = Scope(self.variables, constants, {}, frozenset(curriculum.derived) | curriculum.unusable)
        written_out = 0
        for name in self._in_order():
            leaf = curriculum.derived[name].leaf
            if written_out > MAX_TOTAL:
                message = f"with derived names written out, they have more than {MAX_TOTAL:,} parts in all"
                self.findings.append(Diagnostic(expression_codes.TOO_LARGE, leaf.span, message, "derive less"))
                break
            checked = checker.check(parser.Written(leaf.text, leaf.span), self.scope)
            self.findings.extend(checked.diagnostics)
            self.uses[name] = checked.used
            written_out += checked.size
            size = checked.size if checked.node is not None else 1  # one that is too large is reported once
            derived = {**self.scope.derived, name: Derived(checked.node, size)}
            self.scope = replace(self.scope, derived=derived, unusable=self.scope.unusable - {name})

    def stage(self, stage: Stage) -> Stage:
        """The stage with its conditions compiled; one in error stays without."""
        return replace(stage, transitions=tuple(self._rule(rule) for rule in stage.transitions))

    def unused(self) -> Iterator[Diagnostic]:
        """Names that no condition uses, directly or through other names."""
        alive = set(self.used)
        queue = list(alive)
        while queue:
            more = self.uses.get(queue.pop(), frozenset()) - alive
            alive |= more
            queue.extend(more)
        kinds = (("constant", self.curriculum.constants), ("derived name", self.curriculum.derived))
        for what, defined in kinds:
            for name, thing in defined.items():
                # One that is defined in the file that is extended may be meant for another version.
                if name not in alive and thing.span.source is self.curriculum.source:
                    near = nearest(name, [other for other in defined if other != name])
                    hint = f"did you mean `{near}`? Else delete it" if near else "delete it"
                    yield Diagnostic(codes.UNUSED_NAME, thing.span, f"no condition uses the {what} `{name}`", hint)

    def _rule(self, rule: Transition) -> Transition:
        if rule.when is None or self.total > MAX_TOTAL or len(self.findings) > MAX_FINDINGS:
            return rule
        node = self._condition(rule.when)
        if self.total > MAX_TOTAL:
            message = f"with derived names written out, the conditions have more than {MAX_TOTAL:,} parts in all"
            self.findings.append(Diagnostic(expression_codes.TOO_LARGE, rule.span, message, "derive less"))
        return rule if node is None else replace(rule, program=compile_node(node))

    def _condition(self, condition: Condition) -> Node | None:
        if isinstance(condition, Leaf):
            checked = checker.check_condition(parser.Written(condition.text, condition.span), self.scope)
            self.findings.extend(checked.diagnostics)
            self.used |= checked.used
            self.total += checked.size
            return checked.node
        parts = [self._condition(part) for part in condition.parts]
        known = [part for part in parts if part is not None]
        return _joined(condition, known) if len(known) == len(parts) else None

    def _taken(self) -> Iterator[tuple[str, Diagnostic]]:
        """Names that already mean something else."""
        curriculum = self.curriculum
        for what, defined in (("constant", curriculum.constants), ("derived name", curriculum.derived)):
            for name, thing in defined.items():
                if taken := self._meaning(name, what):
                    message = f"the {what} `{name}` cannot have this name: it is {taken}"
                    notes: tuple[Note, ...] = ()
                    if taken == "a constant":
                        notes = (Note("the constant", curriculum.constants[name].span),)
                    yield name, Diagnostic(codes.NAME_TAKEN, thing.span, message, "choose another name", notes)

    def _meaning(self, name: str, what: str) -> str:
        if name in WORDS:
            return "a word of the language"
        if keyword.iskeyword(name):
            return "a word that expressions cannot hold"
        if name in self.variables:
            return "a metric of the task"
        return "a constant" if what == "derived name" and name in self.curriculum.constants else ""

    def _in_order(self) -> list[str]:
        """Derived names, each after those it mentions; circles are reported and left out."""
        derived = self.curriculum.derived
        mentions = {name: parser.words(each.leaf.text) & set(derived) for name, each in derived.items()}
        order: list[str] = []
        waiting = dict(mentions)
        while ready := [name for name, needs in waiting.items() if not needs & set(waiting)]:
            order.extend(ready)
            waiting = {name: needs for name, needs in waiting.items() if name not in ready}
        circles = graph.circles(waiting)
        for name in waiting:
            if len(circles[name]) > 1 or name in waiting[name]:
                circle = listed(sorted(mentions[name] & circles[name]))
                message = f"the derived name `{name}` refers to itself, through {circle}"
                self.findings.append(Diagnostic(codes.DERIVED_CYCLE, self.curriculum.derived[name].span, message))
        return order


def _joined(group: Group, parts: list[Node]) -> Node:
    if group.operator == "not":
        return Not(parts[0], BOOLEAN, group.span)
    return checker.join("and" if group.operator == "all" else "or", parts, group.span)

"""The compiled form of a curriculum: a state graph whose edges are the rules of its stages, in order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from operator import itemgetter
from typing import Any

import networkx as nx

from autotrain_dsl.expressions import printer
from autotrain_dsl.model import Curriculum, Metric, Move, Stage, TaskSchema, Transition, Trigger


@dataclass(frozen=True, eq=False)
class StateGraph:
    """Stages as nodes and rules as edges of a networkx multigraph; the key of an edge is the rule's place from 0."""

    curriculum: Curriculum
    task: TaskSchema
    network: nx.MultiDiGraph[Any]

    @property
    def initial(self) -> str:
        """Stage of a new subject."""
        return self.curriculum.initial.text

    @property
    def stages(self) -> list[Stage]:
        """All stages in the order of training."""
        return [self.stage(name) for name in self.network]

    def has_stage(self, name: str) -> bool:
        """Whether there is such a stage."""
        return name in self.network

    def stage(self, name: str) -> Stage:
        """A stage by name."""
        stage: Stage = self.network.nodes[name]["stage"]
        return stage

    def rules(self, stage: str) -> list[Transition]:
        """The rules of a stage in the order in which they are tried, manual ones included."""
        edges: list[tuple[str, str, int, Transition]] = list(self.network.out_edges(stage, keys=True, data="rule"))
        return [rule for *_, rule in sorted(edges, key=itemgetter(2))]

    def position(self, stage: str) -> int:
        """Place of a stage in the order of training, from 0."""
        return list(self.network).index(stage)

    def unreachable(self) -> set[str]:
        """Stages to which no path leads from the initial one."""
        return set(self.network) - {self.initial} - nx.descendants(self.network, self.initial)

    def endless(self) -> set[str]:
        """Stages from which no path leads to a final one; empty where the curriculum has no final stage."""
        finals = {stage.name for stage in self.stages if stage.final}
        leading = {name for final in finals for name in nx.ancestors(self.network, final)}
        return set(self.network) - finals - leading if finals else set()

    def circles(self) -> list[set[str]]:
        """Groups of stages, each of which leads to every other of its group."""
        groups: list[set[str]] = [set(group) for group in nx.strongly_connected_components(self.network)]
        return [group for group in groups if len(group) > 1]

    def entered_from_elsewhere(self, stage: str) -> bool:
        """Whether a subject can come to a stage from another one."""
        return any(source != stage for source in self.network.predecessors(stage))

    @cached_property
    def content(self) -> dict[str, Any]:
        """The effective curriculum as plain data: everything resolved, conditions in canonical form."""
        curriculum = self.curriculum
        return {
            "dsl_version": 1,
            "name": curriculum.name,
            "version": curriculum.version,
            "description": curriculum.description,
            "task_schema": {
                "name": self.task.name,
                "version": self.task.version,
                # What is outside of a metric's range is not judged.
                "metrics": {name: _range(metric) for name, metric in sorted(self.task.metrics.items())},
            },
            "initial": self.initial,
            "adjustable": [word.text for word in curriculum.adjustable],
            "stages": [_stage_content(stage, self.rules(stage.name)) for stage in self.stages],
        }

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the effective curriculum as canonical JSON: the same however files share what they say."""
        return hashlib.sha256(canonical(self.content)).hexdigest()


def build(curriculum: Curriculum, task: TaskSchema) -> StateGraph:
    """The state graph of a resolved and checked curriculum."""
    network: nx.MultiDiGraph[Any] = nx.MultiDiGraph(name=curriculum.name, version=curriculum.version)
    for stage in curriculum.stages.values():
        network.add_node(stage.name, stage=stage)
    for source, place, rule in _edges(curriculum):
        target = source if rule.move is Move.STAY else rule.target
        network.add_edge(source, target, key=place, rule=rule)
    return StateGraph(curriculum, task, network)


def canonical(content: Any) -> bytes:
    """Plain data as canonical JSON: the same bytes for the same data."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def circles(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """For every name the names that lead back to it, itself included."""
    network: nx.DiGraph[Any] = nx.DiGraph([(name, other) for name, others in edges.items() for other in others])
    network.add_nodes_from(edges)
    return {name: set(circle) for circle in nx.strongly_connected_components(network) for name in circle}


def _edges(curriculum: Curriculum) -> Iterator[tuple[str, int, Transition]]:
    for stage in curriculum.stages.values():
        for place, rule in enumerate(stage.transitions):
            yield stage.name, place, rule


def _range(metric: Metric) -> dict[str, Any]:
    ends = {"minimum": metric.minimum, "maximum": metric.maximum}
    kind = "integer" if metric.integer else "number"
    return {"type": kind, **{name: end for name, end in ends.items() if isfinite(end)}}


def _stage_content(stage: Stage, rules: list[Transition]) -> dict[str, Any]:
    return {
        "name": stage.name,
        "label": stage.label,
        "description": stage.description,
        "final": stage.final,
        "parameters": {name: stage.effective[name].value for name in sorted(stage.effective)},
        "transitions": [_rule_content(rule) for rule in rules],
    }


def _rule_content(rule: Transition) -> dict[str, Any]:
    content: dict[str, Any] = {"decision": rule.move.value, "to": rule.target, "trigger": rule.trigger.value}
    if rule.trigger is Trigger.WHEN and rule.program is not None:
        content["when"] = printer.text(rule.program.node)
    return {**content, "because": rule.because}

"""Curriculums to draw: those of files, and one whose every text is as bad as somebody can make it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from autotrain_dsl import catalog, graph
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Setting, Stage, Transition
from autotrain_dsl.render import diagram
from autotrain_dsl.render.diagram import Diagram

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data"
SCHEMAS = DATA / "schemas" / "tasks"
FIRST_STEPS = ROOT / "examples" / "tutorial" / "first_steps.yaml"
TWELVE = DATA / "render" / "twelve_stages.yaml"
STRUCTURED = DATA / "valid" / "structured_conditions.yaml"
MANUAL = DATA / "valid" / "manual_and_stay.yaml"

# Three findings that are shown, at two rules and a stage, and one that is silenced.
FINDING = """\
dsl_version: 1
name: Finding
version: "1"
task_schema: {name: nose_poke, version: "1.0"}
stages:
  A:
    parameters: {task: Nose poke, reward_volume: 2.0}
    transitions:
      - progress: B
        when: {all: ["finished_trials[-1] >= 0", "finished_trials[-1] >= 1"]}
      - rollback: C
        when: finished_trials[-1] < 5
        because: last
  B: {inherits: A, final: true}
  C:  # autotrain: ignore[ATD412] nothing leads on from here yet
    inherits: A
    transitions:
      - stay: true
        when: finished_trials[-1] < 5
  D: {inherits: A, final: true}
"""

LONG = "a long word " * 333 + "end"
HOSTILE = (
    "</svg><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]><!-- --><script>alert(1)</script>",
    "quotes \" ' ` and more \"\"\" ''' ```",
    "several\nlines\r\nof text\n\n",
    r"\N \G \E \T \H \L \l \r \n \\N \\ \" trailing \ ",
    "&lt;b&gt; &amp;lt; &#60;i&#62; &nbsp; && & ;",
    "<b>bold</b> <i>italic</i> <!DOCTYPE html> <?xml?> <TABLE><TR><TD>",
    "%%{init: {'securityLevel': 'loose'}}%% %% comment",
    "end subgraph click n0 call alert() --> n1 --- x ; graph TD; style n0 fill:#f00;",
    "a:b:c {rec|ord} [x] (y) <port> n0:n -> n1 // no # no /* no */",
    "**bold** _it_ __x__ `code` [link](javascript:alert(1)) # head\n- list\n1. list",
    "{{ 7 * 7 }} {% raw %} ${x} #{x} #quot; #35; fa:fa-car $$x^2$$",
    "=1+1 @SUM() \ufffd",
    "\u05e2\u05d1\u05e8\u05d9\u05ea \u0627\u0644\u0639 \u4e2d\u6587 \U0001f42d e\u0301 \u2028",
    "\u202eright to left\u202c \u200fmark\u200b\u2066iso\u2069 \ufeff\x00\x1b[31m\x07\ud800\uffff",
    "../../etc/passwd C:\\windows file:///etc/passwd http://127.0.0.1:9/x //127.0.0.1:9/y",
    LONG,
    " ",
    "-",
)


@cache
def built(path: Path) -> tuple[StateGraph, Diagram]:
    """The curriculum of a file, and its diagram with its findings."""
    checked = catalog.build([path], SCHEMAS)
    [compilation] = [each for each in checked.compilations if each.graph is not None]
    assert compilation.graph is not None
    return compilation.graph, diagram.of(compilation.graph, checked.diagnostics)


def graph_of(path: Path) -> StateGraph:
    return built(path)[0]


def diagram_of(path: Path) -> Diagram:
    return built(path)[1]


def hostile(text: str) -> StateGraph:
    """A curriculum with this text in the place of every name, label, description, reason, value, title and unit.

    Most of these no file could say, since the language refuses them before.
    """
    known = graph_of(MANUAL)
    stages = {name: _hostile_stage(stage, text) for name, stage in known.curriculum.stages.items()}
    curriculum = replace(known.curriculum, name=text, version=text, description=text, stages=stages)
    properties = {
        name: {**spec, "title": text, "unit": text, "description": text}
        for name, spec in known.task.parameters["properties"].items()
    }
    task = replace(known.task, name=text, version=text, parameters={**known.task.parameters, "properties": properties})
    return graph.build(curriculum, task)


def _hostile_stage(stage: Stage, text: str) -> Stage:
    values = {name: _hostile_value(setting, text) for name, setting in stage.effective.items()}
    rules = tuple(_hostile_rule(rule, text) for rule in stage.transitions)
    return replace(stage, label=text, description=text, effective=values, transitions=rules)


def _hostile_value(setting: Setting, text: str) -> Setting:
    return replace(setting, value=text) if isinstance(setting.value, str) else setting


def _hostile_rule(rule: Transition, text: str) -> Transition:
    return replace(rule, because=text)


def large(stages: int, rules: int) -> str:
    """A curriculum file with so many stages and rules."""
    lines = [
        "dsl_version: 1",
        "name: Large",
        'version: "1"',
        'task_schema: {name: nose_poke, version: "1.0"}',
        "stages:",
    ]
    for stage in range(stages):
        lines.append(f"  S{stage}:")
        lines.append(f"    inherits: S{stage - 1}" if stage else "    parameters: {task: Nose poke, reward_volume: 2}")
        if stage == stages - 1:
            lines.append("    final: true")
            break
        lines.append("    transitions:")
        for rule in range(rules):
            target = stage + 1 if not rule else (stage * 7 + rule * 13 + 1) % stages
            move = "rollback" if target < stage else "progress"
            rule_lines = ["      - stay: true"] if target == stage else [f"      - {move}: S{target}"]
            lines += [*rule_lines, f"        when: finished_trials[-1] == {rule}"]
    return "\n".join(lines) + "\n"

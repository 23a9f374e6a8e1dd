"""``inherits`` and ``use``: what the parameters of every stage are in the end, and names that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from autotrain_dsl import columns
from autotrain_dsl.codes import graph as graph_codes
from autotrain_dsl.codes import resolver as codes
from autotrain_dsl.diagnostics import MAX_FINDINGS, Diagnostic, first
from autotrain_dsl.model import Block, Curriculum, Move, Scalar, Setting, Stage
from autotrain_dsl.source import Span
from autotrain_dsl.spelling import suggest


def resolve(curriculum: Curriculum, defaults: Mapping[str, Scalar]) -> tuple[Curriculum, list[Diagnostic]]:
    """The curriculum with the effective parameters of every stage: inherited, from blocks, own, then defaults."""
    work = _Resolution(curriculum)
    stages = {name: replace(stage, effective=work.effective(stage)) for name, stage in curriculum.stages.items()}
    for name, stage in stages.items():
        if stage.effective:
            filled = {key: Setting(value, stage.span, stage.span, "default") for key, value in defaults.items()}
            stages[name] = replace(stage, effective={**filled, **stage.effective})
    found = [*work.findings, *first(_lost(curriculum)), *first(_unused_blocks(curriculum))]
    return replace(curriculum, stages=stages), found


@dataclass
class _Resolution:
    curriculum: Curriculum
    findings: list[Diagnostic] = field(default_factory=list)
    _done: dict[str, dict[str, Setting]] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _blocks: dict[str, dict[str, Setting]] = field(default_factory=dict)

    def effective(self, stage: Stage) -> dict[str, Setting]:
        """Parameters without defaults; what cannot be resolved is reported and left out."""
        if stage.name not in self._done:
            self._open.append(stage.name)
            result = self._inherited(stage)
            last = {word.text: word for word in stage.use}  # of a block that is used twice only the last use counts
            for word in last.values():
                block = self.curriculum.blocks.get(word.text)
                if block is None and len(self.findings) > MAX_FINDINGS:
                    continue
                if block is None:
                    hint = suggest(word.text, self.curriculum.blocks, "block")
                    if word.text in self.curriculum.stages:
                        hint = f"`{word.text}` is a stage: write `inherits: {word.text}`"
                    message = f"there is no block `{word.text}`"
                    self.findings.append(Diagnostic(codes.UNKNOWN_BLOCK, word.span, message, hint))
                else:
                    result |= self._block(block)
            self._open.pop()
            self._done[stage.name] = {**result, **stage.parameters}
        return self._done[stage.name]

    def _block(self, block: Block) -> dict[str, Setting]:
        if block.name not in self._blocks:
            through = f"block {block.name}"
            settings = {key: replace(value, through=through) for key, value in block.parameters.items()}
            self._blocks[block.name] = settings
        return self._blocks[block.name]

    def _inherited(self, stage: Stage) -> dict[str, Setting]:
        word, stages = stage.inherits, self.curriculum.stages
        if word is None:
            return {}
        if word.text not in stages:
            message = f"there is no stage `{word.text}` to inherit from"
            hint = suggest(word.text, [name for name in stages if name != stage.name], "stage")
            self.findings.append(Diagnostic(codes.UNKNOWN_PARENT, word.span, message, hint))
            return {}
        if word.text in self._open:
            circle = [*self._open[self._open.index(word.text) :], word.text]
            message = f"stages inherit in a circle: {' -> '.join(circle)}"
            hint = "write the parameters out in one of these stages"
            self.findings.append(Diagnostic(codes.INHERITS_CYCLE, word.span, message, hint))
            return {}
        through = f"stage {word.text}"
        above = self.effective(stages[word.text])
        return {key: replace(value, through=through) for key, value in above.items()}


def _named(curriculum: Curriculum) -> Iterator[tuple[str, str, Span]]:
    """What is written into tables by name."""
    yield "curriculum", curriculum.name, curriculum.named
    yield "version", curriculum.version, curriculum.named
    for stage in curriculum.stages.values():
        yield "stage", stage.name, stage.span


def _unused_blocks(curriculum: Curriculum) -> Iterator[Diagnostic]:
    used = {word.text for stage in curriculum.stages.values() for word in stage.use}
    for block in curriculum.blocks.values():
        if block.name not in used and block.span.source is curriculum.source:
            yield Diagnostic(codes.UNUSED_NAME, block.span, f"no stage uses the block `{block.name}`", "delete it")


def _lost(curriculum: Curriculum) -> Iterator[Diagnostic]:
    """Stage names that lead nowhere, and final stages that want to lead on."""
    stages = curriculum.stages
    if not stages:
        message = "the curriculum has no stage"
        yield Diagnostic(graph_codes.NO_STAGE, curriculum.source.whole(), message, "add one under `stages`")
    elif curriculum.initial.text not in stages:
        word, hint = curriculum.initial, suggest(curriculum.initial.text, stages, "stage")
        yield Diagnostic(codes.UNKNOWN_INITIAL, word.span, f"there is no stage `{word.text}` to start in", hint)
    for what, name, span in _named(curriculum):
        if name.lower() in columns.MISSING_WORDS:
            message = f"the {what} cannot be called `{name}`: in a table that is an empty cell"
            yield Diagnostic(codes.NAME_TAKEN, span, message, "choose another name")
    for stage in stages.values():
        if stage.final and stage.transitions:
            message = f"`{stage.name}` is final, but has transitions"
            hint = "remove the transitions, or `final: true`"
            yield Diagnostic(graph_codes.FINAL_WITH_TRANSITIONS, stage.transitions[0].span, message, hint)
        for rule in stage.transitions:
            if rule.move is not Move.STAY and rule.target not in stages:
                message = f"there is no stage `{rule.target}` to lead to"
                hint = suggest(rule.target, stages, "stage")
                yield Diagnostic(graph_codes.UNKNOWN_STAGE, rule.target_span, message, hint)

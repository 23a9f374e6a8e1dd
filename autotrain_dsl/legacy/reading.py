"""A curriculum file of the older system, read into the names of the language, with everything odd in it as findings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from autotrain_dsl import schema
from autotrain_dsl.codes import legacy as codes
from autotrain_dsl.codes import schema as schema_codes
from autotrain_dsl.diagnostics import MAX_FINDINGS, Diagnostic, Note, first, has_errors
from autotrain_dsl.document import Document, Place, Value
from autotrain_dsl.expressions.parser import Written
from autotrain_dsl.expressions.scope import Scope, situation
from autotrain_dsl.legacy import descriptions, json_document, lambdas
from autotrain_dsl.legacy.lambdas import Condition
from autotrain_dsl.legacy.model import LegacyCurriculum, LegacyRule, LegacyStage
from autotrain_dsl.legacy.stages import GRADUATED, LABELS, NAMES
from autotrain_dsl.model import Move, Scalar
from autotrain_dsl.source import Span
from autotrain_dsl.tasks import TaskSchemas, metric_scope

FORMATS = ("0.3", "1.0")
_NOT_PARAMETERS = ("training_stage", "task_url", "task_schema_version", "description")


def read(content: bytes, name: str, tasks: TaskSchemas, near: Path) -> tuple[LegacyCurriculum | None, list[Diagnostic]]:
    """Read the bytes of a file that findings call ``name``; task schemas are searched from ``near``.

    None where the file is not one of the older system, breaks its format, or is for a task that has no task schema.
    A rule whose condition cannot be read is kept without one. Nothing is raised, whatever the file holds.
    """
    document, found = json_document.parse(content, name)
    if document is None:
        return None, found
    if fault := _foreign(document):
        return None, [*found, fault]
    parameters = document.data.get("parameters")
    document, faults = schema.examine(document, "legacy")
    document = replace(document, data=_without_nulls(document.data))
    work = _Reading(document, frozenset(parameters if isinstance(parameters, dict) else ()))
    work.findings += [*found, *(_in_json(fault) for fault in faults), *_versions(document)]
    sound = not has_errors(work.findings)
    task = _task(document)
    if task is None:
        return None, first(work.findings)
    known, faults = tasks.find(*task, near, work.document.span(("curriculum_schema_name",)))
    if known is None:
        return None, first([*work.findings, *(_with_way_out(fault) for fault in faults)])
    curriculum = work.curriculum(task, Scope({**situation(), **metric_scope(known)}))
    return curriculum if sound and len(work.findings) <= MAX_FINDINGS else None, first(work.findings)


def _foreign(document: Document) -> Diagnostic | None:
    """That a file is none of the older system at all, or of a format that is not known."""
    data, start = document.data, document.source.whole()
    if not {"curriculum_name", "parameters", "curriculum"} & data.keys():
        message = "the file has none of `curriculum_name`, `parameters` and `curriculum`"
        return Diagnostic(codes.NOT_LEGACY, start, message, "give a curriculum file of the older system")
    version = data.get("curriculum_schema_version")
    if isinstance(version, str) and version not in FORMATS:
        message = f"the format `{version[:40]}` is not known"
        hint = f"known: {' and '.join(FORMATS)}"
        return Diagnostic(codes.NOT_LEGACY, document.span(("curriculum_schema_version",)), message, hint)
    return None


def _without_nulls(data: Value) -> Value:
    """Data without the entries that are null, which the format has nowhere and which are reported."""
    if isinstance(data, dict):
        return {key: _without_nulls(value) for key, value in data.items() if value is not None}
    return [_without_nulls(value) for value in data] if isinstance(data, list) else data


def _in_json(fault: Diagnostic) -> Diagnostic:
    """A finding on the structure, without a way out that would be one for YAML only."""
    if fault.code is schema_codes.MISSING_KEY:
        return replace(fault, hint="every file of the older system has it")
    return replace(fault, hint="") if fault.code is schema_codes.WRONG_TYPE and '"' not in fault.hint else fault


def _versions(document: Document) -> Iterator[Diagnostic]:
    """Stages that are for another version of the task than the first one."""
    places: list[Place] = [("parameters", label, "task_schema_version") for label in _parameters(document)]
    for place in places[1:]:
        given, wanted = (_parameters(document)[at[1]]["task_schema_version"] for at in (place, places[0]))
        if given != wanted:
            message = f"`{place[1]}` is for version `{given}` of the task, `{places[0][1]}` for `{wanted}`"
            note = Note(f"the version of `{places[0][1]}`", document.span(places[0]))
            yield Diagnostic(codes.CONTRADICTION, document.span(place), message, "give all stages one version", (note,))


def _parameters(document: Document) -> Mapping[str | int, Mapping[str, Value]]:
    """The parameters of every stage whose parameters are in order."""
    given = document.data.get("parameters", {})
    return {label: values for label, values in given.items() if "task_schema_version" in values}


def _task(document: Document) -> tuple[str, str] | None:
    """Name and version of the task schema: ``DynamicForagingCurriculum`` is for ``dynamic_foraging``."""
    words = str(document.data.get("curriculum_schema_name", "")).removesuffix("Curriculum")
    version = next((values["task_schema_version"] for values in _parameters(document).values()), None)
    if not words or version is None:
        return None
    return re.sub(r"(?<=.)(?=[A-Z])", "_", words).lower(), version


def _with_way_out(fault: Diagnostic) -> Diagnostic:
    note = Note("a task is added as a file schemas/tasks/NAME_VERSION.yaml; `autotrain-dsl schema task` shows its form")
    return replace(fault, notes=(*fault.notes, note))


@dataclass
class _Reading:
    """Stages and rules of a document; ``given`` are the labels under ``parameters``, in order or not."""

    document: Document
    given: frozenset[str]
    findings: list[Diagnostic] = field(default_factory=list)
    places: dict[Place, Span] = field(default_factory=dict)

    def curriculum(self, task: tuple[str, str], scope: Scope) -> LegacyCurriculum:
        data, at = self.document.data, self.document.span
        self.places[("name",)] = at(("curriculum_name",))
        self.places[("version",)] = at(("curriculum_version",))
        self.places[("description",)] = at(("curriculum_description",))
        self.places[("task_schema",)] = at(("curriculum_schema_name",))
        labels = list(data.get("parameters", {}))
        rules = {label: tuple(self._rules(label, scope)) for label in data.get("curriculum", {})}
        targets = {LABELS[rule.target] for kept in rules.values() for rule in kept}
        added = [label for label in LABELS.values() if label in targets | rules.keys() and label not in labels]
        return LegacyCurriculum(
            self.document.source,
            str(data.get("curriculum_name")),
            str(data.get("curriculum_version")),
            str(data.get("curriculum_description", "")),
            task,
            tuple(self._stage(label, rules.get(label, ())) for label in (*labels, *added)),
            self.places,
        )

    def _stage(self, label: str, rules: tuple[LegacyRule, ...]) -> LegacyStage:
        place, here = ("stages", NAMES[label]), ("parameters", label)
        written: Mapping[str, Scalar] | None = self.document.data.get("parameters", {}).get(label)
        values = written or {}
        if written is not None:
            for at in (place, (*place, "parameters")):
                self.places[at] = self.document.key(here)
            self.places[(*place, "description")] = self.document.span((*here, "description"))
            shown = values.get("training_stage", label)
            if shown != label:
                message = f"the parameters of `{label}` say `training_stage`: `{shown}`"
                span = self.document.span((*here, "training_stage"))
                self._report(Diagnostic(codes.CONTRADICTING_LABEL, span, message, f"the key counts: `{label}`"))
        parameters = {name: value for name, value in values.items() if name not in _NOT_PARAMETERS}
        for name in parameters:
            self.places[(*place, "parameters", name)] = self.document.span((*here, name))
        given = None if written is None else parameters
        return LegacyStage(NAMES[label], label, str(values.get("description", "")), given, rules)

    def _rules(self, label: str, scope: Scope) -> Iterator[LegacyRule]:
        here = ("curriculum", label)
        entry = self.document.data["curriculum"][label]
        self.places.setdefault(("stages", NAMES[label]), self.document.key(here))
        if label not in self.given and entry:
            message = f"`{label}` has rules, but no parameters"
            self._report(Diagnostic(codes.MISSING_STAGE, self.document.key(here), message, _without(label)))
        if entry.get("from_stage", label) != label:
            message = f"the rules of `{label}` say `from_stage`: `{entry['from_stage']}`"
            span = self.document.span((*here, "from_stage"))
            self._report(Diagnostic(codes.CONTRADICTING_STAGE, span, message, f"the key counts: `{label}`"))
        rules = [
            (rule, (*here, "transition_rules", number))
            for number, rule in enumerate(entry.get("transition_rules", ()))
            if rule is not None and {"decision", "to_stage", "condition"} <= rule.keys()
        ]
        for number, (rule, at) in enumerate(rules):
            if len(self.findings) > MAX_FINDINGS:
                return
            condition = self._condition(rule, at, scope, len(rules) - number - 1)
            kept = self._rule(rule, at, condition, ("stages", NAMES[label], "transitions", number))
            yield kept
            if kept.always:
                return

    def _condition(self, rule: Mapping[str, str], at: Place, scope: Scope, later: int) -> Condition:
        span = self.document.span((*at, "condition"))
        condition = lambdas.read(Written(rule["condition"], span), scope)
        rest = "the rule after it" if later == 1 else f"the {later} rules after it"
        note = Note(f"{rest} can never fire and {'is' if later == 1 else 'are'} left out")
        for finding in condition.diagnostics:
            if finding.code is codes.ALWAYS_TRUE and _strays(rule, at):
                continue  # the rule becomes a manual one, and those after it stay
            follows = finding.code is codes.ALWAYS_TRUE and later
            self._report(replace(finding, notes=(*finding.notes, note)) if follows else finding)
        because = Written(rule.get("condition_description", ""), self.document.span((*at, "condition_description")))
        if condition.node is not None and (found := descriptions.contradiction(because, condition.node)):
            self._report(found)
        return condition

    def _rule(self, rule: Mapping[str, str], at: Place, condition: Condition, place: Place) -> LegacyRule:
        move, target, own = Move(rule["decision"]), rule["to_stage"], str(at[1])
        to, span = self.document.span((*at, "to_stage")), self.document.span((*at, "condition"))
        if target not in self.given:
            message = f"the rule leads to `{target}`, which has no parameters"
            self._report(Diagnostic(codes.MISSING_STAGE, to, message, _without(target)))
        if _strays(rule, at):
            message = f"the rule says `stay`, but leads from `{own}` to `{target}`"
            hint = "the older system would move the mouse; decide in the new file what is meant"
            self._report(Diagnostic(codes.CONTRADICTION, to, message, hint))
            order = list(NAMES)
            move = Move.PROGRESS if order.index(target) > order.index(own) else Move.ROLLBACK
            condition = Condition(None, always=False, diagnostics=[])
        self.places.setdefault(("stages", NAMES[target]), to)
        self.places[place] = self.document.span((*at, "decision"))
        self.places[(*place, move.value)] = to
        for key in ("when", "otherwise", "manual"):
            self.places[(*place, key)] = span
        self.places[(*place, "because")] = self.document.span((*at, "condition_description"))
        kept = None if condition.always else condition.node
        because, original = rule.get("condition_description", ""), " ".join(rule["condition"].split())
        return LegacyRule(move, NAMES[target], kept, condition.always, because, original, span)

    def _report(self, finding: Diagnostic) -> None:
        self.findings.append(finding)


def _strays(rule: Mapping[str, str], at: Place) -> bool:
    """Whether a rule says ``stay`` and leads elsewhere."""
    return rule["decision"] == Move.STAY and rule["to_stage"] != at[1]


def _without(label: str) -> str:
    final = "in the new file it is a final stage without parameters; " if label == LABELS[GRADUATED] else ""
    return f"{final}give it parameters if sessions shall be run there"

"""A curriculum of the older system as it was read, in the names of the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autotrain_dsl.document import Place
from autotrain_dsl.expressions.nodes import Node
from autotrain_dsl.model import Move, Scalar
from autotrain_dsl.source import Source, Span


@dataclass(frozen=True, slots=True)
class LegacyRule:
    """One rule. ``condition`` is None where it always fires (``always``), and where it could not be read.

    ``original`` is the text of the lambda on one line, ``span`` where it stands.
    """

    move: Move
    target: str
    condition: Node | None
    always: bool
    because: str
    original: str
    span: Span


@dataclass(frozen=True, slots=True)
class LegacyStage:
    """One stage, by its name in the language (``STAGE_1``); ``parameters`` is None where the file gives none."""

    name: str
    label: str
    description: str
    parameters: Mapping[str, Scalar] | None
    rules: tuple[LegacyRule, ...]


@dataclass(frozen=True, slots=True)
class LegacyCurriculum:
    """One file. Stages are in the order of its parameters; the first one is where a subject starts.

    ``places`` says where in the file something stands that will stand at such a place in a YAML curriculum, such as
    ``("stages", "STAGE_1", "transitions", 0, "when")`` or ``("stages", "STAGE_1", "parameters", "MaxTime")``.
    """

    source: Source
    name: str
    version: str
    description: str
    task: tuple[str, str]
    stages: tuple[LegacyStage, ...]
    places: Mapping[Place, Span] = field(default_factory=dict)

    def span(self, place: Place) -> Span:
        """Where in the file a place of the YAML curriculum comes from: itself, or what is around it."""
        while place and place not in self.places:
            place = place[:-1]
        return self.places.get(place, self.source.whole())

"""The eight stages that the older system knows, and the names of its files."""

from __future__ import annotations

from collections.abc import Mapping

SCHEMA_VERSION = "1.0"
GRADUATED = "GRADUATED"
LABELS: Mapping[str, str] = {
    "STAGE_1_WARMUP": "Stage 1 w/warmup",
    "STAGE_1": "Stage 1",
    "STAGE_2": "Stage 2",
    "STAGE_3": "Stage 3",
    "STAGE_4": "Stage 4",
    "STAGE_5": "Stage 5",
    "STAGE_FINAL": "Stage final",
    GRADUATED: "Graduated",
}
NAMES: Mapping[str, str] = {label: name for name, label in LABELS.items()}


def stem(name: str, version: str) -> str:
    """Name of a curriculum's file without its ending; ``_rules.svg`` and ``_paras.svg`` are appended to it too."""
    return f"{name}_curriculum_v{version}_schema_v{SCHEMA_VERSION}"


def class_name(task: str) -> str:
    """What the older system calls the curriculums of a task: ``dynamic_foraging`` -> ``DynamicForagingCurriculum``."""
    return "".join(word[:1].upper() + word[1:] for word in task.split("_")) + "Curriculum"

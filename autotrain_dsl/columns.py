"""Names that the tables of a colony take, and that nothing in a curriculum may have."""

from __future__ import annotations

BEFORE_METRICS = (
    "subject_id", "session_date", "task", "session", "session_at_current_stage", "curriculum_name",
    "task_schema_version", "curriculum_version", "curriculum_schema_version", "curriculum_json_name",
)  # fmt: skip
AFTER_METRICS = (
    "metrics", "current_stage_suggested", "current_stage_actual", "if_closed_loop", "if_overriden_by_trainer",
    "decision", "next_stage_suggested",
)  # fmt: skip
OWN = ("rule", "reason", "missing", "basis", "curriculum_hash", "program_version", "judged_at")
MANAGER = frozenset({*BEFORE_METRICS, *AFTER_METRICS, *OWN})

# What stands in a cell for "nothing".
MISSING_WORDS = frozenset({"", "nan", "na", "n/a", "none", "null", "<na>", "nat"})

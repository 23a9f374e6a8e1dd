"""ATD9xx: what a solver proves about a curriculum."""

from autotrain_dsl.codes import expressions, graph
from autotrain_dsl.diagnostics import Code, Severity

CONTRADICTION = Code(
    "ATD901",
    "contradicting-rules",
    Severity.WARNING,
    "two rules of a stage are true together, and one progresses while the other rolls back",
    "The first one decides, and the other says the opposite about the same mouse. Often one of them lacks a condition.",
    "Give one of them the condition that tells them apart, or silence the finding with the reason why the order is "
    "meant.",
)
GAP = Code(
    "ATD902",
    "accidental-gap",
    Severity.WARNING,
    "between the thresholds of progress and rollback lies a value at which no rule fires",
    "A dead band between progress and rollback is usual; one that is narrower than a step of the metric looks like a "
    "slip between `>` and `>=`.",
    "Use `>=` on one side and `<` on the other, or leave a dead band that can be seen.",
)
BETTER_HELD_BACK = Code(
    "ATD903",
    "better-mouse-held-back",
    Severity.WARNING,
    "a better mouse is not promoted where a worse one is",
    "Raising a metric (or lowering one that is better when low) turns PROGRESS into another decision: the comparison "
    "looks the wrong way, or an earlier rule catches the better mouse.",
    "Turn the comparison round, or say `better: lower` or `better: neither` of the metric in the task schema.",
)
BETTER_ROLLED_BACK = Code(
    "ATD904",
    "better-mouse-rolled-back",
    Severity.WARNING,
    "a better mouse is rolled back where a worse one is not",
    "Raising a metric (or lowering one that is better when low) turns another decision into ROLLBACK.",
    "Turn the comparison round, or say `better: lower` or `better: neither` of the metric in the task schema.",
)
FOREIGN_SESSIONS = Code(
    "ATD905",
    "judged-by-earlier-stage",
    Severity.WARNING,
    "a mouse is moved for what it did in an earlier stage",
    "The window of the rule holds sessions from before the mouse came to the stage. By its sessions in this stage "
    "alone the decision would be another one.",
    "Add `and session_at_current_stage >= N` with the length of the window, or take `at_stage(x)`.",
)
OSCILLATION = Code(
    "ATD906",
    "oscillation",
    Severity.WARNING,
    "a mouse that always does the same moves between stages for ever",
    "What promotes it from one stage is what rolls it back from the other.",
    "Leave a dead band: roll back below a lower threshold than the one that promotes.",
)
NO_DEAD_BAND = Code(
    "ATD907",
    "no-dead-band",
    Severity.WARNING,
    "the smallest change of a metric moves a mouse up and down between two stages",
    "The threshold that promotes to a stage is the one that rolls back from it, so a mouse that performs about there "
    "changes its stage again and again.",
    "Roll back below a lower threshold than the one that promotes.",
)
STUCK = Code(
    "ATD908",
    "perfect-mouse-stuck",
    Severity.WARNING,
    "a mouse with perfect metrics cannot leave a stage",
    "No rule that leads to another stage is true of it, however long it stays.",
    "Correct the rule that should promote it.",
)
BROKEN_CLAIM = Code(
    "ATD911",
    "broken-claim",
    Severity.ERROR,
    "a property that the author claims does not hold",
    "There is a mouse that breaks it, which is shown; of a stage that cannot be reached in time there is none.",
    "Change the rules, or the claim.",
)
ALL = (
    CONTRADICTION,
    GAP,
    BETTER_HELD_BACK,
    BETTER_ROLLED_BACK,
    FOREIGN_SESSIONS,
    OSCILLATION,
    NO_DEAD_BAND,
    STUCK,
    BROKEN_CLAIM,
)

# What only a solver can find in every case, and which of it is found without looking at time.
CHEAP = frozenset({expressions.CONSTANT.id, graph.DEAD_RULE.id, CONTRADICTION.id})
SOLVED = CHEAP | {graph.UNREACHABLE.id, graph.NO_WAY_OUT.id} | {code.id for code in ALL}

"""ATD4xx: stages, their parameters, and the ways between them."""

from autotrain_dsl.diagnostics import Code, Severity

UNKNOWN_STAGE = Code(
    "ATD401",
    "unknown-stage",
    Severity.ERROR,
    "a transition leads to a stage that does not exist",
    "The mouse would have nowhere to go.",
    "Correct the name, or add the stage.",
)
NO_STAGE = Code(
    "ATD402",
    "no-stage",
    Severity.ERROR,
    "a curriculum has no stage",
    "There is nothing to train.",
    "Add at least one stage under `stages`. A file that only serves as a base says `abstract: true`.",
)
FINAL_WITH_TRANSITIONS = Code(
    "ATD403",
    "final-with-transitions",
    Severity.ERROR,
    "a final stage has transitions",
    "A mouse in a final stage always stays; the rules would never be tried.",
    "Remove the rules, or `final: true`.",
)
BAD_PARAMETER = Code(
    "ATD404",
    "bad-parameter",
    Severity.ERROR,
    "a parameter has a value that the task does not accept",
    "The rig would refuse it, or run something that nobody meant.",
    "Correct the value; the task schema says what is allowed.",
)
MISSING_PARAMETER = Code(
    "ATD405",
    "missing-parameter",
    Severity.ERROR,
    "a stage lacks a parameter that the task requires",
    "The rig would not know what to run.",
    "Add it to the stage, to a block it uses, or to the stage it inherits from.",
)
UNKNOWN_PARAMETER = Code(
    "ATD406",
    "unknown-parameter",
    Severity.ERROR,
    "a parameter that the task does not have",
    "A misspelt parameter would silently keep its old value on the rig.",
    "Correct the spelling, or add the parameter to the task schema.",
)
BROKEN_CONSTRAINT = Code(
    "ATD407",
    "broken-constraint",
    Severity.ERROR,
    "the parameters of a stage contradict each other",
    "The task schema states relations between parameters that every stage must keep.",
    "Change one of the parameters that the message names.",
)
UNREACHABLE = Code(
    "ATD411",
    "unreachable-stage",
    Severity.WARNING,
    "no mouse can get to a stage",
    "No path of transitions leads there from the initial stage.",
    "Add a transition to it, correct a target, or delete the stage.",
)
NO_WAY_OUT = Code(
    "ATD412",
    "no-way-to-final",
    Severity.WARNING,
    "a mouse in this stage can never finish",
    "No path of transitions leads from the stage to a final one.",
    "Add a transition that leads on.",
)
DEAD_RULE = Code(
    "ATD413",
    "dead-rule",
    Severity.WARNING,
    "a rule that is never reached",
    "Rules are tried in order and the first that fires decides; an earlier rule always fires first.",
    "Move the rule up, or delete it. `otherwise` belongs last.",
)
PROGRESS_BACKWARDS = Code(
    "ATD414",
    "progress-backwards",
    Severity.WARNING,
    "`progress` to a stage that is declared earlier",
    "Stages are declared in the order of training; going back is a rollback.",
    "Use `rollback`, or declare the stages in the order of training.",
)
ROLLBACK_FORWARDS = Code(
    "ATD415",
    "rollback-forwards",
    Severity.WARNING,
    "`rollback` to a stage that is declared later",
    "Stages are declared in the order of training; going on is progress.",
    "Use `progress`, or declare the stages in the order of training.",
)
FOREIGN_WINDOW = Code(
    "ATD416",
    "window-before-stage",
    Severity.WARNING,
    "a window of sessions reaches into earlier stages",
    "Right after a change of stage it judges the mouse by sessions of an easier or harder stage.",
    "Add `and session_at_current_stage >= N` with the length of the window. `at_stage(x)` is another way, but it "
    "judges by fewer sessions right after the change.",
)
SELF_TRANSITION = Code(
    "ATD417",
    "self-transition",
    Severity.WARNING,
    "`progress` or `rollback` to the stage's own self",
    "The table would record a change of stage that is none.",
    "Use `stay: true`, or correct the target.",
)

ALL = (
    UNKNOWN_STAGE,
    NO_STAGE,
    FINAL_WITH_TRANSITIONS,
    BAD_PARAMETER,
    MISSING_PARAMETER,
    UNKNOWN_PARAMETER,
    BROKEN_CONSTRAINT,
    UNREACHABLE,
    NO_WAY_OUT,
    DEAD_RULE,
    PROGRESS_BACKWARDS,
    ROLLBACK_FORWARDS,
    FOREIGN_WINDOW,
    SELF_TRANSITION,
)

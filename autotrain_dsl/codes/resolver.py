"""ATD2xx: names that lead elsewhere: extends, inherits, use, task schemas, constants."""

from autotrain_dsl.diagnostics import Code, Severity

EXTENDS_NOT_FOUND = Code(
    "ATD201",
    "extends-not-found",
    Severity.ERROR,
    "the file named by `extends` cannot be used",
    "The path is relative to the folder of the file that holds it.",
    "Correct the path.",
)
EXTENDS_OUTSIDE = Code(
    "ATD202",
    "extends-outside",
    Severity.ERROR,
    "`extends` leaves the folder tree of the curriculums",
    "A curriculum is complete in its folder: no file elsewhere may change it or show through it.",
    "Move the base file into the tree, which starts at the folder `curriculums`, else at the folder that is checked.",
)
EXTENDS_CYCLE = Code(
    "ATD203",
    "extends-cycle",
    Severity.ERROR,
    "files extend each other in a circle",
    "There is no first file to start from.",
    "Take `extends` out of one of the files.",
)
UNKNOWN_PARENT = Code(
    "ATD204",
    "unknown-parent",
    Severity.ERROR,
    "`inherits` names a stage that does not exist",
    "The stage would have no parameters.",
    "Correct the name.",
)
INHERITS_CYCLE = Code(
    "ATD205",
    "inherits-cycle",
    Severity.ERROR,
    "stages inherit from each other in a circle",
    "There is no first stage to take parameters from.",
    "Write the parameters out in one of the stages.",
)
UNKNOWN_BLOCK = Code(
    "ATD206",
    "unknown-block",
    Severity.ERROR,
    "`use` names a block that does not exist",
    "The parameters of the block would be missing.",
    "Correct the name, or define the block under `blocks`.",
)
NOTHING_TO_REMOVE = Code(
    "ATD207",
    "nothing-to-remove",
    Severity.ERROR,
    "`null` where there is nothing to remove",
    "`null` removes a key of the file that is extended; elsewhere it is an empty value, usually a forgotten one.",
    "Write the value, or delete the line.",
)
UNKNOWN_TASK_SCHEMA = Code(
    "ATD208",
    "unknown-task-schema",
    Severity.ERROR,
    "the task schema cannot be found",
    "Without it nothing is known about parameters and metrics.",
    "Correct name and version, add `schemas/tasks/NAME_VERSION.yaml`, or name its folder with `--schemas`.",
)
BAD_TASK_SCHEMA = Code(
    "ATD209",
    "bad-task-schema",
    Severity.ERROR,
    "the task schema itself is in error",
    "A curriculum cannot be checked against a schema that is wrong.",
    "Run `autotrain-dsl validate` on the task schema and mend it first.",
)
MISNAMED_TASK_SCHEMA = Code(
    "ATD210",
    "misnamed-task-schema",
    Severity.ERROR,
    "a task schema is not in a file of its own name",
    "Task schemas are found by file name: `NAME_VERSION.yaml`.",
    "Rename the file, or correct name and version in it.",
)
DUPLICATE_CURRICULUM = Code(
    "ATD211",
    "duplicate-curriculum",
    Severity.ERROR,
    "two files have the same name and version",
    "A session names its curriculum by name and version; it must be clear which one that is.",
    "Give the new one a new version.",
)
UNKNOWN_INITIAL = Code(
    "ATD212",
    "unknown-initial",
    Severity.ERROR,
    "`initial` names a stage that does not exist",
    "A new mouse would have nowhere to start.",
    "Correct the name.",
)
NAME_TAKEN = Code(
    "ATD213",
    "name-taken",
    Severity.ERROR,
    "one name for two things",
    "In an expression a name must mean one thing: a metric, a constant, a derived name or a word of the language.",
    "Rename the constant or the derived name.",
)
DERIVED_CYCLE = Code(
    "ATD214",
    "derived-cycle",
    Severity.ERROR,
    "derived names refer to each other in a circle",
    "None of them has a value.",
    "Write one of the expressions out.",
)
UNUSED_NAME = Code(
    "ATD215",
    "unused-name",
    Severity.WARNING,
    "a constant, a derived name or a block that nothing uses",
    "It looks as if it had an effect: a changed threshold that changes nothing.",
    "Use it or delete it.",
)
UNKNOWN_ADJUSTABLE = Code(
    "ATD216",
    "unknown-adjustable",
    Severity.ERROR,
    "`adjustable` names a parameter that the task does not have",
    "The operator would be told that something may be changed that does not exist.",
    "Correct the name.",
)
ALL = (
    EXTENDS_NOT_FOUND,
    EXTENDS_OUTSIDE,
    EXTENDS_CYCLE,
    UNKNOWN_PARENT,
    INHERITS_CYCLE,
    UNKNOWN_BLOCK,
    NOTHING_TO_REMOVE,
    UNKNOWN_TASK_SCHEMA,
    BAD_TASK_SCHEMA,
    MISNAMED_TASK_SCHEMA,
    DUPLICATE_CURRICULUM,
    UNKNOWN_INITIAL,
    NAME_TAKEN,
    DERIVED_CYCLE,
    UNUSED_NAME,
    UNKNOWN_ADJUSTABLE,
)

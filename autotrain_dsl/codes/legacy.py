"""ATD7xx: files of the older system, read and written."""

from autotrain_dsl.diagnostics import Code, Severity

NOT_LEGACY = Code(
    "ATD701",
    "not-legacy",
    Severity.ERROR,
    "a file is not a curriculum of the older system",
    "Only what its own format says can be turned into a curriculum. Such a file is left out as a whole.",
    "Give files called `NAME_curriculum_vVERSION_schema_vVERSION.json`, as the older system wrote them.",
)
UNREADABLE_LAMBDA = Code(
    "ATD702",
    "unreadable-lambda",
    Severity.ERROR,
    "the condition of a rule cannot be read",
    "The older system notices this only when a mouse comes to the stage. The rule is kept as a manual one, which is "
    "drawn and never fires, with the text beside it.",
    "Write the condition that was meant in place of `manual: true`: in a new version that extends this one, if rigs "
    "have the old file already, since what is published under a version never changes.",
)
INEXPRESSIBLE_LAMBDA = Code(
    "ATD703",
    "inexpressible-lambda",
    Severity.ERROR,
    "the condition of a rule uses something that the language does not have",
    "Conditions are read, never run; what has no meaning in the language cannot be kept. The rule becomes a manual "
    "one, which is drawn and never fires.",
    "Write the condition in the language, in place of `manual: true` in the new file.",
)
CONTRADICTING_STAGE = Code(
    "ATD704",
    "contradicting-from-stage",
    Severity.WARNING,
    "the rules of a stage say that they belong to another one",
    "The older system looks up rules by their key and never looks at `from_stage`; a reader of the file is misled.",
    "Nothing has to be done: the key counts, and the new file says a stage's name only once.",
)
MISSING_STAGE = Code(
    "ATD705",
    "stage-without-parameters",
    Severity.WARNING,
    "a stage that rules lead to, or that has rules, has no parameters",
    "A rig that reads the file finds nothing to run there. The new file gets the stage without parameters, which is "
    "right for a final stage only.",
    "Give the stage parameters in the new file, if sessions shall be run in it.",
)
ALWAYS_TRUE = Code(
    "ATD706",
    "always-true-lambda",
    Severity.WARNING,
    "the condition of a rule is always true",
    "It was the older system's way to say `otherwise`, and reads as if something were asked.",
    "Nothing has to be done: the new file says `otherwise: true`. Rules after it can never fire and are left out.",
)
CONTRADICTING_LABEL = Code(
    "ATD707",
    "contradicting-training-stage",
    Severity.WARNING,
    "the parameters of a stage say that they belong to another one",
    "A rig that shows `training_stage` shows the wrong stage.",
    "Nothing has to be done: the key counts, and the new file says a stage's name only once.",
)
CONTRADICTING_DESCRIPTION = Code(
    "ATD708",
    "contradicting-description",
    Severity.WARNING,
    "a rule is described with another connective than it is written with",
    "A rule that is described with `or` and written with `and` fires less often than its author believes.",
    "Decide which of the two is meant. The new file keeps what is written.",
)
CONTRADICTION = Code(
    "ATD710",
    "contradicting-values",
    Severity.ERROR,
    "two values of a file cannot both hold",
    "Stages for different versions of a task cannot be in one curriculum. A rule that says `stay` and leads elsewhere "
    "moves mice under the name of staying: it becomes a manual one, which is drawn and never fires.",
    "Correct the file and import it again, or write the rule that is meant in the new file.",
)
CANNOT_EXPORT = Code(
    "ATD711",
    "cannot-export",
    Severity.ERROR,
    "the older system's format cannot say something that a curriculum says",
    "Rigs that know only that format would run or decide something else.",
    "Change it as the message says, or go without the file of the older system (`--without-legacy`).",
)

ALL = (
    NOT_LEGACY,
    UNREADABLE_LAMBDA,
    INEXPRESSIBLE_LAMBDA,
    CONTRADICTING_STAGE,
    MISSING_STAGE,
    ALWAYS_TRUE,
    CONTRADICTING_LABEL,
    CONTRADICTING_DESCRIPTION,
    CONTRADICTION,
    CANNOT_EXPORT,
)

"""ATD8xx: tests of curriculums."""

from autotrain_dsl.diagnostics import Code, Severity

UNKNOWN_CURRICULUM = Code(
    "ATD801",
    "untestable-curriculum",
    Severity.ERROR,
    "a test file names a curriculum that cannot be used",
    "Without a curriculum that compiles there is nothing to try the tests on.",
    "Write the path of the curriculum as it is seen from the test file, and mend the curriculum first.",
)
UNKNOWN_METRIC = Code(
    "ATD802",
    "unknown-metric-of-test",
    Severity.ERROR,
    "a test names a metric that the task does not have",
    "The values would reach no rule, and the test would say nothing.",
    "Use the names of metrics in the task schema, as the rules do.",
)
UNKNOWN_STAGE = Code(
    "ATD803",
    "unknown-stage-of-test",
    Severity.ERROR,
    "a test names a stage that the curriculum does not have",
    "A mouse can neither stand there nor come there.",
    "Use the name of a stage as it is written under `stages`.",
)
LENGTHS = Code(
    "ATD804",
    "uneven-test",
    Severity.ERROR,
    "parts of a test do not belong to the same sessions",
    "Every metric, `ran` and `expect_path` speak of the same sessions, so they are equally long. `expect_path` may "
    "have one entry more: the stage after the last session.",
    "Write `null` for a value that is missing, and for a session that ran as suggested.",
)
IMPOSSIBLE = Code(
    "ATD805",
    "impossible-test",
    Severity.ERROR,
    "a test describes what cannot happen",
    "A value outside of the metric's range is not judged at night, counts cannot contradict each other, and a rule "
    "that is not there cannot fire. Such a test shows nothing about real mice.",
    "Give values that a table can hold.",
)
TWIN_TEST = Code(
    "ATD806",
    "twin-test",
    Severity.ERROR,
    "two tests of a file have the same name",
    "A report could not say which of them has failed.",
    "Say in the name what is different.",
)
CANNOT_FORMAT = Code(
    "ATD831",
    "cannot-format",
    Severity.ERROR,
    "a file cannot be brought into the canonical layout",
    "The result is parsed and compiled again, and what does not say the same as before, every comment included, is "
    "never written.",
    "Write the comment or the text that stands in an unusual place in a simpler way, and format again.",
)

ALL = (UNKNOWN_CURRICULUM, UNKNOWN_METRIC, UNKNOWN_STAGE, LENGTHS, IMPOSSIBLE, TWIN_TEST, CANNOT_FORMAT)

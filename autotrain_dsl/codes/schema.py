"""ATD1xx: the structure of a file, as JSON Schema sees it."""

from autotrain_dsl.diagnostics import Code, Severity

UNKNOWN_KEY = Code(
    "ATD101",
    "unknown-key",
    Severity.ERROR,
    "a key that the language does not know",
    "A misspelt key would be silently without effect.",
    "Correct the spelling; `autotrain-dsl schema curriculum` lists every key.",
)
MISSING_KEY = Code(
    "ATD102",
    "missing-key",
    Severity.ERROR,
    "a required key is missing",
    "The file cannot be understood without it.",
    "Add the key. A file that only serves as a base for others says `abstract: true`.",
)
WRONG_TYPE = Code(
    "ATD103",
    "wrong-type",
    Severity.ERROR,
    "a value of another kind than expected",
    "Text, numbers, booleans, lists and mappings are not interchangeable: `2.10` unquoted is the number 2.1.",
    "Put quotes around text that looks like a number; indent lists and mappings under their key.",
)
NOT_ALLOWED = Code(
    "ATD104",
    "value-not-allowed",
    Severity.ERROR,
    "a value that is not one of those allowed",
    "Only the listed values have a meaning here.",
    "Take one of the listed values.",
)
OUT_OF_BOUNDS = Code(
    "ATD105",
    "out-of-bounds",
    Severity.ERROR,
    "a value, a text or a list is too small or too large",
    "The bounds are those of the language; they keep names printable and files readable.",
    "Stay within the bounds that the message names.",
)
BAD_FORM = Code(
    "ATD106",
    "bad-form",
    Severity.ERROR,
    "a name or text that does not have the required form",
    "Names are used in expressions, file names and diagrams and must be safe there.",
    "Use the form that the message describes.",
)
NOT_EXACTLY_ONE = Code(
    "ATD107",
    "not-exactly-one",
    Severity.ERROR,
    "exactly one of several keys is needed",
    "A rule leads to one place and fires for one reason.",
    "Keep one of the keys; make two rules if both are meant.",
)
RESERVED = Code(
    "ATD108",
    "reserved-key",
    Severity.ERROR,
    "a key that is reserved for a later version",
    "It would have no effect today and another meaning tomorrow.",
    "Remove the key.",
)

ALL = (UNKNOWN_KEY, MISSING_KEY, WRONG_TYPE, NOT_ALLOWED, OUT_OF_BOUNDS, BAD_FORM, NOT_EXACTLY_ONE, RESERVED)

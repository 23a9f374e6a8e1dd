"""ATD0xx: the text of a file, before anything of its meaning is known."""

from autotrain_dsl.diagnostics import Code, Severity

CANNOT_READ = Code(
    "ATD001",
    "cannot-read",
    Severity.ERROR,
    "a file cannot be read",
    "The file is missing, is not a file, or its permissions forbid reading it.",
    "Check the path and the permissions.",
)
NOT_UTF8 = Code(
    "ATD002",
    "not-utf8",
    Severity.ERROR,
    "a file is not UTF-8 text",
    "Other encodings show other letters on other computers, and a rule must read the same everywhere.",
    "Save the file with the encoding UTF-8.",
)
TOO_LARGE = Code(
    "ATD003",
    "too-large",
    Severity.ERROR,
    "a file, a value or a structure is larger than any curriculum needs",
    "Files come from pull requests. The bounds keep a file from making the program slow or large.",
    "Split the curriculum with `extends`, share parameters with `inherits` and `use`, or shorten the value.",
)
FORBIDDEN_CHARACTER = Code(
    "ATD004",
    "forbidden-character",
    Severity.ERROR,
    "a control character or an invisible one",
    "Control, zero-width and text-direction characters make a file read differently from what it does.",
    "Delete the character; retype the line if you cannot see it.",
)
SYNTAX = Code(
    "ATD005",
    "yaml-syntax",
    Severity.ERROR,
    "the text is not YAML",
    "The structure of the file cannot be told: often an indentation, a missing colon or an open quote.",
    "Look at the marked place and the line above it. Quote text that holds `: `, ` #` or starts with a symbol.",
)
DIRECTIVE = Code(
    "ATD006",
    "yaml-directive",
    Severity.ERROR,
    "a YAML directive",
    "`%YAML 1.1` turns `off` into false and `%TAG` invents types; files are YAML 1.2 and nothing else.",
    "Delete the line that starts with `%`.",
)
ALIAS = Code(
    "ATD007",
    "yaml-alias",
    Severity.ERROR,
    "an anchor, an alias or a merge key",
    "Aliases of aliases can make a small file expand without bound, and copies hide where a value comes from.",
    "Share parameters with `blocks` and `use` or with `inherits`; share a whole curriculum with `extends`.",
)
TAG = Code(
    "ATD008",
    "yaml-tag",
    Severity.ERROR,
    "a YAML tag (`!` and a word)",
    "Tags such as `!!python/object` or `!!binary` ask a reader to build other objects than plain values.",
    "Delete the tag; quote the value if it is text.",
)
DUPLICATE_KEY = Code(
    "ATD009",
    "duplicate-key",
    Severity.ERROR,
    "a key stands twice in one mapping",
    "Only one of the two values can hold, and readers disagree about which.",
    "Delete or rename one of them.",
)
BAD_KEY = Code(
    "ATD010",
    "bad-key",
    Severity.ERROR,
    "a key is not text",
    "Keys are names. A number, a boolean or a list as a key is nearly always a slip.",
    'Quote the key if it is meant: `"1":`.',
)
AMBIGUOUS_VALUE = Code(
    "ATD011",
    "ambiguous-value",
    Severity.ERROR,
    "a value that programs read differently",
    "`010` is 10 or 8, `1_000` is a number or text, `2024-01-02` text or a date, `.nan` no number at all.",
    "Write a number in plain decimal digits, or put quotes around text.",
)
NOT_ONE_DOCUMENT = Code(
    "ATD012",
    "not-one-document",
    Severity.ERROR,
    "a file does not hold exactly one YAML mapping",
    "A file is one curriculum or one task schema: `key: value` lines at the left margin.",
    "Remove further `---` documents; start the file with `dsl_version: 1`.",
)
BAD_IGNORE = Code(
    "ATD013",
    "bad-ignore",
    Severity.ERROR,
    "a comment that silences findings is incomplete",
    "A silenced warning is a decision about animals; the next reader needs the reason.",
    "Write `# autotrain: ignore[ATD416] reason in plain words` at the end of the line of the warning.",
)
UNUSED_IGNORE = Code(
    "ATD014",
    "unused-ignore",
    Severity.WARNING,
    "a comment silences nothing",
    "The finding is gone, or stands on another line; the comment would hide the next one unseen.",
    "Delete the comment or move it to the line of the finding.",
)

TOO_MANY = Code(
    "ATD015",
    "too-many-findings",
    Severity.ERROR,
    "a file has more findings than one can read",
    "Usually one slip near the top, such as an indentation, is behind most of them.",
    "Mend the first ones and run again.",
)

ALL = (
    CANNOT_READ,
    NOT_UTF8,
    TOO_LARGE,
    FORBIDDEN_CHARACTER,
    SYNTAX,
    DIRECTIVE,
    ALIAS,
    TAG,
    DUPLICATE_KEY,
    BAD_KEY,
    AMBIGUOUS_VALUE,
    NOT_ONE_DOCUMENT,
    BAD_IGNORE,
    UNUSED_IGNORE,
    TOO_MANY,
)

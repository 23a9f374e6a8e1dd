"""ATD6xx: the configuration of the nightly run."""

from autotrain_dsl.diagnostics import Code, Severity

UNSET_VARIABLE = Code(
    "ATD601",
    "unset-variable",
    Severity.ERROR,
    "an environment variable is not set",
    "`${NAME}` stands for the value of a variable. Without one the run would look in the wrong place.",
    "Set the variable for the program that starts the nightly run, or correct its name.",
)
BAD_REFERENCE = Code(
    "ATD602",
    "bad-reference",
    Severity.ERROR,
    "`${` that is no reference to an environment variable",
    "References may stand in places (paths and URIs) and in the values of `s3`; elsewhere they would stay as they are.",
    "Write `${NAME}` with letters, digits and underscores. For the two characters themselves write `$${`.",
)
WRITTEN_PASSWORD = Code(
    "ATD603",
    "written-password",
    Severity.WARNING,
    "a password is written into the file",
    "Configuration files are copied, mailed and put under version control, and the password goes with them.",
    "Put the password into an environment variable and write `${NAME}` in its place.",
)
UNKNOWN_SCHEME = Code(
    "ATD604",
    "unknown-scheme",
    Severity.ERROR,
    "a place that starts with an unknown word before `://`",
    "The program reaches files, `s3://`, `sqlite:///` and `postgresql+psycopg://`, and nothing else.",
    "Correct the word; write the path alone for a file on this computer.",
)
BAD_PLACE = Code(
    "ATD605",
    "bad-place",
    Severity.ERROR,
    "a place that is incomplete or wrongly written",
    "It cannot be told which file, object or table is meant.",
    "Write a path, `s3://BUCKET/KEY`, `sqlite:///FILE#TABLE` or `postgresql+psycopg://USER@HOST/DATABASE#TABLE`.",
)
WRONG_KIND = Code(
    "ATD606",
    "wrong-kind-of-place",
    Severity.ERROR,
    "a place of a kind that cannot stand here",
    "Only df_behavior and df_manager can be tables of a database, and task schemas are read from this computer.",
    "Use a place of a kind that the message names.",
)
WRONG_ENDING = Code(
    "ATD607",
    "wrong-ending",
    Severity.ERROR,
    "the ending of a file's name says no format that is known here",
    "The format of a file is told by the ending of its name: .parquet, .csv or .pkl for tables, .json for the report.",
    "Take one of these endings.",
)
NOT_THERE = Code(
    "ATD608",
    "not-there",
    Severity.ERROR,
    "a file or folder that does not exist",
    "Paths are relative to the folder of the configuration file.",
    "Correct the path.",
)
SAME_PLACE = Code(
    "ATD609",
    "same-place",
    Severity.ERROR,
    "two things would be written to the same place",
    "The later one would overwrite the earlier one every night.",
    "Give one of them another name or folder.",
)
OVERWRITTEN_INPUT = Code(
    "ATD610",
    "overwritten-input",
    Severity.ERROR,
    "df_behavior would be overwritten",
    "The run would write over the sessions that it reads.",
    "Give df_behavior and what is written different places.",
)
OWN_FOLDER = Code(
    "ATD611",
    "own-folder",
    Severity.ERROR,
    "a mirror is the folder of df_manager itself",
    "A copy in the same place is none, and it would write over the table.",
    "Name another folder, best on another disk, or delete the mirror.",
)
STATS_OF_DATABASE = Code(
    "ATD612",
    "stats-of-database",
    Severity.ERROR,
    "`stats` for a df_manager that is in a database",
    "There both tables change in one transaction; df_manager_stats is always beside df_manager.",
    "Delete `stats`.",
)
BAD_DEFAULT = Code(
    "ATD613",
    "bad-default-curriculum",
    Severity.ERROR,
    "`default_curriculum` is not of the form NAME@VERSION",
    "Versions of a curriculum have different rules; it must be clear which one is meant.",
    'Write name and version with an @ between them, such as "Coupled Baiting@2.3".',
)
SAME_COLUMN = Code(
    "ATD614",
    "same-column",
    Severity.ERROR,
    "one column of the table for two names",
    "A column can only mean one thing.",
    "Correct one of the two.",
)
NO_MANAGER = Code(
    "ATD615",
    "no-manager",
    Severity.ERROR,
    "there is nothing to judge",
    "A nightly run without managers would do nothing and look like a success.",
    "Add a manager with `curriculums`, `behavior` and `manager`.",
)
PAGES_AMONG_OTHERS = Code(
    "ATD616",
    "pages-among-others",
    Severity.ERROR,
    "a folder of pages holds something that is no page",
    "A folder of pages is often shown by a web server. Whoever sees the pages would get the rest, too.",
    "Name a folder of its own for the pages.",
)

ALL = (
    UNSET_VARIABLE,
    BAD_REFERENCE,
    WRITTEN_PASSWORD,
    UNKNOWN_SCHEME,
    BAD_PLACE,
    WRONG_KIND,
    WRONG_ENDING,
    NOT_THERE,
    SAME_PLACE,
    OVERWRITTEN_INPUT,
    OWN_FOLDER,
    STATS_OF_DATABASE,
    BAD_DEFAULT,
    SAME_COLUMN,
    NO_MANAGER,
    PAGES_AMONG_OTHERS,
)

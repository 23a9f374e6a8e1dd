"""ATD5xx: tables, and sessions that cannot be judged."""

from autotrain_dsl.diagnostics import Code, Severity

UNREADABLE = Code(
    "ATD501",
    "unreadable-table",
    Severity.ERROR,
    "a table cannot be read",
    "The file is damaged, or is not what its name says. Nothing is changed then: an error is never 'empty'.",
    "Look at the file; restore it from a copy if it is damaged.",
)
MISSING_COLUMN = Code(
    "ATD502",
    "missing-column",
    Severity.ERROR,
    "a table lacks a column",
    "Without it rows cannot be assigned to mice, sessions or curriculums.",
    "Add or rename the column.",
)
BAD_SESSION_NUMBER = Code(
    "ATD503",
    "bad-session-number",
    Severity.ERROR,
    "a session number is not a whole number from 1",
    "Sessions are ordered by number; a doubtful number could put a session in the wrong place.",
    "Correct the number in df_behavior.",
)
CONFLICTING_ROWS = Code(
    "ATD504",
    "conflicting-rows",
    Severity.ERROR,
    "two different rows for one session",
    "It cannot be told which one is right, so the mouse is held from there on.",
    "Remove the wrong row from df_behavior.",
)
UNKNOWN_CURRICULUM = Code(
    "ATD505",
    "unknown-curriculum",
    Severity.ERROR,
    "the session's curriculum is not available",
    "There is no such curriculum, or it has errors. The session is tried again in the next run.",
    "Add the curriculum, mend it, or correct name and version in df_behavior.",
)
NO_VERSION = Code(
    "ATD506",
    "no-curriculum-version",
    Severity.ERROR,
    "the session does not say which version of its curriculum was used",
    "Versions have different rules.",
    "Fill in `curriculum_version`, or name a default with `--default-curriculum`.",
)
FOREIGN_STAGE = Code(
    "ATD507",
    "foreign-stage",
    Severity.ERROR,
    "the suggested stage is not a stage of the session's curriculum",
    "The mouse changed curriculum; which stage of the new one suits it is for a person to decide.",
    "Say in which stage of the new curriculum it goes on: `evaluate --place 712345=STAGE_2`.",
)
BAD_METRIC = Code(
    "ATD508",
    "bad-metric",
    Severity.ERROR,
    "a metric's value cannot be right",
    "It is text, infinite, a fraction where only whole numbers occur, or outside the range of the task schema.",
    "Correct the value in df_behavior, or leave it empty: a missing value moves no mouse.",
)
NO_METRIC_COLUMN = Code(
    "ATD509",
    "no-metric-column",
    Severity.ERROR,
    "df_behavior has no column for a metric",
    "The rules of the curriculum may read it.",
    "Add the column, or list its name under `columns` of the metric in the task schema.",
)
BAD_MANAGER_ROW = Code(
    "ATD510",
    "bad-manager-row",
    Severity.ERROR,
    "a row of df_manager cannot be understood",
    "Decisions build on earlier ones. Nothing is changed while the table is in doubt.",
    "Correct the row, or restore the table from a copy.",
)
STALE = Code(
    "ATD511",
    "stale-decision",
    Severity.WARNING,
    "a decision rests on data that has changed since",
    "A session arrived late, or its metrics changed after it was judged. A normal run changes no existing row.",
    "Judge the mouse again from there on with `--correct`, which lists every row before and after.",
)
OPEN_LOOP = Code(
    "ATD512",
    "actual-stage-unknown",
    Severity.WARNING,
    "the actual stage is not a stage of the curriculum",
    "The session is judged as if the rig had run the suggested stage (open loop).",
    "Correct `current_stage_actual` in df_behavior, or leave the column out for a simulation.",
)
UNKNOWN_SUBJECT = Code(
    "ATD513",
    "unknown-subject",
    Severity.ERROR,
    "a mouse that was asked for has no session",
    "Nothing can be judged for it; often the number is mistyped.",
    "Correct `--subject`.",
)

CURRICULUM_CHANGED = Code(
    "ATD514",
    "curriculum-changed",
    Severity.WARNING,
    "a curriculum has changed since sessions were judged with it",
    "Decisions of one curriculum and version should rest on the same rules and parameters.",
    "Give the changed curriculum a new version (`extends` makes that short), and restore the old one.",
)
EDITED_TABLE = Code(
    "ATD515",
    "edited-table",
    Severity.ERROR,
    "another program has changed the exported df_manager",
    "Two programs that write one table undo each other's decisions. Nothing is changed until a person has decided.",
    "`evaluate --adopt` takes the changes over and keeps the old rows on record; `evaluate --restore` undoes them.",
)
DAMAGED_EXPORT = Code(
    "ATD516",
    "damaged-export",
    Severity.WARNING,
    "the exported df_manager cannot be read",
    "It is made from the state, which is whole, and is written again. Something has damaged the file.",
    "Look for what has done it: a full disk, a program that was cut off, a copy that was not finished.",
)
UNVERIFIED = Code(
    "ATD517",
    "unverified-decision",
    Severity.ERROR,
    "a recorded decision comes out differently",
    "The same rules on the recorded metrics give another result: a row was changed by hand, or the program was.",
    "Look at the row with `history`; `evaluate --rerun --subject` judges the mouse anew.",
)
PLACED_IN_VAIN = Code(
    "ATD518",
    "placed-in-vain",
    Severity.WARNING,
    "a mouse was placed that needs no stage",
    "`--place` is for a mouse whose suggested stage is none of its curriculum; often the number is mistyped.",
    "Correct `--place`. To train a mouse in another stage, run that stage on the rig.",
)
ABSENT_MICE = Code(
    "ATD519",
    "absent-mice",
    Severity.WARNING,
    "most mice of df_manager are not in df_behavior",
    "Either it is the table of another colony, or the program that writes it has failed.",
    "Look at df_behavior. If these mice have left the lab, nothing is to be done.",
)

ALL = (
    UNREADABLE,
    MISSING_COLUMN,
    BAD_SESSION_NUMBER,
    CONFLICTING_ROWS,
    UNKNOWN_CURRICULUM,
    NO_VERSION,
    FOREIGN_STAGE,
    BAD_METRIC,
    NO_METRIC_COLUMN,
    BAD_MANAGER_ROW,
    STALE,
    OPEN_LOOP,
    UNKNOWN_SUBJECT,
    CURRICULUM_CHANGED,
    EDITED_TABLE,
    DAMAGED_EXPORT,
    UNVERIFIED,
    PLACED_IN_VAIN,
    ABSENT_MICE,
)

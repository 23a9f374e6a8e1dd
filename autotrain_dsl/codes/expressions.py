"""ATD3xx: expressions."""

from autotrain_dsl.diagnostics import Code, Severity

SYNTAX = Code(
    "ATD301",
    "expression-syntax",
    Severity.ERROR,
    "an expression cannot be read",
    "A parenthesis is open, an operator lacks a side, or a word stands where none can.",
    "Look at the marked place. Conditions look like `finished_trials[-1] >= 200 and session_total >= 5`.",
)
NOT_IN_LANGUAGE = Code(
    "ATD302",
    "not-in-language",
    Severity.ERROR,
    "an expression uses something that the language does not have",
    "Expressions compare and compute with numbers and sequences and nothing else, so that no file can run a program.",
    "Use comparisons, `and or not`, `+ - * /`, indexing, slices and the functions of the language.",
)
UNKNOWN_NAME = Code(
    "ATD303",
    "unknown-name",
    Severity.ERROR,
    "a name in an expression that nobody defines",
    "It is neither a metric of the task nor a constant, a derived name or a word of the language.",
    "Correct the spelling, or define it under `constants` or `derived`.",
)
UNKNOWN_FUNCTION = Code(
    "ATD304",
    "unknown-function",
    Severity.ERROR,
    "a function that the language does not have",
    "Only a fixed set of functions exists.",
    "Use one of `mean median min max sum std abs round count all any at_stage present`.",
)
WRONG_TYPE = Code(
    "ATD305",
    "expression-type",
    Severity.ERROR,
    "a part of an expression is of the wrong type",
    "Numbers, booleans, text and sequences do not mix freely; the slip would only show when a mouse gets there.",
    "Take one value of a sequence (`x[-1]`), or one number from it (`mean(x[-5:])`).",
)
WRONG_ARGUMENTS = Code(
    "ATD306",
    "wrong-arguments",
    Severity.ERROR,
    "a function is called with the wrong number of arguments",
    "Every function of the language takes one argument; `round` may take the number of digits as a second one.",
    "Give it one sequence: `max(x[-3:])`.",
)
NOT_A_CONDITION = Code(
    "ATD307",
    "not-a-condition",
    Severity.ERROR,
    "a condition is not true or false",
    "A whole sequence of answers, or a number, cannot decide about a mouse.",
    "Say which session is meant, or how many must agree: `x[-1] >= 200`, `all(x[-3:] >= 200)`.",
)
BAD_WINDOW = Code(
    "ATD308",
    "bad-window",
    Severity.ERROR,
    "an index or a slice that cannot be meant",
    "Bounds are whole numbers known beforehand. `x[-0:]` is the whole history and `x[-1:-5]` is always empty.",
    "Use whole numbers or constants: `x[-1]`, `x[-5:]`, `x[-window:]`.",
)
TOO_LARGE = Code(
    "ATD309",
    "expression-too-large",
    Severity.ERROR,
    "an expression is longer or deeper than any rule needs",
    "The bounds keep a file from making the program slow; a rule of this size cannot be reviewed either.",
    "Split it with `derived` names or `all:`/`any:` lists.",
)
OUT_OF_RANGE = Code(
    "ATD310",
    "threshold-out-of-range",
    Severity.ERROR,
    "a threshold outside the range of what it is compared with",
    "The comparison always has the same outcome: often a percentage where a ratio is meant.",
    "Correct the threshold, or the range in the task schema.",
)
CONSTANT = Code(
    "ATD311",
    "constant-condition",
    Severity.WARNING,
    "a condition that is always true or always false",
    "It decides nothing, however the mouse behaves.",
    "Use `otherwise: true` for a rule that shall always fire; else correct or delete the comparison.",
)
FLOAT_EQUALITY = Code(
    "ATD312",
    "float-equality",
    Severity.WARNING,
    "a measured value is compared for equality",
    "Two measured or computed numbers are hardly ever equal to the last digit.",
    "Compare with `>=` or `<=`, or round first: `round(x[-1], 2) == 0.7`.",
)

ALL = (
    SYNTAX,
    NOT_IN_LANGUAGE,
    UNKNOWN_NAME,
    UNKNOWN_FUNCTION,
    WRONG_TYPE,
    WRONG_ARGUMENTS,
    NOT_A_CONDITION,
    BAD_WINDOW,
    TOO_LARGE,
    OUT_OF_RANGE,
    CONSTANT,
    FLOAT_EQUALITY,
)

"""The watch list: every kind of notice at its threshold and one short of it, and what gives none."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import pytest
from colony import TASK, TINY
from hypothesis import given, settings
from hypothesis import strategies as st

from autotrain_dsl import catalog, resources
from autotrain_dsl.catalog import Catalog
from autotrain_dsl.codes import tables as codes
from autotrain_dsl.tables.issues import Issue
from autotrain_dsl.tables.manager import Row, to_frame
from autotrain_dsl.watching import Kind, Notice, Thresholds, watch

TODAY = dt.date(2024, 6, 1)
OTHER_METRICS = """\
  errors: {title: Errors, type: number, better: lower}
  side_bias: {title: Side bias, type: number, better: neither}
"""
ONE, TWO, THREE, END = "STAGE_1", "STAGE_2", "STAGE_3", "GRADUATED"
POSITION = {ONE: 1, TWO: 2, THREE: 3, END: 4}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("lab")
    (folder / "tasks").mkdir()
    (folder / "tasks" / "tiny_1.0.yaml").write_text(TASK + OTHER_METRICS, "utf-8")
    (folder / "curriculums").mkdir()
    back = "    transitions: [{rollback: STAGE_3, when: 'finished_trials[-1] < 9'}]\n"
    endless = TINY.replace("    final: true\n", back)
    for n, (version, text) in enumerate([("1.0", TINY), ("2.0", TINY), ("0.9", endless)]):
        written = text.replace('version: "1.0"\ntask', f'version: "{version}"\ntask')
        (folder / "curriculums" / f"{n}.yaml").write_text(written, "utf-8")
    built = catalog.build([folder / "curriculums"], folder / "tasks")
    assert all(built.find("Tiny", version) for version in ("0.9", "1.0", "2.0"))
    return built


def mouse(
    subject: str,
    path: Iterable[str],
    following: str | None = None,
    ends: int = 0,
    first: int = 1,
    values: Sequence[dict[str, float | None]] | None = None,
    **more: Any,
) -> list[Row]:
    """One session a day at these stages, the last one ``ends`` days before today; every stage suggests the next one."""
    stages = list(path)
    after = [*stages[1:], following or stages[-1]]
    rows = []
    for n, (stage, then) in enumerate(zip(stages, after, strict=True)):
        day = TODAY - dt.timedelta(ends + len(stages) - 1 - n)
        move = POSITION[then] - POSITION[stage]
        given = {
            "decision": "STAY" if move == 0 else "PROGRESS" if move > 0 else "ROLLBACK",
            "session_date": day.isoformat(),
            "curriculum_name": "Tiny",
            "curriculum_version": "1.0",
            "values": values[n] if values is not None else {},
            **more,
        }
        rows.append(Row(subject, first + n, stage, next_stage_suggested=then, **given))
    return rows


def stay(stage: str, sessions: int) -> list[str]:
    return [stage] * sessions


def notices(rows: Iterable[Row], known: Catalog, issues: Iterable[Issue] = (), **thresholds: Any) -> list[Notice]:
    return watch(to_frame(rows), Thresholds.of(thresholds), TODAY, known, issues)


def told(found: Iterable[Notice], kind: Kind) -> list[str]:
    return [each.subject for each in found if each.kind is kind]


# Stuck


def others(number: int, *lengths: int) -> list[Row]:
    """Mice that were at STAGE_1 for these numbers of sessions, one after the other if there are fewer mice."""
    rows = []
    for n, length in enumerate(lengths):
        first = 1 + sum(lengths[n % number : n : number]) + n
        rows += mouse(f"o{n % number}", [*stay(ONE, length), TWO], ONE, first=first)
    return rows


@pytest.mark.parametrize(
    ("sessions", "number", "lengths", "expected"),
    [
        (6, 5, (5, 5, 5, 5, 5), True),
        (5, 5, (5, 5, 5, 5, 5), False),  # not longer
        (6, 5, (5, 5, 5, 5, 6), False),  # longer than 80 %
        (6, 10, (*[5] * 9, 60), True),  # longer than 90 % exactly
        (6, 10, (*[5] * 8, 60, 60), False),
        (6, 4, (5, 5, 5, 5), False),  # four others
        (6, 4, (5, 5, 5, 5, 5), False),  # five stays of four others
        (5, 5, (4, 4, 4, 4, 4), True),
        (4, 5, (3, 3, 3, 3, 3), False),  # fewer sessions than are worth a word
    ],
)
def test_stuck(sessions: int, number: int, lengths: tuple[int, ...], expected: bool, known: Catalog) -> None:
    rows = [*others(number, *lengths), *mouse("m", stay(ONE, sessions))]
    assert told(notices(rows, known), Kind.STUCK) == (["m"] if expected else [])


def test_stuck_says_what_led_to_it(known: Catalog) -> None:
    rows = [*others(5, 2, 3, 3, 4, 5), *mouse("m", stay(ONE, 10), first=4)]
    assert notices(rows, known)[0] == Notice(
        Kind.STUCK,
        "m",
        "Mouse m has been at STAGE_1 of Tiny for 10 sessions, longer than 100 % of the 5 finished stays of 5 other "
        "mice there, half of which took at most 3 sessions (threshold: 90 %).",
        13,
        2.0,
    )


MANY = stay(ONE, 9)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (mouse("m", MANY), True),
        (mouse("m", MANY, TWO), False),  # it is about to leave
        (mouse("m", [*MANY[:-1], TWO]), False),
        (mouse("m", [*stay(ONE, 5), TWO, *stay(ONE, 5)]), False),  # two stays, each of which is short
        (mouse("m", MANY, curriculum_version="2.0"), True),  # compared over all versions
        (mouse("m", MANY, curriculum_version="7"), True),
        (mouse("m", MANY, curriculum_name="Other"), False),
        (mouse("m", stay(ONE, 4), curriculum_name="Other") + mouse("m", stay(ONE, 5), first=5), False),
        (mouse("m", stay(ONE, 4), curriculum_version="2.0") + mouse("m", stay(ONE, 5), first=5), True),
    ],
)
def test_what_counts_as_a_long_stay(rows: list[Row], expected: bool, known: Catalog) -> None:
    found = notices([*others(6, 5, 5, 5, 5, 5, 5), *rows], known)
    assert told(found, Kind.STUCK) == (["m"] if expected else [])


def test_a_mouse_is_not_compared_with_itself(known: Catalog) -> None:
    rows = mouse("m", [*stay(ONE, 20), TWO, *stay(ONE, 6)])
    assert told(notices([*rows, *others(5, 5, 5, 5, 5, 5)], known), Kind.STUCK) == ["m"]
    assert told(notices([*rows, *others(4, 5, 5, 5, 5)], known), Kind.STUCK) == []


@pytest.mark.parametrize(
    ("end", "counts"),
    [
        ({"following": TWO}, True),  # the last session suggests another stage
        ({"following": ONE}, False),  # it is there still
    ],
)
def test_which_stays_are_finished(end: dict[str, Any], counts: bool, known: Catalog) -> None:
    rows = [*others(4, 5, 5, 5, 5), *mouse("fifth", stay(ONE, 3), **end), *mouse("m", stay(ONE, 6))]
    assert told(notices(rows, known), Kind.STUCK) == (["m"] if counts else [])


def test_a_stay_that_a_change_of_curriculum_has_cut_off_is_no_measure(known: Catalog) -> None:
    cut = [*mouse("fifth", stay(ONE, 3)), *mouse("fifth", [THREE], first=4, curriculum_name="Other")]
    rows = [*others(4, 5, 5, 5, 5), *cut, *mouse("m", stay(ONE, 6))]
    assert told(notices(rows, known), Kind.STUCK) == []
    trainer = [*mouse("fifth", stay(ONE, 3)), *mouse("fifth", [THREE], first=4)]  # moved, on the same curriculum
    assert told(notices([*others(4, 5, 5, 5, 5), *trainer, *mouse("m", stay(ONE, 6))], known), Kind.STUCK) == ["m"]


@pytest.mark.parametrize(
    ("stage", "version", "expected"),
    [
        (THREE, "1.0", ["m"]),
        (END, "1.0", []),
        (END, "0.9", ["m"]),
        (END, "7", []),  # a version that is not there is like the newest one
    ],
)
def test_nobody_is_stuck_at_a_final_stage(stage: str, version: str, expected: list[str], known: Catalog) -> None:
    rows = [row for n in range(6) for row in mouse(f"o{n}", [*stay(stage, 2), ONE], curriculum_version=version)]
    rows += mouse("m", stay(stage, 9), curriculum_version=version)
    assert told(notices(rows, known), Kind.STUCK) == expected


# Oscillating


@pytest.mark.parametrize(
    ("path", "following", "expected"),
    [
        ([TWO, ONE, TWO, ONE], ONE, True),
        ([TWO, ONE, TWO], ONE, True),  # the last session decides it
        ([TWO, ONE, TWO], TWO, False),
        ([TWO, ONE, TWO, *stay(ONE, 7)], ONE, True),  # the first one is the tenth to last
        ([TWO, ONE, TWO, *stay(ONE, 8)], ONE, False),
        ([THREE, TWO, ONE], ONE, True),
        ([THREE, TWO, ONE, TWO, THREE], END, False),  # graduated since
    ],
)
def test_oscillating(path: list[str], following: str, expected: bool, known: Catalog) -> None:
    found = notices(mouse("m", path, following), known)
    assert told(found, Kind.OSCILLATING) == (["m"] if expected else [])


def test_oscillating_says_what_led_to_it(known: Catalog) -> None:
    found = notices(mouse("m", [TWO, ONE, TWO, ONE, TWO, ONE, ONE], first=3), known)
    assert found == [
        Notice(
            Kind.OSCILLATING,
            "m",
            "Mouse m was moved back 3 times in its last 7 sessions, the last time from STAGE_2 of Tiny to STAGE_1 "
            "(threshold: 2 times in 10 sessions).",
            7,
            1.5,
        )
    ]


def test_rollbacks_of_a_curriculum_before_do_not_count(known: Catalog) -> None:
    rows = [*mouse("m", [TWO, ONE, TWO, ONE], curriculum_name="Other"), *mouse("m", [TWO, ONE], first=5)]
    assert told(notices(rows, known), Kind.OSCILLATING) == []
    again = [*rows, *mouse("m", [TWO, ONE], first=7)]
    assert told(notices(again, known), Kind.OSCILLATING) == ["m"]


# Declining


def measured(subject: str, values: Sequence[float | None], metric: str = "finished_trials", **more: Any) -> list[Row]:
    return mouse(subject, stay(ONE, len(values)), values=[{metric: value} for value in values], **more)


@pytest.mark.parametrize(
    ("metric", "before", "after", "expected"),
    [
        ("finished_trials", [300.0] * 5, [240.0] * 5, True),
        ("finished_trials", [300.0] * 5, [240.0] * 4 + [241.0], False),
        ("foraging_efficiency", [1.0] * 5, [0.8] * 5, True),  # in binary fractions a little less than 20 %
        ("foraging_efficiency", [0.8] * 5, [1.0] * 5, False),
        ("errors", [10.0] * 5, [12.0] * 5, True),
        ("errors", [10.0] * 5, [11.9] * 5, False),
        ("errors", [10.0] * 5, [1.0] * 5, False),
        ("errors", [-10.0] * 5, [-8.0] * 5, True),
        ("errors", [0.0] * 5, [8.0] * 5, False),  # nothing is a share of nothing
        ("side_bias", [1.0] * 5, [0.1] * 5, False),  # neither direction is better
        ("side_bias", [0.1] * 5, [1.0] * 5, False),
        ("weight", [20.0] * 5, [10.0] * 5, False),  # no metric of the task
        ("finished_trials", [300.0] * 4, [240.0] * 5, False),  # nine sessions
        ("finished_trials", [None] + [300.0] * 4, [240.0] * 5, False),  # nine values
        ("finished_trials", [300.0] * 5, [240.0, None, 240.0, None, 240.0, 240.0, 240.0], True),
        ("finished_trials", [100.0, *[300.0] * 5], [240.0] * 5, True),  # what is before counts no more
    ],
)
def test_declining(
    metric: str, before: list[float | None], after: list[float | None], expected: bool, known: Catalog
) -> None:
    found = notices(measured("m", [*before, *after], metric), known)
    assert told(found, Kind.DECLINING) == (["m"] if expected else [])


def test_declining_says_what_led_to_it(known: Catalog) -> None:
    found = notices([*measured("m", [10.0] * 5 + [15.0] * 5 + [None], "errors", first=2), *measured("n", [1.0])], known)
    assert found == [
        Notice(
            Kind.DECLINING,
            "m",
            "errors of mouse m rose by 50 %, from a mean of 10 to 15 in its last 5 sessions at STAGE_1 of Tiny "
            "compared with the 5 before (threshold: 20 %).",
            11,
            2.5,
        )
    ]


WORSE: list[dict[str, float | None]] = [{"finished_trials": value} for value in [300.0] * 5 + [200.0] * 5]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (mouse("m", stay(TWO, 10), values=WORSE), True),
        (mouse("m", stay(TWO, 10), ONE, values=WORSE), True),
        (mouse("m", stay(END, 10), values=WORSE), True),
        (mouse("m", [ONE, *stay(TWO, 9)], values=WORSE), False),
        (mouse("m", [*stay(TWO, 9), ONE], values=WORSE), False),
        (mouse("m", [*stay(TWO, 5), ONE, *stay(TWO, 5)], values=[*WORSE[:5], {}, *WORSE[5:]]), False),
        (mouse("m", stay(TWO, 10), values=WORSE, curriculum_version="7"), True),
        (mouse("m", stay(TWO, 10), values=WORSE, curriculum_name="Other"), False),  # of which nothing is known
        (
            mouse("m", stay(TWO, 5), values=WORSE[:5])
            + mouse("m", stay(TWO, 5), values=WORSE[5:], first=6, curriculum_version="2.0"),
            False,
        ),
    ],
)
def test_only_sessions_of_one_task_are_compared(rows: list[Row], expected: bool, known: Catalog) -> None:
    assert told(notices(rows, known), Kind.DECLINING) == (["m"] if expected else [])


def test_a_column_of_whole_numbers_may_have_gaps(known: Catalog) -> None:
    table = to_frame(measured("m", [300.0] * 5 + [None] + [200.0] * 5), frozenset({"finished_trials"}))
    assert str(table["finished_trials"].dtype) == "Int64"
    assert told(watch(table, Thresholds(), TODAY, known), Kind.DECLINING) == ["m"]


# Silent


def with_another(*rows: Row) -> list[Row]:
    return [*rows, *mouse("here", [ONE])]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (mouse("m", [ONE], ends=7), True),
        (mouse("m", [ONE], ends=6), False),
        (mouse("m", [ONE], ends=-30), False),
        (mouse("m", [THREE], END, ends=7), False),
        (mouse("m", [END], ends=7), False),
        (mouse("m", [END], ends=7, curriculum_version="7"), False),
        (mouse("m", [END], ends=7, curriculum_name="Other"), True),
        (mouse("m", [ONE], session_date=""), False),
        (mouse("m", [ONE], session_date="last May"), False),
        (mouse("m", [ONE], session_date="2024-05-25T23:59:59+00:00"), True),
        (mouse("m", [ONE], session_date="2024-05-26T00:00:00"), False),
        (mouse("m", [ONE], ends=9) + mouse("m", [ONE], first=2, session_date="?"), False),
        (mouse("m", [ONE], session_date="?") + mouse("m", [ONE], first=2, ends=7), True),
        (mouse("m", [ONE], ends=3) + mouse("m", [ONE], first=2, ends=30), False),  # numbered the wrong way round
        (mouse("m", [ONE], ends=7, curriculum_version=""), True),
    ],
)
def test_silent(rows: list[Row], expected: bool, known: Catalog) -> None:
    assert told(notices(with_another(*rows), known), Kind.SILENT) == (["m"] if expected else [])


def test_silent_says_what_led_to_it_and_the_longest_comes_last(known: Catalog) -> None:
    found = notices(with_another(*mouse("a", [ONE], ends=14, first=3), *mouse("b", [ONE], ends=8)), known)
    assert [(each.subject, each.urgency) for each in found] == [("b", 7 / 8), ("a", 0.5)]
    assert (found[1].sentence, found[1].session) == (
        "Mouse a had no judged session since 2024-05-18, 14 days ago (threshold: 7 days).",
        3,
    )


# Not judged


def issue(message: str, subject: str = "m", session: int | None = 1) -> Issue:
    return Issue(codes.BAD_METRIC, message, subject, session)


def test_not_judged(known: Catalog) -> None:
    issues = [issue("second", session=4), issue("weight is -1", session=2), issue("third", session=4), issue("x", "")]
    found = notices([], known, [*issues, issue("no such mouse", "n", None), issue("again.", "k", 7)])
    assert [(each.kind, each.subject, each.session, each.urgency) for each in found] == [
        (Kind.NOT_JUDGED, "m", 2, 1002),
        (Kind.NOT_JUDGED, "k", 7, 1001),
        (Kind.NOT_JUDGED, "n", None, 1000),
    ]
    assert [each.sentence for each in found] == [
        "Mouse m was not judged in 2 sessions, from session 2 on: weight is -1.",
        "Mouse k was not judged in session 7: again.",
        "Mouse n was not judged: no such mouse.",
    ]


@pytest.mark.parametrize(
    ("session", "kinds"),
    [
        (3, [Kind.NOT_JUDGED]),  # it had a session since, of which only the judgement is missing
        (None, [Kind.NOT_JUDGED]),
        (2, [Kind.NOT_JUDGED, Kind.SILENT]),
    ],
)
def test_a_mouse_whose_sessions_are_not_judged_is_not_silent(
    session: int | None, kinds: list[Kind], known: Catalog
) -> None:
    rows = with_another(*mouse("m", stay(ONE, 2), ends=20))
    assert [each.kind for each in notices(rows, known, [issue("?", session=session)])] == kinds


# The colony


def colony(sessions: int, ends: int = 0, **more: Any) -> list[Row]:
    """Two mice that stay where they are."""
    half = sessions // 2
    return [*mouse("a", stay(ONE, half), ends=ends, **more), *mouse("b", stay(TWO, sessions - half), ends=ends, **more)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (colony(20), True),
        (colony(19), False),
        (colony(28), True),
        (colony(20, ends=5), False),  # one day too early
        (colony(20, ends=4), True),
        (colony(20) + mouse("c", [ONE], TWO, ends=13), False),
        (colony(20) + mouse("c", [ONE], TWO, ends=14), True),
        (colony(20) + mouse("c", [THREE], END), False),
        (colony(20) + mouse("c", [TWO], ONE), True),
        (colony(19) + mouse("c", stay(END, 5)), False),
        (colony(20, session_date="?"), False),
        (colony(20, session_date="2030-01-01"), False),  # a slip of the pen
        (colony(20, session_date="2024-06-02"), True),  # tomorrow, at the rig's place
    ],
)
def test_a_colony_without_progress(rows: list[Row], expected: bool, known: Catalog) -> None:
    found = [each for each in notices(rows, known) if each.kind is Kind.COLONY]
    assert [(each.subject, each.session) for each in found] == ([("", None)] if expected else [])


def test_a_colony_without_progress_is_told_first(known: Catalog) -> None:
    found = notices([*colony(24), *mouse("c", [THREE, TWO, ONE])], known, [issue("?")])
    assert [each.kind for each in found] == [Kind.COLONY, Kind.NOT_JUDGED, Kind.OSCILLATING]
    assert found[0].sentence == (
        "No mouse has progressed in the last 14 days, in which 27 sessions of 3 mice that had not reached a final "
        "stage were judged (threshold: 20 sessions)."
    )


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        (mouse("a", [ONE], ends=7) + mouse("b", [ONE], ends=9), [Kind.COLONY]),
        (mouse("a", [ONE], ends=6) + mouse("b", [ONE], ends=9), [Kind.SILENT]),
        (mouse("a", [END], ends=7) + mouse("b", [ONE], ends=9), [Kind.COLONY]),
        (mouse("a", [END], ends=2) + mouse("b", [ONE], ends=9), [Kind.SILENT]),
        (mouse("a", [END], ends=7) + mouse("b", [END], ends=9), []),  # nobody is left to train
        (mouse("a", [ONE], session_date="?") + mouse("b", [ONE], ends=9), [Kind.COLONY]),
        (mouse("a", [ONE], session_date="?"), []),
    ],
)
def test_when_nobody_had_a_session_it_is_said_once(rows: list[Row], kinds: list[Kind], known: Catalog) -> None:
    assert [each.kind for each in notices(rows, known)] == kinds


def test_a_silent_colony_says_since_when(known: Catalog) -> None:
    found = notices([*mouse("a", [ONE], ends=8), *mouse("b", [ONE], ends=30)], known)
    assert [each.sentence for each in found] == [
        "No session of any mouse was judged since 2024-05-24, 8 days ago (threshold: 7 days)."
    ]


# Thresholds


@pytest.mark.parametrize(
    ("given", "rows", "kind"),
    [
        ({"stuck": {"share": 0.8}}, [*others(5, 5, 5, 5, 5, 6), *mouse("m", stay(ONE, 6))], Kind.STUCK),
        ({"stuck": {"others": 2}}, [*others(2, 5, 5), *mouse("m", stay(ONE, 6))], Kind.STUCK),
        ({"stuck": {"sessions": 2}}, [*others(5, 1, 1, 1, 1, 1), *mouse("m", stay(ONE, 2))], Kind.STUCK),
        ({"oscillating": {"rollbacks": 1}}, mouse("m", [TWO, ONE]), Kind.OSCILLATING),
        ({"oscillating": {"sessions": 11}}, mouse("m", [TWO, ONE, TWO, *stay(ONE, 8)]), Kind.OSCILLATING),
        ({"declining": {"sessions": 2}}, measured("m", [300.0, 300.0, 200.0, 200.0]), Kind.DECLINING),
        ({"declining": {"share": 0.1}}, measured("m", [300.0] * 5 + [270.0] * 5), Kind.DECLINING),
        ({"silent": {"days": 3.0}}, with_another(*mouse("m", [ONE], ends=3)), Kind.SILENT),
        ({"colony": {"days": 20}}, colony(20, ends=10), Kind.COLONY),
        ({"colony": {"sessions": 3}}, colony(3), Kind.COLONY),
    ],
)
def test_thresholds_can_be_chosen(given: Any, rows: list[Row], kind: Kind, known: Catalog) -> None:
    quiet: Any = {"silent": {"days": 300}}
    subject = "" if kind is Kind.COLONY else "m"
    assert subject in told(notices(rows, known, **{**quiet, **given}), kind)
    assert told(notices(rows, known, **quiet), kind) == []


def test_thresholds_that_are_left_out_are_those_of_the_schema() -> None:
    manager = resources.json_schema("configuration")["properties"]["managers"]["additionalProperties"]["properties"]
    stated = {
        group: {key: each["default"] for key, each in rule["properties"].items()}
        for group, rule in manager["watch"]["properties"].items()
    }
    assert asdict(Thresholds.of({})) == stated
    assert asdict(Thresholds()) == stated


def test_whole_numbers_stay_whole() -> None:
    found = Thresholds.of({"stuck": {"others": 3.0, "share": 1}})
    assert (repr(found.stuck.others), repr(found.stuck.share), found.stuck.sessions) == ("3", "1.0", 5)


# Any table


def test_an_empty_table_gives_nothing(known: Catalog) -> None:
    assert notices([], known) == []


def test_tables_of_older_programs_may_lack_what_they_did_not_know(known: Catalog) -> None:
    rows = [Row("m", n, ONE, "ROLLBACK", ONE) for n in range(1, 12)]
    table = to_frame(rows)
    for column in ("session_date", "curriculum_name", "curriculum_version", "reason", "rule"):
        table[column] = None
    found = watch(table, Thresholds(), TODAY, known)
    assert [(each.kind, each.session) for each in found] == [(Kind.OSCILLATING, 11)]
    assert "10 times in its last 10 sessions, the last time from STAGE_1 to STAGE_1 (" in found[0].sentence


def test_a_cell_without_a_name_is_like_an_empty_one(known: Catalog) -> None:
    table = to_frame([*others(5, 5, 5, 5, 5, 5), *mouse("m", stay(ONE, 6))])
    table["curriculum_name"] = ["", None] * (len(table) // 2)
    assert told(watch(table, Thresholds(), TODAY, known), Kind.STUCK) == ["m"]


stages = st.sampled_from([ONE, TWO, THREE, END])
mice = st.lists(
    st.tuples(
        st.lists(stages, min_size=1, max_size=14), stages, st.integers(-3, 20), st.sampled_from(["Tiny", "X", ""])
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(mice=mice, seed=st.integers(0, 9))
def test_notices_change_nothing_and_do_not_depend_on_any_order(mice: Any, seed: int, known: Catalog) -> None:
    chance = random.Random(seed)
    rows: list[Row] = []
    for n, (path, following, ends, name) in enumerate(mice):
        values = [{"errors": chance.choice([1.0, 2.0, None])} for _ in path]
        rows += mouse(f"m{n}", path, following, ends, values=values, curriculum_name=name)
    issues = [issue("?", f"m{chance.randrange(6)}", chance.randrange(1, 9)) for _ in range(2)]
    some = Thresholds.of(
        {"stuck": {"others": 1, "sessions": 2}, "declining": {"sessions": 2}, "colony": {"sessions": 2}}
    )
    table = to_frame(rows)
    before = table.copy(deep=True)
    found = watch(table, some, TODAY, known, issues)
    pd.testing.assert_frame_equal(table, before)
    assert [each.key for each in found] == sorted(each.key for each in found)
    shuffled = table.sample(frac=1, random_state=seed)
    assert watch(shuffled, some, TODAY, known, reversed(issues)) == found
    assert all(each.sentence.endswith((".", "?")) and "\n" not in each.sentence for each in found)
    mouse_by_mouse = {each.subject for each in found} - {""}
    assert mouse_by_mouse <= {row.subject_id for row in rows} | {each.subject for each in issues}

"""The contracts of the tables: df_behavior as it comes, df_manager and df_manager_stats as they go out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from colony import (
    BEFORE_METRICS,
    CONTRACT,
    LATER,
    METRICS,
    OTHER,
    OWN,
    TINY,
    Colony,
    Record,
    catalog_of,
    frame_of,
    mouse,
    rows_of,
    session,
)
from colony import judged as judge
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autotrain_dsl.catalog import Catalog
from autotrain_dsl.store import formats
from autotrain_dsl.tables import cells
from autotrain_dsl.tables.behavior import Behavior, flat, read
from autotrain_dsl.tables.issues import TableError
from autotrain_dsl.tables.manager import Row, to_frame
from autotrain_dsl.tables.stats import to_stats

_METRIC_COLUMNS = frozenset({"finished_trials", "foraging_efficiency", "foraging_eff"})
_INTEGERS = frozenset({"finished_trials"})


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("tables") / "colony", TINY, OTHER)


def behavior(rows: Sequence[Record] | pd.DataFrame) -> Behavior:
    return read(rows if isinstance(rows, pd.DataFrame) else frame_of(rows), _METRIC_COLUMNS)


def numbers(found: Behavior) -> dict[str, list[int]]:
    return {subject: [one.number for one in sessions] for subject, sessions in found.subjects.items()}


# df_behavior


@pytest.mark.parametrize("number", [3, 3.0, "3", "3.0", " 3 ", np.int64(3), np.float64(3)])
def test_a_session_number_may_be_a_whole_number_in_any_form(number: object) -> None:
    assert numbers(behavior([session(number)])) == {"m1": [3]}


def test_decimal_numbers_of_a_database_are_numbers(catalog: Catalog) -> None:
    found = judge(catalog, [session(Decimal(1), Decimal(250), Decimal("0.7"), subject_id=Decimal(7))])
    assert [(row.key, row.decision) for row in found.judged] == [(("7", 1), "PROGRESS")]


@pytest.mark.parametrize("number", [0, -1, 1.5, "1.5", "one", float("inf"), True, "1_0", "0x1", 2.0**60])
def test_a_doubtful_session_number_is_reported(number: object) -> None:
    found = behavior([session(number), session(2)])
    assert numbers(found) == {"m1": [2]}
    assert [(issue.code.id, issue.subject) for issue in found.issues] == [("ATD503", "m1")]


@pytest.mark.parametrize("number", [None, float("nan"), "", "nan", pd.NA, pd.NaT])
def test_rows_without_a_session_number_are_dropped_and_counted(number: object) -> None:
    found = behavior([session(number), session(1)])
    assert (numbers(found), found.dropped, found.issues) == ({"m1": [1]}, 1, ())


def test_session_numbers_of_every_kind_in_one_column_come_in_order() -> None:
    rows = [session(n) for n in ("10", 9.0, 2, "1")]
    assert numbers(behavior(rows)) == {"m1": [1, 2, 9, 10]}


@pytest.mark.parametrize(
    ("given_", "expected"),
    [(447921, "447921"), (447921.0, "447921"), ("0012", "0012"), (" 0012 ", "0012"), ("NA", "NA"), ("None", "None"),
     ("nan", "nan"), (np.int64(5), "5"), ("1e3", "1e3"), ("mäuschen", "mäuschen"), ("a,b\"c", "a,b\"c")],
)  # fmt: skip
def test_a_mouse_is_always_text(given_: object, expected: str) -> None:
    assert numbers(behavior([session(1, subject_id=given_)])) == {expected: [1]}


@pytest.mark.parametrize("subject", [None, float("nan"), "", "  ", pd.NA])
def test_rows_without_a_mouse_are_dropped_and_counted(subject: object) -> None:
    found = behavior([session(1, subject_id=subject), session(1)])
    assert (numbers(found), found.dropped) == ({"m1": [1]}, 1)


def test_a_column_of_numbers_with_a_gap_still_names_mice_as_whole_numbers() -> None:
    frame = frame_of([session(1), session(2), session(3)]).assign(subject_id=[7.0, float("nan"), 7.0])
    assert numbers(behavior(frame)) == {"7": [1, 3]}


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (dt.date(2024, 3, 1), "2024-03-01"),
        (pd.Timestamp("2024-03-01"), "2024-03-01"),
        (dt.datetime(2024, 3, 1, 13, 30), "2024-03-01T13:30:00"),
        (np.datetime64("2024-03-01", "ns"), "2024-03-01"),
        ("2024-03-01", "2024-03-01"),
        ("1 March", "1 March"),
        (pd.NaT, ""),
        (None, ""),
    ],
)
def test_dates_are_carried_through_as_text(catalog: Catalog, date: object, expected: str) -> None:
    frame = frame_of([session(1)])
    frame["session_date"] = pd.Series([date])
    assert judge(catalog, frame).judged[0].session_date == expected


def test_two_level_columns_lose_the_first_level(catalog: Catalog) -> None:
    rows = mouse("m1", [250, 350])
    wide = frame_of(rows)
    wide.columns = pd.MultiIndex.from_tuples([("any", name) for name in wide.columns])
    assert judge(catalog, wide) == judge(catalog, rows)


def test_two_level_columns_with_one_name_twice_are_refused() -> None:
    wide = frame_of([session(1)])
    names = [("metadata", name) for name in wide.columns]
    names[-1] = ("other", "session")
    wide.columns = pd.MultiIndex.from_tuples(names)
    with pytest.raises(TableError, match="session"):
        behavior(wide)


@pytest.mark.parametrize("index", [["subject_id"], ["subject_id", "session"]])
def test_an_index_is_reset(catalog: Catalog, index: list[str]) -> None:
    rows = mouse("m1", [250, 350])
    assert judge(catalog, frame_of(rows).set_index(index)) == judge(catalog, rows)


def test_an_index_without_a_name_is_no_column() -> None:
    assert list(flat(frame_of([session(1)]).set_axis([17])).columns) == list(session(1))


def test_extra_columns_are_ignored(catalog: Catalog) -> None:
    rows = mouse("m1", [250, 350])
    more = [{**row, "note": ["x"], "curriculum_schema_version": "9", "decision": "ROLLBACK"} for row in rows]
    assert judge(catalog, more) == judge(catalog, rows)


def test_a_metric_may_have_another_name_in_the_table(catalog: Catalog) -> None:
    rows = mouse("m1", [250, 350])
    renamed = frame_of(rows).rename(columns={"foraging_efficiency": "foraging_eff"})
    assert judge(catalog, renamed) == judge(catalog, rows)


@pytest.mark.parametrize("column", ["subject_id", "session"])
def test_a_table_without_a_needed_column_is_refused(column: str) -> None:
    with pytest.raises(TableError, match=column) as caught:
        behavior(frame_of([session(1)]).drop(columns=column))
    assert caught.value.issues[0].code.id == "ATD502"


def test_a_table_with_neither_curriculum_nor_task_is_refused() -> None:
    with pytest.raises(TableError, match="curriculum_name"):
        behavior(frame_of([session(1)]).drop(columns=["curriculum_name", "task"]))


def test_an_empty_table_is_no_fault(catalog: Catalog) -> None:
    assert judge(catalog, frame_of([session(1)]).head(0)).judged == ()


def test_repeated_and_off_curriculum_rows_are_counted() -> None:
    found = behavior([session(1), session(1), session(2, curriculum_name=None)])
    assert (found.rows, found.repeated, found.off_curriculum) == (3, 1, 1)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers())))
def test_no_cell_whatsoever_raises(cell: object) -> None:
    assert isinstance(cells.text(cell), str)
    assert isinstance(cells.name(cell), str)
    assert isinstance(cells.date(cell), str)
    number = cells.real_number(cell)
    assert number is None or np.isfinite(number)
    assert cells.whole_number(cell) in (None, number)
    assert cells.truth(cell) in (None, True, False)


# df_manager


def table_of(catalog: Catalog) -> pd.DataFrame:
    rows = [*mouse("m2", [250, 350, None]), *mouse("m10", [250, 90.0])]
    stages = ["STAGE_1", "STAGE_1", "STAGE_2", "STAGE_1", "STAGE_2"]
    rows = [{**row, "current_stage_actual": stage} for row, stage in zip(rows, stages, strict=True)]
    return to_frame(judge(catalog, rows).judged, _INTEGERS)


def test_columns_are_those_of_the_contract_then_our_own(catalog: Catalog) -> None:
    columns = list(table_of(catalog).columns)
    assert tuple(columns[: len(CONTRACT)]) == CONTRACT
    assert set(columns[len(CONTRACT) :]) >= OWN
    assert len(columns) == len(set(columns))


def test_rows_are_sorted_and_unique(catalog: Catalog) -> None:
    frame = table_of(catalog)
    keys = list(frame[["subject_id", "session"]].itertuples(index=False, name=None))
    assert keys == sorted(set(keys))
    assert keys == [("m10", 1), ("m10", 2), ("m2", 1), ("m2", 2), ("m2", 3)]


def test_types(catalog: Catalog) -> None:
    types = {column: str(kind) for column, kind in table_of(catalog).dtypes.items()}
    assert types["session"] == "int64"
    assert types["session_at_current_stage"] == "Int64"
    assert (types["finished_trials"], types["foraging_efficiency"]) == ("Int64", "float64")
    assert types["if_closed_loop"] == types["if_overriden_by_trainer"] == "boolean"
    numeric = {"session", "session_at_current_stage", *METRICS, "if_closed_loop", "if_overriden_by_trainer"}
    assert {types[column] for column in types.keys() - numeric} == {"object"}


def test_fixed_values_of_the_contract(catalog: Catalog) -> None:
    frame = table_of(catalog)
    assert set(frame["curriculum_schema_version"]) == {"1.0"}
    assert set(frame["curriculum_json_name"]) == {"Tiny_curriculum_v1.0_schema_v1.0.json"}
    assert set(frame["task_schema_version"]) == {"1.0"}
    assert set(frame["decision"]) <= {"STAY", "PROGRESS", "ROLLBACK"}
    assert set(frame["current_stage_actual"]) == {"STAGE_1", "STAGE_2"}


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_readers_can_do_their_steps(catalog: Catalog, tmp_path: Path, suffix: str) -> None:
    colony = Colony.at(tmp_path / "colony", suffix=suffix)
    colony.judge(mouse("0012", [250, 350]))
    frame = colony.manager
    frame["session"] = frame["session"].astype(int)
    frame["foraging_efficiency"] = frame["foraging_efficiency"].round(3)
    ordered = frame.sort_values(["subject_id", "session"])
    assert list(ordered.query("subject_id == '0012'")["session"]) == [1, 2]
    assert list(ordered["foraging_efficiency"]) == [0.7, 0.7]


def test_metrics_of_several_tasks_stand_side_by_side() -> None:
    rows = [
        Row("a", 1, "S", "STAY", "S", values={"x": 1.0}),
        Row("b", 1, "S", "STAY", "S", values={"y": 2.5, "x": None}),
    ]
    frame = to_frame(rows, frozenset({"x"}))
    assert list(frame.columns)[len(BEFORE_METRICS) :][:3] == ["x", "y", "metrics"]
    assert list(frame["x"].astype(object).fillna(-1)) == [1, -1]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_row_comes_back_as_it_was_written(catalog: Catalog, suffix: str) -> None:
    rows = sorted(judge(catalog, mouse("007", [250, None, 0])).judged, key=lambda row: row.key)
    frame = to_frame(rows, _INTEGERS)
    assert rows_of(formats.decode(formats.encode(frame, suffix), suffix)) == rows


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@settings(max_examples=30, deadline=None)
@example(texts=["", "", "a\rb"], value=None, flag=None)
@example(texts=["a\nb", '"', ","], value=0.1 + 0.2, flag=True)
@given(
    texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), min_size=3, max_size=3),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    flag=st.none() | st.booleans(),
)
def test_writing_what_was_read_changes_no_byte(
    suffix: str, texts: list[str], value: float | None, flag: bool | None
) -> None:
    row = Row("m", 1, "S", "STAY", "S", task=texts[0], reason=texts[1], missing=texts[2], values={"x": value},
              if_closed_loop=flag)  # fmt: skip
    first = _written_again([row], suffix)
    assert _written_again(rows_of(formats.decode(first, suffix)), suffix) == first


def _written_again(rows: list[Row], suffix: str) -> bytes:
    """The bytes of a table after it was written and read once, which strips text."""
    content = formats.encode(to_frame(rows), suffix)
    return formats.encode(to_frame(rows_of(formats.decode(content, suffix))), suffix)


def test_a_table_of_the_older_system_is_understood() -> None:
    frame = pd.DataFrame(
        {
            "subject_id": ["0012", "0012"],
            "session": [1.0, 2.0],
            "current_stage_actual": ["STAGE_1", "STAGE_2"],
            "decision": ["PROGRESS", "STAY"],
            "next_stage_suggested": ["STAGE_2", "STAGE_2"],
        }
    )
    assert rows_of(frame) == [
        Row("0012", 1, "STAGE_1", "PROGRESS", "STAGE_2", curriculum_schema_version=""),
        Row("0012", 2, "STAGE_2", "STAY", "STAGE_2", curriculum_schema_version=""),
    ]


def test_everything_wrong_with_a_table_is_told_at_once() -> None:
    good = {
        "subject_id": "a",
        "session": 1,
        "current_stage_actual": "S",
        "decision": "STAY",
        "next_stage_suggested": "S",
    }
    rows: list[Record] = [
        good,
        good,
        {**good, "session": 2, "decision": "MAYBE"},
        {**good, "session": 2.5},
        {**good, "session": 3, "next_stage_suggested": None},
        {**good, "session": 4, "subject_id": ""},
    ]
    with pytest.raises(TableError) as caught:
        rows_of(frame_of(rows))
    assert {issue.code.id for issue in caught.value.issues} == {"ATD510"}
    assert len(caught.value.issues) == 5
    assert "MAYBE" in str(caught.value)


@pytest.mark.parametrize(
    "column", ["subject_id", "session", "current_stage_actual", "decision", "next_stage_suggested"]
)
def test_a_df_manager_without_a_needed_column_is_refused(catalog: Catalog, column: str) -> None:
    with pytest.raises(TableError, match=column):
        rows_of(table_of(catalog).drop(columns=column))


def test_a_text_column_that_somebody_added_is_not_emptied(tmp_path: Path) -> None:
    colony = Colony.at(tmp_path / "colony")
    colony.judge(mouse("m1", [250]))
    colony.manager.assign(note="trainer was ill").to_csv(colony.manager_path, index=False)
    colony.judge(mouse("m1", [250, 350]), "--now", LATER)
    assert "trainer was ill" in colony.manager_path.read_text("utf-8")


# df_manager_stats


def _stats(path: list[tuple[int, str, str]], subject: str = "m") -> pd.DataFrame:
    return to_stats(to_frame([Row(subject, number, stage, decision, "S") for number, stage, decision in path]))


def test_stats_count_sessions_and_decisions_of_every_stage() -> None:
    path = [(1, "A", "STAY"), (2, "A", "PROGRESS"), (4, "B", "STAY"), (7, "B", "ROLLBACK")]
    frame = _stats(path)
    assert frame.index.names == ["subject_id", "current_stage_actual"]
    assert list(frame.columns) == [
        "session_spent", "first_entry", "last_leave", "session_spanned", "n_STAY", "n_PROGRESS", "n_ROLLBACK"
    ]  # fmt: skip
    assert [tuple(row) for row in frame.itertuples()] == [
        (("m", "A"), 2, 1, 2, 2, 1, 1, 0),
        (("m", "B"), 2, 4, 7, 4, 1, 0, 1),
    ]
    assert {str(kind) for kind in frame.dtypes} == {"int64"}


def test_a_mouse_that_leaves_a_stage_and_returns_has_one_row_for_it() -> None:
    path = [(1, "A", "PROGRESS"), (2, "B", "ROLLBACK"), (3, "A", "STAY"), (4, "A", "PROGRESS")]
    assert [tuple(row) for row in _stats(path).itertuples()] == [
        (("m", "A"), 3, 1, 4, 4, 1, 2, 0),
        (("m", "B"), 1, 2, 2, 1, 0, 0, 1),
    ]


def test_stats_of_nothing_are_empty() -> None:
    assert len(to_stats(to_frame([]))) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from("ABC")), unique_by=lambda each: each[0], min_size=1))
def test_every_session_is_counted_in_exactly_one_stage(path: list[tuple[int, str]]) -> None:
    frame = _stats([(number, stage, "STAY") for number, stage in path])
    assert frame["session_spent"].sum() == frame["n_STAY"].sum() == len(path)
    assert (frame["session_spent"] <= frame["session_spanned"]).all()

"""Pages: what they are made of, when a run makes them, and what becomes of a run that cannot."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pytest
from colony import LATER, NOW, OTHER, TINY, TINY_2, Colony, command, mouse, session
from hypothesis import given
from language_kit import quoted, rule_graph
from s3_servers import Server, environment, moto
from test_backtest import BLOCKED
from test_language_laws import ALL, checked, condition, laws

from autotrain_dsl import catalog
from autotrain_dsl.model import Trigger
from autotrain_dsl.pages import colony as colony_page
from autotrain_dsl.pages import material, site, words
from autotrain_dsl.pages import mouse as mouse_page
from autotrain_dsl.pages.material import Material
from autotrain_dsl.tables import manager


def of_colony(made: Colony, at: str = NOW, **more: Any) -> Material:
    """What pages of a colony are made of."""
    built = catalog.build([made.folder / "curriculums"])
    frame = manager.to_frame(manager.from_frame(made.manager, built.metric_names), built.integer_metrics)
    return Material("Tiny lab", frame, built, (), at, **more)


def judged(folder: Path, rows: list[dict[str, object]], *curriculums: str) -> Material:
    made = Colony.at(folder / "colony", *curriculums, suffix=".parquet")
    made.judge(rows)
    return of_colony(made)


def days(*numbers: int) -> list[dict[str, object]]:
    """Sessions of one mouse on these days of January, each good enough to progress."""
    return [session(n, 350, session_date=f"2024-01-{day:02}") for n, day in enumerate(numbers, 1)]


# The colony


def test_mice_are_counted_by_stage_from_their_first_day_on_and_on_days_without_them(tmp_path: Path) -> None:
    rows = [*days(1, 3, 4), *({**row, "subject_id": "m2"} for row in days(2, 4))]
    found = colony_page.counts(judged(tmp_path, rows))
    assert found["days"] == ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
    by_stage = {each["name"]: each["mice"] for each in found["stages"]}
    assert by_stage == {"STAGE_2": [1, 2, 2, 1], "STAGE_3": [0, 0, 0, 1]}
    assert [sum(column) for column in zip(*by_stage.values(), strict=True)] == [1, 2, 2, 2]


def test_days_that_run_backwards_or_cannot_be_read_are_no_trouble(tmp_path: Path) -> None:
    rows = days(5, 3, 9)
    rows[2]["session_date"] = "soon"
    made = judged(tmp_path, rows)
    found = colony_page.counts(made)
    assert found["days"] == ["2024-01-03", "2024-01-05"]
    assert {each["name"]: each["mice"] for each in found["stages"]} == {"STAGE_2": [0, 1]}
    chart = colony_page.chart(made, colony_page.mice(made))
    assert chart["day"] == [1, 0, -1]
    [entry] = chart["mice"]
    assert (entry["first"], entry["last"], entry["sessions"]) == ("2024-01-03", "2024-01-05", 3)


def test_graduation_counts_mice_from_their_first_session_and_censors_the_others(tmp_path: Path) -> None:
    quick = mouse("quick", [250, 350, 350, 350, 350, 350, 350])
    slow = mouse("slow", [250, 350, 90])
    late = [{**row, "session": row["session"], "subject_id": "late"} for row in quick[2:]]
    [found] = colony_page.graduation(judged(tmp_path, [*quick, *slow, *late]))
    assert (found["name"], found["mice"], found["arrived"]) == ("Tiny", 2, 1)
    assert found["points"][0][0] == 6
    assert found["followed"] == 6


def test_a_curriculum_without_an_end_has_no_time_to_it(tmp_path: Path) -> None:
    rows = mouse("a", [60, 60], task="Other", curriculum_name="Other")
    assert colony_page.graduation(judged(tmp_path, rows, OTHER)) == []


def test_stages_of_several_curriculums_stand_in_the_order_of_training(tmp_path: Path) -> None:
    rows = [*mouse("a", [250, 350]), *mouse("b", [250, 350], curriculum_version="2.0")]
    stages = judged(tmp_path, rows, TINY, TINY_2).stages
    assert list(stages) == ["STAGE_1", "STAGE_2", "STAGE_TWO", "STAGE_3", "GRADUATED"]
    assert [each.final for each in stages.values()] == [False] * 4 + [True]
    assert len({each.colour for each in stages.values()}) == 5
    assert stages["STAGE_1"].colour == material.colour(0.0)


def test_what_is_drawn_of_a_very_large_colony_are_the_newest_mice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**row, "subject_id": f"m{n}"} for n in range(4) for row in days(1 + n, 2 + n)]
    made = judged(tmp_path, rows)
    entries = colony_page.mice(made)
    assert set(colony_page.chart(made, entries)["mouse"]) == {0, 1, 2, 3}
    monkeypatch.setattr(colony_page, "DRAWN", 5)
    chart = colony_page.chart(made, entries)
    assert set(chart["mouse"]) == {2, 3}
    assert len(chart["mice"]) == 4
    assert {len(chart[key]) for key in ("session", "day", "actual", "count", "closed", "reason")} == {4}
    index = dict(site.files(made, None))["index.html"].decode()
    assert "leaves out 2 mice" in index


def test_long_reasons_and_many_days_do_not_make_the_chart_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = judged(tmp_path, days(*range(1, 29)))
    long = replace(made, table=made.table.assign(reason=[f"{n} " + "<" * 9_000 for n in range(28)]))
    assert max(map(len, colony_page.chart(long, colony_page.mice(long))["reasons"])) == 302
    monkeypatch.setattr(colony_page, "_REASONS", 28 * 50)
    assert max(map(len, colony_page.chart(long, colony_page.mice(long))["reasons"])) == 52
    whole = colony_page.counts(made)
    monkeypatch.setattr(colony_page, "_DAYS", 10)
    found = colony_page.counts(made)
    assert len(found["days"]) == 10
    assert (found["days"][0], found["days"][-1]) == (whole["days"][0], whole["days"][-1])
    assert [each["mice"][-1] for each in found["stages"]] == [each["mice"][-1] for each in whole["stages"]]


def test_what_is_not_known_of_old_rows_is_left_open(tmp_path: Path) -> None:
    made = Colony.at(tmp_path / "colony", suffix=".parquet")
    made.judge(mouse("a", [250, 350]))
    old = made.manager.drop(columns=["metrics", "reason", "rule", "if_closed_loop", "session_at_current_stage"])
    built = catalog.build([made.folder / "curriculums"])
    frame = manager.to_frame(manager.from_frame(old, built.metric_names))
    material_ = Material("Old", frame, built, (), NOW)
    chart = colony_page.chart(material_, colony_page.mice(material_))
    assert (chart["closed"], chart["count"], chart["overridden"]) == ([None, None], [None, None], [0, 0])
    assert "mice/a.html" in dict(site.files(material_, None))


# Names


def test_every_mouse_has_a_file_that_every_disk_can_hold(tmp_path: Path) -> None:
    names = ["712345", "a/b", "A", "a", "..", "CON", "mouse-1", "m" * 65, "é", "x.html", " y"]
    rows = [row for name in names for row in mouse(name, [250])]
    made = judged(tmp_path, rows)
    files = list(made.files.values())
    assert "CON.html" not in files
    assert made.files["712345"] == "712345.html"
    assert len({name.casefold() for name in files}) == len(made.mice) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.html", name) for name in files)
    written = dict(site.files(made, None))
    assert {f"mice/{name}" for name in files} <= set(written)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?", name) for name in written)


def test_no_name_takes_the_file_of_another_ones_hash() -> None:
    long = "x" * 70 + "\0x\0"
    [taken] = material._file_names([long], "").values()
    found = material._file_names([taken.removesuffix(".html") + "\0y\0", long], "")
    assert len(set(found.values())) == 2


def test_two_versions_that_differ_in_a_dot_have_pages_of_their_own(tmp_path: Path) -> None:
    other = TINY.replace('version: "1.0"\ntask', 'version: "1_0"\ntask')
    made = judged(tmp_path, mouse("a", [250]), TINY, other)
    files = list(made.curriculum_files.values())
    assert len(set(files)) == 2
    assert {f"curriculums/{name}" for name in files} <= set(dict(site.files(made, None)))


def test_curriculums_are_verified_as_long_as_that_takes_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = judged(tmp_path, [*mouse("a", [250]), *mouse("b", [250], curriculum_version="2.0")], TINY, TINY_2)
    monkeypatch.setattr(site, "_VERIFIED", 10)
    written = dict(site.files(made, None))
    assert b"A solver has looked" in written["curriculums/Tiny_2_0.html"]
    assert b"which would take too long" in written["curriculums/Tiny_1_0.html"]


# A mouse


def test_the_thresholds_of_a_stage_are_those_that_one_metric_is_compared_with(tmp_path: Path) -> None:
    text = (
        "x[-1] >= 3 and 4 > mean(y[-2:]) and x[-1] + y[-1] > 5 and z[-1] == 2 and session_total > 9 and all(z[-3:] < 7)"
    )
    found = mouse_page.thresholds(rule_graph(quoted(text), tmp_path), "A")
    assert {name: [(each["value"], each["text"]) for each in limits] for name, limits in found.items()} == {
        "x": [(3.0, "rule 1: x[-1] >= 3")],
        "y": [(4.0, "rule 1: 4 > mean(y[-2:])")],
        "z": [(7.0, "rule 1: z[-3:] < 7")],
    }


# Words

LAST = "in the last session"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x[-1] >= 3", "x in the last session is at least 3"),
        ("x[-2] < 3", "x 1 session before the last is less than 3"),
        ("mean(x[-5:]) >= 0.5", "the mean of x over the last 5 sessions is at least 0.5"),
        ("max(at_stage(x)[-2:]) != 1", "the highest of x over the last 2 sessions at the stage is anything but 1"),
        ("session_at_current_stage >= 5", "the number of sessions at the stage is at least 5"),
        ("not x[-1] > 3", "x in the last session is at most 3"),
        ("not (x[-1] > 3 or y[-1] > 4)", f"not (x {LAST} is more than 3 or y {LAST} is more than 4)"),
        ("all(x[-3:] > 2)", "in every one of the last 3 sessions x is more than 2"),
        ("any(at_stage(x) > 2)", "in at least one of all sessions at the stage x is more than 2"),
        ("count(x[-4:] > 2) >= 3", "the number of the last 4 sessions in which x is more than 2 is at least 3"),
        ("mean(present(x[-5:])) > 1", "the mean of the values there are of x over the last 5 sessions is more than 1"),
        ("x[-1] + y[-1] > 1", "(x in the last session plus y in the last session) is more than 1"),
        (
            "x[-1] > 1 and (y[-1] > 1 or z[-1] > 1)",
            f"x {LAST} is more than 1 and (y {LAST} is more than 1 or z {LAST} is more than 1)",
        ),
    ],
)
def test_conditions_are_read_aloud(text: str, wanted: str, tmp_path: Path) -> None:
    graph = rule_graph(quoted(text), tmp_path)
    [rule] = graph.rules("A")
    assert words.condition(rule, graph) == f"when {wanted}"


@laws(150)
@given(condition(ALL, 3))
def test_any_condition_can_be_said_in_words(text: str) -> None:
    node = checked(text)
    said = words._Words({}).truth(node)
    assert said.strip()
    assert "Variable(" not in said
    assert "span" not in said


def test_rules_without_a_condition_have_words_too(tmp_path: Path) -> None:
    graph = rule_graph("x[-1] > 1", tmp_path)
    [rule] = graph.rules("A")
    assert words.condition(replace(rule, program=None, trigger=Trigger.OTHERWISE), graph) == "in any other case"
    assert words.condition(replace(rule, trigger=Trigger.MANUAL), graph) == "when a person says so"


# The command


@pytest.fixture
def lab(tmp_path: Path) -> Colony:
    made = Colony.at(tmp_path / "lab", TINY, OTHER, suffix=".parquet")
    made.judge([*mouse("a", [250, 350, 350]), *mouse("b", [250, -1])])
    return made


def report(lab: Colony, *options: str, behavior: bool = True) -> Any:
    tables = ["--curriculums", str(lab.folder / "curriculums"), "--manager", str(lab.manager_path)]
    tables += ["--behavior", str(lab.behavior_path)] if behavior else []
    return command("report", *tables, "--now", NOW, *options)


def test_report_makes_pages_and_touches_nothing_else(lab: Colony) -> None:
    before = lab.files()
    ran = report(lab, "--output", str(lab.folder / "pages"))
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"pages: \d+ files written; open .*pages/index\.html\n", ran.out)
    assert lab.files() == before
    there = {p.relative_to(lab.folder / "pages").as_posix() for p in (lab.folder / "pages").rglob("*") if p.suffix}
    assert {
        "index.html",
        "curriculums.html",
        "mice/a.html",
        "mice/b.html",
        "curriculums/Tiny_1_0.html",
        "data/Tiny_1_0.js",
    } <= there
    assert "finished_trials is -1" in (lab.folder / "pages" / "mice" / "b.html").read_text(encoding="utf-8")
    assert "(0 files" in report(lab, "--output", str(lab.folder / "pages")).out.replace(": 0 files", ": (0 files")


def test_without_df_behavior_pages_show_what_was_judged(lab: Colony) -> None:
    ran = report(lab, "--output", str(lab.folder / "pages"), behavior=False)
    assert ran.code == 0
    assert "finished_trials is -1" not in (lab.folder / "pages" / "mice" / "b.html").read_text(encoding="utf-8")


def test_only_what_is_new_is_written_again(lab: Colony) -> None:
    pages = lab.folder / "pages"
    report(lab, "--output", str(pages))
    before = {path: path.stat().st_mtime_ns for path in pages.rglob("*.html")}
    lab.judge([*mouse("a", [250, 350, 350, 350]), *mouse("b", [250, -1])])
    report(lab, "--output", str(pages), "--now", LATER)
    changed = {path.relative_to(pages).as_posix() for path, time in before.items() if path.stat().st_mtime_ns != time}
    assert "mice/a.html" in changed
    assert "mice/b.html" not in changed


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ([], 2, "Missing option --output"),
        (["--output", "s3://"], 2, "names no folder"),
        (["--output", "x", "--now", "soon"], 2, "is no time such as"),
        (["--output", ""], 2, "names no folder"),
        (["--output", "{lab}/df_manager.parquet.state/pages"], 2, "in which the state of df_manager is kept"),
        (["--output", "{lab}/curriculums"], 2, "lies among the curriculums"),
    ],
)
def test_report_says_what_is_wrong_with_its_options(lab: Colony, options: list[str], code: int, said: str) -> None:
    ran = report(lab, *(option.format(lab=lab.folder) for option in options))
    assert ran.code == code, ran
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_report_without_a_table_says_so(tmp_path: Path) -> None:
    made = Colony.at(tmp_path / "lab", suffix=".parquet")
    made.behave(mouse("a", [250]))
    ran = report(made, "--output", str(tmp_path / "pages"))
    assert (ran.code, ran.out) == (3, "")
    assert "there is no df_manager at" in ran.err
    assert not (tmp_path / "pages").exists()


@pytest.mark.parametrize("package", ["statsmodels", "plotly"])
def test_pages_without_their_packages_say_what_to_install(lab: Colony, package: str) -> None:
    tables = ["--curriculums", str(lab.folder / "curriculums"), "--manager", str(lab.manager_path)]
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, package, "report", *tables, "--output", str(lab.folder / "pages")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'autotrain-dsl[report]'" in done.stderr
    assert not (lab.folder / "pages").exists()


def test_a_table_of_another_program_is_read_like_any_input(lab: Colony) -> None:
    table, pages = pd.read_parquet(lab.manager_path), lab.folder / "pages"
    shutil.rmtree(lab.folder / "df_manager.parquet.state")
    table.iloc[::-1].assign(session_date=pd.Timestamp("2024-01-05")).to_parquet(lab.manager_path)
    assert report(lab, "--output", str(pages), behavior=False).code == 0
    page = (pages / "mice" / "a.html").read_text(encoding="utf-8")
    assert re.findall('id="session-([0-9]+)"', page) == ["3", "2", "1"]
    assert "2024-01-05" in page
    pd.concat([table.assign(decision=["HOLD", *table["decision"][1:]]), table.iloc[2:]]).to_parquet(lab.manager_path)
    ran = report(lab, "--output", str(pages), behavior=False)
    assert ran.code == 1
    assert "`HOLD` is no decision" in ran.err
    assert "two rows for this session" in ran.err


# Every night


def configured(lab: Colony, **more: Any) -> Path:
    manager_ = {
        "curriculums": "curriculums",
        "behavior": lab.behavior_path.name,
        "manager": lab.manager_path.name,
        **more,
    }
    path = lab.folder / "autotrain.yaml"
    path.write_text(json.dumps({"dsl_version": 1, "managers": {"room": manager_}}), "utf-8")
    return path


def test_a_run_makes_pages_where_they_are_configured(tmp_path: Path) -> None:
    made = Colony.at(tmp_path / "lab", suffix=".parquet")
    made.behave([*mouse("a", [250, 350, 350]), *mouse("b", [250, -1])])
    path = configured(made, pages="pages", watch={"oscillating": {"rollbacks": 1}})
    ran = command("evaluate", "--config", str(path), "--now", NOW)
    assert ran.code == 1
    assert re.search(r"pages: .*lab/pages/index\.html \(\d+ files written\)", ran.out)
    index = (made.folder / "pages" / "index.html").read_text(encoding="utf-8")
    assert "<h1>room</h1>" in index
    assert "finished_trials is -1" in index
    again = command("evaluate", "--config", str(path), "--now", NOW)
    assert "(0 files written)" in again.out
    assert command("evaluate", "--config", str(path), "--now", LATER, "--dry-run").out.count("pages:") == 0
    other = command("report", "--config", str(path), "--now", NOW)
    assert (other.code, ": 0 files written" in other.out) == (0, True)


def test_pages_after_a_run_for_one_mouse_are_about_all_of_them(tmp_path: Path) -> None:
    made = Colony.at(tmp_path / "lab", suffix=".parquet")
    made.behave([*mouse("a", [250, 350, 350]), *mouse("b", [250, -1])])
    path = configured(made, pages="pages")
    assert command("evaluate", "--config", str(path), "--now", NOW).code == 1
    before = {page: page.read_bytes() for page in (made.folder / "pages").rglob("*.html")}
    assert command("evaluate", "--config", str(path), "--now", NOW, "--subject", "a").code == 0
    assert {page: page.read_bytes() for page in before} == before


def test_a_defect_of_pages_hides_no_decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Colony.at(tmp_path / "lab", suffix=".parquet")
    made.behave(mouse("a", [250, 350, 350]))
    path = configured(made, pages="pages")
    monkeypatch.setattr(site, "files", lambda *_: {"a": 1}["b"])
    ran = command("evaluate", "--config", str(path), "--now", NOW)
    assert ran.code == 70
    assert "KeyError" in ran.err
    assert "these pages were not made, which is a defect in autotrain-dsl" in ran.err
    assert "the decisions are published" in ran.err
    assert "(3 rows)" in ran.out
    assert len(made.manager) == 3


def test_thresholds_of_the_watch_list_are_those_of_the_configuration(tmp_path: Path) -> None:
    made = Colony.at(tmp_path / "lab", suffix=".parquet")
    made.behave(mouse("a", [250, 90, 250]))
    for rollbacks, listed in ((1, True), (2, False)):
        path = configured(made, pages="pages", watch={"oscillating": {"rollbacks": rollbacks}})
        assert command("evaluate", "--config", str(path), "--now", NOW).code == 0
        index = (made.folder / "pages" / "index.html").read_text(encoding="utf-8")
        assert ("was moved back 1 time" in index) is listed


def test_a_run_with_nothing_judged_makes_no_pages(tmp_path: Path) -> None:
    made = Colony.at(tmp_path / "lab", suffix=".parquet")
    made.behave([session(1, -1)])
    ran = command("evaluate", "--config", str(configured(made, pages="pages")), "--now", NOW)
    assert ran.code == 1
    assert not (made.folder / "pages").exists()


def test_pages_that_cannot_be_written_harm_no_decision(tmp_path: Path) -> None:
    made = Colony.at(tmp_path / "lab", suffix=".parquet")
    made.behave(mouse("a", [250, 350]))
    (made.folder / "pages").write_text("in the way", "utf-8")
    ran = command("evaluate", "--config", str(configured(made, pages="pages/deep")), "--now", NOW)
    assert ran.code == 3
    assert "the decisions are published, the next run tries again" in ran.err
    assert len(made.manager) == 2


def test_tables_in_parts_have_no_pages(tmp_path: Path) -> None:
    made = Colony.at(tmp_path / "lab", suffix=".parquet")
    (made.folder / "parts").mkdir()
    frame = pd.DataFrame(mouse("a", [250, 350]))
    frame.to_parquet(made.folder / "parts" / "p.parquet")
    path = configured(made, behavior="parts/", manager="managed/", pages="pages")
    ran = command("evaluate", "--config", str(path))
    assert (ran.code, "of which no pages are made" in ran.err) == (2, True)
    told = command(
        "report", "--curriculums", str(made.folder / "curriculums"), "--manager", f"{made.folder}/managed/",
        "--output", "x",
    )  # fmt: skip
    assert (told.code, "of which no pages are made" in told.err) == (2, True)


def test_several_managers_have_folders_of_their_own(tmp_path: Path) -> None:
    made = Colony.at(tmp_path / "lab", suffix=".parquet")
    made.behave(mouse("a", [250, 350]))
    one = {"curriculums": "curriculums", "behavior": made.behavior_path.name}
    managers = {"first": {**one, "manager": "first.parquet"}, "second": {**one, "manager": "second.parquet"}}
    path = made.folder / "autotrain.yaml"
    path.write_text(json.dumps({"dsl_version": 1, "managers": managers}), "utf-8")
    assert command("evaluate", "--config", str(path), "--now", NOW).code == 0
    ran = command("report", "--config", str(path), "--output", str(tmp_path / "out"), "--now", NOW)
    assert ran.code == 0
    for name in managers:
        assert f"<h1>{name}</h1>" in (tmp_path / "out" / name / "index.html").read_text(encoding="utf-8")
    missing = command("report", "--config", str(path))
    assert (missing.code, "for first, second" in missing.err) == (2, True)


# In a bucket


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with moto() as running:
        yield running


def test_browsers_are_told_what_the_objects_in_a_bucket_are(lab: Colony, server: Server) -> None:
    bucket = server.bucket()
    path = configured(lab, pages=f"s3://{bucket}/lab/pages")
    content = json.loads(path.read_text("utf-8"))
    content["s3"] = {"endpoint": server.endpoint, "region": "us-east-1", "addressing": "path"}
    path.write_text(json.dumps(content), "utf-8")
    with environment(AWS_ACCESS_KEY_ID=server.access_key, AWS_SECRET_ACCESS_KEY=server.secret_key):
        ran = command("report", "--config", str(path), "--now", NOW)
        client = boto3.client("s3", endpoint_url=server.endpoint, region_name="us-east-1")
        kinds = {
            name: client.head_object(Bucket=bucket, Key=f"lab/pages/{name}")["ContentType"]
            for name in ("index.html", "mice/a.html", "assets/style.css", "assets/colony.js", "data/Tiny_1_0.js")
        }
    assert (ran.code, ran.err) == (0, "")
    assert kinds == {
        "index.html": "text/html; charset=utf-8",
        "mice/a.html": "text/html; charset=utf-8",
        "assets/style.css": "text/css; charset=utf-8",
        "assets/colony.js": "text/javascript; charset=utf-8",
        "data/Tiny_1_0.js": "text/javascript; charset=utf-8",
    }


def test_colours_of_stages_are_told_from_white_and_from_black() -> None:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    for share in np.linspace(0, 1, 21):
        own = light(material.colour(float(share)))
        assert 1.05 / (own + 0.05) > 1.9
        assert (own + 0.05) / (light("#1d2327") + 0.05) > 1.4

"""``autotrain-dsl verify``: findings with their mice, claims, what is written and what is said."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from colony import Ran, command, process
from conftest import DATA
from language_kit import compile_text

from autotrain_dsl import codes
from autotrain_dsl.cases.loading import Compiler
from autotrain_dsl.cases.model import Case, Expected
from autotrain_dsl.cases.running import follow, run
from autotrain_dsl.cli import solving
from autotrain_dsl.codes.verification import ALL, SOLVED
from autotrain_dsl.diagnostics import Severity
from autotrain_dsl.tasks import TaskSchemas
from autotrain_dsl.verification import checking
from autotrain_dsl.verification.checking import Limits, verify
from autotrain_dsl.verification.cycles import Cycles
from autotrain_dsl.verification.encoding import Budget
from autotrain_dsl.verification.model import Report
from autotrain_dsl.verification.scales import scale_of
from autotrain_dsl.verification.witnesses import Mouse, ReplayError

ROOT = Path(__file__).resolve().parent.parent
VERIFY = DATA / "verify"
EXAMPLES = sorted(path.name for path in VERIFY.glob("*.yaml") if not path.name.endswith(".test.yaml"))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(VERIFY)


EIGHT = Limits(8)


def found(text: str, folder: Path, limits: Limits = EIGHT) -> Report:
    """What is found in a curriculum of the small task."""
    compiled = compile_text(text, folder)
    assert compiled.graph is not None, [f"{d.span.line}: {d.message}" for d in compiled.diagnostics]
    return verify(compiled.graph, compiled.diagnostics, (), limits)


def codes_of(report: Report) -> list[str]:
    return [finding.diagnostic.code.id for finding in report.findings]


# Examples that a scientist can read


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.usefixtures("here")
def test_every_kind_of_finding_is_shown_with_its_mouse(name: str, update_golden: bool) -> None:
    ran = command("verify", name)
    golden = VERIFY / f"{name.removesuffix('.yaml')}.out"
    if update_golden:
        golden.write_text(ran.out, encoding="utf-8")
    assert ran.out == golden.read_text(encoding="utf-8")
    assert (ran.code, ran.err) == (int(" error: " in ran.out), "")
    assert name == "sound.yaml" or f" {name[:6]} " in ran.out


def test_there_is_an_example_for_every_code() -> None:
    assert {name[:6] for name in EXAMPLES} >= {code.id for code in ALL}
    assert {code.id for code in ALL} <= SOLVED
    assert all(code.severity is Severity.WARNING for code in codes.ALL if code.id in SOLVED and code.id != "ATD911")


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.usefixtures("here")
def test_json_says_the_same_and_every_mouse_is_judged_so_by_the_interpreter(name: str) -> None:
    content = command("verify", name, "--format", "json").report
    (one,) = content["curriculums"]
    text = (VERIFY / f"{name.removesuffix('.yaml')}.out").read_text(encoding="utf-8")
    assert [f" {each['code']} " in text for each in one["findings"]] == [True] * len(one["findings"])
    compiled = loading_compiler().compile(VERIFY / name)
    assert compiled.graph is not None
    mice = list(all_mice(one))
    assert mice
    for mouse in mice:
        sessions = {metric: tuple(values) for metric, values in mouse["sessions"].items()}
        counts = mouse["session_total"], mouse["session_at_current_stage"]
        case = Case("", compiled.graph.stages[0].span, mouse["stage"], *counts, sessions)
        steps = follow(case, compiled.graph) if mouse["followed"] else run_last(case, compiled.graph)
        said = [(step.session, step.decision.decision, step.decision.next_stage, step.decision.fired) for step in steps]
        told = [(each["session"], each["decision"], each["next_stage"], each["rule"]) for each in mouse["decisions"]]
        assert told == said


def loading_compiler() -> Any:
    return Compiler(TaskSchemas())


def run_last(case: Case, graph: Any) -> Any:
    return run(replace(case, expected=Expected()), graph).steps


def all_mice(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for finding in one["findings"]:
        yield from finding["mice"]
    yield from one["reached"].values()
    for kept in one["properties"]:
        yield from kept["mice"]


# The lab's curriculums: what is known to be wrong with them


def shown(ran: Ran, path: str, code: str) -> list[dict[str, Any]]:
    (one,) = [each for each in ran.report["curriculums"] if each["path"].endswith(path)]
    return [each for each in [*one["findings"], *one["silenced"]] if each["code"] == code]


@pytest.fixture(scope="module")
def lab() -> Ran:
    """The lab's own curriculums, verified with all checks."""
    ran = process("verify", "curriculums", "--format", "json", cwd=ROOT)
    assert (ran.code, ran.err) == (0, "")
    return ran


def test_the_windows_of_the_final_stage_judge_mice_by_earlier_stages(lab: Ran) -> None:
    for path in ("/coupled_baiting_2.3.yaml", "/uncoupled_baiting_2.3.yaml"):
        (finding,) = shown(lab, path, "ATD905")
        (mouse,) = finding["mice"]
        last = mouse["decisions"][-1]
        assert (last["stage"], last["decision"], last["session_at_current_stage"]) == ("STAGE_FINAL", "ROLLBACK", 1)
        trials, efficiency = (mouse["sessions"][name] for name in ("finished_trials", "foraging_efficiency"))
        assert trials[-1] == max(trials)
        assert efficiency[-1] == max(efficiency)
        assert (trials[-1] >= 300, efficiency[-1] >= 0.6) == (True, True), "a session that is good enough by itself"


def test_there_is_no_dead_band_between_progress_and_rollback(lab: Ran) -> None:
    first, second = shown(lab, "/coupled_baiting_2.3.yaml", "ATD907")
    assert "between `STAGE_1` and `STAGE_2`" in first["message"]
    assert "between `STAGE_2` and `STAGE_3`" in second["message"]
    decisions = [each["decision"] for each in second["mice"][0]["decisions"]]
    assert decisions[-2:] == ["ROLLBACK", "PROGRESS"]
    trials = second["mice"][0]["sessions"]["finished_trials"]
    assert max(trials) - min(trials) == 1


def test_the_day_count_promotes_a_mouse_that_the_rollback_behind_it_would_demote(lab: Ran) -> None:
    findings = shown(lab, "uncoupled_without_baiting_2.1rwdDelay159.yaml", "ATD901")
    (mouse,) = next(each for each in findings if each["mice"][0]["stage"] == "STAGE_2")["mice"]
    assert (mouse["session_at_current_stage"], mouse["decisions"][0]["decision"]) == (3, "PROGRESS")
    assert mouse["sessions"]["finished_trials"][-1] < 200 or mouse["sessions"]["foraging_efficiency"][-1] < 0.55


def test_everything_about_the_lab_s_curriculums_is_decided(lab: Ran) -> None:
    assert lab.report["summary"]["curriculums"] == 23
    assert lab.report["summary"]["undecided"] == 0
    assert all("comment" in each for one in lab.report["curriculums"] for each in one["silenced"])


# Claims


@pytest.mark.usefixtures("here")
def test_claims_are_kept_for_ever_or_for_as_long_as_was_looked() -> None:
    ran = command("verify", "sound.test.yaml", "--format", "json")
    (one,) = ran.report["curriculums"]
    bounds = {each["property"]: each["bound"] for each in one["properties"]}
    assert bounds == {
        "a good session never costs a stage": None,
        "never to TRAINED when session_total < 4": None,
        "always progress in STAGE_1 when finished_trials[-1] >= 100": None,
        "reachable TRAINED within 4 sessions": None,
        "never rollback when min(finished_trials) >= 60": 15,
    }
    assert (ran.code, one["findings"]) == (0, [])


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ("never: {decision: advance}", "did you mean `progress`?"),
        ("never: {when: session_total < 4}", "needs `decision` or `next_stage`"),
        ("never: {decision: stay, stage: STAGE_9}", "there is no stage `STAGE_9`"),
        ("always: {next_stage: TRAINE}", "there is no stage `TRAINE`"),
        ('always: {decision: stay, when: "finished_trial[-1] > 3"}', "did you mean `finished_trials`?"),
        ("always: {decision: stay, when: finished_trials}", "a condition must be true or false"),
        ("reachable: TRAINED", "write `STAGE within N sessions`"),
        ("reachable: TRAINED within 400 sessions", "too far: at most 100"),
        ("reachable: TRAINED within 0 sessions", "write `STAGE within N sessions`"),
        ("reachable: NOWHERE within 4 sessions", "there is no stage `NOWHERE`"),
        ("name: nothing at all", "needs exactly one of `never`, `always`, `reachable`"),
        ("never: null", "`never` must be a mapping"),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_claim_that_cannot_be_understood_is_explained(claim: str, says: str, tmp_path: Path) -> None:
    shutil.copy("sound.yaml", tmp_path)
    path = tmp_path / "wrong.test.yaml"
    path.write_text(f"dsl_version: 1\ncurriculum: sound.yaml\nproperties:\n  - {claim}\n", encoding="utf-8")
    for name in ("verify", "validate", "test"):
        ran = command(name, str(path), "--schemas", str(DATA / "schemas" / "tasks"))
        assert ran.code == 1
        assert says in ran.out
        assert "wrong.test.yaml:4:" in ran.out


def test_a_test_file_needs_tests_or_properties(tmp_path: Path) -> None:
    path = tmp_path / "nothing.test.yaml"
    path.write_text("dsl_version: 1\ncurriculum: sound.yaml\n", encoding="utf-8")
    assert "needs `tests` or `properties`" in command("validate", str(path)).out


def test_properties_alone_are_a_test_file_and_no_curriculum(tmp_path: Path) -> None:
    shutil.copytree(VERIFY, tmp_path / "verify")
    shutil.copy(VERIFY / "sound.test.yaml", tmp_path / "verify" / "claims.yaml")
    ran = command("validate", str(tmp_path / "verify"), "--schemas", str(DATA / "schemas" / "tasks"))
    assert ran.code == 0, ran.out
    assert "(1 other YAML file left out)" in ran.out
    ran = command("test", str(tmp_path / "verify" / "sound.yaml"), "--schemas", str(DATA / "schemas" / "tasks"))
    assert (ran.code, ran.out) == (0, "0 tests of 1 file: 0 passed, 0 failed\n")


# Mice as tests


@pytest.mark.parametrize("name", [*EXAMPLES, "first_steps.yaml"])
def test_mice_become_tests_that_pass(name: str, tmp_path: Path) -> None:
    tutorial = ROOT / "examples" / "tutorial"
    source, schemas = (
        (tutorial, tutorial / "schemas" / "tasks")
        if name == "first_steps.yaml"
        else (VERIFY, DATA / "schemas" / "tasks")
    )
    for path in source.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    ran = command("verify", str(tmp_path / name), "--write-tests", "--schemas", str(schemas))
    written = tmp_path / f"{name.removesuffix('.yaml')}.verified.test.yaml"
    assert ran.err == f"written: {written}\n"
    tested = command("test", str(written), "--schemas", str(schemas))
    assert (tested.code, " 0 failed" in tested.out) == (0, True), tested.out
    assert command("fmt", "--check", str(written)).code == 0
    before = written.read_bytes()
    assert command("verify", str(tmp_path / name), "--write-tests", "--schemas", str(schemas)).err == ran.err
    assert written.read_bytes() == before


def test_a_file_of_somebody_else_is_left_as_it_is(tmp_path: Path) -> None:
    shutil.copy(VERIFY / "sound.yaml", tmp_path)
    path = tmp_path / "sound.verified.test.yaml"
    path.write_text("mine\n", encoding="utf-8")
    options = ("--write-tests", "--schemas", str(DATA / "schemas" / "tasks"))
    ran = command("verify", str(tmp_path / "sound.yaml"), *options)
    assert "is there already and is not of `verify`" in ran.err
    assert path.read_text(encoding="utf-8") == "mine\n"
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert command("verify", str(tmp_path / "sound.yaml"), *options).code == 1
    assert not (tmp_path / "elsewhere").exists()


# The command


@pytest.mark.usefixtures("here")
def test_warnings_fail_only_where_it_is_asked_for() -> None:
    assert command("verify", "ATD907_same_threshold.yaml").code == 0
    assert command("verify", "ATD907_same_threshold.yaml", "--strict").code == 1
    assert command("verify", "sound.yaml", "--strict").code == 0


def test_what_is_silenced_is_said_with_its_reason(tmp_path: Path) -> None:
    text = (VERIFY / "ATD907_same_threshold.yaml").read_text(encoding="utf-8")
    comment = "# autotrain: ignore[ATD907] the mouse may hover"
    (tmp_path / "case.yaml").write_text(text.replace("rollback: STAGE_1", f"rollback: STAGE_1  {comment}"), "utf-8")
    schemas = ("--schemas", str(DATA / "schemas" / "tasks"))
    ran = command("verify", str(tmp_path / "case.yaml"), "--strict", *schemas)
    assert ran.code == 0
    assert re.search(rf"silenced: ATD907 \S+case.yaml:\d+ {re.escape(comment)}\n", ran.out)
    assert "0 warnings (1 silenced)" in ran.out
    ran = command("verify", str(tmp_path / "case.yaml"), "--silenced", *schemas)
    assert f"silenced by {comment}" in ran.out
    assert "ROLLBACK to STAGE_1" in ran.out
    assert command("validate", "--strict", str(tmp_path / "case.yaml"), *schemas).code == 0, "not asked, so not unused"


@pytest.mark.usefixtures("here")
def test_the_same_comes_out_whatever_else_is_verified() -> None:
    alone = command("verify", "ATD905_earlier_sessions.yaml", "--format", "json").report["curriculums"]
    together = command("verify", "ATD901_day_count.yaml", "ATD905_earlier_sessions.yaml", "--format", "json")
    assert together.report["curriculums"][1:] == alone


def test_a_curriculum_with_errors_is_reported_and_the_others_are_verified(tmp_path: Path) -> None:
    shutil.copy(VERIFY / "sound.yaml", tmp_path)
    (tmp_path / "broken.yaml").write_text("dsl_version: 1\nname: Broken\nstages: {A: {}}\n", encoding="utf-8")
    ran = command("verify", str(tmp_path), "--schemas", str(DATA / "schemas" / "tasks"))
    assert ran.code == 1
    assert "ATD102 error" in ran.out
    assert "Sound 1.0" in ran.out
    assert "1 curriculum verified" in ran.out


def test_nothing_to_verify_is_wrong_use(tmp_path: Path) -> None:
    ran = command("verify", str(tmp_path))
    assert ran.code == 2
    assert "no curriculum there" in ran.err


# Without the solver


@pytest.mark.usefixtures("here")
def test_without_a_solver_validate_says_that_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "is_there", lambda: False)
    ran = command("validate", "ATD901_day_count.yaml")
    assert (ran.code, "ATD901" in ran.out) == (0, False)
    assert ran.err == "deeper checks are available with a solver: pip install 'autotrain-dsl[verify]'\n"
    assert command("validate", "ATD901_day_count.yaml", "--format", "json").err == ""
    ran = command("verify", "ATD901_day_count.yaml")
    assert ran.code == 2
    assert "pip install 'autotrain-dsl[verify]'" in ran.err


def test_without_a_solver_its_comments_are_not_called_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(solving, "is_there", lambda: False)
    assert command("validate", "--strict", "curriculums").code == 0


# The questions, one by one


WINDOWS = """stages:
  A:
    transitions:
      - progress: B
        when: {when}
  B: {{final: true}}
"""


@pytest.mark.parametrize(
    ("when", "code"),
    [
        # Exactly as doubles do: the mean of three times 0.7 is less than 0.7.
        ("min(x[-3:]) >= 0.7 and max(x[-3:]) <= 0.7 and mean(x[-3:]) < 0.7", ""),
        ("min(x[-2:]) >= 0.7 and mean(x[-2:]) < 0.7", "ATD311"),
        ("min(finished_trials[-3:]) >= 7 and mean(finished_trials[-3:]) < 7", "ATD311"),
        ("median(finished_trials[-3:]) > max(finished_trials[-3:])", "ATD311"),
        ("std(foraging_efficiency[-2:]) > 1.01", "ATD311"),
        ("std(foraging_efficiency[-3:]) > 1.1", "ATD311"),
        ("count(x[-3:] > 0) >= 4", "ATD311"),
        ("all(x[-3:] > 1) and any(x[-2:] < 1)", "ATD311"),
        ("x[-2] > 1 and session_total < 2", "ATD311"),
        ("at_stage(x)[-2] > 1 and session_at_current_stage < 2", "ATD311"),
        ("abs(x[-1]) < 1 and x[-1] > 2", "ATD311"),
        ("round(x[-1], 1) >= 0.7 and x[-1] < 0.6", "ATD311"),
        ("round(x[-1], 1) >= 0.7 and x[-1] < 0.66", ""),
        ("x[-1] * y[-1] > 4 and abs(x[-1]) < 1 and abs(y[-1]) < 1", "ATD311"),
        ("x[-1] / y[-1] > 2 and y[-1] == 0", "ATD311"),
        ("0.1 * finished_trials[-1] >= 0.3 and finished_trials[-1] < 3", "ATD311"),
        ("x[-1] <= 1e300 * 179769313.48623157", ""),
        ("x[-1] / 60 / 60 / 24 > 30", ""),
        ("finished_trials[-1] * 0.0001 > 200", ""),
        ("foraging_efficiency[-1] * foraging_efficiency[-2] >= 3.9", ""),
        ("count(x[-3:-1] > 2) == 0", ""),
        ("std(x[-1:]) < 1 and session_total == 1", ""),
        ("count(x[-3:2]) == 0 and session_total < 8", ""),
    ],
)
def test_conditions_are_decided_as_the_interpreter_decides(when: str, code: str, tmp_path: Path) -> None:
    report = found(WINDOWS.format(when=f'"{when}"'), tmp_path)
    assert ("ATD311" in codes_of(report)) is (code == "ATD311"), report.open
    assert bool(report.reached) is (code == "")


def test_where_only_rounding_could_make_it_so_nothing_is_called_decided(tmp_path: Path) -> None:
    report = found(WINDOWS.format(when='"mean(x[-3:]) > max(x[-3:])"'), tmp_path)
    assert [each.why for each in report.open if "condition" in each.question] == [
        "only the rounding of the last digit could make it so"
    ]


def test_an_otherwise_that_waits_for_missing_values_is_not_dead(tmp_path: Path) -> None:
    rules = '      - progress: B\n        when: "x[-1] >= 5"\n      - rollback: Z\n        when: "x[-1] < 5"\n'
    text = f"initial: A\nstages:\n  Z: {{}}\n  A:\n    transitions:\n{rules}LAST  B: {{final: true}}\n"
    last = "      - stay: true\n        otherwise: true\n"
    assert "ATD413" not in codes_of(found(text.replace("LAST", last), tmp_path))
    report = found(text.replace("LAST", '      - stay: true\n        when: "y[-1] > 1"\n'), tmp_path)
    (dead,) = [each.diagnostic for each in report.findings if each.diagnostic.code.id == "ATD413"]
    assert [note.text for note in dead.notes][-1] == "only where a value is missing it may fire"


def test_missing_values_are_looked_at_where_it_is_asked_for(tmp_path: Path) -> None:
    when = '"not (x[-1] >= 5 or x[-1] < 5) or x[-1] >= 9"'
    text = f"stages:\n  A:\n    transitions:\n      - progress: B\n        when: {when}\n  B: {{final: true}}\n"
    assert found(text, tmp_path, Limits(4, missing=True)).reached.keys() == {"B"}
    present = WINDOWS.format(when='"count(present(x[-3:])) == 2 and session_total == 3"')
    assert found(present, tmp_path, Limits(4)).reached.keys() == set()
    (way,) = found(present, tmp_path, Limits(4, missing=True)).reached.values()
    assert sorted(value is None for value in way.mouse.sessions["x"]) == [False, False, True]


def test_rules_that_look_at_everything_are_decided_within_the_bound_only(tmp_path: Path) -> None:
    report = found(WINDOWS.format(when='"sum(x) > 100 and max(x) < 1"'), tmp_path)
    assert "can the condition of rule 1 of A be true?" in [each.question for each in report.open]
    assert all("8 sessions" in each.why for each in report.open)


def test_a_stage_that_takes_longer_than_was_looked_is_not_decided(tmp_path: Path) -> None:
    report = found(WINDOWS.format(when="session_total >= 20"), tmp_path)
    assert ("can a mouse reach B?", "not within 8 sessions; beyond is not looked at") in [
        (each.question, each.why) for each in report.open
    ]
    assert found(WINDOWS.format(when="session_total >= 20"), tmp_path, Limits(20)).open == []


def test_low_values_can_be_the_better_ones(tmp_path: Path) -> None:
    task = (DATA / "schemas" / "tasks" / "nose_poke_1.0.yaml").read_text(encoding="utf-8")
    text = (VERIFY / "ATD904_turned_round.yaml").read_text(encoding="utf-8")
    (tmp_path / "case.yaml").write_text(text, encoding="utf-8")
    for better, said in (("higher", True), ("lower", False), ("neither", False)):
        changed = task.replace("maximum: 1}\n  side", f"maximum: 1, better: {better}}}\n  side")
        assert changed != task
        (tmp_path / "nose_poke_1.0.yaml").write_text(changed, encoding="utf-8")
        ran = command("verify", str(tmp_path / "case.yaml"), "--schemas", str(tmp_path))
        assert ("a better `foraging_efficiency` rolls a mouse back" in ran.out) is said


def test_a_curriculum_that_is_too_large_is_not_called_decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget, "write", lambda self, _: self.spend(10**9))
    report = found(WINDOWS.format(when='"mean(x[-3:]) > 2 and y[-1] > 1"'), tmp_path)
    assert [each.why for each in report.open] == ["the curriculum is too large to decide it in reasonable time"] * len(
        report.open
    )
    assert report.open


def test_a_mouse_that_does_not_do_as_was_proved_is_a_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_steps = Mouse.steps

    def leaves(self: Mouse, graph: Any) -> Any:
        steps = real_steps(self, graph)
        moved = replace(steps[-1].decision, next_stage="B")
        return (*steps[:-1], replace(steps[-1], decision=moved))

    compiled = compile_text(WINDOWS.format(when='"foraging_efficiency[-1] < 1.9"'), tmp_path)
    assert compiled.graph is not None
    monkeypatch.setattr(Mouse, "steps", leaves)
    with pytest.raises(ReplayError):
        verify(compiled.graph, compiled.diagnostics, (), Limits(4))


def test_a_circle_is_for_ever(tmp_path: Path) -> None:
    text = (
        "initial: A\nstages:\n  A:\n    transitions:\n"
        "      - progress: B\n        when: session_at_current_stage >= 2\n"
        '  B:\n    transitions:\n      - rollback: A\n        when: "mean(x[-3:]) < 5"\n  C: {final: true}\n'
    )
    compiled = compile_text(text, tmp_path)
    assert compiled.graph is not None
    (finding,) = Cycles(compiled.graph, scale_of(compiled.graph), 8).oscillation()
    (shown_,) = finding.shown  # type: ignore[union-attr]
    stages = [step.situation.stage for step in shown_.steps]
    assert "".join(stages).count("AAB") >= 2


def test_output_is_json_even_where_nothing_is_found(tmp_path: Path) -> None:
    shutil.copy(VERIFY / "sound.yaml", tmp_path)
    options = ("--format", "json", "--schemas", str(DATA / "schemas" / "tasks"))
    content = json.loads(command("verify", str(tmp_path / "sound.yaml"), *options).out)
    assert content["summary"] == {
        "curriculums": 1, "sessions": 15, "errors": 0, "warnings": 0, "silenced": 0, "undecided": 0,
        "properties_undecided": 0, "properties_kept": 0,
    }  # fmt: skip


def test_what_is_not_decided_counts_as_possible_for_what_follows(tmp_path: Path) -> None:
    report = found(WINDOWS.format(when='"count(x) >= 20"'), tmp_path)
    assert {"ATD411", "ATD412"}.isdisjoint(codes_of(report))
    assert "can a mouse reach B?" in [each.question for each in report.open]


def test_a_rule_that_the_compiler_calls_constant_still_leads_on(tmp_path: Path) -> None:
    text = (
        "stages:\n  A:\n    transitions:\n      - progress: B\n        when: session_total >= 20\n"
        '  B:\n    transitions:\n      - progress: C\n        when: "foraging_efficiency[-1] >= 0"\n'
        "  C: {final: true}\n"
    )
    assert {"ATD411", "ATD412"}.isdisjoint(codes_of(found(text, tmp_path)))


def test_perfect_is_what_the_range_allows(tmp_path: Path) -> None:
    for when in ("finished_trials[-1] / 100 >= 2", "finished_trials[-1] >= 1.25", "x[-1] > 1e7"):
        assert "ATD908" not in codes_of(found(WINDOWS.format(when=f'"{when}"'), tmp_path))


def test_a_way_round_may_be_longer_than_mice_are_followed(tmp_path: Path) -> None:
    text = (
        "initial: A\nstages:\n  A:\n    transitions:\n      - progress: B\n"
        '        when: "session_at_current_stage >= 20 and x[-1] >= 2"\n'
        '  B:\n    transitions:\n      - rollback: A\n        when: "x[-1] >= 1"\n  C: {final: true}\n'
    )
    assert "ATD906" in codes_of(found(text, tmp_path))
    report = found(text.replace("20", "90"), tmp_path)
    assert "can a mouse that always does the same come back to A for ever?" in [each.question for each in report.open]


def test_claims_are_decided_one_by_one_and_what_is_left_open_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(VERIFY / "sound.yaml", tmp_path)
    claims = (
        '  - never: {decision: progress, when: "finished_trials[-1] > 0"}\n  - reachable: TRAINED within 4 sessions\n'
    )
    (tmp_path / "own.test.yaml").write_text(f"dsl_version: 1\ncurriculum: sound.yaml\nproperties:\n{claims}", "utf-8")
    options = ("--format", "json", "--schemas", str(DATA / "schemas" / "tasks"))
    content = command("verify", str(tmp_path / "own.test.yaml"), *options).report["curriculums"][0]
    assert [each["code"] for each in content["findings"]] == ["ATD911"]
    assert [each["property"] for each in content["properties"]] == ["reachable TRAINED within 4 sessions"]
    monkeypatch.setattr(checking, "_CLAIM", Budget(0, 0, 0.0))
    ran = command("verify", str(tmp_path / "own.test.yaml"), *options)
    assert (ran.code, ran.report["summary"]["properties_undecided"]) == (1, 2)
    assert len([each for each in ran.report["curriculums"][0]["undecided"] if "never" in each["question"]]) == 1


def test_hostile_conditions_take_no_longer_than_others(tmp_path: Path) -> None:
    for when in ("mean(present(x[-100:] / y[-100:])) > 5", "std(x[-3:] * 1e300) > 1e300"):
        compiled = compile_text(WINDOWS.format(when=f'"{when}"'), tmp_path)
        assert compiled.graph is not None
        deeper = checking.Cheap(Budget(0, 12_000_000, 1.0))
        assert list(deeper(compiled.graph, ())) == []
        assert not deeper.complete


def test_a_needed_comment_is_not_called_unused_where_not_everything_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (VERIFY / "ATD901_day_count.yaml").read_text(encoding="utf-8")
    comment = "# autotrain: ignore[ATD901] meant"
    (tmp_path / "case.yaml").write_text(text.replace("- progress: TRAINED", f"- progress: TRAINED  {comment}"), "utf-8")
    options = ("--strict", "--schemas", str(DATA / "schemas" / "tasks"))
    assert command("validate", str(tmp_path / "case.yaml"), *options).code == 0
    monkeypatch.setattr(checking, "_CHEAP", Budget(0, 0, 0.0))
    assert command("validate", str(tmp_path / "case.yaml"), *options).code == 0

"""Curriculums of the older system become files that a person would have written, and say the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from colony import RECORD, ROOT
from conftest import DATA, Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autotrain_dsl import catalog, document, layers, layout, silence
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.legacy import families, writing
from autotrain_dsl.legacy.model import LegacyCurriculum, LegacyRule, LegacyStage
from autotrain_dsl.legacy.plain import Plain, plain
from autotrain_dsl.model import Move, Scalar
from autotrain_dsl.source import Source
from autotrain_dsl.tasks import TaskSchemas

CASES = DATA / "import"
REAL = RECORD / "legacy_curriculums"
SCHEMAS = ("--schemas", str(CASES / "schemas" / "tasks"))


@pytest.fixture
def legacy() -> Path:
    """The folder with the older system's own files."""
    if not REAL.is_dir():
        pytest.skip("the recorded curriculums are not here")
    return REAL


def lever(**changes: Any) -> dict[str, Any]:
    """A small curriculum as the older system writes it."""
    parameters = {"training_stage": "Stage 1", "task": "Lever press", "task_url": "", "task_schema_version": "1.0"}
    rule = {"decision": "progress", "to_stage": "Graduated", "condition_description": ""}
    return {
        "curriculum_schema_name": "LeverPressCurriculum",
        "curriculum_schema_version": "1.0",
        "curriculum_name": "Lever press",
        "curriculum_version": "1.0",
        "curriculum_description": "",
        "parameters": {
            "Stage 1": {**parameters, "description": "", "hold_time": 0.5},
            "Graduated": {**parameters, "training_stage": "Graduated", "description": "", "hold_time": 0.5},
        },
        "curriculum": {
            "Stage 1": {
                "from_stage": "Stage 1",
                "transition_rules": [{**rule, "condition": "lambda metrics: metrics.presses[-1] >= 10"}],
            }
        },
        **changes,
    }


def given_files(folder: Path, *curriculums: Mapping[str, Any]) -> list[str]:
    """Files with curriculums, under names that say nothing."""
    folder.mkdir(exist_ok=True)
    for number, curriculum in enumerate(curriculums):
        (folder / f"{number}.json").write_text(json.dumps(curriculum), "utf-8")
    return [str(folder / f"{number}.json") for number in range(len(curriculums))]


def tree(folder: Path) -> dict[str, bytes]:
    """Everything below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_made_up_family_becomes_these_files_with_these_findings(
    run: Run, tmp_path: Path, update_golden: bool
) -> None:
    done = run("import", "legacy", *SCHEMAS, "--output", str(tmp_path / "curriculums"), cwd=CASES)
    made = {**tree(tmp_path / "curriculums"), "findings.out": done.out.encode()}
    expected = CASES / "expected"
    if update_golden:
        for path in (path for path in sorted(expected.rglob("*")) if path.is_file()):
            path.unlink()
        for name, content in made.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_bytes(content)
    assert (done.code, done.err) == (1, "")
    assert made == tree(expected)


def test_the_made_up_files_mean_the_same_when_they_are_compiled() -> None:
    built = catalog.build([CASES / "expected"], CASES / "schemas" / "tasks")
    graph = built.find("Lever press", "1.10")
    assert graph is not None
    rig = [{name: each.value for name, each in stage.effective.items()} for stage in graph.stages]
    easy = {
        "task": "Lever press",
        "hold_time": 0.0,
        "reward_volume": 4.0,
        "trials": 450,
        "warn_light": True,
        "sound": "on",
    }
    last = {"task": "Lever press", "hold_time": 3.0, "reward_volume": 2.0, "trials": 300, "sound": "on"}
    assert rig == [
        easy,
        {**easy, "hold_time": 0.5, "warn_light": False},
        {**easy, "hold_time": 1.0, "sound": "0.5, 1.0"},
        last,
        last,
    ]
    rules = [(rule.move, rule.target, rule.trigger) for stage in graph.stages for rule in graph.rules(stage.name)]
    assert rules == [
        ("progress", "STAGE_2", "when"),
        ("stay", "", "when"),
        ("progress", "STAGE_3", "otherwise"),
        ("progress", "STAGE_FINAL", "when"),
        ("progress", "GRADUATED", "when"),
        ("rollback", "STAGE_3", "manual"),
    ]
    assert {d.span.source.name[-8:] for d in built.diagnostics if d.is_error} == {"2.1.yaml"}


# What the older files are known to be wrong in; see the README beside them.
KNOWN = {"ATD702": 1, "ATD704": 2, "ATD705": 2, "ATD706": 33, "ATD707": 20}


def test_the_real_files_are_imported_with_exactly_their_known_defects(run: Run, tmp_path: Path, legacy: Path) -> None:
    done = run("import", str(legacy), "--output", str(tmp_path / "curriculums"), "--format", "json")
    report = json.loads(done.out)
    assert (done.code, done.err) == (1, "")
    assert report["summary"]["curriculums"] == report["summary"]["written"] == 23
    found = Counter(finding["code"] for finding in report["findings"])
    windows = [finding for finding in report["findings"] if finding["code"] == "ATD416"]
    assert {code: number for code, number in found.items() if code != "ATD416"} == KNOWN
    rules = {(finding["path"], finding["line"]) for finding in windows}
    assert len(rules) == 21
    assert len(windows) == 42  # the trials and the efficiency of each
    for finding in windows:
        line = Path(finding["path"]).read_text("utf-8").splitlines()[finding["line"] - 1]
        assert line[finding["column"] - 1 :].startswith("metrics.")
        assert line[finding["column"] - 1 : finding["end_column"] - 1].endswith(":]")


def content_of(graph: StateGraph) -> dict[str, Any]:
    """What decides: parameters and rules, without words for people."""
    content = json.loads(json.dumps(graph.content))
    stages = [{k: v for k, v in stage.items() if k not in ("label", "description")} for stage in content["stages"]]
    for stage in stages:
        stage["transitions"] = [{k: v for k, v in rule.items() if k != "because"} for rule in stage["transitions"]]
    return {**{k: v for k, v in content.items() if k not in ("description", "adjustable")}, "stages": stages}


def test_the_imported_files_mean_what_the_projects_own_ones_do(run: Run, tmp_path: Path, legacy: Path) -> None:
    run("import", str(legacy), "--output", str(tmp_path / "curriculums"))
    imported, own = catalog.build([tmp_path / "curriculums"]), catalog.build([ROOT / "curriculums"])
    assert not [d for d in imported.diagnostics if d.code.id != "ATD416"]
    names = sorted(c.claims for c in own.compilations if c.claims is not None and not c.abstract)
    assert sorted(c.claims for c in imported.compilations if c.claims is not None) == names
    assert len(names) == 23
    for name, version in names:
        graph, expected = imported.find(name, version), own.find(name, version)
        assert graph is not None
        assert expected is not None
        meant = content_of(expected)
        if (name, version) == ("Dummy task", "0.1"):  # the condition that nobody can read
            rule = meant["stages"][1]["transitions"][0]
            meant["stages"][1]["transitions"][0] = {**rule, "trigger": "manual"}
            del meant["stages"][1]["transitions"][0]["when"]
        assert content_of(graph) == meant, f"{name} {version}"


def test_a_later_real_version_says_only_what_changed(run: Run, tmp_path: Path, legacy: Path) -> None:
    run("import", str(legacy), "--output", str(tmp_path))
    folder = tmp_path / "coupled_baiting"
    assert (folder / "coupled_baiting_2.1.yaml").read_text("utf-8") == (
        "# yaml-language-server: $schema=../../schemas/v1/curriculum.schema.json\n"
        "dsl_version: 1\n"
        "name: Coupled Baiting\n"
        'version: "2.1"\n'
        "extends: coupled_baiting_2.0.yaml\n"
        "\n"
        "stages:\n"
        "  STAGE_1_WARMUP: {parameters: {DelayMin: 0.1, DelayMax: 0.1}}\n"
        "  STAGE_2: {parameters: {DelayMin: 0.3, DelayMax: 0.3}}\n"
        "  STAGE_3: {parameters: {DelayMin: 0.5, DelayMax: 0.5}}\n"
        "  STAGE_FINAL: {parameters: {DelayMin: 1.0, DelayMax: 1.0}}\n"
    )
    assert len((folder / "coupled_baiting_2.3.yaml").read_text("utf-8").splitlines()) == 20
    written = sum(len(content.splitlines()) for content in tree(tmp_path).values())
    assert written < sum(len(path.read_bytes().splitlines()) for path in legacy.glob("*.json")) / 4


def test_importing_again_writes_nothing(run: Run, tmp_path: Path) -> None:
    arguments = ("import", str(CASES / "legacy"), *SCHEMAS, "--output", str(tmp_path / "new"))
    first = run(*arguments)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "new").rglob("*")}
    again = run(*arguments)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "new").rglob("*")} == stamps
    faults = "4 errors (1 ATD404, 1 ATD406, 2 ATD702), 12 warnings (2 ATD416, 3 ATD705, 5 ATD706, 2 ATD707)"
    assert first.out.splitlines()[-1] == f"5 curriculums read: {faults}; 5 files written"
    assert again.out.splitlines()[-1] == f"5 curriculums read: {faults}; 0 files written, 5 unchanged"
    assert sorted(tree(tmp_path / "new")) == [
        f"lever_press/lever_press_{version}.yaml" for version in ("1.10", "1.9", "2.0", "2.1", "2.2")
    ]


def test_a_file_with_other_content_is_replaced_only_when_told_so(run: Run, tmp_path: Path) -> None:
    paths = given_files(tmp_path / "old", lever(), lever(curriculum_version="1.1"))
    arguments = ("import", *paths, *SCHEMAS, "--output", str(tmp_path / "new"))
    assert run(*arguments).code == 0
    written = tree(tmp_path / "new")
    edited = tmp_path / "new" / "lever_press" / "lever_press_1.1.yaml"
    edited.write_text("# mine\n", "utf-8")
    (tmp_path / "new" / "lever_press" / "lever_press_1.0.yaml").unlink()
    refused = run(*arguments)
    assert refused.code == 2
    assert f"`{edited}`: there with other content, which --overwrite replaces; nothing was written" in refused.err
    assert tree(tmp_path / "new") == {"lever_press/lever_press_1.1.yaml": b"# mine\n"}
    replacing = run(*arguments, "--overwrite")
    assert replacing.out.splitlines()[-1].endswith("; 2 files written")
    assert replacing.err == f"replaced: {edited}\n"
    assert tree(tmp_path / "new") == written


@pytest.mark.parametrize("place", ["s3://bucket/prefix", "s3:bucket", "postgresql://host/db#table"])
def test_an_address_is_no_folder_to_write_into(run: Run, tmp_path: Path, place: str) -> None:
    given_files(tmp_path, lever())
    done = run("import", str(tmp_path), *SCHEMAS, "--output", place, cwd=tmp_path)
    assert (done.code, "is no local folder" in done.err) == (2, True)
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_a_folder_is_searched_for_curriculums_of_the_older_system_only(run: Run, tmp_path: Path) -> None:
    old = tmp_path / "old"
    given_files(old, lever())
    (old / "deeper" / ".hidden").mkdir(parents=True)
    (old / "deeper" / "A_curriculum_v1_schema_v1.0.json").write_text("{", "utf-8")
    (old / "deeper" / "package.json").write_text("{}", "utf-8")
    (old / "deeper" / ".hidden" / "A_curriculum_v2_schema_v1.0.json").write_text("{", "utf-8")
    (old / "deeper" / "readme.md").write_text("curriculum_schema_name", "utf-8")
    done = run("import", "old", "old/0.json", *SCHEMAS, "--output", "new", cwd=tmp_path)
    assert done.code == 1
    assert done.out.startswith("old/deeper/A_curriculum_v1_schema_v1.0.json:1:")
    assert done.out.endswith(
        "1 curriculum read (1 other JSON file left out): 1 error (1 ATD701), 0 warnings; 1 file written\n"
    )
    none = run("import", "old/deeper/.hidden", *SCHEMAS, "--output", "new", cwd=tmp_path)
    assert none.code == 1  # asked for by name
    empty = run("import", "new", *SCHEMAS, "--output", "new", cwd=tmp_path)
    assert empty.code == 2
    assert "new: no curriculum of the older system there (.json)" in empty.err


def test_the_same_curriculum_twice_is_found_and_the_first_counts(run: Run, tmp_path: Path) -> None:
    given_files(tmp_path / "old", lever(curriculum_description="first"), lever(curriculum_description="second"))
    done = run("import", "old", *SCHEMAS, "--output", "new", cwd=tmp_path)
    assert done.code == 1
    assert "old/1.json:1:" in done.out
    assert "there is another curriculum Lever press 1.0; this one is left out" in done.out
    assert "the other is `old/0.json` (old/0.json:1:" in done.out
    assert b"description: first\n" in tree(tmp_path / "new")["lever_press/lever_press_1.0.yaml"]


@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ("metrics.hit_rate[-1] >= 60", ["ATD310"]),
        ("metrics.hit_rate[-1] == 0.5", ["ATD312"]),
        ("metrics.session_total < 1", ["ATD311"]),
        ("metrics.presses[-1] >= 10", []),
    ],
)
def test_what_is_odd_in_a_condition_is_said_once(run: Run, tmp_path: Path, condition: str, codes: list[str]) -> None:
    curriculum = lever()
    curriculum["curriculum"]["Stage 1"]["transition_rules"][0]["condition"] = f"lambda metrics: {condition}"
    given_files(tmp_path / "old", curriculum)
    done = run("import", "old", *SCHEMAS, "--output", "new", "--format", "json", cwd=tmp_path)
    assert [finding["code"] for finding in json.loads(done.out)["findings"]] == codes
    assert len(tree(tmp_path / "new")) == 1


HOSTILE_NAMES = (
    "../../evil", "/etc/passwd", "..", ".", "", " ", "a/b", "a\\b", "C:\\x", "con", "NUL", "LPT1", "a\nb", "a\x00b",
    "\u202eb", "~", "-rf", "$(x)", "A B", "a_b", "A-b", "x" * 300, "日本", "a" * 79 + "/..",
)  # fmt: skip
HOSTILE_VERSIONS = ("../1", "1/2", "1.test", "1.TEST", "..", "1\n", "1" * 300, "1:2", "1aB", "1Ab", "", "con", "$(x)")


def test_names_and_versions_cannot_lead_out_of_the_folder_or_onto_each_other(run: Run, tmp_path: Path) -> None:
    names = [lever(curriculum_name=name) for name in HOSTILE_NAMES]
    versions = [lever(curriculum_version=version) for version in HOSTILE_VERSIONS]
    given_files(tmp_path / "old", *names, *versions)
    before = set(tree(tmp_path))
    done = run("import", "old", *SCHEMAS, "--output", "deep/new", cwd=tmp_path)
    assert done.code == 1
    assert not any(not character.isprintable() for character in done.out if character != "\n")
    made = sorted(set(tree(tmp_path)) - before)
    assert all(path.startswith("deep/new/") and len(Path(path).parts) == 4 for path in made)
    assert len({path.lower() for path in made}) == len(made)
    read = int(done.out.splitlines()[-1].split()[0])
    assert len(made) == read
    for path in made:
        folder, name = Path(path).parts[2:]
        assert all(c.isascii() and (c.isalnum() or c in "_.+-") for c in name)
        assert all(c.isascii() and (c.isalnum() or c == "_") for c in folder)
        assert folder.lower() not in ("con", "nul", "lpt1")
        assert len(name) <= 200
        assert not name.lower().endswith(".test.yaml")
    assert {"deep/new/a_b/a_b_1.0.yaml", "deep/new/a_b_2/a_b_2_1.0.yaml"} <= set(made)
    assert catalog.build([tmp_path / "deep"], CASES / "schemas" / "tasks").find("A B", "1.0") is not None


def test_nothing_is_written_through_links_or_over_folders(run: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.txt").write_text("mine", "utf-8")
    paths = given_files(tmp_path / "old", lever())
    for number, plant in enumerate(("folder", "file", "dangling", "directory", "temporary")):
        new = tmp_path / f"new{number}"
        (new / "lever_press").mkdir(parents=True)
        place = new / "lever_press" / "lever_press_1.0.yaml"
        if plant == "folder":
            (new / "lever_press").rmdir()
            (new / "lever_press").symlink_to(tmp_path / "elsewhere")
        elif plant == "directory":
            place.mkdir()
        elif plant == "temporary":
            place.with_name(f".{place.name}.new").symlink_to(tmp_path / "elsewhere" / "mine.txt")
        else:
            place.symlink_to(tmp_path / "elsewhere" / ("mine.txt" if plant == "file" else "none.txt"))
        done = run("import", *paths, *SCHEMAS, "--output", str(new), "--overwrite")
        assert done.code == (0 if plant == "temporary" else 2), plant
        assert tree(tmp_path / "elsewhere") == {"mine.txt": b"mine"}
        if plant == "temporary":
            assert [path.name for path in (new / "lever_press").iterdir()] == [place.name]
        else:
            assert f"`{place}`: a link or a folder, where a file has to stand; nothing was written" in done.err


def test_links_that_lead_out_of_the_imported_folder_are_not_read(run: Run, tmp_path: Path) -> None:
    given_files(tmp_path / "old", lever())
    (tmp_path / "secret.txt").write_text("the secret", "utf-8")
    (tmp_path / "old" / "A_curriculum_v1_schema_v1.0.json").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "old" / "B_curriculum_v1_schema_v1.0.json").symlink_to("B_curriculum_v1_schema_v1.0.json")
    os.mkfifo(tmp_path / "old" / "C_curriculum_v1_schema_v1.0.json")
    done = run("import", "old", *SCHEMAS, "--output", "new", cwd=tmp_path)
    assert done.code == 1
    assert "is a link to a file outside of the folder that is imported" in done.out
    assert "`old/C_curriculum_v1_schema_v1.0.json` is no file" in done.out
    assert done.out.endswith("1 curriculum read: 3 errors (3 ATD001), 0 warnings; 1 file written\n")
    assert "secret." not in done.out.replace("secret.txt", "")


def test_a_folder_that_cannot_be_written_is_the_outside_world(run: Run, tmp_path: Path) -> None:
    paths = given_files(tmp_path / "old", lever())
    (tmp_path / "file").write_text("", "utf-8")
    done = run("import", *paths, *SCHEMAS, "--output", str(tmp_path / "file" / "new"))
    assert done.code == 3
    assert done.err.startswith("error: ")
    assert str(tmp_path / "file") in done.err


def test_import_needs_no_tables_and_no_store(tmp_path: Path) -> None:
    given_files(tmp_path / "old", lever())
    program = (
        "import sys\n"
        "for name in ('pandas', 'numpy', 'pyarrow', 'boto3', 'pydot', 'jinja2'): sys.modules[name] = None\n"
        "from autotrain_dsl.cli.main import run\n"
        f"sys.argv = ['autotrain-dsl', 'import', 'old', '--output', 'new', *{SCHEMAS!r}]\n"
        "run()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout == "1 curriculum read: 0 errors, 0 warnings; 1 file written\n"


def test_text_of_the_older_file_cannot_break_out_of_the_new_one(run: Run, tmp_path: Path) -> None:
    evil = 'x"\nstages: {}\n# autotrain: ignore[ATD411] no\n--- !!python/object/apply:os.system [id] &a *a'
    rule = {"decision": "progress", "to_stage": "Graduated", "condition_description": evil}
    broken = "lambda metrics: (# autotrain: ignore[ATD412] no\nstages: {} #yaml-language-server: $schema=/etc"
    curriculum = lever(curriculum_description=evil)
    curriculum["parameters"]["Stage 1"] |= {"description": evil, "sound": evil}
    curriculum["curriculum"]["Stage 1"]["transition_rules"] = [
        {**rule, "condition": broken},
        {**rule, "condition": "lambda metrics: metrics.presses[-1] >= 10"},
    ]
    given_files(tmp_path / "old", curriculum)
    run("import", "old", *SCHEMAS, "--output", "new", cwd=tmp_path)
    text = tree(tmp_path / "new")["lever_press/lever_press_1.0.yaml"].decode()
    found, diagnostics = document.parse(Source("x", text))
    assert found is not None
    assert diagnostics == []
    assert list(found.data["stages"]) == ["STAGE_1", "GRADUATED"]
    stage = found.data["stages"]["STAGE_1"]
    assert found.data["description"] == stage["description"] == stage["parameters"]["sound"] == evil
    first, second = stage["transitions"]
    assert first["manual"] is True
    assert second["because"] == " ".join(evil.split())
    assert silence.ignores_in(found) == ([], [])
    assert [line.strip() for line in text.splitlines() if "(" in line and line.lstrip().startswith("#")] == [
        "#   lambda metrics: (# autotrain ignore[ATD412] no stages: {} #yaml-language-server $schema=/etc"
    ]


@pytest.mark.parametrize(
    ("condition", "comment"),
    [
        ("autotrain: ignore[ATD412] no", "#   autotrain ignore[ATD412] no"),
        ("( ##autotrain : : ignore[ATD412] no", "#   ( ##autotrain ignore[ATD412] no"),
        ("yaml-language-server: $schema=/etc", "#   yaml-language-server $schema=/etc"),
    ],
)
def test_a_lambda_in_a_comment_tells_no_program_what_to_do(
    run: Run, tmp_path: Path, condition: str, comment: str
) -> None:
    curriculum = lever()
    curriculum["curriculum"]["Stage 1"]["transition_rules"][0]["condition"] = condition
    given_files(tmp_path / "old", curriculum)
    run("import", "old", *SCHEMAS, "--output", "new", cwd=tmp_path)
    lines = tree(tmp_path / "new")["lever_press/lever_press_1.0.yaml"].decode().splitlines()
    assert [line.strip() for line in lines if line.lstrip().startswith("#   ")] == [comment]


def test_a_file_that_would_be_too_large_to_be_read_again_is_not_written(run: Run, tmp_path: Path) -> None:
    wide = "\N{NO-BREAK SPACE}" + "\N{MOUSE FACE}" * 4_000  # four bytes each, and ten as an escape
    stage = lever()["parameters"]["Stage 1"]
    labels = ("Stage 1", "Stage 2", "Stage 3", "Stage 4", "Stage 5", "Stage final", "Graduated")
    parameters = {label: {**stage, "training_stage": label, "sound": f"{label}{wide}"} for label in labels}
    (tmp_path / "old.json").write_text(json.dumps(lever(parameters=parameters), ensure_ascii=False), "utf-8")
    done = run("import", "old.json", *SCHEMAS, "--output", "new", cwd=tmp_path)
    assert done.code == 1
    assert "old.json:1:1: ATD003 error: no new file is written, because it could not be read" in done.out
    assert "larger than 256 KiB" in done.out
    assert not (tmp_path / "new").exists()


# From here on without files: laws of how stages and versions share what repeats.

SPAN = Source("older.json", "{}").whole()
NAMES = ("STAGE_1", "STAGE_2", "STAGE_3", "STAGE_FINAL", "GRADUATED")
VALUES: st.SearchStrategy[Scalar] = st.sampled_from([0, 1, 1.0, True, False, "on", "1", ""])
PARAMETERS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@st.composite
def legacy_curriculums(draw: st.DrawFn, version: str) -> LegacyCurriculum:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    stages = []
    for name in names:
        targets = draw(st.lists(st.sampled_from(names), max_size=2))
        rules = [LegacyRule(Move.PROGRESS, to, None, draw(st.booleans()), "", draw(texts), SPAN) for to in targets]
        parameters = draw(st.one_of(st.none(), PARAMETERS))
        stages.append(LegacyStage(name, draw(texts), draw(texts), parameters, tuple(rules)))
    return LegacyCurriculum(SPAN.source, "A", version, draw(texts), ("t", "1"), tuple(stages))


texts = st.sampled_from(["", "a", "a: b", "1.0"])


def effective(stages: Mapping[str, Any], name: str) -> dict[str, Scalar]:
    """A second opinion on what ``inherits`` means."""
    stage = stages[name]
    above = effective(stages, stage["inherits"]) if "inherits" in stage else {}
    return {**above, **stage.get("parameters", {})}


def merged(below: Any, above: Any) -> Any:
    """A second opinion on what ``extends`` means."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    result = dict(below)
    for key, value in above.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(below.get(key), value)
    return result


def strict(data: Mapping[str, Any]) -> str:
    return json.dumps([data, list(data["stages"])], sort_keys=True)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(legacy_curriculums("1"))
def test_a_stage_has_the_parameters_of_the_older_file_whatever_it_inherits(curriculum: LegacyCurriculum) -> None:
    stages = plain(curriculum).data["stages"]
    assert list(stages) == [stage.name for stage in curriculum.stages]
    for stage in curriculum.stages:
        got, meant = effective(stages, stage.name), stage.parameters or {}
        assert json.dumps(got, sort_keys=True) == json.dumps(meant, sort_keys=True)
        own = stages[stage.name].get("parameters", {})
        assert "inherits" not in stages[stage.name] or len(own) < len(meant)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.tuples(*(legacy_curriculums(str(number)) for number in range(4))))
def test_a_version_says_the_same_whether_in_full_or_by_what_it_changes(versions: tuple[LegacyCurriculum, ...]) -> None:
    full = [plain(version) for version in versions]
    for legacy, version in zip(versions, families.arrange(versions), strict=True):
        for stage in legacy.stages:
            got = effective(version.full.data["stages"], stage.name)
            assert json.dumps(got, sort_keys=True) == json.dumps(stage.parameters or {}, sort_keys=True)
        assert version.base is None or families.size(version.written.data) * 2 <= families.size(version.full.data)
        assert version.base is not None or version.written is version.full
    for base in full:
        for other in full:
            over = families.difference(base, other)
            if over is None:
                assert list(merged(base.data, other.data)["stages"]) != list(other.data["stages"])
                continue
            assert strict(merged(base.data, over.data)) == strict(other.data)
            documents = [document.parse(Source("x", layout.text(each)))[0] for each in (base.data, over.data)]
            assert documents[0] is not None
            assert documents[1] is not None
            assert strict(layers.merged(documents[0], documents[1]).data) == strict(other.data)


def of_stages(**stages: Mapping[str, Scalar] | None) -> dict[str, Any]:
    """The stages of a curriculum whose rules and words are left out."""
    made = tuple(LegacyStage(name, name, "", parameters, ()) for name, parameters in stages.items())
    data: dict[str, Any] = plain(LegacyCurriculum(SPAN.source, "A", "1", "", ("t", "1"), made)).data["stages"]
    return data


def test_the_parent_is_the_stage_that_leaves_the_fewest_values_and_the_nearest_of_several() -> None:
    easy = {"a": 1, "b": 2, "c": 3}
    stages = of_stages(S1=easy, S2={**easy, "a": 2}, S3={**easy, "b": 9}, S4={**easy, "a": 2, "b": 9})
    assert stages["S2"] == {"inherits": "S1", "parameters": {"a": 2}}
    assert stages["S3"] == {"inherits": "S1", "parameters": {"b": 9}}
    assert stages["S4"] == {"inherits": "S3", "parameters": {"a": 2}}


def test_a_parameter_that_a_stage_lacks_keeps_it_from_inheriting() -> None:
    assert of_stages(S1={"a": 1, "b": 2}, S2={"a": 1}) == {
        "S1": {"parameters": {"a": 1, "b": 2}},
        "S2": {"parameters": {"a": 1}},
    }


def test_whole_and_decimal_numbers_and_switches_are_not_the_same_to_a_rig() -> None:
    stages = of_stages(S1={"a": 1, "b": 0}, S2={"a": 1.0, "b": 0}, S3={"a": True, "b": 0})
    assert stages["S2"] == {"inherits": "S1", "parameters": {"a": 1.0}}
    assert stages["S3"] == {"inherits": "S2", "parameters": {"a": True}}
    assert type(stages["S3"]["parameters"]["a"]) is bool


def test_an_end_that_repeats_the_last_stage_says_only_that_it_is_the_end() -> None:
    assert of_stages(S1={"a": 1}, GRADUATED={"a": 1})["GRADUATED"] == {"inherits": "S1", "final": True}
    assert of_stages(S1={"a": 1}, GRADUATED=None)["GRADUATED"] == {"final": True}


@pytest.mark.parametrize(
    ("description", "kept"),
    [
        ("Stage 1: Coupled Baiting", ""),
        ("stage 1", ""),
        ("Stage final: Coupled Baiting", ""),
        ("STAGE_1 (Coupled Baiting)", ""),
        ("  ", ""),
        ("Stage 1: Coupled Baiting, easy", "Stage 1: Coupled Baiting, easy"),
        ("Stage 12", "Stage 12"),
        (" A first step.\n", "A first step."),
    ],
)
def test_a_description_that_repeats_label_and_task_is_dropped(description: str, kept: str) -> None:
    stage = LegacyStage("STAGE_1", "Stage 1", description, {"task": "Coupled Baiting"}, ())
    curriculum = LegacyCurriculum(SPAN.source, "A", "1", "", ("t", "1"), (stage,))
    assert plain(curriculum).data["stages"]["STAGE_1"].get("description", "") == kept


@pytest.mark.parametrize(
    ("description", "kept"),
    [
        ("Lever press 1.2", ""),
        ("Lever press v1.2", ""),
        ("Curriculum: lever press, version 1.2", ""),
        ("Lever press 1.25", "Lever press 1.25"),
        ("Lever press 1.2, longer", "Lever press 1.2, longer"),
    ],
)
def test_a_description_that_repeats_name_and_version_is_dropped(description: str, kept: str) -> None:
    curriculum = LegacyCurriculum(SPAN.source, "Lever press", "1.2", description, ("t", "1"), ())
    assert plain(curriculum).data.get("description", "") == kept


def full(version: str, *stages: str, **more: Any) -> Plain:
    body = {name: {"parameters": dict.fromkeys("abcdefgh", 1)} for name in stages}
    return Plain({"dsl_version": 1, "name": "A", "version": version, "stages": {**body, **more}}, {})


def test_a_stage_between_others_keeps_a_version_from_extending_one_at_the_end_does_not() -> None:
    between, end = full("2", "S1", "S2", "S3"), full("3", "S1", "S3", "S4")
    assert families.difference(full("1", "S1", "S3"), between) is None
    over = families.difference(full("1", "S1", "S3"), end)
    assert over is not None
    assert list(over.data["stages"]) == ["S4"]
    gone = families.difference(between, full("4", "S1", "S3"))
    assert gone is not None
    assert gone.data["stages"] == {"S2": None}


def versions_of(*versions: Mapping[str, Mapping[str, Scalar]]) -> list[LegacyCurriculum]:
    """Versions 1, 2, ... of a curriculum, by the parameters of their stages."""
    made = []
    for number, stages in enumerate(versions, 1):
        legacy = tuple(LegacyStage(name, name, "", parameters, ()) for name, parameters in stages.items())
        made.append(LegacyCurriculum(SPAN.source, "A", str(number), "", ("t", "1"), legacy))
    return made


def test_no_chain_of_versions_is_longer_than_the_language_allows() -> None:
    many = dict.fromkeys("abcdefgh", 1)
    versions = versions_of(*({"S1": {**many, **{f"p{k}": 1 for k in range(n)}}} for n in range(30)))
    arranged = families.arrange(versions)
    depths: list[int] = []
    for version in arranged:
        depths.append(1 if version.base is None else 1 + depths[version.base])
    assert max(depths) == layers.MAX_LAYERS


def test_a_later_version_inherits_as_the_earlier_one_does_so_that_only_values_change() -> None:
    easy = {**dict.fromkeys("abcdefgh", 1)}
    stages = {"S1": easy, "S2": {**easy, "a": 2}, "S3": {**easy, "b": 3, "c": 3}}
    changed = {**stages, "S1": {**easy, "d": 4}}
    assert of_stages(**changed)["S3"]["inherits"] == "S2"
    first, second = families.arrange(versions_of(stages, changed))
    assert first.full.data["stages"]["S3"]["inherits"] == "S1"
    assert second.base == 0
    assert second.written.data["stages"] == {
        "S1": {"parameters": {"d": 4}},
        "S2": {"parameters": {"d": 1}},
        "S3": {"parameters": {"d": 1}},
    }


def test_a_rule_that_nobody_could_read_keeps_its_own_text_in_every_version() -> None:
    def version(number: str, lambda_: str) -> LegacyCurriculum:
        rule = LegacyRule(Move.PROGRESS, "GRADUATED", None, always=False, because="", original=lambda_, span=SPAN)
        stages = (LegacyStage("STAGE_1", "Stage 1", "", {"task": "x", "hold_time": 1.0}, (rule,)),)
        end = LegacyStage("GRADUATED", "Graduated", "", None, ())
        return LegacyCurriculum(SPAN.source, "A", number, "", ("lever_press", "1.0"), (*stages, end))

    tasks = TaskSchemas(CASES / "schemas" / "tasks")
    given_versions = [
        version("1", "lambda m: (first"),
        version("2", "lambda m: (second"),
        version("3", "lambda m: (second"),
    ]
    written = writing.write(given_versions, tasks, Path("curriculums"))
    assert written.diagnostics == []
    one, two, three = (written.files[f"a/a_{number}.yaml"] for number in "123")
    assert "#   lambda m: (first\n" in one
    assert "extends: a_1.yaml\n" in two
    assert "#   lambda m: (second\n" in two
    assert "extends: a_2.yaml\n" in three
    assert "#   " not in three

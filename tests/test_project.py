"""The project about itself: codes, schemas, pages, layers and the package are what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import colony
import pytest
from jsonschema import Draft7Validator

from autotrain_dsl import __version__, codes, loader, resources, rules
from autotrain_dsl.cli import main as cli
from autotrain_dsl.model import Move, Trigger

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "autotrain_dsl"
CODE_MODULES = (
    codes.document,
    codes.schema,
    codes.resolver,
    codes.expressions,
    codes.graph,
    codes.tables,
    codes.configuration,
    codes.legacy,
    codes.kit,
)


def test_codes_are_unique_and_in_the_hundred_of_their_module() -> None:
    ids = [code.id for code in codes.ALL]
    assert len(set(ids)) == len(ids)
    assert len({code.name for code in codes.ALL}) == len(ids)
    for hundred, module in enumerate(CODE_MODULES):
        assert module.ALL
        assert all(re.fullmatch(rf"ATD{hundred}\d\d", code.id) for code in module.ALL)
        assert list(module.ALL) == sorted(module.ALL, key=lambda code: code.id)


def test_every_code_explains_itself_and_is_used() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if "codes" not in path.parts)
    for module in CODE_MODULES:
        for name, code in vars(module).items():
            if name.isupper() and name != "ALL":
                assert code in module.ALL, f"{name} is missing in ALL"
                assert min(len(code.title), len(code.why), len(code.fix)) > 10
                assert re.search(rf"\b{name}\b", sources), f"nothing reports {name}"


def test_every_rule_on_the_graph_is_run_and_named_after_its_code() -> None:
    files = sorted(path.stem for path in (PACKAGE / "rules").glob("atd*.py"))
    assert [check.__module__.rsplit(".", 1)[-1] for check in rules.ALL] == files
    assert all(name[:6].upper() in codes.BY_ID for name in files)


def test_the_loader_reads_every_key_of_the_schema_and_no_other() -> None:
    schema = resources.json_schema("curriculum")
    source = (PACKAGE / "loader.py").read_text(encoding="utf-8") + (PACKAGE / "layers.py").read_text(encoding="utf-8")
    read_from_elsewhere = {"dsl_version", "adapt", "not", "all", "any", *Move, *Trigger}
    keys = set(schema["properties"])
    for part in ("stage", "transition", "condition"):
        keys |= set(schema["definitions"][part]["properties"])
    for key in keys - read_from_elsewhere:
        assert f'"{key}"' in source, f"{key} is in the schema, but nothing reads it"
    used = set(re.findall(r'(?:data|rule)(?:\.get\(|\[)"(\w+)"', (PACKAGE / "loader.py").read_text(encoding="utf-8")))
    assert used <= keys | set(schema["properties"]["task_schema"]["properties"])
    assert loader.load is not None


@pytest.mark.parametrize("name", resources.schema_names())
def test_json_schemas_are_draft_7_and_cheap_to_check(name: str) -> None:
    schema = resources.json_schema(name)
    Draft7Validator.check_schema(schema)
    text = json.dumps(schema)
    assert "uniqueItems" not in text, "quadratic over objects"
    for pattern in re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', text):
        assert not re.search(r"[*+}]\)[*+{]", pattern), "nested quantifiers can run for ever"


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_validate_needs_no_tables_no_store_and_no_network(tmp_path: Path) -> None:
    blocked = ("pandas", "numpy", "pyarrow", "boto3", "pydot", "sqlalchemy", "filelock")
    program = (
        "import sys\n"
        f"for name in {blocked!r}: sys.modules[name] = None\n"
        "from autotrain_dsl.cli.main import run\n"
        f"sys.argv = ['autotrain-dsl', 'validate', '--strict', {str(ROOT / 'curriculums')!r}]\n"
        "run()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_the_lab_s_curriculums_are_silent_wherever_they_are_checked_from(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "autotrain_dsl", "validate", "--strict"]
    for folder, path in ((ROOT, "curriculums"), (ROOT / "curriculums", "."), (tmp_path, str(ROOT / "curriculums"))):
        done = subprocess.run([*command, path], cwd=folder, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert done.stdout == "23 curriculums, 1 base file checked: 0 errors, 0 warnings\n"
    for file in sorted((ROOT / "curriculums").rglob("*.yaml")):
        ran = colony.command("validate", "--strict", str(file))
        assert ran.code == 0, ran.out


def test_help_of_every_command_has_an_example() -> None:
    for name in ("", *cli.main.list_commands(None)):  # type: ignore[arg-type]
        ran = colony.command(*([name] if name else []), "--help")
        assert ran.code == 0, ran
        assert "Example:" in ran.out


def test_an_unknown_command_is_answered_with_the_nearest() -> None:
    ran = colony.command("evalute")
    assert (ran.code, ran.out) == (2, "")
    assert "there is no command evalute; did you mean `evaluate`?" in ran.err


def test_the_wheel_holds_schemas_and_works_on_its_own(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    wheel = next(tmp_path.glob("*.whl"))
    assert __version__ in wheel.name
    place = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    assert sorted(path.name for path in (place / "autotrain_dsl" / "schemas").iterdir()) == ["tasks", "v1"]
    curriculum = ROOT / "curriculums" / "dummy_task" / "dummy_task_0.2.yaml"
    (tmp_path / "x.yaml").write_bytes(curriculum.read_bytes())
    program = (
        "import autotrain_dsl, sys; from autotrain_dsl.cli.main import run;"
        f"assert autotrain_dsl.__file__.startswith({str(place)!r});"
        "sys.argv = ['autotrain-dsl', 'validate', '--strict', 'x.yaml']; run()"
    )
    environment = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_no_file_names_a_machine_or_is_left_unfinished() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    unfinished = re.compile("|".join(rf"\b{word}\b" for word in ("TO" + "DO", "FIX" + "ME", "X" * 3)))
    here = re.compile("|".join(re.escape(f"{part}/") for part in {str(ROOT.parent), str(Path.home())} if len(part) > 1))
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix in (".py", ".md", ".yaml", ".toml", ".json", ".csv", ".out", ".txt"):
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not here.search(text), f"{name} names a path of this machine"
            if path.suffix == ".py":
                assert not unfinished.search(text), f"{name} is unfinished"

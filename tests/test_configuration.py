"""The configuration of the nightly run: every finding as a file, places, passwords, and what is said on its page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from conftest import DATA
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from autotrain_dsl import codes, configuration, resources
from autotrain_dsl.configuration import Configuration, ManagerConfiguration, S3Configuration, Secrets, references
from autotrain_dsl.diagnostics import MAX_FINDINGS, Code, Diagnostic
from autotrain_dsl.report import json as json_report
from autotrain_dsl.report import text as text_report

ROOT = Path(__file__).resolve().parent.parent
INVALID, VALID = DATA / "configuration" / "invalid", DATA / "configuration" / "valid"
INVALID_FILES = sorted(path.name for path in INVALID.glob("*.yaml"))
VALID_FILES = sorted(path.name for path in VALID.glob("*.yaml"))
ENVIRONMENT = {
    "LAB_DB_PASSWORD": "correct/horse@battery",
    "DATA": "data",
    "MOUNT": "/mnt",
    "MINIO": "http://127.0.0.1:9000",
    "WHOLE": "s3://lab/df_manager.pkl",
    "EMPTY": "",
    "BROKEN": "a\nb",
    "BIG": "x" * 3000,
}
PASSWORD = "geheim"  # in every example that has one
HEAD = "dsl_version: 1\nmanagers:\n  foraging:\n    curriculums: .\n"
Loaded = tuple[Configuration | None, list[Diagnostic]]


def load(text: str, folder: Path, environment: dict[str, str] | None = None) -> Loaded:
    path = folder / "autotrain.yaml"
    path.write_text(text, encoding="utf-8")
    return configuration.load(path, environment or {})


def manager_of(loaded: Loaded) -> ManagerConfiguration:
    config, found = loaded
    assert config is not None, text_report.findings(found)
    return config.managers[0]


def told(loaded: Loaded) -> str:
    """Everything that a program could print of a configuration."""
    config, found = loaded
    return "\n".join(
        [repr(config), str(config), repr(found), text_report.findings(found), json_report.findings(found, {})]
    )


def ids(loaded: Loaded) -> list[str]:
    return [finding.code.id for finding in loaded[1]]


# Findings, as files


def test_there_are_examples() -> None:
    assert len(INVALID_FILES) >= 40
    assert len(VALID_FILES) >= 6


@pytest.mark.parametrize("name", INVALID_FILES)
def test_invalid(name: str, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    monkeypatch.chdir(INVALID)
    config, found = configuration.load(Path(name), ENVIRONMENT)
    output = text_report.findings(found)
    golden = (INVALID / name).with_suffix(".out")
    if update_golden:
        golden.write_text(output, encoding="utf-8")
    assert output == golden.read_text(encoding="utf-8")
    assert found, "an invalid example without a finding"
    assert (config is None) == any(finding.is_error for finding in found)
    shown = [(d.span.start, d.code.id) for d in found if d.code.id != "ATD015"]
    assert shown == sorted(shown)
    wanted = name[:6]
    assert wanted == "ATD000" or wanted in {finding.code.id for finding in found}
    for line in output.split("\n"):
        assert text_report.clean(line) == line


def test_every_expected_output_belongs_to_an_example() -> None:
    assert {path.stem for path in INVALID.glob("*.out")} == {path.stem for path in INVALID.glob("*.yaml")}


@pytest.mark.parametrize("code", codes.configuration.ALL, ids=lambda code: code.id)
def test_every_code_has_an_example(code: Code) -> None:
    outputs = [path.read_text(encoding="utf-8") for path in INVALID.glob(f"{code.id}_*.out")]
    assert any(f": {code.id} {code.severity}: " in output for output in outputs)


def test_no_example_shows_its_password() -> None:
    with_password = [path for path in INVALID.glob("*.yaml") if PASSWORD in path.read_text(encoding="utf-8")]
    assert len(with_password) >= 10
    for path in INVALID.glob("*.out"):
        assert PASSWORD not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", VALID_FILES)
def test_valid(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(VALID)
    config, found = configuration.load(Path(name), ENVIRONMENT)
    assert text_report.findings(found) == ""
    assert config is not None
    assert config.managers


def test_a_file_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    config, found = configuration.load(tmp_path / "autotrain.yaml", {})
    assert config is None
    assert [finding.code.id for finding in found] == ["ATD001"]


# What comes out


def test_everything_that_the_file_says_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(VALID)
    config, _ = configuration.load(Path("everything.yaml"), ENVIRONMENT)
    assert config is not None
    assert config.managers == (
        ManagerConfiguration(
            name="foraging",
            curriculums=("curriculums", "s3://lab/curriculums"),
            schemas="curriculums",
            task_schema=("dynamic_foraging", "1.1.0"),
            behavior="s3://lab/foraging/df_behavior.pkl",
            manager="s3://lab/foraging/df_manager.pkl",
            stats="s3://lab/foraging/stats/df_manager_stats.csv",
            report="reports/foraging.json",
            exports=("s3://lab/foraging/df_manager.csv", "${DATA}/df_manager.parquet"),
            mirrors=("s3://backup/foraging", "/mnt/backup"),
            pages="${DATA}/pages",
            watch={"stuck": {"share": 0.95, "others": 8, "sessions": 6}, "silent": {"days": 5}, "colony": {}},
            default_curriculum=("Coupled Baiting", "2.3"),
            history="all",
            columns={"subject_id": "mouse_id", "foraging_efficiency": "eff"},
            task_names={"coupled_block_baiting": "Coupled Baiting"},
        ),
    )
    assert config.s3 == S3Configuration("${MINIO}", "us-west-2", "lab", "path", 3, 2.0, 2.5)
    assert (config.conflicts, config.generations) == (50, 365)
    assert isinstance(config.s3.connect_timeout, float)
    assert config.secrets.expand(config.s3.endpoint or "") == "http://127.0.0.1:9000"


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    config, found = load(HEAD + "    behavior: b.csv\n    manager: m.csv\n", tmp_path)
    assert config is not None
    assert found == []
    assert (config.s3, config.conflicts, config.generations) == (S3Configuration(), 20, 30)
    assert S3Configuration() == S3Configuration(None, None, None, "auto", 5, 10.0, 60.0)
    manager = config.managers[0]
    assert (manager.schemas, manager.task_schema, manager.stats, manager.report) == (None, None, None, None)
    assert (manager.exports, manager.mirrors, manager.default_curriculum) == ((), (), None)
    assert (manager.pages, manager.watch) == (None, {})
    assert (manager.history, manager.columns, manager.task_names) == ("on_curriculum", {}, {})


def test_the_defaults_of_the_schema_are_those_of_the_loader(tmp_path: Path) -> None:
    schema = resources.json_schema("configuration")["properties"]
    config, _ = load(HEAD + "    behavior: b.csv\n    manager: m.csv\n", tmp_path)
    assert config is not None
    for key, rule in schema["s3"]["properties"].items():
        assert getattr(config.s3, key) == rule.get("default")
    assert config.conflicts == schema["conflicts"]["properties"]["attempts"]["default"]
    assert config.generations == schema["retention"]["properties"]["generations"]["default"]
    history = schema["managers"]["additionalProperties"]["properties"]["history"]
    assert config.managers[0].history == history["default"]


def test_the_loader_has_a_place_for_every_key_of_the_schema() -> None:
    schema = resources.json_schema("configuration")["properties"]
    manager = schema["managers"]["additionalProperties"]["properties"]
    assert {field.name for field in fields(ManagerConfiguration)} == {"name", *manager}
    assert {field.name for field in fields(S3Configuration)} == set(schema["s3"]["properties"])


def properties(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found = list(schema.get("properties", {}).items())
    inner = [rule for _, rule in found] + [schema.get("additionalProperties")]
    return found + [each for rule in inner if isinstance(rule, dict) for each in properties(rule)]


def test_every_key_of_the_schema_is_explained_and_has_examples_that_hold() -> None:
    found = properties(resources.json_schema("configuration"))
    assert len(found) >= 28
    for key, rule in found:
        assert rule["description"].endswith("."), key
        assert rule["examples"], key
        for example in [*rule["examples"], *([rule["default"]] if "default" in rule else [])]:
            assert not list(Draft7Validator(rule).iter_errors(example)), key


def test_no_mapping_of_the_schema_takes_unknown_keys_and_all_texts_and_lists_are_bounded() -> None:
    def visit(rule: dict[str, Any]) -> None:
        kinds = rule.get("type", [])
        if "properties" in rule:
            assert rule["additionalProperties"] is False or "propertyNames" in rule
        if "string" in kinds:
            assert rule["maxLength"] <= 2000
        if "array" in kinds:
            assert rule["maxItems"] <= 50
        if "object" in kinds and "properties" not in rule:
            assert rule["maxProperties"] <= 200
        for inner in (*rule.get("properties", {}).values(), rule.get("additionalProperties"), rule.get("items")):
            if isinstance(inner, dict):
                visit(inner)

    visit(resources.json_schema("configuration"))


# Paths


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("df.csv", "conf/df.csv"),
        ("./sub/df.csv", "conf/sub/df.csv"),
        ("../df.csv", "conf/../df.csv"),
        ("/data/df.csv", "/data/df.csv"),
        ("s3://lab/df.csv", "s3://lab/df.csv"),
        ("sqlite:///colony.db#t", "sqlite:///conf/colony.db#t"),
        ("sqlite:///../colony.db?timeout=5#t", "sqlite:///conf/../colony.db?timeout=5#t"),
        ("sqlite:////data/colony.db#t", "sqlite:////data/colony.db#t"),
        ("postgresql+psycopg://db/lab#t", "postgresql+psycopg://db/lab#t"),
        ("${RELATIVE}/df.csv", "conf/${RELATIVE}/df.csv"),
        ("${ABSOLUTE}/df.csv", "${ABSOLUTE}/df.csv"),
        ("sqlite:///${RELATIVE}/colony.db#t", "sqlite:///conf/${RELATIVE}/colony.db#t"),
        ("sqlite:///${ABSOLUTE}/colony.db#t", "sqlite:///${ABSOLUTE}/colony.db#t"),
        ("$${RELATIVE}/df.csv", "conf/$${RELATIVE}/df.csv"),
    ],
)
def test_relative_paths_start_at_the_folder_of_the_file(
    written: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf").mkdir()
    monkeypatch.chdir(tmp_path)
    environment = {"RELATIVE": "tables", "ABSOLUTE": "/data"}
    text = HEAD + f"    behavior: b.csv\n    manager: {written}\n"
    manager = manager_of(load(text, Path("conf"), environment))
    assert manager.manager == expected
    assert (manager.behavior, manager.curriculums) == ("conf/b.csv", ("conf",))


def test_with_an_absolute_path_of_the_file_everything_is_absolute(tmp_path: Path) -> None:
    text = HEAD + "    behavior: sub/b.csv\n    manager: sqlite:///colony.db#t\n    mirrors: [backup]\n"
    manager = manager_of(load(text, tmp_path))
    assert manager.behavior == str(tmp_path / "sub" / "b.csv")
    assert manager.manager == f"sqlite:///{tmp_path}/colony.db#t"
    assert manager.mirrors == (str(tmp_path / "backup"),)


def test_places_are_compared_through_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    text = HEAD + "    behavior: b.csv\n    manager: real/m.csv\n    exports: [link/m.csv]\n    mirrors: [link]\n"
    assert ids(load(text, tmp_path)) == ["ATD609", "ATD611"]


def test_curriculums_may_be_files_and_are_looked_for_through_variables(tmp_path: Path) -> None:
    (tmp_path / "here.yaml").write_text("", encoding="utf-8")
    text = HEAD.replace("curriculums: .", "curriculums: ['${NAME}.yaml', here.yaml]")
    text += "    behavior: b.csv\n    manager: m.csv\n"
    assert manager_of(load(text, tmp_path, {"NAME": "here"})).curriculums[1] == str(tmp_path / "here.yaml")
    loaded = load(text, tmp_path, {"NAME": "elsewhere"})
    assert ids(loaded) == ["ATD608"]
    assert "elsewhere" not in told(loaded)


# References and passwords


def test_values_are_encoded_only_where_a_url_would_take_them_apart() -> None:
    secrets = Secrets({"P": "a/b@c:d#e?f%g h", "K": "x/y"})
    encoded = quote("a/b@c:d#e?f%g h", safe="")
    assert secrets.expand("postgresql+psycopg://lab:${P}@db/lab#t") == f"postgresql+psycopg://lab:{encoded}@db/lab#t"
    assert secrets.expand("postgresql+psycopg://db/${K}?password=${P}#t") == (
        f"postgresql+psycopg://db/x/y?password={encoded}#t"
    )
    assert secrets.expand("s3://lab/${K}/a@b?${K}") == "s3://lab/x/y/a@b?x/y"
    assert secrets.expand("${K}/${K}.csv") == "x/y/x/y.csv"
    assert secrets.expand("$${K} $$${K} ${K}") == "${K} $${K} x/y"


def test_a_name_that_the_configuration_does_not_have_cannot_be_expanded() -> None:
    with pytest.raises(KeyError, match="OTHER"):
        Secrets({"P": "x"}).expand("${OTHER}")


def test_values_are_not_expanded_once_more() -> None:
    secrets = Secrets({"A": "${B}${B}", "B": "${A}"})
    assert secrets.expand("${A}") == "${B}${B}"


def test_longer_values_are_redacted_first_and_short_ones_are_left() -> None:
    secrets = Secrets({"LONG": "secret-of-the-lab", "PART": "secret", "SHORT": "lab", "FOUR": "p@ss"})
    assert secrets.redact("secret-of-the-lab, secret, lab, p@ss, p%40ss") == "${LONG}, ${PART}, lab, ${FOUR}, ${FOUR}"
    assert secrets.redact("${LONG} ${PART}") == "${LONG} ${PART}"
    assert Secrets().redact("nothing") == "nothing"
    assert Secrets({"SPACED": "a secret"}).redact("a secret, a%20secret, a+secret") == "${SPACED}, ${SPACED}, ${SPACED}"


def test_a_representation_shows_names_only() -> None:
    assert repr(Secrets({"B": "secret", "A": "hidden"})) == "Secrets(A, B)"


VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_characters="\x7f"), min_size=1).map(
    lambda text: f"Zq7x{text}x7qZ"
)


@settings(max_examples=100, deadline=None)
@given(VALUES, VALUES)
def test_what_is_expanded_can_be_redacted_again(password: str, key: str) -> None:
    secrets = Secrets({"PASSWORD": password, "KEY": key})
    for text in (
        "postgresql+psycopg://lab:${PASSWORD}@db/lab#df_manager",
        "s3://lab/${KEY}/${PASSWORD}.csv",
        "${KEY}",
        "https://${PASSWORD}:${PASSWORD}@minio/",
    ):
        expanded = secrets.expand(text)
        assert secrets.redact(f"cannot reach {expanded}") == (
            f"cannot reach {text}" if password != key else first_name(text)
        )
        assert secrets.redact(secrets.redact(expanded)) == secrets.redact(expanded)
    url = urlsplit(secrets.expand("postgresql+psycopg://lab:${PASSWORD}@db:5432/lab"))
    assert (unquote(url.password or ""), url.hostname, url.port) == (password, "db", 5432)


def first_name(text: str) -> str:
    """Of two names with the same value the first in the alphabet is shown."""
    return f"cannot reach {text.replace('PASSWORD', 'KEY')}"


PLACES_FOR_A_VARIABLE = (
    "    manager: postgresql+psycopg://lab:${V}@db/lab#df_manager\n    behavior: b.csv\n",
    "    manager: postgresql+psycopg://${V}:x@db:${V}/lab\n    behavior: ${V}\n",
    "    manager: ${V}\n    behavior: s3://${V}/b.csv\n    exports: ['${V}.csv', '${V}.csv', 's3://lab/${V}']\n",
    "    manager: sqlite:///${V}#${V}\n    behavior: sqlite:///${V}#${V}\n    schemas: ${V}\n    mirrors: ['${V}']\n",
    "    manager: m.csv\n    behavior: b.csv\ns3: {endpoint: 'http://${V}', region: '${V}', profile: '${V}'}\n",
    "    manager: ${V}://lab/m.csv\n    behavior: b.csv\n    report: ${V}.txt\ns3: {endpoint: '${V}'}\n",
    "    manager: m.csv\n    behavior: b.csv\n    columns: {a: '${V}'}\n    default_curriculum: ${V}@1\n    x: ${V}\n",
)


@settings(max_examples=100, deadline=None)
@given(
    text=st.sampled_from(PLACES_FOR_A_VARIABLE),
    value=VALUES,
    start=st.sampled_from(["", "s3://", "/", "ftp://", "sqlite:///", "\n"]),
)
def test_no_value_of_a_variable_is_ever_shown(
    text: str, value: str, start: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    loaded = load(HEAD + text, folder, {"V": start + value, "UNUSED": f"un{value}"})
    for mark in ("Zq7x", "x7qZ"):
        assert mark not in told(loaded)
    config = loaded[0]
    if config is not None:
        assert set(config.secrets.values) == {"V"}


CORE = st.text(st.characters(min_codepoint=32, max_codepoint=0x17F, categories=("L", "N", "P", "S", "Zs")), max_size=20)
WRITTEN = st.one_of(CORE.map(lambda text: re.sub("[?#]", "", text)), CORE.map(lambda text: text.replace("@", "")))
FAULTS = (
    "    manager: {0}\n    behavior: b.csv\n",
    "    manager: {0}\n    manager: {0}\n    behavior: b.csv\n",
    "    manager: {0}\n    behavior: {0}\n    exports: {0}\n    mirrors: [{0}, {0}]\n",
    "    maneger: {0}\n    columns: {{a: {0}, b: {0}}}\n    task_names: {{a: {0}}}\n",
    "    {0}: 1\n    manager: m.csv\n",
    "    manager: {0}\n    behavior: 1_0\n    history: {0}\n    default_curriculum: {0}\n    stats: {{name: {0}}}\n",
    "    manager: m.csv  # was {0}\n    behaviour: b.csv # {0}\n",
    "    manager: [{0}\n    behavior: b.csv\n",
    "    manager: !{0}\n",
    "    manager: *a {0}\n",
    "    manager: {0}: {0}\n",
    "    manager: {0}\n   behavior: b.csv\n",
)


def quoted(text: str, how: str) -> str:
    if how == "double":
        return json.dumps(text, ensure_ascii=False)
    if how == "escaped":
        return json.dumps(text)
    return "'" + text.replace("'", "''") + "'"


@settings(max_examples=300, deadline=None)
@given(
    core=WRITTEN,
    fault=st.sampled_from(FAULTS),
    how=st.sampled_from(["single", "double", "escaped"]),
    form=st.sampled_from(
        [
            "postgresql+psycopg://lab:{}@db/lab#df_manager",
            "postgresql+psycopg://:{}@db",
            "s3://key:{}@lab/x.csv",
            "https://lab:{}@db:5432/lab?a=b",
            "postgresql+psycopg://db/lab?password={}",
        ]
    ),
)
def test_no_written_password_is_ever_shown(
    core: str, fault: str, how: str, form: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    core = re.sub("[&#]", "", core) if "?password" in form else core  # in a query these two end a value
    url = form.format(f"Zq7x{core}x7qZ")
    loaded = load(HEAD + fault.format(quoted(url, how)), tmp_path_factory.getbasetemp())
    for mark in ("Zq7x", "x7qZ"):
        assert mark not in told(loaded)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://lab:Zq7xx7qZ@db/lab#df_manager",
        "postgresql+psycopg://lab:Zq7x,{x}[7qZ@db/lab#df_manager",
        "postgresql+psycopg://lab@tenant:Zq7x7qZ@db/lab#df_manager",
        "postgresql+psycopg://lab:Zq7/x@7qZ@db/lab#df_manager",
        "postgresql+psycopg://db/lab?user=a&password=Zq7xx7qZ#df_manager",
        "postgresql+psycopg://lab:12345@db/lab#df_manager",
        "postgresql+psycopg://lab:80,Zq7x@db/lab#df_manager",
        "postgresql+psycopg://lab:Zq7x?token=7qZ@db/lab#df_manager",
        "postgresql+psycopg://db/lab?user=a&sslpassword=Zq7x/7qZ#df_manager",
    ],
)
def test_a_written_password_works_with_a_warning(url: str, tmp_path: Path) -> None:
    loaded = load(HEAD + f"    behavior: b.csv\n    manager: {url}\n", tmp_path)
    assert ids(loaded) == ["ATD603"]
    manager, config = manager_of(loaded), loaded[0]
    assert config is not None
    name, password = next(iter(config.secrets.values.items()))
    assert re.fullmatch(r"password at 6:\d+", name)
    assert manager.manager == url.replace(password, f"${{{name}}}")
    assert config.secrets.expand(manager.manager) == url.replace(password, quote(password, safe=""))
    assert config.secrets.redact(f"no answer from {url}") == f"no answer from {manager.manager}"
    assert password not in told(loaded)


def test_a_written_password_that_is_encoded_already_is_not_encoded_twice(tmp_path: Path) -> None:
    url = "postgresql+psycopg://lab:p%40ss%2Fword@db/lab#df_manager"
    loaded = load(HEAD + f"    behavior: b.csv\n    manager: {url}\n", tmp_path)
    assert loaded[0] is not None
    assert loaded[0].secrets.expand(manager_of(loaded).manager) == url
    assert list(loaded[0].secrets.values.values()) == ["p@ss/word"]


def test_two_dollars_in_a_written_password_are_one_and_its_parts_are_taken_out_around_a_variable(
    tmp_path: Path,
) -> None:
    text = HEAD + "    behavior: b.csv\n    manager: postgresql+psycopg://lab:one$${x}${P}two@db/lab#t\n"
    loaded = load(text, tmp_path, {"P": "@"})
    assert ids(loaded) == ["ATD603"]
    assert loaded[0] is not None
    assert sorted(loaded[0].secrets.values.values()) == ["@", "one${x}", "two"]
    assert urlsplit(loaded[0].secrets.expand(manager_of(loaded).manager)).password == quote("one${x}@two", safe="")


def test_a_name_that_is_too_long_for_the_disk_is_not_there(tmp_path: Path) -> None:
    text = HEAD.replace("curriculums: .", f"curriculums: {'x' * 1000}") + "    behavior: b.csv\n    manager: m.csv\n"
    assert ids(load(text, tmp_path)) == ["ATD608"]


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://lab@db:5432/lab#t", "postgresql+psycopg://lab:${P}@db:5432/lab?options=a@b#t"]
)
def test_a_port_is_no_password(url: str, tmp_path: Path) -> None:
    loaded = load(HEAD + f"    behavior: b.csv\n    manager: {url}\n", tmp_path, {"P": "secret"})
    assert ids(loaded) == []
    assert manager_of(loaded).manager == url


def test_the_password_is_hidden_whatever_else_the_line_says(tmp_path: Path) -> None:
    text = (
        HEAD + f"    behavior: b.csv\n    manager: m.csv\n    databse: postgresql://lab:{PASSWORD}@db/lab  # ask Ada\n"
    )
    config, found = load(text, tmp_path)
    assert config is None
    assert [finding.code.id for finding in found] == ["ATD101", "ATD603"]
    output = text_report.findings(found)
    assert output.count("    databse: postgresql://lab:******@db/lab  # ask Ada\n") == 2


def test_only_variables_that_the_file_names_are_looked_up(tmp_path: Path) -> None:
    class Environment(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            assert key == "P"
            return super().get(key, default)

    text = HEAD + "    behavior: b.csv\n    manager: s3://lab/${P}.csv\n"
    path = tmp_path / "autotrain.yaml"
    path.write_text(text, encoding="utf-8")
    config, _ = configuration.load(path, Environment(P="x", OTHER="y"))
    assert config is not None
    assert dict(config.secrets.values) == {"P": "x"}


# Hostile files

ENTRY = "    behavior: b.csv\n    manager: m.csv\n"
BOMBS = {
    "references": HEAD + ENTRY + "    mirrors:\n" + ("      - '" + "${" * 900 + "'\n") * 50,
    "good references": HEAD + ENTRY + "    mirrors:\n" + ("      - '" + "${BIG}" * 300 + "'\n") * 50,
    "missing variables": HEAD + ENTRY + "    mirrors:\n" + ("      - '" + "${A}${B}" * 220 + "'\n") * 50,
    "colons": HEAD + "    x: " + "://:" * 60_000 + "\n",
    "comment": HEAD + ENTRY + "# " + "://a:1/" * 36_000 + "@\n",
    "ats": HEAD + ENTRY + "# " + "://a:b@" * 36_000 + "\n",
    "queries": HEAD + ENTRY + "# " + "?password" * 28_000 + "\n",
    "letters": HEAD + ENTRY + "# " + "?" + "pwd" * 80_000 + "\n",
    "keys": HEAD + "".join(f"    k{n}: postgresql://a:b@c\n" for n in range(4_900)),
    "managers": "dsl_version: 1\nmanagers:\n" + "  m: {}\n" * 4_900,
    "not yaml": HEAD + "    x: [" + "://a:b@" * 36_000 + "\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_hostile_file_ends_soon_and_with_few_findings(name: str, tmp_path: Path) -> None:
    assert len(BOMBS[name]) <= 256 * 1024
    (tmp_path / "autotrain.yaml").write_text(BOMBS[name], encoding="utf-8")
    program = (
        "import resource; from pathlib import Path; from autotrain_dsl import configuration\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
        "config, found = configuration.load(Path('autotrain.yaml'), {'BIG': 'x' * 100_000})\n"
        "print(len(found), max((len(d.message) for d in found), default=0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    count, longest = map(int, done.stdout.split())
    assert count <= MAX_FINDINGS + 1
    assert longest < 500


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from("$${}ABC: \n'\"@/#[],-"), max_size=60))
def test_any_text_gives_findings_or_a_configuration(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    config, found = load(HEAD + "    behavior: b.csv\n    manager: " + text, tmp_path_factory.getbasetemp(), {"A": "x"})
    assert (config is None) == any(finding.is_error for finding in found)


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("$${}AB ")))
def test_references_do_not_overlap_and_are_found_from_left_to_right(text: str) -> None:
    ends = [0]
    for reference in references.references(text):
        assert reference.start >= ends[-1]
        assert text[reference.start : reference.start + 2] == "${"
        ends.append(reference.end)


# The page


def test_the_example_of_the_page_is_valid_and_uses_every_key(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    example = re.search(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert example is not None
    (tmp_path / "curriculums").mkdir()
    (tmp_path / "schemas" / "tasks").mkdir(parents=True)
    config, found = load(example[1], tmp_path, {"LAB_DB_PASSWORD": "x"})
    assert text_report.findings(found) == ""
    assert config is not None
    for key, _ in properties(resources.json_schema("configuration")):
        assert re.search(rf"\b{key}:", example[1]), f"the example does not show {key}"
        assert re.search(rf"`[A-Za-z0-9._]*\b{key}`", page), f"the table of keys does not list {key}"


def test_the_page_names_the_codes_there_are() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    first, last = codes.configuration.ALL[0].id, codes.configuration.ALL[-1].id
    assert f"{first} to {last}" in page

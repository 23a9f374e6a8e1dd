"""Commands load only what they need: how long a person waits is mostly how long modules take to load."""

from __future__ import annotations

import subprocess
import sys

import pytest
from colony import ROOT

FILE = "curriculums/coupled_baiting/coupled_baiting_2.3.yaml"
NEVER = {"pandas", "numpy", "pyarrow", "boto3", "botocore", "sqlalchemy", "pydot", "jinja2", "pygls", "z3", "rapidfuzz"}
READING = {"jsonschema", "networkx", "simpleeval"}
PROGRAM = """
import sys
from autotrain_dsl.cli.main import run
try:
    run()
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "needed", "unneeded"),
    [
        (("--help",), {"click"}, {*NEVER, *READING, "ruamel", "autotrain_dsl.document"}),
        (("fmt", "--check", FILE), {"ruamel"}, {*NEVER, *READING, "autotrain_dsl.compiler", "autotrain_dsl.model"}),
        (
            ("validate", FILE),
            {"ruamel", *READING},
            {*NEVER, "autotrain_dsl.cases", "autotrain_dsl.report.junit", "autotrain_dsl.verification.checking"},
        ),
    ],
    ids=("help", "fmt", "validate"),
)
def test_a_command_loads_only_what_it_needs(arguments: tuple[str, ...], needed: set[str], unneeded: set[str]) -> None:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stderr.split())
    assert needed <= loaded
    assert not unneeded & loaded

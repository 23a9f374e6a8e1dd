"""The JSON Schemas and task schemas that come with the program."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent
VERSION = "v1"


def schemas_folder() -> Path:
    """The ``schemas`` folder: inside the package when installed from a wheel, beside it in a checkout."""
    installed = _PACKAGE / "schemas"
    return installed if installed.is_dir() else _PACKAGE.parent / "schemas"


def schema_names() -> list[str]:
    """Names of the JSON Schemas of the language, such as ``curriculum``."""
    suffix = ".schema.json"
    return sorted(path.name.removesuffix(suffix) for path in (schemas_folder() / VERSION).glob(f"*{suffix}"))


@cache
def json_schema(name: str) -> dict[str, Any]:
    """A JSON Schema of the language by name."""
    path = schemas_folder() / VERSION / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema

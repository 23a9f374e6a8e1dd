"""Make the pages that are made from the program: ``python docs/generate.py`` writes them, ``--check`` compares."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autotrain_dsl import codes, resources
from autotrain_dsl.codes.right import RIGHT
from autotrain_dsl.diagnostics import Code, Severity

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = tuple(
    ROOT / "tests" / "data" / folder for folder in ("invalid", "configuration/invalid", "legacy", "cases", "verify")
)
FINDINGS = ROOT / "docs" / "findings"
CONFIGURATION = ROOT / "docs" / "configuration.md"
TABLE = re.compile(r"(?<=<!-- keys -->\n).*?(?=<!-- end of keys -->)", re.DOTALL)
GROUPS = {
    "0": "The text of a file",
    "1": "The structure of a file",
    "2": "Names that lead elsewhere",
    "3": "Expressions",
    "4": "Stages, parameters and transitions",
    "5": "Tables and sessions",
    "6": "The configuration of the nightly run",
    "7": "Files of the older system",
    "8": "Tests of curriculums",
    "9": "What a solver proves",
}
HEAD = """# Findings

Every finding has a code. `autotrain-dsl codes ATD416` shows its page in the terminal. An error makes a curriculum
unusable. A warning does not, but `validate --strict` fails on it; it can be silenced at the end of its line:

```yaml
when: mean(finished_trials[-5:]) < 300  # autotrain: ignore[ATD416] the average over stages is meant here
```

The reason is mandatory. The examples on the pages are files of the test suite with the program's own output.
This list and its pages are made by `make docs`.
"""


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    manual = {FINDINGS / f"{code.id}.md": _page(code) for code in codes.ALL}
    return {ROOT / "docs" / "findings.md": findings(), CONFIGURATION: configuration(), **manual}


def findings() -> str:
    """The list of all findings, with links to their pages."""
    parts = [HEAD]
    group = ""
    for code in codes.ALL:
        if code.id[3] != group:
            group = code.id[3]
            parts.append(f"\n## {GROUPS[group]}\n\n")
        parts.append(f"- [{code.id} {code.name}](findings/{code.id}.md), {code.severity.value}: {code.title}\n")
    return "".join(parts)


def configuration() -> str:
    """The page on the configuration, with the table of its keys."""
    rows = "".join(_rows(resources.json_schema("configuration"), ""))
    table = f"| key | value | if left out | meaning | example |\n|---|---|---|---|---|\n{rows}"
    return TABLE.sub(lambda _: table, CONFIGURATION.read_text(encoding="utf-8"))


def _rows(schema: dict[str, Any], above: str) -> Iterator[str]:
    """A row for every key of a mapping and of the mappings in it."""
    for key, rule in schema.get("properties", {}).items():
        path = f"`{above}{key}`"
        if key in schema.get("required", []):
            path = f"**{path}**"
        default = f"`{rule['default']}`" if "default" in rule else ""
        example = f"`{json.dumps(rule['examples'][-1], ensure_ascii=False)}`"
        yield f"| {path} | {_value(rule)} | {default} | {rule['description']} | {'' if _inner(rule) else example} |\n"
        yield from _rows(_inner(rule), f"{above}{key}.{'' if 'properties' in rule else 'NAME.'}")


def _inner(rule: dict[str, Any]) -> dict[str, Any]:
    """The schema whose keys are listed below a key, if any."""
    further = rule.get("additionalProperties") or {}
    return rule if "properties" in rule else further if "properties" in further else {}


def _value(rule: dict[str, Any]) -> str:
    """What a key takes, in words."""
    if "enum" in rule:
        return " or ".join(f"`{value}`" for value in rule["enum"])
    if "const" in rule:
        return f"`{rule['const']}`"
    kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    words = {"string": "text", "array": "list", "object": "mapping", "integer": "whole number", "number": "number"}
    low = f"{rule['minimum']} to" if "minimum" in rule else f"more than {rule.get('exclusiveMinimum')} and at most"
    bounds = f", {low} {rule['maximum']:,}" if "maximum" in rule else ""
    return " or ".join(words[kind] for kind in kinds) + bounds


def _page(code: Code) -> str:
    text = f"# {code.id} {code.name}\n\n*{code.severity.value.capitalize()}: {code.title}.*\n\n"
    text += f"**Why:** {code.why}\n\n**What to do:** {code.fix}\n"
    if example := _example(code.id):
        text += f"\n## Wrong\n\n```text\n{example}```\n"
    if code.id in RIGHT:
        text += f"\n## Right\n\n```yaml\n{RIGHT[code.id]}\n```\n"
    return f"{text}\n## How to silence it\n\n{_silence(code)}\n\n[All findings](../findings.md)\n"


def _silence(code: Code) -> str:
    """How a finding is silenced, or why it cannot be."""
    if code.severity is Severity.ERROR:
        return "An error cannot be silenced: the program would have to guess."
    if code.id < "ATD5" or code.id >= "ATD9":
        return f"At the end of its line, with a reason: `# autotrain: ignore[{code.id}] the reason`."
    return "It speaks of tables, stores or files of others, in which no comment can stand; it changes no decision."


def _example(code: str) -> str:
    """The first finding of this code in the output of the first test file for it."""
    for output in (path for folder in EXAMPLES for path in sorted(folder.glob(f"{code}_*.out"))):
        for block in output.read_text(encoding="utf-8").split("\n\n"):
            if f": {code} " in block.split("\n", 1)[0]:
                return block.rstrip("\n") + "\n"
    return ""


def main() -> int:
    """Write the pages, or with ``--check`` say which are out of date."""
    made = pages()
    if "--check" not in sys.argv[1:]:
        FINDINGS.mkdir(exist_ok=True)
        for path in set(FINDINGS.glob("*.md")) - made.keys():
            path.unlink()
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    stale += sorted(set(FINDINGS.glob("*.md")) - made.keys())
    for path in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: run `make docs`\n")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())

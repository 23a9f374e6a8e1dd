"""Make the pages that are made from the program: ``python docs/generate.py`` writes them, ``--check`` compares."""

from __future__ import annotations

import sys
from pathlib import Path

from autotrain_dsl import codes
from autotrain_dsl.diagnostics import Code

ROOT = Path(__file__).resolve().parent.parent
INVALID = ROOT / "tests" / "data" / "invalid"
GROUPS = {
    "0": "The text of a file",
    "1": "The structure of a file",
    "2": "Names that lead elsewhere",
    "3": "Expressions",
    "4": "Stages, parameters and transitions",
    "5": "Tables and sessions",
}
HEAD = """# Findings

Every finding has a code. `autotrain-dsl codes ATD416` shows its page in the terminal. An error makes a curriculum
unusable. A warning does not, but `validate --strict` fails on it; it can be silenced at the end of its line:

```yaml
when: mean(finished_trials[-5:]) < 300  # autotrain: ignore[ATD416] the average over stages is meant here
```

The reason is mandatory. The examples below are files of the test suite with the program's own output.
This page is made by `make docs`.
"""


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    return {ROOT / "docs" / "findings.md": findings()}


def findings() -> str:
    """The manual of all findings."""
    parts = [HEAD]
    group = ""
    for code in codes.ALL:
        if code.id[3] != group:
            group = code.id[3]
            parts.append(f"## {GROUPS[group]}\n")
        parts.append(_page(code))
    return "\n".join(parts)


def _page(code: Code) -> str:
    text = f"### {code.id} {code.name}\n\n*{code.severity.value.capitalize()}: {code.title}.*\n\n"
    text += f"**Why:** {code.why}\n\n**What to do:** {code.fix}\n"
    example = _example(code.id)
    return f"{text}\n```text\n{example}```\n" if example else text


def _example(code: str) -> str:
    """The first finding of this code in the output of the first test file for it."""
    for output in sorted(INVALID.glob(f"{code}_*.out")):
        for block in output.read_text(encoding="utf-8").split("\n\n"):
            if f": {code} " in block.split("\n", 1)[0]:
                return block.rstrip("\n") + "\n"
    return ""


def main() -> int:
    """Write the pages, or with ``--check`` say which are out of date."""
    if "--check" not in sys.argv[1:]:
        for path, text in pages().items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path for path, text in pages().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: run `make docs`\n")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())

"""Make the pictures of the pages: ``python docs/pictures.py`` writes them, ``--check`` compares what they show.

Where exactly Graphviz puts a line or letter depends on its version and on the fonts that are there, so ``--check``
compares texts, tool tips, and how many shapes of which kind there are.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

from autotrain_dsl import catalog
from autotrain_dsl.graph import StateGraph
from autotrain_dsl.render import diagram, dot, mermaid, table

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
README = ROOT / "README.md"
FIRST_STEPS = ROOT / "examples" / "tutorial" / "first_steps.yaml"
DRAWN = (FIRST_STEPS, ROOT / "curriculums" / "coupled_baiting" / "coupled_baiting_2.3.yaml")
MARKED = re.compile(r"(?<=<!-- picture -->\n).*?(?=<!-- end of picture -->)", re.DOTALL)


def pictures() -> dict[Path, bytes]:
    """Every picture of the pages. Raises GraphvizError where it cannot be drawn."""
    made = {}
    for source in DRAWN:
        graph = _graph(source)
        texts = {"rules": dot.rules(diagram.of(graph)), "paras": dot.parameters(table.of(graph))}
        made.update({FOLDER / f"{source.stem}_{part}.svg": dot.draw(text, "svg") for part, text in texts.items()})
    return made


def readme() -> str:
    """The README with the graph of the tutorial between its markers."""
    block = f"```mermaid\n{mermaid.rules(diagram.of(_graph(FIRST_STEPS)))}```\n"
    return MARKED.sub(lambda _: block, README.read_text(encoding="utf-8"))


def shows(picture: bytes) -> Counter[tuple[str, str]]:
    """What there is to see in an SVG, wherever it stands: texts, tool tips, and shapes with their colours."""
    seen: Counter[tuple[str, str]] = Counter()
    for element in ET.fromstring(picture).iter():  # noqa: S314 - a file of this project
        kind = element.tag.rpartition("}")[2]
        detail = element.get("class") or element.get("fill") or ""
        seen[kind, " ".join((element.text or detail).split())] += 1
    return seen


def _graph(source: Path) -> StateGraph:
    graph = catalog.build([source]).compilations[0].graph
    if graph is None:
        raise ValueError(f"{source} has errors")
    return graph


def _stale() -> list[Path]:
    drawn = pictures()
    found = [path for path in drawn if not path.is_file() or shows(path.read_bytes()) != shows(drawn[path])]
    found += sorted(set(FOLDER.glob("*")) - set(drawn))
    return [*found, *([README] if README.read_text(encoding="utf-8") != readme() else [])]


def main() -> int:
    """Write the pictures, or with ``--check`` say which are out of date."""
    try:
        if "--check" not in sys.argv[1:]:
            FOLDER.mkdir(exist_ok=True)
            for path, content in pictures().items():
                if not path.is_file() or shows(path.read_bytes()) != shows(content):
                    path.write_bytes(content)
            README.write_text(readme(), encoding="utf-8")
            return 0
        stale = _stale()
    except dot.GraphvizError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path in stale:
        sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: run `make docs`\n")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())

"""The graph of stages as Mermaid text, which GitHub and many editors show as a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator

from autotrain_dsl.model import Move
from autotrain_dsl.render import palette
from autotrain_dsl.render.diagram import Arrow, Box, Diagram, Mark, wrapped
from autotrain_dsl.render.svg import BACKSLASH

# What Mermaid takes where nobody has configured it, as on GitHub.
MAX_CHARACTERS = 50_000
MAX_ARROWS = 500
_LINE = {Move.PROGRESS: "==>", Move.ROLLBACK: "-.->"}
_DASHES = {Move.PROGRESS: "", Move.ROLLBACK: ",stroke-dasharray:8 5"}
# Without so much space, and with curves, texts of arrows cover each other.
_LAYOUT = ("config:", "  flowchart:", "    curve: linear", "    nodeSpacing: 90", "    rankSpacing: 70")
_WIDTH = 24  # characters: Mermaid breaks longer lines of an arrow itself, and badly


def rules(diagram: Diagram) -> str:
    """A flowchart with the ids of the diagram: thick arrows progress, dashed ones roll back, dotted ones are manual.

    A rule that stays is a line in its box: Mermaid would draw a loop across its neighbours' texts. Where Mermaid would
    refuse a curriculum for its size there is less text, and of very many rules only the first.
    """
    for lines in (4, 1):
        text = _chart(diagram, lines)
        if len(text) <= MAX_CHARACTERS:
            return text
    return _chart(diagram, 0)


def escaped(text: str) -> str:
    """Text for a label in quotation marks: what might mean something to Mermaid, Markdown or HTML as its number."""
    # Even as a number, Mermaid makes a line break of a backslash before an n.
    safe = text.replace("\\", BACKSLASH)
    return "".join(c if c.isalnum() or c in " ," or c > "\x7f" else f"#{ord(c)};" for c in safe)


def _chart(diagram: Diagram, lines: int) -> str:
    moving = _ordered(diagram)
    arrows = moving[: MAX_ARROWS - 1]
    title = json.dumps(_title(diagram, len(arrows), len(moving)), ensure_ascii=False)
    parts = ["---", f"title: {title}", *_LAYOUT, "---", "flowchart TD"]
    staying: dict[str, list[Arrow]] = {}
    for arrow in diagram.arrows:
        staying.setdefault(arrow.source, []).extend([arrow] if arrow.move is Move.STAY else [])
    parts += [_box(box, staying.get(box.id, []), lines) for box in diagram.boxes]
    start = next(box.id for box in diagram.boxes if box.initial)
    parts += ['start((" "))', f"start --> {start}", *(_arrow(arrow, lines) for arrow in arrows)]
    parts += _styles(diagram.boxes, arrows)
    return "\n".join(parts) + "\n"


def _ordered(diagram: Diagram) -> list[Arrow]:
    """The way through training first: Mermaid keeps the stages in the order in which it first meets them."""
    order = {box.id: position for position, box in enumerate(diagram.boxes)}

    def turn(arrow: Arrow) -> tuple[bool, bool]:
        return arrow.move is not Move.PROGRESS, order[arrow.target] - order[arrow.source] != 1

    return sorted((arrow for arrow in diagram.arrows if arrow.move is not Move.STAY), key=turn)


def _title(diagram: Diagram, shown: int, count: int) -> str:
    remarks = [f"only {shown} of {count} arrows" if shown < count else "", diagram.remark]
    return "; ".join([diagram.title, *(remark for remark in remarks if remark)])


def _box(box: Box, staying: list[Arrow], lines: int) -> str:
    name = box.name if lines else box.name[:40]
    shown = [*(wrapped(box.label, _WIDTH, lines) if lines and box.label != box.name else []), name]
    shown += _warning(box.marks)
    for arrow in staying if lines else []:
        by_hand = "by hand, " if arrow.manual else ""
        shown += _text(f"\N{CLOCKWISE OPEN CIRCLE ARROW} {by_hand}{arrow.number}: {arrow.text}", arrow.marks, lines)
    label = '"' + "<br/>".join(escaped(line) for line in shown) + '"'
    return f"{box.id}[[{label}]]" if box.final else f"{box.id}({label})"


def _arrow(arrow: Arrow, lines: int) -> str:
    line = "-.->" if arrow.manual else _LINE[arrow.move]
    shown = _text(f"{arrow.number}: {arrow.text}", arrow.marks, lines) if lines else []
    label = '|"' + "<br/>".join(escaped(part) for part in shown) + '"|' if shown else ""
    return f"{arrow.source} {line}{label} {arrow.target}"


def _text(text: str, marks: tuple[Mark, ...], lines: int) -> list[str]:
    return [*wrapped(text, _WIDTH, lines), *_warning(marks)]


def _warning(marks: tuple[Mark, ...]) -> list[str]:
    return ["\N{WARNING SIGN} " + ", ".join(list(dict.fromkeys(mark.code for mark in marks))[:3])] if marks else []


def _styles(boxes: tuple[Box, ...], arrows: list[Arrow]) -> Iterator[str]:
    for box in boxes:
        yield f"style {box.id} fill:{palette.training(box.share)},stroke:{palette.LINE},color:{palette.TEXT}"
    yield f"style start fill:{palette.LINE},stroke:{palette.LINE}"
    alike: dict[str, list[str]] = {}
    for number, arrow in enumerate(arrows, 1):  # 0 is the one from the start
        dashes = ",stroke-dasharray:2 5" if arrow.manual else _DASHES[arrow.move]
        colour = palette.ARROW[arrow.move]
        alike.setdefault(f"stroke:{colour}{dashes}", []).append(str(number))
    for style, numbers in alike.items():
        yield f"linkStyle {','.join(numbers)} {style}"

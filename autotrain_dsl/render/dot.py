"""Pictures by Graphviz: DOT text, and what the program ``dot`` makes of it."""

from __future__ import annotations

import html
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, Literal

import pydot

from autotrain_dsl.model import Move
from autotrain_dsl.render import palette, svg
from autotrain_dsl.render.diagram import Arrow, Box, Diagram, Mark, wrapped
from autotrain_dsl.render.table import Cell, Row, Table

SECONDS = 60
MANY = 300  # arrows: with more of them their texts cannot be read, and a careful layout takes minutes
_HASTY = {"splines": "line", "nslimit": "1", "nslimit1": "1", "mclimit": "0.1"}
_MISSING = (
    "pictures need Graphviz, and there is no program `dot` here. Install it (Debian, Ubuntu: apt-get install graphviz;"
    " macOS: brew install graphviz; conda: conda install graphviz; Windows: winget install graphviz)"
)
_FONT = "Arial"
_INDENT = "\N{NO-BREAK SPACE}" * 2  # keeps the text of an arrow off its line
_STYLE = {
    Move.PROGRESS: {"style": "solid", "arrowhead": "normal", "penwidth": "1.8"},
    Move.ROLLBACK: {"style": "dashed", "arrowhead": "onormal", "penwidth": "1.4"},
    Move.STAY: {"style": "solid", "arrowhead": "vee", "penwidth": "1"},
}
_SIGNS = {
    Move.PROGRESS: "\u2501\u2501\u25b6 progress",
    Move.ROLLBACK: "\u254c\u254c\u25b7 rollback",
    Move.STAY: "\u2500\u2500> stay",
}


class GraphvizError(Exception):
    """Graphviz is not there, or cannot draw this; the message says what to do."""


def rules(diagram: Diagram) -> str:
    """The graph of stages as DOT.

    Boxes and arrows have the ids of the diagram. An arrow that leads back in the order of training is written from its
    target to its source with ``dir=back``, so that of two stages with an arrow between them the earlier one is above.
    """
    many = len(diagram.arrows) > MANY
    layout = _HASTY if many else {}
    picture = _picture(diagram.title, _header(diagram), nodesep="0.5", ranksep="0.45", **layout)
    for box in diagram.boxes:
        picture.add_node(_node(box))
    for box in diagram.boxes:
        if box.initial:
            colour, tip = _quoted(palette.LINE), _quoted("New subjects start here.")
            picture.add_node(pydot.Node("start", shape="point", width="0.14", label='""', color=colour, tooltip=tip))
            picture.add_edge(pydot.Edge("start", box.id, color=colour, tooltip=tip))
    order = {box.id: position for position, box in enumerate(diagram.boxes)}
    for arrow in diagram.arrows:
        steps = order[arrow.target] - order[arrow.source]
        picture.add_edge(_edge(arrow, steps, bare=many))
    return _text(picture)


def parameters(table: Table) -> str:
    """The table of parameters as DOT: one node that is a table."""
    picture = _picture(table.title, "")
    head = "".join(
        _cell(wrapped(column.label, 14, 3) or [column.name], column.name, palette.training(column.share), bold=True)
        for column in table.columns
    )
    first = _cell(["Parameter"], "Parameters of the task", palette.HEAD, bold=True, left=True)
    body = "".join(f"<TR>{_row(row)}</TR>" for row in table.rows)
    columns = len(table.columns) + 1
    caption = f'<TD COLSPAN="{columns}" BORDER="0" ALIGN="LEFT"><B>{_escaped(table.title)}</B></TD>'
    key = (
        f'<TD COLSPAN="{columns}" BORDER="0" ALIGN="LEFT"><FONT COLOR="{palette.MUTED}" POINT-SIZE="10">'
        f"filled: another value than in the stage before</FONT></TD>"
    )
    label = (
        f'<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="4" COLOR="{palette.GRID}">'
        f"<TR>{caption}</TR><TR>{first}{head}</TR>{body}<TR>{key}</TR></TABLE>"
    )
    picture.add_node(pydot.Node("parameters", shape="plain", label=f"<{label}>", fontname=_FONT, fontsize="11"))
    return _text(picture)


def draw(text: str, kind: Literal["svg", "png"], seconds: float = SECONDS) -> bytes:
    """What Graphviz draws for a DOT text of this module. Raises GraphvizError where there is none or it gives up."""
    program = shutil.which("dot")
    if program is None:
        raise GraphvizError(_MISSING)
    options = ["-Gdpi=144"] if kind == "png" else []
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are fixed, the text goes in as input
            [program, f"-T{kind}", *options], input=text.encode(), capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        message = (
            f"the picture is too large: Graphviz has not drawn it within {seconds:g} s; --format html lists it all"
        )
        raise GraphvizError(message) from error
    except OSError as error:
        raise GraphvizError(f"`{program}` cannot be run: {error.strerror or error}") from error
    if done.returncode or not done.stdout:
        said = " ".join(done.stderr.decode(errors="replace").split())[:300]
        raise GraphvizError(f"Graphviz has failed (exit code {done.returncode}): {said or 'it has drawn nothing'}")
    return svg.tidy(done.stdout) if kind == "svg" else done.stdout


def _picture(title: str, label: str, **attributes: str) -> pydot.Dot:
    header = {"label": f"<{label}>", "labelloc": "t", "labeljust": "l"} if label else {}
    return pydot.Dot(
        "curriculum",
        graph_type="digraph",
        rankdir="TB",
        fontname=_FONT,
        fontsize="11",
        fontcolor=_quoted(palette.TEXT),
        bgcolor="white",
        pad="0.2",
        tooltip=_quoted(title),
        **header,
        **attributes,
    )


def _node(box: Box) -> pydot.Node:
    lines = wrapped(box.label, 26, 3) or [box.name]
    label = f"<B>{'<BR/>'.join(_escaped(line) for line in lines)}</B>"
    if box.label != box.name:
        label += f'<BR/><FONT POINT-SIZE="9">{_escaped(box.name)}</FONT>'
    if box.marks:
        label += f'<BR/><FONT POINT-SIZE="10" COLOR="{palette.WARNING}">{_escaped(_warning(box.marks))}</FONT>'
    return pydot.Node(
        box.id,
        label=f"<{label}>",
        tooltip=_quoted(box.tip),
        shape="box",
        style='"filled"' if box.final else '"filled,rounded"',
        peripheries="2" if box.final else "1",
        fillcolor=_quoted(palette.training(box.share)),
        color=_quoted(palette.WARNING if box.marks else palette.LINE),
        fontname=_FONT,
        fontsize="12",
        fontcolor=_quoted(palette.TEXT),
        margin='"0.18,0.09"',
    )


def _edge(arrow: Arrow, steps: int, *, bare: bool) -> pydot.Edge:
    colour = _quoted(palette.ARROW[arrow.move])
    style: dict[str, Any] = dict(_STYLE[arrow.move])
    if arrow.manual:
        style["style"] = "dotted"
    back = steps < 0
    if back:
        style |= {"dir": "back", "arrowtail": style.pop("arrowhead")}
    lines = wrapped(arrow.text, 40, 4) or ["-"]
    lines = [f"{arrow.number}: {lines[0]}", *lines[1:], *([_warning(arrow.marks)] if arrow.marks else [])]
    ends = (arrow.target, arrow.source) if back else (arrow.source, arrow.target)
    return pydot.Edge(
        *ends,
        label='""' if bare else '"' + "".join(f"{_INDENT}{_plain(line)}\\l" for line in lines) + '"',
        tooltip=_quoted(arrow.tip),
        labeltooltip=_quoted(arrow.tip),
        color=colour,
        fontcolor=_quoted(palette.WARNING) if arrow.marks else colour,
        fontname=_FONT,
        fontsize="10",
        weight="2" if steps == 1 and arrow.move is Move.PROGRESS else "1",  # the way through training is straighter
        **style,
    )


def _header(diagram: Diagram) -> str:
    rows = [f'<TD ALIGN="LEFT"><FONT POINT-SIZE="15"><B>{_escaped(diagram.title)}</B></FONT></TD>']
    rows += [
        f'<TD ALIGN="LEFT"><FONT COLOR="{palette.MUTED}">{_escaped(line)}</FONT></TD>'
        for line in wrapped(diagram.description, 80, 3)
    ]
    rows.append(f'<TD ALIGN="LEFT">{"&#160;&#160;&#160;".join(_legend(diagram))}</TD>')
    if len(diagram.arrows) > MANY:
        rows.append(f'<TD ALIGN="LEFT">{len(diagram.arrows)} rules; what they say is in their tool tips only</TD>')
    if diagram.remark:
        rows.append(f'<TD ALIGN="LEFT"><FONT COLOR="{palette.WARNING}">{_escaped(diagram.remark)}</FONT></TD>')
    table = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="2">{table}</TABLE>'


def _legend(diagram: Diagram) -> Iterator[str]:
    moves = {arrow.move for arrow in diagram.arrows}
    for move in Move:
        if move in moves:
            yield f'<FONT COLOR="{palette.ARROW[move]}">{_escaped(_SIGNS[move])}</FONT>'
    if any(arrow.manual for arrow in diagram.arrows):
        yield "\u2508\u2508 only by hand"
    if any(box.final for box in diagram.boxes):
        yield "\u25a3 training complete"


def _row(row: Row) -> str:
    name = row.name + (f" [{row.unit}]" if row.unit else "")
    return _cell([name], row.tip, palette.HEAD, left=True) + "".join(_value(cell) for cell in row.cells)


def _value(cell: Cell) -> str:
    return _cell(wrapped(cell.text, 16, 4), cell.tip, palette.CHANGED if cell.changed else "#ffffff", bold=cell.changed)


def _cell(lines: list[str], tip: str, colour: str, *, bold: bool = False, left: bool = False) -> str:
    text = "<BR/>".join(_escaped(line) for line in lines)
    text = f"<B>{text}</B>" if bold and text else text
    # Graphviz gives a tool tip only to cells with a link; it leads nowhere, and the SVG does not keep it.
    link = f' HREF="#" TOOLTIP="{_escaped(tip)}"' if tip else ""
    align = ' ALIGN="LEFT"' if left else ""
    return f'<TD BGCOLOR="{colour}"{align}{link}>{text}</TD>'


def _warning(marks: tuple[Mark, ...]) -> str:
    codes = list(dict.fromkeys(mark.code for mark in marks))
    return "\N{WARNING SIGN} " + ", ".join([*codes[:3], *(["..."] if len(codes) > 3 else [])])


def _escaped(text: str) -> str:
    """Text for an HTML-like label or one of its attributes."""
    return html.escape(text.replace("\\", svg.BACKSLASH)).replace("\n", "&#10;")


def _quoted(text: str) -> str:
    """Text as a string of DOT; pydot leaves alone what is quoted already."""
    return f'"{_plain(text)}"'


def _plain(text: str) -> str:
    # Graphviz reads entities such as &lt; even outside of HTML-like labels.
    safe = text.replace("\\", svg.BACKSLASH).replace("&", "&amp;").replace('"', '\\"')
    return safe.replace("\n", "\\n")


def _text(picture: pydot.Dot) -> str:
    text: str = picture.to_string()
    return text

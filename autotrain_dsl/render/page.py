"""One page about a curriculum, complete in itself: picture, parameters and rules. It loads and runs nothing."""

from __future__ import annotations

import base64
import hashlib

import jinja2

from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Move
from autotrain_dsl.render import palette
from autotrain_dsl.render.diagram import Arrow, Diagram, clean
from autotrain_dsl.render.table import Table

_STYLE = f"""
body {{ font: 15px/1.45 Helvetica, Arial, sans-serif; color: {palette.TEXT}; margin: 2rem; }}
h1, h2, h3 {{ line-height: 1.2; margin: 1.6em 0 0.4em; }}
h1 {{ margin-top: 0; }}
.facts {{ color: {palette.MUTED}; }}
p, li {{ max-width: 55em; overflow-wrap: anywhere; white-space: pre-line; }}
svg {{ max-width: 100%; height: auto; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 13px; }}
th, td {{ border: 1px solid {palette.GRID}; padding: 3px 8px; text-align: center; white-space: pre-wrap; }}
th[scope=row] {{ background: {palette.HEAD}; text-align: left; font-weight: normal; }}
td.changed {{ background: {palette.CHANGED}; font-weight: bold; }}
.warning {{ color: {palette.WARNING}; }}
.progress::marker {{ color: {palette.ARROW[Move.PROGRESS]}; font-weight: bold; }}
.rollback::marker {{ color: {palette.ARROW[Move.ROLLBACK]}; font-weight: bold; }}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width">
<title>{{ diagram.title }}</title>
<style>{{ style|safe }}</style>
</head>
<body>
<h1>{{ diagram.title }}</h1>
{% if diagram.description %}<p>{{ diagram.description }}</p>
{% endif -%}
<p class="facts">Task {{ task }} · content {{ content_hash }}</p>
{% for mark in diagram.other_marks %}<p class="warning">\N{WARNING SIGN} {{ mark.code }}: {{ mark.message }}</p>
{% endfor -%}
<h2>Stages</h2>
{% if picture %}<div class="scroll">{{ picture|safe }}</div>
{% else %}<p>There is no picture here: it was made without Graphviz, the program that draws it.</p>
{% endif -%}
<h2>Rules</h2>
<p>The rules of a stage are tried in this order; the first that is true decides. Where none is, the subject stays.</p>
{% for box in diagram.boxes %}<h3>{{ box.label }}</h3>
<p>{{ box.tip }}</p>
{% if rules[box.id] %}<ol>
{% for arrow in rules[box.id] %}<li class="{{ arrow.move }}">{{ arrow.whole }}</li>
{% endfor %}</ol>
{% endif -%}
{% endfor -%}
<h2>Parameters</h2>
<p>Filled: another value than in the stage before.</p>
<div class="scroll"><table>
<tr><th scope="col">Parameter</th>
{%- for column in table.columns %}<th scope="col" bgcolor="{{ colour(column.share) }}" title="{{ column.name }}">
{{- column.label }}</th>{% endfor %}</tr>
{% for row in table.rows %}<tr><th scope="row" title="{{ row.tip }}">
{{- row.name }}{% if row.unit %} [{{ row.unit }}]{% endif %}</th>
{%- for cell in row.cells %}<td{% if cell.changed %} class="changed"{% endif %} title="{{ cell.tip }}">
{{- cell.text }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
</body>
</html>
"""


def html(graph: StateGraph, diagram: Diagram, table: Table, svg: bytes | None) -> str:
    """The page of a curriculum; ``svg`` is what ``dot.draw`` has made of ``diagram``, or None without Graphviz."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_PAGE).render(
        diagram=diagram,
        table=table,
        task=clean(f"{graph.task.name} {graph.task.version}"),
        content_hash=graph.content_hash,
        picture="" if svg is None else svg.decode(),
        policy=f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'",
        style=_STYLE,
        colour=palette.training,
        rules=_by_box(diagram),
    )


def _by_box(diagram: Diagram) -> dict[str, list[Arrow]]:
    rules: dict[str, list[Arrow]] = {box.id: [] for box in diagram.boxes}
    for arrow in diagram.arrows:
        rules[arrow.source].append(arrow)
    return rules

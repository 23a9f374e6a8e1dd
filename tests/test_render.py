"""Pictures of curriculums: what they show, and what happens where they cannot be drawn."""

from __future__ import annotations

import re
import struct
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import drawings
import pydot
import pytest
from browser import need_graphviz
from drawings import DATA, FINDING, FIRST_STEPS, MANUAL, ROOT, SCHEMAS, TWELVE

from autotrain_dsl import catalog
from autotrain_dsl.model import Move
from autotrain_dsl.render import diagram, dot, mermaid, palette, svg, table
from autotrain_dsl.render.diagram import Diagram

GOLDEN = DATA / "render"
TEXTS = {
    "rules.dot": lambda path: dot.rules(drawings.diagram_of(path)),
    "paras.dot": lambda path: dot.parameters(table.of(drawings.graph_of(path))),
    "rules.mmd": lambda path: mermaid.rules(drawings.diagram_of(path)),
}


@pytest.mark.parametrize("part", TEXTS)
@pytest.mark.parametrize("path", [FIRST_STEPS, TWELVE, MANUAL], ids=lambda path: path.stem)
def test_texts_are_as_recorded(path: Path, part: str, update_golden: bool) -> None:
    golden = GOLDEN / f"{path.stem}_{part}"
    text = TEXTS[part](path)
    if update_golden:
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")


def test_a_diagram_says_what_the_graph_says() -> None:
    shown = drawings.diagram_of(MANUAL)
    assert [(box.id, box.name, box.share, box.initial, box.final) for box in shown.boxes] == [
        ("n0", "STAGE_1", 0.0, True, False),
        ("n1", "STAGE_2", 0.5, False, False),
        ("n2", "GRADUATED", 1.0, False, True),
    ]
    assert [(a.number, a.source, a.target, a.move.value, a.manual, a.text) for a in shown.arrows] == [
        (1, "n0", "n0", "stay", False, "almost no trials; nothing to judge"),
        (2, "n0", "n2", "progress", True, "the trainer may end the training"),
        (3, "n0", "n1", "progress", False, "otherwise"),
        (1, "n1", "n0", "rollback", True, "by hand"),
        (2, "n1", "n2", "progress", False, "finished_trials[-1] == 200 or finished_trials[-1] != 100"),
        (3, "n1", "n1", "stay", False, "otherwise"),
    ]
    assert shown.arrows[0].tip == (
        "STAGE_1, rule 1: stay when finished_trials[-1] < 20\nbecause almost no trials; nothing to judge"
    )
    assert shown.arrows[3].tip == "STAGE_2, rule 1: rollback to STAGE_1 by hand"


def test_a_condition_is_shown_as_written_and_its_tool_tip_writes_out_every_name() -> None:
    arrow = next(a for a in drawings.diagram_of(TWELVE).arrows if a.stage == "LEFT_ONLY" and a.number == 1)
    assert arrow.text == "did_well and abs(side_bias[-1]) >= 0.5"
    assert arrow.tip == (
        "LEFT_ONLY, rule 1: progress to RIGHT_ONLY when session_at_current_stage >= 3 and "
        "mean(finished_trials[-3:]) >= 300 and mean(foraging_efficiency[-3:]) >= 0.7 and abs(side_bias[-1]) >= 0.5"
    )
    either = "median(at_stage(weight)) > 20 or count(present(at_stage(weight))) > 3"
    assert [arrow.text for arrow in drawings.diagram_of(drawings.STRUCTURED).arrows] == [
        "enough trials, and one of two signs of understanding",
        f"session_at_current_stage >= 3 and all(finished_trials[-3:] >= 300) and ({either})",
        "not (finished_trials[-1] >= 50)",
    ]


def test_findings_mark_the_rule_or_stage_they_are_about(tmp_path: Path) -> None:
    file = tmp_path / "finding.yaml"
    file.write_text(FINDING, encoding="utf-8")
    checked = catalog.build([file], SCHEMAS)
    [compilation] = checked.compilations
    assert compilation.graph is not None
    shown = diagram.of(compilation.graph, checked.diagnostics)
    assert [(box.name, [mark.code for mark in box.marks]) for box in shown.boxes if box.marks] == [("D", ["ATD411"])]
    assert {(arrow.stage, arrow.number): [mark.code for mark in arrow.marks] for arrow in shown.arrows} == {
        ("A", 1): ["ATD311"],
        ("A", 2): ["ATD415"],
        ("C", 1): [],
    }
    assert shown.boxes[3].tip.endswith("\n\N{WARNING SIGN} ATD411: no path leads to `D` from the initial stage `A`")
    assert shown.remark == ""
    assert "\N{WARNING SIGN} ATD415" in dot.rules(shown)
    assert drawings.diagram_of(TWELVE).remark == "\N{WARNING SIGN} 1 more warning (ATD215)"


@pytest.mark.parametrize("path", [FIRST_STEPS, TWELVE, MANUAL], ids=lambda path: path.stem)
def test_dot_read_back_has_the_stages_and_rules_of_the_graph(path: Path) -> None:
    shown = drawings.diagram_of(path)
    picture = read_back(dot.rules(shown))
    nodes = {node.get_name(): node for node in picture.get_nodes()}
    assert list(nodes) == [*(box.id for box in shown.boxes), "start"]
    edges = [edge for edge in picture.get_edges() if edge.get_source() != "start"]
    styles = {Move.PROGRESS: "solid", Move.ROLLBACK: "dashed", Move.STAY: "solid"}
    assert sorted((*ends(edge), number_of(edge), edge.get("style"), edge.get("color")) for edge in edges) == sorted(
        (
            *(arrow.source, arrow.target, arrow.number),
            *("dotted" if arrow.manual else styles[arrow.move], f'"{palette.ARROW[arrow.move]}"'),
        )
        for arrow in shown.arrows
    )
    assert [nodes[box.id].get("peripheries") == "2" for box in shown.boxes] == [box.final for box in shown.boxes]
    [start] = [edge for edge in picture.get_edges() if edge.get_source() == "start"]
    assert [start.get_destination()] == [box.id for box in shown.boxes if box.initial]


def test_of_two_stages_with_an_arrow_between_them_the_earlier_one_is_above(tmp_path: Path) -> None:
    need_graphviz()
    file = tmp_path / "finding.yaml"
    # B is entered only by falling back from C, which an arrow alone would put below it.
    only_back = "      - progress: C\n        when: finished_trials[-1] >= 1\n"
    rules = only_back + "      - rollback: B\n        when: finished_trials[-1] < 1\n"
    head = FINDING[: FINDING.index("    transitions")]
    text = f"{head}    transitions:\n{only_back}  B:\n    inherits: A\n    transitions:\n{only_back}"
    text += f"  C:\n    inherits: A\n    transitions:\n{rules.removeprefix(only_back)}"
    text += "      - progress: D\n        when: finished_trials[-1] > 9\n  D: {inherits: A, final: true}\n"
    file.write_text(text, encoding="utf-8")
    for path in (file, TWELVE, ROOT / "curriculums" / "coupled_baiting" / "coupled_baiting_2.3.yaml"):
        shown = drawings.diagram_of(path)
        drawing = ET.fromstring(dot.draw(dot.rules(shown), "svg"))
        heights = {e.text: float(e.attrib["y"]) for e in drawing.iter("{http://www.w3.org/2000/svg}text")}
        places = {box.id: (order, heights[box.name]) for order, box in enumerate(shown.boxes)}
        for arrow in shown.arrows:
            if arrow.source != arrow.target:
                (_, above), (_, below) = sorted((places[arrow.source], places[arrow.target]))
                assert above < below


def read_back(text: str) -> pydot.Dot:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pydot calls its parser by names that are going out of use
        found = pydot.graph_from_dot_data(text)
    assert found is not None
    [picture] = found
    return picture


def number_of(edge: pydot.Edge) -> int:
    found = re.match(r'"\s*(\d+): ', edge.get("label"))
    assert found is not None
    return int(found[1])


def ends(edge: pydot.Edge) -> tuple[str, str]:
    """Where an arrow comes from and leads to; one that is drawn backwards is written the other way round."""
    pair = str(edge.get_source()), str(edge.get_destination())
    return pair[::-1] if edge.get("dir") == "back" else pair


@pytest.mark.parametrize("text", drawings.HOSTILE, ids=range(len(drawings.HOSTILE)))
def test_hostile_text_does_not_change_the_structure_of_dot(text: str) -> None:
    shown, plain = diagram.of(drawings.hostile(text)), drawings.diagram_of(MANUAL)
    picture = read_back(dot.rules(shown))
    assert [node.get_name() for node in picture.get_nodes()] == ["n0", "n1", "n2", "start"]
    edges = [(*ends(edge), number_of(edge)) for edge in picture.get_edges() if edge.get_source() != "start"]
    assert sorted(edges) == sorted((arrow.source, arrow.target, arrow.number) for arrow in plain.arrows)
    assert {key for node in picture.get_nodes() for key in node.get_attributes()} == {
        *("label", "tooltip", "shape", "style", "peripheries", "fillcolor", "color", "fontname", "fontsize"),
        *("fontcolor", "margin", "width"),
    }
    assert [node.get_name() for node in read_back(dot.parameters(table.of(drawings.hostile(text)))).get_nodes()] == [
        "parameters"
    ]
    assert len(mermaid.rules(shown).splitlines()) == len(mermaid.rules(plain).splitlines())


def test_the_colour_of_stages_runs_along_the_training_and_all_differ() -> None:
    colours = [palette.training(place / 11) for place in range(12)]
    assert (colours[0], colours[-1]) == ("#ffffd9", "#41b6c4")
    assert len(set(colours)) == 12
    parts = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours]
    grey = [0.3 * red + 0.59 * green + 0.11 * blue for red, green, blue in parts]
    assert grey == sorted(grey, reverse=True)  # so it does without any colour


def test_the_table_shows_what_changes_from_stage_to_stage() -> None:
    shown = table.of(drawings.graph_of(TWELVE))
    rows = {row.name: row for row in shown.rows}
    assert list(rows) == ["task", "reward_volume", "hold_time", "block_min", "block_max", "side", "light", "note"]
    values = [cell.text for cell in rows["reward_volume"].cells]
    assert values == ["6", "4", "4", "4", "4", "4", "3", "3", "3", "3", "3", ""]
    assert [place for place, cell in enumerate(rows["reward_volume"].cells) if cell.changed] == [1, 6]
    assert rows["reward_volume"].tip == "Size of a reward (uL)\nAn operator may change it."
    assert rows["reward_volume"].cells[1].tip == "Size of a reward: 4 uL\nin the stage before: 6"
    assert [cell.text for cell in rows["note"].cells] == [""] * 8 + ["dim"] * 3 + [""]
    assert rows["note"].cells[8].tip == "Remark for the operator: dim\nin the stage before: not set"
    assert [cell.text for cell in rows["light"].cells][7:9] == ["true", "false"]
    assert all(
        row.cells[-1] == table.Cell("", changed=False, tip="") for row in shown.rows
    )  # a final stage with nothing


def test_a_png_is_one_and_can_be_read_at_its_size() -> None:
    need_graphviz()
    for text in (dot.rules(drawings.diagram_of(TWELVE)), dot.parameters(table.of(drawings.graph_of(TWELVE)))):
        drawn = dot.draw(text, "png")
        assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", drawn[16:24])
        assert 400 < width < 4000
        assert 400 < height < 4000


def test_a_graphviz_that_fails_or_does_not_end_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_graphviz()
    text = dot.rules(drawings.diagram_of(TWELVE))
    with pytest.raises(dot.GraphvizError, match=r"has not drawn it within 0\.001 s"):
        dot.draw(text, "svg", seconds=0.001)
    with pytest.raises(dot.GraphvizError, match=r"Graphviz has failed \(exit code 1\): .*syntax error"):
        dot.draw("digraph {", "svg")
    fake = tmp_path / "dot"
    fake.write_text("no program", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(dot.GraphvizError, match="cannot be run"):
        dot.draw(text, "svg")


def test_nothing_but_shapes_and_text_comes_out_of_a_drawing() -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
    for element in ("<script/>", "<image/>", "<foreignObject/>", "<style/>", "<g><use/></g>"):
        with pytest.raises(ValueError, match="unknown element"):
            svg.tidy(drawing.format(element).encode())
    link = '<g><title>n0</title><a xlink:href="#" xlink:title="whole"><text>w</text></a></g>'
    tidied = svg.tidy(drawing.format(link + link.replace("whole", "tip \u29f5N")).encode()).decode()
    assert tidied.count("<title>whole</title>") == 1
    assert "<g><title>tip \\N</title><text>w</text></g>" in tidied
    assert "href" not in tidied
    assert "n0" not in tidied


def test_mermaid_takes_less_text_before_it_leaves_out_arrows() -> None:
    long = diagram.of(drawings.hostile("#" * 90))
    arrows = tuple(long.arrows[1:3]) * 200
    some = Diagram(long.name[:5], "1", "", long.boxes, arrows)
    text = mermaid.rules(some)
    assert len(text) <= mermaid.MAX_CHARACTERS
    assert len(re.findall(r"^\w+ (==>|-\.->)", text, re.MULTILINE)) == 400
    assert "only" not in text

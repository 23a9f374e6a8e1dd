"""Pictures in a real browser: tool tips are found, and text of a file stays text whatever it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import drawings
import pytest
from browser import Seen, Viewer, need_graphviz, viewer

from autotrain_dsl.graph import StateGraph
from autotrain_dsl.model import Move
from autotrain_dsl.render import diagram, dot, mermaid, page, table
from autotrain_dsl.render.svg import BACKSLASH

SHOWN = "[...document.querySelectorAll('text')].map(text => text.textContent.trim())"
SCRIPTS = "[...document.querySelectorAll('script, img, iframe, object, embed, image, use, a, foreignObject')]"
FOREIGN = "script, img, iframe, a, b, i, em, strong, code, ul, ol"
HANDLERS = "[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on|href|src/i.test(a.name)))"
CELLS = "[...document.querySelectorAll('th[scope=row], td')].map(cell => cell.title)"
LABELS = "[...document.querySelectorAll('svg .label')].map(label => label.textContent)"
CONDITION = "session_at_current_stage >= 2 and mean(at_stage(correct)[-2:]) >= 0.75 and rewards[-1] >= 40 / 4"


@pytest.fixture(scope="module")
def browser() -> Iterator[Viewer]:
    with viewer() as running:
        yield running


@pytest.fixture(scope="module")
def board(browser: Viewer) -> Iterator[Seen]:
    """One page on which Mermaid draws picture after picture."""
    with browser.mermaid() as seen:
        yield seen


def drawn(folder: Path, text: str) -> Path:
    need_graphviz()
    file = folder / "picture.svg"
    file.write_bytes(dot.draw(text, "svg"))
    return file


def whole_page(folder: Path, graph: StateGraph) -> Path:
    shown = diagram.of(graph)
    file = folder / "page.html"
    svg = dot.draw(dot.rules(shown), "svg")
    file.write_text(page.html(graph, shown, table.of(graph), svg), encoding="utf-8")
    return file


def is_harmless(seen: Seen, file: Path) -> bool:
    return not (seen.dialogs or seen.complaints) and seen.requests == [file.as_uri()]


def test_the_whole_condition_of_a_rule_is_the_tool_tip_of_its_arrow(browser: Viewer, tmp_path: Path) -> None:
    with browser.open(drawn(tmp_path, dot.rules(drawings.diagram_of(drawings.FIRST_STEPS)))) as seen:
        tip = seen.tip_over("text", "1: two sessions in which")
        assert tip == (
            f"PRESS, rule 1: progress to PRESS_FIVE when {CONDITION}\n"
            "because two sessions in which most presses are on the right lever"
        )
        assert seen.titles().count(tip) == 2  # over the line, and over its text
        assert seen.tip_over("text", "TOUCH") == (
            "TOUCH: stage 1 of 3\nAny touch of the lever gives a large reward.\nNew subjects start here."
        )
        assert seen.all(HANDLERS) == []


def test_title_and_unit_of_a_parameter_are_its_tool_tip(browser: Viewer, tmp_path: Path) -> None:
    with browser.open(drawn(tmp_path, dot.parameters(table.of(drawings.graph_of(drawings.FIRST_STEPS))))) as seen:
        assert seen.tip_over("text", "reward_volume") == "Water for one reward (microlitre)"
        assert seen.tip_over("text", "4") == "Water for one reward: 4 microlitre\nin the stage before: 8"
        assert seen.all(HANDLERS) == []


def test_every_rule_of_twelve_stages_has_its_tool_tip(browser: Viewer, tmp_path: Path) -> None:
    shown = drawings.diagram_of(drawings.TWELVE)
    with browser.open(drawn(tmp_path, dot.rules(shown))) as seen:
        titles = seen.titles()
    assert titles[0] == "Twelve Stages 1.10"
    assert {tip: titles.count(tip) for tip in titles[1:]} == {
        "New subjects start here.": 2,
        **{box.tip: 1 for box in shown.boxes},
        **{arrow.tip: 2 for arrow in shown.arrows},
    }
    assert sum("ATD416: `finished_trials[-2]` looks 2 sessions back" in tip for tip in titles) == 2


def test_a_page_shows_picture_rules_and_table_without_a_request(browser: Viewer, tmp_path: Path) -> None:
    file = whole_page(tmp_path, drawings.graph_of(drawings.FIRST_STEPS))
    with browser.open(file) as seen:
        assert is_harmless(seen, file)
        assert seen.page.title() == "First Steps 1.0"
        tip = seen.tip_over("svg text", "1: two sessions in which") or ""
        assert tip.startswith(f"PRESS, rule 1: progress to PRESS_FIVE when {CONDITION}")
        assert seen.page.locator("li").filter(has_text=f"progress to PRESS_FIVE when {CONDITION}").count() == 1
        assert seen.tip_over("th[scope=row]", "reward_volume") == "Water for one reward (microlitre)"
        changed = seen.all("[...document.querySelectorAll('td.changed')].map(cell => cell.textContent)")
        assert changed == ["right", "5", "4"]
        colours = "[...document.querySelectorAll('td.changed')].map(cell => getComputedStyle(cell).backgroundColor)"
        assert set(seen.all(colours)) == {"rgb(255, 224, 138)"}


@pytest.mark.parametrize("text", drawings.HOSTILE, ids=range(len(drawings.HOSTILE)))
def test_hostile_text_stays_text_in_a_picture(browser: Viewer, tmp_path: Path, text: str) -> None:
    graph = drawings.hostile(text)
    shown = diagram.of(graph)
    file = drawn(tmp_path, dot.rules(shown))
    with browser.open(file) as seen:
        assert is_harmless(seen, file)
        assert seen.all(SCRIPTS) == []
        assert seen.all(HANDLERS) == []
        titles = seen.titles()
        assert set(titles) == {
            shown.title,
            "New subjects start here.",
            *(box.tip for box in shown.boxes),
            *(arrow.tip for arrow in shown.arrows),
        }
        assert said(" ".join(seen.all(SHOWN))).count(start_of(text)) >= len(shown.arrows)


@pytest.mark.parametrize("text", drawings.HOSTILE, ids=range(len(drawings.HOSTILE)))
def test_hostile_text_stays_text_in_a_table_and_on_a_page(browser: Viewer, tmp_path: Path, text: str) -> None:
    graph = drawings.hostile(text)
    rows = table.of(graph).rows
    tips = {tip for row in rows for tip in (row.tip, *(cell.tip for cell in row.cells)) if tip}
    file = drawn(tmp_path, dot.parameters(table.of(graph)))
    with browser.open(file) as seen:
        assert is_harmless(seen, file)
        assert seen.all(SCRIPTS) == []
        assert seen.all(HANDLERS) == []
        assert tips <= set(seen.titles())
    file = whole_page(tmp_path, graph)
    with browser.open(file) as seen:
        assert is_harmless(seen, file)
        assert seen.all(SCRIPTS) == []
        assert seen.all(HANDLERS) == []
        assert set(seen.all(CELLS)) == {row.tip for row in rows} | {cell.tip for row in rows for cell in row.cells}
        rules = seen.all("[...document.querySelectorAll('li')].map(rule => rule.textContent)")
        assert rules == [arrow.whole for arrow in diagram.of(graph).arrows]


@pytest.mark.parametrize("text", drawings.HOSTILE, ids=range(len(drawings.HOSTILE)))
def test_hostile_text_stays_text_in_mermaid(board: Seen, text: str) -> None:
    shown = diagram.of(drawings.hostile(text))
    board.draw(mermaid.rules(shown))
    assert (board.dialogs, board.requests, board.complaints) == ([], [], [])
    assert (
        board.all(f"[...document.querySelectorAll('svg')].flatMap(svg => [...svg.querySelectorAll('{FOREIGN}')])") == []
    )
    assert said(" ".join(board.all(LABELS))).count(start_of(text)) >= len(shown.arrows)
    assert board.page.locator("svg g.node").count() == len(shown.boxes) + 1


@pytest.mark.parametrize("path", [drawings.FIRST_STEPS, drawings.TWELVE, drawings.MANUAL], ids=lambda path: path.stem)
def test_mermaid_draws_all_stages_and_rules(board: Seen, path: Path) -> None:
    shown = drawings.diagram_of(path)
    moving = [arrow for arrow in shown.arrows if arrow.move is not Move.STAY]
    board.draw(mermaid.rules(shown))
    assert board.complaints == []
    assert board.page.locator("svg g.node").count() == len(shown.boxes) + 1
    assert board.page.locator("svg path.flowchart-link").count() == len(moving) + 1
    labels = said(" ".join(board.all(LABELS)))
    for arrow in shown.arrows:
        assert f"{arrow.number}:{start_of(arrow.text)}" in labels


def test_mermaid_draws_as_many_arrows_as_it_takes(board: Seen, tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_text(drawings.large(40, 14), encoding="utf-8")
    board.draw(mermaid.rules(drawings.diagram_of(file)))
    assert board.page.locator("svg g.node").count() == 41
    assert board.page.locator("svg path.flowchart-link").count() == mermaid.MAX_ARROWS


def start_of(text: str) -> str:
    """What of a text is shown at least, without its white space: four lines hold more."""
    return said(diagram.clean(text))[:40]


def said(text: str) -> str:
    return re.sub(r"\s+", "", text).replace(BACKSLASH, "\\")

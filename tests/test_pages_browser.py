"""Pages in a real browser, opened from the disk: what they show, how they are used, and that they ask for nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import axe_playwright_python
import colony
import pages_kit
import pytest
from browser import Seen, Viewer, viewer
from pages_kit import HOSTILE, Site
from test_engine import SIMULATE, expected, some_form, typed

from autotrain_dsl import catalog
from autotrain_dsl.render.diagram import clean

AXE = next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Viewer]:
    with viewer() as found:
        yield found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return pages_kit.example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def tricky(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return pages_kit.hostile(tmp_path_factory.mktemp("hostile"))


@contextmanager
def opened(browser: Viewer, site: Site, name: str) -> Iterator[Seen]:
    """A page that has drawn what is in view, and that must have been quiet all the time."""
    with browser.open(site.pages / name) as seen:
        if name == "index.html" or seen.page.locator(".metric").count():
            seen.page.locator(".chart .point").first.wait_for()
        yield seen
        assert (seen.dialogs, seen.complaints) == ([], [])
        assert all(address.startswith(site.pages.as_uri()) for address in seen.requests)


def ticks(seen: Seen) -> list[str]:
    """The mice of the chart from the top on, as far as it is drawn."""
    seen.page.locator("#progress .point").first.wait_for()
    return [text.strip() for text in seen.page.locator("#progress .ytick text").all_text_contents()]


def marks(seen: Seen) -> int:
    seen.page.locator("#progress .point").first.wait_for()
    return seen.page.locator("#progress .point").count()


def rows(seen: Seen, table: str) -> list[str]:
    """The first cells of the rows that are to be seen."""
    return [text.split()[0] for text in seen.page.locator(f"#{table} tbody tr:not([hidden]) th").all_text_contents()]


# From the disk


def test_every_link_leads_to_a_page(site: Site) -> None:
    for page in site.every:
        for link in re.findall(r'href="([^"#]+)', page.read_text(encoding="utf-8")):
            assert link == "data:," or (page.parent / link).resolve().is_file(), (page, link)


@pytest.mark.parametrize(
    "name",
    ["index.html", "curriculums.html", "mice/700107.html", "mice/700109.html", "curriculums/Coupled_Baiting_2_3.html"],
)
def test_pages_open_from_the_disk_are_accessible_and_fit_on_a_phone(browser: Viewer, site: Site, name: str) -> None:
    with opened(browser, site, name) as seen:
        assert seen.page.locator("h1").count() == 1
        assert re.search(r"\w", seen.page.title())
        seen.page.evaluate(AXE)
        for scheme in ("light", "dark"):
            seen.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            found = seen.page.evaluate("axe.run({preload: false})")
            assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], scheme
            assert len(found["passes"]) > 20
        seen.page.set_viewport_size({"width": 360, "height": 700})
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_keyboard_reaches_the_content_first_and_sorts_a_table(browser: Viewer, site: Site) -> None:
    with opened(browser, site, "index.html") as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.textContent") == "To the content"
        seen.page.keyboard.press("Enter")
        assert seen.page.url.endswith("#content")
        seen.page.locator("#table thead button").nth(4).focus()
        seen.page.keyboard.press("Enter")
        assert seen.page.locator("#table thead th").nth(4).get_attribute("aria-sort") == "ascending"
        seen.page.keyboard.press("Enter")
        head = seen.page.locator("#table thead th").nth(4)
        cells = seen.page.locator("#table tbody tr td:nth-child(5)")
        head.locator("button").click()
        up = [int(text) for text in cells.all_text_contents()]
        assert up == sorted(up)
        head.locator("button").click()
        assert [int(text) for text in cells.all_text_contents()] == sorted(up, reverse=True)
        assert head.get_attribute("aria-sort") == "descending"
        assert len(set(up)) > 3


# The colony


def test_the_chart_has_a_line_for_every_mouse_and_a_mark_for_every_session(browser: Viewer, site: Site) -> None:
    with opened(browser, site, "index.html") as seen:
        judged = seen.page.evaluate("autotrain.data('colony').session.length")
        assert marks(seen) == judged > 200
        assert ticks(seen)[:3] == ["007001", "700101", "700102"]
        colours = seen.all(
            "[...document.querySelectorAll('#progress .point')].map(each => getComputedStyle(each).fill)"
        )
        assert len(set(colours)) >= 6
        shapes = seen.all(
            "[...document.querySelectorAll('#progress .point')].map(each => each.getAttribute('d').length)"
        )
        assert len(set(shapes)) >= 3  # closed loop, open loop, overridden
        # A closer look is the same in every piece.
        strips = "[...document.querySelectorAll('#progress .strip')].filter(each => each.layout)"
        ranges = f"{strips}.map(each => each.layout.xaxis.range.map(Math.round))"
        before = seen.all(ranges)
        seen.page.evaluate(
            "Plotly.relayout(document.querySelector('#progress .strip'), {'xaxis.range[0]': 3, 'xaxis.range[1]': 8})"
        )
        assert seen.all(ranges) == [[3, 8]] * len(before)
        seen.page.evaluate("Plotly.relayout(document.querySelector('#progress .strip'), {'xaxis.autorange': true})")
        assert seen.all(ranges) == before


def test_a_mark_tells_everything_about_its_session_and_leads_to_it(browser: Viewer, site: Site) -> None:
    with opened(browser, site, "index.html") as seen:
        place = seen.page.evaluate(
            "(() => { const c = autotrain.data('colony'); return c.session.findIndex((n, row) => "
            "n === 2 && c.mice[c.mouse[row]].name === '700107'); })()"
        )
        mark = seen.page.locator("#progress .point").nth(place)
        mark.scroll_into_view_if_needed()
        box = mark.bounding_box()
        assert box is not None
        seen.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        told = seen.page.locator("#progress .hoverlayer text.nums").text_content() or ""
        for word in (
            "700107, session 2", "2025-01-07", "Coupled Baiting 2.3", "ran Stage 2", "overridden by the trainer",
            "suggested was Stage 1", "Finished trials: 238 trials", "Foraging efficiency: 0.604 ratio", "STAY",
            "no rule fired",
        ):  # fmt: skip
            assert word in told
        seen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        seen.page.wait_for_url("**/mice/700107.html#session-2")
        assert seen.page.locator("#session-2 details[open] ol > li").count() == 2


def test_mice_are_sorted_filtered_and_laid_out_by_date(browser: Viewer, site: Site) -> None:
    with opened(browser, site, "index.html") as seen:
        page, shown = seen.page, ticks(seen)
        assert shown == sorted(shown)
        page.select_option("#order", "progress")
        final = [name for name in shown if name in ("700104", "700105")]
        assert ticks(seen)[-2:] == final or set(ticks(seen)[-2:]) == set(final)
        page.select_option("#order", "last")
        newest = ticks(seen)[0]
        assert newest == "700111"
        page.select_option("#order", "first")
        assert ticks(seen)[-1] == "700111"
        page.select_option("#axis", "date")
        assert ticks(seen)
        assert page.locator("#progress .xtitle").first.text_content() == "date"
        assert marks(seen) == page.evaluate("autotrain.data('colony').session.length")
        page.select_option("#axis", "days")
        assert ticks(seen)
        assert page.locator("#progress .xtitle").first.text_content() == "days since the first session"
        page.fill("#search", "70011")
        page.locator("#found").filter(has_text="10 of").wait_for()
        assert len(rows(seen, "table")) == 10
        assert all(name.startswith("70011") for name in [*ticks(seen), *rows(seen, "table")])
        page.fill("#search", "")
        page.check("#watched")
        listed = set(page.locator("#notices tbody th a").all_text_contents())
        assert set(rows(seen, "table")) == listed
        page.uncheck("#watched")
        page.select_option("#stage", "GRADUATED")
        assert 0 < len(rows(seen, "table")) < len(shown)
        assert set(rows(seen, "table")) == set(ticks(seen))


def test_charts_below_are_drawn_when_they_come_into_view(browser: Viewer, site: Site) -> None:
    with opened(browser, site, "index.html") as seen:
        seen.page.locator("#graduation").scroll_into_view_if_needed()
        seen.page.locator("#graduation .scatterlayer .js-line").first.wait_for()
        seen.page.locator("#counts .scatterlayer .js-fill").first.wait_for()
        assert seen.page.locator("#counts .legend .traces").count() >= 5
        assert "%" in (seen.page.locator("#graduation .ytick").last.text_content() or "")


# A mouse


def test_a_mouse_has_its_metrics_with_the_thresholds_of_its_stages(browser: Viewer, site: Site) -> None:
    with opened(browser, site, "mice/700107.html") as seen:
        seen.page.locator("#metric-1 .point").first.wait_for()
        lines = seen.all(
            "document.getElementById('metric-0').data.slice(0, -1).map(each => [each.y[0], each.hovertemplate])"
        )
        assert [200, "Stage 1 w/warmup, to progress<br>rule 1: finished_trials[-1] &gt;= 200<extra></extra>"] in lines
        assert [300, "Stage final, to roll back<br>rule 2: mean(finished_trials[-5:]) &lt; 300<extra></extra>"] in lines
        values = seen.page.evaluate("document.getElementById('metric-0').data.at(-1).y")
        assert values[:3] == [205, 238, 276]
        [means] = seen.all(
            "document.getElementById('metric-0').data"
            ".filter(each => each.hovertemplate.includes('mean(finished_trials[-5:]):'))"
            ".map(each => each.y.filter(value => value !== null))"
        )
        trials = [362, 403, 450, 416, 215, 448, 430, 485, 294]
        assert means == pytest.approx([sum(trials[at : at + 5]) / 5 for at in range(5)], rel=1e-12)
        overridden = seen.page.locator("#sessions .tag").all_inner_texts()
        assert [text for text in overridden if "overridden" in text] == [
            "overridden: Stage 2 was suggested", "overridden: Stage 1 was suggested"
        ]  # fmt: skip


def test_a_chart_is_kept_as_a_picture(browser: Viewer, site: Site, tmp_path: Path) -> None:
    with browser.open(site.pages / "mice" / "700107.html") as seen:
        seen.page.locator("#metric-0 .point").first.wait_for()
        seen.page.locator("#metric-0").hover()
        with seen.page.expect_download() as kept:
            seen.page.locator("#metric-0 .modebar-btn").first.click()
        kept.value.save_as(tmp_path / "chart.png")
        assert seen.complaints == []
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_every_decision_is_made_once_more_rule_by_rule(browser: Viewer, site: Site) -> None:
    with opened(browser, site, "mice/700107.html") as seen:
        for details in seen.page.locator("#sessions details").all():
            details.locator("summary").click()
        told = seen.page.locator("#sessions details > div").all_inner_texts()
        assert len(told) == 15
        assert all("fire" in text for text in told)
        assert not any(word in text for text in told for word in ("Recorded is", "damaged", "not among"))
        last = told[0]
        assert "mean(finished_trials[-5:]) >= 450" in last
        assert "374.4, needs at least 450, short by 75.6" in last


def test_a_mouse_without_a_decision_says_why(browser: Viewer, site: Site) -> None:
    with opened(browser, site, "mice/700109.html") as seen:
        assert "there is no curriculum Coupled Baiting@2.4" in seen.page.locator("main").inner_text()
        assert seen.page.locator("table").count() == 0


@pytest.fixture
def shuttle(tmp_path: Path) -> Site:
    """A mouse that changes its stage with every session, and metrics and stages that are called as in JavaScript."""
    curriculum = colony.TINY.replace("foraging_efficiency", "constructor").replace("STAGE_1", "valueOf")
    made = colony.Colony.at(tmp_path, curriculum, suffix=".parquet")
    task = colony.TASK.replace("  foraging_efficiency:", "  constructor:")
    (tmp_path / "schemas" / "tasks" / "tiny_1.0.yaml").write_text(task, encoding="utf-8")
    rows = colony.mouse("__proto__", [250] * 400)
    made.behave([{**row, "current_stage_actual": ("valueOf", "STAGE_2")[place % 2]} for place, row in enumerate(rows)])
    site = Site(tmp_path)
    site.report()
    return site


def test_words_of_javascript_are_names_and_many_stays_are_few_lines(browser: Viewer, shuttle: Site) -> None:
    [page] = [each for each in shuttle.every if each.parent.name == "mice"]
    with opened(browser, shuttle, f"mice/{page.name}") as seen:
        assert seen.all("autotrain.data('mouse').names") == ["constructor", "finished_trials"]
        assert seen.page.locator("#metric-0 .point").count() >= 400
        assert seen.page.evaluate("document.getElementById('metric-0').data.length") <= 4
        assert seen.page.evaluate("document.getElementById('metric-0').layout.shapes.length") == 0
        seen.page.locator("#sessions details summary").first.click()
        told = seen.page.locator("#sessions details > div").first.inner_text()
        assert "constructor[-1]" in told
        assert "Recorded is" not in told


# A curriculum


def test_the_graph_tells_what_mice_do_there(browser: Viewer, site: Site) -> None:
    with opened(browser, site, "curriculums/Coupled_Baiting_2_3.html") as seen:
        tip = seen.tip_over("#stages ~ div svg text", "Stage 2")
        assert tip is not None
        assert re.search(r"STAGE_2: stage 3 of 6.*\d+ (mouse|mice) here now, \d+ sessions in all", tip, re.DOTALL)
        tips = seen.titles()
        assert any(re.search(r"STAGE_FINAL, rule 1: .*It has decided \d+ times?\.", tip, re.DOTALL) for tip in tips)
        text = seen.page.locator("main").inner_text()
        for word in (
            "When finished trials in the last session is at least 300", "30 of 30 tests pass", "A solver has looked",
            "minor change since 2.2", "the mean of foraging efficiency over the last 5 sessions is at least 0.7",
        ):  # fmt: skip
            assert word in text
        assert seen.page.locator("td.changed").count() > 10


def test_the_simulator_of_the_page_decides_as_the_interpreter_does(browser: Viewer, site: Site) -> None:
    judged = catalog.build([site.folder / "curriculums"], site.folder / "schemas" / "tasks").find(
        "Coupled Baiting", "2.3"
    )
    assert judged is not None
    random = Random(8)
    forms = [some_form(random, judged) for _ in range(500)]
    with opened(browser, site, "curriculums/Coupled_Baiting_2_3.html") as seen:
        found = seen.page.evaluate(SIMULATE, json.dumps([typed(form) for form in forms]))
    wanted = [expected(judged, form) for form in forms]
    for one, other, form in zip(found, wanted, forms, strict=True):
        assert one == other, form
    assert {each["decision"] for each in wanted} == {"STAY", "PROGRESS", "ROLLBACK"}


# Whatever a table or a curriculum says


def test_hostile_text_is_text_on_every_page(browser: Viewer, tricky: Site) -> None:
    everything = " ".join(path.read_text(encoding="utf-8") for path in tricky.every)
    assert "<img src=x" not in everything
    assert "<script>alert" not in everything
    with opened(browser, tricky, "index.html") as seen:
        names = [text.strip() for text in seen.page.locator("#table tbody th a").all_text_contents()]
        for text in HOSTILE:
            assert any(same(text, name) for name in names), text
        seen.page.locator("#progress .point").first.hover(force=True)
        assert "session" in (seen.page.locator("#progress .hoverlayer text.nums").text_content() or "")
        assert not seen.page.locator("#progress a").count()
        listed = seen.page.locator("#notices").inner_text()
        assert "finished_trials is -5" in listed
    mice = [page for page in tricky.every if page.parent.name == "mice"]
    assert len(mice) == 2 * len(HOSTILE)
    assert all(re.fullmatch(r"mouse-[0-9a-f]{16}|-", page.stem) for page in mice)
    judged = [page for page in mice if 'id="sessions"' in page.read_text(encoding="utf-8")]
    for page in judged[:3]:
        with opened(browser, tricky, f"mice/{page.name}") as seen:
            seen.page.locator("#sessions details summary").first.click()
            seen.page.locator("#sessions details[open] ol > li").first.wait_for()
    with opened(browser, tricky, "curriculums/Tiny_1_0.html") as seen:
        shown = seen.page.locator("main").inner_text()
        for text in HOSTILE:
            assert all(word in shown for word in clean(text).split() if word.isascii()), text
        assert seen.page.locator("main img, main script, main iframe").count() == 0


def same(text: str, shown: str) -> bool:
    """Whether a text is shown, white space and what cannot be shown apart."""
    return [word for word in clean(text).split() if word.isprintable()] == shown.split() or clean(
        " ".join(text.split())
    ) == shown

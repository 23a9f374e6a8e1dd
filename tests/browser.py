"""A real browser for tests: opens local files, and notes whatever a page tries to do."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

# The tool tip that a browser shows at the centre of an element: that of the innermost element around it with one.
_HOVER = """
element => {
  const box = element.getBoundingClientRect();
  let found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  for (; found; found = found.parentElement) {
    const title = [...found.children].find(child => child.localName === 'title');
    if (title) return title.textContent;
    if (found.hasAttribute('title')) return found.getAttribute('title');
  }
  return null;
}
"""
_DRAW = """
async text => {
  mermaid.initialize({startOnLoad: false, securityLevel: 'strict'});
  const {svg} = await mermaid.render('picture', text);
  document.body.innerHTML = svg;
}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """An open page, and what it did: dialogs it showed, addresses it asked for, and what it complained about."""

    page: Page
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def all(self, script: str) -> list[Any]:
        """What a script says that gives a list."""
        given: list[Any] = self.page.evaluate(script)
        return given

    def draw(self, text: str) -> None:
        """Let Mermaid draw a text on its page; that it cannot read it is an error here."""
        self.page.evaluate(_DRAW, text)

    def titles(self) -> list[str]:
        """Every tool tip of an SVG."""
        return self.all("[...document.querySelectorAll('title')].map(title => title.textContent)")

    def tip_over(self, selector: str, text: str) -> str | None:
        """The tool tip that shows while the pointer is over the first element that starts with this text."""
        element = self.page.locator(selector).filter(has_text=re.compile(rf"^\s*{re.escape(text)}")).first
        element.scroll_into_view_if_needed()
        assert element.is_visible()
        tip: str | None = element.evaluate(_HOVER)
        return tip


@dataclass(frozen=True, slots=True)
class Viewer:
    """Opens pages one after the other."""

    browser: Browser

    @contextmanager
    def open(self, file: Path) -> Iterator[Seen]:
        with self._page() as seen:
            seen.page.goto(file.as_uri())
            yield seen

    @contextmanager
    def mermaid(self) -> Iterator[Seen]:
        """A page with Mermaid, for ``draw``."""
        with self._page() as seen:
            seen.page.set_content("<!DOCTYPE html><html><body></body></html>")
            seen.page.add_script_tag(content=_mermaid_script())
            yield seen

    @contextmanager
    def _page(self) -> Iterator[Seen]:
        page = self.browser.new_page()
        seen = Seen(page)

        def dismiss(dialog: Dialog) -> None:
            seen.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        try:
            yield seen
        finally:
            page.close()


@contextmanager
def viewer() -> Iterator[Viewer]:
    """A running browser; the test is skipped where there is none."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no browser at {CHROMIUM} (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_OPTIONS)
        try:
            yield Viewer(browser)
        finally:
            browser.close()


def need_graphviz() -> None:
    """Skip a test that draws where nothing can."""
    if shutil.which("dot") is None:
        pytest.skip("there is no program `dot` (apt-get install graphviz)")


def _mermaid_script() -> str:
    # The package holds Mermaid as its authors publish it; nothing else of the package is used.
    found = importlib.util.find_spec("mermaidx")
    if found is None or not found.submodule_search_locations:
        pytest.skip("there is no Mermaid (pip install mermaidx)")
    return Path(found.submodule_search_locations[0], "assets", "mermaid.js").read_text(encoding="utf-8")

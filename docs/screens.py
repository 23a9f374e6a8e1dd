"""Make the screenshots of the pages, in a real browser: ``python docs/screens.py``.

They show the example colony, and the back-test of the lab's record where that is at hand.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screens"
RECORD = ROOT.parent / "shared" / "data" / "df_behavior_open_loop.csv"
CHROMIUM = "/usr/bin/chromium"
NOW = "2025-02-24T06:00:00+00:00"
COUPLED = ROOT / "curriculums" / "coupled_baiting"
_PICTURE = "Plotly.toImage('arrivals', {format: 'svg', width: 860, height: 420})"


def run(*arguments: str) -> None:
    """Run the program; some of the example's sessions cannot be judged, which is exit code 1."""
    line = [sys.executable, "-m", "autotrain_dsl", *arguments]
    done = subprocess.run(line, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - this very program
    if done.returncode not in (0, 1):
        raise SystemExit(done.returncode)


@contextmanager
def opened(width: int, height: int) -> Iterator[Page]:
    """A window of a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": width, "height": height})
        browser.close()


def colony(page: Page, pages: Path) -> None:
    """Screenshots of the colony with a session that is pointed at, of a mouse and of the simulator."""
    page.goto((pages / "index.html").as_uri())
    page.locator("#progress .point").first.wait_for()
    page.locator("#progress .point").nth(120).hover(force=True)
    page.locator("#progress .hovertext").wait_for()
    page.screenshot(path=FOLDER / "colony.png")
    page.goto((pages / "mice" / "700107.html").as_uri())
    page.locator("#metric-1 .point").first.wait_for()
    page.locator("#session-14 summary").click()
    page.evaluate("document.getElementById('metric-1').scrollIntoView({behavior: 'instant'})")
    page.screenshot(path=FOLDER / "mouse.png")
    page.goto((pages / "curriculums" / "Coupled_Baiting_2_3.html").as_uri())
    page.select_option("#simulator-stage", "STAGE_3")
    page.evaluate("document.getElementById('try').scrollIntoView({behavior: 'instant'})")
    page.screenshot(path=FOLDER / "simulator.png")


def backtest(page: Page, file: Path) -> None:
    """The curves of a back-test as a picture of their own."""
    page.goto(file.as_uri())
    page.locator("#arrivals .js-line").first.wait_for()
    address: str = page.evaluate(_PICTURE)
    head, _, content = address.partition(",")
    drawn = base64.b64decode(content) if "base64" in head else unquote(content).encode()
    (FOLDER / "backtest.svg").write_bytes(drawn + b"\n")


def main() -> None:
    """Make all of them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, opened(1200, 860) as page:
        folder = Path(name)
        tables = ["--curriculums", str(ROOT / "curriculums"), "--behavior", str(ROOT / "examples" / "df_behavior.csv")]
        tables += ["--manager", str(folder / "colony.csv"), "--now", NOW]
        run("evaluate", *tables)
        run("report", *tables, "--output", str(folder / "pages"))
        colony(page, folder / "pages")
        if RECORD.exists():
            files = [str(COUPLED / "coupled_baiting_2.3.yaml"), "--against", str(COUPLED / "coupled_baiting_2.1.yaml")]
            page_file = folder / "backtest.html"
            run("backtest", *files, "--behavior", str(RECORD), "--format", "html", "--output", str(page_file))
            backtest(page, page_file)


if __name__ == "__main__":
    main()

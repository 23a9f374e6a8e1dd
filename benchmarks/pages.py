"""Time how long pages of a large colony take to make and to open: ``python benchmarks/pages.py``.

The peer is one chart of the same sessions, with the same library and the same texts, drawn as a whole. Both are opened
from the disk in the same browser, by turns. Opened means that marks can be seen and pointed at.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
MICE, SESSIONS, RUNS = 500, 100, 5
PEER = """<!DOCTYPE html><meta charset="utf-8"><div id="progress"></div>
<script src="assets/plotly.min.js"></script><script id="colony" type="application/json">%s</script><script>
const c = JSON.parse(document.getElementById('colony').textContent), colours = c.stages.map(each => each.colour);
Plotly.newPlot('progress', [{type: 'scatter', mode: 'markers', x: c.session, y: c.mouse, hoverinfo: 'text',
  hovertext: c.session.map((n, row) => `session ${n}<br>${c.reasons[c.reason[row]]}`),
  marker: {size: 11, color: c.actual.map(s => colours[s]), line: {width: 2, color: c.suggested.map(s => colours[s])}}}],
  {height: c.mice.length * 22});
</script>"""


def main() -> None:
    """Make, open and print a Markdown table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}", end="")
    print("".join(f", {name} {version(name)}" for name in ("plotly", "pandas", "playwright")), end="")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        print(f", Chromium {browser.version}\n{MICE} mice, {MICE * SESSIONS:,} sessions of made-up data\n")
        colony().to_parquet(folder / "df_behavior.parquet")
        curriculums = ["--curriculums", str(ROOT / "curriculums" / "coupled_baiting")]
        manager = ["--manager", str(folder / "df_manager.parquet")]
        run("evaluate", *curriculums, "--behavior", str(folder / "df_behavior.parquet"), *manager)
        pages = folder / "pages"
        made = run("report", *curriculums, *manager, "--output", str(pages))
        again = run("report", *curriculums, *manager, "--output", str(pages))
        size = sum(file.stat().st_size for file in pages.rglob("*.*")) / 2**20
        print(f"| | s |\n|---|---|\n| `report` | {made:.1f} |\n| `report` again, nothing new | {again:.1f} |\n")
        print(f"{sum(1 for _ in pages.rglob('*.html'))} pages, {size:.0f} MB\n")
        data = re.search(r'id="colony">(.*?)</script>', (pages / "index.html").read_text("utf-8"))
        assert data is not None
        (pages / "peer.html").write_text(PEER % data[1], "utf-8")
        print("| opened from the disk | s | relative |\n|---|---|---|")
        files = {
            "the colony": "index.html",
            "one chart of all sessions (peer)": "peer.html",
            "a mouse": "mice/m0007.html",
        }
        times = {title: [] for title in files}
        for _ in range(RUNS):
            for title, file in files.items():
                times[title].append(opened(browser, pages / file))
        best = {title: min(found) for title, found in times.items()}
        for title, found in best.items():
            print(f"| {title} | {found:.2f} | {found / best['the colony']:.2f} |")
        browser.close()


def colony() -> pd.DataFrame:
    """Mice that get better until they do not."""
    random = np.random.default_rng(1)
    session = np.tile(np.arange(1, SESSIONS + 1), MICE)
    skill = np.repeat(random.uniform(0.3, 1, MICE), SESSIONS) * np.minimum(1, session / 25)
    start = np.repeat(np.arange(MICE) // 5, SESSIONS)
    dates = np.datetime64("2025-01-01") + (start + session).astype("timedelta64[D]")
    names = [f"m{n:04}" for n in range(MICE)]
    return pd.DataFrame(
        {
            "subject_id": np.repeat(names, SESSIONS),
            "session": session,
            "session_date": dates.astype(str),
            "curriculum_name": "Coupled Baiting",
            "curriculum_version": "2.3",
            "finished_trials": (200 + 400 * skill * random.uniform(0.7, 1.2, len(skill))).astype(int),
            "foraging_efficiency": (0.45 + 0.4 * skill * random.uniform(0.8, 1.2, len(skill))).round(3),
        }
    )


def run(*arguments: str) -> float:
    """How long the program takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "autotrain_dsl", *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def opened(browser: Browser, file: Path) -> float:
    """How long it takes until the first marks are there, in a window of its own."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    start = time.perf_counter()
    page.goto(file.as_uri())
    page.locator(".point").first.wait_for(state="attached", timeout=120_000)
    found = time.perf_counter() - start
    page.close()
    return found


if __name__ == "__main__":
    main()

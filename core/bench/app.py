"""`python -m core bench app`: the app in a real browser, from an empty workspace to a ranking, by the clock."""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import psutil
from rich.console import Console
from rich.table import Table

from core.bench.demo import PeakMemory
from core.errors import InputError
from core.processes import ROOT

PAGES = {  # a link of the sidebar, and how its page's title begins
    "New audit": "New audit",
    "Progress": "Run",
    "History": "History",
    "Results": "Results",
    "Benchmark": "Benchmark",
    "Guide": "Guide",
    "Home": "Home",
}
ROUNDS = 3
AUDIT = 300_000  # milliseconds

# Clicks a link; resolves with the milliseconds until the new page's script is at rest and nothing is a placeholder.
SWITCH = """
([label, title]) => new Promise((resolve) => {
    const links = [...document.querySelectorAll("[data-testid='stSidebar'] a")];
    const begun = performance.now();
    const look = () => {
        const rests = document.querySelector("[data-testid='stApp']").dataset.testScriptState === "notRunning";
        const whole = !document.querySelector("[data-testid*='Skeleton']");
        if (document.title.startsWith(title + " ·") && rests && whole) resolve(performance.now() - begun);
        else requestAnimationFrame(look);
    };
    links.find((link) => link.innerText.trim().endsWith(label)).click();
    look();
})
"""


def bench_app(console: Console) -> None:
    """Run the demo at standard effort in Chromium and print what was measured beside what is wanted.

    Raises:
        InputError: Playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise InputError("Playwright is not installed", remedy="run python3 launch.py test once") from error
    if not (chromium := shutil.which("chromium")):
        raise InputError("there is no chromium on the path", remedy="install the system's package chromium")

    table = Table("measured", "value", "wanted")
    with tempfile.TemporaryDirectory() as home, _app(home) as (url, process), sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page()
        page.goto(url)
        started = time.monotonic()
        page.get_by_role("button", name="Run the demo audit").click()
        page.get_by_alt_text("Contact sheet of synthesised probes").wait_for(timeout=AUDIT)
        sheet = time.monotonic() - started
        worker = next(child for child in process.children() if "core.runs.worker" in child.cmdline())
        memory = PeakMemory(worker.pid)
        page.get_by_text("Verdict: ranking only").wait_for(timeout=AUDIT)
        ranking = time.monotonic() - started

        page.get_by_test_id("stSidebar").get_by_role("link", name="Results").wait_for()
        switches = [
            (page.evaluate(SWITCH, [label, title]) / 1000, label)
            for _ in range(ROUNDS)
            for label, title in PAGES.items()
        ]
        slowest, slow_page = max(switches)
        median = statistics.median(seconds for seconds, _ in switches)

        table.add_row("click to first contact sheet", f"{sheet:.1f} s", "10 s")
        table.add_row("click to ranking", f"{ranking:.1f} s", "60 s")
        table.add_row("page switch, median", f"{median:.2f} s", "0.5 s")
        table.add_row(f"page switch, slowest: {slow_page}", f"{slowest:.2f} s", "0.5 s")
        table.add_row("app's process", f"{process.memory_info().rss / 1e6:.0f} MB", "300 MB")
        table.add_row("torch in the app's process", "yes" if _has_torch(process) else "no", "no")
        table.add_row("worker's peak", f"{memory.stop() / 1e6:.0f} MB", "1500 MB")
    console.print(table)


@contextmanager
def _app(home: str) -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "core/ui/server.py", "--server.headless", "true"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"AUDIT_HOME": home}
    app = subprocess.Popen([*command, "--server.port", str(port)], cwd=ROOT, env=environment, **quiet)
    try:
        url = f"http://127.0.0.1:{port}"
        _until_healthy(f"{url}/_stcore/health")
        yield url, psutil.Process(app.pid)
    finally:
        app.terminate()
        app.wait()


def _until_healthy(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise InputError("the app did not start within a minute", remedy="start it by hand to see why: python3 launch.py")


def _has_torch(process: psutil.Process) -> bool:
    return any("libtorch" in Path(entry.path).name for entry in process.memory_maps())

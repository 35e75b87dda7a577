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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import psutil
from rich.console import Console
from rich.table import Table

from core.bench.demo import PeakMemory
from core.errors import InputError
from core.processes import ROOT

PAGES = ("Home", "New audit", "History", "Guide")
ROUNDS = 3
AUDIT = 300_000  # milliseconds


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
        rest = page.locator("[data-testid='stApp'][data-test-script-state='notRunning']")
        rest.wait_for()

        switches = []
        for name in PAGES * ROUNDS:
            link = page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
            switches.append(_seconds(lambda link=link: (link.click(), page.wait_for_timeout(20), rest.wait_for())))
        page.get_by_test_id("stSidebar").get_by_role("link", name="Home", exact=True).click()
        rest.wait_for()

        started = time.monotonic()
        page.get_by_role("button", name="Run the demo audit").click()
        page.get_by_alt_text("Contact sheet of synthesised probes").wait_for(timeout=AUDIT)
        sheet = time.monotonic() - started
        worker = next(child for child in process.children() if "core.runs.worker" in child.cmdline())
        memory = PeakMemory(worker.pid)
        page.get_by_text("Verdict: ranking only").wait_for(timeout=AUDIT)
        ranking = time.monotonic() - started

        table.add_row("click to first contact sheet", f"{sheet:.1f} s", "10 s")
        table.add_row("click to ranking", f"{ranking:.1f} s", "60 s")
        table.add_row("page switch, median", f"{statistics.median(switches):.2f} s", "0.5 s")
        table.add_row("page switch, slowest", f"{max(switches):.2f} s", "0.5 s")
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


def _seconds(action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started

"""A real server and a real browser. Every page is watched: nothing may leave this machine, fail or complain."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    WebSocket,
    expect,
    sync_playwright,
)

from core.runs.folder import all_runs
from tests.support.zoo import make_zoo

ROOT = Path(__file__).parents[2]
STARTUP = 60  # seconds


class App:
    """A Streamlit server of this project on a port of its own, which can be killed and started again."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self.log = port, log
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "core/ui/server.py", "--server.headless", "true"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--server.port", str(self.port)], cwd=ROOT, stdout=log, stderr=log, env=dict(os.environ)
            )
        deadline = time.monotonic() + STARTUP
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/_stcore/health", timeout=2).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        raise AssertionError("the app did not start")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny zoo: candidates oak, elm and ash, and the student fern."""
    folder = tmp_path_factory.mktemp("zoo")
    make_zoo(folder)
    return folder


@pytest.fixture
def app(home: Path, tmp_path: Path) -> Iterator[App]:
    """On the test's workspace; workers that a failed test leaves behind end with it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = App(port, tmp_path / "app.log")
    server.start()
    yield server
    server.kill()
    for folder in all_runs():
        pid = folder.state().pid
        if folder.status() in ("queued", "running") and pid not in (None, os.getpid()):
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                 "--disable-background-networking", "--disable-component-update"]  # fmt: skip
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=quiet)
        yield browser
        browser.close()


class Watch:
    """What a page did that it should not have done."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.server_is_down = False  # then failed requests and complaints about them are to be expected

    def attach(self, page: Page) -> None:
        page.on("request", self._opened)
        page.on("websocket", self._opened)
        page.on("response", self._response)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))

    def _opened(self, connection: Request | WebSocket) -> None:
        address = urlsplit(connection.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname != "127.0.0.1":
            self.faults.append(f"left the machine: {connection.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and not self.server_is_down:
            self.faults.append(f"{response.status}: {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not self.server_is_down:
            self.faults.append(f"console: {message.text}")


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def context(app: App, browser: Browser, watch: Watch) -> Iterator[BrowserContext]:
    """Asks for the app so that it is closed before the server goes."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.on("page", watch.attach)
    context.set_default_timeout(30_000)
    yield context
    context.close()
    assert watch.faults == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def visit(app: App) -> Callable[[Page, str], None]:
    """Open a path of the app and wait until its script has run."""

    def go(page: Page, path: str = "") -> None:
        page.goto(f"{app.url}/{path}")
        settled(page)

    return go


def settled(page: Page) -> None:
    """Wait until the page's script is at rest."""
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()


def choose_quick_and_ask_anyway(page: Page) -> None:
    """The least effort, and no stop at a failed check of the probes.

    Each step waits for the one before to be drawn: what a page that is still moving is clicked on may be missed, and is
    clicked on again, as a person would.
    """
    page.get_by_role("radio", name="Quick").click()
    settled(page)
    page.get_by_text("Advanced", exact=True).click()
    switch = page.get_by_role("switch", name="Ask even if the probes fail their check")
    expect(switch).to_be_visible()
    settled(page)
    for _ in range(3):
        if not switch.is_checked():
            page.get_by_text("Ask even if the probes fail their check").click()
            settled(page)
    expect(switch).to_be_checked()
    settled(page)

"""The app as its users meet it: a server of its own, and Chromium to visit it with. For benchmarks and tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InputError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
STARTUP = 60.0  # seconds
QUIET = (  # Chromium calls home otherwise
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


class AppServer:
    """The app on a free port of this machine, which can be killed and started again on the same one."""

    def __init__(self, workspace: Path, log: Path) -> None:
        with socket.create_server((HOST, 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self.log = log
        self._environ = os.environ | {"AUDIT_HOME": str(workspace)}

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        """Returns once it takes calls; raises `InputError` with its last words where it does not."""
        command = [sys.executable, "-m", "streamlit", "run", "core/ui/server.py", "--server.headless", "true"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--server.port", str(self.port)], cwd=ROOT, env=self._environ, stdout=log, stderr=log
            )
        deadline = time.monotonic() + STARTUP
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                words = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise InputError("the app does not start", actual=" ".join(words[-1:]), remedy="run python3 launch.py")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    def _healthy(self) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=2)  # past any proxy
        try:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium without a window; raises `InputError` where it or Playwright is missing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise InputError(
            "Playwright, which drives the browser, is not installed", remedy="run python3 launch.py test once"
        ) from error
    program = shutil.which("chromium")
    if program is None:
        raise InputError("there is no Chromium", remedy="install it, on Debian with: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


def settled(page: Page) -> None:
    """Wait until the page's script is at rest."""
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()

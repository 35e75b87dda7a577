"""The tests' own guards: what a machine lacks is skipped or fails, and nothing leaves the machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from core.workspace import workspace

PROJECT = Path(__file__).parents[1]
TEST = """
import pytest, requests

@pytest.mark.browser
def test_page():
    pass

def test_plain():
    pass
"""


@pytest.mark.parametrize(
    ("ci", "status", "outcome"), [("", 0, "1 passed, 1 skipped"), ("true", 1, "1 passed, 1 error")]
)
def test_a_missing_browser_skips_and_fails_under_ci(tmp_path: Path, ci: str, status: int, outcome: str) -> None:
    shutil.copy(PROJECT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(TEST, encoding="utf-8")
    environ = {**os.environ, "PATH": str(tmp_path), "CI": ci}
    command = [sys.executable, "-m", "pytest", "-c", PROJECT / "pyproject.toml", "--rootdir", tmp_path, tmp_path]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, cwd=tmp_path)
    assert outcome in result.stdout
    assert "needs Chromium (Debian package chromium)" in result.stdout
    assert result.returncode == status


def test_each_test_has_its_own_workspace(home: Path) -> None:
    assert workspace() == home
    assert not list(home.iterdir())


@pytest.mark.parametrize("address", ["192.0.2.1", "example.org", "2001:db8::1"])  # RFC 5737, 2606 and 3849: examples
def test_no_request_leaves_the_machine(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(BaseException, match=r"a test (connected to|looked up)"):
        requests.get(f"http://{host}/", timeout=1)


def test_an_unresolvable_name_behaves_as_without_network() -> None:
    with pytest.raises(requests.ConnectionError, match="Name or service not known"):
        requests.get("http://nowhere.invalid/", timeout=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_open(host: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection((host, server.getsockname()[1])) as c,
    ):
        assert c.getpeername() == server.getsockname()

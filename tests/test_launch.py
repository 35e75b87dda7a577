"""`launch.py`, with stand-ins for the environment's Python: nothing is installed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import launch
from tests.support.launching import Project, noted

posix = pytest.mark.skipif(os.name != "posix", reason="the stand-in for Python is a shell script")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    project = Project(tmp_path)
    project.make_venv()
    monkeypatch.setattr(launch, "ROOT", tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield project
    signal.signal(signal.SIGTERM, before)


@posix
def test_setup_installs_once(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    assert launch.main(["setup"]) == 0
    assert project.installed == ["requirements.txt"]
    assert "Installing requirements.txt" in capfd.readouterr().out
    assert launch.main(["setup"]) == 0
    assert project.installed == ["requirements.txt"]


@posix
def test_tests_add_their_own_requirements_and_pass_arguments_on(project: Project) -> None:
    arguments = ["-k", "not slow", "--no-browser", "-h", "tests/test_launch.py"]
    assert launch.main(["test", *arguments]) == 0
    assert project.installed == ["requirements.txt", "requirements-dev.txt"]
    assert project.calls[-1] == " ".join(["-m pytest", *arguments])


@posix
def test_servers_have_an_environment_of_their_own(project: Project) -> None:
    assert launch.main(["setup"]) == 0
    assert not project.servers.exists()
    for _ in range(2):
        assert launch.main(["test"]) == 0
        assert [call.split()[-1] for call in noted(project.servers) if " install " in call] == [str(project.of_servers)]
    assert project.installed == ["requirements.txt", "requirements-dev.txt"]


@posix
def test_servers_have_the_python_whose_packages_they_borrow(project: Project) -> None:
    assert launch.main(["test"]) == 0
    project.make_venv("3.12.0")
    assert launch.main(["test"]) == 0
    assert launch.Environment(project.servers).version() == "3.12.0"
    assert len([call for call in noted(project.servers) if " install " in call]) == 2


@posix
def test_without_servers_the_other_tests_run(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    assert launch.main(["test"]) == 0
    project.of_servers.write_text("mlserver==2\n")
    (project.servers / "fails").write_text("-m pip install\nERROR: No matching distribution found for mlserver\n")
    assert launch.main(["test", "-x"]) == 0
    assert "Tests against real servers are left out. A package has no release" in capfd.readouterr().out
    assert project.calls[-1] == "-m pytest -x"


@posix
def test_exit_status_is_pytests(project: Project) -> None:
    assert launch.main(["setup"]) == 0
    project.fail("-m pytest")
    assert launch.main(["test"]) == 3


@posix
@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda p: p.requirements.write_text("plotly\n"), ["requirements.txt"]),
        (lambda p: p.dev.write_text("ruff\n"), ["requirements-dev.txt"]),
        (lambda p: (p.venv / "requirements.stamp").write_bytes(b"\xff"), ["requirements.txt"]),
        (lambda p: p.make_venv("3.12.0"), ["requirements.txt", "requirements-dev.txt"]),
        (lambda p: os.utime(p.requirements, (0, 0)), []),
    ],
    ids=["requirements", "dev requirements", "damaged stamp", "version of Python", "only a date"],
)
def test_what_changed_is_installed_again(project: Project, change: Callable[[Project], None], again: list[str]) -> None:
    launch.main(["test"])
    before = len(project.installed)
    change(project)
    launch.main(["test"])
    assert project.installed[before:] == again


@posix
@pytest.mark.parametrize("end", ["failed", "interrupted"])
def test_an_unfinished_install_leaves_no_stamp(project: Project, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert launch.main(["setup"]) == 0
    project.requirements.write_text("streamlit==2\n")
    if end == "failed":
        project.fail("-m pip install")
        assert launch.main(["setup"]) == 1
        project.mend()
    else:
        with monkeypatch.context() as patch:
            patch.setattr(launch, "install", interrupt)
            assert launch.main(["setup"]) == 130
    assert not list(project.venv.glob("*.stamp"))
    project.requirements.write_text("streamlit\n")  # what was stamped before, but the packages may be others now
    tries = len(project.installed)
    assert launch.main(["setup"]) == 0
    assert len(project.installed) == tries + 1


def interrupt(python: Path, file: Path) -> None:
    raise KeyboardInterrupt


@posix
@pytest.mark.parametrize("damage", ["no python", "python too old", "no pip"])
def test_a_broken_environment_is_made_anew(project: Project, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, really = [], subprocess.call

    def call(command: list[str], **options: int) -> int:
        if command[1:3] == ["-m", "venv"]:
            made.append(command[0])
            project.make_venv()
            if damage == "no pip":
                project.mend()
            return 0
        return really(command, **options)

    monkeypatch.setattr(launch.subprocess, "call", call)
    python = project.venv / "bin" / "python"
    if damage == "no python":
        python.unlink()
    elif damage == "python too old":
        python.write_text("#!/bin/sh\necho 3.9.1\nexit 1\n")
    else:
        project.fail("-m pip --version", "No module named pip")
    assert launch.main(["setup"]) == 0
    assert made == [sys.executable]
    assert project.installed == ["requirements.txt"]


def test_python_too_old(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(launch, "OLDEST", (99, 1))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert launch.main(["setup"]) == 1
    assert "is too old: start this with Python 99.1 or newer" in capsys.readouterr().err


@posix
def test_no_venv_module_names_the_package(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.venv / "bin" / "python").unlink()
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    assert launch.main(["setup"]) == 1
    major, minor = sys.version_info[:2]
    assert f"apt install python{major}.{minor}-venv" in capsys.readouterr().err


@posix
@pytest.mark.parametrize(
    ("complaint", "message"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("OSError: [WinError 112] There is not enough space on the disk", "disk is full"),
        (
            "Retrying ... Temporary failure in name resolution\nERROR: No matching distribution found for torch",
            "network",
        ),
        ("NewConnectionError: Failed to establish a new connection: [Errno 111]", "network"),
        ("ReadTimeoutError: Read timed out.", "network"),
        ("ERROR: No matching distribution found for torch<2.15,>=2.9", "no release for this machine"),
        ("ERROR: something new", "its own words are above"),
    ],
)
def test_why_pip_failed(project: Project, complaint: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    project.fail("-m pip install", complaint)
    assert launch.main(["setup"]) == 1
    error = capsys.readouterr().err
    assert complaint in error
    assert message in error.splitlines()[-1]
    assert "Traceback" not in error


def test_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.socket() as second:
        second.bind(("127.0.0.1", 0))
        taken, free = first.getsockname()[1], second.getsockname()[1]
        second.close()
        monkeypatch.setattr(launch, "PORTS", [taken, free])
        assert launch.free_port() == free
        monkeypatch.setattr(launch, "PORTS", [taken])
        with pytest.raises(launch.LaunchError, match=f"All ports from {taken} to {taken} are taken"):
            launch.free_port()


@pytest.mark.parametrize(
    ("environ", "platform", "possible"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "firefox"}, "linux", True),
        ({"BROWSER": "none", "DISPLAY": ":0"}, "linux", False),
        ({"BROWSER": "none"}, "darwin", False),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_browser_possible(environ: dict[str, str], platform: str, possible: bool) -> None:
    assert launch.browser_possible(environ, platform) is possible


SERVER = """#!{python}
import http.server, signal, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/_stcore/health" else 404)
        self.end_headers()
signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
port = int(sys.argv[sys.argv.index("--server.port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Health).serve_forever()
"""


@posix
def test_the_browser_opens_once_the_app_answers_and_ctrl_c_reaches_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = project.venv / "bin" / "python"
    python.write_text(SERVER.format(python=sys.executable))
    opened: list[str] = []

    def open_then_interrupt(address: str) -> None:
        opened.append(address)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(launch, "PORTS", [port])
    monkeypatch.setattr(launch.webbrowser, "open", open_then_interrupt)
    assert launch.serve(python, browser=True) == 7
    assert opened == [f"http://127.0.0.1:{port}"]


@posix
def test_an_app_that_does_not_start_ends_the_launcher(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert launch.main(["setup"]) == 0
    project.fail("-m streamlit")
    monkeypatch.setenv("BROWSER", "none")
    assert launch.main([]) == 3

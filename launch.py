#!/usr/bin/env python3
"""Sets Distillation Audit up in its own `.venv` and starts it, or its tests. Needs nothing but Python.

A stamp inside `.venv` remembers what is installed: a hash over the requirements file and the version of
the Python that it was installed for.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST = (3, 11)
HOST, PORTS = "127.0.0.1", range(8501, 8521)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxy the machine has
STOP_LIMIT = 10.0  # seconds that the app may take to end after Ctrl-C

say = partial(print, flush=True)

NO_VENV = "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python{}.{}-venv"
WHY_PIP_FAILED = {  # signs in what pip wrote to stderr: the message
    ("no space left", "winerror 112"): "The disk is full: make room, up to 8 GB are needed.",
    ("new connection", "name resolution", "getaddrinfo", "unreachable", "timeout", "timed out", "proxyerror"):
        "The packages could not be downloaded: check the network connection, or pip's proxy.",
    ("no matching distribution",): "A package has no release for this machine or Python; Python 3.11 has them all.",
    ("",): "pip could not install the packages: its own words are above.",
}  # fmt: skip


class LaunchError(Exception):
    """What is wrong and what to do, for people."""


class Environment:
    """A Python and packages of the project's own, in `folder`; the same Python as that of `like`, where it is given."""

    def __init__(self, folder: Path, like: Environment | None = None) -> None:
        self.folder, self.like = folder, like
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def version(self) -> str | None:
        """Its Python's version such as "3.11.7"; None when it is missing, broken or too old."""
        code = f"import sys; print('%d.%d.%d' % sys.version_info[:3]); sys.exit(sys.version_info < {OLDEST})"
        try:
            answer = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return answer.stdout.strip()

    def ensure(self, *files: Path) -> None:
        """Install the requirements files whose stamp is not theirs; raises `LaunchError`."""
        version = self.version()
        if self.like and version != self.like.version():
            version = None
        if version and all(self.stamped(file, version) for file in files):
            return
        if not version or subprocess.call([self.python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL):
            version = self._create()
        for file in files:
            if not self.stamped(file, version):
                stamp, content = self.stamp(file, version)
                stamp.unlink(missing_ok=True)  # an interrupted install must not pass for a finished one
                install(self.python, file)
                stamp.write_bytes(content)

    def stamp(self, file: Path, version: str) -> tuple[Path, bytes]:
        """Where it is noted that this requirements file was installed to the end, and what it says there."""
        content = hashlib.sha256(file.read_bytes() + version.encode()).hexdigest()
        return self.folder / f"{file.stem}.stamp", content.encode()

    def stamped(self, file: Path, version: str) -> bool:
        stamp, content = self.stamp(file, version)
        return stamp.is_file() and stamp.read_bytes() == content

    def _create(self) -> str:
        if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
            raise LaunchError(NO_VENV.format(*sys.version_info[:2]))
        say(f"Making a virtual environment in {self.folder}")
        python = self.like.python if self.like else sys.executable
        failed = subprocess.call([python, "-m", "venv", "--clear", self.folder])
        version = self.version()
        if failed or not version:
            raise LaunchError("It could not be made: Python's own words are above.")
        return version


def install(python: Path, file: Path) -> None:
    """`pip install -r file` with its output on the terminal; raises `LaunchError` that says why it failed."""
    large = ": this takes minutes, torch is large (up to 6 GB on disk)" if "torch" in file.read_text("utf-8") else ""
    say(f"Installing {file.name}{large}")
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "-r", file]
    pip = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace")
    complaints = []
    try:
        for line in pip.stderr or ():
            complaints.append(line)
            sys.stderr.write(line)
        failed = pip.wait()
    except BaseException:
        pip.kill()
        raise
    if failed:
        raise LaunchError(f"{why_pip_failed(''.join(complaints))} Then start again.")


def why_pip_failed(complaints: str) -> str:
    """The likeliest reason in what pip wrote to stderr."""
    return next(why for signs, why in WHY_PIP_FAILED.items() if any(sign in complaints.lower() for sign in signs))


def free_port() -> int:
    """The first port that nobody listens on; raises `LaunchError` when all are taken."""
    for port in PORTS:
        with socket.socket() as probe:
            if os.name == "posix":  # take one that was just given back; on Windows this option would share a busy one
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
                return port
            except OSError:
                continue
    raise LaunchError(f"All ports from {PORTS[0]} to {PORTS[-1]} are taken: close another copy of the app first.")


def browser_possible(environ: dict[str, str], platform: str) -> bool:
    """Whether a window could open: not on a machine without a screen, nor with BROWSER=none."""
    if "BROWSER" in environ:
        return environ["BROWSER"].lower() not in ("", "none")
    return platform in ("darwin", "win32") or "DISPLAY" in environ or "WAYLAND_DISPLAY" in environ


def serve(python: Path, *, browser: bool) -> int:
    """Run the app until it ends or Ctrl-C is pressed; returns its exit status."""
    port = free_port()
    place = ["--server.port", str(port), "--server.address", HOST]
    quiet = ["--server.headless", "true", "--logger.hideWelcomeMessage", "true"]
    app = subprocess.Popen([python, "-m", "streamlit", "run", "core/ui/server.py", *place, *quiet], cwd=ROOT)
    threading.Thread(target=announce, args=(app, port, browser), daemon=True).start()
    return attend(app)


def announce(app: subprocess.Popen[bytes], port: int, browser: bool) -> None:
    """Say where the app is as soon as it answers, and open it."""
    address = f"http://{HOST}:{port}"
    while app.poll() is None:
        with suppress(OSError, HTTPException), DIRECT.open(f"{address}/_stcore/health", timeout=1):
            say(f"Distillation Audit is at {address} - press Ctrl-C to stop it.")
            if browser:
                webbrowser.open(address)
            return
        time.sleep(0.05)


def attend(process: subprocess.Popen[bytes]) -> int:
    """Wait until `process` ends, passing Ctrl-C on; returns its exit status."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(1.0)  # a terminal tells the process, too
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        return process.wait(STOP_LIMIT)
    finally:
        process.kill()  # nothing happens to one that has ended


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Set up and start Distillation Audit.")
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="serve without opening a browser")
    commands = parser.add_subparsers(dest="command", metavar="[setup | test]")
    commands.add_parser("setup", help="install only")
    # No argument can start with this prefix, so that pytest's own options pass through untouched.
    test = commands.add_parser("test", help="run the tests; arguments go to pytest", prefix_chars="\0", add_help=False)
    test.add_argument("pytest", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


def launch(command: str | None, pytest: list[str], *, browser: bool) -> int:
    """Install what `command` needs and carry it out; returns the exit status, raises `LaunchError`."""
    if sys.version_info < OLDEST:
        found, needed = (".".join(map(str, version[:3])) for version in (sys.version_info, OLDEST))
        raise LaunchError(f"Python {found} is too old: start this with Python {needed} or newer.")
    environment = Environment(ROOT / ".venv")
    dev = [ROOT / "requirements-dev.txt"] if command == "test" else []
    environment.ensure(ROOT / "requirements.txt", *dev)
    if command == "test":
        provide_servers(environment)
        return attend(subprocess.Popen([environment.python, "-m", "pytest", *pytest], cwd=ROOT))
    if command == "setup":
        say("Everything is installed: python3 launch.py starts the app.")
        return 0
    return serve(environment.python, browser=browser and browser_possible(dict(os.environ), sys.platform))


def provide_servers(environment: Environment) -> None:
    """Install the servers that some tests audit, which need other versions than the app; `environment` lends torch.

    Where that fails, those tests say so: the others do not need them.
    """
    try:
        Environment(ROOT / ".venv-servers", like=environment).ensure(ROOT / "tests" / "servers" / "requirements.txt")
    except LaunchError as error:
        say(f"Tests against real servers are left out. {error}")


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to end is like Ctrl-C
    try:
        return launch(options.command, getattr(options, "pytest", []), browser=options.browser)
    except (LaunchError, OSError) as error:
        print(f"launch.py: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

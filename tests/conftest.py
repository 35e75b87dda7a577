"""What every test gets: a workspace of its own, no network but loopback, and a word on what the machine lacks."""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import core  # noqa: F401  (before any test imports torch, see there)

os.environ.setdefault("OMP_NUM_THREADS", "2")  # torch reads it when a test imports it, so do the workers
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background: processes would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)

NEEDS: dict[str, tuple[Callable[[], object], str]] = {  # marker: (is it there?, what to say if not)
    "browser": (lambda: shutil.which("chromium"), "needs Chromium (Debian package chromium)"),
    "data": (
        Path("/usr/share/datasets/fashion-mnist").is_dir,
        "needs Fashion-MNIST (Debian package dataset-fashion-mnist)",
    ),
    "servers": (
        (Path(__file__).parents[1] / ".venv-servers" / "bin" / "mlserver").is_file,
        "needs .venv-servers (python3 launch.py test makes it, with Python 3.11 or 3.12)",
    ),
}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose needs the machine does not meet; under `CI=true` that is a failure."""
    for marker, (present, reason) in NEEDS.items():
        if item.get_closest_marker(marker) and not present():
            if os.environ.get("CI") == "true":
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace, which the test and all processes that it starts use."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("AUDIT_HOME", str(folder))
    monkeypatch.delenv("AUDIT_CHECKPOINTS", raising=False)
    return folder


class LeftTheMachine(BaseException):
    """A test tried to reach another machine; no `except Exception` of the code under test hides it."""


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuse, in this process, every connection and look-up of a name that leaves the machine."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: object) -> None:
        _refuse_remote(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: object) -> int:
        _refuse_remote(self, address)
        return connect_ex(self, address)

    def guarded_look_up(host: bytes | str | None, *args: object, **kwargs: object) -> list[tuple[object, ...]]:
        if str(host).endswith(".invalid"):  # RFC 2606: never to be resolved, so this is what a resolver would say
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if host and not _is_local(host):
            raise LeftTheMachine(f"a test looked up {host!r}: use 127.0.0.1, or a name under .invalid")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


def _refuse_remote(sock: socket.socket, address: object) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple) and not _is_local(address[0]):
        raise LeftTheMachine(f"a test connected to {address[0]!r}: use 127.0.0.1")


def _is_local(host: bytes | str) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return name in ("localhost", "")

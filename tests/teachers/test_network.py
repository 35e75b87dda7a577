"""Trouble below HTTP, and what the environment may and may not change."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from core.candidates import CandidateConfig
from core.errors import TeacherError
from core.teachers.transport import Retry, Transport, is_loopback
from tests.support.calls import OK, ONCE, post, replies, shown
from tests.support.inference import Waits, suspect

ECHOED = "k-123456"


@pytest.fixture
def raw() -> Iterator[Callable[[Callable[[socket.socket], None]], CandidateConfig]]:
    """Make a candidate of a function that handles each connection, after the request's first bytes came."""
    listeners: list[socket.socket] = []

    def start(handle: Callable[[socket.socket], None]) -> CandidateConfig:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    handle(connection)

        threading.Thread(target=accept, daemon=True).start()
        port = listener.getsockname()[1]
        return CandidateConfig(name="suspect", url=f"http://127.0.0.1:{port}", model="m", timeout=0.2)

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nk-123456\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nk-123456",
        b"SSH-2.0 k-123456\r\n",
    ],
    ids=["nothing", "cut short", "bad chunk", "bad gzip", "no HTTP"],
)
def test_a_connection_that_breaks_off(raw: Callable[..., CandidateConfig], said: bytes) -> None:
    candidate = raw(lambda connection: connection.sendall(said))
    with pytest.raises(TeacherError, match=r"the connection to .* broke off \(got 2 attempts\)") as caught:
        post(Transport(candidate, key=ECHOED, cancelled=Waits(), retry=Retry(attempts=2)))
    assert ECHOED not in shown(caught.value)


@pytest.mark.parametrize("location", [b"", b"/elsewhere", b"http://[oops", b"\xff://"])
def test_a_redirect_to_no_host(raw: Callable[..., CandidateConfig], location: bytes) -> None:
    said = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(TeacherError, match=r"sends us on elsewhere \(302\) .* another host\)"):
        post(Transport(raw(lambda connection: connection.sendall(said)), cancelled=Waits()))


def test_the_body_of_a_redirect_is_bounded_too(raw: Callable[..., CandidateConfig]) -> None:
    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n")
        with suppress(OSError):
            for _ in range(2**12):
                connection.sendall(b"x" * 2**16)

    with pytest.raises(TeacherError, match="too big"):
        post(Transport(raw(pour), max_body=2**20))


def test_headers_that_drip(raw: Callable[..., CandidateConfig], release: threading.Event) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not release.wait(0.02):
            try:
                connection.sendall(b"x")
            except OSError:
                return

    with pytest.raises(TeacherError, match=r"too slowly .*within 0.8 s"):
        post(Transport(raw(drip), cancelled=Waits()))


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    candidate = CandidateConfig(name="suspect", url=f"http://127.0.0.1:{port}", model="m")
    waits = Waits()
    message = (
        rf"suspect: nobody answers at http://127.0.0.1:{port}/.* \(got connection refused, 5 attempts\). Start the"
    )
    with pytest.raises(TeacherError, match=f"(?i){message}"):
        post(Transport(candidate, cancelled=waits))
    assert len(waits.seconds) == 4


def test_an_unknown_host() -> None:
    candidate = CandidateConfig(name="suspect", url="http://teacher.invalid", model="m")
    with pytest.raises(TeacherError, match=r"the host teacher.invalid is not known .*online"):
        post(Transport(candidate, cancelled=Waits()))


def test_an_address_of_no_use() -> None:
    waits = Waits()
    with pytest.raises(TeacherError, match=r"http://.invalid/.* is no usable address"):
        post(Transport(CandidateConfig(name="suspect", url="http://.invalid", model="m"), cancelled=waits))
    assert waits.seconds == []


def test_https_where_there_is_none(web: HTTPServer) -> None:
    candidate = CandidateConfig(name="suspect", url=f"https://127.0.0.1:{web.port}", model="m")
    waits = Waits()
    with pytest.raises(TeacherError, match=r"is not secure .*no TLS.*speaks https at this port"):
        post(Transport(candidate, cancelled=waits))
    assert waits.seconds == []


# What the environment may and may not change


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("default login somebody password else\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize(("key", "expected"), [("k-123456", "Bearer k-123456"), (None, None)])
def test_netrc_changes_no_key(web: HTTPServer, key: str | None, expected: str | None) -> None:
    asked = replies(web, OK)
    post(Transport(suspect(web), key=key))
    assert asked[0].headers.get("Authorization") == expected


def test_no_proxy_between_us_and_this_machine(web: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    replies(web, OK)
    assert post(Transport(suspect(web), retry=ONCE)) == {"fine": True}


@pytest.mark.usefixtures("netrc")
def test_a_proxy_on_the_way_to_others(web: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = replies(web, OK)
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{web.port}")
    candidate = CandidateConfig(name="suspect", url="http://teacher.invalid", model="m")
    assert post(Transport(candidate, key="k-123456", retry=ONCE)) == {"fine": True}
    assert (asked[0].host, asked[0].headers["Authorization"]) == ("teacher.invalid", "Bearer k-123456")


@pytest.mark.parametrize("proxy", ["http://", "ftp://127.0.0.1:1", "socks5://127.0.0.1:1", "http://127.0.0.1:1"])
def test_a_proxy_of_no_use(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy)
    candidate = CandidateConfig(name="suspect", url="http://teacher.invalid", model="m")
    with pytest.raises(TeacherError, match=r"the proxy on the way to http://teacher.invalid/.* fails.*HTTP_PROXY"):
        post(Transport(candidate, cancelled=Waits()))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("teacher.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_what_this_machine_is_called(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected

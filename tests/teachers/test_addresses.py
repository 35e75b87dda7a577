"""Where others use the app too, no candidate's name leads into the network, whatever it resolves to and when."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from core.candidates import CandidateConfig
from core.config import AuditConfig, StudentConfig
from core.errors import InputError, TeacherError
from core.runs import control
from core.teachers.addresses import ALLOWED, SHARED, Guard, PrivateAddress, guarded, is_shared
from core.teachers.connection import check_connection
from core.teachers.keys import key_of
from core.teachers.transport import Transport
from tests.support.calls import OK, ONCE, post, replies
from tests.support.inference import Waits, suspect

OUTSIDE = "8.8.8.8"
GOODBYE = b"goodbye"


class Ear:
    """Listens on this machine; holds how many connected, and what they said before they went."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """All that connected before are heard to the end; more than once is as good as once."""
        if self._thread.is_alive():
            with socket.socket() as last:
                last.connect(("127.0.0.1", self.port))
                last.sendall(GOODBYE)
                self._thread.join(10)
            self._listener.close()

    def _listen(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(10)
                if (said := connection.recv(1000)) == GOODBYE:
                    return
                self.heard.append(said)


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.close()


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Others use the app, too."""
    monkeypatch.setenv(SHARED, "1")
    monkeypatch.delenv(ALLOWED, raising=False)
    return monkeypatch


def resolving(patch: pytest.MonkeyPatch, *answers: str) -> None:
    """Any name leads to these addresses, one after the other, the last for ever."""
    left = list(answers)

    def look_up(host: str, port: int, *args: object, **kwargs: object) -> list[tuple[object, ...]]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    patch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("peer", [
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1",
    "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::1",
])  # fmt: skip
def test_what_is_inside(peer: str) -> None:
    with pytest.raises(PrivateAddress):
        Guard().check(peer)


@pytest.mark.parametrize("peer", [
    "8.8.8.8", "172.15.255.255", "172.32.0.1", "192.167.1.1", "169.253.1.1", "100.128.0.1", "2001:4860:4860::8888",
    "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
])  # fmt: skip
def test_what_is_outside(peer: str) -> None:
    Guard().check(peer)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}", "http://localhost:{}", "https://127.0.0.1:{}"])
def test_nobody_inside_is_even_knocked_at(shared: pytest.MonkeyPatch, ear: Ear, url: str) -> None:
    candidate = CandidateConfig(name="suspect", url=url.format(ear.port), model="m")
    waits = Waits()
    with pytest.raises(
        TeacherError, match=r"^suspect: (127.0.0.1|localhost) is inside a private network \(expected an"
    ) as caught:
        post(Transport(candidate, cancelled=waits))
    assert ALLOWED in caught.value.remedy and waits.seconds == []
    ear.close()
    assert ear.heard == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0.0.0.0", "127.0.0.1."])
def test_other_spellings_of_this_machine(shared: pytest.MonkeyPatch, ear: Ear, host: str) -> None:
    resolving(shared, "127.0.0.1")
    with pytest.raises(TeacherError, match="is inside a private network"):
        post(Transport(CandidateConfig(name="suspect", url=f"http://{host}:{ear.port}", model="m"), retry=ONCE))
    ear.close()
    assert ear.heard == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_elsewhere_the_second_time(shared: pytest.MonkeyPatch, ear: Ear, scheme: str) -> None:
    resolving(shared, OUTSIDE, "127.0.0.1")
    candidate = CandidateConfig(name="suspect", url=f"{scheme}://rebinding.example:{ear.port}", model="m")
    with pytest.raises(TeacherError, match=r"rebinding.example is inside a private network"):
        post(Transport(candidate, key="k-123456", retry=ONCE))
    ear.close()
    assert ear.heard == [b""]  # somebody came, and said nothing


def test_a_name_with_an_address_inside_among_others(shared: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (peer, 80)) for peer in (OUTSIDE, "10.0.0.1")]
    shared.setattr(socket, "getaddrinfo", lambda *args, **kwargs: both)
    with pytest.raises(TeacherError, match="inside a private network"):
        post(Transport(CandidateConfig(name="suspect", url="http://two.example", model="m"), retry=ONCE))


@pytest.mark.parametrize(
    "allowed", ["127.0.0.1", "127.0.0.0/8", "10.0.0.0/8, 127.0.0.0/30,", "LOCALHOST", "a.example,localhost."]
)
def test_those_on_the_list_may_be_asked(shared: pytest.MonkeyPatch, web: HTTPServer, allowed: str) -> None:
    shared.setenv(ALLOWED, allowed)
    replies(web, OK)
    candidate = suspect(web, url=f"http://localhost:{web.port}")
    assert post(Transport(candidate, retry=ONCE)) == {"fine": True}


@pytest.mark.parametrize("allowed", ["", "10.0.0.0/8", "::1", "example", "127.0.0.2", "local"])
def test_those_beside_the_list_may_not(shared: pytest.MonkeyPatch, web: HTTPServer, allowed: str) -> None:
    shared.setenv(ALLOWED, allowed)
    asked = replies(web, OK)
    with pytest.raises(TeacherError, match="inside a private network"):
        post(Transport(suspect(web), retry=ONCE))
    assert asked == []


def test_a_test_of_the_connection_is_held_to_it_too(shared: pytest.MonkeyPatch, web: HTTPServer) -> None:
    report = check_connection(suspect(web), key=None, probe_shape=(1, 8, 8), class_names=None)
    assert (report.ok, "inside a private network" in report.message) == (False, True)


@pytest.mark.parametrize("allowed", ["http://host", "host:8000", "10.0.0.0/99", "a b", "*"])
def test_a_list_of_no_use(shared: pytest.MonkeyPatch, web: HTTPServer, allowed: str) -> None:
    shared.setenv(ALLOWED, f"10.0.0.0/8, {allowed}")
    with pytest.raises(InputError, match=rf"the variable {ALLOWED} is of no use .*got '.*Correct it"):
        Transport(suspect(web))


@pytest.mark.parametrize(("value", "expected"), [("", False), ("0", False), ("1", True), ("yes", True), (" ", False)])
def test_who_uses_the_app(value: str, expected: bool) -> None:
    assert is_shared({SHARED: value}) == expected
    assert not is_shared({})


def test_a_machine_of_ones_own_is_asked_freely(ear: Ear) -> None:
    assert type(guarded("http://10.0.0.1", pool_maxsize=1, environ={})).__name__ == "HTTPAdapter"


# Through a proxy


@pytest.fixture
def proxied(shared: pytest.MonkeyPatch, web: HTTPServer) -> HTTPServer:
    """`web` is the proxy, inside the network as proxies are."""
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        shared.delenv(name, raising=False)
    shared.setenv("http_proxy", f"http://127.0.0.1:{web.port}")
    return web


def test_a_proxy_may_be_inside(proxied: HTTPServer) -> None:
    asked = replies(proxied, OK)
    candidate = CandidateConfig(name="suspect", url="http://teacher.invalid", model="m")  # known to the proxy alone
    assert post(Transport(candidate, retry=ONCE)) == {"fine": True}
    assert len(asked) == 1


def test_a_proxy_is_not_asked_for_what_is_inside(proxied: HTTPServer, shared: pytest.MonkeyPatch) -> None:
    asked = replies(proxied, OK)
    resolving(shared, "10.0.0.1")
    for url in ("http://10.0.0.1", "http://intranet.example"):
        with pytest.raises(TeacherError, match="inside a private network"):
            post(Transport(CandidateConfig(name="suspect", url=url, model="m"), retry=ONCE))
    assert asked == []


# What workers and keys have of it


class Started(Exception):
    """In place of a worker."""


def environment(patch: pytest.MonkeyPatch, config: AuditConfig, keys: dict[str, str]) -> dict[str, str]:
    """What a worker for `config` would be started in."""

    def start(command: list[str], *, env: dict[str, str], **options: object) -> None:
        raise Started(env)

    patch.setattr(control.subprocess, "Popen", start)
    with pytest.raises(Started) as started:
        control.start_run(config, keys)
    return started.value.args[0]


@pytest.fixture
def student(tmp_path: Path) -> StudentConfig:
    (tmp_path / "student").write_bytes(b"x")
    return StudentConfig(checkpoint=tmp_path / "student")


@pytest.mark.parametrize(("before", "after"), [("", "127.0.0.1"), ("10.0.0.0/8", "10.0.0.0/8,127.0.0.1")])
def test_a_worker_may_ask_the_demo_that_it_serves(
    shared: pytest.MonkeyPatch, web: HTTPServer, student: StudentConfig, before: str, after: str
) -> None:
    shared.setenv(ALLOWED, before)
    told = environment(shared, AuditConfig(student=student, serve="demo"), {})
    assert (told[SHARED], told[ALLOWED]) == ("1", after)
    replies(web, OK)
    shared.setenv(ALLOWED, told[ALLOWED])
    assert post(Transport(suspect(web), retry=ONCE)) == {"fine": True}


def test_no_other_worker_may(shared: pytest.MonkeyPatch, web: HTTPServer, student: StudentConfig) -> None:
    told = environment(shared, AuditConfig(student=student, candidates=(suspect(web),)), {"AUDIT_KEY_1": "k"})
    assert (told[SHARED], told.get(ALLOWED), told["AUDIT_KEY_1"]) == ("1", None, "k")


@pytest.mark.parametrize("variable", [SHARED, ALLOWED, "LD_PRELOAD", "PATH"])
def test_a_typed_key_is_no_setting(
    shared: pytest.MonkeyPatch, web: HTTPServer, student: StudentConfig, variable: str
) -> None:
    config = AuditConfig(student=student, candidates=(suspect(web, key_env=variable),))
    with pytest.raises(InputError, match=f"the variable {variable} cannot hold a key here .*AUDIT_KEY_"):
        control.start_run(config, {variable: "0"})


def test_no_variable_at_will_is_sent_as_a_key(web: HTTPServer) -> None:
    environ = {SHARED: "1", "CLOUD_SECRET": "s", "AUDIT_KEY_CLOUD": "k"}
    with pytest.raises(InputError, match="CLOUD_SECRET cannot hold a key here"):
        key_of(suspect(web, key_env="CLOUD_SECRET"), environ)
    assert key_of(suspect(web, key_env="AUDIT_KEY_CLOUD"), environ) == "k"
    assert key_of(suspect(web, key_env="CLOUD_SECRET"), environ | {SHARED: "0"}) == "s"

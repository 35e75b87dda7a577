"""A server must show a certificate that is known: to the machine, or as the candidate's `ca_file` says."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from core.candidates import CandidateConfig
from core.errors import TeacherError
from core.teachers.transport import Retry, Transport
from tests.support.calls import OK, ONCE, post, replies
from tests.support.inference import Waits, suspect

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs the command openssl to make a certificate")


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed one for 127.0.0.1, and its private key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[HTTPServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with HTTPServer(threaded=True, ssl_context=context) as server:
        yield server


@pytest.fixture(autouse=True)
def no_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def behind(server: HTTPServer, host: str = "127.0.0.1", **settings: object) -> CandidateConfig:
    return suspect(server, url=f"https://{host}:{server.port}", **settings)


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: HTTPServer) -> None:
    asked, waits = replies(secure, OK), Waits()
    message = r"is not secure \(got a certificate that is not accepted: self.signed certificate\)\. Mend .*ca_file"
    with pytest.raises(TeacherError, match=message):
        post(Transport(behind(secure), key="k-123456", cancelled=waits))
    assert (asked, waits.seconds) == ([], [])


def test_it_is_accepted_by_ca_file(secure: HTTPServer, certificate: tuple[Path, Path]) -> None:
    replies(secure, OK)
    assert post(Transport(behind(secure, ca_file=certificate[0]), retry=ONCE)) == {"fine": True}


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_it_is_accepted_by_the_environment(
    secure: HTTPServer, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(certificate[0]))
    replies(secure, OK)
    assert post(Transport(behind(secure), retry=ONCE)) == {"fine": True}


def test_an_authority_of_other_servers_does_not_help(
    secure: HTTPServer, certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))  # the candidate's own comes first
    other, _ = make_certificate(tmp_path)
    with pytest.raises(TeacherError, match=r"is not secure .*certificate"):
        post(Transport(behind(secure, ca_file=other), retry=ONCE))


def test_a_certificate_for_another_name_is_refused(secure: HTTPServer, certificate: tuple[Path, Path]) -> None:
    asked = replies(secure, OK)
    with pytest.raises(TeacherError, match=r"is not secure .*not valid for 'localhost'"):
        post(Transport(behind(secure, "localhost", ca_file=certificate[0]), retry=ONCE))
    assert asked == []


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "No such file"), ("", "holds none"), ("no PEM", "holds none")],
    ids=["missing", "empty", "broken"],
)
def test_a_ca_file_of_no_use(secure: HTTPServer, tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(TeacherError, match=rf"authorities cannot be read .*{file}.*{message}.*the candidate's ca_file"):
        Transport(behind(secure, ca_file=file))


def test_a_bundle_of_no_use(secure: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing"))
    with pytest.raises(TeacherError, match=r"authorities cannot be read .*Correct REQUESTS_CA_BUNDLE"):
        Transport(behind(secure))


def test_a_server_that_hangs_up_is_tried_again() -> None:
    """As one does that is being started anew: that says nothing of its certificate."""
    calls: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    calls.append(len(connection.recv(65536)))

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(TeacherError, match=r"broke off .*2 attempts"):
            candidate = CandidateConfig(name="suspect", url=url, model="m")
            post(Transport(candidate, cancelled=Waits(), retry=Retry(attempts=2)))
        thread.join(10)
    assert len(calls) == 2

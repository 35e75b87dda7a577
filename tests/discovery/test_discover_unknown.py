"""Addresses as people paste them, and whatever else may answer there."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from core.config import candidates_from_toml, candidates_to_toml
from core.discovery import probe
from core.discovery.addresses import read_address
from core.discovery.discover import discover
from core.errors import AuditError, InputError, TeacherError
from core.teachers.transport import Heard
from tests.support import discoverable
from tests.support.discoverable import Recorded, serve, tensorflow_model

KEY = "key-0x5e5a4e"
DEAD = "http://127.0.0.1:1"


# Addresses


@pytest.mark.parametrize(
    ("text", "url", "model", "version"),
    [
        (" http://h:8000/ ", "http://h:8000", None, None),
        ("localhost:8600", "http://localhost:8600", None, None),
        ("[::1]:8600/v2", "http://[::1]:8600", None, None),
        ("models.example.com", "https://models.example.com", None, None),
        ("http://h/v2", "http://h", None, None),
        ("http://h/v2/", "http://h", None, None),
        ("http://h/v2/models/oak", "http://h", "oak", None),
        ("http://h/v2/models/a%2Fb/infer", "http://h", "a/b", None),
        ("http://h/gate/v2/models/oak/versions/3/infer", "http://h/gate", "oak", "3"),
        ("http://h/v2/repository/index", "http://h", None, None),
        ("http://h/v1/models/oak:predict", "http://h", "oak", None),
        ("http://h/v1/models/oak/versions/2:predict", "http://h", "oak", "2"),
        ("http://h/v1/models/oak/metadata", "http://h", "oak", None),
        ("http://h/predictions/oak", "http://h", "oak", None),
        ("http://h/ping", "http://h", None, None),
        ("http://h/docs#/default/predict_post", "http://h", None, None),
        ("http://h/some/thing", "http://h/some/thing", None, None),
    ],
)
def test_addresses(text: str, url: str, model: str | None, version: str | None) -> None:
    address = read_address(text)
    assert (address.url, address.model, address.version) == (url, model, version)


@pytest.mark.parametrize(
    "text", ["", "  ", "http://", "http://[::1", "ftp://h", "http://u:pa55@h", "http://h?key=pa55"]
)
def test_no_addresses(text: str) -> None:
    with pytest.raises(InputError) as refused:
        discover(text)
    assert "pa55" not in str(refused.value)


# Whatever else may answer


@pytest.mark.parametrize("url", [DEAD, "http://nobody.invalid", "127.0.0.1:1/v2/models/oak", f"{DEAD}/some/path"])
def test_nobody_answers(url: str) -> None:
    with pytest.raises(TeacherError, match=r"nobody answers at|is not known"):
        discover(url)


def test_a_guessed_scheme_is_owned_up_to() -> None:
    with pytest.raises(TeacherError, match="or write http:// in front"):
        discover("nobody.invalid")


def test_a_server_that_says_nothing_is_given_up(
    web: HTTPServer, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "SILENCE", 0.2)
    web.expect_request(discoverable.ANYTHING).respond_with_handler(lambda _: Response(str(release.wait(30))))
    with pytest.raises(TeacherError, match="does not answer in time"):
        discover(f"http://127.0.0.1:{web.port}")
    assert len(web.log) <= 8


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (200, "<!doctype html><title>Shop</title>", "text/html", "no model server that is known here.*doctype"),
        (404, "<h1>Not Found</h1>", "text/html", "no model server that is known here.*404"),
        (200, "{}", "application/json", "no model server that is known here"),
        (503, "", "text/plain", "no model server that is known here.*503"),
        (403, '{"error": "go away"}', "application/json", "wants a key.*go away"),
        (301, "", "text/plain", r"sends us on elsewhere \(301\).*https://other.invalid"),
    ],
)
def test_a_host_that_is_no_model_server(web: HTTPServer, status: int, body: str, kind: str, words: str) -> None:
    recorded = Recorded(web, status, body, kind, Location="https://other.invalid/")
    with pytest.raises(TeacherError, match=words):
        discover(f"http://127.0.0.1:{web.port}", model="oak")
    assert {request.method for request in recorded.requests} == {"GET"}
    assert not any(request.data for request in recorded.requests)


def test_the_key_is_in_nothing_that_comes_of_it(web: HTTPServer) -> None:
    said = discoverable.model(KEY, discoverable.IMAGES)
    pages = {"/v2": {"name": f"triton {KEY}", "version": KEY, "extensions": []}, f"/v2/models/{KEY}": said}
    findings = discover(serve(web, pages | {"/v2/models": {"models": [KEY, "oak"]}, "/v2/models/oak": said}), key=KEY)
    assert KEY not in repr(findings)


def test_findings_are_an_audits_candidates(web: HTTPServer) -> None:
    candidates = tuple(one.candidate for one in discover(serve(web, discoverable.KSERVE | discoverable.LITSERVE)))
    assert [one.protocol for one in candidates] == ["open_inference", "tf_serving", "generic"]
    assert candidates_from_toml(candidates_to_toml(candidates)) == candidates


SERVERS = {
    "triton": discoverable.TRITON,
    "kserve": discoverable.KSERVE,
    "openvino": discoverable.OPENVINO,
    "tensorflow": {"/v1/models/model/metadata": tensorflow_model()},
    "litserve": discoverable.LITSERVE,
    "bentoml": discoverable.BENTOML,
}


def spoilt(value: object, odd: object) -> Iterator[object]:
    """`value` with each of its parts replaced in turn."""
    yield odd
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        for part in spoilt(value[key], odd):
            copied = copy.copy(value)
            copied[key] = part
            yield copied


@pytest.mark.parametrize("odd", [None, 7, "odd\x1b", [], {"type": ["null"], "$ref": "#/x"}], ids=repr)
@pytest.mark.parametrize("server", SERVERS)
def test_whatever_a_server_says_is_a_finding_or_an_error_of_ours(
    server: str, odd: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = SERVERS[server]
    said: dict[str, object] = {}

    class Said:
        """A transport for which no network is needed."""

        def __init__(self, *_: object, **__: object) -> None: ...

        def look(self, path: str, body: bytes | None = None) -> Heard:
            page = f"/{path}" if body is None else f"POST /{path}"
            if page not in said:
                return Heard(fault=TeacherError("nothing", actual="404 Not Found", remedy="-"), status=404)
            return Heard(said[page], status=200)

    monkeypatch.setattr(probe, "Transport", Said)
    for page, content in pages.items():
        for part in spoilt(content, odd):
            said.clear()
            said.update(pages | {page: part})
            with suppress(AuditError):
                assert discover(DEAD)

"""What a question tells beside an answer: the status, and the server's own words, of which no key is left."""

from __future__ import annotations

import json
import threading

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.teachers.faults import REDACTED
from core.teachers.transport import Heard, Transport
from tests.support.calls import PATH, replies, shown
from tests.support.inference import Waits, suspect

KEY = "sk-look-0c71"


def look(web: HTTPServer, reply: Response, **limits: int) -> Heard:
    replies(web, reply)
    return Transport(suspect(web, key_env="AUDIT_KEY_T"), key=KEY, cancelled=Waits(), **limits).look(PATH)


@pytest.mark.parametrize(
    ("reply", "status", "said", "fault"),
    [
        (Response('{"fine": true}', 200), 200, "", None),
        (Response("[1]", 203), 203, "", None),
        (Response("Ok", 200), 200, "Ok", "is not JSON"),
        (Response("<p>\n a\x07b </p>", 299), 299, "<p> a b </p>", "is not JSON"),
        (Response("", 204), 204, "", "is not JSON"),
        (Response('{"error": "no such model"}', 404), 404, "no such model", "there is no model 'm'"),
        (Response("404 page not found", 404), 404, "404 page not found", "there is no model 'm'"),
        (Response('{"detail": "who?"}', 401), 401, "who?", "refuses the key"),
        (Response("", 302, {"Location": "http://elsewhere"}), 302, "", "sends us on elsewhere"),
        (Response("busy", 503), 503, "busy", "fails"),
        (Response("", 429, {"Retry-After": "9"}), 429, "", "limits how often"),
    ],
    ids=lambda value: str(value.status_code) if isinstance(value, Response) else "",
)
def test_status_and_words_of_a_reply(
    web: HTTPServer, reply: Response, status: int, said: str, fault: str | None
) -> None:
    heard = look(web, reply)
    assert (heard.status, heard.said) == (status, said)
    assert (fault in heard.fault.what) if fault else heard.fault is None
    assert len(web.log) == 1  # asked once, whatever it says


def test_what_is_answered_is_the_value(web: HTTPServer) -> None:
    asked: list[Request] = []
    web.expect_request(f"/{PATH}").respond_with_handler(lambda request: asked.append(request) or Response('{"a": [1]}'))
    transport = Transport(suspect(web))
    assert transport.look(PATH).value == transport.look(PATH, b'{"ready":true}').value == {"a": [1]}
    assert [(request.method, request.get_data()) for request in asked] == [("GET", b""), ("POST", b'{"ready":true}')]


def test_no_reply_has_no_status(web: HTTPServer, release: threading.Event) -> None:
    nobody = Transport(suspect(web, url="http://127.0.0.1:1")).look(PATH)
    assert (nobody.status, nobody.said) == (0, "")
    assert "nobody answers" in nobody.fault.what
    web.expect_request(f"/{PATH}").respond_with_handler(lambda request: Response(str(release.wait(60))))
    silent = Transport(suspect(web, timeout=0.1)).look(PATH)
    assert (silent.status, "does not answer in time" in silent.fault.what) == (0, True)


def test_a_reply_that_is_too_big_is_not_read(web: HTTPServer) -> None:
    heard = look(web, Response("x" * 2**17, 500), max_body=2**16)
    assert (heard.status, heard.said, heard.value) == (0, "", None)
    assert "too big" in heard.fault.what


def test_words_are_cut(web: HTTPServer) -> None:
    assert look(web, Response("y" * 5000, 500)).said == "y" * 199 + "…"


@pytest.mark.parametrize(
    "body", [KEY, f'{{"error": "{KEY}"}}', f'{{"error": ["a", "{KEY}"]}}', f'{{"{KEY}": "{KEY}"}}']
)
@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_key_is_in_nothing_that_is_heard(web: HTTPServer, status: int, body: str) -> None:
    heard = look(web, Response(body, status, {"X-Debug": KEY}))
    assert KEY not in repr(heard)
    assert REDACTED in (heard.said or repr(heard.value))
    assert heard.fault is None or KEY not in shown(heard.fault)


# Where a server's JSON says what is wrong


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": "expired"}, "expired"),
        ({"error": ["Error in `inputs`", "must be an image"]}, "Error in `inputs`; must be an image"),
        (
            {
                "detail": [
                    {"type": "missing", "loc": ["body", "image"], "msg": "Field required", "input": {"x": "secret"}}
                ]
            },
            "body.image: Field required",
        ),
        (
            {"detail": [{"loc": ["body", "a", 0], "msg": "no"}, {"loc": [], "msg": "not"}]},
            "body.a.0: no; not",
        ),
        ({"detail": [{"msg": str(number)} for number in range(9)]}, "0; 1; 2"),
        ({"error": {"code": 404, "message": "no model", "status": "NOT_FOUND"}}, "no model"),
        ({"code": 404, "type": "ModelNotFound", "message": "no oak"}, "no oak"),
        ({"errors": [{"code": 7000, "message": "no route"}], "success": False}, "no route"),
        ({"error": None, "message": "later"}, "later"),
        ({"error": "", "detail": [], "message": "later"}, "later"),
        ({"error": 7}, ""),
        ({"hello": "world"}, ""),
        (["alone"], "alone"),
        ("alone", "alone"),
        ([[1, 2]], ""),
        (None, ""),
    ],
    ids=lambda value: json.dumps(value)[:50] if not isinstance(value, str) else "",
)
def test_error_texts_of_servers(web: HTTPServer, body: object, said: str) -> None:
    fault = look(web, Response(json.dumps(body), 422)).fault
    assert fault.actual == "422 Unprocessable Entity" + (f", it says: {said}" if said else "")


def test_an_error_that_is_nested_without_end_has_no_text(web: HTTPServer) -> None:
    for body in ("[" * 100_000, '{"error":' * 900 + '"x"' + "}" * 900):
        assert look(web, Response(body, 422)).status == 422
        web.clear()

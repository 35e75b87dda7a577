"""A key is sent and never shown, whatever a server makes of it."""

from __future__ import annotations

import json

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from core.errors import TeacherError
from core.teachers.transport import Transport
from tests.support.calls import ONCE, post, replies, shown
from tests.support.inference import suspect

KEY = 'kQ/Zx"Vw&Yj'


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500])
@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"error": f"your key {KEY} is odd"}),
        json.dumps({"error": "x" * 195 + KEY}),
        json.dumps({"error": f"your key {KEY} is odd"}).replace("/", r"\/").replace("k", r"\u006b"),
        f"<p>{KEY}</p>",
        "<p>kQ/Zx&quot;Vw&amp;Yj</p>",
        "https://x/?key=kQ%2FZx%22Vw%26Yj",
        "{'key': \"" + json.dumps(KEY)[1:-1],
        " " * 780 + KEY,
    ],
    ids=["plain", "at the cut", "escaped", "text", "HTML", "address", "broken JSON", "far back"],
)
def test_an_echoed_key_is_never_shown(web: HTTPServer, status: int, body: str) -> None:
    replies(web, Response(body, status))
    transport = Transport(suspect(web, key_env="SUSPECTS_KEY"), key=KEY, retry=ONCE)
    try:
        said = repr(post(transport))
    except TeacherError as error:
        said = shown(error)
    for part in ("kQ", "Zx", "Vw", "Yj"):
        assert part not in said


def test_the_redaction_leaves_the_rest(web: HTTPServer) -> None:
    replies(web, Response(json.dumps({"error": f"the key {KEY} has no credit"}), 402))
    with pytest.raises(TeacherError, match="it says: the key ••• has no credit"):
        post(Transport(suspect(web), key=KEY))


def test_numbers_survive_a_key_of_digits(web: HTTPServer) -> None:
    replies(web, Response('{"data": [0.1234, 1234], "name": "1234"}'))
    assert post(Transport(suspect(web), key="1234")) == {"data": [0.1234, 1234], "name": "•••"}


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({"key_env": "SUSPECTS_KEY"}, "k-123456", "refuses the key in SUSPECTS_KEY .*401.*check that key"),
        ({"key_env": "SUSPECTS_KEY"}, None, "wants a key, and none was sent .*set the variable SUSPECTS_KEY"),
        ({}, "k-123456", r"refuses the key \(got 401"),
    ],
)
def test_a_refused_key_is_named_by_its_variable(
    web: HTTPServer, settings: dict[str, str], key: str | None, message: str
) -> None:
    replies(web, Response("", 401))
    with pytest.raises(TeacherError, match=f"(?i){message}"):
        post(Transport(suspect(web, **settings), key=key))


@pytest.mark.parametrize("key", ["", "two words", "line\nend", "ключ", "tab\t", "\x7f"])
def test_a_key_that_no_header_can_hold(web: HTTPServer, key: str) -> None:
    with pytest.raises(TeacherError, match=r"the key cannot be sent .*Correct the key in SUSPECTS_KEY") as caught:
        Transport(suspect(web, key_env="SUSPECTS_KEY"), key=key)
    assert not key or key not in str(caught.value)


def test_control_characters_of_a_server_do_not_reach_the_screen(web: HTTPServer) -> None:
    replies(web, Response(json.dumps({"error": "\x1b[2Jhello\r\n\u202eworld" + "!" * 300}), 400))
    with pytest.raises(TeacherError) as caught:
        post(Transport(suspect(web)))
    assert str(caught.value).isprintable()
    assert "[2Jhello world!!" in str(caught.value) and len(str(caught.value)) < 400

"""A key is sent and never shown, whatever a server makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.errors import TeacherError
from core.teachers.answers import trial_images
from core.teachers.base import Terms
from core.teachers.cache import AnswerCache
from core.teachers.registry import open_teacher
from core.teachers.transport import Transport
from core.teachers.trials import Trials
from tests.support.calls import OK, ONCE, PATH, post, replies, shown
from tests.support.inference import SHAPE, suspect

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


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
@pytest.mark.parametrize("status", [200, 302, 400, 401, 500])
def test_headers_that_are_echoed_show_no_key(web: HTTPServer, status: int, header: str) -> None:
    """As a debugging server or a gateway does: in the body and in headers of its own."""

    def echo(request: Request) -> Response:
        heard = dict(request.headers)
        assert KEY in heard[header.title()]
        location = {"Location": f"http://{quote(KEY)}.example/?{header}={quote(KEY)}", "X-Debug": heard[header.title()]}
        return Response(json.dumps({"error": str(heard), "headers": heard}), status, location)

    web.expect_request(f"/{PATH}").respond_with_handler(echo)
    try:
        said = repr(post(Transport(suspect(web, key_header=header), key=KEY, retry=ONCE)))
    except TeacherError as error:
        said = shown(error)
    for part in ("kQ", "Zx", "Vw", "Yj"):
        assert part not in said


def test_a_key_of_a_header_of_its_own_is_no_bearer(web: HTTPServer) -> None:
    asked = replies(web, OK)
    post(Transport(suspect(web, key_header="X-API-Key"), key=KEY))
    assert (asked[0].headers["X-API-Key"], asked[0].headers.get("Authorization")) == (KEY, None)


def test_a_key_that_comes_back_in_an_answer_is_not_kept(web: HTTPServer, tmp_path: Path) -> None:
    """As the label of an image: what is remembered of it, and the answers, hold nothing of the key."""
    web.expect_request("/").respond_with_handler(lambda request: Response(json.dumps(["ant", KEY])))
    candidate = suspect(
        web, protocol="generic", model=None, request={"body": '{"of": "$images"}'}, key_header="X-API-Key"
    )
    with AnswerCache(tmp_path / "answers.sqlite3") as cache:
        teacher = open_teacher(candidate, key=KEY, terms=Terms(trials=Trials(cache, "suspect|")), retry=ONCE)
        capabilities = teacher.connect(SHAPE, ("ant", "bee"))
        images = trial_images(SHAPE)
        keys = [cache.key(capabilities.identity, image) for image in images]
        cache.put_many(dict(zip(keys, teacher.query(images), strict=True)))
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"ant" in kept
    for part in ("kQ", "Zx", "Vw", "Yj"):
        assert part.encode() not in kept and part not in repr(capabilities)


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

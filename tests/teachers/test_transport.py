"""What is tried again and what is not, how long a call may take, and how big an answer may be.

No test waits for a retry: `Waits` only writes down for how long.
"""

from __future__ import annotations

import gzip
import json
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.errors import Cancelled, TeacherError
from core.teachers.pace import retry_after
from core.teachers.transport import Retry, Transport
from tests.support.calls import OK, PATH, post, replies
from tests.support.inference import Waits, suspect


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Response('{"error": "bad input"}', 400), "rejects the request .*400 Bad Request, it says: bad input"),
        (Response('{"error": "who?"}', 401), "wants a key, and none was sent .*401.*name the environment variable"),
        (Response("", 403), "wants a key, and none was sent .*403 Forbidden"),
        (Response('{"error": "no m"}', 404), "there is no model 'm' at http.*404.*no m.*the model's name and version"),
        (Response("", 413), "request too large .*lower max_batch"),
        (Response('{"detail": "shape"}', 422), "rejects the request .*422.*it says: shape"),
        (Response("teapot", 418), "rejects the request .*418"),
        (Response("", 501), "fails .*501"),
        (Response("", 299), "not JSON"),
        (Response("<html>", 200), "not JSON .*'<html>'.*no page for logging in"),
    ],
    ids=lambda value: str(value.status_code) if isinstance(value, Response) else "",
)
def test_what_is_not_tried_again(web: HTTPServer, reply: Response, message: str) -> None:
    asked = replies(web, reply)
    waits = Waits()
    with pytest.raises(TeacherError, match=f"(?i)suspect: .*{message}"):
        post(Transport(suspect(web), cancelled=waits))
    assert (len(asked), waits.seconds) == (1, [])


@pytest.mark.parametrize(("status", "message"), [
    (408, "408 Request Timeout"),
    (425, "425 Too Early"),
    (429, "limits how often it may be asked .*429 Too Many Requests, it says: hm, 5 attempts.*then resume"),
    (500, "fails .*500 Internal Server Error, it says: hm, 5 attempts"),
    (502, "fails .*502"),
    (503, "fails .*503"),
    (504, "fails .*504"),
])  # fmt: skip
def test_what_is_tried_five_times(web: HTTPServer, status: int, message: str) -> None:
    asked = replies(web, Response('{"error": "hm"}', status))
    waits, attempts = Waits(), []
    with pytest.raises(TeacherError, match=f"(?i){message}"):
        post(Transport(suspect(web), cancelled=waits), on_attempt=lambda: attempts.append(1))
    assert len(asked) == len(attempts) == 5
    for wait, least in zip(waits.seconds, (0.5, 1, 2, 4), strict=True):
        assert least <= wait <= least + 0.5


def test_a_server_that_recovers_is_forgiven(web: HTTPServer) -> None:
    asked = replies(web, Response("", 500), Response("", 503), OK)
    assert post(Transport(suspect(web), cancelled=Waits())) == {"fine": True}
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("status", "header", "least", "most"),
    [
        (429, lambda: "7", 7, 7),
        (503, lambda: "3", 3, 3),
        (429, lambda: formatdate(time.time() + 60, usegmt=True), 50, 60),
        (429, lambda: "86400", 120, 120),
        (429, lambda: formatdate(time.time() - 60, usegmt=True), 0.5, 1),
        (429, lambda: "0", 0.5, 1),
        (429, lambda: "soon", 0.5, 1),
        (429, lambda: "nan", 0.5, 1),
    ],
    ids=["seconds", "with 503", "date", "too long", "past date", "at once", "words", "nan"],
)
def test_retry_after_is_honoured(
    web: HTTPServer, status: int, header: Callable[[], str], least: float, most: float
) -> None:
    replies(web, Response("", status, {"Retry-After": header()}), OK)
    waits = Waits()
    post(Transport(suspect(web), cancelled=waits))
    assert len(waits.seconds) == 1
    assert least <= waits.seconds[0] <= most


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"RateLimit": '"api";r=0;t=55'}, 55.0),
        ({"RateLimit": '"api"; r=0; t=7'}, 7.0),
        ({"RateLimit": '"api";r=3;t=55'}, None),
        ({"RateLimit": '"a";r=0;t=5, "b";t=55;r=0, "c";r=1;t=99'}, 55.0),
        ({"RateLimit": '"api";r=0;t=soon'}, None),
        ({"RateLimit": '"api";r=0;t=55', "Retry-After": "2"}, 2.0),
        ({}, None),
    ],
    ids=["used up", "with blanks", "some left", "of several", "words", "and Retry-After", "nothing"],
)
def test_a_used_up_rate_limit_is_waited_for(web: HTTPServer, headers: dict[str, str], seconds: float | None) -> None:
    replies(web, Response("", 429, headers), OK)
    waits = Waits()
    post(Transport(suspect(web), cancelled=waits))
    assert waits.seconds[0] == seconds if seconds else 0.5 <= waits.seconds[0] <= 1


def test_a_call_that_waits_for_others_is_not_given_up(web: HTTPServer) -> None:
    """Refused as crowded ten times, but each time another call was answered meanwhile."""
    asked = replies(web, *[Response("", 429, {"Retry-After": "1"}), OK] * 10, OK)

    class OthersMeanwhile(Waits):
        def wait(self, timeout: float | None = None) -> bool:
            post(transport)
            return super().wait(timeout)

    transport = Transport(suspect(web), cancelled=OthersMeanwhile())
    assert post(transport) == {"fine": True}
    assert len(asked) == 21


def test_no_cookie_is_kept(web: HTTPServer) -> None:
    asked = replies(web, Response('{"fine": true}', headers={"Set-Cookie": "who=me; Path=/"}))
    transport = Transport(suspect(web))
    post(transport)
    post(transport)
    assert "Cookie" not in asked[-1].headers


def test_calls_keep_the_distance_that_a_candidate_wants(web: HTTPServer) -> None:
    replies(web, OK)
    waits = Waits()
    transport = Transport(suspect(web, requests_per_minute=2), cancelled=waits)
    for _ in range(3):
        post(transport)
    assert waits.seconds == pytest.approx([30, 60], abs=10)


def test_a_cancelled_audit_does_not_wait_for_its_turn(web: HTTPServer) -> None:
    asked = replies(web, OK)
    cancelled = threading.Event()
    transport = Transport(suspect(web, requests_per_minute=0.01), cancelled=cancelled)
    post(transport)
    threading.Timer(0.2, cancelled.set).start()
    with pytest.raises(Cancelled):
        post(transport)
    assert len(asked) == 1


@pytest.mark.parametrize("value", ["", "-", "Wed, 99 Nov", "inf", "1e999"])
def test_a_senseless_retry_after_is_none(value: str) -> None:
    assert retry_after(value) is None


def test_a_status_may_mean_nothing_there(web: HTTPServer) -> None:
    replies(web, Response("", 404))
    assert Transport(suspect(web)).get(PATH, none_for=(404,)) is None


def test_cancelling_ends_a_wait(web: HTTPServer) -> None:
    asked = replies(web, Response("", 503))

    class CancelledWhileWaiting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return True

    with pytest.raises(Cancelled):
        post(Transport(suspect(web), cancelled=CancelledWhileWaiting()))
    assert len(asked) == 1


def test_cancelling_ends_a_call_that_hangs(web: HTTPServer, release: threading.Event) -> None:
    cancelled = threading.Event()

    def hang(request: Request) -> Response:
        cancelled.set()
        release.wait(60)
        return OK

    web.expect_request(f"/{PATH}").respond_with_handler(hang)
    with pytest.raises(Cancelled):
        post(Transport(suspect(web, timeout=600), cancelled=cancelled))


def test_a_silent_server(web: HTTPServer, release: threading.Event) -> None:
    def hang(request: Request) -> Response:
        release.wait(60)
        return OK

    web.expect_request(f"/{PATH}").respond_with_handler(hang)
    with pytest.raises(TeacherError, match=r"does not answer in time .*within 0.1 s, got 2 attempts.*timeout"):
        post(Transport(suspect(web, timeout=0.1), cancelled=Waits(), retry=Retry(attempts=2)))


def test_a_body_that_drips(web: HTTPServer, release: threading.Event) -> None:
    def drip() -> Iterator[bytes]:
        while not release.wait(0.02):
            yield b" "

    web.expect_request(f"/{PATH}").respond_with_handler(lambda request: Response(drip()))
    with pytest.raises(TeacherError, match=r"too slowly .*complete answer within 0.4 s"):
        post(Transport(suspect(web, timeout=0.1), cancelled=Waits()))


def test_an_answer_that_is_too_big(web: HTTPServer) -> None:
    asked = replies(web, Response(json.dumps({"data": "x" * 2**20})))
    with pytest.raises(TeacherError, match=r"too big .*at most 1 MB.*Lower max_batch"):
        post(Transport(suspect(web), max_body=2**20))
    assert len(asked) == 1


def packed(times: int, *, wbits: int = 31) -> bytes:
    """So many MB of blanks, as gzip or what else `wbits` stands for in zlib."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join(packer.compress(b" " * 2**20) for _ in range(times)) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        ("gzip", packed(256)),
        ("deflate", packed(256, wbits=15)),
        ("deflate", packed(256, wbits=-15)),
        ("gzip, gzip", gzip.compress(packed(256))),
        ("gzip", packed(1) * 256),
    ],
    ids=["gzip", "zlib", "deflate", "twice", "members"],
)
def test_what_is_unpacked_is_bounded_and_so_is_the_memory_for_it(web: HTTPServer, encoding: str, bomb: bytes) -> None:
    replies(web, Response(bomb, headers={"Content-Encoding": encoding}))
    tracemalloc.start()
    try:
        with pytest.raises(TeacherError, match="too big"):
            post(Transport(suspect(web), max_body=2**22))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**24  # of 2 ** 28 bytes


def test_a_body_that_is_announced_too_big_is_not_waited_for(web: HTTPServer, release: threading.Event) -> None:
    def late() -> Iterator[bytes]:
        yield b" "
        release.wait(60)

    length = {"Content-Length": str(2**20 + 1)}
    web.expect_request(f"/{PATH}").respond_with_handler(lambda request: Response(late(), headers=length))
    with pytest.raises(TeacherError, match="too big"):
        post(Transport(suspect(web), max_body=2**20))


def test_a_redirect_is_not_followed(web: HTTPServer) -> None:
    with HTTPServer() as elsewhere:
        elsewhere.expect_request("/").respond_with_json({})
        location = f"http://user:pw@127.0.0.1:{elsewhere.port}/?token=k-123456"
        replies(web, Response("", 307, {"Location": location}))
        with pytest.raises(TeacherError, match=rf"sends us on .*got http://127.0.0.1:{elsewhere.port}\)"):
            post(Transport(suspect(web), key="k-123456"))
        assert elsewhere.log == []


@pytest.mark.parametrize("location", ["http://{key}.example/", "http://example/{key}"])
def test_a_redirect_shows_no_part_of_a_key_with_a_slash(web: HTTPServer, location: str) -> None:
    replies(web, Response("", 302, {"Location": location.format(key="sk-123/456")}))
    with pytest.raises(TeacherError, match="sends us on") as caught:
        post(Transport(suspect(web), key="sk-123/456"))
    assert "123" not in str(caught.value).replace("127.0.0.1", "")

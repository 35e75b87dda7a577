"""What servers do wrong in the middle of an audit: each is said clearly, and no answer is lost or asked for twice.

No test waits for a retry: `Waits` only writes down for how long.
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from werkzeug import Request, Response

from core.candidates import CandidateConfig
from core.errors import TeacherError
from core.teachers.asking import Witness, ask
from core.teachers.cache import AnswerCache
from core.teachers.exchange import MAX_BODY
from core.teachers.registry import open_teacher
from core.teachers.transport import PATIENT, Retry
from tests.support.inference import NAMES, SHAPE, InferenceServer, Waits, expected_probs, output_tensor

IMAGES = np.random.default_rng(7).integers(0, 256, (4, *SHAPE)).astype(np.uint8)
FIRST, SECOND = IMAGES[:2], IMAGES[2:]  # one call each: the first is answered, the second is not
TWICE = Retry(attempts=2)
KEY = "sk-fault-0c71"
BUFFERS = 32 * 2**20  # bytes that may be on the way when a connection is closed

Wrong = Callable[[dict[str, object]], object]  # what a server makes of its right reply


@dataclass(frozen=True)
class Fault:
    """One way to fail.

    Attributes:
        message: a pattern of what the error says and advises.
        calls: that the server sees meanwhile.
        wrong: what the server makes of its right reply.
    """

    message: str
    calls: int
    wrong: Wrong
    retry: Retry = PATIENT
    settings: dict[str, object] = field(default_factory=dict)


def always(*reply: object, **header: str) -> Wrong:
    """The same body and status whatever is asked."""
    body, status = (*reply, 200)[:2]
    return lambda right: Response(body, status, {name.replace("_", "-"): value for name, value in header.items()})


def streamed(pieces: Callable[[], Iterator[bytes]], **header: str) -> Wrong:
    return lambda right: Response(pieces(), 200, {name.replace("_", "-"): value for name, value in header.items()})


def answers(change: Callable[[np.ndarray], np.ndarray]) -> Wrong:
    """The right answers `(N, K)`, changed."""

    def wrong(right: dict[str, object]) -> object:
        tensor = right["outputs"][0]
        values = change(np.array(tensor["data"]).reshape(tensor["shape"]))
        return right | {"outputs": [output_tensor(values)]}

    return wrong


def slow(right: dict[str, object]) -> object:
    release.wait(60)
    return right


def stalled() -> Iterator[bytes]:
    yield b'{"outputs": '
    release.wait(60)


def cut() -> Iterator[bytes]:
    yield b'{"outputs": '
    raise ConnectionResetError


def poured() -> Iterator[bytes]:
    """2 GB, as far as anybody reads them."""
    for _ in range(2**15):
        sent.append(2**16)
        yield b" " * 2**16


def with_one(value: float) -> Wrong:
    def change(probs: np.ndarray) -> np.ndarray:
        probs[0, 0] = value
        return probs

    return answers(change)


release = threading.Event()  # for handlers that hang; set when a test is over
sent: list[int] = []  # bytes of each piece of a big body

SLOW = {"timeout": 1.0}
FAULTS = {
    "slow first byte": Fault("does not answer in time .*within 1 s, got 2 attempts.*timeout", 2, slow, TWICE, SLOW),
    "stalled body": Fault("does not answer in time .*2 attempts.*timeout", 2, streamed(stalled), TWICE, SLOW),
    "cut body": Fault("broke off .*9 attempts.*resume", 9, streamed(cut, Content_Length="1000")),
    "truncated JSON": Fault(r"not JSON .*'\{\"outputs\": \[\{'.*model server", 1, always('{"outputs": [{')),
    "wrong content type": Fault("not JSON .*PNG.*model server", 1, always(b"\x89PNG\r\n", Content_Type="image/png")),
    "login page": Fault(
        "not JSON .*<html>.*that no page for logging in", 1, always("<html>log in", Content_Type="text/html")
    ),
    "other JSON": Fault(
        "is no answer .*got no outputs.*hello.*check that the address", 1, always('{"hello": "world"}')
    ),
    "gzip bomb": Fault(
        "too big .*at most 64 MB.*lower max_batch",
        1,
        lambda right: Response(gzip.compress(b" " * 2**27), 200, {"Content-Encoding": "gzip"}),
    ),
    "2 GB, as announced": Fault("too big .*at most 64 MB", 1, streamed(poured, Content_Length=str(2**31))),
    "2 GB": Fault("too big .*at most 64 MB", 1, streamed(poured)),
    "NaN": Fault("hold NaN or infinity .*1 of 10 are not.*pixels", 1, with_one(np.nan)),
    "infinity": Fault("hold NaN or infinity .*1 of 10 are not", 1, with_one(-np.inf)),
    "wrong batch size": Fault(r"wrong shape .*a row for each image, got \[1, 5\]", 1, answers(lambda probs: probs[:1])),
    "classes change": Fault("another number of classes .*expected 5, got 4", 1, answers(lambda probs: probs[:, :4])),
    "429": Fault("how often it may be asked .*429.*9 attempts.*requests_per_minute", 9, always("", 429)),
    "429 and when": Fault("how often it may be asked .*9 attempts", 9, always("", 429, Retry_After="7")),
    "503": Fault("fails .*503.*9 attempts.*resume", 9, always("", 503)),
    "key expired": Fault(
        "refuses the key in AUDIT_KEY_T .*401.*it says: expired.*check that key",
        1,
        always('{"error": "expired"}', 401),
        settings={"key_env": "AUDIT_KEY_T"},
    ),
    "to a file": Fault("sends us on .*302.*another host", 1, always("", 302, Location="file:///etc/passwd")),
    "to another host": Fault(
        "sends us on .*307.*got http://127.0.0.2.*where the server really is",
        1,
        always("", 307, Location="http://127.0.0.2:1/v2/models/m/infer"),
    ),
}


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    release.clear()
    sent.clear()
    yield
    release.set()


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[AnswerCache]:
    with AnswerCache(tmp_path / "answers.sqlite3") as cache:
        yield cache


def connected(candidate: CandidateConfig, waits: Waits, retry: Retry = PATIENT) -> Witness:
    teacher = open_teacher(candidate, key=KEY, cancelled=waits, retry=retry)
    return Witness(teacher, teacher.connect(SHAPE, NAMES))


def asked(witness: Witness, images: np.ndarray, cache: AnswerCache) -> np.ndarray:
    """All that these tests know of how an audit asks."""

    def nothing(*args: object) -> None:
        pass

    said = ask([witness], images, cache, cancelled=threading.Event(), on_ask=nothing, on_reply=nothing, on_loss=nothing)
    *_, last = said
    return last["suspect"]


def closing(right: dict[str, object]) -> Response:
    """The right reply, after which the next call needs a connection of its own."""
    return Response(json.dumps(right), headers={"Connection": "close"})


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_explained_and_costs_no_answer(inference: InferenceServer, cache: AnswerCache, fault: Fault) -> None:
    waits = Waits()
    candidate = inference.candidate(max_batch=2, **fault.settings)
    witness = connected(candidate, waits, fault.retry)
    asked(witness, FIRST, cache)

    inference.change, before = fault.wrong, len(inference.requests)
    with pytest.raises(TeacherError, match=f"(?is)^suspect: .*{fault.message}") as caught:
        asked(witness, IMAGES, cache)
    assert len(inference.requests) - before == fault.calls
    assert len(waits.seconds) == fault.calls - 1
    assert caught.value.remedy and KEY not in str(caught.value)
    assert sum(sent) <= MAX_BODY + BUFFERS

    assert_only_the_second_is_asked_again(inference, candidate, cache)


def assert_only_the_second_is_asked_again(
    inference: InferenceServer, candidate: CandidateConfig, cache: AnswerCache
) -> None:
    inference.change = lambda right: right
    witness = connected(candidate, Waits())
    before = inference.images
    np.testing.assert_allclose(asked(witness, IMAGES, cache), expected_probs(IMAGES), rtol=1e-5)
    assert inference.images - before == len(SECOND)


def test_a_connection_that_is_reset(inference: InferenceServer, cache: AnswerCache) -> None:
    """With an RST, as of a process that was killed; what is announced as an answer says nothing about that."""
    candidate = inference.candidate(max_batch=2)
    witness = connected(candidate, Waits())
    asked(witness, FIRST, cache)
    resets: list[int] = []
    inference.server.clear_all_handlers()

    def reset(request: Request) -> Response:
        resets.append(1)
        connection: socket.socket = request.environ["werkzeug.socket"]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return Response(cut())

    inference.server.expect_request("/v2/models/m/infer").respond_with_handler(reset)
    with pytest.raises(TeacherError, match=r"the connection to .* broke off .*9 attempts"):
        asked(witness, IMAGES, cache)
    assert len(resets) == 9
    inference.server.clear_all_handlers()
    assert_only_the_second_is_asked_again(InferenceServer(inference.server), candidate, cache)


def test_a_name_that_is_not_found_any_more(
    inference: InferenceServer, cache: AnswerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = inference.candidate(max_batch=2, url=f"http://localhost:{inference.server.port}")
    witness = connected(candidate, Waits())
    inference.change = closing
    asked(witness, FIRST, cache)

    def unknown(*args: object, **kwargs: object) -> object:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    before = len(inference.requests)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(TeacherError, match=r"the host localhost is not known \(got 9 attempts\).*online"):
            asked(witness, IMAGES, cache)
    assert len(inference.requests) == before
    assert_only_the_second_is_asked_again(inference, candidate, cache)


def test_a_server_that_is_away_for_a_minute_is_waited_for(inference: InferenceServer, cache: AnswerCache) -> None:
    waits = Waits()
    witness = connected(inference.candidate(max_batch=2), waits)
    inference.change = lambda right: right if sum(waits.seconds) > 60 else Response("", 503)
    np.testing.assert_allclose(asked(witness, IMAGES, cache), expected_probs(IMAGES), rtol=1e-5)
    assert 60 < sum(waits.seconds) < 90


def test_a_server_that_never_answered_is_not_waited_for_that_long(inference: InferenceServer) -> None:
    inference.change = lambda right: Response("", 503)
    waits = Waits()
    with pytest.raises(TeacherError, match=r"fails .*503.*5 attempts"):
        connected(inference.candidate(), waits)
    assert sum(waits.seconds) < 10


def test_a_server_that_says_when_is_asked_then(inference: InferenceServer, cache: AnswerCache) -> None:
    waits = Waits()
    witness = connected(inference.candidate(max_batch=2), waits)
    inference.change = lambda right: Response("", 429, {"Retry-After": "30"}) if len(waits.seconds) < 4 else right
    np.testing.assert_allclose(asked(witness, IMAGES, cache), expected_probs(IMAGES), rtol=1e-5)
    assert waits.seconds == [30] * 4


def test_JSON_under_another_content_type_is_taken(inference: InferenceServer, cache: AnswerCache) -> None:
    inference.change = lambda right: Response(json.dumps(right), content_type="text/html")
    witness = connected(inference.candidate(), Waits())
    np.testing.assert_allclose(asked(witness, IMAGES, cache), expected_probs(IMAGES), rtol=1e-5)

"""TorchServe: an image file a call, the strongest classes by label, and its own way to say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from core.errors import TeacherError
from core.teachers.registry import open_teacher
from core.teachers.transport import Retry
from tests.support.inference import CLASSES, NAMES, SHAPE, as_json, expected_probs, suspect
from tests.support.servers import TorchServeServer, decoded, ranking


@pytest.fixture
def serving(web: HTTPServer) -> TorchServeServer:
    return TorchServeServer(web)


def images(count: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *shape), dtype=np.uint8)


def test_the_body_is_a_png_file_of_the_probe(serving: TorchServeServer) -> None:
    teacher = open_teacher(serving.candidate())
    teacher.connect(SHAPE, NAMES)
    teacher.query(images(2))
    sent = serving.requests[-2:]
    assert [one["type"] for one in sent] == ["image/png"] * 2
    assert all(one["file"].startswith(b"\x89PNG\r\n\x1a\n") for one in sent)
    np.testing.assert_array_equal(np.stack([decoded(one["file"]) for one in sent]), images(2))


def test_colour_survives_the_file(web: HTTPServer) -> None:
    shape, received = (3, 5, 7), []

    def predictions(request: object) -> object:
        received.append(decoded(request.get_data()))
        return serving.answer({}, np.zeros((1, *SHAPE)), lambda probs: probs[0].tolist())

    serving = TorchServeServer(web)
    web.clear()
    web.expect_request("/predictions/m").respond_with_handler(predictions)
    teacher = open_teacher(serving.candidate())
    teacher.connect(shape, NAMES)
    teacher.query(images(1, shape))
    np.testing.assert_array_equal(received[-1], images(1, shape)[0])


def test_the_strongest_classes(serving: TorchServeServer) -> None:
    serving.strongest = 2
    teacher = open_teacher(serving.candidate())
    assert teacher.connect(SHAPE, NAMES[::-1]).output == "top_k"
    answer, probs = teacher.query(images(1))[0, ::-1], expected_probs(images(1))[0]
    told = ranking(probs, 2)
    np.testing.assert_allclose(answer[told], probs[told])
    assert np.isnan(np.delete(answer, told)).all()


def _numbered(reply: dict[str, float]) -> dict[str, float]:
    return {str(NAMES.index(label)): score for label, score in reply.items()}


@pytest.mark.parametrize(
    ("change", "output"),
    [
        (_numbered, "probs"),
        (
            lambda reply: {f"n{NAMES.index(label):08d} {label}, animal": score for label, score in reply.items()},
            "probs",
        ),
        (lambda reply: [reply[name] for name in NAMES], "probs"),
        (lambda reply: [[reply[name] for name in NAMES]], "probs"),
        (lambda reply: {"class": max(reply, key=reply.get), "probability": max(reply.values())}, "top_k"),
        (lambda reply: NAMES.index(max(reply, key=reply.get)), "labels"),
    ],
    ids=["no index_to_name.json", "WordNet", "a vector", "nested", "as documented", "MNIST's handler"],
)
def test_what_handlers_answer(serving: TorchServeServer, change: Callable[[object], object], output: str) -> None:
    serving.change = change
    teacher = open_teacher(serving.candidate())
    assert teacher.connect(SHAPE, NAMES).output == output
    answers = np.concatenate([teacher.query(image[None]) for image in images(4)])
    assert np.nanargmax(answers, axis=1).tolist() == expected_probs(images(4)).argmax(axis=1).tolist()


def test_numbers_of_a_larger_head_are_not_taken_for_the_students(serving: TorchServeServer) -> None:
    serving.change = lambda reply: {"281": 0.6, "3": 0.2, "7": 0.1, "999": 0.1}
    with pytest.raises(TeacherError, match=r"more classes than are known .*expected numbers below 5, got '281'"):
        open_teacher(serving.candidate()).connect(SHAPE, NAMES)


@pytest.mark.parametrize(
    ("settings", "path", "identity"),
    [
        ({}, "/predictions/m", "m|"),
        ({"version": "2.0"}, "/predictions/m/2.0", "m|2.0"),
        ({"model": "team/m"}, "/predictions/team%2Fm", "team/m|"),
    ],
)
def test_model_and_version_are_in_path_and_identity(
    web: HTTPServer, settings: dict[str, str], path: str, identity: str
) -> None:
    asked = []

    def predictions(request: object) -> Response:
        asked.append(request.environ["REQUEST_URI"])
        return as_json([0.25, 0.75])

    web.expect_request(re.compile(".*"), method="POST").respond_with_handler(predictions)
    found = open_teacher(suspect(web, protocol="torchserve", **settings)).connect(SHAPE)
    assert found.identity == f"torchserve|127.0.0.1:{web.port}|{identity}"
    assert asked == [path] * 2


@pytest.mark.parametrize(
    ("status", "kind", "said", "message"),
    [
        (404, "ModelNotFoundException", "Model not found: m", "there is no model 'm' .*it says: Model not found: m"),
        (400, "InvalidKeyException", "Token Authorization failed.", "rejects the request .*Token Authorization failed"),
        (
            503,
            "ServiceUnavailableException",
            'Model "m" has no worker to serve inference request. Please use scale workers API to add workers.',
            "fails .*has no worker to serve .*2 attempts.*look at the server's log",
        ),
        (507, "InternalServerException", "Worker died.", "fails .*507 .*Worker died"),
        (413, "RequestEntityTooLarge", "too large", "finds a request too large"),
    ],
)
def test_what_the_server_says_is_shown(web: HTTPServer, status: int, kind: str, said: str, message: str) -> None:
    body = {"code": status, "type": kind, "message": said}
    web.expect_request("/predictions/m").respond_with_json(body, status)
    candidate = TorchServeServer(web).candidate()
    with pytest.raises(TeacherError, match=f"(?i)suspect: .*{message}") as caught:
        open_teacher(candidate, retry=Retry(attempts=2, first=0.01)).connect(SHAPE, NAMES)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda reply: {"code": "x", "message": "y"}, "no answer"),
        (lambda reply: [0.2] * (CLASSES - 1), "another number of classes .*expected 5, got 4"),
        (lambda reply: {"tench": 0.9, "goldfish": 0.1}, "none of the candidate's labels .*got tench, goldfish"),
        (lambda reply: {"ant": 7.5, "bee": 3.1}, "no probabilities"),
    ],
)
def test_answers_of_no_use(serving: TorchServeServer, change: Callable[[object], object], message: str) -> None:
    serving.change = change
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        open_teacher(serving.candidate()).connect(SHAPE, NAMES)

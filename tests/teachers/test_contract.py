"""What every adapter must do, whatever it speaks. A new adapter needs only a server in `SERVERS`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pytest_httpserver import HTTPServer

from core.errors import Cancelled, TeacherError
from core.teachers.answers import trial_images
from core.teachers.base import ADAPTERS
from core.teachers.registry import open_teacher
from tests.support.inference import CLASSES, NAMES, SHAPE, InferenceServer, expected_probs

SERVERS: dict[str, Callable[[HTTPServer], InferenceServer]] = {"open_inference": InferenceServer}


@pytest.fixture(params=sorted(ADAPTERS))
def served(request: pytest.FixtureRequest, web: HTTPServer) -> InferenceServer:
    return SERVERS[request.param](web)


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *SHAPE), dtype=np.uint8)


def test_connecting_tells_what_the_teacher_can_do(served: InferenceServer) -> None:
    teacher = open_teacher(served.candidate(max_batch=7))
    found = teacher.connect(SHAPE, NAMES)
    assert (found.output, found.num_classes, found.max_batch) == ("probs", CLASSES, 7)
    assert found.input_shape in (SHAPE, None)
    assert found.latency > 0
    assert teacher.name == "suspect"


def test_answers_are_those_of_the_model_to_the_same_pixels(served: InferenceServer) -> None:
    teacher = open_teacher(served.candidate())
    teacher.connect(SHAPE)
    probes = images(6)
    answers = teacher.query(probes)
    assert answers.dtype == np.float64
    np.testing.assert_allclose(answers, expected_probs(probes), rtol=1e-6)


def test_every_image_sent_is_counted(served: InferenceServer) -> None:
    teacher = open_teacher(served.candidate())
    assert teacher.sent == 0
    teacher.connect(SHAPE)
    assert teacher.sent == len(trial_images(SHAPE)) == served.images
    teacher.query(images(5))
    assert teacher.sent == 7 == served.images


def test_a_connected_teacher_answers_several_threads_at_once(served: InferenceServer) -> None:
    at_once = 4
    barrier = threading.Barrier(at_once)  # the server answers none of so many calls before all are there
    teacher = open_teacher(served.candidate(max_concurrency=at_once))
    assert teacher.connect(SHAPE).max_concurrency == at_once

    def together(reply: dict[str, object]) -> dict[str, object]:
        barrier.wait(30)
        return reply

    served.change = together
    parts = [images(5 + index) for index in range(2 * at_once)]
    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(teacher.query, parts))
    for part, answer in zip(parts, answers, strict=True):
        np.testing.assert_allclose(answer, expected_probs(part), rtol=1e-6)
    assert teacher.sent == served.images == 2 + sum(map(len, parts))


def test_the_identity_is_derived_or_given(served: InferenceServer) -> None:
    derived = open_teacher(served.candidate()).connect(SHAPE).identity
    assert derived == open_teacher(served.candidate(max_batch=1)).connect(SHAPE).identity
    assert f"127.0.0.1:{served.server.port}" in derived and "|m|" in derived
    assert open_teacher(served.candidate(), identity="zoo|abc").connect(SHAPE).identity == "zoo|abc"


def test_a_batch_of_one_is_enough_to_connect(served: InferenceServer) -> None:
    teacher = open_teacher(served.candidate(max_batch=1))
    assert teacher.connect(SHAPE).max_batch == 1
    assert [request["inputs"][0]["shape"][0] for request in served.requests] == [1, 1]


def test_another_number_of_classes_is_refused_before_any_probe(served: InferenceServer) -> None:
    with pytest.raises(TeacherError, match=f"expected {CLASSES + 1}, got {CLASSES}"):
        open_teacher(served.candidate()).connect(SHAPE, [*NAMES, "another"])


def test_a_cancelled_audit_sends_nothing(served: InferenceServer) -> None:
    cancelled = threading.Event()
    teacher = open_teacher(served.candidate(), cancelled=cancelled)
    teacher.connect(SHAPE)
    cancelled.set()
    with pytest.raises(Cancelled):
        teacher.query(images(3))
    assert teacher.sent == served.images == 2


def test_the_key_goes_with_every_call(served: InferenceServer) -> None:
    teacher = open_teacher(served.candidate(), key="sesame-81")
    teacher.connect(SHAPE)
    assert {request.headers.get("Authorization") for request, _ in served.server.log} == {"Bearer sesame-81"}


def test_probes_before_connecting_are_a_fault_of_ours(served: InferenceServer) -> None:
    with pytest.raises(RuntimeError, match="connect"):
        open_teacher(served.candidate()).query(images(1))

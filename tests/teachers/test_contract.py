"""What every adapter must do, whatever it speaks. A new adapter needs only a server in `SERVERS`."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pytest_httpserver import HTTPServer

from core.candidates import NEEDS
from core.errors import Cancelled, TeacherError
from core.teachers.answers import trial_images
from core.teachers.base import ADAPTERS, Capabilities, Teacher, Terms
from core.teachers.registry import open_teacher
from core.words import PROTOCOLS
from tests.support.inference import InferenceServer, ModelServer
from tests.support.servers import GenericServer, HuggingFaceServer, TensorFlowServer, TorchServeServer, TritonServer
from tests.support.weights import LocalModel

SERVERS: dict[str, Callable[[HTTPServer], ModelServer]] = {
    "open_inference": InferenceServer,
    "triton": TritonServer,
    "tf_serving": TensorFlowServer,
    "torchserve": TorchServeServer,
    "hugging_face": HuggingFaceServer,
    "generic": GenericServer,
}
UNSENT: dict[str, Callable[[Path], LocalModel]] = {"local": LocalModel}  # over no network


@pytest.fixture(params=sorted(ADAPTERS))
def model(request: pytest.FixtureRequest, web: HTTPServer, tmp_path: Path) -> ModelServer | LocalModel:
    protocol = request.param
    return UNSENT[protocol](tmp_path) if protocol in UNSENT else SERVERS[protocol](web)


@pytest.fixture(params=sorted(ADAPTERS.keys() - UNSENT.keys()))
def served(request: pytest.FixtureRequest, web: HTTPServer) -> ModelServer:
    return SERVERS[request.param](web)


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *InferenceServer.shape), dtype=np.uint8)


def ask(teacher: Teacher, found: Capabilities, probes: np.ndarray) -> np.ndarray:
    starts = range(0, len(probes), found.max_batch)
    return np.concatenate([teacher.query(probes[start : start + found.max_batch]) for start in starts])


def test_every_protocol_has_needs_and_words() -> None:
    assert ADAPTERS.keys() == NEEDS.keys() == PROTOCOLS.keys() == SERVERS.keys() | UNSENT.keys()


def test_connecting_tells_what_the_teacher_can_do(model: ModelServer | LocalModel) -> None:
    teacher = open_teacher(model.candidate(max_batch=7))
    found = teacher.connect(model.shape, model.names)
    assert (found.output, found.num_classes) == (model.output, len(model.names))
    assert found.max_batch == (1 if model.one_at_a_time else 7)
    assert found.input_shape in (model.shape, None)
    assert found.latency > 0
    assert set(found.matched.values()) <= set(model.names)
    np.testing.assert_allclose(found.trial, model.expected(trial_images(model.shape)), rtol=1e-5)
    assert teacher.name == "suspect"


def test_answers_are_those_of_the_model_to_the_same_pixels(model: ModelServer | LocalModel) -> None:
    teacher = open_teacher(model.candidate())
    found = teacher.connect(model.shape, model.names)
    probes = images(6)
    answers = ask(teacher, found, probes)
    assert answers.dtype == np.float64
    np.testing.assert_allclose(answers, model.expected(probes), rtol=1e-5)


def test_every_image_sent_is_counted(served: ModelServer) -> None:
    teacher = open_teacher(served.candidate())
    assert teacher.sent == 0
    found = teacher.connect(served.shape, served.names)
    assert teacher.sent == len(trial_images(served.shape)) == served.images
    ask(teacher, found, images(5))
    assert teacher.sent == 7 == served.images


@pytest.mark.parametrize("protocol", sorted(UNSENT))
def test_what_is_asked_here_is_not_sent(protocol: str, tmp_path: Path) -> None:
    model = UNSENT[protocol](tmp_path)
    teacher = open_teacher(model.candidate())
    ask(teacher, teacher.connect(model.shape, model.names), images(5))
    assert teacher.sent == 0


def test_a_connected_teacher_answers_several_threads_at_once(model: ModelServer | LocalModel) -> None:
    at_once = 4
    teacher = open_teacher(model.candidate(max_concurrency=at_once))
    found = teacher.connect(model.shape, model.names)
    if isinstance(model, ModelServer):
        assert found.max_concurrency == at_once
        model.change = _first_together(at_once)
    parts = [images(5 + index) for index in range(2 * at_once)]
    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(lambda part: ask(teacher, found, part), parts))
    for part, answer in zip(parts, answers, strict=True):
        np.testing.assert_allclose(answer, model.expected(part), rtol=1e-5)
    if isinstance(model, ModelServer):
        assert teacher.sent == model.images == 2 + sum(map(len, parts))


def _first_together(calls: int) -> Callable[[object], object]:
    """None of the first calls is answered before all of them are there."""
    barrier, numbers = threading.Barrier(calls), itertools.count()

    def together(reply: object) -> object:
        if next(numbers) < calls:
            barrier.wait(30)
        return reply

    return together


def test_the_identity_is_derived_or_given(model: ModelServer | LocalModel) -> None:
    def identity(terms: Terms | None = None, **settings: object) -> str:
        teacher = open_teacher(model.candidate(**settings), terms=terms or Terms())
        return teacher.connect(model.shape, model.names).identity

    derived = identity()
    assert derived == identity(max_batch=1, timeout=20)
    assert derived.startswith(f"{model.protocol}|")
    assert identity(Terms(identity="zoo|abc")) == "zoo|abc"


def test_the_identity_names_host_and_model(served: ModelServer) -> None:
    identity = open_teacher(served.candidate()).connect(served.shape, served.names).identity
    assert f"127.0.0.1:{served.server.port}" in identity and "|m|" in identity


def test_a_batch_of_one_is_enough_to_connect(served: ModelServer) -> None:
    teacher = open_teacher(served.candidate(max_batch=1))
    assert teacher.connect(served.shape, served.names).max_batch == 1
    assert served.batches == [1, 1]


def test_classes_that_the_teacher_does_not_have_are_refused_before_any_probe(model: ModelServer | LocalModel) -> None:
    teacher = open_teacher(model.candidate(output=model.output))
    with pytest.raises(TeacherError, match=r"expected 6, got 5|expected probs, got 5 of 6 classes"):
        teacher.connect(model.shape, [*model.names, "another"])
    assert teacher.sent <= len(trial_images(model.shape))


def test_a_cancelled_audit_sends_nothing(served: ModelServer) -> None:
    cancelled = threading.Event()
    teacher = open_teacher(served.candidate(), cancelled=cancelled)
    teacher.connect(served.shape, served.names)
    cancelled.set()
    with pytest.raises(Cancelled):
        teacher.query(images(1))
    assert teacher.sent == served.images == 2


def test_the_key_goes_with_every_call(served: ModelServer) -> None:
    teacher = open_teacher(served.candidate(), key="sesame-81")
    teacher.connect(served.shape, served.names)
    assert {request.headers.get("Authorization") for request, _ in served.server.log} == {"Bearer sesame-81"}


def test_probes_before_connecting_are_a_fault_of_ours(model: ModelServer | LocalModel) -> None:
    with pytest.raises(RuntimeError, match="connect"):
        open_teacher(model.candidate()).query(images(1))

"""Hugging Face image classification: what is asked for, whom, and the ways to be refused."""

from __future__ import annotations

import base64
from collections.abc import Callable

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from scipy.special import softmax

from core.errors import TeacherError
from core.teachers.registry import open_teacher
from core.teachers.transport import Retry
from tests.support.inference import CLASSES, NAMES, SHAPE, Waits, expected_probs, suspect
from tests.support.servers import HuggingFaceServer, decoded, ranking


@pytest.fixture
def hub(web: HTTPServer) -> HuggingFaceServer:
    return HuggingFaceServer(web)


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *SHAPE), dtype=np.uint8)


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        ({}, {"function_to_apply": "softmax", "top_k": CLASSES}),
        ({"output": "probs"}, {"function_to_apply": "softmax", "top_k": CLASSES}),
        ({"output": "logits"}, {"function_to_apply": "none", "top_k": CLASSES}),
        ({"output": "labels"}, {"function_to_apply": "softmax", "top_k": 1}),
        ({"output": "top_k", "top_k": 3}, {"function_to_apply": "softmax", "top_k": 3}),
        ({"top_k": 1000}, {"function_to_apply": "softmax", "top_k": 1000}),
        ({"classes": (*NAMES, "fox")}, {"function_to_apply": "softmax", "top_k": CLASSES + 1}),
    ],
)
def test_the_request(hub: HuggingFaceServer, settings: dict[str, object], parameters: dict[str, object]) -> None:
    teacher = open_teacher(hub.candidate(**settings))
    teacher.connect(SHAPE, NAMES)
    teacher.query(images(1))
    asked = hub.requests[-1]
    assert asked.keys() == {"inputs", "parameters"}
    assert asked["parameters"] == parameters
    np.testing.assert_array_equal(decoded(base64.b64decode(asked["inputs"])), images(1)[0])
    assert hub.server.log[-1][0].content_type == "application/json"


def test_logits_are_put_in_order(hub: HuggingFaceServer) -> None:
    teacher = open_teacher(hub.candidate(output="logits"))
    assert teacher.connect(SHAPE, NAMES[::-1]).output == "logits"
    answers = teacher.query(images(3))
    np.testing.assert_allclose(softmax(answers, axis=1)[:, ::-1], expected_probs(images(3)))


def test_the_strongest_classes(hub: HuggingFaceServer) -> None:
    teacher = open_teacher(hub.candidate(top_k=2))
    assert teacher.connect(SHAPE, NAMES).output == "top_k"
    for answer, probs in zip(teacher.query(images(3)), expected_probs(images(3)), strict=True):
        told = ranking(probs, 2)
        np.testing.assert_allclose(answer[told], probs[told])
        assert np.isnan(answer).sum() == CLASSES - 2


def test_labels_alone(hub: HuggingFaceServer) -> None:
    teacher = open_teacher(hub.candidate(output="labels"))
    assert teacher.connect(SHAPE, NAMES).output == "labels"
    expected = np.full((3, CLASSES), np.nan)
    expected[np.arange(3), expected_probs(images(3)).argmax(axis=1)] = 1
    np.testing.assert_array_equal(teacher.query(images(3)), expected)


def test_a_head_with_more_classes(hub: HuggingFaceServer) -> None:
    student = ("dog", "bee", "ant")
    answers = open_teacher(hub.candidate(top_k=1000))
    assert answers.connect(SHAPE, student).output == "probs"
    part = expected_probs(images(3))[:, [3, 1, 0]]
    np.testing.assert_allclose(answers.query(images(3)), part / part.sum(axis=1, keepdims=True))


def test_a_head_with_more_classes_must_tell_all_of_them(hub: HuggingFaceServer) -> None:
    with pytest.raises(TeacherError, match=r"not the student's .*ask for more of its classes \(top_k\)"):
        open_teacher(hub.candidate()).connect(SHAPE, ("dog", "bee"))


def test_labels_that_are_numbers(hub: HuggingFaceServer) -> None:
    hub.change = lambda reply: [one | {"label": f"LABEL_{NAMES.index(one['label'])}"} for one in reply]
    teacher = open_teacher(hub.candidate())
    teacher.connect(SHAPE, NAMES)
    np.testing.assert_allclose(teacher.query(images(2)), expected_probs(images(2)))


@pytest.mark.parametrize(
    ("settings", "path", "identity"),
    [
        ({"model": "google/vit-base"}, "/models/google/vit-base", "|google/vit-base|"),
        ({"model": None}, "/", "||"),
        ({"model": None, "url": "/deep/er"}, "/deep/er", "/deep/er||"),
    ],
    ids=["router", "endpoint", "endpoint's path"],
)
def test_the_router_and_endpoints_of_ones_own(
    web: HTTPServer, settings: dict[str, object], path: str, identity: str
) -> None:
    HuggingFaceServer(web, path)
    url = f"http://127.0.0.1:{web.port}{settings.get('url', '')}"
    candidate = suspect(web, protocol="hugging_face", **settings | {"url": url})
    found = open_teacher(candidate, key="hf_abc").connect(SHAPE, NAMES)
    assert f"127.0.0.1:{web.port}{identity}" in found.identity
    assert {request.headers["Authorization"] for request, _ in web.log} == {"Bearer hf_abc"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {"output": "logits"}, False),
        ({}, {"output": "labels"}, False),
        ({}, {"top_k": 2}, False),
        ({}, {"synonyms": {"hound": "dog"}}, False),
        ({}, {"output": "probs"}, True),
        ({}, {"pixels": "imagenet", "layout": "channels_last"}, True),
    ],
)
def test_what_its_identity_depends_on(
    hub: HuggingFaceServer, one: dict[str, object], other: dict[str, object], same: bool
) -> None:
    identities = [open_teacher(hub.candidate(**settings)).connect(SHAPE, NAMES).identity for settings in (one, other)]
    assert (identities[0] == identities[1]) is same


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, {"error": "Invalid username or password."}, "refuses the key .*Invalid username or password"),
        (403, {"error": "This method requires permissions."}, "refuses the key .*requires permissions"),
        (404, {"error": "Model m does not exist"}, "there is no model 'm' .*Model m does not exist"),
        (402, {"error": "You have exceeded your monthly included credits"}, "rejects the request .*included credits"),
        (400, {"error": "Model not supported by provider hf-inference"}, "rejects the request .*not supported"),
        (422, {"error": "unknown parameter top_k"}, "rejects the request .*unknown parameter top_k"),
        (503, {"error": "Model m is currently loading", "estimated_time": 20.0}, "fails .*is currently loading"),
        (429, {"error": "Too many requests"}, "limits how often .*requests_per_minute"),
    ],
)
def test_what_the_server_says_is_shown(web: HTTPServer, status: int, body: object, message: str) -> None:
    web.expect_request("/models/m").respond_with_json(body, status)
    candidate = suspect(web, protocol="hugging_face")
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        open_teacher(candidate, key="hf_abc", cancelled=Waits(), retry=Retry(attempts=2)).connect(SHAPE, NAMES)


def test_a_limit_of_the_rate_is_waited_out(hub: HuggingFaceServer) -> None:
    hub.server.expect_oneshot_request("/models/m").respond_with_json(
        {"error": "Too many requests"}, 429, {"RateLimit": '"api";r=0;t=55'}
    )
    waits = Waits()
    teacher = open_teacher(hub.candidate(), cancelled=waits)
    assert teacher.connect(SHAPE, NAMES).output == "probs"
    assert (teacher.sent, hub.images) == (3, 2)
    assert 55.0 in waits.seconds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda reply: {"error": "CUDA out of memory"}, "no answer .*the error 'CUDA out of memory'"),
        (lambda reply: [], "no answer"),
        (lambda reply: [{"generated_text": "a cat"}], "no answer"),
        (lambda reply: reply * 2, "names a class twice"),
        (lambda reply: [one | {"label": f"x{one['label']}"} for one in reply], "none of the candidate's labels"),
        (lambda reply: [one | {"score": one["score"] / 2} for one in reply], "may be logits or probabilities"),
    ],
)
def test_answers_of_no_use(hub: HuggingFaceServer, change: Callable[[object], object], message: str) -> None:
    hub.change = change
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        open_teacher(hub.candidate()).connect(SHAPE, NAMES)

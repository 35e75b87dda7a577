"""Triton's extensions: pixels as bytes after the JSON, and classification in the server."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pytest_httpserver import HTTPServer

from core.errors import TeacherError
from core.teachers.registry import open_teacher
from tests.support.inference import CLASSES, NAMES, SHAPE, expected_probs
from tests.support.servers import LENGTH, TritonServer, ranking

Reply = dict[str, object]


@pytest.fixture
def triton(web: HTTPServer) -> TritonServer:
    return TritonServer(web)


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *SHAPE), dtype=np.uint8)


def test_the_request_is_json_and_then_the_tensor(triton: TritonServer) -> None:
    teacher = open_teacher(triton.candidate())
    teacher.connect(SHAPE)
    teacher.query(images(3))
    request = triton.server.log[-1][0]
    body, length = request.get_data(), int(request.headers[LENGTH])
    size = 4 * 3 * 64
    assert body[:length].decode() == (
        '{"inputs":[{"name":"pixels","shape":[3,1,8,8],"datatype":"FP32",'
        f'"parameters":{{"binary_data_size":{size}}}}}]}}'
    )
    assert request.headers["Content-Type"] == "application/octet-stream"
    assert int(request.headers["Content-Length"]) == length + size
    np.testing.assert_array_equal(
        np.frombuffer(body[length:], "<f4"), images(3).ravel().astype(np.float32) / np.float32(255)
    )


def test_bytes_are_sent_as_bytes(triton: TritonServer) -> None:
    triton.metadata["inputs"][0]["datatype"] = "UINT8"
    teacher = open_teacher(triton.candidate(pixels="bytes"))
    teacher.connect(SHAPE, NAMES)
    np.testing.assert_allclose(teacher.query(images(4)), expected_probs(images(4)), rtol=1e-6)
    request = triton.server.log[-1][0]
    assert request.get_data()[int(request.headers[LENGTH]) :] == images(4).tobytes()


def test_the_last_axis_may_be_colour(triton: TritonServer) -> None:
    triton.metadata["inputs"][0]["shape"] = [-1, 8, 4, 3]
    shape = (3, 8, 4)
    triton.answer = lambda asked, sent, reply: (
        received.append(sent) or TritonServer.answer(triton, asked, np.zeros((len(sent), *SHAPE)), reply)
    )
    received: list[np.ndarray] = []
    teacher = open_teacher(triton.candidate(layout="channels_last"))
    teacher.connect(shape)
    probes = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    teacher.query(probes)
    np.testing.assert_allclose(received[-1].transpose(0, 3, 1, 2), probes, atol=1e-4)


@pytest.mark.parametrize("labels", [NAMES, None])
@pytest.mark.parametrize(("top_k", "asked"), [(2, 2), (None, CLASSES)])
def test_it_asks_for_the_strongest_classes(
    triton: TritonServer, labels: tuple[str, ...] | None, top_k: int | None, asked: int
) -> None:
    triton.labels = labels
    teacher = open_teacher(triton.candidate(output="top_k", top_k=top_k))
    found = teacher.connect(SHAPE, NAMES)
    assert found.output == ("top_k" if asked < CLASSES else "probs")
    answers, probs = teacher.query(images(3)), expected_probs(images(3))
    for answer, row in zip(answers, probs, strict=True):
        told = ranking(row, asked)
        np.testing.assert_allclose(answer[told], row[told], atol=1e-8)
        assert np.isnan(np.delete(answer, told)).all()
    outputs = triton.requests[-1]["outputs"]
    assert outputs == [{"name": "scores", "parameters": {"classification": asked, "binary_data": False}}]


def test_it_asks_for_one_label(triton: TritonServer) -> None:
    teacher = open_teacher(triton.candidate(output="labels"))
    assert teacher.connect(SHAPE, NAMES[::-1]).output == "labels"
    answers = teacher.query(images(3))
    assert triton.requests[-1]["outputs"][0]["parameters"]["classification"] == 1
    expected = np.full((3, CLASSES), np.nan)
    expected[np.arange(3), CLASSES - 1 - expected_probs(images(3)).argmax(axis=1)] = 1
    np.testing.assert_array_equal(answers, expected)


def test_a_label_may_hold_a_colon(triton: TritonServer) -> None:
    names = tuple(f"kind: {name}" for name in NAMES)
    triton.labels = names
    assert set(open_teacher(triton.candidate(output="labels")).connect(SHAPE, names).matched) <= set(names)


@pytest.mark.parametrize(
    ("config", "wanted", "expected"),
    [
        ({"max_batch_size": 8}, 32, 8),
        ({"max_batch_size": 8}, 4, 4),
        ({"max_batch_size": 0}, 32, 32),
        ({"max_batch_size": "8"}, 32, 32),
        ({}, 32, 32),
        ([], 32, 32),
    ],
)
def test_the_largest_batch_is_in_the_models_configuration(
    triton: TritonServer, config: object, wanted: int, expected: int
) -> None:
    triton.config = config
    assert open_teacher(triton.candidate(max_batch=wanted)).connect(SHAPE).max_batch == expected


def test_the_configuration_may_not_be_shown(web: HTTPServer) -> None:
    web.expect_request("/v2/models/m/config").respond_with_json({"error": "not supported"}, 400)
    assert open_teacher(TritonServer(web).candidate()).connect(SHAPE).max_batch == 32


def test_a_batch_of_the_models_own_is_kept(triton: TritonServer) -> None:
    triton.metadata["inputs"][0]["shape"] = [1, *SHAPE]
    assert open_teacher(triton.candidate()).connect(SHAPE).max_batch == 1


def _data(data: object) -> Callable[[Reply], Reply]:
    return lambda reply: reply | {"outputs": [reply["outputs"][0] | {"data": data}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_data(None), "no answer"),
        (_data([]), "no answer"),
        (_data([0.5, 0.5]), "no answer"),
        (_data(["0.5:0", "0.4:1", "0.3:2"]), "no answer"),
        (_data(["bee", "cat"]), "no answer"),
        (_data(["0.6:0:bee", "0.4:1:bee"] * 2), "names a class twice"),
        (_data(["much:0:ant", "more:1:bee"]), "no answer .*much:0:ant"),
        (_data(["nan:0:ant", "0.1:1:bee"]), "NaN or infinity"),
        (lambda reply: {"error": "no such output"}, "no answer .*the error 'no such output'"),
        (lambda reply: reply | {"model_version": "2"}, "changed the model's version"),
    ],
)
def test_bad_classifications(triton: TritonServer, change: Callable[[Reply], Reply], message: str) -> None:
    teacher = open_teacher(triton.candidate(output="top_k", top_k=1))
    teacher.connect(SHAPE, NAMES)
    triton.change = change
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        teacher.query(images(2))


def test_what_triton_says_of_a_request_is_shown(web: HTTPServer) -> None:
    said = "[request id: <id_unknown>] inference request batch-size must be <= 8 for 'm'"
    web.expect_request("/v2/models/m/infer").respond_with_json({"error": said}, 400)
    with pytest.raises(TeacherError, match=r"rejects the request .*batch-size must be <= 8 for 'm'"):
        open_teacher(TritonServer(web).candidate()).connect(SHAPE)


@pytest.mark.parametrize("output", ["top_k", "labels"])
def test_kinds_of_answers_are_different_teachers(triton: TritonServer, output: str) -> None:
    usual = open_teacher(triton.candidate()).connect(SHAPE, NAMES).identity
    assert usual != open_teacher(triton.candidate(output=output)).connect(SHAPE, NAMES).identity

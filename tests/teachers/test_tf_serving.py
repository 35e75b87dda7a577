"""TensorFlow Serving: rows of numbers, image files in base64, examples to classify, and what its metadata say."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from core.errors import TeacherError
from core.teachers.registry import open_teacher
from tests.support.inference import CLASSES, NAMES, SHAPE, expected_probs
from tests.support.servers import TensorFlowServer, decoded, ranking, tensor_shape


@pytest.fixture
def serving(web: HTTPServer) -> TensorFlowServer:
    return TensorFlowServer(web)


def images(count: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *shape), dtype=np.uint8)


def takes(serving: TensorFlowServer, sizes: list[int], datatype: str = "DT_FLOAT") -> None:
    serving.signature["inputs"]["pixels"] |= {"dtype": datatype, "tensor_shape": tensor_shape(sizes)}


@pytest.mark.parametrize("layout", ["channels_first", "channels_last"])
def test_instances_are_nested_by_their_axes(serving: TensorFlowServer, layout: str) -> None:
    shape, received = (3, 2, 4), []
    takes(serving, [-1, 3, 2, 4] if layout == "channels_first" else [-1, 2, 4, 3])

    def answer(asked: dict[str, object], sent: np.ndarray, reply: Callable[[np.ndarray], object]) -> Response:
        received.append(sent)
        return TensorFlowServer.answer(serving, asked, np.zeros((len(sent), *SHAPE)), reply)

    serving.answer = answer
    teacher = open_teacher(serving.candidate(layout=layout))
    assert teacher.connect(shape).input_shape == shape
    probes = images(3, shape)
    teacher.query(probes)
    np.testing.assert_allclose(
        received[-1], probes if layout == "channels_first" else probes.transpose(0, 2, 3, 1), atol=1e-4
    )
    assert set(serving.requests[-1]) == {"instances"}


def test_integers_are_sent_to_a_model_that_takes_integers(serving: TensorFlowServer) -> None:
    takes(serving, [-1, *SHAPE], "DT_UINT8")
    teacher = open_teacher(serving.candidate(pixels="bytes"))
    teacher.connect(SHAPE, NAMES)
    assert {type(value) for row in serving.requests[0]["instances"][1][0] for value in row} == {int}


def test_files_are_sent_in_base64_to_a_model_that_takes_texts(web: HTTPServer) -> None:
    serving = TensorFlowServer(web, takes="files")
    teacher = open_teacher(serving.candidate(pixels="imagenet", layout="channels_last"))  # which say nothing of files
    teacher.connect(SHAPE, NAMES)
    np.testing.assert_allclose(teacher.query(images(3)), expected_probs(images(3)))
    sent = serving.requests[-1]["instances"]
    assert [set(one) for one in sent] == [{"b64"}] * 3
    np.testing.assert_array_equal(np.stack([decoded(base64.b64decode(one["b64"])) for one in sent]), images(3))
    identity = teacher.connect(SHAPE, NAMES).identity
    assert identity == f"tf_serving|127.0.0.1:{web.port}|m|3"


def test_examples_are_classified(web: HTTPServer) -> None:
    serving = TensorFlowServer(web, takes="examples")
    teacher = open_teacher(serving.candidate())
    found = teacher.connect(SHAPE, NAMES[::-1])
    assert (found.output, set(found.matched)) == ("probs", set(NAMES))
    np.testing.assert_allclose(teacher.query(images(3)), expected_probs(images(3))[:, ::-1])
    sent = serving.requests[-1]["examples"]
    assert [set(one) for one in sent] == [{"image/encoded"}] * 3


@pytest.mark.parametrize("key", ["result", "results"])
def test_classes_without_labels_come_in_their_order(web: HTTPServer, key: str) -> None:
    serving = TensorFlowServer(web, takes="examples")
    serving.change = lambda reply: {
        key: [
            [["", score] for _, score in sorted(row, key=lambda pair: NAMES.index(pair[0]))] for row in reply["results"]
        ]
    }
    teacher = open_teacher(serving.candidate())
    assert teacher.connect(SHAPE, NAMES).output == "probs"
    np.testing.assert_allclose(teacher.query(images(2)), expected_probs(images(2)))


@pytest.mark.parametrize(
    ("change", "output"),
    [
        (lambda rows: [{"scores": row, "class_ids": [1]} for row in rows], "probs"),
        (lambda rows: [{"probabilities": row, "classes": list(NAMES)} for row in rows], "probs"),
        (lambda rows: [{"label": NAMES[int(np.argmax(row))], "score": max(row)} for row in rows], "top_k"),
        (lambda rows: [int(np.argmax(row)) for row in rows], "labels"),
        (lambda rows: [NAMES[int(np.argmax(row))] for row in rows], "labels"),
        (lambda rows: [[row] for row in rows], "probs"),
        (lambda rows: np.log(rows).tolist(), "logits"),
    ],
    ids=["two outputs", "with names", "objects", "numbers", "labels", "nested", "logits"],
)
def test_forms_of_predictions(
    serving: TensorFlowServer, change: Callable[[list[list[float]]], object], output: str
) -> None:
    serving.change = lambda reply: {"predictions": change(reply["predictions"])}
    teacher = open_teacher(serving.candidate())
    assert teacher.connect(SHAPE, NAMES).output == output
    rows = np.nan_to_num(teacher.query(images(4)), nan=-np.inf)
    assert rows.argmax(axis=1).tolist() == [ranking(row, 1)[0] for row in expected_probs(images(4))]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: {"predictions": rows[:1]}, r"does not answer every image .*list of 2, got 1"),
        (lambda rows: {"outputs": rows}, "no answer"),
        (lambda rows: {"error": "out of memory"}, "no answer .*the error 'out of memory'"),
        (lambda rows: {"predictions": [{"a": row, "b": row} for row in rows]}, "2 outputs that could be .*got a, b"),
        (lambda rows: {"predictions": [0.3] * 2}, "no answer .*got 0.3"),
        (lambda rows: {"predictions": [[float("nan")] * CLASSES] * 2}, "NaN or infinity"),
        (lambda rows: {"predictions": [[*row, 0.0] for row in rows]}, "another number of classes .*expected 5, got 6"),
        (lambda rows: [rows], "no answer"),
    ],
)
def test_bad_predictions(serving: TensorFlowServer, change: Callable[[object], object], message: str) -> None:
    serving.change = lambda reply: change(reply["predictions"])
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        open_teacher(serving.candidate()).connect(SHAPE, NAMES)


@pytest.mark.parametrize("change", [lambda reply: {"error": "no"}, lambda reply: {"results": "none"}, lambda reply: []])
def test_bad_classifications(web: HTTPServer, change: Callable[[object], object]) -> None:
    serving = TensorFlowServer(web, takes="examples")
    serving.change = change
    with pytest.raises(TeacherError, match="no answer"):
        open_teacher(serving.candidate()).connect(SHAPE, NAMES)


@pytest.mark.parametrize(
    ("sizes", "known", "max_batch"),
    [
        ([-1, *SHAPE], SHAPE, 32),
        ([-1, -1, -1, -1], None, 32),
        ([1, *SHAPE], SHAPE, 1),
        ([], None, 32),
    ],
)
def test_shapes_that_fit(
    serving: TensorFlowServer, sizes: list[int], known: tuple[int, ...] | None, max_batch: int
) -> None:
    takes(serving, sizes)
    found = open_teacher(serving.candidate()).connect(SHAPE, NAMES)
    assert (found.input_shape, found.max_batch) == (known, max_batch)


def test_an_unknown_rank_fits(serving: TensorFlowServer) -> None:
    serving.signature["inputs"]["pixels"]["tensor_shape"] = {"dim": [], "unknown_rank": True}
    assert open_teacher(serving.candidate()).connect(SHAPE, NAMES).input_shape is None


@pytest.mark.parametrize(
    ("sizes", "datatype", "message"),
    [
        ([-1, 8, 8, 1], "DT_FLOAT", 'does not fit .*height, width, channels.*layout to "channels_last"'),
        ([-1, 3, 8, 8], "DT_FLOAT", r"does not fit .*\[-1, 1, 8, 8\].*got \[-1, 3, 8, 8\]"),
        ([-1, 64], "DT_FLOAT", r"does not fit .*got \[-1, 64\]"),
        ([4, *SHAPE], "DT_FLOAT", "one fixed size"),
        ([-1, *SHAPE], "DT_UINT8", "pixels from 0 to 255"),
        ([-1, *SHAPE], "DT_COMPLEX64", "another type of pixels .*got DT_COMPLEX64"),
    ],
)
def test_inputs_that_do_not_fit(serving: TensorFlowServer, sizes: list[int], datatype: str, message: str) -> None:
    takes(serving, sizes, datatype)
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        open_teacher(serving.candidate()).connect(SHAPE, NAMES)
    assert serving.images == 0


def test_a_model_of_two_inputs_is_refused(serving: TensorFlowServer) -> None:
    serving.signature["inputs"] |= {"mask": serving.signature["inputs"]["pixels"]}
    with pytest.raises(TeacherError, match=r"does not take one input .*got pixels, mask"):
        open_teacher(serving.candidate()).connect(SHAPE, NAMES)


@pytest.mark.parametrize(
    "metadata",
    [
        Response('{"error": "not found"}', 404),
        {"model_spec": {"name": "m"}},
        {"metadata": {"signature_def": {"signature_def": {"other": {}}}}},
        [],
        {"metadata": None, "model_spec": {"version": 3}},
    ],
    ids=["none", "no signatures", "another signature", "a list", "nulls"],
)
def test_metadata_may_be_missing(serving: TensorFlowServer, metadata: object) -> None:
    serving.metadata = metadata
    found = open_teacher(serving.candidate()).connect(SHAPE, NAMES)
    assert (found.output, found.input_shape) == ("probs", None)
    assert found.identity == f"tf_serving|127.0.0.1:{serving.server.port}|m|"


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (404, "Servable not found for request: Latest(m)", "there is no model 'm' .*Servable not found for request"),
        (400, "Malformed request: POST /v1/models/m:predict", "rejects the request .*Malformed request"),
        (413, "too large", "request too large .*Lower max_batch"),
    ],
)
def test_what_the_server_says_is_shown(web: HTTPServer, status: int, error: str, message: str) -> None:
    web.expect_request("/v1/models/m/metadata").respond_with_json({"error": error}, 404)
    web.expect_request("/v1/models/m:predict").respond_with_json({"error": error}, status)
    serving = TensorFlowServer(web)
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        open_teacher(serving.candidate()).connect(SHAPE, NAMES)


def test_a_version_is_part_of_the_path_and_of_the_identity(web: HTTPServer) -> None:
    asked = []

    def predict(request: object) -> Response:
        asked.append(request.path)
        count = len(json.loads(request.get_data())["instances"])
        return Response(json.dumps({"predictions": [[0.5, 0.5]] * count}), content_type="application/json")

    web.expect_request("/v1/models/m/versions/7/metadata").respond_with_json({"error": "unavailable"}, 501)
    web.expect_request("/v1/models/m/versions/7:predict").respond_with_handler(predict)
    candidate = TensorFlowServer(web).candidate(version="7")
    assert open_teacher(candidate).connect(SHAPE).identity == f"tf_serving|127.0.0.1:{web.port}|m|7"
    assert asked == ["/v1/models/m/versions/7:predict"]

"""What an Open Inference server may say, and what is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from core.errors import TeacherError
from core.teachers.registry import open_teacher
from core.teachers.remote import MAX_REQUEST
from tests.support.inference import CLASSES, NAMES, SHAPE, InferenceServer, output_tensor, suspect

Reply = dict[str, object]
JSON = "application/json"


def test_pixels_arrive_as_float32_of_a_255th(inference: InferenceServer) -> None:
    teacher = open_teacher(inference.candidate())
    teacher.connect(SHAPE)
    every_value = np.arange(256, dtype=np.uint8).reshape(4, *SHAPE)
    teacher.query(every_value)
    tensor = inference.requests[-1]["inputs"][0]
    assert (tensor["name"], tensor["datatype"], tensor["shape"]) == ("pixels", "FP32", [4, *SHAPE])
    received = np.array(tensor["data"], dtype=np.float32)
    np.testing.assert_array_equal(received, np.arange(256, dtype=np.float32) / np.float32(255))


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"name": "m", "versions": [], "platform": "", "inputs": [], "outputs": []}, id="MLServer"),
        pytest.param({"name": "m", "inputs": None, "parameters": None}, id="nulls"),
        pytest.param(Response('{"error": "not here"}', 404), id="no such page"),
        pytest.param(Response("", 405), id="not allowed"),
        pytest.param(Response('{"error": "unimplemented"}', 501), id="not implemented"),
    ],
)
def test_metadata_may_be_missing(inference: InferenceServer, metadata: object) -> None:
    inference.metadata = metadata
    found = open_teacher(inference.candidate()).connect(SHAPE, NAMES)
    assert (found.num_classes, found.input_shape, found.max_batch) == (CLASSES, None, 32)
    assert inference.requests[0]["inputs"][0]["name"] == "input"


@pytest.mark.parametrize(
    ("shape", "known", "max_batch"),
    [
        ([-1, 1, 8, 8], SHAPE, 32),
        ([-1, -1, -1, -1], None, 32),
        ([-1, 1, -1, -1], None, 32),
        ([0, 1, 8, 8], SHAPE, 32),
        ([1, 1, 8, 8], SHAPE, 1),
    ],
)
def test_input_shapes_that_fit(
    inference: InferenceServer, shape: list[int], known: tuple[int, ...] | None, max_batch: int
) -> None:
    inference.metadata["inputs"][0]["shape"] = shape
    found = open_teacher(inference.candidate()).connect(SHAPE)
    assert (found.input_shape, found.max_batch) == (known, max_batch)


@pytest.mark.parametrize(
    ("parameters", "wanted", "expected"),
    [
        ({"max_batch_size": 8}, 32, 8),
        ({"max_batch_size": 64}, 32, 32),
        ({"max_batch_size": 0}, 32, 32),
        ({"max_batch_size": "8"}, 32, 32),
        ({"max_batch_size": True}, 32, 32),
        ([], 5, 5),
    ],
)
def test_the_smaller_batch_counts(inference: InferenceServer, parameters: object, wanted: int, expected: int) -> None:
    inference.metadata["parameters"] = parameters
    assert open_teacher(inference.candidate(max_batch=wanted)).connect(SHAPE).max_batch == expected


def test_big_images_go_in_requests_of_bounded_size(web: HTTPServer) -> None:
    shape, sizes = (3, 320, 320), []

    def infer(request: object) -> Response:
        sizes.append(len(request.get_data()))
        count = json.loads(request.get_data())["inputs"][0]["shape"][0]
        return Response(json.dumps({"outputs": [output_tensor(np.full((count, 4), 0.25))]}), content_type=JSON)

    web.expect_request("/v2/models/m").respond_with_json({})
    web.expect_request("/v2/models/m/infer").respond_with_handler(infer)
    teacher = open_teacher(suspect(web, max_batch=4096))
    largest = teacher.connect(shape).max_batch
    assert 1 < largest < 20
    teacher.query(np.full((largest, *shape), 254, dtype=np.uint8))
    assert MAX_REQUEST / 2 < sizes[-1] <= MAX_REQUEST


def _inputs(*tensors: Reply) -> Reply:
    return {"name": "m", "inputs": list(tensors)}


def _input(**fields: object) -> Reply:
    return {"name": "pixels", "datatype": "FP32", "shape": [-1, *SHAPE]} | fields


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        pytest.param(
            _inputs(_input(shape=[-1, 8, 8, 1])),
            "got .*height, width, channels.*Set the candidate's layout to",
            id="NHWC",
        ),
        pytest.param(
            _inputs(_input(shape=[-1, 3, 8, 8])), r"expected \[-1, 1, 8, 8\].* got \[-1, 3, 8, 8\]", id="colour"
        ),
        pytest.param(_inputs(_input(shape=[-1, 64])), r"does not fit the student's.*\[-1, 64\]", id="flat"),
        pytest.param(_inputs(_input(shape=[8, 1, 8, 8])), "batches of one fixed size", id="fixed batch"),
        pytest.param(_inputs(_input(shape="big")), "shape make no sense", id="shape is text"),
        pytest.param(_inputs(_input(shape=[-1, 1, 8.0, 8])), "shape make no sense", id="shape of floats"),
        pytest.param(_inputs(_input(datatype="UINT8")), "from 0 to 255 .*Set the candidate's pixels", id="bytes"),
        pytest.param(_inputs(_input(datatype="INT64")), "another type of pixels .*INT64", id="integers"),
        pytest.param(_inputs(_input(name="a"), _input(name="b")), "wants 2 inputs .*got a, b", id="two inputs"),
        pytest.param(_inputs("pixels"), "inputs make no sense", id="inputs are names"),
        pytest.param([1, 2], "metadata make no sense", id="a list"),
        pytest.param(Response("<html>Welcome</html>"), "not JSON .*<html>Welcome.*of a model server", id="a web page"),
        pytest.param(Response('{"error": "no"}', 401), "wants a key, and none was sent", id="401"),
    ],
)
def test_metadata_that_rule_the_model_out(inference: InferenceServer, metadata: object, message: str) -> None:
    inference.metadata = metadata
    with pytest.raises(TeacherError, match=message):
        open_teacher(inference.candidate()).connect(SHAPE, NAMES)
    assert inference.images == 0


def test_the_model_does_not_exist(web: HTTPServer) -> None:
    for path in ("", "/v2"):
        url = f"{path}/v2/models/m"
        web.expect_request(url).respond_with_data('{"error": "Request for unknown model"}', 400)
        web.expect_request(f"{url}/infer").respond_with_data('{"error": "Request for unknown model"}', 404)
    candidate = suspect(web)
    doubled = candidate.model_copy(update={"url": f"{candidate.url}/v2"})
    said = "there is no model 'm' .*it says: Request for unknown model.*of a model server"
    with pytest.raises(TeacherError, match=rf"{said}\.$"):
        open_teacher(candidate).connect(SHAPE)
    with pytest.raises(TeacherError, match=f"{said}, without /v2"):
        open_teacher(doubled).connect(SHAPE)


def _tensor(**fields: object) -> Callable[[Reply], Reply]:
    return lambda reply: reply | {"outputs": [reply["outputs"][0] | fields]}


def _first(value: object) -> Callable[[Reply], Reply]:
    return lambda reply: (
        reply | {"outputs": [reply["outputs"][0] | {"data": [value, *reply["outputs"][0]["data"][1:]]}]}
    )


def _rewritten(old: str, new: str) -> Callable[[Reply], Response]:
    return lambda reply: Response(json.dumps(reply).replace(old, new), content_type=JSON)


BAD_ANSWERS = [
    pytest.param(_tensor(shape=[1, CLASSES]), "wrong shape .*expected .2, .* got .1, 5", id="too few rows"),
    pytest.param(_tensor(shape=[2, CLASSES, 1, 1]), "wrong shape", id="four dimensions"),
    pytest.param(_tensor(shape=[2 * CLASSES]), "wrong shape", id="one dimension"),
    pytest.param(_tensor(shape=[2, 1], data=[0.5, 0.5]), "wrong shape", id="one class"),
    pytest.param(_tensor(shape=[1] * 100_000), r"got \[1, 1, .{,80}…\)", id="dimensions without end"),
    pytest.param(_tensor(shape=[2, 10**4299]), r"do not fill their shape .{,90}…, got 10\)", id="unsayable shape"),
    pytest.param(_tensor(shape=None), "shape make no sense .*None", id="no shape"),
    pytest.param(_tensor(shape=[2, True]), "shape make no sense", id="shape of booleans"),
    pytest.param(
        _tensor(data=[0.2] * 9),
        r"do not fill their shape .*as many numbers as \[2, 5\] asks for, got 9",
        id="data cut short",
    ),
    pytest.param(_tensor(data=None), "data make no sense", id="no data"),
    pytest.param(_tensor(data="AAAA"), "data make no sense", id="data as base64"),
    pytest.param(_first("0.93:ankle boot"), "not numbers .*str '0.93:ankle boot'.*not its labels", id="labels"),
    pytest.param(_first(True), "not numbers .*bool True", id="booleans"),
    pytest.param(_first(None), "not numbers .*None", id="null"),
    pytest.param(_first({"a": 1}), "not numbers .*dict", id="objects"),
    pytest.param(_first(float("nan")), "NaN or infinity .*1 of 10", id="NaN"),
    pytest.param(_first(float("-inf")), "NaN or infinity .*1 of 10", id="infinity"),
    pytest.param(_first(10**400), "NaN or infinity", id="beyond float64"),
    pytest.param(lambda reply: {"outputs": []}, "no answer .*got 0 outputs", id="no output"),
    pytest.param(lambda reply: {"outputs": reply["outputs"] * 2}, "no answer .*got 2 outputs", id="two outputs"),
    pytest.param(lambda reply: {"outputs": ["scores"]}, "no answer", id="output is a name"),
    pytest.param(lambda reply: {"error": "GPU on fire"}, "no answer .*the error 'GPU on fire'", id="200 with an error"),
    pytest.param(lambda reply: {"predictions": [1]}, "no answer .*predictions", id="TF Serving"),
    pytest.param(lambda reply: [reply], "no answer", id="a list"),
    pytest.param(lambda reply: None, "no answer", id="null reply"),
    pytest.param(lambda reply: Response("OK"), "not JSON .*'OK'", id="text"),
    pytest.param(lambda reply: Response(""), "not JSON", id="empty"),
    pytest.param(lambda reply: Response("[" * 100_000), "not JSON", id="nested too deep"),
    pytest.param(lambda reply: Response(b"\xff\xfe\xfd"), "not JSON", id="not UTF-8"),
    pytest.param(_rewritten("}", ""), "not JSON", id="cut JSON"),
]


@pytest.mark.parametrize(("change", "message"), BAD_ANSWERS)
def test_bad_answers_are_refused_when_connecting(
    inference: InferenceServer, change: Callable[[Reply], object], message: str
) -> None:
    inference.change = change
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        open_teacher(inference.candidate()).connect(SHAPE, NAMES)


@pytest.mark.parametrize(("change", "message"), BAD_ANSWERS)
def test_bad_answers_are_refused_later_too(
    inference: InferenceServer, change: Callable[[Reply], object], message: str
) -> None:
    teacher = open_teacher(inference.candidate())
    teacher.connect(SHAPE, NAMES)
    inference.change = change
    with pytest.raises(TeacherError, match=f"suspect: .*{message}"):
        teacher.query(np.zeros((2, *SHAPE), dtype=np.uint8))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda reply: {"outputs": [output_tensor(np.full((2, CLASSES + 1), 1 / 6))]}, "expected 5, got 6"),
        (lambda reply: {"outputs": [output_tensor(np.full((2, CLASSES), -3.0))]}, "were probabilities when connecting"),
        (lambda reply: reply | {"model_version": "2"}, "changed the model's version .*expected '', got '2'"),
    ],
    ids=["classes", "logits", "version"],
)
def test_a_model_that_changes_meanwhile_is_noticed(
    inference: InferenceServer, change: Callable[[Reply], object], message: str
) -> None:
    teacher = open_teacher(inference.candidate())
    teacher.connect(SHAPE, NAMES)
    inference.change = change
    with pytest.raises(TeacherError, match=message):
        teacher.query(np.zeros((2, *SHAPE), dtype=np.uint8))


def test_data_may_be_nested_by_rows(inference: InferenceServer) -> None:
    teacher = open_teacher(inference.candidate())
    teacher.connect(SHAPE)
    rows = [[0.1, 0.2, 0.3, 0.4, 0], [1, 0, 0, 0, 0]]
    inference.change = _tensor(data=rows)
    np.testing.assert_array_equal(teacher.query(np.zeros((2, *SHAPE), dtype=np.uint8)), rows)


@pytest.mark.parametrize(
    ("model", "version", "path"),
    [
        ("resnet", None, "/v2/models/resnet"),
        ("resnet", "7", "/v2/models/resnet/versions/7"),
        ("team a/ünet?", "1/2", "/v2/models/team%20a%2F%C3%BCnet%3F/versions/1%2F2"),
    ],
)
def test_names_are_quoted(web: HTTPServer, model: str, version: str | None, path: str) -> None:
    raw: list[str] = []

    def answer(request: object) -> Response:
        raw.append(request.environ["REQUEST_URI"])
        return Response("{}", content_type=JSON)

    web.expect_request(re.compile(".*")).respond_with_handler(answer)
    candidate = suspect(web, model=model, version=version)
    with pytest.raises(TeacherError, match="no answer"):
        open_teacher(candidate).connect(SHAPE)
    assert raw == [path, f"{path}/infer"]


@pytest.mark.parametrize(
    ("settings", "versions", "answered", "expected"),
    [
        ({"version": "9"}, ["1"], "9", "9"),
        ({}, ["1"], "4", "4"),
        ({}, ["1", "2"], None, "1,2"),
        ({}, [], None, ""),
    ],
)
def test_the_version_in_the_identity(
    web: HTTPServer, settings: Reply, versions: list[str], answered: str | None, expected: str
) -> None:
    path = f"m/versions/{settings['version']}" if settings else "m"
    inference = InferenceServer(web, path)
    inference.metadata["versions"] = versions
    inference.change = lambda reply: reply | {"model_version": answered}
    identity = open_teacher(suspect(web, **settings)).connect(SHAPE).identity
    assert identity == f"open_inference|127.0.0.1:{web.port}|m|{expected}"

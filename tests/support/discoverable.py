"""Servers of every protocol as far as they tell what they are, in the words of their documentation or source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

ANYTHING = re.compile(".*")
MISSING = {"detail": "Not Found"}

IMAGES = {"name": "images", "datatype": "FP32", "shape": [-1, 3, 32, 64]}
TEXTS = {"name": "texts", "datatype": "BYTES", "shape": [-1, 1]}
SCORES = {"name": "scores", "datatype": "FP32", "shape": [-1, 10]}


def serve(server: HTTPServer, pages: Mapping[str, object], statuses: Mapping[str, int] | None = None) -> str:
    """The address of `server`, which has these pages of JSON, and for all else what a web framework says."""
    for page, content in pages.items():
        method, path = ("GET", page) if page.startswith("/") else page.split(" ", 1)
        status = (statuses or {}).get(page, 200)
        expected = server.expect_request(path, method=method)
        if isinstance(content, str):
            expected.respond_with_data(content, status=status, content_type="text/plain")
        else:
            expected.respond_with_json(content, status=status)
    server.expect_request(ANYTHING).respond_with_json(MISSING, status=404)
    return f"http://127.0.0.1:{server.port}"


def model(name: str, *inputs: object, outputs: Sequence[object] = (SCORES,)) -> dict[str, object]:
    """Metadata of the Open Inference Protocol."""
    return {"name": name, "versions": ["1"], "platform": "", "inputs": list(inputs), "outputs": list(outputs)}


TRITON = {
    "/v2": {
        "name": "triton",
        "version": "2.44.0",
        "extensions": ["classification", "sequence", "model_repository", "binary_tensor_data"],
    },
    "POST /v2/repository/index": [
        {"name": "oak", "version": "1", "state": "READY"},
        {"name": "oak", "version": "2", "state": "READY"},
        {"name": "words", "version": "1", "state": "READY"},
        {"name": "old", "version": "1", "state": "UNAVAILABLE", "reason": "unloaded"},
    ],
    "/v2/models/oak": model("oak", IMAGES),
    "/v2/models/words": model("words", TEXTS),
}
MLSERVER = {
    "/v2": {"name": "mlserver", "version": "1.6.0", "extensions": []},
    "POST /v2/repository/index": [{"name": "oak", "version": "v1", "state": "READY", "reason": ""}],
    "/v2/models/oak": {"name": "oak", "versions": ["v1"], "platform": "", "inputs": []},
}
KSERVE = {
    "/v2": {"name": "kserve", "version": "0.12.1", "extensions": ["model_repository_extension"]},
    "/v2/models": {"models": ["oak"]},
    "/v2/models/oak": model("oak", IMAGES | {"datatype": "UINT8", "shape": [-1, -1, -1, 3]}),
    "/v1/models": {"models": ["oak"]},
}
OPENVINO = {
    "/v2": {"name": "OpenVINO Model Server", "version": "2024.1"},
    "/v1/config": {"oak": {"model_version_status": [{"version": "1", "state": "AVAILABLE"}]}},
    "/v2/models/oak": model("oak", IMAGES),
}


def tensorflow_model(datatype: str = "DT_FLOAT", sizes: Sequence[int] = (-1, 32, 64, 3)) -> dict[str, object]:
    """Metadata as TensorFlow Serving's REST API gives them."""
    dimensions = [{"size": str(size), "name": ""} for size in sizes]
    shape = {"dim": dimensions, "unknown_rank": False}
    inputs = {"images": {"dtype": datatype, "tensor_shape": shape, "name": "serving_default_images:0"}}
    signature = {"inputs": inputs, "outputs": {}, "method_name": "tensorflow/serving/predict"}
    return {
        "model_spec": {"name": "oak", "signature_name": "", "version": "1"},
        "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
    }


NAMELESS = {"/v1/models": {"error": "Missing model name in request."}}
SERVABLE = {"error": "Servable not found for request: Latest(oak)"}

TORCHSERVE = {"/ping": {"status": "Healthy"}}
MANAGEMENT = {"/models": {"models": [{"modelName": "oak", "modelUrl": "oak.mar"}, {"modelName": "elm"}]}}


def openapi(paths: Mapping[str, object], **more: object) -> dict[str, object]:
    return {"openapi": "3.1.0", "info": {"title": "Trees", "version": "1"}, "paths": dict(paths)} | more


def asked_with(kind: str, schema: object, reply: object = None) -> dict[str, object]:
    """A path with an operation that takes a body of this kind."""
    body = {"content": {kind: {"schema": schema}}, "required": True}
    answers = {"200": {"description": "ok", "content": {"application/json": {"schema": reply or {}}}}}
    return {"post": {"operationId": "ask", "requestBody": body, "responses": answers}}


def entries(required: Sequence[str] = (), **properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(required)}


def numbers(depth: int) -> dict[str, object]:
    return {"type": "array", "items": numbers(depth - 1)} if depth else {"type": "number"}


_LITSERVE_KEY = {"securitySchemes": {"APIKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}}
LITSERVE = {
    "/": "litserve running",
    "/health": "ok",
    "/info": {"model": None, "server": {"devices": ["cpu"], "workers_per_device": 1}},
    "/openapi.json": openapi(
        {
            "/": {"get": {"operationId": "index__get"}},
            "/health": {"get": {"operationId": "health_health_get"}},
            "/info": {"get": {"operationId": "info_info_get"}},
            "/predict": {"post": {"operationId": "endpoint_handler_predict_post", "responses": {"200": {}}}},
        },
        components=_LITSERVE_KEY,
    ),
}


def bentoml_method(name: str, kind: str, schema: object) -> dict[str, object]:
    path = asked_with(kind, schema, {"type": "array", "items": {"type": "number"}})
    path["post"] |= {"x-bentoml-name": name, "tags": ["Service APIs"]}
    return path


BENTOML = {
    "/livez": "",
    "/readyz": "",
    "/docs.json": openapi(
        {
            "/livez": {"get": {"tags": ["Infrastructure"]}},
            "/classify": bentoml_method("classify", "application/json", entries(["batch"], batch=numbers(4))),
            "/array": bentoml_method("array", "application/json", entries(["images"], images=numbers(1))),
            "/classify/submit": bentoml_method("classify_submit", "application/json", entries(batch=numbers(4))),
            "/look": bentoml_method(
                "look", "multipart/form-data", entries(["image"], image={"type": "string", "format": "binary"})
            ),
            "/say": bentoml_method("say", "application/json", entries(["text"], text={"type": "string"})),
        },
        servers=[{"url": "."}],
    ),
}


class Recorded:
    """Every request of the server, and what it answers in all cases."""

    def __init__(self, server: HTTPServer, status: int, body: str, content_type: str, **headers: str) -> None:
        self.requests: list[Request] = []
        self._answer = {"status": status, "response": body, "content_type": content_type, "headers": headers}
        server.expect_request(ANYTHING).respond_with_handler(self._reply)

    def _reply(self, request: Request) -> Response:
        request.get_data()
        self.requests.append(request)
        return Response(**self._answer)

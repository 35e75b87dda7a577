"""An Open Inference server with a known model, which can be made to misbehave, and the clock for its clients."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import numpy as np
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.candidates import CandidateConfig

SHAPE = (1, 8, 8)
CLASSES = 5
NAMES = ("ant", "bee", "cat", "dog", "elk")
WEIGHTS = np.random.default_rng(3).normal(size=(64, CLASSES))


def expected_probs(images: np.ndarray) -> np.ndarray:
    """What the known model answers to uint8 images `(N, 1, 8, 8)`: softmax of a linear map of their pixels."""
    powers = np.exp(images.reshape(len(images), -1) / 255 @ WEIGHTS)
    return powers / powers.sum(axis=1, keepdims=True)


class Waits(threading.Event):
    """A `cancelled` that is never set, and on which nobody really waits: it writes down for how long they would."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return self.is_set()


def suspect(server: HTTPServer, **settings: object) -> CandidateConfig:
    """A candidate behind `server`."""
    url = f"http://127.0.0.1:{server.port}"
    return CandidateConfig(**{"name": "suspect", "url": url, "model": "m", "timeout": 5} | settings)


class InferenceServer:
    """`metadata` and `reply` are what it says; change them, or replace `infer`, before it is asked."""

    def __init__(self, server: HTTPServer, model: str = "m") -> None:
        self.server, self.model = server, model
        self.metadata: object = {
            "name": model,
            "versions": ["1"],
            "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, *SHAPE]}],
            "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, CLASSES]}],
        }
        self.change: Callable[[dict[str, object]], object] = lambda reply: reply
        self.requests: list[dict[str, object]] = []
        server.expect_request(f"/v2/models/{model}").respond_with_handler(self._metadata)
        server.expect_request(f"/v2/models/{model}/infer", method="POST").respond_with_handler(self._infer)

    @property
    def images(self) -> int:
        """How many it was asked about."""
        return sum(request["inputs"][0]["shape"][0] for request in self.requests)

    def candidate(self, **settings: object) -> CandidateConfig:
        return suspect(self.server, **{"model": self.model} | settings)

    def _metadata(self, request: Request) -> Response:
        return self.metadata if isinstance(self.metadata, Response) else _json(self.metadata)

    def _infer(self, request: Request) -> Response:
        asked = json.loads(request.get_data())
        self.requests.append(asked)
        tensor = asked["inputs"][0]
        pixels = np.array(tensor["data"]).reshape(tensor["shape"])
        probs = expected_probs(pixels * 255)
        reply = self.change({"model_name": self.model, "outputs": [output_tensor(probs)]})
        return reply if isinstance(reply, Response) else _json(reply)


def output_tensor(values: np.ndarray) -> dict[str, object]:
    return {"name": "scores", "datatype": "FP64", "shape": list(values.shape), "data": values.ravel().tolist()}


def _json(value: object) -> Response:
    return Response(json.dumps(value), content_type="application/json")

"""A known model behind an address, which can be made to misbehave, first by the Open Inference Protocol."""

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
    logits = images.reshape(len(images), -1) / 255 @ WEIGHTS
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
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


class ModelServer:
    """The known model, behind whatever protocol a subclass speaks.

    Attributes:
        requests: what it was asked, as its protocol has it.
        batches: how many images each request held.
        change: what becomes of its replies; a `Response` is sent as it is.
    """

    shape, names, output = SHAPE, NAMES, "probs"
    protocol = "open_inference"
    one_at_a_time = False

    def __init__(self, server: HTTPServer, model: str = "m") -> None:
        self.server, self.model = server, model
        self.requests: list[dict[str, object]] = []
        self.batches: list[int] = []
        self.change: Callable[[object], object] = lambda reply: reply

    @property
    def images(self) -> int:
        """How many it was asked about."""
        return sum(self.batches)

    def candidate(self, **settings: object) -> CandidateConfig:
        return suspect(self.server, **{"protocol": self.protocol, "model": self.model} | settings)

    @staticmethod
    def expected(images: np.ndarray) -> np.ndarray:
        """Its answers `(N, K)` to uint8 images, in the order of `names`."""
        return expected_probs(images)

    def answer(self, asked: dict[str, object], images: np.ndarray, reply: Callable[[np.ndarray], object]) -> Response:
        """To images `(N, 1, 8, 8)` of 0 to 255, by a protocol's `reply` to probabilities; all is written down."""
        self.requests.append(asked)
        self.batches.append(len(images))
        said = self.change(reply(expected_probs(images)))
        return said if isinstance(said, Response) else as_json(said)


class InferenceServer(ModelServer):
    """`metadata` is what it says of itself; change it before it is asked."""

    def __init__(self, server: HTTPServer, model: str = "m") -> None:
        super().__init__(server, model)
        self.metadata: object = {
            "name": model,
            "versions": ["1"],
            "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, *SHAPE]}],
            "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, CLASSES]}],
        }
        server.expect_request(f"/v2/models/{model}").respond_with_handler(self._metadata)
        server.expect_request(f"/v2/models/{model}/infer", method="POST").respond_with_handler(self._infer)

    def _metadata(self, request: Request) -> Response:
        return self.metadata if isinstance(self.metadata, Response) else as_json(self.metadata)

    def _infer(self, request: Request) -> Response:
        asked = json.loads(request.get_data())
        tensor = asked["inputs"][0]
        images = np.array(tensor["data"]).reshape(tensor["shape"]) * 255
        return self.answer(asked, images, self._said)

    def _said(self, probs: np.ndarray) -> dict[str, object]:
        return {"model_name": self.model, "outputs": [output_tensor(probs)]}


def output_tensor(values: np.ndarray) -> dict[str, object]:
    return {"name": "scores", "datatype": "FP64", "shape": list(values.shape), "data": values.ravel().tolist()}


def as_json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")

"""The known model behind the protocols beside Open Inference, each as its documentation has it."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
from PIL import Image
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from core.candidates import CandidateConfig, RequestForm
from tests.support.inference import CLASSES, NAMES, SHAPE, InferenceServer, ModelServer, as_json

LENGTH = "Inference-Header-Content-Length"


def decoded(file: bytes) -> np.ndarray:
    """An image file's pixels, `(C, H, W)` uint8."""
    pixels = np.array(Image.open(io.BytesIO(file)))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def ranking(probs: np.ndarray, count: int) -> list[int]:
    """The strongest of `(K,)` probabilities, by index."""
    return np.argsort(-probs)[:count].tolist()


class TritonServer(InferenceServer):
    """Binary tensors and classification, as docs/protocol of triton-inference-server/server has them.

    Attributes:
        labels: of the output's classes, as from a label file; None for a model without one.
        config: what it says of the model's configuration.
    """

    protocol = "triton"
    labels: tuple[str, ...] | None = NAMES

    def __init__(self, server: HTTPServer) -> None:
        super().__init__(server)
        self.config: object = {"name": "m", "platform": "onnxruntime_onnx", "max_batch_size": 16}
        server.expect_request("/v2/models/m/config").respond_with_handler(lambda request: as_json(self.config))

    def _infer(self, request: Request) -> Response:
        body, length = request.get_data(), int(request.headers[LENGTH])
        asked, tensor = json.loads(body[:length]), body[length:]
        said = asked["inputs"][0]
        if said["parameters"]["binary_data_size"] != len(tensor):
            return as_json({"error": "unexpected size of binary data"}, 400)
        kind, scale = {"FP32": ("<f4", 255), "UINT8": ("u1", 1)}[said["datatype"]]
        images = np.frombuffer(tensor, kind).reshape(said["shape"]).astype(np.float64) * scale
        asked["headers"] = dict(request.headers)
        wanted = asked.get("outputs", [{}])[0].get("parameters", {}).get("classification")
        reply = (lambda probs: self._classified(probs, wanted)) if wanted else self._said
        return self.answer(asked, images, reply)

    def _classified(self, probs: np.ndarray, count: int) -> dict[str, object]:
        endings = [f"{index}:{label}" for index, label in enumerate(self.labels or ())] or range(CLASSES)
        texts = [f"{row[index]:.9f}:{endings[index]}" for row in probs for index in ranking(row, count)]
        shape = [len(probs), min(count, CLASSES)]
        return {"model_name": "m", "outputs": [{"name": "scores", "datatype": "BYTES", "shape": shape, "data": texts}]}


class TensorFlowServer(ModelServer):
    """TensorFlow Serving's REST API, whose default signature takes numbers, image files or examples.

    Attributes:
        signature: the default one in its metadata.
        labels: what `classify` calls the classes.
    """

    protocol = "tf_serving"
    labels: tuple[str, ...] = NAMES

    def __init__(self, server: HTTPServer, takes: str = "numbers") -> None:
        super().__init__(server)
        sizes, datatype = ([-1, *SHAPE], "DT_FLOAT") if takes == "numbers" else ([-1], "DT_STRING")
        method = "classify" if takes == "examples" else "predict"
        self.signature: object = {
            "inputs": {"pixels": {"dtype": datatype, "tensor_shape": tensor_shape(sizes), "name": "serving_default:0"}},
            "outputs": {"scores": {"dtype": "DT_FLOAT", "tensor_shape": tensor_shape([-1, CLASSES]), "name": "out:0"}},
            "method_name": f"tensorflow/serving/{method}",
        }
        self.metadata: object = None  # in place of all of it
        server.expect_request("/v1/models/m/metadata").respond_with_handler(self._metadata)
        server.expect_request("/v1/models/m:predict", method="POST").respond_with_handler(self._predict)
        server.expect_request("/v1/models/m:classify", method="POST").respond_with_handler(self._classify)

    def _metadata(self, request: Request) -> Response:
        signatures = {"signature_def": {"signature_def": {"serving_default": self.signature}}}
        usual = {"model_spec": {"name": "m", "signature_name": "", "version": "3"}, "metadata": signatures}
        said = usual if self.metadata is None else self.metadata
        return said if isinstance(said, Response) else as_json(said)

    def _predict(self, request: Request) -> Response:
        asked = json.loads(request.get_data())
        instances = asked["instances"]
        files = isinstance(instances[0], dict)
        scale = 255 if self.signature["inputs"]["pixels"]["dtype"] == "DT_FLOAT" else 1
        images = np.stack([_of_b64(one) for one in instances]) if files else np.array(instances) * scale
        return self.answer(asked, images, lambda probs: {"predictions": probs.tolist()})

    def _classify(self, request: Request) -> Response:
        asked = json.loads(request.get_data())
        images = np.stack([_of_b64(example["image/encoded"]) for example in asked["examples"]])

        def reply(probs: np.ndarray) -> object:
            return {"results": [[[self.labels[index], row[index]] for index in ranking(row, CLASSES)] for row in probs]}

        return self.answer(asked, images, reply)


def tensor_shape(sizes: list[int]) -> dict[str, object]:
    """As protobuf's JSON has it, 64-bit integers as texts."""
    return {"dim": [{"size": str(size), "name": ""} for size in sizes], "unknown_rank": False}


def _of_b64(value: dict[str, str]) -> np.ndarray:
    return decoded(base64.b64decode(value["b64"], validate=True))


class TorchServeServer(ModelServer):
    """`POST /predictions/m`, by the default image classifier: the strongest five of its classes, by label."""

    protocol = "torchserve"
    one_at_a_time = True
    strongest = 5

    def __init__(self, server: HTTPServer) -> None:
        super().__init__(server)
        server.expect_request("/predictions/m", method="POST").respond_with_handler(self._predictions)

    def _predictions(self, request: Request) -> Response:
        body = request.get_data()
        asked = {"file": body, "type": request.content_type}
        return self.answer(asked, decoded(body)[None], lambda probs: by_label(probs[0], self.strongest))


def by_label(probs: np.ndarray, count: int = CLASSES) -> dict[str, float]:
    return {NAMES[index]: probs[index] for index in ranking(probs, count)}


class HuggingFaceServer(ModelServer):
    """Image classification as the inference providers' router and endpoints of one's own do it."""

    protocol = "hugging_face"
    one_at_a_time = True

    def __init__(self, server: HTTPServer, path: str = "/models/m") -> None:
        super().__init__(server)
        server.expect_request(path, method="POST").respond_with_handler(self._classify)

    def _classify(self, request: Request) -> Response:
        asked = json.loads(request.get_data())
        image = decoded(base64.b64decode(asked["inputs"], validate=True))
        parameters = asked.get("parameters", {})
        apply = np.log if parameters.get("function_to_apply") == "none" else np.array

        def reply(probs: np.ndarray) -> object:
            scores, count = apply(probs[0]), parameters.get("top_k", 5)
            return [{"label": NAMES[index], "score": scores[index]} for index in ranking(probs[0], count)]

        return self.answer(asked, image[None], reply)


class GenericServer(ModelServer):
    """A service of somebody's own, whose path is its own too: its answer stands at `scores` of its reply.

    It takes what the form of its candidate sends: JSON with the image or images anywhere, an upload or a bare file.
    """

    protocol = "generic"

    def __init__(self, server: HTTPServer, path: str = "/m/classify") -> None:
        super().__init__(server)
        self.headers: list[dict[str, str]] = []
        server.expect_request(path, method="POST").respond_with_handler(self._classify)

    def candidate(self, **settings: object) -> CandidateConfig:
        form = RequestForm(path="classify", body='{"images": "$images"}', answer="scores")
        usual = {"url": f"http://127.0.0.1:{self.server.port}/m", "model": "m", "request": form}
        return super().candidate(**usual | settings)

    def _classify(self, request: Request) -> Response:
        self.headers.append(dict(request.headers))
        asked, images, batched = _asked(request)
        return self.answer(asked, images, lambda probs: {"scores": probs.tolist() if batched else probs[0].tolist()})


def _asked(request: Request) -> tuple[dict[str, object], np.ndarray, bool]:
    """What was asked, images `(N, C, H, W)` of 0 to 255, and whether as a batch."""
    if request.mimetype == "multipart/form-data":
        (field, file), *others = request.files.items()
        assert not others
        return {"field": field, "type": file.content_type}, decoded(file.read())[None], False
    if request.mimetype == "image/png":
        return {}, decoded(request.get_data())[None], False
    asked = json.loads(request.get_data())
    value = next(value for value in asked.values() if isinstance(value, list) or len(str(value)) > 50)
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts[0], str):
        files = [base64.b64decode(text.rpartition(",")[2], validate=True) for text in texts]  # of a data URL, too
        return asked, np.stack([decoded(file) for file in files]), texts is value
    images = np.array(value) * 255
    return asked, images if images.ndim == 4 else images[None], images.ndim == 4

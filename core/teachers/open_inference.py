"""Teachers that speak the Open Inference Protocol, version 2, in JSON: KServe, Triton, MLServer, our own zoo."""

from __future__ import annotations

import threading
import time
from math import prod
from urllib.parse import quote, urlsplit

import numpy as np

from core.errors import TeacherError
from core.teachers.answers import check_still, checked_output, trial_images
from core.teachers.base import Capabilities, adapter
from core.teachers.encoding import VALUE_BYTES, Shape
from core.teachers.tensors import Declared, answers_of, check_input, read_metadata, request_of
from core.teachers.transport import Transport

MAX_REQUEST = 16 * 2**20  # bytes of a request's body
USUALLY = ("unit", "channels_first")  # pixels and layout that an identity says nothing of
NO_METADATA = (400, 404, 405, 501)  # by these a server may say that it has no metadata: the model may still answer


@adapter("open_inference")
class OpenInferenceTeacher:
    """See `core.teachers.base.Teacher`."""

    def __init__(self, transport: Transport, identity: str | None) -> None:
        self._transport = transport
        self._candidate = transport.candidate
        self.name = transport.candidate.name
        self._identity = identity
        self._declared = Declared()
        self._served: str | None = None  # the model's version as its answers name it
        self._capabilities: Capabilities | None = None
        self._sent, self._sent_at = 0, 0.0  # images; when the last of them went, by the performance counter
        self._counting = threading.Lock()

    @property
    def sent(self) -> int:
        return self._sent

    def connect(self, probe_shape: Shape, num_classes: int | None = None) -> Capabilities:
        declared = read_metadata(self._transport.get(self._path, none_for=NO_METADATA), name=self.name)
        as_sent = self._candidate.pixels, self._candidate.layout
        input_shape, max_batch = check_input(declared, probe_shape, *as_sent, name=self.name)
        affordable = max(1, MAX_REQUEST // (VALUE_BYTES * prod(probe_shape)))
        max_batch = min(self._candidate.max_batch, max_batch or affordable, affordable)
        self._declared, self._served = declared, None

        images, answers, latency = trial_images(probe_shape), [], 0.0
        for start in range(0, len(images), max_batch):
            answers.append(self._infer(images[start : start + max_batch]))
            latency = time.perf_counter() - self._sent_at
        classes = {answer.shape[1] for answer in answers}
        if len(classes) > 1 or (num_classes is not None and classes != {num_classes}):
            raise self._other_classes(max(classes), num_classes or min(classes))
        trial = np.concatenate(answers)
        self._capabilities = Capabilities(
            output=checked_output(trial, self._candidate.output, name=self.name),
            num_classes=classes.pop(),
            max_batch=max_batch,
            input_shape=input_shape,
            identity=self._identity or self._derived_identity(declared.version),
            latency=latency,
            trial=trial,
            max_concurrency=self._candidate.max_concurrency,
        )
        return self._capabilities

    def query(self, images: np.ndarray) -> np.ndarray:
        known = self._capabilities
        if known is None:
            raise RuntimeError("connect() comes before query()")
        answers = self._infer(images)
        if answers.shape[1] != known.num_classes:
            raise self._other_classes(answers.shape[1], known.num_classes)
        check_still(answers, known.output, name=self.name)
        return answers

    def _infer(self, images: np.ndarray) -> np.ndarray:
        def count() -> None:
            with self._counting:
                self._sent += len(images)
                self._sent_at = time.perf_counter()

        body = request_of(images, self._declared, self._candidate.pixels, self._candidate.layout)
        reply = self._transport.post(f"{self._path}/infer", body, on_attempt=count)
        answers = answers_of(reply, len(images), name=self.name)
        self._check_version(reply)
        return answers

    def _check_version(self, reply: object) -> None:
        """Answers of two versions are answers of two teachers: they must not be mixed in one audit."""
        version = reply.get("model_version") if isinstance(reply, dict) else None
        served = version if isinstance(version, str) else ""
        if self._served is not None and served != self._served:
            raise TeacherError(
                f"{self.name}: the server changed the model's version meanwhile",
                rule=repr(self._served[:80]),
                actual=repr(served[:80]),
                remedy="name the version that you mean in the candidate",
            )
        self._served = served

    def _derived_identity(self, declared_version: str) -> str:
        address = urlsplit(self._candidate.url)
        port = address.port or (443 if address.scheme == "https" else 80)
        version = self._candidate.version or self._served or declared_version
        model = f"open_inference|{address.hostname}:{port}{address.path}|{self._candidate.model}|{version}"
        as_usual = (self._candidate.pixels, self._candidate.layout) == USUALLY
        return model if as_usual else f"{model}|{self._candidate.pixels}|{self._candidate.layout}"

    def _other_classes(self, found: int, expected: int) -> TeacherError:
        return TeacherError(
            f"{self.name}: the answers are for another number of classes",
            rule=f"{expected}",
            actual=f"{found}",
            remedy="choose a candidate that was made for the student's classes",
        )

    @property
    def _path(self) -> str:
        """Below the address, every part quoted: a model's name may hold any character."""
        version = f"/versions/{quote(self._candidate.version, safe='')}" if self._candidate.version else ""
        return f"v2/models/{quote(self._candidate.model, safe='')}{version}"

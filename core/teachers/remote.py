"""What all teachers behind an address have in common: connect, verify, count. An adapter adds its protocol."""

from __future__ import annotations

import hashlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from urllib.parse import urlsplit

import numpy as np

from core.errors import TeacherError
from core.teachers.answers import trial_images
from core.teachers.arrangement import Arrangement, arrange
from core.teachers.base import Capabilities
from core.teachers.encoding import IMAGENET_MEAN, VALUE_BYTES, Shape
from core.teachers.told import Told
from core.teachers.transport import Transport

MAX_REQUEST = 16 * 2**20  # bytes of a request's body
USUALLY = ("unit", "channels_first")  # pixels and layout that an identity says nothing of


@dataclass(frozen=True)
class Declared:
    """What a server says of its model before it is asked; every part may be missing."""

    input_shape: Shape | None = None
    max_batch: int | None = None
    version: str = ""


class RemoteTeacher(ABC):
    """See `core.teachers.base.Teacher`. An adapter has two methods: what is declared, and one call."""

    sends_numbers = True  # rather than image files, for which pixels and layout mean nothing

    def __init__(self, transport: Transport, identity: str | None) -> None:
        self._transport = transport
        self._candidate = transport.candidate
        self.name = transport.candidate.name
        self._identity = identity
        self._arrangement: Arrangement | None = None
        self._num_classes: int | None = None  # of the student
        self._sent, self._sent_at = 0, 0.0  # images; when the last of them went, by the performance counter
        self._counting = threading.Lock()

    @abstractmethod
    def _declare(self, probe_shape: Shape) -> Declared:
        """What the server says of its model; raises `TeacherError` where images of `probe_shape` do not fit."""

    @abstractmethod
    def _ask(self, images: np.ndarray) -> Sequence[Told]:
        """The answers to uint8 images `(N, C, H, W)` in one call, one an image."""

    @property
    def sent(self) -> int:
        return self._sent

    def connect(self, probe_shape: Shape, class_names: Sequence[str] | None = None) -> Capabilities:
        if self.sends_numbers and self._candidate.pixels == "imagenet" and probe_shape[0] != len(IMAGENET_MEAN):
            raise TeacherError(
                f"{self.name}: ImageNet's normalisation is for colour images",
                rule=f"{len(IMAGENET_MEAN)} channels",
                actual=str(probe_shape[0]),
                remedy="choose another range of the candidate's pixels",
            )
        self._num_classes = None if class_names is None else len(class_names)
        declared = self._declare(probe_shape)
        affordable = max(1, MAX_REQUEST // (VALUE_BYTES * prod(probe_shape)))
        max_batch = min(self._candidate.max_batch, declared.max_batch or affordable, affordable)

        images, told, latency = trial_images(probe_shape), [], 0.0
        for start in range(0, len(images), max_batch):
            told += self._ask(images[start : start + max_batch])
            latency = time.perf_counter() - self._sent_at
        arrangement = arrange(told, self._candidate, class_names)
        self._arrangement = arrangement
        return Capabilities(
            output=arrangement.output,
            num_classes=arrangement.num_classes,
            max_batch=max_batch,
            input_shape=declared.input_shape,
            identity=self._identity or self._derived_identity(declared.version, arrangement),
            latency=latency,
            trial=arrangement.rows(told),
            max_concurrency=self._candidate.max_concurrency,
            matched=dict(arrangement.matched),
        )

    def query(self, images: np.ndarray) -> np.ndarray:
        if self._arrangement is None:
            raise RuntimeError("connect() comes before query()")
        return self._arrangement.rows(self._ask(images))

    @property
    def _choose(self) -> int | None:
        """How many classes to ask for, where one can choose: all of them, unless the candidate says otherwise."""
        most = max(self._num_classes or 0, len(self._candidate.classes or ()))
        return self._candidate.top_k or (1 if self._candidate.output == "labels" else most or None)

    def _post(self, path: str, body: bytes, images: int, headers: Mapping[str, str] | None = None) -> object:
        """The JSON answer to a request that holds so many images, which are counted each time that it is sent."""

        def count() -> None:
            with self._counting:
                self._sent += images
                self._sent_at = time.perf_counter()

        return self._transport.post(path, body, headers=headers or {}, on_attempt=count)

    def _derived_identity(self, version: str, arrangement: Arrangement) -> str:
        """Protocol, host, model, version, and whatever else its answers depend on."""
        candidate, address = self._candidate, urlsplit(self._candidate.url)
        port = address.port or (443 if address.scheme == "https" else 80)
        parts = [candidate.protocol, f"{address.hostname}:{port}{address.path}", candidate.model or ""]
        parts.append(candidate.version or version)
        if self.sends_numbers and (candidate.pixels, candidate.layout) != USUALLY:
            parts += [candidate.pixels, candidate.layout]
        if candidate.request is not None:
            parts.append(hashlib.sha256(candidate.request.model_dump_json().encode()).hexdigest()[:12])
        if candidate.top_k is not None:
            parts.append(f"top {candidate.top_k}")
        if arrangement.fingerprint:
            parts.append(arrangement.fingerprint)
        return "|".join(parts)

"""What all teachers behind an address have in common: connect, verify, count. An adapter adds its protocol."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from urllib.parse import urlsplit

import numpy as np

from core.errors import OverBudget
from core.teachers.answers import trial_images
from core.teachers.arrangement import Arrangement, arrange
from core.teachers.base import Capabilities, Terms
from core.teachers.encoding import VALUE_BYTES, Shape, normalisation, resized
from core.teachers.told import Told
from core.teachers.transport import Transport
from core.teachers.trials import Trial, trial_key

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

    sends_numbers = True  # not image files, for which pixels and layout mean nothing; known once it is declared

    def __init__(self, transport: Transport, terms: Terms) -> None:
        self._transport = transport
        self._candidate = transport.candidate
        self.name = transport.candidate.name
        self._terms = terms
        self._served: str | None = None  # the model's version as its answers name it, where they do
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
        self._num_classes = None if class_names is None else len(class_names)
        images = resized(trial_images(probe_shape), self._candidate.size)
        shape = images.shape[1:]
        declared = self._declare(shape)
        if self.sends_numbers:
            normalisation(self._candidate.scaling, shape[0], name=self.name)
        affordable = max(1, MAX_REQUEST // (VALUE_BYTES * prod(shape)))
        max_batch = min(self._candidate.max_batch, declared.max_batch or affordable, affordable)

        trial = self._trial(
            images,
            max_batch,
            trial_key(self._candidate, self._terms.identity, declared, probe_shape, class_names),
        )
        arrangement = arrange(trial.told, self._candidate, class_names)
        self._arrangement = arrangement
        return Capabilities(
            output=arrangement.output,
            num_classes=arrangement.num_classes,
            max_batch=max_batch,
            input_shape=declared.input_shape,
            identity=self._terms.identity or self._derived_identity(declared.version, arrangement),
            latency=trial.latency,
            trial=arrangement.rows(trial.told),
            max_concurrency=self._candidate.max_concurrency,
            matched=dict(arrangement.matched),
        )

    def query(self, images: np.ndarray) -> np.ndarray:
        if self._arrangement is None:
            raise RuntimeError("connect() comes before query()")
        return self._arrangement.rows(self._ask(resized(images, self._candidate.size)))

    @property
    def _choose(self) -> int | None:
        """How many classes to ask for, where one can choose: all of them, unless the candidate says otherwise."""
        most = max(self._num_classes or 0, len(self._candidate.classes or ()))
        return self._candidate.top_k or (1 if self._candidate.output == "labels" else most or None)

    def _trial(self, images: np.ndarray, max_batch: int, key: str) -> Trial:
        """The answers to test images: those that still hold, else asked for."""
        trials = self._terms.trials
        if trials is not None and (known := trials.recall(key)):
            self._served = known.served
            return known
        told: list[Told] = []
        latency = 0.0
        try:
            for start in range(0, len(images), max_batch):
                told += self._ask(images[start : start + max_batch])
                latency = time.perf_counter() - self._sent_at
        except OverBudget:  # its answers may all be there: an old trial is enough to read them by
            if trials is not None and (known := trials.recall(key, within=math.inf)):
                self._served = known.served
                return known
            raise
        trial = Trial(told, self._served, latency)
        if trials is not None:
            trials.remember(key, trial)
        return trial

    def _post(self, path: str, body: bytes, images: int, headers: Mapping[str, str] | None = None) -> object:
        """The JSON answer to a request that holds so many images, which are counted each time that it is sent."""

        def count() -> None:
            if self._terms.purse is not None:
                self._terms.purse.take(images)
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
        if self.sends_numbers and (candidate.scaling, candidate.layout) != USUALLY:
            parts += [str(candidate.scaling), candidate.layout]
        if candidate.size is not None:
            parts.append("x".join(map(str, candidate.size)))
        if candidate.request is not None:
            parts.append(hashlib.sha256(candidate.request.model_dump_json().encode()).hexdigest()[:12])
        if candidate.top_k is not None:
            parts.append(f"top {candidate.top_k}")
        if arrangement.fingerprint:
            parts.append(arrangement.fingerprint)
        return "|".join(parts)

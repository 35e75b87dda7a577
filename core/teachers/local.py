"""A candidate whose weights are here: asked in this process, over no network.

torch comes with the first call, not with the import: pages list candidates of this kind too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.candidates import CandidateConfig
from core.config import StudentConfig
from core.errors import InputError, TeacherError
from core.teachers.answers import trial_images
from core.teachers.arrangement import Arrangement, arrange
from core.teachers.base import Capabilities, adapter
from core.teachers.encoding import Shape
from core.teachers.transport import Transport

if TYPE_CHECKING:
    from core.students.base import Student


@adapter("local")
class LocalTeacher:
    """See `core.teachers.base.Teacher`. Its checkpoint is read as a student's is: nothing in it is executed."""

    def __init__(self, transport: Transport, identity: str | None) -> None:
        self._candidate, self._identity = transport.candidate, identity
        self.name = transport.candidate.name
        self._model: Student | None = None
        self._arrangement: Arrangement | None = None

    @property
    def sent(self) -> int:
        return 0  # nothing leaves the machine

    def connect(self, probe_shape: Shape, class_names: Sequence[str] | None = None) -> Capabilities:
        from core.students.load import load_student

        assert self._candidate.checkpoint is not None, "its configuration was validated"
        config = StudentConfig(checkpoint=self._candidate.checkpoint, architecture=self._candidate.model)
        try:
            self._model = load_student(config, "cpu")
        except InputError as error:
            what = f"{self.name}: {error.what}"
            raise TeacherError(what, rule=error.rule, actual=error.actual, remedy=error.remedy) from error
        if self._model.shape != probe_shape:
            raise TeacherError(
                f"{self.name}: its images are of another shape than the student's",
                rule=f"{list(probe_shape)}, channels, height, width",
                actual=f"{list(self._model.shape)}",
                remedy="name a candidate that takes the student's images",
            )
        started = time.perf_counter()
        told = list(self._model.logits(trial_images(probe_shape)))
        latency = time.perf_counter() - started
        self._arrangement = arrange(told, self._named(self._model.class_names, class_names), class_names)
        parts = ("local", self._model.sha256, self._arrangement.fingerprint)
        return Capabilities(
            output="logits",
            num_classes=self._arrangement.num_classes,
            max_batch=self._candidate.max_batch,
            input_shape=probe_shape,
            identity=self._identity or "|".join(filter(None, parts)),
            latency=latency,
            trial=self._arrangement.rows(told),
            matched=dict(self._arrangement.matched),
        )

    def query(self, images: np.ndarray) -> np.ndarray:
        if self._model is None or self._arrangement is None:
            raise RuntimeError("connect() comes before query()")
        return self._arrangement.rows(list(self._model.logits(images)))

    def _named(self, own: Sequence[str], student: Sequence[str] | None) -> CandidateConfig:
        """With the class names that its file holds, where the student's are in another order."""
        tells = student is not None and tuple(own) != tuple(student) and not (_numbered(own) or _numbered(student))
        return self._candidate.model_copy(update={"classes": tuple(own)}) if tells else self._candidate


def _numbered(names: Sequence[str]) -> bool:
    """Whether a file had no names for its classes."""
    return all(name == f"class {index}" for index, name in enumerate(names))

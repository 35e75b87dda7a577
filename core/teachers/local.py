"""A candidate whose weights are here: asked in this process, over no network.

torch comes with the first call, not with the import: pages list candidates of this kind too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.candidates import CandidateConfig
from core.config import InputSpec, StudentConfig
from core.errors import InputError, TeacherError
from core.students.inspection import quick_look
from core.students.own_architecture import is_own
from core.students.parts import weights_file
from core.students.programs import program_kind
from core.teachers.answers import trial_images
from core.teachers.arrangement import Arrangement, arrange
from core.teachers.base import Capabilities, Terms, adapter
from core.teachers.encoding import Shape, normalisation, resized
from core.teachers.transport import Transport

if TYPE_CHECKING:
    from core.students.base import Student


@adapter("local")
class LocalTeacher:
    """See `core.teachers.base.Teacher`. Its checkpoint is read as a student's is: nothing in it is executed."""

    def __init__(self, transport: Transport, terms: Terms) -> None:
        self._candidate, self._identity = transport.candidate, terms.identity
        self.name = transport.candidate.name
        self._model: Student | None = None
        self._arrangement: Arrangement | None = None

    @property
    def sent(self) -> int:
        return 0  # nothing leaves the machine

    def connect(self, probe_shape: Shape, class_names: Sequence[str] | None = None) -> Capabilities:
        from core.students.load import load_student

        try:
            self._model = load_student(local_config(self._candidate, probe_shape), "cpu")
        except InputError as error:
            what, remedy = f"{self.name}: {error.what}", error.remedy.replace("student", "candidate")
            raise TeacherError(what, rule=error.rule, actual=error.actual, remedy=remedy) from error
        images = resized(trial_images(probe_shape), self._candidate.size)
        if self._model.shape != images.shape[1:]:
            raise other_shape(self.name, self._model.shape, images.shape[1:])
        started = time.perf_counter()
        told = list(self._model.logits(images))
        latency = time.perf_counter() - started
        self._arrangement = arrange(told, self._known(self._model.class_names, class_names), class_names)
        parts = (
            "local",
            self._model.sha256,
            self._model.architecture,
            str(self._candidate.scaling),
            str(self._candidate.size or ""),
            self._arrangement.fingerprint,
        )
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
        return self._arrangement.rows(list(self._model.logits(resized(images, self._candidate.size))))

    def _known(self, own: Sequence[str], student: Sequence[str] | None) -> CandidateConfig:
        """That its answers are logits, and the class names in its file, where it names none itself."""
        known: dict[str, object] = {"output": "logits"} if self._candidate.output == "auto" else {}
        named = student is not None and not _numbered(own) and not _numbered(student)
        if self._candidate.classes is None and named and tuple(own) != tuple(student or ()):
            known["classes"] = tuple(own)
        return self._candidate.model_copy(update=known)


def local_config(candidate: CandidateConfig, probe_shape: Shape) -> StudentConfig:
    """How its checkpoint is read: with the input that its file tells, else the audit's images in its pixels.

    Raises:
        InputError: there is no such file, or it is damaged.
        TeacherError: nothing says which architecture it is of, or it would have to be run as code.
    """
    assert candidate.checkpoint is not None, "its configuration was validated"
    if program_kind(weights_file(candidate.checkpoint)) or is_own(candidate.model):
        raise TeacherError(
            f"{candidate.name}: its checkpoint or its architecture is code, which is run of a trusted student only",
            rule="weights of a known architecture",
            remedy="export its state dict, or serve it and give its address",
        )
    look = quick_look(candidate.checkpoint)
    told = look.config if look else StudentConfig(checkpoint=candidate.checkpoint)
    if candidate.model is None and told.architecture is None:
        raise TeacherError(
            f"{candidate.name}: its checkpoint does not say which architecture it is of",
            rule="a name such as zoo:convnet4 or torchvision:resnet18",
            actual="none",
            remedy="give it as the candidate's model",
        )
    spec = None
    if told.input is None:
        channels, height, width = sent_shape(candidate, probe_shape)
        mean, std = normalisation(candidate.scaling, channels, name=candidate.name)
        spec = InputSpec(channels=channels, height=height, width=width, mean=mean, std=std)
    return StudentConfig(checkpoint=candidate.checkpoint, architecture=candidate.model, input=spec)


def sent_shape(candidate: CandidateConfig, probe_shape: Shape) -> Shape:
    """Of its images, `(C, H, W)`, for probes of another size perhaps."""
    return (probe_shape[0], *candidate.size) if candidate.size else probe_shape


def other_shape(name: str, found: Shape, expected: Shape) -> TeacherError:
    """For a candidate whose images are not the student's."""
    return TeacherError(
        f"{name}: its images are of another shape than the student's",
        rule=f"{list(expected)}, channels, height, width",
        actual=f"{list(found)}",
        remedy="give its size of images as the candidate's size, or name another candidate",
    )


def _numbered(names: Sequence[str]) -> bool:
    """Whether a file had no names for its classes."""
    return all(name == f"class {index}" for index, name in enumerate(names))

"""Ways of teaching a student, each a loss for a batch; one class a way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import nn
from torch.nn import functional as F

from core.zoo.augment import strongly_augmented
from core.zoo.features import embedding_of, stages_of
from core.zoo.losses import angle_loss, distance_loss, kd_loss, ofa_loss
from core.zoo.models import PixelModel, predict
from core.zoo.recipes import LessonName

SOFT_WEIGHT = 0.9  # of what comes from the teacher; the labels' cross-entropy has the rest
RKD_DISTANCE, RKD_ANGLE = 25.0, 50.0  # weights of Park et al., 2019, beside a cross-entropy of weight 1
OFA_STAGES = 3


@dataclass(frozen=True)
class Batch:
    """Images `(N, C, H, W)` in [0, 1], labels `(N,)`, and where they stand in the training split."""

    images: torch.Tensor
    labels: torch.Tensor
    index: torch.Tensor


@dataclass(frozen=True, eq=False)
class Tutor:
    """A teacher, and what it says of the training images `(N, C, H, W)`: asked once, for all students and epochs."""

    model: PixelModel
    images: torch.Tensor

    @cached_property
    def logits(self) -> torch.Tensor:
        """`(N, K)`."""
        return predict(self.model, self.images)

    @cached_property
    def embeddings(self) -> torch.Tensor:
        """`(N, D)`."""
        with embedding_of(self.model) as caught:
            predict(self.model, self.images)
        return torch.cat(caught)


class Lesson(Protocol):
    """A loss for a batch. `extra` are modules that learn along with the student and are thrown away."""

    extra: nn.Module

    def loss(self, student: PixelModel, batch: Batch) -> torch.Tensor: ...


class Labels:
    """Cross-entropy on the labels: nobody teaches."""

    def __init__(self) -> None:
        self.extra = nn.Module()

    def loss(self, student: PixelModel, batch: Batch) -> torch.Tensor:
        return F.cross_entropy(student(batch.images), batch.labels)


class SoftLabels:
    """KD on the mean of the teachers' logits."""

    def __init__(self, tutors: Sequence[Tutor], temperature: float) -> None:
        self.extra = nn.Module()
        self._logits = torch.stack([tutor.logits for tutor in tutors]).mean(dim=0)
        self._temperature = temperature

    def loss(self, student: PixelModel, batch: Batch) -> torch.Tensor:
        logits = student(batch.images)
        soft = kd_loss(logits, self._logits[batch.index], self._temperature)
        return SOFT_WEIGHT * soft + (1 - SOFT_WEIGHT) * F.cross_entropy(logits, batch.labels)


class HardLabels:
    """Cross-entropy on the teacher's most probable class; no true label is seen."""

    def __init__(self, tutor: Tutor) -> None:
        self.extra = nn.Module()
        self._classes = tutor.logits.argmax(dim=1)

    def loss(self, student: PixelModel, batch: Batch) -> torch.Tensor:
        return F.cross_entropy(student(batch.images), self._classes[batch.index])


class Relational:
    """RKD, distances and angles between embeddings, beside the labels."""

    def __init__(self, tutor: Tutor) -> None:
        self.extra = nn.Module()
        self._embeddings = tutor.embeddings

    def loss(self, student: PixelModel, batch: Batch) -> torch.Tensor:
        with embedding_of(student) as caught:
            logits = student(batch.images)
        theirs = self._embeddings[batch.index]
        relations = RKD_DISTANCE * distance_loss(caught[0], theirs) + RKD_ANGLE * angle_loss(caught[0], theirs)
        return F.cross_entropy(logits, batch.labels) + relations


class OneForAll:
    """OFA-KD: the student's stages and its output, projected to classes, each meet the adaptive target."""

    def __init__(self, tutor: Tutor, student: PixelModel, seed: int) -> None:
        self._logits = tutor.logits
        was_training = student.training
        with torch.random.fork_rng(devices=[]), torch.no_grad(), stages_of(student, OFA_STAGES) as caught:
            torch.manual_seed(seed)
            student.eval()(tutor.images[:2])
            classes = self._logits.shape[1]
            self.extra = nn.ModuleList(_projector(stage.shape[1], classes) for stage in caught)
        student.train(was_training)

    def loss(self, student: PixelModel, batch: Batch) -> torch.Tensor:
        with stages_of(student, OFA_STAGES) as caught:
            logits = student(batch.images)
        theirs = self._logits[batch.index]
        exits = [logits, *(project(stage) for project, stage in zip(self.extra, caught, strict=True))]
        return F.cross_entropy(logits, batch.labels) + sum(ofa_loss(exit, theirs, batch.labels) for exit in exits)


class AugmentedSoftLabels:
    """KD on strongly augmented images, about which the teacher is asked anew each time."""

    def __init__(self, tutor: Tutor, temperature: float, seed: int) -> None:
        self.extra = nn.Module()
        self._teacher, self._temperature = tutor.model, temperature
        self._generator = torch.Generator().manual_seed(seed)

    def loss(self, student: PixelModel, batch: Batch) -> torch.Tensor:
        images = strongly_augmented(batch.images, self._generator)
        return kd_loss(student(images), predict(self._teacher, images).clone(), self._temperature)


def _projector(inputs: int, classes: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, 64), nn.GELU(), nn.Linear(64, classes))


def lessons(
    name: LessonName,
    epochs: int,
    *,
    tutors: Sequence[Tutor],
    student: PixelModel,
    temperature: float,
    seed: int,
) -> list[Lesson]:
    """What the student is taught in each epoch.

    Args:
        tutors: as many as the lesson needs; none for "labels", two for "kd_two_teachers", else one.
        seed: of all that the lesson itself draws.
    """
    make: dict[LessonName, Callable[[], Lesson]] = {
        "labels": Labels,
        "kd": lambda: SoftLabels(tutors, temperature),
        "kd_two_teachers": lambda: SoftLabels(tutors, temperature),
        "kd_pretrained": lambda: SoftLabels(tutors, temperature),
        "kd_augmented": lambda: AugmentedSoftLabels(tutors[0], temperature, seed),
        "hard_labels": lambda: HardLabels(tutors[0]),
        "rkd": lambda: Relational(tutors[0]),
        "ofa": lambda: OneForAll(tutors[0], student, seed),
    }
    lesson = make[name]()
    if name == "kd_pretrained":
        first: Lesson = Labels()
        return [first] * (epochs // 2) + [lesson] * (epochs - epochs // 2)
    return [lesson] * epochs

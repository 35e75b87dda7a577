"""What a student says of each image of a pool: all that a selection may go by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.special import log_softmax
from scipy.stats import rankdata

from core.students.base import Student
from core.synthesis.base import pixels
from core.synthesis.batchnorm import batchnorm_loss, watched_images

FLOOR = 1e-6  # smallest probability told apart from 0: below it, scores see no difference either
SHIFTS = ((1, 0), (-1, 0), (0, 1), (0, -1))  # pixels down and right


@dataclass(frozen=True)
class Opinions:
    """One row an image.

    Attributes:
        log_probabilities: none below log(1e-6), and centred: rows `(P, K)` sum to 0.
        instability: how far answers move with the image, `(P,)`, nats: the mean Jensen-Shannon divergence between the
            answer and those to the image shifted by one pixel or mirrored.
        batchnorm_fit: distance of the image's own statistics from the student's, `(P,)`; None without BatchNorm.
    """

    log_probabilities: np.ndarray
    instability: np.ndarray
    batchnorm_fit: np.ndarray | None

    def of(self, images: np.ndarray) -> Opinions:
        """Of some of the images, by index."""
        fit = None if self.batchnorm_fit is None else self.batchnorm_fit[images]
        return Opinions(self.log_probabilities[images], self.instability[images], fit)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Probability of the student's first class, `(P,)`."""
        return np.exp(log_softmax(self.log_probabilities, axis=1)).max(axis=1)

    @cached_property
    def dark_knowledge(self) -> np.ndarray:
        """Standard deviation of the log-probabilities of all classes but the first, `(P,)`, nats; 0 of two classes."""
        return np.sort(self.log_probabilities, axis=1)[:, :-1].std(axis=1)

    @cached_property
    def worth(self) -> np.ndarray:
        """How good each image is on its own, `(P,)` in (0, 1]: a mean of three ranks.

        A single probe tells most where the student is sure and stays so when the image moves. A poor BatchNorm fit
        counts for it too: what looks typical to the student looks alike to all candidates.
        """
        ranks = [rankdata(self.confidence), rankdata(-self.instability)]
        if self.batchnorm_fit is not None:
            ranks.append(rankdata(self.batchnorm_fit))
        return np.mean(ranks, axis=0) / len(self.confidence)


@torch.inference_mode()
def opinions(student: Student, images: np.ndarray) -> Opinions:
    """Of uint8 images `(P, C, H, W)`, each shown to the student six times, a part at a time."""
    answers, moved, fits = [], [], []
    for part in pixels(images).split(student.affordable_batch):
        part = part.to(student.device)
        with watched_images(student.batchnorm_layers) as moments:
            answers.append(_probabilities(student, part))
        if moments:
            fits.append(batchnorm_loss(moments, reduction="mean").cpu().numpy())
        moved.append(np.stack([_probabilities(student, view) for view in _moved(part)]))
    plain = np.concatenate(answers)
    log_probabilities = np.log(np.maximum(plain, FLOOR))
    return Opinions(
        log_probabilities=log_probabilities - log_probabilities.mean(axis=1, keepdims=True),
        instability=jensen_shannon(plain, np.concatenate(moved, axis=1)).mean(axis=0),
        batchnorm_fit=np.concatenate(fits) if fits else None,
    )


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Divergence in nats of distributions along the last axis, which broadcast against each other."""
    middle = (p + q) / 2
    return (_entropy(middle) - (_entropy(p) + _entropy(q)) / 2).clip(min=0)


def _entropy(p: np.ndarray) -> np.ndarray:
    return -(p * np.log(np.maximum(p, 1e-30))).sum(axis=-1)


def _moved(images: torch.Tensor) -> Iterator[torch.Tensor]:
    for shift in SHIFTS:
        yield images.roll(shift, dims=(2, 3))
    yield images.flip(3)


def _probabilities(student: Student, images: torch.Tensor) -> np.ndarray:
    return student(images).double().softmax(dim=1).cpu().numpy()

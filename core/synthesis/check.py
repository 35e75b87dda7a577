"""What the student alone says of its probes, before any query is spent on them."""

from __future__ import annotations

import numpy as np
import torch

from core.results import ProbeCheck
from core.students.base import Student
from core.synthesis.base import Probes, pixels
from core.synthesis.batchnorm import batchnorm_loss, watched_moments

MIN_ON_TARGET = 0.2  # share of probes, or as many as by chance; where statistics weigh most, half is usual
MAX_DUPLICATES = 0.1  # share of probes
MIN_ENTROPY_SPREAD = 0.01  # nats between the 5 % and the 95 % quantile


def check_probes(student: Student, probes: Probes, generator: torch.Generator) -> ProbeCheck:
    """Measure probes and name what is wrong with them, if anything.

    Images made for no class can miss none, nor were they made to fit any statistics; a single probe has no spread.
    That is not held against them.
    """
    logits = student.logits(probes.images)
    fit = _batchnorm_fit(student, pixels(probes.images))
    noise_fit = _batchnorm_fit(student, torch.rand(probes.images.shape, generator=generator))

    on_target = None
    if (aimed := probes.aimed).any():
        on_target = float((logits.argmax(1) == probes.targets.argmax(1))[aimed].mean())
    duplicates = len(probes) - len(np.unique(probes.images.reshape(len(probes), -1), axis=0))
    low, middle, high = (float(value) for value in np.quantile(_entropy(logits), (0.05, 0.5, 0.95)))

    problems = []
    if on_target is not None and on_target <= max(MIN_ON_TARGET, 1 / logits.shape[1]):
        problems.append(f"the student puts only {on_target:.0%} of the probes into the class they were made for")
    if duplicates > MAX_DUPLICATES * len(probes):
        problems.append(f"{duplicates} of {len(probes)} probes are exact copies of others")
    if len(probes) > 1 and high - low < MIN_ENTROPY_SPREAD:
        problems.append("the student is equally sure of all probes, so they tell little about it")
    if on_target is not None and fit is not None and noise_fit is not None and fit >= noise_fit:
        problems.append(f"the probes fit the student's BatchNorm statistics no better than noise ({fit:.3g})")
    return ProbeCheck(
        probes=len(probes),
        on_target=on_target,
        batchnorm_loss=fit,
        batchnorm_loss_noise=noise_fit,
        duplicates=duplicates,
        entropy=(low, middle, high),
        problems=tuple(problems),
    )


@torch.inference_mode()
def _batchnorm_fit(student: Student, images: torch.Tensor) -> float | None:
    """The BatchNorm loss (mean form) of `images`, parts weighted by size; None without BatchNorm."""
    if not student.batchnorm_layers:
        return None
    fit = 0.0
    for part in images.split(student.affordable_batch):
        with watched_moments(student.batchnorm_layers) as moments:
            student(part.to(student.device))
        fit += batchnorm_loss(moments, reduction="mean").item() * len(part) / len(images)
    return fit


def _entropy(logits: np.ndarray) -> np.ndarray:
    """Of softmax(logits), `(N,)` in nats."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    return -(p * np.log(np.maximum(p, 1e-30))).sum(axis=1)

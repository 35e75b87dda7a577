"""Probes and answers that hang together: a candidate's answers are the student's mixed with noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from core.config import SYNTHESISED
from core.results import RankedCandidate
from core.scoring.ranking import rank
from core.scoring.vectors import log_softmax

CANDIDATES = ("resnet14", "vgg7", "mobilenetv2", "densenet22", "wideresnet10", "vit4")
AFFINITY = {SYNTHESISED: (0.9, 0.74, 0.7, 0.76, 0.8, 0.5), "white_noise": (0.6, 0.63, 0.58, 0.6, 0.61, 0.5)}


@lru_cache
def fake_answers(
    probe_set: str, candidates: tuple[str, ...], probes: int, classes: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Log-probabilities `(N, K)` of the student and of each candidate."""
    rng = np.random.default_rng(sum(probe_set.encode()))
    student = rng.normal(0, 2.2, (probes, classes))
    affinities = AFFINITY.get(probe_set, tuple(a - 0.05 for a in AFFINITY[SYNTHESISED]))
    answers = {}
    for index, name in enumerate(candidates):
        affinity = affinities[index % len(affinities)]
        noise = rng.normal(0, 2.2, (probes, classes))
        answers[name] = log_softmax(affinity * student + np.sqrt(1 - affinity**2) * noise)
    return log_softmax(student), answers


def ranking_of(student: np.ndarray, answers: dict[str, np.ndarray], *, by: str) -> tuple[RankedCandidate, ...]:
    """Candidates best first, with rough intervals."""
    return rank(student, answers, by=by, resamples=60, generator=np.random.default_rng(0))


def fake_probes(probes: int, classes: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Blurred noise, uint8 `(N, 1, 28, 28)`, and class weights `(N, K)`, four in ten of them mixes of two."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(probes, 7, 7)).repeat(4, axis=1).repeat(4, axis=2)
    for axis in (1, 2):
        coarse = (np.roll(coarse, 1, axis) + coarse + np.roll(coarse, -1, axis)) / 3
    images = 255 / (1 + np.exp(-3 * coarse - 0.4 * rng.normal(size=coarse.shape)))
    targets = np.eye(classes, dtype=np.float32)[np.arange(probes) % classes]
    other = np.eye(classes, dtype=np.float32)[rng.integers(0, classes, probes)]
    mixed = rng.random(probes) < 0.4
    targets[mixed] = 0.6 * targets[mixed] + 0.4 * other[mixed]
    return images[:, None].astype(np.uint8), targets

"""Point scores: a comparison probe by probe, then the mean over probes."""

from __future__ import annotations

import numpy as np

from core.scoring.base import centre, score

EPSILON = 1e-3  # nats; keeps one perfect match from deciding alone (the paper does not print its value)


@score(
    "inverse_kl",
    label="Mean 1 / KL",
    explanation="The paper's score: the closer the candidate's probabilities are to the student's, the larger.",
    range="0 and up",
)
def inverse_kl(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Mean over probes of `1 / (KL(candidate || student) + eps)`, arXiv 2510.02302, section on scores.

    >>> p = np.log([[0.5, 0.5]])
    >>> inverse_kl(p, np.stack([p, np.log([[0.9, 0.1]])])).round(2).tolist()
    [1000.0, 2.71]
    """
    return (1 / (kl_divergence(student, candidates) + EPSILON)).mean(axis=1)


@score(
    "centred_distance",
    label="Centred distance",
    explanation="The squared distance of the two models' log-probabilities, small classes counted as much as large.",
    range="0 and up",
    higher_is_better=False,
)
def centred_distance(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Mean over probes and classes of `(C_student - C_k)^2`, with C centred log-probabilities.

    >>> p = np.log([[0.5, 0.25, 0.25]])
    >>> centred_distance(p, np.stack([p, np.log([[0.25, 0.5, 0.25]])])).round(3).tolist()
    [0.0, 0.32]
    """
    return ((centre(student) - centre(candidates)) ** 2).mean(axis=(1, 2))


@score(
    "agreement",
    label="Agreement",
    explanation="The share of probes for which both models name the same class first.",
    range="0 to 1",
)
def agreement(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Share of probes with the same most probable class.

    >>> agreement(np.log([[0.9, 0.1], [0.2, 0.8]]), np.log([[[0.6, 0.4], [0.7, 0.3]]])).tolist()
    [0.5]
    """
    return (student.argmax(axis=-1) == candidates.argmax(axis=-1)).mean(axis=1)


def kl_divergence(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """`KL(candidate || student)` for each probe, `(M, N)` in nats, from log-probabilities."""
    return np.maximum((np.exp(candidates) * (candidates - student)).sum(axis=-1), 0.0)

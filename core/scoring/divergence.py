"""Divergences between two answers to one probe; the score is the mean over probes of their inverse.

The inverse lets the few probes on which two models all but agree decide, and `EPSILON` keeps a single one
from deciding alone. A temperature divides log-probabilities before they become probabilities again: what a
student learned at temperature T is spread over the small probabilities, and T brings them up.

Labels leave of each divergence only whether two models agree, so for them there is `agreement`.
"""

from __future__ import annotations

import numpy as np

from core.scoring.base import evenly, score, variant
from core.scoring.vectors import log_softmax

EPSILON = 1e-3  # nats (the paper does not print its value)
WARM = 4.0  # a temperature that students are often distilled at


@score(
    "inverse_kl",
    label="Mean 1 / KL",
    explanation="The paper's score: the closer the candidate's probabilities are to the student's, the larger.",
    range="0 and up",
    weights=evenly,
)
def inverse_kl(student: np.ndarray, candidates: np.ndarray, *, temperature: float = 1.0) -> np.ndarray:
    """Mean over probes of `1 / (KL(candidate || student) + eps)`, arXiv 2510.02302, section on scores.

    >>> p = np.log([[0.5, 0.5]])
    >>> inverse_kl(p, np.stack([p, np.log([[0.9, 0.1]])])).round(2).tolist()
    [1000.0, 2.71]
    """
    student, candidates = _softened(student, temperature), _softened(candidates, temperature)
    return _mean_inverse(kl_divergence(student, candidates))


@score(
    "inverse_kl_reversed",
    label="Mean 1 / KL, reversed",
    explanation="The paper's score with student and candidate exchanged: what the student holds for likely counts.",
    range="0 and up",
    weights=evenly,
)
def inverse_kl_reversed(student: np.ndarray, candidates: np.ndarray, *, temperature: float = 1.0) -> np.ndarray:
    """Mean over probes of `1 / (KL(student || candidate) + eps)`: large only where the candidate grants
    all that the student holds for likely.

    >>> p = np.log([[0.5, 0.5]])
    >>> inverse_kl_reversed(p, np.stack([p, np.log([[0.9, 0.1]])])).round(2).tolist()
    [1000.0, 1.95]
    """
    student, candidates = _softened(student, temperature), _softened(candidates, temperature)
    return _mean_inverse(kl_divergence(candidates, student))


@score(
    "inverse_js",
    label="Mean 1 / JS",
    explanation="As the paper's score, with a distance of probabilities that treats both models alike.",
    range="0 and up",
    weights=evenly,
)
def inverse_js(student: np.ndarray, candidates: np.ndarray, *, temperature: float = 1.0) -> np.ndarray:
    """Mean over probes of `1 / (JS + eps)`, with `JS = (KL(s || m) + KL(c || m)) / 2` and m the mean of both
    models' probabilities; Lin, "Divergence measures based on the Shannon entropy", 1991.

    >>> p = np.log([[0.5, 0.5]])
    >>> inverse_js(p, np.stack([p, np.log([[0.9, 0.1]])])).round(2).tolist()
    [1000.0, 9.73]
    """
    student, candidates = _softened(student, temperature), _softened(candidates, temperature)
    middle = np.logaddexp(student, candidates) - np.log(2)
    return _mean_inverse((kl_divergence(middle, student) + kl_divergence(middle, candidates)) / 2)


def kl_divergence(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """`KL(candidate || student)` for each probe, `(M, N)` in nats, from log-probabilities."""
    return np.maximum((np.exp(candidates) * (candidates - student)).sum(axis=-1), 0.0)


def _softened(log_probs: np.ndarray, temperature: float) -> np.ndarray:
    return log_probs if temperature == 1 else log_softmax(log_probs / temperature)


def _mean_inverse(divergence: np.ndarray) -> np.ndarray:
    return (1 / (divergence + EPSILON)).mean(axis=1)


for _name in ("inverse_kl", "inverse_kl_reversed", "inverse_js"):
    variant(
        _name,
        f"{_name}_t4",
        label="temperature 4",
        explanation="Before that, small probabilities are brought up.",
        temperature=WARM,
    )

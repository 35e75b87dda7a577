"""Comparisons of centred log-probabilities: C = log p minus its mean over classes.

C is the logits without their free constant, and the centred log-ratio of Aitchison, "The Statistical Analysis
of Compositional Data", 1986. Labels leave of both only whether two models agree, so for them there is `agreement`.
"""

from __future__ import annotations

import numpy as np

from core.scoring.base import evenly, score
from core.scoring.vectors import centre, cosine


@score(
    "centred_distance",
    label="Centred distance",
    explanation="The squared distance of the two models' log-probabilities, small classes counted as much as large.",
    range="0 and up",
    higher_is_better=False,
    weights=evenly,
)
def centred_distance(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Mean over probes and classes of `(C_student - C_k)^2`: Aitchison's distance, squared, divided by K.

    >>> p = np.log([[0.5, 0.25, 0.25]])
    >>> centred_distance(p, np.stack([p, np.log([[0.25, 0.5, 0.25]])])).round(3).tolist()
    [0.0, 0.32]
    """
    return ((centre(student) - centre(candidates)) ** 2).mean(axis=(1, 2))


@score(
    "centred_cosine",
    label="Centred cosine",
    explanation="How far both models order and space the classes alike, however confident each of them is.",
    range="-1 to 1",
    weights=evenly,
)
def centred_cosine(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Mean over probes of `cos(C_student, C_k)`. The temperature of either model, probe by probe, changes nothing.

    >>> p = np.log([[0.5, 0.25, 0.25]])
    >>> centred_cosine(p, np.stack([p, np.log([[0.25, 0.5, 0.25]])])).round(3).tolist()
    [1.0, -0.5]
    """
    return cosine(centre(student), centre(candidates)).mean(axis=1)

"""Agreement of first classes: all that labels tell of two models by themselves."""

from __future__ import annotations

import numpy as np

from core.scoring.base import ANY_ANSWER, score


@score(
    "agreement",
    label="Agreement",
    explanation="The share of probes for which both models name the same class first.",
    range="0 to 1",
    answers=ANY_ANSWER,
)
def agreement(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Share of probes with the same most probable class. Whatever keeps the first class first changes nothing.

    >>> agreement(np.log([[0.9, 0.1], [0.2, 0.8]]), np.log([[[0.6, 0.4], [0.7, 0.3]]])).tolist()
    [0.5]
    """
    return (student.argmax(axis=-1) == candidates.argmax(axis=-1)).mean(axis=1)

"""Agreement of first classes: all that labels tell of two models by themselves."""

from __future__ import annotations

import numpy as np

from core.scoring.base import ANY_ANSWER, evenly, margins, score, weighted_mean


@score(
    "agreement",
    label="Agreement",
    explanation="The share of probes for which both models name the same class first.",
    range="0 to 1",
    answers=ANY_ANSWER,
    weights=evenly,
)
def agreement(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Share of probes with the same most probable class; of n classes that tie in a candidate each is the 1/n-th
    part of a first one. Whatever keeps the first class first changes nothing.

    >>> agreement(np.log([[0.9, 0.1], [0.2, 0.8]]), np.log([[[0.6, 0.4], [0.7, 0.3]]])).tolist()
    [0.5]
    """
    return _agreed(student, candidates).mean(axis=1)


@score(
    "margin_agreement",
    label="Weighted agreement",
    explanation="The same share, each probe counting by how far ahead the student sees its first class.",
    range="0 to 1",
    answers=ANY_ANSWER,
    weights=margins,
)
def margin_agreement(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """`sum_i w_i a_i / sum_i w_i`, with a_i the agreement on probe i and w_i the student's margin there, its highest
    probability less its second. Of candidates it takes labels alone, of the student all that it says; where no probe
    has a margin, all count alike.

    >>> margin_agreement(np.log([[0.9, 0.1], [0.4, 0.6]]), np.log([[[0.6, 0.4], [0.7, 0.3]]])).round(3).tolist()
    [0.8]
    """
    return weighted_mean(_agreed(student, candidates), margins(student))


def _agreed(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """How far each candidate's first class of each probe is the student's, `(M, N)` in [0, 1]."""
    first = candidates == candidates.max(axis=-1, keepdims=True)
    ours = np.broadcast_to(student.argmax(axis=-1)[..., None], (*candidates.shape[:-1], 1))
    return np.take_along_axis(first, ours, axis=-1)[..., 0] / first.sum(axis=-1)

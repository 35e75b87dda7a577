"""What poorer answers leave of full ones: the same for the student and the candidates, so that they compare.

Each function takes log-probabilities, student `(N, K)` and candidates `(M, N, K)`, and gives both as far as
such answers tell them, in the same form. A score says in its `answers` which kinds it is of use for.
"""

from __future__ import annotations

import numpy as np

from core.scoring.vectors import log_softmax

UNNAMED = 1e-3  # probability of all classes but the label; scores that take labels do not depend on it


def rounded(student: np.ndarray, candidates: np.ndarray, *, decimals: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities to so many decimals. 0 says "less than half a unit of the last", and half a unit is put there.

    >>> answer = np.log([[0.9962, 0.0034, 0.0004]])
    >>> np.exp(rounded(answer, answer[None], decimals=2)[0]).round(3).tolist()
    [[0.99, 0.005, 0.005]]
    """
    floor = 0.5 * 10.0**-decimals

    def leave(log_probs: np.ndarray) -> np.ndarray:
        return log_softmax(np.log(np.maximum(np.exp(log_probs).round(decimals), floor)))

    return leave(student), leave(candidates)


def top_k(student: np.ndarray, candidates: np.ndarray, *, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Each candidate's k most probable classes; it spreads what is left evenly over the others.

    The student keeps each class that any candidate named for that probe, and its others are one lump, spread
    evenly too. So classes that nobody named count as one class in divergences.

    >>> student, candidate = np.log([[0.5, 0.3, 0.15, 0.05]]), np.log([[[0.6, 0.1, 0.2, 0.1]]])
    >>> [np.exp(left).round(3).tolist() for left in top_k(student, candidate, k=2)]
    [[[0.5, 0.175, 0.15, 0.175]], [[[0.6, 0.1, 0.2, 0.1]]]]
    """
    named = np.zeros(candidates.shape, dtype=bool)
    np.put_along_axis(named, np.argsort(-candidates, axis=-1, kind="stable")[..., :k], True, axis=-1)
    return _lumped(student, named.any(axis=0)), _lumped(candidates, named)


def labels(student: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The most probable class alone: all others are equally improbable.

    >>> np.exp(labels(np.log([[0.5, 0.3, 0.2]]), np.log([[[0.4, 0.5, 0.1]]]))[1]).round(4).tolist()
    [[[0.0005, 0.999, 0.0005]]]
    """

    def leave(log_probs: np.ndarray) -> np.ndarray:
        classes = log_probs.shape[-1]
        first = np.arange(classes) == log_probs.argmax(axis=-1)[..., None]
        return np.log(np.where(first, 1 - UNNAMED, UNNAMED / (classes - 1)))

    return leave(student), leave(candidates)


def _lumped(log_probs: np.ndarray, kept: np.ndarray) -> np.ndarray:
    others = np.where(kept, 0, np.exp(log_probs)).sum(axis=-1, keepdims=True)
    number = (~kept).sum(axis=-1, keepdims=True)
    share = np.divide(others, number, out=np.ones_like(others), where=number > 0)
    return np.where(kept, log_probs, np.log(share))

"""Residual cosines: what the student shares with one candidate beyond what it shares with all of them.

Models of one task answer alike, whoever taught them. Take that away, and what is left of a student
points at its teacher. With C = log p minus its mean over classes and m the mean of C over candidates,
the residuals are C_student - m and C_k - m, each one long vector over all probes and classes.
They need at least three candidates that differ: with one a residual is 0, with two they are opposite.
"""

from __future__ import annotations

import numpy as np

from core.scoring.base import centre, score


@score(
    "rcos",
    label="Residual cosine",
    explanation="How far the student's deviations from the candidates' average go the same way as this candidate's.",
    range="-1 to 1",
    min_candidates=3,
)
def residual_cosine(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """`cos(C_student - m, C_k - m)` over probes and classes.

    >>> candidates = np.log([[[0.8, 0.1, 0.1]], [[0.1, 0.8, 0.1]], [[0.1, 0.1, 0.8]]])
    >>> residual_cosine(candidates[0], candidates).round(3).tolist()
    [1.0, -0.5, -0.5]
    """
    student, candidates, common = _flat(student, candidates)
    return _cosine(student - common, candidates - common)


@score(
    "rp",
    label="Projected residual cosine",
    explanation="The residual cosine after removing the shared answer altogether, so that it does not matter "
    "whether the student is more or less confident than its teacher.",
    range="-1 to 1",
    min_candidates=3,
)
def projected_residual_cosine(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """`cos` of C_student and C_k, each minus its projection on m, over probes and classes.

    >>> candidates = np.log([[[0.7, 0.2, 0.1]], [[0.6, 0.1, 0.3]], [[0.5, 0.3, 0.2]]])
    >>> sharper = 3 * candidates[0] - np.log((np.exp(3 * candidates[0])).sum())
    >>> projected_residual_cosine(sharper, candidates).round(3).tolist()
    [1.0, -1.0, 1.0]
    """
    student, candidates, common = _flat(student, candidates)
    return _cosine(_without(student, common), _without(candidates, common))


def _flat(student: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centred and flattened: student `(N*K,)`, candidates `(M, N*K)`, their mean `(N*K,)`."""
    flat = centre(candidates).reshape(len(candidates), -1)
    return centre(student).ravel(), flat, flat.mean(axis=0)


def _without(vectors: np.ndarray, direction: np.ndarray) -> np.ndarray:
    scale = (direction @ direction) or 1.0
    return vectors - (vectors @ direction / scale)[..., None] * direction


def _cosine(one: np.ndarray, many: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(many, axis=1) * np.linalg.norm(one)
    return np.divide(many @ one, norms, out=np.zeros(len(many)), where=norms > 0)

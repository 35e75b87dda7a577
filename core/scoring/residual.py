"""Residual cosines: what the student shares with one candidate beyond what it shares with all of them.

Models of one task answer alike, whoever taught them. Take that away, and what is left of a student
points at its teacher. With C = log p minus its mean over classes and m the mean of C over candidates,
the residuals are C_student - m and C_k - m. They need at least three candidates that differ: with one a
residual is 0, with two they are opposite.

Labels leave `rcos` and `rp` more than agreement: a class that few candidates name counts for more. Of a single
probe they leave little else, so that the scores by probe are not for labels.
"""

from __future__ import annotations

import numpy as np

from core.scoring.base import ANY_ANSWER, evenly, score
from core.scoring.vectors import centre, centred_vectors, cosine, minus, unit, without


@score(
    "rcos",
    label="Residual cosine",
    explanation="How far the student's deviations from the candidates' average go the same way as this candidate's.",
    range="-1 to 1",
    min_candidates=3,
    answers=ANY_ANSWER,
    by_products=True,
)
def residual_cosine(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """`cos(C_student - m, C_k - m)` over probes and classes.

    >>> candidates = np.log([[[0.8, 0.1, 0.1]], [[0.1, 0.8, 0.1]], [[0.1, 0.1, 0.8]]])
    >>> residual_cosine(candidates[0], candidates).round(3).tolist()
    [1.0, -0.5, -0.5]
    """
    student, candidates = centred_vectors(student), centred_vectors(candidates)
    common = candidates.mean(axis=0)
    return cosine(minus(student, common), minus(candidates, common))


@score(
    "rp",
    label="Projected residual cosine",
    explanation="The residual cosine after removing the shared answer altogether, so that it does not matter "
    "whether the student is more or less confident than its teacher.",
    range="-1 to 1",
    min_candidates=3,
    answers=ANY_ANSWER,
    by_products=True,
)
def projected_residual_cosine(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """`cos` of C_student and C_k, each minus its projection on m, over probes and classes. The student's
    temperature changes nothing.

    >>> candidates = np.log([[[0.7, 0.2, 0.1]], [[0.6, 0.1, 0.3]], [[0.5, 0.3, 0.2]]])
    >>> sharper = 3 * candidates[0] - np.log((np.exp(3 * candidates[0])).sum())
    >>> projected_residual_cosine(sharper, candidates).round(3).tolist()
    [1.0, -1.0, 1.0]
    """
    student, candidates = centred_vectors(student), centred_vectors(candidates)
    common = candidates.mean(axis=0)
    return cosine(without(student, common), without(candidates, common))


@score(
    "ri",
    label="Residual cosine by probe",
    explanation="The residual cosine of each probe by itself, averaged, so that every probe counts the same.",
    range="-1 to 1",
    min_candidates=3,
    weights=evenly,
)
def probewise_residual_cosine(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Mean over probes of `cos(U_student - m, U_k - m)`, with U = C / |C| for each probe and m the mean of U over
    candidates. The temperature of any model, probe by probe, changes nothing.

    >>> candidates = np.log([[[0.8, 0.1, 0.1]], [[0.1, 0.8, 0.1]], [[0.1, 0.1, 0.8]]])
    >>> probewise_residual_cosine(candidates[0], candidates).round(3).tolist()
    [1.0, -0.5, -0.5]
    """
    student, candidates = unit(centre(student)), unit(centre(candidates))
    common = candidates.mean(axis=0)
    return cosine(minus(student, common), minus(candidates, common)).mean(axis=1)


@score(
    "rpi",
    label="Projected residual cosine by probe",
    explanation="The projected residual cosine of each probe by itself, averaged, so that every probe counts the same.",
    range="-1 to 1",
    min_candidates=3,
    weights=evenly,
)
def probewise_projected_residual_cosine(student: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Mean over probes of the `cos` of U_student and U_k, each minus its projection on m, with U and m as for
    `ri`. Takes away one direction of each probe's K - 1, so that two classes leave nothing.

    >>> candidates = np.log([[[0.7, 0.2, 0.1]], [[0.6, 0.1, 0.3]], [[0.5, 0.3, 0.2]]])
    >>> probewise_projected_residual_cosine(candidates[0], candidates).round(3).tolist()
    [1.0, -1.0, 1.0]
    """
    student, candidates = unit(centre(student)), unit(centre(candidates))
    common = candidates.mean(axis=0)
    return cosine(without(student, common), without(candidates, common)).mean(axis=1)

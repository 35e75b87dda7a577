"""Partial correlation: what the student and one candidate share beyond what the other candidates explain of both.

A student is like all candidates that are like its teacher. A residual cosine takes away what all candidates have in
common, and leaves what families of them have in common; a partial correlation takes that away as well. What is left
differs by candidate for a student without a teacher too: some models are more like any other than the rest are. How
much, the candidates themselves tell, each in the student's place.
"""

from __future__ import annotations

import numpy as np

from core.scoring.base import ANY_ANSWER, score
from core.scoring.vectors import centred_vectors, unit, without

PENALTY = 3.0  # divided by the number of probes: what a few probes say of many candidates is held for chance
PATIENCE = 30.0  # probes after which half of what is to be expected of a candidate is believed
STRANGERS, VERSIONS = 0.4, 0.7  # residual cosines up to which candidates explain each other, and from which they do not
SAME = 1 - 1e-6  # cosine above which they are one model, also where there is no third to take residuals from
NOTHING = 1e-18  # product of two squared lengths, of vectors of length 1, below which what is left is rounding error


@score(
    "partial_correlation",
    label="Partial correlation",
    explanation="How much the student and this candidate have in common that the other candidates do not explain.",
    range="-1 to 1",
    answers=ANY_ANSWER,
)
def partial_correlation(student: np.ndarray, candidates: np.ndarray, *, penalty: float = PENALTY) -> np.ndarray:
    """`cos(s - P_k s, c_k - P_k c_k)` with s and c_k the centred log-probabilities over probes and classes, at
    length 1, and P_k what a ridge regression (Hoerl and Kennard, 1970) on the other candidates, at length 1, explains
    with `lambda = penalty / N`. The student's temperature changes nothing.

    Versions of one model would explain each other away, a teacher's twin the teacher. The more alike the residuals of
    two candidates are, by `rp`, the less do they therefore count as others of each other, and from a cosine of 0.7 on
    not at all. A single candidate's is its cosine.

    >>> candidates = np.log([[[0.7, 0.2, 0.1]], [[0.6, 0.1, 0.3]], [[0.5, 0.3, 0.2]]])
    >>> partial_correlation(candidates[0], candidates).round(3).tolist()
    [1.0, 0.394, 0.997]
    """
    products, apart = _compared(student, candidates)
    return _of_student(products, apart, penalty / len(student))


@score(
    "excess_correlation",
    label="Excess correlation",
    explanation="How much more the student and this candidate have in common than the other candidates have with it.",
    range="-2 to 2",
    answers=ANY_ANSWER,
)
def excess_correlation(student: np.ndarray, candidates: np.ndarray, *, patience: float = PATIENCE) -> np.ndarray:
    """`r_k - N / (N + patience) * mean_j r_jk`: the partial correlation less what it is to be expected to be, r_jk
    that of candidate j in the student's place, a mean over all j in so far as they are no version of k. It is believed
    the more, the more probes it is measured with. About 0 for a student that is like the candidates as they are like
    each other.

    >>> candidates = np.log([[[0.7, 0.2, 0.1]], [[0.6, 0.1, 0.3]], [[0.5, 0.3, 0.2]]])
    >>> excess_correlation(candidates[0], candidates).round(3).tolist()
    [0.983, 0.379, 0.982]
    """
    products, apart = _compared(student, candidates)
    ridge, believed = PENALTY / len(student), len(student) / (len(student) + patience)
    usual = (apart * _of_each_other(products, apart, ridge)).sum(axis=0) / np.maximum(apart.sum(axis=0), 1.0)
    return _of_student(products, apart, ridge) - believed * usual


def _compared(student: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Products of all candidates' vectors and, last, the student's, `(M + 1, M + 1)`; and from 0 for versions of one
    model to 1 for strangers, how far candidates are apart, `(M, M)`."""
    rows = unit(np.vstack([centred_vectors(candidates), centred_vectors(student)]))
    others = rows[:-1]
    residuals = unit(without(others, others.mean(axis=0)))
    apart = ((VERSIONS - residuals @ residuals.T) / (VERSIONS - STRANGERS)).clip(0, 1)
    apart[(others @ others.T > SAME) | np.eye(len(others), dtype=bool)] = 0.0
    return rows @ rows.T, apart


def _of_student(products: np.ndarray, apart: np.ndarray, ridge: float) -> np.ndarray:
    """The student's partial correlation with each candidate, `(M,)`."""
    models = np.arange(len(apart))
    return _partial(products, np.stack([np.full_like(models, len(models)), models], axis=1), apart, ridge)


def _of_each_other(products: np.ndarray, apart: np.ndarray, ridge: float) -> np.ndarray:
    """Partial correlations of candidates, given the versions of neither, `(M, M)`; 0 between versions."""
    pairs = np.argwhere(apart > 0)
    values = np.zeros(apart.shape)
    values[tuple(pairs.T)] = _partial(products, pairs, apart[pairs[:, 0]] * apart[pairs[:, 1]], ridge)
    return values


def _partial(products: np.ndarray, pairs: np.ndarray, given: np.ndarray, ridge: float) -> np.ndarray:
    """Cosines `(P,)` of what is left of both vectors of each pair, `(P, 2)`, after a ridge regression on all
    candidates, each scaled by how far it is given, `(P, M)` in [0, 1]."""
    models = given.shape[1]
    among = products[:models, :models] * given[:, :, None] * given[:, None, :]
    across = products[:models, pairs].transpose(1, 0, 2) * given[:, :, None]
    regularised = among + np.eye(models) * np.where(given > 0, ridge, 1.0)[:, :, None]
    weights = np.linalg.solve(regularised, across)
    explained = weights.swapaxes(1, 2) @ across
    left = products[pairs[:, :, None], pairs[:, None, :]] + weights.swapaxes(1, 2) @ among @ weights
    left = left - explained - explained.swapaxes(1, 2)
    squares = left[:, 0, 0].clip(0) * left[:, 1, 1].clip(0)
    return np.divide(left[:, 0, 1], np.sqrt(squares), out=np.zeros(len(pairs)), where=squares > NOTHING)

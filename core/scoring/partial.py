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
RELATED = 0.5  # residual cosine above which two candidates are versions of one model, and do not explain each other
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

    Versions of one model would explain each other away, a teacher's twin the teacher. Candidates whose residuals, by
    `rp`, have a cosine above 0.5 therefore do not count as others of each other. A single candidate's is its cosine.

    >>> candidates = np.log([[[0.7, 0.2, 0.1]], [[0.6, 0.1, 0.3]], [[0.5, 0.3, 0.2]]])
    >>> partial_correlation(candidates[0], candidates).round(3).tolist()
    [1.0, 0.394, 0.997]
    """
    products, related = _compared(student, candidates)
    return _of_student(products, related, penalty / len(student))


@score(
    "excess_correlation",
    label="Excess correlation",
    explanation="How much more the student and this candidate have in common than the other candidates have with it.",
    range="-2 to 2",
    answers=ANY_ANSWER,
)
def excess_correlation(student: np.ndarray, candidates: np.ndarray, *, patience: float = PATIENCE) -> np.ndarray:
    """`r_k - N / (N + patience) * mean_j r_jk`: the partial correlation less what it is to be expected to be, r_jk
    that of candidate j in the student's place, over all j that are no version of k. It is believed the more, the more
    probes it is measured with. About 0 for a student that is like the candidates as they are like each other.

    >>> candidates = np.log([[[0.7, 0.2, 0.1]], [[0.6, 0.1, 0.3]], [[0.5, 0.3, 0.2]]])
    >>> excess_correlation(candidates[0], candidates).round(3).tolist()
    [0.983, 0.379, 0.982]
    """
    products, related = _compared(student, candidates)
    ridge, believed = PENALTY / len(student), len(student) / (len(student) + patience)
    usual = _of_each_other(products, related, ridge).sum(axis=0) / np.maximum((~related).sum(axis=0), 1)
    return _of_student(products, related, ridge) - believed * usual


def _compared(student: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Products of all candidates' vectors and, last, the student's, `(M + 1, M + 1)`; and which candidates are versions
    of one model, bool `(M, M)`, each one of itself."""
    rows = unit(np.vstack([centred_vectors(candidates), centred_vectors(student)]))
    others = rows[:-1]
    residuals = unit(without(others, others.mean(axis=0)))
    related = (residuals @ residuals.T > RELATED) | (others @ others.T > SAME) | np.eye(len(others), dtype=bool)
    return rows @ rows.T, related


def _of_student(products: np.ndarray, related: np.ndarray, ridge: float) -> np.ndarray:
    """The student's partial correlation with each candidate, `(M,)`."""
    models = np.arange(len(related))
    return _partial(products, np.stack([np.full_like(models, len(models)), models], axis=1), ~related, ridge)


def _of_each_other(products: np.ndarray, related: np.ndarray, ridge: float) -> np.ndarray:
    """Partial correlations of candidates, given the relatives of neither, `(M, M)`; 0 between relatives."""
    pairs = np.argwhere(~related)
    values = np.zeros(related.shape)
    values[tuple(pairs.T)] = _partial(products, pairs, ~(related[pairs[:, 0]] | related[pairs[:, 1]]), ridge)
    return values


def _partial(products: np.ndarray, pairs: np.ndarray, given: np.ndarray, ridge: float) -> np.ndarray:
    """Cosines `(P,)` of what is left of both vectors of each pair, `(P, 2)`, after a ridge regression on those that are
    given, bool `(P, M)`."""
    models = given.shape[1]
    among = products[:models, :models] * given[:, :, None] * given[:, None, :]
    across = products[:models, pairs].transpose(1, 0, 2) * given[:, :, None]
    regularised = among + np.eye(models) * np.where(given, ridge, 1.0)[:, :, None]
    weights = np.linalg.solve(regularised, across)
    explained = weights.swapaxes(1, 2) @ across
    left = products[pairs[:, :, None], pairs[:, None, :]] + weights.swapaxes(1, 2) @ among @ weights
    left = left - explained - explained.swapaxes(1, 2)
    squares = left[:, 0, 0].clip(0) * left[:, 1, 1].clip(0)
    return np.divide(left[:, 0, 1], np.sqrt(squares), out=np.zeros(len(pairs)), where=squares > NOTHING)

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
STRANGERS = 0.4  # cosine of the residuals of two candidates up to which they explain each other
VERSIONS = 0.7  # the same, from which on they count as versions of one model and do not
TWINS = 0.02  # what the cosine of two candidates lacks to 1 where they begin to be one model: two have no residuals
NOTHING = 1e-18  # product of two squared lengths, of vectors of length 1, below which what is left is rounding error


@score(
    "partial_correlation",
    label="Partial correlation",
    explanation="How much the student and this candidate have in common that the other candidates do not explain.",
    range="-1 to 1",
    answers=ANY_ANSWER,
    by_products=True,
)
def partial_correlation(student: np.ndarray, candidates: np.ndarray, *, penalty: float = PENALTY) -> np.ndarray:
    """`cos(s - P_k s, c_k - P_k c_k)` with s and c_k the centred log-probabilities over probes and classes, at
    length 1, and P_k what a ridge regression (Hoerl and Kennard, 1970) on the other candidates, at length 1, explains
    with `lambda = penalty / N`. The student's temperature changes nothing.

    Versions of one model would explain each other away, a teacher's twin the teacher. The more alike two candidates'
    vectors are, each less its projection on the mean of all, the less do they therefore count as others of each other:
    from a cosine of 0.4 on less, from 0.7 on not at all. A single candidate's is its cosine.

    Args:
        penalty: above 0.

    >>> candidates = np.log([[[0.7, 0.2, 0.1]], [[0.6, 0.1, 0.3]], [[0.5, 0.3, 0.2]]])
    >>> partial_correlation(candidates[0], candidates).round(3).tolist()
    [1.0, 0.394, 0.997]
    """
    return _of_student(*_compared(student, candidates), penalty / len(student))


@score(
    "excess_correlation",
    label="Excess correlation",
    explanation="How much more the student and this candidate have in common than the other candidates have with it.",
    range="-2 to 2",
    answers=ANY_ANSWER,
    by_products=True,
)
def excess_correlation(student: np.ndarray, candidates: np.ndarray, *, patience: float = PATIENCE) -> np.ndarray:
    """`r_k - N / (N + patience) * mean_j r_jk`: the partial correlation less what it is to be expected to be, r_jk
    that of candidate j in the student's place, a mean over all j in so far as they are no version of k. It is believed
    the more, the more probes it is measured with. About 0 for a student that is like the candidates as they are like
    each other.

    >>> candidates = np.log([[[0.7, 0.2, 0.1]], [[0.6, 0.1, 0.3]], [[0.5, 0.3, 0.2]]])
    >>> excess_correlation(candidates[0], candidates).round(3).tolist()
    [0.983, 0.382, 0.982]
    """
    products, apart = _compared(student, candidates)
    ridge, believed = PENALTY / len(student), len(student) / (len(student) + patience)
    of_each_other = _partial(products[:-1, :-1], apart, ridge)
    usual = (apart * of_each_other).sum(axis=1) / np.maximum(apart.sum(axis=1), 1.0)
    return _of_student(products, apart, ridge) - believed * usual


def _compared(student: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Products of all candidates' vectors and, last, the student's, `(M + 1, M + 1)`; and from 0 for versions of one
    model to 1 for strangers, how far candidates are apart, `(M, M)`."""
    rows = unit(np.vstack([centred_vectors(candidates), centred_vectors(student)]))
    others = rows[:-1]
    residuals = unit(without(others, others.mean(axis=0)))
    apart = ((VERSIONS - residuals @ residuals.T) / (VERSIONS - STRANGERS)).clip(0, 1)
    apart *= ((1 - others @ others.T) / TWINS).clip(0, 1)
    np.fill_diagonal(apart, 0.0)
    return rows @ rows.T, apart


def _of_student(products: np.ndarray, apart: np.ndarray, ridge: float) -> np.ndarray:
    """The student's partial correlation with each candidate, `(M,)`, of what `_compared` gives."""
    return _partial(products, np.hstack([apart, np.ones((len(apart), 1))]), ridge)[:, -1]


def _partial(products: np.ndarray, given: np.ndarray, ridge: float) -> np.ndarray:
    """Partial correlation of each candidate with each of D vectors, given all the others, `(M, D)`; 0 with itself.

    From the inverse of the regularised products, one a candidate, as from any precision matrix, except that only what
    explains is regularised, not what is explained.

    Args:
        products: of all vectors, candidates first, `(D, D)`.
        given: how far each vector may explain a candidate, in [0, 1], `(M, D)`; it is scaled by that.
    """
    models, vectors = given.shape
    itself = np.eye(models, vectors, dtype=bool)
    scale = np.where(itself, 1.0, given)
    precision = np.linalg.inv(products * scale[:, :, None] * scale[:, None, :] + ridge * np.eye(vectors))
    pairs = _pairs(precision, itself)
    covariance = np.linalg.inv(pairs)
    weights = _pairs(precision @ precision, itself) - pairs @ pairs  # their products, times the precision either side
    left = covariance - ridge * (np.eye(2) + covariance @ weights @ covariance)
    squares = left[..., 0, 0].clip(0) * left[..., 1, 1].clip(0)
    correlation = np.divide(left[..., 0, 1], np.sqrt(squares), out=np.zeros(given.shape), where=squares > NOTHING)
    return np.where(itself, 0.0, correlation.clip(-1, 1))


def _pairs(matrices: np.ndarray, itself: np.ndarray) -> np.ndarray:
    """Entries of candidate k and each vector in the k-th of `(M, D, D)`, `(M, D, 2, 2)`; a unit matrix of itself."""
    models = np.arange(len(matrices))
    across = np.where(itself, 0.0, matrices[models, models])
    own = np.broadcast_to(matrices[models, models, models][:, None], across.shape)
    theirs = np.diagonal(matrices, axis1=1, axis2=2)
    return np.stack([np.stack([theirs, across], axis=-1), np.stack([across, own], axis=-1)], axis=-2)

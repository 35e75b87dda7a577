"""Partial correlation: what the student and one candidate share beyond what the other candidates explain of both.

A student is like all candidates that are like its teacher. A residual cosine takes away what all candidates have in
common, and leaves what families of them have in common; a partial correlation takes that away as well.
"""

from __future__ import annotations

import numpy as np

from core.scoring.base import ANY_ANSWER, score
from core.scoring.vectors import centred_vectors, cosine, minus, unit, without

PENALTY = 3.0  # divided by the number of probes: what a few probes say of many candidates is held for chance
RELATED = 0.5  # residual cosine above which two candidates are versions of one model, and do not explain each other
SAME = 1 - 1e-6  # cosine above which they are one model, also where there is no third to take residuals from


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
    s, rows = unit(centred_vectors(student)), unit(centred_vectors(candidates))
    related = _related(rows)
    return np.array(
        [
            float(cosine(*_unexplained(np.stack([s, row]), rows[~relatives], penalty / len(student))))
            for row, relatives in zip(rows, related, strict=True)
        ]
    )


def _unexplained(vectors: np.ndarray, others: np.ndarray, ridge: float) -> np.ndarray:
    """`vectors` `(2, D)` less what a regression on `others` `(M, D)` explains of them."""
    gram = others @ others.T + ridge * np.eye(len(others))
    return minus(vectors, np.linalg.solve(gram, others @ vectors.T).T @ others)


def _related(rows: np.ndarray) -> np.ndarray:
    """Which candidates `(M, D)` are versions of one model, bool `(M, M)`; each is one of itself."""
    residuals = unit(without(rows, rows.mean(axis=0)))
    return (residuals @ residuals.T > RELATED) | (rows @ rows.T > SAME) | np.eye(len(rows), dtype=bool)

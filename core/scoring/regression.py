"""Residual regression: what a candidate explains of the student that the other candidates do not.

A student is like all candidates that are like its teacher. A residual cosine looks at one candidate at a time, so
that a likeness of families adds to it; a regression on all of them at once shares out what they have in common.
"""

from __future__ import annotations

import numpy as np

from core.scoring.base import score
from core.scoring.residual import projected_residuals
from core.scoring.vectors import unit

PENALTY = 5.0  # divided by the number of probes: what a few probes say of many candidates is held for chance


@score(
    "regression",
    label="Residual regression",
    explanation="How much of the student's deviations from the candidates' average each candidate explains, beyond "
    "what the others explain as well.",
    range="about -1 to 1",
    min_candidates=3,
)
def residual_regression(student: np.ndarray, candidates: np.ndarray, *, penalty: float = PENALTY) -> np.ndarray:
    """`(R R' + lambda I)^-1 R r` with r and the rows of R as for `rp`, each at length 1, and `lambda = penalty / N`:
    ridge regression (Hoerl and Kennard, 1970). The larger lambda, the more alike the order is to that of `rp`. The
    student's temperature changes nothing.

    >>> candidates = np.log([[[0.7, 0.2, 0.1]], [[0.6, 0.1, 0.3]], [[0.5, 0.3, 0.2]]])
    >>> residual_regression(candidates[0], candidates).round(3).tolist()
    [0.125, -0.125, 0.125]
    """
    r, rows = (unit(residuals) for residuals in projected_residuals(student, candidates))
    ridge = penalty / len(student) * np.eye(len(rows))
    return np.linalg.solve(rows @ rows.T + ridge, rows @ r)

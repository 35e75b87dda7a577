"""What a score is, and the table that the decorator fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ScoreFunction = Callable[[np.ndarray, np.ndarray], np.ndarray]
SCORES: dict[str, Score] = {}


@dataclass(frozen=True)
class Score:
    """A named way to compare.

    `compute(student, candidates)` takes log-probabilities `(N, K)` and `(M, N, K)` and gives one value
    for each of the M candidates, `(M,)`. Values of different scores are not comparable.
    """

    name: str
    label: str  # for charts and tables
    explanation: str  # one sentence for a reader who does not know the field
    range: str  # of its values, in words
    higher_is_better: bool
    min_candidates: int  # fewer make it meaningless
    resampled: bool  # whether a bootstrap over probes is affordable and meaningful
    compute: ScoreFunction

    def order(self, values: np.ndarray) -> np.ndarray:
        """Indices of `values` `(M,)`, best first; ties keep the given order."""
        return np.argsort(-values if self.higher_is_better else values, kind="stable")


def score(
    name: str,
    *,
    label: str,
    explanation: str,
    range: str,
    higher_is_better: bool = True,
    min_candidates: int = 1,
    resampled: bool = True,
) -> Callable[[ScoreFunction], ScoreFunction]:
    """Register a score function under `name`."""

    def register(compute: ScoreFunction) -> ScoreFunction:
        SCORES[name] = Score(name, label, explanation, range, higher_is_better, min_candidates, resampled, compute)
        return compute

    return register


def centre(log_probs: np.ndarray) -> np.ndarray:
    """Log-probabilities minus their mean over classes (last axis): logits without their free constant.

    >>> centre(np.log([[0.5, 0.25, 0.25]])).round(3).tolist()
    [[0.462, -0.231, -0.231]]
    """
    return log_probs - log_probs.mean(axis=-1, keepdims=True)

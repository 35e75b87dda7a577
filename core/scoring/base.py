"""What a score is, and the table that the decorator fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

ScoreFunction = Callable[..., np.ndarray]  # (student, candidates), and parameters that have a default
Weights = Callable[[np.ndarray], np.ndarray]  # of probes, (N,), by the student's answers to them
AnswerKind = Literal["full", "rounded", "top_k", "labels"]
SCORES: dict[str, Score] = {}

PROBABILITIES: tuple[AnswerKind, ...] = ("full", "rounded", "top_k")
ANY_ANSWER: tuple[AnswerKind, ...] = (*PROBABILITIES, "labels")


@dataclass(frozen=True)
class Score:
    """A named way to compare.

    `compute(student, candidates)` takes log-probabilities `(N, K)` and `(M, N, K)` and gives one value
    for each of the M candidates, `(M,)`. It means nothing, and may not even be finite, unless the score
    `has_enough` of them. Values of different scores are not comparable.
    """

    name: str
    label: str  # for charts and tables
    explanation: str  # one sentence for a reader who does not know the field
    range: str  # of its values, in words
    higher_is_better: bool
    min_candidates: int  # fewer make it meaningless
    min_probes: int  # fewer make it meaningless
    answers: tuple[AnswerKind, ...]  # what it can be computed from, see `answer_kinds.py`
    resampled: bool  # whether a bootstrap over probes is affordable and meaningful
    costly: bool  # takes a hundred times as long as the others
    weights: Weights | None  # the score is a mean over probes that are weighted so; None: it is no mean
    by_products: bool  # products of centred answers to the same probe are all that it depends on
    saturates: bool  # near its highest value, whoever is compared, unless probes are more than classes
    compute: ScoreFunction

    def order(self, values: np.ndarray) -> np.ndarray:
        """Indices of `values` `(M,)`, best first; ties keep the given order."""
        return np.argsort(-values if self.higher_is_better else values, kind="stable")

    def has_enough(self, candidates: np.ndarray) -> bool:
        """Whether answers `(M, N, K)` are of enough candidates to enough probes."""
        return len(candidates) >= self.min_candidates and candidates.shape[1] >= self.min_probes

    def is_saturated(self, candidates: np.ndarray) -> bool:
        """Whether answers `(M, N, K)` are to so few probes that its value says nothing."""
        return self.saturates and candidates.shape[1] <= candidates.shape[2]

    def can_rank(self, candidates: np.ndarray) -> bool:
        """Whether it has enough answers `(M, N, K)`, and its values are not all near the highest."""
        return self.has_enough(candidates) and not self.is_saturated(candidates)


def evenly(student: np.ndarray) -> np.ndarray:
    """Weights of a plain mean."""
    return np.ones(len(student))


def margins(student: np.ndarray) -> np.ndarray:
    """By how much the student's highest probability is above its second."""
    second, first = np.sort(np.exp(student), axis=-1)[:, -2:].T
    return first - second


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Over the last axis of both; even where no weight is above 0."""
    weights = np.where(weights.sum(axis=-1, keepdims=True) > 0, weights, 1.0)
    return (values * weights).sum(axis=-1) / weights.sum(axis=-1)


def score(
    name: str,
    *,
    label: str,
    explanation: str,
    range: str,
    higher_is_better: bool = True,
    min_candidates: int = 1,
    min_probes: int = 1,
    answers: tuple[AnswerKind, ...] = PROBABILITIES,
    resampled: bool = True,
    costly: bool = False,
    weights: Weights | None = None,
    by_products: bool = False,
    saturates: bool = False,
) -> Callable[[ScoreFunction], ScoreFunction]:
    """Register a score function under `name`."""

    def register(compute: ScoreFunction) -> ScoreFunction:
        SCORES[name] = Score(
            name=name,
            label=label,
            explanation=explanation,
            range=range,
            higher_is_better=higher_is_better,
            min_candidates=min_candidates,
            min_probes=min_probes,
            answers=answers,
            resampled=resampled,
            costly=costly,
            weights=weights,
            by_products=by_products,
            saturates=saturates,
            compute=compute,
        )
        return compute

    return register


def variant(
    of: str,
    name: str,
    *,
    label: str,
    explanation: str,
    answers: tuple[AnswerKind, ...] = PROBABILITIES,
    **parameters: float | Callable[[np.ndarray], np.ndarray],
) -> None:
    """Register the score `of` once more, under another name, with other `parameters` of its function.

    Args:
        label: what is added to its label.
        explanation: the sentence that is added to its explanation.
    """
    plain = SCORES[of]
    SCORES[name] = replace(
        plain,
        name=name,
        label=f"{plain.label}, {label}",
        explanation=f"{plain.explanation} {explanation}",
        answers=answers,
        compute=partial(plain.compute, **parameters),
    )

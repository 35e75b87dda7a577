"""From cells to figures: who is named, how often rightly, and how sure that is. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax
from scipy.stats import rankdata

from core.bench.report import Interval
from core.scoring.base import Score

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Asked:
    """One student in all draws, by one score and number of probes.

    Attributes:
        values: the score of each candidate in each draw, higher better, `(D, M)`.
        teachers: which candidates it was distilled from, bool `(M,)`.
    """

    values: np.ndarray
    teachers: np.ndarray

    @property
    def named(self) -> np.ndarray:
        """The share of draws in which each candidate comes first, `(M,)`; who ties shares a draw."""
        first = self.values == self.values.max(axis=1, keepdims=True)
        return (first / first.sum(axis=1, keepdims=True)).mean(axis=0)

    @property
    def accuracy(self) -> float:
        """The share of draws in which a teacher comes first."""
        return float(self.named[self.teachers].sum())


def scored(score: Score, student: np.ndarray, candidates: np.ndarray, draws: np.ndarray, probes: int) -> np.ndarray:
    """Values `(D, M)`, higher better, of `probes` first images of each draw.

    Where the score cannot be had from so few probes or candidates, all values are 0: a guess.

    Args:
        student: log-probabilities `(P, K)`.
        candidates: log-probabilities `(M, P, K)`.
        draws: `(D, N)` with `N >= probes`.
    """
    sign = 1.0 if score.higher_is_better else -1.0
    chosen = draws[:, :probes]
    if not score.has_enough(candidates[:, chosen[0]]):
        return np.zeros((len(draws), len(candidates)))
    return np.array([sign * score.compute(student[draw], candidates[:, draw]) for draw in chosen])


def accuracy(students: list[Asked], generator: np.random.Generator) -> Interval:
    """Mean over students, each the mean over its draws."""
    return _interval(np.array([asked.accuracy for asked in students]), generator)


def auc(students: list[Asked], generator: np.random.Generator) -> Interval:
    """How surely a teacher's softmaxed score is above another candidate's, over all pairs of student and candidate.

    One against the rest, micro-averaged, so that it is there for any group of students. Each student counts
    by the mean over draws of its softmaxed scores.
    """
    probabilities = np.array([softmax(asked.values, axis=1).mean(axis=0) for asked in students])
    teachers = np.array([asked.teachers for asked in students])
    draws = generator.integers(len(students), size=(RESAMPLES // 4, len(students)))
    low, high = np.quantile([_auc(probabilities[draw], teachers[draw]) for draw in draws], _ends())
    return Interval(value=_auc(probabilities, teachers), low=low, high=high)


def paired_difference(one: list[Asked], other: list[Asked], generator: np.random.Generator) -> Interval:
    """By how much `one` is more often right than `other`, on the same students in the same order."""
    return _interval(np.array([a.accuracy - b.accuracy for a, b in zip(one, other, strict=True)]), generator)


def _interval(values: np.ndarray, generator: np.random.Generator) -> Interval:
    means = values[generator.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, _ends())
    return Interval(value=float(values.mean()), low=float(low), high=float(high))


def _auc(probabilities: np.ndarray, teachers: np.ndarray) -> float:
    """The probability that a pair with a teacher has more than one without, ties half (Mann and Whitney, 1947)."""
    ones, others = teachers.sum(), (~teachers).sum()
    return float((rankdata(probabilities.ravel())[teachers.ravel()].sum() - ones * (ones + 1) / 2) / (ones * others))


def _ends() -> tuple[float, float]:
    return (1 - LEVEL) / 2, (1 + LEVEL) / 2

"""From cells to figures: who is named, how often rightly, and how sure that is. Free of torch.

A figure of a group of students is held as an array `(1 + R,)`: its value, then what it would be in each of R
bootstrap resamples of the students.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from core.bench.report import Interval
from core.scoring.base import Score

RESAMPLES = 2000
LEVEL = 0.95
DECIMALS = 4


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


def resamples(students: int, generator: np.random.Generator) -> np.ndarray:
    """How often each student counts, `(1 + R, S)`: once each, then as in each resample of all of them."""
    drawn = generator.multinomial(students, np.full(students, 1 / students), size=RESAMPLES)
    return np.vstack([np.ones(students), drawn])


def mean(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Of one value a student, `(S,)`: its accuracy, or by how much one way is more often right than another."""
    return counts @ values / len(values)


def auc(students: Sequence[Asked], counts: np.ndarray) -> np.ndarray:
    """How surely a teacher's softmaxed score is above another candidate's, over all pairs of student and candidate.

    One against the rest, micro-averaged, so that it is there for any group of students. Each student counts
    by the mean over draws of its softmaxed scores. A tie is half a win (Mann and Whitney, 1947).
    """
    probabilities = np.array([softmax(asked.values, axis=1).mean(axis=0) for asked in students])
    teachers = np.array([asked.teachers for asked in students])
    ours = probabilities[teachers][:, None, None]
    above = (ours > probabilities) + 0.5 * (ours == probabilities)
    wins = np.zeros((len(students), len(students)))  # of a student's teachers over another student's other candidates
    np.add.at(wins, np.nonzero(teachers)[0], (above * ~teachers).sum(axis=2))
    pairs = (counts @ teachers.sum(axis=1)) * (counts @ (~teachers).sum(axis=1))
    return ((counts @ wins) * counts).sum(axis=1) / pairs


def interval(figure: np.ndarray) -> Interval:
    """The value, and where 95 % of its resamples lie."""
    low, high = np.quantile(figure[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value, low, high = (round(float(end), DECIMALS) for end in (figure[0], low, high))
    return Interval(value=value, low=low, high=high)

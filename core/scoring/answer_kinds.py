"""What poorer answers leave of full ones, and what the poorest of several candidates leaves of all.

Each reduction takes log-probabilities, student `(N, K)` and candidates `(M, N, K)`, and gives both as far as
such answers tell them, in the same form. A score says in its `answers` which kinds it is of use for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.candidates import Output
from core.scoring.base import AnswerKind
from core.scoring.vectors import log_softmax
from core.teachers.answers import decimals_of

UNNAMED = 1e-3  # probability of all classes but the label; scores that take labels do not depend on it


@dataclass(frozen=True)
class Level:
    """How much the poorest of some candidates tells, so that all can be compared by as much.

    Attributes:
        kind: of answers that all are reduced to.
        classes: that are known of each answer, for top_k.
        decimals: of probabilities, for rounded and top_k; None where they are not rounded.
        poorest: who tells no more than that.
    """

    kind: AnswerKind = "full"
    classes: int | None = None
    decimals: int | None = None
    poorest: tuple[str, ...] = ()

    def leave(self, student: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What this level leaves of log-probabilities. Of labels the student keeps all that it says."""
        if self.kind == "labels":
            return student, labels(student, candidates)[1]
        if self.decimals is not None:
            student, candidates = rounded(student, candidates, decimals=self.decimals)
        if self.classes is not None:
            student, candidates = top_k(student, candidates, k=self.classes)
        return student, candidates

    def __str__(self) -> str:
        """By what all are compared, as a clause; "" where that is all that they say."""
        who = " and ".join([", ".join(self.poorest[:-1]), self.poorest[-1]] if self.poorest[1:] else self.poorest)
        plural = len(self.poorest) > 1
        if self.kind == "labels":
            return f"all are compared by their first classes, since {who} answer{'' if plural else 's'} with no more"
        if self.kind == "top_k":
            only = "the first class" if self.classes == 1 else f"the first {self.classes} classes"
            return f"all are compared by {only} of an answer, since {who} tell{'' if plural else 's'} no more"
        if self.kind == "rounded":
            decimals = "a decimal" if self.decimals == 1 else f"{self.decimals} decimals"
            return f"all are compared as if rounded to {decimals}, since {who} {'are' if plural else 'is'}"
        return ""


FULL = Level()


def level_of(rows: Mapping[str, np.ndarray], outputs: Mapping[str, Output]) -> Level:
    """The level of candidates by their answers `(N, K)`, as teachers give them, NaN where they tell nothing."""
    by_label = tuple(name for name in rows if outputs[name] == "labels")
    if by_label:
        return Level("labels", poorest=by_label)
    probabilities = {name: answers for name, answers in rows.items() if outputs[name] != "logits"}
    decimals = {name: found for name, answers in probabilities.items() if (found := decimals_of(answers)) is not None}
    fewest = min(decimals.values(), default=None)
    known = {name: _fewest_known(answers) for name, answers in rows.items() if outputs[name] == "top_k"}
    if known:
        classes = min(known.values())
        return Level("top_k", classes, fewest, tuple(name for name, count in known.items() if count <= classes))
    if fewest is not None:
        return Level("rounded", None, fewest, tuple(name for name, found in decimals.items() if found == fewest))
    return Level()


def _fewest_known(answers: np.ndarray) -> int:
    """Classes that each answer tells of, at least; those that name none of the student's say nothing of it."""
    known = (~np.isnan(answers)).sum(axis=1)
    return int(known[known > 0].min(initial=answers.shape[1]))


def rounded(student: np.ndarray, candidates: np.ndarray, *, decimals: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities to so many decimals. 0 says "less than half a unit of the last", and half a unit is put there.

    >>> answer = np.log([[0.9962, 0.0034, 0.0004]])
    >>> np.exp(rounded(answer, answer[None], decimals=2)[0]).round(3).tolist()
    [[0.99, 0.005, 0.005]]
    """
    floor = 0.5 * 10.0**-decimals

    def leave(log_probs: np.ndarray) -> np.ndarray:
        return log_softmax(np.log(np.maximum(np.exp(log_probs).round(decimals), floor)))

    return leave(student), leave(candidates)


def top_k(student: np.ndarray, candidates: np.ndarray, *, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Each candidate's k most probable classes; it spreads what is left evenly over the others.

    The student keeps each class that any candidate named for that probe, and its others are one lump, spread
    evenly too. So classes that nobody named count as one class in divergences.

    >>> student, candidate = np.log([[0.5, 0.3, 0.15, 0.05]]), np.log([[[0.6, 0.1, 0.2, 0.1]]])
    >>> [np.exp(left).round(3).tolist() for left in top_k(student, candidate, k=2)]
    [[[0.5, 0.175, 0.15, 0.175]], [[[0.6, 0.1, 0.2, 0.1]]]]
    """
    named = np.zeros(candidates.shape, dtype=bool)
    np.put_along_axis(named, np.argsort(-candidates, axis=-1, kind="stable")[..., :k], True, axis=-1)
    return _lumped(student, named.any(axis=0)), _lumped(candidates, named)


def labels(student: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The most probable class alone: all others are equally improbable. Classes that tie for the first share it.

    >>> np.exp(labels(np.log([[0.5, 0.3, 0.2]]), np.log([[[0.4, 0.5, 0.1]]]))[1]).round(4).tolist()
    [[[0.0005, 0.999, 0.0005]]]
    """

    def leave(log_probs: np.ndarray) -> np.ndarray:
        first = log_probs == log_probs.max(axis=-1, keepdims=True)
        number = first.sum(axis=-1, keepdims=True)
        others = np.maximum(log_probs.shape[-1] - number, 1)
        flat = number == log_probs.shape[-1]
        named = np.where(flat, 1.0, 1 - UNNAMED) / number
        return np.log(np.where(first, named, UNNAMED / others))

    return leave(student), leave(candidates)


def _lumped(log_probs: np.ndarray, kept: np.ndarray) -> np.ndarray:
    others = np.where(kept, 0, np.exp(log_probs)).sum(axis=-1, keepdims=True)
    number = (~kept).sum(axis=-1, keepdims=True)
    share = np.divide(others, number, out=np.ones_like(others), where=number > 0)
    return np.where(kept, log_probs, np.log(share))

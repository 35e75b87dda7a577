"""From what servers say to rows in the student's order of classes; and what kind of answers these are.

A row `(K,)` holds logits or probabilities. Where a server tells of some classes only, the others are NaN; of a bare
label, its class is 1 and all others are NaN.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.candidates import CandidateConfig, Output
from core.errors import TeacherError
from core.teachers.answers import SUM_TOLERANCE, check_still, checked_output, rounding_error
from core.teachers.classes import Classes
from core.teachers.told import Told, shown

NAMED = 5  # of unknown labels, in an error


@dataclass(frozen=True)
class Arrangement:
    """How one candidate's answers are read, as its answers to two test images and its configuration tell.

    Attributes:
        output: the kind of its answers.
        num_classes: K, of the rows.
        order: which of a vector's entries each of the student's classes is, `(K,)`; None: entry by entry.
        entries: of a vector.
        matched: the student's class by label, of all labels seen so far; empty where labels play no part.
    """

    name: str
    output: Output
    classes: Classes
    entries: int = 0
    order: np.ndarray | None = None
    matched: tuple[tuple[str, str | None], ...] = ()

    @property
    def num_classes(self) -> int:
        return len(self.classes.student)

    @property
    def fingerprint(self) -> str:
        """Of the classes, where they have a part in what a row is; "" where rows are vectors as they came."""
        if self.order is None and not self.matched:
            return ""
        return hashlib.sha256(repr((self.classes.student, self.classes.own)).encode()).hexdigest()[:12]

    def rows(self, told: Sequence[Told]) -> np.ndarray:
        """Answers `(N, K)`, as the module says; raises `TeacherError` where they are not of the kind any more."""
        if self.entries:
            vectors = _vectors(told, self.entries, name=self.name)
            rows = _ordered(vectors, self.order, self.output)
        else:
            rows = np.stack([_row_by_label(one, self.classes, self.output, name=self.name) for one in told])
        if self.output in ("logits", "probs"):
            if np.isnan(rows).any():
                raise _changed(self.name, f"all of {self.num_classes} classes", "some of them")
            check_still(rows, self.output, name=self.name)
        return rows


def arrange(told: Sequence[Told], candidate: CandidateConfig, student: Sequence[str] | None) -> Arrangement:
    """How the answers of `candidate` are to be read.

    Args:
        told: its answers to two test images.
        student: names of the student's classes; None to take vectors of any length as they are.

    Raises:
        TeacherError: they are of no use for this student, or not what the candidate's output says.
    """
    name = candidate.name
    if any(type(one) is not type(told[0]) for one in told):
        raise TeacherError(
            f"{name}: the answers to two test images differ in kind",
            actual=" and ".join(_kind(one) for one in told),
            remedy="look at what the server does to its output",
        )
    if isinstance(told[0], np.ndarray):
        return _of_vectors(told, candidate, student)
    if student is None:
        raise TeacherError(
            f"{name}: the answers are labels, and nothing is known of the student's classes",
            remedy="choose a student first",
        )
    return _of_labels(told, candidate, student)


def _of_vectors(told: Sequence[Told], candidate: CandidateConfig, student: Sequence[str] | None) -> Arrangement:
    name, entries = candidate.name, max(map(len, told))
    vectors = _vectors(told, entries, name=name)
    output = checked_output(vectors, candidate.output, name=name)
    names = student if student is not None else [f"class {index}" for index in range(entries)]
    classes = Classes(names, candidate.classes, candidate.synonyms)
    if candidate.classes is None:
        if entries != len(names):
            raise other_classes(name, entries, len(names))
        return Arrangement(name, output, classes, entries)
    if entries != len(candidate.classes):
        raise other_classes(name, entries, len(candidate.classes), "as many as its classes are given")
    order = classes.order()
    if missing := [names[index] for index in np.nonzero(order < 0)[0]]:
        raise TeacherError(
            f"{name}: {len(missing)} of the student's classes are none of the candidate's",
            rule="each of the student's classes among the candidate's, by name",
            actual=shown(", ".join(missing[:NAMED])),
            remedy="give the candidate's names for them as its synonyms, or choose a candidate made for these classes",
        )
    matched = tuple((candidate.classes[place], names[index]) for index, place in enumerate(order))
    return Arrangement(name, output, classes, entries, order, matched)


def _of_labels(told: Sequence[Told], candidate: CandidateConfig, student: Sequence[str]) -> Arrangement:
    name = candidate.name
    classes = Classes(student, candidate.classes, candidate.synonyms)
    labels = list(dict.fromkeys(label for one in told for label in ([one] if isinstance(one, str) else one)))
    matched = classes.matched(labels)
    if not any(matched.values()):
        raise TeacherError(
            f"{name}: none of the candidate's labels is a class of the student",
            rule=f"labels like {shown(', '.join(student[:NAMED]))}",
            actual=shown(", ".join(labels[:NAMED])),
            remedy="give the student's class names, or the candidate's names for them as its synonyms",
        )
    output: Output = "labels"
    if isinstance(told[0], dict):
        output = "top_k"
        full = np.stack([_row_by_label(one, classes, output, name=name) for one in told])
        if not np.isnan(full).any():
            output = checked_output(full, candidate.output, name=name)
        elif (partly := [label for label, ours in matched.items() if ours is None]) and len(labels) > len(student):
            raise TeacherError(
                f"{name}: the candidate's classes are not the student's",
                rule="each of the student's classes among the candidate's, by name",
                actual=f"unknown to the student: {shown(', '.join(partly[:NAMED]))}",
                remedy="give the candidate's names for its classes as synonyms",
            )
    if output in ("top_k", "labels") and candidate.output not in ("auto", output):
        raise TeacherError(
            f"{name}: the answers tell less than the candidate's output says",
            rule=candidate.output,
            actual="labels alone" if output == "labels" else f"{min(map(len, told))} of {len(student)} classes",
            remedy="set output to auto, or ask for all classes where the server lets one choose (top_k)",
        )
    return Arrangement(name, output, classes, matched=tuple(matched.items()))


def other_classes(name: str, found: int, expected: int, rule: str = "") -> TeacherError:
    """For answers about another number of classes."""
    return TeacherError(
        f"{name}: the answers are for another number of classes",
        rule=rule or f"{expected}",
        actual=f"{found}",
        remedy="choose a candidate that was made for the student's classes, or name its own classes",
    )


def _vectors(told: Sequence[Told], entries: int, *, name: str) -> np.ndarray:
    for one in told:
        if not isinstance(one, np.ndarray):
            raise _changed(name, f"{entries} numbers", _kind(one))
        if len(one) != entries:
            raise other_classes(name, len(one), entries)
    return np.stack(told)


def _ordered(vectors: np.ndarray, order: np.ndarray | None, output: Output) -> np.ndarray:
    """In the student's order; probabilities of a part of the classes are theirs given that it is one of them."""
    if order is None:
        return vectors
    rows = vectors[:, order]
    if output == "logits" or len(order) == vectors.shape[1]:
        return rows
    sums = rows.sum(axis=1, keepdims=True)
    return np.divide(rows, sums, out=np.full_like(rows, 1 / len(order)), where=sums > 0)


def _row_by_label(told: Told, classes: Classes, output: Output, *, name: str) -> np.ndarray:
    row = np.full(len(classes.student), np.nan)
    if isinstance(told, np.ndarray) or (output == "labels") != isinstance(told, str):
        raise _changed(name, "a label" if output == "labels" else "scores by label", _kind(told))
    if isinstance(told, str):
        if (index := classes.index(told)) is not None:
            row[index] = 1.0
        return row
    for label, score in told.items():
        if (index := classes.index(label)) is not None:
            row[index] = score if np.isnan(row[index]) else row[index] + score
    known = row[~np.isnan(row)]
    if output == "top_k" and 0 < len(known) < len(row):
        _check_part(known, name=name)
    more = len(told) > len(known) == len(row)  # of whose other classes the student knows nothing
    return row / row.sum() if more and known.min() >= 0 and 0 < known.sum() <= 1 else row


def _check_part(known: np.ndarray, *, name: str) -> None:
    """Scores of some classes must be probabilities: of logits, nothing is known without the others."""
    most = 1 + SUM_TOLERANCE + rounding_error(known[None])
    if known.min() < 0 or known.sum() > most:
        raise TeacherError(
            f"{name}: the scores of the strongest classes are no probabilities",
            rule="values in [0, 1] with a sum of at most 1",
            actual=f"values from {known.min():.4g} to {known.max():.4g}, sum {known.sum():.4g}",
            remedy="let the server answer with all classes, or with probabilities",
        )


def _changed(name: str, expected: str, found: str) -> TeacherError:
    return TeacherError(
        f"{name}: the answers are of another kind than when connecting",
        rule=expected,
        actual=found,
        remedy="check that nobody changed the served model",
    )


def _kind(told: Told) -> str:
    if isinstance(told, np.ndarray):
        return f"{len(told)} numbers"
    return "a label" if isinstance(told, str) else f"scores of {len(told)} labels"

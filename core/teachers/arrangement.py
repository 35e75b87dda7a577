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
        entries: of a vector; 0 where answers are by label.
        meanings: which of the student's classes each of a vector's entries means, `(entries,)`, -1 where none; None
            where they are the student's, one by one.
        matched: the student's class by label, of the labels of the test images; empty where labels play no part.
    """

    name: str
    output: Output
    classes: Classes
    entries: int = 0
    meanings: np.ndarray | None = None
    matched: tuple[tuple[str, str | None], ...] = ()

    @property
    def num_classes(self) -> int:
        """K, of the rows."""
        return len(self.classes.student)

    @property
    def fingerprint(self) -> str:
        """Of whatever a row depends on beside the server's answer; "" where rows are vectors as they came."""
        if not self.matched:
            return ""
        classes = self.classes
        parts = (classes.student, classes.own, sorted(classes.synonyms.items()), self.output)
        return hashlib.sha256(repr(parts).encode(errors="surrogatepass")).hexdigest()[:12]

    def rows(self, told: Sequence[Told]) -> np.ndarray:
        """Answers `(N, K)`, as the module says; raises `TeacherError` where they are not of the kind any more."""
        if self.entries:
            rows = _vectors(told, self.entries, name=self.name)
            if self.meanings is not None:
                check_still(rows, self.output, name=self.name)  # before they are made probabilities again
                rows = _of_student(rows, self.meanings, self.num_classes, self.output)
        else:
            rows = np.stack([self._row_by_label(one) for one in told])
        if self.output in ("logits", "probs"):
            if np.isnan(rows).any():
                raise _changed(self.name, f"all of {self.num_classes} classes", "some of them")
            check_still(rows, self.output, name=self.name)
        return rows

    def _row_by_label(self, told: Told) -> np.ndarray:
        if isinstance(told, dict) and self.output == "labels":
            told = _strongest(told)
        if isinstance(told, np.ndarray) or isinstance(told, str) != (self.output == "labels"):
            raise _changed(self.name, "a label" if self.output == "labels" else "scores by label", _kind(told))
        scores = {told: 1.0} if isinstance(told, str) else told
        if beyond := [label for label in scores if self.classes.beyond(label)]:
            raise _beyond(self.name, beyond[0], len(self.classes.own or self.classes.student))
        found = [self.classes.index(label) for label in scores]
        meanings = np.array([-1 if index is None else index for index in found])
        row = _of_student(np.array([list(scores.values())]), meanings, self.num_classes, self.output)[0]
        if self.output == "top_k":
            _check_part(row, name=self.name)
        return row


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
            rule="vectors, scores by label or labels",
            actual=" and ".join(_kind(one) for one in told),
            remedy="look at what the server does to its output",
        )
    if isinstance(told[0], np.ndarray):
        return _of_vectors(told, candidate, student)
    if student is None:
        raise TeacherError(
            f"{name}: the answers are labels, and nothing is known of the student's classes",
            rule="a student with names for its classes",
            actual="none",
            remedy="choose a student first",
        )
    if candidate.output == "labels":
        told = [_strongest(one) if isinstance(one, dict) else one for one in told]
    return _of_labels(told, candidate, student)


def _of_vectors(told: Sequence[Told], candidate: CandidateConfig, student: Sequence[str] | None) -> Arrangement:
    name, entries = candidate.name, len(told[0])
    vectors = _vectors(told, entries, name=name)
    output = checked_output(vectors, candidate.output, name=name)
    names = student if student is not None else [f"class {index}" for index in range(entries)]
    classes = Classes(names, candidate.classes, candidate.synonyms)
    if candidate.classes is None:
        if entries != len(names):
            raise other_classes(name, entries, len(names))
        return Arrangement(name, output, classes, entries)
    if entries != len(candidate.classes):
        raise other_classes(name, entries, len(candidate.classes))
    if student is None:
        return Arrangement(name, output, classes, entries)
    meanings = classes.meanings()
    if missing := [ours for index, ours in enumerate(student) if index not in meanings]:
        raise _missing(name, f"it lacks {', '.join(missing[:NAMED])}")
    return Arrangement(name, output, classes, entries, meanings, tuple(classes.matched(candidate.classes).items()))


def _of_labels(told: Sequence[Told], candidate: CandidateConfig, student: Sequence[str]) -> Arrangement:
    name = candidate.name
    classes = Classes(student, candidate.classes, candidate.synonyms)
    labels = list(dict.fromkeys(label for one in told for label in ([one] if isinstance(one, str) else one)))
    matched = classes.matched(labels)
    unknown = [label for label, ours in matched.items() if ours is None]
    if beyond := [label for label in labels if classes.beyond(label)]:
        raise _beyond(name, beyond[0], len(candidate.classes or student))
    if len(unknown) == len(labels):
        raise TeacherError(
            f"{name}: none of the candidate's labels is a class of the student",
            rule=f"labels like {shown(', '.join(student[:NAMED]))}",
            actual=shown(", ".join(labels[:NAMED])),
            remedy="give the student's class names, or the candidate's names for them as its synonyms",
        )
    output: Output = "labels"
    if isinstance(told[0], dict):
        output = _kind_of_scores(told, matched, candidate, len(student))
        if output == "top_k" and unknown and min(map(len, told)) >= len(student):
            raise _missing(name, f"{len(told[0])} labels, among them {', '.join(unknown[:NAMED])}")
    if candidate.output not in ("auto", output) and not (candidate.output == "top_k" and output != "labels"):
        raise TeacherError(
            f"{name}: the answers tell less than the candidate's output says",
            rule=candidate.output,
            actual="labels alone" if output == "labels" else f"{min(map(len, told))} of {len(student)} classes",
            remedy="set output to auto, or ask for all classes where the server lets one choose (top_k)",
        )
    return Arrangement(name, output, classes, matched=tuple(matched.items()))


def _kind_of_scores(
    told: Sequence[dict[str, float]], matched: dict[str, str | None], candidate: CandidateConfig, classes: int
) -> Output:
    """What scores by label are: of all of the student's classes logits or probabilities, else the strongest ones."""
    if any(len({matched[label] for label in one} - {None}) < classes for one in told):
        return "top_k"
    whole = np.zeros((len(told), max(map(len, told))))  # with the classes that the student does not have
    for row, one in zip(whole, told, strict=True):
        row[: len(one)] = list(one.values())
    if len(matched) > classes and whole.min() >= 0 and whole.sum(axis=1).max() < 1 - SUM_TOLERANCE:
        return "top_k"  # of many more classes
    return checked_output(whole, "auto" if candidate.output == "top_k" else candidate.output, name=candidate.name)


def _strongest(scores: dict[str, float]) -> str:
    """The label with the highest score."""
    return max(scores, key=lambda label: scores[label])


def other_classes(name: str, found: int, expected: int) -> TeacherError:
    """For answers about another number of classes."""
    return TeacherError(
        f"{name}: the answers are for another number of classes",
        rule=f"{expected}",
        actual=f"{found}",
        remedy="choose a candidate that was made for the student's classes, or name its own classes",
    )


def _missing(name: str, actual: str) -> TeacherError:
    return TeacherError(
        f"{name}: the candidate's classes are not the student's",
        rule="each of the student's classes among the candidate's, by name",
        actual=shown(actual),
        remedy="give the candidate's names for them as synonyms, ask for more of its classes (top_k), or choose a "
        "candidate that was made for these classes",
    )


def _beyond(name: str, label: str, classes: int) -> TeacherError:
    return TeacherError(
        f"{name}: the candidate numbers more classes than are known",
        rule=f"numbers below {classes}",
        actual=shown(repr(label)),
        remedy="name the candidate's own classes, in its order",
    )


def _vectors(told: Sequence[Told], entries: int, *, name: str) -> np.ndarray:
    for one in told:
        if not isinstance(one, np.ndarray):
            raise _changed(name, f"{entries} numbers", _kind(one))
        if len(one) != entries:
            raise other_classes(name, len(one), entries)
    return np.stack(told)


def _of_student(scores: np.ndarray, meanings: np.ndarray, classes: int, output: Output) -> np.ndarray:
    """Scores `(N, M)` in the student's order, `(N, K)`; NaN for those of its classes that no score means.

    What means the same class is added up. Probabilities are those given that it is one of the student's classes.
    """
    add, nothing = (np.logaddexp, -np.inf) if output == "logits" else (np.add, 0.0)
    known = meanings >= 0
    rows = np.full((classes, len(scores)), nothing)
    add.at(rows, meanings[known], scores.T[known])
    rows[np.setdiff1d(np.arange(classes), meanings)] = np.nan
    if output != "probs" or known.all():
        return rows.T
    sums = rows.sum(axis=0)
    return np.divide(rows, sums, out=np.full_like(rows, 1 / classes), where=sums > 0).T


def _check_part(row: np.ndarray, *, name: str) -> None:
    """Scores of some classes must be probabilities: of logits, nothing is known without the others."""
    known = row[~np.isnan(row)]
    if len(known) and (known.min() < 0 or known.sum() > 1 + SUM_TOLERANCE + rounding_error(known[None])):
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

"""What a server says of one image: a number for every class, numbers by label, or a label alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from core.errors import TeacherError

Told = np.ndarray | dict[str, float] | str  # `(M,)` float64; by label; a label

_LABELS = ("label", "class", "class_name", "className", "name", "category")  # keys that servers use, by preference
_SCORES = ("score", "probability", "prob", "confidence", "value")
_SHOWN = 80  # characters of a server's values in an error


def read_told(value: object, *, name: str) -> Told:
    """One image's answer, in any of the forms that servers give it.

    A list of numbers; a label, or its number; an object of numbers by label; one object with a label and a score,
    a list of such objects, or of pairs of both; or a list of one of these, a batch of one image. Of a list of bare
    labels the first counts; scores whose labels are all empty are numbers.

    Raises:
        TeacherError: it is none of these, or holds numbers that are not finite.
    """
    if isinstance(value, str) or is_integer(value):
        return str(value)
    items = _items(value)
    if len(items) > 1 and all(is_number(item) for item in items):
        return finite(np.array([_as_float(item) for item in items]), name=name)
    if items and isinstance(items[0], str) and all(isinstance(item, str) for item in items):
        return items[0]
    pairs = [_pair(item) for item in items]
    if len(pairs) == 1 and pairs[0] is not None and pairs[0][1] is None:
        return pairs[0][0]
    if not pairs or not all(pair is not None and pair[1] is not None for pair in pairs):
        raise not_an_answer(value, name=name)
    scores = finite(np.array([_as_float(score) for _, score in pairs]), name=name)
    return by_label([label for label, _ in pairs], scores, name=name) if any(label for label, _ in pairs) else scores


def read_all(values: object, rows: int, *, name: str) -> list[Told]:
    """The answers to `rows` images; raises `TeacherError`."""
    if not isinstance(values, list) or len(values) != rows:
        raise TeacherError(
            f"{name}: the reply does not answer every image",
            rule=f"a list of {rows}",
            actual=f"{len(values)}" if isinstance(values, list) else shown(repr(values)),
            remedy="lower max_batch, or check where in the reply the answers are",
        )
    return [read_told(value, name=name) for value in values]


def finite(answers: np.ndarray, *, name: str) -> np.ndarray:
    """`answers`, if all of them are numbers; raises `TeacherError`."""
    if not np.isfinite(answers).all():
        raise TeacherError(
            f"{name}: the answers hold NaN or infinity",
            rule="finite numbers",
            actual=f"{int((~np.isfinite(answers)).sum())} of {answers.size} are not",
            remedy="check which pixels the served model takes",
        )
    return answers


def not_an_answer(value: object, *, name: str) -> TeacherError:
    """For a reply that holds something else where the answer was expected."""
    said = value.get("error") if isinstance(value, dict) else None
    return TeacherError(
        f"{name}: the server's reply is no answer",
        rule="a number for each class, labels with scores, or a label",
        actual=f"the error {shown(repr(said))}" if isinstance(said, str) else shown(repr(value)),
        remedy="check that the address is that of a classifier, and where in its reply the answers are",
    )


def shown(text: str) -> str:
    """The beginning of a server's own text, on one line and without control characters."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def is_number(value: object) -> bool:
    """Whether JSON has a number there; a bool is none here."""
    return type(value) in (int, float)


def is_integer(value: object) -> bool:
    """The same, of whole ones as JSON writes them."""
    return type(value) is int


def _items(value: object) -> list[object]:
    """The numbers, labels or pairs that `value` has; none where it is of no such form."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list) and _pair(value[0]) is None:
        value = value[0]
    if isinstance(value, dict):
        return [value] if _label_of(value) is not None else list(value.items())
    return value if isinstance(value, list) else []


def _pair(item: object) -> tuple[str, object] | None:
    """Label and score of one class; the score is None where there is only a label."""
    if isinstance(item, list | tuple) and len(item) == 2:
        label, score = item
        if is_number(label) and isinstance(score, str):
            label, score = score, label
        return (str(label), score) if isinstance(label, str) and is_number(score) else None
    if isinstance(item, dict) and (label := _label_of(item)) is not None:
        found = [item[key] for key in _SCORES if is_number(item.get(key))]
        return label, found[0] if found else None
    return None


def _label_of(item: Mapping[str, object]) -> str | None:
    found = [item[key] for key in _LABELS if isinstance(item.get(key), str) or is_integer(item.get(key))]
    return str(found[0]) if found else None


def by_label(labels: Sequence[str], scores: np.ndarray, *, name: str) -> dict[str, float]:
    """Scores `(M,)` of as many labels; raises `TeacherError` where one stands twice, as names of classes may."""
    told: dict[str, float] = {}
    for label, score in zip(labels, scores.tolist(), strict=True):
        if label in told:
            raise TeacherError(
                f"{name}: the answer names a class twice",
                rule="each class once",
                actual=shown(repr(label)),
                remedy="look at what the server does to its output",
            )
        told[label] = score
    return told


def _as_float(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:  # an integer beyond float64
        return math.inf

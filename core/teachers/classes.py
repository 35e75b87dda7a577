"""Whose class is whose: a candidate's labels, and the student's classes that they mean."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

_WORDNET = re.compile(r"^(n\d{8})(?![a-zA-Z0-9])")  # a synset's number before its words
_NUMBERED = re.compile(r"^(?:(?:label|class|category|output|index) )?(\d{1,6})$")  # a label that is but a number
_SYNONYMS = re.compile(r"[,;/|]")
Meaning = TypeVar("Meaning", int, str)


class Classes:
    """The student's classes as a candidate names them.

    Names are compared as they are, else without case, accents and punctuation; a list of synonyms, as WordNet has
    them, by its number and by each of its words that no other class has; a label that is but a number, as in `LABEL_3`,
    by the number.

    Args:
        student: names of the student's classes, in its order.
        own: the candidate's classes in the candidate's order, which numbers refer to; None: the student's.
        synonyms: the candidate's name of a class, and the student's.
    """

    def __init__(
        self, student: Sequence[str], own: Sequence[str] | None = None, synonyms: Mapping[str, str] | None = None
    ) -> None:
        self.student, self.own = tuple(student), tuple(own) if own is not None else None
        self.synonyms = dict(synonyms or {})
        self._folded_synonyms = _unambiguous((fold(theirs), ours) for theirs, ours in self.synonyms.items())
        self._exact = _unambiguous((name, index) for index, name in enumerate(student))
        self._whole = _unambiguous((fold(name), index) for index, name in enumerate(student))
        self._words = _unambiguous((word, index) for index, name in enumerate(student) for word in _words(name))
        self._found: dict[str, int | None] = {}

    def index(self, label: str) -> int | None:
        """Which of the student's classes `label` means; None where it means none of them, or could mean several."""
        if label not in self._found:
            self._found[label] = self._of_own(label)
        return self._found[label]

    def beyond(self, label: str) -> bool:
        """Whether `label` is but a number, and one that no class has: the candidate has more classes than thought."""
        place = self._place(label)
        return place is not None and place >= len(self.own or self.student) and self._by_name(label) is None

    def meanings(self) -> np.ndarray:
        """Which of the student's classes each of the candidate's own means, `(M,)`; -1 where none.

        Raises:
            ValueError: its own classes are not known.
        """
        if self.own is None:
            raise ValueError("the candidate's own classes are not known")
        found = [self._of_student(label) for label in self.own]
        return np.array([-1 if index is None else index for index in found])

    def matched(self, labels: Iterable[str]) -> dict[str, str | None]:
        """The student's class that each label means."""
        found = {label: self.index(label) for label in labels}
        return {label: None if index is None else self.student[index] for label, index in found.items()}

    def _of_own(self, label: str) -> int | None:
        named, place = self._by_name(label), self._place(label)
        if self.own is None or named is not None or place is None:
            return self._of_student(label)
        return self._of_student(self.own[place]) if place < len(self.own) else None

    def _of_student(self, label: str) -> int | None:
        named, place = self._by_name(label), self._place(label)
        return place if named is None and place is not None and place < len(self.student) else named

    def _by_name(self, label: str) -> int | None:
        label = self.synonyms.get(label) or self._folded_synonyms.get(fold(label), label)
        if (exact := self._exact.get(label)) is not None:
            return exact
        if (whole := self._whole.get(fold(label))) is not None:
            return whole
        found = {self._words[word] for word in _words(label) if word in self._words}
        return found.pop() if len(found) == 1 else None

    def _place(self, label: str) -> int | None:
        number = _NUMBERED.match(fold(label))
        return int(number[1]) if number else None


def fold(name: str) -> str:
    """`name` without what spellings differ in.

    >>> fold("n02123045 Tabby_Cat")
    'tabby cat'
    """
    plain = unicodedata.normalize("NFKD", _WORDNET.sub("", name.strip())).casefold()
    kept = (c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("".join(kept).split()) or name.strip().casefold()


def _words(name: str) -> list[str]:
    """The synonyms that a name lists, folded, and its number in WordNet; the name itself where it lists none."""
    number = _WORDNET.match(name.strip())
    words = [fold(part) for part in _SYNONYMS.split(_WORDNET.sub("", name.strip())) if part.strip()]
    return [*words, number[1]] if number else words


def _unambiguous(pairs: Iterable[tuple[str, Meaning]]) -> dict[str, Meaning]:
    unique = set(pairs)
    times = Counter(text for text, _ in unique)
    return {text: meaning for text, meaning in unique if times[text] == 1}

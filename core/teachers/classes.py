"""Whose class is whose: a candidate's labels, and the student's classes that they mean."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

_WORDNET = re.compile(r"^n\d{8}\b")  # a synset's number before its words
_NUMBERED = re.compile(r"^(?:(?:label|class|category|output|index) )?(\d{1,6})$")  # a label that is but a number
_SYNONYMS = re.compile(r"[,;/|]")


class Classes:
    """The student's classes as a candidate names them.

    Names are compared without case, accents and punctuation; a list of synonyms, as WordNet has them, by each of its
    words that no other class has; a label that is but a number, as in `LABEL_3`, by the number.

    Args:
        student: names of the student's classes, in its order.
        own: the candidate's classes in the candidate's order, which numbers refer to; None: the student's.
        synonyms: the candidate's name of a class, and the student's.
    """

    def __init__(
        self, student: Sequence[str], own: Sequence[str] | None = None, synonyms: Mapping[str, str] | None = None
    ) -> None:
        self.student, self.own = tuple(student), tuple(own) if own is not None else None
        self._whole = _unambiguous((fold(name), index) for index, name in enumerate(student))
        self._words = _unambiguous((word, index) for index, name in enumerate(student) for word in _words(name))
        self._synonyms = {fold(theirs): ours for theirs, ours in (synonyms or {}).items()}

    def index(self, label: str) -> int | None:
        """Which of the student's classes `label` means; None where it means none of them, or could mean several."""
        named = self._by_name(label)
        number = _NUMBERED.match(fold(label))
        if named is not None or number is None:
            return named
        place = int(number[1])
        if self.own is not None:
            return self._by_name(self.own[place]) if place < len(self.own) else None
        return place if place < len(self.student) else None

    def order(self) -> np.ndarray:
        """Where among the candidate's own classes each of the student's is, `(K,)`; -1 where it is not.

        Raises:
            ValueError: its own classes are not known.
        """
        if self.own is None:
            raise ValueError("the candidate's own classes are not known")
        places = np.full(len(self.student), -1)
        for place, label in enumerate(self.own):
            if (index := self.index(label)) is not None and places[index] < 0:
                places[index] = place
        return places

    def matched(self, labels: Iterable[str]) -> dict[str, str | None]:
        """The student's class that each label means."""
        found = {label: self.index(label) for label in labels}
        return {label: None if index is None else self.student[index] for label, index in found.items()}

    def _by_name(self, label: str) -> int | None:
        label = self._synonyms.get(fold(label), label)
        if (whole := self._whole.get(fold(label))) is not None:
            return whole
        found = {self._words[word] for word in _words(label) if word in self._words}
        return found.pop() if len(found) == 1 else None


def fold(name: str) -> str:
    """`name` without what spellings differ in.

    >>> fold("n02123045 Tabby_Cat")
    'tabby cat'
    """
    plain = unicodedata.normalize("NFKD", _WORDNET.sub("", name.strip())).casefold()
    kept = (c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("".join(kept).split()) or name.strip().casefold()


def _words(name: str) -> list[str]:
    """The synonyms that a name lists, folded; the name itself where it is none."""
    return [fold(part) for part in _SYNONYMS.split(_WORDNET.sub("", name.strip())) if part.strip()]


def _unambiguous(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    unique = set(pairs)
    times = Counter(text for text, _ in unique)
    return {text: index for text, index in unique if times[text] == 1}

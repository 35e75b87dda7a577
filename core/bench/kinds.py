"""What poorer answers cost: how often teachers are found where candidates tell less than all probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.bench.accuracy import Asked, interval, mean, scored
from core.bench.cells import Cell, read_cell
from core.bench.differences import DEFAULT_SCORE
from core.bench.figures import counts_of, groups
from core.bench.methods import DEFAULT, asked_students
from core.bench.place import Place
from core.bench.report import NUMBERS, KindRow
from core.scoring.answer_kinds import FULL, Level
from core.scoring.ranking import OF_LABELS
from core.scoring.table import SCORES


@dataclass(frozen=True)
class Kind:
    """Answers of one kind, as an audit compares them, and the score that it ranks them by."""

    label: str
    explanation: str
    level: Level
    score: str = DEFAULT_SCORE


KINDS: dict[str, Kind] = {
    "logits": Kind("Logits", "Numbers before the softmax, of all classes.", FULL),
    "probs": Kind("Probabilities", "Of all classes, in full. They say what logits say, as to the scores.", FULL),
    "decimals_4": Kind("4 decimals", "Probabilities rounded to four decimals.", Level("rounded", None, 4)),
    "decimals_2": Kind("2 decimals", "Probabilities rounded to two decimals.", Level("rounded", None, 2)),
    "top_5": Kind("Top 5", "Probabilities of the five strongest classes.", Level("top_k", 5)),
    "top_1": Kind("Top 1", "The strongest class and its probability.", Level("top_k", 1)),
    "labels": Kind("Labels", "The strongest class alone.", Level("labels"), OF_LABELS[0]),
}


def kind_rows(place: Place) -> Iterator[KindRow]:
    """Of the default method, whose cells are all there; each number of probes, then their mean."""
    students = asked_students(place, DEFAULT)
    cells = {student.id: read_cell(place, DEFAULT, student.id) for student in students}
    teachers = {student.id: np.isin(place.candidates, student.teachers) for student in students}
    for name, kind in KINDS.items():
        right = {one: _accuracies(kind, cell, teachers[one]) for one, cell in cells.items()}
        for group, members in groups(students).items():
            table = np.array([right[one] for one in members]).T
            for probes, values in (*zip(NUMBERS, table, strict=True), (None, table.mean(axis=0))):
                accuracy = interval(mean(values, counts_of(len(members))))
                yield KindRow(place.dataset, name, kind.score, group, len(members), probes, accuracy)


def _accuracies(kind: Kind, cell: Cell, teachers: np.ndarray) -> list[float]:
    """Of one student, by number of probes."""
    student, candidates = kind.level.leave(cell.student.astype(float), cell.candidates.astype(float))
    score = SCORES[kind.score]
    return [Asked(scored(score, student, candidates, cell.draws, n), teachers).accuracy for n in NUMBERS]

"""All that the cells of one method tell: how often teachers are found, who is taken for whom, and the cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.bench.accuracy import DECIMALS, Asked, auc, interval, mean, resamples, scored
from core.bench.cells import read_cell
from core.bench.groups import GROUPS, groups_of
from core.bench.methods import asked_students
from core.bench.place import Place
from core.bench.report import NUMBERS, Average, Cost, Picks, Row
from core.bench.sources import PROBES
from core.scoring.table import SCORES
from core.zoo.recipes import Recipe

SEED = 0  # of the bootstrap

Accuracies = Mapping[tuple[str, int], Mapping[str, float]]  # by score and number of probes, then by student


@dataclass(frozen=True)
class Figures:
    """Of one method on one data set, by all scores."""

    rows: list[Row]
    averages: list[Average]
    cost: Cost
    confusions: list[Picks]
    independents: list[Picks]
    accuracies: Accuracies


def figures(place: Place, method: str, scores: Sequence[str]) -> Figures:
    """Of a method whose cells are all there."""
    students = asked_students(place, method)
    asked, seconds = _ask(place, method, students, scores)
    accuracies = {way: {student: one.accuracy for student, one in by.items()} for way, by in asked.items()}
    rows, averages = [], []
    for score in scores:
        for group, members in groups(students).items():
            names = {"dataset": place.dataset, "method": method, "score": score, "group": group}
            counts, found = counts_of(len(members)), []
            for probes in NUMBERS:
                right = np.array([accuracies[score, probes][student] for student in members])
                found.append((mean(right, counts), auc([asked[score, probes][student] for student in members], counts)))
                rows.append(Row(**names, probes=probes, **_told(len(members), *found[-1])))
            averages.append(Average(**names, **_told(len(members), *np.mean(found, axis=0))))
    last = {score: asked[score, NUMBERS[-1]] for score in scores}
    return Figures(
        rows=rows,
        averages=averages,
        cost=Cost(dataset=place.dataset, method=method, seconds=seconds, queries=PROBES),
        confusions=[_picks(place, method, score, last[score], _by_teacher(place, students)) for score in scores],
        independents=[_picks(place, method, score, last[score], _by_architecture(students)) for score in scores],
        accuracies=accuracies,
    )


def groups(students: Sequence[Recipe]) -> dict[str, list[str]]:
    """Which of them, by id, each group that is not empty holds."""
    members = {name: [one.id for one in students if name in groups_of(one)] for name in GROUPS}
    return {name: some for name, some in members.items() if some}


@lru_cache
def counts_of(students: int) -> np.ndarray:
    """The same resamples for all figures of so many students."""
    return resamples(students, np.random.default_rng(SEED))


def _ask(
    place: Place, method: str, students: Sequence[Recipe], scores: Sequence[str]
) -> tuple[Mapping[tuple[str, int], Mapping[str, Asked]], float]:
    """By score and number of probes, then by student; and the median of seconds."""
    asked: dict[tuple[str, int], dict[str, Asked]] = defaultdict(dict)
    seconds = []
    for student in students:
        cell = read_cell(place, method, student.id)
        seconds.append(cell.seconds)
        teachers = np.isin(place.candidates, student.teachers)
        for name in scores:
            for probes in NUMBERS:
                values = scored(SCORES[name], cell.student, cell.candidates, cell.draws, probes)
                asked[name, probes][student.id] = Asked(values, teachers)
    return asked, float(np.median(seconds))


def _told(students: int, accuracies: np.ndarray, aucs: np.ndarray) -> dict[str, object]:
    return {"students": students, "accuracy": interval(accuracies), "auc": interval(aucs)}


def _picks(
    place: Place, method: str, score: str, asked: Mapping[str, Asked], rows: Mapping[str, list[Recipe]]
) -> Picks:
    named = {row: np.mean([asked[student.id].named for student in some], axis=0) for row, some in rows.items()}
    return Picks(
        dataset=place.dataset,
        method=method,
        score=score,
        rows=tuple(named),
        candidates=place.candidates,
        shares=tuple(tuple(shares.round(DECIMALS).tolist()) for shares in named.values()),
    )


def _by_teacher(place: Place, students: Sequence[Recipe]) -> dict[str, list[Recipe]]:
    """Distilled students by their first teacher, in the order of the candidates."""
    rows = {name: [one for one in students if one.teachers[:1] == (name,)] for name in place.candidates}
    return {name: some for name, some in rows.items() if some}


def _by_architecture(students: Sequence[Recipe]) -> dict[str, list[Recipe]]:
    """Independent students by their own architecture."""
    rows: dict[str, list[Recipe]] = defaultdict(list)
    for student in students:
        if not student.teachers:
            rows[student.architecture].append(student)
    return rows

"""By how much one way of asking finds teachers more often than another: pairs of ways, on the same students."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from core.bench.accuracy import interval, mean
from core.bench.figures import Accuracies, counts_of, groups
from core.bench.methods import DEFAULT, METHODS
from core.bench.place import Place
from core.bench.report import NUMBERS, Difference
from core.config import AuditConfig

DEFAULT_SCORE: str = AuditConfig.model_fields["score"].default
PAPER_SCORE = "inverse_kl"

Way = tuple[str, str]  # a method and a score
PAIRS: list[tuple[Way, Way]] = [
    ((DEFAULT, DEFAULT_SCORE), ("real", PAPER_SCORE)),  # which an auditor does not have
    ((DEFAULT, DEFAULT_SCORE), ("pyramids", DEFAULT_SCORE)),  # which costs nothing
    ((DEFAULT, DEFAULT_SCORE), ("paper_generator", PAPER_SCORE)),  # which there was before
    *(
        ((name, DEFAULT_SCORE), (method.ablates, DEFAULT_SCORE))
        for name, method in METHODS.items()
        if method.ablates is not None
    ),
]


def differences(place: Place, found: Mapping[str, Accuracies]) -> Iterator[Difference]:
    """Of all pairs both ways of which were gone, for each group of students that both asked; each number of probes,
    then their mean.

    Args:
        found: by method.
    """
    for (method, score), (other_method, other_score) in PAIRS:
        one, other = found.get(method, {}), found.get(other_method, {})
        if (score, NUMBERS[0]) not in one or (other_score, NUMBERS[0]) not in other:
            continue
        asked = one[score, NUMBERS[0]].keys() & other[other_score, NUMBERS[0]].keys()
        both = [student for student in place.students if student.id in asked]
        for group, members in groups(both).items():
            table = np.array(
                [[one[score, n][student] - other[other_score, n][student] for student in members] for n in NUMBERS]
            )
            for probes, values in (*zip(NUMBERS, table, strict=True), (None, table.mean(axis=0))):
                yield Difference(
                    dataset=place.dataset,
                    group=group,
                    method=method,
                    score=score,
                    other_method=other_method,
                    other_score=other_score,
                    probes=probes,
                    students=len(members),
                    accuracy=interval(mean(values, counts_of(len(members)))),
                )

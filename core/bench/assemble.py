"""From all cells of a half to its report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

from core.bench.accuracy import Asked, accuracy, auc, scored
from core.bench.cells import DRAWS, cell_path, read_cell
from core.bench.grid import CANDIDATES, Half, zoo_recipes
from core.bench.groups import GROUPS, groups_of
from core.bench.methods import METHODS
from core.bench.report import NUMBERS, Cost, Named, Picks, Report, Row
from core.bench.zoo import Place
from core.config import AuditConfig
from core.errors import InputError
from core.scoring.table import SCORES
from core.versions import versions
from core.zoo.datasets.table import DATASETS
from core.zoo.recipes import Recipe

SEED = 0  # of the bootstrap
QUERIES = 100  # to each candidate, for an audit of as many probes


def assemble(datasets: Sequence[str], half: Half, scores: Sequence[str], *, tell: Callable[[str], None]) -> Report:
    """Everything that the cells made so far tell; a method counts where all students have its cell.

    Raises:
        InputError: no method has all its cells.
    """
    rows: list[Row] = []
    costs: list[Cost] = []
    confusions: list[Picks] = []
    independents: list[Picks] = []
    students = [recipe for recipe in zoo_recipes(half) if recipe.role == "student"]
    for dataset in datasets:
        place = Place(dataset, half)
        for method in METHODS:
            if not all(cell_path(place, method, student.id).exists() for student in students):
                continue
            tell(f"{dataset} {half}: {method}")
            asked, seconds = _ask(place, method, students, scores)
            costs.append(Cost(dataset=dataset, method=method, seconds=seconds, queries=QUERIES))
            for (score, probes), by_student in asked.items():
                rows += _rows(dataset, method, score, probes, students, by_student)
            for score in scores:
                confused, alone = _picks(dataset, method, score, half, students, asked[score, NUMBERS[-1]])
                confusions.append(confused)
                independents.append(alone)
    if not rows:
        raise InputError("no method has been run on all students", remedy="run it: python -m core bench run")
    return Report(
        version=versions()["distillation-audit"],
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        half=half,
        small=False,
        draws=DRAWS,
        default_method="generator",
        default_score=AuditConfig.model_fields["score"].default,
        datasets={name: Named(label=DATASETS[name].label, explanation=_data(name)) for name in datasets},
        methods={name: Named(label=method.label, explanation=method.explanation) for name, method in METHODS.items()},
        scores={name: Named(label=SCORES[name].label, explanation=SCORES[name].explanation) for name in scores},
        groups=GROUPS,
        rows=tuple(rows),
        costs=tuple(costs),
        confusions=tuple(confusions),
        independents=tuple(independents),
    )


def _ask(
    place: Place, method: str, students: Sequence[Recipe], scores: Sequence[str]
) -> tuple[dict[tuple[str, int], dict[str, Asked]], float]:
    """By score and number of probes, then by student; and the median of seconds."""
    asked: dict[tuple[str, int], dict[str, Asked]] = defaultdict(dict)
    seconds = []
    for student in students:
        cell = read_cell(place, method, student.id)
        seconds.append(cell.seconds)
        teachers = np.isin(CANDIDATES[place.half], student.teachers)
        for name in scores:
            for probes in NUMBERS:
                values = scored(SCORES[name], cell.student, cell.candidates, cell.draws, probes)
                asked[name, probes][student.id] = Asked(values, teachers)
    return asked, float(np.median(seconds))


def _rows(
    dataset: str, method: str, score: str, probes: int, students: Sequence[Recipe], asked: dict[str, Asked]
) -> list[Row]:
    members = defaultdict(list)
    for student in students:
        for group in groups_of(student):
            members[group].append(asked[student.id])
    return [
        Row(
            dataset=dataset,
            method=method,
            score=score,
            group=group,
            probes=probes,
            students=len(some),
            accuracy=accuracy(some, np.random.default_rng(SEED)),
            auc=auc(some, np.random.default_rng(SEED)),
        )
        for group, some in members.items()
    ]


def _picks(
    dataset: str, method: str, score: str, half: Half, students: Sequence[Recipe], asked: dict[str, Asked]
) -> tuple[Picks, Picks]:
    """Whom distilled students are taken for, by teacher, and what independent ones pick, by architecture."""
    by_teacher, by_architecture = defaultdict(list), defaultdict(list)
    for student in students:
        named = asked[student.id].named
        if student.teachers:
            by_teacher[student.teachers[0]].append(named)
        else:
            by_architecture[student.architecture].append(named)

    def picks(rows: dict[str, list[np.ndarray]]) -> Picks:
        shares = tuple(tuple(float(share) for share in np.mean(named, axis=0)) for named in rows.values())
        return Picks(
            dataset=dataset,
            method=method,
            score=score,
            rows=tuple(rows),
            candidates=CANDIDATES[half],
            shares=shares,
        )

    return picks({teacher: by_teacher[teacher] for teacher in CANDIDATES[half] if teacher in by_teacher}), picks(
        by_architecture
    )


def _data(name: str) -> str:
    spec = DATASETS[name].input
    return f"{len(DATASETS[name].class_names)} classes, {spec.channels}x{spec.height}x{spec.width}"

"""From the cells of a zoo on all its data sets to the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from core.bench.cells import cell_path
from core.bench.differences import DEFAULT_SCORE, differences
from core.bench.figures import Figures, figures
from core.bench.groups import GROUPS
from core.bench.kinds import KINDS, kind_rows
from core.bench.methods import DEFAULT, METHODS, asked_students
from core.bench.parallel import side_by_side
from core.bench.place import Place
from core.bench.report import Named, NamedMethod, Report
from core.errors import InputError
from core.scoring.table import SCORES
from core.versions import versions
from core.zoo.datasets.table import DATASETS


def assemble(places: Sequence[Place], scores: Sequence[str], *, processes: int, tell: Callable[[str], None]) -> Report:
    """Everything that the cells made so far tell; a method counts where all its students have a cell.

    Args:
        places: one zoo, on each of its data sets.

    Raises:
        InputError: no method has all its cells.
    """
    jobs = [(place, method, tuple(scores)) for place in places for method in METHODS if _is_through(place, method)]
    if not jobs:
        raise InputError("no method has been run on all its students", remedy="run it: python -m core bench run")
    done: dict[tuple[Place, str], Figures] = {}
    for (place, method, _), found in side_by_side(figures, jobs, processes):
        done[place, method] = found
        tell(f"{place} {len(done)}/{len(jobs)}: figures of {method}")
    all_figures = [done[place, method] for place, method, _ in jobs]  # in this order, whoever was first
    zoo, plan = places[0].zoo, places[0].plan
    return Report(
        version=versions()["distillation-audit"],
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        half="tuning" if zoo == "tuning" else "held_out",
        small=zoo == "small",
        draws=plan.draws,
        default_method=DEFAULT,
        default_score=DEFAULT_SCORE,
        datasets={place.dataset: Named(label=DATASETS[place.dataset].label, explanation=_data(place.dataset))
                  for place in places},
        methods={name: NamedMethod(label=method.label, explanation=method.explanation, ablates=method.ablates)
                 for name, method in METHODS.items()},
        scores={name: Named(label=SCORES[name].label, explanation=SCORES[name].explanation) for name in scores},
        groups=GROUPS,
        rows=tuple(row for found in all_figures for row in found.rows),
        averages=tuple(average for found in all_figures for average in found.averages),
        differences=tuple(
            difference
            for place in places
            for difference in differences(place, {m: done[p, m].accuracies for p, m in done if p == place})
        ),
        costs=tuple(found.cost for found in all_figures),
        confusions=tuple(picks for found in all_figures for picks in found.confusions),
        independents=tuple(picks for found in all_figures for picks in found.independents),
        kinds={name: Named(label=kind.label, explanation=kind.explanation) for name, kind in KINDS.items()},
        kind_rows=tuple(row for place in places if (place, DEFAULT) in done for row in kind_rows(place)),
    )  # fmt: skip


def _is_through(place: Place, method: str) -> bool:
    return all(cell_path(place, method, student.id).exists() for student in asked_students(place, method))


def _data(name: str) -> str:
    spec = DATASETS[name].input
    return f"{len(DATASETS[name].class_names)} classes, {spec.channels}x{spec.height}x{spec.width}"

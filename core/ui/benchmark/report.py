"""Which benchmark report is shown, and what the page asks of it. A report is read once, until its file changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeVar

from core.bench.report import COMMITTED, Average, Named, Picks, Report, Row, read_report, workspace_report

Source = Literal["committed", "own", "small"]
Dimension = Literal["method", "score", "group", "dataset"]
Measure = Literal["accuracy", "auc"]
Found = TypeVar("Found", bound=Average)

FAILS = 0.9  # accuracy below which a group of students is named as one that is not found
ENOUGH = 5  # students of a group, below which nothing is concluded from it
BASELINES = ("real", "mia_filter", "ood_filter", "paper_generator", "pyramids", "white_noise")  # compared with at first


@dataclass(frozen=True)
class Line:
    """The rows of one name in increasing numbers of probes."""

    label: str
    rows: tuple[Row, ...]
    is_default: bool  # what an audit does unless told otherwise, or all students


def sources() -> dict[Source, Path]:
    """The reports that are there: the one that came with the program, and the workspace's."""
    own, small = workspace_report(), workspace_report(small=True)
    places: dict[Source, Path] = {"committed": COMMITTED, "own": own, "small": small}
    return {source: path for source, path in places.items() if path.is_file()}


def load(path: Path) -> Report:
    """The report in a file; raises `InputError` as `read_report` does."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:  # gone meanwhile, which reading it will say
        changed = 0
    return _load(path, changed)


@lru_cache(maxsize=1)
def _load(path: Path, _changed: int) -> Report:
    return read_report(path)


def names(report: Report) -> dict[Dimension, dict[str, Named]]:
    """All names of each dimension."""
    return {"method": report.methods, "score": report.scores, "group": report.groups, "dataset": report.datasets}


def present(report: Report, dimension: Dimension) -> dict[str, Named]:
    """The names that have any figures, in the report's order; of methods those that are no ablations."""
    used = {getattr(row, dimension) for row in report.averages}
    ablations = {name for name, words in report.methods.items() if words.ablates}
    left_out = ablations if dimension == "method" else set()
    return {name: words for name, words in names(report)[dimension].items() if name in used - left_out}


def default_of(report: Report, dimension: Dimension) -> str:
    """What is shown unless something else is asked for: the default audit, on all students."""
    there = present(report, dimension)
    wanted = {"method": report.default_method, "score": report.default_score, "group": widest_group(report)}
    name = wanted.get(dimension)
    return name if name in there else next(iter(there))


def widest_group(report: Report) -> str:
    """The group of the most students."""
    return max(report.averages, key=lambda row: row.students).group


def figures_at(report: Report, probes: int | None) -> Sequence[Average]:
    """The rows of one number of probes, or for None the averages over all."""
    return report.averages if probes is None else [row for row in report.rows if row.probes == probes]


def selected(rows: Iterable[Found], kept: Mapping[Dimension, Sequence[str]]) -> list[Found]:
    """The rows whose names are all among those kept."""
    for dimension, some in kept.items():  # one after another, since most rows go at the first
        rows = [row for row in rows if getattr(row, dimension) in some]
    return list(rows)


def lines(report: Report, rows: Sequence[Row], compared: Dimension) -> list[Line]:
    """One line for each name of a dimension that has rows: the default audit's first, then in the report's order."""
    found, default = [], default_of(report, compared)
    for name, words in present(report, compared).items():
        if own := sorted((row for row in rows if getattr(row, compared) == name), key=lambda row: row.probes):
            found.append(Line(words.label, tuple(own), name == default))
    return sorted(found, key=lambda line: not line.is_default)


def default_rows(report: Report, dataset: str) -> list[Row]:
    """What the default method and score find of each group, in increasing numbers of probes."""
    kept = {"method": (report.default_method,), "score": (report.default_score,), "dataset": (dataset,)}
    return sorted(selected(report.rows, kept), key=lambda row: row.probes)


def weakest(report: Report) -> list[list[Row]]:
    """What the default finds with the most probes of groups that it finds less often than `FAILS`, worst first.

    Groups of fewer than `ENOUGH` students are left out. For each other group its rows, one for each data set; where
    there is none, those of the lowest alone.
    """
    rows = [row for dataset in report.datasets for row in default_rows(report, dataset)]
    most = max((row.probes for row in rows), default=0)
    everyone = widest_group(report)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.probes == most and row.group != everyone and row.students >= ENOUGH:
            groups.setdefault(row.group, []).append(row)
    worst = sorted(groups.values(), key=_lowest)
    return [group for group in worst if _lowest(group) < FAILS] or worst[:1]


def _lowest(rows: Sequence[Row]) -> float:
    return min(row.accuracy.value for row in rows)


def candidates(report: Report, dataset: str) -> int | None:
    """How many candidates a student of a data set may be taken for; None where the report does not say."""
    found = (len(picks.candidates) for picks in (*report.confusions, *report.independents) if picks.dataset == dataset)
    return next(found, None)


def picks_of(found: Sequence[Picks], *, dataset: str, method: str, score: str) -> Picks | None:
    """Who is taken for whom by one method and score, None where the report does not say."""
    wanted = (dataset, method, score)
    return next((picks for picks in found if (picks.dataset, picks.method, picks.score) == wanted), None)


def label_of(named: Mapping[str, Named], name: str) -> str:
    """What stands for a name; the name itself where a report forgot to say."""
    return named[name].label if name in named else name

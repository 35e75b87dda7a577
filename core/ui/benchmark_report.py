"""Which benchmark report is shown, and what the page asks of it.

A report has tens of thousands of rows, and a page asks for some of them a hundred times: so it is read once, until
its file changes, and its rows are sorted by their names once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from operator import attrgetter
from pathlib import Path
from typing import Literal, get_args

from core.bench.report import COMMITTED, Named, Picks, Report, Row, read_report, workspace_report
from core.errors import InputError

Source = Literal["committed", "own"]
Dimension = Literal["method", "score", "group", "dataset"]
Measure = Literal["accuracy", "auc"]

NAMES: tuple[Dimension, ...] = get_args(Dimension)
FAILS = 0.9  # accuracy below which a group of students is named as one that is not found
BASELINES = ("real", "mia_filter", "ood_filter", "paper_generator", "pyramids", "white_noise")  # compared with at first


@dataclass(frozen=True)
class Line:
    """The rows of one name in increasing numbers of probes."""

    label: str
    rows: tuple[Row, ...]
    is_default: bool  # what an audit does unless told otherwise, or all students


@dataclass(frozen=True, eq=False)
class _Index:
    """Where the rows of each name are."""

    used: Mapping[Dimension, tuple[str, ...]]  # names that have rows, in the order of their first ones
    places: Mapping[tuple[str, ...], tuple[int, ...]]  # in the report's rows, by one name of each dimension
    widest: str  # the group of the most students


@dataclass(frozen=True, eq=False)
class _This:
    """A report as a key: equal to itself alone, since comparing all rows would cost what the index saves."""

    report: Report

    def __hash__(self) -> int:
        return id(self.report)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and other.report is self.report


def sources() -> dict[Source, Path]:
    """The reports that are there: the one that came with the program, and the workspace's."""
    places: dict[Source, Path] = {"committed": COMMITTED, "own": workspace_report()}
    return {source: path for source, path in places.items() if path.is_file()}


def load(path: Path) -> Report:
    """The report in a file; raises `InputError` as `read_report` does."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:  # gone meanwhile, which reading it will say
        changed = 0
    return _load(path, changed)


def warm_up() -> None:
    """Read the committed report, if there is one, before somebody waits for it."""
    with suppress(InputError):
        if COMMITTED.is_file():
            _index(_This(load(COMMITTED)))


@lru_cache(maxsize=2)
def _load(path: Path, _changed: int) -> Report:
    return read_report(path)


@lru_cache(maxsize=2)
def _index(this: _This) -> _Index:
    places: dict[tuple[str, ...], list[int]] = {}
    for place, names_of_row in enumerate(map(attrgetter(*NAMES), this.report.rows)):
        places.setdefault(names_of_row, []).append(place)
    used = {dimension: tuple(dict.fromkeys(key[i] for key in places)) for i, dimension in enumerate(NAMES)}
    widest = max(this.report.rows, key=lambda row: row.students).group
    return _Index(used, {key: tuple(some) for key, some in places.items()}, widest)


def names(report: Report) -> dict[Dimension, dict[str, Named]]:
    """All names of each dimension."""
    return {"method": report.methods, "score": report.scores, "group": report.groups, "dataset": report.datasets}


def present(report: Report, dimension: Dimension) -> dict[str, Named]:
    """The names that have any figures, in the report's order."""
    used = frozenset(_index(_This(report)).used[dimension])
    return {name: words for name, words in names(report)[dimension].items() if name in used}


def default_of(report: Report, dimension: Dimension) -> str:
    """What is shown unless something else is asked for: the default audit, on all students."""
    there = present(report, dimension)
    wanted = {"method": report.default_method, "score": report.default_score, "group": widest_group(report)}
    name = wanted.get(dimension)
    return name if name in there else next(iter(there))


def widest_group(report: Report) -> str:
    """The group of the most students."""
    return _index(_This(report)).widest


def selected(report: Report, kept: Mapping[Dimension, Iterable[str]]) -> list[Row]:
    """The rows whose names are all among those kept, in the report's order; a dimension left out keeps all names."""
    index = _index(_This(report))
    wanted = product(*(dict.fromkeys(kept.get(dimension, index.used[dimension])) for dimension in NAMES))
    return [report.rows[place] for place in sorted(p for key in wanted for p in index.places.get(key, ()))]


def lines(report: Report, rows: Sequence[Row], compared: Dimension) -> list[Line]:
    """One line for each name of a dimension that has rows: the default audit's first, then in the report's order."""
    found, default = [], default_of(report, compared)
    for name, words in present(report, compared).items():
        if own := sorted((row for row in rows if getattr(row, compared) == name), key=lambda row: row.probes):
            found.append(Line(words.label, tuple(own), name == default))
    return sorted(found, key=lambda line: not line.is_default)


def default_rows(report: Report, dataset: str) -> list[Row]:
    """What the default method and score find of each group, in increasing numbers of probes."""
    kept = {"dataset": (dataset,), "method": (report.default_method,), "score": (report.default_score,)}
    return sorted(selected(report, kept), key=lambda row: row.probes)


def weakest(report: Report) -> list[list[Row]]:
    """What the default finds with the most probes of groups that it finds less often than `FAILS`, worst first.

    For each such group its rows, one for each data set; where there is none, those of the lowest group alone.
    """
    rows = [row for dataset in report.datasets for row in default_rows(report, dataset)]
    most = max((row.probes for row in rows), default=0)
    everyone = widest_group(report)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.probes == most and row.group != everyone:
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

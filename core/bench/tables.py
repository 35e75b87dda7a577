"""A report as tables in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from core.bench.report import NUMBERS, Difference, Interval, Report

SHOWN = 12  # ways of asking, a data set and group


def print_report(report: Report, console: Console) -> None:
    """What the default is compared with, then for each data set and group the best methods and scores."""
    for dataset in report.datasets:
        _print_differences(report, dataset, console)
    for dataset in report.datasets:
        for group in report.groups:
            _print_best(report, dataset, group, console)


def _print_differences(report: Report, dataset: str, console: Console) -> None:
    """A table for each pair of ways of asking, in shares of right answers."""
    pairs: dict[str, list[Difference]] = {}
    for one in report.differences:
        if one.dataset == dataset:
            ways = ((one.method, one.score), (one.other_method, one.other_score))
            names = [f"{report.methods[method].label} ({report.scores[score].label})" for method, score in ways]
            pairs.setdefault(" less ".join(names), []).append(one)
    for title, found in pairs.items():
        table = Table("students", "", "mean over N", *(f"N = {number}" for number in NUMBERS))
        table.title = f"{report.datasets[dataset].label}: {title}"
        for group in dict.fromkeys(one.group for one in found):
            own = {one.probes: one for one in found if one.group == group}
            figures = (in_words(own[probes].accuracy, sign="+") for probes in (None, *NUMBERS))
            table.add_row(report.groups[group].label, str(own[None].students), *figures)
        console.print(table)


def _print_best(report: Report, dataset: str, group: str, console: Console) -> None:
    """By accuracy averaged over numbers of probes."""
    rows = {
        (row.method, row.score, row.probes): row for row in report.rows if (row.dataset, row.group) == (dataset, group)
    }
    averages = [one for one in report.averages if (one.dataset, one.group) == (dataset, group)]
    if not averages:
        return
    table = Table("probes", "score", "students", "mean over N", *(f"N = {number}" for number in NUMBERS))
    table.title = f"{report.datasets[dataset].label}: {report.groups[group].label}"
    for one in sorted(averages, key=lambda one: -one.accuracy.value)[:SHOWN]:
        figures = (in_words(found.accuracy) for found in (one, *(rows[one.method, one.score, n] for n in NUMBERS)))
        labels = report.methods[one.method].label, report.scores[one.score].label
        table.add_row(*labels, str(one.students), *figures)
    console.print(table)


def in_words(figure: Interval, *, sign: str = "") -> str:
    return f"{figure.value:{sign}.2f} [{figure.low:{sign}.2f}, {figure.high:{sign}.2f}]"

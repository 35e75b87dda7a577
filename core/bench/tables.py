"""A report as tables in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from core.bench.report import NUMBERS, Interval, Report

SHOWN = 12  # ways of asking, a data set and group


def print_report(report: Report, console: Console) -> None:
    """For each data set and group the best methods and scores by accuracy averaged over numbers of probes."""
    cells = {(row.dataset, row.group, row.method, row.score, row.probes): row for row in report.rows}
    for dataset, data in report.datasets.items():
        for group, named in report.groups.items():
            ways = {(method, score) for d, g, method, score, _ in cells if (d, g) == (dataset, group)}
            if not ways:
                continue
            rows = {way: [cells[dataset, group, *way, number] for number in NUMBERS] for way in ways}
            best = sorted(ways, key=lambda way, rows=rows: -sum(row.accuracy.value for row in rows[way]))
            students = rows[best[0]][0].students
            table = Table("probes", "score", *(f"N = {number}" for number in NUMBERS))
            table.title = f"{data.label}: {named.label} ({students} students)"
            for method, score in best[:SHOWN]:
                figures = (in_words(row.accuracy) for row in rows[method, score])
                table.add_row(report.methods[method].label, report.scores[score].label, *figures)
            console.print(table)


def in_words(figure: Interval) -> str:
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"

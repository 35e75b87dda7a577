"""The benchmark's rows as CSV say what the report says."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from core.reports.tables import benchmark_csv
from tests.support.benchmark import make_report


def test_every_row_with_its_intervals() -> None:
    report = make_report()
    found = list(csv.DictReader(io.StringIO(benchmark_csv(report.rows))))
    assert len(found) == len(report.rows)
    for line, row in zip(found, report.rows, strict=True):
        assert (line["dataset"], line["method"], line["score"], line["group"]) == (
            row.dataset, row.method, row.score, row.group,
        )  # fmt: skip
        assert (int(line["probes"]), int(line["students"])) == (row.probes, row.students)
        for name, interval in (("accuracy", row.accuracy), ("auc", row.auc)):
            told = [float(line[key]) for key in (name, f"{name}_low", f"{name}_high")]
            assert told == [interval.value, interval.low, interval.high]


def test_a_name_that_a_spreadsheet_would_compute_is_text() -> None:
    row = replace(make_report().rows[0], method="=1+1")
    assert "'=1+1" in benchmark_csv([row])

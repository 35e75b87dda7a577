"""What the page asks of a report, against looking through all of its rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.bench.report import Row
from core.ui.benchmark.report import ENOUGH, present, selected, weakest, widest_group
from tests.support.benchmark import ABLATES, GROUPS, METHODS, make_report


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"dataset": ("colour",), "method": ("white_noise", "generator"), "score": ("acs",), "group": ("all",)},
        {"group": ("rkd", "kd", "rkd")},
        {"method": ("unheard of",)},
    ],
)
def test_selected_rows_are_those_of_the_names_in_the_reports_order(kept: dict[str, tuple[str, ...]]) -> None:
    rows = make_report().rows
    shuffled = rows[1::2] + rows[::2]

    def fits(row: Row) -> bool:
        return all(getattr(row, key) in names for key, names in kept.items())

    assert selected(shuffled, kept) == [row for row in shuffled if fits(row)]


def test_names_are_those_with_figures() -> None:
    whole = make_report()
    part = make_report(rows=[row for row in whole.rows if row.method == "real" and row.group == "rkd"])
    assert list(present(whole, "method")) == [name for name in METHODS if name not in ABLATES]
    assert list(present(part, "method")) == ["real"]
    assert widest_group(whole) == max(GROUPS, key=lambda name: GROUPS[name][2]) and widest_group(part) == "rkd"


def test_nothing_is_concluded_from_a_group_of_few_students() -> None:
    report = make_report()
    few = [replace(row, students=ENOUGH - 1) if row.group == "hard_labels" else row for row in report.rows]
    assert weakest(report)[0][0].group == "hard_labels"
    assert "hard_labels" not in [some[0].group for some in weakest(report.model_copy(update={"rows": tuple(few)}))]

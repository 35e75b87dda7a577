"""What the page asks of a report, against looking through all of its rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.bench.report import Row
from core.ui.benchmark_report import load, present, selected, warm_up, widest_group
from tests.support.benchmark import GROUPS, METHODS, make_report, write_report


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
    report = make_report()
    shuffled = report.model_copy(update={"rows": report.rows[1::2] + report.rows[::2]})

    def fits(row: Row) -> bool:
        return all(getattr(row, key) in names for key, names in kept.items())

    assert selected(shuffled, kept) == [row for row in shuffled.rows if fits(row)]


def test_two_reports_are_kept_apart() -> None:
    whole = make_report()
    part = whole.model_copy(update={"rows": tuple(r for r in whole.rows if r.method == "real" and r.group == "rkd")})
    assert list(present(whole, "method")) == list(METHODS) and list(present(part, "method")) == ["real"]
    assert widest_group(whole) == max(GROUPS, key=lambda name: GROUPS[name][2]) and widest_group(part) == "rkd"


def test_the_committed_report_is_read_before_it_is_asked_for(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warm_up()  # there is none yet
    write_report(committed)
    warm_up()
    monkeypatch.setattr("core.ui.benchmark_report.read_report", pytest.fail)
    assert load(committed).version == "1.2.3"


def test_a_damaged_report_stops_no_server(committed: Path) -> None:
    committed.write_text("{", encoding="utf-8")
    warm_up()

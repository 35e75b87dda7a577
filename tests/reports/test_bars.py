"""Geometry of the report's bars: what is drawn is what was measured."""

from __future__ import annotations

import math

import pytest

from core.reports.bars import LABELS, PLOT, _ticks, bar_chart, span_of
from core.results import Estimate, RankedCandidate


def entry(name: str, score: float, interval: tuple[float, float] | None = None) -> RankedCandidate:
    return RankedCandidate(candidate=name, score=score, interval=interval, scores={"rp": Estimate(value=score)})


def test_bars_and_whiskers_are_to_scale() -> None:
    chart = bar_chart((entry("a", 0.4, (0.3, 0.5)), entry("b", -0.2, (-0.4, 0.0))), title="t", axis="x")
    ticks = {tick.text: tick.x for tick in chart.ticks}
    unit = (ticks["0.4"] - ticks["0"]) / 0.4
    first, second = chart.bars
    assert first.left == pytest.approx(chart.zero) and first.width == pytest.approx(0.4 * unit, abs=0.2)
    assert (first.low, first.high) == pytest.approx((chart.zero + 0.3 * unit, chart.zero + 0.5 * unit), abs=0.2)
    assert second.left + second.width == pytest.approx(chart.zero, abs=0.2)
    assert second.low == pytest.approx(ticks["−0.4"], abs=0.2)
    assert [bar.best for bar in chart.bars] == [True, False]


@pytest.mark.parametrize("score", [0.0, 1e-9, 5.0, -5.0, 1e6, float("nan"), float("inf"), float("-inf")])
def test_everything_stays_within_the_plot(score: float) -> None:
    (bar,) = bar_chart((entry("a", score),), title="t", axis="x").bars
    assert LABELS <= bar.left <= LABELS + PLOT and 0 <= bar.width <= PLOT
    assert bar.low is None and bar.high is None


def test_charts_of_one_span_share_their_axis() -> None:
    wide, narrow = (entry("a", 3.0),), (entry("a", 0.1),)
    span = span_of([wide, narrow])
    assert span == (0.0, 3.0)
    one, two = (bar_chart(ranking, title="t", axis="x", span=span) for ranking in (wide, narrow))
    assert one.ticks == two.ticks and one.bars[0].width > 20 * two.bars[0].width > 0


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-0.43, 0.47), (0.0, 30.6), (-1e-4, 2e-4), (0.0, 0.0), (-5.0, 0.0), (0.0, 987654.0)]
)
def test_ticks_are_round_few_and_enclose(low: float, high: float) -> None:
    ticks = _ticks(low, high)
    assert ticks[0] <= low and ticks[-1] >= high and 0.0 in ticks
    assert 2 <= len(ticks) <= 9
    step = ticks[1] - ticks[0]
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - nice) for nice in (1, 2, 5)) < 1e-6


def test_long_names_are_cut() -> None:
    (bar,) = bar_chart((entry("x" * 80, 1.0),), title="t", axis="x").bars
    assert bar.label == "x" * 23 + "…"

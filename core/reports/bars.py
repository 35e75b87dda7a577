"""The geometry of a ranked bar chart, in pixels of an SVG, for a report that carries no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.quantities import between, number
from core.results import RankedCandidate

ROW, TOP, BOTTOM = 34, 8, 40  # heights, pixels
LABELS, PLOT, VALUES = 190, 400, 210  # widths, pixels


@dataclass(frozen=True)
class Bar:
    """One candidate's bar; `low` and `high` are the ends of its interval, None where it has none."""

    label: str
    text: str
    middle: float
    left: float
    width: float
    end: float
    low: float | None
    high: float | None
    best: bool


@dataclass(frozen=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True)
class BarChart:
    title: str
    axis: str
    width: int
    height: int
    zero: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]


def bar_chart(
    ranking: tuple[RankedCandidate, ...], *, title: str, axis: str, span: tuple[float, float] | None = None
) -> BarChart:
    """Bars for a ranking, best first, with intervals as whiskers.

    Args:
        title: what a screen reader says of the chart.
        axis: the score's name, beneath the ticks.
        span: what the axis has to hold, where several charts are to be compared; by the data where None.
    """
    ticks = _ticks(*(span or span_of([ranking])))
    first, last = ticks[0], ticks[-1]

    def x(value: float) -> float:
        clipped = min(max(value, first), last) if not math.isnan(value) else 0.0
        return round(LABELS + PLOT * (clipped - first) / (last - first), 1)

    bars = []
    for place, entry in enumerate(ranking):
        low, high = entry.interval or (None, None)
        interval = between(low, high)
        bars.append(
            Bar(
                label=entry.candidate if len(entry.candidate) <= 24 else f"{entry.candidate[:23]}…",
                text=number(entry.score) + (f"  ({interval})" if interval else ""),
                middle=TOP + ROW * (place + 0.5),
                left=min(x(0.0), x(entry.score)),
                width=round(abs(x(entry.score) - x(0.0)), 1),
                end=x(entry.score),
                low=None if low is None else x(low),
                high=None if high is None else x(high),
                best=place == 0,
            )
        )
    return BarChart(
        title=title,
        axis=axis,
        width=LABELS + PLOT + VALUES,
        height=TOP + ROW * len(ranking) + BOTTOM,
        zero=x(0.0),
        bars=tuple(bars),
        ticks=tuple(Tick(x(value), f"{value:g}".replace("-", "−")) for value in ticks),
    )


def span_of(rankings: Sequence[Sequence[RankedCandidate]]) -> tuple[float, float]:
    """From the least to the greatest end of any bar or interval, 0 included."""
    ends = [end for ranking in rankings for entry in ranking for end in (entry.score, *(entry.interval or ()))]
    finite = [0.0, *(end for end in ends if math.isfinite(end))]
    return min(finite), max(finite)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that enclose `low` and `high`, four to eight of them.

    >>> _ticks(-0.43, 0.47)
    [-0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6]
    """
    span = (high - low) or 1.0
    magnitude = 10.0 ** math.floor(math.log10(span / 4))
    step = next(magnitude * factor for factor in (1, 2, 5, 10) if span / (magnitude * factor) <= 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 10) for index in range(first, max(last, first + 1) + 1)]

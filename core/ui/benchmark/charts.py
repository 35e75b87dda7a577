"""The benchmark's charts: lines over the number of probes, and who is taken for whom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import plotly.graph_objects as go
import streamlit as st

from core.bench.report import NUMBERS, Average, Interval, Picks
from core.quantities import number, share
from core.ui.benchmark.report import Line, Measure
from core.ui.charts import MARGIN, REST, Chart, axis_label, ink, named_axis, shades

MEASURES: dict[Measure, str] = {"accuracy": "Accuracy", "auc": "AUC"}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")  # told apart without colour too
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")
MOST_LINES = len(SYMBOLS)
BAND = 0.13  # opacity
LOWEST_AUC = 0.4  # where its axis begins, unless an interval goes lower


def lines_chart(found: Sequence[Line], measure: Measure, *, guess: float | None) -> Chart:
    """A line with its band of 95 % for each name, over the number of probes.

    Args:
        found: `MOST_LINES` at most.
        guess: what guessing would give; None where that is not known.
    """
    figure = go.Figure()
    looks = list(zip(found, cycle(_colours()), DASHES, SYMBOLS, strict=False))
    for line, colour, _, _ in looks:  # beneath all lines
        figure.add_scatter(**_band([(row.probes, interval_of(row, measure)) for row in line.rows]),
                           fillcolor=_faint(colour), name=axis_label(line.label), legendgroup=line.label)  # fmt: skip
    for line, colour, dash, symbol in looks:
        figure.add_scatter(
            name=axis_label(line.label, 44),
            legendgroup=line.label,
            x=[row.probes for row in line.rows],
            y=[interval_of(row, measure).value for row in line.rows],
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 4 if line.is_default else 2},
            marker={"symbol": symbol, "size": 8},
            hovertext=[spoken(interval_of(row, measure), measure) for row in line.rows],
            hovertemplate="%{hovertext}",
        )
    if guess is not None:
        figure.add_scatter(name="Guessing", x=[min(NUMBERS), max(NUMBERS)], y=[guess, guess], mode="lines",
                           line={"color": REST, "dash": "dot", "width": 1.5},
                           hovertemplate=written(guess, measure))  # fmt: skip
    title = f"{MEASURES[measure]} by number of probes"
    figure.update_layout(
        title=title,
        height=440,
        margin=MARGIN,
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
        xaxis={"title": "Probes, each put to every candidate (log scale)", "type": "log", "range": [-0.08, 2.08],
               "tickvals": list(NUMBERS), "ticktext": [str(n) for n in NUMBERS], "fixedrange": True},
        yaxis=measure_axis(measure, [interval_of(row, measure) for line in found for row in line.rows]),
    )  # fmt: skip
    last = "; ".join(
        f"{line.label} {spoken(interval_of(line.rows[-1], measure), measure)} at {line.rows[-1].probes}"
        for line in found
    )
    return Chart(figure, f"{title}. {last}.")


def picks_chart(picks: Picks, *, title: str, down: str) -> Chart:
    """Shares of first places, a row for each teacher or architecture, in per cent.

    Args:
        down: what the rows are.
    """
    across, rows = [axis_label(name) for name in picks.candidates], [axis_label(name) for name in picks.rows]
    figure = go.Figure(
        go.Heatmap(
            z=picks.shares,
            x=list(range(len(across))),
            y=list(range(len(rows))),
            zmin=0,
            zmax=1,
            xgap=2,
            ygap=2,
            text=[[f"{100 * value:.0f}" if value >= 0.005 else "" for value in row] for row in picks.shares],
            texttemplate="%{text}",
            textfont={"size": 12, "color": ink()},
            colorscale=shades(),
            showscale=False,
            hovertext=[
                [f"{row}: {share(value)} {name}" for name, value in zip(across, values, strict=True)]
                for row, values in zip(rows, picks.shares, strict=True)
            ],
            hoverinfo="text",
        )
    )
    figure.update_layout(
        title=title,
        height=180 + 36 * len(rows),
        margin={"l": 8, "r": 8, "t": 46, "b": 8},
        xaxis=named_axis(across) | {"tickangle": -40, "title": "Ranked first"},
        yaxis=named_axis(rows) | {"autorange": "reversed", "title": down},
    )
    tops = (
        f"{name} {picks.candidates[values.index(max(values))]} {share(max(values))}"
        for name, values in zip(picks.rows, picks.shares, strict=True)
    )
    return Chart(figure, f"{title}. Most often first for each row: {'; '.join(tops)}.")


def interval_of(row: Average, measure: Measure) -> Interval:
    return row.accuracy if measure == "accuracy" else row.auc


def written(value: float, measure: Measure) -> str:
    """An accuracy in per cent, an AUC as a number."""
    return share(value) if measure == "accuracy" else number(value)


def spoken(found: Interval, measure: Measure) -> str:
    return f"{written(found.value, measure)} ({written(found.low, measure)} to {written(found.high, measure)})"


def _band(points: Sequence[tuple[int, Interval]]) -> dict[str, object]:
    """An outline along the upper ends of intervals and back along the lower ones."""
    there = [(probes, found.high) for probes, found in points]
    back = [(probes, found.low) for probes, found in reversed(points)]
    return {
        "x": [x for x, _ in there + back],
        "y": [y for _, y in there + back],
        "mode": "lines",
        "line": {"width": 0},
        "fill": "toself",
        "hoverinfo": "skip",
        "showlegend": False,
    }


def measure_axis(measure: Measure, found: Sequence[Interval]) -> dict[str, object]:
    low = 0.0 if measure == "accuracy" else min([LOWEST_AUC, *(interval.low for interval in found)])
    tickformat = ".0%" if measure == "accuracy" else ".1f"
    return {"title": MEASURES[measure], "range": [low, 1.03], "tickformat": tickformat, "fixedrange": True}


def accent() -> str:
    """What the default is drawn in."""
    return _colours()[0]


def _colours() -> list[str]:
    """Of lines, in the reader's theme; a band has to be told the colour of its line."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    return st.get_option(f"theme.{theme}.chartCategoricalColors") or [REST]


def _faint(colour: str) -> str:
    """`#rrggbb` as a colour to see through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {BAND})"

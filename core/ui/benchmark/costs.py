"""What a method's probes cost, and what they find: a chart of accuracy against seconds, and a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go
import streamlit as st

from core.bench.report import NUMBERS, Average, Cost, Report
from core.quantities import duration
from core.results import Estimate
from core.ui.benchmark.charts import MEASURES, accent, interval_of, measure_axis, spoken, written
from core.ui.benchmark.filters import choose_measure, choose_number, choose_one
from core.ui.benchmark.labels import LINE, boxes
from core.ui.benchmark.report import Dimension, Measure, figures_at, present, selected
from core.ui.charts import REST, Chart, axis_label, draw, ink, whiskers

SHORTEST = 0.01  # seconds, the left end of the axis
WIDTH, HEIGHT = 640, 420  # pixels of the plot itself at least, by which names are placed
MARGIN = {"l": 64, "r": 16, "t": 46, "b": 56}
THIN = {"color": REST, "thickness": 1, "width": 0}  # whiskers that leave names readable
NAME = 36  # characters


@dataclass(frozen=True)
class Spent:
    """One method: the seconds of an audit, and what it found for them."""

    label: str
    seconds: float
    row: Average
    is_default: bool

    @property
    def place(self) -> float:
        """Where it stands on the axis of seconds, in decades."""
        return math.log10(max(self.seconds, SHORTEST))


def costs_section(report: Report) -> None:
    """What the probes of one audit take, and what they find for it."""
    dataset, score, group = st.columns([2, 3, 2])
    kept: dict[Dimension, tuple[str]] = {
        "dataset": (choose_one(dataset, report, "dataset"),),
        "score": (choose_one(score, report, "score"),),
        "group": (choose_one(group, report, "group"),),
    }
    left, right = st.columns(2)
    number = choose_number(left, (max(NUMBERS),), key="benchmark_costs_number")
    measure = choose_measure(right)
    methods = present(report, "method")
    by_method = {row.method: row for row in selected(figures_at(report, number), kept) if row.method in methods}
    costs = [cost for cost in report.costs if cost.dataset == kept["dataset"][0] and cost.method in by_method]
    if not costs:
        st.info("The report has no costs for this choice.", icon=":material/info:")
        return
    spent = [
        Spent(methods[cost.method].label, cost.seconds, by_method[cost.method], cost.method == report.default_method)
        for cost in costs
    ]
    draw(cost_chart(spent, measure), key="benchmark_costs")
    asked = f"with {number} probes" if number else "averaged over all numbers of probes"
    fast = f" Less than {SHORTEST:g} s is drawn as {SHORTEST:g} s." if any(s.seconds < SHORTEST for s in spent) else ""
    st.caption(
        f"{MEASURES[measure]} {asked}; whiskers are 95 % intervals. Seconds to make 100 probes on one thread of the "
        f"machine that ran the benchmark, medians over students.{fast}"
    )
    _table(spent, costs, [methods[cost.method].explanation for cost in costs])


def cost_chart(spent: Sequence[Spent], measure: Measure) -> Chart:
    """Each method by the seconds that its probes take and what they find, all named, the default highlighted."""
    figure = go.Figure()
    ordered = sorted(spent, key=lambda one: (not one.is_default, one.place))
    for is_default, colour, size in ((False, REST, 10), (True, accent(), 15)):
        some = [one for one in ordered if one.is_default == is_default]
        found = [interval_of(one.row, measure) for one in some]
        figure.add_scatter(
            name="Default" if is_default else "Others",
            x=[max(one.seconds, SHORTEST) for one in some],
            y=[interval.value for interval in found],
            error_y=whiskers([Estimate(**interval._asdict()) for interval in found]) | THIN,
            mode="markers",
            marker={"color": colour, "size": size, "line": {"width": 0}},
            hovertext=[f"{escape(one.label, quote=False)}: {spoken(interval, measure)}, {duration(one.seconds)}"
                       for one, interval in zip(some, found, strict=True)],
            hoverinfo="text",
        )  # fmt: skip
    span, axis = _span(ordered), measure_axis(measure, [interval_of(one.row, measure) for one in spent])
    for note in _names(ordered, measure, span, axis["range"]):
        figure.add_annotation(**note)
    title = f"{MEASURES[measure]} against seconds"
    figure.update_layout(
        title=title,
        height=HEIGHT + MARGIN["t"] + MARGIN["b"],
        margin=MARGIN,
        showlegend=False,
        xaxis={"title": "Seconds for 100 probes (log scale)", "type": "log", "dtick": 1, "tickformat": "~g",
               "range": span, "fixedrange": True},
        yaxis=axis,
    )  # fmt: skip
    told = (f"{one.label} {written(interval_of(one.row, measure).value, measure)} in {duration(one.seconds)}"
            for one in ordered)  # fmt: skip
    return Chart(figure, f"{title}. {'; '.join(told)}.")


def _names(spent: Sequence[Spent], measure: Measure, across: list[float], up: list[float]) -> list[dict[str, object]]:
    """An annotation for each point; one that cannot stand beside it has a line to it."""
    heights = [interval_of(one.row, measure).value for one in spent]
    names = [axis_label(one.label, NAME) for one in spent]
    points = [
        (WIDTH * (one.place - across[0]) / (across[1] - across[0]), HEIGHT * (up[1] - height) / (up[1] - up[0]))
        for one, height in zip(spent, heights, strict=True)
    ]
    notes = []
    for one, height, name, (x, y), box in zip(
        spent, heights, names, points, boxes(points, names, WIDTH, HEIGHT), strict=True
    ):
        side = "left" if box.left >= x else "right" if box.left + box.width <= x else "center"
        edge = {"left": box.left, "right": box.left + box.width, "center": box.left + box.width / 2}[side]
        down = box.top + box.height / 2 - y
        notes.append(
            {"x": one.place, "y": height, "ax": edge - x, "ay": down, "xanchor": side, "yanchor": "middle",
             "text": f"<b>{name}</b>" if one.is_default else name, "font": {"size": 12, "color": ink()},
             "showarrow": True, "arrowhead": 0, "arrowwidth": 1, "borderpad": 0,
             "arrowcolor": REST if abs(down) > LINE else "rgba(0, 0, 0, 0)"}
        )  # fmt: skip
    return notes


def _span(spent: Sequence[Spent]) -> list[float]:
    """Of the axis of seconds in decades, with a margin."""
    places = [one.place for one in spent]
    return [min(places) - 0.4, max(places) + 0.4]


def _table(spent: Sequence[Spent], costs: Sequence[Cost], explanations: Sequence[str]) -> None:
    config = st.column_config
    st.dataframe(
        {
            "Method": [one.label for one in spent],
            "Seconds": [cost.seconds for cost in costs],
            "Queries": [cost.queries for cost in costs],
            "Accuracy": [100 * one.row.accuracy.value for one in spent],
            "AUC": [one.row.auc.value for one in spent],
            "What it is": list(explanations),
        },
        key="benchmark_costs_table",
        height="content",
        hide_index=True,
        alt="Seconds, queries, accuracy and AUC of each method",
        column_config={
            "Seconds": config.NumberColumn(format="%.3g", help="To make 100 probes."),
            "Queries": config.NumberColumn(help="To each candidate, for 100 probes."),
            "Accuracy": config.NumberColumn(format="%.1f %%"),
            "AUC": config.NumberColumn(format="%.3f"),
        },
    )

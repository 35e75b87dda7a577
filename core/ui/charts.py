"""The charts of runs and results. Each has a title, named axes and words for those who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.events import SynthesisStep
from core.quantities import between, number, share
from core.reports.summary import score_label
from core.results import Estimate, RankedCandidate
from core.ui.text import shortened

REST = "#7F8F97"  # bars that are not first: a grey with 3:1 against both backgrounds
SOFT = {"First": 0.8, "Others": 0.6}  # opacity of bars, so that their intervals are seen across them
LABEL = 22  # characters of a name beside an axis
LOSSES = {
    "total": "Total",
    "cross_entropy": "Cross-entropy",
    "batchnorm": "BatchNorm distance",
    "smoothness": "Roughness",
    "consistency": "Change when moved",
    "patches": "Sameness of patches",
}
DASHES = {  # told apart without colour too
    "total": "solid",
    "cross_entropy": "dash",
    "batchnorm": "dot",
    "smoothness": "dashdot",
    "consistency": "longdash",
    "patches": "longdashdot",
}
FLOOR = 1e-4  # the least probability that the heatmap's colours tell from none
MARGIN = {"l": 8, "r": 16, "t": 46, "b": 44}  # pixels
CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": "reset"}


@dataclass(frozen=True)
class Chart:
    figure: go.Figure
    alt: str


def draw(chart: Chart, *, key: str) -> None:
    """Show a chart; `key` stays the same while its data changes."""
    st.plotly_chart(chart.figure, key=key, alt=chart.alt, theme="streamlit", config=CONFIG)


def ranking_chart(
    ranking: Sequence[RankedCandidate],
    score: str,
    *,
    title: str,
    run: str,
    estimates: Sequence[Estimate] | None = None,
    span: tuple[float, float] | None = None,
) -> Chart:
    """Horizontal bars with intervals, in the order of `ranking`, the first one highlighted.

    Args:
        ranking: best first by `score`.
        estimates: one for each entry, where another score than the ranking's is shown.
        run: keeps a reader's zoom while the bars move.
        span: what the axis has to hold, where several charts are to be compared; by the data where None.
    """
    found = list(estimates or [_own(entry) for entry in ranking])
    names = [entry.candidate for entry in ranking]
    places = list(range(len(names)))
    figure = go.Figure()
    for label, some, colour in (("First", places[:1], None), ("Others", places[1:], REST)):
        if some:
            figure.add_bar(
                name=label,
                orientation="h",
                y=some,
                x=[found[i].value for i in some],
                width=0.62,
                marker={"color": colour, "opacity": SOFT[label], "line": {"width": 0}},
                error_x=whiskers([found[i] for i in some]),
                hovertext=[escape(_spoken(names[i], found[i]), quote=False) for i in some],
                hoverinfo="text",
            )
    ticks = [f"{axis_label(name)}  <b>{number(e.value)}</b>" for name, e in zip(names, found, strict=True)]
    figure.update_layout(
        title=title,
        height=110 + 36 * len(names),
        margin=MARGIN,
        showlegend=False,
        uirevision=run,
        bargap=0.3,
        xaxis={"title": score_label(score), "zeroline": True, "fixedrange": True, "range": _wider(span)},
        yaxis=named_axis(ticks) | {"range": [len(names) - 0.4, -0.6]},
    )
    spoken = "; ".join(_spoken(name, estimate) for name, estimate in zip(names, found, strict=True))
    return Chart(figure, f"{title}. Bars of {score_label(score)}, best first: {spoken}.")


def loss_chart(steps: Sequence[SynthesisStep], *, run: str) -> Chart:
    """The losses of the synthesis over its steps, on a logarithmic axis."""
    figure = go.Figure()
    kinds = [kind for kind in LOSSES if any(kind in step.losses for step in steps)]
    for kind in kinds:
        figure.add_scatter(
            name=LOSSES[kind],
            x=[step.step for step in steps if kind in step.losses],
            y=[step.losses[kind] for step in steps if kind in step.losses],
            mode="lines",
            line={"dash": DASHES[kind], "width": 2},
            hovertemplate="%{y:.3g}",
        )
    figure.update_layout(
        title="Loss of the synthesis",
        height=330,
        margin=MARGIN,
        uirevision=run,
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": -0.24, "yanchor": "top"},
        xaxis={"title": "Step", "range": [0, steps[-1].steps] if steps else None},
        yaxis={"title": "Loss (log scale)", "type": "log", "dtick": "D2" if _narrow(steps) else 1, "tickformat": "~g"},
    )
    if not steps:
        return Chart(figure, "Loss of the synthesis: no step yet.")
    last = steps[-1]
    values = ", ".join(f"{LOSSES[kind]} {number(last.losses[kind])}" for kind in kinds if kind in last.losses)
    return Chart(figure, f"Loss of the synthesis, {last.step} of {last.steps} steps. Latest values: {values}.")


def answers_chart(
    models: Sequence[tuple[str, np.ndarray]], class_names: Sequence[str], *, title: str, run: str
) -> Chart:
    """Probabilities of several models for one probe, a row each, coloured by their logarithm.

    The small probabilities are what most scores compare, so that the colours tell 1 % from 0.1 %.

    Args:
        models: the name of each, perhaps with a word on it, and its probabilities `(K,)`.
    """
    table = np.stack([probabilities for _, probabilities in models])
    classes = [axis_label(name) for name in class_names]
    labels = [axis_label(name) for name, _ in models]
    figure = go.Figure(
        go.Heatmap(
            z=np.log10(np.maximum(table, FLOOR)),
            x=list(range(len(classes))),
            y=list(range(len(labels))),
            zmin=np.log10(FLOOR),
            zmax=0,
            xgap=2,
            ygap=2,
            text=[[_per_cent(float(value)) for value in row] for row in table],
            texttemplate="%{text}" if len(classes) <= 12 else None,
            textfont={"size": 12, "color": ink()},
            colorscale=shades(),
            showscale=False,
            hovertext=[
                [f"{label}: {classes[i]} {share(float(value))}" for i, value in enumerate(row)]
                for label, row in zip(labels, table, strict=True)
            ],
            hoverinfo="text",
        )
    )
    figure.update_layout(
        title=title,
        height=150 + 38 * len(labels),
        margin={"l": 8, "r": 8, "t": 46, "b": 8},
        uirevision=run,
        xaxis=named_axis(classes) | {"tickangle": -40, "title": "Class"},
        yaxis=named_axis(labels) | {"autorange": "reversed"},
    )
    tops = (f"{name} {class_names[int(row.argmax())]} {share(float(row.max()))}" for name, row in models)
    return Chart(figure, f"{title}. Most probable class of each model: {'; '.join(tops)}.")


def _wider(span: tuple[float, float] | None) -> list[float] | None:
    """Room at the ends that are not 0."""
    if span is None:
        return None
    low, high = span
    margin = 0.05 * (high - low)
    return [low - margin * (low < 0), high + margin * (high > 0)]


def _per_cent(probability: float) -> str:
    """A probability in per cent without its sign, short enough for a cell."""
    percent = 100 * probability
    return f"{percent:.0f}" if percent >= 10 else "<0.1" if percent < 0.05 else f"{percent:.1f}"


def _own(entry: RankedCandidate) -> Estimate:
    low, high = entry.interval or (None, None)
    return Estimate(value=entry.score, low=low, high=high)


def ink() -> str:
    """The colour of text in the reader's theme; between the two where the browser has not told it yet."""
    return {"light": "#12252C", "dark": "#E3ECEE"}.get(st.context.theme.type or "", REST)


def named_axis(names: Sequence[str]) -> dict[str, object]:
    """An axis with a name at 0, 1, ...; in the colour of text, since a chart is read by them."""
    return {
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "tickfont": {"size": 13, "color": ink()},
        "showgrid": False,
        "fixedrange": True,
        "automargin": True,
    }


def shades() -> list[str]:
    """Of a heatmap in the reader's theme, from nothing to much; text of `ink` can be read on all of them."""
    return ["#0E191F", "#123840", "#14767F"] if st.context.theme.type == "dark" else ["#F6FAFA", "#BFE0E2", "#4FADB3"]


def whiskers(estimates: Sequence[Estimate]) -> dict[str, object]:
    """Error bars of a trace, without ends that are not known."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [None if e.high is None else max(e.high - e.value, 0.0) for e in estimates],
        "arrayminus": [None if e.low is None else max(e.value - e.low, 0.0) for e in estimates],
        "thickness": 1.5,
        "width": 5,
        "color": ink(),
    }


def axis_label(name: str, limit: int = LABEL) -> str:
    """A name beside an axis; Plotly reads some HTML there, so that it must not find any."""
    return escape(shortened(name, limit), quote=False)


def _spoken(name: str, estimate: Estimate) -> str:
    interval = between(estimate.low, estimate.high)
    return f"{name} {number(estimate.value)}" + (f" ({interval})" if interval else "")


def _narrow(steps: Sequence[SynthesisStep]) -> bool:
    """Whether all losses lie so close that labels at 1, 2 and 5 find room."""
    values = [value for step in steps for value in step.losses.values() if value > 0]
    return not values or max(values) / min(values) < 500

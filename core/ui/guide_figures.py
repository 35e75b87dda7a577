"""The guide's pictures: what an answer looks like, what a ranking looks like, and what it leaves open.

All numbers here are made up to make a point, and the figures say so.
"""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

CLASSES = ("Trouser", "Dress", "Coat", "Shirt", "Bag")
ANSWERS = {
    "Student": (0.01, 0.22, 0.55, 0.20, 0.02),
    "Candidate A": (0.01, 0.25, 0.50, 0.22, 0.02),
    "Candidate B": (0.10, 0.04, 0.62, 0.06, 0.18),
}
# Candidate: score and half the width of its interval.
RANKING = {"Candidate A": (0.46, 0.06), "Candidate C": (0.05, 0.06), "Candidate B": (-0.12, 0.05)}
INDEPENDENT = {"Candidate C": (0.17, 0.06), "Candidate A": (-0.03, 0.06), "Candidate B": (-0.14, 0.05)}

NEUTRAL = "#808080"  # reads on light and on dark


def answers_figure() -> go.Figure:
    """One probe, three answers: the shape of the small probabilities is what gives a teacher away."""
    figure = go.Figure([go.Bar(x=CLASSES, y=answer, name=name) for name, answer in ANSWERS.items()])
    figure.update_yaxes(title="Probability", tickformat=".0%", rangemode="tozero")
    return _finished(figure, "Answers to one probe (illustration)", legend=True)


def ranking_figure() -> go.Figure:
    """Scores over all probes with their intervals, best first."""
    return _bars(RANKING, "Scores over all probes (illustration)")


def no_proof_figures() -> tuple[go.Figure, go.Figure]:
    """A student with a teacher and one without: both rankings have a first place."""
    return _bars(RANKING, "Distilled from A (illustration)"), _bars(INDEPENDENT, "Distilled from nobody (illustration)")


def alt(figure: go.Figure, message: str) -> str:
    """The figure's title and its message, for those who hear it."""
    return f"{figure.layout.title.text}: {message}"


def _bars(scores: Mapping[str, tuple[float, float]], title: str) -> go.Figure:
    names = list(reversed(scores))
    halves = [scores[name][1] for name in names]
    bars = go.Bar(
        x=[scores[name][0] for name in names],
        y=names,
        orientation="h",
        error_x={"type": "data", "array": halves, "color": NEUTRAL, "thickness": 2},
    )
    figure = go.Figure(bars)
    figure.update_xaxes(title="Score", range=(-0.25, 0.6))
    return _finished(figure, title)


def _finished(figure: go.Figure, title: str, *, legend: bool = False) -> go.Figure:
    figure.update_layout(
        title={"text": title, "font": {"size": 14}},
        height=280,
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        showlegend=legend,
        legend={"orientation": "h", "y": -0.28},
    )
    return figure

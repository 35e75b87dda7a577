"""The guide's pictures: what an answer looks like, what a ranking looks like, and what it leaves open.

All numbers here are made up to make a point, and the titles say so.
"""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from core.config import AuditConfig
from core.results import Estimate, RankedCandidate
from core.ui.charts import Chart, ranking_chart

CLASSES = ("Trouser", "Dress", "Coat", "Shirt", "Bag")
ANSWERS = {
    "Student": (0.01, 0.22, 0.55, 0.20, 0.02),
    "Candidate A": (0.01, 0.25, 0.50, 0.22, 0.02),
    "Candidate B": (0.10, 0.04, 0.62, 0.06, 0.18),
}
# Candidate: score and half the width of its interval, best first.
WITH_TEACHER = {"Candidate A": (0.46, 0.06), "Candidate C": (0.05, 0.06), "Candidate B": (-0.12, 0.05)}
WITHOUT = {"Candidate C": (0.17, 0.06), "Candidate A": (-0.03, 0.06), "Candidate B": (-0.14, 0.05)}
SCORE: str = AuditConfig.model_fields["score"].default


def answers_figure() -> Chart:
    """One probe, three answers: the shape of the small probabilities is what gives a teacher away."""
    title = "One probe (illustration)"
    figure = go.Figure([go.Bar(x=CLASSES, y=answer, name=name) for name, answer in ANSWERS.items()])
    figure.update_layout(
        title=title,
        height=290,
        margin={"l": 8, "r": 8, "t": 46, "b": 8},
        legend={"orientation": "h", "y": -0.28},
        xaxis={"title": None, "fixedrange": True},
        yaxis={"title": "Probability", "tickformat": ".0%", "fixedrange": True},
    )
    told = "The student spreads its probabilities as candidate A does; candidate B spreads them otherwise."
    return Chart(figure, f"{title}. {told}")


def with_teacher_figure(title: str) -> Chart:
    """The ranking of a student that has its teacher among the candidates."""
    return _ranking(WITH_TEACHER, f"{title} (illustration)")


def without_figure(title: str) -> Chart:
    """The ranking of a student that has no teacher: it has a first place all the same."""
    return _ranking(WITHOUT, f"{title} (illustration)")


def _ranking(scores: Mapping[str, tuple[float, float]], title: str) -> Chart:
    ranking = [
        RankedCandidate(
            candidate=name,
            score=value,
            interval=(value - half, value + half),
            scores={SCORE: Estimate(value=value, low=value - half, high=value + half)},
        )
        for name, (value, half) in scores.items()
    ]
    chart = ranking_chart(ranking, SCORE, title=title, run="guide")
    chart.figure.update_xaxes(range=(-0.25, 0.6))  # the same for all, to be compared
    return chart

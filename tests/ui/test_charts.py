"""What the charts draw, and what they say to those who cannot see them."""

from __future__ import annotations

import numpy as np
import pytest

from core.events import SynthesisStep
from core.results import Estimate, RankedCandidate
from core.ui.charts import answers_chart, loss_chart, ranking_chart


def entry(name: str, score: float, interval: tuple[float, float] | None = None) -> RankedCandidate:
    return RankedCandidate(candidate=name, score=score, interval=interval, scores={"rp": Estimate(value=score)})


RANKING = (entry("a", 0.5, (0.4, 0.7)), entry("b", 0.1, (0.0, 0.2)), entry("c", -0.3))


def test_bars_with_their_intervals() -> None:
    chart = ranking_chart(RANKING, "rp", title="T", run="r")
    first, others = chart.figure.data
    assert list(first.x) == [0.5] and list(others.x) == [0.1, -0.3]
    assert (list(first.y), list(others.y)) == ([0], [1, 2])
    assert first.error_x.array == pytest.approx([0.2]) and first.error_x.arrayminus == pytest.approx([0.1])
    assert list(others.error_x.array)[1] is None
    assert chart.figure.layout.uirevision == "r" and chart.figure.layout.title.text == "T"
    assert chart.figure.layout.xaxis.title.text == "Projected residual cosine"
    assert "a 0.500 (0.400 to 0.700); b 0.100 (0.000 to 0.200); c −0.300" in chart.alt


def test_bars_of_another_score() -> None:
    estimates = [Estimate(value=3.0), Estimate(value=2.0, low=1.5, high=2.5), Estimate(value=1.0)]
    chart = ranking_chart(RANKING, "inverse_kl", title="T", run="r", estimates=estimates)
    assert [x for trace in chart.figure.data for x in trace.x] == [3.0, 2.0, 1.0]
    assert chart.figure.layout.xaxis.title.text == "Mean 1 / KL"


def test_one_candidate_is_one_bar() -> None:
    assert len(ranking_chart(RANKING[:1], "rp", title="T", run="r").figure.data) == 1


@pytest.mark.parametrize("hostile", ["<b>x</b>", '<a href="javascript:1">x</a>', "a & b"])
def test_plotly_finds_no_html_in_names(hostile: str) -> None:
    bars = ranking_chart((entry(hostile, 1.0),), "rp", title="T", run="r").figure
    cells = answers_chart([(hostile, np.array([1.0]))], [hostile], title="T", run="r").figure
    spots = [bars.layout.yaxis.ticktext[0], bars.data[0].hovertext[0]]
    spots += [cells.layout.xaxis.ticktext[0], cells.layout.yaxis.ticktext[0], cells.data[0].hovertext[0][0]]
    for text in spots:
        text = text.replace("<b>1.000</b>", "")  # our own
        assert "<" not in text and "&" not in text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "")


def test_losses_on_a_logarithmic_axis() -> None:
    steps = [SynthesisStep(step=s, steps=40, losses={"total": 9.0 / s, "batchnorm": 1.0 / s}) for s in (1, 2, 4)]
    chart = loss_chart(steps, run="r")
    assert [trace.name for trace in chart.figure.data] == ["Total", "BatchNorm distance"]
    assert list(chart.figure.data[0].x) == [1, 2, 4] and list(chart.figure.data[0].y) == [9.0, 4.5, 2.25]
    assert chart.figure.layout.yaxis.type == "log" and tuple(chart.figure.layout.xaxis.range) == (0, 40)
    assert len({trace.line.dash for trace in chart.figure.data}) == 2
    assert "4 of 40 steps" in chart.alt and "Total 2.250" in chart.alt


def test_answers_are_coloured_by_their_logarithm_and_written_in_per_cent() -> None:
    models = [("Student", np.array([0.9, 0.0999, 0.0001])), ("A", np.array([0.001, 0.999, 0.0]))]
    chart = answers_chart(models, ("x", "y", "z"), title="T", run="r")
    (heat,) = chart.figure.data
    assert np.array(heat.z) == pytest.approx(np.array([[-0.04576, -1.00043, -4], [-3, -0.000435, -4]]), abs=1e-4)
    assert [list(row) for row in heat.text] == [["90", "10.0", "<0.1"], ["0.1", "100", "<0.1"]]
    assert "Student x 90 %; A y 99.9 %" in chart.alt


def test_many_classes_leave_no_room_for_numbers() -> None:
    chart = answers_chart([("A", np.full(20, 0.05))], [f"c{i}" for i in range(20)], title="T", run="r")
    assert chart.figure.data[0].texttemplate is None

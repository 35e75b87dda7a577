"""What the page says of pairs of ways of asking, in a chart and in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.bench.report import Difference, Interval, Report
from tests.support.benchmark import DATASETS, GROUPS, METHODS, charts, make_report, shown
from tests.support.pages import texts


def of(report: Report, **names: object) -> list[Difference]:
    return [one for one in report.differences if all(getattr(one, key) == value for key, value in names.items())]


def with_difference(low: float, value: float, high: float) -> list[Difference]:
    """The default less random images, on grey clothes."""
    new = Interval(value=value, low=low, high=high)
    kept = of(make_report(), dataset="grey", method="generator", other_method="pyramids")
    return [one.model_copy(update={"accuracy": new}) for one in kept]


@pytest.mark.parametrize("number", [None, 10])
@pytest.mark.parametrize("dataset", DATASETS)
def test_marks_are_the_differences_of_the_report(committed: Path, dataset: str, number: int | None) -> None:
    app, report = shown(committed, "Against others")
    app.selectbox(key="benchmark_dataset").set_value(dataset)
    app.button_group(key="benchmark_differences_number").set_value(number or 0).run()
    (chart,) = charts(app)
    others = [("real", "Mean 1 / KL"), ("pyramids", "Projected residual cosine"), ("paper_generator", "Mean 1 / KL")]
    assert [trace["name"] for trace in chart["data"]] == [f"{METHODS[name][0]}, {score}" for name, score in others]
    for trace, (name, _) in zip(chart["data"], others, strict=True):
        own = of(report, dataset=dataset, other_method=name, probes=number)
        assert trace["x"] == [100 * one.accuracy.value for one in own]
        assert trace["error_x"]["array"] == pytest.approx([5.0] * len(own))
        assert [round(y) for y in trace["y"]] == list(range(len(GROUPS)))
    ticks = [f"{label} ({students})" for label, _, students in GROUPS.values()]
    assert chart["layout"]["yaxis"]["ticktext"] == ticks


def test_a_group_of_which_slow_methods_asked_a_part_says_so(committed: Path) -> None:
    report = make_report()
    kept = [
        one.model_copy(update={"students": 3}) if one.other_method == "paper_generator" else one
        for one in of(report, dataset="grey", method="generator")
    ]
    app, _ = shown(committed, "Against others", differences=kept)
    (chart,) = charts(app)
    ticks = [f"{label} (3 to {students})" for label, _, students in GROUPS.values()]
    assert chart["layout"]["yaxis"]["ticktext"] == ticks


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((0.07, 0.12, 0.16), "**The default** is right 12 more times in 100 than **Structured random images, Projected "
                             "residual cosine** (95 % interval: 7 to 16), over 56 students."),
        ((-0.16, -0.12, -0.07), "is right 12 fewer times in 100 than"),
        ((-0.16, -0.12, -0.07), "(95 % interval: 7 to 16)"),
        ((-0.03, 0.02, 0.07), "do not decide: in 100 audits anything from 3 fewer to 7 more right answers"),
    ],
)  # fmt: skip
def test_a_difference_in_words(committed: Path, interval: tuple[float, float, float], words: str) -> None:
    app, _ = shown(committed, "Against others", differences=with_difference(*interval))
    assert words in texts(app)


def test_ablations_stand_by_themselves(committed: Path) -> None:
    app, report = shown(committed, "Ablations")
    (chart,) = charts(app)
    (trace,) = chart["data"]
    own = of(report, dataset="grey", method="inversion_no_mix", probes=None)
    assert trace["name"] == METHODS["inversion_no_mix"][0] and trace["x"] == [100 * one.accuracy.value for one in own]
    assert "Inversion, coarse to fine" in texts(app) and "What Inversion without mixes is." in texts(app)


@pytest.mark.parametrize("tab", ["Against others", "Ablations"])
def test_a_report_without_differences_says_so(committed: Path, tab: str) -> None:
    app, _ = shown(committed, tab, differences=())
    assert not app.get("plotly_chart") and ("does not compare" in texts(app) or "no ablations" in texts(app))

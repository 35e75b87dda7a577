"""Accuracy against seconds: every method named, with most probes or averaged over all numbers of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.bench.report import Report
from core.ui.benchmark.costs import NAME
from core.ui.charts import axis_label
from tests.support.benchmark import ABLATES, METHODS, charts, rows, shown
from tests.support.pages import texts

OWN = {name: words for name, words in METHODS.items() if name not in ABLATES}


def figures(report: Report, name: str, score: str = "rp") -> list[float]:
    """The last number of probes, then the mean over all."""
    names = {"dataset": "grey", "method": name, "score": score, "group": "all"}
    (average,) = (one for one in report.averages if all(getattr(one, key) == value for key, value in names.items()))
    return [rows(report, **names)[-1].accuracy.value, average.accuracy.value]


@pytest.mark.parametrize(("number", "index"), [(None, 1), (100, 0)])
def test_points_stand_at_their_seconds_and_figures(committed: Path, number: int | None, index: int) -> None:
    app, report = shown(committed, "Time and queries")
    if number:
        app.button_group(key="benchmark_costs_number").set_value(number).run()
    others, default = charts(app)[0]["data"]
    spots = {(x, y) for trace in (others, default) for x, y in zip(trace["x"], trace["y"], strict=True)}
    assert spots == {(max(seconds, 0.01), figures(report, name)[index]) for name, (_, _, seconds) in OWN.items()}
    assert default["x"] == [8.0]
    (table,) = app.dataframe
    assert list(table.value["Seconds"]) == [seconds for _, _, seconds in OWN.values()]
    assert table.value["Accuracy"].tolist() == pytest.approx([100 * figures(report, name)[index] for name in OWN])
    assert set(table.value["Queries"]) == {100}
    assert "Less than 0.01 s" in texts(app)


def test_every_point_is_named_the_default_in_bold(committed: Path) -> None:
    app, report = shown(committed, "Time and queries")
    notes = {note["text"]: note for note in charts(app)[0]["layout"]["annotations"]}
    wanted = {axis_label(label, NAME) for name, (label, _, _) in OWN.items() if name != "generator"}
    assert set(notes) == wanted | {f"<b>{OWN['generator'][0]}</b>"}
    assert notes["<b>Generator</b>"]["x"] == pytest.approx(0.90309), "log10 of 8"
    assert notes["<b>Generator</b>"]["y"] == figures(report, "generator")[1]

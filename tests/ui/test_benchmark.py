"""The Benchmark page's charts and tables show what its report says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.bench.report import NUMBERS, NamedMethod
from core.ui.benchmark.charts import MOST_LINES
from tests.support.benchmark import (
    CANDIDATES,
    DATASETS,
    GROUPS,
    METHODS,
    PAGE,
    SCORES,
    TABS,
    charts,
    make_report,
    rows,
    shown,
    write_report,
)
from tests.support.pages import labels, texts

SHOWN_AT_FIRST = ["generator", "real", "mia_filter", "ood_filter", "pyramids", "white_noise", "paper_generator"]


def drawn(app: AppTest) -> dict[str, dict[str, object]]:
    """The lines of the first chart by name, without their bands."""
    return {trace["name"]: trace for trace in charts(app)[0]["data"] if trace.get("showlegend", True)}


def test_at_first_the_default_stands_against_baselines_and_oracle(committed: Path) -> None:
    app, report = shown(committed)
    lines = drawn(app)
    assert list(lines) == [*(METHODS[name][0] for name in _in_order(SHOWN_AT_FIRST)), "Guessing"]
    for name in SHOWN_AT_FIRST:
        line = lines[METHODS[name][0]]
        own = rows(report, dataset="grey", method=name, score="rp", group="all")
        assert line["x"] == list(NUMBERS) and line["y"] == [row.accuracy.value for row in own]
    assert lines["Guessing"]["y"] == [1 / len(CANDIDATES)] * 2
    widths = {name: line["line"]["width"] for name, line in lines.items()}
    assert max(widths, key=widths.__getitem__) == METHODS["generator"][0]
    assert len({(line["line"]["dash"], line["marker"]["symbol"]) for line in list(lines.values())[:-1]}) == MOST_LINES


def test_bands_are_the_intervals_in_the_colour_of_their_line(committed: Path) -> None:
    app, report = shown(committed)
    traces = charts(app)[0]["data"]
    for name in SHOWN_AT_FIRST:
        band, line = (trace for trace in traces if trace.get("legendgroup") == METHODS[name][0])
        own = rows(report, dataset="grey", method=name, score="rp", group="all")
        assert band["y"] == [row.accuracy.high for row in own] + [row.accuracy.low for row in reversed(own)]
        assert band["x"] == [*NUMBERS, *reversed(NUMBERS)] and band["fill"] == "toself"
        red, green, blue = (int(line["line"]["color"][i : i + 2], 16) for i in (1, 3, 5))
        assert band["fillcolor"].startswith(f"rgba({red}, {green}, {blue}, 0.")


@pytest.mark.parametrize(
    ("compared", "names"),
    [("score", SCORES), ("group", GROUPS), ("dataset", DATASETS)],
)
def test_other_things_can_be_compared(committed: Path, compared: str, names: dict[str, object]) -> None:
    app, report = shown(committed)
    app.button_group(key="benchmark_compare").set_value(compared).run()
    lines = drawn(app)
    fixed = {"dataset": "grey", "method": "generator", "score": "rp", "group": "all"}
    assert len(lines) == len(names) + 1
    for name, words in names.items():
        own = rows(report, **(fixed | {compared: name}))
        assert lines[words if isinstance(words, str) else words[0]]["y"] == [row.accuracy.value for row in own]


def test_ablations_are_not_among_the_methods_to_choose(committed: Path) -> None:
    app, _ = shown(committed)
    assert METHODS["inversion_no_mix"][0] not in app.multiselect(key="benchmark_method_several").options
    app.button_group(key="benchmark_compare").set_value("score").run()
    assert METHODS["inversion_no_mix"][0] not in app.selectbox(key="benchmark_method").options


def test_filters_decide_what_all_lines_have_in_common(committed: Path) -> None:
    app, report = shown(committed)
    app.multiselect(key="benchmark_method_several").set_value(["inversion", "real"])
    app.selectbox(key="benchmark_dataset").set_value("colour")
    app.selectbox(key="benchmark_score").set_value("acs")
    app.selectbox(key="benchmark_group").set_value("rkd")
    app.button_group(key="benchmark_measure").set_value("auc").run()
    lines = drawn(app)
    assert list(lines) == ["Real images (oracle)", "Inversion, coarse to fine", "Guessing"]
    own = rows(report, dataset="colour", method="inversion", score="acs", group="rkd")
    assert lines["Inversion, coarse to fine"]["y"] == [row.auc.value for row in own]
    assert lines["Guessing"]["y"] == [0.5, 0.5]
    (table,) = app.dataframe
    assert list(table.value["Method"]) == ["Real images (oracle)"] * 4 + ["Inversion, coarse to fine"] * 4


def test_no_line_chosen_is_no_error(committed: Path) -> None:
    app, _ = shown(committed)
    app.multiselect(key="benchmark_method_several").set_value([]).run()
    assert not app.exception and "no figures for this choice" in texts(app) and not app.get("plotly_chart")


def test_what_has_no_figures_is_said(committed: Path) -> None:
    kept = [row for row in make_report().rows if row.method != "real" or row.dataset == "colour"]
    app, _ = shown(committed, rows=kept)
    assert "No figures for Real images (oracle)." in texts(app)
    assert "Real images (oracle)" not in drawn(app)


def test_choices_outlive_another_page_and_another_report(committed: Path) -> None:
    app, _ = shown(committed)
    app.selectbox(key="benchmark_dataset").set_value("colour")
    app.multiselect(key="benchmark_method_several").set_value(["inversion", "real"]).run()
    app.switch_page("pages/guide.py").run()
    app.switch_page(PAGE).run()
    assert app.selectbox(key="benchmark_dataset").value == "colour"
    assert app.multiselect(key="benchmark_method_several").value == ["inversion", "real"]

    kept = [row for row in make_report().rows if row.method != "inversion" and row.dataset == "grey"]
    write_report(committed, make_report(rows=kept))
    app.run()
    assert not app.exception and not app.error
    assert app.selectbox(key="benchmark_dataset").value == "grey"
    assert app.multiselect(key="benchmark_method_several").value == ["real"]


def test_who_is_taken_for_whom(committed: Path) -> None:
    app, report = shown(committed, "Mistakes")
    app.selectbox(key="benchmark_method").set_value("white_noise")
    app.selectbox(key="benchmark_score").set_value("acs").run()
    chosen = {"dataset": "grey", "method": "white_noise", "score": "acs"}
    wanted = [
        next(picks for picks in found if all(getattr(picks, key) == name for key, name in chosen.items()))
        for found in (report.confusions, report.independents)
    ]
    for chart, picks in zip(charts(app), wanted, strict=True):
        (heat,) = chart["data"]
        assert heat["z"] == [list(row) for row in picks.shares]
        assert chart["layout"]["xaxis"]["ticktext"] == list(CANDIDATES)
        assert chart["layout"]["yaxis"]["ticktext"] == list(picks.rows)
        assert heat["text"][0][0] == f"{100 * picks.shares[0][0]:.0f}"
    text = texts(app)
    assert "students of yew taken for oak, 52.4 %" in text  # 0.6 of all that 0.7 x 0.3 x 0.6 leaves
    assert "vit2 picks ash in 52.4 % of its draws; without any pull it would be 25 %" in text
    assert "family likeness" in text


def test_the_most_frequent_mistake_is_no_right_answer(committed: Path) -> None:
    text = texts(shown(committed, "Mistakes")[0])
    assert "The most frequent mistake: students of yew taken for oak, 20.1 %" in text  # 0.6 of what 0.7 x 0.95 leaves
    assert "There is no wrong one" not in text


def test_without_picks_the_page_says_so(committed: Path) -> None:
    app, _ = shown(committed, "Mistakes", confusions=(), independents=())
    assert "does not say who is taken for whom" in texts(app) and "what independent students pick" in texts(app)
    assert "Guessing would be" not in texts(app)


def test_the_table_is_what_is_drawn_or_everything(committed: Path) -> None:
    app, report = shown(committed)
    (table,) = app.dataframe
    assert len(table.value) == len(SHOWN_AT_FIRST) * len(NUMBERS) and "Score" not in table.value.columns
    own = rows(report, dataset="grey", method="real", score="rp", group="all")[-1]
    line = table.value[(table.value["Method"] == METHODS["real"][0]) & (table.value["Probes"] == 100)].iloc[0]
    assert line["Accuracy"] == pytest.approx(100 * own.accuracy.value)
    assert line["Accuracy high"] == 100 * own.accuracy.high
    assert line["AUC"] == own.auc.value and line["Students"] == own.students
    app.toggle(key="benchmark_all_rows").set_value(True).run()
    (table,) = app.dataframe
    assert len(table.value) == len(report.rows) and {"Data set", "Score"} < set(table.value.columns)
    assert "Table (CSV)" in labels(app, "download_button")


@pytest.mark.parametrize("tab", TABS)
def test_every_chart_has_title_axes_and_words(committed: Path, tab: str) -> None:
    app, _ = shown(committed, tab)
    found = app.get("plotly_chart")
    assert len(found) == {"Mistakes": 2, "Kinds of answers": 0}.get(tab, 1)
    for chart in found:
        layout = json.loads(chart.proto.spec)["layout"]
        assert layout["title"]["text"] and chart.proto.alt.startswith(layout["title"]["text"])
        assert layout["xaxis"]["title"]["text"] and layout["yaxis"]["title"]["text"]


@pytest.mark.parametrize("tab", TABS)
def test_names_are_shown_as_text(committed: Path, tab: str) -> None:
    hostile = NamedMethod(label="<b>x</b> **y** [z](http://a)", explanation="<i>:material/home:</i>")
    report = make_report()
    named = {key: dict.fromkeys(getattr(report, key), hostile) for key in ("methods", "scores", "groups", "datasets")}
    named["methods"] = named["methods"] | {"inversion_no_mix": hostile.model_copy(update={"ablates": "inversion"})}
    app, _ = shown(committed, tab, **named)
    assert "**y**" not in texts(app) and "<b>" not in texts(app) and " :material/home:" not in texts(app)
    for chart in charts(app):
        for trace in chart["data"]:
            assert "<b>" not in json.dumps([trace.get(key) for key in ("name", "text", "hovertext")])
        notes = [
            note["text"].removeprefix("<b>").removesuffix("</b>") for note in chart["layout"].get("annotations", [])
        ]
        assert "<b>" not in json.dumps(notes)


def _in_order(names: list[str]) -> list[str]:
    """The default first, then as the report lists them."""
    return sorted(names, key=lambda name: (name != "generator", list(METHODS).index(name)))

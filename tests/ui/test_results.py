"""The Results page: what it says, and that it says no more than was found."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

import core.ui.results.truth
from core.quantities import number
from core.reports.summary import LIMITS, WEAKER, score_label
from core.results import Results
from core.runs.folder import RunFolder
from core.scoring.table import REPORTED
from core.ui.results.downloads import file_name
from core.ui.text import plain
from core.zoo.cards import ModelCard
from tests.support.answers import CANDIDATES
from tests.support.pages import labels, open_page, texts
from tests.support.runs import make_run

RESULTS = "pages/results.py"
WORDS = "This student has no BatchNorm layers."
TABS = ("Ranking", "Baselines", "Probes", "Details")


def open_results(folder: RunFolder, tab: str = "Ranking") -> AppTest:
    app = open_page(RESULTS, query={"run": folder.run}, state={"results_tabs": tab})
    assert not app.exception and not app.error
    return app


def found(folder: RunFolder) -> Results:
    results = folder.results()
    assert results
    return results


def charts(app: AppTest) -> list[dict[str, object]]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def values(chart: dict[str, object]) -> list[float]:
    return [x for trace in chart["data"] for x in trace["x"]]


def cells(app: AppTest) -> str:
    """Every cell of every table, a row a line."""
    rows = (row for table in app.table for row in table.value.to_numpy().tolist())
    return "\n".join(" | ".join(str(cell).replace("\n", " ") for cell in row) for row in rows)


def test_without_a_run_it_shows_the_ways_on() -> None:
    app = open_page(RESULTS)
    assert not app.exception and "No audit is open" in texts(app)


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled", "interrupted"])
def test_a_run_without_results_points_at_its_progress(status: str) -> None:
    app = open_results(make_run(status))
    assert "no results yet" in texts(app) and "Go to this audit" in labels(app, "page_link")


def test_the_verdict_in_its_words() -> None:
    folder = make_run("done")
    app, verdict = open_results(folder), found(folder).verdict
    assert app.subheader[0].value == verdict.sentence and "not yet evidence" in verdict.sentence
    text = texts(app)
    assert "Verdict: ranking only" in text and verdict.why in text
    assert all(step in text for step in verdict.stronger)
    assert all(limit in text for limit in LIMITS)


def test_bars_are_the_ranking() -> None:
    folder = make_run("done")
    (chart,) = charts(open_results(folder))
    assert values(chart) == pytest.approx([entry.score for entry in found(folder).ranking])
    assert chart["layout"]["title"]["text"] and chart["layout"]["xaxis"]["title"]["text"] == "Excess correlation"


@pytest.mark.parametrize("score", list(REPORTED))
def test_bars_by_any_score_best_first(score: str) -> None:
    folder = make_run("done")
    app = open_results(folder)
    app.selectbox(key="results_score").set_value(score).run()
    drawn = values(charts(app)[0])
    assert drawn == sorted(
        (entry.scores[score].value for entry in found(folder).ranking), reverse=REPORTED[score].higher_is_better
    )
    assert REPORTED[score].explanation in texts(app)


def test_every_score_of_every_candidate_stands_in_the_table() -> None:
    folder = make_run("done")
    app = open_results(folder)
    (table,) = app.table
    assert list(table.value.columns)[2].startswith(score_label("excess_correlation"))
    lines = cells(app).splitlines()
    for line, entry in zip([line for line in lines if "**" in line], found(folder).ranking, strict=True):
        assert f"**{entry.candidate}**" in line
        for estimate in entry.scores.values():
            assert number(estimate.value) in line


def test_the_best_of_each_score_is_bold() -> None:
    folder = make_run("done")
    (table,) = open_results(folder).table
    for name, score in REPORTED.items():
        (column,) = [c for c in table.value.columns if c.startswith(score.label + " ")]
        estimates = {entry.candidate: entry.scores[name].value for entry in found(folder).ranking}
        best = (max if score.higher_is_better else min)(estimates, key=estimates.__getitem__)
        bold = [row["Candidate"] for _, row in table.value.iterrows() if row[column].startswith("**")]
        assert bold == [f"**{best}**"]


def test_baselines_stand_beside_the_synthesised_probes_on_one_axis() -> None:
    folder = make_run("done")
    app = open_results(folder, "Baselines")
    drawn = charts(app)
    assert [c["layout"]["title"]["text"] for c in drawn] == [
        "Synthesised probes",
        "White noise",
        "Structured random images",
    ]
    assert len({tuple(c["layout"]["xaxis"]["range"]) for c in drawn}) == 1
    for chart, baseline in zip(drawn[1:], found(folder).baselines, strict=True):
        assert values(chart) == pytest.approx([entry.score for entry in baseline.ranking])
    first = [line.split(" | ")[1:3] for line in cells(app).splitlines() if line.startswith("**")]
    assert first == [["resnet14", "–"], ["wideresnet10", "no"], ["resnet14", "yes"]]


def test_details_name_settings_costs_and_versions() -> None:
    folder = make_run("done", urls=True)
    app, results = open_results(folder, "Details"), found(folder)
    text = cells(app)
    assert "model-0 at http:\u2060//127.0.0.1:\u20608080" in text
    assert f"{results.queries.sent:,}" in text and "98,442" in text
    assert all(plain(version) in text for version in results.versions.values())
    assert results.student.sha256 in [code.value for code in app.code]


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("candidates", [CANDIDATES[:1], CANDIDATES[:2]])
def test_few_candidates(tab: str, candidates: tuple[str, ...]) -> None:
    open_results(make_run("done", candidates=candidates), tab)


@pytest.mark.parametrize("tab", TABS)
def test_strangers_text_is_never_markup(tab: str) -> None:
    hostile = ("<script>x</script>", "[a](http://evil.example)", ":material/home:", "$x$", "**b**", "=1+1")
    names = [f"{name} {i}" for i, name in enumerate(hostile * 2)][:10]
    folder = make_run("done", name=hostile[0], candidates=hostile, class_names=names, problems=(hostile[1],))
    app = open_results(folder, tab)
    text = texts(app) + cells(app) + "".join(labels(app, "button"))
    assert not [name for name in hostile[:5] if name in text]


def test_a_failed_check_is_said_beside_the_verdict() -> None:
    app = open_results(make_run("done", problems=("only 31 % on target",)))
    assert "only 31 % on target" in app.warning[0].value


def test_weaker_evidence_is_marked_beside_the_verdict() -> None:
    folder = make_run("done")
    assert WEAKER not in texts(open_results(folder))
    results = found(folder)
    folder.write_results(results.model_copy(update={"verdict": results.verdict.model_copy(update={"caution": WORDS})}))
    app = open_results(folder)
    assert WORDS in app.warning[0].value and WEAKER in app.warning[0].value


def test_the_truth_is_hidden_until_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    card = ModelCard(
        id="amber", role="student", architecture="zoo:convnet4", family="plain", data="d", loss="kd",
        true_teacher="vgg7", seed=0, epochs=1, parameters=1, accuracy=0.9, sha256="ab" * 32,
    )  # fmt: skip
    monkeypatch.setattr(core.ui.results.truth, "demo_students", lambda: [card])
    app = open_results(make_run("done", student_sha256=card.sha256))
    assert "was distilled from **vgg7**" not in texts(app)
    app.toggle[0].set_value(True).run()
    assert "was distilled from **vgg7**" in texts(app)
    assert not open_results(make_run("done", student_sha256="cd" * 32)).toggle


def test_results_of_another_version_are_an_error_with_a_remedy() -> None:
    folder = make_run("done")
    (folder.path / "results.json").write_text('{"schema_version": 99}')
    app = open_page(RESULTS, query={"run": folder.run})
    assert not app.exception and "cannot be read" in app.error[0].value and "Run the audit again" in app.error[0].value


def test_four_downloads() -> None:
    app = open_results(make_run("done"))
    assert labels(app, "download_button") == ["Report (HTML)", "Findings (JSON)", "Scores (CSV)", "Answers (CSV)"]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Demo: amber", "audit-demo-amber-"), ("../../etc", "audit-etc-"), ("审计", "audit-"), ("Audit 7", "audit-7-"),
        ("x" * 80, f"audit-{'x' * 40}-"), ("CON", "audit-con-"),
    ],
)  # fmt: skip
def test_file_names_suit_every_system(name: str, file: str) -> None:
    folder = make_run("done", name=name)
    assert file_name(found(folder)) == file + folder.run[:8]

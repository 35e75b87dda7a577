"""What the Benchmark page says of its report in words; which report it shows, and what it says without one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.bench.report import NUMBERS, Interval, Report, workspace_report
from core.ui.benchmark.report import load
from tests.support.benchmark import DATASETS, GROUPS, PAGE, TABS, make_report, rows, shown, write_report
from tests.support.pages import open_page, texts


def with_accuracy(report: Report, value: float, **names: str) -> Report:
    """The report, with another accuracy in every row of these names."""
    changed = {id(row) for row in rows(report, **names)}
    new = Interval(value=value, low=value - 0.01, high=value + 0.01)
    kept = [replace(row, accuracy=new) if id(row) in changed else row for row in report.rows]
    return report.model_copy(update={"rows": tuple(kept)})


def test_without_a_report_it_says_how_to_make_one(committed: Path) -> None:
    app = open_page(PAGE)
    assert not app.exception and not app.error and not app.get("plotly_chart")
    assert "no benchmark report here yet" in texts(app)
    commands = app.code[0].value
    assert all(f"python -m core bench {part}" in commands for part in ("zoo", "run", "report"))


def test_the_report_of_this_version_can_be_shown() -> None:
    app = open_page(PAGE)
    assert not app.exception and not app.error


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": "0"}', "\x00", make_report().model_dump_json()[:-1]])
def test_a_damaged_report_is_one_clear_message(committed: Path, text: str) -> None:
    committed.write_text(text)
    app = open_page(PAGE)
    assert not app.exception and not app.get("plotly_chart")
    assert "There is no benchmark report in benchmark.json" in app.error[0].value
    assert "python" in app.error[0].value and "bench report" in app.error[0].value


def test_the_default_is_told_for_each_data_set_and_number_of_questions(committed: Path) -> None:
    app, report = shown(committed)
    assert [metric.label for metric in app.metric] == [
        f"{n} question{'s' if n > 1 else ''}" for _ in DATASETS for n in NUMBERS
    ]
    default = [
        row for name in DATASETS for row in rows(report, dataset=name, method="generator", score="rp", group="all")
    ]
    assert [metric.value for metric in app.metric] == [
        f"{row.accuracy.value:.0%}".replace("%", " %") for row in default
    ]
    ranges = [f"{row.accuracy.low:.0%} to {row.accuracy.high:.0%}".replace("%", " %") for row in default]
    assert [caption.value for caption in app.caption if " to " in caption.value][: len(ranges)] == ranges


def test_the_words_name_guessing_draws_and_what_a_ranking_is_not(committed: Path) -> None:
    text = texts(shown(committed, draws=17)[0])
    assert "1 time in 4 (25 %)" in text and "17 sets" in text and "from 4 candidates" in text
    assert "A ranking is no verdict" in text
    assert "Version 1.2.3" in text and "2 Jan 2026" in text


@pytest.mark.parametrize(("half", "claim"), [("held_out", "Nothing was tuned"), ("tuning", "flatter")])
@pytest.mark.parametrize("small", [True, False])
def test_what_figures_are_worth_depends_on_the_half_and_size(
    committed: Path, half: str, claim: str, small: bool
) -> None:
    text = texts(shown(committed, half=half, small=small)[0])
    assert claim in text and ("Nothing was tuned" in text) == (half == "held_out")
    assert ("trial run" in text) == small


def test_the_worst_groups_are_those_of_the_report(committed: Path) -> None:
    app, report = shown(committed)
    line = next(markdown.value for markdown in app.markdown if "Where it fails" in markdown.value)
    worst = line.split("\n- ")[1:]
    assert [entry.partition("**:")[0].split("**")[1] for entry in worst[:2]] == ["Hard labels", "KD, transformer"]
    assert all(f"on {label}" in worst[0] for label in DATASETS.values())
    assert worst[0].count("no better than guessing") == 2 and "guessing" not in worst[1]

    write_report(committed, with_accuracy(report, 0.02, group="rkd", probes=100, dataset="grey"))
    app.run()
    line = next(markdown.value for markdown in app.markdown if "Where it fails" in markdown.value)
    assert line.split("\n- ")[1].startswith("**RKD**") and "2 % (1 % to 3 %) on Grey clothes" in line


def test_more_weak_groups_than_are_told_are_named(committed: Path) -> None:
    report = make_report()
    write_report(committed, with_accuracy(report, 0.6, probes=100))
    line = next(m.value for m in open_page(PAGE).markdown if "Where it fails" in m.value)
    told = [GROUPS[name][0] for name in GROUPS if name != "all"]
    assert all(f"**{label}**" in line for label in told[:3])
    assert line.endswith(f"Below 90 % as well: {told[3]}.")


def test_without_a_weak_group_the_lowest_is_named(committed: Path) -> None:
    strong = with_accuracy(with_accuracy(make_report(), 0.98, probes=100), 0.95, group="rkd", probes=100)
    write_report(committed, strong)
    line = next(m.value for m in open_page(PAGE).markdown if "Where it fails" in m.value)
    assert "No group of students is below 90 %" in line
    assert "**RKD**" in line and "Hard labels" not in line


@pytest.mark.parametrize("tab", TABS)
def test_a_default_that_was_not_run_is_no_error(committed: Path, tab: str) -> None:
    app, _ = shown(committed, tab, default_method="of_the_future", default_score="another")
    assert texts(app).count("the default was not run on all students") == len(DATASETS)
    assert "too few students to tell" in texts(app) and not app.metric
    assert app.get("plotly_chart") or app.table or "does not compare the default with anything" in texts(app)


def test_an_own_run_is_offered_beside_the_committed_results(committed: Path) -> None:
    write_report(workspace_report(), make_report(version="9.9.9"))
    alone = open_page(PAGE)
    assert "Version 9.9.9" in texts(alone) and "came without results" in texts(alone)

    app, _ = shown(committed)
    assert "Version 1.2.3" in texts(app)
    app.button_group(key="benchmark_source").set_value("own").run()
    assert "Version 9.9.9" in texts(app)
    workspace_report().write_text("damaged")
    app.run()
    assert "There is no benchmark report in report.json" in app.error[0].value
    app.button_group(key="benchmark_source").set_value("committed").run()
    assert not app.error and "Version 1.2.3" in texts(app)


def test_a_report_is_read_once_until_it_changes(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(committed)
    first = load(committed)
    assert load(committed) is first
    write_report(committed, make_report(version="2"))
    assert load(committed).version == "2"

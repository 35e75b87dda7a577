"""Home: the demo card, the truth kept back, recent runs, the sidebar."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

import core.ui.home.demo_card
from core.config import AuditConfig
from core.errors import InputError
from core.runs.folder import RunFolder
from core.ui.home.recent import SHOWN
from core.zoo.cards import demo_students
from tests.support.pages import labels, open_page, texts
from tests.support.runs import make_run

START = "Run the demo audit"


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def opened_run(app: AppTest) -> str:
    """The run that the page's address names."""
    value = app.query_params["run"]
    return value[0] if isinstance(value, list) else value


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[AuditConfig]:
    """What was started, in place of a worker."""
    configs: list[AuditConfig] = []

    def start(config: AuditConfig) -> RunFolder:
        configs.append(config)
        return make_run("queued", name=config.name)

    monkeypatch.setattr(core.ui.home.demo_card, "start_run", start)
    return configs


def test_first_visit_invites() -> None:
    app = open_page()
    assert not app.exception and not app.error
    assert "No audits yet" in texts(app)
    assert START in labels(app, "button")
    assert "1,812 queries to 6 models on this machine" in texts(app)


def test_students_are_told_apart_by_name_and_architecture_only() -> None:
    app = open_page()
    expected = {f"{card.id} · {card.architecture.removeprefix('zoo:')}" for card in demo_students()}
    assert set(app.selectbox(key="demo_student").options) == expected
    assert not {card.true_teacher for card in demo_students() if card.true_teacher} & set(texts(app).split())


@pytest.mark.parametrize(("effort", "queries"), [("quick", "912"), ("standard", "1,812"), ("thorough", "5,412")])
def test_effort_says_what_it_asks(effort: str, queries: str) -> None:
    app = open_page()
    app.button_group(key="demo_effort").set_value(effort).run()
    assert f"{queries} queries" in texts(app)


def test_demo_starts_with_what_was_chosen_and_leads_to_its_run(started: list[AuditConfig]) -> None:
    app = open_page()
    app.selectbox(key="demo_student").set_value("coral")
    app.button_group(key="demo_effort").set_value("quick").run()
    press(app, START)
    (config,) = started
    assert (config.student.checkpoint.stem, config.effort, config.serve) == ("coral", "quick", "demo")
    assert RunFolder.open(opened_run(app)).manifest().config.name == config.name


def test_a_demo_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(config: AuditConfig) -> RunFolder:
        raise InputError("the disk is full", remedy="delete old runs")

    monkeypatch.setattr(core.ui.home.demo_card, "start_run", refuse)
    app = press(open_page(), START)
    assert not app.exception
    assert app.error[0].value == "**The disk is full.**\n\nDelete old runs."


@pytest.mark.parametrize("card", demo_students(), ids=lambda card: card.id)
def test_truth_is_told_when_asked(card) -> None:
    app = open_page()
    app.selectbox(key="demo_student").set_value(card.id).run()
    assert not app.info
    app.toggle[0].set_value(True).run()
    told = app.info[0].value
    assert (f"distilled from **{card.true_teacher}**" if card.true_teacher else "distilled from nobody") in told


def test_truth_of_one_student_is_not_shown_for_another() -> None:
    app = open_page()
    app.toggle[0].set_value(True).run()
    app.selectbox(key="demo_student").set_value("grove").run()
    assert not app.info


def test_recent_runs_are_the_latest_in_order() -> None:
    now = datetime.now(UTC)
    for age in range(SHOWN + 2):
        make_run("done", name=f"Run number {age}", created=now - timedelta(hours=age))
    shown = [value.splitlines()[0] for value in (m.value for m in open_page().markdown) if value.startswith("**Run")]
    assert [line.strip() for line in shown] == [f"**Run number {age}**" for age in range(SHOWN)]


def test_done_runs_lead_to_results_and_show_their_first_place() -> None:
    folder = make_run("done")
    app = open_page()
    first = folder.results().ranking[0].candidate
    assert any(element.value.endswith(f"  \n{first}") for element in app.markdown)
    assert labels(app, "page_link").count("Results") == 1


@pytest.mark.parametrize(("status", "shown"), [("running", "%"), ("queued", "waiting")])
def test_sidebar_tells_what_is_going_on(status: str, shown: str) -> None:
    make_run(status, name="Night watch")
    links = [link.label for link in open_page().sidebar.get("page_link")]
    assert any("Night watch" in label and shown in label for label in links)


def test_a_long_line_is_cut_short_in_the_sidebar() -> None:
    for number in range(7):
        make_run("queued", name=f"Waiting {number}")
    sidebar = open_page().sidebar
    assert sum("Waiting" in link.label for link in sidebar.get("page_link")) == 5
    assert "and 2 more in line" in [caption.value for caption in sidebar.caption]


def test_sidebar_is_silent_when_nothing_goes_on() -> None:
    make_run("done", name="Night watch")
    links = [link.label for link in open_page().sidebar.get("page_link")]
    assert links == ["Home", "New audit", "History", "Benchmark", "Guide"]


def test_names_of_runs_are_text_not_markup() -> None:
    make_run("done", name="[x](http://127.0.0.1) :red[y] $z$")
    title = next(m.value.splitlines()[0] for m in open_page().markdown if "127" in m.value)
    assert not re.search(r"(?<!\\)[\[\]$]|:red", title)

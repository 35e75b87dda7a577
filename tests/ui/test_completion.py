"""A run that ended without all answers: what its pages say of it, and how one goes on from there."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

import core.ui.runs.resume
from core.errors import AuditError, OverBudget, TeacherError
from core.events import Connected, Lost
from core.results import Shortfall, Unreachable
from core.runs.folder import RunFolder
from core.runs.records import Budgets, ErrorReport
from core.ui.runs.progress import follow
from tests.support.pages import labels, open_page, texts
from tests.support.runs import make_run


@pytest.fixture
def resumed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Budgets]]:
    """Runs that were gone on with, and what they might spend then, in place of a worker."""
    calls: list[tuple[str, Budgets]] = []
    monkeypatch.setattr(
        core.ui.runs.resume, "resume_run", lambda folder, keys: calls.append((folder.run, folder.budgets()))
    )
    return calls


def incomplete(**missing: object) -> RunFolder:
    folder = make_run("done")
    folder.write_results(folder.results().model_copy(update=missing))
    return folder


def opened(folder: RunFolder, page: str = "pages/results.py") -> AppTest:
    app = open_page(page, query={"run": folder.run})
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()


def test_a_complete_run_has_nothing_to_go_on_with() -> None:
    assert "Retry" not in " ".join(labels(opened(make_run("done")), "button"))


@pytest.mark.parametrize("page", ["pages/results.py", "pages/run.py"])
def test_a_candidate_that_was_not_reached_can_be_tried_again(page: str, resumed: list[tuple[str, Budgets]]) -> None:
    lost = Unreachable(candidate="dead", message="dead: nobody answers at http://host. Start the server.")
    folder = incomplete(unreachable=(lost,))
    app = opened(folder, page)
    assert "**dead** could not be asked, and is not ranked: nobody answers" in texts(app)
    assert "Done, in part" in texts(app) and "Start the server" in texts(app)
    press(app, "Retry this candidate")
    assert [run for run, _ in resumed] == [folder.run]


def test_a_budget_is_raised_to_what_it_takes(resumed: list[tuple[str, Budgets]]) -> None:
    folder = incomplete(shortfalls=(Shortfall(probe_set="pyramids", asked=10, planned=60),))
    folder.set_budgets(Budgets(run=300, candidates={"vgg7": 100}))
    spent = folder.results().queries
    app = opened(folder)
    assert "10 of 60" in texts(app)
    values = {field.label: field.value for field in app.number_input}
    assert values["Budget of vgg7"] == spent.by_candidate["vgg7"] + 50 + 2  # and two test images
    assert values["Budget of this audit"] == spent.sent + (50 + 2) * 6  # of the demo's candidates
    press(app, "Raise the budget and go on")
    ((run, budgets),) = resumed
    assert run == folder.run
    assert budgets == Budgets(run=values["Budget of this audit"], candidates={"vgg7": values["Budget of vgg7"]})


def test_a_budget_that_does_not_pay_for_a_test_can_be_raised(resumed: list[tuple[str, Budgets]]) -> None:
    lost = Unreachable(candidate="dear", message="the budget of dear is used up. Raise it.")
    folder = incomplete(unreachable=(lost,))
    folder.set_budgets(Budgets(candidates={"dear": 1}))
    app = opened(folder)
    assert {field.label: field.value for field in app.number_input} == {"Budget of dear": 3 * 100 + 2}
    press(app, "Raise the budget and go on")
    assert resumed == [(folder.run, Budgets(candidates={"dear": 302}))]


def test_a_budget_that_cannot_be_kept_resumes_nothing(
    resumed: list[tuple[str, Budgets]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = incomplete(shortfalls=(Shortfall(probe_set="pyramids", asked=10, planned=60),))
    folder.set_budgets(Budgets(run=300))
    app = opened(folder)

    def full(folder: RunFolder, budgets: Budgets) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(RunFolder, "set_budgets", full)
    press(app, "Raise the budget and go on")
    assert len(app.error) == 1 and not resumed


@pytest.mark.parametrize(
    "error", [OverBudget("the budget is used up", remedy="raise it"), TeacherError("x", remedy="y")]
)
def test_more_money_is_offered_where_it_helps(error: AuditError) -> None:
    folder = make_run("failed", error=ErrorReport.of(error))
    folder.set_budgets(Budgets(run=20))
    offered = "Raise the budget and go on" in labels(opened(folder, "pages/run.py"), "button")
    assert offered == isinstance(error, OverBudget)


def test_who_was_lost_is_shown_until_it_is_back() -> None:
    folder = make_run("running", phase="ask")
    folder.append_event(Lost(candidate="dead", message="dead is gone. Start it.").model_dump(mode="json"))
    app = opened(folder, "pages/run.py")
    assert any("dead is gone" in warning.value for warning in app.warning)
    back = Connected(candidate="dead", output="probs", num_classes=10, latency=0.01)
    folder.append_event(back.model_dump(mode="json"))
    assert follow(folder).lost == {}

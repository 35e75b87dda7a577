"""History: all runs with their state, to open, resume, delete."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

import core.ui.runs.resume
from core.errors import InputError
from core.runs.folder import RunFolder
from core.ui.runs.history import PAGE
from core.ui.words import STATUSES
from tests.support.pages import labels, open_page, texts
from tests.support.runs import make_run

HISTORY = "pages/history.py"


def names(app: AppTest) -> list[str]:
    """The names of the runs shown, in order."""
    titles = (element.value.splitlines()[0].strip() for element in app.markdown if ":small[:gray[" in element.value)
    return [title.strip("*") for title in titles if title.startswith("**")]


@pytest.fixture
def resumed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """Runs that were resumed, with their keys, in place of workers."""
    calls: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(core.ui.runs.resume, "resume_run", lambda folder, keys: calls.append((folder.run, dict(keys))))
    return calls


def with_keys(folder: RunFolder, variables: list[str]) -> RunFolder:
    """The same run, whose candidates name these variables for their keys."""
    manifest = folder.manifest()
    named = [
        candidate.model_copy(update={"key_env": variable})
        for candidate, variable in zip(manifest.config.candidates, variables, strict=False)
    ]
    config = manifest.config.model_copy(update={"candidates": tuple(named)})
    text = manifest.model_copy(update={"config": config}).model_dump_json()
    (folder.path / "manifest.json").write_text(text)
    return folder


def test_without_runs_it_shows_the_way_home() -> None:
    app = open_page(HISTORY)
    assert not app.exception
    assert "No audits yet" in texts(app)


@pytest.mark.parametrize("status", list(STATUSES))
def test_each_state_has_its_badge_and_what_can_be_done(status: str) -> None:
    make_run(status, name="The one")
    app = open_page(HISTORY)
    assert STATUSES[status].label in texts(app)
    assert ("Resume" in labels(app, "button")) == (status in ("failed", "cancelled", "interrupted"))
    assert ("Delete for good" in labels(app, "button")) == (status not in ("queued", "running"))
    assert ("Results" in labels(app, "page_link")) == (status == "done")


def test_hundreds_of_runs_come_in_pages() -> None:
    now = datetime.now(UTC)
    for age in range(2 * PAGE + 1):
        make_run("queued", name=f"R{age}", created=now - timedelta(hours=age))
    app = open_page(HISTORY)
    assert names(app) == [f"R{age}" for age in range(PAGE)]
    app.get("pagination")[0].set_value(3).run()
    assert names(app) == [f"R{2 * PAGE}"]
    assert f"{2 * PAGE + 1} audits" in texts(app)


def test_search_and_states_narrow_the_list() -> None:
    make_run("done", name="Alpha", student="amber")
    make_run("failed", name="Beta", student="basil")
    make_run("cancelled", name="Gamma", student="amber")
    app = open_page(HISTORY)
    app.text_input(key="history_search").set_value("AMBER").run()
    assert sorted(names(app)) == ["Alpha", "Gamma"]
    app.button_group(key="history_states").set_value(["cancelled"]).run()
    assert names(app) == ["Gamma"]
    assert "1 of 3 audits" in texts(app)


def test_a_narrower_list_shows_its_first_page() -> None:
    for number in range(PAGE + 1):
        make_run("queued", name=f"R{number}")
    make_run("done", name="Needle")
    app = open_page(HISTORY)
    app.get("pagination")[0].set_value(2).run()
    app.text_input(key="history_search").set_value("needle").run()
    assert names(app) == ["Needle"]


def test_delete_is_a_second_press_away() -> None:
    make_run("done", name="Kept")
    folder = make_run("done", name="Old one")
    app = open_page(HISTORY)
    assert folder.path.exists()
    app.button(key=f"delete_{folder.run}").click().run()
    assert not folder.path.exists()
    assert names(app) == ["Kept"]


def test_a_run_that_was_resumed_elsewhere_is_not_deleted() -> None:
    folder = make_run("failed")
    app = open_page(HISTORY)
    folder.write_state(make_run("running").state())
    app.button(key=f"delete_{folder.run}").click().run()
    assert folder.path.exists() and not app.exception


def test_resume_goes_on_and_leads_to_the_run(resumed: list[tuple[str, dict[str, str]]]) -> None:
    folder = make_run("interrupted")
    app = open_page(HISTORY)
    app.button(key=f"{folder.run}_resume").click().run()
    assert resumed == [(folder.run, {})]
    assert folder.run in app.query_params["run"]


def test_resume_asks_for_keys_that_nothing_remembers(
    resumed: list[tuple[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNOWN_KEY", "set")
    folder = with_keys(make_run("failed", urls=True), ["AUDIT_KEY_1", "KNOWN_KEY", "AUDIT_KEY_1", "AUDIT_KEY_2"])
    app = open_page(HISTORY)
    fields = [field for field in app.text_input if field.key.startswith(folder.run)]
    assert [field.label for field in fields] == ["Key for resnet14, mobilenetv2", "Key for densenet22"]
    fields[0].set_value("sesame-one")
    press_resume(app)
    assert resumed == [] and "Every key is needed" in texts(app)
    app.text_input(key=f"{folder.run}_AUDIT_KEY_2").set_value("sesame-two")
    press_resume(app)
    assert resumed == [(folder.run, {"AUDIT_KEY_1": "sesame-one", "AUDIT_KEY_2": "sesame-two"})]
    assert "sesame-one" not in (folder.path / "manifest.json").read_text()


def press_resume(app: AppTest) -> None:
    next(button for button in app.button if button.label == "Resume the audit").click().run()


def test_a_resume_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: RunFolder, keys: dict[str, str]) -> None:
        raise InputError("a run that is done cannot be resumed", remedy="open it instead")

    monkeypatch.setattr(core.ui.runs.resume, "resume_run", refuse)
    folder = make_run("interrupted")
    app = open_page(HISTORY)
    app.button(key=f"{folder.run}_resume").click().run()
    assert "cannot be resumed" in app.error[0].value and not app.exception


@pytest.mark.parametrize("manifest", ["{", '{"run": "by a later version"}'])
@pytest.mark.parametrize("others", [0, 1])
def test_a_run_of_another_version_says_so_and_can_be_deleted(manifest: str, others: int) -> None:
    whole = [make_run("done", name="Whole") for _ in range(others)]
    foreign = make_run("done", name="Foreign")
    (foreign.path / "manifest.json").write_text(manifest)
    app = open_page(HISTORY)
    assert not app.exception and names(app) == ["Whole"] * others + [f"Run {foreign.run[:8]}"]
    assert "Another version of this program wrote it" in texts(app) and "No audits yet" not in texts(app)
    app.button(key=f"delete_{foreign.run}").click().run()
    assert not foreign.path.exists() and all(run.path.exists() for run in whole)
    assert names(app) == ["Whole"] * others


@pytest.mark.parametrize("results", ["{", '{"schema_version": 2}'])
def test_results_of_another_version_leave_the_list_as_it_is(results: str) -> None:
    (make_run("done", name="Foreign").path / "results.json").write_text(results)
    make_run("failed", name="Whole")
    app = open_page(HISTORY)
    assert not app.exception and not app.error
    assert sorted(names(app)) == ["Foreign", "Whole"]

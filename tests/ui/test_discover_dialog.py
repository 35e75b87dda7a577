"""Discovery over the set-up page: what was found is offered, and goes into the list."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

import core.ui.candidates.discover_dialog
from core.candidates import CandidateConfig
from core.discovery.discover import Finding
from core.errors import TeacherError
from core.ui.candidates.rows import row_of
from tests.support.pages import open_page, texts

FOUND = tuple(
    Finding(CandidateConfig(name=name, url="http://127.0.0.1:9000", model=name), (1, 28, 28), "It says so.")
    for name in ("oak", "elm")
)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def looked(monkeypatch: pytest.MonkeyPatch, answer: object, *rows: CandidateConfig) -> tuple[AppTest, list[object]]:
    """The dialog after a look, and what was looked for."""
    asked: list[object] = []

    def discover(url: str, *, key_env: str | None, model: str | None) -> tuple[Finding, ...]:
        asked.append((url, key_env, model))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(core.ui.candidates.discover_dialog, "discover", discover)
    app = press(open_page("pages/setup.py", state={"setup_rows": [row_of(row) for row in rows]}), "Discover")
    fields = {field.label: field for field in app.text_input if "discovery" in (field.key or field.form_id or "")}
    fields["Address"].set_value("127.0.0.1:9000")
    return press(app, "Look"), asked


def test_what_is_chosen_goes_into_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    app, asked = looked(monkeypatch, FOUND)
    assert asked == [("127.0.0.1:9000", None, None)]
    assert texts(app).count("It says so.") == 1  # of both
    boxes = [box for box in app.checkbox if "oak" in box.label or "elm" in box.label]
    assert [box.value for box in boxes] == [True, True] and "1 × 28 × 28" in boxes[0].label
    boxes[0].set_value(False).run()
    app = press(app, "Add it to the list")
    assert app.session_state["setup_rows"] == [row_of(FOUND[1].candidate)]


def test_what_the_list_has_is_not_chosen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = looked(monkeypatch, FOUND, FOUND[0].candidate)
    assert [box.value for box in app.checkbox if "oak" in box.label or "elm" in box.label] == [False, True]


def test_where_nothing_is_found_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = looked(monkeypatch, TeacherError("nobody answers at 127.0.0.1", remedy="start the server"))
    assert "obody answers" in app.error[0].value and "Start the server" in app.error[0].value

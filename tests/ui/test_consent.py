"""What is said before an audit sends anything, and that nothing starts before it is agreed to."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

import core.ui.setup.start
import core.ui.setup.student_check
from core.candidates import CandidateConfig
from core.config import AuditConfig
from core.students.inspection import Inspection
from core.ui.candidates.rows import row_of
from tests.support.pages import labels, open_page, texts
from tests.support.runs import make_run
from tests.support.setup import summary_of

EACH = 3 * 100 + 2  # sets times probes, and two test images
CANDIDATES = (
    CandidateConfig(name="dear", url="https://models.example.invalid/api", model="m", price=0.01),
    CandidateConfig(name="modest", url="http://127.0.0.1:9001", model="m", budget=50, price=0.1),
    CandidateConfig(name="mine", protocol="local", checkpoint="/tmp/x.safetensors", price=5.0),
)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[AuditConfig]:
    """What was started, in place of a worker."""
    calls: list[AuditConfig] = []
    monkeypatch.setattr(core.ui.setup.student_check, "inspect_checkpoint", lambda c: Inspection(summary=summary_of(c)))
    monkeypatch.setattr(
        core.ui.setup.start,
        "start_run",
        lambda config, keys: calls.append(config) or make_run("queued", name=config.name),
    )
    return calls


def page(*candidates: CandidateConfig, **state: object) -> AppTest:
    state |= {"setup_source": "demo", "setup_demo": "amber", "setup_rows": [row_of(one) for one in candidates]}
    return open_page("pages/setup.py", state=state)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def test_it_says_what_goes_where_and_for_how_much(started: list[AuditConfig]) -> None:
    app = press(page(*CANDIDATES), "Start the audit")
    table = app.dataframe[-1].value.set_index("Candidate")
    assert table["Host"].to_dict() == {
        "dear": "models.example.invalid", "modest": "127.0.0.1:9001", "mine": "this machine",
    }  # fmt: skip
    assert table["Images, at most"].to_dict() == {"dear": EACH, "modest": 50, "mine": 0}
    assert table["Cost, at most"].to_dict()["dear"] == f"{EACH * 0.01:.2f}"
    assert f"**{EACH + 50} images**" in texts(app)
    assert f"**{EACH * 0.01 + 50 * 0.1:.2f}**" in texts(app)
    assert not started
    press(app, "Send them and start")
    assert [config.candidates for config in started] == [CANDIDATES]


def test_the_audits_own_budget_is_the_most(started: list[AuditConfig]) -> None:
    app = press(page(CANDIDATES[0], setup_budget=120), "Start the audit")
    assert "**120 images**" in texts(app)
    assert any(f"{EACH:,}" in info.value for info in app.info)


def test_without_prices_there_is_no_word_of_any(started: list[AuditConfig]) -> None:
    app = press(page(CANDIDATES[0].model_copy(update={"price": None})), "Start the audit")
    assert "Cost, at most" not in app.dataframe[-1].value and "prices" not in texts(app)


def test_closed_it_starts_nothing(started: list[AuditConfig]) -> None:
    app = press(page(CANDIDATES[0]), "Start the audit")
    del app.session_state["dialog_open"]
    assert "Send them and start" not in labels(app.run(), "button")
    assert not started


def test_the_demos_candidates_need_none(started: list[AuditConfig]) -> None:
    press(page(setup_serve="demo"), "Start the audit")
    assert [config.serve for config in started] == ["demo"]

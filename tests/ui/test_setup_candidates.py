"""Setup, its second step: the candidates' table, keys, and the test of connections."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import core.ui.candidates.connection_test
import core.ui.setup.start
import core.ui.setup.student_check
import core.ui.setup.student_form
from core.candidates import CandidateConfig
from core.config import AuditConfig, candidates_to_toml, config_to_toml
from core.runs.folder import RunFolder
from core.students.inspection import Inspection
from core.teachers.base import Capabilities
from core.teachers.connection import ConnectionReport
from core.zoo.datasets.fashion_mnist import CLASS_NAMES
from tests.support.pages import open_page, texts
from tests.support.runs import make_run
from tests.support.setup import CANDIDATES, rows_of, summary_of

SETUP = "pages/setup.py"
SECRET = "sentinel-7f3a"
Asked = tuple[str | None, tuple[int, int, int], tuple[str, ...] | None]
STUDENT = {"setup_source": "demo", "setup_demo": "amber"}


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[AuditConfig, dict[str, str]]]:
    """What was started, in place of a worker."""
    calls: list[tuple[AuditConfig, dict[str, str]]] = []

    def start(config: AuditConfig, keys: Mapping[str, str]) -> RunFolder:
        calls.append((config, dict(keys)))
        return make_run("queued", name=config.name)

    monkeypatch.setenv("ONE_KEY", "from the environment")
    monkeypatch.setattr(core.ui.setup.start, "start_run", start)
    monkeypatch.setattr(core.ui.setup.student_form, "architectures", lambda: ["zoo:convnet4"])
    monkeypatch.setattr(core.ui.setup.student_check, "inspect_checkpoint", lambda c: Inspection(summary=summary_of(c)))
    return calls


def page(*candidates: CandidateConfig, **state: object) -> AppTest:
    return open_page(SETUP, state={**STUDENT, "setup_rows": rows_of(candidates), **state})


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def start(app: AppTest) -> AppTest:
    """Press the button, and agree to what will be sent."""
    return press(press(app, "Start the audit"), "Send them and start")


def rows(app: AppTest) -> list[str]:
    return [row["name"] for row in app.session_state["setup_rows"]]


def import_file(app: AppTest, text: str) -> AppTest:
    app.file_uploader(key="setup_candidates").set_value(("c.toml", text.encode(), "")).run()
    return press(app, "Replace the list")


# The table


def test_import_replaces_the_table_and_loses_nothing(started: list[tuple[AuditConfig, dict[str, str]]]) -> None:
    start(import_file(page(CANDIDATES[0]), candidates_to_toml(CANDIDATES)))
    assert started[0][0].candidates == CANDIDATES


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("candidates = 3", "lists no candidates"),
        ("[[candidates", "not a TOML file"),
        ('[[candidates]]\nname = "x"\nurl = "ftp://host"\nmodel = "m"', "http"),
        ("\ufeff\x00", "not a TOML file"),
    ],
)
def test_a_bad_import_is_explained_and_changes_nothing(text: str, fault: str) -> None:
    app = import_file(page(CANDIDATES[0]), text)
    assert fault in app.error[0].value and not app.exception
    assert rows(app) == ["one"]


def add(app: AppTest, name: str, url: str) -> AppTest:
    app = press(app, "Add")
    for label, value in {"Name": name, "Address": url, "Model": "m"}.items():
        next(f for f in app.text_input if f.label == label and f.key.startswith("setup_candidate")).set_value(value)
    return press(app, "Save")


def test_add_puts_a_row_below() -> None:
    app = add(page(CANDIDATES[0]), "new", "http://127.0.0.1:9009")
    assert rows(app) == ["one", "new"]
    assert app.session_state["setup_rows"][1] == {"name": "new", "url": "http://127.0.0.1:9009", "model": "m"}


@pytest.mark.parametrize(
    ("name", "url", "fault"),
    [
        ("", "http://127.0.0.1", "name"),
        ("new", "ftp://127.0.0.1", "http"),
        ("new", "http://user:pw@host", "password"),
        ("one", "http://127.0.0.1", "already"),
    ],
)
def test_add_refuses_what_cannot_be_asked(name: str, url: str, fault: str) -> None:
    app = add(page(CANDIDATES[0]), name, url)
    assert fault in app.error[0].value and rows(app) == ["one"]


def test_an_incomplete_row_is_named_and_holds_the_start_back() -> None:
    broken = [*rows_of(CANDIDATES[:1]), {**rows_of(CANDIDATES[1:2])[0], "url": None}]
    app = page(setup_rows=broken)
    assert any("Row 2 (two)" in warning.value and "url" in warning.value for warning in app.warning)
    assert next(b for b in app.button if b.label == "Start the audit").disabled


def test_two_of_one_name_hold_the_start_back() -> None:
    app = page(CANDIDATES[0], CANDIDATES[0])
    assert "wo candidates are called one" in texts(app)
    assert next(b for b in app.button if b.label == "Start the audit").disabled


@pytest.mark.parametrize(("count", "advised"), [(1, True), (2, True), (3, False)])
def test_few_candidates_are_advised_against(count: int, advised: bool) -> None:
    assert any("fewer than three" in info.value for info in page(*CANDIDATES[:count]).info) is advised


def test_the_table_outlives_another_page() -> None:
    app = page(*CANDIDATES)
    app.switch_page("pages/guide.py").run()
    app.switch_page(SETUP).run()
    assert rows(app) == ["one", "two", "three"]
    assert all(f"**{name}**" in texts(app) for name in ("one", "two", "three"))


# Keys


def typed(app: AppTest, candidate: str) -> AppTest:
    next(field for field in app.text_input if field.label == f"Key for {candidate}").set_value(SECRET).run()
    return app


@pytest.mark.parametrize("is_set", [True, False])
def test_keys_are_asked_for_where_no_variable_holds_one(is_set: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_set:
        monkeypatch.delenv("ONE_KEY")
    app = page(*CANDIDATES)
    labels = [field.label for field in app.text_input if field.label.startswith("Key for")]
    assert labels == ["Key for one", "Key for two", "Key for three"][is_set:]
    assert next(b for b in app.button if b.label == "Start the audit").disabled is not is_set


def test_a_typed_key_stands_in_for_a_missing_variable(
    started: list[tuple[AuditConfig, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONE_KEY")
    start(typed(page(*CANDIDATES), "one"))
    assert started[0][1] == {"ONE_KEY": SECRET}
    assert started[0][0].candidates == CANDIDATES


def test_keys_typed_for_one_variable_are_not_mixed_up(
    started: list[tuple[AuditConfig, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONE_KEY")
    app = page(CANDIDATES[0], CANDIDATES[1].model_copy(update={"key_env": "ONE_KEY"}))
    for field in [field for field in app.text_input if field.label.startswith("Key for")]:
        field.set_value(f"key of {field.label.removeprefix('Key for ')}")
    start(app.run())
    config, keys = started[0]
    assert [keys[candidate.key_env or ""] for candidate in config.candidates] == ["key of one", "key of two"]


def test_a_typed_key_reaches_the_worker_and_nothing_else(started: list[tuple[AuditConfig, dict[str, str]]]) -> None:
    app = start(typed(page(*CANDIDATES), "two"))
    config, keys = started[0]
    (variable,) = keys
    assert keys[variable] == SECRET
    assert [candidate.key_env for candidate in config.candidates] == ["ONE_KEY", variable, None]
    assert SECRET not in config_to_toml(config)
    kept = {key: app.session_state[key] for key in ("setup_rows", "setup_reports") if key in app.session_state}
    assert SECRET not in repr(kept)


def test_a_typed_key_is_forgotten_with_the_page() -> None:
    app = typed(page(*CANDIDATES), "two")
    app.switch_page("pages/guide.py").run()
    app.switch_page(SETUP).run()
    field = next(field for field in app.text_input if field.label == "Key for two")
    assert field.value == ""


# Connections


def report(candidate: CandidateConfig) -> ConnectionReport:
    if candidate.name == "two":
        return ConnectionReport(ok=False, message="two does not answer (connection refused). Start it.")
    return ConnectionReport(
        ok=True,
        message="answers",
        capabilities=Capabilities("probs", 10, 8, (1, 28, 28), f"id-{candidate.name}", 0.012, np.zeros((2, 10))),
        sums=(1.0, 0.98),
        top1=(3, 7),
        latency=0.012,
        warnings=("The probabilities do not sum to 1.",) if candidate.name == "three" else (),
    )


@pytest.fixture
def asked(
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Asked]:
    """Key, shape and class names that each candidate was tested with."""
    calls: dict[str, Asked] = {}

    def check(
        candidate: CandidateConfig,
        *,
        key: str | None,
        probe_shape: tuple[int, int, int],
        class_names: tuple[str, ...] | None,
    ) -> ConnectionReport:
        calls[candidate.name] = (key, probe_shape, class_names)
        return report(candidate)

    monkeypatch.setattr(core.ui.candidates.connection_test, "check_connection", check)
    return calls


def test_connections_are_tested_with_keys_and_the_students_shape(asked) -> None:
    press(typed(page(*CANDIDATES), "two"), "Test connections")
    shape, names = (1, 28, 28), CLASS_NAMES
    assert asked == {
        "one": ("from the environment", shape, names),
        "two": (SECRET, shape, names),
        "three": (None, shape, names),
    }


def test_what_came_back_is_shown(asked) -> None:
    app = press(page(*CANDIDATES), "Test connections")
    table = app.dataframe[-1].value.set_index("Candidate")
    assert table.loc["one", ["Result", "Answers", "Classes", "Sum", "Strongest class", "Latency"]].tolist() == [
        "✓ answers", "probabilities", 10, "1, 0.98", f"{CLASS_NAMES[3]}, {CLASS_NAMES[7]}", 12,
    ]  # fmt: skip
    assert table.loc["two", "Result"] == "✗ not usable"
    assert "connection refused" in app.error[0].value
    assert "**three**" in app.warning[0].value and "do not sum to 1" in app.warning[0].value


def test_a_missing_variable_is_reported_without_asking(asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONE_KEY")
    app = press(page(*CANDIDATES), "Test connections")
    assert "one" not in asked
    assert any("ONE" in error.value and "missing" in error.value for error in app.error)


def test_without_a_student_there_is_nothing_to_send() -> None:
    app = page(*CANDIDATES, setup_source="upload")
    assert next(b for b in app.button if b.label == "Test connections").disabled


def test_a_report_does_not_outlive_a_change(asked) -> None:
    app = press(page(*CANDIDATES[1:]), "Test connections")
    shown = len(app.dataframe)
    app = typed(app, "three")
    assert len(app.dataframe) == shown - 1


def test_labels_are_shown_whatever_a_server_calls_its_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Capabilities("top_k", 10, 8, None, "id", 0.01, np.zeros((2, 10)), matched={"\ud800": None, "coat": "Coat"})
    found = ConnectionReport(ok=True, message="answers", capabilities=known)
    monkeypatch.setattr(core.ui.candidates.connection_test, "check_connection", lambda candidate, **rest: found)
    app = press(page(CANDIDATES[1]), "Test connections")
    assert app.dataframe[-1].value["Its label"].tolist() == [" ", "coat"] and not app.exception

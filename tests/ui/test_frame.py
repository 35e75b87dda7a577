"""What every page begins with: runs named by an address, and errors that stay calm."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ui.frame import sentence
from tests.support.runs import make_run

PAGE = """
import streamlit as st
from core.ui.frame import frame, opened_run
frame("Probe", run=st.query_params.get("run"))
folder = opened_run("Probe")
st.markdown(f"opened {folder.run}")
"""


@pytest.fixture
def app(tmp_path: Path) -> AppTest:
    """An app of empty pages, whose home page asks for the run that its address names."""
    (tmp_path / "app.py").write_text(PAGE)
    (tmp_path / "pages").mkdir()
    for name in ("setup", "run", "results", "history", "benchmark", "guide"):
        (tmp_path / "pages" / f"{name}.py").touch()
    return AppTest.from_file(str(tmp_path / "app.py"), default_timeout=30)


def links(app: AppTest) -> list[str]:
    return [link.label for link in app.get("page_link")]


def test_without_a_run_the_page_stops_with_ways_on(app: AppTest) -> None:
    app.run()
    assert app.title[0].value == "Probe" and "No audit is open" in app.info[0].value and not app.markdown
    assert links(app) == ["Home", "History", "Home", "New audit", "History", "Benchmark", "Guide"]  # the sidebar's last


def test_a_run_is_opened_and_linked_in_the_sidebar(app: AppTest) -> None:
    folder = make_run("done")
    app.query_params["run"] = folder.run
    app.run()
    assert f"opened {folder.run}" in [element.value for element in app.markdown]
    assert {"Progress", "Results"} < set(links(app))


@pytest.mark.parametrize("run", ["", "0" * 32, "../../../etc/passwd", "<script>", "%00", "x" * 5000])
def test_an_unknown_run_stops_the_page_with_a_way_on(app: AppTest, run: str) -> None:
    app.query_params["run"] = run
    app.run()
    assert not app.exception
    assert "There is no run" in app.error[0].value and "Choose a run from the history" in app.error[0].value
    assert not [element for element in app.markdown if "opened" in element.value]
    assert links(app)[:2] == ["Home", "History"] and "Progress" not in links(app)


def test_a_deleted_run_loses_its_links(app: AppTest) -> None:
    folder = make_run("done")
    app.query_params["run"] = folder.run
    app.run()
    folder.delete()
    app.run()
    assert app.error and "Progress" not in links(app)


def raising(kind: str) -> None:
    from core.errors import InputError
    from core.ui.frame import guarded

    with guarded():
        if kind == "expected":
            raise InputError(
                "student.pt is too big", rule="at most 2 bytes", actual="3 *bytes*", remedy="choose a smaller one"
            )
        raise RuntimeError("the secret is 42")


def test_an_expected_error_names_rule_actual_value_and_remedy() -> None:
    app = AppTest.from_function(raising, args=("expected",)).run()
    assert not app.exception
    told = "**student.pt is too big (expected at most 2 bytes, got 3 \\*bytes\\*).**\n\nChoose a smaller one."
    assert app.error[0].value == told


def test_an_unexpected_error_stays_off_the_page_and_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "core.ui.frame"):
        app = AppTest.from_function(raising, args=("unexpected",)).run()
    assert not app.exception
    assert "Something unexpected went wrong" in app.error[0].value and "42" not in app.error[0].value
    assert "the secret is 42" in caplog.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the disk is full", "The disk is full."),
        ("there is none.", "There is none."),
        ("amber.pt is empty", "amber.pt is empty."),
    ],
)
def test_sentences_keep_names_as_they_are(text: str, shown: str) -> None:
    assert sentence(text) == shown

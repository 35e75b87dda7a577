"""The form of a candidate: what each way of asking needs, and that nothing entered is lost."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.candidates import CandidateConfig, Protocol, RequestForm
from core.ui.candidates.rows import row_of
from core.words import PROTOCOLS
from tests.support.pages import labels, open_page, texts

SETUP = "pages/setup.py"


def opened(*given: CandidateConfig) -> AppTest:
    """The form for a new candidate, or for the first of those that are there."""
    app = open_page(SETUP, state={"setup_rows": [row_of(candidate) for candidate in given]})
    return press(app, "Edit" if given else "Add")


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def field(app: AppTest, kind: str, label: str):
    """A field of the form, not of the page beneath."""
    return next(one for one in app.get(kind) if one.label == label and (one.key or "").startswith("setup_candidate_"))


def enter(app: AppTest, **values: str) -> AppTest:
    for label, value in values.items():
        field(app, "text_input", label.replace("_", " ")).set_value(value)
    return app


def saved(app: AppTest) -> dict[str, object]:
    app = press(app, "Save")
    assert not app.error, [error.value for error in app.error]
    (row,) = app.session_state["setup_rows"]
    return row


@pytest.mark.parametrize(
    ("protocol", "entered", "expected"),
    [
        (
            "open_inference",
            {"Address": "http://a", "Model": "m", "Version": "2"},
            {"url": "http://a", "model": "m", "version": "2"},
        ),
        ("triton", {"Address": "http://a", "Model": "m"}, {"url": "http://a", "model": "m"}),
        ("tf_serving", {"Address": "http://a", "Model": "m"}, {"url": "http://a", "model": "m"}),
        ("torchserve", {"Address": "http://a", "Model": "m"}, {"url": "http://a", "model": "m"}),
        ("hugging_face", {"Address": "http://a"}, {"url": "http://a"}),
        ("local", {"Checkpoint": __file__}, {"checkpoint": __file__}),
    ],
)  # fmt: skip
def test_each_way_of_asking_has_its_fields(
    protocol: Protocol, entered: dict[str, str], expected: dict[str, object]
) -> None:
    app = opened()
    field(app, "selectbox", "How it is asked").set_value(protocol).run()
    row = saved(enter(app, Name="new", **entered))
    named = {} if protocol == "open_inference" else {"protocol": protocol}
    assert row == {"name": "new", **named, **expected}


def test_every_protocol_is_offered() -> None:
    offered = field(opened(), "selectbox", "How it is asked").options
    assert offered == [choice.label for choice in PROTOCOLS.values()]


def test_a_preset_fills_the_form_of_a_service() -> None:
    app = opened()
    field(app, "selectbox", "How it is asked").set_value("generic").run()
    field(app, "selectbox", "Start from").set_value("litserve").run()
    row = saved(enter(app, Name="lit", Address="http://127.0.0.1:8000"))
    assert row["request"] == {"path": "predict", "body": '{"input": "$image"}', "answer": "output"}
    assert row["key_header"] == "X-API-Key"


def test_what_is_missing_is_said_and_nothing_is_saved() -> None:
    app = press(enter(opened(), Name="new", Address="http://a"), "Save")
    assert "lacks the model's name" in app.error[0].value
    assert app.session_state["setup_rows"] == []
    assert "Save" in labels(app, "button")


def test_a_checkpoint_that_is_not_there_is_not_saved() -> None:
    app = opened(CandidateConfig(name="mine", protocol="local", checkpoint="/nowhere/x.safetensors"))
    app = press(enter(app, Name="still mine"), "Save")
    assert "x.safetensors does not exist" in app.error[0].value
    assert app.session_state["setup_rows"][0]["name"] == "mine"


@pytest.mark.parametrize(("typed", "meant"), [("a.org/x", "https://a.org/x"), ("localhost:8", "http://localhost:8")])
def test_an_address_may_lack_its_scheme(typed: str, meant: str) -> None:
    assert saved(enter(opened(), Name="new", Address=typed, Model="m"))["url"] == meant


FULL = CandidateConfig(
    name="all",
    protocol="generic",
    url="https://models.example.org/api",
    key_env="SOME_KEY",
    key_header="X-API-Key",
    output="top_k",
    classes=("a", "b"),
    synonyms={"a": "Apple"},
    request=RequestForm(path="p", body='{"x": "$images"}', answer="y.0", headers={"X-Model": "m"}),
    pixels="signed",
    mean=(0.25, 0.5, 0.75),
    std=(0.1, 0.2, 0.3),
    size=(32, 40),
    layout="channels_last",
    max_batch=3,
    max_concurrency=4,
    requests_per_minute=5.0,
    timeout=6.0,
    budget=7,
    price=0.5,
)


def test_a_form_that_is_opened_and_saved_changes_nothing() -> None:
    assert saved(opened(FULL)) == row_of(FULL)


def test_another_name_is_all_that_changes() -> None:
    row = saved(enter(opened(FULL), Name="other"))
    assert row == {**row_of(FULL), "name": "other"}


def test_a_candidate_is_taken_off_the_list() -> None:
    app = press(open_page(SETUP, state={"setup_rows": [row_of(FULL)]}), "Remove")
    assert app.session_state["setup_rows"] == []
    assert "No candidate yet" in texts(app)


def test_where_others_use_the_app_no_file_of_this_machine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_SHARED", "1")
    local = CandidateConfig(name="mine", protocol="local", checkpoint="/tmp/x.safetensors")
    app = open_page(SETUP, state={"setup_rows": [row_of(local)]})
    assert "names a file of this machine" in texts(app)
    assert PROTOCOLS["local"].label not in field(press(app, "Add"), "selectbox", "How it is asked").options


@pytest.mark.parametrize(
    "odd",
    [
        {"timeout": 0.05, "requests_per_minute": 0.01},
        {"synonyms": {"x=1": "one", "y": "a=b"}},
        {"protocol": "local", "checkpoint": __file__, "url": "", "model": None},
    ],
)
@pytest.mark.parametrize("shared", ["", "1"])
def test_what_a_file_may_hold_is_kept_as_it_is(
    odd: dict[str, object], shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_SHARED", shared)
    candidate = CandidateConfig(**{"name": "odd", "url": "http://a", "model": "m"} | odd)
    assert saved(opened(candidate)) == row_of(candidate)


def test_a_row_that_is_gone_is_a_new_one() -> None:
    app = opened(CandidateConfig(name="gone", url="http://a", model="m"))
    app.session_state["setup_rows"] = []
    assert saved(app.run())["name"] == "gone" and not app.exception

"""What a checkpoint says of itself is shown as it stands: no markup of its own reaches the page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from streamlit.testing.v1 import AppTest

from core.ui.text import plain
from tests.support.pages import open_page, texts
from tests.support.setup import GREY

MARKUP = "<img src=x onerror=alert(1)> **bold** [link](javascript:alert(1)) :red[red] $x$"


def uploaded(name: str, **metadata: str) -> AppTest:
    """The page after an upload of a file of no model, with these metadata."""
    app = open_page("pages/setup.py", state={"setup_serve": "demo"})
    data = save({"weight": np.zeros((3, 4), np.float32)}, metadata)
    app.file_uploader(key="setup_upload").set_value((name, data, "")).run()
    assert not app.exception
    return app


def test_class_names_are_text() -> None:
    app = uploaded("s.safetensors", architecture="zoo:convnet4", class_names=json.dumps([MARKUP, "b", "c"]))
    (area,) = app.text_area
    assert area.value.splitlines()[0] == MARKUP  # an input, which knows no markup
    assert "onerror" not in texts(app)


def test_an_architecture_that_is_unknown_is_named_as_text_and_none_is_chosen_for_it() -> None:
    app = uploaded("s.safetensors", architecture=MARKUP, input=GREY.model_dump_json())
    (warning,) = app.warning
    assert plain(MARKUP) in warning.value and MARKUP not in texts(app)
    assert next(box for box in app.selectbox if box.label == "Architecture").value is None
    assert "choose the student's architecture" in texts(app)


def test_the_name_of_an_upload_is_text() -> None:
    app = uploaded("<b>**bold** $x$.safetensors", architecture="zoo:convnet4", input=GREY.model_dump_json())
    app.switch_page("pages/guide.py").run()
    app.switch_page("pages/setup.py").run()
    assert plain("<b>**bold** $x$.safetensors") in texts(app)
    assert "<b>**bold**" not in texts(app)


def test_files_of_the_allowed_folder_are_offered_by_their_plain_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_CHECKPOINTS", str(tmp_path))
    for name in ("<b>bold<", "**bold**"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(save({"weight": np.zeros((3, 4), np.float32)}))
    app = open_page("pages/setup.py", state={"setup_source": "folder"})
    choice = next(box for box in app.selectbox if box.label == "Checkpoint")
    assert choice.options == ["**bold**", "<b>bold<"]
    choice.set_value("<b>bold<").run()
    assert not app.exception and not app.error and "<b>" not in texts(app)

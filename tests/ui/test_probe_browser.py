"""The probe browser: the right image, the right answers, in the order asked for."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from scipy.stats import entropy
from streamlit.testing.v1 import AppTest

from core.runs.folder import RunFolder
from core.ui.results.probe_browser import MAX_CLASSES, MAX_ROWS, ORDERS, THUMBNAIL, Asked, _thumbnail
from tests.support.pages import open_page, texts
from tests.support.runs import CLASS_NAMES, make_run

RNG = np.random.default_rng(0)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def asked(candidates: int = 3, probes: int = 8, classes: int = 5) -> Asked:
    return Asked(
        np.zeros((probes, 1, 8, 8), np.uint8),
        np.zeros((probes, 0), np.float32),
        tuple("abcdef"[:candidates]),
        log_softmax(RNG.normal(size=(probes, classes))),
        log_softmax(RNG.normal(size=(candidates, probes, classes))),
    )


def open_browser(folder: RunFolder) -> AppTest:
    app = open_page("pages/results.py", query={"run": folder.run}, state={"results_tabs": "Probes"})
    assert not app.exception and not app.error
    return app


def heatmap(app: AppTest) -> dict[str, object]:
    (chart,) = app.get("plotly_chart")
    return json.loads(chart.proto.spec)


def colours(app: AppTest) -> np.ndarray:
    """The heatmap's values, which Plotly packs."""
    packed = heatmap(app)["data"][0]["z"]
    shape = [int(side) for side in packed["shape"].split(",")]
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).reshape(shape)


def test_lead_is_the_difference_of_divergences() -> None:
    some = asked()
    p, q = np.exp(some.candidates), np.exp(some.student)
    assert some.lead == pytest.approx([entropy(p[1, i], q[i]) - entropy(p[0, i], q[i]) for i in range(8)])


def test_orders_are_permutations_by_what_they_say() -> None:
    some = asked()
    assert all(sorted(some.order(by)) == list(range(8)) for by in ORDERS)
    assert list(some.order("drawn")) == list(range(8))
    assert (np.diff(some.lead[some.order("for")]) <= 0).all()
    assert (np.diff(some.lead[some.order("against")]) >= 0).all()
    assert (np.diff(some.opinions[some.order("split")]) <= 0).all()


def test_agreement_and_opinions_are_counts() -> None:
    same = np.log([[0.7, 0.2, 0.1]])
    other = np.log([[0.1, 0.2, 0.7]])
    some = Asked(
        np.zeros((1, 1, 8, 8), np.uint8), np.zeros((1, 0)), ("a", "b", "c"), same, np.stack([same, other, other])
    )
    assert (some.agreeing[0], some.opinions[0]) == (1, 2)


def test_one_candidate_leads_nobody() -> None:
    assert list(asked(candidates=1).lead) == [0.0] * 8


def test_the_first_probe_until_another_is_chosen() -> None:
    folder = make_run("done", probes=20)
    app = open_browser(folder)
    stored, results = folder.load_answers("synthesised"), folder.results()
    assert stored and results and "**Probe 0**" in texts(app)
    student, answers = stored
    rows = [student[0], *(answers[entry.candidate][0] for entry in results.ranking)]
    assert colours(app) == pytest.approx(np.log10(np.maximum(np.exp(rows), 1e-4)))


def test_a_chosen_row_shows_its_probe() -> None:
    folder = make_run("done", probes=20)
    app = open_browser(folder)
    app.session_state["probes_synthesised_drawn"] = {"selection": {"rows": [7], "columns": [], "cells": []}}
    app.run()
    stored = folder.load_answers("synthesised")
    assert stored and "**Probe 7**" in texts(app)
    top = CLASS_NAMES[int(stored[0][7].argmax())]
    assert f"The student says]]  \n{top}" in texts(app)
    assert colours(app)[0] == pytest.approx(np.log10(np.maximum(np.exp(stored[0][7]), 1e-4)))


def test_another_order_begins_with_its_own_first() -> None:
    folder = make_run("done", probes=20)
    app = open_browser(folder)
    app.selectbox(key="browser_order").set_value("for").run()
    listed = list(app.dataframe[0].value["lead"])
    assert listed == sorted(listed, reverse=True)
    assert f"**Probe {app.dataframe[0].value['probe'][0]}**" in texts(app)


def test_baselines_were_made_to_show_nothing() -> None:
    app = open_browser(make_run("done", probes=20))
    app.button_group(key="browser_set").set_value("white_noise").run()
    assert not app.exception and "nothing in particular" in texts(app)


def test_many_probes_and_many_classes_are_bounded() -> None:
    names = [f"class {i}" for i in range(MAX_CLASSES + 5)]
    app = open_browser(make_run("done", probes=MAX_ROWS + 10, class_names=names, candidates=("a", "b", "c")))
    assert len(app.dataframe[0].value) == MAX_ROWS
    assert f"The first {MAX_ROWS} of {MAX_ROWS + 10}" in texts(app)
    assert len(heatmap(app)["data"][0]["x"]) == MAX_CLASSES
    assert f"{MAX_CLASSES} most probable of {MAX_CLASSES + 5} classes" in texts(app)


@pytest.mark.parametrize("gone", ["probes", "answers"])
def test_files_that_are_gone_are_missed_politely(gone: str) -> None:
    folder = make_run("done", probes=20)
    for path in (folder.path / gone).iterdir():
        path.unlink()
    assert "no longer on this computer" in texts(open_browser(folder))


@pytest.mark.parametrize(("channels", "side"), [(1, 28), (3, 8), (3, 224)])
def test_thumbnails_are_small_and_crisp(channels: int, side: int) -> None:
    image = RNG.integers(0, 256, (channels, side, side), dtype=np.uint8)
    picture = Image.open(io.BytesIO(base64.b64decode(_thumbnail(image).split(",")[1])))
    assert picture.size == (THUMBNAIL, THUMBNAIL)
    if side < THUMBNAIL:  # the enlarged picture holds no colour that the image has not
        pixels = np.asarray(picture).reshape(THUMBNAIL * THUMBNAIL, -1)
        assert {tuple(p) for p in pixels} == {tuple(p) for p in image.reshape(channels, -1).T}

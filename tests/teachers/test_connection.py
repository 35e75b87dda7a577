"""What "Test connection" and the doctor show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytest_httpserver import HTTPServer

from core.candidates import CandidateConfig
from core.teachers.answers import trial_images
from core.teachers.connection import IMPATIENT, ConnectionReport, check_connection
from core.zoo.cards import DEMO
from core.zoo.datasets.fashion_mnist import CLASS_NAMES
from tests.support.inference import CLASSES, NAMES, SHAPE, InferenceServer, expected_probs, output_tensor


def test_a_healthy_teacher(inference: InferenceServer) -> None:
    report = check_connection(inference.candidate(), key=None, probe_shape=SHAPE, class_names=NAMES)
    probs = expected_probs(trial_images(SHAPE))
    assert report.ok
    assert report.message.startswith(f"answers probabilities of {CLASSES} classes in ")
    assert report.capabilities.output == "probs"
    assert report.sums == pytest.approx((1, 1))
    assert report.top1 == tuple(probs.argmax(axis=1))
    assert report.latency == report.capabilities.latency > 0
    assert report.warnings == ()


def test_a_teacher_that_takes_one_image_a_call(inference: InferenceServer) -> None:
    report = check_connection(inference.candidate(max_batch=1), key=None, probe_shape=SHAPE, class_names=None)
    assert report.ok
    assert len(report.sums) == len(report.top1) == 2


def test_whoever_looks_on_is_not_kept_waiting_for_a_busy_server() -> None:
    assert IMPATIENT.attempts * max(IMPATIENT.longest_asked, IMPATIENT.first) <= 5


@pytest.mark.parametrize(
    ("candidate", "key", "message"),
    [
        ({"url": "http://127.0.0.1:1"}, None, "nobody answers at http://127.0.0.1:1/"),
        ({"model": "other"}, None, "there is no model 'other'"),
        ({"output": "logits"}, None, "look like probabilities"),
        ({}, "two words", "the key cannot be sent"),
    ],
)
def test_an_error_is_in_the_report(
    inference: InferenceServer, candidate: dict[str, str], key: str | None, message: str
) -> None:
    for path in ("/v2/models/other", "/v2/models/other/infer"):
        inference.server.expect_request(path).respond_with_json({"error": "unknown"}, 404)
    report = check_connection(inference.candidate(**candidate), key=key, probe_shape=SHAPE, class_names=NAMES)
    assert not report.ok
    assert message in report.message
    assert (report.capabilities, report.sums, report.top1, report.latency) == (None, (), (), None)


UNIFORM = np.full((2, CLASSES), 1 / CLASSES)
SAME = np.tile([[0.5, 0.3, 0.1, 0.05, 0.05]], (2, 1))
CERTAIN = np.array([[0.9999, 0.0001, 0, 0, 0], [0.99985, 0, 0.00015, 0, 0]])
ROUNDED = np.array([[0.3, 0.3, 0.2, 0.1, 0.0], [0.5, 0.2, 0.1, 0.1, 0.1]])  # the first row sums to 0.9
DIFFERENT_BUT_CERTAIN = np.eye(CLASSES)[[0, 3]]


@pytest.mark.parametrize(
    ("answers", "warnings"),
    [
        (UNIFORM, ["All classes get almost the same"]),
        (SAME, ["A grey and a random image get the same answer"]),
        (CERTAIN, ["Class 0 is certain"]),
        (np.log(CERTAIN + 1e-9), ["Class 0 is certain"]),
        (ROUNDED, ["do not sum to 1"]),
        (DIFFERENT_BUT_CERTAIN, []),
    ],
    ids=["uniform", "same", "certain", "certain logits", "rounded", "different"],
)
def test_doubts(inference: InferenceServer, answers: np.ndarray, warnings: list[str]) -> None:
    inference.change = lambda reply: {"outputs": [output_tensor(answers)]}
    report = check_connection(inference.candidate(), key=None, probe_shape=SHAPE, class_names=NAMES)
    assert report.ok
    assert len(report.warnings) == len(warnings)
    for shown, expected in zip(report.warnings, warnings, strict=True):
        assert expected in shown


@pytest.mark.parametrize(("key", "expected"), [("k-123456", ("travels unencrypted",)), (None, ())])
def test_a_key_in_the_open(
    web: HTTPServer, monkeypatch: pytest.MonkeyPatch, key: str | None, expected: tuple[str, ...]
) -> None:
    InferenceServer(web)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{web.port}")  # which stands for a host elsewhere
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    candidate = CandidateConfig(name="suspect", url="http://teacher.invalid", model="m")
    report = check_connection(candidate, key=key, probe_shape=SHAPE, class_names=NAMES)
    assert report.ok
    assert len(report.warnings) == len(expected)
    assert all(part in shown for part, shown in zip(expected, report.warnings, strict=True))


class TestLocal:
    """A candidate whose weights are here, looked at without torch in this process."""

    def report(self, path: Path, shape: tuple[int, int, int] = (1, 28, 28), **settings: object) -> ConnectionReport:
        candidate = CandidateConfig(name="mine", protocol="local", checkpoint=path, **settings)
        return check_connection(candidate, key=None, probe_shape=shape, class_names=CLASS_NAMES)

    def test_loads_and_fits(self) -> None:
        report = self.report(DEMO / "candidates" / "vgg7.safetensors")
        assert report.ok and report.message == "loads and answers logits of 10 classes"

    def test_another_shape_is_refused(self) -> None:
        report = self.report(DEMO / "candidates" / "vgg7.safetensors", (3, 28, 28))
        assert not report.ok and "expected [3, 28, 28], channels, height, width, got [1, 28, 28]" in report.message

    def test_a_missing_or_damaged_file_is_said(self, tmp_path: Path) -> None:
        assert "does not exist" in self.report(tmp_path / "none.safetensors").message
        broken = tmp_path / "broken.safetensors"
        broken.write_bytes(b"no weights")
        assert not self.report(broken).ok

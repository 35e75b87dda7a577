"""Telling logits from probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from core.config import TRIAL_IMAGES
from core.errors import TeacherError
from core.teachers.answers import check_still, checked_output, decimals_of, rounding_error, trial_images

LOGITS = np.random.default_rng(0).normal(scale=3, size=(2, 10))
PROBS = softmax(LOGITS, axis=1)
MANY = softmax(np.random.default_rng(1).normal(scale=0.5, size=(2, 1000)), axis=1)


def test_trial_images_are_grey_and_random_and_always_the_same() -> None:
    images = trial_images((3, 4, 5))
    assert (images.shape, images.dtype) == ((TRIAL_IMAGES, 3, 4, 5), np.uint8)
    assert set(images[0].ravel()) == {128}
    assert len(set(images[1].ravel())) > 30
    np.testing.assert_array_equal(images, trial_images((3, 4, 5)))


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (LOGITS, "logits"),
        (LOGITS - 100, "logits"),
        (np.log(PROBS), "logits"),
        (np.abs(LOGITS) + 1, "logits"),
        (PROBS, "probs"),
        (PROBS.astype(np.float32).astype(np.float64), "probs"),
        (np.full((2, 10), 0.1), "probs"),
        (np.eye(10)[:2], "probs"),
        *((PROBS.round(decimals), "probs") for decimals in (1, 2, 3, 4)),
        (MANY.astype(np.float32).round(3).astype(np.float64), "probs"),
        (MANY.round(3), "probs"),
    ],
)
def test_what_they_are(answers: np.ndarray, expected: str) -> None:
    assert checked_output(answers, "auto", name="suspect") == expected
    assert checked_output(answers, expected, name="suspect") == expected


def test_rounding_to_thousandths_moves_a_thousand_classes_far() -> None:
    sums = MANY.round(3).sum(axis=1)
    assert np.abs(sums - 1).max() > 0.01  # so the test above is no formality


@pytest.mark.parametrize(
    ("answers", "declared", "message"),
    [
        (LOGITS, "probs", "no probabilities.*sums .*set output to logits or auto"),
        (PROBS * 2, "probs", "no probabilities"),
        (PROBS * 0.9, "probs", "no probabilities"),
        (PROBS, "logits", "look like probabilities.*set output to probs"),
        (PROBS * 0.9, "auto", "may be logits or probabilities .*sums 0.9, 0.9"),
        (1 / (1 + np.exp(-LOGITS)), "auto", "may be logits or probabilities"),
    ],
)
def test_what_contradicts_or_cannot_be_told(answers: np.ndarray, declared: str, message: str) -> None:
    with pytest.raises(TeacherError, match=f"(?i)suspect: .*{message}"):
        checked_output(answers, declared, name="suspect")


@pytest.mark.parametrize("answers", [LOGITS, PROBS * 0.5, -PROBS])
def test_probabilities_must_stay_probabilities(answers: np.ndarray) -> None:
    check_still(PROBS, "probs", name="suspect")
    check_still(answers, "logits", name="suspect")
    with pytest.raises(TeacherError, match="were probabilities when connecting"):
        check_still(answers, "probs", name="suspect")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [([[0.5, 0.5]], 0.1), ([[0.25, 0.75]], 0.01), ([[0.125, 0.75, 0.125]], 0.0015), ([[1 / 3, 2 / 3]], 0.0)],
)
def test_rounding_error(answers: list[list[float]], expected: float) -> None:
    assert rounding_error(np.array(answers)) == pytest.approx(expected)


@pytest.mark.parametrize("decimals", [1, 2, 3, 4, 5, 6])
def test_decimals_of_a_server_that_rounds_float32(decimals: int) -> None:
    probs = softmax(np.random.default_rng(0).normal(scale=3, size=(100, 10)), axis=1).astype(np.float32)
    assert decimals_of(probs.round(decimals).astype(np.float64)) == decimals
    assert decimals_of(probs.astype(np.float64)) is None
    assert decimals_of(np.full((2, 10), np.nan)) is None

"""Residual cosines against brute force in plain lists."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from core.scoring.residual import projected_residual_cosine, residual_cosine
from core.scoring.table import SCORES
from tests.support.log_probs import random_log_probs

Vector = list[float]


def dot(a: Vector, b: Vector) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def cosine(a: Vector, b: Vector) -> float:
    return dot(a, b) / (dot(a, a) * dot(b, b)) ** 0.5


def centred(answer: np.ndarray) -> Vector:
    return [x - sum(answer) / len(answer) for x in answer]


def difference(vector: Vector, common: Vector) -> Vector:
    return [x - y for x, y in zip(vector, common, strict=True)]


def projected(vector: Vector, common: Vector) -> Vector:
    return [x - dot(vector, common) / dot(common, common) * y for x, y in zip(vector, common, strict=True)]


def by_all(student: np.ndarray, candidates: np.ndarray, rest: Callable[[Vector, Vector], Vector]) -> Vector:
    """One long vector a model."""
    own, *others = ([x for probe in model for x in centred(probe)] for model in (student, *candidates))
    common = [sum(column) / len(others) for column in zip(*others, strict=True)]
    return [cosine(rest(own, common), rest(other, common)) for other in others]


def by_probe(student: np.ndarray, candidates: np.ndarray, rest: Callable[[Vector, Vector], Vector]) -> Vector:
    """One vector of length 1 a probe; the cosines are averaged."""
    totals = [0.0] * len(candidates)
    for n in range(len(student)):
        own, *others = (centred(model[n]) for model in (student, *candidates))
        own, *others = ([x / dot(vector, vector) ** 0.5 for x in vector] for vector in (own, *others))
        common = [sum(column) / len(others) for column in zip(*others, strict=True)]
        for k, other in enumerate(others):
            totals[k] += cosine(rest(own, common), rest(other, common)) / len(student)
    return totals


@pytest.mark.parametrize(
    ("name", "over", "rest"),
    [
        ("rcos", by_all, difference),
        ("rp", by_all, projected),
        ("ri", by_probe, difference),
        ("rpi", by_probe, projected),
    ],
)
def test_against_brute_force(name: str, over: Callable[..., Vector], rest: Callable[[Vector, Vector], Vector]) -> None:
    student, candidates = random_log_probs(0, 6, 4), random_log_probs(1, 3, 6, 4)
    np.testing.assert_allclose(SCORES[name].compute(student, candidates), over(student, candidates, rest), rtol=1e-9)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), scale=st.floats(0.2, 5))
def test_projected_residual_does_not_see_the_students_confidence(seed: int, scale: float) -> None:
    student, candidates = random_log_probs(seed, 9, 5), random_log_probs(seed + 1, 3, 9, 5)
    scaled = log_softmax(scale * student, axis=-1)
    expected = projected_residual_cosine(student, candidates)
    np.testing.assert_allclose(projected_residual_cosine(scaled, candidates), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["ri", "rpi"])
def test_by_probe_no_confidence_is_seen_at_all(name: str) -> None:
    student, candidates = random_log_probs(0, 9, 5), random_log_probs(1, 4, 9, 5)
    warmth = np.random.default_rng(2).uniform(0.2, 5, size=(4, 9, 1))
    warmed = log_softmax(warmth * candidates, axis=-1)
    np.testing.assert_allclose(SCORES[name].compute(student, warmed), SCORES[name].compute(student, candidates))


def test_two_candidates_have_opposite_residuals() -> None:
    values = residual_cosine(random_log_probs(0, 8, 4), random_log_probs(1, 2, 8, 4))
    assert values[0] == pytest.approx(-values[1])


@pytest.mark.parametrize("name", ["rcos", "rp", "ri", "rpi"])
def test_candidates_that_are_one_and_the_same_leave_nothing(name: str) -> None:
    """Not the direction of rounding errors, which would be as long as any other cosine."""
    same = np.repeat(random_log_probs(1, 1, 8, 5), 3, axis=0)
    assert SCORES[name].compute(random_log_probs(0, 8, 5), same).tolist() == [0, 0, 0]


def test_two_classes_leave_nothing_to_project() -> None:
    values = SCORES["rpi"].compute(random_log_probs(0, 8, 2), random_log_probs(1, 3, 8, 2))
    assert values.tolist() == [0, 0, 0]

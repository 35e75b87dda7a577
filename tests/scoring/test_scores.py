"""Scores against closed forms, brute force and scipy."""

from __future__ import annotations

import doctest
import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from scipy.special import log_softmax
from scipy.stats import entropy

from core.scoring.point import EPSILON, inverse_kl
from core.scoring.residual import projected_residual_cosine, residual_cosine
from core.scoring.sets import aligned_cosine, aligned_cosine_z
from core.scoring.table import SCORES


def random_log_probs(seed: int, *shape: int) -> np.ndarray:
    return log_softmax(2 * np.random.default_rng(seed).normal(size=shape), axis=-1)


@pytest.mark.parametrize("module", ["base", "point", "residual", "sets"])
def test_the_numbers_in_docstrings(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"core.scoring.{module}"))
    assert result.failed == 0
    assert result.attempted > 0


@pytest.mark.parametrize("score", SCORES.values(), ids=lambda score: score.name)
class TestEveryScore:
    def test_gives_one_finite_value_a_candidate(self, score) -> None:
        values = score.compute(random_log_probs(0, 12, 5), random_log_probs(1, 4, 12, 5))
        assert values.shape == (4,)
        assert np.isfinite(values).all()

    def test_puts_the_twin_of_the_student_first(self, score) -> None:
        student = random_log_probs(0, 40, 6)
        candidates = np.stack([random_log_probs(1, 40, 6), student, random_log_probs(2, 40, 6)])
        assert score.order(score.compute(student, candidates))[0] == 1

    def test_does_not_depend_on_the_order_of_candidates(self, score) -> None:
        student, candidates = random_log_probs(0, 15, 5), random_log_probs(1, 4, 15, 5)
        order = [2, 0, 3, 1]
        expected = score.compute(student, candidates)[order]
        np.testing.assert_allclose(score.compute(student, candidates[order]), expected, rtol=1e-9)

    def test_survives_answers_that_are_all_alike(self, score) -> None:
        flat = np.full((5, 4), -np.log(4))
        assert np.isfinite(score.compute(flat, np.stack([flat, flat, flat]))).all()


def test_inverse_kl_against_scipy() -> None:
    student, candidates = random_log_probs(0, 7, 4), random_log_probs(1, 2, 7, 4)
    expected = [
        np.mean([1 / (entropy(np.exp(c), np.exp(s)) + EPSILON) for c, s in zip(cs, student, strict=True)])
        for cs in candidates
    ]
    np.testing.assert_allclose(inverse_kl(student, candidates), expected, rtol=1e-9)


def test_residual_cosine_against_brute_force() -> None:
    student, candidates = random_log_probs(0, 6, 4), random_log_probs(1, 3, 6, 4)

    def residual(log_probs: np.ndarray) -> list[float]:
        flat = []
        for n in range(6):
            for k in range(4):
                common = sum(c[n, k] - sum(c[n]) / 4 for c in candidates) / 3
                flat.append(log_probs[n, k] - sum(log_probs[n]) / 4 - common)
        return flat

    def cosine(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True)) / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5

    expected = [cosine(residual(student), residual(candidate)) for candidate in candidates]
    np.testing.assert_allclose(residual_cosine(student, candidates), expected, rtol=1e-9)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), scale=st.floats(0.2, 5))
def test_projected_residual_does_not_see_the_students_confidence(seed: int, scale: float) -> None:
    student, candidates = random_log_probs(seed, 9, 5), random_log_probs(seed + 1, 3, 9, 5)
    scaled = log_softmax(scale * student, axis=-1)
    expected = projected_residual_cosine(student, candidates)
    np.testing.assert_allclose(projected_residual_cosine(scaled, candidates), expected, atol=1e-6)


def test_two_candidates_have_opposite_residuals() -> None:
    values = residual_cosine(random_log_probs(0, 8, 4), random_log_probs(1, 2, 8, 4))
    assert values[0] == pytest.approx(-values[1])


def test_aligned_cosine_against_scipy() -> None:
    student, candidate = random_log_probs(0, 20, 5), random_log_probs(1, 20, 5)
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (student, candidate))
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    rotation, _ = orthogonal_procrustes(b, a)
    rotated = b @ rotation
    cosines = (rotated * a).sum(1) / np.linalg.norm(rotated, axis=1) / np.linalg.norm(a, axis=1)
    assert aligned_cosine(student, candidate[None])[0] == pytest.approx(cosines.mean())


def test_more_classes_than_probes_change_nothing_but_the_cost() -> None:
    student, candidate = random_log_probs(0, 6, 30), random_log_probs(1, 6, 30)
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (student, candidate))
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    rotated = b @ orthogonal_procrustes(b, a)[0]
    cosines = (rotated * a).sum(1) / np.linalg.norm(rotated, axis=1) / np.linalg.norm(a, axis=1)
    assert aligned_cosine(student, candidate[None])[0] == pytest.approx(cosines.mean())


def test_permutation_z_is_small_for_unrelated_answers_and_large_for_a_twin() -> None:
    student = random_log_probs(0, 60, 5)
    unrelated, twin = aligned_cosine_z(student, np.stack([random_log_probs(1, 60, 5), student]))
    assert abs(unrelated) < 3
    assert twin > 6

"""Aligned cosine and its z against scipy's Procrustes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from core.scoring.alignment import PERMUTATION_SEED, PERMUTATIONS, aligned_cosine, aligned_cosine_z
from tests.support.log_probs import random_log_probs


def by_scipy(student: np.ndarray, candidate: np.ndarray) -> float:
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (student, candidate))
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    rotated = b @ orthogonal_procrustes(b, a)[0]
    return ((rotated * a).sum(1) / np.linalg.norm(rotated, axis=1) / np.linalg.norm(a, axis=1)).mean()


@pytest.mark.parametrize(("probes", "classes"), [(20, 5), (6, 30)], ids=["long", "wide"])
def test_aligned_cosine_against_scipy(probes: int, classes: int) -> None:
    student, candidates = random_log_probs(0, probes, classes), random_log_probs(1, 2, probes, classes)
    expected = [by_scipy(student, candidate) for candidate in candidates]
    np.testing.assert_allclose(aligned_cosine(student, candidates), expected)


def test_z_against_scipy_over_the_same_shuffles() -> None:
    student, candidates = random_log_probs(0, 12, 4), random_log_probs(1, 2, 12, 4)
    generator = np.random.default_rng(PERMUTATION_SEED)
    shuffled = [generator.permutation(student) for _ in range(PERMUTATIONS)]
    expected = []
    for candidate in candidates:
        null = np.array([by_scipy(order, candidate) for order in shuffled])
        expected.append((by_scipy(student, candidate) - null.mean()) / null.std(ddof=1))
    np.testing.assert_allclose(aligned_cosine_z(student, candidates), expected)


def test_permutation_z_is_small_for_unrelated_answers_and_large_for_a_twin() -> None:
    student = random_log_probs(0, 60, 5)
    unrelated, twin = aligned_cosine_z(student, np.stack([random_log_probs(1, 60, 5), student]))
    assert abs(unrelated) < 3
    assert twin > 6

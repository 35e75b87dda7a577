"""Kernel alignment against the definitions, term by term, and against all pairings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from core.scoring.kernels import Kernel, cka, cka_debiased, cka_z, linear, rbf
from core.scoring.table import SCORES
from tests.support.log_probs import random_log_probs

Hsic = Callable[[np.ndarray, np.ndarray], float]
KERNELS = pytest.mark.parametrize("kernel", [linear, rbf])


def matrix(answers: np.ndarray, kernel: Kernel) -> np.ndarray:
    """The kernel's matrix of one model's answers, by loops or scipy."""
    centred = answers - answers.mean(axis=1, keepdims=True)
    if kernel is linear:
        return np.array([[sum(x * y for x, y in zip(a, b, strict=True)) for b in centred] for a in centred])
    squares = pdist(centred, "sqeuclidean")
    return np.exp(-squareform(squares) / (2 * np.median(squares)))


def traced(one: np.ndarray, other: np.ndarray) -> float:
    n = len(one)
    h = np.eye(n) - 1 / n
    return np.trace(one @ h @ other @ h) / (n - 1) ** 2


def over_quadruples(one: np.ndarray, other: np.ndarray) -> float:
    """HSIC as an expectation over four different probes, which is what makes it unbiased."""
    terms = [
        one[i, j] * other[i, j] + one[i, j] * other[q, r] - 2 * one[i, j] * other[i, q]
        for i, j, q, r in permutations(range(len(one)), 4)
    ]
    return sum(terms) / len(terms)


@KERNELS
@pytest.mark.parametrize(("compute", "hsic"), [(cka, traced), (cka_debiased, over_quadruples)])
def test_against_the_definition(compute: Callable[..., np.ndarray], hsic: Hsic, kernel: Kernel) -> None:
    student, candidates = random_log_probs(0, 7, 4), random_log_probs(1, 3, 7, 4)
    s = matrix(student, kernel)
    expected = []
    for candidate in candidates:
        c = matrix(candidate, kernel)
        expected.append(hsic(s, c) / (hsic(s, s) * hsic(c, c)) ** 0.5)
    np.testing.assert_allclose(compute(student, candidates, kernel=kernel), expected, rtol=1e-7)


@KERNELS
@pytest.mark.parametrize("probes", [4, 6])
def test_z_against_all_pairings(kernel: Kernel, probes: int) -> None:
    student, candidates = random_log_probs(0, probes, 5), random_log_probs(1, 3, probes, 5)
    orders = permutations(range(probes))
    null = np.array([cka(student[list(order)], candidates, kernel=kernel) for order in orders])
    expected = (cka(student, candidates, kernel=kernel) - null.mean(axis=0)) / null.std(axis=0)
    np.testing.assert_allclose(cka_z(student, candidates, kernel=kernel), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["cka", "cka_debiased", "cka_z"])
def test_the_table_holds_both_kernels(name: str) -> None:
    student, candidates = random_log_probs(0, 9, 4), random_log_probs(1, 3, 9, 4)
    function = SCORES[name].compute
    for suffix, kernel in (("", linear), ("_rbf", rbf)):
        expected = function(student, candidates, kernel=kernel)
        np.testing.assert_array_equal(SCORES[name + suffix].compute(student, candidates), expected)


def test_noise_looks_alike_unless_the_bias_is_taken_away() -> None:
    """20 probes, 100 classes: plain CKA of unrelated models is high, the other two lie around 0."""
    student, candidates = random_log_probs(0, 20, 100), random_log_probs(1, 50, 20, 100)
    assert cka(student, candidates).min() > 0.7
    assert abs(cka_debiased(student, candidates).mean()) < 0.03
    z = cka_z(student, candidates)
    assert abs(z.mean()) < 3 / 50**0.5 and 0.7 < z.std() < 1.3


def test_no_z_where_every_pairing_gives_the_same() -> None:
    """Probes that are all equally unlike each other."""
    apart = 5 * np.eye(6)
    assert cka_z(apart, apart[None]).tolist() == [0]

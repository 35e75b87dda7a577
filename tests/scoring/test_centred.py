"""Centred distance and cosine, and agreement, against brute force and scipy."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.distance import cosine
from scipy.special import log_softmax

from core.scoring.agreement import agreement
from core.scoring.centred import centred_cosine, centred_distance
from tests.support.log_probs import random_log_probs

STUDENT, CANDIDATES = random_log_probs(0, 7, 4), random_log_probs(1, 3, 7, 4)


def log_ratios(log_probs: np.ndarray) -> list[float]:
    """Each probability's logarithm over the geometric mean of all."""
    probs = [math.exp(x) for x in log_probs]
    return [math.log(p / math.prod(probs) ** (1 / len(probs))) for p in probs]


def test_centred_distance_against_brute_force() -> None:
    expected = []
    for candidate in CANDIDATES:
        squares = [
            (a - b) ** 2
            for s, c in zip(STUDENT, candidate, strict=True)
            for a, b in zip(log_ratios(s), log_ratios(c), strict=True)
        ]
        expected.append(sum(squares) / len(squares))
    np.testing.assert_allclose(centred_distance(STUDENT, CANDIDATES), expected, rtol=1e-9)


def test_centred_cosine_against_scipy() -> None:
    expected = [
        np.mean([1 - cosine(log_ratios(s), log_ratios(c)) for s, c in zip(STUDENT, candidate, strict=True)])
        for candidate in CANDIDATES
    ]
    np.testing.assert_allclose(centred_cosine(STUDENT, CANDIDATES), expected, rtol=1e-9)


def test_centred_cosine_does_not_see_the_confidence_of_single_probes() -> None:
    warmth = np.random.default_rng(0).uniform(0.2, 5, size=(3, 7, 1))
    warmed = log_softmax(warmth * CANDIDATES, axis=-1)
    np.testing.assert_allclose(centred_cosine(STUDENT, warmed), centred_cosine(STUDENT, CANDIDATES))


def test_agreement_against_brute_force() -> None:
    def first(log_probs: np.ndarray) -> int:
        return max(range(4), key=lambda k: log_probs[k])

    expected = [sum(first(s) == first(c) for s, c in zip(STUDENT, cs, strict=True)) / 7 for cs in CANDIDATES]
    np.testing.assert_allclose(agreement(STUDENT, CANDIDATES), expected)

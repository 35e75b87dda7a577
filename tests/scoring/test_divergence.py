"""Inverse divergences against scipy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax
from scipy.stats import entropy

from core.scoring.divergence import EPSILON, kl_divergence
from core.scoring.table import SCORES
from tests.support.log_probs import random_log_probs

DIVERGENCES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {  # of the student's and the candidate's p
    "inverse_kl": lambda student, candidate: entropy(candidate, student),
    "inverse_kl_reversed": lambda student, candidate: entropy(student, candidate),
    "inverse_js": lambda student, candidate: jensenshannon(student, candidate) ** 2,
}


@pytest.mark.parametrize("temperature", [1, 4])
@pytest.mark.parametrize("name", DIVERGENCES)
def test_mean_inverse_against_scipy(name: str, temperature: float) -> None:
    student, candidates = random_log_probs(0, 7, 4), random_log_probs(1, 2, 7, 4)
    expected = [
        np.mean(
            [
                1 / (DIVERGENCES[name](softmax(s / temperature), softmax(c / temperature)) + EPSILON)
                for s, c in zip(student, candidate, strict=True)
            ]
        )
        for candidate in candidates
    ]
    score = SCORES[name if temperature == 1 else f"{name}_t{temperature}"]
    np.testing.assert_allclose(score.compute(student, candidates), expected, rtol=1e-9)


def test_divergence_of_each_probe() -> None:
    student, candidates = random_log_probs(0, 7, 4), random_log_probs(1, 2, 7, 4)
    expected = entropy(np.exp(candidates), np.exp(student)[None], axis=-1)
    np.testing.assert_allclose(kl_divergence(student, candidates), expected, rtol=1e-9)

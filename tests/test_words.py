"""What probes were made to show, in words."""

from __future__ import annotations

import numpy as np
import pytest

from core.words import target_words


@pytest.mark.parametrize(
    ("weights", "with_shares", "without"),
    [
        ([0, 1, 0], "b", "b"),
        ([0.4, 0, 0.6], "c 60 % + a 40 %", "c + a"),
        ([0.5, 0.5, 0], "a 50 % + b 50 %", "a + b"),
        ([0, 0.96, 0.04], "b", "b"),
        ([], "", ""),
        ([0, 0, 0], "", ""),
    ],
)
def test_targets_in_words(weights: list[float], with_shares: str, without: str) -> None:
    target, names = np.array(weights), ("a", "b", "c")
    assert target_words(target, names, shares=True) == with_shares
    assert target_words(target, names, shares=False) == without

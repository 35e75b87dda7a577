"""The table of all scores, filled: importing this module registers each of them."""

from __future__ import annotations

from typing import get_args

from core.config import ScoreName
from core.scoring import (  # noqa: F401  (they register themselves)
    agreement,
    alignment,
    centred,
    divergence,
    kernels,
    partial,
    residual,
)
from core.scoring.base import SCORES, Score

# What an audit computes and shows. The benchmark computes all.
REPORTED: dict[str, Score] = {name: SCORES[name] for name in get_args(ScoreName)}

__all__ = ["REPORTED", "SCORES"]

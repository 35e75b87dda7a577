"""The table of all scores, filled: importing this module registers each of them."""

from __future__ import annotations

from core.scoring import point, residual, sets  # noqa: F401  (they register themselves)
from core.scoring.base import SCORES

__all__ = ["SCORES"]

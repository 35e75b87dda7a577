"""The table of synthesis methods, filled: importing this module registers each of them."""

from __future__ import annotations

from core.synthesis import generator  # noqa: F401  (it registers itself)
from core.synthesis.base import SYNTHESISERS

__all__ = ["SYNTHESISERS"]

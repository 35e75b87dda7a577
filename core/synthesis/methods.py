"""The table of synthesis methods, filled: importing this module registers each of them."""

from __future__ import annotations

from core.synthesis import (  # noqa: F401  (they register themselves)
    folder,
    generator,
    inversion,
    mix,
    paper_generator,
    power_noise,
    pyramids,
    shapes,
    white_noise,
)
from core.synthesis.base import SYNTHESISERS
from core.synthesis.make import make_probes

__all__ = ["SYNTHESISERS", "make_probes"]

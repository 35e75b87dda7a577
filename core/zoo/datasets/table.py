"""The table of data sets, filled: importing this module registers each of them."""

from __future__ import annotations

from core.zoo.datasets import cifar10, fashion_colour, fashion_mnist  # noqa: F401  (they register themselves)
from core.zoo.datasets.base import DATASETS

__all__ = ["DATASETS"]

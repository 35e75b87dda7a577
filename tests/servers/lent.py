"""The zoo in a server's process, whose environment has neither torch nor this project.

Both are looked for last, so that all that the server needs itself is its own environment's.
"""

from __future__ import annotations

import os
import sys

sys.path += os.environ["LENT"].split(os.pathsep)

import torch

from core.zoo.models import PixelModel, load_zoo_model, predict

torch.set_num_threads(1)

__all__ = ["PixelModel", "load_zoo_model", "predict", "torch"]

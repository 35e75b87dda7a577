"""Images that nobody optimised: what a synthesis must beat to have been worth its time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional as F

from core.config import Baseline, InputSpec
from core.synthesis.base import Probes, quantise

PYRAMID = ((7, 1.0), (4, 1.0), (2, 0.7), (1, 0.3))  # (pixels a cell, gain), coarse to fine


def white_noise(n: int, shape: InputSpec, generator: torch.Generator) -> torch.Tensor:
    """Independent pixels, uniform in [0, 1]: `(n, C, H, W)`."""
    return torch.rand(n, shape.channels, shape.height, shape.width, generator=generator)


def pyramids(n: int, shape: InputSpec, generator: torch.Generator) -> torch.Tensor:
    """Structured random images `(n, C, H, W)` in [0, 1]: noise at four resolutions, enlarged and summed,
    at random contrast and brightness."""
    size = (shape.height, shape.width)
    total = torch.zeros(n, shape.channels, *size)
    for cell, gain in PYRAMID:
        coarse = torch.randn(n, shape.channels, *(-(-side // cell) for side in size), generator=generator)
        total += gain * F.interpolate(coarse, size=size, mode="bilinear", align_corners=False)
    contrast = 0.5 + 2.0 * torch.rand(n, 1, 1, 1, generator=generator)
    brightness = -0.5 + 0.7 * torch.randn(n, 1, 1, 1, generator=generator)
    return torch.sigmoid(contrast * total + brightness)


BASELINES: dict[Baseline, Callable[[int, InputSpec, torch.Generator], torch.Tensor]] = {
    "white_noise": white_noise,
    "pyramids": pyramids,
}


def baseline_probes(name: Baseline, n: int, shape: InputSpec, generator: torch.Generator) -> Probes:
    """`n` probes of a baseline, made for no class."""
    return Probes(quantise(BASELINES[name](n, shape, generator)), np.zeros((n, 0), np.float32))

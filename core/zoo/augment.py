"""Strong augmentation for batches of small images."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def strongly_augmented(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Images `(N, C, H, W)` in [0, 1], each mirrored, moved, turned, scaled and recoloured, with a hole cut in.

    The hole is Cutout (DeVries and Taylor, 2017), a quarter of the sides long.
    """
    n, _, height, width = images.shape

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    angle, scale = uniform(-0.3, 0.3, n), uniform(0.85, 1.2, n)
    mirror = torch.randint(2, (n,), generator=generator) * 2.0 - 1
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = mirror * angle.cos() * scale, -angle.sin() * scale
    theta[:, 1, 0], theta[:, 1, 1] = mirror * angle.sin() * scale, angle.cos() * scale
    theta[:, :, 2] = uniform(-0.2, 0.2, n, 2)
    moved = F.grid_sample(images, F.affine_grid(theta, list(images.shape), align_corners=False), align_corners=False)
    coloured = moved * uniform(0.6, 1.4, n, 1, 1, 1) + uniform(-0.1, 0.1, n, 1, 1, 1)

    rows, columns = torch.arange(height)[None], torch.arange(width)[None]
    top, left = uniform(0, 0.75 * height, n, 1), uniform(0, 0.75 * width, n, 1)
    in_rows = (rows >= top) & (rows < top + height / 4)
    in_columns = (columns >= left) & (columns < left + width / 4)
    hole = in_rows[:, None, :, None] & in_columns[:, None, None, :]
    return coloured.clamp(0, 1).masked_fill(hole, 0.5)

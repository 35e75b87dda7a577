"""Images as sums of grids from coarse to fine, each enlarged to full size: the pyramids."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch.nn import functional as F

COARSEST = 4  # cells along the shorter side
FINE_GAINS = (0.3, 0.7)  # of the finest grid and the next; the coarser ones have 1


def octaves(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes of the grids, coarse to fine, each twice the one before: 28 -> 4, 7, 14, 28; 224 -> 4, 7, 14, ..., 224."""
    sizes = [(height, width)]
    while min(sizes[0]) > COARSEST:
        cell = 2 ** len(sizes)
        sizes.insert(0, (-(-height // cell), -(-width // cell)))
    return sizes


def gains(count: int) -> list[float]:
    """How much each of `count` grids counts for, coarse to fine; the sum of squares is that of four grids."""
    raw = [1.0] * (count - 2) + list(reversed(FINE_GAINS))
    usual = 2.0 + sum(gain**2 for gain in FINE_GAINS)
    scale = (usual / sum(gain**2 for gain in raw)) ** 0.5
    return [scale * gain for gain in raw]


def random_grids(
    n: int, shape: tuple[int, int, int], generator: torch.Generator, *, colour: float = 1.0
) -> list[torch.Tensor]:
    """Standard normal grids, coarse to fine, each `(n, C, h, w)`; `colour` as for `coloured_noise`."""
    channels, height, width = shape
    return [coloured_noise((n, channels, *size), generator, colour=colour) for size in octaves(height, width)]


def coloured_noise(shape: tuple[int, int, int, int], generator: torch.Generator, *, colour: float) -> torch.Tensor:
    """Standard normal noise `(n, C, h, w)`, a share `colour` of its variance each channel's own, the rest common."""
    n, channels, *size = shape
    own = torch.randn(shape, generator=generator)
    if channels == 1 or colour == 1.0:
        return own
    return colour**0.5 * own + (1 - colour) ** 0.5 * torch.randn(n, 1, *size, generator=generator)


def enlarged_sum(grids: Sequence[torch.Tensor], *, of: int | None = None) -> torch.Tensor:
    """The grids `(n, C, h, w)`, coarse to fine, weighted by their gains and enlarged to the finest one's size.

    Bilinear, by a matrix from either side: for small images several times as fast as `F.interpolate`.

    Args:
        of: how many grids the pyramid has that these are the first of; None: these.
    """
    *coarse, finest = grids
    *others, gain = gains(of or len(grids))[: len(grids)]
    height, width = finest.shape[2:]
    total = (gain * finest).flatten(0, 2)
    for gain, grid in zip(others, coarse, strict=True):
        rows = _interpolation(grid.shape[2], height).to(grid) @ grid
        total = torch.addmm(total, rows.flatten(0, 2), _interpolation(grid.shape[3], width).to(grid).T, alpha=gain)
    return total.view_as(finest)


def contrasts(n: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Factors U(.5, 2.5) and offsets N(-.5, .7) for images before a sigmoid, each `(n, 1, 1, 1)`."""
    factors = 0.5 + 2.0 * torch.rand(n, 1, 1, 1, generator=generator)
    return factors, -0.5 + 0.7 * torch.randn(n, 1, 1, 1, generator=generator)


@lru_cache(maxsize=64)
def _interpolation(cells: int, side: int) -> torch.Tensor:
    """The matrix `(side, cells)` of linear interpolation."""
    return F.interpolate(torch.eye(cells)[None], size=side, mode="linear", align_corners=False)[0].T.contiguous()

"""Colour images of 32x32 made here: Fashion-MNIST items, tinted, jittered, laid over crops of photographs.

The photographs are sample images of scikit-image and scikit-learn. They vary what a grey set cannot: colour,
clutter behind the object, its size and its place. A fixed seed makes the same set each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from core.config import InputSpec
from core.errors import InputError
from core.zoo.datasets.base import Split, dataset
from core.zoo.datasets.fashion_mnist import CLASS_NAMES, load_fashion_mnist

SIZE = 32
SEED = 20_260
BACKGROUNDS = (("skimage.data", "coffee.png"), ("skimage.data", "chelsea.png"), ("skimage.data", "motorcycle_left.png"),
               ("sklearn.datasets.images", "china.jpg"))  # fmt: skip
PUBLIC = (("skimage.data", "astronaut.png"), ("skimage.data", "rocket.jpg"), ("skimage.data", "retina.jpg"),
          ("sklearn.datasets.images", "flower.jpg"))  # fmt: skip
CROP = (48, 200)  # pixels of a photograph that a background shows, at least and at most
SCALE = (0.75, 1.15)  # of an item
SHIFT = 3.0  # pixels that an item is off the middle, at most
PART = 2000  # images composed at a time

INPUT = InputSpec(channels=3, height=SIZE, width=SIZE, mean=(0.4781, 0.3953, 0.3532), std=(0.2162, 0.2246, 0.2422))


@dataset("fashion_colour", label="Fashion in colour", class_names=CLASS_NAMES, input=INPUT)
def load_fashion_colour(folder: Path | None = None) -> tuple[Split, Split]:
    """Training and test split, from Fashion-MNIST in `folder` or where `load_fashion_mnist` finds it.

    Raises:
        InputError: Fashion-MNIST or the photographs are missing.
    """
    photographs = [read_photograph(*where) for where in BACKGROUNDS]
    generator = torch.Generator().manual_seed(SEED)
    train, test = (
        Split(torch.cat([_composed(part, photographs, generator) for part in split.images.split(PART)]), split.labels)
        for split in load_fashion_mnist(folder)
    )
    return train, test


def read_photograph(package: str, name: str) -> torch.Tensor:
    """A sample image of an installed package, `(3, H, W)` in [0, 1]; raises `InputError` without the package."""
    try:
        with resources.as_file(resources.files(package) / name) as path, Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except (ModuleNotFoundError, OSError) as error:
        raise InputError(
            f"the photograph {name} of {package.partition('.')[0]} is not installed",
            remedy="install requirements-dev.txt, as python3 launch.py test does",
        ) from error
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255


def random_crops(
    photographs: Sequence[torch.Tensor],
    n: int,
    generator: torch.Generator,
    *,
    size: int = SIZE,
    crop: tuple[int, int] = CROP,
) -> torch.Tensor:
    """`(n, 3, size, size)` in [0, 1]: squares of random place, size and direction out of random photographs.

    Args:
        crop: pixels of a photograph that one shows, at least and at most.
    """
    which = torch.randint(len(photographs), (n,), generator=generator)
    low, high = crop
    side = low + (high - low) * torch.rand(n, generator=generator)
    mirrored = torch.randint(2, (n,), generator=generator) * 2.0 - 1
    place = torch.rand(n, 2, generator=generator) * 2 - 1
    crops = torch.empty(n, 3, size, size)
    for i, photograph in enumerate(photographs):
        mine = (which == i).nonzero().squeeze(1)
        if not len(mine):
            continue
        height, width = photograph.shape[1:]
        zoom = torch.stack([side[mine] / width, side[mine] / height], dim=1)  # of the photograph, in x and y
        theta = torch.zeros(len(mine), 2, 3)
        theta[:, 0, 0], theta[:, 1, 1] = zoom[:, 0] * mirrored[mine], zoom[:, 1]
        theta[:, :, 2] = place[mine] * (1 - zoom)
        grid = F.affine_grid(theta, [len(mine), 3, size, size], align_corners=False)
        crops[mine] = F.grid_sample(photograph.expand(len(mine), -1, -1, -1), grid, align_corners=False)
    return crops


def _composed(items: torch.Tensor, photographs: Sequence[torch.Tensor], generator: torch.Generator) -> torch.Tensor:
    """Grey items `(N, 1, 28, 28)` over backgrounds, as `(N, 3, 32, 32)` in [0, 1]."""
    n = len(items)
    low, high = SCALE
    scale = low + (high - low) * torch.rand(n, generator=generator)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = SIZE / 28 / scale
    theta[:, :, 2] = (torch.rand(n, 2, generator=generator) * 2 - 1) * SHIFT * 2 / 28 / scale[:, None]
    grid = F.affine_grid(theta, [n, 1, SIZE, SIZE], align_corners=False)
    placed = F.grid_sample(items, grid, align_corners=False)
    cover = (4 * placed).clamp(max=1)  # dark seams stay, edges are soft
    tint = 0.35 + 0.65 * torch.rand(n, 3, 1, 1, generator=generator)
    behind = random_crops(photographs, n, generator) * (0.5 + 0.7 * torch.rand(n, 1, 1, 1, generator=generator))
    return (cover * tint * (0.25 + 0.75 * placed) + (1 - cover) * behind).clamp(0, 1)

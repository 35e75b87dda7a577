"""What a data set is, and the table that the decorator fills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from core.config import InputSpec


@dataclass(frozen=True, eq=False)
class Split:
    """Images `(N, C, H, W)` float32 in [0, 1] and labels `(N,)` int64; equal to itself alone."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, n: int) -> Split:
        """The first `n` examples; every data set comes shuffled."""
        return Split(self.images[:n], self.labels[:n])


Load = Callable[[Path | None], tuple[Split, Split]]
DATASETS: dict[str, Dataset] = {}


@dataclass(frozen=True)
class Dataset:
    """A named data set; `load(folder)` gives its training and test split, or raises `InputError`."""

    name: str
    label: str  # for charts and cards
    class_names: tuple[str, ...]
    input: InputSpec  # with mean and std of the training pixels in [0, 1]
    load: Load


def dataset(name: str, *, label: str, class_names: tuple[str, ...], input: InputSpec) -> Callable[[Load], Load]:
    """Register what loads a data set under `name`."""

    def register(load: Load) -> Load:
        DATASETS[name] = Dataset(name, label, class_names, input, load)
        return load

    return register

"""A zoo made in a second: real files of the real recipe, trained on next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from core.zoo.cards import ModelCard
from core.zoo.datasets.base import Dataset, Split
from core.zoo.datasets.table import DATASETS
from core.zoo.recipes import Recipe
from core.zoo.train import train_zoo

TINY_ZOO = (
    Recipe("oak", "candidate", "resnet8", seed=1, epochs=1),
    Recipe("elm", "candidate", "convnet4", seed=2, epochs=1),
    Recipe("ash", "candidate", "vgg7", seed=3, epochs=1),
    Recipe("fern", "student", "convnet4", seed=4, epochs=1, lesson="kd", teachers=("oak",)),
)


FASHION = DATASETS["fashion_mnist"]


def random_split(dataset: Dataset = FASHION, *, examples: int = 256) -> Split:
    """Random images, and labels in turn."""
    shape = (dataset.input.channels, dataset.input.height, dataset.input.width)
    images = torch.rand((examples, *shape), generator=torch.Generator().manual_seed(0))
    return Split(images, torch.arange(examples) % len(dataset.class_names))


def make_zoo(folder: Path, recipes: Sequence[Recipe] = TINY_ZOO, dataset: Dataset = FASHION) -> list[ModelCard]:
    """Weights and cards in `folder`/candidates and `folder`/students, after two steps on random images."""
    split = random_split(dataset)
    return train_zoo(recipes, dataset, split, split.first(64), folder, tell=lambda line: None)

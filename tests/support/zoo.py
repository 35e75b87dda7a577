"""A zoo made in a second: real files of the real recipe, trained on next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from core.zoo.cards import ModelCard
from core.zoo.data import Split
from core.zoo.recipes import Recipe
from core.zoo.train import train_zoo

TINY_ZOO = (
    Recipe("oak", "candidate", "resnet8", seed=1, epochs=1),
    Recipe("elm", "candidate", "convnet4", seed=2, epochs=1),
    Recipe("ash", "candidate", "vgg7", seed=3, epochs=1),
    Recipe("fern", "student", "convnet4", seed=4, epochs=1, teacher="oak"),
)


def make_zoo(folder: Path, recipes: Sequence[Recipe] = TINY_ZOO) -> list[ModelCard]:
    """Weights and cards in `folder`/candidates and `folder`/students, after two steps on random images."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand((256, 1, 28, 28), generator=generator)
    labels = torch.randint(0, 10, (256,), generator=generator)
    split = Split(images, labels)
    return train_zoo(recipes, split, split.first(64), folder, tell=lambda line: None)

"""Students small enough to reason about."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core.config import InputSpec
from core.students.base import Student


class Thirds(nn.Module):
    """A BatchNorm layer, then one logit for the brightness of each third of the image."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1, momentum=1.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(x)
        return 2 * torch.stack([x[..., 9 * third : 9 * third + 9].mean((1, 2, 3)) for third in range(3)], dim=1)


@pytest.fixture
def thirds_student() -> Student:
    """Its stored statistics are those of dark images with one bright third."""
    module = Thirds().train()
    images = np.random.default_rng(1).uniform(0, 60 / 255, (300, 1, 28, 28))
    for index, image in enumerate(images):
        third = index % 3
        image[0, :, 9 * third : 9 * third + 9] += (90 + index % 60) / 255
    module(torch.from_numpy(images).float())
    return Student(
        module=module,
        input=InputSpec(channels=1, height=28, width=28, mean=(0.0,), std=(1.0,)),
        class_names=("left", "middle", "right"),
        architecture="thirds",
        name="thirds",
        sha256="0" * 64,
        device=torch.device("cpu"),
    )

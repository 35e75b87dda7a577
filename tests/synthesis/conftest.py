"""Students small enough to reason about."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core.config import InputSpec
from core.students.base import Student
from core.zoo.architectures import ARCHITECTURES


class Thirds(nn.Module):
    """A BatchNorm layer, then one logit for the brightness of each third of the image."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(x)
        return 2 * torch.stack([x[..., 9 * third : 9 * third + 9].mean((1, 2, 3)) for third in range(3)], dim=1)


def student_of(module: nn.Module, *, channels: int = 1, size: int = 28, classes: int = 3) -> Student:
    names = ("left", "middle", "right") if classes == 3 else tuple(f"class {index}" for index in range(classes))
    return Student(
        module=module,
        input=InputSpec(channels=channels, height=size, width=size, mean=(0.0,) * channels, std=(1.0,) * channels),
        class_names=names,
        architecture="test",
        name="test",
        sha256="0" * 64,
        device=torch.device("cpu"),
    )


def untrained(architecture: str, *, channels: int = 1, size: int = 28) -> Student:
    """A zoo architecture of 10 classes with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = ARCHITECTURES[architecture].build(channels, size, 10)
    return student_of(module, channels=channels, size=size, classes=10)


@pytest.fixture
def thirds_student() -> Student:
    """Its stored statistics are those of dark images with one bright third."""
    module = Thirds(nn.BatchNorm2d(1, momentum=1.0)).train()
    images = np.random.default_rng(1).uniform(0, 60 / 255, (300, 1, 28, 28))
    for index, image in enumerate(images):
        third = index % 3
        image[0, :, 9 * third : 9 * third + 9] += (90 + index % 60) / 255
    module(torch.from_numpy(images).float())
    return student_of(module)


@pytest.fixture
def plain_student() -> Student:
    """As `thirds_student`, but it remembers nothing of the images it was trained on."""
    return student_of(Thirds(nn.InstanceNorm2d(1)))

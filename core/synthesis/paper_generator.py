"""The generator as published, as near as the paper's text allows, to measure this project's own against.

Qimera (Choi et al., 2021) has its network: convolutions of 128, 128 and 64 channels, two of them at full size,
and class embeddings that multiply the noise. It ends in a sigmoid here, so that its images are valid pixels, and
the student sees them as they are. The BatchNorm distance is summed over channels and layers.
"""

from __future__ import annotations

from functools import partial
from math import prod

import torch
from torch import nn
from torch.nn import functional as F

from core.students.base import Student
from core.synthesis.base import Probes, Tell, synthesiser
from core.synthesis.settings import PaperGeneratorConfig
from core.synthesis.training import convolution, trained_probes

WIDTHS = (128, 128, 64)


class QimeraGenerator(nn.Module):
    """Noise `(B, latent)` and class weights `(B, K)` to images `(B, C, H, W)` in [0, 1]."""

    def __init__(self, classes: int, shape: tuple[int, int, int], *, latent: int) -> None:
        super().__init__()
        channels, *self.size = shape
        self.start = [-(-side // 4) for side in self.size]
        self.half = [-(-side // 2) for side in self.size]
        first, second, third = WIDTHS
        self.embedding = nn.Parameter(torch.randn(classes, latent))
        self.seed = nn.Linear(latent, first * prod(self.start))
        self.norm = nn.BatchNorm2d(first)
        self.middle = convolution(first, second)
        self.fine = nn.Sequential(convolution(second, third), nn.Conv2d(third, channels, 3, padding=1))
        self.contrast = nn.BatchNorm2d(channels)

    def forward(self, z: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        x = self.seed(z * (weights @ self.embedding))
        x = self.norm(x.unflatten(1, (-1, *self.start)))
        x = self.middle(F.interpolate(x, size=self.half))
        x = self.fine(F.interpolate(x, size=self.size))
        return torch.sigmoid(self.contrast(x))


def _as_it_is(images: torch.Tensor) -> torch.Tensor:
    return images


@synthesiser(PaperGeneratorConfig)
def synthesise(
    student: Student, config: PaperGeneratorConfig, n: int, generator: torch.Generator, tell: Tell
) -> Probes:
    """Train the generator, then draw `n` probes, classes in turn."""
    build = partial(QimeraGenerator, student.num_classes, student.shape, latent=config.latent)
    return trained_probes(build, _as_it_is, student, config, n, generator, tell)

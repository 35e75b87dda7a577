"""The generator of this project: it draws from coarse to fine, for a student that sees its images shaken."""

from __future__ import annotations

from functools import partial
from math import prod

import torch
from torch import nn
from torch.nn import functional as F

from core.students.base import Student
from core.synthesis.base import Probes, Tell, synthesiser
from core.synthesis.settings import GeneratorConfig
from core.synthesis.shaking import shaken
from core.synthesis.training import convolution, trained_probes

SCALES = ((7, 1.0), (4, 1.0), (2, 0.7))  # (pixels a cell, gain), coarse to fine


class Generator(nn.Module):
    """Noise `(B, latent)` and class weights `(B, K)` to images `(B, C, H, W)` in [0, 1].

    It draws at a seventh, a quarter and half of the resolution, and adds up the three, enlarged. A
    generator with convolutions at full size finds fine patterns that only its student reads as classes.
    """

    def __init__(self, classes: int, shape: tuple[int, int, int], *, latent: int, width: int) -> None:
        super().__init__()
        channels, *self.size = shape
        self.sizes = [[-(-side // part) for side in self.size] for part, _ in SCALES]
        self.embedding = nn.Parameter(torch.randn(classes, latent))
        self.seed = nn.Linear(2 * latent, width * prod(self.sizes[0]))
        self.norm = nn.BatchNorm2d(width)
        self.refine = nn.ModuleList(convolution(width, width) for _ in self.sizes[1:])
        self.paint = nn.ModuleList(nn.Conv2d(width, channels, 1) for _ in self.sizes)
        self.contrast = nn.BatchNorm2d(channels)

    def forward(self, z: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        x = self.seed(torch.cat([z, weights @ self.embedding], dim=1))
        x = self.norm(x.unflatten(1, (-1, *self.sizes[0])))
        total = self._enlarged(self.paint[0](x), self.size)
        for (_, gain), size, refine, paint in zip(SCALES[1:], self.sizes[1:], self.refine, self.paint[1:], strict=True):
            x = refine(self._enlarged(x, size))
            total = total + gain * self._enlarged(paint(x), self.size)
        return torch.sigmoid(self.contrast(total))

    @staticmethod
    def _enlarged(x: torch.Tensor, size: list[int]) -> torch.Tensor:
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


@synthesiser(GeneratorConfig)
def synthesise(student: Student, config: GeneratorConfig, n: int, generator: torch.Generator, tell: Tell) -> Probes:
    """Train the generator, then draw `n` probes, classes in turn."""
    build = partial(Generator, student.num_classes, student.shape, latent=config.latent, width=config.width)
    view = partial(shaken, shift=config.shift, mirror=config.mirror, noise=config.noise, generator=generator)
    return trained_probes(build, view, student, config, n, generator, tell)

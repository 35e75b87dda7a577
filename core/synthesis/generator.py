"""The paper's input construction: a generator that learns, from the student alone, to draw its classes.

"Knowledge Distillation Detection for Open-weights Models", arXiv 2510.02302: G maps noise and a mix of
class embeddings to an image; `loss = sum_i w_i CE(f(G(z, w)), y_i) + lambda L_BNS`. Where its text is
silent, the values are those of Qimera (Choi et al., 2021), the nearest published generator, unless the
benchmark of this project found better ones; all of them are settings.
"""

from __future__ import annotations

import time
from math import prod

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from core.config import SynthesisConfig
from core.devices import autocast, out_of_memory, release_memory
from core.errors import InputError
from core.events import Preview, SynthesisStep
from core.students.base import Student
from core.synthesis.base import Probes, Tell, quantise, synthesiser, target_label
from core.synthesis.batchnorm import batchnorm_loss, watched_inputs

SHOWN = 24  # probes on the contact sheet
SHEET_PERIOD = 0.8  # seconds between contact sheets
LOSS_POINTS = 100  # lines of the loss curve, at most
SCALES = ((7, 1.0), (4, 1.0), (2, 0.7))  # (pixels a cell, gain), coarse to fine: those of the random pyramids


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
        self.refine = nn.ModuleList(_refine(width) for _ in self.sizes[1:])
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


def _refine(width: int) -> nn.Module:
    conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.LeakyReLU(0.2))


def shaken(images: torch.Tensor, *, shift: int, noise: float, generator: torch.Generator) -> torch.Tensor:
    """Images moved by up to `shift` pixels, mirrored every other time, with pixel noise of sd `noise`.

    One movement serves the whole batch. What a student sees through this is less its own blind spot
    and more what its training has in common with its teacher's.
    """
    down, right = torch.randint(-shift, shift + 1, (2,), generator=generator).tolist()
    images = images.roll((down, right), dims=(2, 3))
    if torch.randint(2, (), generator=generator):
        images = images.flip(3)
    return images + noise * torch.randn(images.shape, generator=generator).to(images.device)


@synthesiser("generator")
def synthesise(
    student: Student, config: SynthesisConfig, n: int, steps: int, generator: torch.Generator, tell: Tell
) -> Probes:
    """Train the generator against `student` for `steps` steps, then draw `n` probes, classes in turn.

    `generator` is a CPU generator, so that one seed means the same noise on every device. When memory
    runs out the batch is halved and the step repeated; raises `InputError` when 2 images do not fit.
    """
    classes, device = student.num_classes, student.device
    shape = (student.input.channels, student.input.height, student.input.width)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        g = Generator(classes, shape, latent=config.latent, width=config.width).to(device)
    optimiser = torch.optim.Adam(g.parameters(), lr=config.learning_rate, betas=(0.5, 0.999))

    final_w = class_mixes(n, classes, config.mix_probability, generator)
    final_z = torch.randn(n, config.latent, generator=generator)
    show = _Show(g, final_z[:SHOWN], final_w[:SHOWN], student, tell)

    batch, step = config.batch, 0
    while step < steps:
        w = class_mixes(batch, classes, config.mix_probability, generator)[torch.randperm(batch, generator=generator)]
        z = torch.randn(batch, config.latent, generator=generator)
        try:
            losses = _step(g, optimiser, student, z.to(device), w.to(device), config, generator)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            batch = _halved(batch, student)
            continue
        step += 1
        if step == 1 or step % -(-steps // LOSS_POINTS) == 0 or step == steps:
            tell(SynthesisStep(step=step, steps=steps, losses={name: loss.item() for name, loss in losses.items()}))
        show.at(step)
    parts = zip(final_z.split(batch), final_w.split(batch), strict=True)
    return Probes(quantise(torch.cat([_draw(g, z, w, device) for z, w in parts])), final_w.numpy())


def class_mixes(n: int, classes: int, mix_probability: float, generator: torch.Generator) -> torch.Tensor:
    """Class weights `(n, K)`: each class in turn, with `mix_probability` mixed with another at random."""
    first = torch.arange(n) % classes
    second = (first + torch.randint(1, classes, (n,), generator=generator)) % classes
    share = 0.5 + 0.5 * torch.rand(n, generator=generator)
    share[torch.rand(n, generator=generator) >= mix_probability] = 1.0
    weights = share[:, None] * F.one_hot(first, classes)
    return weights + (1 - share)[:, None] * F.one_hot(second, classes)


def _step(
    g: Generator,
    optimiser: torch.optim.Optimizer,
    student: Student,
    z: torch.Tensor,
    w: torch.Tensor,
    config: SynthesisConfig,
    generator: torch.Generator,
) -> dict[str, torch.Tensor]:
    """One update of the generator; gives its losses by name."""
    with watched_inputs(student.batchnorm_layers) as inputs, autocast(student.device):
        logits = student(shaken(g(z, w), shift=config.shift, noise=config.noise, generator=generator))
        losses = {"cross_entropy": F.cross_entropy(logits.float(), w)}
        if inputs:
            losses["batchnorm"] = batchnorm_loss(inputs, reduction=config.batchnorm_reduction)
    total = losses["cross_entropy"] + config.batchnorm_weight * losses.get("batchnorm", 0.0)
    optimiser.zero_grad(set_to_none=True)
    total.backward()
    optimiser.step()
    return {"total": total.detach()} | {name: loss.detach() for name, loss in losses.items()}


@torch.no_grad()
def _draw(g: Generator, z: torch.Tensor, w: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """Images `(B, C, H, W)` on the CPU, each by itself: not by which others are drawn along with it."""
    g.eval()
    images = g(z.to(device), w.to(device)).float().cpu()
    g.train()
    return images


def _halved(batch: int, student: Student) -> int:
    if batch < 4:
        shape = f"{student.input.channels}x{student.input.height}x{student.input.width}"
        raise InputError(
            "the device has not enough memory for two images at a time",
            actual=f"images of {shape} on {student.device}",
            remedy='choose device = "cpu", or free memory',
        )
    release_memory(student.device)
    return batch // 2


class _Show:
    """Draws the same noise again and again as the generator learns, for the contact sheet."""

    def __init__(self, g: Generator, z: torch.Tensor, w: torch.Tensor, student: Student, tell: Tell) -> None:
        self._g, self._z, self._w, self._device, self._tell = g, z, w, student.device, tell
        self._labels = tuple(target_label(np.asarray(row), student.class_names) for row in w)
        self._last = 0.0

    def at(self, step: int) -> None:
        if time.monotonic() - self._last >= SHEET_PERIOD:
            self._last = time.monotonic()
            self._tell(Preview(quantise(_draw(self._g, self._z, self._w, self._device)), self._labels))

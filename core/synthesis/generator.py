"""The paper's input construction: a generator that learns, from the student alone, to draw its classes.

"Knowledge Distillation Detection for Open-weights Models", arXiv 2510.02302: G maps noise and a mix of
class embeddings to an image; `loss = sum_i w_i CE(f(G(z, w)), y_i) + lambda L_BNS`. Where its text is
silent, the values are those of Qimera (Choi et al., 2021), the nearest published generator, unless the
benchmark of this project found better ones; all of them are settings.
"""

from __future__ import annotations

import time

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


class Generator(nn.Module):
    """Noise `(B, latent)` and class weights `(B, K)` to images `(B, C, H, W)` in [0, 1]."""

    def __init__(self, classes: int, shape: tuple[int, int, int], *, latent: int, width: int) -> None:
        super().__init__()
        channels, height, width_px = shape
        self.sizes = [(-(-height // part), -(-width_px // part)) for part in (4, 2, 1)]
        self.embedding = nn.Parameter(torch.randn(classes, latent))
        self.seed = nn.Linear(2 * latent, width * self.sizes[0][0] * self.sizes[0][1])
        self.width = width
        self.norm = nn.BatchNorm2d(width)
        self.middle = _refine(width, width)
        self.fine = _refine(width, width)
        self.out = nn.Sequential(nn.Conv2d(width, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.Sigmoid())

    def forward(self, z: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        x = self.seed(torch.cat([z, weights @ self.embedding], dim=1))
        x = self.norm(x.view(len(x), self.width, *self.sizes[0]))
        x = self.middle(F.interpolate(x, size=self.sizes[1]))
        x = self.fine(F.interpolate(x, size=self.sizes[2]))
        return self.out(x)


def _refine(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)
    )


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
            losses = _step(g, optimiser, student, z.to(device), w.to(device), config)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            batch = _halved(batch, student)
            continue
        step += 1
        if step == 1 or step % max(1, steps // LOSS_POINTS) == 0 or step == steps:
            tell(SynthesisStep(step=step, steps=steps, losses={name: loss.item() for name, loss in losses.items()}))
        show.at(step)
    images = torch.cat([_draw(g, z, w, device) for z, w in zip(final_z.split(batch), final_w.split(batch), strict=True)])
    return Probes(quantise(images), final_w.numpy())


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
) -> dict[str, torch.Tensor]:
    """One update of the generator; gives its losses by name."""
    with watched_inputs(student.batchnorm_layers) as inputs, autocast(student.device):
        logits = student(g(z, w))
        losses = {"cross_entropy": F.cross_entropy(logits.float(), w)}
        if inputs:
            reduction = config.batchnorm_reduction
            losses["batchnorm"] = batchnorm_loss(inputs, student.batchnorm_layers, reduction=reduction)
    total = losses["cross_entropy"] + config.batchnorm_weight * losses.get("batchnorm", 0.0)
    optimiser.zero_grad(set_to_none=True)
    total.backward()
    optimiser.step()
    return {"total": total.detach()} | {name: loss.detach() for name, loss in losses.items()}


@torch.no_grad()
def _draw(g: Generator, z: torch.Tensor, w: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """Images `(B, C, H, W)` on the CPU. The generator stays in training mode: its BatchNorm works with
    the batch's own statistics, as in every step that taught it."""
    return g(z.to(device), w.to(device)).float().cpu()


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

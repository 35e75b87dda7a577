"""The paper's input construction: a generator learns, from the student alone, to draw its classes.

"Knowledge Distillation Detection for Open-weights Models", arXiv 2510.02302: G maps noise and a mix of
class embeddings to an image; `loss = sum_i w_i CE(f(G(z, w)), y_i) + lambda L_BNS`. Where its text is
silent, the values are those of Qimera (Choi et al., 2021), the nearest published generator, unless the
benchmark of this project found better ones; all of them are settings.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from core.devices import autocast
from core.students.base import Student
from core.synthesis.base import Probes, Tell, class_mixes, quantise
from core.synthesis.batchnorm import batchnorm_loss, watched_moments
from core.synthesis.progress import SHOWN, Narrator, with_room
from core.synthesis.settings import TrainedConfig

View = Callable[[torch.Tensor], torch.Tensor]


def trained_probes(
    build: Callable[[], nn.Module],
    view: View,
    student: Student,
    config: TrainedConfig,
    n: int,
    generator: torch.Generator,
    tell: Tell,
) -> Probes:
    """Train a generator against `student`, then draw `n` probes, classes in turn.

    Args:
        build: an untrained generator, from noise `(B, latent)` and class weights `(B, K)` to images in [0, 1].
        view: what the student sees of the images while the generator learns.

    Raises:
        InputError: two images at a time do not fit into memory; a generator's BatchNorm needs two.
    """
    classes, device = student.num_classes, student.device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        g = build().to(device)
    optimiser = torch.optim.Adam(g.parameters(), lr=config.learning_rate, betas=(0.5, 0.999))

    final_w = class_mixes(n, classes, config.mix_probability, generator)
    final_z = torch.randn(n, config.latent, generator=generator)

    def update(batch: int) -> dict[str, torch.Tensor]:
        w = class_mixes(batch, classes, config.mix_probability, generator)[torch.randperm(batch, generator=generator)]
        z = torch.randn(batch, config.latent, generator=generator)
        return _step(g, optimiser, student, z.to(device), w.to(device), config, view)

    def drawn(n: int) -> Probes:
        images = [
            _draw(g, z, w, device) for z, w in zip(final_z[:n].split(batch), final_w[:n].split(batch), strict=True)
        ]
        return Probes(quantise(torch.cat(images)), final_w[:n].numpy())

    narrator, batch = Narrator(student, config.num_steps, tell), config.batch
    for step in range(1, config.num_steps + 1):
        losses, batch = with_room(batch, student, update, least=2)
        narrator.step(step, losses, lambda: drawn(SHOWN))
    return drawn(n)


def convolution(inputs: int, outputs: int) -> nn.Module:
    """A 3x3 convolution of a generator, normalised and rectified."""
    conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2))


def _step(
    g: nn.Module,
    optimiser: torch.optim.Optimizer,
    student: Student,
    z: torch.Tensor,
    w: torch.Tensor,
    config: TrainedConfig,
    view: View,
) -> dict[str, torch.Tensor]:
    """One update of the generator; gives its losses by name."""
    with watched_moments(student.batchnorm_layers) as moments, autocast(student.device):
        logits = student(view(g(z, w)))
        losses = {"cross_entropy": F.cross_entropy(logits.float(), w)}
        if moments:
            losses["batchnorm"] = batchnorm_loss(moments, reduction=config.batchnorm_reduction)
    total = losses["cross_entropy"] + config.batchnorm_weight * losses.get("batchnorm", 0.0)
    optimiser.zero_grad(set_to_none=True)
    total.backward()
    optimiser.step()
    return {"total": total.detach()} | {name: loss.detach() for name, loss in losses.items()}


@torch.no_grad()
def _draw(g: nn.Module, z: torch.Tensor, w: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """Images `(B, C, H, W)` on the CPU, each by itself: not by which others are drawn along with it."""
    g.eval()
    images = g(z.to(device), w.to(device)).float().cpu()
    g.train()
    return images

"""Inversion: images changed until the student sees their classes, and its layers what they remember of its data.

As DeepInversion (Yin et al., 2020), with two differences that matter for telling candidates apart: what is
optimised are grids from coarse to fine whose enlarged sum goes through a sigmoid, and they shrink a little at
each step. Both keep out the fine patterns that only this student reads as classes. Large images go without the finest
grid for the same reason, and are made at half the size first, at a quarter of the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch.nn import functional as F

from core.devices import autocast
from core.students.base import Student
from core.synthesis.base import Probes, Tell, class_mixes, quantise, synthesiser
from core.synthesis.batchnorm import Watched, batchnorm_loss, watched_moments
from core.synthesis.grids import contrasts, enlarged_sum, gains, random_grids
from core.synthesis.memory import fitting, recomputed
from core.synthesis.priors import consistency_loss, patch_loss, smoothness_loss, watched_attention
from core.synthesis.progress import SHOWN, Narrator, parts, with_room
from core.synthesis.settings import InversionConfig
from core.synthesis.shaking import shaken

View = Callable[[torch.Tensor], torch.Tensor]
Terms = dict[str, tuple[float, torch.Tensor]]  # weight and value by name
Objective = Callable[[View, torch.Tensor, torch.Tensor], Terms]


@synthesiser(InversionConfig)
def synthesise(student: Student, config: InversionConfig, n: int, generator: torch.Generator, tell: Tell) -> Probes:
    """Optimise `n` images from random pyramids on, classes in turn, as many at a time as memory allows.

    Raises:
        InputError: not even one image fits into memory.
    """
    targets = class_mixes(n, student.num_classes, config.mix_probability, generator)
    coarse = _coarse_steps(student, config)
    batch, recompute = fitting(student, min(config.batch, n))

    images: list[np.ndarray] = []
    done, steps_before = 0, 0

    def attempt(size: int) -> np.ndarray:
        steps = steps_before + config.num_steps * len(parts(n - done, size))
        work = partial(_work, config.num_steps, coarse)
        narrator = Narrator(student, steps, tell, before=steps_before, work=work)
        return _inverted(student, config, coarse, targets[done : done + size], generator, narrator)

    with recomputed(student.module, recompute):
        while done < n:
            made, batch = with_room(parts(n - done, batch)[0], student, attempt)
            images.append(made)
            done, steps_before = done + len(made), steps_before + config.num_steps
    return Probes(np.concatenate(images), targets.numpy())


def _inverted(
    student: Student,
    config: InversionConfig,
    coarse: int,
    targets: torch.Tensor,
    generator: torch.Generator,
    narrator: Narrator,
) -> np.ndarray:
    """Images uint8 `(B, C, H, W)` for class weights `(B, K)`, the first `coarse` steps at half the size."""
    start = _start(len(targets), student.shape, generator)
    octaves = len(start)
    start = [enlarged_sum(start)] if config.grids == "pixels" else start[: octaves - config.omitted_grids]
    grids = [grid.to(student.device).requires_grad_() for grid in start]
    optimiser = torch.optim.AdamW(grids, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
    wanted = targets.to(student.device)
    view = _view(student, config, generator)

    full, half = (tuple(-(-side // part) for side in student.shape[1:]) for part in (1, 2))

    @torch.no_grad()
    def drawn(first: int) -> np.ndarray:
        return quantise(_images([grid[:first] for grid in grids], octaves, full))

    with _objective(student, config) as objective:
        for step in range(1, config.num_steps + 1):
            is_coarse = step <= coarse
            images = _images(grids, octaves, half if is_coarse else full)
            with autocast(student.device):
                terms = objective(partial(view, shift=config.shift // (1 + is_coarse)), images, wanted)
            total = sum(weight * loss for weight, loss in terms.values())
            optimiser.zero_grad(set_to_none=True)
            (len(targets) * total).backward()  # so that an image's gradient does not shrink with its batch
            optimiser.step()
            losses = {"total": total.detach()} | {name: loss.detach() for name, (_, loss) in terms.items()}
            narrator.step(step, losses, lambda: Probes(drawn(SHOWN), targets[:SHOWN].numpy()))
    return drawn(len(targets))


def _start(n: int, shape: tuple[int, int, int], generator: torch.Generator) -> list[torch.Tensor]:
    """The grids of random pyramids, contrast and brightness taken into them."""
    grids = random_grids(n, shape, generator)
    factors, offsets = contrasts(n, generator)
    grids = [factors * grid for grid in grids]
    grids[0] += offsets / gains(len(grids))[0]
    return grids


def _images(grids: list[torch.Tensor], octaves: int, size: tuple[int, int]) -> torch.Tensor:
    """Images `(B, C, *size)` in (0, 1) of those of their grids that are no finer, or of a single one."""
    shown = [grid for grid in grids if grid.shape[2] <= size[0]]
    total = enlarged_sum(shown, of=octaves) if len(grids) > 1 else grids[0]
    if total.shape[2:] != size:
        total = F.interpolate(total, size=size, mode="bilinear")
    return torch.sigmoid(total)


def _work(steps: int, coarse: int, done: int) -> float:
    """What so many steps take, in steps at full size, where of each `steps` the first `coarse` take a quarter."""
    whole, begun = divmod(done, steps)
    return whole * (steps - 0.75 * coarse) + begun - 0.75 * min(begun, coarse)


def _coarse_steps(student: Student, config: InversionConfig) -> int:
    """How many steps are made at half the size; none where the student takes but its own."""
    steps = int(config.coarse_share * config.num_steps)
    if not steps or config.grids == "pixels":
        return 0
    channels, height, width = student.shape
    try:
        with torch.inference_mode():
            student(torch.ones(1, channels, -(-height // 2), -(-width // 2), device=student.device))
    except (AssertionError, RuntimeError, ValueError):  # as vision transformers do, each in its own words
        return 0
    return steps


def _view(student: Student, config: InversionConfig, generator: torch.Generator) -> Callable[..., torch.Tensor]:
    noise = config.free_noise if _is_free(student, config) else config.noise
    return partial(shaken, mirror=config.mirror, noise=noise, generator=generator)


def _is_free(student: Student, config: InversionConfig) -> bool:
    return config.prior == "free" or (config.prior == "batchnorm" and not student.batchnorm_layers)


@contextmanager
def _objective(student: Student, config: InversionConfig) -> Iterator[Objective]:
    """What is to become small, for all steps inside the block: layers are watched on the way back, too, where what
    they gave is computed again."""
    if _is_free(student, config):
        yield partial(_free_terms, student, config)
        return
    layers = student.batchnorm_layers if config.prior == "batchnorm" and config.batchnorm_weight else []
    with watched_moments(layers, sampled=True) as moments:
        yield partial(_terms, student, config, moments)


def _terms(
    student: Student,
    config: InversionConfig,
    moments: Watched,
    view: View,
    images: torch.Tensor,
    targets: torch.Tensor,
) -> Terms:
    """Cross-entropy, and the distance from the statistics that the student's BatchNorm layers remember."""
    moments.clear()
    logits = student(view(images))
    terms = {"cross_entropy": (config.class_weight, F.cross_entropy(logits.float(), targets))}
    if moments:
        terms["batchnorm"] = (config.batchnorm_weight, batchnorm_loss(moments, reduction="mean"))
    return terms


def _free_terms(
    student: Student, config: InversionConfig, view: View, images: torch.Tensor, targets: torch.Tensor
) -> Terms:
    """Cross-entropy, and what any image should be like: smooth, the same when moved, and of different patches."""
    with watched_attention(student.module) as tokens:
        logits = student(view(images)).float()
    terms = {
        "cross_entropy": (config.class_weight, F.cross_entropy(logits, targets)),
        "smoothness": (config.smoothness_weight, smoothness_loss(images)),
    }
    if config.consistency_weight:
        moved = student(view(images)).float()
        terms["consistency"] = (config.consistency_weight, consistency_loss(logits, moved))
    if tokens and config.patch_weight:
        terms["patches"] = (config.patch_weight, patch_loss(tokens))
    return terms

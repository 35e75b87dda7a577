"""Probes, what a synthesis method is, and the table of methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch.nn import functional as F

from core.events import Preview, SynthesisStep
from core.students.base import Student
from core.synthesis.settings import MethodConfig
from core.words import target_words

Tell = Callable[[SynthesisStep | Preview], None]
Settings = TypeVar("Settings", bound=MethodConfig, contravariant=True)


@dataclass(frozen=True)
class Probes:
    """Images to ask about.

    Attributes:
        images: uint8 `(N, C, H, W)`, exactly what student and candidates are shown.
        targets: float32 `(N, K)`, the class weights each image was made for: rows sum to 1, or are 0 throughout
            for an image that was made for no class; `(N, 0)` where none was.
    """

    images: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    @property
    def aimed(self) -> np.ndarray:
        """Which images were made for a class, bool `(N,)`."""
        return self.targets.any(axis=1)


class Synthesiser(Protocol[Settings]):
    """Makes `n` probes out of a student, in an order of which any beginning is as good as it can be.

    The same state of `generator`, which is on the CPU, gives the same probes. `tell` hears of the progress, and may
    raise to stop it. The student is left as it was.
    """

    def __call__(
        self, student: Student, config: Settings, n: int, generator: torch.Generator, tell: Tell
    ) -> Probes: ...


SYNTHESISERS: dict[str, Synthesiser] = {}


def synthesiser(settings: type[Settings]) -> Callable[[Synthesiser[Settings]], Synthesiser[Settings]]:
    """Register the synthesis method that `settings` are for."""

    def register(method: Synthesiser[Settings]) -> Synthesiser[Settings]:
        SYNTHESISERS[settings.model_fields["method"].default] = method
        return method

    return register


def quantise(images: torch.Tensor) -> np.ndarray:
    """Float images `(N, C, H, W)` to uint8, clamped to [0, 1]: what a PNG of them would hold."""
    return (images.detach().clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()


def pixels(images: np.ndarray) -> torch.Tensor:
    """uint8 images `(N, C, H, W)` as floats in [0, 1]."""
    return torch.from_numpy(images).float() / 255


def class_mixes(n: int, classes: int, mix_probability: float, generator: torch.Generator) -> torch.Tensor:
    """Class weights `(n, K)`: each class in turn, with `mix_probability` mixed with another at random."""
    first = torch.arange(n) % classes if n >= classes else torch.randperm(classes, generator=generator)[:n]
    second = (first + torch.randint(1, classes, (n,), generator=generator)) % classes
    share = 0.5 + 0.5 * torch.rand(n, generator=generator)
    share[torch.rand(n, generator=generator) >= mix_probability] = 1.0
    weights = share[:, None] * F.one_hot(first, classes)
    return weights + (1 - share)[:, None] * F.one_hot(second, classes)


def labels(student: Student, probes: Probes) -> tuple[str, ...]:
    """What each probe was made to show, or what the student sees in one that was made for no class."""
    names, aimed = student.class_names, probes.aimed
    seen = iter(student.logits(probes.images[~aimed]).argmax(axis=1) if not aimed.all() else ())
    return tuple(
        target_words(weights, names, shares=False) if has_target else names[next(seen)]
        for weights, has_target in zip(probes.targets, aimed, strict=True)
    )

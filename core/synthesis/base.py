"""Probes, what a synthesis method is, and the table of methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from core.config import SynthesisConfig
from core.events import Preview, SynthesisStep
from core.students.base import Student

Tell = Callable[[SynthesisStep | Preview], None]


@dataclass(frozen=True)
class Probes:
    """Images to ask about.

    Attributes:
        images: uint8 `(N, C, H, W)`, exactly what student and candidates are shown.
        targets: float32 `(N, K)`, the class weights each image was made for, rows summing to 1;
            `(N, 0)` for images that were made for no class.
    """

    images: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.images)


class Synthesiser(Protocol):
    """Makes `n` probes out of a student; the same generator state gives the same probes."""

    def __call__(
        self, student: Student, config: SynthesisConfig, n: int, steps: int, generator: torch.Generator, tell: Tell
    ) -> Probes: ...


SYNTHESISERS: dict[str, Synthesiser] = {}


def synthesiser(name: str) -> Callable[[Synthesiser], Synthesiser]:
    """Register a synthesis method under `name`."""

    def register(method: Synthesiser) -> Synthesiser:
        SYNTHESISERS[name] = method
        return method

    return register


def quantise(images: torch.Tensor) -> np.ndarray:
    """Float images `(N, C, H, W)` to uint8, clamped to [0, 1]: what a PNG of them would hold."""
    return (images.detach().clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()


def pixels(images: np.ndarray) -> torch.Tensor:
    """uint8 images `(N, C, H, W)` as floats in [0, 1]."""
    return torch.from_numpy(images).float() / 255


def target_label(weights: np.ndarray, class_names: tuple[str, ...]) -> str:
    """The one or two classes of a target `(K,)` in words, the stronger first; "" for no target."""
    strongest = [int(index) for index in np.argsort(-weights)[:2] if weights[index] > 0.05]
    return " + ".join(class_names[index] for index in strongest)

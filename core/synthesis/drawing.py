"""Images that are drawn and not optimised: made a part at a time, so that neither memory nor patience is strained."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from core.students.base import Student
from core.synthesis.base import Probes, Tell, quantise
from core.synthesis.progress import SHOWN, Narrator


def drawn_probes(draw: Callable[[int], torch.Tensor], student: Student, n: int, tell: Tell) -> Probes:
    """`n` probes made for no class.

    Args:
        draw: so many images, float `(n, C, H, W)` in [0, 1], on the CPU.
    """
    narrator, made = Narrator(student, 0, tell), []
    for start in range(0, n, student.affordable_batch):
        made.append(quantise(draw(min(student.affordable_batch, n - start))))
        narrator.sheet(lambda: unaimed(np.concatenate(made[:SHOWN])[:SHOWN]))
    return unaimed(np.concatenate(made))


def unaimed(images: np.ndarray) -> Probes:
    """Probes, uint8 `(N, C, H, W)`, that were made for no class."""
    return Probes(images, np.zeros((len(images), 0), np.float32))

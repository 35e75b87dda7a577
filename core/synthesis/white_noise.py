"""White noise: the least that any method has to beat."""

from __future__ import annotations

import torch

from core.students.base import Student
from core.synthesis.base import Probes, Tell, synthesiser
from core.synthesis.drawing import drawn_probes
from core.synthesis.settings import WhiteNoiseConfig


@synthesiser(WhiteNoiseConfig)
def synthesise(student: Student, config: WhiteNoiseConfig, n: int, generator: torch.Generator, tell: Tell) -> Probes:
    """Independent pixels, uniform in [0, 1]."""
    return drawn_probes(lambda n: torch.rand(n, *student.shape, generator=generator), student, n, tell)

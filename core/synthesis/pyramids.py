"""Random pyramids: noise at several resolutions, enlarged and summed, at random contrast and brightness."""

from __future__ import annotations

import torch

from core.students.base import Student
from core.synthesis.base import Probes, Tell, synthesiser
from core.synthesis.drawing import drawn_probes
from core.synthesis.grids import contrasts, enlarged_sum, random_grids
from core.synthesis.settings import PyramidsConfig


@synthesiser(PyramidsConfig)
def synthesise(student: Student, config: PyramidsConfig, n: int, generator: torch.Generator, tell: Tell) -> Probes:
    """Blobs of all sizes, made without the student."""

    def draw(n: int) -> torch.Tensor:
        total = enlarged_sum(random_grids(n, student.shape, generator, colour=config.colour))
        factors, offsets = contrasts(n, generator)
        return torch.sigmoid(factors * total + offsets)

    return drawn_probes(draw, student, n, tell)

"""From a configuration to probes: the method makes a pool, the selection keeps the best of it."""

from __future__ import annotations

import torch

from core.students.base import Student
from core.synthesis.base import SYNTHESISERS, Probes, Tell
from core.synthesis.progress import show
from core.synthesis.selection import selected
from core.synthesis.settings import SynthesisConfig


def make_probes(student: Student, config: SynthesisConfig, n: int, generator: torch.Generator, tell: Tell) -> Probes:
    """`n` probes, the best first, by any method and selection.

    Args:
        config: `core.synthesis.settings`; `config.at(effort)` where steps are to follow the effort.
        generator: on the CPU; its state decides which probes are made.
        tell: hears of losses and contact sheets, the last one of the probes that are kept; may raise to stop.

    Raises:
        InputError: the device has too little memory, or a folder holds too few images.
    """
    config = config.sized(student.pixels)
    pool = SYNTHESISERS[config.method](student, config, config.pool(n), generator, tell)
    probes = selected(student, pool, n, config.selection.rule)
    show(student, probes, tell)
    return probes

"""Probes of several methods, in given shares."""

from __future__ import annotations

import numpy as np
import torch

from core.events import Preview, SynthesisStep
from core.students.base import Student
from core.synthesis.base import Probes, Tell, synthesiser
from core.synthesis.make import make_probes
from core.synthesis.settings import MixConfig


@synthesiser(MixConfig)
def synthesise(student: Student, config: MixConfig, n: int, generator: torch.Generator, tell: Tell) -> Probes:
    """Each part's probes after its own selection, taking turns as `MixConfig.turns` says."""
    turns = np.array(config.turns(n))
    images = np.zeros((n, *student.shape), np.uint8)
    targets = np.zeros((n, student.num_classes), np.float32)
    steps_before = 0
    for index, part in enumerate(config.parts):
        mine = turns == index
        if not mine.any():
            continue
        made = make_probes(student, part.synthesis, int(mine.sum()), generator, _later(tell, steps_before, config))
        images[mine] = made.images
        if made.targets.size:
            targets[mine] = made.targets
        steps_before += part.synthesis.num_steps
    return Probes(images, targets if targets.any() else targets[:, :0])


def _later(tell: Tell, before: int, config: MixConfig) -> Tell:
    """`tell`, with a part's steps counted from where the parts before it ended."""

    def told(event: SynthesisStep | Preview) -> None:
        if isinstance(event, SynthesisStep):
            event = event.model_copy(update={"step": before + event.step, "steps": config.num_steps, "done": None})
        tell(event)

    return told

"""Small movements and noise between an image and the student that sees it."""

from __future__ import annotations

import torch


def shaken(images: torch.Tensor, *, shift: int, mirror: bool, noise: float, generator: torch.Generator) -> torch.Tensor:
    """Images moved by up to `shift` pixels, with `mirror` mirrored every other time, with pixel noise of sd `noise`.

    One movement serves the whole batch. What a student sees through this is less its own blind spot
    and more what its training has in common with its teacher's.
    """
    down, right = torch.randint(-shift, shift + 1, (2,), generator=generator).tolist()
    images = images.roll((down, right), dims=(2, 3))
    if mirror and torch.randint(2, (), generator=generator):
        images = images.flip(3)
    return images + noise * torch.randn(images.shape, generator=generator).to(images.device) if noise else images

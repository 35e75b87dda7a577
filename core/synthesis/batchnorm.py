"""The BatchNorm-statistics loss: how far a batch's statistics are from those the student has stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn

Watched = list[tuple[nn.BatchNorm2d, torch.Tensor]]


@contextmanager
def watched_inputs(layers: Sequence[nn.BatchNorm2d]) -> Iterator[Watched]:
    """A list that each forward pass inside the block fills with layers and what entered them.

    Layers that the pass does not use, such as those of auxiliary heads, are not in it.
    """
    inputs: Watched = []

    def remember(layer: nn.BatchNorm2d, arguments: tuple[torch.Tensor, ...]) -> None:
        inputs.append((layer, arguments[0]))

    handles = [layer.register_forward_pre_hook(remember) for layer in layers]
    try:
        yield inputs
    finally:
        for handle in handles:
            handle.remove()


def batchnorm_loss(watched: Watched, *, reduction: Literal["mean", "sum"]) -> torch.Tensor:
    """`sum_l ||mu_l(batch) - mu_l||^2 + ||sigma_l(batch) - sigma_l||^2`, arXiv 2510.02302; scalar.

    Args:
        watched: at least one layer with its running statistics, and what entered it, `(N, C_l, H_l, W_l)`.
        reduction: "sum" over channels and layers as published, or "mean" over both.
    """
    total = watched[0][1].new_zeros((), dtype=torch.float32)
    for layer, x in watched:
        x = x.float()  # half precision loses the variance
        mean = x.mean(dim=(0, 2, 3))
        deviation = (x.var(dim=(0, 2, 3), unbiased=False) + layer.eps).sqrt()
        distance = (mean - layer.running_mean) ** 2 + (deviation - (layer.running_var + layer.eps).sqrt()) ** 2
        total = total + (distance.mean() / len(watched) if reduction == "mean" else distance.sum())
    return total

"""The BatchNorm-statistics loss: how far a batch's statistics are from those the student has stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn


@contextmanager
def watched_inputs(layers: Sequence[nn.BatchNorm2d]) -> Iterator[list[torch.Tensor]]:
    """A list that each forward pass inside the block fills with the layers' inputs, in calling order."""
    inputs: list[torch.Tensor] = []

    def remember(layer: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        inputs.append(arguments[0])

    handles = [layer.register_forward_pre_hook(remember) for layer in layers]
    try:
        yield inputs
    finally:
        for handle in handles:
            handle.remove()


def batchnorm_loss(
    inputs: Sequence[torch.Tensor], layers: Sequence[nn.BatchNorm2d], *, reduction: Literal["mean", "sum"]
) -> torch.Tensor:
    """`sum_l ||mu_l(batch) - mu_l||^2 + ||sigma_l(batch) - sigma_l||^2`, arXiv 2510.02302; scalar.

    Args:
        inputs: what entered each layer, `(N, C_l, H_l, W_l)`.
        layers: the layers, each with its running statistics.
        reduction: "sum" over channels and layers as published, or "mean" over both.
    """
    total = inputs[0].new_zeros(())
    for x, layer in zip(inputs, layers, strict=True):
        x = x.float()  # half precision loses the variance
        mean = x.mean(dim=(0, 2, 3))
        deviation = (x.var(dim=(0, 2, 3), unbiased=False) + layer.eps).sqrt()
        distance = (mean - layer.running_mean) ** 2 + (deviation - (layer.running_var + layer.eps).sqrt()) ** 2
        total = total + (distance.mean() / len(layers) if reduction == "mean" else distance.sum())
    return total

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
    mean, square = (moment.mean(dim=0) for moment in _moments(watched))
    return (_distances(watched, mean, square) * _weights(watched, reduction)).sum()


def batchnorm_fits(watched: Watched) -> torch.Tensor:
    """As `batchnorm_loss` in its mean form, for each image by its own statistics: `(N,)`."""
    return _distances(watched, *_moments(watched)) @ _weights(watched, "mean")


def _moments(watched: Watched) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and mean square over places of what entered all layers, side by side, each `(N, sum of C_l)`."""
    moments = [_Moments.apply(x.float()) for _, x in watched]  # half precision loses the variance
    means, squares = zip(*moments, strict=True)
    return torch.cat(means, dim=1), torch.cat(squares, dim=1)


def _distances(watched: Watched, mean: torch.Tensor, square: torch.Tensor) -> torch.Tensor:
    """Squared differences of mean and standard deviation from the stored ones, `(..., sum of C_l)`."""
    epsilon = torch.cat([torch.full_like(layer.running_var, layer.eps) for layer, _ in watched])
    stored_mean = torch.cat([layer.running_mean for layer, _ in watched])
    stored_deviation = (torch.cat([layer.running_var for layer, _ in watched]) + epsilon).sqrt()
    deviation = ((square - mean**2).clamp(min=0) + epsilon).sqrt()
    return (mean - stored_mean) ** 2 + (deviation - stored_deviation) ** 2


def _weights(watched: Watched, reduction: Literal["mean", "sum"]) -> torch.Tensor:
    """How much each channel of all layers counts for, `(sum of C_l,)`."""
    channels = [torch.ones_like(layer.running_mean) for layer, _ in watched]
    if reduction == "mean":
        channels = [ones / (len(ones) * len(watched)) for ones in channels]
    return torch.cat(channels)


class _Moments(torch.autograd.Function):
    """As `x.mean((2, 3)), (x * x).mean((2, 3))`, but it goes back over `x` once, not once for each operation.

    With `x.var` and autograd this loss takes longer than all the rest of a small student's step.
    """

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.save_for_backward(x)
        return x.mean(dim=(2, 3)), x.square().mean(dim=(2, 3))

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, mean: torch.Tensor, square: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        places = x.shape[2] * x.shape[3]
        return torch.addcmul(mean[:, :, None, None] / places, x, 2 / places * square[:, :, None, None])

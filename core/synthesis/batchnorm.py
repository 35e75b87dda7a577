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
    with torch.autocast(watched[0][1].device.type, enabled=False):  # half precision loses the variance
        moments = [_Moments.apply(x.float()) for _, x in watched]
    return (_distances(watched, *_side_by_side(moments)) * _weights(watched, reduction)).sum()


@torch.no_grad()
def batchnorm_fits(watched: Watched) -> torch.Tensor:
    """As `batchnorm_loss` in its mean form, for each image by its own statistics: `(N,)`."""
    inputs = [x.float() for _, x in watched]
    moments = [(x.mean(dim=(2, 3)), x.square().mean(dim=(2, 3))) for x in inputs]
    return _distances(watched, *_side_by_side(moments)) @ _weights(watched, "mean")


def _side_by_side(moments: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Means and mean squares `(..., C_l)` of all layers, each `(..., sum of C_l)`."""
    means, squares = zip(*moments, strict=True)
    return torch.cat(means, dim=-1), torch.cat(squares, dim=-1)


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
    """Mean and mean square of each channel of `(N, C, H, W)`, `(C,)` each.

    As a product with a row of ones, which is what processors are fastest at, and with a gradient that goes over `x`
    once, not once for each operation. With `x.var` and autograd this took longer than all the rest of a small
    student's step. Channels are last in memory, so that to have them as columns costs nothing.
    """

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.save_for_backward(x)
        columns = x.movedim(1, -1).flatten(0, 2)
        average = columns.new_full((len(columns),), 1 / len(columns))
        return average @ columns, average @ columns.square()

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, mean: torch.Tensor, square: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        places = x.numel() / x.shape[1]
        mean, square = mean / places, 2 / places * square
        return torch.addcmul(mean[:, None, None], x, square[:, None, None])

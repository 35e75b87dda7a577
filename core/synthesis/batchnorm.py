"""The BatchNorm-statistics loss: how far a batch's statistics are from those the student has stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Literal, NamedTuple

import torch
from timm.layers import BatchNormAct2d
from torch import nn

from core.synthesis.forward import replaced_forward

ROWS = 28  # of a large map that are looked at, about


class Moments(NamedTuple):
    """What entered a layer that remembers statistics: mean and mean square of each channel, `(C,)` or `(N, C)`."""

    layer: nn.Module
    mean: torch.Tensor
    square: torch.Tensor


Watched = list[Moments]


@contextmanager
def watched_moments(layers: Sequence[nn.Module], *, sampled: bool = False) -> Iterator[Watched]:
    """A list that each forward pass inside the block fills with the moments of what enters the layers, in its order.

    Layers that the pass does not use, such as those of auxiliary heads, are not in it. Where the pass is to be
    recomputed on the way back, that has to happen inside the block.

    Args:
        sampled: of maps with twice 28 rows or more only every second, third, ... row counts: their neighbours say the
            same again.
    """
    watched: Watched = []

    def seen(x: torch.Tensor, layer: nn.Module, affine: Sequence[torch.Tensor | None]) -> torch.Tensor:
        every = max(1, x.shape[2] // ROWS) if sampled else 1
        y, mean, square = _Seen.apply(x, *affine, every)
        watched.append(Moments(layer, mean, square))
        return y

    def normalised(layer: nn.BatchNorm2d, x: torch.Tensor) -> torch.Tensor:
        affine = _affine(layer)
        if x.dtype != affine[0].dtype:  # half precision
            return type(layer).forward(layer, seen(x, layer, (None, None)))
        y = seen(x, layer, affine)
        return layer.act(layer.drop(y)) if isinstance(layer, BatchNormAct2d) else y

    with ExitStack() as stack:
        for layer in layers:
            if type(layer) in (nn.BatchNorm2d, BatchNormAct2d):
                stack.enter_context(replaced_forward(layer, partial(normalised, layer)))
            else:
                stack.enter_context(
                    layer.register_forward_pre_hook(lambda one, arguments: (seen(arguments[0], one, (None, None)),))
                )
        yield watched


@contextmanager
def watched_images(layers: Sequence[nn.Module]) -> Iterator[Watched]:
    """The same with the moments of each image, `(N, C)`, without gradients."""
    watched: Watched = []

    @torch.no_grad()
    def remember(layer: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        x = arguments[0].float()
        watched.append(Moments(layer, x.mean(dim=(2, 3)), x.square().mean(dim=(2, 3))))

    with ExitStack() as stack:
        for layer in layers:
            stack.enter_context(layer.register_forward_pre_hook(remember))
        yield watched


def batchnorm_loss(watched: Watched, *, reduction: Literal["mean", "sum"]) -> torch.Tensor:
    """`sum_l ||mu_l(batch) - mu_l||^2 + ||sigma_l(batch) - sigma_l||^2`, arXiv 2510.02302; scalar, or `(N,)`.

    Args:
        watched: at least one layer.
        reduction: "sum" over channels and layers as published, or "mean" over both.
    """
    mean, square = (torch.cat(moments, dim=-1) for moments in list(zip(*watched, strict=True))[1:])
    epsilon = torch.cat([torch.full_like(layer.running_var, layer.eps) for layer, *_ in watched])
    stored_mean = torch.cat([layer.running_mean for layer, *_ in watched])
    stored_deviation = (torch.cat([layer.running_var for layer, *_ in watched]) + epsilon).sqrt()
    deviation = ((square - mean**2).clamp(min=0) + epsilon).sqrt()
    distances = (mean - stored_mean) ** 2 + (deviation - stored_deviation) ** 2
    return (distances * _weights(watched, reduction)).sum(dim=-1)


def _weights(watched: Watched, reduction: Literal["mean", "sum"]) -> torch.Tensor:
    """How much each channel of all layers counts for, `(sum of C_l,)`."""
    channels = [torch.ones_like(layer.running_mean) for layer, *_ in watched]
    if reduction == "mean":
        channels = [ones / (len(ones) * len(watched)) for ones in channels]
    return torch.cat(channels)


def _affine(layer: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Factor and offset, `(C, 1, 1)`, which are all that the layer is in evaluation."""
    scale = (layer.running_var + layer.eps).rsqrt()
    if layer.weight is not None:
        scale = scale * layer.weight
    shift = -layer.running_mean * scale
    if layer.bias is not None:
        shift = shift + layer.bias
    return scale[:, None, None], shift[:, None, None]


class _Seen(torch.autograd.Function):
    """`scale * x + shift`, or `x` itself, and mean and mean square of each channel of `x`, `(N, C, H, W)`.

    Together with the layer's own work these cost no more than torch's layer alone, whose backward pass also sums what
    nobody needs here. Sums are products with a row of ones, which is what processors are fastest at; channels are last
    in memory, so that to have them as columns costs nothing. With `x.var` and autograd, statistics took longer than
    all the rest of a small student's step.
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        x: torch.Tensor,
        scale: torch.Tensor | None,
        shift: torch.Tensor | None,
        every: int,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        ctx.save_for_backward(x, scale)
        ctx.rows = slice(every // 2, None, every)
        with torch.autocast(x.device.type, enabled=False):  # half precision loses the variance
            columns = x[:, :, ctx.rows].movedim(1, -1).flatten(0, 2).float()
            average = columns.new_full((len(columns),), 1 / len(columns))
            y = x.view_as(x) if scale is None else torch.addcmul(shift, x, scale)
            return y, average @ columns, average @ columns.square()

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, y: torch.Tensor, mean: torch.Tensor, square: torch.Tensor
    ) -> tuple[torch.Tensor | None, ...]:
        x, scale = ctx.saved_tensors
        part = x[:, :, ctx.rows]
        places = part.numel() / part.shape[1]
        offset, factor = ((m / places).to(x.dtype)[:, None, None] for m in (mean, 2 * square))
        own = torch.addcmul(offset, part, factor)
        if part.shape == x.shape:
            return own.add_(y) if scale is None else own.addcmul_(y, scale), None, None, None
        gradient = y.clone() if scale is None else y * scale
        gradient[:, :, ctx.rows] += own
        return gradient, None, None, None

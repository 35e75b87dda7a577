"""What may be asked of an image where the student has no BatchNorm that remembers what images were like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F

NAMED = re.compile("Attention|Attn")
MOST_TOKENS = 256  # similarities take memory by their square


def smoothness_loss(images: torch.Tensor) -> torch.Tensor:
    """Total variation of images `(N, C, H, W)`: mean absolute difference of neighbours, down and across; scalar."""
    return (images.diff(dim=2)).abs().mean() + (images.diff(dim=3)).abs().mean()


def consistency_loss(logits: torch.Tensor, moved: torch.Tensor) -> torch.Tensor:
    """KL of the answers to moved images from those to the images themselves, logits `(N, K)`; scalar, nats."""
    return F.kl_div(moved.log_softmax(1), logits.log_softmax(1), reduction="batchmean", log_target=True)


def patch_loss(tokens: list[torch.Tensor]) -> torch.Tensor:
    """Minus the entropy of similarities between patches, a mean over the layers; scalar.

    PSAQ-ViT (Li et al., 2022): patches of noise are all alike to a transformer, those of a real image are not. It
    estimates the density by kernels; taken for normal here, the entropy is half the logarithm of the variance.

    Args:
        tokens: what each attention layer gave, `(N, T, D)`; at least one.
    """
    losses = []
    for x in tokens:
        x = F.normalize(x.float(), dim=2)
        similarities = (x @ x.transpose(1, 2)).flatten(1)
        losses.append(-0.5 * (similarities.var(dim=1) + 1e-6).log().mean())
    return torch.stack(losses).mean()


@contextmanager
def watched_attention(module: nn.Module) -> Iterator[list[torch.Tensor]]:
    """A list that each forward pass inside the block fills with what attention layers gave, `(N, T, D)`.

    Attention is known by its name: torch's, timm's and others' have no class in common. Layers that give anything but
    several tokens for each image, such as those that see windows of it as images of their own, are left out. Of more
    than `MOST_TOKENS` as many are kept, evenly spaced.
    """
    outputs: list[torch.Tensor] = []
    batches: list[int] = []

    def begin(_: nn.Module, images: tuple[torch.Tensor, ...]) -> None:
        batches.append(len(images[0]))

    def remember(layer: nn.Module, _: object, output: torch.Tensor | tuple[torch.Tensor, ...]) -> None:
        x = output[0] if isinstance(output, tuple) else output
        if isinstance(layer, nn.MultiheadAttention) and not layer.batch_first:
            x = x.transpose(0, 1)
        if isinstance(x, torch.Tensor) and x.ndim == 3 and len(x) == batches[-1] and x.shape[1] > 1:
            outputs.append(x[:, :: -(-x.shape[1] // MOST_TOKENS)])

    handles = [module.register_forward_pre_hook(begin)]
    handles += [layer.register_forward_hook(remember) for layer in module.modules() if _is_attention(layer)]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def _is_attention(layer: nn.Module) -> bool:
    """By the name of its class; the innermost where one holds another."""
    named = [bool(NAMED.search(type(one).__name__)) for one in layer.modules()]
    return named[0] and sum(named) == 1

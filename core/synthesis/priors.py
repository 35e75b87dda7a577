"""What may be asked of an image where the student has no BatchNorm that remembers what images were like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F


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
    """A list that each forward pass inside the block fills with what attention layers gave, `(N, T, D)`."""
    outputs: list[torch.Tensor] = []

    def remember(layer: nn.MultiheadAttention, arguments: tuple[object, ...], output: tuple[torch.Tensor, ...]) -> None:
        outputs.append(output[0] if layer.batch_first else output[0].transpose(0, 1))

    layers = [layer for layer in module.modules() if isinstance(layer, nn.MultiheadAttention)]
    handles = [layer.register_forward_hook(remember) for layer in layers]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()

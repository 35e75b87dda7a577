"""What a network computes on its way to the logits: its embedding and its stages, caught by hooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def embedding_of(model: nn.Module) -> Iterator[list[torch.Tensor]]:
    """A list to which each forward pass inside the block appends what enters the last linear layer, `(N, D)`."""
    head = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    caught: list[torch.Tensor] = []
    handle = head.register_forward_pre_hook(lambda module, inputs: caught.append(inputs[0]))
    try:
        yield caught
    finally:
        handle.remove()


@contextmanager
def stages_of(model: nn.Module, count: int) -> Iterator[list[torch.Tensor]]:
    """A list to which each forward pass appends the outputs of up to `count` evenly spaced stages, as `(N, D)`."""
    blocks = _blocks(model)
    chosen = [blocks[i] for i in sorted({-(-(i + 1) * len(blocks) // count) - 1 for i in range(count)})]
    caught: list[torch.Tensor] = []
    handles = [block.register_forward_hook(lambda module, inputs, output: caught.append(_pooled(output)))
               for block in chosen]  # fmt: skip
    try:
        yield caught
    finally:
        for handle in handles:
            handle.remove()


def _blocks(model: nn.Module) -> list[nn.Module]:
    """The modules of the chain that holds most of the parameters, head and pooling left out."""
    chains = [module for module in model.modules() if isinstance(module, nn.Sequential)]
    body = max(chains, key=lambda chain: sum(parameter.numel() for parameter in chain.parameters()))
    return [block for block in body if not isinstance(block, (nn.Linear, nn.Flatten, nn.AdaptiveAvgPool2d))]


def _pooled(features: torch.Tensor) -> torch.Tensor:
    """Maps `(N, D, H, W)` or tokens `(N, T, D)` to their mean, `(N, D)`."""
    return features.mean(dim=(2, 3)) if features.ndim == 4 else features.mean(dim=1)

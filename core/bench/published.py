"""`python -m core bench published`: networks with ImageNet weights, against the code that their packages come with.

It runs that code, out of the archive that it was downloaded in.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.nn import functional as F
from torchvision.models import mobilenet_v2

from core.students.architectures import build
from core.zoo.datasets.fashion_colour import read_photograph
from core.zoo.imagenet.weights import (
    CANDIDATES,
    CLASS_NAMES,
    MOBILENET,
    MOBILENET_ID,
    Published,
    downloaded,
    original_weights,
    published_weights,
)
from core.zoo.models import PixelModel, predict

CODE = ("efficientnet-lite-pytorch", "0.1.0")
PHOTOGRAPHS = {"a cat": "chelsea.png", "coffee": "coffee.png"}


def bench_published(console: Console) -> None:
    """Print each network's largest difference from its package's own code, and what it sees in two photographs."""
    table = Table("network", "largest difference of logits", *PHOTOGRAPHS)
    for name, published in {**CANDIDATES, MOBILENET_ID: MOBILENET}.items():
        size = (published.input.height, published.input.width)
        images = torch.cat([_square(read_photograph("skimage.data", file), size) for file in PHOTOGRAPHS.values()])
        ours, theirs = (predict(model, images) for model in (_ours(published), _theirs(published)))
        seen = (
            f"{CLASS_NAMES[label]} {share:.0%}" for share, label in zip(*ours.softmax(dim=1).max(dim=1), strict=True)
        )
        table.add_row(name, f"{(ours - theirs).abs().max():.1e}", *seen)
    console.print(table)


def _ours(published: Published) -> nn.Module:
    network = build(published.architecture, input=published.input, num_classes=len(CLASS_NAMES))
    return _loaded(network, published_weights(published), published)


def _theirs(published: Published) -> nn.Module:
    if published is MOBILENET:  # whose package holds weights alone, those of torchvision's code
        return _loaded(mobilenet_v2(), original_weights(published), published)
    sys.path.insert(0, str(downloaded(*CODE)))
    try:
        from efficientnet_lite_pytorch import EfficientNet
    finally:
        sys.path.pop(0)
    name = published.package.removesuffix("-pytorch-model")
    return _loaded(EfficientNet.from_name(name), original_weights(published), published)


def _loaded(network: nn.Module, weights: Mapping[str, torch.Tensor], published: Published) -> nn.Module:
    network.load_state_dict(weights, assign=True)
    return PixelModel(network.eval(), published.input)


def _square(photograph: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """The middle of a photograph, `(1, 3, H, W)`."""
    side = min(photograph.shape[1:])
    top, left = ((length - side) // 2 for length in photograph.shape[1:])
    middle = photograph[None, :, top : top + side, left : left + side]
    return F.interpolate(middle, size=size, mode="bilinear", antialias=True)

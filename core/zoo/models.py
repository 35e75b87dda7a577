"""Zoo models as they are used: from pixels to logits, with the normalisation inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn

from core.config import InputSpec
from core.zoo.architectures import ARCHITECTURES


class PixelModel(nn.Module):
    """A network that takes normalised images, as one that takes pixels in [0, 1]."""

    def __init__(self, network: nn.Module, input: InputSpec) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", _by_channel(input.mean), persistent=False)
        self.register_buffer("std", _by_channel(input.std), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network((images - self.mean) / self.std)


def new_model(architecture: str, input: InputSpec, num_classes: int, *, seed: int) -> PixelModel:
    """An untrained zoo model, its initial weights drawn from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ARCHITECTURES[architecture].build(input.channels, input.height, num_classes)
    return PixelModel(network, input)


def load_zoo_model(path: Path) -> PixelModel:
    """A model from a safetensors file of a zoo, in evaluation mode; its architecture may be any that has a name."""
    with safe_open(path, framework="pt") as file:
        says = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
    input = InputSpec.model_validate_json(says["input"])
    model = PixelModel(_network(says["architecture"], input, int(says["num_classes"])), input)
    model.network.load_state_dict(tensors, assign=True)
    return model.to(memory_format=torch.channels_last).eval()


def _network(architecture: str, input: InputSpec, classes: int) -> nn.Module:
    if architecture.startswith("zoo:"):
        return new_model(architecture.removeprefix("zoo:"), input, classes, seed=0).network
    from core.students.architectures import build  # timm takes long to import

    return build(architecture, input=input, num_classes=classes)


@torch.inference_mode()
def predict(model: nn.Module, images: torch.Tensor, *, batch: int = 128) -> torch.Tensor:
    """Logits `(N, K)` for images `(N, C, H, W)` in [0, 1].

    On a processor the layers of a larger batch do not fit into its cache: with 1000 it takes twice as long.
    """
    return torch.cat([model(part) for part in images.split(batch)])


def _by_channel(values: Sequence[float]) -> torch.Tensor:
    return torch.tensor(values).view(-1, 1, 1)

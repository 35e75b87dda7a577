"""The student: a classifier whose weights are in hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import nn

from core.config import InputSpec
from core.results import StudentSummary

PIXELS_AT_ONCE = 1 << 19


@dataclass(frozen=True, eq=False)
class Student:
    """A frozen network in evaluation mode, called on pixels: normalisation is part of it.

    Gradients flow to the images, never to the weights.

    Attributes:
        module: normalised images `(N, C, H, W)` to logits `(N, K)`.
        input: the images it takes, and their normalisation.
        class_names: K names, in the order of the logits.
        sha256: of the checkpoint file.
        folded_batchnorm: BatchNorm layers of the architecture that the checkpoint has folded into convolutions.
    """

    module: nn.Module
    input: InputSpec
    class_names: tuple[str, ...]
    architecture: str
    name: str
    sha256: str
    device: torch.device
    folded_batchnorm: int = 0

    def __post_init__(self) -> None:
        self.module.eval().requires_grad_(False)
        if torch.device(self.device).type != "mps":  # as good or faster by up to a third; not measured there
            self.module.to(memory_format=torch.channels_last)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Logits `(N, K)` for float images `(N, C, H, W)` in [0, 1] on the student's device."""
        mean, std = (images.new_tensor(values).view(-1, 1, 1) for values in (self.input.mean, self.input.std))
        return self.module((images - mean) / std)

    @torch.inference_mode()
    def logits(self, images: np.ndarray) -> np.ndarray:
        """float64 logits `(N, K)` for uint8 images `(N, C, H, W)`, a part at a time."""
        parts = torch.from_numpy(images).split(self.affordable_batch)
        return torch.cat([self(part.to(self.device).float() / 255).cpu().double() for part in parts]).numpy()

    @property
    def affordable_batch(self) -> int:
        """Images at a time that need no more memory at any size of image than 256 small ones."""
        return max(1, min(256, PIXELS_AT_ONCE // self.pixels))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of its images."""
        return self.input.channels, self.input.height, self.input.width

    @property
    def pixels(self) -> int:
        """Of one image."""
        return self.input.height * self.input.width

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @cached_property
    def parameters(self) -> int:
        """How many trained numbers it has."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    @property
    def batchnorm_layers(self) -> list[nn.Module]:
        """The layers that remember statistics of the training images, in the module's order; may be none.

        Frozen ones are among them: each has `running_mean` and `running_var`, `(C,)`, for inputs `(N, C, H, W)`.
        """
        return self._batchnorm[0]

    @cached_property
    def _batchnorm(self) -> tuple[list[nn.Module], list[nn.Module]]:
        """The layers that remember statistics, and those whose statistics no image ever changed."""
        layers = [layer for layer in self.module.modules() if is_batchnorm(layer)]
        untouched = {layer for layer in layers if (layer.running_mean == 0).all() and (layer.running_var == 1).all()}
        return [layer for layer in layers if layer not in untouched], [layer for layer in layers if layer in untouched]

    def summary(self) -> StudentSummary:
        """What a report says of it."""
        return StudentSummary(
            name=self.name,
            sha256=self.sha256,
            architecture=self.architecture,
            num_classes=self.num_classes,
            class_names=self.class_names,
            parameters=self.parameters,
            batchnorm_layers=len(self.batchnorm_layers),
            untouched_batchnorm=len(self._batchnorm[1]),
            folded_batchnorm=self.folded_batchnorm,
        )


def is_batchnorm(layer: nn.Module) -> bool:
    """By what it holds: torchvision's and timm's frozen layers are no `nn.BatchNorm2d`.

    A scripted layer is none, since nobody can watch what enters it.
    """
    if isinstance(layer, torch.jit.ScriptModule) or type(layer).__name__.endswith(("1d", "3d")):
        return False
    statistics = (getattr(layer, name, None) for name in ("running_mean", "running_var"))
    return hasattr(layer, "eps") and all(isinstance(one, torch.Tensor) for one in statistics)

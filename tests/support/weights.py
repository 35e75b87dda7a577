"""A candidate whose weights are here: a small network of the zoo, and what it answers by torch itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from core.candidates import CandidateConfig
from core.config import InputSpec
from core.zoo.architectures import ARCHITECTURES
from tests.support.inference import CLASSES, NAMES, SHAPE

SPEC = InputSpec(channels=1, height=8, width=8, mean=(0.3,), std=(0.4,))
SAYS = {"architecture": "zoo:convnet4", "input": SPEC.model_dump_json()}


class LocalModel:
    """Like `tests.support.inference.ModelServer`, as far as nothing is sent."""

    shape, names, output = SHAPE, NAMES, "logits"
    protocol = "local"
    one_at_a_time = False

    def __init__(self, folder: Path) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            module = ARCHITECTURES["convnet4"].build(1, 8, CLASSES)
            module(torch.randn(16, *SHAPE))  # BatchNorm has seen some
        self.module = module.eval()
        self.checkpoint = self.written(folder / "suspect.safetensors")

    def written(self, path: Path, says: dict[str, str] = SAYS, **more: str) -> Path:
        """A file of its weights with such metadata."""
        save_file(self.module.state_dict(), path, says | more)
        return path

    def candidate(self, **settings: object) -> CandidateConfig:
        usual = {"name": "suspect", "protocol": "local", "checkpoint": self.checkpoint}
        return CandidateConfig(**usual | settings)

    def expected(self, images: np.ndarray, mean: float = SPEC.mean[0], std: float = SPEC.std[0]) -> np.ndarray:
        """Its logits `(N, K)` for uint8 images, in the order of `names`."""
        with torch.no_grad():
            return self.module((torch.from_numpy(images).float() / 255 - mean) / std).double().numpy()

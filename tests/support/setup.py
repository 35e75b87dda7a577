"""What the tests of the set-up page enter: a checkpoint, its summary, candidates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save, save_file

from core.candidates import CandidateConfig
from core.config import InputSpec, StudentConfig
from core.students.inspection import CheckpointSummary
from core.students.recognition import Index
from core.ui.candidates.rows import row_of

GREY = InputSpec(channels=1, height=28, width=28, mean=(0.0,), std=(1.0,))
IMAGENET_LIKE = InputSpec(channels=3, height=32, width=40, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))
CANDIDATES = (
    CandidateConfig(name="one", url="http://127.0.0.1:9001", model="resnet", key_env="ONE_KEY"),
    CandidateConfig(name="two", url="http://127.0.0.1:9002", model="vgg", output="logits", max_batch=8, timeout=5.0),
    CandidateConfig(name="three", url="https://models.example.invalid/api", model="vit", version="2"),
)


def safetensors(path: Path) -> Path:
    """A file that says everything of itself; its weights are of no model."""
    metadata = {
        "architecture": "zoo:resnet8",
        "num_classes": "3",
        "class_names": json.dumps(["a", "b", "c"]),
        "input": IMAGENET_LIKE.model_dump_json(),
    }
    save_file({"weight": np.zeros((3, 4), np.float32)}, path, metadata)
    return path


def silent(shapes: Mapping[str, tuple[int, ...]]) -> bytes:
    """A file that says nothing of itself."""
    return save({name: np.zeros(shape, np.float16) for name, shape in shapes.items()})


def shapes_of(architecture: str, *, classes: int) -> dict[str, tuple[int, ...]]:
    """Of an architecture in the index, with another head."""
    index = Index.read()
    texts = (index.tensors[place].rpartition(" ") for place in index.own[architecture])
    shapes = {name: tuple(int(side) for side in shape.split("x")) for name, _, shape in texts}
    return {name: tuple(classes if side == 1000 else side for side in shape) for name, shape in shapes.items()}


def summary_of(config: StudentConfig) -> CheckpointSummary:
    """What a check would find."""
    names = config.class_names or tuple(f"class {index}" for index in range(config.num_classes or 10))
    return CheckpointSummary(
        name=config.checkpoint.stem,
        sha256="ab" * 32,
        architecture=config.architecture or "zoo:convnet4",
        num_classes=len(names),
        class_names=names,
        parameters=49_586,
        batchnorm_layers=4,
        input=config.input or GREY,
    )


def rows_of(candidates: tuple[CandidateConfig, ...]) -> list[dict[str, object]]:
    """The candidates as the list keeps them."""
    return [dict(row_of(candidate)) for candidate in candidates]

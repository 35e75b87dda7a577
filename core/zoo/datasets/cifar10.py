"""CIFAR-10, where it is on disk: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009."""

from __future__ import annotations

from pathlib import Path

import torch

from core.config import InputSpec
from core.errors import InputError
from core.workspace import workspace
from core.zoo.datasets.base import Split, dataset

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
INPUT = InputSpec(
    channels=3, height=32, width=32, mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616)
)  # of the training pixels


@dataset("cifar10", label="CIFAR-10", class_names=CLASS_NAMES, input=INPUT)
def load_cifar10(folder: Path | None = None) -> tuple[Split, Split]:
    """Training and test split from the folder that holds `cifar-10-batches-py`; it is never downloaded.

    Raises:
        InputError: the folder does not hold it, or holds it damaged.
    """
    from torchvision.datasets import CIFAR10

    root = folder or workspace() / "data"
    try:
        parts = [CIFAR10(root, train=train) for train in (True, False)]
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"CIFAR-10 is not in {root}",
            actual=str(error).split("\n")[0],
            remedy="give the folder that holds cifar-10-batches-py with --data",
        ) from error
    train, test = (
        Split(torch.from_numpy(part.data).permute(0, 3, 1, 2).float() / 255, torch.tensor(part.targets))
        for part in parts
    )
    return train, test

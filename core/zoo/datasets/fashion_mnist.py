"""Fashion-MNIST from a folder, from the Debian package, or through torchvision when online.

Xiao, Rasul and Vollgraf, "Fashion-MNIST", arXiv 1708.07747. The files are in the IDX format of MNIST.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import torch

from core.config import InputSpec
from core.errors import InputError
from core.zoo.datasets.base import Split, dataset

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
INPUT = InputSpec(channels=1, height=28, width=28, mean=(0.2860,), std=(0.3530,))  # of the training pixels


@dataset("fashion_mnist", label="Fashion-MNIST", class_names=CLASS_NAMES, input=INPUT)
def load_fashion_mnist(folder: Path | None = None) -> tuple[Split, Split]:
    """Training and test split.

    Args:
        folder: where the four `*-ubyte.gz` files are; by default the Debian package's folder,
            and where that is missing too, a download by torchvision.

    Raises:
        InputError: the files are nowhere and cannot be downloaded.
    """
    folder = folder or (DEBIAN_FOLDER if DEBIAN_FOLDER.is_dir() else _download())
    return _split(folder, "train"), _split(folder, "t10k")


def _split(folder: Path, prefix: str) -> Split:
    images = _read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
    labels = _read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    return Split(torch.from_numpy(images).unsqueeze(1).float() / 255, torch.from_numpy(labels).long())


def _read_idx(path: Path) -> np.ndarray:
    try:
        with gzip.open(path) as stream:
            raw = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"Fashion-MNIST file {path} cannot be read",
            actual=str(error),
            remedy="install the Debian package dataset-fashion-mnist or give the folder with --data",
        ) from error
    dimensions = raw[3]
    shape = np.frombuffer(raw, dtype=">i4", count=dimensions, offset=4)
    return np.frombuffer(raw, dtype=np.uint8, offset=4 + 4 * dimensions).reshape(shape).copy()


def _download() -> Path:
    from torchvision.datasets import FashionMNIST

    from core.workspace import workspace

    root = workspace() / "data"
    try:
        FashionMNIST(root, download=True)
    except Exception as error:  # torchvision raises URLError, RuntimeError or HTTPError by the mirror's mood
        raise InputError(
            "Fashion-MNIST is not on this machine and could not be downloaded",
            actual=str(error),
            remedy="go online, install the Debian package dataset-fashion-mnist, or give its folder with --data",
        ) from error
    return root / "FashionMNIST" / "raw"

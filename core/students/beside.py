"""What the JSON files beside a checkpoint say of it, as in the folders of Hugging Face's hub. Free of torch.

`config.json` of timm's models names their architecture and images; that of others the classes, and their images are
in `preprocessor_config.json`. Only these two files are read, and nothing of the folder is run. The keys are those that
timm's `push_to_hf_hub` and transformers' `save_pretrained` write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config import InputSpec
from core.students.labels import class_names_in
from core.students.parts import stays_inside

SIZE = 4 * 2**20  # bytes of a file of settings; that of 21,843 classes has half of it


def said_beside(checkpoint: Path) -> dict[str, str]:
    """Metadata as a safetensors file would have them, from the files beside it or in its folder.

    What cannot be read says nothing.
    """
    folder = checkpoint if checkpoint.is_dir() else checkpoint.parent
    config = _settings(folder, "config.json")
    said: dict[str, str] = {}
    match config:
        case {"architecture": str(architecture), "pretrained_cfg": dict(pretrained)}:  # timm's, and nobody else's
            config = pretrained | config  # a head that was trained anew is told of outside of what was pretrained
            said["architecture"] = f"timm:{architecture.partition('.')[0]}"
            spec = _input(config.get("input_size"), config.get("mean"), config.get("std"))
        case _:
            spec = _preprocessed(_settings(folder, "preprocessor_config.json"))
    names = class_names_in(config)
    if names and config.get("num_classes", len(names)) == len(names):  # else they are of the head before this one
        described = config.get("label_descriptions")
        words = described if isinstance(described, dict) else {}
        said["class_names"] = json.dumps([str(words.get(name, name)) for name in names])
    if spec:
        said["input"] = spec.model_dump_json()
    return said


def _settings(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    try:
        if not path.is_file() or not stays_inside(path, folder) or path.stat().st_size > SIZE:
            return {}
        settings = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}


def _preprocessed(settings: Mapping[str, Any]) -> InputSpec | None:
    """The images that transformers' image processors make: of the size that they crop to or, else, resize to."""
    mean, std = settings.get("image_mean"), settings.get("image_std")
    if settings.get("do_normalize") is False:
        mean, std = [0.0] * 3, [1.0] * 3
    channels = len(mean) if isinstance(mean, list) else None
    match settings.get("crop_size") if settings.get("do_center_crop") else settings.get("size"):
        case {"height": height, "width": width}:
            return _input([channels, height, width], mean, std)
        case {"shortest_edge": edge} | int(edge):
            return _input([channels, edge, edge], mean, std)
        case _:
            return None


def _input(size: object, mean: object, std: object) -> InputSpec | None:
    try:
        channels, height, width = size  # type: ignore[misc]
        return InputSpec(channels=channels, height=height, width=width, mean=mean, std=std)
    except (TypeError, ValueError):  # pydantic's errors are ValueErrors
        return None

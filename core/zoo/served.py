"""A zoo model as a server sees it: JSON in, JSON out, in the terms of the Open Inference Protocol v2."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from core.config import InputSpec
from core.errors import InputError
from core.zoo.models import load_zoo_model, predict


class BadRequest(ValueError):
    """What the caller sent cannot be answered; the text says why."""


@dataclass(frozen=True)
class ServedModel:
    """A trained model with what its callers must know."""

    id: str  # the file's stem
    version: str  # the first 12 hexadecimal digits of the file's SHA-256
    module: nn.Module
    shape: tuple[int, int, int]  # (C, H, W)
    num_classes: int

    @classmethod
    def load(cls, path: Path) -> ServedModel:
        """Raises `InputError` for a file that the zoo did not make."""
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
            spec = InputSpec.model_validate_json(metadata["input"])
            return cls(
                id=path.stem,
                version=hashlib.sha256(path.read_bytes()).hexdigest()[:12],
                module=load_zoo_model(path),
                shape=(spec.channels, spec.height, spec.width),
                num_classes=int(metadata["num_classes"]),
            )
        except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{path} is no model of the zoo",
                actual=str(error).split("\n")[0],
                remedy="serve a folder that `python -m core zoo train` made",
            ) from error

    def metadata(self, *, max_batch: int) -> dict[str, object]:
        return {
            "name": self.id,
            "versions": [self.version],
            "platform": "pytorch",
            "inputs": [{"name": "images", "datatype": "FP32", "shape": [-1, *self.shape]}],
            "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, self.num_classes]}],
            "parameters": {"max_batch_size": max_batch},
        }

    def images_of(self, body: bytes, *, max_batch: int) -> torch.Tensor:
        """The images `(N, C, H, W)` float32 in an inference request; raises `BadRequest`."""
        try:
            inputs = json.loads(body)["inputs"]
            shape, datatype, data = (inputs[0][field] for field in ("shape", "datatype", "data"))
        except (ValueError, RecursionError, KeyError, TypeError, IndexError):
            raise BadRequest("the body must be JSON with inputs, each with name, shape, datatype and data") from None
        if len(inputs) != 1:
            raise BadRequest(f"the model takes one input, got {len(inputs)}")
        if datatype != "FP32":
            raise BadRequest(f"the input's datatype must be FP32, got {datatype!r}")
        if not isinstance(shape, list) or len(shape) != 4 or shape[1:] != list(self.shape) or type(shape[0]) is not int:
            raise BadRequest(f"the input's shape must be {[-1, *self.shape]}, got {shape}")
        if not 1 <= shape[0] <= max_batch:
            raise BadRequest(f"a batch may have 1 to {max_batch} images, this one has {shape[0]}")
        try:
            values = np.array(data)
        except (ValueError, OverflowError):
            raise BadRequest("the data's rows differ in length") from None
        if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
            raise BadRequest("the data must be finite numbers")
        if values.size != prod(shape):
            raise BadRequest(f"shape {shape} needs {prod(shape)} numbers, got {values.size}")
        return torch.from_numpy(values.astype(np.float32).reshape(shape))

    def answer(
        self, images: torch.Tensor, *, output: Literal["probs", "logits"], decimals: int | None
    ) -> dict[str, object]:
        """The reply for images `(N, C, H, W)` in [0, 1]."""
        scores = predict(self.module, images)
        scores = (scores.softmax(1) if output == "probs" else scores).double().numpy()
        if decimals is not None:
            scores = scores.round(decimals)
        tensor = {"name": "scores", "datatype": "FP32", "shape": list(scores.shape), "data": scores.ravel().tolist()}
        return {"model_name": self.id, "model_version": self.version, "outputs": [tensor]}

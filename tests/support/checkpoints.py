"""Small checkpoints, good ones and spoilt ones, and tables of what may be wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from _pytest.mark import ParameterSet
from safetensors.torch import save_file
from torch import nn

from core.config import InputSpec, StudentConfig
from core.errors import InputError
from core.students.load import load_student
from core.zoo.architectures import ARCHITECTURES

GREY = InputSpec(channels=1, height=28, width=28, mean=(0.25,), std=(0.5,))
COLOUR = InputSpec(channels=3, height=64, width=64, mean=(0.5, 0.4, 0.3), std=(0.25, 0.2, 0.1))
NAMES = tuple("abcdefg")


def zoo_module(name: str = "convnet4", *, classes: int = 7) -> nn.Module:
    """An untrained module for `GREY` images whose BatchNorm has seen some; always the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        module = ARCHITECTURES[name].build(1, 28, classes)
        module(torch.randn(16, 1, 28, 28))
    return module.eval()


def write(
    path: Path, tensors: dict[str, torch.Tensor], *, without: tuple[str, ...] = (), **metadata: str | None
) -> Path:
    """A safetensors file; it says what a convnet4 of the zoo would, but for what is changed or left out."""
    says = {
        "architecture": "zoo:convnet4",
        "num_classes": "7",
        "input": GREY.model_dump_json(),
        "class_names": json.dumps(NAMES),
    } | metadata
    save_file(tensors, path, {key: value for key, value in says.items() if key not in without})
    return path


# Spoilt ones


Make = Callable[[Path], StudentConfig]


class Faults(list[ParameterSet]):
    """A table for `parametrize("make, fragments")`: ways to spoil a checkpoint, and what the message must hold."""

    def row(self, *fragments: str) -> Callable[[Make], Make]:
        def add(make: Make) -> Make:
            self.append(pytest.param(make, fragments, id=make.__name__))
            return make

        return add


def expect_fault(config: StudentConfig, fragments: tuple[str, ...]) -> None:
    """Loading is refused in one short line that holds every fragment, in whatever case, and a remedy."""
    with pytest.raises(InputError) as caught:
        load_student(config, "cpu")

    message = str(caught.value)
    assert [part for part in fragments if part.lower() not in message.lower()] == [], message
    assert caught.value.remedy
    assert len(message) < 600
    assert "\n" not in message


def spoilt(folder: Path, spoil: Callable[[dict[str, torch.Tensor]], object], **metadata: str) -> StudentConfig:
    """A convnet4 whose state dict went through `spoil`, which changes it in place."""
    tensors = zoo_module().state_dict()
    spoil(tensors)
    return StudentConfig(checkpoint=write(folder / "s.safetensors", tensors, **metadata))


def saved(folder: Path, content: object, name: str = "s.pt") -> StudentConfig:
    """Whatever it is, by torch.save."""
    torch.save(content, folder / name)
    return StudentConfig(checkpoint=folder / name, architecture="zoo:convnet4", input=GREY)


def written(folder: Path, content: bytes, name: str = "s.safetensors") -> StudentConfig:
    """Any bytes."""
    (folder / name).write_bytes(content)
    return StudentConfig(checkpoint=folder / name, architecture="zoo:convnet4", input=GREY)

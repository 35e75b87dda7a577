"""BatchNorm in all its states: used, frozen, never updated, folded into convolutions."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch import nn
from torch.fx.experimental.optimization import fuse
from torchvision.ops import FrozenBatchNorm2d

from core.config import InputSpec, StudentConfig
from core.students.base import Student
from core.students.load import load_student
from core.synthesis.batchnorm import batchnorm_loss, watched_moments
from tests.support.checkpoints import GREY, expect_fault, write, zoo_module

SMALL = InputSpec(channels=3, height=64, width=64, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


def student_of(module: nn.Module, input: InputSpec = GREY) -> Student:
    return Student(module, input, tuple("abcdefg"), "test", "test", "", torch.device("cpu"))


def seen(module: nn.Module, input: InputSpec) -> nn.Module:
    """After a few images, from which BatchNorm has its statistics."""
    module.train()(torch.rand(8, input.channels, input.height, input.width, generator=torch.Generator().manual_seed(0)))
    return module.eval()


def frozen(module: nn.Module) -> nn.Module:
    """With torchvision's frozen layers in place of the others."""
    for name, layer in list(module.named_modules()):
        if isinstance(layer, nn.BatchNorm2d):
            still = FrozenBatchNorm2d(layer.num_features, layer.eps)
            still.load_state_dict({key: tensor for key, tensor in layer.state_dict().items()})
            module.set_submodule(name, still)
    return module


def frozen_by_timm() -> nn.Module:
    module = seen(timm.create_model("resnetv2_50d", num_classes=7, layers=(1, 1, 1, 1), norm_layer="batchnorm"), SMALL)
    timm.utils.freeze_batch_norm_2d(module)
    return module


def test_frozen_layers_are_watched_like_others() -> None:
    usual, still = student_of(zoo_module()), student_of(frozen(zoo_module()))
    images = torch.rand(6, 1, 28, 28)
    losses = []
    for student in (usual, still):
        with watched_moments(student.batchnorm_layers) as moments:
            student(images)
        losses.append(batchnorm_loss(moments, reduction="mean").item())
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in still.module.modules())
    assert still.summary().batchnorm == "4"
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_statistics_that_were_never_updated_are_not_used() -> None:
    module = zoo_module()
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    norms[0].reset_running_stats()
    assert student_of(module).summary().batchnorm == "3 (1 never updated)"
    for layer in norms:
        layer.reset_running_stats()
    student = student_of(module)
    assert student.batchnorm_layers == [] and student.summary().batchnorm == "none (4 never updated)"


def test_what_gives_no_planes_is_no_batchnorm_of_images() -> None:
    module = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(784), nn.Linear(784, 7))
    assert student_of(seen(module, GREY)).summary().batchnorm == "none"


MODULES: dict[str, tuple[Callable[[], nn.Module], InputSpec, int]] = {
    "zoo:convnet4": (zoo_module, GREY, 4),
    "torchvision:resnet18": (lambda: torchvision.models.resnet18(num_classes=7), SMALL, 20),
    "torchvision:mobilenet_v2": (lambda: torchvision.models.mobilenet_v2(num_classes=7), SMALL, 52),
}


@pytest.mark.parametrize("architecture", MODULES)
def test_folded_batchnorm_is_said_and_answers_as_before(tmp_path: Path, architecture: str) -> None:
    make, spec, layers = MODULES[architecture]
    module = seen(make(), spec)
    tensors = fuse(deepcopy(module)).state_dict()
    assert not any("running" in name for name in tensors)
    path = write(tmp_path / "s.safetensors", tensors, architecture=architecture, input=spec.model_dump_json())

    student = load_student(StudentConfig(checkpoint=path), "cpu")

    images = torch.rand(3, spec.channels, spec.height, spec.width)
    usual = student_of(module, spec)
    torch.testing.assert_close(student(images), usual(images), rtol=1e-3, atol=1e-4)
    assert student.summary().batchnorm == f"none ({layers} folded into convolutions)"
    assert usual.summary().batchnorm == str(layers)


def test_timms_layers_that_activate_go_on_doing_so(tmp_path: Path) -> None:
    """Folded by hand: torch's own folding knows no such layers."""
    module = seen(timm.create_model("mobilenetv3_small_050", num_classes=7), SMALL)
    usual = student_of(deepcopy(module), SMALL)
    state, folded = module.state_dict(), _convolutions(module)
    tensors = {name: tensor for name, tensor in state.items() if name.rpartition(".")[0] not in folded}
    for norm, convolution in folded.items():
        factor = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + module.get_submodule(norm).eps).sqrt()
        tensors[f"{convolution}.weight"] = state[f"{convolution}.weight"] * factor[:, None, None, None]
        tensors[f"{convolution}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * factor
    path = write(
        tmp_path / "s.safetensors", tensors, architecture="timm:mobilenetv3_small_050", input=SMALL.model_dump_json()
    )

    student = load_student(StudentConfig(checkpoint=path), "cpu")

    images = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(student(images), usual(images), rtol=1e-3, atol=1e-4)
    assert student.folded_batchnorm == len(folded)


def test_what_is_folded_in_part_alone_is_refused(tmp_path: Path) -> None:
    tensors = fuse(zoo_module()).state_dict()
    del tensors["0.bias"]
    path = write(tmp_path / "s.safetensors", tensors)
    expect_fault(StudentConfig(checkpoint=path), ("folded", "BatchNorm"))


def _convolutions(module: nn.Module) -> dict[str, str]:
    """For each BatchNorm layer of timm's MobileNetV3 the convolution before it, squeezing and exciting aside."""
    found, last = {}, ""
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d) and ".se." not in name:
            last = name
        elif isinstance(layer, nn.BatchNorm2d):
            found[name] = last
    return found

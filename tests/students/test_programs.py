"""Programs as students: run where they are trusted, and watched like any other network."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from core.config import StudentConfig
from core.errors import InputError
from core.students.load import load_student
from core.synthesis.batchnorm import batchnorm_loss, watched_moments
from tests.support.checkpoints import GREY, zoo_module
from tests.support.programs import (
    SMALL,
    Export,
    batch,
    decomposed,
    exported,
    network,
    one_at_a_time,
    scripted,
    traced,
    trusted,
)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, but its files are about
        yield


# As any other student


@pytest.mark.parametrize(
    ("name", "export"),
    [
        *(("resnet18", export) for export in (scripted, traced, exported, decomposed, one_at_a_time)),
        ("mobilenet_v2", scripted),
        ("mobilenet_v2", exported),
        *(("zoo:resnet8", export) for export in (scripted, exported)),
        ("zoo:shufflenet", scripted),  # whose reshapes name the number of images
        ("zoo:shufflenet", traced),
        ("zoo:vit4", scripted),  # which has a faster way of its own where no gradient is asked for
        ("zoo:vit4", exported),
    ],
)
def test_answers_gradients_and_statistics_are_the_modules(tmp_path: Path, name: str, export: Export) -> None:
    module, spec = network(name)
    images = batch(spec, 9).requires_grad_()

    student = load_student(trusted(export(module, batch(spec), tmp_path), spec), "cpu")

    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (spec.mean, spec.std))
    expected = module((images - mean) / std)
    torch.testing.assert_close(student(images), expected, rtol=1e-4, atol=1e-5)
    (gradient,) = torch.autograd.grad(expected.square().sum(), images)
    (own,) = torch.autograd.grad(student(images).square().sum(), images)
    torch.testing.assert_close(own, gradient, rtol=1e-2, atol=1e-2 * gradient.abs().max().item())
    layers = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(student.batchnorm_layers) == len(layers)
    assert all(type(layer) is nn.BatchNorm2d for layer in student.batchnorm_layers)
    means = {tuple(layer.running_mean.tolist()) for layer in layers}
    assert {tuple(layer.running_mean.tolist()) for layer in student.batchnorm_layers} == means
    assert (student.num_classes, student.parameters) == (7, sum(one.numel() for one in module.parameters()))


@pytest.mark.parametrize("export", [scripted, decomposed])
def test_the_batchnorm_loss_is_the_modules(tmp_path: Path, export: Export) -> None:
    module, spec = network("zoo:resnet8")
    student = load_student(trusted(export(module, batch(spec), tmp_path)), "cpu")
    images = batch(spec, 5).requires_grad_()
    layers = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]

    with watched_moments(student.batchnorm_layers) as own:
        student(images)
    with watched_moments(layers) as expected:
        module((images - spec.mean[0]) / spec.std[0])

    loss, of_module = (batchnorm_loss(watched, reduction="sum") for watched in (own, expected))
    torch.testing.assert_close(loss, of_module, rtol=1e-4, atol=1e-5)
    assert torch.autograd.grad(loss, images)[0].abs().sum() > 0


def test_what_the_settings_say_is_checked(tmp_path: Path) -> None:
    path = scripted(zoo_module(), batch(GREY), tmp_path)

    student = load_student(trusted(path, class_names=tuple("tuvwxyz"), num_classes=7), "cpu")

    assert student.class_names == tuple("tuvwxyz")
    assert student.architecture == "a program of TorchScript"
    for settings, fragment in (
        ({"num_classes": 8}, "another number of classes"),
        ({"class_names": ("a", "b")}, "class names do not fit"),
        ({"architecture": "zoo:convnet4"}, "which has its architecture in it"),
    ):
        with pytest.raises(InputError, match=fragment):
            load_student(trusted(path, **settings), "cpu")
    with pytest.raises(InputError, match="does not say which images it takes"):
        load_student(StudentConfig(checkpoint=path, trusted=True), "cpu")


def test_a_module_that_keeps_its_answer_in_a_dictionary(tmp_path: Path) -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = zoo_module()

        def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"logits": self.inner(images)}

    student = load_student(trusted(exported(Named().eval(), batch(GREY), tmp_path)), "cpu")

    assert student(batch(GREY, 3)).shape == (3, 7)


# Refused


class Odd(nn.Module):
    """What an image classifier is not."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.inner, self.kind = zoo_module(), kind

    def forward(self, images: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        logits = self.inner(images)
        match self.kind:
            case "softmax":
                return logits.softmax(dim=1)
            case "pair":
                return logits, images
            case "pixels":
                return images
        return logits - logits.mean(dim=0)  # together


@pytest.mark.parametrize(
    ("kind", "fragment"),
    [
        ("softmax", "gives probabilities (expected logits"),
        ("pair", "gives more or other than logits"),
        ("pixels", "gives no logits for each image"),
        ("together", "answers 6 images at once otherwise than half of them at a time"),
    ],
)
@pytest.mark.parametrize("export", [traced, exported])
def test_what_is_no_classifier(tmp_path: Path, kind: str, fragment: str, export: Export) -> None:
    path = export(Odd(kind).eval(), batch(GREY), tmp_path)
    with pytest.raises(InputError) as caught:
        load_student(trusted(path), "cpu")
    assert fragment in str(caught.value)


@pytest.mark.parametrize("export", [traced, exported])
def test_training_mode(tmp_path: Path, export: Export) -> None:
    with pytest.raises(InputError, match=r"at once otherwise.*model\.eval\(\)"):
        load_student(trusted(export(zoo_module().train(), batch(GREY), tmp_path)), "cpu")


def test_a_batch_of_one_size_alone(tmp_path: Path) -> None:
    path = one_at_a_time(zoo_module("shufflenet"), batch(GREY), tmp_path)
    with pytest.raises(InputError, match=r"2 images at once.*dynamic_shapes"):
        load_student(trusted(path), "cpu")


def test_branches_that_depend_on_the_number_of_images(tmp_path: Path) -> None:
    class Moody(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            means = images.mean(dim=(2, 3)).repeat(1, 4)
            return means if images.shape[0] > 5 else means.relu()

    with pytest.raises(InputError, match="does other things with 5 images than with 7"):
        load_student(trusted(scripted(Moody(), batch(GREY), tmp_path)), "cpu")


@pytest.mark.parametrize("export", [scripted, exported])
def test_other_images(tmp_path: Path, export: Export) -> None:
    path = export(zoo_module(), batch(GREY), tmp_path)
    with pytest.raises(InputError, match=r"was exported for other images|does not run on images of 3x32x32"):
        load_student(trusted(path, SMALL), "cpu")


@pytest.mark.parametrize("name", ["s.onnx", "model"])
@pytest.mark.parametrize("trust", [True, False])
def test_onnx_is_a_clear_no(tmp_path: Path, name: str, trust: bool) -> None:
    (tmp_path / name).write_bytes(b"\x08\x08\x12\x07pytorch\x1a\x052.9.0")
    with pytest.raises(InputError, match=r"is an ONNX model.*torch\.export"):
        load_student(StudentConfig(checkpoint=tmp_path / name, input=GREY, trusted=trust), "cpu")


def test_machine_code_is_a_clear_no(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt2", "w") as archive:
        archive.writestr("a/data/aotinductor/model/model.so", b"\x7fELF")
    with pytest.raises(InputError, match="machine code"):
        load_student(trusted(tmp_path / "a.pt2"), "cpu")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"text"])
def test_what_only_ends_like_a_program(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pt2").write_bytes(content)
    with pytest.raises(InputError, match=r"is empty|is truncated or damaged|ends like a program"):
        load_student(trusted(tmp_path / "a.pt2"), "cpu")


@pytest.mark.parametrize("export", [scripted, exported])
def test_what_fails_while_it_runs(tmp_path: Path, export: Export) -> None:
    path = export(zoo_module(), batch(GREY), tmp_path)
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(tmp_path / f"half{path.suffix}", "w") as half:
        for member in whole.namelist()[: len(whole.namelist()) // 2]:
            half.writestr(member, whole.read(member))
        if path.suffix == ".pt":
            half.writestr("s/constants.pkl", whole.read("s/constants.pkl"))
        else:
            half.writestr("e/models/model.json", b"{}")
    with pytest.raises(InputError, match="does not run on images of 1x28x28"):
        load_student(trusted(tmp_path / f"half{path.suffix}"), "cpu")

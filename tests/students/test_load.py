import hashlib
import json
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from core.config import InputSpec, StudentConfig
from core.students.load import load_student
from core.zoo.architectures import ARCHITECTURES
from tests.support.checkpoints import COLOUR, GREY, NAMES, write, zoo_module


def images(spec: InputSpec = GREY, count: int = 4) -> torch.Tensor:
    shape = (count, spec.channels, spec.height, spec.width)
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


def normalised(pixels: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    return torchvision.transforms.functional.normalize(pixels, spec.mean, spec.std)


def test_says_what_the_file_says(good: Path) -> None:
    student = load_student(StudentConfig(checkpoint=good), "cpu")

    assert student.summary().model_dump() == {
        "name": "good",
        "sha256": hashlib.sha256(good.read_bytes()).hexdigest(),
        "architecture": "zoo:convnet4",
        "num_classes": 7,
        "class_names": NAMES,
        "parameters": sum(parameter.numel() for parameter in zoo_module().parameters()),
        "batchnorm_layers": 4,
        "untouched_batchnorm": 0,
        "folded_batchnorm": 0,
    }
    assert student.input == GREY
    assert student.device == torch.device("cpu")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_zoo_architecture_answers_as_the_module_does(tmp_path: Path, name: str) -> None:
    module = zoo_module(name)
    path = write(tmp_path / "s.safetensors", module.state_dict(), architecture=f"zoo:{name}")

    student = load_student(StudentConfig(checkpoint=path), "cpu")

    torch.testing.assert_close(student(images()), module(normalised(images(), GREY)))
    assert len(student.batchnorm_layers) == sum(isinstance(layer, nn.BatchNorm2d) for layer in module.modules())


@pytest.mark.parametrize("wrapper", ["module.", "_orig_mod.model."])
def test_what_a_wrapper_put_before_names_is_taken_off(tmp_path: Path, wrapper: str) -> None:
    state = {f"{wrapper}{name}": tensor for name, tensor in zoo_module().state_dict().items()}
    path = write(tmp_path / "s.safetensors", state, architecture="zoo:convnet4")
    plain = write(tmp_path / "p.safetensors", zoo_module().state_dict(), architecture="zoo:convnet4")

    student, other = (load_student(StudentConfig(checkpoint=one), "cpu") for one in (path, plain))

    assert torch.equal(student(images()), other(images()))


def test_timms_from_a_pth(tmp_path: Path) -> None:
    module = timm.create_model("convnext_atto", num_classes=5).eval()
    torch.save(module.state_dict(), tmp_path / "c.pth")

    config = StudentConfig(checkpoint=tmp_path / "c.pth", architecture="timm:convnext_atto", input=COLOUR)
    student = load_student(config, "cpu")

    inputs = torch.rand(2, COLOUR.channels, COLOUR.height, COLOUR.width)
    torch.testing.assert_close(student(inputs), module(normalised(inputs, COLOUR)))


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "mnasnet0_5", "googlenet"])
def test_torchvision_from_a_pth(tmp_path: Path, name: str) -> None:
    module = torchvision.models.get_model(name, weights=None, num_classes=5, **extra(name)).eval()
    torch.save(module.state_dict(), tmp_path / "r.pth")

    config = StudentConfig(checkpoint=tmp_path / "r.pth", architecture=f"torchvision:{name}", input=COLOUR)
    student = load_student(config, "cpu")

    torch.testing.assert_close(student(images(COLOUR)), module(normalised(images(COLOUR), COLOUR)))
    assert student.class_names == ("class 0", "class 1", "class 2", "class 3", "class 4")


def extra(name: str) -> dict[str, bool]:
    return {"init_weights": False} if name == "googlenet" else {}  # else it draws them for half a minute


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict", "net", "ema", "state_dict_ema"])
def test_a_nested_state_dict(tmp_path: Path, key: str) -> None:
    module = zoo_module()
    torch.save({"epoch": 3, key: module.state_dict(), "optimizer": {"state": {}}}, tmp_path / "s.pt")

    config = StudentConfig(checkpoint=tmp_path / "s.pt", architecture="zoo:convnet4", input=GREY)

    torch.testing.assert_close(load_student(config, "cpu")(images()), module(normalised(images(), GREY)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_become_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    module = zoo_module().to(dtype)
    path = write(tmp_path / "s.safetensors", module.state_dict())

    logits = load_student(StudentConfig(checkpoint=path), "cpu")(images())

    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, module.float()(normalised(images(), GREY)))


def test_a_state_dict_older_than_the_batchnorm_counter(tmp_path: Path) -> None:
    module = zoo_module()
    kept = {name: tensor for name, tensor in module.state_dict().items() if "num_batches" not in name}
    path = write(tmp_path / "s.safetensors", kept)

    logits = load_student(StudentConfig(checkpoint=path), "cpu")(images())

    torch.testing.assert_close(logits, module(normalised(images(), GREY)))


def test_settings_go_before_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "s.safetensors", zoo_module().state_dict(), architecture="nonsense", input="nonsense")

    names = tuple("tuvwxyz")
    config = StudentConfig(checkpoint=path, architecture="zoo:convnet4", input=GREY, class_names=names)

    assert load_student(config, "cpu").class_names == names


def test_the_number_of_classes_is_in_the_weights(tmp_path: Path) -> None:
    path = tmp_path / "s.safetensors"
    save_file(
        zoo_module(classes=13).state_dict(),
        path,
        {"architecture": "zoo:convnet4", "input": json.dumps(GREY.model_dump())},
    )

    assert load_student(StudentConfig(checkpoint=path), "cpu").num_classes == 13


def test_gradients_reach_the_images_and_stop_there(good: Path) -> None:
    student = load_student(StudentConfig(checkpoint=good), "cpu")
    pixels = images().requires_grad_()
    before = [layer.running_mean.clone() for layer in student.batchnorm_layers]

    student(pixels).sum().backward()

    assert pixels.grad is not None and pixels.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in student.module.parameters())
    assert not any(module.training for module in student.module.modules())
    assert all(
        torch.equal(layer.running_mean, mean) for layer, mean in zip(student.batchnorm_layers, before, strict=True)
    )


def test_loading_leaves_the_random_state_alone(good: Path) -> None:
    before = torch.get_rng_state()
    load_student(StudentConfig(checkpoint=good), "cpu")
    assert torch.equal(torch.get_rng_state(), before)


def test_the_file_may_change_afterwards(good: Path) -> None:
    student = load_student(StudentConfig(checkpoint=good), "cpu")
    before = student(images())

    with good.open("r+b") as file:
        file.write(b"\0" * good.stat().st_size)

    assert torch.equal(student(images()), before)

"""Files whose tensors do not fit the architecture, or that do not say what they are, and what their owner is told."""

import json
from pathlib import Path

import pytest
import torch
import torchvision

from core.config import InputSpec, StudentConfig
from tests.support.checkpoints import (
    COLOUR,
    GREY,
    Faults,
    Make,
    expect_fault,
    saved,
    spoilt,
    write,
    zoo_module,
)

HEAD = "14"  # the place of the linear layer in convnet4
FAULTS = Faults()


@FAULTS.row("is no zoo:resnet8", "0.weight", "choose the architecture")
def wrong_architecture(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, architecture="zoo:resnet8")


@FAULTS.row("lacks 1 of the 26 tensors of zoo:convnet4", "expected 3.weight", "export the whole state dict")
def missing_tensor(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: tensors.pop("3.weight"))


@FAULTS.row("has 1 tensor that zoo:convnet4 lacks", "got ema_decay", "state dict alone")
def extra_tensor(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: tensors.update(ema_decay=torch.ones(1)))


@FAULTS.row("1 tensor of another shape", "expected 3.weight (32, 24, 3, 3), got (32, 24, 5, 5)")
def wrong_shape(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: tensors.update({"3.weight": torch.zeros(32, 24, 5, 5)}))


@FAULTS.row("another number of classes", "expected 10, got 7", "set the student's number of classes to 7")
def wrong_class_count(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None).model_copy(update={"num_classes": 10})


@FAULTS.row("do not agree on a number of classes", "got 7 and 9")
def head_that_disagrees_with_itself(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: tensors.update({f"{HEAD}.bias": torch.zeros(9)}))


@FAULTS.row("is no classifier", "got 1")
def one_logit(folder: Path) -> StudentConfig:
    return saved(folder, zoo_module(classes=1).state_dict())


@FAULTS.row("class names do not fit", "expected 7 names, got 2")
def class_names_of_another_data_set(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, class_names='["cat", "dog"]')


@FAULTS.row("another type", "3.weight", "got int8", "before quantising")
def one_quantised_tensor(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: tensors.update({"3.weight": tensors["3.weight"].to(torch.int8)}))


@FAULTS.row("22 tensors of another type", "got int32")
def integers_only(folder: Path) -> StudentConfig:
    tensors = {name: (tensor * 100).to(torch.int32) for name, tensor in zoo_module().state_dict().items()}
    return StudentConfig(checkpoint=write(folder / "s.safetensors", tensors))


@FAULTS.row("another type", "got float8_e4m3fn")
def eight_bit_floats(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: tensors.update({"3.weight": tensors["3.weight"].to(torch.float8_e4m3fn)}))


@FAULTS.row("another type", "3.weight")
def tensor_without_data(folder: Path) -> StudentConfig:
    return saved(folder, zoo_module().state_dict() | {"3.weight": torch.empty(32, 24, 3, 3, device="meta")})


@FAULTS.row("NaN or infinite values in 1 tensor", "got 1.weight", "export the weights again")
def nan_weights(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: tensors["1.weight"].fill_(float("nan")))


@FAULTS.row("NaN or infinite values", "finite float32 weights")
def too_big_for_float32(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: tensors.update({"1.weight": tensors["1.weight"].double() * 1e300}))


@FAULTS.row("negative variances in 1 BatchNorm layer", "got 1.running_var")
def negative_variance(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: tensors["1.running_var"].neg_())


@FAULTS.row("answers a grey image with NaN or infinite logits", "mean and std")
def normalisation_that_overflows(folder: Path) -> StudentConfig:
    spec = GREY.model_copy(update={"std": (1e-44,)})
    return spoilt(folder, lambda tensors: None, input=spec.model_dump_json())


# It is not said, or cannot be, what the file is


@FAULTS.row("does not say which architecture", "set the student's architecture")
def no_architecture(folder: Path) -> StudentConfig:
    return StudentConfig(
        checkpoint=write(folder / "s.safetensors", zoo_module().state_dict(), without=("architecture",))
    )


@FAULTS.row("does not say which images it takes", "mean and std", "set the student's input")
def no_normalisation(folder: Path) -> StudentConfig:
    return StudentConfig(checkpoint=write(folder / "s.safetensors", zoo_module().state_dict(), without=("input",)))


@FAULTS.row("has an unusable 'input'", "set the student's input")
def input_that_is_no_json(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, input="28x28")


@FAULTS.row("has an unusable 'input'", "mean and std need 1 number(s) each")
def input_with_too_few_means(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, input=json.dumps(GREY.model_dump() | {"mean": []}))


@FAULTS.row("has an unusable 'input'")
def input_with_a_mean_of_nan(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, input=json.dumps(GREY.model_dump() | {"mean": [float("nan")]}))


@FAULTS.row("has an unusable 'class_names'")
def class_names_without_end(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, class_names="[" * 100_000)


@FAULTS.row("has an unusable 'class_names'")
def class_name_that_is_half_a_character(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, class_names='["\\ud800", "b", "c"]')


@FAULTS.row("architecture 'zoo:convnet5' is unknown", "try zoo:convnet4")
def misspelt_architecture(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, architecture="zoo:convnet5")


@FAULTS.row(
    "architecture 'resnet18' is unknown",
    "zoo:NAME, torchvision:NAME, timm:NAME or file:PATH.py:FACTORY",
    "try torchvision:resnet18",
)
def architecture_without_its_source(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, architecture="resnet18")


@FAULTS.row("fasterrcnn_resnet50_fpn is no image classifier", "choose a classifier")
def detector(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, architecture="torchvision:fasterrcnn_resnet50_fpn")


@FAULTS.row("torchvision:resnet18 takes colour images", "expected 3 channels, got 1")
def colour_architecture_for_grey_images(folder: Path) -> StudentConfig:
    return spoilt(folder, lambda tensors: None, architecture="torchvision:resnet18")


@FAULTS.row("zoo:vit4 cannot be built for images of 1x30x30", "set the input's size")
def size_that_the_architecture_refuses(folder: Path) -> StudentConfig:
    spec = GREY.model_copy(update={"height": 30, "width": 30})
    return spoilt(folder, lambda tensors: None, architecture="zoo:vit4", input=spec.model_dump_json())


@FAULTS.row("torchvision:squeezenet1_1 cannot take images of 3x16x16", "set the input's size")
def size_that_vanishes_on_the_way(folder: Path) -> StudentConfig:
    spec = InputSpec(channels=3, height=16, width=16, mean=COLOUR.mean, std=COLOUR.std)
    torch.save(torchvision.models.squeezenet1_1(num_classes=4).state_dict(), folder / "s.pt")
    return StudentConfig(checkpoint=folder / "s.pt", architecture="torchvision:squeezenet1_1", input=spec)


@pytest.mark.parametrize(("make", "fragments"), FAULTS)
def test_each_fault_has_its_message(tmp_path: Path, make: Make, fragments: tuple[str, ...]) -> None:
    expect_fault(make(tmp_path), fragments)

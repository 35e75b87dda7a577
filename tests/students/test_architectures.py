import pytest
import torch
import torchvision

from core.errors import InputError
from core.students.architectures import build, head_sizes, list_architectures
from core.zoo.architectures import ARCHITECTURES
from tests.support.checkpoints import COLOUR, GREY, zoo_module


def test_the_list_holds_the_zoo_and_torchvisions_classifiers() -> None:
    names = list_architectures()

    assert {f"zoo:{name}" for name in ARCHITECTURES} < set(names)
    assert {"torchvision:resnet18", "torchvision:vit_b_16"} < set(names)
    assert not [name for name in names if any(part in name for part in ("rcnn", "deeplab", "quantized", "raft", "r3d"))]


@pytest.mark.parametrize("name", ["resnet18", "vit_b_16", "regnet_y_400mf", "vgg11"])
def test_torchvision_modules_have_the_real_shapes_and_no_weights(name: str) -> None:
    real = torchvision.models.get_model(name, weights=None, num_classes=6).state_dict()

    module = build(f"torchvision:{name}", input=COLOUR, num_classes=6)

    assert {key: tensor.shape for key, tensor in module.state_dict().items()} == {
        key: tensor.shape for key, tensor in real.items()
    }
    assert all(layer.weight.is_meta for layer in module.modules() if isinstance(layer, torch.nn.Linear))


@pytest.mark.parametrize("name", ["resnet18", "convnext_tiny", "vit_tiny_patch16_224", "vit_tiny_r_s16_p8_224"])
def test_timms_modules_have_no_weights_and_take_the_images(name: str) -> None:
    module = build(f"timm:{name}", input=COLOUR, num_classes=6)
    shapes = {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}

    layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]
    assert layers and all(layer.weight.is_meta for layer in layers)
    assert head_sizes(f"timm:{name}", input=COLOUR, shapes=shapes) == {6}


def test_building_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    build("torchvision:swin_t", input=COLOUR, num_classes=3)  # draws some weights that are not torch.empty
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_head_is_found_in_every_zoo_architecture(name: str) -> None:
    shapes = {key: tuple(tensor.shape) for key, tensor in zoo_module(name, classes=12).state_dict().items()}

    assert head_sizes(f"zoo:{name}", input=GREY, shapes=shapes) == {12}


@pytest.mark.parametrize(
    ("shapes", "sizes"),
    [
        ({"classifier.1.weight": (9, 512, 1, 1), "classifier.1.bias": (9,)}, {9}),  # a convolution is the head
        ({"classifier.1.weight": (9, 512), "classifier.1.bias": (8,)}, {8}),
        ({"fc.weight": (9, 512)}, set()),
    ],
)
def test_the_head_of_squeezenet(shapes: dict[str, tuple[int, ...]], sizes: set[int]) -> None:
    assert head_sizes("torchvision:squeezenet1_1", input=COLOUR, shapes=shapes) == sizes


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("zoo:convnet", "try zoo:convnet4"),
        ("zoo:resnet-14", "zoo:resnet14"),
        ("Torchvision:ResNet18", "torchvision:resnet18"),
        ("resnet18", "torchvision:resnet18"),
        ("torchvision:convnet4", "zoo:convnet4"),
        ("timm:resnet-18", "timm:resnet18"),
        ("", "choose one from the list"),
        ("qqqqqqq", "choose one from the list"),
        ("torchvision:deeplabv3_resnet50", "is no image classifier"),
    ],
)
def test_an_unknown_name_is_answered_with_those_close_to_it(name: str, fragment: str) -> None:
    with pytest.raises(InputError) as caught:
        build(name, input=COLOUR, num_classes=5)

    assert fragment.lower() in str(caught.value).lower()

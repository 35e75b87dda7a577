"""The zoo's architectures for small grey or colour images, from clearly different families.

Each takes images `(N, C, H, W)`, normalised, and gives logits `(N, K)`. All are small enough that
their float32 weights stay under 1 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torchvision.models import DenseNet, MobileNetV2, VisionTransformer


@dataclass(frozen=True)
class Architecture:
    """A named family member: `build(channels, size, classes)` gives an untrained module."""

    name: str
    family: str
    build: Callable[[int, int, int], nn.Module]


ARCHITECTURES: dict[str, Architecture] = {}


def architecture(name: str, family: str) -> Callable[[Callable[[int, int, int], nn.Module]], object]:
    """Register a builder under `name`."""

    def register(build: Callable[[int, int, int], nn.Module]) -> object:
        ARCHITECTURES[name] = Architecture(name, family, build)
        return build

    return register


def _conv_bn_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return [conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _pooled_head(features: int, classes: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, classes)]


class ResidualBlock(nn.Module):
    """He et al., "Deep Residual Learning", 2015: two 3x3 convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*_conv_bn_relu(inputs, outputs, stride=stride), *_conv_bn_relu(outputs, outputs)[:2])
        projection = _conv_bn_relu(inputs, outputs, 1, stride)[:2] if stride != 1 or inputs != outputs else []
        self.shortcut = nn.Sequential(*projection)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


class PreactivationBlock(nn.Module):
    """Zagoruyko and Komodakis, "Wide Residual Networks", 2016: BatchNorm and ReLU come first."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        active = torch.relu(self.norm1(x))
        return self.conv2(torch.relu(self.norm2(self.conv1(active)))) + self.shortcut(active)


def _residual(channels: int, classes: int, widths: tuple[int, ...], depth: int) -> nn.Module:
    layers, inputs = _conv_bn_relu(channels, widths[0]), widths[0]
    for stage, width in enumerate(widths):
        for block in range(depth):
            layers.append(ResidualBlock(inputs, width, stride=2 if stage and not block else 1))
            inputs = width
    return nn.Sequential(*layers, *_pooled_head(inputs, classes))


@architecture("resnet14", family="residual")
def resnet14(channels: int, size: int, classes: int) -> nn.Module:
    return _residual(channels, classes, (16, 32, 64), depth=2)


@architecture("vgg7", family="plain")
def vgg7(channels: int, size: int, classes: int) -> nn.Module:
    """Simonyan and Zisserman, 2014: stacked 3x3 convolutions and max pooling, here with BatchNorm."""
    layers, inputs = [], channels
    for width in (32, 64, 96):
        layers += [*_conv_bn_relu(inputs, width), *_conv_bn_relu(width, width), nn.MaxPool2d(2)]
        inputs = width
    return nn.Sequential(*layers, *_pooled_head(inputs, classes))


@architecture("mobilenetv2", family="inverted bottleneck")
def mobilenetv2(channels: int, size: int, classes: int) -> nn.Module:
    """torchvision's MobileNetV2 with fewer stages and one input channel count to choose."""
    setting = [[1, 16, 1, 1], [4, 24, 2, 1], [4, 32, 2, 2], [4, 64, 1, 1]]  # expansion, channels, repeats, stride
    model = MobileNetV2(num_classes=classes, inverted_residual_setting=setting, dropout=0.0)
    model.features[0][0] = nn.Conv2d(channels, 32, 3, 2, 1, bias=False)
    return model


@architecture("densenet22", family="dense")
def densenet22(channels: int, size: int, classes: int) -> nn.Module:
    """torchvision's DenseNet with growth 12 and a 3x3 stem without pooling."""
    model = DenseNet(growth_rate=12, block_config=(4, 4, 4), num_init_features=24, num_classes=classes)
    model.features.conv0 = nn.Conv2d(channels, 24, 3, 2, 1, bias=False)
    model.features.pool0 = nn.Identity()
    return model


@architecture("wideresnet10", family="wide")
def wideresnet10(channels: int, size: int, classes: int) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(channels, 16, 3, 1, 1, bias=False)]
    for inputs, outputs, stride in ((16, 28, 1), (28, 56, 2), (56, 112, 2)):
        layers.append(PreactivationBlock(inputs, outputs, stride))
    return nn.Sequential(*layers, nn.BatchNorm2d(112), nn.ReLU(inplace=True), *_pooled_head(112, classes))


@architecture("vit4", family="transformer")
def vit4(channels: int, size: int, classes: int) -> nn.Module:
    """torchvision's VisionTransformer on 7x7 patches of 4 pixels (for 28x28 images)."""
    model = VisionTransformer(
        image_size=size, patch_size=4, num_layers=4, num_heads=4, hidden_dim=64, mlp_dim=128, num_classes=classes
    )
    model.conv_proj = nn.Conv2d(channels, 64, 4, 4)
    nn.init.trunc_normal_(model.heads.head.weight, std=0.02)
    return model


@architecture("convnet4", family="plain")
def convnet4(channels: int, size: int, classes: int) -> nn.Module:
    layers, inputs = [], channels
    for width, stride in ((24, 1), (32, 2), (48, 2), (64, 1)):
        layers += _conv_bn_relu(inputs, width, stride=stride)
        inputs = width
    return nn.Sequential(*layers, *_pooled_head(inputs, classes))


@architecture("resnet8", family="residual")
def resnet8(channels: int, size: int, classes: int) -> nn.Module:
    return _residual(channels, classes, (12, 24, 48), depth=1)

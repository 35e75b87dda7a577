"""The zoo's architectures for small grey or colour images, from clearly different families.

Each takes images `(N, C, H, W)`, normalised, and gives logits `(N, K)`. All are small enough that
their float32 weights stay under 1 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torchvision.models import DenseNet, MobileNetV2, ShuffleNetV2, VisionTransformer


@dataclass(frozen=True)
class Architecture:
    """A named family member: `build(channels, size, classes)` gives an untrained module."""

    name: str
    family: str
    build: Callable[[int, int, int], nn.Module]


ARCHITECTURES: dict[str, Architecture] = {}
HALVED = ((24, 2), (32, 1), (48, 2), (64, 1))  # (width, stride) of four layers


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


def _transformer(channels: int, size: int, classes: int, *, layers: int, width: int) -> nn.Module:
    """torchvision's VisionTransformer on patches of 4 pixels."""
    model = VisionTransformer(
        image_size=size,
        patch_size=4,
        num_layers=layers,
        num_heads=4,
        hidden_dim=width,
        mlp_dim=2 * width,
        num_classes=classes,
    )
    model.conv_proj = nn.Conv2d(channels, width, 4, 4)
    nn.init.trunc_normal_(model.heads.head.weight, std=0.02)
    return model


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
    return _transformer(channels, size, classes, layers=4, width=64)


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


@architecture("vgg9", family="plain")
def vgg9(channels: int, size: int, classes: int) -> nn.Module:
    """As vgg7, narrower and with one more convolution in the two last stages."""
    layers, inputs = [], channels
    for width, depth in ((24, 2), (48, 3), (72, 3)):
        for _ in range(depth):
            layers += _conv_bn_relu(inputs, width)
            inputs = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, *_pooled_head(inputs, classes))


@architecture("shufflenet", family="channel shuffle")
def shufflenet(channels: int, size: int, classes: int) -> nn.Module:
    """torchvision's ShuffleNetV2, a third as wide, with a stem that keeps half the resolution."""
    model = ShuffleNetV2([2, 4, 2], [16, 48, 96, 192, 192], num_classes=classes)
    model.conv1 = nn.Sequential(*_conv_bn_relu(channels, 16, stride=2))
    model.maxpool = nn.Identity()
    return model


class MixerBlock(nn.Module):
    """Tolstikhin et al., "MLP-Mixer", 2021: one perceptron over places, one over channels."""

    def __init__(self, places: int, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.places = nn.Sequential(nn.Linear(places, 64), nn.GELU(), nn.Linear(64, places))
        self.channels = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.places(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm2(x))


class Mixer(nn.Module):
    """MLP-Mixer on patches of 4 pixels."""

    def __init__(self, channels: int, size: int, classes: int, *, width: int, depth: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(channels, width, 4, 4)
        self.blocks = nn.Sequential(*(MixerBlock((size // 4) ** 2, width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.blocks(self.patches(x).flatten(2).transpose(1, 2))
        return self.head(self.norm(tokens).mean(dim=1))


@architecture("mixer4", family="mixer")
def mixer4(channels: int, size: int, classes: int) -> nn.Module:
    return Mixer(channels, size, classes, width=64, depth=4)


@architecture("dwnet6", family="depthwise")
def dwnet6(channels: int, size: int, classes: int) -> nn.Module:
    """Howard et al., "MobileNets", 2017: a 3x3 convolution a channel, then a 1x1 over channels."""
    layers, inputs = _conv_bn_relu(channels, 24, stride=2), 24
    for width, stride in ((48, 1), (64, 2), (64, 1), (96, 2), (96, 1)):
        depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        layers += [depthwise, nn.BatchNorm2d(inputs), nn.ReLU(inplace=True), *_conv_bn_relu(inputs, width, 1)]
        inputs = width
    return nn.Sequential(*layers, *_pooled_head(inputs, classes))


@architecture("preact8", family="residual")
def preact8(channels: int, size: int, classes: int) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(channels, 12, 3, 1, 1, bias=False)]
    for inputs, outputs, stride in ((12, 16, 2), (16, 32, 2), (32, 64, 1)):
        layers.append(PreactivationBlock(inputs, outputs, stride))
    return nn.Sequential(*layers, nn.BatchNorm2d(64), nn.ReLU(inplace=True), *_pooled_head(64, classes))


@architecture("stridenet4", family="plain")
def stridenet4(channels: int, size: int, classes: int) -> nn.Module:
    """As convnet4, at half the resolution from the first layer on."""
    layers, inputs = [], channels
    for width, stride in HALVED:
        layers += _conv_bn_relu(inputs, width, stride=stride)
        inputs = width
    return nn.Sequential(*layers, *_pooled_head(inputs, classes))


@architecture("groupnet4", family="group norm")
def groupnet4(channels: int, size: int, classes: int) -> nn.Module:
    """As stridenet4, with GroupNorm (Wu and He, 2018), which remembers nothing of the training images."""
    layers, inputs = [], channels
    for width, stride in HALVED:
        layers += [nn.Conv2d(inputs, width, 3, stride, 1, bias=False), nn.GroupNorm(4, width), nn.ReLU(inplace=True)]
        inputs = width
    return nn.Sequential(*layers, *_pooled_head(inputs, classes))


@architecture("resnet8s", family="residual")
def resnet8s(channels: int, size: int, classes: int) -> nn.Module:
    """As resnet8, at half the resolution from the first layer on."""
    blocks = (ResidualBlock(16, 16, 1), ResidualBlock(16, 32, 2), ResidualBlock(32, 48, 1))
    return nn.Sequential(*_conv_bn_relu(channels, 16, stride=2), *blocks, *_pooled_head(48, classes))


@architecture("vit2", family="transformer")
def vit2(channels: int, size: int, classes: int) -> nn.Module:
    return _transformer(channels, size, classes, layers=2, width=48)


@architecture("vit3", family="transformer")
def vit3(channels: int, size: int, classes: int) -> nn.Module:
    """timm's VisionTransformer on patches of 4 pixels, whose attention is timm's own, not torch's."""
    from timm.models.vision_transformer import VisionTransformer as TimmTransformer  # timm takes long to import

    return TimmTransformer(
        img_size=size, patch_size=4, in_chans=channels, num_classes=classes, embed_dim=64, depth=3, num_heads=4,
        mlp_ratio=2,
    )  # fmt: skip


@architecture("convnext4", family="convnext")
def convnext4(channels: int, size: int, classes: int) -> nn.Module:
    """timm's ConvNeXt (Liu et al., 2022; LayerNorm, no BatchNorm) of one block a stage, on patches of 2 pixels.

    Its stages halve the resolution once; the two last ones reach further by dilation, as timm does for segmentation.
    """
    from timm.models.convnext import ConvNeXt

    model = ConvNeXt(
        in_chans=channels, num_classes=classes, depths=(1, 1, 1, 1), dims=(24, 48, 64, 64), kernel_sizes=(7, 7, 3, 3),
        output_stride=8,
    )  # fmt: skip
    model.stem[0] = nn.Conv2d(channels, 24, 2, 2)
    return model

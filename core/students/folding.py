"""BatchNorm that an export folded into the convolutions before it, as `torch.nn.utils.fusion` does.

In evaluation a BatchNorm layer is a factor and an offset a channel, which a convolution can do itself: its weights
change, and it gets a bias. The file then has that bias and nothing of the layer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import nn

from core.config import InputSpec
from core.students.base import is_batchnorm
from core.students.recognition import COUNTER

Folds = Mapping[str, str]  # names of BatchNorm layers, each with that of the convolution that does its work


def folds_of(module: nn.Module, input: InputSpec, tensors: Collection[str]) -> Folds:
    """What `module` has that a file with tensors of these names has folded; nothing where anything else differs.

    The module goes to the meta device.
    """
    layers = dict(module.named_modules())
    lacking = {name for name, layer in layers.items() if is_batchnorm(layer) and not _own(name, layer, tensors)}
    extra = {name.removesuffix(".bias") for name in tensors if name.endswith(".bias")} - {
        name.removesuffix(".bias") for name in module.state_dict()
    }
    biased = {name for name in extra if isinstance(layers.get(name), nn.Conv2d)}
    if not lacking or not biased:
        return {}
    folds = {norm: convolution for norm, convolution in _fed_by(module, input).items() if norm in lacking}
    return folds if folds.keys() == lacking and set(folds.values()) == biased else {}


def fold(module: nn.Module, folds: Folds) -> nn.Module:
    """The module with each layer out of the way, but for an activation that is part of it, and room for a bias."""
    for norm, name in folds.items():
        layer, convolution = module.get_submodule(norm), module.get_submodule(name)
        after = [part for part in layer.children() if not isinstance(part, nn.Identity)]  # timm's, which activate
        module.set_submodule(norm, nn.Sequential(*after) if after else nn.Identity())
        convolution.bias = nn.Parameter(torch.empty(convolution.out_channels, device="meta"))
    return module


def _own(name: str, layer: nn.Module, tensors: Collection[str]) -> bool:
    """Whether any of the layer's tensors is there."""
    return any(f"{name}.{own}" in tensors for own in layer.state_dict() if own != COUNTER)


def _fed_by(module: nn.Module, input: InputSpec) -> dict[str, str]:
    """For each BatchNorm layer that a convolution's output enters as it is, the name of that convolution."""
    outputs: dict[int, tuple[str, torch.Tensor]] = {}  # kept, so that no other tensor gets the same id
    found: dict[str, str] = {}
    handles = []
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d):
            handles.append(layer.register_forward_hook(
                lambda _, __, output, name=name: outputs.update({id(output): (name, output)})
            ))  # fmt: skip
        elif is_batchnorm(layer):
            handles.append(layer.register_forward_pre_hook(
                lambda _, arguments, name=name: found.update({name: outputs.get(id(arguments[0]), ("",))[0]})
            ))  # fmt: skip
    try:
        with torch.no_grad():
            module.to("meta").eval()(torch.empty(2, input.channels, input.height, input.width, device="meta"))
    except (AssertionError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return {}  # it asks for numbers, which nothing on that device has
    finally:
        for handle in handles:
            handle.remove()
    return {norm: convolution for norm, convolution in found.items() if convolution}

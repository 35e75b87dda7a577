"""Architectures by name: `zoo:convnet4`, `torchvision:resnet18`, `timm:convnext_tiny`, `file:model.py:make`."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Mapping
from functools import partial

import timm
import torch
import torchvision
from torch import nn
from torch.overrides import TorchFunctionMode

from core.config import InputSpec
from core.errors import InputError
from core.students.own_architecture import RULE, build_own, is_own, short_own
from core.zoo.architectures import ARCHITECTURES

ZOO, TORCHVISION, TIMM = "zoo", "torchvision", "timm"


def list_architectures() -> list[str]:
    """Every name that `build` knows, the zoo's first."""
    classifiers = torchvision.models.list_models(module=torchvision.models)  # no detection, no segmentation
    return [
        *(f"{ZOO}:{name}" for name in sorted(ARCHITECTURES)),
        *(f"{TORCHVISION}:{name}" for name in classifiers),
        *(f"{TIMM}:{name}" for name in timm.list_models()),
    ]


def usual_input(architecture: str) -> InputSpec | None:
    """The images that torchvision's or timm's own weights of this architecture take; None for the zoo's."""
    source, _, name = architecture.partition(":")
    if source == TORCHVISION:
        (weights, *_) = torchvision.models.get_model_weights(name)
        made = weights.transforms()
        (size,) = made.crop_size
        return InputSpec(channels=3, height=size, width=size, mean=tuple(made.mean), std=tuple(made.std))
    usual = timm.get_pretrained_cfg(name) if source == TIMM and timm.is_model(name) else None
    if usual is None:
        return None
    channels, height, width = usual.input_size
    return InputSpec(channels=channels, height=height, width=width, mean=usual.mean, std=usual.std)


def build(architecture: str, *, input: InputSpec, num_classes: int) -> nn.Module:
    """A module for normalised images `(N, C, H, W)` that gives logits `(N, num_classes)`; it has no weights.

    Its parameters are on the meta device: shapes and names without memory, whatever the size, to be
    assigned from a checkpoint; but for those of an architecture of one's own, whose code must be trusted
    before. The global random state is left as it was.

    Raises:
        InputError: the name is unknown or names no classifier, or the architecture refuses the input.
    """
    if is_own(architecture):
        with torch.random.fork_rng(devices=[]):
            return build_own(architecture, num_classes=num_classes)
    if architecture not in list_architectures():
        raise _unknown(architecture)
    source, _, name = architecture.partition(":")
    if source == TORCHVISION and input.channels != 3:
        raise InputError(
            f"{architecture} takes colour images",
            rule="3 channels",
            actual=str(input.channels),
            remedy="set the input's channels to 3, or choose an architecture of the zoo",
        )
    try:
        with torch.random.fork_rng(devices=[]), _Unallocated(), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torchvision's, about initial weights
            if source == ZOO:
                return ARCHITECTURES[name].build(input.channels, input.height, num_classes)
            if source == TIMM:
                return _timm(name, input, num_classes)
            return torchvision.models.get_model(name, weights=None, num_classes=num_classes)
    except (AssertionError, RuntimeError, ValueError, TypeError) as error:
        raise InputError(
            f"{architecture} cannot be built for images of {input.channels}x{input.height}x{input.width}",
            actual=str(error).split("\n")[0][:200],
            remedy="set the input's size to the one that the student was trained on",
        ) from error


def _timm(name: str, input: InputSpec, num_classes: int) -> nn.Module:
    """timm's module; one that is made for one size of images alone, for these."""
    size = (input.height, input.width)
    usual = timm.get_pretrained_cfg(name)
    sized = usual is not None and usual.fixed_input_size and size != usual.input_size[1:]
    settings = {"img_size": size} if sized else {}
    make = partial(timm.create_model, name, num_classes=num_classes, in_chans=input.channels, **settings)
    try:
        return make()
    except RuntimeError:  # it looks at what its beginning makes of an image, which must then be as empty as its weights
        with torch.device("meta"):
            return make()


def head_sizes(architecture: str, *, input: InputSpec, shapes: Mapping[str, tuple[int, ...]]) -> set[int]:
    """The class counts that tensors of these shapes point to: one, if they are of this architecture.

    The head is found by what it is: the tensors whose shape changes with the number of classes. A module of one's own
    that has none such, as its factory knows the number already, is asked.
    """
    two = build(architecture, input=input, num_classes=2).state_dict()
    three = build(architecture, input=input, num_classes=3).state_dict()
    sizes = set()
    for name, tensor in two.items():
        for axis, (before, after) in enumerate(zip(tensor.shape, three[name].shape, strict=True)):
            if before != after and len(shapes.get(name, ())) == tensor.ndim:
                sizes.add(shapes[name][axis])
    return sizes or ({_answered(architecture, input)} if is_own(architecture) else set())


@torch.no_grad()
def _answered(architecture: str, input: InputSpec) -> int:
    """How many logits a module of one's own gives for an image; raises `InputError`."""
    module = build(architecture, input=input, num_classes=2).eval()
    shape = (1, input.channels, input.height, input.width)
    try:
        logits = module(torch.zeros(shape))
        actual = str(tuple(logits.shape)) if isinstance(logits, torch.Tensor) else type(logits).__name__
    except Exception as error:  # it is code, and can fail in any way
        logits, actual = None, f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
    if not isinstance(logits, torch.Tensor) or logits.ndim != 2:
        raise InputError(
            f"{short_own(architecture)} gives no logits for an image of {'x'.join(map(str, shape[1:]))}",
            rule="(1, K)",
            actual=actual,
            remedy="set the student's input to what the module takes, or let it return its logits alone",
        )
    return logits.shape[1]


class _Unallocated(TorchFunctionMode):
    """Makes `torch.empty`, from which modules make their parameters, allocate nothing.

    Other factories stay real, since some architectures compute their plan with tensors.
    """

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        kwargs = kwargs or {}
        return func(*args, **(kwargs | {"device": "meta"} if func is torch.empty else kwargs))


def _unknown(architecture: str) -> InputError:
    source, _, name = architecture.rpartition(":")
    if source == TORCHVISION and name in torchvision.models.list_models():
        what = f"{architecture} is no image classifier"
        return InputError(
            what, rule="logits (N, K) for images", remedy="choose a classifier, such as torchvision:resnet18"
        )
    known = list_architectures()
    names = [full.partition(":")[2] for full in known]
    close = difflib.get_close_matches(name.strip().lower(), names, n=3, cutoff=0.6)
    suggestions = [
        full for match in dict.fromkeys(close) for full, bare in zip(known, names, strict=True) if bare == match
    ]
    return InputError(
        f"architecture {architecture[:80]!r} is unknown",
        rule=f"{ZOO}:NAME, {TORCHVISION}:NAME, {TIMM}:NAME or {RULE}",
        remedy=f"try {' or '.join(suggestions[:3])}" if suggestions else "choose one from the list",
    )

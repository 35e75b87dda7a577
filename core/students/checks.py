"""Does a checkpoint fit its architecture? Each check is one way in which it may not."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch

from core.errors import InputError
from core.students.recognition import COUNTER

Tensors = Mapping[str, torch.Tensor]

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
SHOWN = 3  # tensors that an error names
RE_EXPORT = "export the weights again from a model that works"


def check_names(file: str, architecture: str, expected: Tensors, tensors: Tensors) -> None:
    """Every tensor of the architecture is there, and no other."""
    missing = [name for name in expected if name not in tensors and not name.endswith(COUNTER)]
    extra = [name for name in tensors if name not in expected]
    if missing and extra and _are_all_batchnorm(missing):
        raise InputError(
            f"{file} lacks the BatchNorm layers of {architecture}, which were folded into other layers",
            rule=_named(missing),
            actual=_named(extra),
            remedy="export the weights before the model is fused, folded or quantised",
        )
    if missing and extra:
        raise InputError(
            f"{file} is no {architecture}, of whose {len(expected)} tensors it lacks {len(missing)}",
            rule=_named(missing),
            actual=_named(extra),
            remedy="choose the architecture that the student was trained with",
        )
    if missing:
        raise InputError(
            f"{file} lacks {len(missing)} of the {len(expected)} tensors of {architecture}",
            rule=_named(missing),
            remedy="export the whole state dict, or choose the architecture that fits",
        )
    if extra:
        raise InputError(
            f"{file} has {_counted(extra)} that {architecture} lacks",
            actual=_named(extra),
            remedy="export the model's state dict alone, or choose the architecture that fits",
        )


def check_shapes(file: str, architecture: str, expected: Tensors, tensors: Tensors) -> None:
    """Every tensor has the architecture's shape."""
    wrong = [name for name in tensors if tensors[name].shape != expected[name].shape]
    if wrong:
        raise InputError(
            f"{file} has {_counted(wrong)} of another shape than {architecture}",
            rule=", ".join(f"{_short(name)} {tuple(expected[name].shape)}" for name in wrong[:SHOWN]),
            actual=", ".join(str(tuple(tensors[name].shape)) for name in wrong[:SHOWN]),
            remedy="choose the architecture and the input that the student was trained with",
        )


def check_types(file: str, expected: Tensors, tensors: Tensors) -> None:
    """Weights are plain floating-point numbers, counters plain integers."""
    wrong = [
        name
        for name, tensor in tensors.items()
        if tensor.layout != torch.strided
        or tensor.device.type != "cpu"
        or (tensor.dtype in FLOATS) != expected[name].dtype.is_floating_point
        or tensor.is_complex()
        or tensor.is_quantized
    ]
    if wrong:
        kinds = sorted({str(tensors[name].dtype).removeprefix("torch.") for name in wrong})
        raise InputError(
            f"{file} has {_counted(wrong)} of another type than its architecture: {_named(wrong)}",
            rule="dense float16, bfloat16, float32 or float64 weights",
            actual=", ".join(kinds),
            remedy="export the weights before quantising or packing them",
        )


def check_values(file: str, tensors: Tensors) -> None:
    """Every weight is finite, and no running variance is negative."""
    broken = [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]
    if broken:
        what = f"{file} has NaN or infinite values in {_counted(broken)}"
        raise InputError(what, rule="finite float32 weights", actual=_named(broken), remedy=RE_EXPORT)
    negative = [name for name, tensor in tensors.items() if name.endswith("running_var") and (tensor < 0).any()]
    if negative:
        what = f"{file} has negative variances in {_counted(negative, 'BatchNorm layer')}"
        raise InputError(what, rule="running_var of 0 or more", actual=_named(negative), remedy=RE_EXPORT)


def check_classes(file: str, *, expected: int | None, found: Collection[int], names: Collection[str] | None) -> int:
    """The number of classes, on which the weights, the settings and the class names must agree.

    Args:
        expected: as the settings or the file's metadata say; None where they do not.
        found: what the head's tensors point to.
        names: of the classes; None where there are none.
    """
    if len(found) != 1:
        raise InputError(
            f"the weights of {file} do not agree on a number of classes",
            actual=" and ".join(map(str, sorted(found))) or "no class",
            remedy="choose the architecture that the student was trained with",
        )
    (classes,) = found
    if classes < 2:
        raise InputError(
            f"{file} is no classifier", rule="2 classes or more", actual=str(classes), remedy="audit another student"
        )
    if expected is not None and expected != classes:
        what = f"the weights of {file} are for another number of classes than the settings or the file's metadata say"
        remedy = f"set the student's number of classes to {classes}, or choose another checkpoint"
        raise InputError(what, rule=str(expected), actual=str(classes), remedy=remedy)
    if names is not None and len(names) != classes:
        remedy = "give one name a class, in the order of the logits, or none"
        raise InputError(
            f"the class names do not fit {file}", rule=f"{classes} names", actual=str(len(names)), remedy=remedy
        )
    return classes


def _are_all_batchnorm(names: Collection[str]) -> bool:
    """Whether these are tensors of layers that keep statistics, and their statistics among them."""
    layers = {name.rpartition(".")[0] for name in names if name.endswith(".running_var")}
    return all(name.rpartition(".")[0] in layers for name in names)


def _counted(names: Collection[str], noun: str = "tensor") -> str:
    return f"{len(names)} {noun}{'s' if len(names) > 1 else ''}"


def _named(tensors: Collection[str]) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(_short(name) for name in list(tensors)[:SHOWN])
    return f"{shown} and {len(tensors) - SHOWN} more" if len(tensors) > SHOWN else shown


def _short(name: str) -> str:
    return name if len(name) <= 60 and name.isprintable() else repr(name[:60])

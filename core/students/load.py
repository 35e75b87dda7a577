"""From a checkpoint to a `Student`, or to the error that says why not."""

from __future__ import annotations

from pathlib import Path

import torch

from core.config import InputSpec, StudentConfig
from core.errors import InputError
from core.students.architectures import build, head_sizes
from core.students.base import Student
from core.students.checks import Tensors, check_classes, check_names, check_shapes, check_types, check_values
from core.students.declared import completed
from core.students.files import display_name, sha256_of
from core.students.formats import read_checkpoint
from core.students.recognition import recognise, without_prefixes


def load_student(config: StudentConfig, device: str) -> Student:
    """The student that `config` describes, on `device`, proven by a forward pass.

    What the configuration leaves None is taken from the file's metadata; the number of classes, at
    last, from the weights.

    Raises:
        InputError: the file cannot be read, does not say enough, or does not fit its architecture.
    """
    path = config.checkpoint
    file = display_name(path)
    sha256 = sha256_of(path)
    checkpoint = read_checkpoint(path)
    tensors = checkpoint.tensors
    config = completed(config, checkpoint.metadata)
    architecture, spec = _architecture_and_input(config, file, tensors)
    names = build(architecture, input=spec, num_classes=2).state_dict()
    _, tensors = max(without_prefixes(tensors), key=lambda unwrapped: len(unwrapped[1].keys() & names.keys()))
    check_names(file, architecture, names, tensors)
    heads = head_sizes(architecture, input=spec, shapes=_shapes(tensors))
    classes = check_classes(file, expected=config.num_classes, found=heads, names=config.class_names)
    module = build(architecture, input=spec, num_classes=classes)
    expected = module.state_dict()
    check_shapes(file, architecture, expected, tensors)
    check_types(file, expected, tensors)
    # Copies, since the file may be mapped into memory and could change or shrink under a running audit.
    tensors = {name: tensor.detach().to(expected[name].dtype, copy=True) for name, tensor in tensors.items()}
    check_values(file, tensors)

    expected.update(tensors)  # keeps the versions that state_dict notes, and a counter that the file lacks
    module.load_state_dict(expected, assign=True)
    student = Student(
        module=module.to(device),
        input=spec,
        class_names=config.class_names or tuple(f"class {i}" for i in range(classes)),
        architecture=architecture,
        name=Path(file).stem,
        sha256=sha256,
        device=torch.device(device),
    )
    _prove(student, file)
    return student


def _shapes(tensors: Tensors) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _architecture_and_input(config: StudentConfig, file: str, tensors: Tensors) -> tuple[str, InputSpec]:
    if config.architecture is None:
        likely = recognise(_shapes(tensors))[:1]
        fits = f", probably {likely[0].architecture}, {likely[0]}" if likely else ""
        raise InputError(
            f"{file} does not say which architecture it is of",
            remedy=f"set the student's architecture{fits or ', such as zoo:convnet4 or torchvision:resnet18'}",
        )
    if config.input is None:
        raise InputError(
            f"{file} does not say which images it takes",
            rule="channels, height, width, and the mean and std of its normalisation",
            remedy="set the student's input to what it was trained on",
        )
    return config.architecture, config.input


@torch.no_grad()
def _prove(student: Student, file: str) -> None:
    """Two grey images through the network: the answer has the right shape and is finite."""
    shape = (2, student.input.channels, student.input.height, student.input.width)
    try:
        logits = student(torch.full(shape, 0.5, device=student.device))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{student.architecture} cannot take images of {'x'.join(map(str, shape[1:]))}",
            actual=str(error).split("\n")[0][:200],
            remedy="set the input's size to the one that the student was trained on",
        ) from error
    if logits.shape != (2, student.num_classes):
        raise InputError(
            f"{student.architecture} gives no logits for each image",
            rule=str((2, student.num_classes)),
            actual=str(tuple(logits.shape)),
            remedy="choose a classifier",
        )
    if not torch.isfinite(logits).all():
        raise InputError(
            f"{file} answers a grey image with NaN or infinite logits",
            rule="finite logits",
            remedy="check the mean and std of the input, or export the weights again",
        )

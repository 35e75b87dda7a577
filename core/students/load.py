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
from core.students.files import display_name
from core.students.folding import fold, folds_of
from core.students.formats import read_checkpoint
from core.students.own_architecture import is_own, require_own, short_own
from core.students.parts import sha256_of, short_name, weights_file
from core.students.program_modules import load_program
from core.students.programs import Kind, program_kind, require_runnable
from core.students.recognition import recognise, without_prefixes


def load_student(config: StudentConfig, device: str) -> Student:
    """The student that `config` describes, on `device`, proven by a forward pass.

    What the configuration leaves None is taken from the file's metadata; the number of classes, at
    last, from the weights. No code that came with it runs unless the configuration says that it is trusted.

    Raises:
        InputError: the file cannot be read, does not say enough, does not fit its architecture, or is not trusted.
    """
    path = config.checkpoint
    file = display_name(path)
    weights = weights_file(path)
    if kind := program_kind(weights):
        return _of_program(config, weights, kind, device)
    checkpoint = read_checkpoint(path)
    tensors = checkpoint.tensors
    config = completed(config, checkpoint.metadata)
    architecture, spec = _architecture(config, file, tensors), _input(config, file)
    if is_own(architecture):
        require_own(architecture, trusted=config.trusted)
    template = build(architecture, input=spec, num_classes=2)
    names = template.state_dict()
    _, tensors = max(without_prefixes(tensors), key=lambda unwrapped: len(unwrapped[1].keys() & names.keys()))
    folds = folds_of(template, spec, tensors)
    check_names(file, architecture, fold(template, folds).state_dict(), tensors)
    heads = head_sizes(architecture, input=spec, shapes=_shapes(tensors))
    classes = check_classes(file, expected=config.num_classes, found=heads, names=config.class_names)
    module = fold(build(architecture, input=spec, num_classes=classes), folds)
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
        architecture=short_own(architecture) if is_own(architecture) else architecture,
        name=short_name(path),
        sha256=sha256_of(path),  # at last, since a file that is refused may be large
        device=torch.device(device),
        folded_batchnorm=len(folds),
    )
    _prove(student, file)
    return student


def _shapes(tensors: Tensors) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _of_program(config: StudentConfig, path: Path, kind: Kind, device: str) -> Student:
    file = display_name(config.checkpoint)
    require_runnable(path, kind, trusted=config.trusted)
    if config.architecture is not None:
        raise InputError(
            f"{file} is a program of {kind}, which has its architecture in it",
            rule="no architecture",
            actual=config.architecture[:80],
            remedy="leave the student's architecture out",
        )
    spec = _input(config, file)
    sha256 = sha256_of(path)
    module, outputs = load_program(path, kind, spec, torch.device(device))
    classes = check_classes(file, expected=config.num_classes, found={outputs}, names=config.class_names)
    student = Student(
        module=module,
        input=spec,
        class_names=config.class_names or tuple(f"class {i}" for i in range(classes)),
        architecture=f"a program of {kind}",
        name=short_name(config.checkpoint),
        sha256=sha256,
        device=torch.device(device),
    )
    _prove(student, file)
    return student


def _architecture(config: StudentConfig, file: str, tensors: Tensors) -> str:
    if config.architecture is None:
        likely = recognise(_shapes(tensors))[:1]
        fits = f", probably {likely[0].architecture}, {likely[0]}" if likely else ""
        raise InputError(
            f"{file} does not say which architecture it is of",
            remedy=f"set the student's architecture{fits or ', such as zoo:convnet4 or torchvision:resnet18'}",
        )
    return config.architecture


def _input(config: StudentConfig, file: str) -> InputSpec:
    if config.input is None:
        raise InputError(
            f"{file} does not say which images it takes",
            rule="channels, height, width, and the mean and std of its normalisation",
            remedy="set the student's input to what it was trained on",
        )
    return config.input


@torch.no_grad()
def _prove(student: Student, file: str) -> None:
    """Two grey images through the network: the answer has the right shape and is finite."""
    shape = (2, student.input.channels, student.input.height, student.input.width)
    try:
        logits = student(torch.full(shape, 0.5, device=student.device))
    except Exception as error:  # an architecture of one's own can fail in any way
        raise InputError(
            f"{student.architecture} cannot take images of {'x'.join(map(str, shape[1:]))}",
            actual=str(error).split("\n")[0][:200],
            remedy="set the input's size to the one that the student was trained on",
        ) from error
    shape = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
    if shape != (2, student.num_classes):
        raise InputError(
            f"{student.architecture} gives no logits for each image",
            rule=str((2, student.num_classes)),
            actual=str(shape),
            remedy="choose a classifier",
        )
    if not torch.isfinite(logits).all():
        raise InputError(
            f"{file} answers a grey image with NaN or infinite logits",
            rule="finite logits",
            remedy="check the mean and std of the input, or export the weights again",
        )
    if (logits >= 0).all() and torch.allclose(logits.sum(dim=1), torch.ones(2, device=logits.device), atol=1e-4):
        raise InputError(
            f"{student.architecture} gives probabilities",
            rule="logits, as they are before the softmax",
            actual="numbers of 0 or more that add up to 1",
            remedy="export the model without its softmax",
        )

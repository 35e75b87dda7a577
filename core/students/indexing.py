"""The index of architectures, made anew; and how well students of known ones are recognised by it."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.config import InputSpec
from core.errors import InputError
from core.students.architectures import ZOO, build, list_architectures, usual_input
from core.students.recognition import Index, Shapes, recognise

CLASSES = 1000  # of the architectures in the index
OTHER_CLASSES = 10  # of the students that are tried
COLOUR = InputSpec(channels=3, height=224, width=224, mean=(0.5,) * 3, std=(0.5,) * 3)


@dataclass(frozen=True)
class Trial:
    """How one architecture was recognised, in `seconds`."""

    architecture: str
    named: str | None
    right: bool
    seconds: float


def known_architectures() -> list[str]:
    """Those that the index holds: files of the zoo name their own."""
    return [name for name in list_architectures() if not name.startswith(f"{ZOO}:")]


def make_index(names: Sequence[str] | None = None) -> tuple[Index, list[str]]:
    """The index of `names`, all known ones unless said otherwise, and those that cannot be built here."""
    shapes, failed = {}, []
    for name in names or known_architectures():
        try:
            shapes[name] = shapes_of(name, CLASSES)
        except InputError:
            failed.append(name)
    inputs = {name: usual for name in shapes if (usual := usual_input(name))}
    return Index.of(shapes, inputs), failed


def trials(number: int, seed: int) -> Iterator[Trial]:
    """Recognise students of `number` architectures drawn at random, with another head and in a wrapper."""
    for name in random.Random(seed).sample(known_architectures(), number):
        shapes = {f"module.{tensor}": shape for tensor, shape in shapes_of(name, OTHER_CLASSES).items()}
        started = time.perf_counter()
        matches = recognise(shapes)
        seconds = time.perf_counter() - started
        best = matches[0] if matches else None
        right = best is not None and name in (best.architecture, *best.same)
        yield Trial(name, best.architecture if best else None, right, seconds)


def summary(tried: Sequence[Trial]) -> str:
    """One line: how many were named right, and how long that took."""
    right, median = sum(trial.right for trial in tried), statistics.median(trial.seconds for trial in tried)
    return f"{right} of {len(tried)} named right ({right / len(tried):.1%}), median {median:.3f} s"


def shapes_of(architecture: str, num_classes: int) -> Shapes:
    """Of its tensors, by name, for the images that are usual for it."""
    module = build(architecture, input=usual_input(architecture) or COLOUR, num_classes=num_classes)
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}

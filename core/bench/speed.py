"""`python -m core bench speed`: how much of a synthesis step is the student's own work.

An optimisation cannot be faster than the passes through the network that it is about. So each step is measured
against these passes alone: the student forward and backward to its images, and for a generator its own passes too,
with the same batch, without any hook on the student. Step and passes take turns, so that both meet the same machine.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torchvision
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.nn import functional as F

from core.bench.grid import OTHERS, PLANS
from core.config import InputSpec
from core.devices import limit_threads
from core.events import Preview, SynthesisStep
from core.students.architectures import TORCHVISION, usual_input
from core.students.base import Student
from core.synthesis.generator import Generator
from core.synthesis.methods import SYNTHESISERS
from core.synthesis.paper_generator import QimeraGenerator
from core.synthesis.settings import GeneratorConfig, InversionConfig, OptimisedConfig, PaperGeneratorConfig
from core.zoo.datasets.table import DATASETS
from core.zoo.models import new_model

STEPS = 20  # that are measured
UNMEASURED = 5  # before them
BATCH, LATENT = 128, GeneratorConfig().latent
WANTED = 0.85  # of a step of a pixel method
ORDINARY = ("resnet18", "mobilenet_v2")  # torchvision's: in the zoo's small ones all else that a step does weighs much
LARGE, LARGE_CLASSES, LARGE_BATCH = 224, 1000, 16


@dataclass(frozen=True)
class Timed:
    """Medians over the steps of one method: seconds of a step, of its passes alone, and their share of it."""

    step: float
    passes: float
    share: float


def bench_speed(console: Console) -> None:
    """Measure all methods that optimise, on students of the zoo's architectures, and print a table."""
    limit_threads()
    table = Table("student", "images", "method", "a step, ms", "its passes alone, ms", "their share", "wanted")
    table.title = f"Medians of {STEPS} steps with {BATCH} images, {LARGE_BATCH} of the large ones"
    small = [_zoo_student(architecture) for architecture in (*PLANS["held_out"].batchnorm, *OTHERS)]
    colour = DATASETS["fashion_colour"]
    ordinary = [_ordinary_student(name, colour.input, len(colour.class_names)) for name in ORDINARY]
    large = [_ordinary_student(name, usual_input(f"{TORCHVISION}:{name}"), LARGE_CLASSES) for name in ORDINARY]
    for student in (*small, *ordinary, *large):
        for label, config, passes, wanted in _methods(student):
            found = timed(student, config, passes)
            milliseconds = (f"{1000 * seconds:.1f}" for seconds in (found.step, found.passes))
            shape = "x".join(map(str, student.shape))
            table.add_row(student.name, shape, label, *milliseconds, f"{found.share:.0%}", wanted)
    console.print(table)


def timed(student: Student, config: OptimisedConfig, passes: Callable[[], object]) -> Timed:
    """The steps of a method that has one batch of images, each followed by `passes`."""
    steps, alone = [], []
    resumed = time.perf_counter()

    def tell(event: SynthesisStep | Preview) -> None:
        nonlocal resumed
        if isinstance(event, SynthesisStep):
            stopped = time.perf_counter()
            steps.append(stopped - resumed)
            passes()
            alone.append(time.perf_counter() - stopped)
        resumed = time.perf_counter()  # after what was done for a contact sheet, too

    SYNTHESISERS[config.method](student, config, config.batch, torch.Generator().manual_seed(0), tell)
    steps, alone = steps[UNMEASURED:], alone[UNMEASURED:]
    share = statistics.median(one / step for one, step in zip(alone, steps, strict=True))
    return Timed(statistics.median(steps), statistics.median(alone), share)


def _methods(student: Student) -> list[tuple[str, OptimisedConfig, Callable[[], object], str]]:
    """Label, settings, the passes of one step, and what share of it they are wanted to have."""
    batch = LARGE_BATCH if student.pixels >= LARGE**2 else BATCH
    usual = {"steps": UNMEASURED + STEPS, "batch": batch}
    views = 1 if student.batchnorm_layers else 2  # without BatchNorm each image is seen twice
    inversion = InversionConfig(**usual, coarse_share=0).sized(student.pixels)
    pixel_methods = [("inversion", inversion, partial(_pixel_passes, student, views, batch), f"{WANTED:.0%}")]
    if student.pixels >= LARGE**2:
        return pixel_methods
    build = {"classes": student.num_classes, "shape": student.shape}
    generator = Generator(**build, latent=LATENT, width=GeneratorConfig().width)
    paper_generator = QimeraGenerator(**build, latent=LATENT)
    return [
        *pixel_methods,
        ("generator", GeneratorConfig(**usual), partial(_generator_passes, student, generator), ""),
        ("paper's generator", PaperGeneratorConfig(**usual), partial(_generator_passes, student, paper_generator), ""),
    ]


def _pixel_passes(student: Student, views: int, batch: int) -> None:
    for _ in range(views):
        images = torch.full((batch, *student.shape), 0.5, requires_grad=True)
        _loss(student(images)).backward()


def _generator_passes(student: Student, generator: nn.Module) -> None:
    z, weights = torch.zeros(BATCH, LATENT), torch.full((BATCH, student.num_classes), 1 / student.num_classes)
    generator.zero_grad(set_to_none=True)
    _loss(student(generator(z, weights))).backward()


def _loss(logits: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(logits, torch.full_like(logits, 1 / logits.shape[1]))


def _zoo_student(architecture: str) -> Student:
    data = DATASETS["fashion_mnist"]
    network = new_model(architecture, data.input, len(data.class_names), seed=0).network
    return _untrained(architecture, network, data.input, len(data.class_names))


def _ordinary_student(architecture: str, input: InputSpec, classes: int) -> Student:
    network = torchvision.models.get_model(architecture, num_classes=classes)
    return _untrained(architecture, network, input, classes)


def _untrained(name: str, network: nn.Module, input: InputSpec, classes: int) -> Student:
    """Its weights make no difference to the time, if BatchNorm has seen some images."""
    network.train()(torch.rand(8, input.channels, input.height, input.width))
    return Student(network, input, tuple(map(str, range(classes))), name, name, "", torch.device("cpu"))

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
from core.devices import limit_threads
from core.events import Preview, SynthesisStep
from core.students.base import Student
from core.synthesis.generator import Generator
from core.synthesis.methods import SYNTHESISERS
from core.synthesis.paper_generator import QimeraGenerator
from core.synthesis.settings import GeneratorConfig, InversionConfig, OptimisedConfig, PaperGeneratorConfig
from core.zoo.datasets.table import DATASETS
from core.zoo.models import new_model

STEPS = 20  # that are measured
UNMEASURED = 5  # before them
BATCH, LATENT = InversionConfig().batch, GeneratorConfig().latent
WANTED = 0.85  # of a step of a pixel method
ORDINARY = "resnet18"  # torchvision's: the zoo's students are so small that whatever else a step does weighs much


@dataclass(frozen=True)
class Timed:
    """Medians over the steps of one method: seconds of a step, of its passes alone, and their share of it."""

    step: float
    passes: float
    share: float


def bench_speed(console: Console) -> None:
    """Measure all methods that optimise, on students of the zoo's architectures, and print a table."""
    limit_threads()
    table = Table("student", "method", "a step, ms", "its passes alone, ms", "their share", "wanted")
    table.title = f"Medians of {STEPS} steps with {BATCH} images: 28x28 in grey, for {ORDINARY} 32x32 in colour"
    for architecture in (*PLANS["held_out"].batchnorm, *OTHERS, ORDINARY):
        student = _student(architecture)
        for label, config, passes, wanted in _methods(student):
            found = timed(student, config, passes)
            milliseconds = (f"{1000 * seconds:.1f}" for seconds in (found.step, found.passes))
            table.add_row(architecture, label, *milliseconds, f"{found.share:.0%}", wanted)
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
    usual = {"steps": UNMEASURED + STEPS, "batch": BATCH}
    build = {"classes": student.num_classes, "shape": student.shape}
    generator = Generator(**build, latent=LATENT, width=GeneratorConfig().width)
    paper_generator = QimeraGenerator(**build, latent=LATENT)
    views = 1 if student.batchnorm_layers else 2  # without BatchNorm each image is seen twice
    return [
        ("inversion", InversionConfig(**usual), partial(_pixel_passes, student, views), f"{WANTED:.0%}"),
        ("generator", GeneratorConfig(**usual), partial(_generator_passes, student, generator), ""),
        ("paper's generator", PaperGeneratorConfig(**usual), partial(_generator_passes, student, paper_generator), ""),
    ]


def _pixel_passes(student: Student, views: int) -> None:
    for _ in range(views):
        images = torch.full((BATCH, *student.shape), 0.5, requires_grad=True)
        _loss(student(images)).backward()


def _generator_passes(student: Student, generator: nn.Module) -> None:
    z, weights = torch.zeros(BATCH, LATENT), torch.full((BATCH, student.num_classes), 1 / student.num_classes)
    generator.zero_grad(set_to_none=True)
    _loss(student(generator(z, weights))).backward()


def _loss(logits: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(logits, torch.full_like(logits, 1 / logits.shape[1]))


def _student(architecture: str) -> Student:
    """Untrained: its weights make no difference to the time."""
    if architecture == ORDINARY:
        data = DATASETS["fashion_colour"]
        network = torchvision.models.get_model(architecture, num_classes=len(data.class_names))
    else:
        data = DATASETS["fashion_mnist"]
        network = new_model(architecture, data.input, len(data.class_names), seed=0).network
    return Student(network, data.input, data.class_names, architecture, architecture, "", torch.device("cpu"))

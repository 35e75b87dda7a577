"""Where the benchmark's probes come from: the project's own methods, the paper's baselines, and the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from core.bench.public import public_images
from core.bench.zoo import Place, splits
from core.events import Preview, SynthesisStep
from core.students.base import Student
from core.synthesis.base import quantise
from core.synthesis.methods import make_probes
from core.synthesis.settings import (
    GeneratorConfig,
    InversionConfig,
    MethodConfig,
    PaperGeneratorConfig,
    PowerNoiseConfig,
    PyramidsConfig,
    SelectionConfig,
    ShapesConfig,
    WhiteNoiseConfig,
)

PUBLIC_POOL = 2000  # public images that a filter chooses from, a draw

Make = Callable[[Student, Place, int, torch.Generator], np.ndarray]


@dataclass(frozen=True)
class BenchMethod:
    """A source of probes.

    Attributes:
        make: `(student, place, n, generator)` to n uint8 images `(n, C, H, W)`, the best first.
        at_once: images of one making. An audit wants 100; where making a hundred costs as much as making more, or
            where one image does not depend on the others, draws are parts of one larger making.
    """

    label: str
    explanation: str
    make: Make
    at_once: int = 100


def synthesised(config: MethodConfig) -> Make:
    """Probes by a method of `core.synthesis`, from the student alone."""

    def make(student: Student, place: Place, n: int, generator: torch.Generator) -> np.ndarray:
        return make_probes(student, config, n, generator, _nobody_hears).images

    return make


def real_images(student: Student, place: Place, n: int, generator: torch.Generator) -> np.ndarray:
    """Test images of the data set that student and candidates were trained on."""
    images = splits(place)[1].images
    return quantise(images[torch.randperm(len(images), generator=generator)[:n]])


def confident_public_images(student: Student, place: Place, n: int, generator: torch.Generator) -> np.ndarray:
    """The paper's MIA filter: public images on which the student's loss at its own predicted label is lowest."""
    return _filtered(student, place, n, generator, lambda logits: logits.log_softmax(dim=1).max(dim=1).values)


def familiar_public_images(student: Student, place: Place, n: int, generator: torch.Generator) -> np.ndarray:
    """The paper's OOD filter: public images of the lowest energy, `-logsumexp(logits)` (Liu et al., 2020)."""
    return _filtered(student, place, n, generator, lambda logits: logits.logsumexp(dim=1))


def _filtered(
    student: Student,
    place: Place,
    n: int,
    generator: torch.Generator,
    worth: Callable[[torch.Tensor], torch.Tensor],
) -> np.ndarray:
    images = public_images(place.dataset)
    pool = quantise(images[torch.randperm(len(images), generator=generator)[:PUBLIC_POOL]])
    logits = torch.from_numpy(student.logits(pool))
    return pool[worth(logits).argsort(descending=True).numpy()[:n]]


def _nobody_hears(event: SynthesisStep | Preview) -> None:
    """The benchmark shows nothing while probes are made."""


def _selected(rule: str, pool_factor: int) -> SelectionConfig:
    return SelectionConfig(rule=rule, pool_factor=pool_factor)


MANY, SOME = 2000, 400
METHODS: dict[str, BenchMethod] = {
    "real": BenchMethod(
        "Real images (oracle)", "Test images of the data set itself, which an auditor does not have.", real_images, MANY
    ),
    "mia_filter": BenchMethod(
        "Public images, MIA filter",
        "Images of another kind of which the student is surest: the paper's baseline.",
        confident_public_images,
    ),
    "ood_filter": BenchMethod(
        "Public images, OOD filter",
        "Images of another kind that look most familiar to the student: the paper's other baseline.",
        familiar_public_images,
    ),
    "white_noise": BenchMethod("White noise", "Every pixel by chance.", synthesised(WhiteNoiseConfig()), MANY),
    "pyramids": BenchMethod(
        "Structured random images",
        "Chance at several resolutions, summed; the student is not asked.",
        synthesised(PyramidsConfig()),
        MANY,
    ),
    "power_noise": BenchMethod(
        "1/f noise", "Chance with the spectrum of natural images.", synthesised(PowerNoiseConfig()), MANY
    ),
    "shapes": BenchMethod("Random shapes", "Polygons, ellipses and strokes.", synthesised(ShapesConfig()), MANY),
    "paper_generator": BenchMethod(
        "The paper's generator",
        "A generator that learns to draw the student's classes, BatchNorm distances summed.",
        synthesised(PaperGeneratorConfig()),
        SOME,
    ),
    "generator": BenchMethod(
        "Generator, coarse to fine",
        "A generator that draws at three resolutions, for a student that sees its images shaken.",
        synthesised(GeneratorConfig()),
        SOME,
    ),
    "inversion": BenchMethod(
        "Inversion, coarse to fine",
        "Each image optimised by itself, as a sum of grids.",
        synthesised(InversionConfig()),
        SOME,
    ),
    "inversion_no_batchnorm": BenchMethod(
        "Inversion without BatchNorm",
        "As inversion, without the BatchNorm term.",
        synthesised(InversionConfig(batchnorm_weight=0.0)),
        SOME,
    ),
    "inversion_no_mix": BenchMethod(
        "Inversion without mixes",
        "As inversion, each image for one class.",
        synthesised(InversionConfig(mix_probability=0.0)),
        SOME,
    ),
    "pyramids_balanced": BenchMethod(
        "Structured random images, balanced",
        "The best ten of a hundred random images for each class that the student sees.",
        synthesised(PyramidsConfig(selection=_selected("balanced", 20))),
    ),
    "pyramids_spread": BenchMethod(
        "Structured random images, spread",
        "Random images chosen for the variety of the student's answers.",
        synthesised(PyramidsConfig(selection=_selected("log_det", 20))),
    ),
}

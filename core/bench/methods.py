"""The benchmark's methods: the project's own and their ablations, the paper's baselines, and the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.bench.place import Place
from core.bench.public import public_images
from core.bench.sources import PublicImages, RealImages, Source, Synthesised, confidence, familiarity
from core.config import AuditConfig
from core.errors import InputError
from core.synthesis.settings import (
    GeneratorConfig,
    InversionConfig,
    PaperGeneratorConfig,
    PowerNoiseConfig,
    PyramidsConfig,
    SelectionConfig,
    ShapesConfig,
    SynthesisConfig,
    WhiteNoiseConfig,
)

DEFAULT = "default"
DEFAULT_CONFIG: SynthesisConfig = AuditConfig.model_fields["synthesis"].default


@dataclass(frozen=True)
class BenchMethod:
    """A source of probes, and how people are told of it.

    Attributes:
        ablates: the method from which it differs in one thing, to see what that is worth.
    """

    label: str
    explanation: str
    source: Source
    ablates: str | None = None


def _in_words(config: SynthesisConfig) -> str:
    """Its method, or those of its parts with their shares."""
    if config.method != "mix":
        return config.method
    whole = sum(part.share for part in config.parts)
    return ", ".join(f"{part.share / whole:.0%} {part.synthesis.method}" for part in config.parts)


METHODS: dict[str, BenchMethod] = {
    DEFAULT: BenchMethod(
        "The audit's default",
        f"What an audit does unless it is told otherwise: {_in_words(DEFAULT_CONFIG)}.",
        Synthesised(DEFAULT_CONFIG),
    ),
    "real": BenchMethod(
        "Real images (oracle)",
        "Test images of the data set itself, which an auditor does not have.",
        RealImages(),
    ),
    "mia_filter": BenchMethod(
        "Public images, MIA filter",
        "Images of another kind of which the student is surest: the paper's baseline.",
        PublicImages("mia_filter", confidence),
    ),
    "ood_filter": BenchMethod(
        "Public images, OOD filter",
        "Images of another kind that look most familiar to the student: the paper's other baseline.",
        PublicImages("ood_filter", familiarity),
    ),
    "white_noise": BenchMethod("White noise", "Every pixel by chance.", Synthesised(WhiteNoiseConfig())),
    "pyramids": BenchMethod(
        "Structured random images",
        "Chance at several resolutions, summed; the student is not asked.",
        Synthesised(PyramidsConfig()),
    ),
    "power_noise": BenchMethod(
        "1/f noise", "Chance with the spectrum of natural images.", Synthesised(PowerNoiseConfig())
    ),
    "shapes": BenchMethod("Random shapes", "Polygons, ellipses and strokes.", Synthesised(ShapesConfig())),
    "paper_generator": BenchMethod(
        "The paper's generator",
        "A generator that learns to draw the student's classes, BatchNorm distances summed.",
        Synthesised(PaperGeneratorConfig()),
    ),
    "generator": BenchMethod(
        "Generator, coarse to fine",
        "A generator that draws at three resolutions, for a student that sees its images shaken.",
        Synthesised(GeneratorConfig()),
    ),
    "inversion": BenchMethod(
        "Inversion, coarse to fine",
        "Each image optimised by itself, as a sum of grids.",
        Synthesised(InversionConfig()),
    ),
    "pyramids_balanced": BenchMethod(
        "Structured random images, balanced",
        "The best ten of a hundred random images for each class that the student sees.",
        Synthesised(PyramidsConfig(selection=SelectionConfig(rule="balanced", pool_factor=20))),
    ),
    "pyramids_spread": BenchMethod(
        "Structured random images, spread",
        "Random images chosen for the variety of the student's answers.",
        Synthesised(PyramidsConfig(selection=SelectionConfig(rule="log_det", pool_factor=20))),
    ),
    "inversion_no_batchnorm": BenchMethod(
        "Inversion without BatchNorm",
        "As the inversion, without the BatchNorm term.",
        Synthesised(InversionConfig(batchnorm_weight=0.0)),
        ablates="inversion",
    ),
    "inversion_no_mix": BenchMethod(
        "Inversion without mixes",
        "As the inversion, each image for one class.",
        Synthesised(InversionConfig(mix_probability=0.0)),
        ablates="inversion",
    ),
    "inversion_selected": BenchMethod(
        "Inversion with selection",
        "As the inversion, the better half of twice as many images, balanced over classes.",
        Synthesised(InversionConfig(selection=SelectionConfig(rule="balanced", pool_factor=2))),
        ablates="inversion",
    ),
}
# The small zoo's: the paper's generator would take longer than all of these
SMALL = (DEFAULT, "real", "mia_filter", "ood_filter", "white_noise", "pyramids", "inversion", "inversion_no_batchnorm")


def usable(place: Place, tell: Callable[[str], None]) -> list[str]:
    """The methods of a zoo for which all is on this machine; tells of those that are left out."""
    names = list(SMALL if place.zoo == "small" else METHODS)
    try:
        public_images(place.dataset)
    except InputError as error:
        filters = [name for name in names if isinstance(METHODS[name].source, PublicImages)]
        tell(f"{place}: without {' and '.join(filters)}, since {error}")
        names = [name for name in names if name not in filters]
    return names

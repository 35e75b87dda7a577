"""The benchmark's methods: the project's own and their ablations, the paper's baselines, and the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.bench.grid import WITHOUT_BATCHNORM
from core.bench.place import Place
from core.bench.public import public_images
from core.bench.sources import PublicImages, RealImages, Rounded, Source, Synthesised, confidence, familiarity
from core.config import AuditConfig
from core.errors import InputError
from core.synthesis.settings import (
    GeneratorConfig,
    PaperGeneratorConfig,
    PowerNoiseConfig,
    PyramidsConfig,
    SelectionConfig,
    ShapesConfig,
    SynthesisConfig,
    WhiteNoiseConfig,
)
from core.zoo.recipes import Recipe

DEFAULT = "default"
DEFAULT_CONFIG: SynthesisConfig = AuditConfig.model_fields["synthesis"].default


@dataclass(frozen=True)
class BenchMethod:
    """A source of probes, and how people are told of it.

    Attributes:
        ablates: the method from which it differs in one thing, to see what that is worth.
        one_in: of so many students one is asked, where a method takes long. Differences are over the same students.
        without_batchnorm: whether only students without BatchNorm are asked, for whom alone it makes a difference.
    """

    label: str
    explanation: str
    source: Source
    ablates: str | None = None
    one_in: int = 1
    without_batchnorm: bool = False


def _in_words(config: SynthesisConfig) -> str:
    """Its method, or those of its parts with their shares."""
    if config.method != "mix":
        return config.method
    whole = sum(part.share for part in config.parts)
    return ", ".join(f"{part.share / whole:.0%} {part.synthesis.method}" for part in config.parts)


def _changed(label: str, explanation: str, **setting: object) -> BenchMethod:
    """The default with one setting changed, tried on a part of the students."""
    source = Synthesised(DEFAULT_CONFIG.model_copy(update=setting))
    return BenchMethod(label, explanation, source, ablates=DEFAULT, one_in=5)


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
    "pyramids_selected": BenchMethod(
        "Structured random images, the most telling",
        "Of twenty times as many random images those of which the student says most beyond its first class.",
        Synthesised(PyramidsConfig(selection=SelectionConfig(rule="dark_knowledge", pool_factor=20))),
    ),
    "pyramids_spread": BenchMethod(
        "Structured random images, spread",
        "Random images chosen for the variety of the student's answers.",
        Synthesised(PyramidsConfig(selection=SelectionConfig(rule="log_det", pool_factor=20))),
    ),
    "paper_generator": BenchMethod(
        "The paper's generator",
        "A generator that learns to draw the student's classes, BatchNorm distances summed.",
        Synthesised(PaperGeneratorConfig()),
        one_in=7,
    ),
    "generator": BenchMethod(
        "Generator, coarse to fine",
        "A generator that draws at three resolutions, for a student that sees its images shaken.",
        Synthesised(GeneratorConfig()),
        one_in=5,
    ),
    "default_free": _changed(
        "Without BatchNorm statistics", "As the default, all students treated as those that have none.", prior="free"
    ),
    "default_plain": BenchMethod(
        "By classes alone, without BatchNorm",
        "As the default, for students without BatchNorm: images are asked for their class alone, as methods do that "
        "rest on BatchNorm where there is none.",
        Synthesised(DEFAULT_CONFIG.model_copy(update={"prior": "none"})),
        ablates=DEFAULT,
        without_batchnorm=True,
    ),
    "default_mixed": _changed(
        "With mixes of classes",
        "As the default, four images in ten made for two classes at once.",
        mix_probability=0.4,
    ),
    "default_pixels": _changed(
        "Pixel by pixel",
        "As the default, each pixel optimised by itself instead of grids from coarse to fine.",
        grids="pixels",
    ),
    "default_unselected": _changed(
        "Without selection", "As the default, all images used as they come.", selection=SelectionConfig(rule="none")
    ),
    "default_16_levels": BenchMethod(
        "Rounded to 16 levels",
        "As the default, each pixel rounded to 16 levels where a picture file has 256.",
        Rounded(Synthesised(DEFAULT_CONFIG), levels=16),
        ablates=DEFAULT,
        one_in=5,
    ),
}
# The small zoo's: the paper's generator would take longer than all of these
SMALL = (DEFAULT, "real", "mia_filter", "ood_filter", "white_noise", "pyramids", "default_free")


def asked_students(place: Place, method: str) -> list[Recipe]:
    """The students that a method is tried on: all, or every n-th, with all architectures and all large lessons."""
    asked = METHODS[method]
    students = [one for one in place.students if one.architecture in WITHOUT_BATCHNORM or not asked.without_batchnorm]
    return students if place.zoo == "small" else students[:: asked.one_in]


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

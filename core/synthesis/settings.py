"""Which synthesis method, with which settings, and how its probes are selected. Free of torch.

A configuration names its method; what else it may say depends on the method:

    [synthesis]
    method = "inversion"
    steps = 100
    selection = { rule = "spread", pool_factor = 4 }
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from core.synthesis.settings_base import MethodConfig, OptimisedConfig, Rule, SelectionConfig
from core.values import Effort, Frozen


class TrainedConfig(OptimisedConfig):
    """What the two generators have in common."""

    STEPS: ClassVar[dict[Effort, int]] = {"quick": 200, "standard": 400, "thorough": 1000}
    OWN_WORK: ClassVar[float]  # of the generator itself, in passes of a small student

    learning_rate: float = Field(1e-3, gt=0, lt=1)
    latent: int = Field(64, ge=1, le=4096)  # dimensions of the noise and of a class embedding
    batchnorm_weight: float = Field(10.0, ge=0, le=1e6)
    batchnorm_reduction: Literal["mean", "sum"] = "mean"  # over channels and layers; the paper sums

    def passes(self, n: int) -> float:
        return super().passes(n) + (1 + self.OWN_WORK) * self.num_steps * self.batch


class GeneratorConfig(TrainedConfig):
    """A generator that draws coarse to fine, for a student that sees its images shaken."""

    OWN_WORK: ClassVar[float] = 1.0

    method: Literal["generator"] = "generator"
    width: int = Field(48, ge=8, le=1024)  # channels of the generator's convolutions
    shift: int = Field(2, ge=0, le=64)  # pixels that images are moved by, at most, before the student sees them
    mirror: bool = True  # every other time
    noise: float = Field(0.1, ge=0, le=1)  # sd of the noise added to them


class PaperGeneratorConfig(TrainedConfig):
    """The paper's generator, to compare with: convolutions at full size, and BatchNorm distances summed."""

    OWN_WORK: ClassVar[float] = 10.0

    method: Literal["paper_generator"] = "paper_generator"
    batchnorm_weight: float = Field(1.0, ge=0, le=1e6)
    batchnorm_reduction: Literal["mean", "sum"] = "sum"


class InversionConfig(OptimisedConfig):
    """Images optimised in batches whose statistics are to be those that the student remembers.

    Large images and small ones want other settings, all of which were chosen by experiment.
    """

    LARGE_FROM: ClassVar[int] = 96 * 96  # pixels
    SMALL: ClassVar[Mapping[str, float]] = {
        "batch": 128, "coarse_share": 0.0, "omitted_grids": 0, "shift": 1, "class_weight": 1.0, "batchnorm_weight": 1e3,
    }  # fmt: skip
    LARGE: ClassVar[Mapping[str, float]] = {
        "batch": 64, "coarse_share": 0.75, "omitted_grids": 1, "shift": 8, "class_weight": 4.0, "batchnorm_weight": 1e2,
    }  # fmt: skip
    USUAL_POOL: ClassVar[int] = 3
    STEPS: ClassVar[dict[Effort, int]] = {"quick": 100, "standard": 200, "thorough": 400}

    method: Literal["inversion"] = "inversion"
    selection: SelectionConfig = SelectionConfig(rule="dark_knowledge")
    batch: int | None = Field(None, ge=2, le=4096)  # images at a time, as far as memory allows
    mix_probability: float = Field(0.0, ge=0, le=1)
    grids: Literal["pyramid", "pixels"] = "pyramid"  # coarse to fine, summed; or the finest alone
    omitted_grids: int | None = Field(None, ge=0, le=3)  # of a pyramid, the finest ones
    learning_rate: float = Field(0.1, gt=0, lt=10)
    weight_decay: float = Field(0.1, ge=0, lt=1)  # of the grids, a step, times the learning rate: towards mid-grey
    coarse_share: float | None = Field(None, ge=0, le=1)  # of the steps, the first ones, at half the size
    shift: int | None = Field(None, ge=0, le=64)  # this and the next as for the generator
    mirror: bool = True
    noise: float = Field(0.1, ge=0, le=2)  # sd of what is added to images; with the prior "free" it is `free_noise`
    prior: Literal["batchnorm", "free", "none"] = "batchnorm"  # a student without BatchNorm gets "free" for it
    class_weight: float | None = Field(None, ge=0, le=1e6)
    batchnorm_weight: float | None = Field(None, ge=0, le=1e6)  # mean over channels and layers
    free_noise: float = Field(1.0, ge=0, le=2)  # this and the next three belong to "free"
    smoothness_weight: float = Field(1.0, ge=0, le=1e6)
    consistency_weight: float = Field(1.0, ge=0, le=1e6)
    patch_weight: float = Field(0.1, ge=0, le=1e6)  # of the spread of patch similarities, where there is attention

    def pool(self, n: int) -> int:
        """Of small images a batch at least: it takes little time, and statistics need many images."""
        least = 0 if self.coarse_share else self.batch or int(self.SMALL["batch"])
        return max(super().pool(n), least)

    def passes(self, n: int) -> float:
        size = 1 - 0.75 * (self.coarse_share or 0.0)  # of the images on average, half the size being a quarter
        return super().passes(n) + size * self.num_steps * self.pool(n)

    def sized(self, pixels: int) -> Self:
        usual = self.LARGE if pixels >= self.LARGE_FROM else self.SMALL
        filled = {name: value for name, value in usual.items() if getattr(self, name) is None}
        if pixels >= self.LARGE_FROM and self.selection.pool_factor is None:
            filled["selection"] = self.selection.model_copy(update={"pool_factor": 1})
        return self.model_copy(update=filled)


class WhiteNoiseConfig(MethodConfig):
    """Every pixel drawn at random."""

    method: Literal["white_noise"] = "white_noise"


class ColouredConfig(MethodConfig):
    """What structured noise has in common."""

    colour: float = Field(1.0, ge=0, le=1)  # share of the variance that colour channels have for themselves


class PyramidsConfig(ColouredConfig):
    """Noise at several resolutions, summed."""

    method: Literal["pyramids"] = "pyramids"


class PowerNoiseConfig(ColouredConfig):
    """Noise whose amplitude falls with the frequency f as f^-a, a drawn for each image."""

    method: Literal["power_noise"] = "power_noise"
    lowest_exponent: float = Field(0.5, ge=0, le=4)
    highest_exponent: float = Field(2.0, ge=0, le=4)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.highest_exponent < self.lowest_exponent:
            raise ValueError("highest_exponent must not be below lowest_exponent")
        return self


class ShapesConfig(MethodConfig):
    """Polygons, ellipses and strokes with gradients and textures."""

    method: Literal["shapes"] = "shapes"
    layers: int = Field(6, ge=1, le=50)  # shapes an image, each before the last


class FolderConfig(MethodConfig):
    """One's own images."""

    method: Literal["folder"] = "folder"
    path: Path

    @field_validator("path")
    @classmethod
    def _possible_path(cls, path: Path) -> Path:
        if "\0" in str(path):
            raise ValueError("a path holds no NUL character")
        return path

    def beneath(self, folder: Path) -> Self:
        return self.model_copy(update={"path": folder / self.path})


Unmixed = (
    GeneratorConfig
    | PaperGeneratorConfig
    | InversionConfig
    | WhiteNoiseConfig
    | PyramidsConfig
    | PowerNoiseConfig
    | ShapesConfig
    | FolderConfig
)


def _names(methods: UnionType) -> list[str]:
    return [method.model_fields["method"].default for method in get_args(methods)]


def _named(methods: UnionType) -> BeforeValidator:
    """Settings that name no method are the inversion's; the error for an unknown one does not repeat it."""
    names = _names(methods)

    def check(value: object) -> object:
        if not isinstance(value, dict):
            return value
        if (method := value.get("method", "inversion")) not in names:
            raise ValueError(f"method should be one of {', '.join(names)}")
        return {**value, "method": method}

    return BeforeValidator(check)


class Part(Frozen):
    """A method, and its share of the probes relative to the shares of the others."""

    share: float = Field(gt=0, le=1e6)
    synthesis: Annotated[Unmixed, Field(discriminator="method"), _named(Unmixed)]


class MixConfig(MethodConfig):
    """Probes of several methods in given shares, each part after its own selection."""

    method: Literal["mix"] = "mix"
    parts: tuple[Part, ...] = Field(min_length=2, max_length=20)

    def turns(self, n: int) -> tuple[int, ...]:
        """Whose turn each of `n` probes is, by index into `parts`: theirs who are furthest behind their share.

        So any first few of the probes have the shares as nearly as their number allows.
        """
        whole, counts, turns = sum(part.share for part in self.parts), [0] * len(self.parts), []
        for made in range(1, n + 1):
            behind = [made * part.share / whole - count for part, count in zip(self.parts, counts, strict=True)]
            turns.append(behind.index(max(behind)))
            counts[turns[-1]] += 1
        return tuple(turns)

    @property
    def num_steps(self) -> int:
        return sum(part.synthesis.num_steps for part in self.parts)

    def passes(self, n: int) -> float:
        turns = Counter(self.turns(self.pool(n)))
        return super().passes(n) + sum(self.parts[index].synthesis.passes(count) for index, count in turns.items())

    def at(self, effort: Effort) -> Self:
        return self._with_each(lambda synthesis: synthesis.at(effort))

    def sized(self, pixels: int) -> Self:
        return self._with_each(lambda synthesis: synthesis.sized(pixels))

    def beneath(self, folder: Path) -> Self:
        return self._with_each(lambda synthesis: synthesis.beneath(folder))

    def _with_each(self, change: Callable[[Unmixed], Unmixed]) -> Self:
        parts = tuple(part.model_copy(update={"synthesis": change(part.synthesis)}) for part in self.parts)
        return self.model_copy(update={"parts": parts})


Methods = Unmixed | MixConfig
METHODS: tuple[str, ...] = tuple(_names(Methods))
RULES: tuple[Rule, ...] = get_args(Rule)
SynthesisConfig = Annotated[Methods, Field(discriminator="method"), _named(Methods)]


def settings_of(method: str, rule: Rule | None = None) -> Methods:
    """A method by its name, at its usual settings, or selected by `rule`; one that needs more than that has none."""
    kind = dict(zip(METHODS, get_args(Methods), strict=True))[method]
    return kind() if rule is None else kind(selection=SelectionConfig(rule=rule))

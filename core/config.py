"""What an audit is asked to do. Read from a form, a TOML file or a run's manifest; free of torch.

Keys of APIs are never part of a configuration: a candidate names the environment variable that
holds its key.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import tomli_w
from pydantic import (
    BaseModel,
    Field,
    FiniteFloat,
    ValidationError,
    field_validator,
    model_validator,
)

from core.candidates import CandidateConfig
from core.errors import InputError
from core.synthesis.settings import InversionConfig, PyramidsConfig, SynthesisConfig, WhiteNoiseConfig
from core.values import ClassName, Device, Effort, Frozen, Name

Baseline = Literal["white_noise", "pyramids"]
# What an audit may rank by is what it computes and shows, in this order.
ScoreName = Literal[
    "excess_correlation", "rp", "centred_distance", "inverse_kl", "agreement", "margin_agreement", "acs", "acs_z"
]
Model = TypeVar("Model", bound=BaseModel)

OWN = "file:"  # before the path and the factory of an architecture of one's own
SYNTHESISED = "synthesised"  # the name of the probe set that the ranking rests on
TRIAL_IMAGES = 2  # that a candidate is asked when it is connected
LARGEST = 16 * 2**20  # bytes of a configuration
SHOWN = 5  # problems that one error names


class InputSpec(Frozen):
    """What a model expects of an image: its shape, and the normalisation of pixels in [0, 1]."""

    channels: Literal[1, 3]
    height: int = Field(ge=8, le=1024)
    width: int = Field(ge=8, le=1024)
    mean: tuple[FiniteFloat, ...]
    std: tuple[Annotated[FiniteFloat, Field(gt=0)], ...]

    @model_validator(mode="after")
    def _one_statistic_a_channel(self) -> Self:
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need {self.channels} number(s) each, one a channel")
        return self


class StudentConfig(Frozen):
    """The checkpoint under suspicion. What is None is taken from the file, where the file says it."""

    checkpoint: Path
    architecture: str | None = None  # "zoo:convnet4", "torchvision:resnet18", "file:model.py:make"
    num_classes: int | None = Field(None, ge=2, le=100_000)
    input: InputSpec | None = None
    class_names: tuple[ClassName, ...] | None = None
    trusted: bool = False  # run the program that the checkpoint is, or the file that the architecture names

    @field_validator("checkpoint")
    @classmethod
    def _possible_path(cls, path: Path) -> Path:
        if "\0" in str(path):
            raise ValueError("a path holds no NUL character")
        return path

    def beneath(self, folder: Path) -> StudentConfig:
        """The same, its relative paths taken from `folder`."""
        architecture = self.architecture
        if architecture and architecture.startswith(OWN):
            architecture = f"{OWN}{folder / architecture.removeprefix(OWN)}"
        return self.model_copy(update={"checkpoint": folder / self.checkpoint, "architecture": architecture})


class EffortPlan(Frozen):
    """What an effort level buys; the steps that go with it are the methods' own."""

    probes: int


EFFORTS: dict[Effort, EffortPlan] = {
    "quick": EffortPlan(probes=50),
    "standard": EffortPlan(probes=100),
    "thorough": EffortPlan(probes=300),
}
BASELINES: dict[Baseline, SynthesisConfig] = {"white_noise": WhiteNoiseConfig(), "pyramids": PyramidsConfig()}


class AuditConfig(Frozen):
    """One audit: a student, its candidates, and how hard to look."""

    name: Name = "Audit"
    student: StudentConfig
    candidates: tuple[CandidateConfig, ...] = ()
    serve: Literal["demo"] | None = None  # the demo's candidates, served by the worker itself
    effort: Effort = "standard"
    probes: int | None = Field(None, ge=2, le=10_000)  # None: by the effort
    baselines: tuple[Baseline, ...] = ("white_noise", "pyramids")
    synthesis: SynthesisConfig = InversionConfig()
    score: ScoreName = "excess_correlation"
    budget: int | None = Field(None, ge=1, le=10**9)  # images that it may send to all candidates; None: what it needs
    bootstrap: int = Field(1000, ge=100, le=100_000)  # resamples of the probes for an interval
    ask_anyway: bool = False  # spend queries even on probes that failed their check
    seed: int = Field(0, ge=0, lt=2**31)
    device: Device = "auto"

    @field_validator("baselines")
    @classmethod
    def _each_baseline_once(cls, baselines: tuple[Baseline, ...]) -> tuple[Baseline, ...]:
        if len(set(baselines)) < len(baselines):
            raise ValueError("each baseline may be named once")
        return baselines

    @model_validator(mode="after")
    def _candidates_or_serve(self) -> Self:
        names = [candidate.name for candidate in self.candidates]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"candidates need different names, these stand twice: {', '.join(sorted(repeated))}")
        if self.serve and self.candidates:
            raise ValueError('give either candidates or serve = "demo", not both')
        if not self.serve and not self.candidates:
            raise ValueError('name at least one candidate, or set serve = "demo"')
        return self

    @property
    def num_probes(self) -> int:
        return self.probes or EFFORTS[self.effort].probes

    @property
    def probe_sets(self) -> tuple[str, ...]:
        return (SYNTHESISED, *self.baselines)

    def synthesis_of(self, probe_set: str) -> SynthesisConfig:
        """How the probes of a set are made."""
        return self.synthesis.at(self.effort) if probe_set == SYNTHESISED else BASELINES[probe_set]

    def num_answers(self, candidates: int | None = None) -> int:
        """Answers to probes, over all sets and candidates."""
        number = len(self.candidates) if candidates is None else candidates
        return number * self.num_probes * len(self.probe_sets)

    def num_queries(self, candidates: int | None = None) -> int:
        """Images that one try sends at most, over all candidates: the probes, and test images when it connects."""
        number = len(self.candidates) if candidates is None else candidates
        return self.num_answers(number) + number * TRIAL_IMAGES


def load_config(path: Path) -> AuditConfig:
    """An audit from a TOML file; relative paths in it are taken from the file's folder.

    Raises:
        InputError: the file is missing, is no TOML or breaks a rule; names every offending field.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe or a device could go on for ever
            raise OSError("no regular file")
        if path.stat().st_size > LARGEST:
            raise OSError(f"more than {LARGEST:,} bytes")
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a NUL in the path
        raise InputError(
            f"configuration {path} cannot be read", actual=str(error), remedy="give the path of an audit's TOML file"
        ) from error
    config = config_from_toml(text)
    folder = path.parent.resolve()
    candidates = tuple(candidate.beneath(folder) for candidate in config.candidates)
    return config.model_copy(
        update={
            "student": config.student.beneath(folder),
            "synthesis": config.synthesis.beneath(folder),
            "candidates": candidates,
        }
    )


def config_from_toml(text: str) -> AuditConfig:
    """Parse and validate an audit; raises `InputError`."""
    return validated(AuditConfig, _parse_toml(text))


def config_to_toml(config: AuditConfig) -> str:
    """The audit as TOML, without what was left at its default."""
    return tomli_w.dumps(config.model_dump(mode="json", exclude_defaults=True))


def candidates_from_toml(text: str) -> tuple[CandidateConfig, ...]:
    """The `[[candidates]]` of a TOML text, whatever else it holds; raises `InputError`."""
    found = _parse_toml(text).get("candidates", [])
    if not isinstance(found, list) or not found:
        raise InputError(
            "the file lists no candidates", rule="[[candidates]] tables", remedy="export one to see the form"
        )
    return tuple(validated(CandidateConfig, entry) for entry in found)


def candidates_to_toml(candidates: tuple[CandidateConfig, ...]) -> str:
    """`[[candidates]]` tables, which hold no key."""
    return tomli_w.dumps({"candidates": [c.model_dump(mode="json", exclude_defaults=True) for c in candidates]})


def validated(model: type[Model], data: object) -> Model:
    """`data` as a `model`; raises `InputError` that names each field, its rule and what it was."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = []
        for found in error.errors(include_url=False):
            where = "".join(filter(str.isprintable, ".".join(map(str, found["loc"])))) or "the configuration"
            actual = "" if found["type"] == "extra_forbidden" else _actual(found["input"])
            problems.append(f"{where[:80]}: {found['msg'].removeprefix('Value error, ')}{actual}")
        if len(problems) > SHOWN:
            problems[SHOWN:] = [f"and {len(problems) - SHOWN} more"]
        raise InputError("; ".join(problems), remedy="correct the named fields and try again") from error


def _actual(value: object) -> str:
    """What was given, where that is a number: text may be a key in the wrong place."""
    return f", got {value}" if isinstance(value, (int, float)) and abs(value) < 1e9 else ""


def _parse_toml(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))  # a mark that some editors put in front
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise InputError("this is not a TOML file", actual=str(error), remedy="mend the named line") from error

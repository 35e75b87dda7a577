"""How the benchmark comes by images: synthesised out of the student, public ones chosen by it, or real ones."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch

from core.bench.grid import Plan
from core.bench.place import Place, splits
from core.bench.public import public_images
from core.events import Preview, SynthesisStep
from core.students.base import Student
from core.synthesis.base import quantise
from core.synthesis.methods import SYNTHESISERS
from core.synthesis.opinions import opinions
from core.synthesis.selection import RULES
from core.synthesis.settings import MethodConfig

PROBES = 100  # of a draw, best first; an audit of fewer uses the first of them
SOME = 300  # images of which all draws are parts, where each image takes an optimisation
POOLS = 2  # that all draws are parts of, where each draw is a choice among many images
PUBLIC_POOL = 2000  # public images that a filter chooses from, a draw


@dataclass(frozen=True)
class Material:
    """What a student and its candidates are to be asked.

    Attributes:
        images: uint8 `(P, C, H, W)`.
        draws: which images the probes of each audit are, best first, `(D, 100)`.
        seconds: that the probes of one audit take.
    """

    images: np.ndarray
    draws: np.ndarray
    seconds: float


class Source(Protocol):
    """Images for a student; the same ones at each call."""

    def key(self, plan: Plan) -> str:
        """A name for this way of making them, and no other."""

    def make(self, student: Student, place: Place) -> Material: ...


@dataclass(frozen=True)
class Synthesised:
    """By a method of `core.synthesis`, from the student alone, at the effort of the plan."""

    config: MethodConfig

    def key(self, plan: Plan) -> str:
        settings = self.config.at(plan.effort)
        return f"{settings.method}-{hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:8]}"

    def make(self, student: Student, place: Place) -> Material:
        config = self.config.at(place.plan.effort).sized(student.pixels)
        size = self.images(place.plan)
        rule, draws = config.selection.rule, draws_of(size, place.plan.draws, config.pool(PROBES))
        started = time.perf_counter()
        pool = SYNTHESISERS[config.method](student, config, size, _generator(), _nobody_hears).images
        found = None if rule == "none" else opinions(student, pool)
        made = time.perf_counter()
        if found is not None:
            draws = np.stack([draw[RULES[rule](found.of(draw), PROBES)] for draw in draws])
        selecting = (time.perf_counter() - made) / len(draws)
        return Material(pool, draws[:, :PROBES], (made - started) * self.share(place.plan) + selecting)

    def images(self, plan: Plan) -> int:
        """How many are made, once for all draws."""
        wanted = plan.draws * self.config.pool(PROBES)
        if self.config.num_steps:
            return min(wanted, max(SOME, self.config.pool(PROBES)))
        return wanted if self.config.selection.rule == "none" else min(wanted, POOLS * self.config.pool(PROBES))

    def share(self, plan: Plan) -> float:
        """How much of the time that making all of them takes one audit would take."""
        if not self.config.num_steps:
            return self.config.pool(PROBES) / self.images(plan)
        kept = self.images(plan) // self.config.pool_factor
        return self.config.passes(PROBES) / self.config.passes(kept)


@dataclass(frozen=True)
class Rounded:
    """The images of a source, each pixel rounded to one of so many levels."""

    of: Source
    levels: int

    def key(self, plan: Plan) -> str:
        return f"{self.of.key(plan)}-{self.levels}-levels"

    def make(self, student: Student, place: Place) -> Material:
        material = self.of.make(student, place)
        step = 255 / (self.levels - 1)
        return replace(material, images=(np.round(material.images / step) * step).round().astype(np.uint8))


@dataclass(frozen=True)
class RealImages:
    """Test images of the data set that student and candidates were trained on."""

    def key(self, plan: Plan) -> str:
        return "real"

    def make(self, student: Student, place: Place) -> Material:
        size = place.plan.draws * PROBES
        started = time.perf_counter()
        images = splits(place)[1].images
        images = quantise(images[torch.randperm(len(images), generator=_generator())[:size]])
        seconds = (time.perf_counter() - started) / place.plan.draws
        return Material(images, draws_of(len(images), place.plan.draws, PROBES), seconds)


@dataclass(frozen=True)
class PublicImages:
    """Public images, of which those are kept whose logits `(N, K)` have the highest `worth`, `(N,)`."""

    name: str
    worth: Callable[[torch.Tensor], torch.Tensor]

    def key(self, plan: Plan) -> str:
        return self.name

    def make(self, student: Student, place: Place) -> Material:
        images, generator, chosen = public_images(place.dataset), _generator(), []
        started = time.perf_counter()
        for _ in range(place.plan.draws):
            pool = quantise(images[torch.randperm(len(images), generator=generator)[:PUBLIC_POOL]])
            logits = torch.from_numpy(student.logits(pool))
            chosen.append(pool[self.worth(logits).argsort(descending=True).numpy()[:PROBES]])
        seconds = (time.perf_counter() - started) / place.plan.draws
        draws = np.arange(place.plan.draws * PROBES).reshape(place.plan.draws, PROBES)
        return Material(np.concatenate(chosen), draws, seconds)


def draws_of(images: int, draws: int, size: int) -> np.ndarray:
    """Draws of `size` out of so many images, `(draws, size)`: no image in two of them where there are enough."""
    generator = np.random.default_rng(0)
    if images >= draws * size:
        return generator.permutation(images)[: draws * size].reshape(draws, size)
    return np.stack([generator.permutation(images)[:size] for _ in range(draws)])


def _generator() -> torch.Generator:
    """Of the same numbers for all students."""
    return torch.Generator().manual_seed(1000)


def confidence(logits: torch.Tensor) -> torch.Tensor:
    """The paper's MIA filter: the lower the student's loss at its own predicted label, the better."""
    return logits.log_softmax(dim=1).max(dim=1).values


def familiarity(logits: torch.Tensor) -> torch.Tensor:
    """The paper's OOD filter: the lower the energy `-logsumexp(logits)`, the better (Liu et al., 2020)."""
    return logits.logsumexp(dim=1)


def _nobody_hears(event: SynthesisStep | Preview) -> None:
    """The benchmark shows nothing while probes are made."""

"""How the benchmark comes by images: synthesised out of the student, public ones chosen by it, or real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from core.bench.grid import Plan
from core.bench.place import Place, splits
from core.bench.public import public_images
from core.events import Preview, SynthesisStep
from core.students.base import Student
from core.synthesis.base import quantise
from core.synthesis.methods import make_probes
from core.synthesis.settings import MethodConfig

PROBES = 100  # of a draw, best first; an audit of fewer uses the first of them
SOME = 400  # images of which all draws are parts, where each image takes an optimisation
FEW = 4  # draws, where each takes an optimisation of its own
PUBLIC_POOL = 2000  # public images that a filter chooses from, a draw


class Source(Protocol):
    """Images for a student. The same state of `generator` gives the same ones."""

    def key(self, plan: Plan) -> str:
        """A name for this way of making them, and no other."""

    def makings(self, plan: Plan) -> tuple[int, int]:
        """How many times images are made, and how many each time.

        An audit wants 100, the best first. Where their order means nothing, all draws are parts of one making.
        """

    def share(self, plan: Plan) -> float:
        """How much of one making an audit of 100 would take."""

    def images(self, student: Student, place: Place, n: int, generator: torch.Generator) -> np.ndarray:
        """`n` images, uint8 `(n, C, H, W)`."""


@dataclass(frozen=True)
class Synthesised:
    """By a method of `core.synthesis`, from the student alone, at the effort of the plan."""

    config: MethodConfig

    def key(self, plan: Plan) -> str:
        settings = self.config.at(plan.effort)
        return f"{settings.method}-{hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:8]}"

    def makings(self, plan: Plan) -> tuple[int, int]:
        is_optimised = self.config.num_steps > 0
        if self.config.method == "mix" or self.config.selection.rule != "none":
            return (min(FEW, plan.draws) if is_optimised else plan.draws), PROBES
        return 1, min(SOME, plan.draws * PROBES) if is_optimised else plan.draws * PROBES

    def share(self, plan: Plan) -> float:
        made = self.makings(plan)[1]
        return self.config.passes(PROBES) / self.config.passes(made) if self.config.num_steps else PROBES / made

    def images(self, student: Student, place: Place, n: int, generator: torch.Generator) -> np.ndarray:
        return make_probes(student, self.config.at(place.plan.effort), n, generator, _nobody_hears).images


@dataclass(frozen=True)
class RealImages:
    """Test images of the data set that student and candidates were trained on."""

    def key(self, plan: Plan) -> str:
        return "real"

    def makings(self, plan: Plan) -> tuple[int, int]:
        return 1, plan.draws * PROBES

    def share(self, plan: Plan) -> float:
        return 1 / plan.draws

    def images(self, student: Student, place: Place, n: int, generator: torch.Generator) -> np.ndarray:
        images = splits(place)[1].images
        return quantise(images[torch.randperm(len(images), generator=generator)[:n]])


@dataclass(frozen=True)
class PublicImages:
    """Public images, of which those are kept whose logits `(N, K)` have the highest `worth`, `(N,)`."""

    name: str
    worth: Callable[[torch.Tensor], torch.Tensor]

    def key(self, plan: Plan) -> str:
        return self.name

    def makings(self, plan: Plan) -> tuple[int, int]:
        return plan.draws, PROBES

    def share(self, plan: Plan) -> float:
        return 1.0

    def images(self, student: Student, place: Place, n: int, generator: torch.Generator) -> np.ndarray:
        images = public_images(place.dataset)
        pool = quantise(images[torch.randperm(len(images), generator=generator)[:PUBLIC_POOL]])
        logits = torch.from_numpy(student.logits(pool))
        return pool[self.worth(logits).argsort(descending=True).numpy()[:n]]


def confidence(logits: torch.Tensor) -> torch.Tensor:
    """The paper's MIA filter: the lower the student's loss at its own predicted label, the better."""
    return logits.log_softmax(dim=1).max(dim=1).values


def familiarity(logits: torch.Tensor) -> torch.Tensor:
    """The paper's OOD filter: the lower the energy `-logsumexp(logits)`, the better (Liu et al., 2020)."""
    return logits.logsumexp(dim=1)


def _nobody_hears(event: SynthesisStep | Preview) -> None:
    """The benchmark shows nothing while probes are made."""

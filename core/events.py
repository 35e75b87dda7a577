"""What a running audit tells whoever watches: the worker writes it down, the command line draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.results import ProbeCheck, RankedCandidate
from core.values import Frozen

Phase = Literal["load", "connect", "synthesise", "check", "ask", "score"]
PHASES: tuple[Phase, ...] = ("load", "connect", "synthesise", "check", "ask", "score")


class PhaseStarted(Frozen):
    kind: Literal["phase_started"] = "phase_started"
    phase: Phase


class Connected(Frozen):
    """A candidate answered its two test images."""

    kind: Literal["connected"] = "connected"
    candidate: str
    output: str  # logits, probs, top_k or labels
    num_classes: int
    latency: float  # seconds a call


class Lost(Frozen):
    """A candidate failed for good; the audit goes on without it."""

    kind: Literal["lost"] = "lost"
    candidate: str
    message: str


class SynthesisStep(Frozen):
    """One line of the loss curve.

    Attributes:
        done: share of the work, in [0, 1], where steps differ in what they take; None: `step / steps`.
    """

    kind: Literal["synthesis_step"] = "synthesis_step"
    step: int
    steps: int
    losses: dict[str, float]
    done: float | None = None


class ProbesChecked(Frozen):
    kind: Literal["probes_checked"] = "probes_checked"
    probe_set: str
    check: ProbeCheck


class Answered(Frozen):
    """Answers of one candidate arrived; counts are of images, over the whole run."""

    kind: Literal["answered"] = "answered"
    probe_set: str
    candidate: str
    done: int  # probes of all sets that all asked candidates have answered so far, summed over candidates
    total: int
    asked: int  # of the answers that arrived just now; the others were there already
    sent: int  # images that went over the network, retries counted
    sent_to: int = 0  # of these, to this candidate
    cached: int  # answers that were known already


class Ranked(Frozen):
    """How the candidates stand on the probes answered so far, best first."""

    kind: Literal["ranked"] = "ranked"
    probe_set: str
    probes: int
    ranking: tuple[RankedCandidate, ...]


@dataclass(frozen=True)
class Preview:
    """Probes in the making: uint8 images `(N, C, H, W)` and the names of their target classes."""

    images: np.ndarray
    labels: tuple[str, ...]


Event = PhaseStarted | Connected | Lost | SynthesisStep | ProbesChecked | Answered | Ranked | Preview
OnEvent = Callable[[Event], None]

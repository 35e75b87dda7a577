"""How long an audit will take, roughly, and how many images it sends at most."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from core.candidates import CandidateConfig
from core.config import SYNTHESISED, AuditConfig, InputSpec
from core.costs import planned_images

# Measured on two cores, for students from a demo's to ResNet-50, at 28 to 96 pixels a side.
START = 12.0  # seconds to start worker and servers, load the student and score
PER_PIXEL = 6e-7  # seconds that a pixel takes to go through a small student, forward and backward
HEAVY = 1e7  # parameters that make a step take twice as long
LATENCY = 0.05  # seconds a request, where nothing was measured
AT_ONCE = 32  # images a request


def predicted_seconds(
    config: AuditConfig,
    *,
    candidates: int,
    asked: Sequence[CandidateConfig] = (),
    input: InputSpec | None = None,
    parameters: int | None = None,
    latency: float | None = None,
) -> float:
    """Seconds on two processor cores.

    Args:
        config: the audit.
        candidates: how many are asked.
        asked: they and their limits, as far as they are known.
        input: of the student; None for a small one.
        parameters: of the student; None for a small one.
        latency: seconds a request, as measured on the slowest candidate.
    """
    pixels = input.height * input.width if input else 28**2
    passes = config.synthesis_of(SYNTHESISED).sized(pixels).passes(config.num_probes)
    synthesis = PER_PIXEL * pixels * passes * (1 + (parameters or 0) / HEAVY)
    requests = config.num_queries(candidates) / AT_ONCE
    asking = max((_asking(one, config.num_queries(1), latency or LATENCY) for one in asked), default=0.0)
    return START + synthesis + (asking or requests * (latency or LATENCY))


def _asking(candidate: CandidateConfig, images: int, latency: float) -> float:
    """Seconds until one candidate has seen them all, side by side with the others."""
    requests = ceil(images / candidate.max_batch)
    apart = 60 / candidate.requests_per_minute if candidate.requests_per_minute else 0.0
    return requests * max(latency / candidate.max_concurrency, apart)


def images_at_most(config: AuditConfig, served: int) -> int:
    """Images that one try sends over the network, budgets kept; `served` is how many candidates the demo has."""
    images = config.num_queries(served) if config.serve else sum(planned_images(config).values())
    return min(images, config.budget or images)


def in_words(seconds: float) -> str:
    """`under a minute`, `about a minute`, `about 4 minutes`, `about 2 hours`."""
    minutes = round(seconds / 60)
    if minutes <= 1:
        return "about a minute" if seconds >= 40 else "under a minute"
    return f"about {minutes} minutes" if minutes < 100 else f"about {round(minutes / 60)} hours"

"""How long an audit will take, roughly, before it is started."""

from __future__ import annotations

from core.config import AuditConfig, InputSpec

# Measured on two cores of 2023: a demo student, and ResNet-18 at 224 x 224.
START = 8.0  # seconds to start a worker, load the student and score
STEP = 0.12  # seconds a step for a small student at 28 x 28
PER_PIXEL = STEP / 28**2  # and a step for every pixel: the generator's part
LATENCY = 0.03  # seconds a request, where nothing was measured
AT_ONCE = 32  # images a request


def predicted_seconds(
    config: AuditConfig,
    *,
    candidates: int,
    input: InputSpec | None = None,
    parameters: int | None = None,
    latency: float | None = None,
) -> float:
    """Seconds on two processor cores.

    Args:
        config: the audit.
        candidates: how many are asked.
        input: of the student; None for a small one.
        parameters: of the student; None for a small one.
        latency: seconds a request, as measured on the slowest candidate.
    """
    pixels = input.height * input.width if input else 28**2
    step = PER_PIXEL * pixels * (1 + (parameters or 0) / 1e7)
    requests = config.num_queries(candidates) / AT_ONCE
    return START + config.num_steps * step + requests * (latency or LATENCY)


def in_words(seconds: float) -> str:
    """`under a minute`, `about a minute`, `about 4 minutes`, `about 2 hours`."""
    minutes = round(seconds / 60)
    if minutes <= 1:
        return "about a minute" if seconds >= 40 else "under a minute"
    return f"about {minutes} minutes" if minutes < 100 else f"about {round(minutes / 60)} hours"

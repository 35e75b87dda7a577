"""Audits of the tiny zoo, as long and as slow as a test needs them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from core.config import AuditConfig, StudentConfig
from core.runs.folder import RunFolder
from core.runs.records import RunState
from core.synthesis.settings import GeneratorConfig
from tests.support.served import Served

PATIENCE = 120.0  # seconds


def tiny_audit(zoo: Path, served: Served, *, steps: int = 10, probes: int = 40, name: str = "Tiny") -> AuditConfig:
    """Fern against all that is served; a thousand steps take about ten seconds."""
    return AuditConfig(
        name=name,
        student=StudentConfig(checkpoint=zoo / "students" / "fern.safetensors"),
        candidates=served.candidates,
        probes=probes,
        synthesis=GeneratorConfig(steps=steps, batch=8, width=8, latent=4),
        bootstrap=100,
        ask_anyway=True,
        device="cpu",
    )


def wait_for(folder: RunFolder, wanted: Callable[[RunState], bool]) -> RunState:
    """The run's state once it is as wanted."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(state := folder.state()):
        assert time.monotonic() < deadline, f"still waiting; the state is {state}"
        time.sleep(0.05)
    return state

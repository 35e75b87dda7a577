"""What asking takes: measured against a real server that only waits."""

from __future__ import annotations

import pytest
from rich.console import Console

from core.bench import wire


def test_all_calls_are_made_and_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CALLS", 24)
    monkeypatch.setattr(wire, "LARGE", (3, 3, 32, 32))
    console = Console(record=True, width=160)
    wire.bench_wire(console)
    told = console.export_text()
    assert "24 calls of 50 ms, 8 at a time" in told and "3x3x32x32 as JSON" in told
    assert "0.15" in told  # seconds that the server alone needs, 24 / 8 x 0.05

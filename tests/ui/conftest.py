"""What tests of several pages share."""

from __future__ import annotations

from pathlib import Path

import pytest

import core.ui.benchmark.report as benchmark_report


@pytest.fixture
def committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the page looks for the report that came with the program; there is none yet."""
    path = tmp_path / "benchmark.json"
    monkeypatch.setattr(benchmark_report, "COMMITTED", path)
    return path

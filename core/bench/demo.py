"""`python -m core bench demo`: every demo student audited afresh, by the command line's own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from core.errors import InputError
from core.results import Results
from core.zoo.cards import ModelCard, demo_students
from core.zoo.demo import DEMO_AUDIT

SAMPLE = 0.2  # seconds between looks at the process's memory


@dataclass(frozen=True)
class Measured:
    """One audit from outside: what it found, how long the whole command took, its peak memory."""

    results: Results
    seconds: float
    peak_bytes: int


def bench_demo(students: Sequence[str], console: Console) -> None:
    """Audit each student in an empty workspace and print a table; truth is read from the cards afterwards."""
    if unknown := set(students) - {card.id for card in demo_students()}:
        raise InputError(f"there is no demo student {', '.join(sorted(unknown))}", remedy="leave out --student for all")
    table = Table("student", "ranked first", "true teacher", "score", "second", "seconds", "peak MB")
    right = asked = 0
    for card in demo_students():
        if students and card.id not in students:
            continue
        measured = measured_audit(DEMO_AUDIT, "--student", card.id)
        table.add_row(*_row(card, measured))
        if card.true_teacher:
            asked += 1
            right += measured.results.ranking[0].candidate == card.true_teacher
    console.print(table)
    console.print(f"true teacher ranked first: {right} of {asked} distilled students")


def _row(card: ModelCard, measured: Measured) -> tuple[str, ...]:
    first, second = measured.results.ranking[:2]
    return (
        card.id,
        first.candidate,
        card.true_teacher or "none",
        f"{first.score:.3f}",
        f"{second.candidate} {second.score:.3f}",
        f"{measured.seconds:.1f}",
        f"{measured.peak_bytes / 1e6:.0f}",
    )


def measured_audit(config: Path, *options: str) -> Measured:
    """An audit by a process of its own, in an empty workspace; leaves this process where the audit fails."""
    with tempfile.TemporaryDirectory() as home:
        out = Path(home, "results.json")
        command = [sys.executable, "-m", "core", "audit", str(config), *options, "--json", str(out)]
        started = time.monotonic()
        process = subprocess.Popen(command, env=os.environ | {"AUDIT_HOME": home}, stderr=subprocess.DEVNULL)
        memory = PeakMemory(process.pid)
        process.wait()
        seconds = time.monotonic() - started
        if process.returncode:
            raise SystemExit(f"the audit {config.name} {' '.join(options)} ended with exit code {process.returncode}")
        return Measured(Results.model_validate(json.loads(out.read_text())), seconds, memory.stop())


class PeakMemory:
    """Samples the resident memory of one process, its children left out, until stopped."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The highest value seen, in bytes."""
        self._stop.set()
        self._thread.join()
        return self._peak

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE):
            try:
                self._peak = max(self._peak, self._process.memory_info().rss)
            except psutil.Error:
                return

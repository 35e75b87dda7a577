"""All runs as rows, read so that hundreds of them cost milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from core.errors import InputError
from core.results import Results
from core.runs.folder import RunFolder
from core.runs.records import Manifest, RunState, ShownStatus
from core.students.files import display_name
from core.workspace import runs_folder

ACTIVE: tuple[ShownStatus, ...] = ("queued", "running")


@dataclass(frozen=True)
class RunRow:
    """One run as a table shows it."""

    folder: RunFolder
    manifest: Manifest
    state: RunState
    status: ShownStatus

    @property
    def created(self) -> datetime:
        return datetime.fromisoformat(self.manifest.created).astimezone()

    @property
    def student(self) -> str:
        return display_name(self.manifest.config.student.checkpoint).removesuffix(".safetensors")

    @property
    def duration(self) -> float | None:
        """Seconds that its finished phases took; None before the first."""
        return sum(self.state.seconds.values()) or None

    @property
    def results(self) -> Results | None:
        return _results(self.folder.path / "results.json")

    @property
    def first(self) -> str | None:
        """The candidate in the first place; None before there are results."""
        results = self.results
        return results.ranking[0].candidate if results and results.ranking else None


def run_rows() -> list[RunRow]:
    """Every run, newest first."""
    return sorted(_rows(runs_folder()), key=lambda row: (row.manifest.created, row.folder.run), reverse=True)


def active_runs() -> list[RunRow]:
    """Runs that are going on or wait in line, the oldest first."""
    return [row for row in reversed(run_rows()) if row.status in ACTIVE]


def foreign_runs() -> list[RunFolder]:
    """Runs whose manifest another version wrote, or that is damaged."""
    found = sorted(runs_folder().glob("*/manifest.json"))
    return [RunFolder(path.parent) for path in found if _readable(path) is None and path.exists()]


def _rows(folder: Path) -> Iterator[RunRow]:
    for path in folder.glob("*/manifest.json"):
        run = RunFolder(path.parent)
        if manifest := _readable(path):
            yield RunRow(run, manifest, run.state(), run.status())


def _readable(path: Path) -> Manifest | None:
    """None where it was deleted meanwhile, or written by another version."""
    try:
        return _manifest(path, path.stat().st_mtime_ns)
    except (OSError, InputError):
        return None


def _results(path: Path) -> Results | None:
    try:
        return _read_results(path, path.stat().st_mtime_ns)
    except (OSError, InputError):
        return None


@lru_cache(maxsize=2048)
def _manifest(path: Path, _changed: int) -> Manifest:
    return RunFolder(path.parent).manifest()


@lru_cache(maxsize=2048)
def _read_results(path: Path, _changed: int) -> Results | None:
    return RunFolder(path.parent).results()

"""The run folder: the only truth about a run. Workers write it, pages read it, neither knows the other.

- `manifest.json`: what was asked, written once
- `budgets.json`: what it may spend, where that was changed after it was started
- `state.json`: where the run is, replaced atomically
- `events.jsonl`: everything that happened
- `preview.png`: the latest contact sheet, replaced atomically
- `probes/<set>.safetensors`: uint8 probes with their target classes
- `answers.jsonl`: which answers were asked for and came when, and what was sent for them, by keys into the cache
- `answers/<set>.safetensors`: log-probabilities of student and candidates, once all have answered
- `results.json`: the findings, last
- `cancel`, `worker.lock`, `worker.log`
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
from filelock import FileLock, Timeout
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from core.config import AuditConfig
from core.errors import AuditError, InputError
from core.results import Results
from core.runs import files
from core.runs.records import Budgets, ErrorReport, Manifest, RunState, ShownStatus
from core.workspace import runs_folder

HEARTBEAT_LIMIT = 60.0  # seconds without a heartbeat after which a live pid is no longer believed


class RunFolder:
    """Typed access to one run's files."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, config: AuditConfig, *, student_sha256: str, versions: dict[str, str]) -> RunFolder:
        """A new run with its manifest and a queued state; raises `InputError` where none can be kept."""
        run = uuid.uuid4().hex
        folder = cls(runs_folder() / run)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(run=run, created=created, config=config, student_sha256=student_sha256, versions=versions)
        try:
            for part in ("probes", "answers"):
                (folder.path / part).mkdir(parents=True)
            folder._replace("manifest.json", manifest.model_dump_json(indent=2).encode())
            folder.enqueue()
        except OSError as error:
            shutil.rmtree(folder.path, ignore_errors=True)
            what, remedy = f"no run can be kept in {runs_folder()}", "make room or set AUDIT_HOME to another folder"
            raise InputError(what, actual=error.strerror or type(error).__name__, remedy=remedy) from error
        return folder

    @classmethod
    def open(cls, run: str) -> RunFolder:
        """The folder of an existing run; raises `InputError` for an unknown or malformed id."""
        path = runs_folder() / run
        if not (len(run) == 32 and run.isalnum() and (path / "manifest.json").is_file()):
            raise InputError(f"there is no run {run[:40]!r}", remedy="choose a run from the history")
        return cls(path)

    @property
    def run(self) -> str:
        return self.path.name

    # What was asked, where it is, what was found

    def manifest(self) -> Manifest:
        """Raises `InputError` where another version wrote it."""
        try:
            return Manifest.model_validate_json(files.read(self.path / "manifest.json"))
        except ValidationError as error:
            raise _foreign("manifest.json") from error

    def budgets(self) -> Budgets:
        """What it may spend: as raised since, else as it was started with."""
        try:
            return Budgets.model_validate_json(files.read(self.path / "budgets.json"))
        except (OSError, ValidationError):
            return Budgets.of(self.manifest().config)

    def set_budgets(self, budgets: Budgets) -> None:
        self._replace("budgets.json", budgets.model_dump_json().encode())

    def state(self) -> RunState:
        try:
            return RunState.model_validate_json(files.read(self.path / "state.json"))
        except (OSError, ValidationError):  # never written, unreadable, or by another version
            if (self.path / "results.json").exists():  # written last
                return RunState(status="done", progress=1.0)
            damaged = AuditError("the run's state cannot be read", remedy="resume the run, or delete it")
            return RunState(status="failed", error=ErrorReport.of(damaged))

    def write_state(self, state: RunState) -> None:
        self._replace("state.json", state.model_dump_json().encode())

    def status(self) -> ShownStatus:
        """The state's status; *interrupted* is derived: it says queued or running, but nobody works on it."""
        state = self.state()
        return "interrupted" if state.status in ("queued", "running") and not _alive(state) else state.status

    def enqueue(self) -> None:
        """Take a place at the end of the line, for the first time or again; time already spent still counts."""
        self.clear_cancel()
        seconds = self.state().seconds if (self.path / "state.json").exists() else {}
        self.write_state(RunState(queued=time.time(), heartbeat=time.time(), seconds=seconds))

    def results(self) -> Results | None:
        """The findings, None before there are any; raises `InputError` where another version wrote them."""
        try:
            return Results.model_validate_json(files.read(self.path / "results.json"))
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise _foreign("results.json") from error

    def write_results(self, results: Results) -> None:
        self._replace("results.json", (results.model_dump_json(indent=2) + "\n").encode())

    # What happens meanwhile

    def append_event(self, event: dict[str, object]) -> None:
        files.append(self.path / "events.jsonl", {"time": round(time.time(), 3), **event})

    def events(self) -> Iterator[dict[str, object]]:
        """All events so far; a line still being written is left for next time."""
        yield from files.lines(self.path / "events.jsonl")

    def write_preview(self, png: bytes) -> None:
        self._replace("preview.png", png)

    @property
    def preview(self) -> Path:
        return self.path / "preview.png"

    def append_answers(self, answers: dict[str, object]) -> None:
        files.append(self.path / "answers.jsonl", {"time": round(time.time(), 3), **answers})

    def answers(self) -> Iterator[dict[str, object]]:
        """What `append_answers` was given so far, in this try or an earlier one."""
        yield from files.lines(self.path / "answers.jsonl")

    # Probes and answers

    def save_probes(self, probe_set: str, images: np.ndarray, targets: np.ndarray) -> None:
        """`images` uint8 `(N, C, H, W)`; `targets` float32 `(N, K)`, class weights, or `(N, 0)` for none."""
        self._replace(f"probes/{probe_set}.safetensors", save({"images": images, "targets": targets}))

    def load_probes(self, probe_set: str) -> tuple[np.ndarray, np.ndarray] | None:
        """What `save_probes` was given, None where it never was or the file is damaged: they can be made again."""
        path = self.path / "probes" / f"{probe_set}.safetensors"
        try:
            tensors = load_file(path)
            return tensors["images"], tensors["targets"]
        except (OSError, SafetensorError, KeyError):
            return None

    def save_answers(self, probe_set: str, student: np.ndarray, answers: dict[str, np.ndarray]) -> None:
        """Log-probabilities `(N, K)` of the student and of each candidate by name."""
        tensors = {"student": student} | {str(i): answer for i, answer in enumerate(answers.values())}
        data = save(tensors, metadata={"candidates": json.dumps(list(answers))})
        self._replace(f"answers/{probe_set}.safetensors", data)

    def load_answers(self, probe_set: str) -> tuple[np.ndarray, dict[str, np.ndarray]] | None:
        """What `save_answers` was given, None where it never was or the file is damaged."""
        path = self.path / "answers" / f"{probe_set}.safetensors"
        try:
            with safe_open(path, framework="np") as file:
                names = json.loads(file.metadata()["candidates"])
                return file.get_tensor("student"), {name: file.get_tensor(str(i)) for i, name in enumerate(names)}
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None

    # Orders to the worker

    def request_cancel(self) -> None:
        (self.path / "cancel").touch()

    def cancel_requested(self) -> bool:
        return (self.path / "cancel").exists()

    def clear_cancel(self) -> None:
        (self.path / "cancel").unlink(missing_ok=True)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Be the one who works on the run; raises `InputError` while somebody else is, here or elsewhere."""
        lock = FileLock(self.path / "worker.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            remedy = "wait until it has stopped, or cancel it"
            raise InputError("a worker is still at this run", remedy=remedy) from None
        try:
            yield
        finally:
            lock.release()

    def delete(self) -> None:
        """Remove the run; raises `InputError` while a worker is at it."""
        if self.status() in ("queued", "running"):
            raise InputError("the run is still going", remedy="cancel it first")
        with self.working():
            pass
        shutil.rmtree(self.path)

    def _replace(self, name: str, data: bytes) -> None:
        files.replace(self.path / name, data)


def all_runs() -> list[RunFolder]:
    """Every run of the workspace, newest first; folders that hold no readable manifest are passed over."""
    found = []
    for path in runs_folder().glob("*/manifest.json"):
        folder = RunFolder(path.parent)
        try:
            found.append((folder.manifest().created, path.stat().st_mtime, folder))
        except (OSError, InputError):
            continue
    return [folder for *_, folder in sorted(found, key=lambda entry: entry[:2], reverse=True)]


def _foreign(name: str) -> InputError:
    return InputError(
        f"the {name} of this run cannot be read",
        rule="one that this version wrote",
        remedy="run the audit again, or open it with the version that made it",
    )


def process_started(pid: int) -> float | None:
    """When the live process `pid` started, in seconds since the epoch; None where there is none."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def _alive(state: RunState) -> bool:
    recent = time.time() - state.heartbeat < HEARTBEAT_LIMIT
    if state.pid is None:  # created, and its worker not up yet
        return recent
    started = process_started(state.pid)
    return recent and started is not None and abs(started - (state.pid_started or 0)) < 1.0

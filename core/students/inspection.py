"""What a page may ask about a checkpoint. Free of torch: whatever needs it happens in a subprocess."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from math import prod
from pathlib import Path

from core.config import InputSpec, StudentConfig
from core.errors import InputError
from core.processes import ROOT
from core.results import StudentSummary
from core.students.declared import recognised
from core.students.files import display_name
from core.students.header import read_header
from core.workspace import workspace

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # BatchNorm's: remembered, not trained


class CheckpointSummary(StudentSummary):
    """A student that was really loaded, and the images it takes."""

    input: InputSpec


@dataclass(frozen=True)
class Inspection:
    """Either a summary or the error that says why there is none."""

    summary: CheckpointSummary | None = None
    error: InputError | None = None

    @property
    def ok(self) -> bool:
        return self.summary is not None


@dataclass(frozen=True)
class QuickLook:
    """What a safetensors header tells at once; fields of `config` that the file does not give are None."""

    config: StudentConfig
    tensors: int
    parameters: int


def quick_look(path: Path) -> QuickLook | None:
    """The header of a safetensors file, None for any other format, which tells nothing before it is loaded.

    Raises:
        InputError: there is no such file, or its header is damaged.
    """
    if path.suffix.lower() != ".safetensors":
        return None
    header = read_header(path)
    trained = [tensor for name, tensor in header.tensors.items() if not name.endswith(STATISTICS)]
    return QuickLook(
        config=recognised(StudentConfig(checkpoint=path), header.metadata),
        tensors=len(header.tensors),
        parameters=sum(prod(tensor.shape) for tensor in trained),
    )


def inspect_checkpoint(config: StudentConfig, *, timeout: float = 60.0) -> Inspection:
    """Load the student in a process of its own and say what came of it; `timeout` in seconds."""
    name = display_name(config.checkpoint)
    settings = config.model_dump_json(exclude={"checkpoint"}, exclude_none=True)
    try:
        answer = _ask(str(config.checkpoint.absolute()), "--config-json", "-", settings=settings, timeout=timeout)
    except subprocess.TimeoutExpired:
        remedy = "try again when the machine is less busy, or audit a smaller student"
        return Inspection(error=InputError(f"{name} was not loaded within {timeout:g} s", remedy=remedy))
    try:
        outcome = json.loads(answer.stdout)
        if outcome["ok"]:
            return Inspection(summary=CheckpointSummary.model_validate(outcome["summary"]))
        return Inspection(error=InputError(**outcome["error"]))
    except (ValueError, KeyError, TypeError):
        return Inspection(error=_crashed(name, answer))


def architectures(*, timeout: float = 120.0) -> list[str]:
    """Every architecture by name; asked of a subprocess once, then kept in the workspace's cache.

    Raises:
        InputError: the list cannot be had, which is a broken installation.
    """
    zoo = hashlib.sha256((ROOT / "core/zoo/architectures.py").read_bytes()).hexdigest()[:8]
    kept = workspace() / "cache" / f"architectures-{version('torchvision')}-{zoo}.json"
    try:
        return json.loads(kept.read_bytes())
    except (OSError, ValueError):  # not there yet, or damaged
        pass
    try:
        names = json.loads(_ask("--list-architectures", timeout=timeout).stdout)
    except (ValueError, subprocess.TimeoutExpired) as error:
        remedy = "check the installation of torch and torchvision"
        raise InputError("the list of architectures cannot be had", remedy=remedy) from error
    kept.parent.mkdir(parents=True, exist_ok=True)
    temporary = kept.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(names), encoding="utf-8")
    os.replace(temporary, kept)
    return names


def _ask(*arguments: str, timeout: float, settings: str = "") -> subprocess.CompletedProcess[str]:
    """Run `core.students.inspect`; `settings` go in by standard input, as thousands of names fit no argument."""
    command = [sys.executable, "-m", "core.students.inspect", *arguments]
    return subprocess.run(
        command, input=settings, capture_output=True, cwd=ROOT, timeout=timeout, check=False, encoding="utf-8"
    )


def _crashed(name: str, process: subprocess.CompletedProcess[str]) -> InputError:
    code, last_words = process.returncode, process.stderr.strip().rpartition("\n")[2][:200]
    ending = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return InputError(
        f"the process that loaded {name} ended without an answer",
        actual=f"{ending}: {last_words}" if last_words else ending,
        remedy="free some memory and try again, or audit a smaller student",
    )

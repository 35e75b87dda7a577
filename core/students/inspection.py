"""What a page may ask about a checkpoint. Free of torch: whatever needs it happens in a subprocess."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any, TypeVar

from core.config import InputSpec, StudentConfig
from core.errors import InputError
from core.processes import ROOT
from core.results import StudentSummary
from core.students.beside import said_beside
from core.students.declared import recognised
from core.students.files import display_name
from core.students.header import read_headers
from core.students.parts import weights_file
from core.students.programs import program_kind, require_runnable
from core.students.recognition import COUNTER, Match, recognise
from core.workspace import workspace

Answer = TypeVar("Answer")
STATISTICS = ("running_mean", "running_var", COUNTER)  # BatchNorm's: remembered, not trained


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
    shapes: Mapping[str, Sequence[int]]
    matches: tuple[Match, ...] = ()  # architectures, after a closer look at a file that does not say its own

    @property
    def tensors(self) -> int:
        return len(self.shapes)

    @property
    def parameters(self) -> int:
        """Numbers that were trained."""
        return sum(prod(shape) for name, shape in self.shapes.items() if not name.endswith(STATISTICS))


def quick_look(path: Path) -> QuickLook | None:
    """The headers of a safetensors file, folder or index; None for other formats, which tell nothing before they load.

    Raises:
        InputError: there is no such file, or its header is damaged.
    """
    header = read_headers(path)
    if header is None:
        return None
    shapes = {name: tensor.shape for name, tensor in header.tensors.items()}
    return _look(path, shapes, said_beside(path) | header.metadata)


def look_closer(path: Path, *, timeout: float = 60.0) -> QuickLook:
    """The same of any format, and which architecture it is of where it does not say so.

    What tells nothing before it is read is read in a process of its own.

    Raises:
        InputError: the file cannot be read, or it is a program, which is not looked into.
    """
    weights = weights_file(path)
    if kind := program_kind(weights):
        require_runnable(weights, kind, trusted=False)
    look = quick_look(path)
    if look is None:
        told = _answer(
            path, "--tensors", read=lambda said: _look(path, said["tensors"], said["metadata"]), timeout=timeout
        )
        if isinstance(told, InputError):
            raise told
        look = told
    return replace(look, matches=recognise(look.shapes)) if look.config.architecture is None else look


def inspect_checkpoint(config: StudentConfig, *, timeout: float = 60.0) -> Inspection:
    """Load the student in a process of its own and say what came of it; `timeout` in seconds."""
    settings = config.model_dump_json(exclude={"checkpoint"}, exclude_none=True)
    found = _answer(
        config.checkpoint,
        "--config-json",
        "-",
        read=lambda outcome: CheckpointSummary.model_validate(outcome["summary"]),
        settings=settings,
        timeout=timeout,
    )
    return Inspection(error=found) if isinstance(found, InputError) else Inspection(summary=found)


def architectures(*, timeout: float = 120.0) -> list[str]:
    """Every architecture by name; asked of a subprocess once, then kept in the workspace's cache.

    Raises:
        InputError: the list cannot be had, which is a broken installation.
    """
    zoo = hashlib.sha256((ROOT / "core/zoo/architectures.py").read_bytes()).hexdigest()[:8]
    versions = "-".join(map(version, ("torchvision", "timm")))
    kept = workspace() / "cache" / f"architectures-{versions}-{zoo}.json"
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


def _look(path: Path, shapes: Mapping[str, Sequence[int]], metadata: Mapping[str, str]) -> QuickLook:
    return QuickLook(recognised(StudentConfig(checkpoint=path), metadata), shapes)


def _answer(
    path: Path, *options: str, read: Callable[[dict[str, Any]], Answer], timeout: float, settings: str = ""
) -> Answer | InputError:
    """What a process of its own says of a checkpoint, as `read` takes it, or why it says nothing."""
    name = display_name(path)
    try:
        answer = _ask(str(path.absolute()), *options, settings=settings, timeout=timeout)
    except subprocess.TimeoutExpired:
        remedy = "try again when the machine is less busy, or audit a smaller student"
        return InputError(f"{name} was not loaded within {timeout:g} s", remedy=remedy)
    try:
        outcome = json.loads(answer.stdout)
        return read(outcome) if outcome["ok"] else InputError(**outcome["error"])
    except (ValueError, KeyError, TypeError):
        return _crashed(name, answer)


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

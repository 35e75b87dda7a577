"""Start, resume and look after runs: what pages and the command line call. Free of torch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from core.config import AuditConfig
from core.errors import InputError
from core.processes import ROOT, detached
from core.runs.folder import RunFolder
from core.runs.queue import place_in_line
from core.students.parts import sha256_of
from core.teachers.addresses import ALLOWED
from core.teachers.keys import check_variable
from core.versions import versions

__all__ = ["can_be_resumed", "create_run", "missing_keys", "place_in_line", "resume_run", "start_run"]


def create_run(config: AuditConfig) -> RunFolder:
    """A run folder for `config`, queued, without a worker yet; raises `InputError` without its checkpoint."""
    checkpoint = config.student.checkpoint.absolute()  # a link's own name says more than that of its target
    if not os.path.exists(checkpoint):  # unlike the method, it answers for a name that is too long, too
        raise InputError(f"there is no checkpoint {checkpoint}", remedy="give the path of an existing file")
    config = config.model_copy(update={"student": config.student.model_copy(update={"checkpoint": checkpoint})})
    return RunFolder.create(config, student_sha256=sha256_of(checkpoint), versions=versions())


def start_run(config: AuditConfig, keys: Mapping[str, str] | None = None) -> RunFolder:
    """A new run and its worker process, which waits for its turn and outlives whoever started it.

    Args:
        keys: secrets by the name of the environment variable a candidate's `key_env` gives; they reach
            the worker by its environment and are written nowhere.
    """
    environment = _environment(config, keys or {})
    folder = create_run(config)
    _start_worker(folder, environment)
    return folder


def resume_run(folder: RunFolder, keys: Mapping[str, str] | None = None) -> None:
    """Go on with a run that stopped, or that is done without all answers; raises `InputError` for any other."""
    if not can_be_resumed(folder):
        raise InputError(f"a run that is {folder.status()} cannot be resumed", remedy="open it instead")
    environment = _environment(folder.manifest().config, keys or {})
    with folder.working():
        folder.enqueue()
    _start_worker(folder, environment)


def can_be_resumed(folder: RunFolder) -> bool:
    """Whether there is anything left to do that nobody does."""
    status = folder.status()
    if status == "done":
        try:
            results = folder.results()
        except InputError:  # another version wrote them, and it alone can tell
            return False
        return results is not None and not results.complete
    return status in ("interrupted", "failed", "cancelled")


def missing_keys(config: AuditConfig) -> list[str]:
    """Environment variables that candidates' keys are expected in and that are not set here."""
    names = {candidate.key_env for candidate in config.candidates if candidate.key_env}
    return sorted(name for name in names if not os.environ.get(name, "").strip())


def _environment(config: AuditConfig, keys: Mapping[str, str]) -> dict[str, str]:
    """The worker's, which tells it as it tells this process whom candidates may be; raises `InputError`."""
    for variable in keys:
        check_variable(variable)
    environment = os.environ | dict(keys)
    if config.serve:  # on this machine, by the worker itself
        environment[ALLOWED] = ",".join(filter(None, (environment.get(ALLOWED), "127.0.0.1")))
    return environment


def _start_worker(folder: RunFolder, environment: Mapping[str, str]) -> None:
    with (folder.path / "worker.log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "core.runs.worker", str(folder.path)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **detached(),
        )

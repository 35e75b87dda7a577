"""`python -m core doctor`: what an audit needs of this machine, looked at one by one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from core.config import load_config
from core.errors import AuditError
from core.students.files import display_name, printable
from core.students.inspection import inspect_checkpoint
from core.teachers.connection import check_connection
from core.teachers.keys import key_of
from core.versions import versions
from core.workspace import checkpoints_folder, workspace

ENOUGH_DISK = 1 << 30  # bytes


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    subject: str
    ok: bool
    detail: str


def diagnose(audit: Path | None, console: Console) -> bool:
    """Print each finding as it is made; whether all are well."""
    well = True
    for finding in _findings(audit):
        mark = "[green]ok [/]" if finding.ok else "[bold red]bad[/]"
        console.print(f"{mark} {escape(finding.subject)}: {escape(printable(finding.detail))}", highlight=False)
        well &= finding.ok
    return well


def _findings(audit: Path | None) -> Iterator[Finding]:
    yield Finding("versions", True, ", ".join(f"{name} {version}" for name, version in versions().items()))
    yield _device()
    try:
        yield from _workspace()
        if audit:
            yield from _audit(audit)
    except AuditError as error:  # a folder that cannot even be made
        yield Finding("workspace", False, str(error))


def _device() -> Finding:
    try:
        import torch

        from core.devices import choose_device
    except (ImportError, OSError) as error:
        return Finding("device", False, f"PyTorch cannot be imported ({error}); run python3 launch.py setup")
    device = choose_device("auto")
    name = torch.cuda.get_device_name() if device == "cuda" else f"{os.cpu_count()} cores"
    return Finding("device", True, f"{device} ({name})")


def _workspace() -> Iterator[Finding]:
    try:
        folder = workspace()
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield Finding("workspace", False, f"not writable ({error}); set AUDIT_HOME to a folder that is")
        return
    yield Finding("workspace", True, f"{folder} is writable")
    free = shutil.disk_usage(folder).free
    yield Finding("disk", free >= ENOUGH_DISK, f"{free / 1e9:.1f} GB free; an audit needs up to 1 GB")
    yield Finding("checkpoints", True, f"the app opens files by path in {checkpoints_folder()}")


def _audit(path: Path) -> Iterator[Finding]:
    try:
        config = load_config(path)
    except AuditError as error:
        yield Finding("audit", False, str(error))
        return
    student = inspect_checkpoint(config.student)
    name = display_name(config.student.checkpoint)
    yield Finding("student", student.ok, str(student.error) if student.error else f"{name} can be audited")
    if student.summary is None:
        return
    if config.serve:
        yield Finding("candidates", True, "served by the worker itself")
    shape = student.summary.input
    for candidate in config.candidates:
        try:
            key = key_of(candidate)
        except AuditError as error:
            yield Finding(candidate.name, False, str(error))
            continue
        probe_shape, names = (shape.channels, shape.height, shape.width), student.summary.class_names
        report = check_connection(candidate, key=key, probe_shape=probe_shape, class_names=names)
        yield Finding(candidate.name, report.ok, report.message)

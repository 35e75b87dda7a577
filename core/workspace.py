"""Where everything that outlives a process is kept: runs, uploads, answers already paid for."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from core.errors import InputError


def workspace() -> Path:
    """`AUDIT_HOME`, or the platform's user data directory; made when missing."""
    home = os.environ.get("AUDIT_HOME")
    usual = platformdirs.user_data_path("distillation-audit", appauthor=False)
    path = Path(home).expanduser().resolve() if home else usual
    return _made(path, "AUDIT_HOME")


def runs_folder() -> Path:
    return workspace() / "runs"


def checkpoints_folder() -> Path:
    """The one folder whose files may be named by path in the app: `AUDIT_CHECKPOINTS` or the workspace's."""
    allowed = os.environ.get("AUDIT_CHECKPOINTS")
    path = Path(allowed).expanduser().resolve() if allowed else workspace() / "checkpoints"
    return _made(path, "AUDIT_CHECKPOINTS")


def _made(path: Path, variable: str) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder {path} cannot be made",
            actual=error.strerror or str(error),
            remedy=f"set {variable} to a folder that can be written",
        ) from error
    return path

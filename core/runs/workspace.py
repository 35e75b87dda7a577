"""Where everything that outlives a process is kept: runs, uploads, answers already paid for."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def workspace() -> Path:
    """`AUDIT_HOME`, or the platform's user data directory; made when missing."""
    home = os.environ.get("AUDIT_HOME")
    usual = platformdirs.user_data_path("distillation-audit", appauthor=False)
    path = Path(home).expanduser().resolve() if home else usual
    path.mkdir(parents=True, exist_ok=True)
    return path


def runs_folder() -> Path:
    return workspace() / "runs"


def checkpoints_folder() -> Path:
    """The one folder whose files may be named by path in the app: `AUDIT_CHECKPOINTS` or the workspace's."""
    allowed = os.environ.get("AUDIT_CHECKPOINTS")
    path = Path(allowed).expanduser().resolve() if allowed else workspace() / "checkpoints"
    path.mkdir(parents=True, exist_ok=True)
    return path
